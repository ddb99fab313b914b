//! How fast texts are judged: `cargo bench --bench topic`.
//!
//! Articles are made of the labelled texts; terms are drawn by a fixed rule from the words of the
//! same languages, so that they occur as terms occur. Beside the whole judgement stand a bare pass
//! of an Aho-Corasick automaton over text that was folded beforehand, and a `RegexSet`.
#![expect(clippy::disallowed_methods, reason = "shell: a bench reads a clock")]
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench prints, stops at a fault, and rounds"
)]

use std::{collections::BTreeSet, fmt::Write, hint::black_box, time::Instant};

use aho_corasick::AhoCorasick;
use newswatch::{
    text::{fold, language},
    topic::{Text, Topic, Topics},
};
use regex::bytes::RegexSetBuilder;

const LABELLED: &str = include_str!("../tests/fixtures/topics/csto-kz-2022.jsonl");
const SHIPPED: &str = include_str!("../config/topics/csto-kazakhstan.toml");

fn main() {
    let labelled: Vec<serde_json::Value> =
        LABELLED.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mixed = articles(&labelled, |_| true);
    let foreign =
        articles(&labelled, |text| text.bytes().filter(u8::is_ascii).count() * 2 < text.len());
    for (name, articles) in [("mixed", &mixed), ("non-ASCII", &foreign)] {
        let bytes: usize = articles.iter().map(String::len).sum();
        let ascii = articles.iter().flat_map(|text| text.bytes()).filter(u8::is_ascii).count();
        println!(
            "{name}: {} articles, {} kB, {}% of the bytes ASCII",
            articles.len(),
            bytes / 1000,
            ascii * 100 / bytes
        );
        let folding = rate(articles, |text| fold(text).as_bytes().len());
        println!("  folding alone                 {folding:7.0} MB/s");
        // No more of a text is read.
        let samples: Vec<&str> =
            articles.iter().map(|text| &text[..text.floor_char_boundary(4096)]).collect();
        let telling = rate(&samples, |text| language::detect(text, &[]).language.len());
        println!("  telling the language          {telling:7.1} MB/s");
        let shipped = Topics::new(vec![Topic::parse(SHIPPED).unwrap()]).unwrap();
        report("the shipped topic", articles, &shipped);
        for count in [100, 1_000, 10_000] {
            measure(count, articles);
        }
    }
}

fn measure(count: usize, articles: &[String]) {
    let terms = terms(count);
    let mut file = String::from(
        "[topic]\nid = \"bench\"\nname = \"bench\"\nthreshold = 5.0\n[concept.a]\nany = [",
    );
    for (at, term) in terms.iter().enumerate() {
        if at == count / 2 {
            file.push_str("]\n[concept.b]\nany = [");
        }
        write!(file, "\"{term}*\", ").unwrap();
    }
    file.push_str("]\n[[rule]]\nname = \"both\"\nall_of = [\"a\", \"b\"]\nnear = { within = 25 }\nscore = 2.0\n");
    let topics = Topics::new(vec![Topic::parse(&file).unwrap()]).unwrap();
    let judging = report(&format!("{count} terms"), articles, &topics);
    let folded: Vec<Vec<u8>> = articles.iter().map(|text| fold(text).as_bytes().to_vec()).collect();
    let automaton = AhoCorasick::new(&terms).unwrap();
    let bare = rate(&folded, |text| automaton.find_overlapping_iter(text).count());
    println!("    bare automaton              {bare:7.0} MB/s, {:.2} times ours", bare / judging);
    let patterns = terms.iter().map(|term| regex::escape(term));
    match RegexSetBuilder::new(patterns).size_limit(1 << 30).dfa_size_limit(1 << 28).build() {
        Ok(set) => {
            let speed = rate(&folded, |text| set.matches(text).into_iter().count());
            println!("    RegexSet                    {speed:7.0} MB/s");
        }
        Err(error) => println!("    RegexSet: {error}"),
    }
}

fn report(name: &str, articles: &[String], topics: &Topics) -> f64 {
    let speed = rate(articles, |article| {
        let (title, text) = article.split_once('\n').unwrap();
        topics.judge(&Text { title, text, ..Text::default() }).len()
    });
    let bytes: usize = articles.iter().map(String::len).sum();
    let each = bytes as f64 / articles.len() as f64;
    println!("  {name:28}  {speed:7.0} MB/s, {:8.0} articles/s", speed * 1e6 / each);
    speed
}

/// MB/s. Of each text the fastest of many passes counts: the machine may be shared.
fn rate<T: AsRef<[u8]>>(texts: &[T], pass: impl Fn(&T) -> usize) -> f64 {
    let mut best = vec![f64::MAX; texts.len()];
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 1.0 {
        for (text, best) in texts.iter().zip(&mut best) {
            let start = Instant::now();
            black_box(pass(text));
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    let bytes: usize = texts.iter().map(|text| text.as_ref().len()).sum();
    bytes as f64 / best.iter().sum::<f64>() / 1e6
}

/// Articles of about 4 kB: a title, and paragraphs of one language's texts.
fn articles(labelled: &[serde_json::Value], keep: impl Fn(&str) -> bool) -> Vec<String> {
    let languages: BTreeSet<&str> =
        labelled.iter().filter_map(|one| one["lang"].as_str()).collect();
    let mut articles = Vec::new();
    for language in languages {
        let texts: Vec<String> = labelled
            .iter()
            .filter(|one| one["lang"] == language && one["kind"] != "flash")
            .map(|one| {
                let part = |key| one[key].as_str().unwrap_or_default();
                format!("{}\n\n{}", part("title"), part("text"))
            })
            .filter(|text| keep(text))
            .collect();
        for at in 0..texts.len() * 3 {
            let mut article = String::new();
            for part in texts.iter().cycle().skip(at) {
                article.push_str(part);
                article.push_str("\n\n");
                if article.len() > 4_000 {
                    break;
                }
            }
            articles.push(article);
        }
    }
    articles
}

/// Word beginnings of five to twelve letters in several scripts, made by a linear congruence.
fn terms(count: usize) -> Vec<String> {
    let alphabets: [&[&str]; 4] = [
        &["ka", "tor", "mi", "sen", "vel", "pra", "osk", "lin", "dem", "ur", "zho", "tal"],
        &["ка", "тор", "ми", "сен", "вел", "пра", "оск", "лин", "дем", "ур", "жо", "тал"],
        &["كا", "تور", "مي", "سن", "ول", "برا", "اسك", "لين", "دم", "ور", "جو", "تال"],
        &["安", "哈", "部", "国", "民", "经", "济", "会", "议", "长", "市", "水"],
    ];
    let mut state: u64 = 7;
    let mut next = |bound: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let mut terms = BTreeSet::new();
    while terms.len() < count {
        // Most terms of a topic are of alphabets that write every article's language.
        let alphabet = alphabets[[0, 0, 0, 1, 1, 1, 2, 3][next(8)]];
        let syllables = 3 + next(3);
        terms.insert((0..syllables).map(|_| alphabet[next(alphabet.len())]).collect::<String>());
    }
    terms.into_iter().collect()
}
