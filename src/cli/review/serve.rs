//! `newswatch review`, and the same pages beside the daemon.
#![expect(
    clippy::disallowed_methods,
    reason = "shell: listens, reads the clock and chance, opens a browser"
)]

use std::{
    convert::Infallible,
    fs::{self, File},
    io::Read,
    net::SocketAddr,
    process::Stdio,
    sync::Arc,
};

use anyhow::Context;
use tokio::{net::TcpListener, process::Command, runtime::Runtime};

use super::{args::ReviewArgs, desk, outside};
use crate::{
    cli::{Exit, format::print_text, logging},
    config::Loaded,
    listen,
    review::web::{self, Gate, Keeper},
};

/// Characters of a token: shorter ones are guessed.
const SHORTEST_TOKEN: usize = 16;

/// Where and for whom the pages are served.
struct Door {
    address: SocketAddr,
    hosts: Vec<String>,
    token: Option<String>,
}

/// Serves the pages until it is interrupted.
pub(in crate::cli) fn review(loaded: &Loaded, args: &ReviewArgs) -> anyhow::Result<Exit> {
    logging::start(&loaded.config.settings.log)?;
    let door = door(loaded, Some(args))?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let exit = runtime.block_on(async {
        let (listener, router) = open(loaded, &door, "--port 0 takes a free one").await?;
        let address = listener.local_addr()?;
        let page = match &door.token {
            None => format!("http://{address}/"),
            Some(token) => format!("http://{address}/login?token={token}"),
        };
        print_text(&format!("{page}\n"))?;
        if !args.no_open {
            // Without the token: the arguments of a program are seen by every user of the machine.
            show(&format!("http://{address}/"));
        }
        let stop = async {
            if let Err(error) = tokio::signal::ctrl_c().await {
                tracing::error!(%error, "cannot listen for the interrupt");
                std::future::pending::<()>().await;
            }
        };
        // What is being sent when the interrupt comes is not waited for: a browser keeps its
        // connections open.
        tokio::select! {
            never = listen::serve(listener, router) => match never {},
            () = stop => {}
        }
        anyhow::Ok(Exit::Interrupted)
    });
    runtime.shutdown_background();
    exit
}

/// Serves the pages beside the daemon where the configuration says so. What goes wrong with them is
/// logged and does not end the daemon.
pub(in crate::cli) async fn beside(loaded: &Loaded) -> Infallible {
    if loaded.config.settings.review.serve
        && let Err(error) = serve(loaded).await
    {
        tracing::error!("the review is not served: {error:#}");
    }
    std::future::pending().await
}

async fn serve(loaded: &Loaded) -> anyhow::Result<Infallible> {
    let door = door(loaded, None)?;
    let (listener, router) = open(loaded, &door, "set review.port to a free one").await?;
    tracing::info!(address = %listener.local_addr()?, "the review is served");
    Ok(listen::serve(listener, router).await)
}

fn door(loaded: &Loaded, args: Option<&ReviewArgs>) -> anyhow::Result<Door> {
    let settings = &loaded.config.settings.review;
    let ip = args.and_then(|args| args.address).unwrap_or(settings.address);
    let port = args.and_then(|args| args.port).unwrap_or(settings.port);
    let token = match (args.and_then(|args| args.token.clone()), &settings.token_file) {
        (Some(token), _) => Some(token),
        (None, Some(path)) => {
            let path = loaded.beside_config(path);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read the token in {}", path.display()))?;
            Some(text.trim().to_owned())
        }
        (None, None) => None,
    };
    match &token {
        Some(token) if token.chars().count() < SHORTEST_TOKEN => {
            anyhow::bail!("the token is shorter than {SHORTEST_TOKEN} characters");
        }
        None if !ip.is_loopback() => anyhow::bail!(
            "{ip} is reached from other machines: give a token, such as \
             --token \"$(openssl rand -hex 16)\""
        ),
        _ => {}
    }
    Ok(Door { address: SocketAddr::new(ip, port), hosts: settings.hosts.clone(), token })
}

/// `otherwise` is what to do where the port is taken.
async fn open(
    loaded: &Loaded,
    door: &Door,
    otherwise: &str,
) -> anyhow::Result<(TcpListener, axum::Router)> {
    let listener = TcpListener::bind(door.address)
        .await
        .with_context(|| format!("cannot serve on {}; {otherwise}", door.address))?;
    fs::create_dir_all(&loaded.paths.state).with_context(|| {
        format!("cannot make the state folder {}", loaded.paths.state.display())
    })?;
    let index = loaded.paths.state.join(desk::INDEX);
    let archive = loaded.paths.archive.clone();
    let tell = |words: &str| tracing::warn!("{words}");
    let keeper = Keeper::start(move || desk::open_at(&index, &archive, tell))
        .await
        .context("cannot open the review's index")?;
    let mut secret = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut chance| chance.read_exact(&mut secret))
        .context("cannot read chance")?;
    let gate = Gate::new(door.address.ip(), door.hosts.clone(), door.token.as_deref(), &secret);
    let router =
        web::router(keeper, gate, outside::of(Arc::new(loaded.clone()), crate::clock::now));
    Ok((listener, router))
}

/// Opens a browser where there is one.
fn show(page: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let has_display = cfg!(target_os = "macos")
        || std::env::var_os("DISPLAY").is_some()
        || std::env::var_os("WAYLAND_DISPLAY").is_some();
    if !has_display {
        return;
    }
    // Whose end the runtime waits for.
    let opened = Command::new(program)
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = opened {
        tracing::debug!(%error, "no browser was opened");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, LoadOptions};

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_the_setting_to_change() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let flags = vec![("review.port".to_owned(), port.to_string())];
        let options = LoadOptions { cwd: "/nonexistent".into(), flags, ..LoadOptions::default() };
        let error = serve(&config::load(&options).unwrap()).await.unwrap_err();
        assert!(error.to_string().ends_with("set review.port to a free one"), "{error}");
    }
}
