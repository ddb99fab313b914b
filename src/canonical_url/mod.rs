//! One address, one spelling: the address to fetch and the key that identifies it.
//!
//! The two are far apart on purpose. `fetch` is the address as given, after the normalization of
//! RFC 3986 section 6.2.2 alone, so that a server sees what its publisher wrote. `key` is what news
//! sites commonly mean by it: scheme, `www`, mobile and AMP forms, tracking parameters and wrappers
//! are gone. A wrong merge loses an article, a missed one only doubles it: a rule that could name
//! two articles alike is not here.
//!
//! Keys are kept for years. Whoever changes what a key looks like raises [`KEY_VERSION`].

mod alias;
mod names;
mod path;
mod percent;
mod query;
mod repair;
mod wrapper;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

pub use alias::alias_of;

/// Counts the definitions of [`UrlKey`]; an index made with another one is rebuilt.
pub const KEY_VERSION: u32 = 5;

/// A longer address, in bytes, is written by no person, and refused by servers.
pub const LONGEST: usize = 8192;

/// A wrapper may hold a wrapper; deeper nests than this are left as they are.
const PASSES: usize = 8;

/// What identifies an article's address: equal for every spelling of the same page.
///
/// ASCII: host, path and sorted query without the scheme, as in `example.kz/news/1?page=2`.
/// The key of [`UrlKey::address`] is the key itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UrlKey(String);

impl UrlKey {
    /// A key for what is no address, such as the id of an article that has none.
    pub fn verbatim(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address with this key.
    pub fn address(&self) -> String {
        format!("https://{}", self.0)
    }

    /// The host of the key, without `www` and its like: what tells one site from another.
    pub fn host(&self) -> &str {
        self.0.split(['/', '?', '#']).next().unwrap_or(&self.0)
    }
}

impl fmt::Display for UrlKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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

    /// A host as people write it: a name, or the address of anything on it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let url = Url::parse(text).ok().filter(Url::has_host);
        let url = url.or_else(|| Url::parse(&format!("http://{text}/")).ok())?;
        url.host_str().is_some_and(repair::is_a_name).then(|| Self::of(&url))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registrable domain (`bbc.co.uk` of `feeds.bbc.co.uk:8080`), or the host where there is none.
    pub fn domain(&self) -> &str {
        let name = match self.0.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => &self.0,
        };
        if name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok() {
            return name;
        }
        psl::domain_str(name).unwrap_or(name)
    }
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
    /// Reads an absolute http or https address, mending what is commonly broken in feeds.
    pub fn parse(address: &str) -> Result<Self, UrlError> {
        Self::read(address, |rules| repair::absolute(address, rules))
    }

    /// Reads an address that may be relative to `base`.
    pub fn join(base: &Url, address: &str) -> Result<Self, UrlError> {
        Self::read(address, |rules| repair::relative(base, address, rules))
    }

    fn read(
        address: &str,
        repaired: impl FnOnce(&mut Rules) -> Result<Url, String>,
    ) -> Result<Self, UrlError> {
        let mut rules = Rules::default();
        // As given, which is what the work on it grows with, and as what it is asked for by.
        let is_long = |text: &str| text.trim().len() > LONGEST;
        let url = if is_long(address) { None } else { Some(repaired(&mut rules)) };
        let reason = match url {
            Some(Ok(url)) if !is_long(url.as_str()) => return Ok(Self::of(url, rules)),
            Some(Err(reason)) => reason,
            None | Some(Ok(_)) => format!("it is longer than {LONGEST} bytes"),
        };
        let shown = match address.char_indices().nth(200) {
            Some((at, _)) => format!("{}…", address.get(..at).unwrap_or_default()),
            None => address.to_owned(),
        };
        Err(UrlError { address: shown, reason })
    }

    fn of(mut url: Url, mut rules: Rules) -> Self {
        if strip_user_info(&mut url) {
            rules.add("user-info");
        }
        let fetch = percent::normalized(url.clone());
        let mut key = key_of(&fetch, &mut rules);
        // Most addresses are their own key.
        if fetch == url && fetch.as_str().strip_prefix("https://") == Some(key.as_str()) {
            return Self { fetch, key: UrlKey(key), rules: rules.0 };
        }
        // A rule may lay bare what an earlier one looks for; the key is where nothing changes.
        for _ in 0..PASSES {
            // The scheme of the second pass is ours, not the address's.
            let mut again = Rules::default();
            let Ok(url) = repair::absolute(&format!("https://{key}"), &mut again) else { break };
            let next = key_of(&percent::normalized(url), &mut again);
            if next == key {
                break;
            }
            key = next;
            again.0.into_iter().filter(|rule| *rule != "scheme").for_each(|rule| rules.add(rule));
        }
        Self { fetch, key: UrlKey(key), rules: rules.0 }
    }
}

/// Whether an address carries a user name or a password.
pub fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Takes the user name and the password out of an address; whether there was one. Whoever put them in
/// did not mean to give them to everybody who reads the archive.
pub fn strip_user_info(url: &mut Url) -> bool {
    let had = has_user_info(url);
    // An address with a host can be without.
    url.set_username("").ok();
    url.set_password(None).ok();
    had
}

/// The rules applied so far, each once.
#[derive(Default)]
struct Rules(Vec<&'static str>);

impl Rules {
    fn add(&mut self, name: &'static str) {
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }
}

fn key_of(url: &Url, rules: &mut Rules) -> String {
    let target = wrapper::unwrap(url, rules);
    let url = target.as_ref().unwrap_or(url);
    let mended = query::lost_mark(url);
    if mended.is_some() {
        rules.add("repaired-query");
    }
    let url = mended.as_ref().unwrap_or(url);
    if url.scheme() != "https" {
        rules.add("scheme");
    }
    if has_user_info(url) {
        rules.add("user-info");
    }
    let mut key = path::host(url.host_str().unwrap_or_default(), rules);
    match url.port() {
        // Over the scheme, which the key does not know, either is a default.
        Some(80 | 443) => rules.add("default-port"),
        Some(port) => {
            key.push(':');
            key.push_str(&port.to_string());
        }
        None => {}
    }
    let path = path::path(url.path(), url.host_str().unwrap_or_default(), rules);
    let (query, route) = query::query(url, &key, &path, rules);
    key.push_str(&path);
    if !query.is_empty() {
        key.push('?');
        key.push_str(&query);
    }
    key.push_str(&route);
    key
}
