//! Tests of reading listings.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn base() -> Url {
    Url::parse("https://news.example/rss.xml").unwrap()
}

fn feed(text: &str) -> Listing {
    parse(SourceKind::Feed, text.as_bytes(), None, &base()).unwrap()
}

/// An RSS item among what every feed has around it.
fn item(fields: &str) -> Entry {
    let listing = feed(&format!(
        "<rss version=\"2.0\"><channel><title>N</title><item>{fields}</item></channel></rss>"
    ));
    assert_eq!(listing.entries.len(), 1);
    listing.entries.into_iter().next().unwrap()
}

fn address(entry: &Entry) -> &str {
    entry.url.as_ref().map_or("none", Url::as_str)
}

fn instant(dated: Option<&Dated>) -> String {
    dated.map_or_else(|| "none".to_owned(), |dated| dated.at.to_string())
}

#[test]
fn an_rss_item_gives_all_its_fields() {
    let listing = feed(
        r#"<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">
<channel><title>Новости</title><link>https://news.example/</link><language>ru-KZ</language><ttl>30</ttl>
<skipHours><hour>3</hour><hour>24</hour></skipHours><skipDays><day>Sunday</day></skipDays>
<image><url>https://news.example/logo.png</url><title>logo</title><link>https://other.example/</link></image>
<item><title>ОДКБ: &amp;laquo;миссия&amp;raquo; &lt;b&gt;завершена&lt;/b&gt;</title>
<link> /a/1?x=1&amp;y=2 </link><guid isPermaLink="false">id-1</guid>
<pubDate>Sun, 16 Jan 2022 14:05:00 +0600</pubDate><dc:creator>А. Б.</dc:creator>
<category>Мир</category><category domain="x">Мир</category><category>ОДКБ</category>
<description><![CDATA[<p>Первый.</p><p>Второй &amp; третий.</p>]]></description>
<content:encoded><![CDATA[<p>Всё.</p><script>var x;</script><ul><li>Ещё</li></ul>]]></content:encoded>
<enclosure url="/i.jpg" type="image/jpeg" length="1"/><media:content url="/v.mp4" type="video/mp4"/>
<feedburner:origLink>https://news.example/orig/1</feedburner:origLink></item>
</channel></rss>"#,
    );
    assert_eq!(listing.title.as_deref(), Some("Новости"));
    assert_eq!(listing.language.as_deref(), Some("ru-KZ"));
    assert_eq!(listing.interval, Some(Duration::from_mins(30)));
    assert_eq!((listing.skip_hours, listing.skip_days), (vec![0, 3], vec![7]));
    assert_eq!((listing.read_by, listing.charset.as_str()), (ReadBy::FeedRs, "UTF-8"));
    assert_eq!(listing.flaws, Vec::<String>::new());
    let entry = &listing.entries[0];
    assert_eq!(entry.title.as_deref(), Some("ОДКБ: «миссия» завершена"));
    assert_eq!(address(entry), "https://news.example/a/1?x=1&y=2");
    assert_eq!(entry.original_url.as_ref().unwrap().path(), "/orig/1");
    assert_eq!(entry.guid.as_deref(), Some("id-1"));
    assert_eq!(instant(entry.published.as_ref()), "2022-01-16T08:05:00Z");
    assert_eq!(entry.summary.as_deref(), Some("Первый.\n\nВторой & третий."));
    assert_eq!(entry.content.as_deref(), Some("Всё.\n\nЕщё"));
    assert_eq!(entry.authors, ["А. Б."]);
    assert_eq!(entry.tags, ["Мир", "ОДКБ"]);
    assert_eq!(entry.image_url.as_ref().unwrap().path(), "/i.jpg");
    let media: Vec<&str> = entry.media.iter().map(Url::path).collect();
    assert_eq!(media, ["/i.jpg", "/v.mp4"]);
}

#[test]
fn an_atom_entry_gives_all_its_fields() {
    let listing = feed(
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="hy" xml:base="https://news.example/x/">
<title type="html">Լուրեր &amp;amp; ավելին</title><author><name>Խմբագիր</name><email>a@b.c</email></author>
<entry xml:lang="en" xml:base="../a/"><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">One <b>two</b></div></title>
<link rel="replies" href="r"/><link rel="enclosure" href="e.mp3"/><link href="1"/>
<id>tag:x,1</id><published>2022-01-16T14:05:00+04:00</published><updated>2022-01-16T11:00:00Z</updated>
<category term="t" label="Topic"/><summary>Short.</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>First.</p><p>Second<br/>line.</p></div></content></entry>
<entry><title>Two</title><link href="2"/><id>tag:x,2</id><updated>2022-01-17T11:00:00Z</updated></entry></feed>"#,
    );
    assert_eq!(listing.title.as_deref(), Some("Լուրեր & ավելին"));
    assert_eq!(listing.language.as_deref(), Some("hy"));
    let [first, second] = listing.entries.as_slice() else { panic!("two entries") };
    assert_eq!(first.title.as_deref(), Some("One two"));
    assert_eq!(address(first), "https://news.example/a/1");
    assert_eq!(first.media[0].as_str(), "https://news.example/a/e.mp3");
    assert_eq!(first.language.as_deref(), Some("en"));
    assert_eq!(instant(first.published.as_ref()), "2022-01-16T10:05:00Z");
    assert_eq!(instant(first.updated.as_ref()), "2022-01-16T11:00:00Z");
    assert_eq!(first.tags, ["Topic"]);
    assert_eq!(first.authors, ["Խմբագիր"]);
    assert_eq!(first.summary.as_deref(), Some("Short."));
    assert!(first.content.as_deref().unwrap().starts_with("First.\n\nSecond"));
    assert_eq!(address(second), "https://news.example/x/2");
    assert_eq!(second.published, None);
    assert_eq!(instant(second.updated.as_ref()), "2022-01-17T11:00:00Z");
}

#[test]
fn a_feed_within_an_entry_takes_nothing_from_that_entry_and_the_next() {
    let listing = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>N</title>\
         <entry><id>1</id><link href='/1'/><feed><title>Elsewhere</title><id>x</id></feed>\
         <title>One</title><published>2022-01-16T08:00:00Z</published></entry>\
         <entry><id>2</id><link href='/2'/><title>Two</title>\
         <published>2022-01-16T09:00:00Z</published></entry></feed>",
    );
    let entries = listing.entries.iter().map(|entry| {
        (entry.title.as_deref().unwrap(), address(entry), instant(entry.published.as_ref()))
    });
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [
            ("One", "https://news.example/1", "2022-01-16T08:00:00Z".to_owned()),
            ("Two", "https://news.example/2", "2022-01-16T09:00:00Z".to_owned()),
        ]
    );
    assert_eq!(listing.read_by, ReadBy::FeedRs);
}

#[test]
fn a_json_feed_is_read_whatever_version_it_names() {
    let json = |version: &str| {
        feed(&format!(
            r#"{{"version":"{version}","language":"fr","author":{{"name":"Rédaction"}},"items":[
            {{"id":7,"url":"/a/7","title":"Un &amp; deux","content_html":"<p>A</p><p>B</p>",
              "date_published":"2022-01-16T14:05:00+01:00","tags":["x"],"attachments":[{{"url":"/s.mp3"}}]}},
            {{"id":"https://news.example/a/8","content_text":"Texte"}}]}}"#
        ))
    };
    for version in ["https://jsonfeed.org/version/1.1", "http://jsonfeed.org/version/1", "2", ""] {
        let listing = json(version);
        let [first, second] = listing.entries.as_slice() else { panic!("two entries") };
        assert_eq!(
            (first.guid.as_deref(), address(first)),
            (Some("7"), "https://news.example/a/7")
        );
        assert_eq!(first.title.as_deref(), Some("Un & deux"));
        assert_eq!(first.content.as_deref(), Some("A\n\nB"));
        assert_eq!(instant(first.published.as_ref()), "2022-01-16T13:05:00Z");
        assert_eq!(
            (first.authors.as_slice(), first.media.len()),
            (["Rédaction".to_owned()].as_slice(), 1)
        );
        assert_eq!(address(second), "https://news.example/a/8");
    }
    let cut = r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","url":"/1"},{"id":"2","url":"/2"},{"id":"3","ur"#;
    assert_eq!(feed(cut).entries.len(), 2);
}

#[test]
fn what_feed_rs_cannot_read_is_read_all_the_same() {
    let items =
        "<item><title>A</title><link>/1</link></item><item><title>B</title><link>/2</link></item>";
    let entry = "<title>A</title><link href='/1'/><issued>2004-01-16T14:05:00Z</issued>";
    for (what, text) in [
        ("no version", format!("<rss><channel>{items}</channel></rss>")),
        ("odd version", format!("<rss version='3.0'><channel>{items}</channel></rss>")),
        (
            "default namespace",
            format!(
                "<rss version='2.0' xmlns='http://x.example/'><channel>{items}</channel></rss>"
            ),
        ),
        ("no root", format!("<channel>{items}</channel>")),
        (
            "RSS 0.90",
            format!(
                "<rdf:RDF xmlns:rdf='r' xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel/>{items}</rdf:RDF>"
            ),
        ),
        ("truncated", format!("<rss version='2.0'><channel>{items}<ite")),
        ("mismatched", format!("<rss version='2.0'><channel><b><i></b>{items}</channel></rss>")),
        (
            "bare ampersand",
            format!("<rss version='2.0'><channel><title>A & B</title>{items}</channel></rss>"),
        ),
        (
            "items not closed",
            format!("<rss version='2.0'><channel>{}</channel></rss>", items.replace("</item>", "")),
        ),
        (
            "titles not closed",
            format!(
                "<rss version='2.0'><channel>{}</channel></rss>",
                items.replace("</title>", "")
            ),
        ),
        (
            "upper case",
            format!(
                "<RSS version='2.0'><CHANNEL>{}</CHANNEL></RSS>",
                items.replace("item", "ITEM").replace("title", "TITLE")
            ),
        ),
        (
            "a warning before it",
            format!(
                "<br />\n<b>Warning</b>: x\n<?xml version='1.0'?><rss version='2.0'><channel>{items}</channel></rss>"
            ),
        ),
        (
            "Atom 0.3",
            format!(
                "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry>{entry}</entry><entry>{}</entry></feed>",
                entry.replace("/1", "/2").replace('A', "B")
            ),
        ),
        (
            "odd content type",
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry>{entry}<content type='odd'>x</content></entry><entry>{}</entry></feed>",
                entry.replace("/1", "/2").replace('A', "B")
            ),
        ),
        (
            "a prefix for all",
            format!(
                "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry>{}</a:entry><a:entry>{}</a:entry></a:feed>",
                entry.replace("</", "\0").replace('<', "<a:").replace('\0', "</a:"),
                entry
                    .replace("/1", "/2")
                    .replace('A', "B")
                    .replace("</", "\0")
                    .replace('<', "<a:")
                    .replace('\0', "</a:")
            ),
        ),
    ] {
        let listing = feed(&text);
        let found: Vec<String> = listing
            .entries
            .iter()
            .map(|entry| format!("{} {}", entry.title.as_deref().unwrap_or("none"), address(entry)))
            .collect();
        assert_eq!(
            found,
            ["A https://news.example/1", "B https://news.example/2"],
            "{what}: {:?}",
            listing.flaws
        );
    }
}

#[test]
fn a_feed_that_feed_rs_panics_on_is_read_and_says_so() {
    let listing = feed(
        "<rss version='2.0'><channel><item><title>山</title><author>editor@example.jp（山田）</author></item></channel></rss>",
    );
    assert_eq!(listing.entries[0].authors, ["山田"]);
    assert_eq!(listing.read_by, ReadBy::Lenient);
    assert!(listing.flaws[0].contains("feed-rs"), "{:?}", listing.flaws);
}

#[test]
fn rss_under_a_prefix_of_any_address_is_read() {
    let listing = feed(
        "<r:rss version=\"2.0\" xmlns:r=\"http://x\"><r:channel><r:title>N</r:title><r:item>\
         <r:title>A</r:title><r:link>http://news.example/1</r:link></r:item></r:channel></r:rss>",
    );
    let addresses: Vec<&str> = listing.entries.iter().map(address).collect();
    assert_eq!(addresses, ["http://news.example/1"]);
    assert_eq!(listing.entries[0].title.as_deref(), Some("A"));
}

#[test]
fn a_link_that_begins_with_www_names_its_host() {
    let entry = item("<title>A</title><link>www.other.example/1</link>");
    assert_eq!(address(&entry), "https://www.other.example/1");
}

#[test]
fn a_date_is_found_by_the_names_that_publishers_give_it() {
    for name in ["pub_date", "publish_date", "datePublished", "prism:publicationDate", "pubTime"] {
        let entry = item(&format!("<{name}>2022-01-16T08:05:00Z</{name}>"));
        assert_eq!(instant(entry.published.as_ref()), "2022-01-16T08:05:00Z", "{name}");
    }
}

#[test]
fn a_picture_is_known_by_its_address_where_nothing_else_is_said_of_it() {
    for (fields, expected) in [
        ("<media:content width='140' url='/i.jpg?width=140&amp;s=a'/>", "/i.jpg"),
        ("<media:content url='/v.mp4'/><enclosure url='/i.PNG'/>", "/i.PNG"),
        ("<media:content medium='video' url='/v.jpg'/>", "none"),
        ("<enclosure type='audio/mpeg' url='/a.mp3'/>", "none"),
    ] {
        let entry = item(fields);
        assert_eq!(entry.image_url.as_ref().map_or("none", Url::path), expected, "{fields}");
    }
}

#[test]
fn markup_is_read_under_a_prefix_and_when_it_is_escaped_twice() {
    for (fields, expected) in [
        ("<description><xh:p>One</xh:p><xh:p>two</xh:p></description>", "One\n\ntwo"),
        ("<description>&amp;lt;p&amp;gt;One&amp;lt;/p&amp;gt;two</description>", "One\n\ntwo"),
        ("<description>The &amp;lt;/p&amp;gt; tag</description>", "The </p> tag"),
    ] {
        assert_eq!(item(fields).summary.as_deref(), Some(expected), "{fields}");
    }
}

#[test]
fn the_link_is_found_wherever_the_publisher_puts_it() {
    for (fields, expected) in [
        ("<link>//news.example/1</link>", "https://news.example/1"),
        ("<link>\n  a/1\n</link>", "https://news.example/a/1"),
        ("<link>/a b</link>", "https://news.example/a%20b"),
        ("<link/><guid>https://news.example/1</guid>", "https://news.example/1"),
        ("<guid isPermaLink='true'>https://news.example/1</guid>", "https://news.example/1"),
        ("<guid isPermaLink='false'>tag:1</guid>", "none"),
        ("<comments>/c</comments><link><![CDATA[/1]]></link>", "https://news.example/1"),
        ("<atom:link href='/self' rel='self'/><link>/1</link>", "https://news.example/1"),
        ("<link href='/1'/>", "https://news.example/1"),
        ("<link>javascript:void(0)</link><guid>x</guid>", "none"),
        ("<source url='/s'><link>/no</link></source><link>/1</link>", "https://news.example/1"),
        ("<link><a href='/1'>https://news.example/1</a></link>", "https://news.example/1"),
        ("<link>&lt;a href='/1'&gt;view&lt;/a&gt;</link>", "https://news.example/1"),
        ("<link>news.example/1</link>", "https://news.example/1"),
        ("<link>https:// news.example/1</link>", "https://news.example/1"),
        ("<link>\"https://news.example/1\"</link>", "https://news.example/1"),
        ("<guid isPermaLink='true'>/1</guid>", "https://news.example/1"),
        ("<guid isPermaLink='true'>1</guid>", "none"),
        ("<url>/1</url>", "https://news.example/1"),
        ("<url>/i.jpg</url><link>/1</link>", "https://news.example/1"),
        (
            "<media:group><media:content url='/m'><link>/no</link></media:content></media:group>",
            "none",
        ),
    ] {
        assert_eq!(address(&item(fields)), expected, "{fields}");
    }
    let about = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><item rdf:about='https://news.example/1'><title>A</title></item></rdf:RDF>";
    assert_eq!(address(&feed(about).entries[0]), "https://news.example/1");
}

#[test]
fn of_several_forms_of_an_entry_the_page_is_its_link() {
    let listing = feed(
        r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>N</title><entry><id>1</id><title>A</title>
        <link rel="alternate" type="application/json" href="https://news.example/5.json"/>
        <link rel="alternate" type="text/html" href="https://news.example/5"/></entry></feed>"#,
    );
    assert_eq!(address(&listing.entries[0]), "https://news.example/5");
}

#[test]
fn an_address_that_the_end_of_the_document_cuts_is_none() {
    let sitemap =
        b"<urlset><url><loc>https://news.example/a</loc></url><url><loc>https://news.example/b";
    let listing = parse(SourceKind::Sitemap, sitemap, None, &base()).unwrap();
    let addresses: Vec<&str> = listing.entries.iter().map(address).collect();
    assert_eq!((addresses, listing.flaws.len()), (vec!["https://news.example/a"], 1));
    let listing = feed(
        "<rss><channel><item><title>A</title><link>https://news.example/a</link></item>\
         <item><title>B</title><link>https://news.example/b",
    );
    let addresses: Vec<&str> = listing.entries.iter().map(address).collect();
    assert_eq!(addresses, ["https://news.example/a", "none"]);
}

#[test]
fn a_turbo_page_is_the_articles_text() {
    let entry = item(
        "<title>A</title><link>/5</link><turbo:content xmlns:turbo='http://turbo.yandex.ru'>\
         <![CDATA[<header><h1>A</h1></header><p>The whole of it.</p>]]></turbo:content>",
    );
    assert!(entry.content.is_some_and(|content| content.contains("The whole of it.")));
}

#[test]
fn a_link_that_is_too_long_to_be_asked_for_is_none() {
    let link = |length: usize| format!("https://news.example/{}", "b".repeat(length - 21));
    let entry = |link: &str| item(&format!("<title>T</title><link>{link}</link>"));
    assert_eq!(address(&entry(&link(8192))), link(8192));
    let long = entry(&link(8193));
    assert_eq!((address(&long), long.title.as_deref()), ("none", Some("T")));
    let id = link(9000).replacen("news", "user:secret@news", 1);
    let entry = item(&format!("<title>T</title><guid>{id}</guid>"));
    assert!(!entry.guid.unwrap().contains("secret"));
}

#[test]
fn a_date_is_found_under_any_name_and_a_bad_one_does_not_hide_a_good_one() {
    let expected = "2022-01-16T08:05:00Z";
    for fields in [
        "<pubDate>Sun, 16 Jan 2022 14:05:00 +0600</pubDate>",
        "<pubdate>Sun, 16 Jan 2022 14:05:00 ALMT</pubdate>",
        "<dc:date>2022-01-16T14:05:00+06:00</dc:date>",
        "<date>2022-01-16 08:05</date>",
        "<publishDate>2022-01-16 08:05</publishDate>",
        "<dc:created>2022-01-16T08:05:00Z</dc:created>",
        "<pubDate>soon</pubDate><dc:date>2022-01-16T08:05:00Z</dc:date>",
        "<published>16 января 2022, 11:05 МСК</published>",
        "<pubDate><![CDATA[ 1642320300 ]]></pubDate>",
    ] {
        assert_eq!(instant(item(fields).published.as_ref()), expected, "{fields}");
    }
    let listing = feed("<rss><channel><item><pubDate>soon</pubDate></item></channel></rss>");
    assert!(listing.flaws.iter().any(|flaw| flaw.contains("soon")), "{:?}", listing.flaws);
}

#[test]
fn texts_become_plain_text_with_their_paragraphs_apart() {
    for (html, expected) in [
        ("<p>A<br>B</p>\n<p>C</p>", "A\n\nB\n\nC"),
        ("A &amp; B", "A & B"),
        ("<h2>Retrait</h2>Jeudi", "Retrait\n\nJeudi"),
        ("one\ntwo <i>three</i>", "one two three"),
        ("first\n\nsecond", "first\n\nsecond"),
        ("<style>p{}</style>x<!-- y -->z", "xz"),
        ("2 < 3 & 4 > 1", "2 < 3 & 4 > 1"),
        ("by &#32; one&#9;&#160; and&emsp;two&#32;", "by one and two"),
        ("It&#146;s &#x2014; &hellip;&nbsp;ok", "It’s — … ok"),
        ("a&#129;b &#0;c", "ab c"),
        ("&laquo;A&raquo; &#1171;&gbreve;&zhcy;", "«A» ғğж"),
        ("&CounterClockwiseContourIntegral; &lang;&NotEqualTilde;", "∳ ⟨≂̸"),
        ("A &amp B &copy 2022 &COPY", "A & B © 2022 ©"),
        ("&notify &no; &; &bogus; a?b&copy=1", "&notify &no; &; &bogus; a?b&copy=1"),
    ] {
        let fields = format!("<description><![CDATA[{html}]]></description>");
        assert_eq!(item(&fields).summary.as_deref(), Some(expected), "{html}");
    }
    let unescaped = item("<description>Text <b>with</b> <p>tags</p></description>");
    assert_eq!(unescaped.summary.as_deref(), Some("Text with\n\ntags"));
    assert_eq!(
        item("<title>Growth < 2% & more</title>").title.as_deref(),
        Some("Growth < 2% & more")
    );
    assert_eq!(
        item("<title>A <b and c></title>").title.as_deref(),
        Some("A <b and c>").map(|_| "A")
    );
}

#[test]
fn authors_are_names() {
    for (written, expected) in [
        ("editor@example.org (Ann Lee)", "Ann Lee"),
        ("Ann Lee &lt;editor@example.org&gt;", "Ann Lee"),
        ("Ann Lee", "Ann Lee"),
        ("editor@example.org", "editor@example.org"),
    ] {
        let entry = item(&format!("<author>{written}</author>"));
        assert_eq!(entry.authors, [expected], "{written}");
    }
}

#[test]
fn the_encoding_is_found() {
    let text = |declared: &str| {
        format!(
            "<?xml version=\"1.0\"{declared}?><rss version=\"2.0\"><channel><title>Новости мира</title><item><title>Парламент принял закон о миротворцах</title><link>/1</link></item></channel></rss>"
        )
    };
    let (cp1251, ..) = encoding_rs::WINDOWS_1251.encode("");
    assert!(cp1251.is_empty());
    let declared = text(" encoding=\"windows-1251\"");
    let (declared, ..) = encoding_rs::WINDOWS_1251.encode(&declared);
    let bare = text("");
    let (bare_bytes, ..) = encoding_rs::WINDOWS_1251.encode(&bare);
    let utf16: Vec<u8> = bare.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wrong = text(" encoding=\"iso-8859-1\"");
    let (latin, ..) = encoding_rs::WINDOWS_1251.encode(&wrong);
    let koi8 = text(" encoding=\"windows-1251\"");
    let (koi8, ..) = encoding_rs::KOI8_R.encode(&koi8);
    for (what, bytes, content_type, charset) in [
        ("declared", declared.as_ref(), None, "windows-1251"),
        (
            "declared, and the server's default",
            declared.as_ref(),
            Some("text/xml; charset=iso-8859-1"),
            "windows-1251",
        ),
        (
            "in the header",
            bare_bytes.as_ref(),
            Some("text/xml; charset=\"windows-1251\""),
            "windows-1251",
        ),
        ("nowhere", bare_bytes.as_ref(), None, "windows-1251"),
        ("UTF-16", utf16.as_slice(), None, "UTF-16LE"),
        ("wrongly declared", wrong.as_bytes(), None, "UTF-8"),
        ("declared as the template's default", latin.as_ref(), None, "windows-1251"),
        ("declared as another of its kind", koi8.as_ref(), None, "KOI8-U"),
    ] {
        let listing = parse(SourceKind::Feed, bytes, content_type, &base()).unwrap();
        let title = listing.entries[0].title.as_deref();
        assert_eq!(title, Some("Парламент принял закон о миротворцах"), "{what}");
        assert_eq!(listing.charset, charset, "{what}");
    }
}

#[test]
fn a_feed_is_read_to_its_end_however_long_it_is() {
    let item = |n| format!("<item><title>Story {n}</title><link>/{n}</link></item>");
    let filler = "-".repeat(16 << 20).replace("--", "- ");
    let feed = format!("<rss version=\"2.0\"><channel>{}<!-- {filler} -->{}", item(1), item(2));
    let listing = parse(SourceKind::Feed, feed.as_bytes(), None, &base()).unwrap();
    assert_eq!(listing.entries.len(), 2, "{:?}", listing.flaws);
}

#[test]
fn json_that_was_written_by_hand_is_mended() {
    let rows = [
        ("{\"title\":\"One\n\ttwo\",\"id\":\"1\"},{\"id\":\"2\"}", "One two"),
        (r#"{"title":"It\'s \d here","id":"1"},{"id":"2"}"#, "It's d here"),
        (r#"{"title":"A \ud83d\udc1f \ud83d b","id":"1",},{"id":"2"},"#, "A 🐟 \u{fffd} b"),
        (r#"{"title":"A \udc1f\u0041\uZZ","id":"1"},{"id":"2"}"#, "A \u{fffd}AuZZ"),
    ];
    for (items, title) in rows {
        let text = format!(
            ")]}}'\n{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{items}]}}"
        );
        let listing = feed(&text);
        assert_eq!(listing.entries.len(), 2, "{items}");
        assert_eq!(listing.entries[0].title.as_deref(), Some(title));
        assert!(listing.flaws[0].contains("damaged JSON"), "{:?}", listing.flaws);
    }
    let seconds = feed(r#"{"version":"jsonfeed","items":[{"id":1,"date_published":1642291200}]}"#);
    assert_eq!(instant(seconds.entries[0].published.as_ref()), "2022-01-16T00:00:00Z");
}

#[test]
fn a_bad_byte_in_utf_8_costs_a_character_and_not_the_text() {
    let mut bytes = b"<?xml version=\"1.0\" encoding=\"utf-8\"?><rss><item><title>".to_vec();
    bytes.extend("Президент".bytes());
    bytes.extend(b"\xff</title></item></rss>");
    let listing = parse(SourceKind::Feed, &bytes, None, &base()).unwrap();
    assert_eq!(listing.entries[0].title.as_deref(), Some("Президент\u{fffd}"));
    assert_eq!(listing.charset, "UTF-8");
}

#[test]
fn dates_without_a_zone_are_read_again_in_the_feeds_own() {
    let mut listing = feed(
        "<rss><channel><item><link>/1</link><pubDate>2022-01-16 10:00:00</pubDate></item>\
         <item><link>/2</link><pubDate>2022-01-16 10:00:00 +0300</pubDate></item></channel></rss>",
    );
    listing.set_zone(Some(&TimeZone::get("Asia/Almaty").unwrap()));
    let dates: Vec<String> =
        listing.entries.iter().map(|entry| instant(entry.published.as_ref())).collect();
    assert_eq!(dates, ["2022-01-16T04:00:00Z", "2022-01-16T07:00:00Z"]);
}

#[test]
fn what_is_no_feed_is_refused_in_words() {
    let refuse = |text: &str, content_type| {
        parse(SourceKind::Feed, text.as_bytes(), content_type, &base()).unwrap_err()
    };
    assert_eq!(refuse("", None), SourceError::Empty);
    assert_eq!(refuse(" \n\u{feff}", None), SourceError::Empty);
    let page = "<!DOCTYPE html><html><head><title>Home &amp; more</title><link rel='alternate' type='application/rss+xml' href='/feed'></head></html>";
    assert_eq!(refuse(page, None), SourceError::WebPage { title: Some("Home & more".to_owned()) });
    assert_eq!(refuse("Sorry.", Some("text/html")), SourceError::WebPage { title: None });
    for text in ["{\"error\":404}", "[1,2]", "just text", "<doc/>", "{"] {
        assert!(matches!(refuse(text, None), SourceError::Unreadable(_)), "{text}");
    }
    assert!(
        feed("<rss version='2.0'><channel><title>Quiet</title></channel></rss>").entries.is_empty()
    );
}

#[test]
fn a_news_sitemap_gives_title_date_and_language() {
    let text = r#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://news.example/a?x=1&amp;y=2</loc><lastmod>2022-01-17</lastmod>
<news:news><news:publication><news:name>N</news:name><news:language>kk</news:language></news:publication>
<news:publication_date>2022-01-16T14:05:00+06:00</news:publication_date><news:title><![CDATA[Бітім &amp; күш]]></news:title>
<news:keywords>ҰҚШҰ, Алматы</news:keywords></news:news>
<image:image><image:loc>/i.jpg</image:loc><image:title>no</image:title></image:image>
<video:video><video:publication_date>2020-01-01</video:publication_date></video:video></url>
<url><loc>https://news.example/b</loc></url><url><lastmod>2022</lastmod></url></urlset>"#;
    let listing = parse(SourceKind::Sitemap, text.as_bytes(), None, &base()).unwrap();
    let [first, second] = listing.entries.as_slice() else { panic!("two entries") };
    assert_eq!(address(first), "https://news.example/a?x=1&y=2");
    assert_eq!(first.title.as_deref(), Some("Бітім & күш"));
    assert_eq!(instant(first.published.as_ref()), "2022-01-16T08:05:00Z");
    assert_eq!(instant(first.updated.as_ref()), "2022-01-17T00:00:00Z");
    assert_eq!(first.language.as_deref(), Some("kk"));
    assert_eq!(first.tags, ["ҰҚШҰ", "Алматы"]);
    assert_eq!(first.image_url.as_ref().unwrap().path(), "/i.jpg");
    assert_eq!(address(second), "https://news.example/b");
    assert_eq!(listing.read_by, ReadBy::Sitemap);
    let refused = parse(SourceKind::Feed, text.as_bytes(), None, &base());
    assert!(matches!(refused, Err(SourceError::Unreadable(_))));
}

#[test]
fn an_index_gives_more_listings_and_a_text_gives_addresses() {
    use std::io::Write;
    let index = "<sitemapindex><sitemap><loc>https://news.example/1.xml.gz</loc></sitemap><sitemap><loc>/2.xml</loc></sitemap></sitemapindex>";
    let listing = parse(SourceKind::Sitemap, index.as_bytes(), None, &base()).unwrap();
    let more: Vec<&str> = listing.more.iter().map(|more| more.url.as_str()).collect();
    assert_eq!(more, ["https://news.example/1.xml.gz", "https://news.example/2.xml"]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"https://news.example/a\r\nhttps://news.example/b\n").unwrap();
    let gzip = gzip.finish().unwrap();
    let listing = parse(SourceKind::Sitemap, &gzip, None, &base()).unwrap();
    assert_eq!(listing.entries.len(), 2);
    let cut =
        "<urlset><url><loc>https://news.example/a</loc></url><url><loc>https://news.example/b</lo";
    assert_eq!(parse(SourceKind::Sitemap, cut.as_bytes(), None, &base()).unwrap().entries.len(), 2);
    let rss = "<rss><channel><item><link>/1</link></item></channel></rss>";
    assert_eq!(parse(SourceKind::Sitemap, rss.as_bytes(), None, &base()).unwrap().entries.len(), 1);
}

#[test]
fn the_feeds_of_a_page_are_found() {
    let page = r#"<html><head><base href="https://news.example/ru/"><link rel="alternate" type="application/rss+xml" title="Comments" href="comments/feed/">
<LINK REL=alternate TYPE=application/atom+xml TITLE="All &amp; more" HREF=feed.atom><link rel="alternate" hreflang="kk" href="/kk/">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/1"><link rel="stylesheet" href="s.css"></head>
<body><a href="/rss.xml">RSS</a><a href="/about">About</a><a href="feed.atom">again</a></body></html>"#;
    let found = discover(page.as_bytes(), Some("text/html"), &base());
    let found: Vec<(&str, Option<&str>)> =
        found.iter().map(|found| (found.url.as_str(), found.title.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("https://news.example/ru/feed.atom", Some("All & more")),
            ("https://news.example/rss.xml", Some("RSS")),
            ("https://news.example/ru/comments/feed/", Some("Comments")),
        ]
    );
    let known = well_known(&Url::parse("https://news.example/ru?x=1").unwrap());
    assert_eq!(known[0].url.as_str(), "https://news.example/ru/feed");
    assert!(known.iter().any(|found| found.url.as_str() == "https://news.example/rss.xml"));
    assert!(known.iter().any(|found| found.kind == SourceKind::Sitemap));
}

#[test]
fn a_page_of_nothing_but_links_to_feeds_is_read_in_linear_time() {
    let page: String = (0..200_000).map(|n| format!("<a href=/feed/{n}.rss>")).collect();
    assert_eq!(discover(page.as_bytes(), Some("text/html"), &base()).len(), 50);
}

#[test]
fn what_is_written_as_opml_is_read_back() {
    let subscription = |feed: &str, groups: &[&str]| opml::Subscription {
        feed: Url::parse(feed).unwrap(),
        id: Some("a-b".to_owned()),
        title: Some("A \"b\" <c> & d".to_owned()),
        site: Some(base()),
        language: Some("ru".to_owned()),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let feeds = [
        subscription("https://a.example/rss?x=1&y=2", &["Азия & мир", "kz"]),
        subscription("https://b.example/rss", &["Азия & мир"]),
        subscription("https://c.example/rss", &[]),
    ];
    let text = opml::write("My <feeds>", &feeds);
    assert_eq!(opml::read(text.as_bytes()).unwrap().feeds, feeds);
    let foreign = "<opml version='1.0'><body><outline text='G'><outline text='T' xmlurl='feed://d.example/x' /><outline text='no feed'/></outline><outline xmlUrl='https://e.example/'>";
    let read = opml::read(foreign.as_bytes()).unwrap().feeds;
    assert_eq!((read.len(), read[0].feed.as_str()), (2, "http://d.example/x"));
    assert_eq!(read[0].groups, ["G"]);
    assert!(opml::read(b"<html></html>").is_err());
}

#[test]
fn every_outline_that_is_no_feed_to_ask_for_is_told_with_the_reason() {
    let text = "<opml version='2.0'><body><outline text='Files'>\
        <outline type='rss' text='A' xmlUrl='ftp://a.example/rss'/>\
        <outline type='rss' text='B' xmlUrl='b.example/rss'/>\
        <outline type='link' text='C' url='https://c.example/'/>\
        <outline type='rss' text='D' xmlUrl='https://d.example/rss'/>\
        <outline type='rss' text='E' xmlUrl='https://d.example/rss'/>\
        </outline></body></opml>";
    let read = opml::read(text.as_bytes()).unwrap();
    assert_eq!(read.feeds.len(), 1);
    let told: Vec<(&str, &str)> =
        read.left_out.iter().map(|(what, why)| (what.as_str(), why.as_str())).collect();
    let expected = [
        ("ftp://a.example/rss", "ftp is neither http nor https"),
        ("b.example/rss", "it is no address: relative URL without a base"),
        ("C", "it is of type \"link\" and has no xmlUrl"),
        ("https://d.example/rss", "the list has its address already"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn hostile_shapes_are_read_in_bounded_time() {
    let wrap = |inner: &str| {
        format!(
            "<rss version=\"2.0\"><channel><item><title>A</title><link>/1</link>{inner}</item></channel></rss>"
        )
    };
    let nested = |open: &str, close: &str, count: usize| {
        format!("{}{}", open.repeat(count), close.repeat(count))
    };
    let mut names = String::new();
    for number in 0..20_000 {
        write!(names, "<x{number}>").unwrap();
    }
    let groups = "<media:group><media:credit>abc</media:credit>";
    for (what, text) in [
        ("media groups", wrap(&nested("<media:group>", "</media:group>", 100_000))),
        ("media groups with credits", wrap(&nested(groups, "</media:group>", 20_000))),
        ("bases", wrap(&nested("<x xml:base=\"aaaaaaaaaa/\">", "</x>", 20_000))),
        (
            "bases hidden behind quotes",
            wrap(&nested("<x a=\"/>\" xml:base=\"aaaaaaaaaa/\">", "</x>", 20_000)),
        ),
        ("unclosed names", wrap(&names)),
        ("unclosed titles", wrap(&"<title>".repeat(200_000))),
        ("unclosed categories", wrap(&"<category>x".repeat(200_000))),
        ("comments", wrap(&"<!--".repeat(300_000))),
        ("sections", wrap(&"<![CDATA[".repeat(100_000))),
        ("document types", wrap(&"<!DOCTYPE[>".repeat(100_000))),
        ("items", format!("<rss>{}", "<item>".repeat(300_000))),
        (
            "scripts",
            wrap(&format!("<description><![CDATA[{}]]></description>", "<script>".repeat(100_000))),
        ),
        ("references", wrap(&format!("<description>{}</description>", "&amp;".repeat(300_000)))),
        ("quotes", wrap(&"<a b=\">".repeat(100_000))),
        (
            "arrays",
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}",
                "[".repeat(100_000)
            ),
        ),
        (
            "laughs",
            format!(
                "<!DOCTYPE rss [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]><rss version=\"2.0\"><channel><item><title>A&b;</title></item></channel></rss>",
                "x".repeat(1000),
                "&a;".repeat(1000)
            ),
        ),
    ] {
        let listing = parse(SourceKind::Feed, text.as_bytes(), None, &base());
        let count = listing.as_ref().map_or(0, |listing| listing.entries.len());
        let expected = match what {
            "items" => skeleton::MOST_ENTRIES,
            "arrays" => 0,
            _ => 1,
        };
        assert_eq!(count, expected, "{what}: {listing:.200?}");
    }
}

/// How many times over the pieces of a listing are read: what a reading costs, whatever the clock
/// says.
fn readings(text: &str) -> usize {
    markup::BYTES_READ.set(0);
    drop(parse(SourceKind::Feed, text.as_bytes(), None, &base()));
    markup::BYTES_READ.get() / text.len()
}

#[test]
fn what_opens_and_never_ends_is_read_a_few_times_whatever_its_length() {
    for opening in [
        "\"<x a='",
        "<x>",
        "<x><y></y>",
        "<media:group><x>",
        "<title>",
        "<![CDATA[<",
        "<!--",
        "<a><b>",
    ] {
        for count in [1000, 50_000] {
            let text = format!("<rss><channel><item a={}", opening.repeat(count));
            let readings = readings(&text);
            assert!(readings <= 3, "{opening:?} {count} times is read {readings} times");
        }
    }
    // Names that differ are each sought once, until the patience ends.
    let names: String = (0..20_000).map(|n| format!("<x{n}>")).collect();
    let readings = readings(&format!("<rss><channel><item>{names}"));
    assert!(readings <= 6, "{readings}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_repeated_pieces_are_read_a_few_times_over(
        head in "(<(rss|feed|channel|item|entry|title|x)( a=(\"|')?)?>?){1,3}",
        piece in "(<(/)?(item|entry|title|link|x|y|p|script|media:group)( (href|xmlns:a)=(\"|')?x(\"|')?)?(/)?>|<!\\[CDATA\\[|\\]\\]>|<!--|-->|<![a\\[]|\\]>|&(amp|#x41|lt)?;?|[ a]{1,3}|[<>\"'&=]){1,6}",
        tail in "(</(item|title|x|script)>|\\]\\]>|-->|>|\"|'){0,2}",
    ) {
        let text = format!("{head}{}{tail}", piece.repeat(3000));
        prop_assert!(readings(&text) <= 8, "{} times: {head:?} {piece:?} {tail:?}", readings(&text));
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_listing_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in [SourceKind::Feed, SourceKind::Sitemap] {
            drop(parse(kind, &bytes, None, &base()));
        }
        drop(discover(&bytes, None, &base()));
        drop(opml::read(&bytes));
    }

    #[test]
    fn any_pieces_of_feeds_give_a_listing_or_an_error(
        text in "(<(/)?(rss|item|entry|feed|title|link|url|loc|p|script|media:group|guid)( (href|type|rel)=(\"|')?x(\"|')?)?(/)?>|<!\\[CDATA\\[|\\]\\]>|<!--|-->|&(amp|#x41|lt)?;?|[ a-zЯ山]{1,3}|[<>\"'&]){0,40}"
    ) {
        for kind in [SourceKind::Feed, SourceKind::Sitemap] {
            drop(parse(kind, text.as_bytes(), None, &base()));
        }
        drop(discover(text.as_bytes(), None, &base()));
    }
}

#[test]
fn what_is_taken_for_clean_is_what_cleaning_leaves_as_it_is() {
    for c in (0..0x11_0000).filter_map(char::from_u32).filter(|c| plain::is_plain(*c) && *c != ' ')
    {
        let text = format!("a{c}{c}가か{c}é");
        assert_eq!(crate::text::clean_text(&text), text, "U+{:04X}", u32::from(c));
    }
}

#[test]
fn nothing_that_is_not_seen_leaves_a_listing() {
    let hidden = "\u{202e}EV\u{2066}\u{9b}31m";
    let documents = [
        format!(
            "<rss version='2.0' xmlns:dc='d'><channel><title>T{hidden}</title>\
             <language>en{hidden}</language><item><title>t{hidden}</title><guid>g{hidden}</guid>\
             <link>/1</link><author>a{hidden}</author><category>c{hidden}</category>\
             <dc:language>de{hidden}</dc:language><pubDate>6 Jan 2022{hidden}</pubDate>\
             <description>s{hidden}</description></item></ch{hidden}></rss>"
        ),
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en{hidden}'><title>T</title>\
             <entry xml:lang='de{hidden}'><title>t</title><id>i{hidden}</id><link href='/1'/>\
             <updated>6 Jan 2022\u{202e}</updated><category term='c{hidden}'/></entry></feed>"
        ),
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"language\":\"en{hidden}\",\
             \"title\":\"T{hidden}\",\"items\":[{{\"id\":\"i{hidden}\",\"url\":\"/1\",\
             \"language\":\"de{hidden}\",\"tags\":[\"t{hidden}\"]}}]}}"
        ),
        format!(
            "<urlset><url><loc>/1{hidden}</loc><news:news xmlns:news='n'>\
             <news:language>en{hidden}</news:language><news:title>t{hidden}</news:title>\
             <news:publication_date>6 Jan 2022\u{202e}</news:publication_date></news:news></url>\
             </urlset>"
        ),
    ];
    for document in documents {
        let kind =
            if document.starts_with("<urlset") { SourceKind::Sitemap } else { SourceKind::Feed };
        let listing = parse(kind, document.as_bytes(), None, &base()).unwrap();
        assert_eq!(listing.entries.len(), 1, "{document}");
        let told = serde_json::to_string(&listing).unwrap();
        let unseen: Vec<char> = told
            .chars()
            .filter(|c| {
                c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            })
            .collect();
        assert!(unseen.is_empty(), "{unseen:?} in {told}");
        // JSON writes C0 controls as escapes.
        assert!(!told.contains("\\u00"), "{told}");
        assert_eq!(listing.language, None, "{told}");
        assert_eq!(listing.entries[0].language, None, "{told}");
    }
    let declared = feed(
        "<rss><channel><language> EN_us </language><item><link>/1</link></item></channel></rss>",
    );
    assert_eq!(declared.language.as_deref(), Some("en-us"));
}
