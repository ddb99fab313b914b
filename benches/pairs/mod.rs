//! A generator of pairs of articles with a known answer: news of a small grammar in many languages,
//! or words of texts given to it, edited as newsrooms edit wires, and pairs that only look alike.

mod languages;

use std::sync::LazyLock;

use languages::LANGUAGES;

#[derive(Debug, Clone)]
pub(crate) struct Article {
    pub(crate) url: String,
    pub(crate) title: String,
    /// Paragraphs apart by a blank line.
    pub(crate) text: String,
    /// Hours since the beginning of the set.
    pub(crate) hour: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) kind: &'static str,
    pub(crate) language: String,
    pub(crate) spaced: bool,
    /// Whether `b` is `a`'s copy, or a part or an extension of it.
    pub(crate) related: bool,
    pub(crate) a: Article,
    pub(crate) b: Article,
}

/// Texts that sentences are cut from instead of the grammar: a language's code and its text.
pub(crate) type Corpus = Vec<(String, String)>;

/// `count` pairs, the same for the same seed.
pub(crate) fn pairs(seed: u64, count: usize, corpus: &Corpus) -> Vec<Pair> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    (0..count).map(|place| pair(&mut random, place, corpus)).collect()
}

/// One new article after another, for measuring speed, in scripts that set spaces between words:
/// other libraries know no words without them.
pub(crate) fn articles(seed: u64) -> impl Iterator<Item = Article> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491);
    let spaced: Vec<&Phrases> = PHRASES.iter().filter(|language| language.spaced).collect();
    (0..).map(move |place: usize| {
        let language: &&Phrases = random.pick(&spaced);
        let source = Source::Prose(language);
        let sentences = random.between(8, 30);
        let story = Story::new(&mut random, &source, sentences);
        story.article(&mut random, place, i64::try_from(place / 400).unwrap_or(0))
    })
}

const KINDS: &[(&str, bool)] = &[
    ("exact", true),
    ("agency-prefix", true),
    ("cut", true),
    ("update-inserted", true),
    ("numbers", true),
    ("typos", true),
    ("site-tail", true),
    ("shuffle", true),
    ("abridged", true),
    ("extended", true),
    ("excerpt", true),
    ("several", true),
    ("rewritten-lead", true),
    ("other-headline-and-cut", true),
    ("other-headline-and-lead", true),
    ("unrelated", false),
    ("weekly-series", false),
    ("daily-series", false),
    ("same-tail", false),
    ("shared-background", false),
    ("own-lead", false),
    ("own-lead-of-one-site", false),
    ("same-frame", false),
    ("same-frame-of-one-site", false),
    ("same-topic", false),
    ("same-event", false),
    ("market-report", false),
];

fn pair(random: &mut Random, place: usize, corpus: &Corpus) -> Pair {
    let (kind, related) = *random.pick(KINDS);
    let source = if random.chance(40) {
        Source::Prose(random.pick(&PHRASES))
    } else if corpus.is_empty() || random.chance(50) {
        Source::Grammar(random.pick(&PHRASES))
    } else {
        Source::Corpus(random.pick(corpus))
    };
    // A third of all texts are short: under 90 words.
    let sentences = if random.chance(33) { random.between(3, 5) } else { random.between(8, 40) };
    // Without figures only the words tell one story from another; a background may have some.
    let figures = random.chance(30);
    let mut story = Story::new(random, &source, sentences);
    if kind.starts_with("same-frame") {
        let told = if figures { sentences.div_ceil(2) } else { sentences };
        story.leave_out_numbers(told);
    }
    if kind == "other-headline-and-lead" && sentences < 4 {
        // Of less a sentence is too much for the rest to be told from a background.
        story.tail(random, &source, 50);
    }
    if kind.ends_with("series") || kind == "market-report" {
        // The frame of a report: it has figures, and they are the news.
        for sentence in &mut story.sentences {
            let place = random.between(1, sentence.len());
            sentence.insert(place, random.between(100, 9999).to_string());
        }
    }
    let hour = hours(random, 2000);
    let a = story.article(random, place * 2, hour);
    let later = hour + hours(random, 60);
    let mut b = story.clone();
    if related {
        edit(kind, &mut b, random, &source);
    } else {
        tell_another(kind, &mut b, random, &source);
    }
    let b = b.article(random, place * 2 + 1, later);
    let (language, spaced) = (source.code().to_owned(), source.spaced());
    let mut pair = Pair { kind, language, spaced, related, a, b };
    surround(&mut pair, sentences, figures, random, &source);
    pair
}

/// What newsrooms make of a text.
fn edit(kind: &str, b: &mut Story, random: &mut Random, source: &Source<'_>) {
    match kind {
        "exact" => {}
        "agency-prefix" => b.prefix(random, source),
        "cut" => b.keep_first(random.between(65, 90)),
        "update-inserted" => b.insert(random, source, 25),
        "numbers" => b.change_numbers(random, 25),
        "typos" => b.typos(random, 2),
        "site-tail" => b.tail(random, source, 25),
        "shuffle" => b.shuffle(random),
        "abridged" => b.keep_first(random.between(30, 55)),
        "extended" => b.insert(random, source, 100),
        "excerpt" => b.keep_run(random, 35),
        "several" => {
            b.prefix(random, source);
            b.typos(random, 1);
            b.change_numbers(random, 12);
            b.insert(random, source, 10);
            b.tail(random, source, 10);
        }
        "rewritten-lead" => {
            let lead = (b.sentences.len() / 6).max(1);
            let written = Story::new(random, source, lead).sentences;
            b.sentences.splice(..lead, written);
        }
        "other-headline-and-cut" => {
            b.keep_first(75);
            b.tail(random, source, 20);
        }
        "other-headline-and-lead" => b.rewrite_lead(random, source),
        _ => unreachable!("a kind of the table"),
    }
    if kind.starts_with("other-headline") || random.chance(40) {
        b.title = Story::new(random, source, 1).title;
    }
}

/// Another story, with something of the first.
fn tell_another(kind: &str, b: &mut Story, random: &mut Random, source: &Source<'_>) {
    let (title, sentences) = (b.title.clone(), b.sentences.len());
    match kind {
        // Most of the frame stays, its figures and a sentence or two are new.
        "market-report" => {
            b.change_numbers(random, 100);
            b.insert(random, source, 10);
        }
        "weekly-series" | "daily-series" => b.change_numbers(random, 100),
        // Two verdicts of a court, two accidents, two festivals: told in the same words.
        "same-frame" | "same-frame-of-one-site" => {
            b.fill_frame(random, source);
            b.title = Story::new(random, source, 1).title;
        }
        // Two newsrooms quote the same words and figures in articles of their own.
        "same-event" => {
            let own = Story::new(random, source, sentences);
            let quoted = b.sentences.len() / 4;
            let start = random.between(0, b.sentences.len() - quoted);
            let quotes = b.sentences[start..start + quoted].to_vec();
            b.sentences = own.sentences;
            let place = random.between(0, b.sentences.len());
            b.sentences.splice(place..place, quotes);
        }
        _ => *b = Story::new(random, source, sentences),
    }
    if kind == "same-topic" {
        b.title = title;
    }
}

/// What stands around two texts: a background, a tail, a site, a time.
fn surround(
    pair: &mut Pair,
    sentences: usize,
    figures: bool,
    random: &mut Random,
    source: &Source<'_>,
) {
    let Pair { kind, related, a, b, .. } = pair;
    match *kind {
        // One site says the same below each article; so do both sites of a shared background.
        "same-tail" => {
            let tail = Story::new(random, source, (sentences * 2 / 3).max(2)).text();
            for article in [&mut *a, &mut *b] {
                article.text.push_str("\n\n");
                article.text.push_str(&tail);
            }
        }
        "shared-background" => {
            let background = Story::new(random, source, (sentences / 2).max(1)).text();
            for article in [&mut *a, &mut *b] {
                article.text.push_str("\n\n");
                article.text.push_str(&background);
            }
        }
        // A third is news, the rest was told often before.
        "own-lead" | "own-lead-of-one-site" => {
            let own = sentences.div_ceil(3);
            let mut background = Story::new(random, source, sentences - own);
            if !figures {
                background.leave_out_numbers(sentences);
            }
            for article in [&mut *a, &mut *b] {
                let lead = Story::new(random, source, own).text();
                article.text = format!("{lead}\n\n{}", background.text());
            }
        }
        "weekly-series" => b.hour = a.hour + 168,
        "daily-series" | "market-report" => b.hour = a.hour + 24,
        _ => {}
    }
    // An article may be under two addresses of its own site, too.
    let one_site = matches!(*kind, "same-tail" | "daily-series" | "market-report")
        || kind.ends_with("one-site");
    if one_site || *related && random.chance(10) {
        b.url = a.url.replace("/news/", "/news/b-");
    }
}

fn hours(random: &mut Random, most: usize) -> i64 {
    i64::try_from(random.between(0, most)).unwrap_or(0)
}

/// A language's lists of phrases.
struct Phrases {
    code: &'static str,
    spaced: bool,
    stop: &'static str,
    subjects: Vec<&'static str>,
    verbs: Vec<&'static str>,
    objects: Vec<&'static str>,
    places: Vec<&'static str>,
    syllables: Vec<&'static str>,
}

static PHRASES: LazyLock<Vec<Phrases>> = LazyLock::new(|| {
    let list = |phrases: &'static str| phrases.split('|').collect();
    let phrases = LANGUAGES.iter().map(|language| Phrases {
        code: language.code,
        spaced: language.spaced,
        stop: language.stop,
        subjects: list(language.subjects),
        verbs: list(language.verbs),
        objects: list(language.objects),
        places: list(language.places),
        syllables: list(language.syllables),
    });
    phrases.collect()
});

enum Source<'s> {
    /// News of a small grammar: many texts share many of their shingles.
    Grammar(&'s Phrases),
    /// Invented words, as frequent as the words of a language are, and phrases of the grammar.
    Prose(&'s Phrases),
    Corpus(&'s (String, String)),
}

impl Source<'_> {
    fn code(&self) -> &str {
        match self {
            Self::Grammar(language) | Self::Prose(language) => language.code,
            Self::Corpus((code, _)) => code,
        }
    }

    fn spaced(&self) -> bool {
        match self {
            Self::Grammar(language) | Self::Prose(language) => language.spaced,
            Self::Corpus((_, text)) => text.split_whitespace().count() * 14 > text.chars().count(),
        }
    }

    fn space(&self) -> &'static str {
        if self.spaced() { " " } else { "" }
    }

    fn stop(&self) -> &'static str {
        match self {
            Self::Grammar(language) | Self::Prose(language) => language.stop,
            Self::Corpus(_) if self.spaced() => ". ",
            Self::Corpus(_) => "。",
        }
    }

    fn sentence(&self, random: &mut Random) -> Vec<String> {
        let phrase = |random: &mut Random, list: &[&str]| random.pick(list).to_string();
        match self {
            Self::Prose(language) => {
                let mut parts = Vec::new();
                for _ in 0..random.between(8, 22) {
                    parts.push(match random.between(0, 99) {
                        0..=1 => phrase(random, &language.subjects),
                        2 => phrase(random, &language.objects),
                        3 => phrase(random, &language.places),
                        4..=6 => self.name(random),
                        7..=8 => random.between(2, 4000).to_string(),
                        _ => word(language, random.rank()),
                    });
                }
                parts
            }
            Self::Grammar(language) => {
                let mut parts = vec![phrase(random, &language.subjects)];
                if random.chance(70) {
                    parts.push(self.name(random));
                }
                parts.push(phrase(random, &language.verbs));
                if random.chance(40) {
                    parts.push(random.between(2, 4000).to_string());
                }
                parts.push(phrase(random, &language.objects));
                if random.chance(50) {
                    parts.push(self.name(random));
                }
                parts.push(phrase(random, &language.places));
                parts
            }
            Self::Corpus((_, text)) => {
                let words: Vec<String> = if self.spaced() {
                    text.split_whitespace().map(str::to_owned).collect()
                } else {
                    text.chars().filter(|c| !c.is_whitespace()).map(String::from).collect()
                };
                let length =
                    if self.spaced() { random.between(6, 16) } else { random.between(15, 50) };
                let start = random.between(0, words.len().saturating_sub(length + 1));
                let mut parts: Vec<String> =
                    words[start..(start + length).min(words.len())].to_vec();
                if random.chance(50) {
                    parts.insert(parts.len() / 2, random.between(2, 4000).to_string());
                }
                if random.chance(60) {
                    parts.insert(parts.len() / 3, self.name(random));
                }
                parts
            }
        }
    }

    fn name(&self, random: &mut Random) -> String {
        let syllables = match self {
            Self::Grammar(language) | Self::Prose(language) => &language.syllables,
            Self::Corpus(_) => &PHRASES[0].syllables,
        };
        (0..random.between(2, 4)).map(|_| *random.pick(syllables)).collect()
    }
}

/// The word of a language that has this rank by frequency: the frequent ones are short.
fn word(language: &Phrases, rank: usize) -> String {
    let mut spelling = Random(rank as u64);
    let length = 1 + usize::try_from((rank + 1).ilog2()).unwrap_or(0) / 4;
    (0..length).map(|_| *spelling.pick(&language.syllables)).collect()
}

/// Sentences as lists of parts, so that edits know words and numbers.
#[derive(Clone)]
struct Story {
    title: String,
    sentences: Vec<Vec<String>>,
    space: &'static str,
    stop: &'static str,
}

impl Story {
    fn new(random: &mut Random, source: &Source<'_>, sentences: usize) -> Self {
        let sentences: Vec<Vec<String>> = (0..sentences).map(|_| source.sentence(random)).collect();
        let title = source.sentence(random).join(source.space());
        Self { title, sentences, space: source.space(), stop: source.stop() }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (place, sentence) in self.sentences.iter().enumerate() {
            if place > 0 {
                text.push_str(if place % 3 == 0 { "\n\n" } else { "" });
            }
            text.push_str(&sentence.join(self.space));
            text.push_str(self.stop);
        }
        text
    }

    fn article(&self, random: &mut Random, place: usize, hour: i64) -> Article {
        Article {
            url: format!("https://site{}.example/news/{place}", random.between(0, 400)),
            title: self.title.clone(),
            text: self.text(),
            hour,
        }
    }

    fn prefix(&mut self, random: &mut Random, source: &Source<'_>) {
        let line = format!("{}, {} (AGENCY) —", source.name(random), random.between(1, 30));
        if let Some(first) = self.sentences.first_mut() {
            first.insert(0, line);
        }
    }

    fn keep_first(&mut self, percent: usize) {
        let length = (self.sentences.len() * percent).div_ceil(100).max(1);
        self.sentences.truncate(length);
    }

    fn keep_run(&mut self, random: &mut Random, percent: usize) {
        let length = (self.sentences.len() * percent).div_ceil(100).max(1);
        let start = random.between(0, self.sentences.len() - length);
        self.sentences = self.sentences[start..start + length].to_vec();
    }

    /// New sentences, `percent` of those there are, as one block at the head, the end or between.
    fn insert(&mut self, random: &mut Random, source: &Source<'_>, percent: usize) {
        let length = (self.sentences.len() * percent).div_ceil(100).max(1);
        let start = random.between(0, self.sentences.len());
        let block: Vec<Vec<String>> = (0..length).map(|_| source.sentence(random)).collect();
        self.sentences.splice(start..start, block);
    }

    /// The first sentence in other words, with the figures that it had.
    fn rewrite_lead(&mut self, random: &mut Random, source: &Source<'_>) {
        let Some(first) = self.sentences.first_mut() else { return };
        let mut written = source.sentence(random);
        for part in first.drain(..).filter(|part| is_number(part)) {
            let place = random.between(0, written.len());
            written.insert(place, part);
        }
        *first = written;
    }

    /// Other names, places and deeds in the sentences of the first half, and here and there after it.
    fn fill_frame(&mut self, random: &mut Random, source: &Source<'_>) {
        let half = self.sentences.len().div_ceil(2);
        for (place, sentence) in self.sentences.iter_mut().enumerate() {
            if place >= half && !random.chance(10) {
                continue;
            }
            let mut filling: Vec<String> =
                source.sentence(random).into_iter().filter(|part| !is_number(part)).collect();
            // A slot of some words in each dozen.
            let slot = (sentence.len() / 6).max(1);
            for run in sentence.chunks_mut(slot * 3) {
                for part in run.iter_mut().skip(1).take(slot) {
                    if let Some(other) = filling.pop() {
                        *part = other;
                    }
                }
            }
        }
    }

    fn leave_out_numbers(&mut self, of_the_first: usize) {
        for sentence in self.sentences.iter_mut().take(of_the_first) {
            sentence.retain(|part| !is_number(part));
        }
    }

    fn tail(&mut self, random: &mut Random, source: &Source<'_>, percent: usize) {
        let length = (self.sentences.len() * percent).div_ceil(100).max(1);
        self.sentences.extend((0..length).map(|_| source.sentence(random)));
    }

    fn shuffle(&mut self, random: &mut Random) {
        let mut blocks: Vec<Vec<Vec<String>>> =
            self.sentences.chunks(3).map(<[_]>::to_vec).collect();
        for place in (1..blocks.len()).rev() {
            blocks.swap(place, random.between(0, place));
        }
        self.sentences = blocks.concat();
    }

    /// Another value for each number with this chance.
    fn change_numbers(&mut self, random: &mut Random, percent: usize) {
        for part in self.sentences.iter_mut().flatten() {
            if is_number(part) && random.chance(percent) {
                *part = random.between(100, 9999).to_string();
            }
        }
    }

    /// A letter changed in this percentage of words.
    fn typos(&mut self, random: &mut Random, percent: usize) {
        for part in self.sentences.iter_mut().flatten() {
            let words: Vec<String> = part
                .split(' ')
                .map(|word| {
                    let letters: Vec<char> = word.chars().collect();
                    if letters.len() < 3 || !random.chance(percent) {
                        return word.to_owned();
                    }
                    let (a, b) = (letters.len() / 2, letters.len() / 2 - 1);
                    let mut letters = letters;
                    letters.swap(a, b);
                    letters.into_iter().collect()
                })
                .collect();
            *part = words.join(" ");
        }
    }
}

fn is_number(part: &str) -> bool {
    part.chars().all(char::is_numeric)
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    /// A word's rank by frequency from 0, as Zipf has it, of some thirty thousand.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank by chance"
    )]
    fn rank(&mut self) -> usize {
        const WORDS: f64 = 30_000.0;
        let chance = (self.step() >> 11) as f64 / (1_u64 << 53) as f64;
        (WORDS.powf(chance) * 3.0) as usize - 3
    }

    /// Both ends included.
    fn between(&mut self, low: usize, high: usize) -> usize {
        low + usize::try_from(self.step() % (high - low + 1) as u64).unwrap_or(0)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.between(0, 99) < percent
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.between(0, list.len() - 1)]
    }
}
