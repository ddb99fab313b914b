//! The parts of an exchange that need no network.

use std::{io::Write as _, net::IpAddr};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::{
    Settings,
    address::{Cidr, denied},
    decode::{Flaw, decode, encoding},
};

/// Every line an address and the kind of place it leads to.
const ADDRESSES: &str = include_str!("../../tests/fixtures/addresses.tsv");
const BROTLI_BOMB: &[u8] = include_bytes!("../../tests/fixtures/zeros-64-mib.br");

#[test]
fn every_address_is_known_by_its_kind() {
    let rows = ADDRESSES.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let (address, expected) = row.split_once('\t').unwrap();
        let address: IpAddr = address.parse().unwrap();
        match (denied(address, &[]), expected) {
            (None, "public") => {}
            (Some(kind), expected) if kind.contains(expected) => {}
            (kind, _) => panic!("{address} is {expected}, not {kind:?}"),
        }
        count += 1;
    }
    assert!(count >= 200, "{count}");
}

#[test]
fn an_allowed_range_opens_its_addresses_in_every_form_and_no_others() {
    let allow: Vec<Cidr> = ["10.1.2.0/24", "fd00:1::/32"].map(|text| text.parse().unwrap()).into();
    let rows = [
        ("10.1.2.0", true),
        ("10.1.2.255", true),
        ("10.1.3.0", false),
        ("10.1.1.255", false),
        ("127.0.0.1", false),
        ("::ffff:10.1.2.3", true),
        ("::ffff:10.1.3.3", false),
        ("64:ff9b::10.1.2.3", true),
        ("fd00:1::1", true),
        ("fd00:2::1", false),
        ("::", false),
    ];
    for (address, opened) in rows {
        assert_eq!(denied(address.parse().unwrap(), &allow).is_none(), opened, "{address}");
    }
    let everything: Vec<Cidr> = ["0.0.0.0/0", "::/0"].map(|text| text.parse().unwrap()).into();
    for address in ["127.0.0.1", "255.255.255.255", "::1", "ff02::1"] {
        assert_eq!(denied(address.parse().unwrap(), &everything), None, "{address}");
    }
}

#[test]
fn a_range_is_read_and_a_wrong_one_explained() {
    for text in ["10.1.2.0/24", "0.0.0.0/0", "192.168.1.1/32", "fd00::/8", "::/0", "::1/128"] {
        assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
    }
    let known: Cidr = serde_json::from_str("\"10.1.2.0/24\"").unwrap();
    assert_eq!(serde_json::to_string(&known).unwrap(), "\"10.1.2.0/24\"");
    assert!(serde_json::from_str::<Cidr>("\"10.1.2.3/24\"").is_err());
    assert_eq!("10.0.0.1".parse::<Cidr>().unwrap().to_string(), "10.0.0.1/32");
    assert_eq!(" fd00:: / 8 ".parse::<Cidr>().unwrap().to_string(), "fd00::/8");
    let rows = [
        ("localhost", "\"localhost\" is no IP address"),
        ("10.1.2/24", "\"10.1.2\" is no IP address"),
        ("", "\"\" is no IP address"),
        ("10.0.0.0/33", "the prefix length \"33\" is no number from 0 to 32"),
        ("10.0.0.0/+8", "the prefix length \"+8\" is no number from 0 to 32"),
        ("10.0.0.0/", "the prefix length \"\" is no number from 0 to 32"),
        ("::/129", "the prefix length \"129\" is no number from 0 to 128"),
        ("10.1.2.3/24", "10.1.2.3/24 has bits set behind its prefix: write 10.1.2.0/24"),
        ("fd00::1/8", "fd00::1/8 has bits set behind its prefix: write fd00::/8"),
    ];
    for (text, expected) in rows {
        assert_eq!(text.parse::<Cidr>().unwrap_err().to_string(), expected);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

const TEXT: &[u8] = "Президент обратился к ОДКБ. Президент обратился к ОДКБ.".as_bytes();
/// `TEXT` by another implementation of brotli.
const TEXT_IN_BROTLI: &str = "1b6400f81d09364ef1e149bb357434884bbde173dccae5e078298b88060c147c146e8510b22c406909aee645f0d2367b661413f401";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|n| u8::from_str_radix(&text[n..n + 2], 16).unwrap()).collect()
}

#[test]
fn every_encoding_is_undone() {
    let brotli = unhex(TEXT_IN_BROTLI);
    let rows = [
        ("gzip", gzip(TEXT)),
        ("x-gzip", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("zstd", zstd(TEXT)),
        ("br", brotli),
    ];
    for (name, body) in rows {
        assert_eq!(decode(name, &body, TEXT.len()), (TEXT.to_vec(), None), "{name}");
        let (short, flaw) = decode(name, &body, TEXT.len() - 1);
        assert_eq!((short.as_slice(), flaw), (&TEXT[..TEXT.len() - 1], Some(Flaw::TooLarge)));
        assert_eq!(decode(name, b"", 9), (Vec::new(), None), "{name}");
        let (_, torn) = decode(name, &body[..body.len() - 2], 1000);
        assert!(matches!(torn, Some(Flaw::Encoding(_))), "{name} {torn:?}");
        let (_, garbage) = decode(name, b"\xff\xff\xff\xff no such thing", 1000);
        assert!(matches!(garbage, Some(Flaw::Encoding(_))), "{name} {garbage:?}");
    }
}

#[test]
fn gzip_may_have_members_and_padding_but_not_without_end() {
    let members = [gzip(b"one "), gzip(b"two"), b"\0\0\0padding".to_vec()].concat();
    assert_eq!(decode("gzip", &members, 100), (b"one two".to_vec(), None));
    let many = gzip(b"").repeat(200_000);
    assert!(matches!(decode("gzip", &many, 100), (_, Some(Flaw::Encoding(_)))));
}

#[test]
fn a_bomb_is_defused_at_the_limit() {
    let zeros = vec![0; 64 << 20];
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("zstd", zstd(&zeros)),
        ("br", BROTLI_BOMB.to_vec()),
    ];
    for (name, bomb) in bombs {
        assert!(bomb.len() < 100_000, "{name}");
        let (body, flaw) = decode(name, &bomb, 5 << 20);
        assert_eq!((body.len(), flaw), (5 << 20, Some(Flaw::TooLarge)), "{name}");
        assert!(body.capacity() <= 16 << 20, "{name}");
    }
}

#[test]
fn windows_beyond_the_standard_are_refused() {
    // A brotli header that asks for a window of 2^30 bytes, and a zstd one of 2^27.
    let brotli = decode("br", &[0x11, 0x1e, 0, 0, 0, 3], 1000).1;
    assert!(matches!(brotli, Some(Flaw::Encoding(_))), "{brotli:?}");
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 1, 0, 0];
    let wide = decode("zstd", &frame, 1000).1;
    assert!(matches!(wide, Some(Flaw::Encoding(_))), "{wide:?}");
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (23 - 10) << 3, 1, 0, 0];
    assert_eq!(decode("zstd", &frame, 1000), (Vec::new(), None));
}

#[test]
fn stacked_and_unknown_encodings_are_refused() {
    let read = |values: &[&str]| encoding(values.iter().map(|value| value.as_bytes()));
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&["identity"]), Ok(None));
    assert_eq!(read(&[""]), Ok(None));
    assert_eq!(read(&["UTF-8"]), Ok(None));
    assert_eq!(read(&[" GZip "]), Ok(Some("gzip".to_owned())));
    assert_eq!(read(&["identity, br"]), Ok(Some("br".to_owned())));
    for values in
        [&["gzip, gzip"][..], &["gzip", "br"], &["zstd,gzip"], &["compress"], &["gz\u{0}"]]
    {
        assert!(matches!(read(values), Err(Flaw::Encoding(_))), "{values:?}");
    }
}

#[test]
fn the_user_agent_names_the_contact_where_there_is_one() {
    let version = env!("CARGO_PKG_VERSION");
    let mut settings = Settings::default();
    assert_eq!(settings.user_agent(), format!("newswatch/{version}"));
    settings.contact = Some("https://example.org/bot".to_owned());
    assert_eq!(settings.user_agent(), format!("newswatch/{version} (+https://example.org/bot)"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_decode_to_no_more_than_the_limit(body: Vec<u8>, limit in 0..100_usize) {
        for name in ["gzip", "deflate", "br", "zstd"] {
            proptest::prop_assert!(decode(name, &body, limit).0.len() <= limit);
        }
    }
}
