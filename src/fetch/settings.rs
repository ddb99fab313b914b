//! The bounds of an exchange.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use url::Url;

use super::{Wanted, address::Cidr};

/// How a client behaves and what it puts up with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the owner of a site can read who asks, and complain: an address of a page or of mail.
    pub contact: Option<String>,
    /// From the first attempt to the connection with its TLS handshake.
    pub connect_timeout: Duration,
    /// From the start of a request to the end of the answer's head, each redirect anew.
    pub head_timeout: Duration,
    /// From the start to the end of the body, redirects included.
    pub total_timeout: Duration,
    /// Bytes of a body, before and after decoding.
    pub longest_page: usize,
    /// A longer listing is cut, not refused: its first entries are better than none.
    pub longest_listing: usize,
    /// A longer robots.txt is cut, not refused (RFC 9309 §2.5).
    pub longest_robots: usize,
    /// Bytes of all bodies over 1 MiB that are held at once; further ones wait.
    pub large_bodies: usize,
    pub redirects: usize,
    /// Ranges that are open though they are not public: what an intranet needs.
    pub allow: Vec<Cidr>,
    /// Addresses of names, in place of what DNS says; checked like any other.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The only proxy that is used; the environment's are not.
    pub proxy: Option<Url>,
    /// Certificates of further authorities to trust, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// Whether a page comes with [`super::Exchange`].
    pub keep_exchanges: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contact: None,
            connect_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_mins(1),
            longest_page: 5 << 20,
            longest_listing: 15 << 20,
            longest_robots: 512 << 10,
            large_bodies: 48 << 20,
            redirects: 5,
            allow: Vec::new(),
            hosts: BTreeMap::new(),
            proxy: None,
            authorities: None,
            keep_exchanges: false,
        }
    }
}

impl Settings {
    pub(super) fn limit(&self, wanted: Wanted) -> usize {
        match wanted {
            Wanted::Listing => self.longest_listing,
            Wanted::Page => self.longest_page,
            Wanted::Robots => self.longest_robots,
        }
    }

    pub(super) fn user_agent(&self) -> String {
        let product = concat!("newswatch/", env!("CARGO_PKG_VERSION"));
        match &self.contact {
            Some(contact) => format!("{product} (+{contact})"),
            None => product.to_owned(),
        }
    }
}
