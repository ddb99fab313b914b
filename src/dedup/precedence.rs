//! Who was first.

use std::cmp::Ordering;

use jiff::Timestamp;

/// What a record has to say for itself when a cluster's origin is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    pub id: &'a str,
    pub published_at: Option<Timestamp>,
    pub title: &'a str,
    pub text: &'a str,
    /// Registrable domain or name of the publisher, to see that an agency prints its own wire.
    pub source: &'a str,
}

/// The record that a cluster goes back to: the earliest published; of those within one minute the
/// agency's own; then the longest. An unknown time is later than any.
pub fn first<'a, 'b>(claims: &'b [Claim<'a>]) -> Option<&'b Claim<'a>> {
    claims.iter().min_by(|a, b| order(a, b))
}

fn order(a: &Claim<'_>, b: &Claim<'_>) -> Ordering {
    let minute = |claim: &Claim<'_>| claim.published_at.map_or(i64::MAX, |at| at.as_second() / 60);
    minute(a)
        .cmp(&minute(b))
        .then_with(|| wire(b).cmp(&wire(a)))
        .then_with(|| b.text.len().cmp(&a.text.len()))
        .then_with(|| a.id.cmp(b.id))
}

/// How near a record stands to the wire: 2 for the agency's own, 0 for one that credits an agency.
fn wire(claim: &Claim<'_>) -> u8 {
    let credited = AGENCIES.iter().find(|(mark, _)| opening(claim.text).contains(mark));
    match credited {
        Some((_, domain)) if claim.source.contains(domain) => 2,
        Some(_) => 0,
        None if AGENCIES.iter().any(|(_, domain)| claim.source.contains(domain)) => 2,
        None => 1,
    }
}

/// The part in which a byline or a dateline stands, in lower case.
fn opening(text: &str) -> String {
    text.chars().take(160).flat_map(char::to_lowercase).collect()
}

/// How agencies are credited at the head of a text, and their own domain.
const AGENCIES: &[(&str, &str)] = &[
    ("(reuters)", "reuters"),
    ("(ap)", "apnews"),
    ("(afp)", "afp"),
    ("tass/", "tass"),
    ("(tass)", "tass"),
    ("/тасс/", "tass"),
    ("тасс.", "tass"),
    ("риа новости", "ria.ru"),
    ("интерфакс", "interfax"),
    ("(interfax", "interfax"),
    ("(xinhua)", "xinhua"),
    ("新华社", "xinhua"),
    ("(dpa)", "dpa"),
    ("(efe)", "efe"),
    ("(ansa)", "ansa"),
    ("(anadolu)", "aa.com.tr"),
    ("(aa)", "aa.com.tr"),
    ("казинформ", "inform.kz"),
    ("қазақпарат", "inform.kz"),
    ("kazinform", "inform.kz"),
    ("арменпресс", "armenpress"),
    ("armenpress", "armenpress"),
    ("белта", "belta"),
    ("кабар", "kabar.kg"),
    ("(pap)", "pap.pl"),
    ("(ukrinform", "ukrinform"),
    ("укринформ", "ukrinform"),
    ("sputnik", "sputnik"),
    ("(yonhap)", "yna.co.kr"),
    ("(kyodo)", "kyodo"),
    ("(pti)", "ptinews"),
    ("(irna)", "irna"),
];
