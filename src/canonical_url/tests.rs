//! Tests of telling addresses apart.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn key(address: &str) -> String {
    CanonicalUrl::parse(address).map_or_else(|e| e.to_string(), |url| url.key.to_string())
}

#[track_caller]
fn same(pairs: &[(&str, &str)]) {
    for (a, b) in pairs {
        assert_eq!(key(a), key(b), "{a} and {b}");
    }
}

#[track_caller]
fn different(pairs: &[(&str, &str)]) {
    for (a, b) in pairs {
        assert_ne!(key(a), key(b), "{a} and {b}");
    }
}

#[test]
fn the_address_to_fetch_is_normalized_in_syntax_only() {
    let rows = [
        (
            "HTTP://Example.KZ:80/a/../%7euser/%d2?b=1&a=2&utm_source=x",
            "http://example.kz/~user/%D2?b=1&a=2&utm_source=x",
        ),
        ("https://www.example.kz/a/index.html", "https://www.example.kz/a/index.html"),
        ("https://президент.рф/", "https://xn--d1abbgf6aiiy.xn--p1ai/"),
        (
            "https://www.google.com/url?q=https%3A%2F%2Fa.kz%2F1",
            "https://www.google.com/url?q=https%3A%2F%2Fa.kz%2F1",
        ),
        ("https://a.kz/x?q=a%26b%2fc%zz", "https://a.kz/x?q=a%26b%2Fc%zz"),
    ];
    for (address, fetch) in rows {
        let url = CanonicalUrl::parse(address).expect("an address");
        assert_eq!(url.fetch.as_str(), fetch);
    }
}

#[test]
fn tracking_goes_by_name_and_by_the_shape_of_its_value() {
    let plain = "https://example.kz/news/1?id=7";
    for noise in [
        "utm_source=rss",
        "UTM_Anything=1",
        "fbclid=IwAR0",
        "mibextid=Zxz2cZ",
        "yclid=1",
        "ysclid=ky2",
        "xyzclid=abc",
        "mc_eid=1",
        "at_medium=RSS",
        "at_custom1=x",
        "ref=rss",
        "ref=tw-share",
        "source=twitter",
        "from=vk_share",
        "cid=share_btn",
        "sid=9682993c8daa2c5497996114facdc805",
        "PHPSESSID=1",
        "_=1641480000000",
        "print=1",
        "view=print",
        "amp",
        "amp=1",
        "outputType=amp",
        "rss=1",
        "wt.mc_id=x",
        "mindbox-click-id=5",
        "hsa_ad=1",
        "campaign=spring",
        "xtor=RSS-3",
        "smid=tw-share",
        "CMP=share",
        "ASPSESSIONIDAB=AAAA",
        "__twitter_impression=true",
        "gad_source=1",
        "s_cid=1",
    ] {
        assert_eq!(key(plain), key(&format!("{plain}&{noise}")), "{noise}");
        assert_eq!(key(plain), key(&format!("https://example.kz/news/1?{noise}&id=7")), "{noise}");
    }
    for content in [
        "ref=12",
        "sid=12345",
        "sid=world",
        "source=4",
        "source=reuters",
        "from=2022-01-01",
        "cid=101",
        "page=2",
        "v=12",
        "lang=kk",
        "s=kazakhstan",
        "m=202201",
        "m=1",
        "_id=14",
        "part=3",
        "story=7",
        "view=comments",
        "campaign=5",
        "type=1",
        "amp=12",
        "print=7",
        "t=90",
        "uid=550e8400-e29b-41d4-a716-446655440000",
        "hash=0a1b2c3d4e5f6a7b8c9d",
        "article=3",
    ] {
        assert_ne!(key(plain), key(&format!("{plain}&{content}")), "{content}");
    }
}

#[test]
fn presentations_of_one_page_are_one() {
    let article = "https://example.kz/2022/01/06/odkb-vvela-voiska";
    for form in [
        "http://example.kz/2022/01/06/odkb-vvela-voiska/",
        "https://m.example.kz/2022/01/06/odkb-vvela-voiska",
        "https://www.m.example.kz/2022/01/06/odkb-vvela-voiska",
        "https://amp.example.kz/2022/01/06/odkb-vvela-voiska",
        "https://example.kz/amp/2022/01/06/odkb-vvela-voiska",
        "https://example.kz/2022/01/06/odkb-vvela-voiska/amp/",
        "https://example.kz/2022/01/06/odkb-vvela-voiska.amp",
        "https://example.kz/2022/01/06/odkb-vvela-voiska/print",
        "https://example.kz/2022/01/06/odkb-vvela-voiska/index.html",
        "https://example.kz./2022/01/06/odkb-vvela-voiska#comments",
        "https://example.kz//2022//01/06/odkb-vvela-voiska;jsessionid=0A1B",
        "https://WWW2.example.kz:443/2022/01/06/odkb-vvela-voiska?",
        "https://example.kz/(S(4hqa0555fwsecu455xqckv45))/2022/01/06/odkb-vvela-voiska",
        "https://example.kz/2022/01/06/odkb-vvela-voiska#:~:text=odkb",
        "https://u:p@example.kz/2022/01/06/odkb-vvela-voiska?&",
    ] {
        assert_eq!(key(article), key(form), "{form}");
    }
    same(&[
        (
            "https://a-blog.blogspot.ru/2022/01/x.html?m=1",
            "https://a-blog.blogspot.com/2022/01/x.html",
        ),
        ("https://ru.m.wikipedia.org/wiki/X", "https://ru.wikipedia.org/wiki/X"),
        ("https://app.kz/#!/news/14?utm_source=x", "https://app.kz/?_escaped_fragment_=/news/14"),
        (
            "https://timesofindia.example/world/amp_articleshow/8877.cms",
            "https://timesofindia.example/world/articleshow/8877.cms",
        ),
        ("https://example.kz/%D2%9B%D0%B0?b=2&a=1", "https://example.kz/қа?a=1&b=2"),
        // `amp` in the place of a word that says "article".
        ("https://rus.azattyq.org/amp/31643123.html", "https://rus.azattyq.org/a/31643123.html"),
        (
            "https://www.rferl.org/amp/kazakhstan-csto/31643123.html",
            "https://www.rferl.org/a/kazakhstan-csto/31643123.html",
        ),
        ("https://www.kommersant.ru/amp/5155123", "https://www.kommersant.ru/doc/5155123"),
        (
            "https://example.kz/article/amp/idUSKBN2JG0I3",
            "https://example.kz/article/idUSKBN2JG0I3",
        ),
        // What stood behind the address, escaped with it.
        ("https://example.kz/a-1.html%20", "https://example.kz/a-1.html"),
        ("https://example.kz/news/1/%0D%0A?id=1", "https://example.kz/news/1?id=1"),
        ("https://example.kz/2022/01/06/x/comment-page-2/#c1", "https://example.kz/2022/01/06/x"),
        ("https://example.kz/node/12345?_format=amp", "https://example.kz/node/12345"),
        ("https://example.kz/a-b-c?vkclid=1234567890", "https://example.kz/a-b-c"),
        ("https://vk.com/feed?w=wall-15755094_38214", "https://vk.com/wall-15755094_38214"),
        ("https://x.com/a/status/1479000/photo/1", "https://twitter.com/a/status/1479000"),
    ]);
}

#[test]
fn what_may_be_another_article_is_kept_apart() {
    different(&[
        ("https://kz.example.kz/1", "https://example.kz/1"),
        ("https://news.example.kz/1", "https://example.kz/1"),
        ("https://m.kz/1", "https://kz/1"),
        ("https://m.wordpress.com/2022/1", "https://wordpress.com/2022/1"),
        ("https://example.kz/tag/amp", "https://example.kz/tag"),
        ("https://example.kz/tag/print", "https://example.kz/tag"),
        ("https://example.kz/News/1", "https://example.kz/news/1"),
        ("https://example.kz/a%2Fb", "https://example.kz/a/b"),
        ("https://example.kz/a%2Bb", "https://example.kz/a+b"),
        ("https://example.kz/?q=a%26b", "https://example.kz/?q=a&b"),
        ("https://example.kz/?q=a%2Bb", "https://example.kz/?q=a+b"),
        ("https://app.kz/#/news/1", "https://app.kz/#/news/2"),
        ("https://example.kz/index-2.html", "https://example.kz/"),
        ("https://example.kz:8080/", "https://example.kz/"),
        ("https://example.kz/?a=1&a=2", "https://example.kz/?a=1"),
        ("https://www.google.com/search?q=https://a.kz/1", "https://a.kz/1"),
        ("https://example.kz/login?redirect=https%3A%2F%2Fa.kz%2F1", "https://a.kz/1"),
        ("https://translate.google.com/translate?u=https%3A%2F%2Fa.kz%2F1", "https://a.kz/1"),
        // Two of a site's words for its articles, each of which may count them by itself.
        ("https://example.kz/news/31643123", "https://example.kz/doc/31643123"),
        ("https://example.kz/amp/31643123", "https://example.kz/doc/31643123"),
        ("https://example.kz/a/31643123", "https://example.kz/31643123"),
        ("https://example.kz/news%20", "https://example.kz/news%20x"),
        ("https://vk.com/feed?w=wall-1_38214", "https://vk.com/feed?w=wall-1_38215"),
        ("https://vk.com/feed?w=wall-1_2_r3", "https://vk.com/wall-1_2"),
        // A script's only parameter may be its article.
        ("https://example.kz/article.php?_=41411", "https://example.kz/article.php?_=41412"),
        ("https://example.kz/view.do?rnd=41411", "https://example.kz/view.do?rnd=41412"),
        ("https://example.kz/a?cb=41411", "https://example.kz/a?cb=41412"),
    ]);
}

#[test]
fn wrappers_give_what_they_wrap() {
    let target = "https://ria.ru/20220106/odkb-1766.html";
    for wrapper in [
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html%3Ffbclid%3DI&h=A",
        "https://www.google.kz/url?sa=t&url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://www.google.com/url?q=https://ria.ru/20220106/odkb-1766.html&sa=D",
        "https://www.google.com/amp/s/ria.ru/amp/20220106/odkb-1766.html",
        "https://ria-ru.cdn.ampproject.org/c/s/ria.ru/20220106/odkb-1766.html?amp_js_v=0.1",
        "https://cdn.ampproject.org/v/ria.ru/20220106/odkb-1766.html",
        "https://yandex.kz/turbo/ria.ru/s/20220106/odkb-1766.html?parent-reqid=1",
        "https://yandex.ru/turbo/s/ria.ru/20220106/odkb-1766.html",
        "https://yandex.ru/turbo?text=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://ria-ru.turbopages.org/ria.ru/s/20220106/odkb-1766.html",
        "https://web.archive.org/web/20220107010203/https://ria.ru/20220106/odkb-1766.html",
        "https://web.archive.org/web/20220107010203if_/http:/ria.ru/20220106/odkb-1766.html",
        "http://web.archive.org/web/2022*/ria.ru/20220106/odkb-1766.html",
        "https://archive.ph/20220107010203/https://ria.ru/20220106/odkb-1766.html",
        "https://arquivo.pt/wayback/20220107010203/https://ria.ru/20220106/odkb-1766.html",
        "https://webcache.googleusercontent.com/search?q=cache:Ab3dEf6hIj9k:https://ria.ru/20220106/odkb-1766.html+&cd=1",
        "https://vk.com/away.php?to=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html&cc_key=",
        "https://t.me/iv?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html&rhash=1",
        "https://out.reddit.com/t3_x?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html&data=0",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__ria.ru_20220106_odkb-2D1766.html&d=x",
        "https://urldefense.com/v3/__https://ria.ru/20220106/odkb-1766.html__;!!x",
        "https://duckduckgo.com/l/?uddg=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2fria.ru%2f20220106%2fodkb-1766.html/RK=2/RS=x",
        "https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cHM6Ly9yaWEucnUvMjAyMjAxMDYvb2RrYi0xNzY2Lmh0bWw&ntb=1",
        "https://news.google.com/rss/articles/CBMiJmh0dHBzOi8vcmlhLnJ1LzIwMjIwMTA2L29ka2ItMTc2Ni5odG1s0gEA?oc=5",
        "https://aggregator.example/go?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://aggregator.example/redirect.php?id=5&target=https://ria.ru/20220106/odkb-1766.html",
        "https://disq.us/url?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html%3AAbCdEf12345&cuid=123",
        "https://disq.us/url?url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://l.threads.com/?u=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html&e=AT",
        "https://deref-gmx.net/mail/client/abc/dereferrer/?redirectUrl=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://aggregator.example/go/?https://ria.ru/20220106/odkb-1766.html",
        "https://ad.doubleclick.net/clk;123;456;a?https://ria.ru/20220106/odkb-1766.html",
        "https://googleads.g.doubleclick.net/aclk?sa=L&adurl=https://ria.ru/20220106/odkb-1766.html",
        "https://archive.ph/?run=1&url=https%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
        "https://cc.bingj.com/cache.aspx?q=x&d=1&url=https://ria.ru/20220106/odkb-1766.html",
        "https://href.li/?https://ria.ru/20220106/odkb-1766.html",
        "https://archive.ph/o/AbCdE/https://ria.ru/20220106/odkb-1766.html",
        "https://web.archive.org/save/https://ria.ru/20220106/odkb-1766.html",
        "https://www.ria.ru/https://ria.ru/20220106/odkb-1766.html",
        "https://12ft.io/https://ria.ru/20220106/odkb-1766.html",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fweb.archive.org%2Fweb%2F20220107010203%2Fhttps%3A%2F%2Fria.ru%2F20220106%2Fodkb-1766.html",
    ] {
        assert_eq!(key(target), key(wrapper), "{wrapper}");
    }
}

#[test]
fn malformed_addresses_are_mended() {
    same(&[
        ("http://http://www.example.kz/a", "http://example.kz/a"),
        ("https:https://example.kz/a", "http://example.kz/a"),
        ("http:/example.kz/a", "http://example.kz/a"),
        ("http//example.kz/a", "http://example.kz/a"),
        ("ttps://example.kz/a", "http://example.kz/a"),
        ("hxxps://example.kz/a", "http://example.kz/a"),
        ("//example.kz/a", "http://example.kz/a"),
        ("example.kz/a", "http://example.kz/a"),
        ("example.kz:8080/a", "http://example.kz:8080/a"),
        ("feed:https://example.kz/a", "http://example.kz/a"),
        ("view-source:https://example.kz/a", "http://example.kz/a"),
        ("<https://example.kz/a>", "http://example.kz/a"),
        ("\"https://example.kz/a\"", "http://example.kz/a"),
        ("(https://example.kz/a)", "http://example.kz/a"),
        ("https://example.kz/a?b=1&amp;amp;c=2", "http://example.kz/a?b=1&c=2"),
        ("https://example.kz/a?b=1&#038;c=2", "http://example.kz/a?b=1&c=2"),
        ("https://example.kz/a?b=1&amp;#x26;amp;c=2&&", "http://example.kz/a?b=1&c=2"),
        ("&amp;quot;https://example.kz/a&amp;amp;quot;&amp;gt;).", "http://example.kz/a"),
        ("https://example.kz/a/{user}/{{slug}}\"", "http://example.kz/a"),
        ("http://example.kz&d=4", "http://example.kz?d=4"),
        ("https://example.kz/a\n/b\t", "https://example.kz/a/b"),
        ("\u{feff}https://example.kz/a\u{200b}", "https://example.kz/a"),
    ]);
    assert_eq!(key("https://ru.wikipedia.org/wiki/X_(2022)"), "ru.wikipedia.org/wiki/X_(2022)");
}

#[test]
fn what_is_no_address_is_refused() {
    for address in [
        "",
        " ",
        "mailto:a@b.kz",
        "javascript:void(0)",
        "data:text/html,x",
        "ftp://a.kz/1",
        "tel:112",
        "hello",
        "page.html",
        "http://",
        "https:///",
        "http://a..kz/",
    ] {
        assert!(CanonicalUrl::parse(address).is_err(), "{address:?} gave {}", key(address));
    }
}

#[test]
fn an_address_as_long_as_any_is_read_and_a_longer_one_is_not() {
    let base = Url::parse("https://example.kz/").expect("an address");
    // Each once took a time that grew with the square of its length, or worse.
    for (unit, end) in
        [("&amp;", ""), ("&", ""), ("&", "="), ("/{a}", ""), (";a", "=1"), ("/a", "")]
    {
        let mut address = "https://example.kz/a?".to_owned();
        address += &unit.repeat((LONGEST - address.len() - end.len()) / unit.len());
        address += end;
        assert!(CanonicalUrl::parse(&address).is_ok(), "{unit}");
        address += &unit.repeat(unit.len());
        address += &" ".repeat(LONGEST);
        let Err(error) = CanonicalUrl::parse(&address) else { panic!("{unit}") };
        assert!(error.to_string().len() < 400, "{error}");
        assert!(CanonicalUrl::join(&base, &address).is_err());
    }
}

#[test]
fn relative_addresses_are_read_on_their_page() {
    let base = Url::parse("https://www.example.kz/news/list?page=2").expect("an address");
    let rows = [
        ("1.html", "example.kz/news/1.html"),
        ("/a/1", "example.kz/a/1"),
        ("?id=4", "example.kz/news/list?id=4"),
        ("//other.kz/1", "other.kz/1"),
        ("//https://other.kz/1", "other.kz/1"),
        ("www.other.kz/1", "other.kz/1"),
        ("example.kz/1", "example.kz/1"),
        ("https://other.kz/1", "other.kz/1"),
        ("../x", "example.kz/x"),
    ];
    for (address, expected) in rows {
        let url = CanonicalUrl::join(&base, address).expect("an address");
        assert_eq!(url.key.as_str(), expected, "{address}");
    }
    assert!(CanonicalUrl::join(&base, "mailto:a@b.kz").is_err());
    // A host without a scheme answers as the page did.
    let base = Url::parse("http://example.kz/").expect("an address");
    for address in ["www.other.kz/1", "example.kz/1"] {
        let url = CanonicalUrl::join(&base, address).expect("an address");
        assert_eq!(url.fetch.as_str(), format!("http://{address}"));
    }
}

#[test]
fn a_claim_is_believed_for_an_article_of_the_same_site_only() {
    let base =
        CanonicalUrl::parse("https://www.example.kz/news/2022/01/06/odkb-vvela-118.html?p=118")
            .expect("an address");
    let believed = |claim: &str| alias_of(&base, &Url::parse(claim).expect("an address")).is_some();
    assert!(believed("https://example.kz/news/2022/01/06/odkb-vvela-118.html"));
    assert!(believed("https://example.kz/politics/odkb-vvela-voiska-118"));
    assert!(believed("https://online.example.kz/politics/odkb-vvela-voiska-118"));
    for claim in [
        "https://example.kz/",
        "https://example.kz/news",
        "https://example.kz/news/2022",
        "https://other.kz/news/2022/01/06/odkb-vvela-118.html",
        "https://kz.example.kz/news/2022/01/06/odkb-vvela-118.html",
        "https://example.kz/404",
        "https://example.kz/tag/odkb",
        "https://example.kz/news/2022/01/06/odkb-vvela-119.html?p=119",
        "https://example.kz/index.php",
        "https://example.kz/kz/news/2022/01/06/odkb-118.html",
    ] {
        assert!(!believed(claim), "{claim}");
    }
    let by_id = CanonicalUrl::parse("https://example.kz/show.php?id=5").expect("an address");
    assert_eq!(
        alias_of(&by_id, &Url::parse("https://example.kz/show.php").expect("an address")),
        None
    );
    let blog = CanonicalUrl::parse("https://a.wordpress.com/2022/01/06/x/").expect("an address");
    assert_eq!(
        alias_of(&blog, &Url::parse("https://b.wordpress.com/2022/01/06/x/").expect("an address")),
        None
    );
    let second =
        CanonicalUrl::parse("https://example.kz/odkb-vvela-118?page=2").expect("an address");
    assert_eq!(
        alias_of(&second, &Url::parse("https://example.kz/odkb-vvela-118").expect("an address")),
        None
    );
}

#[test]
fn the_rules_applied_are_named_in_order_and_once() {
    let url = CanonicalUrl::parse("http://www.example.kz/a/?utm_source=x&utm_medium=y#top")
        .expect("an address");
    assert_eq!(url.rules, ["scheme", "www", "trailing-slash", "fragment", "tracking-parameter"]);
    let plain = CanonicalUrl::parse("https://example.kz/a?id=1").expect("an address");
    assert_eq!(plain.rules, Vec::<&str>::new());
}

#[test]
fn a_host_knows_its_registrable_domain() {
    let host = Host::of(&Url::parse("https://Feeds.BBC.co.uk:8080/").expect("an address"));
    assert_eq!((host.as_str(), host.domain()), ("feeds.bbc.co.uk:8080", "bbc.co.uk"));
}

#[test]
fn the_names_stand_in_the_order_that_the_search_needs() {
    assert!(names::TRACKING.is_sorted());
    assert!(names::TRACKING.iter().all(|name| *name == name.to_ascii_lowercase()));
}

#[test]
fn a_name_that_is_tracking_everywhere_is_said_once() {
    let of_prefix = |name: &str| {
        let mut prefixes = names::TRACKING_PREFIXES.iter();
        prefixes.any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
    };
    let elsewhere = names::SITE_PARAMETERS.iter().map(|(_, names)| *names);
    let elsewhere = elsewhere.chain(names::BY_VALUE.iter().map(|(names, ..)| *names)).flatten();
    let again: Vec<_> = elsewhere.filter(|name| names::TRACKING.contains(name)).collect();
    let needless: Vec<_> = names::TRACKING.iter().filter(|name| of_prefix(name)).collect();
    assert_eq!((again, needless), (Vec::new(), Vec::new()));
}

#[test]
fn the_development_pairs_stay_above_their_floors() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/urls/cases.json");
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let Ok(bytes) = std::fs::read(file) else {
        println!("skipped: the development pairs are not here");
        return;
    };
    let set: Value = serde_json::from_slice(&bytes).expect("a JSON file");
    for (strength, floor) in [
        ("must-not-merge", 1.0),
        ("syntax", 1.0),
        ("tracking", 0.98),
        ("heuristic", 0.97),
        ("wrapper", 0.95),
        ("repair", 0.95),
    ] {
        let cases =
            set["cases"].as_array().expect("an array").iter().filter(|c| c["strength"] == strength);
        let (mut right, mut all) = (0_u32, 0_u32);
        for case in cases {
            let word = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            let alike = match (CanonicalUrl::parse(&word("a")), CanonicalUrl::parse(&word("b"))) {
                (Ok(a), Ok(b)) => a.key == b.key,
                _ => false,
            };
            right += u32::from(alike == (word("expect") == "same"));
            all += 1;
        }
        assert!(f64::from(right) >= floor * f64::from(all), "{strength}: {right} of {all}");
    }
}

#[test]
fn a_platform_is_known_under_all_its_names() {
    same(&[
        ("https://www.youtube-nocookie.com/embed/aB3dE5gH7jM", "https://youtu.be/aB3dE5gH7jM?t=4"),
        ("https://telegram.me/s/akorda/1201", "https://t.me/akorda/1201"),
        ("https://telegram.dog/s/akorda/1201", "https://t.me/akorda/1201?single"),
    ]);
    different(&[
        ("https://t.me/s/akorda", "https://t.me/akorda"),
        ("https://www.youtube.com/live/news", "https://www.youtube.com/watch?v=news"),
    ]);
}

#[test]
fn pairs_written_without_knowing_the_rules_are_told_right() {
    let pairs = include_str!("../../tests/fixtures/address-pairs.tsv");
    for line in pairs.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<String> = line.split('\t').map(|cell| cell.replace("\\n", "\n")).collect();
        let [_, expected, a, b] = cells.as_slice() else { panic!("{line}") };
        let b = CanonicalUrl::parse(b).unwrap();
        // What is relative stands on the page of the other.
        let a = CanonicalUrl::parse(a).or_else(|_| CanonicalUrl::join(&b.fetch, a)).unwrap();
        assert_eq!(a.key == b.key, expected == "same", "{line}: {} and {}", a.key, b.key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_reads_as_itself(address in address(), tail in "[])}>\\[({<.,&\"'/ a%0-9]{0,8}") {
        for address in [format!("{address}{tail}"), format!("1.{tail}{address}")] {
            if let Ok(url) = CanonicalUrl::parse(&address) {
                let again = CanonicalUrl::parse(url.fetch.as_str()).unwrap();
                prop_assert_eq!((again.fetch, again.key), (url.fetch, url.key));
            }
        }
    }

    #[test]
    fn the_key_of_a_keys_address_is_the_key(address in address()) {
        if let Ok(url) = CanonicalUrl::parse(&address) {
            let again = CanonicalUrl::parse(&url.key.address());
            prop_assert_eq!(again.map(|u| u.key), Ok(url.key));
        }
    }

    #[test]
    fn the_address_to_fetch_has_the_same_key(address in address()) {
        if let Ok(url) = CanonicalUrl::parse(&address) {
            let again = CanonicalUrl::parse(url.fetch.as_str());
            prop_assert_eq!(again.map(|u| u.key), Ok(url.key));
        }
    }

    #[test]
    fn any_text_gives_a_key_or_a_refusal(text in ".{0,80}") {
        if let Ok(url) = CanonicalUrl::parse(&text) {
            prop_assert!(url.key.as_str().is_ascii());
            prop_assert_eq!(CanonicalUrl::parse(&url.key.address()).map(|u| u.key), Ok(url.key));
        }
    }
}

/// Addresses from the pieces that the rules look for, in any order.
fn address() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["http://", "https://", "//", "", "HTTPS://", "http:"]);
    let label = prop::sample::select(vec![
        "www.",
        "m.",
        "amp.",
        "kz.",
        "www2.",
        "",
        "news.",
        "l.facebook.com/l.php?u=http://",
        "web.archive.org/web/2022/",
    ]);
    let host = prop::sample::select(vec![
        "example.kz",
        "m.kz",
        "google.com",
        "yandex.ru",
        "қазақстан.қаз",
        "a.blogspot.ru",
        "web.archive.org",
        "localhost",
        "10.0.0.1",
        "x-y.cdn.ampproject.org",
        "gov.uk",
    ]);
    let port = prop::sample::select(vec!["", ":80", ":443", ":8080", ":"]);
    let piece = prop::sample::select(vec![
        "/",
        "//",
        "/amp",
        "/print",
        "/news",
        "/2022",
        "/odkb-1.html",
        "/index.php",
        "/a%2Fb",
        "/%7e",
        "/қ",
        "/..",
        "/.",
        "/(S(4hqa0555fwsecu455xqckv45))",
        ";jsessionid=1",
        ".amp",
        "/turbo",
        "/s",
        "/url",
        "/web/20220101000000",
        "/https://m.example.kz/1",
        "/c",
        "/ria.ru",
        "?",
        "&",
        "=",
        "amp",
        "utm_source=x",
        "id=1",
        "url=https%3A%2F%2Fb.kz%2F1",
        "u=//c.kz",
        "+",
        "%",
        "%zz",
        "#",
        "#!/",
        "!/x",
        "{x}",
        "&amp;",
        " ",
        "\"",
        "(",
        ")",
        "_escaped_fragment_=/n",
        "e\u{301}",
        "%CC%81",
        "%C3%28",
    ]);
    (scheme, label, host, port, prop::collection::vec(piece, 0..8)).prop_map(
        |(scheme, label, host, port, pieces)| {
            format!("{scheme}{label}{host}{port}{}", pieces.concat())
        },
    )
}

#[test]
fn an_address_that_is_longer_than_any_server_takes_is_refused() {
    let long = |length: usize| format!("https://a.kz/{}", "b".repeat(length - 13));
    assert!(CanonicalUrl::parse(&long(8192)).is_ok());
    let error = CanonicalUrl::parse(&long(8193)).expect_err("it is too long");
    assert_eq!(error.reason, "it is longer than 8192 bytes");
    // Escaped, each of these letters takes six bytes.
    assert!(CanonicalUrl::parse(&format!("https://a.kz/{}", "ж".repeat(1500))).is_err());
    let base = Url::parse("https://a.kz/").expect("an address");
    assert!(CanonicalUrl::join(&base, &"b".repeat(8193)).is_err());
}

#[test]
fn what_is_escaped_many_times_over_is_read_in_one_go() {
    let nested = format!("https://a.kz/n?id=1&{}x=2", "amp;".repeat(2000));
    assert_eq!(key(&nested), "a.kz/n?id=1&x=2");
    same(&[
        ("https://a.kz/n?id=1&amp;#38;AMP;x=2", "https://a.kz/n?id=1&x=2"),
        ("https:&amp;#x2F;&#47;a.kz/n?id&amp;equals;1", "https://a.kz/n?id=1"),
    ]);
}
