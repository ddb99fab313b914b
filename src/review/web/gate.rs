//! Who is let in, and what a browser may do with a page.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// What is checked of every request.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Names under which the pages may be asked for, beside loopback's and addresses.
    hosts: Vec<String>,
    /// The address served on.
    address: IpAddr,
    /// The hash of the token that a browser has to show.
    token: Option<blake3::Hash>,
    /// What forms carry, so that no other page can send them.
    csrf: String,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A name that is not ours: a page elsewhere may have bent its own name to this address.
    Host,
    Token,
    Origin,
    Method,
}

/// The name of the cookie that holds the token's hash.
const COOKIE: &str = "newswatch_review";

impl Gate {
    /// `secret` is 32 bytes that nobody can guess. A token is needed on any address but loopback.
    pub fn new(
        address: IpAddr,
        hosts: Vec<String>,
        token: Option<&str>,
        secret: &[u8; 32],
    ) -> Self {
        Self {
            hosts,
            address,
            token: token.map(|token| blake3::hash(token.as_bytes())),
            csrf: blake3::keyed_hash(secret, b"csrf").to_hex().to_string(),
        }
    }

    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(super) fn is_csrf(&self, given: &str) -> bool {
        // blake3 compares in constant time.
        blake3::hash(given.as_bytes()) == blake3::hash(self.csrf.as_bytes())
    }

    /// The cookie for whoever shows the right token.
    pub(super) fn cookie(&self, given: &str) -> Option<String> {
        let hash = blake3::hash(given.trim().as_bytes());
        let is_right = self.token.is_some_and(|token| token == hash);
        is_right.then(|| {
            format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000", mark(&hash))
        })
    }

    /// Checks host, origin and token, in this order.
    pub(super) fn check(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if !matches!(*method, Method::GET | Method::HEAD | Method::POST) {
            return Err(Refusal::Method);
        }
        let text =
            |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
        let host = text(header::HOST).unwrap_or_default();
        if !self.is_ours(host) {
            return Err(Refusal::Host);
        }
        if *method == Method::POST {
            let origin = text(header::ORIGIN);
            let is_same = |origin: &str| {
                origin.split_once("://").is_some_and(|(scheme, rest)| {
                    matches!(scheme, "http" | "https") && rest.eq_ignore_ascii_case(host)
                })
            };
            let site = headers.get("sec-fetch-site").map(|site| site.as_bytes() == b"same-origin");
            if origin.is_some_and(|origin| !is_same(origin)) || site == Some(false) {
                return Err(Refusal::Origin);
            }
        }
        if let Some(token) = &self.token
            && !is_open(path)
        {
            let cookies =
                headers.get_all(header::COOKIE).iter().filter_map(|all| all.to_str().ok());
            let shown = cookies
                .flat_map(|all| all.split(';'))
                .filter_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='));
            let wanted = blake3::hash(mark(token).as_bytes());
            if !shown.into_iter().any(|shown| blake3::hash(shown.as_bytes()) == wanted) {
                return Err(Refusal::Token);
            }
        }
        Ok(())
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        if self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return true;
        }
        match name.parse::<IpAddr>() {
            // With a token, whatever address leads here; a name cannot be bent to one.
            Ok(address) => address.is_loopback() || address == self.address || self.token.is_some(),
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// What is shown to those who have no token yet.
fn is_open(path: &str) -> bool {
    path == "/login" || path.starts_with("/static/")
}

/// What the cookie holds: not the token, which may open other doors.
fn mark(hash: &blake3::Hash) -> String {
    blake3::keyed_hash(hash.as_bytes(), b"cookie").to_hex().to_string()
}

/// The policy of a page; images of the web only where the user asked for them.
pub(super) fn policy(with_images: bool) -> String {
    let images = if with_images { "'self' https: http:" } else { "'self'" };
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src {images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
