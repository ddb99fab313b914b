//! Sends a message on its way: a request, a mail, a program.
#![expect(clippy::disallowed_methods, reason = "shell: reads secrets, starts programs")]

use std::{fs, io, path::Path, process::Stdio, str::FromStr, time::Duration};

use jiff::SignedDuration;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use percent_encoding::percent_decode_str;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};
use url::Url;

use super::{
    Form, Way,
    form::{Item, Message, Topic},
};
use crate::{
    fetch::{FetchError, HttpClient, Post},
    politeness::retry_after,
    text::with_causes,
};

/// How long a mail server or a program may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the webhook was not reached")]
    Fetch(#[from] FetchError),
    #[error("the webhook answers HTTP {status}")]
    Status { status: u16, retry_after: Option<SignedDuration> },
    #[error("the mail was not taken: {words}")]
    Mail { words: String, is_for_good: bool },
    #[error("the program {0} does not work")]
    Command(String, #[source] io::Error),
    #[error("the secret in {0} cannot be read")]
    Secret(String, #[source] io::Error),
}

impl SendError {
    /// The receiver says when to come again.
    pub(super) fn retry_after(&self) -> Option<SignedDuration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// It may be this message that the receiver does not want: it will not want it later either. A
    /// mail server's answer for good may as well be about the sender or a recipient.
    pub(super) fn is_of_message(&self) -> bool {
        matches!(
            self,
            Self::Status { status: 400 | 403 | 406 | 413 | 422, .. }
                | Self::Mail { is_for_good: true, .. }
        )
    }
}

/// Sends messages. Webhooks are reached as everything else is: no private address that the settings
/// do not open.
#[derive(Debug, Clone)]
pub struct Sender {
    client: HttpClient,
}

impl Sender {
    pub fn new(client: HttpClient) -> Self {
        Self { client }
    }

    /// A message that only shows whether messages arrive.
    pub async fn test(&self, alert: &super::Alert) -> Result<(), SendError> {
        let subject = "A test of newswatch's alerts";
        let item = Item::line("Whoever reads this is told from now on".to_owned());
        let message = super::news::message(alert, Topic::Test, subject, vec![item], 0);
        self.send(&alert.way, &message).await
    }

    pub(super) async fn send(&self, way: &Way, message: &Message) -> Result<(), SendError> {
        match way {
            Way::Webhook { url, form, token } => {
                self.webhook(url, *form, token.as_deref(), message).await
            }
            Way::Mail { server, password, from, to } => {
                mail(server, password.as_deref(), from, to, message).await
            }
            Way::Command(words) => command(words, message).await,
        }
    }

    async fn webhook(
        &self,
        url: &Url,
        form: Form,
        token: Option<&Path>,
        message: &Message,
    ) -> Result<(), SendError> {
        let (method, url, body) = message.request(form, url);
        let bearer = token.map(secret).transpose()?;
        let post = Post { put: method == "PUT", url, body: body.to_string(), bearer };
        let answer = self.client.post(post).await?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(SendError::Status {
                status,
                retry_after: retry_after::wait(&answer.headers, answer.at),
            }),
        }
    }
}

/// The first line of a file.
fn secret(path: &Path) -> Result<String, SendError> {
    let text = fs::read_to_string(path)
        .map_err(|error| SendError::Secret(path.display().to_string(), error))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

async fn mail(
    server: &Url,
    password: Option<&Path>,
    from: &str,
    to: &[String],
    message: &Message,
) -> Result<(), SendError> {
    let failed = |error: &(dyn std::error::Error + 'static), is_for_good| SendError::Mail {
        words: with_causes(error),
        is_for_good,
    };
    let mut mail = Mail::builder()
        .from(Mailbox::from_str(from).map_err(|error| failed(&error, false))?)
        .subject(&message.subject)
        .message_id(Some(format!("<{}@newswatch>", message.id)))
        .header(ContentType::TEXT_PLAIN);
    for to in to {
        mail = mail.to(Mailbox::from_str(to).map_err(|error| failed(&error, false))?);
    }
    let mail = mail.body(message.text()).map_err(|error| failed(&error, false))?;
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(server.as_str())
        .map_err(|error| failed(&error, false))?
        .timeout(Some(PATIENCE));
    if let Some(path) = password {
        let user = percent_decode_str(server.username()).decode_utf8_lossy();
        let credentials = Credentials::new(user.into_owned(), secret(path)?);
        transport = transport.credentials(credentials);
    }
    match timeout(PATIENCE * 2, transport.build().send(mail)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failed(&error, error.is_permanent())),
        Err(late) => Err(failed(&late, false)),
    }
}

async fn command(words: &[String], message: &Message) -> Result<(), SendError> {
    let [program, arguments @ ..] = words else {
        let error = io::Error::other("no program is named");
        return Err(SendError::Command(String::new(), error));
    };
    let run = async {
        let mut started = Started::start(program, arguments)?;
        if let Some(mut to) = started.0.stdin.take() {
            let (_, _, body) = message
                .request(Form::Json, &Url::parse("http://localhost/").map_err(io::Error::other)?);
            // A program need not read what it is told.
            to.write_all(body.to_string().as_bytes()).await.ok();
        }
        started.0.wait().await
    };
    let result = match timeout(PATIENCE, run).await {
        Ok(Ok(status)) if status.success() => return Ok(()),
        Ok(Ok(status)) => io::Error::other(status.to_string()),
        Ok(Err(error)) => error,
        Err(_) => io::Error::other(format!("it has not ended within {} s", PATIENCE.as_secs())),
    };
    Err(SendError::Command(program.clone(), result))
}

/// A program and all that it starts: killed together when it is dropped before it has ended. What a
/// program that has ended leaves behind is its own affair.
struct Started(Child);

impl Started {
    fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut command = Command::new(program);
        // What is said to the service manager is the daemon's to say.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] {
            command.env_remove(name);
        }
        let command = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map(Self)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It has an id until it is waited for, so that no other group has it meanwhile.
        let group = self.0.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(group) = group {
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}
