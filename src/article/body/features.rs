//! What a block is like: its own text, the markup around it, its neighbours, its kin, and how it
//! agrees with what the page states elsewhere. One row of numbers a block, for [`super::model`].

use super::Anchors;
use super::blocks::{Block, Blocks, Container, Tag};
use super::lexicon;
use super::numbers::{capped, real, real_size, signed_difference};
use super::outline::{Outline, link_density, text_hash};
use super::stated::{Stated, runs, share_of, words};

/// What stands with the title and has so many words of prose is an article.
const ARTICLE_WORDS: u32 = 100;
/// So it is with fewer where the next one, too, has a title of the first level.
const SHORT_ARTICLE_WORDS: u32 = 40;

/// Elements around a block in which a picture before it is looked for.
const PICTURE_UPS: usize = 9;

/// What is known of each block of a page.
pub(super) struct Features {
    /// One number for each of [`NAMES`]; empty for blocks that are plainly furniture.
    pub(super) rows: Vec<Vec<f32>>,
    /// The block's runs of three words, hashed; empty for furniture.
    pub(super) runs: Vec<Vec<u32>>,
    /// It has a phrase by which boilerplate gives itself away.
    pub(super) telltale: Vec<bool>,
    /// The marks of what is around it, and not around the page's best container.
    pub(super) apart: Vec<u32>,
    /// The last heading before it announces other stories and the like, and stands beside it.
    pub(super) announced: Vec<bool>,
    /// Another element of the kind that holds the title and its text holds it: the next article.
    pub(super) next_article: Vec<bool>,
    /// How much of it stands in other blocks too.
    pub(super) repeated: Vec<f32>,
    /// Where the title stands.
    pub(super) title_at: Option<usize>,
}

#[derive(Default)]
struct Row {
    values: Vec<f32>,
    telltale: bool,
    apart: u32,
    announced: bool,
    next_article: bool,
}

impl Row {
    fn push(&mut self, value: f32) {
        self.values.push(value);
    }

    fn flag(&mut self, value: bool) {
        self.values.push(f32::from(u8::from(value)));
    }

    fn bits(&mut self, bits: u32, count: usize) {
        for bit in 0..count {
            self.flag(bits >> bit & 1 == 1);
        }
    }
}

pub(super) fn of(blocks: &Blocks, anchors: &Anchors<'_>) -> Features {
    let words: Vec<Vec<u32>> = blocks
        .list
        .iter()
        .map(|block| match blocks.containers.get(block.container) {
            Some(container) if !is_furniture(blocks, block, container) => {
                words(blocks.text_of(block))
            }
            _ => Vec::new(),
        })
        .collect();
    let runs: Vec<Vec<u32>> = words.iter().map(|words| runs(words)).collect();
    let outline = Outline::of(blocks, anchors, &runs);
    let stated = Stated::of(anchors);
    let mut features = Features {
        rows: vec![],
        telltale: vec![],
        apart: vec![],
        announced: vec![],
        next_article: vec![],
        repeated: vec![],
        title_at: outline.title_at,
        runs: vec![],
    };
    for (at, (block, words)) in blocks.list.iter().zip(&words).enumerate() {
        let mut row = Row::default();
        let container = blocks.containers.get(block.container);
        if let Some(container) = container.filter(|c| !is_furniture(blocks, block, c)) {
            row.values.reserve_exact(NAMES.len());
            let runs = runs.get(at).map(Vec::as_slice).unwrap_or_default();
            let text = blocks.text_of(block);
            own_text(block, text, &mut row);
            markup(blocks, &outline, block, container, &mut row);
            cues(block, text, &mut row);
            position(&outline, at, &mut row);
            kin(blocks, &outline, block, container, &mut row);
            for step in [-3_isize, -2, -1, 1, 2, 3] {
                neighbour(blocks, block, at.checked_add_signed(step), &mut row);
            }
            row.values.extend(stated.agreement(words, runs));
            row.push(outline.repeats.get(&text_hash(text)).map_or(0.0, |count| capped(*count)));
            row.push(outline.repeated_share.get(at).copied().unwrap_or(0.0));
            structure(blocks, &outline, at, container, &mut row);
            beside(blocks, &outline, &stated, at, words, &mut row);
        }
        features.rows.push(row.values);
        features.telltale.push(row.telltale);
        features.apart.push(row.apart);
        features.announced.push(row.announced);
        features.next_article.push(row.next_article);
    }
    features.runs = runs;
    features.repeated = outline.repeated_share;
    features
}

/// Whether a block is no text of an article beyond doubt: most blocks of a page are links of its
/// menus and lists, and asking the model about each would take longer than parsing.
fn is_furniture(blocks: &Blocks, block: &Block, container: &Container) -> bool {
    let within = |tag: Tag| container.within >> tag as u64 & 1 == 1;
    let density = link_density(block);
    (density >= 0.99 && block.words < 12 && !container.declared_body)
        || (density > 0.6 && (within(Tag::Nav) || within(Tag::Footer)))
        || (within(Tag::Nav) && block.words < 10)
        || within(Tag::Button)
        // A date for machines.
        || (block.digits >= 8 && block.words <= 8 && !blocks.text_of(block).contains(' '))
}

/// The features' names, in the order of a row.
#[rustfmt::skip]
pub(super) const NAMES: [&str; 240] = [
    "ln_words", "word_length", "link_density", "links", "bold_share", "sentence_ends", "commas",
    "digits", "capitals", "ending", "lower_start", "start_kind", "has_address", "has_time",
    "broken", "tag", "paragraph", "heading", "hidden", "declared_body", "within_nav",
    "within_header", "within_footer", "within_aside", "within_form", "within_figure",
    "within_caption", "within_button", "within_list", "within_table", "within_quote",
    "within_article", "within_main", "within_address", "within_details", "own_body",
    "own_content", "own_paragraph", "own_title", "own_lead", "own_byline", "own_date",
    "own_related", "own_share", "own_subscribe", "own_comment", "own_ad", "own_caption",
    "own_nav", "own_topic", "own_legal", "own_embed", "own_box", "own_hidden", "own_note",
    "own_list", "own_video", "own_live", "own_bio", "own_entry", "near_body", "near_content", "near_paragraph",
    "near_title", "near_lead", "near_byline", "near_date", "near_related", "near_share",
    "near_subscribe", "near_comment", "near_ad", "near_caption", "near_nav", "near_topic",
    "near_legal", "near_embed", "near_box", "near_hidden", "near_note", "near_list", "near_video",
    "near_live", "near_bio", "near_entry", "around_body", "around_content", "around_paragraph", "around_title",
    "around_lead", "around_byline", "around_date", "around_related", "around_share",
    "around_subscribe", "around_comment", "around_ad", "around_caption", "around_nav",
    "around_topic", "around_legal", "around_embed", "around_box", "around_hidden", "around_note",
    "around_list", "around_video", "around_live", "around_bio", "around_entry", "apart_body", "apart_content",
    "apart_paragraph", "apart_title", "apart_lead", "apart_byline", "apart_date", "apart_related",
    "apart_share", "apart_subscribe", "apart_comment", "apart_ad", "apart_caption", "apart_nav",
    "apart_topic", "apart_legal", "apart_embed", "apart_box", "apart_hidden", "apart_note",
    "apart_list", "apart_video", "apart_live", "apart_bio", "apart_entry", "cue_read_also", "cue_subscribe",
    "cue_share", "cue_copyright", "cue_byline", "cue_photo", "cue_dated", "cue_comment",
    "cue_advert", "cue_legal", "starts_read_also", "starts_subscribe", "starts_share",
    "starts_copyright", "starts_byline", "starts_photo", "starts_dated", "starts_comment",
    "starts_advert", "starts_legal", "words_before", "prose_before", "since_prose", "until_prose",
    "words_since_title", "blocks_since_title", "h1_before", "up0_link_density", "up0_share",
    "up0_words", "up0_blocks", "up1_link_density", "up1_share", "up1_words", "up1_blocks",
    "up2_link_density", "up2_share", "up2_words", "up2_blocks", "up3_link_density", "up3_share",
    "group_mean", "group_link_density", "group_prose", "inside_best", "ups_to_best", "meets_best",
    "largest_article", "before3_words", "before3_link_density", "before3_kinship", "before3_tag",
    "before3_ending", "before2_words", "before2_link_density", "before2_kinship", "before2_tag",
    "before2_ending", "before1_words", "before1_link_density", "before1_kinship", "before1_tag",
    "before1_ending", "after1_words", "after1_link_density", "after1_kinship", "after1_tag",
    "after1_ending", "after2_words", "after2_link_density", "after2_kinship", "after2_tag",
    "after2_ending", "after3_words", "after3_link_density", "after3_kinship", "after3_tag",
    "after3_ending", "title_share", "title_length", "summary_share", "summary_length",
    "stated_share", "repeats", "repeated_share", "in_entry", "entry_share", "ups_to_title",
    "title_ups", "h1_since_title", "other_article", "since_heading", "heading_telltale",
    "heading_kinship", "heading_link_density", "other_unit", "best_before", "author_share",
    "site_share", "italic_share", "ruled", "since_rule", "picture_before", "picture_after",
    "picture_ups",
];

fn own_text(block: &Block, text: &str, row: &mut Row) {
    let words = real(block.words.max(1));
    row.push(real(block.words + 1).ln());
    row.push(real(u32::try_from(text.len()).unwrap_or(u32::MAX)) / words);
    row.push(link_density(block));
    row.push(capped(block.links));
    row.push(real(block.bold_words) / words);
    row.push(real(block.sentence_ends) / words);
    row.push(real(block.commas) / words);
    row.push(real(block.digits) / words);
    row.push(real(block.capitals) / words);
    row.push(ending(text));
    row.flag(text.chars().next().is_some_and(char::is_lowercase));
    row.push(match text.chars().next() {
        Some('"' | '“' | '„' | '«' | '‘' | '「' | '\'') => 1.0,
        Some('-' | '–' | '—' | '•' | '*' | '►' | '·' | '>') => 2.0,
        Some('(' | '[') => 3.0,
        Some(c) if c.is_numeric() => 4.0,
        Some(c) if c.is_alphabetic() => 0.0,
        _ => 5.0,
    });
    row.flag(text.contains('|') || text.contains('@') || text.contains("http"));
    row.flag(block.has_time);
    row.flag(block.broken);
}

/// What the text ends with: 2 for a full stop and its kin, 1 for a colon, 0 for a letter.
fn ending(text: &str) -> f32 {
    let mut ends = text.chars().rev();
    let mut last = ends.next();
    while let Some('"' | '”' | '“' | '»' | '’' | '\'' | ')' | ']' | '」') = last {
        last = ends.next();
    }
    match last {
        Some('.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟' | '։') => 2.0,
        Some(':' | '：') => 1.0,
        Some(c) if c.is_alphanumeric() => 0.0,
        _ => 3.0,
    }
}

/// The elements whose presence around a block counts.
const WITHIN: [Tag; 15] = [
    Tag::Nav,
    Tag::Header,
    Tag::Footer,
    Tag::Aside,
    Tag::Form,
    Tag::Figure,
    Tag::Caption,
    Tag::Button,
    Tag::List,
    Tag::Table,
    Tag::Quote,
    Tag::Article,
    Tag::Main,
    Tag::Address,
    Tag::Details,
];

fn markup(blocks: &Blocks, outline: &Outline, block: &Block, container: &Container, row: &mut Row) {
    row.push(match container.tag {
        Tag::Paragraph => 0.0,
        Tag::H1 => 1.0,
        Tag::H2 => 2.0,
        Tag::H3 => 3.0,
        Tag::H4 => 4.0,
        Tag::Item => 5.0,
        Tag::Quote => 6.0,
        Tag::Cell => 7.0,
        Tag::HeaderCell => 8.0,
        Tag::Div => 9.0,
        Tag::Section | Tag::Article | Tag::Main => 10.0,
        Tag::Pre => 11.0,
        Tag::Definition => 12.0,
        Tag::Row => 14.0,
        _ => 13.0,
    });
    row.flag(container.tag == Tag::Paragraph);
    row.flag(container.tag.is_heading());
    row.flag(container.hidden);
    row.flag(container.declared_body);
    for tag in WITHIN {
        row.flag(container.within >> tag as u64 & 1 == 1);
    }
    let kinds = lexicon::KINDS.len();
    let parents = blocks.around(container.parent).take(2);
    let near = parents.fold(0, |marks, (_, up)| marks | up.marks);
    row.bits(container.marks | block.inline_marks, kinds);
    row.bits(near, kinds);
    row.bits(container.inherited, kinds);
    // What stands around the page's best container too says nothing about this block.
    let apart = blocks
        .around(block.container)
        .take_while(|(at, _)| outline.best_path.binary_search(at).is_err())
        .fold(0, |marks, (_, up)| marks | up.marks);
    row.apart = apart;
    row.bits(apart, kinds);
}

/// Longer blocks speak for themselves.
const CUE_WORDS: u32 = 80;

fn cues(block: &Block, text: &str, row: &mut Row) {
    let cues = if block.words <= CUE_WORDS {
        lexicon::cues(&text.to_lowercase())
    } else {
        lexicon::Cues::default()
    };
    row.telltale = cues.telltale();
    row.bits(u32::from(cues.anywhere), lexicon::CUES.len());
    row.bits(u32::from(cues.beginning), lexicon::CUES.len());
}

fn position(outline: &Outline, at: usize, row: &mut Row) {
    let get = |list: &[u32]| list.get(at).copied().unwrap_or(0);
    let before = real(get(&outline.words_before));
    row.push(before / outline.words.max(1.0));
    row.push(real(get(&outline.prose_before)) / outline.prose.max(1.0));
    row.push(capped(get(&outline.since_prose)));
    row.push(capped(get(&outline.until_prose)));
    let title = outline.title_at.and_then(|title| outline.words_before.get(title));
    row.push(match title {
        Some(title) => (before - real(*title)).clamp(-100.0, 400.0),
        None => -1000.0,
    });
    row.push(match outline.title_at {
        Some(title) => signed_difference(at, title).clamp(-20.0, 40.0),
        None => -1000.0,
    });
    row.push(capped(get(&outline.h1_before)));
}

fn kin(blocks: &Blocks, outline: &Outline, block: &Block, container: &Container, row: &mut Row) {
    let mut around = blocks.around(block.container);
    for level in 0..4 {
        let up = around.next().map(|(_, up)| up);
        row.push(up.map_or(0.0, |up| real(up.link_words) / real(up.words.max(1))));
        row.push(up.map_or(0.0, |up| real(up.words) / outline.words.max(1.0)));
        // Sizes further up tell one page from another, not one block from another.
        if level < 3 {
            row.push(up.map_or(0.0, |up| real(up.words + 1).ln()));
            row.push(up.map_or(0.0, |up| real(up.blocks + 1).ln()));
        }
    }
    let group = outline.groups.get(&(container.signature, container.tag)).copied();
    let group = group.unwrap_or_default();
    row.push(group.words / group.blocks.max(1.0));
    row.push(group.link_words / group.words.max(1.0));
    row.push(group.prose / outline.prose.max(1.0));
    // How far up the container stands that also holds the page's best one.
    let mut meets = 0;
    let mut ups = 0;
    for (at, up) in blocks.around(block.container) {
        if at == outline.best || i32::from(up.depth) < outline.best_depth {
            break;
        }
        ups += 1;
    }
    let inside_best = blocks.around(block.container).any(|(at, _)| at == outline.best);
    if !inside_best {
        let path = &outline.best_path;
        meets = blocks
            .around(block.container)
            .find_map(|(at, _)| path.binary_search(&at).ok())
            .map_or(99, |at| path.len() - 1 - at);
    }
    row.flag(inside_best);
    row.push(capped(ups));
    row.push(real(u32::try_from(meets.min(99)).unwrap_or(99)));
    row.flag(container.article > 0 && container.article == outline.largest_article);
}

fn neighbour(blocks: &Blocks, block: &Block, at: Option<usize>, row: &mut Row) {
    let Some(other) = at.and_then(|at| blocks.list.get(at)) else {
        for value in [-1.0, -1.0, -1.0, -1.0, -1.0] {
            row.push(value);
        }
        return;
    };
    let container = |block: &Block| blocks.containers.get(block.container);
    let parent = |block: &Block| container(block).map(|c| c.parent);
    row.push(real(other.words + 1).ln());
    row.push(link_density(other));
    row.push(match (container(block), container(other)) {
        _ if block.container == other.container => 3.0,
        (Some(a), Some(b)) if parent(block) == parent(other) && a.signature == b.signature => 2.0,
        _ if parent(block) == parent(other) => 1.0,
        _ => 0.0,
    });
    row.push(match container(other).map(|c| c.tag) {
        Some(tag) if tag.is_heading() => 2.0,
        Some(Tag::Paragraph) => 1.0,
        Some(Tag::Item) => 3.0,
        _ => 0.0,
    });
    row.push(ending(blocks.text_of(other)));
}

/// Where the block stands towards what the markup calls the text, the title, the last heading.
fn structure(blocks: &Blocks, outline: &Outline, at: usize, container: &Container, row: &mut Row) {
    let path = || blocks.list.get(at).into_iter().flat_map(|block| blocks.around(block.container));
    row.push(match outline.entry {
        Some((entry, _)) => f32::from(u8::from(path().any(|(up, _)| up == entry))),
        None => -1.0,
    });
    row.push(outline.entry.map_or(-1.0, |(_, share)| share));
    let mut ups = 0;
    let meeting = path().find_map(|(up, _)| {
        let found = outline.title_path.binary_search(&up).ok();
        ups += u32::from(found.is_none());
        found
    });
    row.push(meeting.map_or(-1.0, |_| capped(ups)));
    row.push(meeting.map_or(-1.0, |at| real_size(outline.title_path.len() - 1 - at).min(99.0)));
    let h1s = |at: usize| outline.h1_before.get(at).copied().unwrap_or(0);
    row.push(outline.title_at.map_or(-1.0, |title| real(h1s(at)) - real(h1s(title))));
    row.flag(
        outline.title_article > 0
            && container.article > 0
            && container.article != outline.title_article,
    );
    match outline.headings.get(at).copied().flatten() {
        Some(heading) => {
            let other = blocks.list.get(heading.at).map(|block| block.container);
            let other = other.and_then(|other| blocks.containers.get(other));
            row.push(real_size(at - heading.at).min(99.0));
            row.flag(heading.telltale);
            // 2 beside the block, 1 beside its container.
            let kinship = other.map_or(0.0, |other| {
                if other.parent == container.parent {
                    2.0
                } else if path().any(|(up, _)| up == other.parent) {
                    1.0
                } else {
                    0.0
                }
            });
            row.push(kinship);
            row.announced = heading.announces && kinship > 0.0;
        }
        None => {
            for value in [99.0, 0.0, -1.0] {
                row.push(value);
            }
        }
    }
    let heading = outline.headings.get(at).copied().flatten();
    let heading = heading.and_then(|heading| blocks.list.get(heading.at));
    row.push(heading.map_or(-1.0, link_density));
    let unit = other_unit(blocks, outline, at);
    row.next_article =
        unit.prose > ARTICLE_WORDS || unit.words > SHORT_ARTICLE_WORDS && unit.are_headed;
    row.announced |= row.next_article;
    row.push(unit.feature());
    let prose = |of: &[u32], at: usize| of.get(at).copied().unwrap_or(0);
    let before = real(prose(&outline.prose_before, at)) - real(outline.prose_before_best);
    row.push((before / real(prose(&outline.prose_in, outline.best).max(1))).clamp(-1.0, 2.0));
}

/// Another element of the kind that holds the title and its text: a page that goes on with the next
/// article repeats the element around each.
#[derive(Clone, Copy, Default)]
struct OtherUnit {
    is_there: bool,
    /// Words that stand with the title, and those of prose among them.
    words: u32,
    prose: u32,
    /// Both have a heading of the first level.
    are_headed: bool,
}

impl OtherUnit {
    fn feature(self) -> f32 {
        if self.is_there { real(self.prose + 1).ln() } else { -1.0 }
    }
}

fn other_unit(blocks: &Blocks, outline: &Outline, at: usize) -> OtherUnit {
    let none = OtherUnit::default();
    let Some(block) = blocks.list.get(at) else { return none };
    let mut inner = None;
    for (up, _) in blocks.around(block.container) {
        if let Ok(meeting) = outline.title_path.binary_search(&up) {
            let with_title = outline.title_path.get(meeting + 1);
            let (Some(inner), Some(with_title)) = (inner, with_title) else { return none };
            let kind = |at: usize| blocks.containers.get(at).map(|c| (c.tag, c.signature));
            if kind(inner) != kind(*with_title) {
                return none;
            }
            let of = |list: &[u32], at: usize| list.get(at).copied().unwrap_or(0);
            return OtherUnit {
                is_there: true,
                words: blocks.containers.get(*with_title).map_or(0, |unit| unit.words),
                prose: of(&outline.prose_in, *with_title),
                are_headed: of(&outline.h1_in, inner) > 0 && of(&outline.h1_in, *with_title) > 0,
            };
        }
        inner = Some(up);
    }
    none
}

/// Names in the block, and what is set around it: rules, pictures.
fn beside(
    blocks: &Blocks,
    outline: &Outline,
    stated: &Stated,
    at: usize,
    words: &[u32],
    row: &mut Row,
) {
    let Some(block) = blocks.list.get(at) else { return };
    row.push(stated.author_share(words));
    row.push(if stated.site.is_empty() { -1.0 } else { share_of(&stated.site, words) });
    row.push(real(block.italic_words) / real(block.words.max(1)));
    row.flag(block.ruled);
    row.push(capped(outline.since_rule.get(at).copied().unwrap_or(99)));
    let pictures = |at: usize| outline.pictures.get(at).copied().flatten();
    row.flag(pictures(at).is_some());
    row.flag(pictures(at + 1).is_some());
    let near = pictures(at).map(|picture| {
        let holds = |other: usize| blocks.around(picture).any(|(up, _)| up == other);
        let mut ups = blocks.around(block.container).take(PICTURE_UPS);
        ups.position(|(up, _)| holds(up)).unwrap_or(PICTURE_UPS)
    });
    row.push(near.map_or(-1.0, real_size));
}
