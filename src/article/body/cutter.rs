//! Cuts a page into blocks, and measures each.

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::Node;
use scraper::node::Element;

use super::{
    blocks::{BLOCKS_MAX, Block, Blocks, Container, Picture, Tag},
    lexicon, pictures,
};
use crate::article::dom;

/// Pictures of one page that are looked at.
const PICTURES_MAX: usize = 1000;

/// Cuts what is below `root`, leaving out the elements in `removed`.
pub(super) fn cut(root: NodeRef<'_, Node>, removed: &[NodeId]) -> Blocks {
    let mut cutter = Cutter::default();
    let mut skipping = 0_usize;
    for edge in root.traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if skipping == 0 => cutter.push(text),
                Node::Element(element)
                    if skipping > 0
                        || dom::is_silent(element.name())
                        || is_unseen(element)
                        || removed.contains(&node.id()) =>
                {
                    // What stands before and behind a removed block element are two lines.
                    if removed.contains(&node.id()) && !dom::is_inline(element.name()) {
                        cutter.flush();
                    }
                    skipping += 1;
                }
                Node::Element(element) => cutter.open(element),
                _ => {}
            },
            Edge::Close(node) => match node.value() {
                Node::Element(_) if skipping > 0 => skipping -= 1,
                Node::Element(element) => cutter.close(element),
                _ => {}
            },
        }
        if cutter.blocks.list.len() >= BLOCKS_MAX {
            break;
        }
    }
    cutter.flush();
    cutter.blocks
}

#[derive(Default)]
struct Cutter {
    blocks: Blocks,
    /// The innermost open container.
    inside: usize,
    block: Block,
    link_depth: u32,
    bold_depth: u32,
    italic_depth: u32,
    articles: u16,
    pending_space: bool,
    after_break: bool,
    /// A drop cap is open, or was the last that was pushed: no space follows it.
    drop_cap: bool,
}

impl Cutter {
    fn open(&mut self, element: &Element) {
        let name = element.name();
        if dom::is_inline(name) {
            match name {
                "a" => {
                    self.link_depth += 1;
                    self.block.links += 1;
                }
                "b" | "strong" => self.bold_depth += 1,
                "i" | "em" | "cite" => self.italic_depth += 1,
                "time" => self.block.has_time = true,
                "img" => self.picture(element),
                _ => {}
            }
            if name == "span" && has_class(element, "br") {
                self.line_break();
            } else if self.is_empty() && is_drop_cap(element) {
                self.drop_cap = true;
            } else if self.is_empty() && !matches!(name, "b" | "i" | "em" | "strong" | "img") {
                self.block.inline_marks |= marks(element);
            }
            return;
        }
        match name {
            "br" => self.line_break(),
            "hr" => {
                self.flush();
                self.block.ruled = true;
            }
            "input" => self.flush(),
            _ => {
                self.flush();
                self.enter(name, element);
            }
        }
    }

    fn close(&mut self, element: &Element) {
        let name = element.name();
        if dom::is_inline(name) {
            match name {
                "a" => self.link_depth = self.link_depth.saturating_sub(1),
                "b" | "strong" => self.bold_depth = self.bold_depth.saturating_sub(1),
                "i" | "em" | "cite" => self.italic_depth = self.italic_depth.saturating_sub(1),
                _ => {}
            }
        } else if !matches!(name, "br" | "hr" | "input") {
            self.flush();
            self.inside = self.blocks.containers.get(self.inside).map_or(0, |open| open.parent);
        }
    }

    fn enter(&mut self, name: &str, element: &Element) {
        let tag = Tag::of(name);
        let own = marks(element);
        if tag == Tag::Article {
            self.articles = self.articles.saturating_add(1);
        }
        let (mut hidden, mut declared_body) = (false, false);
        for (key, value) in element.attrs() {
            match key {
                "hidden" => hidden = true,
                "aria-hidden" => hidden |= value == "true",
                "style" => hidden |= hides(value),
                "itemprop" | "property" => declared_body = value.contains("articleBody"),
                _ => {}
            }
        }
        let class = dom::attr(element, "class").unwrap_or_default();
        let own_signature = hash(name.as_bytes(), hash(class.as_bytes(), 0));
        let around = self.blocks.containers.get(self.inside);
        let container = Container {
            parent: self.inside,
            tag,
            depth: around.map_or(0, |up| up.depth.saturating_add(1)),
            marks: own,
            inherited: around.map_or(0, |up| up.inherited) | own,
            within: around.map_or(0, |up| up.within) | 1 << tag as u64,
            hidden: hidden || around.is_some_and(|up| up.hidden),
            declares_body: declared_body,
            declared_body: declared_body || around.is_some_and(|up| up.declared_body),
            signature: hash(&around.map_or(0, |up| up.signature).to_le_bytes(), own_signature),
            article: match (tag, around) {
                (Tag::Article, _) => self.articles,
                (_, Some(up)) => up.article,
                (_, None) => 0,
            },
            words: 0,
            link_words: 0,
            blocks: 0,
        };
        self.inside = self.blocks.containers.len();
        self.blocks.containers.push(container);
    }

    fn picture(&mut self, element: &Element) {
        if let Some(address) = pictures::address(element)
            && self.blocks.pictures.len() < PICTURES_MAX
        {
            let offset = self.blocks.text.len();
            self.blocks.pictures.push(Picture { address, container: self.inside, offset });
        }
    }

    fn line_break(&mut self) {
        let in_heading =
            self.blocks.containers.get(self.inside).is_some_and(|open| open.tag.is_heading());
        if in_heading {
            self.pending_space = true;
            return;
        }
        self.block.broken = true;
        self.flush();
        self.after_break = true;
    }

    /// Whether the text so far ends a sentence: a capital that follows without a space in another
    /// element begins a paragraph that the page keeps apart by style alone. "U.S." ends none.
    fn ends_sentence(&self) -> bool {
        let text = self.blocks.text.get(self.block.start..).unwrap_or_default();
        let mut ends = text.chars().rev();
        let mut last = ends.next();
        if let Some('"' | '”' | '»' | '’') = last {
            last = ends.next();
        }
        matches!(last, Some('.' | '!' | '?' | '…')) && ends.next().is_some_and(char::is_lowercase)
    }

    fn is_empty(&self) -> bool {
        self.blocks.text.len() == self.block.start
    }

    fn push(&mut self, text: &str) {
        if !self.pending_space && self.ends_sentence() && text.starts_with(char::is_uppercase) {
            self.line_break();
        }
        if self.drop_cap && !self.is_empty() && text.contains(|c: char| !c.is_whitespace()) {
            let mut cap = self.blocks.text.get(self.block.start..).unwrap_or_default().chars();
            let letter = cap.next().filter(|_| cap.next().is_none());
            // These are words of one letter too.
            let is_part = letter.is_some_and(|letter| !"AIOEYUÀАВИКОСУЯ".contains(letter));
            self.pending_space &= !(is_part && text.starts_with(char::is_lowercase));
            self.drop_cap = false;
        }
        let mut in_word = false;
        let mut words = 0;
        for c in text.chars() {
            if c.is_whitespace() {
                self.pending_space = true;
                in_word = false;
                continue;
            }
            if matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}') {
                continue;
            }
            if self.pending_space && !self.is_empty() {
                self.blocks.text.push(' ');
            }
            self.pending_space = false;
            self.blocks.text.push(c);
            if c.is_alphanumeric() && !in_word {
                words += 1;
            }
            in_word = c.is_alphanumeric() || matches!(c, '\'' | '’');
        }
        if self.link_depth > 0 {
            self.block.link_words += words;
        }
        if self.bold_depth > 0 {
            self.block.bold_words += words;
        }
        if self.italic_depth > 0 {
            self.block.italic_words += words;
        }
    }

    fn flush(&mut self) {
        self.pending_space = false;
        self.drop_cap = false;
        let end = self.blocks.text.len();
        let mut block = std::mem::take(&mut self.block);
        block.end = end;
        self.block.start = end;
        if end == block.start {
            self.block.ruled = block.ruled;
            return;
        }
        block.container = self.inside;
        block.broken |= std::mem::take(&mut self.after_break);
        let text = self.blocks.text.get(block.start..).unwrap_or_default();
        measure(&mut block, text);
        if block.words == 0 {
            self.blocks.text.truncate(block.start);
            self.block.start = block.start;
            self.block.ruled = block.ruled;
            return;
        }
        self.blocks.list.push(block);
        self.blocks.text.push('\n');
        self.block.start = self.blocks.text.len();
    }
}

fn measure(block: &mut Block, text: &str) {
    let mut in_word = false;
    let mut dense = 0_u32;
    for c in text.chars() {
        match c {
            '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '։' | '።' => {
                block.sentence_ends += 1;
            }
            ',' | '，' | '、' | '،' | '՝' | ';' => block.commas += 1,
            '0'..='9' => block.digits += 1,
            _ => {}
        }
        if is_dense(c) {
            dense += 1;
            in_word = false;
            continue;
        }
        let wordly = c.is_alphanumeric();
        if wordly && !in_word {
            block.words += 1;
            block.capitals += u32::from(c.is_uppercase());
        }
        in_word = wordly || (in_word && matches!(c, '\'' | '’' | '-'));
    }
    // Scripts without spaces: about two characters a word.
    block.words += dense.div_ceil(2);
    block.link_words = block.link_words.min(block.words);
    block.bold_words = block.bold_words.min(block.words);
    block.italic_words = block.italic_words.min(block.words);
    // A link over a text without spaces counts as one word when pushed.
    if dense > 0 && block.link_words > 0 && block.links == 1 && block.words > 1 {
        block.link_words = block.link_words.max(1);
    }
}

/// Han, kana, Thai, Lao and Khmer are written without spaces.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{e00}'..='\u{eff}'
        | '\u{1780}'..='\u{17ff}' | '\u{20000}'..='\u{3ffff}')
}

fn has_class(element: &Element, class: &str) -> bool {
    dom::attr(element, "class").is_some_and(|value| value.split(' ').any(|word| word == class))
}

/// Classes of what shows when the pointer rests on the word before it.
const POP_UPS: [&str; 5] =
    ["tooltiptext", "tooltip-content", "popover-content", "hovercard", "rollover-block"];

/// What is for machines: the publisher and its logo in microdata, and what only a screen reader says
/// in the middle of a line.
fn is_unseen(element: &Element) -> bool {
    let inline = dom::is_inline(element.name());
    element.attrs().any(|(key, value)| match key {
        "itemprop" => matches!(value, "publisher" | "logo"),
        "class" if inline => {
            ["sr-only", "visually-hidden", "visuallyhidden", "screen-reader", "screenreader"]
                .iter()
                .chain(&POP_UPS)
                .any(|mark| value.contains(mark))
        }
        "role" => inline && value == "tooltip",
        "hidden" => inline,
        "style" if inline => hides(value),
        _ => false,
    })
}

/// A first letter set large stands in an element of its own.
fn is_drop_cap(element: &Element) -> bool {
    dom::attr(element, "class").is_some_and(|class| {
        ["drop-cap", "dropcap", "drop_cap", "initial", "first-letter", "firstletter"]
            .iter()
            .any(|mark| class.to_ascii_lowercase().contains(mark))
    })
}

fn hides(style: &str) -> bool {
    let mut compact = style.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let compact: Vec<u8> = compact.by_ref().take(400).map(|b| b.to_ascii_lowercase()).collect();
    memchr::memmem::find(&compact, b"display:none").is_some()
        || memchr::memmem::find(&compact, b"visibility:hidden").is_some()
}

fn marks(element: &Element) -> u32 {
    let mut marks = 0;
    for (key, value) in element.attrs() {
        if matches!(
            key,
            "class" | "id" | "itemprop" | "role" | "data-testid" | "data-component" | "data-module"
        ) {
            marks |= lexicon::marks(value);
        }
    }
    marks
}

/// FNV-1a.
fn hash(bytes: &[u8], seed: u32) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5 ^ seed, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
