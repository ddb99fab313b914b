//! One address, one spelling: the address to fetch and the key that identifies it.

use serde::{Deserialize, Serialize};
use url::Url;

/// What identifies an article's address: equal for every spelling of the same page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UrlKey(String);

impl UrlKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A host as politeness sees it: lower case, punycode, with its port where that is not the default.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Host(String);

impl Host {
    pub fn of(url: &Url) -> Self {
        let name = url.host_str().unwrap_or_default().to_ascii_lowercase();
        Self(match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registrable domain (`bbc.co.uk` of `feeds.bbc.co.uk:8080`), or the host where there is none.
    pub fn domain(&self) -> &str {
        let name = self.0.split(':').next().unwrap_or(&self.0);
        psl::domain_str(name).unwrap_or(name)
    }
}

pub fn alias_of(_base: &CanonicalUrl, claimed: &Url) -> Option<CanonicalUrl> {
    CanonicalUrl::parse(claimed.as_str()).ok()
}

/// An address to fetch together with its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalUrl {
    /// RFC 3986 syntax normalization only.
    pub fetch: Url,
    pub key: UrlKey,
    /// Names of the rules that made `key` out of the address, in the order of their use.
    pub rules: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is no address that can be fetched: {reason}")]
pub struct UrlError {
    pub address: String,
    pub reason: String,
}

impl CanonicalUrl {
    /// Reads an absolute http or https address.
    pub fn parse(address: &str) -> Result<Self, UrlError> {
        let fetch = Url::parse(address.trim())
            .map_err(|e| UrlError { address: address.to_owned(), reason: e.to_string() })?;
        let key = UrlKey(
            fetch.as_str().trim_start_matches("https://").trim_start_matches("http://").to_owned(),
        );
        Ok(Self { fetch, key, rules: Vec::new() })
    }

    /// Reads an address that may be relative to `base`.
    pub fn join(base: &Url, address: &str) -> Result<Self, UrlError> {
        match base.join(address.trim()) {
            Ok(url) => Self::parse(url.as_str()),
            Err(e) => Err(UrlError { address: address.to_owned(), reason: e.to_string() }),
        }
    }
}
