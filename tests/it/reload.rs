//! A configuration that changes under a running daemon.

use std::fs;

use rustix::process::Signal;

use crate::support::{
    daemon::{Daemon, wait_until},
    workspace::{first_edition_every, quick_every},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_configuration_that_is_gone_leaves_the_old_one_in_effect() {
    let (site, workspace) = first_edition_every("1h").await;
    let topic = include_str!("../../config/topics/csto-kazakhstan.toml");
    workspace.write("config/topics/csto.toml", topic);
    let daemon = Daemon::start(&workspace);
    wait_until("it runs", || workspace.run(&["reload"]).code == Some(0));
    let path = |name: &str| workspace.path().join(name);
    for part in ["config/feeds.toml", "config/topics", "config/newswatch.toml"] {
        fs::rename(path(part), path("away")).unwrap();
        let ran = workspace.run(&["reload"]).expect(&[1]);
        let words = format!("{part} was part of the configuration and is not any more");
        assert!(ran.stderr.contains(&words), "{ran:#?}");
        fs::rename(path("away"), path(part)).unwrap();
    }
    // The folder as a whole: there is nobody left to ask through the socket.
    fs::rename(path("config"), path("away")).unwrap();
    daemon.signal(Signal::HUP);
    wait_until("it is told", || daemon.log().contains("/config was part of the configuration"));
    fs::rename(path("away"), path("config")).unwrap();
    workspace.run(&["poll", &site.feeds[0].id]).expect(&[0]);
    let ran = workspace.run(&["reload"]).expect(&[0]);
    assert_eq!(ran.stdout, "nothing has changed\n");
    assert!(!daemon.log().contains("removed"), "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_told_without_secrets_and_with_the_time_of_its_effect() {
    let (_site, workspace) = first_edition_every("1h").await;
    let settings = |more: &str| {
        workspace.write("config/newswatch.toml", &(quick_every("1h") + more));
    };
    let alert = |secret: &str| {
        let alert =
            format!("[[alert]]\nid = \"a\"\nwebhook = \"https://127.0.0.1:9/T0/{secret}\"\n");
        workspace.write("config/alerts.toml", &alert);
    };
    alert("sesame-1");
    let daemon = Daemon::start(&workspace);
    wait_until("it runs", || workspace.run(&["reload"]).code == Some(0));
    alert("sesame-2");
    settings("proxy = \"http://me:sesame-3@127.0.0.1:9\"\n[archive]\nfolder = \"other\"\n");
    let ran = workspace.run(&["reload"]).expect(&[0]);
    let (said, log) = (&ran.stdout, daemon.log());
    assert!(said.contains("alert a.webhook: changed\n"), "{said}");
    assert!(said.contains("network.proxy: unset -> \"http://127.0.0.1:9/…\" (from the"), "{said}");
    assert!(!said.contains("sesame") && !log.contains("sesame"), "{said} {log}");
    let line = |words: &str| log.lines().find(|line| line.contains(words)).unwrap();
    assert!(line("change=archive.folder").contains("from the next start on"), "{log}");
    let (old, new) = (workspace.path().join("archive"), workspace.path().join("other"));
    let folders = format!("folder={} next={}", old.display(), new.display());
    assert!(line("the archive stays where it is until the next start").contains(&folders), "{log}");
    assert!(!line("change=alert a.webhook").contains("next start"), "{log}");
    // Nor are they where the line is faulty that they stand in.
    alert("sesame-4\"\nwebhok = \"https://127.0.0.1:9/sesame-5");
    daemon.signal(Signal::HUP);
    let fault = "config/alerts.toml:4:1: unknown key `webhok`";
    wait_until("it is told", || daemon.log().contains(fault));
    assert!(!daemon.log().contains("sesame"), "{}", daemon.log());
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_while_the_daemon_starts_does_not_end_it() {
    let (_site, workspace) = first_edition_every("1h").await;
    let state = workspace.path().join("state");
    let daemon = Daemon::start(&workspace);
    while !state.exists() {
        std::hint::spin_loop();
    }
    // It opens archive and state.
    daemon.signal(Signal::HUP);
    wait_until("it runs", || workspace.run(&["reload"]).code == Some(0));
    assert!(daemon.stop().success());
}
