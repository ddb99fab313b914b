//! Damages feeds: a seeded generator, so that every run makes the same copies.

#![expect(
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "its indices are drawn below the lengths; it is shared by a benchmark and a test"
)]

/// Larger copies are cut: small ones reach the same code more often.
const LONGEST: usize = 6000;

/// Pieces that have meaning to a reader of feeds.
const TOKENS: &[&str] = &[
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE x [",
    "]>",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    "&#x110000;",
    "&#0;",
    "&amp;amp;",
    "&",
    "<media:group>",
    "</media:group>",
    "<media:credit>",
    " xml:base=\"../a/\"",
    " xml:base=\"http://[\"",
    "<rss version=\"2.0\">",
    "<channel>",
    "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
    "<rdf:RDF>",
    "</rss>",
    "</feed>",
    "<link href=\"//\"/>",
    "<link>",
    "</link>",
    "<title type=\"xhtml\">",
    "<content type=\"application/x\">",
    "<pubDate>",
    "</pubDate>",
    "24:00:60",
    "31 Feb",
    "-0000",
    "2022-01-16T",
    "+9999999",
    "<author>a@example.jp（山田）</author>",
    "<guid>",
    "</guid>",
    "<script>",
    "</script",
    "<a href='",
    "\"",
    "'",
    "<",
    ">",
    "/",
    "=",
    "\u{0}",
    "\u{fffe}",
    "\u{feff}",
    "{\"items\":[",
    "]}",
    "{\"id\":1e999}",
    "\\ud800",
    "<urlset>",
    "<url><loc>",
    "<news:title>",
    "١٦ يناير",
    "令和",
    "ß",
];

pub struct Mutator {
    state: u64,
}

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// `SplitMix64` (Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or(0)
    }

    /// A damaged copy of `feed`, with pieces of `other` in it.
    pub fn mutate(&mut self, feed: &[u8], other: &[u8]) -> Vec<u8> {
        let from = if feed.len() > LONGEST && self.below(4) == 0 {
            self.index(feed.len() - LONGEST)
        } else {
            0
        };
        let mut copy: Vec<u8> = feed.iter().skip(from).take(LONGEST).copied().collect();
        for _ in 0..=self.below(6) {
            let at = self.index(copy.len() + 1);
            let end = (at + self.index(60)).min(copy.len());
            match self.below(9) {
                0 => drop(copy.drain(at..end)),
                1 => copy.truncate(at),
                2 => {
                    if let Some(byte) = copy.get_mut(at) {
                        *byte = u8::try_from(self.below(256)).unwrap_or(0);
                    }
                }
                3 => {
                    let piece = copy[at..end].to_vec();
                    let times = self.index(20);
                    let piece = piece.repeat(times);
                    drop(copy.splice(at..at, piece));
                }
                4 => {
                    let start = self.index(other.len() + 1);
                    let piece: Vec<u8> = other.iter().skip(start).take(200).copied().collect();
                    drop(copy.splice(at..end, piece));
                }
                5 => {
                    let token = TOKENS[self.index(TOKENS.len())];
                    let times = if self.below(20) == 0 { 1200 } else { 1 };
                    drop(copy.splice(at..at, token.repeat(times).into_bytes()));
                }
                _ => {
                    let token = TOKENS[self.index(TOKENS.len())];
                    drop(copy.splice(at..end, token.bytes()));
                }
            }
        }
        copy
    }
}
