//! `newswatch topic replay`: what a changed topic would make of what was kept and of what was not.
//! Nothing is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Read as _,
};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, compose,
    format::{print_json, print_text, safe},
    input,
};
use crate::{
    archive::{self, Record},
    canonical_url::UrlKey,
    config::Loaded,
    crawl::Keep,
    jsonl::Folder,
    state::{Reject, read_rejects},
    text::language,
    topic::{Outcome, Text, Topic, Topics},
};

/// What becomes of one article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    /// It was rejected, and would be kept.
    Kept,
    /// It is in the archive, and would not be kept.
    Dropped,
    /// As before, with another topic or score.
    Rescored,
}

#[derive(Debug, Serialize)]
struct Line {
    change: Change,
    url: String,
    title: Option<String>,
    topic_before: Option<String>,
    score_before: f32,
    topic: Option<String>,
    score: f32,
    reason: String,
    /// The text was not remembered: only the title was judged.
    title_only: bool,
}

#[derive(Debug, Default, Serialize)]
struct Replay {
    archived: usize,
    rejected: usize,
    /// Of all of these, those that were judged by their title only.
    title_only: usize,
    unchanged: usize,
    changes: Vec<Line>,
}

/// Judges all that is archived and all rejects that are remembered, by the configured topics and,
/// where one is given, the topic file `name` in the place of the one with its id.
pub(super) fn replay(loaded: &Loaded, name: Option<&str>, as_json: bool) -> anyhow::Result<Exit> {
    let rules = compose::rules(&loaded.config)?;
    let topics = match name {
        Some(name) => with_topic(&rules.topics, read_topic(name)?)?,
        None => rules.topics,
    };
    let mut replay = Replay::default();
    let mut archived = BTreeSet::new();
    if loaded.paths.archive.exists() {
        let lines =
            archive::read(&Folder::at(&loaded.paths.archive)).context("cannot read the archive")?;
        for line in lines {
            let record = match line {
                Err(error) if error.is_damage() => {
                    let error = anyhow::Error::from(error);
                    anstream::eprintln!("newswatch: left out: {error:#}");
                    continue;
                }
                line => line.context("cannot read the archive")?.record()?,
            };
            replay.archived += 1;
            replay.judge(&topics, rules.keep, &Before::archived(&record));
            archived.insert(record.url_key);
        }
    }
    // Of an article that was looked at again, the last look counts.
    let mut rejects: BTreeMap<UrlKey, Reject> = BTreeMap::new();
    for reject in read_rejects(&loaded.paths.state) {
        if !reject.failed && !archived.contains(&reject.url_key) {
            rejects.insert(reject.url_key.clone(), reject);
        }
    }
    for reject in rejects.values() {
        replay.rejected += 1;
        replay.judge(&topics, rules.keep, &Before::rejected(reject));
    }
    replay.changes.sort_by_key(|line| line.change);
    if as_json {
        print_json(&replay)?;
    } else {
        print_text(&replay.shown())?;
    }
    Ok(Exit::Success)
}

fn read_topic(name: &str) -> anyhow::Result<Topic> {
    let mut text = String::new();
    input::lines(name)?.read_to_string(&mut text).with_context(|| format!("cannot read {name}"))?;
    Topic::parse(&text).map_err(|faults| {
        let faults = faults.iter().map(|fault| {
            let before = text.get(..fault.span.start).unwrap_or_default();
            format!("{name}, line {}: {}", before.matches('\n').count() + 1, fault.message)
        });
        anyhow::anyhow!(faults.collect::<Vec<String>>().join("\n"))
    })
}

fn with_topic(configured: &Topics, topic: Topic) -> anyhow::Result<Topics> {
    let mut topics: Vec<Topic> = configured.iter().cloned().collect();
    match topics.iter_mut().find(|known| known.id() == topic.id()) {
        Some(known) => *known = topic,
        None => topics.push(topic),
    }
    Ok(Topics::new(topics)?)
}

/// An article as it is remembered.
struct Before<'a> {
    url: &'a str,
    title: Option<&'a str>,
    summary: Option<&'a str>,
    text: Option<&'a str>,
    /// As it was told of the whole text, with what the page and its feed declared.
    language: Option<&'a str>,
    published: Option<Timestamp>,
    is_kept: bool,
    topic: Option<&'a str>,
    score: f32,
}

impl<'a> Before<'a> {
    fn archived(record: &'a Record) -> Self {
        Self {
            url: &record.url,
            title: record.title.as_deref(),
            summary: record.summary.as_deref(),
            text: record.text.as_deref(),
            language: record.language.as_deref(),
            published: record.published_at,
            is_kept: true,
            topic: record.topic.as_deref(),
            score: record.topic_score.unwrap_or_default(),
        }
    }

    fn rejected(reject: &'a Reject) -> Self {
        Self {
            url: &reject.url,
            title: reject.title.as_deref(),
            summary: None,
            text: reject.text.as_deref(),
            language: reject.language.as_deref(),
            published: reject.published_at,
            is_kept: false,
            topic: None,
            score: reject.score,
        }
    }
}

/// Scores are stored with three decimals.
const SAME_SCORE: f32 = 0.001;

impl Replay {
    fn judge(&mut self, topics: &Topics, keep: Keep, before: &Before<'_>) {
        let title = before.title.unwrap_or_default();
        let text = before.text.unwrap_or_default();
        let detected =
            || language::detect(if text.is_empty() { title } else { text }, &[]).language;
        let language = before.language.map_or_else(detected, str::to_owned);
        let judgements = topics.judge(&Text {
            title,
            summary: before.summary.unwrap_or_default(),
            text,
            language: Some(&language),
            url: Some(before.url),
            published: before.published,
        });
        let best = judgements.into_iter().next();
        let is_kept = keep.takes(best.as_ref().map(|best| best.outcome));
        let score = best.as_ref().map_or(0.0, |best| best.score);
        let topic = best.as_ref().filter(|best| best.outcome != Outcome::Irrelevant);
        let topic = topic.map(|best| best.topic.clone());
        let same_topic = before.topic.is_none_or(|known| topic.as_deref() == Some(known));
        self.title_only += usize::from(text.is_empty());
        let change = match (before.is_kept, is_kept) {
            (false, true) => Change::Kept,
            (true, false) => Change::Dropped,
            _ if same_topic && (score - before.score).abs() <= SAME_SCORE => {
                self.unchanged += 1;
                return;
            }
            _ => Change::Rescored,
        };
        self.changes.push(Line {
            change,
            url: before.url.to_owned(),
            title: before.title.map(str::to_owned),
            topic_before: before.topic.map(str::to_owned),
            score_before: before.score,
            topic,
            score,
            reason: best.map(|best| best.reason).unwrap_or_default(),
            title_only: text.is_empty(),
        });
    }

    fn count(&self, change: Change) -> usize {
        self.changes.iter().filter(|line| line.change == change).count()
    }

    fn shown(&self) -> String {
        let mut shown = String::new();
        for line in &self.changes {
            let change = match line.change {
                Change::Kept => "keep",
                Change::Dropped => "drop",
                Change::Rescored => "score",
            };
            let title = safe(line.title.as_deref().unwrap_or("(no title)"), 80);
            let (before, after) = (line.score_before, line.score);
            let _written = writeln!(
                shown,
                "{change:5} {before:5.1} → {after:5.1}  {title}  {}",
                safe(&line.url, 120)
            );
        }
        let _written = writeln!(
            shown,
            "{} archived and {} rejected articles: {} would be kept, {} dropped, {} rescored, {} as before; {} were judged by their title only; nothing was written",
            self.archived,
            self.rejected,
            self.count(Change::Kept),
            self.count(Change::Dropped),
            self.count(Change::Rescored),
            self.unchanged,
            self.title_only,
        );
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(term: &str) -> Topics {
        let file = format!(
            "[topic]\nid = \"t\"\nname = \"t\"\nthreshold = 3.0\n[concept.c]\nany = [\"{term}\"]\n\
             [[rule]]\nname = \"r\"\nall_of = [\"c\"]\nscore = 1.0\n"
        );
        Topics::new(vec![Topic::parse(&file).expect("a valid topic")]).expect("compiles")
    }

    fn article(title: &'static str, is_kept: bool, score: f32) -> Before<'static> {
        Before {
            url: "https://news.example/1",
            title: Some(title),
            summary: None,
            text: Some("Nothing else is said."),
            language: None,
            published: None,
            is_kept,
            topic: is_kept.then_some("t"),
            score,
        }
    }

    #[test]
    fn a_changed_topic_keeps_drops_and_rescores() {
        let mut replay = Replay::default();
        let topics = topics("flood*");
        for before in [
            article("Floods in the valley", false, 0.0),
            article("Fires in the valley", true, 3.0),
            article("Floods again", true, 7.0),
            article("Floods for good", true, 3.0),
            article("Rain", false, 0.0),
        ] {
            replay.judge(&topics, Keep::Relevant, &before);
        }
        let changes: Vec<Change> = replay.changes.iter().map(|line| line.change).collect();
        assert_eq!(changes, [Change::Kept, Change::Dropped, Change::Rescored]);
        assert_eq!(replay.unchanged, 2);
    }

    #[test]
    fn an_article_is_judged_in_the_language_that_it_was_judged_in() {
        let file = "[topic]\nid = \"t\"\nname = \"t\"\nthreshold = 3.0\n\
                    [concept.c.only]\ngl = [\"floods\"]\n\
                    [[rule]]\nname = \"r\"\nall_of = [\"c\"]\nscore = 1.0\n";
        let topics = Topics::new(vec![Topic::parse(file).expect("a topic")]).expect("compiles");
        let mut replay = Replay::default();
        let article = article("Floods in the valley", false, 0.0);
        replay.judge(&topics, Keep::Relevant, &article);
        replay.judge(&topics, Keep::Relevant, &Before { language: Some("gl"), ..article });
        assert_eq!((replay.unchanged, replay.count(Change::Kept)), (1, 1));
    }

    #[test]
    fn a_topic_file_takes_the_place_of_the_one_with_its_id() {
        let changed = topics("fire*").iter().next().expect("one topic").clone();
        let both = with_topic(&topics("flood*"), changed).expect("compiles");
        let mut replay = Replay::default();
        replay.judge(&both, Keep::Relevant, &article("Fires in the valley", false, 0.0));
        replay.judge(&both, Keep::Relevant, &article("Floods again", true, 3.0));
        let changes: Vec<Change> = replay.changes.iter().map(|line| line.change).collect();
        assert_eq!(changes, [Change::Kept, Change::Dropped]);
    }
}
