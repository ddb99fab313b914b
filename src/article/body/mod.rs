//! Which blocks of the page are the article.

mod blocks;
mod choice;
mod cutter;
mod features;
pub(super) mod lexicon;
mod model;
mod numbers;
mod outline;
mod pictures;
mod stated;

use std::rc::Rc;

use ego_tree::NodeId;
use scraper::Html;

use super::head::Head;
use super::{Candidate, SiteRules, dom, embedded, guard, jsonld};
use blocks::{Block, Blocks};
pub use model::Model;

/// A text of fewer words is checked against what the page states elsewhere.
const THIN: u32 = 60;

/// What the choice may lean on.
#[derive(Debug)]
pub(super) struct Anchors<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) summary: Option<&'a str>,
    pub(super) stated_body: Option<&'a str>,
    pub(super) authors: &'a [String],
    pub(super) site_name: Option<&'a str>,
    /// The page says that it is a live blog.
    pub(super) live: bool,
}

/// The chosen text, and what the page shows besides.
pub(super) struct Body {
    pub(super) text: String,
    pub(super) method: &'static str,
    pub(super) confidence: f32,
    pub(super) words: u32,
    /// How many of them are links; 0 where the text is not the generic choice.
    pub(super) linked: u32,
    /// The beginning of all that can be seen, for the signs of walls and errors.
    pub(super) visible: String,
    pub(super) visible_words: u32,
    pub(super) link_words: u32,
    pub(super) candidates: Vec<Candidate>,
    /// Those of the generic choice.
    pub(super) pictures: Vec<pictures::Captioned>,
    /// What the page's state says beside the text, where the text is from there.
    pub(super) beside: Option<Rc<embedded::Beside>>,
}

/// Bytes of the page's visible text that are kept for the signs of walls.
const VISIBLE_MAX: usize = 100_000;

/// Reads the article's text.
pub(super) fn read(
    html: &Html,
    head: &Head<'_>,
    rules: Option<&SiteRules>,
    anchors: &Anchors<'_>,
    model: &Model,
) -> Body {
    let removed: Vec<NodeId> = rules
        .into_iter()
        .flat_map(|rules| &rules.remove)
        .flat_map(|selector| html.select(selector))
        .map(|element| element.id())
        .collect();
    let blocks = Blocks::of(html.tree.root(), &removed);
    let mut body = chosen(&blocks, anchors, model);
    let mut losers = Vec::new();
    if let Some((text, words)) = rules.and_then(|rules| by_rules(html, rules, &removed)) {
        losers.push(("generic", std::mem::replace(&mut body.text, text)));
        (body.words, body.linked) = (words, 0);
        (body.method, body.confidence) = ("site-rules", 1.0);
    }
    let is_thin = body.words < THIN && body.method == "generic";
    // Looking through all scripts takes long.
    let embedded = is_thin.then(|| embedded::find(head)).flatten();
    let alternatives: [(&str, &dyn Fn() -> Option<String>); 4] = [
        ("jsonld", &|| anchors.stated_body.map(stated_text)),
        ("jsonld", &|| jsonld::posts(&head.ld)),
        ("noscript", &|| is_thin.then(|| without_scripts(head, anchors, model)).flatten()),
        ("script-state", &|| embedded.as_ref().map(|found| found.text.clone())),
    ];
    for (method, text) in alternatives {
        let Some(text) = text() else { continue };
        let words = words_of(&text);
        if is_thin && words > 2 * body.words && words > 30 {
            losers.push((body.method, std::mem::replace(&mut body.text, text)));
            (body.words, body.linked) = (words, 0);
            (body.method, body.confidence) = (method, 0.7);
        } else {
            losers.push((method, text));
        }
    }
    body.candidates = candidates(&body, &losers);
    if body.method == "script-state" {
        body.beside = embedded.map(|found| found.beside);
    }
    body
}

/// A text of fewer words that names JavaScript tells why the page needs it.
const NOTICE: u32 = 150;

/// The longest text that the page has for who runs no scripts.
fn without_scripts(head: &Head<'_>, anchors: &Anchors<'_>, model: &Model) -> Option<String> {
    let texts = head.noscripts.iter().filter_map(|node| {
        let html = guard::parse(&dom::script_text(*node)).ok()?;
        Some(chosen(&Blocks::of(html.tree.root(), &[]), anchors, model).text)
    });
    let is_notice =
        |text: &str| words_of(text) < NOTICE && text.to_lowercase().contains("javascript");
    texts.filter(|text| !is_notice(text)).max_by_key(String::len)
}

fn words_of(text: &str) -> u32 {
    u32::try_from(crate::text::word_count(text)).unwrap_or(u32::MAX)
}

/// The chosen text and those that lost, each with how much of it the chosen one has.
fn candidates(body: &Body, losers: &[(&str, String)]) -> Vec<Candidate> {
    let runs = stated::Runs::of(&body.text);
    let candidate = |method: &str, text: &str, shared: f32| Candidate {
        method: method.to_owned(),
        words: words_of(text),
        shared,
    };
    let chosen = candidate(body.method, &body.text, runs.shared_with_itself());
    let losers = losers
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(method, text)| candidate(method, text, runs.shared_with(text)));
    Some(chosen).filter(|_| !body.text.is_empty()).into_iter().chain(losers).collect()
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
pub(super) fn stated_text(stated: &str) -> String {
    if stated.contains("</") { super::plain(stated) } else { crate::text::clean_text(stated) }
}

fn chosen(blocks: &Blocks, anchors: &Anchors<'_>, model: &Model) -> Body {
    let choice = choice::choose(blocks, anchors, model);
    let kept = || choice.kept.iter().filter_map(|at| blocks.list.get(*at));
    let visible = blocks.text.floor_char_boundary(VISIBLE_MAX.min(blocks.text.len()));
    Body {
        text: assemble(blocks, kept()),
        method: "generic",
        confidence: choice.confidence,
        words: kept().map(|block| block.words).sum(),
        linked: kept().map(|block| block.link_words).sum(),
        visible: blocks.text.get(..visible).unwrap_or_default().to_owned(),
        visible_words: blocks.list.iter().map(|block| block.words).sum(),
        link_words: blocks.list.iter().map(|block| block.link_words).sum(),
        candidates: Vec::new(),
        pictures: pictures::of_article(blocks, &choice.kept),
        beside: None,
    }
}

/// Blocks as text: apart by a blank line; the cells of a table's row in one line.
fn assemble<'a>(blocks: &Blocks, kept: impl Iterator<Item = &'a Block>) -> String {
    let mut text = String::new();
    for block in kept {
        let cells = blocks.text_of(block).split('\n').map(crate::text::clean_line);
        let line = cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ");
        if line.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&line);
    }
    text
}

/// A block as the trainer sees it.
#[derive(Debug, serde::Serialize)]
pub struct BlockView {
    pub text: String,
    pub features: Vec<f32>,
    /// Its container and all around it, innermost first.
    pub path: Vec<usize>,
    /// Its group of like blocks.
    pub group: u32,
}

pub(super) fn views(html: &Html, anchors: &Anchors<'_>) -> Vec<BlockView> {
    let blocks = Blocks::of(html.tree.root(), &[]);
    let features = features::of(&blocks, anchors);
    blocks
        .list
        .iter()
        .zip(features.rows)
        .map(|(block, features)| {
            let path = blocks.around(block.container).map(|(at, _)| at).collect();
            let group = blocks.containers.get(block.container).map_or(0, |c| c.signature);
            BlockView { text: blocks.text_of(block).to_owned(), features, path, group }
        })
        .collect()
}

/// A line of the page that is not in the text.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LeftOut {
    pub text: String,
    /// How likely it was held to be part of the article, 0 to 1.
    pub likely: f32,
}

/// Lines of fewer words say nothing alone.
const LEFT_OUT_WORDS: u32 = 8;

pub(super) fn left_out(html: &Html, anchors: &Anchors<'_>) -> Vec<LeftOut> {
    let blocks = Blocks::of(html.tree.root(), &[]);
    let choice = choice::choose(&blocks, anchors, Model::shipped());
    blocks
        .list
        .iter()
        .zip(choice.likely)
        .enumerate()
        .filter(|(at, (block, likely))| {
            block.words >= LEFT_OUT_WORDS && *likely > 0.0 && choice.kept.binary_search(at).is_err()
        })
        .map(|(_, (block, likely))| LeftOut { text: blocks.text_of(block).to_owned(), likely })
        .collect()
}

pub(super) fn feature_names() -> &'static [&'static str] {
    &features::NAMES
}
