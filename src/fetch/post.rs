//! Sending: the one request of ours that is no GET. To where the operator says, within the same
//! bounds and past the same guard.

use jiff::Timestamp;
use reqwest::header;
use tokio::time::timeout;
use url::Url;

use super::{FetchError, HttpClient};

/// A JSON body and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// By PUT instead of POST.
    pub put: bool,
    pub url: Url,
    pub body: String,
    /// Token of the `Authorization` header.
    pub bearer: Option<String>,
}

/// What came back. The body is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub at: Timestamp,
}

impl HttpClient {
    /// Sends a body. Redirects are not followed: they would carry it, and the token, to strangers.
    pub async fn post(&self, post: Post) -> Result<Posted, FetchError> {
        self.permit(&post.url)?;
        let request = if post.put { self.client.put(post.url) } else { self.client.post(post.url) };
        let mut request = request.header(header::CONTENT_TYPE, "application/json").body(post.body);
        if let Some(token) = &post.bearer {
            request = request.bearer_auth(token);
        }
        let limit = self.settings.total_timeout;
        let answer = timeout(limit, request.send()).await;
        let answer =
            answer.map_err(|_| FetchError::Timeout(limit))?.map_err(|error| self.fault(&error))?;
        let headers = answer.headers().iter();
        Ok(Posted {
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            at: crate::clock::now(),
        })
    }
}
