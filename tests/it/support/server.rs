//! An HTTP server on loopback that answers byte by byte as a test says, right or wrong.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// Lives as long as the value; keeps what it was asked.
pub(crate) struct Server {
    address: SocketAddr,
    requests: mpsc::Receiver<String>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers each request by `answer`, which is given the head of it as text and the socket.
    pub(crate) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(String, TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_on("127.0.0.1", answer).await
    }

    pub(crate) async fn start_on<A, F>(address: &str, answer: A) -> Self
    where
        A: Fn(String, TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (log, requests) = mpsc::channel();
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (log, answer) = (log.clone(), answer.clone());
                tokio::spawn(async move {
                    if let Some(head) = read_head(&mut socket).await {
                        // The test may be over.
                        log.send(head.clone()).ok();
                        answer(head, socket).await;
                    }
                });
            }
        });
        Self { address, requests, task }
    }

    /// Answers each request by the whole of what `answer` makes of its path, then closes.
    pub(crate) async fn of_answers(
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |head, mut socket| {
            let answer = answer.clone();
            async move {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                socket.write_all(&answer(&path)).await.ok();
                socket.shutdown().await.ok();
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Heads of the requests since the last call, in their order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(socket: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    Some(head.iter().copied().map(char::from).collect())
}

/// An answer with its length and without keep-alive.
pub(crate) fn answer(status: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in fields {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).bytes());
    bytes.extend(body);
    bytes
}

/// Closes a connection by a reset instead of an end.
pub(crate) fn reset(socket: TcpStream) {
    socket.set_zero_linger().unwrap();
    drop(socket);
}
