//! The measure: multisets of four-token shingles, mean precision and mean recall of the pages and
//! the harmonic mean of the two; titles, authors and days; paragraph breaks kept and glued.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

const SHINGLE: usize = 4;
const RESAMPLES: usize = 1000;

/// Counts over the pages of a set.
#[derive(Default)]
pub(crate) struct Scores {
    pages: Vec<PageScore>,
    breaks: [usize; 3],
    titles: Share,
    days: Share,
    languages: Share,
    authors: [usize; 3],
    wanted: Share,
    unwanted: Share,
}

struct PageScore {
    id: String,
    url: String,
    precision: Option<f64>,
    recall: Option<f64>,
}

#[derive(Default)]
struct Share {
    right: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, right: bool) {
        self.all += 1;
        self.right += usize::from(right);
    }

    fn of(&self) -> f64 {
        self.right as f64 / self.all.max(1) as f64
    }
}

impl Scores {
    pub(crate) fn add(&mut self, truth: &Value, prediction: &Value) {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let read = text(prediction, "text");
        if let Some(body) = truth["text"].as_str() {
            let (wanted, given) = (shingles(body), shingles(&read));
            let hit: usize = wanted
                .iter()
                .map(|(shingle, count)| given.get(shingle).copied().unwrap_or(0).min(*count))
                .sum();
            let part = |all: usize| (all > 0).then(|| hit as f64 / all as f64);
            self.pages.push(PageScore {
                id: text(truth, "id"),
                url: text(truth, "url"),
                precision: part(given.values().sum()),
                recall: part(wanted.values().sum()),
            });
            for (sum, count) in self.breaks.iter_mut().zip(breaks(body, &read)) {
                *sum += count;
            }
        }
        let squeezed = squeeze(&read);
        for (key, share) in [("with", &mut self.wanted), ("without", &mut self.unwanted)] {
            for phrase in truth[key].as_array().into_iter().flatten().filter_map(Value::as_str) {
                share.add(squeezed.contains(&squeeze(phrase)));
            }
        }
        if let Some(title) = truth["title"].as_str() {
            self.titles.add(fold(title) == fold(&text(prediction, "title")));
        }
        if let Some(day) = truth["date"].as_str() {
            self.days.add(day.get(..10) == text(prediction, "date").get(..10));
        }
        if let Some(language) = truth["lang"].as_str() {
            let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
            self.languages.add(primary(language) == primary(&text(prediction, "lang")));
        }
        if truth["authors"].as_array().is_some_and(|authors| !authors.is_empty()) {
            let names = |value: &Value| -> BTreeSet<String> {
                let list = value["authors"].as_array().into_iter().flatten();
                list.filter_map(Value::as_str)
                    .map(fold_name)
                    .filter(|name| !name.is_empty())
                    .collect()
            };
            let (wanted, given) = (names(truth), names(prediction));
            self.authors[0] += wanted.intersection(&given).count();
            self.authors[1] += given.len();
            self.authors[2] += wanted.len();
        }
    }

    /// F1, mean precision and mean recall.
    pub(crate) fn body(&self) -> (f64, f64, f64) {
        means(self.pages.iter())
    }

    pub(crate) fn print(&self, worst: usize) {
        if !self.pages.is_empty() {
            let (f1, precision, recall) = self.body();
            let [low, high] = self.interval();
            println!("  F1 {f1:.4} [{low:.4} {high:.4}] P {precision:.4} R {recall:.4}");
            let [seen, kept, glued] = self.breaks;
            let share = |count: usize| count as f64 / seen.max(1) as f64;
            println!("  paragraph breaks kept {:.4} glued {:.4}", share(kept), share(glued));
        }
        if self.wanted.all > 0 {
            println!(
                "  phrases wanted found {:.4}, unwanted found {:.4}",
                self.wanted.of(),
                self.unwanted.of()
            );
        }
        let [hit, given, wanted] = self.authors.map(|count| count as f64);
        let (precision, recall) = (hit / given.max(1.0), hit / wanted.max(1.0));
        println!(
            "  title {:.4} day {:.4} language {:.4} authors F1 {:.4} P {precision:.4} R {recall:.4}",
            self.titles.of(),
            self.days.of(),
            self.languages.of(),
            2.0 * precision * recall / (precision + recall).max(1e-9),
        );
        let mut pages: Vec<&PageScore> = self.pages.iter().collect();
        pages.sort_by(|a, b| a.f1().total_cmp(&b.f1()));
        for page in pages.iter().take(worst) {
            println!(
                "    {:.3} P {:.3} R {:.3} {} {}",
                page.f1(),
                page.precision.unwrap_or(0.0),
                page.recall.unwrap_or(0.0),
                page.id,
                page.url
            );
        }
    }

    /// The middle 95 % of the F1s of sets drawn with replacement from this one.
    fn interval(&self) -> [f64; 2] {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % self.pages.len() as u64).unwrap_or(0)
        };
        let mut all: Vec<f64> = (0..RESAMPLES)
            .map(|_| means((0..self.pages.len()).map(|_| &self.pages[draw()])).0)
            .collect();
        all.sort_by(f64::total_cmp);
        [all[RESAMPLES / 40], all[RESAMPLES - 1 - RESAMPLES / 40]]
    }
}

impl PageScore {
    fn f1(&self) -> f64 {
        let (p, r) = (self.precision.unwrap_or(0.0), self.recall.unwrap_or(0.0));
        2.0 * p * r / (p + r).max(1e-9)
    }
}

fn means<'a>(pages: impl Iterator<Item = &'a PageScore>) -> (f64, f64, f64) {
    let (mut precisions, mut recalls) = ((0.0_f64, 0.0_f64), (0.0_f64, 0.0_f64));
    for page in pages {
        for (sum, value) in [(&mut precisions, page.precision), (&mut recalls, page.recall)] {
            if let Some(value) = value {
                sum.0 += value;
                sum.1 += 1.0;
            }
        }
    }
    let (p, r) = (precisions.0 / precisions.1.max(1.0), recalls.0 / recalls.1.max(1.0));
    (2.0 * p * r / (p + r).max(1e-9), p, r)
}

/// Runs of word characters with what stands before each.
fn tokens(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut tokens, mut gaps) = (Vec::new(), Vec::new());
    let mut start = None;
    let mut gap = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let wordly = c.is_alphanumeric() || c == '_';
        match (start, wordly) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                gaps.push(&text[gap..from]);
                tokens.push(&text[from..at]);
                gap = at;
                start = None;
            }
            _ => {}
        }
    }
    (tokens, gaps)
}

fn shingles(text: &str) -> BTreeMap<Vec<&str>, usize> {
    let (tokens, _) = tokens(text);
    let mut shingles = BTreeMap::new();
    if !tokens.is_empty() && tokens.len() < SHINGLE {
        shingles.insert(tokens, 1);
        return shingles;
    }
    for window in tokens.windows(SHINGLE) {
        *shingles.entry(window.to_vec()).or_insert(0) += 1;
    }
    shingles
}

/// Joints of the truth's paragraphs that the reading covers: seen, kept as a break, glued.
fn breaks(truth: &str, read: &str) -> [usize; 3] {
    let paragraphs: Vec<Vec<&str>> =
        truth.split('\n').map(|line| tokens(line).0).filter(|words| !words.is_empty()).collect();
    let (words, gaps) = tokens(read);
    let mut counts = [0; 3];
    let mut joints: BTreeMap<&[&str], Vec<usize>> = BTreeMap::new();
    for (at, window) in words.windows(4).enumerate() {
        joints.entry(window).or_default().push(at + 2);
    }
    for pair in paragraphs.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        if a.len() < 2 || b.len() < 2 {
            continue;
        }
        let joint = [a[a.len() - 2], a[a.len() - 1], b[0], b[1]];
        let Some(places) = joints.get(joint.as_slice()) else { continue };
        counts[0] += 1;
        if places.iter().any(|at| gaps[*at].contains('\n')) {
            counts[1] += 1;
        } else if places.iter().all(|at| !gaps[*at].contains(char::is_whitespace)) {
            counts[2] += 1;
        }
    }
    counts
}

fn squeeze(text: &str) -> String {
    let text: String = text.nfkc().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fold(text: &str) -> String {
    let text = text.nfkc().collect::<String>().to_lowercase();
    tokens(&text).0.join(" ")
}

fn fold_name(text: &str) -> String {
    let text: String = text
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .collect::<String>()
        .to_lowercase();
    let text = text.trim_start();
    let by = ["by ", "von ", "par ", "por ", "di ", "av ", "af ", "door ", "de la redaccion "];
    let text = by.iter().find_map(|by| text.strip_prefix(by)).unwrap_or(text);
    tokens(text).0.join(" ")
}
