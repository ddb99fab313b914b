//! One bounded HTTP exchange.

pub mod address;
mod client;
mod decode;
mod post;
mod room;
mod settings;
mod tls;

#[cfg(test)]
mod tests;

pub use client::{ClientError, HttpClient};
pub use post::{Post, Posted};
pub use room::Room;
pub use settings::Settings;

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::text::clean_line;

/// What kind of document is asked for: decides the `Accept` header and the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    Listing,
    Page,
    Robots,
}

/// A cache validator pair as opaque bytes, only ever sent back as it came (RFC 9110 §13.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    pub etag: Option<Vec<u8>>,
    pub last_modified: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub url: Url,
    pub wanted: Wanted,
    pub validators: Validators,
    /// The address that the validators came from: they are sent to no other, be it before or after
    /// a redirect.
    pub validators_of: Url,
    /// The hops that led to `url`.
    pub redirects: Vec<Redirect>,
}

impl Request {
    /// An unconditional request, the first of its chain.
    pub fn new(url: Url, wanted: Wanted) -> Self {
        let (validators, validators_of) = (Validators::default(), url.clone());
        Self { url, wanted, validators, validators_of, redirects: Vec::new() }
    }

    /// Whether it says what is known, so that the answer may be that nothing has changed.
    pub fn is_conditional(&self) -> bool {
        self.url == self.validators_of && self.validators != Validators::default()
    }
}

/// One hop of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    pub status: u16,
    pub from: Url,
    pub to: Url,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// The address that answered, after redirects.
    pub url: Url,
    /// All hops of the chain. Where this answer is one itself, the last is yet to be followed: see
    /// [`Self::onward`].
    pub redirects: Vec<Redirect>,
    /// Header names in lower case, values as bytes, in the order they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Decoded of its content encoding, and a listing also of being a packed file (`.xml.gz`); at
    /// most as long as the limit for its kind.
    pub body: Vec<u8>,
    /// The body is longer than a listing or a robots.txt may be, and this is its beginning.
    pub is_cut: bool,
    /// When the head arrived.
    pub at: Timestamp,
    /// From the start of the request to the end of the body, without what it had to wait for us.
    pub took: Duration,
    /// What went over the wire, where the settings say that it is kept: of pages that were read. Of
    /// an article in parts, of each part in turn.
    pub exchanges: Vec<Arc<Exchange>>,
    /// What a large body, and what is read of it, holds of the memory for such.
    pub room: Room,
}

/// A request and its answer as they went over the wire, for those who keep them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    pub url: Url,
    /// When the head of the answer arrived.
    pub at: Timestamp,
    /// Who answered; not known behind a proxy.
    pub peer: Option<IpAddr>,
    pub is_http2: bool,
    /// The fields of the request, without `Host`.
    pub request: Vec<(String, Vec<u8>)>,
    pub status: u16,
    /// What the status is called, empty where it has no name.
    pub reason: &'static str,
    /// As in [`Response::headers`].
    pub headers: Vec<(String, Vec<u8>)>,
    /// Still in its content encoding.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header, where it is valid text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).and_then(|v| std::str::from_utf8(v).ok())
    }

    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// The request that goes on where this answer leads elsewhere. Whether and when that address may
    /// be asked for is for the caller to decide: each hop is a request, also to the same host.
    pub fn onward(&self, wanted: Wanted) -> Option<Request> {
        let hop = self.redirects.last().filter(|hop| hop.to != self.url)?;
        let redirects = self.redirects.clone();
        Some(Request { redirects, ..Request::new(hop.to.clone(), wanted) })
    }

    /// Every hop says that the address has changed for good, and there was one.
    pub fn has_moved_for_good(&self) -> bool {
        let for_good = |hop: &Redirect| matches!(hop.status, 301 | 308);
        !self.redirects.is_empty() && self.redirects.iter().all(for_good)
    }

    pub fn validators(&self) -> Validators {
        Validators {
            etag: self.header_bytes("etag").map(<[u8]>::to_vec),
            last_modified: self.header_bytes("last-modified").map(<[u8]>::to_vec),
        }
    }
}

/// A body freed of the content encoding that its header fields name, at most `limit` bytes of it;
/// as it is where that cannot be done.
pub fn decoded(headers: &[(String, Vec<u8>)], body: Vec<u8>, limit: usize) -> Vec<u8> {
    let values = headers.iter().filter(|(name, _)| name == "content-encoding");
    match decode::encoding(values.map(|(_, value)| value.as_slice())) {
        Ok(Some(encoding)) => match decode::decode(&encoding, &body, limit) {
            (decoded, None) => decoded,
            _ => body,
        },
        _ => body,
    }
}

/// Why there is no response. The text of each names what was wrong, not the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("the host name does not resolve: {0}")]
    Dns(String),
    #[error("no connection: {0}")]
    Connect(String),
    #[error("the certificate or TLS handshake was refused: {0}")]
    Tls(String),
    /// No certificate was shown, good or bad.
    #[error("the server does not speak TLS there")]
    NoTls,
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the page is larger than {0} bytes (limits.max_page_size)")]
    TooLarge(u64),
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    #[error("the redirect leads in a circle at {0}")]
    RedirectLoop(String),
    #[error("the address is not allowed: {0}")]
    Denied(String),
    /// A page was asked for, and a picture, a film or the like came. Its body was not read.
    #[error("no page but a file of type {0:?}")]
    WrongType(String),
    #[error("the answer broke the protocol: {0}")]
    Protocol(String),
}

impl FetchError {
    /// What the other side had its words in may be meant for the terminal of who reads of it.
    fn cleaned(self) -> Self {
        let clean = |words: String| clean_line(&words);
        match self {
            Self::Dns(words) => Self::Dns(clean(words)),
            Self::Connect(words) => Self::Connect(clean(words)),
            Self::Tls(words) => Self::Tls(clean(words)),
            Self::RedirectLoop(words) => Self::RedirectLoop(clean(words)),
            Self::Denied(words) => Self::Denied(clean(words)),
            Self::WrongType(words) => Self::WrongType(clean(words)),
            Self::Protocol(words) => Self::Protocol(clean(words)),
            Self::NoTls | Self::Timeout(_) | Self::TooLarge(_) | Self::TooManyRedirects(_) => self,
        }
    }

    /// The host has no name, takes no connection or gives no answer: nothing was heard of it.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Connect(_) | Self::Timeout(_))
    }

    /// The same request may have another end later. What the site itself does wrong stays wrong.
    pub fn retry(&self) -> bool {
        match self {
            Self::Dns(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::NoTls
            | Self::Timeout(_)
            | Self::Protocol(_) => true,
            Self::TooLarge(_)
            | Self::TooManyRedirects(_)
            | Self::RedirectLoop(_)
            | Self::WrongType(_)
            | Self::Denied(_) => false,
        }
    }
}

/// The network, as the daemon sees it: HTTP, or a scripted web in tests.
pub trait Fetch: Clone + Send + Sync + 'static {
    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, FetchError>> + Send;
}
