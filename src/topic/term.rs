//! One term of a topic file: what its author wrote, and what is looked for.

use crate::text::{fold, is_spaceless};

/// A term as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// As the topic file writes it.
    pub(super) spelled: String,
    /// Where, in bytes of the file.
    pub(super) span: std::ops::Range<usize>,
    /// Under which it stands, or `any`.
    pub(super) language: String,
    /// Made of the term that is written, in the language's other alphabet.
    pub(super) twin: bool,
    /// By word, where upper and lower case must be as written (`=CSTO`): how it is [`cased`].
    pub(super) exact: Option<Vec<String>>,
    /// Looked for only in texts of this language (primary subtag).
    pub(super) only: Option<String>,
    pub(super) words: Vec<Word>,
    /// The word that the automaton looks for; the others are checked around it.
    pub(super) anchor: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Folded spellings: as written, without its apostrophe, and with the Arabic article as it is
    /// written behind a clitic.
    pub(super) spellings: Vec<String>,
    /// Anything may stand before it in the same word (`*truppen`).
    pub(super) open_left: bool,
    /// Anything may follow in the same word (`kazakhstan*`).
    pub(super) open_right: bool,
    /// Other words that may stand between the word before and this one.
    pub(super) gap: usize,
    /// A dot is written behind it, which ends no sentence: `U.S. troops`.
    pub(super) dot: bool,
}

impl Term {
    /// Reads a term, or says what is wrong with it.
    pub(super) fn parse(spelled: &str) -> Result<Self, String> {
        let (exact, body) = match spelled.trim().strip_prefix('=') {
            Some(body) => (true, body),
            None => (false, spelled.trim()),
        };
        let (mut words, mut cases) = (Vec::<Word>::new(), Vec::new());
        let mut gap = None;
        for token in body.split_whitespace() {
            if let Some(count) = token.strip_prefix('~') {
                let count: usize = count.parse().map_err(|_| {
                    format!("`{token}` is no gap: write `~` and a number of words, as in `~3`")
                })?;
                if words.is_empty() || gap.is_some() || count > MAX_GAP {
                    return Err(format!(
                        "the gap `{token}` must stand between two words and be {MAX_GAP} at most"
                    ));
                }
                gap = Some(count);
                continue;
            }
            for (word, case) in Word::parse(token, gap.take().unwrap_or(0))? {
                words.push(word);
                cases.push(case);
            }
        }
        if gap.is_some() {
            return Err("a gap at the end of a term has no word behind it".to_owned());
        }
        let Some(anchor) = words
            .iter()
            .enumerate()
            .max_by_key(|(at, word)| (word.letters(), usize::MAX - at))
            .map(|(at, _)| at)
        else {
            return Err("a term needs a word".to_owned());
        };
        Ok(Self {
            spelled: spelled.to_owned(),
            span: 0..0,
            language: String::new(),
            twin: false,
            exact: exact.then_some(cases),
            only: None,
            words,
            anchor,
        })
    }

    /// How one of its words must be [`cased`], where that matters.
    pub(super) fn case_of(&self, word: usize) -> Option<&str> {
        self.exact.as_ref()?.get(word).map(String::as_str)
    }

    /// Letters and digits of all its words.
    pub(super) fn letters(&self) -> usize {
        self.words.iter().map(Word::letters).sum()
    }

    pub(super) fn is_spaceless(&self) -> bool {
        self.words.iter().all(Word::is_spaceless)
    }

    /// Whether this term is found wherever `other` is.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let same_language = self.only.is_none() || self.only == other.only;
        let same_case = self.exact.is_none() || self.exact == other.exact;
        let [word] = self.words.as_slice() else { return self.words == other.words && same_case };
        same_language && same_case && other.words.iter().any(|other| word.covers(other))
    }
}

impl Word {
    fn covers(&self, other: &Self) -> bool {
        let mut spellings = other.spellings.iter();
        spellings.all(|other_spelling| {
            self.spellings.iter().any(|spelling| match (self.open_left, self.open_right) {
                _ if self.is_spaceless() => other_spelling.contains(spelling.as_str()),
                (false, false) => {
                    spelling == other_spelling && !other.open_left && !other.open_right
                }
                (false, true) => other_spelling.starts_with(spelling.as_str()) && !other.open_left,
                (true, false) => other_spelling.ends_with(spelling.as_str()) && !other.open_right,
                (true, true) => other_spelling.contains(spelling.as_str()),
            })
        })
    }

    /// The words of a token, each with its spelling as it is [`cased`].
    fn parse(token: &str, gap: usize) -> Result<Vec<(Self, String)>, String> {
        let (open_left, rest) = match token.strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, token),
        };
        let (open_right, rest) = match rest.strip_suffix('*') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.contains('*') {
            return Err(format!("`{token}`: a `*` stands at the beginning or the end of a word"));
        }
        let folded = fold(rest);
        let parts: Vec<&str> = match dotted(folded.as_str()) {
            Some(abbreviation) => vec![abbreviation],
            None => folded
                .as_str()
                .split(|c: char| !is_word_char(c) && c != '\'')
                .map(|part| part.trim_matches('\''))
                .filter(|part| !part.is_empty())
                .collect(),
        };
        let last = parts.len().saturating_sub(1);
        let mut behind = 0;
        let words: Vec<(Self, String)> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| {
                let before = folded.as_str().get(behind..).and_then(|rest| rest.find(part));
                let start = behind + before.unwrap_or_default();
                behind = start + part.len();
                let written = rest.get(folded.original_range(rest, start..behind));
                let mut spellings = vec![(*part).to_owned()];
                if part.contains('\'') {
                    spellings.push(part.replace('\'', ""));
                }
                // The article's alif is not written behind the clitic of `for`.
                if let Some(noun) = part.strip_prefix("ال") {
                    spellings.push(format!("لل{noun}"));
                }
                let word = Self {
                    spellings,
                    open_left: open_left && at == 0,
                    open_right: open_right && at == last,
                    gap: if at == 0 { gap } else { 0 },
                    dot: folded.as_str().get(behind..).is_some_and(|rest| rest.starts_with('.')),
                };
                (word, cased(written.unwrap_or_default()))
            })
            .collect();
        if words.is_empty() {
            return Err(format!("`{token}` has no letter or digit"));
        }
        Ok(words)
    }

    fn letters(&self) -> usize {
        self.spellings.first().map_or(0, |spelling| spelling.chars().count())
    }

    fn is_spaceless(&self) -> bool {
        self.spellings.iter().all(|spelling| spelling.chars().next().is_some_and(is_spaceless))
    }
}

/// An abbreviation of three letters and more, with a dot behind each (`c.s.t.o.`), is one word. The
/// name of a letter may be written for it, as Hindi does.
fn dotted(folded: &str) -> Option<&str> {
    let abbreviation = folded.trim_end_matches('.');
    let mut letters = abbreviation.split('.');
    let is_letter = |part: &str| part.chars().all(is_word_char) && part.chars().count() <= 2;
    (abbreviation.matches('.').count() > 1
        && letters.all(|part| !part.is_empty() && is_letter(part)))
    .then_some(abbreviation)
}

/// What may stand inside a word.
pub(super) fn is_word_char(c: char) -> bool {
    // Most letters of a folded text, without a look into Unicode's tables.
    if matches!(c, 'a'..='z' | 'α'..='ω' | 'а'..='я' | 'ա'..='ֆ' | 'א'..='ת' | 'ء'..='ي')
    {
        return true;
    }
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// A spelling with its case, without marks and width: what an exact term is compared by.
pub(super) fn cased(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    text.nfkd().filter(|c| c.is_alphanumeric() && !is_combining_mark(*c)).collect()
}

const MAX_GAP: usize = 20;
