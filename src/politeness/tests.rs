//! What the standards say, row by row.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    Robots, backoff, freshness,
    pace::{Pace, Rest},
    retry_after,
    robots::LONGEST_FILE,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2022-01-16T12:00:00Z")
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

type Fields<'a> = &'a [(&'a str, &'a str)];

fn headers(fields: Fields<'_>) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

#[test]
fn retry_after_is_read_as_seconds_and_as_a_date_in_three_forms() {
    let rows: &[(&str, Option<i64>)] = &[
        ("120", Some(120)),
        (" 120 ", Some(120)),
        ("0", Some(0)),
        ("120.5", Some(120)),
        ("Sun, 16 Jan 2022 12:05:00 GMT", Some(300)),
        ("Sunday, 16-Jan-22 12:05:00 GMT", Some(300)),
        ("Sun Jan 16 12:05:00 2022", Some(300)),
        ("Sun, 16 Jan 2022 15:05:00 +0300", Some(300)),
        // The wrong weekday does not make the date unclear.
        ("Mon, 16 Jan 2022 12:05:00 +0000", Some(300)),
        // In the past: no wait.
        ("Sun, 16 Jan 2022 11:00:00 GMT", Some(0)),
        ("Fri, 31 Dec 1999 23:59:59 GMT", Some(0)),
        // Longer than a week is a mistake.
        ("31536000", Some(7 * 86_400)),
        ("99999999999999999999999999", Some(7 * 86_400)),
        ("Fri, 16 Jan 2122 12:05:00 GMT", Some(7 * 86_400)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("12h", None),
        (".5", None),
    ];
    for (value, expected) in rows {
        let wait = retry_after::wait(&headers(&[("retry-after", value)]), now());
        assert_eq!(wait, expected.map(secs), "{value:?}");
    }
    assert_eq!(retry_after::wait(&[], now()), None);
}

#[test]
fn a_retry_date_is_reckoned_by_the_clock_of_the_server() {
    let fields = headers(&[
        ("date", "Sun, 16 Jan 2022 10:00:00 GMT"),
        ("retry-after", "Sun, 16 Jan 2022 10:10:00 GMT"),
    ]);
    assert_eq!(retry_after::wait(&fields, now()), Some(secs(600)));
}

#[test]
fn freshness_follows_rfc_9111() {
    let date = ("date", "Sun, 16 Jan 2022 12:00:00 GMT");
    let rows: &[(Fields<'_>, Option<i64>)] = &[
        (&[], None),
        (&[("cache-control", "max-age=600")], Some(600)),
        (&[("cache-control", "public, MAX-AGE=\"600\"")], Some(600)),
        (&[("cache-control", "public"), ("cache-control", "max-age=60")], Some(60)),
        (&[("cache-control", "max-age=600"), ("age", "500")], Some(100)),
        (&[("cache-control", "max-age=600"), ("age", "700")], Some(0)),
        (&[("cache-control", "max-age=60, max-age=600")], Some(60)),
        (&[("cache-control", "max-age=soon")], Some(0)),
        (&[("cache-control", "max-age=-1")], Some(0)),
        (&[("cache-control", "max-age=600, no-cache")], Some(0)),
        (&[("cache-control", "max-age=600, no-cache=\"set-cookie\"")], Some(600)),
        (&[("cache-control", "no-store")], Some(0)),
        // For shared caches only.
        (&[("cache-control", "s-maxage=31536000")], None),
        (&[("cache-control", "s-maxage=31536000, max-age=60")], Some(60)),
        (&[("cache-control", "max-age=99999999999999999999")], Some(366 * 86_400)),
        (&[date, ("expires", "Sun, 16 Jan 2022 12:30:00 GMT")], Some(1800)),
        (&[("expires", "Sun, 16 Jan 2022 12:30:00 GMT")], Some(1800)),
        (&[("expires", "Sunday, 16-Jan-22 12:30:00 GMT")], Some(1800)),
        (&[("expires", "Sun, 16 Jan 2022 11:30:00 GMT")], Some(0)),
        (&[("expires", "0")], Some(0)),
        (&[("expires", "-1")], Some(0)),
        (&[date, ("expires", "Sun, 16 Jan 2022 12:30:00 GMT"), ("age", "60")], Some(1740)),
        // A server whose clock is an hour late.
        (
            &[
                ("date", "Sun, 16 Jan 2022 11:00:00 GMT"),
                ("expires", "Sun, 16 Jan 2022 11:10:00 GMT"),
            ],
            Some(600),
        ),
        // max-age wins.
        (
            &[("cache-control", "max-age=60"), ("expires", "Sun, 16 Jan 2022 12:30:00 GMT")],
            Some(60),
        ),
        (&[("cache-control", "public"), ("expires", "Sun, 16 Jan 2022 12:30:00 GMT")], Some(1800)),
    ];
    for (fields, expected) in rows {
        let lifetime = freshness::lifetime(&headers(fields), now());
        assert_eq!(lifetime, expected.map(secs), "{fields:?}");
    }
}

#[test]
fn the_backoff_doubles_to_a_day_and_then_asks_once_a_week() {
    let base = SignedDuration::from_mins(30);
    let mut before = SignedDuration::ZERO;
    for failures in 1..=6 {
        let wait = backoff::delay(base, failures, "feed");
        let plain = base * 2_i32.pow(failures - 1);
        assert!(wait >= plain.mul_f64(0.9).max(base) && wait <= plain.mul_f64(1.1), "{failures}");
        assert!(wait > before, "{failures}");
        before = wait;
    }
    for failures in 7..=30 {
        let wait = backoff::delay(base, failures, "feed");
        assert!(wait >= SignedDuration::from_mins(1296) && wait <= backoff::CEILING, "{failures}");
    }
    for failures in [31, 100, u32::MAX] {
        let wait = backoff::delay(base, failures, "feed");
        assert!(wait >= backoff::WEEK.mul_f64(0.9) && wait <= backoff::WEEK.mul_f64(1.1));
    }
    assert_eq!(backoff::delay(base, 3, "feed"), backoff::delay(base, 3, "feed"));
    assert_ne!(backoff::delay(base, 3, "feed"), backoff::delay(base, 3, "other"));
    let two_days = backoff::CEILING * 2;
    assert!(backoff::delay(two_days, 1, "slow feed") >= two_days);
}

#[test]
fn fractions_are_spread_evenly() {
    let fractions: Vec<f64> =
        (0..10_000).map(|n| backoff::fraction(&format!("feed-{n}"), 0)).collect();
    assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
    for tenth in 0..10 {
        let from = f64::from(tenth) / 10.0;
        let count = fractions.iter().filter(|f| (from..from + 0.1).contains(*f)).count();
        assert!((900..1100).contains(&count), "{from}: {count}");
    }
}

#[test]
fn a_host_rests_between_starts_and_after_a_slow_answer() {
    let rest = Rest::default();
    let mut pace = Pace::default();
    assert!(pace.ready_at() <= now());
    pace.start(&rest, now());
    pace.finish(&rest, secs(1), now() + secs(1));
    assert_eq!(pace.ready_at(), now() + secs(5));
    pace.start(&rest, now() + secs(5));
    pace.finish(&rest, secs(30), now() + secs(35));
    assert_eq!(pace.ready_at(), now() + secs(65));
    // Its answer was taken in late, for which it did nothing.
    pace.start(&rest, now() + secs(65));
    pace.finish(&rest, secs(1), now() + secs(3665));
    assert_eq!(pace.ready_at(), now() + secs(3666));
}

#[test]
fn a_crawl_delay_counts_where_it_is_longer_and_sane() {
    let rest = Rest::default();
    for (asked, expected) in [(1, 5), (20, 20), (86_400, 300)] {
        let mut pace = Pace::default();
        pace.set_crawl_delay(Some(secs(asked)));
        pace.start(&rest, now());
        pace.finish(&rest, SignedDuration::ZERO, now());
        assert_eq!(pace.ready_at(), now() + secs(expected), "{asked}");
    }
}

#[test]
fn a_hold_outlasts_the_rest_and_is_not_shortened() {
    let rest = Rest::default();
    let mut pace = Pace::default();
    assert_eq!(pace.held_until(), None);
    pace.hold(now() + secs(3600));
    pace.hold(now() + secs(60));
    pace.start(&rest, now());
    pace.finish(&rest, SignedDuration::ZERO, now());
    assert_eq!(pace.ready_at(), now() + secs(3600));
    assert_eq!(pace.held_until(), Some(now() + secs(3600)));
    pace.hold(Timestamp::MAX);
    pace.start(&rest, Timestamp::MAX);
    assert_eq!(pace.ready_at(), Timestamp::MAX);
}

#[test]
fn a_clock_that_is_set_back_makes_no_rest() {
    let rest = Rest::default();
    let mut pace = Pace::default();
    pace.start(&rest, now());
    pace.finish(&rest, secs(1), now() - secs(3600));
    assert_eq!(pace.ready_at(), now() + secs(5));
}

fn allows(file: &str, path: &str) -> bool {
    let url = Url::parse("https://site.example").unwrap().join(path).unwrap();
    Robots::parse(file.as_bytes(), now()).allows(&url)
}

#[test]
fn robots_paths_match_as_rfc_9309_says() {
    // (pattern, path, whether the pattern matches)
    let rows: &[(&str, &str, bool)] = &[
        ("/", "/anything", true),
        ("/fish", "/fish", true),
        ("/fish", "/fish.html", true),
        ("/fish", "/fish/salmon.html", true),
        ("/fish", "/fishheads/yummy.html", true),
        ("/fish", "/fish.php?id=1", true),
        ("/fish", "/Fish", false),
        ("/fish", "/catfish", false),
        ("/fish", "/?id=fish", false),
        ("/fish*", "/fishheads", true),
        ("/fish/", "/fish", false),
        ("/fish/", "/fish/", true),
        ("/fish/", "/fish/?id=1", true),
        ("/*.php", "/index.php", true),
        ("/*.php", "/folder/a.php?x=1", true),
        ("/*.php", "/index.PHP", false),
        ("/*.php", "/", false),
        ("/*.php$", "/index.php", true),
        ("/*.php$", "/index.php?x", false),
        ("/*.php$", "/index.php5", false),
        ("/fish*.php", "/fishheads/catfish.php?x", true),
        ("/fish*.php", "/Fish.PHP", false),
        ("/a*b*c", "/axxbxxc", true),
        ("/a*b*c", "/axxcxxb", false),
        ("/*ab*ab$", "/abab", true),
        ("/*aba*ba$", "/abab", false),
        ("/$", "/", true),
        ("/$", "/a", false),
        ("/**", "/a", true),
        ("*", "/a", true),
        ("*/private", "/x/private", true),
        ("*.pdf$", "/x.pdf", true),
        ("fish", "/fish", true),
        ("/a$b", "/a$b/c", true),
        ("/a$b", "/a", false),
        ("/page?id=", "/page?id=7", true),
        ("/*?", "/page?id=7", true),
        ("/*?", "/page", false),
        // Percent-encoding (RFC 9309 §2.2.2).
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
        ("/foo/bar?baz=http%3A%2F%2Ffoo.bar", "/foo/bar?baz=http%3A%2F%2Ffoo.bar", true),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
        ("/foo/bar/%E3%83%84", "/foo/bar/ツ", true),
        ("/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84", true),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
        ("/foo/bar/baz", "/foo/bar/%62%61%7A", true),
        ("/a%2Fb", "/a/b", false),
        ("/a/b", "/a%2Fb", false),
        ("/a b", "/a%20b", true),
        ("/100%", "/100%", true),
        ("/%zz", "/%zz", true),
        // Special letters meant literally (§2.2.3).
        ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true),
        ("/path/file-with-a-%2A.html", "/path/file-with-a-b.html", false),
        ("/path/foo-%24", "/path/foo-$", true),
        ("/path/foo-%24", "/path/foo-", false),
        ("/новости/", "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1", true),
    ];
    for (pattern, path, matches) in rows {
        let disallowed = !allows(&format!("User-agent: *\nDisallow: {pattern}\n"), path);
        assert_eq!(disallowed, *matches, "{pattern} on {path}");
    }
}

#[test]
fn robots_groups_and_precedence_follow_rfc_9309() {
    // (file, path, allowed)
    let rows: &[(&str, &str, bool)] = &[
        ("", "/a", true),
        ("<!doctype html><title>Not found</title>", "/a", true),
        ("User-agent: *\nDisallow:\n", "/a", true),
        ("User-agent: *\nDisallow: /\n", "/robots.txt", true),
        // Everybody, others, us.
        ("User-agent: *\nDisallow: /a", "/a", false),
        ("User-agent: other\nDisallow: /a", "/a", true),
        ("User-agent: newswatch\nDisallow: /a", "/a", false),
        ("user-AGENT: NewsWatch\ndisALLOW: /a", "/a", false),
        ("User-agent: newswatch/1.0\nDisallow: /a", "/a", false),
        ("User-agent: newswatch # the crawler\nDisallow: /a # all of it", "/a", false),
        ("User-agent: newswatchdog\nDisallow: /a", "/a", true),
        ("User-agent: news\nDisallow: /a", "/a", true),
        // Our own group alone counts, wherever it stands.
        ("User-agent: *\nDisallow: /a\nUser-agent: newswatch\nDisallow: /b", "/a", true),
        ("User-agent: newswatch\nDisallow: /b\nUser-agent: *\nDisallow: /a", "/a", true),
        ("User-agent: newswatch\n\nUser-agent: *\nDisallow: /a", "/a", false),
        ("User-agent: newswatch\nDisallow:\n\nUser-agent: *\nDisallow: /a", "/a", true),
        // Groups of the same name are one; several names head one group.
        (
            "User-agent: newswatch\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: NEWSWATCH\nDisallow: /b",
            "/b",
            false,
        ),
        (
            "User-agent: newswatch\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: NEWSWATCH\nDisallow: /b",
            "/c",
            true,
        ),
        ("User-agent: x\nUser-agent: newswatch\nUser-agent: y\nDisallow: /a", "/a", false),
        ("User-agent: x\n\n# y\nUser-agent: newswatch\nDisallow: /a", "/a", false),
        (
            "User-agent: *\nDisallow: /a\nUser-agent: x\nDisallow: /b\nUser-agent: *\nDisallow: /c",
            "/c",
            false,
        ),
        // Rules before any group are nobody's.
        ("Disallow: /a\nUser-agent: *\nDisallow: /b", "/a", true),
        // Lines that mean nothing end no group.
        (
            "User-agent: newswatch\nSitemap: https://site.example/s.xml\nHost: x\nDisallow: /a",
            "/a",
            false,
        ),
        (
            "User-agent: newswatch\nSitemap: https://site.example/s.xml\nUser-agent: x\nDisallow: /a",
            "/a",
            false,
        ),
        ("User-agent: newswatch\nfoo bar\nDisallow /b\nDisallow: /a", "/a", false),
        // A crawl delay is one of its group's rules.
        ("User-agent: *\nCrawl-delay: 10\n\nUser-agent: x\nDisallow: /", "/a", true),
        // The longest wins, in any order; of equals the one that allows.
        ("User-agent: *\nAllow: /p\nDisallow: /", "/page", true),
        ("User-agent: *\nDisallow: /\nAllow: /p", "/page", true),
        ("User-agent: *\nAllow: /folder\nDisallow: /folder", "/folder/page", true),
        ("User-agent: *\nDisallow: /folder\nAllow: /folder", "/folder/page", true),
        ("User-agent: *\nAllow: /page\nDisallow: /*.htm", "/page.htm", false),
        ("User-agent: *\nAllow: /page\nDisallow: /*.ph", "/page.php5", true),
        ("User-agent: *\nAllow: /$\nDisallow: /", "/", true),
        ("User-agent: *\nAllow: /$\nDisallow: /", "/page.htm", false),
        (
            "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "/example/page/disallowed.gif",
            false,
        ),
        // Bytes around the text.
        ("\u{feff}User-agent: *\nDisallow: /a", "/a", false),
        ("User-agent: *\r\nDisallow: /a\r\n", "/a", false),
        ("User-agent: *\rDisallow: /a\r", "/a", false),
        ("  User-agent :\t* \n\tDisallow : /a ", "/a", false),
        ("User-agent: *\nDisallow: /a\0\nDisallow: /b", "/b", false),
    ];
    for (file, path, allowed) in rows {
        assert_eq!(allows(file, path), *allowed, "{path} under {file:?}");
    }
}

#[test]
fn robots_tells_delay_and_sitemaps() {
    let file = "User-agent: x\nCrawl-delay: 99\nUser-agent: newswatch\nCrawl-delay: 2.5\n\
                Sitemap: https://site.example/a.xml\nsitemap: /relative.xml\nDisallow: /a\n\
                SITEMAP: https://cdn.example/b.xml";
    let robots = Robots::parse(file.as_bytes(), now());
    assert_eq!(robots.crawl_delay(), Some(SignedDuration::from_millis(2500)));
    let sitemaps: Vec<&str> = robots.sitemaps().iter().map(Url::as_str).collect();
    assert_eq!(sitemaps, ["https://site.example/a.xml", "https://cdn.example/b.xml"]);
    for value in ["-3", "x", "inf", "NaN", "1e300", "0", ""] {
        let file = format!("User-agent: *\nCrawl-delay: {value}");
        assert_eq!(Robots::parse(file.as_bytes(), now()).crawl_delay(), None, "{value}");
    }
}

#[test]
fn robots_is_read_to_its_limit_and_no_cut_line_counts() {
    let mut file = "User-agent: *\nDisallow: /a\n".to_owned();
    file.push_str(&"#".repeat(LONGEST_FILE - file.len() - 12));
    file.push_str("\nDisallow: /bcd\n");
    assert!(!allows(&file, "/a"));
    assert!(allows(&file, "/b"), "the limit cuts this line");
    assert!(allows("User-agent: *\nDisallow: /a", "/b"));
    let long = format!("{}\nUser-agent: *\nDisallow: /", "x".repeat(LONGEST_FILE));
    assert!(allows(&long, "/a"));
}

#[test]
fn the_status_of_robots_decides_as_rfc_9309_says() {
    let page = Url::parse("https://site.example/a").unwrap();
    let file = b"User-agent: *\nDisallow: /b";
    let closed = b"User-agent: *\nDisallow: /";
    let day = SignedDuration::from_hours(24);
    assert!(Robots::from_answer(200, file, None, now()).allows(&page));
    assert!(!Robots::from_answer(200, closed, None, now()).allows(&page));
    for status in [300, 304, 400, 401, 403, 404, 410, 451] {
        let robots = Robots::from_answer(status, closed, None, now());
        assert!(robots.allows(&page), "{status}");
        assert_eq!(robots.expires(), now() + day, "{status}");
    }
    for status in [429, 500, 502, 503, 599] {
        let robots = Robots::from_answer(status, file, None, now());
        assert!(!robots.allows(&page), "{status}");
        assert!(robots.expires() < now() + day, "{status}");
        assert_eq!(robots.unreachable_since(), Some(now()));
    }
}

#[test]
fn an_unreachable_robots_keeps_what_was_known_and_is_given_up_after_thirty_days() {
    let page = Url::parse("https://site.example/a").unwrap();
    let known = Robots::parse(b"User-agent: *\nDisallow: /b\nCrawl-delay: 9", now());
    let down = Robots::unreachable(Some(&known), known.expires());
    assert!(down.allows(&page));
    assert_eq!(down.crawl_delay(), Some(secs(9)));
    let back = Robots::from_answer(200, b"", Some(&down), down.expires());
    assert_eq!(back.unreachable_since(), None);

    let mut robots = Robots::unreachable(None, now());
    let mut asked = 0;
    while !robots.allows(&page) {
        robots = Robots::unreachable(Some(&robots), robots.expires());
        asked += 1;
        assert!(asked < 60);
    }
    let given_up = robots.expires() - now();
    assert!(given_up.total(jiff::Unit::Hour).unwrap() >= 30.0 * 24.0);
    assert!(robots.unreachable_since().is_some());
}

#[test]
fn robots_survives_the_state() {
    let known = Robots::parse(b"User-agent: *\nDisallow: /b*x$\nCrawl-delay: 9", now());
    let text = serde_json::to_string(&known).unwrap();
    assert_eq!(serde_json::from_str::<Robots>(&text).unwrap(), known);
}

proptest::proptest! {
    #[test]
    fn robots_reads_any_bytes_and_any_path(body: Vec<u8>, path in "/[ -~]{0,30}") {
        let mut file = b"User-agent: *\nDisallow: ".to_vec();
        file.extend(body);
        let url = Url::parse("https://site.example").unwrap().join(&path);
        if let Ok(url) = url {
            Robots::parse(&file, now()).allows(&url);
        }
    }

    #[test]
    fn matching_agrees_with_a_slow_matcher(pattern in "/[ab*$]{0,7}", path in "/[ab]{0,9}") {
        fn slow(pattern: &[u8], path: &[u8]) -> bool {
            match pattern {
                [] => true,
                [b'$'] => path.is_empty(),
                [b'*', rest @ ..] => (0..=path.len()).any(|n| slow(rest, &path[n..])),
                [first, rest @ ..] => path.first() == Some(first) && slow(rest, &path[1..]),
            }
        }
        let file = format!("User-agent: *\nDisallow: {pattern}");
        proptest::prop_assert_eq!(!allows(&file, &path), slow(pattern.as_bytes(), path.as_bytes()));
    }
}
