//! The daemon is killed at any moment: no record lost, none doubled.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use newswatch::demo::Site;

use crate::{
    demo,
    support::workspace::{Workspace, first_edition, quick_every},
};

/// A whole pass over the demo takes longer than all of the daemon's lives here, so that each kill
/// falls into work.
const LIVES: u32 = 20;
const LONGEST: Duration = Duration::from_millis(400);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// So many requests: the feed's, its robots.txt, and a page at least.
const BEGUN: usize = 3;

/// More rounds with other lives: `NEWSWATCH_KILLS=1000 cargo test --test it kill::`.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_no_record_and_double_none() {
    let kills = std::env::var("NEWSWATCH_KILLS").ok().and_then(|kills| kills.parse().ok());
    let rounds = kills.unwrap_or(LIVES).div_ceil(LIVES);
    let mut growths = 0;
    for round in 0..rounds {
        growths += kill_at_random(u64::from(round)).await;
        println!("{} kills", (round + 1) * LIVES);
    }
    assert!(growths >= 2 * rounds, "too few kills fell into work: {growths} of {rounds} rounds");
}

/// How many lives wrote something.
async fn kill_at_random(round: u64) -> u32 {
    let (site, workspace) = first_edition().await;
    workspace.write(
        "config/newswatch.toml",
        &quick_every("500ms").replace("delay = \"0s\"", "delay = \"120ms\""),
    );
    let wanted = site.expected().iter().filter(|it| demo::is_kept(it)).count();
    let mut random = 0x2022_0106_u64 ^ (round << 32);
    let mut heights = Vec::new();
    for life in 0..LIVES {
        // Knuth's MMIX generator: the same lives at every run.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let rest =
            Duration::from_millis(20) + LONGEST.mul_f64((random >> 40) as f64 / f64::from(1 << 24));
        let (daemon, asked) = (Killed::start(&workspace), site.log().len());
        let before = heights.last().copied().unwrap_or(0);
        // A machine may be too busy for a daemon to come to a page, or to a record, within that time:
        // some are let come there, the rest are killed wherever they are.
        let has_begun = || match life % 4 {
            0 => before >= wanted || workspace.whole_lines() > before,
            2 => site.log().len() >= asked + BEGUN,
            _ => true,
        };
        let started = Instant::now();
        while !has_begun() && started.elapsed() < LONGEST_WAIT {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(rest);
        drop(daemon);
        heights.push(workspace.whole_lines());
    }
    assert!(heights.is_sorted(), "what was written stays: {heights:?}");
    println!("records after each life: {heights:?}");
    finish(&workspace, &site);
    demo::check(&site.expected(), &workspace.records());
    demo::check_schema(&workspace);
    heights.windows(2).map(|pair| u32::from(pair[0] < pair[1])).sum()
}

/// Lets the daemon run until nothing was written for a while.
fn finish(workspace: &Workspace, site: &Site) {
    let _daemon = Killed::start(workspace);
    let started = Instant::now();
    let mut last = (workspace.whole_lines(), Instant::now());
    while last.1.elapsed() < Duration::from_secs(4) {
        assert!(started.elapsed() < Duration::from_mins(1), "{:#?}", site.log());
        std::thread::sleep(Duration::from_millis(100));
        let height = workspace.whole_lines();
        if height != last.0 {
            last = (height, Instant::now());
        }
    }
}

/// A daemon that ends by SIGKILL.
struct Killed(Child);

impl Killed {
    fn start(workspace: &Workspace) -> Self {
        let mut command = workspace.command(&["run"]);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
