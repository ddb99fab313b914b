//! A daemon among servers that do everything wrong, three answers in ten.
//!
//! Twenty seconds and 60 feeds by default; `tests/hostile 1800 1000` runs half an hour on 1,000.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::Write as _,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    bombs,
    daemon::Daemon,
    server::{answer, reset},
    workspace::{Workspace, quick_every},
};

/// A host has four feeds, as far as loopback has addresses for them.
const HOSTS: std::ops::RangeInclusive<usize> = 50..=250;
/// A feed is asked this many times in a run, were it always well, and announces as many articles.
const POLLS: u32 = 60;

/// What an answer is instead of what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    SlowHead,
    SlowDrip,
    Endless1xx,
    HeaderFlood,
    TooShort,
    TooLong,
    ResetAtOnce,
    ResetInHead,
    ResetInBody,
    Gzip,
    Brotli,
    Zstd,
    Stacked,
    Circle,
    ToLoopback,
    Refused,
    Broken,
    NotFound,
    Garbage,
    Empty,
    Bomb,
}

const FAULTS: [Fault; 21] = [
    Fault::SlowHead,
    Fault::SlowDrip,
    Fault::Endless1xx,
    Fault::HeaderFlood,
    Fault::TooShort,
    Fault::TooLong,
    Fault::ResetAtOnce,
    Fault::ResetInHead,
    Fault::ResetInBody,
    Fault::Gzip,
    Fault::Brotli,
    Fault::Zstd,
    Fault::Stacked,
    Fault::Circle,
    Fault::ToLoopback,
    Fault::Refused,
    Fault::Broken,
    Fault::NotFound,
    Fault::Garbage,
    Fault::Empty,
    Fault::Bomb,
];

struct World {
    began: Instant,
    /// A feed announces another article every so often.
    every: Duration,
    port: u16,
    /// How often each path was asked for.
    asked: RwLock<BTreeMap<String, u64>>,
    /// Pages that were answered as they should be, to their end.
    served: RwLock<BTreeSet<String>>,
    faults: RwLock<BTreeMap<Fault, u64>>,
    bomb: Vec<u8>,
}

impl World {
    /// Always the same for a path and its turn.
    fn fault(&self, path: &str) -> Option<Fault> {
        let turn = {
            let mut asked = self.asked.write().unwrap();
            let count = asked.entry(path.to_owned()).or_default();
            *count += 1;
            *count
        };
        let hash = blake3::hash(format!("{path} {turn}").as_bytes());
        let [a, b, ..] = *hash.as_bytes();
        let fault = (a < 77).then(|| FAULTS[usize::from(b) % FAULTS.len()])?;
        *self.faults.write().unwrap().entry(fault).or_default() += 1;
        Some(fault)
    }

    fn good(&self, path: &str) -> Vec<u8> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["", "feed", feed] => {
                let newest = self.began.elapsed().as_millis() / self.every.as_millis();
                let items: String = (0..=newest)
                    .rev()
                    .take(40)
                    .map(|n| {
                        format!(
                            "<item><title>{0}</title><link>/page/{feed}/{n}</link><guid>{feed}-{n}\
                             </guid></item>",
                            title(feed, &n.to_string())
                        )
                    })
                    .collect();
                let body = format!(
                    "<rss version=\"2.0\"><channel><title>f</title>{items}</channel></rss>"
                );
                answer("200 OK", &[("content-type", "application/rss+xml")], body.as_bytes())
            }
            ["", "page", feed, n] => {
                let title = title(feed, n);
                let text: String = (0..6)
                    .map(|p| {
                        format!(
                            "<p>Peacekeepers of the CSTO in Kazakhstan guarded depot {feed}-{n}-{p} on \
                             orders of commander {n}{p}{feed}, and shift {p}{n} of unit {feed} followed \
                             the column {p} to airfield {n}.</p>"
                        )
                    })
                    .collect();
                let body = format!(
                    "<html lang=en><title>{title}</title><article><h1>{title}</h1>{text}</article>"
                );
                answer("200 OK", &[("content-type", "text/html")], body.as_bytes())
            }
            _ => answer("404 Not Found", &[], b""),
        }
    }
}

fn title(feed: &str, n: &str) -> String {
    format!("CSTO peacekeepers in Kazakhstan, dispatch {n} of bureau {feed}")
}

async fn serve(world: Arc<World>, mut socket: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) if head.len() < 16_384 => head.push(byte),
            _ => return,
        }
    }
    let head: String = head.iter().copied().map(char::from).collect();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    if path == "/robots.txt" {
        socket.write_all(&answer("404 Not Found", &[], b"")).await.ok();
        return;
    }
    if path.contains('?') {
        // Where a circle goes on for ever.
        socket.write_all(&answer("302 Found", &[("location", "?again")], b"")).await.ok();
        return;
    }
    let good = world.good(&path);
    match world.fault(&path) {
        None => {
            if socket.write_all(&good).await.is_ok() && socket.shutdown().await.is_ok() {
                world.served.write().unwrap().insert(path);
            }
        }
        Some(fault) => misbehave(&world, fault, &good, socket).await,
    }
}

async fn misbehave(world: &World, fault: Fault, good: &[u8], mut socket: TcpStream) {
    let zeros = || vec![0_u8; 64 << 20];
    let packed = |coding: &str, body: &[u8]| {
        answer("200 OK", &[("content-encoding", coding), ("content-type", "text/html")], body)
    };
    let bytes = match fault {
        Fault::SlowHead => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            return;
        }
        Fault::SlowDrip => {
            for byte in good {
                if socket.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        Fault::Endless1xx => {
            while socket.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            return;
        }
        Fault::HeaderFlood => {
            socket.write_all(b"HTTP/1.1 200 OK\r\n").await.ok();
            for n in 0_u32.. {
                if socket.write_all(format!("x-{n}: {n}\r\n").as_bytes()).await.is_err() {
                    return;
                }
            }
            return;
        }
        Fault::TooShort => {
            let cut = good.len() - 40;
            socket.write_all(&good[..cut]).await.ok();
            return;
        }
        Fault::TooLong => [good, b"<p>and more that nobody announced"].concat(),
        Fault::ResetAtOnce => return reset(socket),
        Fault::ResetInHead => {
            socket.write_all(&good[..12]).await.ok();
            return reset(socket);
        }
        Fault::ResetInBody => {
            socket.write_all(&good[..good.len() / 2]).await.ok();
            return reset(socket);
        }
        Fault::Gzip => {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(&zeros()).unwrap();
            packed("gzip", &packer.finish().unwrap())
        }
        Fault::Brotli => packed("br", include_bytes!("../fixtures/zeros-64-mib.br")),
        Fault::Zstd => packed("zstd", &zstd::bulk::compress(&zeros(), 1).unwrap()),
        Fault::Stacked => packed("gzip, gzip, gzip, br", b"x"),
        Fault::Circle => answer("302 Found", &[("location", "?again")], b""),
        Fault::ToLoopback => {
            answer("301 Moved Permanently", &[("location", "http://[::1]:9/")], b"")
        }
        Fault::Refused => answer("429 Too Many Requests", &[("retry-after", "1")], b""),
        Fault::Broken => answer("500 Internal Server Error", &[], b"<h1>500"),
        Fault::NotFound => answer("404 Not Found", &[], b"<h1>404"),
        Fault::Garbage => b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n\r\n".to_vec(),
        Fault::Empty => answer("200 OK", &[("content-type", "text/html")], b""),
        Fault::Bomb => answer("200 OK", &[("content-type", "text/html")], &world.bomb),
    };
    socket.write_all(&bytes).await.ok();
    socket.shutdown().await.ok();
}

async fn open(world: World, first: TcpListener, hosts: usize) -> Arc<World> {
    let world = Arc::new(world);
    let mut listeners = vec![first];
    for host in 1..hosts {
        listeners.push(TcpListener::bind((name(host), world.port)).await.unwrap());
    }
    for listener in listeners {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&world), socket));
            }
        });
    }
    world
}

fn name(host: usize) -> String {
    format!("127.0.77.{}", host + 1)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_answers_in_ten_are_faulty_and_nothing_is_lost_doubled_or_leaked() {
    let seconds = number("NEWSWATCH_HOSTILE_SECONDS", 20);
    let feeds = usize::try_from(number("NEWSWATCH_HOSTILE_FEEDS", 60)).unwrap();
    let hosts = (feeds / 4).clamp(*HOSTS.start(), *HOSTS.end());
    let every = Duration::from_secs(seconds) / POLLS;
    let first = TcpListener::bind((name(0), 0)).await.unwrap();
    let bomb = bombs::all().into_iter().find(|it| it.name == "formatting that is opened again");
    let world = World {
        began: Instant::now(),
        every,
        port: first.local_addr().unwrap().port(),
        asked: RwLock::default(),
        served: RwLock::default(),
        faults: RwLock::default(),
        bomb: bomb.unwrap().bytes,
    };
    let world = open(world, first, hosts).await;
    let settings = quick_every(&format!("{}ms", every.as_millis()))
        .replace("delay = \"0s\"", "delay = \"1s\"")
        .replace("[limits]", "[limits]\nconcurrency = 64");
    let workspace = Workspace::new(&settings);
    let list: String = (0..feeds)
        .map(|n| {
            let (host, port) = (name(n % hosts), world.port);
            format!("[[feed]]\nid = \"feed-{n}\"\nurl = \"http://{host}:{port}/feed/{n}\"\n")
        })
        .collect();
    workspace.write("config/feeds.toml", &list);
    let daemon = Daemon::start(&workspace);
    tokio::time::sleep(Duration::from_secs(seconds / 2)).await;
    let descriptors = daemon.descriptors();
    tokio::time::sleep(Duration::from_secs(seconds - seconds / 2)).await;
    let (memory, later) = (daemon.memory("VmHWM") / 1024, daemon.descriptors());
    let (log, workers) = (daemon.log(), daemon.children().len());
    let began = Instant::now();
    assert!(daemon.stop().success(), "{log}");
    let ended = began.elapsed();
    println!("SIGTERM under load: ended after {ended:?}, {workers} workers");

    let polled: BTreeMap<String, u64> = {
        let asked = world.asked.read().unwrap();
        asked
            .iter()
            .filter(|(path, _)| path.starts_with("/feed/"))
            .map(|(p, n)| (p.clone(), *n))
            .collect()
    };
    let faults = world.faults.read().unwrap().clone();
    println!("{memory} MiB at the most, {descriptors} then {later} descriptors, {faults:?}");
    assert!(faults.len() == FAULTS.len() || seconds < 60, "{faults:?}");
    assert!(memory < 256, "{memory} MiB");
    // Each request in flight has one, and each idle connection for some seconds.
    assert!(later <= descriptors.max(hosts) + 64, "{descriptors} then {later} descriptors");
    assert_eq!(polled.len(), feeds, "every feed was polled");
    let least = polled.values().min().unwrap();
    // What fails is left alone for longer and longer, and the policy says when something is late.
    assert!(!log.contains("cannot be asked as often"), "{log}");

    let records = workspace.records();
    let path = |record: &Value| {
        let url = record["url"].as_str().unwrap();
        url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap()
    };
    let kept: Vec<String> =
        records.iter().filter(|it| it["record_type"] == "article").map(path).collect();
    let distinct: BTreeSet<&String> = kept.iter().collect();
    assert_eq!(distinct.len(), kept.len(), "an article was doubled");
    // What was served last may have been on its way as the daemon was stopped.
    let served = world.served.read().unwrap().clone();
    let pages: Vec<&String> = served.iter().filter(|path| path.starts_with("/page/")).collect();
    let lost: Vec<_> = pages.iter().filter(|path| !distinct.contains(**path)).collect();
    println!("{} pages served, {} kept, polls {least} at the least", pages.len(), kept.len());
    assert!(pages.len() > feeds, "{} pages served", pages.len());
    assert!(lost.is_empty(), "{lost:?} were served and lost");
    let status = workspace.run(&["status", "--json"]).expect(&[0]).stdout;
    let status: Value = serde_json::from_str(&status).unwrap();
    for feed in status["feeds"].as_array().unwrap() {
        let count = |key: &str| feed[key].as_u64().unwrap();
        assert_eq!(count("late_s"), 0, "later than the policy allows: {feed:#}");
        let ends = ["kept", "duplicates", "rejected", "failed", "waiting_pages"];
        assert_eq!(count("entries"), ends.into_iter().map(count).sum::<u64>(), "{feed:#}");
    }
    workspace.run(&["archive", "verify"]).expect(&[0]);
}
