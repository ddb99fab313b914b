//! Pages on the whole way: each becomes a record with title and text.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::support::{
    server::Server,
    workspace::{QUICK, Workspace},
};

/// Pages a set; all sets together are read in one pass.
const SAMPLE: usize = 20;

const OWN: &str = "articles";

struct Page {
    set: &'static str,
    id: String,
    title: Option<String>,
    text: String,
    /// Compressed by gzip.
    bytes: Vec<u8>,
}

impl Page {
    fn path(&self) -> String {
        format!("/{}/{}.html", self.set, self.id)
    }
}

/// The project's own pages, each beside its title and text.
fn own() -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/articles");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "html"));
    paths.sort();
    let page = |path: &PathBuf| {
        let truth = fs::read_to_string(path.with_extension("txt")).unwrap();
        let (title, text) = truth.split_once("\n\n").unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&fs::read(path).unwrap()).unwrap();
        Page {
            set: OWN,
            id: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            title: Some(title.to_owned()),
            text: text.trim_end().to_owned(),
            bytes: packed.finish().unwrap(),
        }
    };
    paths.iter().map(page).collect()
}

/// A sample of the development data beside the project, where it is there.
fn collected() -> Vec<Page> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/extraction"));
    let mut pages = Vec::new();
    if !folder.is_dir() {
        println!("skipped: there are no collected pages in {}", folder.display());
        return pages;
    }
    for set in ["aeb", "aed", "fundus"] {
        let truth = fs::read_to_string(folder.join(set).join("truth.jsonl")).unwrap();
        let truth: Vec<&str> = truth.lines().collect();
        for line in truth.iter().step_by(truth.len() / SAMPLE).take(SAMPLE) {
            let truth: Value = serde_json::from_str(line).unwrap();
            let id = truth["id"].as_str().unwrap().to_owned();
            pages.push(Page {
                set,
                title: truth["title"].as_str().map(str::to_owned),
                text: truth["text"].as_str().unwrap().to_owned(),
                bytes: fs::read(folder.join(set).join("html").join(format!("{id}.html.gz")))
                    .unwrap(),
                id,
            });
        }
    }
    pages
}

fn answer(content_type: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{encoding}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len(),
    );
    [head.as_bytes(), body].concat()
}

fn feed(pages: &[Page]) -> String {
    let mut items = String::new();
    for page in pages {
        items.push_str("<item>");
        if let Some(title) = &page.title {
            let title = title.replace('&', "&amp;").replace('<', "&lt;");
            items.push_str(&["<title>", &title, "</title>"].concat());
        }
        items.push_str(&["<link>", &page.path(), "</link></item>\n"].concat());
    }
    ["<rss version=\"2.0\"><channel><title>Pages</title>\n", &items, "</channel></rss>"].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_becomes_one_record_with_title_and_text() {
    let pages: Vec<Page> = own().into_iter().chain(collected()).collect();
    let served: Vec<(String, Vec<u8>)> = pages
        .iter()
        .map(|page| (page.path(), answer("text/html", "content-encoding: gzip\r\n", &page.bytes)))
        .chain([(
            "/feed.xml".to_owned(),
            answer("application/rss+xml", "", feed(&pages).as_bytes()),
        )])
        .collect();
    let site = Server::of_answers(move |path| {
        let found = served.iter().find(|(own, _)| own == path);
        found.map_or_else(
            || b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            |it| it.1.clone(),
        )
    })
    .await;
    let workspace = Workspace::new(&format!("{QUICK}\n[topic]\nkeep = \"everything\"\n"));
    let url = site.url("/feed.xml");
    workspace.write("config/feeds.toml", &format!("[[feed]]\nid = \"pages\"\nurl = \"{url}\"\n"));
    let ran = workspace.run(&["once"]).expect(&[0]);
    let records = workspace.records();
    let mut overlaps = Vec::new();
    for page in &pages {
        let url = site.url(&page.path());
        let found: Vec<_> = records.iter().filter(|record| record["url"] == url.as_str()).collect();
        let [record] = found[..] else {
            panic!("{} records of {}: {ran:#?}", found.len(), page.path())
        };
        assert!(record["title"].as_str().is_some_and(|title| !title.is_empty()), "{record:#}");
        let text = record["text"].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{}: {record:#}", page.path());
        if page.set == OWN {
            assert_eq!(record["title"].as_str(), page.title.as_deref(), "{}", page.path());
            assert_eq!(text, page.text, "{}", page.path());
        }
        overlaps.push((overlap(text, &page.text), page.path()));
    }
    assert_eq!(records.len(), pages.len());
    overlaps.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mean = overlaps.iter().map(|(overlap, _)| overlap).sum::<f64>() / overlaps.len() as f64;
    println!("words shared with the truth: {mean:.3} on average, worst {:?}", &overlaps[..5]);
    assert!(mean > 0.9, "{mean}: {overlaps:#?}");
}

/// Share of the words of either text that stand in both (Dice).
fn overlap(one: &str, other: &str) -> f64 {
    let words =
        |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (one, other) = (words(one), words(other));
    2.0 * one.intersection(&other).count() as f64 / (one.len() + other.len()) as f64
}
