//! A page cut into blocks: the runs of text between the borders of block elements and line
//! breaks, with the elements that hold them. What a block is like is measured here; whether it
//! belongs to the article is decided elsewhere.

use std::collections::BTreeMap;

use ego_tree::{NodeId, NodeRef};
use scraper::Node;

use super::{cutter, lexicon};

/// Blocks of one page that are looked at; what comes after is dropped.
pub(super) const BLOCKS_MAX: usize = 20_000;

/// What kind of element holds text, as far as it tells text from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tag {
    Other,
    Body,
    Div,
    Section,
    Article,
    Main,
    Paragraph,
    H1,
    H2,
    H3,
    H4,
    List,
    Item,
    Quote,
    Pre,
    Figure,
    Caption,
    Aside,
    Nav,
    Header,
    Footer,
    Form,
    Button,
    Table,
    Row,
    Cell,
    HeaderCell,
    Definition,
    Address,
    Details,
}

impl Tag {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "body" => Self::Body,
            "div" => Self::Div,
            "section" => Self::Section,
            "article" => Self::Article,
            "main" => Self::Main,
            "p" => Self::Paragraph,
            "h1" => Self::H1,
            "h2" => Self::H2,
            "h3" => Self::H3,
            "h4" | "h5" | "h6" => Self::H4,
            "ul" | "ol" | "menu" => Self::List,
            "li" => Self::Item,
            "blockquote" => Self::Quote,
            "pre" => Self::Pre,
            "figure" => Self::Figure,
            "figcaption" | "caption" => Self::Caption,
            "aside" => Self::Aside,
            "nav" => Self::Nav,
            "header" | "hgroup" => Self::Header,
            "footer" => Self::Footer,
            "form" | "fieldset" => Self::Form,
            "button" => Self::Button,
            "table" | "tbody" | "thead" | "tfoot" => Self::Table,
            "tr" => Self::Row,
            "td" => Self::Cell,
            "th" => Self::HeaderCell,
            "dl" | "dt" | "dd" => Self::Definition,
            "address" => Self::Address,
            "details" | "summary" | "dialog" => Self::Details,
            _ => Self::Other,
        }
    }

    pub(super) fn is_heading(self) -> bool {
        matches!(self, Self::H1 | Self::H2 | Self::H3 | Self::H4)
    }
}

/// A block element that holds text, itself or below.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) parent: usize,
    pub(super) tag: Tag,
    pub(super) depth: u16,
    /// What its class, id and role say ([`lexicon`]).
    pub(super) marks: u32,
    /// The marks of all that is around it, and its own.
    pub(super) inherited: u32,
    /// Bits of [`Tag`] of all that is around it, and its own.
    pub(super) within: u64,
    pub(super) hidden: bool,
    /// Its markup says that it is the article's body (`itemprop=articleBody`).
    pub(super) declared_body: bool,
    /// It is the element that says so.
    pub(super) declares_body: bool,
    /// Tag and class of it and of its parent, hashed: siblings of one kind share it.
    pub(super) signature: u32,
    /// Which `<article>` of the page it is in, counted from 1; 0 outside.
    pub(super) article: u16,
    /// Totals over all blocks at and below it.
    pub(super) words: u32,
    pub(super) link_words: u32,
    pub(super) blocks: u32,
}

impl Container {
    /// Whether the markup around it says that it holds comments, other stories or furniture.
    pub(super) fn is_doubtful(&self) -> bool {
        let furniture = 1 << Tag::Nav as u64 | 1 << Tag::Footer as u64 | 1 << Tag::Aside as u64;
        self.hidden || self.within & furniture != 0 || self.inherited & lexicon::DOUBTFUL != 0
    }
}

/// A run of text.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Index of the innermost block element around it.
    pub(super) container: usize,
    /// Bytes of [`Blocks::text`].
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) words: u32,
    pub(super) link_words: u32,
    pub(super) links: u32,
    pub(super) bold_words: u32,
    pub(super) italic_words: u32,
    pub(super) sentence_ends: u32,
    pub(super) commas: u32,
    pub(super) digits: u32,
    pub(super) capitals: u32,
    /// Marks of inline elements that open with it.
    pub(super) inline_marks: u32,
    /// A `<br>` stands before or after it.
    pub(super) broken: bool,
    pub(super) has_time: bool,
    /// An `<hr>` stands before it.
    pub(super) ruled: bool,
}

/// A picture of the page.
#[derive(Debug)]
pub(super) struct Picture {
    /// As written.
    pub(super) address: String,
    /// Index of the innermost block element around it.
    pub(super) container: usize,
    /// Bytes of [`Blocks::text`] before it.
    pub(super) offset: usize,
}

/// A row of data has no more cells and words.
const CELLS_MAX: usize = 30;
const CELL_WORDS: u32 = 30;
const ROW_WORDS: u32 = 90;

impl Block {
    /// Takes in the one behind it.
    fn add(&mut self, next: &Self) {
        self.end = next.end;
        self.words += next.words;
        self.link_words += next.link_words;
        self.links += next.links;
        self.bold_words += next.bold_words;
        self.italic_words += next.italic_words;
        self.sentence_ends += next.sentence_ends;
        self.commas += next.commas;
        self.digits += next.digits;
        self.capitals += next.capitals;
        self.has_time |= next.has_time;
    }
}

/// All blocks of a page in reading order.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) text: String,
    pub(super) containers: Vec<Container>,
    pub(super) list: Vec<Block>,
    pub(super) pictures: Vec<Picture>,
}

impl Blocks {
    pub(super) fn text_of(&self, block: &Block) -> &str {
        self.text.get(block.start..block.end).unwrap_or_default()
    }

    /// The block that a picture stands in, or else before.
    pub(super) fn behind(&self, picture: &Picture) -> usize {
        self.list.partition_point(|block| block.end <= picture.offset)
    }

    /// A container and those around it, innermost first.
    pub(super) fn around(&self, container: usize) -> impl Iterator<Item = (usize, &Container)> {
        let mut next = Some(container);
        std::iter::from_fn(move || {
            let at = next?;
            let container = self.containers.get(at)?;
            next = (at != 0).then_some(container.parent);
            Some((at, container))
        })
    }

    /// Cuts what is below `root`, leaving out the elements in `removed`.
    pub(super) fn of(root: NodeRef<'_, Node>, removed: &[NodeId]) -> Self {
        let mut blocks = cutter::cut(root, removed);
        blocks.join_cells();
        blocks.total();
        blocks
    }

    /// The cells of a row of a table of data become one block, a line for each cell: alone, a
    /// number says nothing of where it belongs. A cell with more in it is layout.
    fn join_cells(&mut self) {
        let places: Vec<Option<(usize, usize)>> =
            self.list.iter().map(|block| self.row_and_cell(block)).collect();
        let mut list: Vec<Block> = Vec::with_capacity(self.list.len());
        let mut blocks = std::mem::take(&mut self.list).into_iter().zip(places).peekable();
        while let Some((first, place)) = blocks.next() {
            let Some((row, cell)) = place else {
                list.push(first);
                continue;
            };
            let mut words = BTreeMap::from([(cell, first.words)]);
            let mut cells = vec![first];
            while let Some((block, Some((_, cell)))) =
                blocks.next_if(|(_, other)| other.is_some_and(|(other, _)| other == row))
            {
                *words.entry(cell).or_default() += block.words;
                cells.push(block);
            }
            let is_data = (2..=CELLS_MAX).contains(&cells.len())
                && cells.iter().all(|block| block.sentence_ends <= 3)
                && words.values().all(|words| *words <= CELL_WORDS)
                && words.values().sum::<u32>() <= ROW_WORDS
                && cells.first().map(|cell| cell.container)
                    != cells.get(1).map(|cell| cell.container);
            match cells.split_first_mut() {
                Some((joined, rest)) if is_data => {
                    joined.container = row;
                    for cell in rest {
                        joined.add(cell);
                    }
                    list.extend(cells.into_iter().next());
                }
                _ => list.extend(cells),
            }
        }
        self.list = list;
    }

    /// The row and the cell of a table around a block.
    fn row_and_cell(&self, block: &Block) -> Option<(usize, usize)> {
        let mut around = self.around(block.container);
        let (within, cell) = around
            .by_ref()
            .take(3)
            .find(|(_, up)| matches!(up.tag, Tag::Cell | Tag::HeaderCell) || up.tag.is_heading())?;
        let (at, row) = around.next()?;
        (row.tag == Tag::Row && !cell.tag.is_heading() && cell.parent == at).then_some((at, within))
    }

    fn total(&mut self) {
        for block in &self.list {
            if let Some(container) = self.containers.get_mut(block.container) {
                container.words += block.words;
                container.link_words += block.link_words;
                container.blocks += 1;
            }
        }
        // A child is always behind its parent.
        for at in (1..self.containers.len()).rev() {
            let Some(child) = self.containers.get(at) else { continue };
            let (parent, words, links, blocks) =
                (child.parent, child.words, child.link_words, child.blocks);
            if let Some(parent) = self.containers.get_mut(parent) {
                parent.words += words;
                parent.link_words += links;
                parent.blocks += blocks;
            }
        }
    }
}
