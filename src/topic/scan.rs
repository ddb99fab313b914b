//! All places of many patterns in a text.
//!
//! A pass over an automaton waits for memory at every byte, as the next state depends on the one
//! before. Four passes side by side, each over a quarter of the text, wait together: two to three times as
//! fast on one core.

use std::ops::Range;

use aho_corasick::{
    Anchored,
    automaton::{Automaton, StateID},
    dfa::DFA,
    nfa::contiguous::NFA,
};

/// An automaton over many patterns.
#[derive(Debug, Clone)]
pub(super) enum Scanner {
    Dfa(DFA),
    Nfa(NFA),
}

/// Bytes of all patterns up to which the automaton is a DFA: the fastest, but its table grows with
/// them.
const DFA_BYTES: usize = 200_000;

const LANES: usize = 4;

/// Bytes; a shorter text is read in one pass.
const SHORTEST: usize = 512;

impl Scanner {
    pub(super) fn new(patterns: &[&str]) -> Result<Self, aho_corasick::BuildError> {
        let bytes: usize = patterns.iter().map(|pattern| pattern.len()).sum();
        if bytes <= DFA_BYTES {
            Ok(Self::Dfa(DFA::builder().prefilter(false).build(patterns)?))
        } else {
            Ok(Self::Nfa(NFA::builder().prefilter(false).build(patterns)?))
        }
    }

    /// Calls `found` with the number of a pattern and its place, for each of its places, in the
    /// order of their ends. Places overlap.
    pub(super) fn scan(&self, text: &[u8], found: impl FnMut(usize, Range<usize>)) {
        match self {
            Self::Dfa(dfa) => scan(dfa, text, found),
            Self::Nfa(nfa) => scan(nfa, text, found),
        }
    }
}

/// One pass: its state, and where it met the end of a pattern.
struct Lane {
    state: StateID,
    met: Vec<(usize, StateID)>,
}

impl Lane {
    #[inline]
    fn step(&mut self, automaton: &impl Automaton, byte: u8, at: usize) {
        self.state = automaton.next_state(Anchored::No, self.state, byte);
        if automaton.is_special(self.state) && automaton.is_match(self.state) {
            self.met.push((at + 1, self.state));
        }
    }
}

fn scan(automaton: &impl Automaton, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
    let Ok(start) = automaton.start_state(Anchored::No) else { return };
    let longest = automaton.max_pattern_len();
    let piece = if text.len() < SHORTEST.max(longest * LANES) { 0 } else { text.len() / LANES };
    // Each pass begins as far before its piece as a pattern can reach, to know what it is within.
    let mut lanes: [Lane; LANES] = std::array::from_fn(|lane| {
        let from = (lane * piece).saturating_sub(longest);
        let before = text.get(from..lane * piece).unwrap_or_default();
        let state = before
            .iter()
            .fold(start, |state, byte| automaton.next_state(Anchored::No, state, *byte));
        Lane { state, met: Vec::new() }
    });
    let [first, second, third, last] = &mut lanes;
    let quarter = |lane: usize| text.get(lane * piece..(lane + 1) * piece).unwrap_or_default();
    let together = quarter(0).iter().zip(quarter(1)).zip(quarter(2)).zip(quarter(3));
    for (at, (((a, b), c), d)) in together.enumerate() {
        first.step(automaton, *a, at);
        second.step(automaton, *b, piece + at);
        third.step(automaton, *c, 2 * piece + at);
        last.step(automaton, *d, 3 * piece + at);
    }
    for (at, byte) in text.iter().enumerate().skip(LANES * piece) {
        last.step(automaton, *byte, at);
    }
    for (end, state) in lanes.into_iter().flat_map(|lane| lane.met) {
        for index in 0..automaton.match_len(state) {
            let pattern = automaton.match_pattern(state, index);
            found(pattern.as_usize(), end - automaton.pattern_len(pattern)..end);
        }
    }
}
