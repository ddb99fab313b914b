//! What holds for any bytes that strangers, disks and users may give: one function a fuzz target.
//! It ends, it does not panic, and what comes out is what the rest of the program relies on.

mod disk;

use std::{collections::BTreeMap, panic, sync::LazyLock};

use jiff::Timestamp;
use newswatch::{
    archive::{self, Archive, Checkpoint, Line, Record, Settings},
    article::{self, Article, Expected, Page, SiteRules},
    canonical_url::{CanonicalUrl, Host, LONGEST},
    config::{self, Files},
    date::{self, Hints},
    fault::Fault,
    politeness::{Robots, freshness, retry_after},
    reader::{self, Document, PageDocument, wire},
    source::{self, Entry, SourceKind, opml},
    text::{clean_line, clean_text},
    topic::{Text, Topic, Topics},
};
use url::Url;

use self::disk::MemoryDisk;

/// Lets the fuzzer not end at panics of feed-rs that are caught and told as flaws.
pub fn expect_panics() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !source::expects_panic() {
            hook(panic);
        }
    }));
}

static BASE: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://news.example/2022/01/13/a.html").unwrap());

fn now() -> Timestamp {
    Timestamp::from_second(1_642_060_800).unwrap()
}

/// Listings, the feeds that a page names, and lists of feeds.
pub fn feeds(bytes: &[u8]) {
    for kind in [SourceKind::Feed, SourceKind::Sitemap] {
        let Ok(listing) = source::parse(kind, bytes, None, &BASE) else { continue };
        assert!(listing.entries.len() <= 50_000, "{} entries", listing.entries.len());
        assert_line(listing.title.as_deref());
        listing.entries.iter().for_each(assert_entry);
        listing.more.iter().for_each(|more| assert_web(&more.url));
        assert!(listing.skip_hours.iter().all(|hour| *hour < 24));
        assert!(listing.skip_days.iter().all(|day| (1..=7).contains(day)));
    }
    for found in source::discover(bytes, None, &BASE) {
        assert_web(&found.url);
    }
    drop(opml::read(bytes));
}

fn assert_entry(entry: &Entry) {
    let urls = [&entry.url, &entry.original_url, &entry.image_url];
    urls.into_iter().flatten().chain(&entry.media).for_each(assert_web);
    assert_line(entry.title.as_deref());
    assert_text(entry.summary.as_deref());
    assert_text(entry.content.as_deref());
    entry.authors.iter().chain(&entry.tags).for_each(|name| assert_line(Some(name)));
}

/// Pages, with the rules of a site and without.
pub fn pages(bytes: &[u8]) {
    static RULES: LazyLock<SiteRules> = LazyLock::new(|| {
        let text = "host = \"news.example\"\nbody = [\"article p\", \".body\"]\n\
                    remove = [\".ad\"]\ntitle = [\"h1\"]\n";
        SiteRules::parse(text).unwrap()
    });
    let expected = Expected {
        title: Some("CSTO peacekeepers leave Kazakhstan"),
        summary: Some("The peacekeepers of the CSTO have begun to leave Kazakhstan."),
        content: None,
        published: Some(now()),
        language: Some("en"),
        zone: None,
    };
    for (expected, rules) in [(Expected::default(), None), (expected, Some(&*RULES))] {
        let page = Page { bytes, content_type: None, url: &BASE, fetched_at: now(), expected };
        if let Ok(article) = article::read(&page, rules) {
            assert_article(&article);
        }
    }
}

fn assert_article(article: &Article) {
    let urls = [&article.image_url, &article.canonical_url];
    urls.into_iter().flatten().chain(&article.media).for_each(assert_web);
    assert_text(Some(&article.text));
    assert_text(article.summary.as_deref());
    for line in [&article.title, &article.section, &article.site_name, &article.licence] {
        assert_line(line.as_deref());
    }
    article.authors.iter().chain(&article.tags).for_each(|name| assert_line(Some(name)));
    assert!((0.0..=1.0).contains(&article.extraction.confidence));
}

/// A robots.txt: what is kept of it is a robots.txt that says the same.
pub fn robots(bytes: &[u8]) {
    let robots = Robots::parse(bytes, now());
    robots.sitemaps().iter().for_each(assert_web);
    assert!(robots.crawl_delay().is_none_or(|delay| !delay.is_negative()));
    assert!(robots.expires() > now());
    let file = BASE.join("/robots.txt").unwrap();
    assert!(robots.allows(&file), "robots.txt itself is always allowed");
    let text = String::from_utf8_lossy(bytes);
    let paths = text.lines().filter_map(|line| line.split_once(':')).map(|(_, path)| path.trim());
    for url in paths.take(50).filter_map(|path| BASE.join(path).ok()) {
        robots.allows(&url);
    }
}

const SEGMENT: &str = "2022/01/2022-01-13.jsonl";

/// Whole lines of an archive, and after them these bytes: opening keeps the lines, puts aside what
/// is none, and does so once.
pub fn archive(bytes: &[u8]) {
    static LINES: LazyLock<(Vec<u8>, Checkpoint)> = LazyLock::new(|| {
        let disk = MemoryDisk::default();
        let (mut opened, _) = Archive::open(disk.clone(), Settings::default(), None).unwrap();
        let checkpoint = opened.append(&mut [record(), record()], now()).unwrap().unwrap();
        (disk.bytes(SEGMENT), checkpoint)
    });
    let (lines, checkpoint) = &*LINES;
    let before = [lines, bytes].concat();
    // A checkpoint names the durable end: what is no line after it was never written to its end.
    for checkpoint in [None, Some(*checkpoint)] {
        let disk = MemoryDisk::default();
        disk.put(SEGMENT, &before);
        let open = || Archive::open(disk.clone(), Settings::default(), checkpoint).unwrap();
        let (opened, found) = open();
        let kept = disk.bytes(SEGMENT);
        assert!(before.starts_with(&kept) && kept.starts_with(lines), "lines were lost");
        assert!(kept.ends_with(b"\n"), "a torn line stayed");
        assert!(found.damage.is_empty() || checkpoint.is_none(), "{:?}", found.damage);
        match found.quarantine {
            Some(aside) => assert_eq!(disk.bytes(&aside.path), before[kept.len()..]),
            None => assert_eq!(kept, before),
        }
        drop(opened);
        let (mut opened, again) = open();
        assert_eq!((again.lines, again.quarantine), (found.lines, None));
        let mut added = [record()];
        if opened.append(&mut added, now()).is_ok() {
            drop(opened);
            let (opened, then) = open();
            assert_eq!(opened.checkpoint().map(|tip| tip.seq), Some(added[0].seq), "{then:?}");
        }
        archive::verify(&disk, None).unwrap();
        archive::repair(&disk, None).unwrap();
        archive::verify(&disk, None).unwrap();
    }
}

/// A record from the fixtures.
fn record() -> Record {
    let line = include_str!("../../tests/fixtures/archive/v1.jsonl").lines().next().unwrap();
    let position = format!("{SEGMENT}:0").parse().unwrap();
    Line { position, seq: 1, prev: None, bytes: line.into() }.record().unwrap()
}

/// Topic files: one that is taken judges a text, or says that it has too many terms.
pub fn topics(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Topic::parse(&text) {
        Ok(topic) => {
            topic.lints(&["ru", "en", "kk"]);
            let Ok(topics) = Topics::new(vec![topic]) else { return };
            let article = Text {
                title: "CSTO peacekeepers leave Kazakhstan",
                summary: "Миротворцы ОДКБ покидают Казахстан.",
                text: &text,
                language: Some("en"),
                url: Some(BASE.as_str()),
                published: Some(now()),
            };
            for judgement in topics.judge(&article) {
                assert!(judgement.score.is_finite(), "{judgement:?}");
                assert!(judgement.matches.iter().all(|it| it.start < it.end), "{judgement:?}");
            }
        }
        Err(faults) => assert_faults(&text, &faults),
    }
}

fn assert_faults(text: &str, faults: &[Fault]) {
    assert!(!faults.is_empty(), "refused without a reason");
    for fault in faults {
        assert!(text.get(fault.span.clone()).is_some(), "{fault:?} points nowhere");
    }
}

/// Addresses: the identity of an address is the identity of the address made of it.
pub fn urls(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let joined = CanonicalUrl::join(&BASE, &text);
    for url in [CanonicalUrl::parse(&text), joined].into_iter().flatten() {
        assert_web(&url.fetch);
        // Percent-encoded it may have become longer than may be given.
        if url.key.address().len() <= LONGEST {
            let of_key = CanonicalUrl::parse(&url.key.address()).unwrap();
            assert_eq!(of_key.key, url.key, "{text:?}");
        }
    }
    drop(Host::parse(&text));
}

/// Configuration files: taken, or refused with faults that can be shown.
pub fn config(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    let document = || config::Document::new("a file", &*text);
    let mut files = Files {
        settings: config::Document::new("settings", ""),
        feeds: config::Document::new("feeds", ""),
        alerts: config::Document::new("alerts", ""),
        topics: Vec::new(),
        sites: Vec::new(),
    };
    match which % 4 {
        0 => files.settings = document(),
        1 => files.feeds = document(),
        2 => files.alerts = document(),
        _ => files.sites = vec![document()],
    }
    match config::read(files, &BTreeMap::new(), &[]) {
        Ok(config) => {
            config::hash(&config);
            assert!(config::diff(&config, &config).is_empty());
        }
        Err(report) => {
            assert!(report.faults().count() > 0, "refused without a reason");
            assert!(!report.render(false).is_empty());
        }
    }
    let schedule = config::Schedule::default();
    if which % 4 == 1
        && let Ok(feeds) = config::read_feeds("a file", &text, &schedule)
        && let Some(feed) = feeds.first()
    {
        config::set_enabled(&text, &feed.id, false).unwrap();
        config::remove_feed(&text, &feed.id).unwrap();
    }
}

/// Dates as publishers write them, and header fields that carry times.
pub fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for language in [None, Some("ru"), Some("ar"), Some("zh")] {
        let hints = Hints { language, now: Some(now()), ..Hints::default() };
        drop(date::parse(&text, &hints));
    }
    let names = ["retry-after", "cache-control", "expires", "age", "date", "last-modified"];
    let values = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    let fields: Vec<_> = names.map(str::to_owned).into_iter().zip(values).collect();
    let wait = retry_after::wait(&fields, now()).unwrap_or_default();
    assert!((jiff::SignedDuration::ZERO..=retry_after::LONGEST).contains(&wait), "{wait:?}");
    let fresh_for = freshness::lifetime(&fields, now()).unwrap_or_default();
    assert!(!fresh_for.is_negative(), "{fresh_for:?}");
}

/// What crosses the pipe between the daemon and its readers: these bytes, and true messages of which
/// they change some.
pub fn wire(bytes: &[u8]) {
    static MESSAGES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        let page = PageDocument::unannounced(BASE.clone(), now());
        let page = Document::Page(Box::new(page));
        let body = include_bytes!("../../tests/fixtures/pages/list-quote-table.html");
        let mut answer = Vec::new();
        wire::answer(&mut answer, &Ok(reader::read(&page, body))).unwrap();
        [wire::job(&page, b"<p>a").unwrap(), answer.split_off(4)]
    });
    let take = |job: &[u8], answer: &[u8]| {
        drop(wire::decode::<wire::Answer>(answer));
        let (mut rest, mut body) = (job, Vec::new());
        while let Ok(Some(_)) = wire::next_job(&mut rest, &mut body) {}
    };
    take(bytes, bytes);
    let [mut job, mut answer] = MESSAGES.clone();
    for change in bytes.as_chunks::<3>().0 {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        for message in [&mut job, &mut answer] {
            let length = message.len();
            message[at % length] = change[2];
        }
    }
    take(&job, &answer);
}

fn assert_web(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
}

fn assert_line(text: Option<&str>) {
    if let Some(text) = text {
        assert_eq!(clean_line(text), text);
    }
}

fn assert_text(text: Option<&str>) {
    if let Some(text) = text {
        assert_eq!(clean_text(text), text);
    }
}
