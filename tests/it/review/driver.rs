//! A real Chromium, driven through chromedriver.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, RwLock},
};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// chromedriver, until it is dropped; with it end its browsers.
pub(super) struct Driver {
    child: Child,
    port: u16,
    proxy: Proxy,
}

impl Driver {
    /// `None`, with a word why, where there is no Chromium or no chromedriver.
    pub(super) fn start() -> Option<Self> {
        for program in ["chromium", "chromedriver"] {
            let ran = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if !ran.is_ok_and(|status| status.success()) {
                println!(
                    "not tested in a browser: there is no {program} (apt-get install chromium chromium-driver)"
                );
                return None;
            }
        }
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port: port.unwrap(), proxy: Proxy::start() })
    }

    /// A browser; `more` goes into Chromium's options.
    pub(super) async fn browser(&self, arguments: &[&str], more: &[(&str, Value)]) -> Client {
        let proxy = format!("--proxy-server=127.0.0.1:{}", self.proxy.port);
        let mut all = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--hide-scrollbars",
            "--lang=en",
            &proxy,
        ];
        all.extend(arguments);
        let mut options = json!({ "binary": "/usr/bin/chromium", "args": all });
        for (name, value) in more {
            options[*name] = value.clone();
        }
        if !Path::new("/usr/bin/chromium").exists() {
            options.as_object_mut().unwrap().remove("binary");
        }
        let capabilities = json!({ "goog:chromeOptions": options });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let url = format!("http://127.0.0.1:{}", self.port);
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&url)
            .await
            .unwrap()
    }

    /// What was asked of hosts beyond this machine, a line each.
    pub(super) fn asked_beyond(&self) -> Vec<String> {
        self.proxy.asked.read().unwrap().clone()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Takes what a browser asks of other hosts, notes it, and answers nothing.
struct Proxy {
    port: u16,
    asked: Arc<RwLock<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(RwLock::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let log = Arc::clone(&log);
                std::thread::spawn(move || refuse(stream, &log));
            }
        });
        Self { port, asked }
    }
}

fn refuse(mut stream: TcpStream, log: &RwLock<Vec<String>>) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap()).take(4_096);
    if reader.read_line(&mut line).is_ok() {
        log.write().unwrap().push(line.trim().to_owned());
    }
    // The browser may be gone already.
    let _gone = stream.write_all(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
}
