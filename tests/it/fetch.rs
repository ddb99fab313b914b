//! One exchange over real HTTP, with servers that do as they should and servers that do not.

use std::time::Duration;

use newswatch::fetch::{
    Fetch as _, FetchError, HttpClient, Request, Response, Settings, Validators, Wanted,
};
use url::Url;

use crate::support::server::{Server, answer};

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

async fn fetch(url: Url, wanted: Wanted) -> Result<Response, FetchError> {
    let request = Request { url, wanted, validators: Validators::default() };
    HttpClient::new(settings()).unwrap().fetch(request).await
}

#[tokio::test]
async fn a_request_carries_what_it_should_and_nothing_else() {
    let server = Server::of_answers(|_| {
        answer("200 OK", &[("set-cookie", "id=1"), ("content-type", "text/xml")], b"<rss/>")
    })
    .await;
    let client = HttpClient::new(settings()).unwrap();
    for wanted in [Wanted::Listing, Wanted::Listing] {
        let url = server.url("/feed?a=b#part");
        let request = Request { url, wanted, validators: Validators::default() };
        let response = client.fetch(request).await.unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.body, b"<rss/>");
        assert_eq!(response.header("content-type"), Some("text/xml"));
        assert_eq!(response.url, server.url("/feed?a=b"));
        assert_eq!(response.redirects, []);
    }
    let expected = format!(
        "GET /feed?a=b HTTP/1.1\r\n\
         accept: application/rss+xml, application/atom+xml, application/feed+json, \
         application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, \
         application/json;q=0.8, text/html;q=0.2, */*;q=0.1\r\n\
         accept-encoding: gzip, br, zstd\r\n\
         user-agent: newswatch/{} (+https://newswatch.example/bot)\r\n\
         host: {}\r\n\r\n",
        env!("CARGO_PKG_VERSION"),
        server.address()
    );
    assert_eq!(server.requests(), [expected.clone(), expected]);
}
