//! What a command is to read: a file, standard input, or an address.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: reads files and the clock, asks the network"
)]

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

use anyhow::Context;
use tokio::runtime::Runtime;
use url::Url;

use super::{compose, readers};
use crate::{
    article::{Article, LeftOut},
    canonical_url::CanonicalUrl,
    config::Loaded,
    crawl::Rules,
    fetch::{HttpClient, Request, Response, Wanted},
    reader::PageDocument,
    source::{Listing, SourceKind},
};

/// A file's lines, or standard input's for `-`.
pub(super) fn lines(name: &str) -> anyhow::Result<Box<dyn BufRead>> {
    if name == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(name).with_context(|| format!("cannot read {name}"))?;
    Ok(Box::new(BufReader::new(file)))
}

/// A document and where it came from.
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: Option<String>,
    /// The address that answered, or a stand-in for a file.
    pub(super) url: Url,
    pub(super) response: Option<Response>,
}

impl Document {
    /// It as a page fetched now, of which no feed has told.
    fn page(&self) -> PageDocument {
        PageDocument {
            content_type: self.content_type.clone(),
            ..PageDocument::unannounced(self.url.clone(), crate::clock::now())
        }
    }

    /// Has the rules of its site drafted.
    pub(super) fn draft(&self, loaded: &Loaded, name: &str) -> anyhow::Result<String> {
        let draft = in_runtime(async {
            let readers = readers::start(&loaded.config).await?;
            readers::draft(&readers, self.page(), self.bytes.clone()).await
        });
        draft.with_context(|| format!("{name} is no article"))
    }

    /// Has the lines found that are not in its text.
    pub(super) fn left_out(&self, loaded: &Loaded) -> anyhow::Result<Vec<LeftOut>> {
        in_runtime(async {
            let readers = readers::start(&loaded.config).await?;
            readers::left_out(&readers, self.page(), self.bytes.clone()).await
        })
    }

    /// Has it read by its site's rules.
    pub(super) fn read(
        &self,
        loaded: &Loaded,
        rules: &Rules,
        name: &str,
    ) -> anyhow::Result<Article> {
        let rules = rules.site(&self.url).map(|site| site.text.clone());
        let page = PageDocument { rules, ..self.page() };
        let article = in_runtime(async {
            let readers = readers::start(&loaded.config).await?;
            readers::article(&readers, page, self.bytes.clone()).await
        });
        article.with_context(|| format!("{name} is no article"))
    }

    /// Has it read as a listing.
    pub(super) fn listing(&self, loaded: &Loaded, kind: SourceKind) -> anyhow::Result<Listing> {
        let (bytes, content_type) = (self.bytes.clone(), self.content_type.as_deref());
        in_runtime(async {
            let readers = readers::start(&loaded.config).await?;
            let is_cut = self.response.as_ref().is_some_and(|response| response.is_cut);
            readers::listing(&readers, kind, bytes, content_type, &self.url, is_cut).await
        })
    }
}

/// Reads a file, standard input for `-`, or an http or https address, by one request.
pub(super) fn document(loaded: &Loaded, name: &str, wanted: Wanted) -> anyhow::Result<Document> {
    if !name.starts_with("http://") && !name.starts_with("https://") {
        let mut bytes = Vec::new();
        lines(name)?.read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
        let url = Url::parse("http://file.invalid/article.html")?;
        return Ok(Document { bytes, content_type: None, url, response: None });
    }
    let url = CanonicalUrl::parse(name)?.fetch;
    let client = HttpClient::new(compose::fetch(&loaded.config))?;
    let answer = in_runtime(async { Ok(client.fetch_anywhere(Request::new(url, wanted)).await?) });
    let mut response = answer.with_context(|| format!("cannot fetch {name}"))?;
    if response.status != 200 {
        anyhow::bail!("{name} answers {}", crate::crawl::status_words(response.status));
    }
    Ok(Document {
        bytes: std::mem::take(&mut response.body),
        content_type: response.header("content-type").map(str::to_owned),
        url: response.url.clone(),
        response: Some(response),
    })
}

pub(super) fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
