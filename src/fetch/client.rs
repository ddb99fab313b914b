//! The network by reqwest.
#![expect(clippy::disallowed_methods, reason = "shell: speaks HTTP")]

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use reqwest::{
    StatusCode, Version,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use tokio::{
    sync::watch,
    time::{self, timeout},
};
use url::{Host, Url};

use super::{
    Exchange, Fetch, FetchError, Redirect, Request, Response, Settings, Validators, Wanted,
    address,
    decode::{self, Flaw},
    room::{Room, Rooms, SMALL},
    tls,
};
use crate::text::with_causes;

/// Longer addresses are not written by people; servers refuse them too.
const LONGEST_URL: usize = 8192;

/// Where other protocols listen, which could take a request for their own: browsers do not go there
/// either (WHATWG Fetch, "bad port").
const BLOCKED_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// Fetches over HTTP. Clones share their connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    pub(super) client: reqwest::Client,
    pub(super) settings: Arc<Settings>,
    rooms: Rooms,
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
#[error("the network settings do not work: {0}")]
pub struct ClientError(String);

impl HttpClient {
    pub fn new(settings: Settings) -> Result<Self, ClientError> {
        let settings = Arc::new(settings);
        let tls = tls::config(settings.authorities.as_deref()).map_err(ClientError)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(settings.user_agent())
            .dns_resolver(Resolver { settings: settings.clone() })
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            // Servers close idle connections from five seconds on; a request must not meet that.
            .pool_idle_timeout(Duration::from_secs(4))
            .pool_max_idle_per_host(1)
            .http1_max_headers(256)
            .http2_max_header_list_size(64 * 1024)
            // What browsers put up with.
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .no_proxy();
        if let Some(proxy) = &settings.proxy {
            if !matches!(proxy.scheme(), "http" | "https") {
                let scheme = proxy.scheme();
                return Err(ClientError(format!("a proxy by {scheme}: only http and https work")));
            }
            let proxy = reqwest::Proxy::all(proxy.clone()).map_err(|e| ClientError(words(&e)))?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| ClientError(words(&error)))?;
        let rooms = Rooms::of(settings.large_bodies);
        Ok(Self { client, settings, rooms })
    }

    /// Follows redirects, at once: for the one document that somebody waits for.
    pub async fn fetch_anywhere(&self, request: Request) -> Result<Response, FetchError> {
        let wanted = request.wanted;
        let mut response = self.fetch(request).await?;
        while let Some(onward) = response.onward(wanted) {
            response = self.fetch(onward).await?;
        }
        Ok(response)
    }

    async fn exchange(
        &self,
        request: Request,
        patience: &Patience,
    ) -> Result<Response, FetchError> {
        let Request { mut url, wanted, validators, validators_of, mut redirects } = request;
        url.set_fragment(None);
        self.permit(&url)?;
        // They belong to the address they came from (RFC 9110 §13.1).
        let conditions = Some(&validators).filter(|_| url == validators_of);
        let fields = self.fields(wanted, conditions);
        let answer = self.ask(&url, fields.clone()).await?;
        let at = crate::clock::now();
        let to = redirect(&url, &answer)?;
        let is_onward = to.is_some();
        if let Some(to) = to {
            if to == url || redirects.iter().any(|hop| hop.from == to) {
                return Err(FetchError::RedirectLoop(to.into()));
            }
            if redirects.len() >= self.settings.redirects {
                return Err(FetchError::TooManyRedirects(self.settings.redirects));
            }
            self.permit(&to)?;
            let status = answer.status().as_u16();
            redirects.push(Redirect { status, from: url.clone(), to });
        }
        let status = answer.status();
        let headers = listed(answer.headers());
        let peer = answer.remote_addr().map(|peer| peer.ip());
        let is_http2 = answer.version() == Version::HTTP_2;
        let Body { bytes: came, mut is_cut, encoding, mut room } = match status {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Body::default(),
            _ if is_onward => Body::default(),
            _ => self.body(answer, wanted, patience).await?,
        };
        let is_kept = self.settings.keep_exchanges
            && wanted == Wanted::Page
            && status.is_success()
            && !is_onward;
        let exchange = is_kept.then(|| {
            Arc::new(Exchange {
                url: url.clone(),
                at,
                peer: peer.filter(|_| self.settings.proxy.is_none()),
                is_http2,
                request: listed(&fields),
                status: status.as_u16(),
                reason: status.canonical_reason().unwrap_or_default(),
                headers: Vec::clone(&headers),
                body: came.clone(),
            })
        });
        let body = match encoding {
            Some(encoding) => {
                let (decoded, flaw) =
                    self.decoded(&encoding, &came, &mut room, wanted, patience).await;
                match flaw {
                    None => {}
                    Some(_) if wanted == Wanted::Robots && !decoded.is_empty() => is_cut = true,
                    // Of what was cut, the encoding is broken at its end.
                    Some(Flaw::Encoding(_)) if is_cut && !decoded.is_empty() => {}
                    Some(Flaw::TooLarge) if wanted == Wanted::Listing => is_cut = true,
                    Some(flaw) => return Err(flawed(flaw, self.settings.limit(wanted))),
                }
                decoded
            }
            None => came,
        };
        let took = patience.taken();
        Ok(Response {
            status: status.as_u16(),
            url,
            redirects,
            headers,
            body,
            is_cut,
            at,
            took,
            exchanges: exchange.into_iter().collect(),
            room,
        })
    }

    /// Whether an address may be asked at all, as far as it tells without DNS.
    pub(super) fn permit(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Denied(format!("{} is neither http nor https", url.scheme())));
        }
        if url.as_str().len() > LONGEST_URL {
            return Err(FetchError::Denied(format!("it is longer than {LONGEST_URL} bytes")));
        }
        if let Some(port) = url.port().filter(|port| BLOCKED_PORTS.contains(port)) {
            return Err(FetchError::Denied(format!("port {port} is not for HTTP")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Denied("it carries a user name or password".to_owned()));
        }
        match url.host() {
            Some(Host::Ipv4(v4)) => self.permit_address(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => self.permit_address(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(FetchError::Denied("it names no host".to_owned())),
        }
    }

    fn permit_address(&self, address: IpAddr) -> Result<(), FetchError> {
        match address::denied(address, &self.settings.allow) {
            Some(kind) => Err(FetchError::Denied(format!(
                "{address} is {kind}, which only `network.allow` opens"
            ))),
            None => Ok(()),
        }
    }

    /// The fields of a request.
    fn fields(&self, wanted: Wanted, validators: Option<&Validators>) -> HeaderMap {
        let bytes = |bytes: &[u8]| HeaderValue::from_bytes(bytes).ok();
        let fields = [
            (header::USER_AGENT, bytes(self.settings.user_agent().as_bytes())),
            (header::ACCEPT, bytes(accept(wanted).as_bytes())),
            (header::ACCEPT_ENCODING, bytes(decode::ACCEPTED.as_bytes())),
            (
                header::IF_NONE_MATCH,
                validators.and_then(|known| known.etag.as_deref()).and_then(bytes),
            ),
            (
                header::IF_MODIFIED_SINCE,
                validators.and_then(|known| known.last_modified.as_deref()).and_then(bytes),
            ),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Sends one request and waits for the head of the answer.
    async fn ask(&self, url: &Url, fields: HeaderMap) -> Result<reqwest::Response, FetchError> {
        let request = self.client.get(url.clone()).headers(fields);
        match timeout(self.settings.head_timeout, request.send()).await {
            Ok(answer) => answer.map_err(|error| self.fault(&error)),
            Err(_) => Err(FetchError::Timeout(self.settings.head_timeout)),
        }
    }

    /// Reads the body to its limit, as it comes, and tells its encoding. A large one waits for room,
    /// for itself or, if it is encoded, for the longest that it may become.
    async fn body(
        &self,
        mut answer: reqwest::Response,
        wanted: Wanted,
        patience: &Patience,
    ) -> Result<Body, FetchError> {
        if wanted == Wanted::Page && answer.status().is_success() {
            refuse_media(&answer)?;
        }
        let limit = self.settings.limit(wanted);
        let too_large = || flawed(Flaw::TooLarge, limit);
        let values = answer.headers().get_all(header::CONTENT_ENCODING);
        let encoding = decode::encoding(values.iter().map(HeaderValue::as_bytes))
            .map_err(|flaw| flawed(flaw, limit))?;
        let may_be_cut = wanted != Wanted::Page;
        let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
        if !may_be_cut && announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        // Then the end of the connection is the end of the body, also where TLS was not told.
        let is_open_ended = answer.version() <= Version::HTTP_11
            && !answer.headers().contains_key(header::CONTENT_LENGTH)
            && !answer.headers().contains_key(header::TRANSFER_ENCODING);
        let (mut body, mut is_cut) = (Vec::new(), false);
        let mut room = Room::default();
        let is_packed = |body: &[u8]| wanted == Wanted::Listing && decode::is_gzip(body);
        loop {
            let chunk = match answer.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) if is_open_ended && is_end(&error) => break,
                Err(error) => return Err(self.fault(&error)),
            };
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                if !may_be_cut {
                    return Err(too_large());
                }
                body.truncate(limit);
                is_cut = true;
            }
            if body.len() > SMALL && room.is_none() {
                let is_encoded = encoding.is_some() || is_packed(&body);
                let length = announced.filter(|_| !is_encoded).map_or(limit, |it| it.min(limit));
                room = patience.pause_for(self.rooms.take(length)).await;
            }
            if is_cut {
                break;
            }
        }
        let encoding = encoding.or_else(|| is_packed(&body).then(|| "gzip".to_owned()));
        Ok(Body { bytes: body, is_cut, encoding, room })
    }

    /// Undoes a body's encoding as far as it goes, and takes room for it if it is large and has none.
    async fn decoded(
        &self,
        encoding: &str,
        body: &[u8],
        room: &mut Room,
        wanted: Wanted,
        patience: &Patience,
    ) -> (Vec<u8>, Option<Flaw>) {
        let limit = self.settings.limit(wanted);
        // Most bodies are small, also decoded, and need not wait for room. Only one that turns out to be
        // larger is decoded anew, once it has room for the longest that it may become.
        if room.is_none() && limit > SMALL {
            match decode::decode(encoding, body, SMALL) {
                (decoded, None) => return (decoded, None),
                _ => *room = patience.pause_for(self.rooms.take(limit)).await,
            }
        }
        decode::decode(encoding, body, limit)
    }

    /// What went wrong, by the innermost cause that says so.
    pub(super) fn fault(&self, error: &reqwest::Error) -> FetchError {
        if let Some(denied) = tls::cause::<DeniedName>(error) {
            return FetchError::Denied(denied.0.clone());
        }
        if let Some(fault) = tls::fault(error) {
            return fault;
        }
        // With a proxy it is the only one that is looked for and connected to.
        if let Some(proxy) = self.settings.proxy.as_ref().filter(|_| error.is_connect()) {
            let why = match self.settings.connect_timeout {
                after if error.is_timeout() => format!("no answer within {after:?}"),
                _ => innermost(error),
            };
            return FetchError::Connect(format!("the proxy {}: {why}", named(proxy)));
        }
        if error.is_dns() {
            return FetchError::Dns(innermost(error));
        }
        if error.is_connect() && error.is_timeout() {
            return FetchError::Timeout(self.settings.connect_timeout);
        }
        if error.is_connect() {
            return FetchError::Connect(innermost(error));
        }
        FetchError::Protocol(words(error))
    }
}

impl Fetch for HttpClient {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let total = self.settings.total_timeout;
        let (patience, mut watched) = Patience::of(total);
        let mut outcome = pin!(self.exchange(request, &patience));
        loop {
            let until = *watched.borrow_and_update();
            tokio::select! {
                biased;
                outcome = &mut outcome => return outcome.map_err(FetchError::cleaned),
                () = time::sleep_until(until.unwrap_or_else(time::Instant::now)), if until.is_some() => {
                    return Err(FetchError::Timeout(total));
                }
                _ = watched.changed() => {}
            }
        }
    }
}

/// When an exchange will have taken too long; `None` while it waits for us.
struct Patience {
    total: Duration,
    until: watch::Sender<Option<time::Instant>>,
}

impl Patience {
    fn of(total: Duration) -> (Self, watch::Receiver<Option<time::Instant>>) {
        let (until, watched) = watch::channel(Some(time::Instant::now() + total));
        (Self { total, until }, watched)
    }

    /// Time in which the other side could do nothing is not counted.
    async fn pause_for<T>(&self, ours: impl Future<Output = T>) -> T {
        let began = time::Instant::now();
        let until = self.until.send_replace(None);
        let done = ours.await;
        self.until.send_replace(until.map(|until| until + began.elapsed()));
        done
    }

    /// How long the exchange has taken so far.
    fn taken(&self) -> Duration {
        let left = self.until.borrow().map(|until| until.duration_since(time::Instant::now()));
        self.total.saturating_sub(left.unwrap_or_default())
    }
}

/// A body as it came.
#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    /// It is longer than its limit, and this is its beginning.
    is_cut: bool,
    encoding: Option<String>,
    room: Room,
}

fn flawed(flaw: Flaw, limit: usize) -> FetchError {
    match flaw {
        Flaw::TooLarge => FetchError::TooLarge(u64::try_from(limit).unwrap_or(u64::MAX)),
        Flaw::Encoding(words) => FetchError::Protocol(words),
    }
}

fn listed(fields: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    fields.iter().map(field).collect()
}

/// The kinds of document that are asked for, as the owner of a server may read them.
fn accept(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Listing => {
            "application/rss+xml, application/atom+xml, application/feed+json, \
             application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, \
             application/json;q=0.8, text/html;q=0.2, */*;q=0.1"
        }
        Wanted::Page => "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1",
        Wanted::Robots => "text/plain, */*;q=0.1",
    }
}

/// Where an answer leads on, if it does.
fn redirect(from: &Url, answer: &reqwest::Response) -> Result<Option<Url>, FetchError> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(header::LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut to = from.join(location.trim()).map_err(|error| {
        FetchError::Protocol(format!("it redirects to {location:?}, which is no address: {error}"))
    })?;
    to.set_fragment(None);
    Ok(Some(to))
}

/// Refuses what is certainly no text, so that no film is loaded to find no article in it.
fn refuse_media(answer: &reqwest::Response) -> Result<(), FetchError> {
    let Some(value) = answer.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_media = match essence.split_once('/') {
        Some(("audio" | "font" | "image" | "video", _)) => true,
        Some(("application", kind)) => {
            matches!(kind, "pdf" | "zip" | "gzip" | "x-gzip" | "msword" | "epub+zip")
                || kind.starts_with("vnd.ms-")
                || kind.starts_with("vnd.openxmlformats-")
        }
        _ => false,
    };
    if is_media { Err(FetchError::WrongType(essence.to_owned())) } else { Ok(()) }
}

/// Asks the system, and keeps to addresses that may be dialled. What it returns is what reqwest
/// dials: no second answer of a name server can come between.
struct Resolver {
    settings: Arc<Settings>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DeniedName(String);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let settings = self.settings.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<IpAddr> = match settings.hosts.get(name) {
                Some(addresses) => addresses.clone(),
                None => tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect(),
            };
            // The proxy is where its owner says; it looks up the names of others itself.
            let is_proxy =
                settings.proxy.as_ref().is_some_and(|proxy| proxy.host_str() == Some(name));
            let mut refused = None;
            let mut dialled: Vec<SocketAddr> = Vec::new();
            for address in found {
                match address::denied(address, &settings.allow) {
                    Some(kind) if !is_proxy => {
                        refused = Some(format!("{name} leads to {address}, {kind}"));
                    }
                    _ => dialled.push(SocketAddr::new(address, 0)),
                }
            }
            match refused {
                Some(reason) if dialled.is_empty() => Err(DeniedName(reason).into()),
                _ => Ok(Box::new(dialled.into_iter()) as Addrs),
            }
        })
    }
}

/// A proxy without what is not for logs.
fn named(proxy: &Url) -> String {
    let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", proxy.scheme(), proxy.host_str().unwrap_or_default())
}

fn is_end(error: &reqwest::Error) -> bool {
    tls::cause::<io::Error>(error).is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof)
}

/// The causes of an error: its own words tell the address and little else.
fn words(error: &reqwest::Error) -> String {
    with_causes(error.source().unwrap_or(error))
}

fn innermost(error: &reqwest::Error) -> String {
    let innermost = anyhow::Chain::new(error).last();
    innermost.unwrap_or(error).to_string()
}
