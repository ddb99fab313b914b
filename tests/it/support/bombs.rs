//! Documents that are small to send and costly to read. Made by code: none is kept as a file.

/// A name, whether it is a page, and its bytes.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) is_page: bool,
    pub(crate) bytes: Vec<u8>,
}

const PAGE: usize = 5 << 20;
const FEED: usize = 15 << 20;

/// A sound feed and a sound page whose reading takes more than 64 MiB, and less than a reader has. So
/// it can be told who reads them.
pub(crate) fn heavy() -> [String; 2] {
    let words = "words and words ".repeat(180);
    let item = |n| {
        let link = format!("https://heavy.example/{n}");
        format!(
            "<item><title>{n}</title><link>{link}</link><description>{words}</description></item>"
        )
    };
    let items: String = (0..4900).map(item).collect();
    let paragraph =
        |n| format!("<p>Some <b>words</b> of <i>a</i> paragraph number {n}, and on.</p>");
    let paragraphs: String = (0..15_000).map(paragraph).collect();
    [
        format!("<rss version='2.0'><channel><title>Heavy</title>{items}</channel></rss>"),
        format!("<html><body><article>{paragraphs}</article></body></html>"),
    ]
}

pub(crate) fn all() -> Vec<Bomb> {
    let feed = |name, bytes: String| Bomb { name, is_page: false, bytes: bytes.into_bytes() };
    let page = |name, bytes: String| Bomb { name, is_page: true, bytes: bytes.into_bytes() };
    vec![
        feed("1,000 nested groups of media", item(&"<media:group>".repeat(1000))),
        feed("1,000,000 nested groups of media", item(&"<media:group>".repeat(1_000_000))),
        feed(
            "credits in nested groups of media",
            item(&"<media:group><media:credit>a</media:credit>".repeat(12_000)),
        ),
        feed("nested relative bases", item(&"<b xml:base='aaaaaaaaaaaaaaaa/'>".repeat(20_000))),
        feed("a second declaration", item("<?xml version='1.0'?><title>a</title>")),
        feed("laughing entities", laughs()),
        feed(
            "entries without end",
            to_size("<rss><channel>", "<item><title>a</title></item>", FEED),
        ),
        feed("an entry with tags without end", item(&"<category>a</category>".repeat(600_000))),
        feed("attributes without end", item(&format!("<a {}>", attributes(900_000)))),
        feed("open brackets", to_size("<rss>", "<", FEED)),
        feed("open quotes", to_size("<rss><channel><item a=", "\"<x a='", FEED)),
        feed("open character data", to_size("<rss><channel><item>", "<![CDATA[<", FEED)),
        feed(
            "markup in markup in markup",
            item(&format!("<description>{}", nest("&lt;", 300_000))),
        ),
        feed("nested outlines of OPML", to_size("<opml><body>", "<outline text='a'>", PAGE)),
        feed("nested arrays of JSON", to_size("{\"items\":", "[", PAGE)),
        feed("nested objects of JSON", to_size("{\"items\":[", "{\"a\":", PAGE)),
        feed("a word without end", to_size("<rss><channel><item><title>", "a", FEED)),
        page("100,000 nested blocks", "<div>".repeat(100_000)),
        page("40,000 nested lists", "<ul><li>".repeat(40_000)),
        page("100,000 attributes", format!("<div {}>", attributes(100_000))),
        page("attributes without an equals sign", to_size("<div", " a", PAGE)),
        page("formatting that is opened again", formatting("<p>")),
        page(
            "formatting that is opened again in cells",
            format!("<table>{}", formatting("<tr><td>")),
        ),
        page("formatting that is closed crosswise", "<b><p></b><i><p></i>".repeat(50_000)),
        page("nested tables", "<table><tr><td>".repeat(100_000)),
        page("nested templates", "<template>".repeat(100_000)),
        page("nested drawings", "<svg><foreignObject>".repeat(100_000)),
        page("nested links and buttons", "<a href=x><button>".repeat(100_000)),
        page("nested choices", "<select><option>".repeat(200_000)),
        page("nested frames", to_size("<frameset>", "<frameset>", PAGE)),
        page("misplaced rows", to_size("<table>", "a<tr>", PAGE)),
        page("comments without end", to_size("", "<!--->", PAGE)),
        page("tags of the head", to_size("", "<meta name=author content=a>", PAGE)),
        page("links without end", to_size("", "<a href=/x>a</a>", PAGE)),
        page("short paragraphs", to_size("", "<p>a", PAGE)),
        page("references without end", to_size("<p>", "&amp;", PAGE)),
        page("a word without end", to_size("<p>", "a", PAGE)),
        page("marks without a letter", to_size("<p>a", "\u{301}", PAGE)),
        page("nested JSON-LD", script(&to_size("", "[", 2 << 20))),
        page("objects of JSON-LD", script(&to_size("[", "{\"@type\":\"NewsArticle\"},", 4 << 20))),
        page("scripts without end", to_size("", "<script>{\"a\":\"", PAGE)),
        page("a page of this topic and of the greatest length", prose()),
        Bomb { name: "a page of zeros", is_page: true, bytes: vec![0; PAGE] },
        Bomb { name: "a feed of zeros", is_page: false, bytes: vec![0; FEED] },
        Bomb { name: "UTF-16 without end", is_page: false, bytes: wide() },
    ]
}

fn item(inner: &str) -> String {
    format!(
        "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><item>\
         <title>a</title><link>https://news.example/1</link>{inner}"
    )
}

fn to_size(head: &str, part: &str, size: usize) -> String {
    head.to_owned() + &part.repeat((size - head.len()) / part.len())
}

fn attributes(count: usize) -> String {
    (0..count).map(|n| format!("a{n}=b ")).collect()
}

fn nest(mark: &str, depth: usize) -> String {
    (0..depth).map(|_| format!("{mark}b>")).collect()
}

fn formatting(block: &str) -> String {
    (0..8000).map(|n| format!("{block}<b id=a{n}>x")).collect()
}

fn script(json: &str) -> String {
    format!("<script type='application/ld+json'>{json}</script><p>a")
}

fn laughs() -> String {
    let entities: String =
        (1..40).map(|n| format!("<!ENTITY a{n} '&a{0};&a{0};&a{0};&a{0};'>", n - 1)).collect();
    format!("<!DOCTYPE rss [<!ENTITY a0 'haha'>{entities}]>{}", item("<title>&a39;</title>"))
}

fn prose() -> String {
    let line =
        "<p>Peacekeepers of the CSTO left Kazakhstan; миротворцы ОДКБ покинули Казахстан.</p>";
    to_size("<html lang=en><title>CSTO mission in Kazakhstan</title><article>", line, PAGE)
}

fn wide() -> Vec<u8> {
    let text = "<rss><channel><item><title>пресса".encode_utf16();
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.flat_map(u16::to_le_bytes));
    while bytes.len() + 4 < FEED {
        bytes.extend([0x30, 0x04, 0x20, 0x00]);
    }
    bytes
}
