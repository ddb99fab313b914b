//! Which addresses a stranger's link or DNS answer may lead us to: none of our own network.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A range of addresses, as in `10.1.2.0/24` or `fd00::/8`; a single address is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    #[error("{0:?} is no IP address")]
    Address(String),
    #[error("the prefix length {given:?} is no number from 0 to {longest}")]
    Prefix { given: String, longest: u8 },
    #[error("{given} has bits set behind its prefix: write {meant}")]
    HostBits { given: String, meant: Cidr },
}

impl Cidr {
    const fn v4(octets: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = octets;
        Self { network: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    const fn v6(head: [u16; 4], prefix: u8) -> Self {
        let [a, b, c, d] = head;
        Self { network: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)), prefix }
    }

    /// All addresses there are, of one version.
    pub fn is_everything(&self) -> bool {
        self.prefix == 0
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let (network, address, width) = match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (u128::from(network.to_bits()), u128::from(address.to_bits()), 32)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits(), address.to_bits(), 128)
            }
            _ => return false,
        };
        let host_bits = width - u32::from(self.prefix);
        network.checked_shr(host_bits) == address.checked_shr(host_bits)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr =
            address.trim().parse().map_err(|_| CidrError::Address(address.trim().to_owned()))?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix.map(str::trim) {
            None => longest,
            Some(given) => Some(given)
                .filter(|given| !given.starts_with('+'))
                .and_then(|given| given.parse().ok())
                .filter(|prefix| *prefix <= longest)
                .ok_or_else(|| CidrError::Prefix { given: given.to_owned(), longest })?,
        };
        let host_bits = u32::from(longest - prefix);
        let masked = match network {
            IpAddr::V4(v4) => {
                IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(host_bits).unwrap_or(0)).into())
            }
            IpAddr::V6(v6) => {
                IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(host_bits).unwrap_or(0)).into())
            }
        };
        let meant = Self { network: masked, prefix };
        if masked == network {
            Ok(meant)
        } else {
            Err(CidrError::HostBits { given: text.trim().to_owned(), meant })
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$"})
    }
}

/// What is no place on the public Internet, by the registries of special-purpose addresses
/// (RFC 6890 and its successors). The first that fits names the kind.
const SPECIAL: &[(Cidr, &str)] = &[
    (Cidr::v4([0, 0, 0, 0], 32), "the unspecified address"),
    (Cidr::v4([0, 0, 0, 0], 8), "an address of \"this network\""),
    (Cidr::v4([10, 0, 0, 0], 8), "a private address"),
    (Cidr::v4([100, 64, 0, 0], 10), "a shared (carrier NAT) address"),
    (Cidr::v4([127, 0, 0, 0], 8), "a loopback address"),
    // Azure's platform services answer here, inside every virtual machine.
    (Cidr::v4([168, 63, 129, 16], 32), "an address of the cloud platform"),
    (Cidr::v4([169, 254, 0, 0], 16), "a link-local address"),
    (Cidr::v4([172, 16, 0, 0], 12), "a private address"),
    (Cidr::v4([192, 0, 0, 0], 24), "an address for protocol assignments"),
    (Cidr::v4([192, 0, 2, 0], 24), "a documentation address"),
    (Cidr::v4([192, 88, 99, 0], 24), "a 6to4 relay address"),
    (Cidr::v4([192, 168, 0, 0], 16), "a private address"),
    (Cidr::v4([198, 18, 0, 0], 15), "a benchmarking address"),
    (Cidr::v4([198, 51, 100, 0], 24), "a documentation address"),
    (Cidr::v4([203, 0, 113, 0], 24), "a documentation address"),
    (Cidr::v4([224, 0, 0, 0], 4), "a multicast address"),
    (Cidr::v4([255, 255, 255, 255], 32), "the broadcast address"),
    (Cidr::v4([240, 0, 0, 0], 4), "a reserved address"),
    (Cidr::v6([0x64, 0xff9b, 1, 0], 48), "a local-use translated address"),
    (Cidr::v6([0x100, 0, 0, 0], 64), "a discard-only address"),
    (Cidr::v6([0x2001, 2, 0, 0], 48), "a benchmarking address"),
    (Cidr::v6([0x2001, 0xdb8, 0, 0], 32), "a documentation address"),
    (Cidr::v6([0x2001, 0, 0, 0], 23), "an address for protocol assignments"),
    (Cidr::v6([0x3fff, 0, 0, 0], 20), "a documentation address"),
    (Cidr::v6([0x5f00, 0, 0, 0], 16), "a segment routing address"),
    (Cidr::v6([0xfc00, 0, 0, 0], 7), "a private (unique local) address"),
    (Cidr::v6([0xfe80, 0, 0, 0], 10), "a link-local address"),
    (Cidr::v6([0xfec0, 0, 0, 0], 10), "a site-local address"),
    (Cidr::v6([0xff00, 0, 0, 0], 8), "a multicast address"),
];

/// All that is assigned as global unicast.
const GLOBAL_UNICAST: Cidr = Cidr::v6([0x2000, 0, 0, 0], 3);

/// What kind of forbidden address this is; none where it may be dialled. `allow` opens ranges.
pub fn denied(address: IpAddr, allow: &[Cidr]) -> Option<&'static str> {
    if allow.iter().any(|range| range.contains(address)) {
        return None;
    }
    if let IpAddr::V6(v6) = address {
        if v6.is_unspecified() {
            return Some("the unspecified address");
        }
        if v6.is_loopback() {
            return Some("a loopback address");
        }
        let carried = carried(v6);
        if !carried.is_empty() {
            return carried.into_iter().find_map(|v4| denied(IpAddr::V4(v4), allow));
        }
    }
    let special = SPECIAL.iter().find(|(range, _)| range.contains(address));
    if let Some((_, kind)) = special {
        return Some(kind);
    }
    (address.is_ipv6() && !GLOBAL_UNICAST.contains(address)).then_some("a reserved address")
}

/// The version 4 addresses that a translated or tunnelled form leads to.
fn carried(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = address.to_bits();
    let v4_at = |shift: u32| {
        let [.., a, b, c, d] = (bits >> shift).to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // Mapped (RFC 4291 §2.5.5.2), translated (RFC 2765), compatible (deprecated).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => {
            vec![v4_at(0)]
        }
        // NAT64 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![v4_at(0)],
        // 6to4 (RFC 3056).
        [0x2002, ..] => vec![v4_at(80)],
        // Teredo (RFC 4380): the server, and the client with its bits inverted.
        [0x2001, 0, ..] => vec![v4_at(64), Ipv4Addr::from_bits(!v4_at(0).to_bits())],
        // ISATAP (RFC 5214), under any prefix.
        [a, .., 0 | 0x200, 0x5efe, _, _] if a & 0xe000 == 0x2000 => vec![v4_at(0)],
        _ => Vec::new(),
    }
}
