//! Asking hosts beside the daemon, by the same rules.
#![expect(clippy::disallowed_methods, reason = "shell: reads the clock, waits for a host's rest")]

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio::{task::spawn_blocking, time};

use crate::{
    canonical_url::Host,
    cli::{
        compose,
        control::{self, Request as Order},
        index::STATE,
    },
    config::{HoldScope, Loaded},
    daemon,
    fetch::{Fetch as _, HttpClient, Request, Response},
    politeness::Robots,
    state::{State, StateError, StateLock},
};

/// The hosts that were asked here, and when last. Its owner asks one at a time.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<Host, Timestamp>);

impl Turns {
    /// Asks once, and each hop of a redirect in its turn, or says why politeness forbids it now.
    pub(super) async fn fetch(
        &mut self,
        loaded: &Loaded,
        mut request: Request,
    ) -> anyhow::Result<Response> {
        let limits = &loaded.config.settings.limits;
        // No longer than a daemon leaves a host to us.
        let longest = limits.total_timeout.min(Duration::from_secs(control::LONGEST_LOAN.into()));
        let client = HttpClient::new(compose::fetch(&loaded.config))?;
        let wanted = request.wanted;
        let fetched = async {
            let mut ours: Option<Host> = None;
            loop {
                let host = Host::of(&request.url);
                let robots = known_robots(loaded, &host)?;
                if loaded.config.settings.politeness.robots_for_feeds {
                    let now = crate::clock::now();
                    let known = robots.as_ref().filter(|robots| robots.is_fresh(now));
                    let known = known.with_context(|| {
                        format!("the robots.txt of {} was not read lately", host.as_str())
                    })?;
                    anyhow::ensure!(
                        known.allows(&request.url),
                        "robots.txt forbids {}",
                        request.url
                    );
                }
                let rest = rest(loaded, robots.as_ref());
                if ours.as_ref() == Some(&host) {
                    time::sleep(Duration::try_from(rest).unwrap_or_default()).await;
                } else {
                    self.take(loaded, &host, rest, longest).await?;
                }
                self.0.insert(host.clone(), crate::clock::now());
                let answered = client.fetch(request).await;
                self.0.insert(host.clone(), crate::clock::now());
                let response = answered?;
                match response.onward(wanted) {
                    Some(onward) => (request, ours) = (onward, Some(host)),
                    None => return Ok(response),
                }
            }
        };
        time::timeout(longest, fetched)
            .await
            .with_context(|| format!("no answer within {longest:?}"))?
    }

    /// Has a host left to us for so long.
    async fn take(
        &self,
        loaded: &Loaded,
        host: &Host,
        rest: SignedDuration,
        time: Duration,
    ) -> anyhow::Result<()> {
        let state = loaded.paths.state.clone();
        match control::is_listening(&state) {
            Some(false) => self.take_alone(loaded, host, rest),
            Some(true) => {
                let seconds = u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX);
                let order = Order::Lend(host.as_str().to_owned(), seconds);
                let reply = spawn_blocking(move || control::reply(&state, &order)).await??;
                reply.map(drop).map_err(anyhow::Error::msg)
            }
            None => anyhow::bail!("it cannot be told whether a daemon asks {}", host.as_str()),
        }
    }

    /// The same where no daemon takes orders: by what the last one has left in the state.
    fn take_alone(&self, loaded: &Loaded, host: &Host, rest: SignedDuration) -> anyhow::Result<()> {
        match StateLock::take(&loaded.paths.state) {
            Ok(_) => {}
            Err(StateError::Lock(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).context("a newswatch may be at work that takes no orders");
            }
        }
        let now = crate::clock::now();
        let mut ready = self.0.get(host).and_then(|at| at.checked_add(rest).ok());
        if let Some(state) = state(loaded)? {
            anyhow::ensure!(!state.paused()?.contains(host), "{} is paused", host.as_str());
            let is_domain = loaded.config.settings.politeness.hold_scope == HoldScope::Domain;
            let is_held =
                |held: &Host| held == host || (is_domain && held.domain() == host.domain());
            let holds = state.holds(now)?.into_iter().filter(|(held, _)| is_held(held));
            ready = ready.max(holds.map(|(_, until)| until).max());
            // What it asked last is not known, only when it was at work.
            let alive: Option<Timestamp> = state.note(daemon::SIGN_OF_LIFE)?;
            ready = ready.max(alive.and_then(|at| at.checked_add(rest).ok()));
        }
        match ready.filter(|ready| *ready > now) {
            Some(ready) => anyhow::bail!("{} is left alone until {ready}", host.as_str()),
            None => Ok(()),
        }
    }
}

pub(super) fn state(loaded: &Loaded) -> anyhow::Result<Option<State>> {
    let path = loaded.paths.state.join(STATE);
    if !path.try_exists()? {
        return Ok(None);
    }
    let state = State::open_read_only(&path)?;
    Ok(state.is_current()?.then_some(state))
}

fn known_robots(loaded: &Loaded, host: &Host) -> anyhow::Result<Option<Robots>> {
    state(loaded)?.map_or(Ok(None), |state| Ok(state.robots(host)?))
}

/// How long a host is left alone after a request.
fn rest(loaded: &Loaded, robots: Option<&Robots>) -> SignedDuration {
    let rest = compose::settings(&loaded.config).rest;
    let asked = robots.and_then(Robots::crawl_delay).unwrap_or_default();
    rest.delay.max(asked.min(rest.longest_crawl_delay))
}
