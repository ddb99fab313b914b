//! Records on a terminal.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    address::Waiting,
    screen::{self, BOLD, CYAN, DIM, GREEN, RED, RESET},
};
use crate::{
    cli::format::{coming, distance, safe, several},
    review::{Item, Phrase, Review, Status, excerpt, marks, width},
    state::Reject,
    topic::Field,
};

/// `2022-01-06 12:00`, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What a record is to others, in words.
pub(super) fn relation(item: &Item) -> String {
    let record = &item.record;
    let mut words = Vec::new();
    if record.revision > 1 {
        words.push(format!("version {}", record.revision));
    }
    match item.class.word() {
        "original" => {}
        "excerpt" => words.push("shares a passage with another".to_owned()),
        "copy" => words.push("a copy".to_owned()),
        class => words.push(class.to_owned()),
    }
    if item.is_replaced {
        words.push("replaced by a later version".to_owned());
    }
    if item.story > 1 {
        words.push(format!("story of {}", item.story));
    }
    words.join(", ")
}

/// A record in a list: when, where, what, and the words around what was found.
pub(super) fn entry(
    item: &Item,
    review: Option<&Review>,
    phrases: &[&Phrase],
    columns: usize,
) -> String {
    let record = &item.record;
    let at = record.published_at.unwrap_or(record.first_seen_at);
    let source = record.source_name.as_deref().unwrap_or(&record.source_domain);
    let mut text = format!(
        "{DIM}{}{RESET}  {CYAN}{}{RESET}  {}  {DIM}{}{RESET}",
        minute(at),
        safe(record.language.as_deref().unwrap_or("-"), 12),
        safe(source, 40),
        safe(&record.id, 40),
    );
    let relation = relation(item);
    if !relation.is_empty() {
        text.push_str(&format!("  {DIM}({relation}){RESET}"));
    }
    if let Some(review) = review.filter(|review| review.status != Status::Open) {
        text.push_str(&format!("  {GREEN}[{}]{RESET}", review.status.word()));
    }
    text.push('\n');
    let title = record.title.as_deref().unwrap_or("(untitled)");
    let of_title = marks(title, Field::Title, &record.matches, phrases);
    text.push_str(
        &screen::marked(title, &of_title, columns, "  ")
            .replace("\n  ", &format!("{RESET}\n  {BOLD}")),
    );
    let body = record.text.as_deref().or(record.summary.as_deref()).unwrap_or_default();
    let of_body = marks(body, Field::Text, &record.matches, phrases);
    let (piece, inside) = excerpt(body, &of_body, 200);
    if !piece.is_empty() {
        let piece = piece.replace('\n', " ");
        text.push_str(&screen::marked(&piece, &inside, columns, "  "));
    }
    text
}

/// An article that was not kept, and why.
pub(super) fn reject(reject: &Reject, columns: usize) -> String {
    let title = reject.title.as_deref().unwrap_or("(untitled)");
    let mut text = format!("{BOLD}not kept{RESET}: {}\n", safe(title, 300));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{DIM}{name:11}{RESET} {value}\n"));
        }
    };
    line("reason", safe(&reject.reason, 400));
    line("missing", safe(&reject.missing.join("; "), 400));
    line("score", format!("{:.1}", reject.score));
    line("decided", minute(reject.at));
    line("published", reject.published_at.map(minute).unwrap_or_default());
    line("language", safe(reject.language.as_deref().unwrap_or("not known"), 20));
    line("feed", safe(&reject.feed_id, 80));
    line("address", safe(&reject.url, 500));
    if let Some(body) = &reject.text {
        text.push('\n');
        text.push_str(&screen::marked(body, &[], columns, ""));
    }
    text
}

/// An article whose page is still to be read, and why.
pub(super) fn waiting(waiting: &Waiting, now: Timestamp) -> String {
    let title = waiting.title.as_deref().unwrap_or("(untitled)");
    let mut text = format!("{BOLD}waits to be read{RESET}: {}\n", safe(title, 300));
    let mut line = |name: &str, value: String| {
        text.push_str(&format!("{DIM}{name:11}{RESET} {value}\n"));
    };
    if let Some(trouble) = &waiting.trouble {
        let times = several(trouble.tries.into(), "time");
        line("asked", format!("{times}, last {}", distance(trouble.at, now)));
        line("answer", safe(&trouble.error, 400));
    }
    let next = waiting.next_at.map_or_else(|| "not known".to_owned(), |at| coming(at, now));
    line("asked next", next);
    if let Some(because) = &waiting.because {
        line("its host", safe(because, 200));
    }
    line("announced", minute(waiting.first_seen_at));
    line("feed", safe(&waiting.feed_id, 80));
    line("address", safe(&waiting.url, 500));
    text
}

/// An article in full.
pub(super) fn article(
    item: &Item,
    review: Option<&Review>,
    phrases: &[&Phrase],
    columns: usize,
) -> String {
    let record = &item.record;
    let title = record.title.as_deref().unwrap_or("(untitled)");
    let mut text = String::from(BOLD);
    let of_title = marks(title, Field::Title, &record.matches, phrases);
    text.push_str(&screen::marked(title, &of_title, columns, ""));
    text.push_str(RESET);
    text.push('\n');
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{DIM}{name:11}{RESET} {value}\n"));
        }
    };
    let source = record.source_name.as_deref().unwrap_or(&record.source_domain);
    let country =
        record.source_country.as_deref().map(|c| format!(" ({})", safe(c, 3))).unwrap_or_default();
    line("source", format!("{}{country}", safe(source, 80)));
    line("authors", safe(&record.authors.join("; "), 200));
    line("published", published(item));
    line("first seen", minute(record.first_seen_at));
    line("language", safe(record.language.as_deref().unwrap_or("not known"), 20));
    line("address", safe(&record.url, 500));
    line("id", safe(&record.id, 40));
    line("place", relation(item));
    line("raw", safe(record.raw_ref.as_deref().unwrap_or_default(), 200));
    line("text", format!("{} words, {}", record.word_count, status_words(item)));
    let terms = record.matched_terms.join(", ");
    line("matched", safe(&terms, 300));
    line("why", safe(record.topic_reason.as_deref().unwrap_or_default(), 500));
    line("judged by", format!("rules/{}.json", safe(&record.config_hash, 40)));
    if let Some(review) = review {
        line("review", reviewed(review));
    }
    let body = record.text.as_deref().or(record.summary.as_deref()).unwrap_or_default();
    let of_body = marks(body, Field::Text, &record.matches, phrases);
    text.push('\n');
    text.push_str(&screen::marked(body, &of_body, columns, ""));
    text
}

/// When it was published, and how that is known.
fn published(item: &Item) -> String {
    let record = &item.record;
    let Some(at) = record.published_at else { return "not known".to_owned() };
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let from = serde_json::to_value(record.published_source).map(word).unwrap_or_default();
    let mut how = Vec::new();
    if !from.is_empty() {
        how.push(format!("from {from}"));
    }
    if let Some(raw) = &record.published_raw {
        how.push(format!("as “{}”", safe(raw, 60)));
    }
    if let Some(zone) = &record.published_tz_assumed {
        how.push(format!("zone taken to be {}", safe(zone, 40)));
    }
    format!(
        "{} UTC{}",
        minute(at),
        if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) }
    )
}

fn status_words(item: &Item) -> String {
    let status = serde_json::to_value(item.record.text_status).unwrap_or_default();
    let method = safe(&item.record.extraction.method, 30);
    let mut words =
        format!("{} (read by {method})", status.as_str().unwrap_or_default().replace('_', " "));
    for warning in &item.record.extraction.warnings {
        words.push_str(&format!("; {}", safe(warning, 120)));
    }
    words
}

fn reviewed(review: &Review) -> String {
    let mut words = review.status.word().to_owned();
    if let (Some(letter), Some(digit)) = (review.reliability, review.credibility) {
        words.push_str(&format!(", {letter}{digit}"));
    }
    if let Some(note) = &review.note {
        words.push_str(&format!(": {}", safe(note, 1_000)));
    }
    words
}

/// A table of counts with bars.
pub(super) fn bars(title: &str, counts: &[(String, u32)], columns: usize) -> String {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let name = counts.iter().map(|(name, _)| width(name)).max().unwrap_or_default().min(36);
    let digits = most.to_string().len();
    let room = u32::try_from(columns.saturating_sub(name + digits + 4)).unwrap_or(20).clamp(8, 48);
    let mut text = format!("{BOLD}{title}{RESET}\n");
    for (value, count) in counts {
        let shown = safe(value, 36);
        let pad = " ".repeat(name.saturating_sub(width(&shown)));
        text.push_str(&format!(
            "{shown}{pad}  {count:>digits$}  {CYAN}{}{RESET}\n",
            screen::bar(*count, most, room)
        ));
    }
    text
}

/// The way from one text to another: in colours, and in signs that stay where there are none.
pub(super) fn changes(changes: &[crate::review::Change<'_>]) -> String {
    use crate::review::Change;
    let mut text = String::new();
    for change in changes {
        match change {
            Change::Same(same) => text.push_str(&screen::tame(same)),
            Change::Removed(old) => {
                text.push_str(&format!("{RED}[-{}-]{RESET}", screen::tame(old)));
            }
            Change::Added(new) => {
                text.push_str(&format!("{GREEN}{{+{}+}}{RESET}", screen::tame(new)));
            }
        }
    }
    text
}
