//! What is known of a page as a whole before its blocks are looked at one by one.

use std::collections::BTreeMap;

use super::Anchors;
use super::blocks::{Block, Blocks, Container, Tag};
use super::lexicon;
use super::numbers::{real, real_size};
use crate::article::title::folded;

/// A paragraph of at least so many words, most of them outside links, is likely prose.
const PROSE_WORDS: u32 = 20;

/// What is known of the page as a whole.
pub(super) struct Outline {
    pub(super) words_before: Vec<u32>,
    pub(super) words: f32,
    pub(super) prose_before: Vec<u32>,
    pub(super) prose: f32,
    /// Distance in blocks to the prose before and after; 99 where there is none.
    pub(super) since_prose: Vec<u32>,
    pub(super) until_prose: Vec<u32>,
    pub(super) title_at: Option<usize>,
    pub(super) best: usize,
    /// The best container and those around it, in ascending order.
    pub(super) best_path: Vec<usize>,
    pub(super) best_depth: i32,
    pub(super) largest_article: u16,
    pub(super) groups: BTreeMap<(u32, Tag), Group>,
    pub(super) repeats: BTreeMap<u64, u32>,
    /// How much of each block stands in other blocks too.
    pub(super) repeated_share: Vec<f32>,
    pub(super) h1_before: Vec<u32>,
    /// The container that a compound class name calls the article's text, and its share of the
    /// page's prose.
    pub(super) entry: Option<(usize, f32)>,
    /// The containers around the title, in ascending order.
    pub(super) title_path: Vec<usize>,
    pub(super) title_article: u16,
    /// The last heading before each block.
    pub(super) headings: Vec<Option<Heading>>,
    /// Words of prose in each container.
    pub(super) prose_in: Vec<u32>,
    /// The number of first-level headings in each container.
    pub(super) h1_in: Vec<u32>,
    /// Prose before the best container.
    pub(super) prose_before_best: u32,
    pub(super) since_rule: Vec<u32>,
    /// The container of the last picture that stands before each block, and behind the one before.
    pub(super) pictures: Vec<Option<usize>>,
}

#[derive(Clone, Copy)]
pub(super) struct Heading {
    pub(super) at: usize,
    /// It has a phrase of boilerplate somewhere; what the model was trained on.
    pub(super) telltale: bool,
    /// It announces other stories and the like.
    pub(super) announces: bool,
}

#[derive(Default, Clone, Copy)]
pub(super) struct Group {
    pub(super) blocks: f32,
    pub(super) words: f32,
    pub(super) link_words: f32,
    pub(super) prose: f32,
}

impl Outline {
    /// `runs_of` are each block's runs of three words.
    pub(super) fn of(blocks: &Blocks, anchors: &Anchors<'_>, runs_of: &[Vec<u32>]) -> Self {
        let mut scores = vec![0.0_f32; blocks.containers.len()];
        let mut groups: BTreeMap<(u32, Tag), Group> = BTreeMap::new();
        let mut repeats: BTreeMap<u64, u32> = BTreeMap::new();
        let mut article_words: BTreeMap<u16, u32> = BTreeMap::new();
        let (mut words, mut prose, mut h1) = (0, 0, 0);
        let (mut words_before, mut prose_before, mut h1_before) = (vec![], vec![], vec![]);
        for block in &blocks.list {
            words_before.push(words);
            prose_before.push(prose);
            h1_before.push(h1);
            words += block.words;
            let Some(container) = blocks.containers.get(block.container) else { continue };
            h1 += u32::from(container.tag == Tag::H1);
            *repeats.entry(text_hash(blocks.text_of(block))).or_insert(0) += 1;
            let group = groups.entry((container.signature, container.tag)).or_default();
            group.blocks += 1.0;
            group.words += real(block.words);
            group.link_words += real(block.link_words);
            if is_prose(block) {
                prose += block.words;
                group.prose += real(block.words);
                *article_words.entry(container.article).or_insert(0) += block.words;
                let doubt = if container.is_doubtful() { 0.2 } else { 1.0 };
                for (step, (up, _)) in blocks.around(block.container).take(4).enumerate() {
                    if let Some(score) = scores.get_mut(up) {
                        let share = [0.3, 1.0, 0.7, 0.3].get(step).copied().unwrap_or(0.0);
                        *score += real(block.words) * share * doubt;
                    }
                }
            }
        }
        let title_at = title_at(blocks, anchors);
        let title = title_at.and_then(|at| blocks.list.get(at));
        let best =
            scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |best| best.0);
        article_words.remove(&0);
        let best_container = blocks.containers.get(best);
        let prose_in = sums(blocks, |block| if is_prose(block) { block.words } else { 0 });
        let is_h1 = |block: &Block| {
            blocks.containers.get(block.container).is_some_and(|container| container.tag == Tag::H1)
        };
        let h1_in = sums(blocks, |block| u32::from(is_h1(block)));
        Self {
            best,
            best_path: path_to(blocks, best),
            best_depth: best_container.map_or(0, |c| i32::from(c.depth)),
            words: real(words),
            prose: real(prose),
            since_prose: distances(blocks.list.iter()),
            until_prose: {
                let mut list = distances(blocks.list.iter().rev());
                list.reverse();
                list
            },
            title_at,
            largest_article: article_words
                .iter()
                .max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)))
                .map_or(0, |(article, _)| *article),
            groups,
            repeats,
            repeated_share: repeated_shares(runs_of),
            h1_before,
            entry: entry(blocks, &prose_in, prose),
            prose_before_best: first_in(blocks, best)
                .and_then(|first| prose_before.get(first).copied())
                .unwrap_or(0),
            words_before,
            prose_before,
            since_rule: since_rule(blocks),
            pictures: pictures(blocks),
            prose_in,
            h1_in,
            title_path: title.map(|title| path_to(blocks, title.container)).unwrap_or_default(),
            title_article: title
                .and_then(|title| blocks.containers.get(title.container))
                .map_or(0, |container| container.article),
            headings: headings(blocks, title_at),
        }
    }
}

/// The container and those around it, outermost first.
fn path_to(blocks: &Blocks, container: usize) -> Vec<usize> {
    let mut path: Vec<usize> = blocks.around(container).map(|(at, _)| at).collect();
    path.reverse();
    path
}

/// The first heading that is the title, else the first block that is, else the first heading.
fn title_at(blocks: &Blocks, anchors: &Anchors<'_>) -> Option<usize> {
    let title = anchors.title.map(folded).filter(|title| !title.is_empty());
    let is_h1 = |block: &Block| {
        blocks.containers.get(block.container).is_some_and(|container| container.tag == Tag::H1)
    };
    let mut found = None;
    for (at, block) in blocks.list.iter().enumerate() {
        let Some(title) = &title else { break };
        let is_heading = is_h1(block);
        if (found.is_none() || is_heading) && folded(blocks.text_of(block)) == *title {
            found = Some(at);
            if is_heading {
                break;
            }
        }
    }
    found.or_else(|| blocks.list.iter().position(is_h1))
}

fn first_in(blocks: &Blocks, container: usize) -> Option<usize> {
    let inside = |block: &Block| blocks.around(block.container).any(|(at, _)| at == container);
    blocks.list.iter().position(inside)
}

/// Distance in blocks to the last rule before each; 99 where there is none.
fn since_rule(blocks: &Blocks) -> Vec<u32> {
    let mut since = 99;
    let distance = |block: &Block| {
        since = if block.ruled { 0 } else { (since + 1).min(99) };
        since
    };
    blocks.list.iter().map(distance).collect()
}

fn pictures(blocks: &Blocks) -> Vec<Option<usize>> {
    let mut pictures = vec![None; blocks.list.len() + 1];
    for picture in &blocks.pictures {
        if let Some(place) = pictures.get_mut(blocks.behind(picture)) {
            *place = Some(picture.container);
        }
    }
    pictures
}

/// The sum over the blocks in each container.
fn sums(blocks: &Blocks, of: impl Fn(&Block) -> u32) -> Vec<u32> {
    let mut sums = vec![0_u32; blocks.containers.len()];
    for block in &blocks.list {
        if let Some(total) = sums.get_mut(block.container) {
            *total += of(block);
        }
    }
    // A child is always behind its parent.
    for at in (1..sums.len()).rev() {
        let own = sums.get(at).copied().unwrap_or(0);
        let parent = blocks.containers.get(at).map_or(0, |container| container.parent);
        if let Some(total) = sums.get_mut(parent) {
            *total += own;
        }
    }
    sums
}

/// The container with the most prose among those that are called the article's text; of two that
/// hold the same, the inner one.
fn entry(blocks: &Blocks, prose: &[u32], prose_of_page: u32) -> Option<(usize, f32)> {
    let named = |container: &Container| {
        (container.marks & lexicon::ENTRY != 0 || container.declares_body)
            && !container.is_doubtful()
    };
    blocks
        .containers
        .iter()
        .zip(prose)
        .enumerate()
        .filter(|(_, (container, prose))| named(container) && **prose > 0)
        .max_by_key(|(at, (_, prose))| (**prose, *at))
        .map(|(at, (_, prose))| (at, real(*prose) / real(prose_of_page.max(1))))
}

/// The title, and what is set like one, announces its own story.
fn headings(blocks: &Blocks, title_at: Option<usize>) -> Vec<Option<Heading>> {
    let mut last = None;
    let mut headings = Vec::with_capacity(blocks.list.len());
    for (at, block) in blocks.list.iter().enumerate() {
        headings.push(last);
        let Some(container) = blocks.containers.get(block.container) else { continue };
        if block.words <= 15 && container.tag.is_heading() {
            let text = blocks.text_of(block).to_lowercase();
            let cues = lexicon::cues(&text);
            let is_title = container.tag == Tag::H1 || title_at == Some(at);
            let announces = !is_title && lexicon::announces(&text);
            last = Some(Heading { at, telltale: cues.telltale(), announces });
        }
    }
    headings
}

/// The share of each block's runs of three words that other blocks have too.
fn repeated_shares(runs_of: &[Vec<u32>]) -> Vec<f32> {
    let mut places: Vec<(u32, usize)> = runs_of
        .iter()
        .enumerate()
        .flat_map(|(at, runs)| runs.iter().map(move |run| (*run, at)))
        .collect();
    places.sort_unstable();
    let mut shared = vec![0_usize; runs_of.len()];
    for same in places.chunk_by(|a, b| a.0 == b.0) {
        let (Some(first), Some(last)) = (same.first(), same.last()) else { continue };
        if first.1 != last.1 {
            for (_, at) in same {
                if let Some(count) = shared.get_mut(*at) {
                    *count += 1;
                }
            }
        }
    }
    shared
        .iter()
        .zip(runs_of)
        .map(|(shared, runs)| real_size(*shared) / real_size(runs.len().max(1)))
        .collect()
}

fn distances<'a>(blocks: impl Iterator<Item = &'a Block>) -> Vec<u32> {
    let mut since = 99;
    blocks
        .map(|block| {
            let distance = since;
            since = if is_prose(block) { 0 } else { (since + 1).min(99) };
            distance
        })
        .collect()
}

pub(super) fn is_prose(block: &Block) -> bool {
    block.words >= PROSE_WORDS && block.link_words * 3 <= block.words
}

pub(super) fn link_density(block: &Block) -> f32 {
    real(block.link_words) / real(block.words.max(1))
}

pub(super) fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
