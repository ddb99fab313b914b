//! The loop: clock, tasks, signals around a crawl.
