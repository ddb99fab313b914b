//! The pictures of the article with what the page says of them. A caption is no part of the text.

use scraper::node::Element;

use super::blocks::{Block, Blocks, Picture, Tag};
use super::lexicon;

/// A frame around a picture has no more words in it: what has more holds the text too.
const FRAME_WORDS: u32 = 120;
/// The frame is among so many elements around the picture.
const FRAME_UPS: usize = 5;
/// A picture stands no more blocks above the text: below the headline.
const ABOVE: usize = 12;

/// A picture's address as written, and its caption.
pub(super) type Captioned = (String, Option<String>);

/// Where the picture is: pages that load it late state that elsewhere than in `src`.
pub(super) fn address(element: &Element) -> Option<String> {
    let places = ["data-src", "data-original", "data-lazy-src", "src", "srcset", "data-srcset"];
    let stated = element.attrs().filter_map(|(name, value)| {
        let place = places.iter().position(|place| *place == name)?;
        let set = name.ends_with("set");
        let address =
            if set { value.split([',', ' ']).find(|part| !part.is_empty())? } else { value };
        let address = address.trim();
        (!address.is_empty() && !address.starts_with("data:")).then_some((place, address))
    });
    stated.min().map(|(_, address)| address.to_owned())
}

/// The pictures that stand in frames among the kept blocks or before them, with their captions.
pub(super) fn of_article(blocks: &Blocks, kept: &[usize]) -> Vec<Captioned> {
    let (Some(first), Some(last)) = (kept.first(), kept.last()) else { return Vec::new() };
    let near = first.saturating_sub(ABOVE)..=last + 1;
    let framed = blocks.pictures.iter().filter(|picture| near.contains(&blocks.behind(picture)));
    framed.filter_map(|picture| in_frame(blocks, picture)).collect()
}

/// A picture with the caption in the frame around it; `None` where there is no frame, or other
/// stories are in it.
fn in_frame(blocks: &Blocks, picture: &Picture) -> Option<Captioned> {
    let inside = blocks.containers.get(picture.container)?;
    if inside.is_doubtful() || inside.inherited & lexicon::RELATED != 0 {
        return None;
    }
    let mut has_figure = false;
    let around = blocks.around(picture.container).take(FRAME_UPS);
    for (frame, up) in around.take_while(|(_, up)| up.words <= FRAME_WORDS) {
        has_figure |= up.tag == Tag::Figure;
        let inside = blocks.list.iter().skip(blocks.behind(picture).saturating_sub(2)).take(8);
        let captions: Vec<&str> = inside
            .filter(|block| blocks.around(block.container).any(|(at, _)| at == frame))
            .filter(|block| is_caption(blocks, block))
            .map(|block| blocks.text_of(block))
            .collect();
        if !captions.is_empty() {
            let caption = crate::text::clean_line(&captions.join(" "));
            return Some((picture.address.clone(), Some(caption)));
        }
    }
    has_figure.then(|| (picture.address.clone(), None))
}

/// Whether the markup calls a block the caption of a picture.
fn is_caption(blocks: &Blocks, block: &Block) -> bool {
    let within = blocks.containers.get(block.container).map_or(0, |container| container.within);
    let marks = blocks
        .around(block.container)
        .take(2)
        .fold(block.inline_marks, |marks, (_, container)| marks | container.marks);
    within >> Tag::Caption as u64 & 1 == 1 || marks & lexicon::CAPTION != 0
}
