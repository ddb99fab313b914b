//! Tests of what stands around an article: banners, dates of other things, bylines, other stories.

use super::*;

const FIRST: &str = "The town council agreed on Thursday evening to reopen the old ferry landing after \
    eleven years, once the pier has been examined by engineers from the county.";
const SECOND: &str = "Residents of the eastern bank, who now drive forty minutes to the nearest bridge, \
    had collected more than three thousand signatures for the crossing since last spring.";
const THIRD: &str = "A first boat could run in October, the harbour master said, if the bids for the new \
    gangway are opened before the summer and the river stays low enough for the divers.";

/// A page whose head does not say that it is an article.
fn bare(before: &str, article: &str, behind: &str) -> String {
    format!(
        "<html lang=en><title>Gazette</title><body>{before}<nav><a href=/>Home</a> \
         <a href=/sport>Sport</a></nav><article>{article}</article>{behind}<footer>Harbour Gazette \
         </footer>"
    )
}

fn text(paragraphs: &[&str]) -> String {
    paragraphs.iter().map(|paragraph| format!("<p>{paragraph}</p>")).collect()
}

#[test]
fn a_short_article_beside_a_consent_banner_is_read_without_it() {
    let banners = [
        "<div class=cookie-notice>We use cookies and share personal data with our partners. \
         <button>Manage</button><button>Accept all</button></div>",
        "<div class=cookies>Мы используем cookie. Продолжая, вы даёте согласие на обработку \
         персональных данных. <button>Принять</button></div>",
        "<div id=cookie-consent><p>Wir und unsere 812 Partner verarbeiten mit Cookies Daten zum \
         Datenschutz und mit Ihrer Einwilligung.</p><button>Akzeptieren</button></div>",
    ];
    let article = format!("<h1>Ferry landing to reopen</h1>{}", text(&[FIRST, SECOND, THIRD]));
    for banner in banners {
        for html in [bare(banner, &article, ""), bare("", &article, banner)] {
            let read = read_html(&html).expect("an article");
            assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD], "{banner}");
        }
    }
}

#[test]
fn a_headline_with_a_word_of_boilerplate_does_not_announce_another_story() {
    for title in [
        "Council signs ferry deal with county",
        "Ferry landing delayed until October",
        "Ferry owners register first boat",
        "Совет подписал договор о пароме",
    ] {
        let article = format!("<h1>{title}</h1><p>{FIRST}</p>{SECOND}<p>{THIRD}</p>");
        let read = read_html(&bare("", &article, "")).expect("an article");
        assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD], "{title}");
    }
}

#[test]
fn the_date_of_publication_is_told_from_those_of_changes_clocks_comments_and_other_stories() {
    let change = "<time class=updated datetime=2022-02-09>9 Feb</time>";
    let both = "<time class=updated datetime=2022-02-09>9 Feb</time>\
        <time class='entry-date published' datetime=2022-01-06>6 Jan</time>";
    let line = "<span class=date>6 January 2022</span>";
    let in_words = "<div class=date>Updated 9 February 2022, first published 6 January 2022</div>";
    let in_russian = "<div class=date>Обновлено: 09.02.2022 / Опубликовано: 06.01.2022</div>";
    let labels = "<p>Updated: <time>9 February 2022</time></p>\
        <p>Published: <time>6 January 2022</time></p>";
    let no_class = "<p>Last updated: 9 February 2022</p><p>Published: 6 January 2022</p>";
    let comment = "<ol class=comments><li><time datetime=2022-01-08>8 Jan</time> Nice.</ol>";
    let box_of_others = "<aside><time datetime=2022-02-01>1 Feb</time></aside>";
    let clock = "<header><span class=date>Friday, March 1, 2024</span></header>";
    let guessed = "<span class=date>9 Feb</span><time class=updated datetime=2022-02-09></time>";
    let changed = Some("2022-02-09");
    let cases = [
        ("", both, "", "2022-01-06", changed),
        ("", change, "", "2022-02-09", changed),
        ("", guessed, "", "2022-02-09", changed),
        ("", line, comment, "2022-01-06", None),
        (box_of_others, line, "", "2022-01-06", None),
        (box_of_others, "<div>6 January 2022</div>", comment, "2022-01-06", None),
        (clock, line, "", "2022-01-06", None),
        ("", in_words, "", "2022-01-06", changed),
        ("", in_russian, "", "2022-01-06", changed),
        ("", labels, "", "2022-01-06", changed),
        ("", no_class, "", "2022-01-06", None),
    ];
    for (before, date, behind, published, modified) in cases {
        let text = text(&[FIRST, SECOND, THIRD]);
        let article = format!("<h1>Ferry landing to reopen</h1>{date}{text}");
        let read = read_html(&bare(before, &article, behind)).expect("an article");
        let day = |dated: Option<(Dated, DateSource)>| {
            dated.map(|(dated, _)| dated.at.to_string().chars().take(10).collect::<String>())
        };
        assert_eq!(day(read.published).as_deref(), Some(published), "{before}{date}{behind}");
        assert_eq!(day(read.modified).as_deref(), modified, "{before}{date}{behind}");
    }
}

#[test]
fn an_author_is_found_by_reference_by_submission_and_behind_a_label() {
    let graph = r#"<script type="application/ld+json">{"@graph": [
        {"@type": "NewsArticle", "headline": "h", "author": {"@id": "https://example.org/#p"}},
        {"@type": "Person", "@id": "https://example.org/#p", "name": "Ada Stone"}]}</script>"#;
    let cases = [
        (graph, ""),
        ("<div class=submitted>Submitted by <span class=username>Ada Stone</span></div>", ""),
        ("<span>By <span class=field--name-uid><a href=/user/1>Ada Stone</a></span></span>", ""),
        ("<div class=byline>By Ada Stone, Reuters | Jan 6, 2022</div>", ""),
        ("", "<p>Author: Ada Stone</p>"),
        ("", "<p><b>Автор:</b> Ada Stone</p>"),
        ("<p>By Ada Stone</p>", ""),
        ("<p>6 January 2022 | <i>By</i> <b>Ada Stone</b></p>", ""),
        ("<small>Von Ada Stone</small>", ""),
        ("<p>Text: Ada Stone</p>", "<p>By the way</p>"),
    ];
    for (before, behind) in cases {
        let text = text(&[FIRST, SECOND, THIRD]);
        let article = format!("<h1>Ferry landing to reopen</h1>{before}{text}{behind}");
        let comment = "<div class=comments><span class=username>Someone Else</span> Nice.</div>";
        let read = read_html(&bare("", &article, comment)).expect("an article");
        assert_eq!(read.authors, ["Ada Stone"], "{before}{behind}");
        assert!(!read.text.contains("Автор") && !read.text.contains("Author"), "{}", read.text);
    }
}

#[test]
fn the_reporters_in_a_chinese_dateline_are_the_authors() {
    for dateline in ["河畔社2月6日电（记者李红、王小明）", "本报讯 (记者 李红 王小明)"]
    {
        let article =
            format!("<h1>城区上游水库一周上涨近两米</h1><p>{dateline}{FIRST}</p><p>{SECOND}</p>");
        let read = read_html(&bare("", &article, "")).expect("an article");
        assert_eq!(read.authors, ["李红", "王小明"], "{dateline}");
    }
}

#[test]
fn authors_are_told_from_those_of_comments_other_stories_and_the_site() {
    let ld = |authors: &str| {
        format!(
            r#"<script type="application/ld+json">{{"@type": "NewsArticle", "headline": "h", "author": {authors}}}</script>"#
        )
    };
    let publisher = ld(r#"{"@type": "Organization", "name": "The Example"}"#);
    let graph = r##"<script type="application/ld+json">{"@graph": [
        {"@type": "WebPage", "name": "p", "author": {"@id": "#p"}},
        {"@type": "Person", "@id": "#p", "name": "Ada Stone"}]}</script>"##;
    let both = ["Ada Stone", "Omar Field"];
    let ada = &both[..1];
    let (comment, other) = (
        "<div class=comments><p class=comment-author>Someone Else</p></div>",
        "<div class=related-posts><span class=author>Someone Else</span></div>",
    );
    let cases: [(&str, &str, &[&str]); 12] = [
        ("", comment, &[]),
        ("<div class=byline>Ada Stone</div>", other, ada),
        ("<div class=related-author><a rel=author>Ada Stone</a></div>", comment, ada),
        ("<div class=author><button>Follow us</button></div>", "", &[]),
        ("<p class=author>By Ada Stone</p><p class=author>Web Team</p>", "", ada),
        ("<div><a rel=author>Ada Stone</a>, <a rel=author>Omar Field</a></div>", "", &both),
        ("<div class=byline><b>Ada Stone</b> <b>Omar Field</b></div>", "", &both),
        ("<div class=byline><b>Ada</b> <b>Stone</b></div>", "", ada),
        (&publisher, "<p class=byline>By Ada Stone</p>", ada),
        (&publisher, "<p>Author: Ada Stone</p>", ada),
        (graph, "", ada),
        (&ld(r#""Ada Stone""#), "<p class=byline>By Ada Stone and Omar Field, County</p>", &both),
    ];
    for (before, behind, expected) in cases {
        let text = text(&[FIRST, SECOND, THIRD]);
        let article = format!("<h1>Ferry landing to reopen</h1>{before}{text}{behind}");
        let read = read_html(&bare("", &article, "")).expect("an article");
        assert_eq!(read.authors, expected, "{before}{behind}");
    }
}

#[test]
fn lines_that_lead_to_other_stories_or_ask_to_subscribe_are_no_part_of_the_text() {
    let calls =
        ["Подписывайтесь на наш канал", "Нашли ошибку? Выделите её", "Follow us on Mastodon"];
    for lead in
        ["Оқи отырыңыз:", "Окуй отуруңуз:", "Shuningdek oʻqing:", "Կարդացեք նաև՝", "Read more:"]
    {
        for call in calls {
            let article = format!(
                "<h1>Ferry landing to reopen</h1>{}<p>{lead} <a href=/2>Bridge closed</a></p>{}\
                 <p>{call}</p>",
                text(&[FIRST, SECOND]),
                text(&[THIRD]),
            );
            let read = read_html(&bare("", &article, "")).expect("an article");
            assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD], "{lead} {call}");
        }
    }
}

#[test]
fn a_short_article_ends_where_the_next_one_begins() {
    let next = "<h1>Match won</h1><time datetime=2022-01-05>5 Jan</time><p>The football team of the \
        town won its first match of the year on Wednesday night before a full stadium.</p><p>Tickets \
        for the return leg go on sale on Monday at ten in the morning, and few are left.</p>";
    let text = text(&[FIRST, SECOND, THIRD]);
    let article =
        format!("<h1>Ferry landing to reopen</h1><time datetime=2022-01-06>6</time>{text}");
    for (open, close) in [("<article>", "</article>"), ("<div class=news-item>", "</div>")] {
        let html =
            format!("<title>G</title><main>{open}{article}{close}{open}{next}{close}</main>");
        let read = read_html(&html).expect("an article");
        assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD], "{open}");
    }
}

#[test]
fn a_label_and_one_link_between_paragraphs_lead_elsewhere_in_any_language() {
    for label in ["यह भी पढ़ें:", "อ่านเพิ่มเติม:", "İlgili haber:", "Lire également :", "延伸阅读："]
    {
        let line =
            format!("<p><strong>{label}</strong> <a href=/2>Bridge closed for a week</a></p>");
        let article = format!(
            "<h1>Ferry landing to reopen</h1>{}{line}{}",
            text(&[FIRST, SECOND]),
            text(&[THIRD])
        );
        let read = read_html(&bare("", &article, "")).expect("an article");
        assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD], "{label}");
    }
}

#[test]
fn a_sentence_that_opens_as_lines_to_other_stories_do_is_text() {
    for line in [
        "Ранее: совет сообщил, что паром начнёт ходить в октябре, если река не поднимется.",
        "Watch: the harbour master will say on Monday when the divers begin with their work.",
    ] {
        let article = format!(
            "<h1>Ferry landing to reopen</h1>{}<p>{line}</p>{}",
            text(&[FIRST]),
            text(&[SECOND, THIRD])
        );
        let read = read_html(&bare("", &article, "")).expect("an article");
        assert_eq!(paragraphs(&read), [FIRST, line, SECOND, THIRD]);
    }
}

#[test]
fn keywords_before_the_text_and_notes_on_coverage_behind_it_are_no_part_of_it() {
    let article = format!(
        "<h1>Ferry landing to reopen</h1><p>River Transport, Harbour County, Local Councils</p>{}\
         <p>___</p><p>Follow the full coverage of the ferry at <a href=/f>https://example.org/f</a></p>",
        text(&[FIRST, SECOND, THIRD])
    );
    let read = read_html(&bare("", &article, "")).expect("an article");
    assert_eq!(paragraphs(&read), [FIRST, SECOND, THIRD]);
}

#[test]
fn an_older_change_of_something_else_does_not_replace_the_date_of_publication() {
    let shown = [
        (
            "<time datetime=2022-01-13T10:00:00Z>13 Jan</time>",
            "<time class=updated datetime=2020-03-05>5 Mar</time>",
        ),
        (
            "<div class=date>13 January 2022</div>",
            "<div class=date>Terms last updated: 3 May 2019</div>",
        ),
    ];
    for (date, box_) in shown {
        let article =
            format!("<h1>Ferry landing to reopen</h1>{date}{}", text(&[FIRST, SECOND, THIRD]));
        let read = read_html(&bare("", &article, box_)).expect("an article");
        let day = |at: Timestamp| at.to_string().get(..10).map(str::to_owned);
        assert_eq!(
            read.published.and_then(|(dated, _)| day(dated.at)).as_deref(),
            Some("2022-01-13")
        );
        assert_eq!(read.modified, None, "{box_}");
    }
}

#[test]
fn a_line_with_a_date_is_found_in_any_digits_and_on_pages_without_headings() {
    let text = text(&[FIRST, SECOND, THIRD]);
    let titled = |lang: &str, headline: &str, date: &str| {
        format!(
            "<html lang={lang}><title>Ferry landing to reopen</title><body>{headline}\
             <div class=meta>{date}</div>{text}"
        )
    };
    let heading = "<h1>Ferry landing to reopen</h1>";
    let bold = "<font size=4><b>Ferry landing to reopen</b></font>";
    for (lang, headline, date) in [
        ("ar", heading, "الأربعاء ١٩ يناير ٢٠٢٢ - ١٥:٤٠"),
        ("fa", heading, "چهارشنبه ۲۹ دی ۱۴۰۰ - ۱۵:۴۰"),
        ("th", heading, "19 มกราคม 2565"),
        ("ru", heading, "19.01.22"),
        ("en", bold, "19 January 2022"),
    ] {
        let read = read_html(&titled(lang, headline, date)).expect("an article");
        let (published, _) = read.published.unwrap_or_else(|| panic!("no date: {date}"));
        assert!(published.at.to_string().starts_with("2022-01-19"), "{date}");
    }
    for (headline, date) in [(heading, "20220119"), (heading, "1642585200"), (heading, "13 Aug")] {
        let read = read_html(&titled("en", headline, date)).expect("an article");
        assert_eq!(read.published, None, "{date}");
    }
}

#[test]
fn what_is_beside_the_headline_is_found_below_headings_of_menus_and_notices() {
    let furniture = "<h2>Main menu</h2><h2>Latest notices</h2>".to_owned()
        + &"<p><a href=/x>Council</a> <a href=/y>Harbour</a></p>".repeat(20)
        + "<h1>Harbour Gazette</h1><p>Author: Web Team</p>";
    let article = format!(
        "<h1>Ferry landing to reopen</h1><div>6 January 2022</div>{}<p>Author: Ada Stone</p>",
        text(&[FIRST, SECOND, THIRD])
    );
    let titled = bare(&furniture, &article, "").replace("Gazette<", "Ferry landing to reopen<");
    let read = read_html(&titled).expect("an article");
    let published = read.published.map(|(dated, _)| dated.at.to_string());
    assert_eq!(published.as_deref(), Some("2022-01-06T00:00:00Z"));
    assert_eq!(read.authors, ["Ada Stone"]);
}

#[test]
fn the_structured_data_of_another_story_says_nothing_of_this_one() {
    let other = r#"{"@type": "NewsArticle", "headline": "Ten recipes for winter soups",
        "url": "https://example.org/soups", "datePublished": "2021-11-01",
        "author": {"@type": "Person", "name": "Someone Else"}}"#;
    let own = r#"{"@type": "NewsArticle", "headline": "Ferry landing to reopen",
        "url": "https://example.org/news/1.html", "datePublished": "2022-01-06",
        "author": {"@type": "Person", "name": "Ada Stone"}}"#;
    let meta = "<meta property=article:published_time content=2022-01-06>";
    let shown = "<p class=byline>By Ada Stone</p>";
    let cases = [
        (other.to_owned(), meta, shown),
        (format!("[{other}, {own}]"), "", ""),
        (own.to_owned(), "", ""),
    ];
    for (ld, meta, shown) in cases {
        let html = format!(
            "<title>Ferry landing to reopen - Gazette</title>{meta}\
             <script type=application/ld+json>{ld}</script><h1>Ferry landing to reopen</h1>{shown}{}",
            text(&[FIRST, SECOND, THIRD])
        );
        let read = read_html(&html).expect("an article");
        let published = read.published.map(|(dated, _)| dated.at.to_string());
        assert_eq!(published.as_deref(), Some("2022-01-06T00:00:00Z"), "{ld}");
        assert_eq!(read.authors, ["Ada Stone"], "{ld}");
    }
}

#[test]
fn a_date_for_machines_is_read_from_any_elements_attributes_and_the_pages_own_object() {
    let page = r#"<script type="application/ld+json">{"@type": "WebPage",
        "datePublished": "2022-01-06T09:00:00Z"}</script>"#;
    let clock = "<span class=date>Friday, 1 March 2024</span>";
    let cases = [
        ("", page),
        ("", "<abbr class=published title='2022-01-06T09:00:00Z'>9 AM</abbr>"),
        ("", "<span class=js-date data-timestamp=1641459600></span>"),
        (clock, "<span class=date>6 January 2022, 09:00</span>"),
    ];
    for (before, date) in cases {
        let text = text(&[FIRST, SECOND, THIRD]);
        let article = format!("{before}<h1>Ferry landing to reopen</h1>{date}{text}");
        let read = read_html(&bare("", &article, "")).expect("an article");
        let published = read.published.map(|(dated, _)| dated.at.to_string());
        assert_eq!(published.as_deref(), Some("2022-01-06T09:00:00Z"), "{date}");
    }
    let article = format!("{clock}<h1>Ferry landing to reopen</h1>{}", text(&[FIRST, SECOND]));
    let read = read_html(&bare("", &article, "")).expect("an article");
    assert!(
        read.published.is_some_and(|(dated, _)| dated.at.to_string().starts_with("2024-03-01"))
    );
}

#[test]
fn an_addresss_numbers_are_a_date_only_where_they_stand_together() {
    let article = format!("<h1>Ferry landing to reopen</h1>{}", text(&[FIRST, SECOND, THIRD]));
    for (path, day) in [
        ("news/2022/01/06/ferry", Some("2022-01-06")),
        ("news/2022-1-6-ferry", Some("2022-01-06")),
        ("news/20220106-ferry.html", Some("2022-01-06")),
        ("news/2022/8-tips-for-9-boats", None),
        ("news/2022/%D8%AE%D8%B2%D8%A7%D9%86", None),
    ] {
        let url = format!("https://example.org/{path}");
        let read = read_at(bare("", &article, "").as_bytes(), &url, None).expect("an article");
        let read = read.published.map(|(dated, _)| dated.at.to_string()[..10].to_owned());
        assert_eq!(read.as_deref(), day, "{path}");
    }
}

#[test]
fn a_line_of_the_page_tells_the_headline_from_names_behind_or_before_it() {
    let (latin, chinese) = ("Ferry landing to reopen", "城区上游水库一周上涨近两米");
    for (title, line) in [
        ("Ferry landing to reopen > The Valley's Own", latin),
        ("Ferry landing to reopen — Local — The Valley's Own", latin),
        ("The Valley's Own :: Local :: Ferry landing to reopen", latin),
        ("城区上游水库一周上涨近两米-河畔网", chinese),
        ("城区上游水库一周上涨近两米|水库|防汛_新浪新闻", chinese),
    ] {
        let html = format!(
            "<title>{title}</title><div>{line}</div><div>2022-01-06</div>{}",
            text(&[FIRST, SECOND, THIRD])
        );
        let read = read_html(&html).expect("an article");
        assert_eq!(read.title.as_deref(), Some(line), "{title}");
        assert!(read.published.is_some(), "{title}");
    }
    let html = format!(
        "<title>Harbour Gazette - News from the valley</title><meta property=og:title \
         content='Harbour Gazette'><meta property=og:site_name content='Harbour Gazette'>\
         <h1>Harbour Gazette</h1><h1>Ferry landing to reopen</h1>{}",
        text(&[FIRST, SECOND, THIRD])
    );
    let read = read_html(&html).expect("an article");
    assert_eq!(read.title.as_deref(), Some(latin));
}

#[test]
fn a_subheading_that_the_window_title_begins_with_is_the_headline() {
    let html = format!(
        "<title>Ferry landing to reopen - News - Harbour Gazette</title><h3>Ferry landing to reopen</h3>{}",
        text(&[FIRST, SECOND, THIRD])
    );
    let read = read_html(&html).expect("an article");
    assert_eq!(read.title.as_deref(), Some("Ferry landing to reopen"));
}
