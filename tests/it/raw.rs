//! The answers that records came from: kept as WARC files, readable by other programs.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
};

use newswatch::demo::Site;
use serde_json::Value;

use crate::support::workspace::{QUICK, Workspace};

/// A pass over the demo that keeps what it reads.
async fn kept() -> (Site, Workspace) {
    let site = Site::start().await.unwrap();
    let workspace = Workspace::of_demo(&site);
    workspace.write("config/newswatch.toml", &format!("[archive]\nraw = \"warc\"\n{QUICK}"));
    workspace.run(&["once"]).expect(&[3]);
    (site, workspace)
}

fn of_page(record: &Value) -> bool {
    !record["content_type"].is_null()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_a_page_leads_to_the_page_as_it_came() {
    let (_site, workspace) = kept().await;
    let records = workspace.records();
    assert!(
        records.iter().any(|record| !of_page(record)),
        "the demo has articles of the feed only"
    );
    for record in &records {
        assert_eq!(record["raw_ref"].is_string(), of_page(record), "{record:#}");
    }
    let record = records.iter().find(|record| of_page(record)).unwrap();
    let id = record["id"].as_str().unwrap();
    let page = workspace.command(&["archive", "raw", id]).output().unwrap().stdout;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("<html") && page.contains("</html>"), "{page}");
    let shown = workspace.run(&["archive", "show", id]).expect(&[0]).stdout;
    assert!(shown.contains(record["raw_ref"].as_str().unwrap()), "{shown}");
    let verified = workspace.run(&["--json", "archive", "verify"]).expect(&[0]).stdout;
    let verified: Value = serde_json::from_str(&verified).unwrap();
    assert_eq!(verified["raw"], records.iter().filter(|record| of_page(record)).count());

    let file = warc(&workspace);
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let told = workspace.run(&["archive", "verify"]).expect(&[1]).stdout;
    assert!(told.contains("what the record came from"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_review_gives_a_kept_page_to_be_saved_and_never_shows_it() {
    let (_site, workspace) = kept().await;
    let records = workspace.records();
    let served = crate::review::Served::start(&workspace, &[]);
    let get = |path: &str| {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", served.address());
        write!(stream, "{head}Connection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let id = records.iter().find(|record| of_page(record)).unwrap()["id"].as_str().unwrap();
    assert!(get(&format!("/article/{id}")).contains(&format!("/raw/{id}")));
    let answer = get(&format!("/raw/{id}"));
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(head.contains("content-disposition: attachment;"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    assert!(page.contains("<html"), "{page}");
    let without = records.iter().find(|record| !of_page(record)).unwrap();
    let without = without["id"].as_str().unwrap();
    assert!(!get(&format!("/article/{without}")).contains(&format!("/raw/{without}")));
    assert!(get(&format!("/raw/{without}")).starts_with("HTTP/1.1 404"));
}

fn warc(workspace: &Workspace) -> PathBuf {
    workspace.segments().remove(0).with_extension("warc.gz")
}

/// Reads the file as warcio does, checks its digests, and looks every page up as pywb does.
const READ: &str = r#"
import json, sys
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker
from pywb.indexer.cdxindexer import write_cdx_index
import argparse, io
path = sys.argv[1]
class Arguments: inputs = [path]; verbose = False
checker = Checker(Arguments)
checker.process_all()
out = {"problems": checker.exit_value, "kinds": [], "pages": {}}
with open(path, "rb") as stream:
    for record in ArchiveIterator(stream, check_digests="raise"):
        out["kinds"].append(record.rec_type)
        body = record.content_stream().read()
        if record.rec_type == "response":
            out["pages"][record.rec_headers.get_header("WARC-Target-URI")] = body.hex()
index = io.BytesIO()
with open(path, "rb") as stream:
    write_cdx_index(index, stream, "a.warc.gz", cdxj=True, include_all=True)
out["index"] = [json.loads(line.split(" ", 2)[2]) for line in index.getvalue().decode().splitlines()]
print(json.dumps(out))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn warcio_and_pywb_read_what_is_kept() {
    let python = std::env::var("WARC_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python).args(["-c", "import warcio, pywb"]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!("skipped: {python} has no warcio and pywb; WARC_PYTHON names another one");
        return;
    }
    let (_site, workspace) = kept().await;
    let records = workspace.records();
    let read = Command::new(&python).args(["-c", READ]).arg(warc(&workspace)).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["problems"], 0, "{read:#}");
    let kinds: Vec<&str> =
        read["kinds"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect();
    assert_eq!(kinds[0], "warcinfo");
    let count = |kind: &str| kinds.iter().filter(|other| **other == kind).count();
    let pages = records.iter().filter(|record| of_page(record)).count();
    assert_eq!(count("response") + count("revisit"), pages);
    assert_eq!(count("request"), pages);
    for record in records.iter().filter(|record| of_page(record)) {
        let url = record["final_url"].as_str().unwrap();
        let place = record["raw_ref"].as_str().unwrap().split_once(':').unwrap().1;
        let offset = place.split('+').next().unwrap();
        let is_there = |entry: &&Value| entry["url"] == url && entry["offset"] == offset;
        let entry = read["index"].as_array().unwrap().iter().find(is_there);
        assert!(entry.is_some(), "pywb does not find {url} at {offset}: {read:#}");
        let id = record["id"].as_str().unwrap();
        let page = workspace.command(&["archive", "raw", id]).output().unwrap().stdout;
        if let Some(body) = read["pages"][url].as_str() {
            let hex: String = page.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, body, "{url}");
        }
    }
}
