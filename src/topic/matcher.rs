//! Where the terms of all topics stand in a text: one automaton, then checks that know scripts.

use std::{collections::BTreeMap, ops::Range};

use super::{
    Topic,
    scan::Scanner,
    term::{Term, Word, cased, is_word_char},
};
use crate::text::{Folded, is_spaceless};

/// The automaton over all terms of all topics.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    scanner: Scanner,
    /// By pattern of the automaton: the terms that it may begin.
    terms_of: Vec<Vec<u32>>,
    terms: Vec<Placed>,
}

#[derive(Debug, Clone)]
struct Placed {
    topic: usize,
    concept: usize,
    at: usize,
    term: Term,
}

/// One occurrence of a term, in bytes of the folded field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) concept: usize,
    /// Of the concept's terms.
    pub(super) term: usize,
}

impl Matcher {
    pub(super) fn new(topics: &[Topic]) -> Result<Self, aho_corasick::BuildError> {
        let mut terms = Vec::new();
        let mut patterns: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (topic_at, topic) in topics.iter().enumerate() {
            for (concept, terms_of_concept) in topic.concepts.iter().enumerate() {
                for (at, term) in terms_of_concept.terms.iter().enumerate() {
                    let index = u32::try_from(terms.len()).unwrap_or(u32::MAX);
                    let anchor = term.words.get(term.anchor);
                    for spelling in anchor.iter().flat_map(|word| &word.spellings) {
                        patterns.entry(spelling).or_default().push(index);
                    }
                    terms.push(Placed { topic: topic_at, concept, at, term: term.clone() });
                }
            }
        }
        let spelt: Vec<&str> = patterns.keys().copied().collect();
        let scanner = Scanner::new(&spelt)?;
        Ok(Self { scanner, terms_of: patterns.into_values().collect(), terms })
    }

    /// All occurrences in one field, by topic, in order of their place. `language` is a primary
    /// subtag.
    pub(super) fn hits(
        &self,
        original: &str,
        folded: &Folded,
        language: Option<&str>,
        topics: usize,
    ) -> Vec<Vec<Hit>> {
        let mut hits = vec![Vec::new(); topics];
        let view = View { bytes: folded.as_bytes(), folded, original };
        self.scanner.scan(view.bytes, |pattern, anchor| {
            for term in self.terms_of.get(pattern).into_iter().flatten() {
                let Some(placed) = self.terms.get(*term as usize) else { continue };
                if placed.term.only.is_some() && placed.term.only.as_deref() != language {
                    continue;
                }
                let Some(range) = view.whole_term(&placed.term, anchor.clone()) else { continue };
                if let Some(hits) = hits.get_mut(placed.topic) {
                    let Range { start, end } = range;
                    hits.push(Hit { start, end, concept: placed.concept, term: placed.at });
                }
            }
        });
        for hits in &mut hits {
            hits.sort_unstable_by_key(|hit| {
                (hit.start, usize::MAX - hit.end, hit.concept, hit.term)
            });
            drop_overlaps(hits);
        }
        hits
    }
}

/// Of two occurrences of one concept that overlap the first, and of those the longer, counts.
fn drop_overlaps(hits: &mut Vec<Hit>) {
    let mut end_of: BTreeMap<usize, usize> = BTreeMap::new();
    hits.retain(|hit| {
        let end = end_of.entry(hit.concept).or_default();
        let apart = hit.start >= *end;
        if apart {
            *end = hit.end;
        }
        apart
    });
}

/// Letters; a longer run of them is no word, and is not walked through for every term in it.
const LONGEST_WORD: usize = 100;

/// Bytes; a shorter term behind a small letter is rather a part of a word in camel case.
const SHORTEST_GLUED: usize = 6;

/// One field as the checks see it.
struct View<'a> {
    bytes: &'a [u8],
    folded: &'a Folded,
    original: &'a str,
}

impl View<'_> {
    /// The whole occurrence of `term` whose anchor was found at `anchor`, if it stands there.
    fn whole_term(&self, term: &Term, anchor: Range<usize>) -> Option<Range<usize>> {
        let word = term.words.get(term.anchor)?;
        if !word.open_right && !self.ends_word(anchor.end) {
            return None;
        }
        if !word.open_left && !self.begins_word(&anchor) {
            return None;
        }
        if !self.has_case(anchor.clone(), term.case_of(term.anchor), false) {
            return None;
        }
        let mut start = anchor.start;
        if word.open_left {
            start = self.word_start(start);
        }
        let mut end = anchor.end;
        if word.open_right {
            end = self.word_end(end);
        }
        let mut gap = word.gap;
        for (at, word) in term.words.iter().enumerate().take(term.anchor).rev() {
            start = self.find_before(word, at == 0, term.case_of(at), start, gap)?;
            gap = word.gap;
        }
        let mut dot = word.dot;
        for (at, word) in term.words.iter().enumerate().skip(term.anchor + 1) {
            end = self.find_after(word, term.case_of(at), end, dot)?;
            dot = word.dot;
        }
        Some(start..end)
    }

    /// Closed on the left: no letter before, but for a clitic, another script that writes without
    /// spaces, or words run together (`progressifJeudi`).
    fn begins_word(&self, anchor: &Range<usize>) -> bool {
        let start = anchor.start;
        let Some(before) = self.char_before(start).filter(|c| is_word_char(*c)) else {
            // Of an abbreviation with dots the end is another.
            let is_dotted = || self.text(anchor.clone()).contains('.');
            return self.char_before(start) != Some('.') || !is_dotted();
        };
        let Some(first) = self.char_at(start) else { return false };
        if is_spaceless(before) || is_spaceless(first) {
            return true;
        }
        if before.is_numeric() && !first.is_numeric() {
            return true;
        }
        match clitics(first) {
            Some(is_clitic) => is_clitic(self.text(self.word_start(start)..start)),
            None => anchor.len() >= SHORTEST_GLUED && self.is_run_together(start),
        }
    }

    fn ends_word(&self, end: usize) -> bool {
        let Some(after) = self.char_at(end).filter(|c| is_word_char(*c)) else { return true };
        let Some(last) = self.char_before(end) else { return false };
        is_spaceless(after) || is_spaceless(last) || (after.is_numeric() && !last.is_numeric())
    }

    /// A small letter and then a capital one, in the original.
    fn is_run_together(&self, start: usize) -> bool {
        if self.original.is_empty() {
            return false;
        }
        let first = self.folded.original_range(self.original, start..start + 1);
        let before = self.original.get(..first.start).and_then(|text| text.chars().next_back());
        let first = self.original.get(first).and_then(|text| text.chars().next());
        before.is_some_and(char::is_lowercase) && first.is_some_and(char::is_uppercase)
    }

    /// Whether a word is in upper and lower case as it must be; `open_left` where more may stand
    /// before it in `range`.
    fn has_case(&self, range: Range<usize>, exact: Option<&str>, open_left: bool) -> bool {
        let Some(exact) = exact else { return true };
        let range = self.folded.original_range(self.original, range);
        let surface = cased(self.original.get(range).unwrap_or_default());
        if open_left { surface.contains(exact) } else { surface.starts_with(exact) }
    }

    /// Where `word` begins, if it stands before `end` with at most `gap` words between; `is_first`
    /// of its term.
    fn find_before(
        &self,
        word: &Word,
        is_first: bool,
        case: Option<&str>,
        mut end: usize,
        gap: usize,
    ) -> Option<usize> {
        for _ in 0..=gap {
            let behind_dot;
            (end, behind_dot) = self.skip_back(end, word.dot)?;
            let whole = word.spellings.iter().find(|spelling| {
                self.bytes.get(..end).is_some_and(|text| text.ends_with(spelling.as_bytes()))
                    && (spelling.chars().next_back().is_some_and(is_spaceless)
                        || spelling.contains('.') && self.begins_word(&(end - spelling.len()..end)))
            });
            if let Some(spelling) = whole
                && self.has_case(end - spelling.len()..end, case, word.open_left)
            {
                return Some(end - spelling.len());
            }
            let start = self.token_start(end);
            if let Some(within) = place_in(word, is_first, self.text(start..end))
                && self.has_case(start + within.start..start + within.end, case, word.open_left)
            {
                return Some(start + within.start);
            }
            // The dot was not this word's.
            if behind_dot {
                return None;
            }
            end = start;
        }
        None
    }

    /// Where `word` ends, if it stands after `start` with at most its gap between; `dot` where the word
    /// before it may have one.
    fn find_after(
        &self,
        word: &Word,
        case: Option<&str>,
        mut start: usize,
        dot: bool,
    ) -> Option<usize> {
        if dot && self.char_at(start) == Some('.') {
            start += 1;
        }
        for _ in 0..=word.gap {
            start = self.skip(start)?;
            let whole = word.spellings.iter().find(|spelling| {
                self.bytes.get(start..).is_some_and(|text| text.starts_with(spelling.as_bytes()))
                    && (spelling.chars().next().is_some_and(is_spaceless)
                        || spelling.contains('.') && self.ends_word(start + spelling.len()))
            });
            if let Some(spelling) = whole
                && self.has_case(start..start + spelling.len(), case, word.open_left)
            {
                return Some(start + spelling.len());
            }
            let end = self.token_end(start);
            if let Some(within) = place_in(word, false, self.text(start..end))
                && self.has_case(start + within.start..start + within.end, case, word.open_left)
            {
                return Some(start + within.end);
            }
            start = end;
        }
        None
    }

    /// Over spaces, quotes, hyphens and brackets to the next word; nothing where a sentence or a
    /// part of one ends.
    fn skip(&self, mut at: usize) -> Option<usize> {
        loop {
            let c = self.char_at(at)?;
            if is_word_char(c) {
                return Some(at);
            }
            if parts_phrases(c) {
                return None;
            }
            at += c.len_utf8();
        }
    }

    /// The same backwards, and whether a dot was passed, which may stand right behind the word.
    fn skip_back(&self, mut at: usize, dot: bool) -> Option<(usize, bool)> {
        let mut behind_dot = false;
        loop {
            let c = self.char_before(at)?;
            if is_word_char(c) {
                return Some((at, behind_dot));
            }
            if behind_dot || parts_phrases(c) && !(dot && c == '.') {
                return None;
            }
            behind_dot = c == '.';
            at -= c.len_utf8();
        }
    }

    /// The end of the word that begins at `at`, with what an apostrophe joins to it. A character
    /// of a script without spaces is a word.
    fn token_end(&self, at: usize) -> usize {
        if let Some(c) = self.char_at(at).filter(|c| is_spaceless(*c)) {
            return at + c.len_utf8();
        }
        let end = self.word_end(at);
        let behind = self.word_end(end + 1);
        if self.bytes.get(end) == Some(&b'\'') && behind > end + 1 { behind } else { end }
    }

    fn token_start(&self, at: usize) -> usize {
        if let Some(c) = self.char_before(at).filter(|c| is_spaceless(*c)) {
            return at - c.len_utf8();
        }
        let start = self.word_start(at);
        let Some(apostrophe) = start.checked_sub(1) else { return start };
        let before = self.word_start(apostrophe);
        if self.bytes.get(apostrophe) == Some(&b'\'') && before < apostrophe {
            before
        } else {
            start
        }
    }

    /// The end of the letters from `at` on that belong to its word.
    fn word_end(&self, mut at: usize) -> usize {
        for _ in 0..LONGEST_WORD {
            match self.char_at(at) {
                Some(c) if is_word_char(c) && !is_spaceless(c) => at += c.len_utf8(),
                _ => break,
            }
        }
        at
    }

    fn word_start(&self, mut at: usize) -> usize {
        for _ in 0..LONGEST_WORD {
            match self.char_before(at) {
                Some(c) if is_word_char(c) && !is_spaceless(c) => at -= c.len_utf8(),
                _ => break,
            }
        }
        at
    }

    fn char_at(&self, at: usize) -> Option<char> {
        let bytes = self.bytes.get(at..)?;
        let length = match bytes.first()? {
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()
    }

    fn char_before(&self, at: usize) -> Option<char> {
        let bytes = self.bytes.get(..at)?;
        let length = bytes.iter().rev().take_while(|byte| **byte & 0xC0 == 0x80).count() + 1;
        std::str::from_utf8(bytes.get(at.checked_sub(length)?..)?).ok()?.chars().next()
    }

    fn text(&self, range: Range<usize>) -> &str {
        self.bytes.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// Where in `token`, a word of the text with what apostrophes join to it, `word` stands: all of
/// it, what follows an elided article (`l'organisation`) or, for the first of a phrase, a clitic, or
/// what a suffix follows (`Kiev'in`).
fn place_in(word: &Word, is_first: bool, token: &str) -> Option<Range<usize>> {
    let apostrophe = token.find('\'');
    let parts = [
        Some(0..token.len()),
        apostrophe.map(|at| at + 1..token.len()),
        apostrophe.map(|at| 0..at),
    ];
    parts.into_iter().flatten().find_map(|part| {
        let text = token.get(part.clone()).unwrap_or_default();
        let begin = word.spellings.iter().find_map(|spelling| {
            match (word.open_left, word.open_right) {
                (false, false) => text.strip_suffix(spelling).map(str::len),
                (false, true) => text.find(spelling),
                (true, false) => text.ends_with(spelling).then_some(0),
                (true, true) => text.contains(spelling).then_some(0),
            }
            .filter(|at| *at == 0 || is_first && is_behind_clitic(text, *at))
        })?;
        Some(part.start + begin..part.end)
    })
}

fn is_behind_clitic(text: &str, at: usize) -> bool {
    let Some((before, behind)) = text.split_at_checked(at) else { return false };
    behind.chars().next().and_then(clitics).is_some_and(|is_clitic| is_clitic(before))
}

/// The words of a phrase never stand on two sides of these.
fn parts_phrases(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | '\n' | '。' | '、' | '،' | '؛' | '؟' | '।' | '|'
    )
}

/// What tells whether letters are what is written together with the word behind, where that begins
/// with `first`.
fn clitics(first: char) -> Option<fn(&str) -> bool> {
    match first {
        '\u{600}'..='\u{6FF}' => Some(is_arabic_clitic),
        '\u{5D0}'..='\u{5EA}' => Some(is_hebrew_prefix),
        _ => None,
    }
}

/// What Arabic writes together with the word behind: and, so, in, like, for, the.
fn is_arabic_clitic(prefix: &str) -> bool {
    let rest = prefix.strip_prefix(['و', 'ف']).unwrap_or(prefix);
    matches!(rest, "" | "ب" | "ك" | "ل" | "س" | "ال" | "بال" | "كال" | "لل")
}

/// What Hebrew writes together with the word behind: and, the, in, to, from, that, as.
fn is_hebrew_prefix(prefix: &str) -> bool {
    prefix.chars().count() <= 3 && prefix.chars().all(|c| "והבלמשכ".contains(c))
}
