//! Which blocks of the page are the article.

mod blocks;
mod features;
mod lexicon;

use ego_tree::NodeId;
use scraper::Html;

use super::head::Head;
use super::{SiteRules, embedded, title};
use blocks::{Block, Blocks, Tag};

/// A text of fewer words is checked against what the page states elsewhere.
const THIN: u32 = 60;

/// What the choice may lean on.
#[derive(Debug, Default)]
pub(super) struct Anchors<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) stated_body: Option<&'a str>,
}

/// The chosen text, and what the page shows besides.
pub(super) struct Body {
    pub(super) text: String,
    pub(super) method: &'static str,
    pub(super) confidence: f32,
    pub(super) words: u32,
    /// The beginning of all that can be seen, for the signs of walls and errors.
    pub(super) visible: String,
    pub(super) visible_words: u32,
    pub(super) link_words: u32,
}

/// Bytes of the page's visible text that are kept for the signs of walls.
const VISIBLE_MAX: usize = 100_000;

/// Reads the article's text.
pub(super) fn read(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    anchors: &Anchors<'_>,
) -> Body {
    let removed: Vec<NodeId> = rules
        .into_iter()
        .flat_map(|rules| &rules.remove)
        .flat_map(|selector| html.select(selector))
        .map(|element| element.id())
        .collect();
    let blocks = Blocks::of(html.tree.root(), &removed);
    let mut body = choose(&blocks, anchors);
    let ruled = rules.and_then(|rules| by_rules(html, rules, &removed));
    if let Some((text, words)) = ruled {
        (body.text, body.words, body.method, body.confidence) = (text, words, "site-rules", 1.0);
        return body;
    }
    if body.words < THIN {
        let stated = anchors.stated_body.map(stated_text);
        let alternatives = [(stated, "jsonld"), (embedded::find(head), "script-state")];
        for (text, method) in alternatives {
            let Some(text) = text else { continue };
            let words = u32::try_from(crate::text::word_count(&text)).unwrap_or(u32::MAX);
            if words > 2 * body.words && words > 30 {
                (body.text, body.words, body.method) = (text, words, method);
                body.confidence = 0.7;
            }
        }
    }
    body
}

/// All text of a piece of HTML, paragraph by paragraph.
pub(super) fn everything(html: &Html) -> String {
    let blocks = Blocks::of(html.tree.root(), &[]);
    assemble(&blocks, blocks.list.iter())
}

fn by_rules(html: &Html, rules: &SiteRules, removed: &[NodeId]) -> Option<(String, u32)> {
    for selector in &rules.body {
        let mut text = String::new();
        let mut words = 0;
        let mut outermost: Vec<NodeId> = Vec::new();
        for element in html.select(selector) {
            if element.ancestors().any(|up| outermost.contains(&up.id())) {
                continue;
            }
            outermost.push(element.id());
            let blocks = Blocks::of(*element, removed);
            let part = assemble(&blocks, blocks.list.iter());
            words += blocks.list.iter().map(|block| block.words).sum::<u32>();
            if !text.is_empty() && !part.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&part);
        }
        if !text.is_empty() {
            return Some((text, words));
        }
    }
    None
}

/// JSON-LD's `articleBody`: its line breaks are its paragraphs; some publishers put HTML there.
fn stated_text(stated: &str) -> String {
    if stated.contains("</") { super::plain(stated) } else { crate::text::clean_text(stated) }
}

fn choose(blocks: &Blocks, anchors: &Anchors<'_>) -> Body {
    let mut scores = vec![0.0_f32; blocks.containers.len()];
    for block in &blocks.list {
        let inside = blocks.containers.get(block.container);
        let bad = inside.is_some_and(|c| {
            c.hidden || c.within & (1 << Tag::Nav as u64 | 1 << Tag::Footer as u64) != 0
        });
        if block.words < 12 || block.link_words * 2 > block.words || bad {
            continue;
        }
        let score = features::real(block.words);
        for (step, (at, _)) in blocks.around(block.container).take(4).enumerate() {
            if let Some(total) = scores.get_mut(at) {
                *total += score * [0.3, 1.0, 0.7, 0.3].get(step).copied().unwrap_or(0.0);
            }
        }
    }
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |best| best.0);
    let title = anchors.title.map(title::folded).unwrap_or_default();
    let kept: Vec<&Block> = blocks
        .list
        .iter()
        .filter(|block| blocks.around(block.container).any(|(at, _)| at == best))
        .filter(|block| {
            let container = blocks.containers.get(block.container);
            let long = block.words >= 10 && block.link_words * 2 <= block.words;
            let heading = block.link_words == 0
                && container.is_some_and(|c| c.tag.is_heading() || c.tag == Tag::Paragraph);
            let bad = container.is_some_and(|c| {
                c.hidden
                    || [Tag::Nav, Tag::Footer, Tag::Caption, Tag::Aside]
                        .iter()
                        .any(|tag| c.within >> *tag as u64 & 1 == 1)
            });
            (long || heading) && !bad && title::folded(blocks.text_of(block)) != title
        })
        .collect();
    let words = kept.iter().map(|block| block.words).sum();
    Body {
        text: assemble(blocks, kept.into_iter()),
        method: "generic",
        confidence: 0.5,
        words,
        visible: blocks
            .text
            .get(..blocks.text.floor_char_boundary(VISIBLE_MAX.min(blocks.text.len())))
            .unwrap_or_default()
            .to_owned(),
        visible_words: blocks.list.iter().map(|block| block.words).sum(),
        link_words: blocks.list.iter().map(|block| block.link_words).sum(),
    }
}

/// Blocks as text: apart by a blank line; the cells of a table's row in one line.
fn assemble<'a>(blocks: &Blocks, kept: impl Iterator<Item = &'a Block>) -> String {
    let mut text = String::new();
    let mut last_row = None;
    for block in kept {
        let row = blocks
            .around(block.container)
            .take(3)
            .find(|(_, up)| up.tag == Tag::Row)
            .map(|(at, _)| at);
        let line = crate::text::clean_line(blocks.text_of(block));
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if row.is_some() && row == last_row { " | " } else { "\n\n" });
        }
        text.push_str(&line);
        last_row = row;
    }
    text
}

/// A block as the trainer sees it.
#[derive(Debug, serde::Serialize)]
pub struct BlockView {
    pub text: String,
    pub features: Vec<f32>,
    /// Its container, the two around that, and its group of like blocks.
    pub kin: [usize; 4],
}

pub(super) fn views(html: &Html, anchors: &Anchors<'_>) -> Vec<BlockView> {
    let blocks = Blocks::of(html.tree.root(), &[]);
    let features = features::of(&blocks, anchors);
    let mut group = 0;
    blocks
        .list
        .iter()
        .zip(features.rows)
        .map(|(block, features)| {
            let mut kin = [0; 4];
            for (place, (at, container)) in kin.iter_mut().zip(blocks.around(block.container)) {
                *place = at;
                if at == block.container {
                    group = container.signature as usize;
                }
            }
            kin[3] = group;
            BlockView { text: blocks.text_of(block).to_owned(), features, kin }
        })
        .collect()
}

pub(super) fn feature_names() -> &'static [&'static str] {
    &features::NAMES
}
