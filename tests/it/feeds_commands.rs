//! `newswatch feeds …` against a server on loopback: what is found, what is asked, what is written.

use std::fs;

use crate::support::{
    bombs,
    server::{Server, answer},
    tls,
    workspace::{QUICK, Workspace},
};

const RSS: &str = "<rss version=\"2.0\"><channel><title>The Courier</title><language>en_US</language>\
    <item><title>One</title><link>/1</link><pubDate>Sun, 16 Jan 2022 10:00:00 GMT</pubDate></item>\
    </channel></rss>";
const NEWS: &str = "<urlset><url><loc>/1</loc><lastmod>2022-01-16</lastmod></url></urlset>";
const MINE: &str =
    "# mine\n\n# the first\n[[feed]]\nid = \"first\"\nurl = \"https://first.example/rss\"\n";

fn xml(body: &str) -> Vec<u8> {
    answer("200 OK", &[("content-type", "text/xml")], body.as_bytes())
}

fn page(links: &str) -> Vec<u8> {
    let page = format!("<html><head><title>Home</title>{links}</head><body>Hello</body></html>");
    answer("200 OK", &[("content-type", "text/html")], page.as_bytes())
}

fn missing() -> Vec<u8> {
    answer("404 Not Found", &[], b"")
}

fn workspace() -> Workspace {
    let workspace = Workspace::new(QUICK);
    workspace.write("config/feeds.toml", MINE);
    workspace
}

fn feeds_file(workspace: &Workspace) -> String {
    fs::read_to_string(workspace.path().join("config/feeds.toml")).unwrap()
}

/// Runs the program beside the server, which needs this thread's runtime.
async fn run(workspace: &Workspace, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = workspace.command(args);
    let output = tokio::task::spawn_blocking(move || {
        command.stdin(std::process::Stdio::null()).output().unwrap()
    });
    let output = output.await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The paths that were asked for, each of which must have been asked for once.
fn asked(server: &Server) -> Vec<String> {
    let paths: Vec<String> =
        server.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
    let mut once = paths.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), paths.len(), "an address was asked twice: {paths:?}");
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feeds_address_is_added_with_one_request_and_the_file_keeps_its_comments() {
    let server = Server::of_answers(|_| xml(RSS)).await;
    let workspace = workspace();
    let feed = server.url("/rss.xml");
    let add = ["feeds", "add", feed.as_str(), "--country", "KZ", "--tag", "agency"];
    let (code, stdout, stderr) = run(&workspace, &add).await;
    assert_eq!(code, Some(0), "{stderr}");
    let expected = format!(
        "[[feed]]\nid = \"feed-127-0-0-1\"\nurl = \"{feed}\"\nname = \"The Courier\"\n\
         language = \"en-US\"\ncountry = \"KZ\"\ntags = [\"agency\"]\n"
    );
    assert_eq!(stdout, expected);
    assert_eq!(feeds_file(&workspace), format!("{MINE}\n{expected}"));
    assert_eq!(asked(&server), ["/rss.xml"]);

    let (code, stdout, _) = run(&workspace, &add).await;
    assert_eq!(code, Some(0));
    assert!(stdout.contains("configured already"), "{stdout}");
    assert_eq!(asked(&server), [""; 0]);
}

/// What the home page of a site with two feeds says of them.
const TWO_FEEDS: &str = "<link rel=alternate type=application/rss+xml title=News href=/news.xml>\
     <link rel=alternate type=application/rss+xml title=Sport href=/sport.xml>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_with_several_feeds_asks_which() {
    let server = Server::of_answers(|path| match path {
        "/" => page(TWO_FEEDS),
        "/news.xml" => xml(RSS),
        "/robots.txt" => {
            answer("200 OK", &[], b"Sitemap: /x\nSitemap: http://127.0.0.1:1/news.xml")
        }
        _ => missing(),
    })
    .await;
    let workspace = workspace();
    let site = server.url("/");
    let (code, _, stderr) = run(&workspace, &["feeds", "add", site.as_str()]).await;
    assert_eq!(code, Some(1));
    for line in ["1  ", "/news.xml (News)", "/sport.xml (Sport)", "a sitemap", "--choose"] {
        assert!(stderr.contains(line), "{line}: {stderr}");
    }
    assert_eq!(feeds_file(&workspace), MINE);
    assert_eq!(asked(&server), ["/", "/robots.txt"]);

    let choose = ["feeds", "add", site.as_str(), "--choose", "1", "--id", "courier", "--dry-run"];
    let (code, stdout, stderr) = run(&workspace, &choose).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("[[feed]]\nid = \"courier\"\n"), "{stdout}");
    assert_eq!(feeds_file(&workspace), MINE);
    assert_eq!(asked(&server), ["/", "/robots.txt", "/news.xml"]);

    // One that cannot be read is not added.
    let (code, _, stderr) =
        run(&workspace, &["feeds", "add", site.as_str(), "--choose", "2"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("sport.xml cannot be read: HTTP 404"), "{stderr}");
    let (code, _, _) = run(&workspace, &["feeds", "add", site.as_str(), "--choose", "7"]).await;
    assert_eq!((code, feeds_file(&workspace)), (Some(1), MINE.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feeds_of_a_site_keep_their_numbers_when_some_are_configured() {
    let server = Server::of_answers(|path| match path {
        "/" => page(TWO_FEEDS),
        "/news.xml" | "/sport.xml" => xml(RSS),
        _ => missing(),
    })
    .await;
    let workspace = workspace();
    let site = server.url("/");
    let chosen = async |choice: &str| {
        run(&workspace, &["feeds", "add", site.as_str(), "--choose", choice]).await
    };
    assert_eq!(chosen("1").await.0, Some(0));
    let (code, stdout, stderr) = chosen("1").await;
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(stderr.contains("news.xml is configured already"), "{stderr}");
    let (code, _, stderr) = chosen("7").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("\"7\" is no number from 1 to 2"), "{stderr}");
    let (code, stdout, stderr) = chosen("2").await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("/sport.xml\"\n"), "{stdout}");

    let before = feeds_file(&workspace);
    let (code, stdout, stderr) = run(&workspace, &["feeds", "add", site.as_str()]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert_eq!(stderr.matches(" is configured already, as ").count(), 2, "{stderr}");
    assert!(!stderr.contains("no feed was found"), "{stderr}");
    assert_eq!(feeds_file(&workspace), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_names_no_feed_is_tried_where_feeds_usually_are_and_robots_txt_allows() {
    let server = Server::of_answers(|path| match path {
        "/" => page(""),
        "/rss.xml" => xml(RSS),
        "/robots.txt" => answer("200 OK", &[], b"User-agent: *\nDisallow: /feed"),
        _ => missing(),
    })
    .await;
    let workspace = workspace();
    let (code, stdout, stderr) = run(&workspace, &["feeds", "add", server.url("/").as_str()]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("/rss.xml\"\n"), "{stdout}");
    let asked = asked(&server);
    assert!(!asked.iter().any(|path| path.starts_with("/feed")), "{asked:?}");
    assert_eq!(asked.last().unwrap(), "/rss.xml");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_with_nothing_but_a_sitemap_gives_that() {
    let server = Server::of_answers(|path| match path {
        "/" => page(""),
        "/map.xml" => xml(NEWS),
        _ => missing(),
    })
    .await;
    let workspace = workspace();
    let (code, stdout, stderr) =
        run(&workspace, &["feeds", "add", server.url("/map.xml").as_str()]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("kind = \"sitemap\""), "{stdout}");
    let (code, _, stderr) = run(&workspace, &["feeds", "add", server.url("/").as_str()]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no feed was found"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_named_without_a_scheme_is_asked_by_http_where_https_does_not_answer() {
    let workspace = workspace();
    let server = Server::of_answers(|path| match path {
        "/feed" => xml(RSS),
        _ => missing(),
    })
    .await;
    let name = format!("{}/feed", server.address());
    let (code, stdout, stderr) = run(&workspace, &["feeds", "add", &name]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains(&format!("url = \"http://{name}\"")), "{stdout}");
    assert!(stderr.contains(&format!("; trying http://{name}")), "{stderr}");
    let (code, stdout, _) = run(&workspace, &["feeds", "add", &name]).await;
    assert!(code == Some(0) && stdout.contains("is configured already"), "{stdout}");
    let (code, _, stderr) = run(&workspace, &["feeds", "add", &format!("https://{name}")]).await;
    assert!(code == Some(1) && !stderr.contains("trying"), "{stderr}");
    // Somebody answers who is not to be believed.
    let stranger = tls::Authority::new("Unknown").certify("127.0.0.1", 2020..4000);
    let name = tls::serve(stranger).await.to_string();
    let (code, _, stderr) = run(&workspace, &["feeds", "add", &name]).await;
    assert!(code == Some(1) && !stderr.contains("trying"), "{stderr}");
    assert!(stderr.contains(&format!("name it as http://{name}")), "{stderr}");
}

#[test]
fn feeds_are_imported_exported_switched_and_removed() {
    let workspace = workspace();
    let opml = "<opml version='2.0'><body><outline text='Agencies'>\
        <outline type='rss' text='Tass' xmlUrl='https://tass.example/rss' language='ru'/>\
        <outline type='rss' text='First' xmlUrl='https://first.example/rss'/></outline>\
        <outline text='&lt;Odd&gt; \"name\"' xmlUrl='feed://tass.example/en'/>\
        <outline text='Files' xmlUrl='ftp://tass.example/rss'/></body></opml>";
    workspace.write("mine.opml", opml);
    let dry = workspace.run(&["feeds", "import", "mine.opml", "--dry-run"]).expect(&[0]);
    assert_eq!(feeds_file(&workspace), MINE);
    let ran = workspace.run(&["feeds", "import", "mine.opml"]).expect(&[0]);
    assert_eq!(ran.stdout, dry.stdout);
    assert!(ran.stderr.contains("2 of 3 feeds are new, 1 are configured already"), "{ran:?}");
    let told = "left out: ftp://tass.example/rss: ftp is neither http nor https\n";
    assert!(ran.stderr.contains(told), "{ran:?}");
    assert!(feeds_file(&workspace).starts_with(MINE));
    let again = workspace.run(&["feeds", "import", "mine.opml"]).expect(&[0]);
    assert_eq!(again.stdout, "");

    let exported = workspace.run(&["feeds", "export"]).expect(&[0]).stdout;
    let read = newswatch::source::opml::read(exported.as_bytes()).unwrap().feeds;
    let read: Vec<(&str, Option<&str>, Option<&str>)> = read
        .iter()
        .map(|feed| (feed.feed.as_str(), feed.title.as_deref(), feed.language.as_deref()))
        .collect();
    let expected = [
        ("https://first.example/rss", Some("first"), None),
        ("http://tass.example/en", Some("<Odd> \"name\""), None),
        ("https://tass.example/rss", Some("Tass"), Some("ru")),
    ];
    assert!(expected.iter().all(|feed| read.contains(feed)) && read.len() == 3, "{read:?}");

    let enabled = || {
        let list = workspace.run(&["feeds", "list", "--json"]).expect(&[0]).stdout;
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let enabled = list.as_array().unwrap().iter().filter(|feed| feed["enabled"] == true);
        enabled.map(|feed| feed["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    workspace.run(&["feeds", "disable", "tass", "first"]).expect(&[0]);
    assert_eq!(enabled(), ["tass-2"]);
    let exported = workspace.run(&["feeds", "export"]).expect(&[0]);
    assert!(exported.stderr.contains("left out") && exported.stderr.contains(": first, tass\n"));
    let read = newswatch::source::opml::read(exported.stdout.as_bytes()).unwrap().feeds;
    assert!(matches!(&read[..], [feed] if feed.feed.as_str() == "http://tass.example/en"));
    let nobody = workspace.run(&["feeds", "test", "nobody"]).expect(&[1]);
    assert!(nobody.stderr.contains("no feed has the id \"nobody\""), "{}", nobody.stderr);
    workspace.run(&["feeds", "enable", "first"]).expect(&[0]);
    assert_eq!(enabled(), ["first", "tass-2"]);
    let told = |watch: bool| {
        workspace.write("config/newswatch.toml", &format!("[service]\nwatch = {watch}\n"));
        let ids = if watch { "disable" } else { "enable" };
        workspace.run(&["feeds", ids, "tass-2"]).expect(&[0]).stderr
    };
    assert!(told(true).contains("takes it within seconds"));
    assert!(told(false).contains("takes it on `newswatch reload` or SIGHUP"));
    let unknown = workspace.run(&["feeds", "remove", "first", "nobody"]).expect(&[1]);
    assert!(unknown.stderr.contains("no feed with the id \"nobody\""), "{unknown:?}");
    assert!(feeds_file(&workspace).contains("# the first"), "removed half of what was asked");
    workspace.run(&["feeds", "remove", "first"]).expect(&[0]);
    let file = feeds_file(&workspace);
    assert!(file.starts_with("# mine\n") && !file.contains("# the first"), "{file}");
}

#[test]
fn the_first_change_writes_the_built_in_feeds_without_the_schema_that_is_not_beside_them() {
    let workspace = Workspace::new(QUICK);
    workspace.run(&["feeds", "disable", "tengrinews"]).expect(&[0]);
    let file = feeds_file(&workspace);
    assert!(file.starts_with("# Feeds that newswatch polls.") && !file.contains("#:schema"));
}

#[test]
fn feeds_keep_their_ids_on_the_way_through_opml_where_these_are_free() {
    let workspace = workspace();
    let feed = |id: &str, url: &str| format!("\n[[feed]]\nid = \"{id}\"\nurl = \"{url}\"\n");
    let own =
        feed("my-own-name", "https://second.example/rss") + &feed("third", "https://t.example/");
    workspace.write("config/feeds.toml", &own);
    let exported = workspace.run(&["feeds", "export"]).expect(&[0]).stdout;
    // Another program may have the same name for what is none of ours.
    let exported = exported
        .replace("</body>", "<outline text='x' id='42' xmlUrl='http://x.example/'/></body>");
    let ids = |opml: &str| {
        workspace.write("ours.opml", opml);
        let ran = workspace.run(&["feeds", "import", "ours.opml", "--dry-run"]).expect(&[0]);
        let ids = ran.stdout.lines().filter_map(|line| line.strip_prefix("id = "));
        (ids.map(|id| id.trim_matches('"').to_owned()).collect::<Vec<_>>(), ran.stderr)
    };
    workspace.write("config/feeds.toml", MINE);
    assert_eq!(ids(&exported).0, ["my-own-name", "third", "x"]);
    let (ids, told) =
        ids(&exported.replace("id=\"third\"", "id=\"first\"").replace("my-own", "My own"));
    assert_eq!(ids, ["second", "t", "x"]);
    assert!(told.contains("t: the id \"first\" is taken, or can be none"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_wrote_is_read_in_a_worker_by_commands_too() {
    let workspace = workspace();
    let [feed, page] = bombs::heavy();
    workspace.write("page.html", &page);
    let comment = "words and words ".repeat(3 << 20);
    workspace.write("mine.opml", &format!("<opml><!--{comment}--><body/></opml>"));
    let server =
        Server::of_answers(move |path| if path == "/feed" { xml(&feed) } else { missing() }).await;
    let feed = server.url("/feed").to_string();
    for args in [
        &["feeds", "test", &feed][..],
        &["feeds", "add", &feed, "--dry-run"],
        &["site", "test", "page.html"],
        &["site", "new", "page.html"],
        &["topic", "test", "page.html"],
        &["feeds", "import", "mine.opml"],
    ] {
        // A build that is not optimized, on a machine that is busy, takes its time.
        let args = [args, &["--set", "limits.read_timeout=1m"]].concat();
        let (code, _, stderr) = run(&workspace, &args).await;
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        let confined = [&args[..], &["--set", "limits.reader_memory=64MiB"]].concat();
        let (code, _, stderr) = run(&workspace, &confined).await;
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("more than 64 MiB of memory"), "{args:?}: {stderr}");
    }
}
