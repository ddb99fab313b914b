//! Kinds of pages: walls, cut texts, texts in scripts, live blogs, captions; a table each.

use super::*;

/// Paragraphs of plain prose, each another one, of about thirty words.
fn prose(paragraphs: usize) -> Vec<String> {
    const WHO: [&str; 6] =
        ["board", "council", "harbour master", "grid operator", "school", "river authority"];
    const WHAT: [&str; 5] =
        ["the bridge", "the eastern dam", "the market hall", "the ferry", "the mill"];
    let nth =
        |list: &[&'static str], n: usize| list.iter().copied().cycle().nth(n).expect("endless");
    (0..paragraphs)
        .map(|n| {
            format!(
                "The {} said on day {n} that work on {} would go on through the winter, since {} \
                 engineers had found no fault in its foundations and the money had been granted.",
                nth(&WHO, n),
                nth(&WHAT, n),
                n + 3,
            )
        })
        .collect()
}

fn html(paragraphs: &[String]) -> String {
    paragraphs.iter().map(|text| format!("<p>{text}</p>")).collect()
}

/// A page with a headline, `head` in its head and `text` in its article.
fn page(head: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><head><title>Work on the dam goes on - Example</title>{head}\
         </head><body><header><nav><a href=/>Home</a> <a href=/n>News</a></nav></header><main>\
         <article><h1>Work on the dam goes on</h1><div class=story>{text}</div></article></main>\
         <footer><p>© Example. All rights reserved.</p></footer></body></html>"
    )
}

fn ld(fields: &str) -> String {
    format!(
        "<script type=application/ld+json>{{\"@type\":\"NewsArticle\",\"headline\":\"Work on the \
         dam goes on\",\"datePublished\":\"2024-02-01T10:00:00Z\"{fields}}}</script>"
    )
}

#[test]
fn how_much_of_the_article_the_text_is_is_told_from_walls_cuts_and_counts() {
    use TextStatus::{Full, Partial, Paywalled};
    let (short, long) = (html(&prose(2)), html(&prose(14)));
    let cut = html(&prose(2)).replace("granted.</p>", "granted…</p>");
    let wall = "<div class=wall><p>To continue reading, subscribe or log in.</p></div>";
    let part = ",\"hasPart\":{\"@type\":\"WebPageElement\",\"isAccessibleForFree\":\"False\",\
                \"cssSelector\":\".paid\"}";
    let table: [(&str, String, TextStatus); 15] = [
        ("free and whole", page(&ld(""), &long), Full),
        ("free and short", page(&ld(""), &short), Full),
        ("said to be paid", page(&ld(",\"isAccessibleForFree\":false"), &short), Paywalled),
        ("in words", page(&ld(",\"isAccessibleForFree\":\"False\""), &short), Paywalled),
        (
            "as an address",
            page(&ld(",\"isAccessibleForFree\":\"http://schema.org/False\""), &short),
            Paywalled,
        ),
        ("a part of it is", page(&ld(part), &short), Paywalled),
        ("paid, yet shown", page(&ld(",\"isAccessibleForFree\":false"), &long), Full),
        ("a tier", page("<meta property=article:content_tier content=locked>", &short), Paywalled),
        ("free tier", page("<meta property=article:content_tier content=free>", &short), Full),
        ("a wall", page(&ld(""), &format!("{cut}{wall}")), Paywalled),
        ("an offer below a whole text", page(&ld(""), &format!("{long}{wall}")), Full),
        ("cut off", page(&ld(""), &cut), Partial),
        ("states more words", page(&ld(",\"wordCount\":900"), &short), Partial),
        ("states as many words", page(&ld(",\"wordCount\":\"65\""), &short), Full),
        (
            "a wall in Russian",
            page(&ld(""), &format!("{cut}<p>Материал доступен по подписке. Войдите.</p>")),
            Paywalled,
        ),
    ];
    for (kind, html, status) in table {
        let article = read_html(&html).expect(kind);
        assert_eq!(article.text_status, status, "{kind}: {:?}", article.extraction);
        assert_eq!(
            article.extraction.warnings.is_empty(),
            status == Full && kind != "paid, yet shown"
        );
    }
}

#[test]
fn what_is_no_article_is_refused_by_its_kind() {
    let links = |n: usize| -> String {
        (0..n)
            .map(|n| {
                format!(
                    "<li><a href=/news/{n}>Council number {n} decides on the new bridge</a> 3 March"
                )
            })
            .collect()
    };
    let table: [(&str, &str, String); 12] = [
        ("/news/1", "error", "<title>Page not found</title><h1>Sorry</h1><p>We cannot find it.</p>".into()),
        (
            "/news/1",
            "error",
            "<title>Oops - Example</title><h1>Oops</h1><p>Something went wrong on our side, please \
             try the home page or the search.</p>"
                .into(),
        ),
        (
            "/news/1",
            "error",
            "<title>Example</title><h1>404</h1><p>The page you look for is gone.</p>".into(),
        ),
        ("/news/1", "error", "<title>Доступ ограничен</title><p>Подождите.</p>".into()),
        (
            "/news/1",
            "error",
            "<title>example.org</title><p>Please verify you are human to continue.</p>".into(),
        ),
        (
            "/consent?next=1",
            "consent",
            "<title>Example</title><p>We value your privacy. We and our 800 partners store cookies. \
             </p><button>Accept all</button><button>Reject all</button><a>Manage options</a>"
                .into(),
        ),
        ("/", "front", format!("<title>Example</title><h1>News</h1><ul>{}</ul>", links(40))),
        (
            "/politics/",
            "front",
            format!(
                "<meta property=og:type content=website><title>Politics</title><h1>Politics</h1>\
                 <ul>{}</ul>",
                links(40)
            ),
        ),
        (
            "/news/1",
            "script",
            "<title>Example</title><div id=root></div><script src=/app.js></script>\
             <script>window.boot()</script><noscript>You need to enable JavaScript.</noscript>"
                .into(),
        ),
        (
            "/news/1",
            "script",
            "<title>Redirect</title><meta http-equiv=refresh content='0;url=/x'><p>Wait.</p>".into(),
        ),
        ("/news/1", "empty", "<html><body></body></html>".into()),
        ("/news/1", "not html", "%PDF-1.7 ...".into()),
    ];
    for (path, kind, html) in table {
        let refused = read_at(html.as_bytes(), &format!("https://example.org{path}"), None);
        let is_kind = match &refused {
            Err(NotAnArticle::ErrorPage(_)) => kind == "error",
            Err(NotAnArticle::ConsentPage) => kind == "consent",
            Err(NotAnArticle::FrontPage) => kind == "front",
            Err(NotAnArticle::NeedsJavaScript) => kind == "script",
            Err(NotAnArticle::Empty) => kind == "empty",
            Err(NotAnArticle::NotHtml(_)) => kind == "not html",
            Err(NotAnArticle::Hostile(_)) | Ok(_) => false,
        };
        assert!(is_kind, "{kind}: {refused:?} of {html:.200}");
    }
    // What looks like one of them and is an article.
    let about = "<p>Page not found was what visitors of the city's site read for a week, and the \
                 council accepts all blame: cookies, consent and privacy had cost it a month.</p>";
    let html = page(&ld(""), &format!("{about}{}", html(&prose(3))));
    read_html(&html).expect("an article about errors and consent");
}

#[test]
fn the_text_is_taken_from_a_scripts_state_in_each_of_its_usual_shapes() {
    let paragraphs = prose(5);
    let body = html(&paragraphs);
    let elements: Vec<serde_json::Value> = paragraphs
        .iter()
        .flat_map(|text| {
            [json!({"type": "text", "content": text}), json!({"type": "image", "caption": "A dam"})]
        })
        .collect();
    let blocks: Vec<serde_json::Value> =
        paragraphs.iter().map(|text| json!({"type": "paragraph", "text": text})).collect();
    // Other stories of the page have texts too, and shorter ones.
    let other =
        json!({"headline": "Other", "body": format!("<p>{}</p>", "Short words. ".repeat(35))});
    let next = |props: serde_json::Value| {
        let state = json!({"props": {"pageProps": props}, "page": "/news/[id]"});
        format!("<script id=__NEXT_DATA__ type=application/json>{state}</script>")
    };
    let table = [
        (
            "Next.js, HTML",
            next(json!({"article": {"title": "x", "bodyHtml": body}, "more": [other]})),
        ),
        ("Next.js, blocks", next(json!({"story": {"blocks": blocks}}))),
        (
            "Fusion",
            format!(
                "<script id=fusion-metadata>window.Fusion=window.Fusion||{{}};Fusion.arcSite=\"x\";\
                 Fusion.globalContent={};Fusion.globalContentConfig={{\"source\":\"s\"}};</script>",
                json!({"_id": "A", "content_elements": elements, "related": [other]})
            ),
        ),
        (
            "an initial state",
            format!(
                "<script>window.__INITIAL_STATE__ = {};</script>",
                json!({"news": {"detail": {"content": paragraphs.join("\n\n")}}})
            ),
        ),
        (
            "JSON in a string",
            format!(
                "<script>window.__PRELOADED_STATE__ = JSON.parse({});</script>",
                json!(json!({"article": {"body": body}}).to_string())
            ),
        ),
        (
            "a state of JSON alone",
            format!(
                "<script type=application/json data-page>{}</script>",
                json!({"article": {"content_html": body}})
            ),
        ),
    ];
    for (kind, script) in table {
        let html = format!(
            "<html lang=en><head><title>Work on the dam goes on</title>{script}</head><body><div \
             id=app><h1>Work on the dam goes on</h1></div></body></html>"
        );
        let article = read_html(&html).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(article.extraction.method, "script-state", "{kind}");
        assert_eq!(super::paragraphs(&article), paragraphs, "{kind}");
    }
}

#[test]
fn a_text_for_who_runs_no_scripts_is_read_and_a_notice_about_them_is_not() {
    let read = |noscript: &str| {
        read_html(&format!(
            "<html lang=en><head><title>Work on the dam goes on</title><noscript><style>b{{}}\
             </style></noscript></head><body><div id=app></div><script>window.boot()</script>\
             <noscript><img src=/counter.gif></noscript><noscript>{noscript}</noscript></body></html>"
        ))
    };
    let paragraphs = prose(5);
    let menu = "<ul><li><a href=/a>Home</a><li><a href=/b>Sport</a></ul>";
    let article = read(&format!("{menu}<article>{}</article>", html(&paragraphs)));
    let article = article.expect("an article");
    assert_eq!(article.extraction.method, "noscript");
    assert_eq!(super::paragraphs(&article), paragraphs);
    let notice = "<p>This page needs JavaScript, and your browser does not run it. Open the \
                  settings of your browser, look for the security tab, and allow this site to run \
                  its scripts.</p>";
    let refused = read(&notice.repeat(2));
    assert!(matches!(refused, Err(NotAnArticle::NeedsJavaScript)), "{refused:?}");
}

#[test]
fn each_post_of_a_live_blog_stands_apart_with_its_time() {
    let posts = prose(3);
    let told = |n: usize| posts.get(n).expect("a post").as_str();
    let is_live = "<script type=application/ld+json>{\"@type\":\"LiveBlogPosting\",\"headline\":\
                   \"Storm live\",\"datePublished\":\"2022-01-05T06:00:00Z\"}</script>";
    let times = ["11:40", "10.05", "9:30"];
    let shapes: [(&str, &dyn Fn(usize) -> String); 4] = [
        ("articles", &|n| {
            format!(
                "<article class=live-post><time datetime=2022-01-05T0{n}:00Z>{}</time><p>{}</p>\
                 </article>",
                times[n],
                told(n)
            )
        }),
        ("list items", &|n| {
            format!(
                "<li class=update><span class=meta><time>{}</time></span><div><p>{}</p></div></li>",
                times[n],
                told(n)
            )
        }),
        ("headed by headlines", &|n| {
            format!(
                "<div class=post><time>{}</time><h3>Headline of {n}</h3><p>{}</p></div>",
                times[n],
                told(n)
            )
        }),
        ("time behind the headline", &|n| {
            format!(
                "<section class=entry><h2>Headline of {n}</h2><div><time>{}</time></div><p>{}</p>\
                 </section>",
                times[n],
                told(n)
            )
        }),
    ];
    for (shape, post) in shapes {
        let all: String = (0..3).map(post).collect();
        let html = format!(
            "<html lang=en><head><title>Storm live</title>{is_live}</head><body><main><h1>Storm \
             live</h1><div class=liveblog>{all}</div></main></body></html>"
        );
        let article = read_html(&html).expect(shape);
        let lines = paragraphs(&article);
        for (n, time) in times.iter().enumerate() {
            let at = |text: &str| {
                lines
                    .iter()
                    .position(|line| *line == text)
                    .unwrap_or_else(|| panic!("{shape}: no {text:?} in {:#?}", article.text))
            };
            let (time, text) = (at(time), at(told(n)));
            assert!(time < text && text - time <= 2, "{shape}: {:#?}", article.text);
        }
    }
    // Posts that JavaScript would show stand in the page's own statement.
    let updates: Vec<serde_json::Value> = (0..3)
        .map(|n| {
            json!({
                "@type": "BlogPosting", "headline": format!("Headline of {n}"),
                "datePublished": format!("2022-01-05T0{n}:10:00Z"), "articleBody": told(n),
            })
        })
        .collect();
    let stated = json!({
        "@type": "LiveBlogPosting", "headline": "Storm live", "liveBlogUpdate": updates,
        "datePublished": "2022-01-05T00:00:00Z",
    });
    let html = format!(
        "<html lang=en><head><title>Storm live</title><script type=application/ld+json>{stated}\
         </script></head><body><h1>Storm live</h1><div id=app></div></body></html>"
    );
    let article = read_html(&html).expect("a live blog");
    let mut expected = Vec::new();
    for n in 0..3 {
        expected.push(format!("2022-01-05T0{n}:10:00Z"));
        expected.push(format!("Headline of {n}"));
        expected.push(told(n).to_owned());
    }
    assert_eq!(paragraphs(&article), expected);
    assert_eq!(article.extraction.method, "jsonld");
}

#[test]
fn captions_and_credits_are_no_part_of_the_text() {
    let text = prose(4);
    let caption = "Engineers look at the eastern dam on the first day of the work, which is to last \
                   until spring. Photo: Ann Reed";
    let shapes = [
        format!("<figure><img src=a.jpg><figcaption>{caption}</figcaption></figure>"),
        format!(
            "<figure class=wp-caption><img src=a.jpg><p class=wp-caption-text>{caption}</p></figure>"
        ),
        format!("<div class=image><img src=a.jpg><div class=image-caption>{caption}</div></div>"),
        format!("<div class=media><img src=a.jpg><span class=caption>{caption}</span></div>"),
        format!(
            "<figure><img src=a.jpg><figcaption><p>{caption}</p><small>Agency</small></figcaption>\
             </figure>"
        ),
    ];
    for shape in shapes {
        let [a, b, c, d] = &text[..] else { panic!("four paragraphs") };
        let html = page(&ld(""), &format!("<p>{a}</p><p>{b}</p>{shape}<p>{c}</p><p>{d}</p>"));
        let article = read_html(&html).expect("an article");
        assert_eq!(paragraphs(&article), text, "{shape}");
        let [image] = &article.images[..] else { panic!("{:?} {shape}", article.images) };
        assert!(image.url.ends_with("/a.jpg"), "{image:?}");
        let read = image.caption.as_deref().unwrap_or_default();
        assert!(read.starts_with(caption), "{image:?} {shape}");
    }
}

#[test]
fn an_image_of_the_article_is_told_from_those_of_other_stories() {
    let text = prose(4);
    let [a, b, c, d] = &text[..] else { panic!("four paragraphs") };
    let article = format!(
        "<figure><img src=\"data:image/gif;base64,R0\" data-src=/late.jpg></figure><p>{a}</p>\
         <img src=/pixel.gif><p>{b}</p><p>{c}</p><p>{d}</p>"
    );
    let others = "<aside class=related><figure><img src=/other.jpg><figcaption>Another story of \
                  the day</figcaption></figure></aside>";
    let stated = ",\"image\":{\"@type\":\"ImageObject\",\"url\":\"/late.jpg\",\
                  \"caption\":\"The dam at dawn\"}";
    let read = |stated: &str| {
        let html = page(&ld(stated), &format!("<article>{article}</article>{others}"));
        read_html(&html).expect("an article").images
    };
    let [image] = &read("")[..] else { panic!("{:?}", read("")) };
    assert!(image.url.ends_with("/late.jpg") && image.caption.is_none(), "{image:?}");
    let [image] = &read(stated)[..] else { panic!("{:?}", read(stated)) };
    assert_eq!(image.caption.as_deref(), Some("The dam at dawn"));
}

#[test]
fn the_next_article_that_a_page_scrolls_into_is_no_part_of_this_one() {
    let text = prose(12);
    let (this, next) = text.split_at(6);
    let unit = |title: &str, text: &[String]| {
        format!("<div class=unit><h2>{title}</h2><div class=story>{}</div></div>", html(text))
    };
    let page = format!(
        "<title>Work on the dam goes on</title>{}<main>{}{}{}</main>",
        ld(""),
        unit("Work on the dam goes on", this),
        unit("Ferry to sail again", next),
        unit("Ferry is late", next)
    );
    let article = read_html(&page).expect("an article");
    assert_eq!(paragraphs(&article), this);
}

#[test]
fn a_text_that_stands_once_more_in_one_piece_is_read_from_its_paragraphs() {
    let text = prose(7);
    let whole = format!("<div>{}</div>", text.join(" "));
    let article = read_html(&page(&ld(""), &(whole + &html(&text)))).expect("an article");
    assert_eq!(paragraphs(&article), text);
}

#[test]
fn what_pops_up_over_a_word_is_not_read_in_the_middle_of_its_sentence() {
    let text = prose(4);
    let card = "engineers<span class=rollover-block><a href=/e>Engineers</a><a href=/s>Strike of \
                the engineers</a></span>";
    let body = html(&text).replace("engineers", card);
    let article = read_html(&page(&ld(""), &body)).expect("an article");
    assert_eq!(paragraphs(&article), text);
}
