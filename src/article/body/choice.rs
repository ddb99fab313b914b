//! From what the model says of each block alone to the article as a whole: blocks of one kind are
//! judged together, the container that gains most wins, and what stands twice is kept once.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::{Block, Blocks, Container, Tag};
use super::features::{self, Features};
use super::model::Model;
use super::numbers::real;
use super::outline::is_prose;
use super::{Anchors, lexicon};
use crate::article::{authors, title};

/// A block above it is kept, on a page where the model is sure of itself.
const KEPT: f32 = 0.42;
/// Behind the winning container only what is this likely is kept.
const KEPT_BEHIND: f32 = 0.8;
/// What the best blocks of a page reach where the model is sure.
const SURE: f32 = 0.95;
/// Readers' comments, captions, the next article and the article once more in one piece read like
/// an article: what the markup calls a comment, and the best container is not in, what opens as a
/// caption, and the like, is no more likely than this.
const COMMENT_MAX: f32 = 0.2;
/// What stands below "You may also like", or further above the title than a standfirst and a
/// dateline, loses so much of its log odds: other stories are written like this one.
const DOUBT: f32 = 2.0;
const ABOVE_TITLE: usize = 5;
/// A choice with so many times fewer words than the page has in prose is doubted, where the page
/// has so many words and one container holds so much of them.
const TOO_LITTLE: f32 = 6.0;
const LONG: u32 = 200;
const HOLDS: f32 = 0.8;
/// What stands between two kept blocks has no more blocks than this, and no more elements around
/// each up to the one around all.
const INSIDE_MAX: usize = 20;
const NEAR: usize = 3;
/// A wall of text has so many words, and so much of it stands in paragraphs too.
const WALL_WORDS: u32 = 150;
const WALL_SHARED: f32 = 0.7;
/// Blocks that are compared with all others, which takes long.
const WALLS_MAX: usize = 20;
/// Words above which a block adds no more weight to its container.
const WEIGHT_MAX: u32 = 300;

/// The chosen blocks, and how sure the choice is, 0 to 1.
pub(super) struct Choice {
    /// Indexes of [`Blocks::list`], ascending.
    pub(super) kept: Vec<usize>,
    pub(super) confidence: f32,
    /// How likely each block is part of the article, 0 to 1.
    pub(super) likely: Vec<f32>,
}

pub(super) fn choose(blocks: &Blocks, anchors: &Anchors<'_>, model: &Model) -> Choice {
    let features = features::of(blocks, anchors);
    let alone = model.probabilities(&features.rows);
    let mut likely = together(blocks, &features, &alone);
    let above = above_title(blocks, &likely, features.title_at);
    for (at, likely) in likely.iter_mut().enumerate() {
        let flagged = |flags: &[bool]| flags.get(at).is_some_and(|flag| *flag);
        let opens = blocks.list.get(at).map_or(0, |block| block.inline_marks);
        let apart = features.apart.get(at).copied().unwrap_or(0);
        if apart & lexicon::COMMENT != 0
            || opens & lexicon::CAPTION != 0
            || flagged(&features.next_article)
        {
            *likely = likely.min(COMMENT_MAX);
        }
        if flagged(&features.announced) || at < above {
            *likely = odds(log_odds(*likely) - DOUBT);
        }
        if apart & lexicon::LEGAL != 0 && blocks.list.get(at).is_some_and(|b| is_banner(blocks, b))
        {
            *likely = 0.0;
        }
    }
    for at in walls(blocks, &features) {
        if let Some(likely) = likely.get_mut(at) {
            *likely = likely.min(COMMENT_MAX);
        }
    }
    let reference = reference(blocks, &likely);
    // Where nothing is likely, the likeliest is taken: a page of an unknown make.
    let scale = (reference.max(0.05) / SURE).min(1.0);
    let kept = within_winner(blocks, &likely, scale);
    let kept = unless_too_little(blocks, &features, kept);
    let kept = with_tables(blocks, kept);
    let kept = with_insides(blocks, &features, &kept);
    let kept = with_heads(blocks, &features, kept, anchors.live);
    let kept = without_title(blocks, kept, anchors.title);
    let kept = without_bylines(blocks, kept, anchors.authors);
    let kept = without_calls(blocks, kept, &likely);
    let kept = once(blocks, &features, kept);
    let words = |at: &usize| blocks.list.get(*at).map_or(0.0, |block| real(block.words));
    let total: f32 = kept.iter().map(words).sum();
    let sure: f32 = kept.iter().map(|at| words(at) * likely.get(*at).copied().unwrap_or(0.0)).sum();
    let confidence = if total > 0.0 { sure / total } else { 0.0 };
    Choice { kept, confidence, likely }
}

/// Blocks that hold in one piece what the page has in paragraphs too.
fn walls(blocks: &Blocks, features: &Features) -> Vec<usize> {
    let runs = |at: usize| features.runs.get(at).map(Vec::as_slice).unwrap_or_default();
    let hidden = |block: &Block| blocks.containers.get(block.container).is_none_or(|c| c.hidden);
    let is_repeated = |(at, block): &(usize, &Block)| {
        block.words >= WALL_WORDS
            && features.repeated.get(*at).is_some_and(|share| *share >= WALL_SHARED)
    };
    let is_wall = |(at, block): &(usize, &Block)| {
        let own: BTreeSet<u32> = runs(*at).iter().copied().collect();
        let parts = blocks.list.iter().enumerate().filter(|(other, part)| {
            if part.words * 2 >= block.words || hidden(part) {
                return false;
            }
            let shared = runs(*other).iter().filter(|run| own.contains(run)).count();
            shared > 0 && shared * 5 >= runs(*other).len() * 4
        });
        let words: u32 = parts.map(|(_, part)| part.words).sum();
        real(words) >= WALL_SHARED * real(block.words)
    };
    let repeated = blocks.list.iter().enumerate().filter(is_repeated).take(WALLS_MAX);
    repeated.filter(is_wall).map(|(at, _)| at).collect()
}

/// Up to which block the page is far above its title; 0 where most of the likely text stands there,
/// for what was taken as the title is none then.
fn above_title(blocks: &Blocks, likely: &[f32], title_at: Option<usize>) -> usize {
    let above = title_at.unwrap_or(0).saturating_sub(ABOVE_TITLE);
    let (mut words_above, mut words_below) = (0.0, 0.0);
    for (at, (block, likely)) in blocks.list.iter().zip(likely).enumerate() {
        let words = if at < above { &mut words_above } else { &mut words_below };
        *words += real(block.words) * likely;
    }
    if words_above < 1.5 * words_below { above } else { 0 }
}

/// Blocks with the same markup around them rise and fall together. Short blocks, links and
/// boilerplate phrases do not rise with the paragraphs they stand among.
fn together(blocks: &Blocks, features: &Features, alone: &[f32]) -> Vec<f32> {
    let mut groups: BTreeMap<u64, (f32, f32)> = BTreeMap::new();
    let is_row =
        |block: &Block| blocks.containers.get(block.container).is_some_and(|c| c.tag == Tag::Row);
    // The rows of a table belong together, whatever their classes.
    let signature = |block: &Block| {
        let table = is_row(block).then(|| table_of(blocks, block).map_or(0, |at| at as u64) << 32);
        table.or_else(|| Some(blocks.containers.get(block.container)?.signature.into()))
    };
    for (block, likely) in blocks.list.iter().zip(alone) {
        let Some(signature) = signature(block) else { continue };
        let weight = real(block.words.min(60)) + 0.5;
        let group = groups.entry(signature).or_default();
        group.0 += weight * log_odds(*likely);
        group.1 += weight;
    }
    blocks
        .list
        .iter()
        .zip(alone)
        .enumerate()
        .map(|(at, (block, likely))| {
            let group = signature(block).and_then(|signature| groups.get(&signature));
            let Some((sum, weight)) = group else { return *likely };
            let shared = odds(log_odds(*likely).midpoint(sum / weight.max(0.5)));
            let telltale = features.telltale.get(at).is_some_and(|telltale| *telltale);
            let prose = block.words >= 8
                && block.link_words * 5 <= block.words * 2
                && (!telltale || block.words >= 60);
            if prose || is_row(block) { shared } else { shared.min(*likely) }
        })
        .collect()
}

fn log_odds(likely: f32) -> f32 {
    let likely = likely.clamp(1e-4, 1.0 - 1e-4);
    (likely / (1.0 - likely)).ln()
}

fn odds(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The mean of the five likeliest longer blocks.
fn reference(blocks: &Blocks, likely: &[f32]) -> f32 {
    let longer = blocks.list.iter().zip(likely).filter(|(block, _)| block.words > 15);
    let mut top: Vec<f32> = longer.map(|(_, likely)| *likely).collect();
    if top.is_empty() {
        return likely.iter().copied().fold(0.0, f32::max);
    }
    top.sort_by(|a, b| b.total_cmp(a));
    top.truncate(5);
    top.iter().sum::<f32>() / real(u32::try_from(top.len()).unwrap_or(1))
}

/// The container with the most words above the bound, less those below it, wins. What is inside
/// of it or before it (a standfirst) passes the bound; what is behind it must be near certain.
fn within_winner(blocks: &Blocks, likely: &[f32], scale: f32) -> Vec<usize> {
    let mut gains = vec![0.0_f32; blocks.containers.len()];
    for (block, likely) in blocks.list.iter().zip(likely) {
        let gain = real(block.words.min(WEIGHT_MAX)) * (likely - KEPT * scale);
        if let Some(total) = gains.get_mut(block.container) {
            let doubtful = blocks.containers.get(block.container).is_some_and(is_doubtful);
            *total += if doubtful && gain > 0.0 { gain * 0.3 } else { gain };
        }
    }
    // A child is always behind its parent.
    for at in (1..gains.len()).rev() {
        let gain = gains.get(at).copied().unwrap_or(0.0);
        let parent = blocks.containers.get(at).map_or(0, |container| container.parent);
        if let Some(total) = gains.get_mut(parent) {
            *total += gain;
        }
    }
    let winner = gains
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(a.0.cmp(&b.0)))
        .map_or(0, |(at, _)| at);
    let mut inside = vec![false; blocks.containers.len()];
    for (at, container) in blocks.containers.iter().enumerate() {
        let under = inside.get(container.parent).copied().unwrap_or(false);
        if let Some(place) = inside.get_mut(at) {
            *place = at == winner || (under && container.parent != at);
        }
    }
    let is_inside = |block: &Block| inside.get(block.container).copied().unwrap_or(false);
    let first = blocks.list.iter().position(is_inside).unwrap_or(0);
    blocks
        .list
        .iter()
        .zip(likely)
        .enumerate()
        .filter(|(at, (block, likely))| {
            let bound = if is_inside(block) || *at < first { KEPT } else { KEPT_BEHIND };
            **likely >= bound * scale && **likely > 0.0
        })
        .map(|(at, _)| at)
        .collect()
}

/// Elements that hold anything but the text.
const FURNITURE: u64 = 1 << Tag::Aside as u64 | 1 << Tag::Nav as u64 | 1 << Tag::Footer as u64;

fn is_doubtful(container: &Container) -> bool {
    container.hidden
        || container.within & FURNITURE != 0
        || container.inherited & lexicon::COMMENT != 0
}

/// The model misjudges whole pages of a make it has not seen. Where it keeps a small part of what
/// the page has in prose, and nearly all of that stands in one container beside the part, the
/// container is the text.
fn unless_too_little(blocks: &Blocks, features: &Features, kept: Vec<usize>) -> Vec<usize> {
    let flagged = |flags: &[bool], at: usize| flags.get(at).is_some_and(|flag| *flag);
    let sound = |at: usize, block: &Block| {
        is_prose(block)
            && features.apart.get(at).is_none_or(|marks| marks & lexicon::COMMENT == 0)
            && !flagged(&features.announced, at)
            && !flagged(&features.telltale, at)
            && blocks
                .containers
                .get(block.container)
                .is_some_and(|container| !container.hidden && container.within & FURNITURE == 0)
    };
    let mut prose = vec![0_u32; blocks.containers.len()];
    for (at, block) in blocks.list.iter().enumerate() {
        if let Some(words) = prose.get_mut(block.container).filter(|_| sound(at, block)) {
            *words += block.words;
        }
    }
    // A child is always behind its parent.
    for at in (1..prose.len()).rev() {
        let own = prose.get(at).copied().unwrap_or(0);
        let parent = blocks.containers.get(at).map_or(0, |container| container.parent);
        if let Some(words) = prose.get_mut(parent) {
            *words += own;
        }
    }
    let all = prose.first().copied().unwrap_or(0);
    // The innermost container with nearly all of it.
    let holder = prose.iter().rposition(|words| real(*words) >= HOLDS * real(all)).unwrap_or(0);
    let words: u32 = kept.iter().filter_map(|at| blocks.list.get(*at)).map(|b| b.words).sum();
    if real(words) * TOO_LITTLE >= real(all) || all < LONG {
        return kept;
    }
    let inside = |block: &Block| blocks.around(block.container).any(|(at, _)| at == holder);
    let mut all: BTreeSet<usize> = kept.into_iter().collect();
    all.extend(
        blocks
            .list
            .iter()
            .enumerate()
            .filter(|(at, block)| sound(*at, block) && inside(block))
            .map(|(at, _)| at),
    );
    all.into_iter().collect()
}

/// The table around a row, with its head and foot.
fn table_of(blocks: &Blocks, row: &Block) -> Option<usize> {
    let around = blocks.around(row.container);
    let parts = around.take_while(|(_, up)| matches!(up.tag, Tag::Row | Tag::Table));
    parts.filter(|(_, up)| up.tag == Tag::Table).map(|(at, _)| at).last()
}

/// A table of data that stands among kept paragraphs belongs to them, whole: few articles have one,
/// so that the model hardly knows them.
fn with_tables(blocks: &Blocks, kept: Vec<usize>) -> Vec<usize> {
    let mut tables: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, block) in blocks.list.iter().enumerate() {
        let is_row = blocks.containers.get(block.container).is_some_and(|c| c.tag == Tag::Row);
        if let Some(table) = table_of(blocks, block).filter(|_| is_row) {
            tables.entry(table).or_default().push(at);
        }
    }
    let mut all: BTreeSet<usize> = kept.into_iter().collect();
    for (table, rows) in tables {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let Some(container) = blocks.containers.get(table) else { continue };
        let words: u32 = container.words.max(1);
        let is_data = rows.len() >= 2
            && container.link_words * 5 <= words * 3
            && !is_doubtful(container)
            && container.inherited & lexicon::RELATED == 0;
        let beside = |at: &usize| {
            let other = blocks.list.get(*at).map(|block| block.container);
            let parents = |container: usize| {
                blocks.around(container).skip(1).take(3).map(|(at, _)| at).collect::<Vec<_>>()
            };
            other.is_some_and(|other| parents(table).iter().any(|up| parents(other).contains(up)))
        };
        let before = all.range(first.saturating_sub(4)..*first).any(beside);
        let behind = all.range(last + 1..last + 5).any(beside);
        if is_data && before && behind {
            all.extend(rows);
        }
    }
    all.into_iter().collect()
}

/// Lists, quotations and lines that stand between two kept blocks of one flow, in markup that says
/// nothing against them, belong to the text: alone they look like lists of links and teasers.
fn with_insides(blocks: &Blocks, features: &Features, kept: &[usize]) -> Vec<usize> {
    let flagged = |flags: &[bool], at: usize| flags.get(at).is_some_and(|flag| *flag);
    let mut all: BTreeSet<usize> = kept.iter().copied().collect();
    for (before, behind) in kept.iter().zip(kept.iter().skip(1)) {
        let inside = before + 1..*behind;
        if inside.is_empty() || inside.len() > INSIDE_MAX {
            continue;
        }
        let [before, behind] = [before, behind].map(|at| blocks.list.get(*at));
        let (Some(before), Some(behind)) = (before, behind) else { continue };
        let near = |block: &Block| {
            blocks.around(block.container).map(|(at, _)| at).take(NEAR).collect::<Vec<_>>()
        };
        let (near_before, near_behind) = (near(before), near(behind));
        let Some(flow) = near_behind.into_iter().find(|at| near_before.contains(at)) else {
            continue;
        };
        all.extend(inside.filter(|at| {
            let Some(block) = blocks.list.get(*at) else { return false };
            let marks = features.apart.get(*at).copied().unwrap_or(0) | block.inline_marks;
            let one_paragraph = before.container == behind.container;
            if flagged(&features.telltale, *at) {
                false
            } else if one_paragraph && block.container == before.container {
                // A line between two lines.
                true
            } else {
                block.link_words * 5 <= block.words * 3
                    && marks & lexicon::APART == 0
                    && !flagged(&features.announced, *at)
                    && is_plain(blocks, block, flow)
            }
        }));
    }
    all.into_iter().collect()
}

/// Whether only lists, quotations, paragraphs and headings are between a block and a container
/// around it, at most [`NEAR`] of them.
fn is_plain(blocks: &Blocks, block: &Block, flow: usize) -> bool {
    let mut path = blocks.around(block.container).take_while(|(at, _)| *at != flow);
    let plain = |container: &Container| {
        container.tag.is_heading()
            || matches!(container.tag, Tag::List | Tag::Item | Tag::Quote | Tag::Paragraph)
    };
    path.by_ref().take(NEAR).all(|(_, container)| plain(container))
        && path.next().is_none()
        && !blocks.containers.get(block.container).is_none_or(is_doubtful)
}

/// A subheading between kept blocks belongs to the one behind it; in a live blog, so do the time
/// and the headline at the head of a post.
fn with_heads(blocks: &Blocks, features: &Features, kept: Vec<usize>, live: bool) -> Vec<usize> {
    let mut all: BTreeSet<usize> = kept.into_iter().collect();
    // Backwards, so that a time above a headline sees it kept.
    for (at, block) in blocks.list.iter().enumerate().rev() {
        let Some(container) = blocks.containers.get(block.container) else { continue };
        let subheading = matches!(container.tag, Tag::H2 | Tag::H3 | Tag::H4)
            && (1..=15).contains(&block.words)
            && block.link_words == 0
            && !is_doubtful(container)
            && !features.telltale.get(at).is_some_and(|telltale| *telltale);
        let time = live && block.has_time && block.words <= 8;
        // An advertisement may stand in between.
        let follows = live || all.range(at.saturating_sub(3)..at).next().is_some();
        if (subheading || time) && follows && all.contains(&(at + 1)) {
            all.insert(at);
        }
    }
    all.into_iter().collect()
}

/// The title stands in its own field.
fn without_title(blocks: &Blocks, kept: Vec<usize>, title: Option<&str>) -> Vec<usize> {
    let title = title.map(title::folded).unwrap_or_default();
    if title.is_empty() {
        return kept;
    }
    kept.into_iter()
        .filter(|at| {
            blocks.list.get(*at).is_none_or(|block| title::folded(blocks.text_of(block)) != title)
        })
        .collect()
}

/// A line of nothing but "By" and the authors stands in their own field.
fn without_bylines(blocks: &Blocks, kept: Vec<usize>, authors: &[String]) -> Vec<usize> {
    let authors: Vec<String> = authors.iter().map(|name| title::folded(name)).collect();
    let is_byline = |block: &Block| {
        if block.words > 15 {
            return false;
        }
        let text = blocks.text_of(block);
        let names = authors::names(text);
        let letters: usize = names.iter().map(|name| title::folded(name).len()).sum();
        !names.is_empty()
            && names.iter().all(|name| authors.contains(&title::folded(name)))
            && title::folded(text).len() <= letters + 24
    };
    kept.into_iter().filter(|at| !blocks.list.get(*at).is_some_and(is_byline)).collect()
}

/// Whether a block speaks of cookies.
fn is_banner(blocks: &Blocks, block: &Block) -> bool {
    let text = blocks.text_of(block).to_lowercase();
    ["cookie", "куки", "кукі", "çerez"].iter().any(|word| text.contains(word))
}

/// A call to read another story or to subscribe has fewer words.
const CALL_WORDS: u32 = 30;

/// A label of another story has no more words.
const LABEL_WORDS: usize = 4;

/// Drops lines that lead to other stories, those at the end that ask the reader to follow, to
/// subscribe, to report a mistake, and a list of keywords at the beginning.
fn without_calls(blocks: &Blocks, mut kept: Vec<usize>, likely: &[f32]) -> Vec<usize> {
    let says = |at: usize, calls: fn(&str) -> bool| {
        blocks.list.get(at).is_some_and(|block| {
            block.words < CALL_WORDS && calls(&blocks.text_of(block).to_lowercase())
        })
    };
    let prose = |at: Option<&usize>| at.and_then(|at| blocks.list.get(*at)).is_some_and(is_prose);
    let among_prose = |windows: &[usize]| prose(windows.first()) && prose(windows.last());
    let among: BTreeSet<usize> = kept
        .windows(3)
        .filter(|around| among_prose(around))
        .filter_map(|around| around.get(1).copied())
        .collect();
    kept.retain(|at| {
        // "Earlier:" opens a sentence, too: a line that leads on is a link, or the model doubts it.
        let likely = likely.get(*at).copied().unwrap_or(0.0);
        let block = blocks.list.get(*at).filter(|block| block.words < CALL_WORDS);
        let linked = block.is_some_and(|block| is_labelled_link(blocks, block));
        let leads = says(*at, lexicon::leads_on) && (linked || likely < KEPT_BEHIND);
        !(leads || linked && among.contains(at))
    });
    while kept.len() > 1 && kept.last().is_some_and(|last| says(*last, lexicon::calls)) {
        kept.pop();
    }
    let is_tags = |at: &usize| blocks.list.get(*at).is_some_and(|block| is_tag_list(blocks, block));
    if kept.len() > 1 && kept.first().is_some_and(is_tags) {
        kept.remove(0);
    }
    kept
}

/// Whether a block is nothing but names between commas: what the article is filed under.
fn is_tag_list(blocks: &Blocks, block: &Block) -> bool {
    let is_name = |part: &str| {
        let name = part.trim();
        name.starts_with(char::is_uppercase) && name.split_whitespace().count() <= LABEL_WORDS
    };
    let text = blocks.text_of(block);
    text.matches(',').count() >= 2
        && !text.contains(['.', '!', '?', ':', ';', '\n'])
        && text.split(',').all(is_name)
}

/// Whether a block is a label, its colon and one link: "Read also: Bridge closed" in any language.
fn is_labelled_link(blocks: &Blocks, block: &Block) -> bool {
    let text = blocks.text_of(block);
    let Some((label, behind)) = text.split_once([':', '：', '՝', '】']) else { return false };
    // Words of links are counted so, in scripts without spaces too; those of the label are none.
    let runs = behind.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    let runs = runs.filter(|run| !run.is_empty()).count();
    (1..=LABEL_WORDS).contains(&crate::text::word_count(label))
        && crate::text::word_count(behind) >= 2
        && block.links == 1
        && (runs * 4..=runs * 5).contains(&(block.link_words as usize * 5))
}

/// Drops what stands elsewhere too: hidden copies and walls of text first, then what comes later.
fn once(blocks: &Blocks, features: &Features, kept: Vec<usize>) -> Vec<usize> {
    let hidden = |at: usize| {
        let container = blocks.list.get(at).and_then(|b| blocks.containers.get(b.container));
        container.is_some_and(|container| container.hidden)
    };
    let long = |at: usize| blocks.list.get(at).is_some_and(|block| block.words > 250);
    let mut order: Vec<usize> = kept.clone();
    order.sort_by_key(|at| (hidden(*at), long(*at), *at));
    let kind = |at: usize| {
        let container = blocks.list.get(at).and_then(|b| blocks.containers.get(b.container));
        container.map(|container| (container.parent, container.signature))
    };
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    let mut doubled: BTreeSet<usize> = BTreeSet::new();
    for at in order {
        let runs = features.runs.get(at).map(Vec::as_slice).unwrap_or_default();
        let known: Vec<usize> = runs.iter().filter_map(|run| seen.get(run)).copied().collect();
        // What an author repeats (a recipe, a table, a refrain) stands beside the first in the
        // same markup.
        let repeated = known.iter().all(|first| kind(*first) == kind(at));
        if runs.len() >= 4 && known.len() * 5 >= runs.len() * 4 && !repeated {
            doubled.insert(at);
        } else {
            for run in runs {
                seen.entry(*run).or_insert(at);
            }
        }
    }
    kept.into_iter().filter(|at| !doubled.contains(at)).collect()
}
