//! A news-monitoring crawler: from configured feeds to a JSONL archive.
//!
//! The modules stand in the order in which an article passes through them:
//!
//! | module | what it does |
//! |---|---|
//! | [`canonical_url`] | one address, one spelling: what to fetch, and what identifies it |
//! | [`text`] | cleaning, folding, counting words, telling the language |
//! | [`date`] | a date as a publisher writes it, in any language |
//! | [`clock`] | the wall clock, for the shell |
//! | [`fault`] | what is wrong in a configuration file, and where |
//! | [`jsonl`] | append lines, sync them, recover a torn tail |
//! | [`politeness`] | how a host may be treated: robots.txt, pace, Retry-After |
//! | [`fetch`] | one bounded HTTP exchange |
//! | [`source`] | a listing's bytes to entries: feeds and sitemaps |
//! | [`schedule`] | what to fetch next, and when |
//! | [`article`] | a page's bytes to title, text and metadata |
//! | [`reader`] | feeds and pages are read behind a process wall |
//! | [`topic`] | does this text concern us, and by which words |
//! | [`dedup`] | seen before: the same address, the same text, or a revision |
//! | [`archive`] | what the user keeps: records in daily segments |
//! | [`state`] | what the daemon remembers over a restart: a disposable index |
//! | [`crawl`] | the whole way as one state machine |
//! | [`alert`] | telling people of articles, feeds and disks |
//! | [`config`] | TOML to checked settings |
//! | [`review`] | what was found, for people: an index, search, pages and exports |
//! | [`demo`] | a news site on loopback that shows the main job at work |
//! | [`daemon`] | the loop: clock, tasks, signals around a crawl |
//! | [`listen`] | bounded connections to what we serve |
//! | [`metrics`] | what the daemon counts of its work, for Prometheus |
//! | [`cli`] | one function a subcommand |
//!
//! Invariants: the core (everything but the files marked as shell) knows no clock, network, disk,
//! environment or chance; state has one owner, the loop; reading never fails as a whole; a network
//! error never stops the daemon, a disk error always does; append, sync, then remember; the same
//! inputs at the same times give the same requests and the same bytes.

pub mod canonical_url;
pub mod text;
pub mod date;
pub mod clock;
pub mod fault;
pub mod jsonl;
pub mod politeness;
pub mod fetch;
pub mod source;
pub mod schedule;
pub mod article;
pub mod reader;
pub mod topic;
pub mod dedup;
pub mod archive;
pub mod state;
pub mod crawl;
pub mod alert;
pub mod config;
pub mod review;
pub mod demo;
pub mod daemon;
pub mod listen;
pub mod metrics;
pub mod cli;
