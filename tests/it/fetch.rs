//! One exchange over real HTTP, with servers that do as they should and servers that do not.

use std::{
    net::{IpAddr, TcpListener},
    time::{Duration, Instant},
};

use newswatch::fetch::{
    Fetch as _, FetchError, HttpClient, Request, Response, Settings, Validators, Wanted,
};
use tokio::{io::AsyncWriteExt as _, time::sleep};
use url::Url;

use crate::support::{
    server::{Server, answer, reset},
    tls,
};

const BROTLI_BOMB: &[u8] = include_bytes!("../fixtures/zeros-64-mib.br");
const ADDRESSES: &str = include_str!("../fixtures/addresses.tsv");

fn settings() -> Settings {
    Settings {
        contact: Some("https://newswatch.example/bot".to_owned()),
        connect_timeout: Duration::from_secs(2),
        head_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_millis(600),
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        ..Settings::default()
    }
}

/// For exchanges that end by themselves, on a machine that is busy.
fn patient() -> Settings {
    Settings {
        head_timeout: Duration::from_secs(20),
        total_timeout: Duration::from_secs(30),
        ..settings()
    }
}

fn request(url: Url, wanted: Wanted) -> Request {
    Request::new(url, wanted)
}

async fn fetch(url: Url, wanted: Wanted) -> Result<Response, FetchError> {
    HttpClient::new(patient()).unwrap().fetch_anywhere(request(url, wanted)).await
}

#[tokio::test]
async fn a_request_carries_what_it_should_and_nothing_else() {
    let server = Server::of_answers(|_| {
        answer("200 OK", &[("set-cookie", "id=1"), ("content-type", "text/xml")], b"<rss/>")
    })
    .await;
    let client = HttpClient::new(patient()).unwrap();
    for _ in 0..2 {
        let url = server.url("/feed?a=b#part");
        let response = client.fetch(request(url, Wanted::Listing)).await.unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.body, b"<rss/>");
        assert_eq!(response.header("content-type"), Some("text/xml"));
        assert_eq!(response.url, server.url("/feed?a=b"));
        assert_eq!(response.redirects, []);
    }
    let expected = format!(
        "GET /feed?a=b HTTP/1.1\r\n\
         user-agent: newswatch/{} (+https://newswatch.example/bot)\r\n\
         accept: application/rss+xml, application/atom+xml, application/feed+json, \
         application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, \
         application/json;q=0.8, text/html;q=0.2, */*;q=0.1\r\n\
         accept-encoding: gzip, br, zstd\r\n\
         host: {}\r\n\r\n",
        env!("CARGO_PKG_VERSION"),
        server.address()
    );
    assert_eq!(server.requests(), [expected.clone(), expected]);
}

#[tokio::test]
async fn what_is_asked_for_shows_in_accept() {
    let server = Server::of_answers(|_| answer("200 OK", &[], b"x")).await;
    for (wanted, first) in [(Wanted::Page, "text/html,"), (Wanted::Robots, "text/plain,")] {
        fetch(server.url("/"), wanted).await.unwrap();
        let head = server.requests().concat();
        assert!(head.contains(&format!("\r\naccept: {first}")), "{head}");
    }
}

#[tokio::test]
async fn validators_go_back_byte_for_byte_and_a_304_has_no_body() {
    let etag = b"W/\"caf\xe9 \xd0\x9e--gzip\"".to_vec();
    let last_modified = b"sunday, some time ago".to_vec();
    let fields = [b"etag: ", &etag[..], b"\r\nlast-modified: ", &last_modified[..]].concat();
    let full = [b"HTTP/1.1 200 OK\r\n", &fields[..], b"\r\ncontent-length: 2\r\n\r\nok"].concat();
    let same = [b"HTTP/1.1 304 Not Modified\r\n", &fields[..], b"\r\n\r\n"].concat();
    let server = Server::start(move |head, mut socket| {
        let bytes = if head.contains("if-none-match") { same.clone() } else { full.clone() };
        async move {
            socket.write_all(&bytes).await.ok();
        }
    })
    .await;
    let client = HttpClient::new(patient()).unwrap();
    let first = client.fetch(request(server.url("/"), Wanted::Listing)).await.unwrap();
    assert_eq!(first.validators().etag, Some(etag.clone()));
    assert_eq!(first.validators().last_modified, Some(last_modified.clone()));

    let again =
        Request { validators: first.validators(), ..request(server.url("/"), Wanted::Listing) };
    let second = client.fetch(again).await.unwrap();
    assert_eq!((second.status, second.body.len()), (304, 0));
    assert_eq!(second.validators(), first.validators());
    let asked: Vec<u8> = server.requests().concat().chars().map(|c| c as u8).collect();
    let expected = [b"if-none-match: ", &etag[..], b"\r\nif-modified-since: ", &last_modified[..]];
    let expected = expected.concat();
    assert!(asked.windows(expected.len()).any(|window| window == expected));
}

#[tokio::test]
async fn a_304_that_announces_a_length_does_not_hang() {
    let server = Server::start(|_, mut socket| async move {
        let head = b"HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n";
        socket.write_all(head).await.ok();
        sleep(Duration::from_secs(5)).await;
    })
    .await;
    let client = HttpClient::new(settings()).unwrap();
    let response = client.fetch(request(server.url("/"), Wanted::Listing)).await.unwrap();
    assert_eq!((response.status, response.body.len()), (304, 0));
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    for status in [400, 403, 404, 410, 429, 500, 503, 599] {
        let server = Server::of_answers(move |_| {
            answer(&format!("{status} x"), &[("retry-after", "7")], b"sorry")
        })
        .await;
        let response = fetch(server.url("/"), Wanted::Page).await.unwrap();
        assert_eq!((response.status, response.body), (status, b"sorry".to_vec()));
    }
}

#[tokio::test]
async fn redirects_are_followed_and_recorded_without_validators_and_referer() {
    let server = Server::of_answers(|path| match path {
        "/301" => answer("301 x", &[("location", "/302?x=1#frag")], b""),
        "/302?x=1" => answer("302 x", &[("location", "303")], b"moved"),
        "/303" => answer("303 x", &[("location", "./307")], b""),
        "/307" => answer("307 x", &[("location", "/308")], b""),
        "/308" => answer("308 x", &[("location", "/конец")], b""),
        _ => answer("200 OK", &[], b"here"),
    })
    .await;
    let validators = Validators { etag: Some(b"\"1\"".to_vec()), last_modified: None };
    let first = Request { validators, ..request(server.url("/301"), Wanted::Page) };
    let response = HttpClient::new(patient()).unwrap().fetch_anywhere(first).await.unwrap();
    assert_eq!(response.body, b"here");
    assert_eq!(response.url, server.url("/%D0%BA%D0%BE%D0%BD%D0%B5%D1%86"));
    let hops: Vec<(u16, Url)> =
        response.redirects.into_iter().map(|hop| (hop.status, hop.to)).collect();
    let expected = [
        (301, server.url("/302?x=1")),
        (302, server.url("/303")),
        (303, server.url("/307")),
        (307, server.url("/308")),
        (308, server.url("/%D0%BA%D0%BE%D0%BD%D0%B5%D1%86")),
    ];
    assert_eq!(hops, expected);
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    assert!(requests[0].contains("if-none-match"));
    for head in &requests[1..] {
        for field in ["if-none-match", "referer", "cookie", "authorization"] {
            assert!(!head.contains(&format!("\r\n{field}:")), "{head}");
        }
    }
}

#[tokio::test]
async fn too_many_redirects_and_circles_end() {
    let server = Server::of_answers(|path| {
        let to = match path {
            "/self" => "/self".to_owned(),
            "/a" => "/b".to_owned(),
            "/b" => "/a#again".to_owned(),
            _ => format!("{path}0"),
        };
        answer("302 x", &[("location", &to)], b"")
    })
    .await;
    let circle = |path| FetchError::RedirectLoop(server.url(path).to_string());
    assert_eq!(fetch(server.url("/self"), Wanted::Page).await, Err(circle("/self")));
    assert_eq!(fetch(server.url("/a"), Wanted::Page).await, Err(circle("/a")));
    server.requests();
    let endless = fetch(server.url("/1"), Wanted::Page).await;
    assert_eq!(endless, Err(FetchError::TooManyRedirects(5)));
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_redirect_without_a_place_is_an_answer_and_one_to_nonsense_an_error() {
    let server = Server::of_answers(|path| match path {
        "/none" => answer("302 x", &[], b"nowhere"),
        "/odd" => answer("300 x", &[("location", "/a")], b"choose"),
        _ => answer("302 x", &[("location", "http://[nonsense")], b""),
    })
    .await;
    assert_eq!(fetch(server.url("/none"), Wanted::Page).await.unwrap().body, b"nowhere");
    assert_eq!(fetch(server.url("/odd"), Wanted::Page).await.unwrap().status, 300);
    let nonsense = fetch(server.url("/nonsense"), Wanted::Page).await;
    assert!(matches!(nonsense, Err(FetchError::Protocol(_))), "{nonsense:?}");
}

#[tokio::test]
async fn no_address_of_another_protocol_is_asked() {
    let server = Server::of_answers(|path| {
        answer("302 x", &[("location", path.trim_start_matches('/'))], b"")
    })
    .await;
    let own = server.address();
    for address in [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "gopher://127.0.0.1:70/x",
        &format!("http://user@{own}/"),
        &format!("http://user:word@{own}/"),
        &format!("http://:word@{own}/"),
        "http://127.0.0.1:25/",
        "http://127.0.0.1:6667/",
    ] {
        let url = Url::parse(address).unwrap();
        let asked = fetch(url, Wanted::Page).await;
        assert!(matches!(asked, Err(FetchError::Denied(_))), "{address}: {asked:?}");
        assert!(server.requests().is_empty(), "{address}");
        let led = fetch(server.url(&format!("/{address}")), Wanted::Page).await;
        assert!(matches!(led, Err(FetchError::Denied(_))), "{address}: {led:?}");
        assert_eq!(server.requests().len(), 1, "{address}");
    }
    let long = server.url(&format!("/{}", "x".repeat(10_000)));
    assert!(matches!(fetch(long, Wanted::Page).await, Err(FetchError::Denied(_))));
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// A listener on loopback that nobody must reach.
fn canary(address: &str) -> TcpListener {
    let listener = TcpListener::bind((address, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

#[tokio::test]
async fn no_denied_address_is_dialled_be_it_configured_redirected_to_or_answered_by_dns() {
    // The server itself is reached by an address that is opened for it alone.
    let server = Server::start_on("127.0.0.77", |head, mut socket| async move {
        let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        socket.write_all(&answer("302 x", &[("location", path)], b"")).await.ok();
    })
    .await;
    let bird = canary("127.0.0.1");
    let port = bird.local_addr().unwrap().port();
    let settings =
        Settings { allow: vec!["127.0.0.77".parse().unwrap()], contact: None, ..patient() };
    let client = HttpClient::new(settings.clone()).unwrap();

    let rows = ADDRESSES.lines().filter_map(|line| line.split_once('\t'));
    let denied = rows.filter(|(_, kind)| *kind != "public").map(|(address, _)| address);
    let mut addresses = 0;
    for address in denied {
        let address: IpAddr = address.parse().unwrap();
        let url: Url = format!("http://{}:{port}/", in_url(address)).parse().unwrap();
        let configured = client.fetch(request(url.clone(), Wanted::Page)).await;
        let redirected = client.fetch(request(server.url(&format!("/{url}")), Wanted::Page)).await;
        let mut named = settings.clone();
        named.hosts.insert("rebound.example".to_owned(), vec![address]);
        let url = format!("http://rebound.example:{port}/").parse().unwrap();
        let answered = HttpClient::new(named).unwrap().fetch(request(url, Wanted::Page)).await;
        for outcome in [configured, redirected, answered] {
            assert!(matches!(outcome, Err(FetchError::Denied(_))), "{address}: {outcome:?}");
        }
        addresses += 1;
    }
    assert!(addresses >= 150, "{addresses}");
    assert!(bird.accept().is_err(), "a denied address was dialled");
}

#[tokio::test]
async fn no_spelling_of_a_denied_address_is_dialled() {
    let bird = canary("127.0.0.1");
    let port = bird.local_addr().unwrap().port();
    let client = HttpClient::new(Settings { allow: Vec::new(), ..patient() }).unwrap();
    for host in [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0X7F.1",
        "017700000001",
        "0177.0.0.01",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "１２７.0.0.1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "0",
        "0.0.0.0",
        "[::]",
        "localhost",
        "LOCALHOST",
        "localhost.",
    ] {
        let url: Url = format!("http://{host}:{port}/").parse().unwrap();
        let outcome = client.fetch(request(url, Wanted::Page)).await;
        let is_denied = match &outcome {
            Err(FetchError::Denied(_)) => true,
            // A machine need not know every spelling of its own name.
            Err(FetchError::Dns(_)) => host == "localhost.",
            _ => false,
        };
        assert!(is_denied, "{host}: {outcome:?}");
    }
    assert!(bird.accept().is_err(), "a denied address was dialled");
}

#[tokio::test]
async fn of_a_name_with_good_and_bad_addresses_only_the_good_are_dialled() {
    let server = Server::of_answers(|_| answer("200 OK", &[], b"good")).await;
    let bird = canary("127.0.0.2");
    let mut settings = patient();
    let both = ["127.0.0.2", "127.0.0.1"].map(|address| address.parse().unwrap());
    settings.hosts.insert("both.example".to_owned(), both.into());
    let client = HttpClient::new(settings).unwrap();
    let port = server.address().port();
    let url = format!("http://both.example:{port}/").parse().unwrap();
    assert_eq!(client.fetch(request(url, Wanted::Page)).await.unwrap().body, b"good");
    assert!(bird.accept().is_err(), "a denied address was dialled");
}

#[tokio::test]
async fn a_proxy_is_used_only_where_it_is_configured() {
    let proxy = Server::of_answers(|_| answer("200 OK", &[], b"by proxy")).await;
    let settings = Settings { proxy: Some(proxy.url("/")), ..patient() };
    let client = HttpClient::new(settings).unwrap();
    let url: Url = "http://news.example/page".parse().unwrap();
    let response = client.fetch(request(url.clone(), Wanted::Page)).await.unwrap();
    assert_eq!(response.body, b"by proxy");
    assert!(proxy.requests().concat().starts_with("GET http://news.example/page HTTP/1.1\r\n"));
    // What must not be asked is not asked by way of a proxy either.
    let inner = "http://10.0.0.1/".parse().unwrap();
    let outcome = client.fetch(request(inner, Wanted::Page)).await;
    assert!(matches!(outcome, Err(FetchError::Denied(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_page_beyond_its_limit_is_refused_and_a_listing_cut_announced_or_not() {
    let settings =
        Settings { longest_page: 1000, longest_listing: 2000, longest_robots: 500, ..patient() };
    let client = HttpClient::new(settings).unwrap();
    let server = Server::of_answers(|path| {
        let body =
            vec![
                b'x';
                path.trim_start_matches('/').trim_end_matches("-unannounced").parse().unwrap()
            ];
        if path.ends_with("-unannounced") {
            [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), body].concat()
        } else {
            answer("200 OK", &[], &body)
        }
    })
    .await;
    for (path, wanted, expected) in [
        ("/1000", Wanted::Page, Ok((1000, false))),
        ("/1001", Wanted::Page, Err(1000)),
        ("/1001-unannounced", Wanted::Page, Err(1000)),
        ("/2000-unannounced", Wanted::Listing, Ok((2000, false))),
        ("/2001", Wanted::Listing, Ok((2000, true))),
        ("/9000-unannounced", Wanted::Listing, Ok((2000, true))),
        ("/500", Wanted::Robots, Ok((500, false))),
        ("/501", Wanted::Robots, Ok((500, true))),
        ("/9000-unannounced", Wanted::Robots, Ok((500, true))),
    ] {
        let outcome = client.fetch(request(server.url(path), wanted)).await;
        let outcome = outcome.map(|response| (response.body.len(), response.is_cut));
        assert_eq!(outcome, expected.map_err(FetchError::TooLarge), "{path} {wanted:?}");
    }
}

#[tokio::test]
async fn compressed_bodies_are_read_and_of_bombs_no_more_than_the_limit() {
    let text = "ОДКБ ".repeat(300);
    let zeros = vec![0; 64 << 20];
    let good =
        [("gzip", gzip(text.as_bytes())), ("zstd", zstd::encode_all(text.as_bytes(), 3).unwrap())];
    for (encoding, body) in good {
        let server =
            Server::of_answers(move |_| answer("200 OK", &[("content-encoding", encoding)], &body))
                .await;
        let response = fetch(server.url("/"), Wanted::Page).await.unwrap();
        assert_eq!(response.body, text.as_bytes(), "{encoding}");
    }
    let bombs = [
        ("gzip", gzip(&zeros)),
        ("zstd", zstd::encode_all(zeros.as_slice(), 3).unwrap()),
        ("br", BROTLI_BOMB.to_vec()),
    ];
    for (encoding, body) in bombs {
        let server =
            Server::of_answers(move |_| answer("200 OK", &[("content-encoding", encoding)], &body))
                .await;
        for (wanted, expected) in [
            (Wanted::Page, Err(FetchError::TooLarge(5 << 20))),
            (Wanted::Listing, Ok((15 << 20, true))),
            (Wanted::Robots, Ok((512 << 10, true))),
        ] {
            let outcome = fetch(server.url("/"), wanted).await;
            let outcome = outcome.map(|response| (response.body.len(), response.is_cut));
            assert_eq!(outcome, expected, "{encoding} {wanted:?}");
        }
    }
    let twice = gzip(&gzip(text.as_bytes()));
    for fields in [
        vec![("content-encoding", "gzip, gzip")],
        vec![("content-encoding", "gzip"), ("content-encoding", "gzip")],
    ] {
        let body = twice.clone();
        let server = Server::of_answers(move |_| answer("200 OK", &fields, &body)).await;
        let outcome = fetch(server.url("/"), Wanted::Page).await;
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{outcome:?}");
    }
    // A packed sitemap is a file of its own, unpacked once.
    let packed = gzip(text.as_bytes());
    let server = Server::of_answers(move |_| answer("200 OK", &[], &packed)).await;
    let response = fetch(server.url("/sitemap.xml.gz"), Wanted::Listing).await.unwrap();
    assert_eq!(response.body, text.as_bytes());
}

/// What the client makes of a server in its short time-outs, and that it keeps them.
async fn hurried(server: &Server) -> Result<Response, FetchError> {
    let started = Instant::now();
    let outcome =
        HttpClient::new(settings()).unwrap().fetch(request(server.url("/"), Wanted::Page)).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    outcome
}

#[tokio::test]
async fn a_slow_head_and_endless_informational_answers_end_at_the_head_timeout() {
    let head = Err(FetchError::Timeout(Duration::from_millis(300)));
    let silent = Server::start(|_, socket| async move {
        sleep(Duration::from_secs(10)).await;
        drop(socket);
    })
    .await;
    assert_eq!(hurried(&silent).await, head);

    let dripping = Server::start(|_, mut socket| async move {
        for byte in b"HTTP/1.1 200 OK\r\nx: ".iter().chain(&[b'x'; 1000]) {
            socket.write_all(&[*byte]).await.ok();
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(hurried(&dripping).await, head);

    let informing = Server::start(|_, mut socket| async move {
        while socket.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(hurried(&informing).await, head);
}

#[tokio::test]
async fn a_slow_drip_ends_at_the_total_timeout() {
    let total = Err(FetchError::Timeout(Duration::from_millis(600)));
    let dripping = Server::start(|_, mut socket| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await.ok();
        while socket.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(hurried(&dripping).await, total);
}

#[tokio::test]
async fn a_body_in_chunks_of_one_byte_is_read() {
    let server = Server::start(|_, mut socket| async move {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..20_000 {
            bytes.extend(b"1\r\nx\r\n");
        }
        bytes.extend(b"0\r\ntrailer: x\r\n\r\n");
        socket.write_all(&bytes).await.ok();
    })
    .await;
    assert_eq!(fetch(server.url("/"), Wanted::Page).await.unwrap().body.len(), 20_000);
}

#[tokio::test]
async fn broken_answers_are_errors_in_words() {
    fn wrong(bytes: &'static [u8]) -> impl Future<Output = Server> {
        Server::of_answers(move |_| bytes.to_vec())
    }
    let cases: &[(&str, &'static [u8])] = &[
        ("nothing", b""),
        ("half a status line", b"HTTP/1."),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-le"),
        ("another protocol", b"220 mail.example ESMTP\r\n"),
        ("a length longer than the body", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive!"),
        ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nfive!!"),
        ("no length", b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nfive!"),
        ("half a chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfi"),
        ("no last chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfive!\r\n"),
        ("a chunk of nonsense", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nx"),
        (
            "a chunk without end",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
        ),
        ("torn gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0"),
    ];
    for (name, bytes) in cases {
        let server = wrong(bytes).await;
        let outcome = fetch(server.url("/"), Wanted::Page).await;
        let Err(FetchError::Protocol(words)) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(!words.is_empty() && !words.contains("http://"), "{name}: {words}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
    // More than was announced is cut; what ends with the connection is whole.
    let long = wrong(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nfive!").await;
    assert_eq!(fetch(long.url("/"), Wanted::Page).await.unwrap().body, b"fiv");
    let open = wrong(b"HTTP/1.0 200 OK\r\n\r\nfive!").await;
    assert_eq!(fetch(open.url("/"), Wanted::Page).await.unwrap().body, b"five!");
}

#[tokio::test]
async fn odd_heads_that_browsers_read_are_read() {
    let head = b"HTTP/1.1 200 \r\nContent-Type : text/html\r\nfolded: a\r\n b\r\nbad name: x\r\n\
                 x: \xd0\x9e\r\ncontent-length: 2\r\n\r\nok";
    let server = Server::of_answers(move |_| head.to_vec()).await;
    let response = fetch(server.url("/"), Wanted::Page).await.unwrap();
    assert_eq!(response.body, b"ok");
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(response.header_bytes("x"), Some("О".as_bytes()));
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    for count in [1000, 20_000] {
        let server = Server::of_answers(move |_| {
            let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
            for n in 0..count {
                head.extend(format!("x-{n}: {}\r\n", "y".repeat(50)).bytes());
            }
            head.extend(b"\r\nbody");
            head
        })
        .await;
        let outcome = fetch(server.url("/"), Wanted::Page).await;
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{outcome:?}");
    }
    let endless = Server::start(|_, mut socket| async move {
        socket.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.ok();
        while socket.write_all(&[b'y'; 4096]).await.is_ok() {}
    })
    .await;
    let outcome = fetch(endless.url("/"), Wanted::Page).await;
    assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_reset_at_any_stage_is_an_error() {
    let stages: &[&'static [u8]] = &[
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfive!\r\n",
        // Without a length only the reset tells that this is not the end.
        b"HTTP/1.1 200 OK\r\n\r\nhalf",
    ];
    for stage in stages {
        let server = Server::start(move |_, mut socket| async move {
            socket.write_all(stage).await.ok();
            socket.flush().await.ok();
            sleep(Duration::from_millis(50)).await;
            reset(socket);
        })
        .await;
        let outcome = fetch(server.url("/"), Wanted::Page).await;
        let stage = String::from_utf8_lossy(stage);
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{stage:?}: {outcome:?}");
        assert_eq!(server.requests().len(), 1, "{stage:?}");
    }
}

#[tokio::test]
async fn nobody_listening_and_nobody_of_that_name_are_told_apart() {
    let closed = canary("127.0.0.1").local_addr().unwrap();
    let outcome = fetch(format!("http://{closed}/").parse().unwrap(), Wanted::Page).await;
    assert!(matches!(outcome, Err(FetchError::Connect(_))), "{outcome:?}");
    let outcome = fetch("http://no-such-host.invalid/".parse().unwrap(), Wanted::Page).await;
    assert!(matches!(outcome, Err(FetchError::Dns(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_film_is_no_page_and_its_body_is_not_read() {
    let server = Server::start(|head, mut socket| async move {
        let kind = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.ok();
        if kind.starts_with("video") {
            sleep(Duration::from_mins(1)).await;
        }
    })
    .await;
    for kind in ["video/mp4", "image/jpeg", "Audio/MPEG;x=y", "application/pdf", "application/zip"]
    {
        let outcome = fetch(server.url(&format!("/{kind}")), Wanted::Page).await;
        assert!(matches!(outcome, Err(FetchError::WrongType(_))), "{kind}: {outcome:?}");
    }
    for kind in
        ["text/html", "application/xhtml+xml", "application/octet-stream", "text/plain", "x"]
    {
        let outcome = fetch(server.url(&format!("/{kind}")), Wanted::Page).await;
        assert_eq!(outcome.map(|response| response.status), Ok(200), "{kind}");
    }
    // A listing is told by its bytes alone.
    let outcome = fetch(server.url("/image/png"), Wanted::Listing).await;
    assert_eq!(outcome.map(|response| response.status), Ok(200));
}

#[tokio::test]
async fn certificates_are_believed_or_refused_with_the_reason() {
    let authority = tls::Authority::new("Known");
    let trusting = Settings {
        authorities: Some(authority.pem().into_bytes()),
        hosts: [("news.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])].into(),
        ..patient()
    };
    let client = HttpClient::new(trusting).unwrap();
    let rows = [
        (authority.certify("news.example", 2020..4000), None),
        (authority.certify("news.example", 2000..2020), Some("the certificate has expired")),
        (authority.certify("news.example", 3000..4000), Some("the certificate is not valid yet")),
        (
            authority.certify("other.example", 2020..4000),
            Some("the certificate is for another host"),
        ),
        (
            tls::Authority::new("Unknown").certify("news.example", 2020..4000),
            Some(
                "the certificate's issuer is unknown (self-signed, or an intermediate is missing)",
            ),
        ),
    ];
    for (identity, complaint) in rows {
        let server = tls::serve(identity).await;
        let url: Url = format!("https://news.example:{}/", server.port()).parse().unwrap();
        let outcome = client.fetch(request(url, Wanted::Page)).await;
        match complaint {
            None => assert_eq!(outcome.map(|response| response.body), Ok(b"safe".to_vec())),
            Some(words) => assert_eq!(outcome, Err(FetchError::Tls(words.to_owned()))),
        }
    }
    // Plain HTTP where TLS is expected.
    let plain = tls::serve_plain().await;
    let url: Url = format!("https://news.example:{}/", plain.port()).parse().unwrap();
    let outcome = client.fetch(request(url, Wanted::Page)).await;
    assert_eq!(outcome, Err(FetchError::NoTls));
}

#[tokio::test]
async fn http_2_is_spoken_within_the_same_bounds() {
    let authority = tls::Authority::new("Known");
    let identity = authority.certify("news.example", 2020..4000);
    let address = tls::serve_http2(identity, |path, mut respond| async move {
        let mut head = http::Response::builder().header("content-type", "text/html");
        if path == "/many-fields" {
            for n in 0..20_000 {
                head = head.header(format!("x-{n}"), "y".repeat(50));
            }
        }
        let Ok(mut body) = respond.send_response(head.body(()).unwrap(), false) else { return };
        match path.as_str() {
            "/good" => body.send_data("good".into(), true).unwrap(),
            "/reset" => body.send_reset(h2::Reason::INTERNAL_ERROR),
            "/endless" => {
                while body.send_data(vec![b'x'; 16_384].into(), false).is_ok() {
                    sleep(Duration::from_millis(1)).await;
                }
            }
            _ => sleep(Duration::from_secs(5)).await,
        }
    })
    .await;
    let settings = Settings {
        authorities: Some(authority.pem().into_bytes()),
        hosts: [("news.example".to_owned(), vec!["127.0.0.1".parse().unwrap()])].into(),
        longest_page: 1 << 20,
        head_timeout: Duration::from_secs(3),
        total_timeout: Duration::from_secs(4),
        ..settings()
    };
    let client = HttpClient::new(settings).unwrap();
    let fetch = async |path: &str| {
        let url = format!("https://news.example:{}{path}", address.port()).parse().unwrap();
        client.fetch(request(url, Wanted::Page)).await
    };
    assert_eq!(fetch("/good").await.map(|response| response.body), Ok(b"good".to_vec()));
    assert_eq!(fetch("/endless").await, Err(FetchError::TooLarge(1 << 20)));
    assert_eq!(fetch("/silent").await, Err(FetchError::Timeout(Duration::from_secs(4))));
    for path in ["/reset", "/many-fields"] {
        let outcome = fetch(path).await;
        assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{path}: {outcome:?}");
    }
    assert_eq!(fetch("/good").await.map(|response| response.body), Ok(b"good".to_vec()));
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named_without_its_password() {
    let dead = "http://me:secret@127.0.0.1:1/".parse().unwrap();
    let client = HttpClient::new(Settings { proxy: Some(dead), ..patient() }).unwrap();
    for page in ["http://news.example/a", "https://news.example/a"] {
        let request = Request::new(page.parse().unwrap(), Wanted::Page);
        let error = client.fetch(request).await.unwrap_err().to_string();
        assert!(error.contains("the proxy http://127.0.0.1:1: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_bad_authority_and_a_bad_proxy_are_told_at_the_start() {
    let nonsense = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let settings = Settings { authorities: Some(nonsense), ..patient() };
    let error = HttpClient::new(settings).unwrap_err().to_string();
    assert!(error.contains("CA certificate"), "{error}");
    let settings = Settings { proxy: Some("socks5://127.0.0.1".parse().unwrap()), ..patient() };
    let error = HttpClient::new(settings).unwrap_err().to_string();
    assert!(error.contains("socks5"), "{error}");
}

#[tokio::test]
async fn large_bodies_wait_for_the_memory_of_others_and_small_ones_do_not() {
    let server = Server::of_answers(|path| {
        let length = if path == "/small" { 1 << 10 } else { 2 << 20 };
        let zeros = vec![0; length];
        if path == "/packed" {
            return answer("200 OK", &[("content-encoding", "gzip")], &gzip(&zeros));
        }
        answer("200 OK", &[("content-type", "text/xml")], &zeros)
    })
    .await;
    let (large_bodies, total_timeout) = (2 << 20, Duration::from_secs(3));
    let settings = Settings { large_bodies, total_timeout, ..patient() };
    let client = HttpClient::new(settings).unwrap();
    let fetch = |path| client.fetch(request(server.url(path), Wanted::Listing));
    for path in ["/large", "/packed"] {
        let first = fetch(path).await.unwrap();
        assert_eq!(first.body.len(), 2 << 20);
        let mut second = std::pin::pin!(fetch("/large"));
        let waits = tokio::time::timeout(total_timeout * 4 / 3, &mut second).await;
        assert!(waits.is_err(), "while the first is held, and longer than an answer may take");
        assert_eq!(fetch("/small").await.unwrap().body.len(), 1 << 10);
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(second.body.len(), 2 << 20);
        assert!(second.took < total_timeout, "the wait is ours: {:?}", second.took);
    }
}

#[tokio::test]
async fn what_drips_after_a_long_wait_for_memory_ends_at_the_total_timeout() {
    const LENGTH: usize = 2 << 20;
    let server = Server::start(|head, mut socket| async move {
        let fields = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
        socket.write_all(fields.as_bytes()).await.ok();
        if head.starts_with("GET /whole ") {
            socket.write_all(&vec![b'x'; LENGTH]).await.ok();
            return;
        }
        socket.write_all(&vec![b'x'; LENGTH - 1000]).await.ok();
        while socket.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let (large_bodies, total_timeout) = (LENGTH, Duration::from_secs(2));
    let client = HttpClient::new(Settings { large_bodies, total_timeout, ..patient() }).unwrap();
    let fetch = |path| client.fetch(request(server.url(path), Wanted::Listing));
    let first = fetch("/whole").await.unwrap();
    let mut second = std::pin::pin!(fetch("/drip"));
    let waits = tokio::time::timeout(total_timeout * 2, &mut second).await;
    assert!(waits.is_err(), "it waits for the memory of the first");
    drop(first);
    let ended = tokio::time::timeout(total_timeout * 10, second).await;
    assert_eq!(ended.expect("an end"), Err(FetchError::Timeout(total_timeout)));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_error_tells_nothing_that_is_not_seen() {
    let hidden = "\u{202e}EV\u{2066}\u{9b}31m";
    for (fields, status) in [
        (format!("content-encoding: gzip, x{hidden}\r\n"), "200 OK"),
        (format!("content-encoding: x{hidden}\r\n"), "200 OK"),
        (format!("content-type: image/x{hidden}\r\n"), "200 OK"),
        (format!("location: http://[x{hidden}/\r\n"), "302 Found"),
        (format!("location: x{hidden}://x/\r\n"), "302 Found"),
    ] {
        let head = format!("HTTP/1.1 {status}\r\n{fields}content-length: 2\r\n\r\nab");
        let server = Server::of_answers(move |_| head.clone().into_bytes()).await;
        let told = fetch(server.url("/"), Wanted::Page).await.unwrap_err().to_string();
        let unseen = |c: char| {
            c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!told.contains(unseen), "{fields:?}: {told:?}");
    }
}
