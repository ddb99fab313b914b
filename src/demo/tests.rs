//! Tests of the demo's site.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer::{Answer, Asked, Memory, answer},
    outlet::World,
};

fn world() -> World {
    let ports = super::outlet::outlets()
        .unwrap()
        .into_iter()
        .zip(28_610..)
        .map(|(outlet, port)| (outlet.id, port))
        .collect();
    World::new(ports).unwrap()
}

/// Asks for an absolute address, with a validator.
fn ask(world: &World, memory: &mut Memory, url: &str, etag: Option<&str>) -> (u16, String, String) {
    let url: url::Url = url.parse().unwrap();
    let (outlet, _) = world.ports.iter().find(|(_, port)| Some(**port) == url.port()).unwrap();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let asked = Asked {
        outlet: outlet.clone(),
        path: format!("{}{query}", url.path()),
        if_none_match: etag.map(str::to_owned),
    };
    let Answer::Whole { status, headers, body } = answer(world, memory, &asked) else {
        panic!("{url} is not answered whole")
    };
    let headers: BTreeMap<_, _> = headers.into_iter().collect();
    let body = match headers.get("content-type").map(String::as_str) {
        Some("text/html") if body.windows(12).any(|part| part == b"windows-1251") => {
            encoding_rs::WINDOWS_1251.decode(&body).0.into_owned()
        }
        _ => String::from_utf8(body).unwrap(),
    };
    (status, headers.get("etag").cloned().unwrap_or_default(), body)
}

#[test]
fn every_date_of_the_content_can_be_read() {
    for article in &world().articles {
        assert!(article.published.parse::<jiff::Timestamp>().is_ok(), "{}", article.name);
        if let Some(revised) = &article.revised {
            assert!(revised.at.parse::<jiff::Timestamp>().is_ok(), "{}", article.name);
        }
    }
}

#[test]
fn every_copy_names_an_article_and_every_article_an_outlet() {
    let world = world();
    for article in &world.articles {
        assert!(world.outlet(&article.outlet).is_some(), "{}", article.name);
        assert!(article.edition(false).blocks.len() >= 4, "{} is too short", article.name);
        if let Some(second) = &article.second_address {
            assert!(world.feeds().iter().any(|feed| feed.id == second.feed), "{}", article.name);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test looks for forgotten files")]
fn every_content_file_is_served() {
    let files: BTreeSet<String> =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo/content"))
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| !["furniture", "newswatch", "outlets", "rules"].contains(&name.as_str()))
            .collect();
    let served: BTreeSet<String> =
        world().articles.iter().map(|article| article.name.to_owned()).collect();
    assert_eq!(files, served);
}

#[test]
fn every_page_has_its_title_and_all_its_paragraphs() {
    let world = world();
    for expectation in super::expected::of(&world) {
        let memory = &mut Memory::default();
        let (mut status, _, mut body) = ask(&world, memory, &expectation.url, None);
        if status == 429 {
            (status, _, body) = ask(&world, memory, &expectation.url, None);
        }
        if expectation.outcome == super::Outcome::Kept(crate::article::TextStatus::FeedOnly) {
            continue;
        }
        assert_eq!(status, 200, "{}", expectation.url);
        assert!(body.contains(&crate::text::escape_xml(&expectation.title)), "{}", expectation.url);
        for paragraph in &expectation.paragraphs {
            assert!(body.contains(&crate::text::escape_xml(paragraph)), "{paragraph}");
        }
    }
}

#[test]
fn what_stands_behind_the_wall_is_not_sent() {
    let world = world();
    let article = world.articles.iter().find(|article| article.name == "caoyuan-fenxi").unwrap();
    let hidden = article.body.trim().rsplit("\n\n").next().unwrap();
    let url = world.address(&article.outlet, &article.path);
    let (_, _, body) = ask(&world, &mut Memory::default(), &url, None);
    assert!(!body.contains(hidden));
}

#[test]
fn a_validator_is_answered_304_on_feeds_and_pages() {
    let world = world();
    let mut memory = Memory::default();
    let urls = world.feeds().into_iter().filter(|feed| !feed.fails).map(|feed| feed.url);
    for url in urls.chain([world.address("meridian", "/story/40217")]) {
        memory.edit_after = None;
        let (status, etag, _) = ask(&world, &mut memory, &url, None);
        assert_eq!(status, 200);
        assert_eq!(ask(&world, &mut memory, &url, Some(&etag)).0, 304, "{url}");
    }
}

#[test]
fn the_second_edition_comes_out_after_the_first_answer_and_changes_feed_and_page() {
    let world = world();
    let mut memory = Memory::default();
    let feed = world.address("vestnik", "/news.atom");
    let page = world.address("vestnik", "/2022/01/17/vyvod-kontingenta.html");
    let (_, first, _) = ask(&world, &mut memory, &feed, None);
    let (_, _, first_page) = ask(&world, &mut memory, &page, None);
    let (status, second, body) = ask(&world, &mut memory, &feed, Some(&first));
    assert_eq!(status, 200);
    assert_ne!(first, second);
    assert!(body.contains("<updated>2022-01-19T19:25:00+06:00</updated>"));
    assert_ne!(first_page, ask(&world, &mut memory, &page, None).2);
    assert_eq!(ask(&world, &mut memory, &feed, Some(&second)).0, 304);
}

#[test]
fn a_restarted_site_gives_who_has_the_second_edition_the_second() {
    let world = world();
    let feed = world.address("vestnik", "/news.atom");
    let mut before = Memory::default();
    before.second_edition = true;
    let (_, second, _) = ask(&world, &mut before, &feed, None);
    assert_eq!(ask(&world, &mut Memory::default(), &feed, Some(&second)).0, 304);
}

#[test]
fn a_busy_page_refuses_once() {
    let world = world();
    let mut memory = Memory::default();
    let page = world.address("courier", "/news/2022/01/14/almaty-airport-reopens?utm_source=rss");
    assert_eq!(ask(&world, &mut memory, &page, None).0, 429);
    assert_eq!(ask(&world, &mut memory, &page, None).0, 200);
}

#[test]
fn the_broken_feed_ends_in_its_last_title() {
    let world = world();
    let (_, _, body) =
        ask(&world, &mut Memory::default(), &world.address("bulletin", "/feed/"), None);
    assert_eq!(body.matches("<item>").count(), 3);
    assert_eq!(body.matches("</item>").count(), 2);
    assert!(body.ends_with("<title>Bazaar"));
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test makes a file as a kill leaves it")]
async fn a_folder_remembers_its_ports() {
    let folder = tempfile::tempdir().unwrap();
    // As a kill leaves it.
    std::fs::write(folder.path().join(super::site::PORTS_FILE), "").unwrap();
    let site = super::Site::start_in(folder.path()).await.unwrap();
    let feeds = site.feeds.clone();
    assert!(
        super::Site::start_in(folder.path()).await.unwrap_err().to_string().contains("ports"),
        "a second demo on the same folder does not move to other ports",
    );
    drop(site);
    // The listeners close when the runtime next runs the aborted tasks.
    tokio::task::yield_now().await;
    let again = super::Site::start_in(folder.path()).await.unwrap();
    assert_eq!(feeds, again.feeds);
}

/// The bytes that an address answers until the connection closes.
async fn get(url: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let url: url::Url = url.parse().unwrap();
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", url.port().unwrap())).await?;
    let request = format!("GET {} HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n", url.path());
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn faults_are_answered_and_logged() {
    let site = super::Site::start().await.unwrap();
    let url = site.feeds.iter().find(|feed| feed.id == "fil").unwrap().url.clone();
    site.script(&url, Some(super::Fault::Status(500)));
    assert!(get(&url).await.unwrap().starts_with("HTTP/1.1 500"));
    site.script(&url, Some(super::Fault::Empty));
    assert!(get(&url).await.unwrap().ends_with("\r\n\r\n"));
    site.script(&url, Some(super::Fault::Close));
    let cut = get(&url).await.unwrap_or_default();
    assert!(!cut.ends_with("0\r\n\r\n"), "the last chunk does not come: {cut}");
    site.script(&url, Some(super::Fault::Hang));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(50), get(&url)).await;
    assert!(waited.is_err());
    site.script(&url, None);
    assert!(get(&url).await.unwrap().contains("</rss>"));
    let statuses: Vec<_> = site.log().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(500), Some(200), Some(200), None, Some(200)]);
}

#[tokio::test]
async fn the_demo_is_an_ordinary_configuration_without_fault() {
    let folder = tempfile::tempdir().unwrap();
    let site = super::Site::start().await.unwrap();
    let config = site.write_config(folder.path()).unwrap();
    let options = crate::config::LoadOptions {
        config: Some(config),
        cwd: folder.path().to_owned(),
        ..Default::default()
    };
    let loaded = crate::config::load(&options).unwrap();
    let ids: Vec<_> = loaded.config.feeds.iter().map(|feed| feed.id.as_str()).collect();
    let expected: Vec<_> = site.feeds.iter().map(|feed| feed.id.as_str()).collect();
    assert_eq!(ids, expected);
    assert!(loaded.paths.archive.starts_with(folder.path()));
}
