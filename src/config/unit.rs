//! Values that are written as text: durations and sizes with their unit, addresses, zones.

use std::{borrow::Cow, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de};
use url::Url;

use crate::fetch::address::Cidr;

const TIME_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A duration as written: `"30s"`, `"1h30m"`.
pub(super) struct Time;

impl Time {
    const EXPECTED: &'static str = "a duration with its unit (ms, s, m, h, d), such as \"30m\"";

    pub(super) fn parse(text: &str) -> Option<Duration> {
        sum(text, &TIME_UNITS).map(Duration::from_millis)
    }

    pub(super) fn text(duration: Duration) -> String {
        let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return "0s".to_owned();
        }
        let mut parts = Vec::new();
        for (unit, size) in TIME_UNITS {
            let count = left / size;
            left %= size;
            if count > 0 {
                parts.push(format!("{count}{unit}"));
            }
        }
        parts.concat()
    }

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Self::text(*duration))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse })
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([0-9]+ ?(ms|s|m|h|d) ?)+$"})
    }
}

/// A duration as written, or nothing.
pub(super) struct MaybeTime;

impl MaybeTime {
    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => Time::serialize(duration, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Time::deserialize(from).map(Some)
    }
}

impl JsonSchema for MaybeTime {
    fn schema_name() -> Cow<'static, str> {
        "MaybeTime".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Time::json_schema(generator)
    }
}

/// A size in bytes as written: `"64MiB"`.
pub(super) struct Size;

impl Size {
    const EXPECTED: &'static str =
        "a size with its unit (B, kB, MB, GB, KiB, MiB, GiB), such as \"5MiB\"";

    pub(super) fn parse(text: &str) -> Option<u64> {
        sum(text, &SIZE_UNITS)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(bytes: &u64, to: S) -> Result<S::Ok, S::Error> {
        let (unit, size) = SIZE_UNITS
            .into_iter()
            .find(|(_, size)| *bytes >= *size && bytes.is_multiple_of(*size))
            .unwrap_or(("B", 1));
        to.serialize_str(&format!("{}{unit}", bytes / size))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([0-9]+ ?(B|kB|MB|GB|KiB|MiB|GiB) ?)+$"})
    }
}

/// A size as written, or nothing.
pub(super) struct MaybeSize;

impl MaybeSize {
    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(bytes: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => Size::serialize(bytes, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        Size::deserialize(from).map(Some)
    }
}

impl JsonSchema for MaybeSize {
    fn schema_name() -> Cow<'static, str> {
        "MaybeSize".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Size::json_schema(generator)
    }
}

/// The address of a feed: http or https, with a host, without credentials.
pub(super) struct WebUrl;

impl WebUrl {
    const EXPECTED: &'static str = "an http or https address without user name and password, such as \"https://example.org/rss\"";

    fn parse(text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let is_open = url.username().is_empty() && url.password().is_none();
        (matches!(url.scheme(), "http" | "https") && url.has_host() && is_open).then_some(url)
    }

    pub(super) fn serialize<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(url.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse })
    }
}

impl JsonSchema for WebUrl {
    fn schema_name() -> Cow<'static, str> {
        "WebUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uri", "pattern": "^https?://[^/@]+(/|$)"})
    }
}

/// Ranges of addresses.
pub(super) struct Networks;

impl Networks {
    pub(super) fn serialize<S: Serializer>(networks: &[Cidr], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(networks.iter().map(Cidr::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Cidr>, D::Error> {
        let texts: Vec<String> = Deserialize::deserialize(from)?;
        texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
    }
}

impl JsonSchema for Networks {
    fn schema_name() -> Cow<'static, str> {
        "Networks".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let network = json_schema!({"type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"});
        json_schema!({"type": "array", "items": network})
    }
}

/// A folder's path.
pub(super) struct Folder;

impl Folder {
    fn parse(text: &str) -> Option<PathBuf> {
        (!text.trim().is_empty()).then(|| text.into())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        from.deserialize_str(Text { expected: "the path of a folder", parse: Self::parse })
    }
}

/// A file that need not be named.
pub(super) struct OptionalFile;

impl OptionalFile {
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let expected = "the path of a file";
        from.deserialize_str(Text { expected, parse: Folder::parse }).map(Some)
    }
}

/// Where the operator is reached: a web page or a mail address.
pub(super) struct Contact;

impl Contact {
    const EXPECTED: &'static str = "a web page or a mail address, such as \"https://example.org/crawler\" or \"mailto:desk@example.org\"";

    fn parse(text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let is_mail = url.scheme() == "mailto" && url.path().contains('@');
        (is_mail || WebUrl::parse(text).is_some()).then_some(url)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse }).map(Some)
    }
}

/// A proxy's address.
pub(super) struct Proxy;

impl Proxy {
    const EXPECTED: &'static str =
        "the address of a proxy (http or https), such as \"http://127.0.0.1:3128\"";

    fn parse(text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let is_known = matches!(url.scheme(), "http" | "https");
        (is_known && url.has_host()).then_some(url)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse }).map(Some)
    }
}

/// An address and port.
pub(super) struct Socket;

impl Socket {
    const EXPECTED: &'static str =
        "an address with its port, such as \"127.0.0.1:9464\" or \"[::1]:9464\"";

    fn parse(text: &str) -> Option<SocketAddr> {
        text.parse().ok()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse }).map(Some)
    }
}

/// A time zone's name. Offsets are refused: zones change theirs.
pub(super) struct Zone;

impl Zone {
    const EXPECTED: &'static str = "the name of a time zone (IANA), such as \"Asia/Almaty\"";

    fn parse(text: &str) -> Option<TimeZone> {
        TimeZone::get(text).ok()
    }

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(
        zone: &Option<TimeZone>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match zone.as_ref().and_then(TimeZone::iana_name) {
            Some(name) => to.serialize_str(name),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<TimeZone>, D::Error> {
        from.deserialize_str(Text { expected: Self::EXPECTED, parse: Self::parse }).map(Some)
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// The sum of numbers with units: `1h30m`. None where a number, a unit or the room for it is missing.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = None::<u64>;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, size) = units.iter().find(|(name, _)| *name == unit)?;
        let part = number.parse::<u64>().ok()?.checked_mul(*size)?;
        total = Some(total.unwrap_or_default().checked_add(part)?);
        rest = tail.trim_start();
    }
    total
}

/// Reads a text through a function and says what was expected where there is none.
pub(super) struct Text<F> {
    pub(super) expected: &'static str,
    pub(super) parse: F,
}

impl<T, F: Fn(&str) -> Option<T>> de::Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}
