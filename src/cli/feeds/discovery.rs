//! The listings of a site: the address itself, what its page and its robots.txt name, then the paths
//! where feeds usually are.
#![expect(clippy::disallowed_methods, reason = "shell: asks the network, at its pace")]

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use tokio::time::{self, Instant};
use url::Url;

use super::super::readers;
use crate::{
    canonical_url::Host,
    crawl,
    fetch::{Fetch, FetchError, HttpClient, Request, Response, Wanted},
    politeness::Robots,
    reader::Pool,
    source::{self, Listing, SourceKind},
};

/// A listing that can be configured.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) url: Url,
    pub(super) kind: SourceKind,
    /// What the page or the listing calls it.
    pub(super) title: Option<String>,
    /// What it gives, where it was asked for already.
    pub(super) listing: Option<Listing>,
}

/// Asks each address once and leaves every host its rest.
pub(super) struct Asker {
    client: HttpClient,
    readers: Pool,
    rest: Duration,
    answers: BTreeMap<Url, Result<Response, FetchError>>,
    asked: BTreeMap<Host, Instant>,
}

impl Asker {
    pub(super) fn new(client: HttpClient, readers: Pool, rest: Duration) -> Self {
        Self { client, readers, rest, answers: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// The answer to one request, redirects followed.
    async fn ask(&mut self, url: &Url, wanted: Wanted) -> Result<Response, FetchError> {
        if let Some(answer) = self.answers.get(url) {
            return answer.clone();
        }
        let mut request = Request::new(url.clone(), wanted);
        let answer = loop {
            let host = Host::of(&request.url);
            if let Some(last) = self.asked.get(&host) {
                time::sleep_until(*last + self.rest).await;
            }
            anstream::eprintln!("asking {}", request.url);
            self.asked.insert(host, Instant::now());
            match self.client.fetch(request).await {
                Err(error) => break Err(error),
                Ok(response) => match response.onward(wanted) {
                    Some(onward) => request = onward,
                    None => break Ok(response),
                },
            }
        };
        self.answers.insert(url.clone(), answer.clone());
        answer
    }

    /// The address of a site that was named without a scheme: by https, or by http where nothing
    /// answers by https. Where something answers and cannot be believed, that is for the user to
    /// decide: whoever stands between us and the site could lead us to http by a wrong certificate.
    pub(super) async fn scheme(&mut self, https: Url) -> anyhow::Result<Url> {
        let mut http = https.clone();
        if http.set_scheme("http").is_err() {
            return Ok(https);
        }
        match self.ask(&https, Wanted::Listing).await {
            Err(silent @ (FetchError::Connect(_) | FetchError::NoTls | FetchError::Timeout(_))) => {
                anstream::eprintln!("{https}: {silent}; trying {http}");
                Ok(http)
            }
            Err(refused @ FetchError::Tls(_)) => anyhow::bail!(
                "{https}: {refused}; to have it without encryption all the same, name it {http}"
            ),
            _ => Ok(https),
        }
    }

    /// The listing at an address, and the address to configure: the one it moved to for good.
    pub(super) async fn listing(
        &mut self,
        url: &Url,
        kind: SourceKind,
    ) -> anyhow::Result<(Listing, Url)> {
        let response = self.ask(url, Wanted::Listing).await?;
        if response.status != 200 {
            anyhow::bail!(crawl::status_words(response.status));
        }
        let listing = self.read(&response, kind).await?;
        let settled = if response.has_moved_for_good() { response.url } else { url.clone() };
        Ok((listing, settled))
    }

    async fn read(&self, response: &Response, kind: SourceKind) -> anyhow::Result<Listing> {
        let (bytes, content_type) = (response.body.clone(), response.header("content-type"));
        let is_cut = response.is_cut;
        readers::listing(&self.readers, kind, bytes, content_type, &response.url, is_cut).await
    }
}

/// What can be configured for an address, the likeliest first. Where nothing can, why the address
/// itself cannot.
pub(super) async fn find(asker: &mut Asker, site: &Url) -> anyhow::Result<Vec<Candidate>> {
    let response = asker.ask(site, Wanted::Listing).await;
    let response = response.with_context(|| format!("cannot fetch {site}"))?;
    if response.status != 200 {
        anyhow::bail!("{site} answers {}", crawl::status_words(response.status));
    }
    let mut why = Ok(());
    for kind in [SourceKind::Feed, SourceKind::Sitemap] {
        match asker.read(&response, kind).await {
            Ok(listing) => {
                let (_, url) = asker.listing(site, kind).await?;
                let title = listing.title.clone();
                return Ok(vec![Candidate { url, kind, title, listing: Some(listing) }]);
            }
            Err(error) => why = why.and(Err(error)),
        }
    }
    let (bytes, content_type) = (response.body.clone(), response.header("content-type"));
    let named = readers::feeds(&asker.readers, bytes, content_type, &response.url).await?;
    let mut found: Vec<Candidate> = named.into_iter().map(unread).collect();
    let robots = robots(asker, &response.url).await;
    if !found.iter().any(|candidate| candidate.kind == SourceKind::Feed) {
        let feed = probe(asker, &response.url, SourceKind::Feed, &robots).await?;
        found.splice(0..0, feed);
    }
    let has_feed = found.iter().any(|candidate| candidate.kind == SourceKind::Feed);
    for url in robots.sitemaps() {
        // Beside a feed only those that are about news add something.
        let is_worth_it = !has_feed || url.path().to_ascii_lowercase().contains("news");
        if is_worth_it && found.iter().all(|candidate| candidate.url != *url) {
            let (url, kind) = (url.clone(), SourceKind::Sitemap);
            found.push(Candidate { url, kind, title: None, listing: None });
        }
    }
    if found.is_empty() {
        found.extend(probe(asker, &response.url, SourceKind::Sitemap, &robots).await?);
    }
    if found.is_empty() {
        why.with_context(|| format!("no feed was found at {site}"))?;
    }
    Ok(found)
}

fn unread(found: source::Found) -> Candidate {
    Candidate { url: found.url, kind: found.kind, title: found.title, listing: None }
}

async fn robots(asker: &mut Asker, site: &Url) -> Robots {
    let now = crate::clock::now();
    let Ok(url) = site.join("/robots.txt") else { return Robots::unavailable(now) };
    match asker.ask(&url, Wanted::Robots).await {
        Ok(answer) => Robots::from_answer(answer.status, &answer.body, None, now),
        Err(_) => Robots::unreachable(None, now),
    }
}

/// Tries the well-known paths that robots.txt allows until one is a listing.
async fn probe(
    asker: &mut Asker,
    site: &Url,
    kind: SourceKind,
    robots: &Robots,
) -> anyhow::Result<Option<Candidate>> {
    let paths = source::well_known(site).into_iter().filter(|path| path.kind == kind);
    for path in paths.filter(|path| robots.allows(&path.url)) {
        let Ok(answer) = asker.ask(&path.url, Wanted::Listing).await else { continue };
        if matches!(answer.status, 429 | 503) {
            anyhow::bail!("{} answers {}", path.url, crawl::status_words(answer.status));
        }
        if answer.status == 200
            && let Ok((listing, url)) = asker.listing(&path.url, kind).await
        {
            let title = listing.title.clone();
            return Ok(Some(Candidate { url, kind, title, listing: Some(listing) }));
        }
    }
    Ok(None)
}
