//! An article in parts: where a site's rules name the link to the next page, the pages behind it
//! are asked for one after the other, each as the host's pace and its robots.txt allow.

use std::collections::BTreeSet;

use url::Url;

use super::{PageReading, PageWork};
use crate::{
    article::{Article, TextStatus},
    canonical_url::Host,
    fetch::{Request, Response, Room, Wanted},
};

/// Pages of one article that are asked for.
const PAGES_MAX: usize = 20;

/// An article of which some pages have been read, the first one among them.
#[derive(Debug, Clone)]
pub struct Begun {
    pub article: Article,
    /// The first page's answer, without its body, and what was exchanged for all pages so far.
    pub response: Response,
    /// All pages that were asked for.
    pub asked: Vec<Url>,
}

impl Begun {
    /// The first page's answer, with what was exchanged for another page.
    pub(super) fn with(&self, next: Option<&Response>) -> Response {
        let mut response = self.response.clone();
        response.exchanges.extend(next.into_iter().flat_map(|next| next.exchanges.iter().cloned()));
        response
    }

    /// The article with what another page of it gives. A paragraph that stands on every page stands
    /// once.
    fn joined(&self, next: Article) -> Article {
        let mut article = self.article.clone();
        let known: BTreeSet<&str> = self.article.text.split("\n\n").collect();
        let more = next.text.split("\n\n").filter(|line| !known.contains(line));
        let lines = self.article.text.split("\n\n").chain(more).filter(|line| !line.is_empty());
        article.text = lines.collect::<Vec<_>>().join("\n\n");
        for url in next.media {
            if !article.media.contains(&url) {
                article.media.push(url);
            }
        }
        for image in next.images {
            if !article.images.iter().any(|known| known.url == image.url) {
                article.images.push(image);
            }
        }
        // A page without a text is a hole in the article, not its end.
        let status = match next.text_status {
            TextStatus::Failed => TextStatus::Partial,
            status => status,
        };
        article.text_status = article.text_status.max(status);
        article.next_page = next.next_page;
        article
    }
}

/// What a page of an article comes to: another page to ask for, or the article as far as it goes.
pub(super) fn follow(
    work: &PageWork,
    response: &Response,
    page: Article,
) -> Result<Article, PageReading> {
    let (mut article, mut asked, first) = if let Some(begun) = &work.begun {
        (begun.joined(page), begun.asked.clone(), begun.with(Some(response)))
    } else {
        // Whoever waits for more room must have none.
        let (body, room) = (Vec::new(), Room::default());
        (page, vec![work.pending.url.clone()], Response { body, room, ..response.clone() })
    };
    let Some(next) = article.next_page.clone() else { return Ok(article) };
    if !asked.contains(&response.url) {
        asked.push(response.url.clone());
    }
    if asked.contains(&next) {
        return Ok(article);
    }
    // The pace and the robots.txt that were asked about are this host's.
    if asked.len() >= PAGES_MAX || Host::of(&next) != Host::of(&response.url) {
        cut(&mut article, "is not asked for");
        return Ok(article);
    }
    asked.push(next.clone());
    Err(PageReading::Continues {
        request: Box::new(Request::new(next, Wanted::Page)),
        begun: Box::new(Begun { article, response: first, asked }),
    })
}

/// The article without the page that could not be had.
pub(super) fn unfinished(begun: &Begun, error: &str) -> Article {
    let mut article = begun.article.clone();
    cut(&mut article, &format!("could not be read: {error}"));
    article
}

fn cut(article: &mut Article, why: &str) {
    if let Some(next) = article.next_page.take() {
        article.text_status = article.text_status.max(TextStatus::Partial);
        article.extraction.warnings.push(format!("the article goes on at {next}, which {why}"));
    }
}
