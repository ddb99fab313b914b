//! What a site's robots.txt allows (RFC 9309).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::{Position, Url};

use super::later;

/// The name that site owners address us by (§2.2.1).
pub const PRODUCT_TOKEN: &str = "newswatch";

/// How much of a file is read: the standard asks for 500 KiB at least (§2.5).
pub const LONGEST_FILE: usize = 512 * 1024;

/// How long a file is used before it is asked for again (§2.4).
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// The first wait before a file that could not be reached is asked for again.
const FIRST_RETRY: SignedDuration = SignedDuration::from_mins(15);
/// The longest one, where the host gives no answer.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_hours(1);
/// After so long a file that cannot be reached counts as one that is not there (§2.3.1.4).
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a robots.txt says to us. As small as the rules that concern us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robots {
    /// The longest first: the first that matches decides.
    rules: Vec<Rule>,
    crawl_delay: Option<SignedDuration>,
    sitemaps: Vec<Url>,
    expires: Timestamp,
    /// Since when the file cannot be reached.
    unreachable_since: Option<Timestamp>,
    /// The host gave no answer at all.
    #[serde(default)]
    is_unanswered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    allow: bool,
    /// Normalized; `*` and a `$` at the end are special.
    pattern: Box<str>,
}

impl Robots {
    /// What follows from an answer to the request for robots.txt, redirects followed (§2.3.1).
    /// `before` is what was known of the same host.
    pub fn from_answer(status: u16, body: &[u8], before: Option<&Self>, now: Timestamp) -> Self {
        match status {
            200..=299 => Self::parse(body, now),
            // 429 is no "not there" but "not now".
            429 | 500.. => Self::unreachable(before, now),
            _ => Self::unavailable(now),
        }
    }

    /// There is no such file, or only a circle of redirects: everything is allowed (§2.3.1.3).
    pub fn unavailable(now: Timestamp) -> Self {
        Self {
            rules: Vec::new(),
            crawl_delay: None,
            sitemaps: Vec::new(),
            expires: later(now, LIFETIME),
            unreachable_since: None,
            is_unanswered: false,
        }
    }

    /// The file is at an address that we do not go to. Whether a page of the host is elsewhere shows
    /// when it is asked for. Soon asked again: the operator may open the address.
    pub fn denied(now: Timestamp) -> Self {
        Self { expires: later(now, FIRST_RETRY), ..Self::unavailable(now) }
    }

    /// The server failed or did not answer. What was known before stays in force; where nothing
    /// was, nothing is allowed, for thirty days at the most (§2.3.1.4).
    pub fn unreachable(before: Option<&Self>, now: Timestamp) -> Self {
        let since = before.and_then(|robots| robots.unreachable_since).unwrap_or(now).min(now);
        let down = now.duration_since(since);
        let known = match before {
            Some(robots) => robots.clone(),
            None => Self { rules: vec![Rule::new(false, b"/")], ..Self::unavailable(now) },
        };
        let known = if down >= GIVEN_UP { Self::unavailable(now) } else { known };
        let expires = later(now, down.clamp(FIRST_RETRY, LIFETIME));
        Self { expires, unreachable_since: Some(since), is_unanswered: false, ..known }
    }

    /// The same of a host that has no name, takes no connection or gives no answer. Soon asked again:
    /// it is no burden to what is not there, and it may be our own line that is down.
    pub fn unanswered(before: Option<&Self>, now: Timestamp) -> Self {
        let known = Self::unreachable(before, now);
        let expires = known.expires.min(later(now, LONGEST_RETRY));
        Self { expires, is_unanswered: true, ..known }
    }

    /// Reads a file. Never fails: lines that mean nothing are passed over (§2.2.4).
    pub fn parse(body: &[u8], now: Timestamp) -> Self {
        let lines: Vec<Line<'_>> = lines(whole_lines(body)).filter_map(Line::read).collect();
        let named = lines.iter().any(|line| matches!(line, Line::Agent(agent) if is_us(agent)));
        let ours = |agent: &[u8]| if named { is_us(agent) } else { is_everybody(agent) };

        let mut robots = Self::unavailable(now);
        let mut in_head = false;
        let mut applies = false;
        for line in lines {
            match line {
                Line::Agent(agent) => {
                    applies = ours(agent) || (in_head && applies);
                    in_head = true;
                }
                Line::Rule { allow, pattern } => {
                    in_head = false;
                    if applies && !pattern.is_empty() {
                        robots.rules.push(Rule::new(allow, pattern));
                    }
                }
                // No rule of the standard, but written and meant as one of the group.
                Line::CrawlDelay(value) => {
                    in_head = false;
                    if applies {
                        robots.crawl_delay = robots.crawl_delay.max(delay(value));
                    }
                }
                // Stands outside all groups and ends none (§2.2.4).
                Line::Sitemap(value) => {
                    let address = std::str::from_utf8(value).ok().and_then(|v| Url::parse(v).ok());
                    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
                    robots.sitemaps.extend(address.filter(is_web));
                }
            }
        }
        // The most octets win, and of equals the one that allows (§2.2.2).
        robots.rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.len()), !rule.allow));
        robots
    }

    /// Whether a page of the site that this file belongs to may be fetched.
    pub fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        let mut path = String::new();
        normalize(url[Position::BeforePath..Position::AfterQuery].as_bytes(), &mut path);
        // In an address these are letters like any other; in a rule they are written so (§2.2.3).
        let path = path.replace('*', "%2A").replace('$', "%24");
        self.rules.iter().find(|rule| rule.matches(&path)).is_none_or(|rule| rule.allow)
    }

    /// What the site asks for between two requests, not clamped.
    pub fn crawl_delay(&self) -> Option<SignedDuration> {
        self.crawl_delay
    }

    pub fn sitemaps(&self) -> &[Url] {
        &self.sitemaps
    }

    /// Whether it need not be asked for again. One that is good for longer than any is comes from
    /// before a clock was set back.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires > now && self.expires <= later(now, LIFETIME)
    }

    /// From when on the file has to be asked for again before a page is.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The host gave no answer at all when it was last asked for the file.
    pub fn is_unanswered(&self) -> bool {
        self.is_unanswered
    }

    /// Since when the file cannot be reached, for the status.
    pub fn unreachable_since(&self) -> Option<Timestamp> {
        self.unreachable_since
    }
}

impl Rule {
    fn new(allow: bool, pattern: &[u8]) -> Self {
        let mut normal = String::with_capacity(pattern.len());
        // Addresses begin with a slash: so must a rule to mean anything.
        if !matches!(pattern.first(), Some(b'/' | b'*')) {
            normal.push('/');
        }
        normalize(pattern, &mut normal);
        // Only at the end does `$` mean the end.
        let (head, end) = match normal.strip_suffix('$') {
            Some(head) => (head, "$"),
            None => (normal.as_str(), ""),
        };
        Self { allow, pattern: format!("{}{end}", head.replace('$', "%24")).into() }
    }

    fn matches(&self, path: &str) -> bool {
        let (pattern, anchored) = match self.pattern.strip_suffix('$') {
            Some(pattern) => (pattern, true),
            None => (&*self.pattern, false),
        };
        let mut parts = pattern.split('*');
        let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = parts.next_back() else { return !anchored || rest.is_empty() };
        // The leftmost place is as good as any for what lies between two wildcards.
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        if anchored { rest.ends_with(last) } else { rest.contains(last) }
    }
}

/// A line that means something.
enum Line<'a> {
    Agent(&'a [u8]),
    Rule { allow: bool, pattern: &'a [u8] },
    CrawlDelay(&'a [u8]),
    Sitemap(&'a [u8]),
}

impl<'a> Line<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let line = line.split(|b| *b == b'#').next()?;
        let colon = line.iter().position(|b| *b == b':')?;
        let (key, value) = line.split_at_checked(colon)?;
        let value = value.get(1..)?.trim_ascii();
        match key.trim_ascii().to_ascii_lowercase().as_slice() {
            b"user-agent" | b"useragent" | b"user agent" => Some(Self::Agent(value)),
            b"allow" => Some(Self::Rule { allow: true, pattern: value }),
            b"disallow" | b"dissallow" | b"dissalow" | b"disalow" => {
                Some(Self::Rule { allow: false, pattern: value })
            }
            b"crawl-delay" | b"crawldelay" | b"crawl delay" => Some(Self::CrawlDelay(value)),
            b"sitemap" | b"site-map" => Some(Self::Sitemap(value)),
            _ => None,
        }
    }
}

/// The file without its byte order mark and without the line that the limit cuts.
fn whole_lines(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Some(head) = body.get(..LONGEST_FILE).filter(|head| head.len() < body.len()) else {
        return body;
    };
    let end = head.iter().rposition(|b| matches!(b, b'\n' | b'\r')).unwrap_or(0);
    head.get(..end).unwrap_or_default()
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|b| matches!(b, b'\n' | b'\r'))
}

/// Whether a `User-agent` line names us. What follows the name, as in `newswatch/1.0`, does not
/// count.
fn is_us(agent: &[u8]) -> bool {
    let end = agent.iter().position(|b| !matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-'));
    agent
        .get(..end.unwrap_or(agent.len()))
        .is_some_and(|name| name.eq_ignore_ascii_case(PRODUCT_TOKEN.as_bytes()))
}

fn is_everybody(agent: &[u8]) -> bool {
    matches!(agent, [b'*'] | [b'*', b' ' | b'\t', ..])
}

fn delay(value: &[u8]) -> Option<SignedDuration> {
    let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    SignedDuration::try_from_secs_f64(seconds).ok().filter(SignedDuration::is_positive)
}

/// Appends a path or pattern so that equal addresses are equal text: what may stand plain is plain,
/// all else percent-encoded in upper case (§2.2.2).
fn normalize(text: &[u8], out: &mut String) {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let escaped = match bytes.as_slice() {
            [high, low, ..] if byte == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            let octet = high << 4 | low;
            if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                out.push(char::from(octet));
            } else {
                push_escaped(octet, out);
            }
            bytes.nth(1);
        } else if byte.is_ascii_graphic() && !b"\"<>`{}|\\^".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_escaped(byte, out);
        }
    }
}

fn push_escaped(octet: u8, out: &mut String) {
    let digits = [octet >> 4, octet & 15].map(|d| char::from_digit(u32::from(d), 16));
    out.push('%');
    out.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}
