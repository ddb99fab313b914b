//! The sections of `newswatch.toml`. What stands here stands nowhere else: the reader, the JSON
//! Schema and the comments of the shipped file are made from these names, docs and defaults.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Range,
    path::PathBuf,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::unit;
use crate::{fault::Fault, fetch::address::Cidr};

/// The settings of newswatch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What the user keeps: one JSON line a record, one file a day.
    pub archive: Archive,
    /// What the daemon remembers over a restart. It can be rebuilt from the archive.
    pub state: State,
    /// When feeds are polled.
    pub schedule: Schedule,
    /// How a host is treated.
    pub politeness: Politeness,
    /// Bounds of one exchange and of the whole.
    pub limits: Limits,
    /// How the network is reached.
    pub network: Network,
    /// What is kept. What a topic is stands in topics/*.toml.
    pub topic: Topic,
    /// How copies are found and stored.
    pub dedup: Dedup,
    /// The archive in the browser: what `newswatch review` serves, and `run` beside its work.
    pub review: Review,
    /// What the daemon says of its work, on standard error.
    pub log: Log,
    /// How the daemon behaves as a service.
    pub service: Service,
    /// What the daemon counts of its work, for Prometheus.
    pub metrics: Metrics,
}

impl Settings {
    /// What single values cannot tell: pairs that contradict each other, zeros that stop the work.
    pub(super) fn conflicts(&self) -> Vec<Conflict<(&'static str, &'static str)>> {
        let Schedule { interval, floor, floor_without_validators, ceiling, .. } = self.schedule;
        let Limits { connect_timeout, total_timeout, .. } = self.limits;
        let pairs = [
            (("schedule", "floor"), floor, ("schedule", "interval"), interval),
            (("schedule", "interval"), interval, ("schedule", "ceiling"), ceiling),
            (
                ("schedule", "floor_without_validators"),
                floor_without_validators,
                ("schedule", "ceiling"),
                ceiling,
            ),
            (
                ("limits", "connect_timeout"),
                connect_timeout,
                ("limits", "total_timeout"),
                total_timeout,
            ),
        ];
        let mut conflicts: Vec<_> = pairs
            .into_iter()
            .filter(|(_, lower, _, upper)| lower > upper)
            .map(|(lower_key, lower, upper_key, upper)| Conflict {
                keys: vec![lower_key, upper_key],
                message: format!(
                    "`{}` ({}) is longer than `{}` ({})",
                    lower_key.1,
                    unit::Time::text(lower),
                    upper_key.1,
                    unit::Time::text(upper),
                ),
                help: None,
            })
            .collect();
        let zeros = [
            (("schedule", "floor"), floor.is_zero()),
            (("limits", "connect_timeout"), connect_timeout.is_zero()),
            (("limits", "read_timeout"), self.limits.read_timeout.is_zero()),
            (("limits", "max_feed_size"), self.limits.max_feed_size == 0),
            (("limits", "max_page_size"), self.limits.max_page_size == 0),
            (("archive", "rotate_size"), self.archive.rotate_size == 0),
            (("archive", "retain_age"), self.archive.retain_age == Some(Duration::ZERO)),
            (("archive", "retain_size"), self.archive.retain_size == Some(0)),
            (("state", "rejects_size"), self.state.rejects_size == 0),
        ];
        conflicts.extend(zeros.into_iter().filter(|(_, is_zero)| *is_zero).map(|(key, _)| {
            let message = format!("`{}` must not be zero", key.1);
            Conflict { keys: vec![key], message, help: None }
        }));
        let review = &self.review;
        if !review.address.is_loopback() && review.token_file.is_none() {
            conflicts.push(Conflict {
                keys: vec![("review", "address")],
                message: format!("{} is reached from other machines", review.address),
                help: Some("name a `token_file` too".to_owned()),
            });
        }
        let Metrics { listen, beyond_loopback } = self.metrics;
        if let Some(listen) = listen.filter(|listen| !listen.ip().is_loopback() && !beyond_loopback)
        {
            conflicts.push(Conflict {
                keys: vec![("metrics", "listen")],
                message: format!("{} is reached from other machines", listen.ip()),
                help: Some("if it is meant to be, set `beyond_loopback = true` too".to_owned()),
            });
        }
        conflicts
    }
}

/// Values that each will do and together will not. The fault stands at the first of the keys that
/// is written.
pub(super) struct Conflict<K> {
    pub(super) keys: Vec<K>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl<K> Conflict<K> {
    pub(super) fn at(self, span: Range<usize>) -> Fault {
        Fault { span, message: self.message, help: self.help }
    }
}

/// What the user keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Archive {
    /// Folder of the archive. A relative one lies beside a configuration folder of the name `config`,
    /// and within one of another name; with the configuration of a user, and with the built-in one, in
    /// `$XDG_DATA_HOME/newswatch`; with /etc/newswatch in /var/lib/newswatch. `newswatch check` says
    /// where.
    #[serde(deserialize_with = "unit::Folder::deserialize")]
    #[schemars(length(min = 1))]
    pub folder: PathBuf,
    /// A day's file is closed at this size and a new one begun.
    #[serde(with = "unit::Size")]
    pub rotate_size: u64,
    /// How closed files are compressed. The open one is always plain.
    pub compression: Compression,
    /// Whether the answer that each record came from is kept too, as proof and for reading it anew.
    pub raw: Raw,
    /// Closed files are dropped when all their records are older than this. What was in them stays
    /// known, and the rest can still be proven. Without it nothing is dropped for its age.
    #[serde(with = "unit::MaybeTime")]
    #[schemars(with = "unit::MaybeTime", example = &"365d")]
    pub retain_age: Option<Duration>,
    /// The oldest closed files are dropped while all together are larger than this.
    #[serde(with = "unit::MaybeSize")]
    #[schemars(with = "unit::MaybeSize", example = &"20GiB")]
    pub retain_size: Option<u64>,
}

/// How answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Raw {
    /// not at all
    None,
    /// in WARC files beside the records: some 10 times as much room
    Warc,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            folder: "archive".into(),
            rotate_size: 64 << 20,
            compression: Compression::Gzip,
            raw: Raw::None,
            retain_age: None,
            retain_size: None,
        }
    }
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// as they are
    None,
    /// read by every tool
    Gzip,
    /// smaller and faster
    Zstd,
}

/// What the daemon remembers over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Folder of the state. A relative one lies where a relative one of the archive does, with
    /// `$XDG_STATE_HOME/newswatch` in place of `$XDG_DATA_HOME/newswatch`.
    #[serde(deserialize_with = "unit::Folder::deserialize")]
    #[schemars(length(min = 1))]
    pub folder: PathBuf,
    /// `rejects.jsonl` is rotated at this size.
    #[serde(with = "unit::Size")]
    pub rejects_size: u64,
    /// How many rotated files of rejects are kept.
    #[schemars(range(min = 1, max = 10_000))]
    pub rejects_files: u32,
    /// So many characters of a rejected article's text are remembered, for the review and for
    /// `newswatch topic replay`; 0 remembers the title only.
    pub rejects_text: u32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            folder: "state".into(),
            rejects_size: 16 << 20,
            rejects_files: 8,
            rejects_text: 4000,
        }
    }
}

/// When feeds are polled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Time between two polls of a feed that names none of its own, before its habit is known.
    #[serde(with = "unit::Time")]
    pub interval: Duration,
    /// No feed is polled more often than this.
    #[serde(with = "unit::Time")]
    pub floor: Duration,
    /// The same for a feed whose server offers neither `ETag` nor `Last-Modified`.
    #[serde(with = "unit::Time")]
    pub floor_without_validators: Duration,
    /// Every feed is polled at least this often, failing ones and the hours and days that a feed
    /// asks to be left alone in apart.
    #[serde(with = "unit::Time")]
    pub ceiling: Duration,
    /// Due times are moved by up to this many percent either way, always the same for one feed, so
    /// that feeds do not fall due together.
    #[schemars(range(min = 0, max = 50))]
    pub jitter_percent: u32,
    /// A known article whose entry in the feed has changed is read again, but not sooner than this
    /// after the last time. The time doubles with each reading.
    #[serde(with = "unit::Time")]
    pub revisit_after: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: minutes(30),
            floor: minutes(15),
            floor_without_validators: minutes(60),
            ceiling: minutes(24 * 60),
            jitter_percent: 10,
            revisit_after: minutes(30),
        }
    }
}

/// How a host is treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Politeness {
    /// Where the owner of a site reaches you, a web page or a mail address. It stands in the user
    /// agent of every request; please set it.
    #[serde(deserialize_with = "unit::Contact::deserialize")]
    #[schemars(
        with = "String",
        regex(pattern = "^(https?://|mailto:.+@)"),
        example = &"https://example.org/our-crawler"
    )]
    pub contact: Option<Url>,
    /// Time between the starts of two requests to one host. A longer Crawl-delay wins.
    #[serde(with = "unit::Time")]
    pub delay: Duration,
    /// Whether robots.txt is asked for configured feeds too. For article pages it always is.
    pub robots_for_feeds: bool,
    /// How far the hold goes that a 429, or a 503 with Retry-After, puts on requests.
    pub hold_scope: HoldScope,
}

impl Default for Politeness {
    fn default() -> Self {
        Self {
            contact: None,
            delay: Duration::from_secs(5),
            robots_for_feeds: false,
            hold_scope: HoldScope::Host,
        }
    }
}

/// What a hold holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoldScope {
    /// the host that sent it
    Host,
    /// its whole registrable domain
    Domain,
}

/// Bounds of one exchange and of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in flight at once, over all hosts. One host never has more than one, and the pages of
    /// one feed have a quarter of them at the most, or one. A request that takes longer than five
    /// seconds makes room for another, until there are four times as many.
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency: u32,
    /// Longest time for a connection to come about.
    #[serde(with = "unit::Time")]
    pub connect_timeout: Duration,
    /// Longest time for a whole exchange, the body included.
    #[serde(with = "unit::Time")]
    pub total_timeout: Duration,
    /// How much of a feed or sitemap is read, after decompression. Of a larger one the entries that fit
    /// are taken, and `status` and the log say so.
    #[serde(with = "unit::Size")]
    pub max_feed_size: u64,
    /// Largest page that is read, after decompression.
    #[serde(with = "unit::Size")]
    pub max_page_size: u64,
    /// Redirects that are followed for one document. Each is a request of its own, with the delay of one.
    #[schemars(range(min = 0, max = 20))]
    pub redirects: u32,
    /// How often a page is tried before the feed's own text has to do: after a minute, then after
    /// twice as long each time. Nine times take about four hours. One that is refused (403) or not
    /// there (404) is tried four times at the most, over four hours. Tries are not counted while its
    /// host gives no answer at all; it is given up when that has lasted three days while other hosts
    /// answered.
    #[schemars(range(min = 1, max = 100))]
    pub page_attempts: u32,
    /// Processes that read feeds and pages. What a document breaks is one of them.
    #[schemars(range(min = 1, max = 64))]
    pub readers: u32,
    /// Memory of each.
    #[serde(with = "unit::Size")]
    pub reader_memory: u64,
    /// Longest computing time for reading a document.
    #[serde(with = "unit::Time")]
    pub read_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_mins(1),
            max_feed_size: 15 << 20,
            max_page_size: 5 << 20,
            redirects: 5,
            page_attempts: 9,
            readers: 2,
            reader_memory: 256 << 20,
            read_timeout: Duration::from_secs(5),
        }
    }
}

/// How the network is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Networks (CIDR) that may be reached although they are private, such as "10.1.2.0/24".
    /// Loopback, private and other special addresses are refused without it.
    #[serde(with = "unit::Networks")]
    pub allow: Vec<Cidr>,
    /// Proxy for all requests. The environment's proxy variables are not used.
    #[serde(deserialize_with = "unit::Proxy::deserialize")]
    #[schemars(
        with = "String",
        regex(pattern = "^https?://"),
        example = &"http://127.0.0.1:3128"
    )]
    pub proxy: Option<Url>,
}

impl Network {
    /// Whether an address leads by its number to where `allow` says: to a host of one's own.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return false,
        };
        self.allow.iter().any(|cidr| !cidr.is_everything() && cidr.contains(address))
    }
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    /// Which articles are kept.
    pub keep: Keep,
    /// Skips the page of an entry whose title and summary in the feed do not touch a topic. It
    /// saves requests and misses articles.
    pub judge_before_fetch: bool,
}

impl Default for Topic {
    fn default() -> Self {
        Self { keep: Keep::Relevant, judge_before_fetch: false }
    }
}

/// Which articles are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// articles about a topic
    Relevant,
    /// those too that mention it in passing
    Passing,
    /// every article, whatever the topics say
    Everything,
}

/// How copies are found and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dedup {
    /// How long a text is remembered for finding copies. Addresses are remembered for ever.
    #[serde(with = "unit::Time")]
    pub memory: Duration,
    /// How a copy is recorded.
    pub copies: Copies,
}

impl Default for Dedup {
    fn default() -> Self {
        Self { memory: minutes(30 * 24 * 60), copies: Copies::Full }
    }
}

/// How a copy is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Copies {
    /// with its text
    Full,
    /// with the id of the record that has the text
    Reference,
}

/// The archive in the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// Whether `newswatch run` serves the pages too.
    pub serve: bool,
    /// The address served on. Another one than loopback needs a `token_file`.
    pub address: IpAddr,
    /// The port served on.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// Names, beside localhost and addresses, under which a browser may ask for the pages, such as
    /// "review.example.org" of a proxy before it.
    pub hosts: Vec<String>,
    /// A file whose one line is the token that a browser has to show, 16 characters or more. A
    /// relative one lies in the configuration's folder.
    #[serde(deserialize_with = "unit::OptionalFile::deserialize")]
    #[schemars(with = "String", length(min = 1), example = &"review-token")]
    pub token_file: Option<PathBuf>,
}

impl Default for Review {
    fn default() -> Self {
        Self {
            serve: false,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8010,
            hosts: Vec::new(),
            token_file: None,
        }
    }
}

/// What the daemon says of its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The least urgent kind of message that is written.
    pub level: Level,
    /// How a message is written.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, format: LogFormat::Text }
    }
}

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// somebody must act
    Error,
    /// something is not as it should be
    Warn,
    /// a line a poll
    Info,
    /// a line a page
    Debug,
    /// everything
    Trace,
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// for people
    Text,
    /// for programs
    Json,
    /// to the system's journal
    Journald,
}

/// How the daemon behaves as a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// How long a stop waits for the requests in flight.
    #[serde(with = "unit::Time")]
    pub grace: Duration,
    /// Whether a changed file of the configuration is taken within seconds, without a reload.
    pub watch: bool,
}

impl Default for Service {
    fn default() -> Self {
        Self { grace: Duration::from_secs(8), watch: true }
    }
}

/// What the daemon counts of its work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port at which /metrics, /healthz and /readyz answer. Nothing listens without it.
    #[serde(deserialize_with = "unit::Socket::deserialize")]
    #[schemars(
        with = "String",
        regex(pattern = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"),
        example = &"127.0.0.1:9464"
    )]
    pub listen: Option<SocketAddr>,
    /// Whether `listen` may be another address than loopback, such as "0.0.0.0:9464" within the own
    /// network of a container. Whoever reaches it reads which feeds there are and how they do.
    pub beyond_loopback: bool,
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}
