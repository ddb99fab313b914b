//! Tests of the schedule: the policy as a table of rules, the frontier by laws.

use jiff::{SignedDuration, Timestamp, ToSpan};
use url::Url;

use super::{
    retry::{Again, Chances, Trouble},
    *,
};
use crate::{
    canonical_url::Host,
    fetch::Validators,
    politeness::{backoff, pace::Rest},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn start() -> Timestamp {
    at("2022-01-06T00:00:00Z")
}

fn url() -> Url {
    Url::parse("https://news.example/feed.xml").unwrap()
}

fn steady() -> Cadence {
    Cadence { jitter: 0.0, ..Cadence::default() }
}

fn etag(tag: &str) -> Validators {
    Validators { etag: Some(tag.as_bytes().to_vec()), last_modified: None }
}

fn read(entries: u32, new: u32) -> Outcome {
    Outcome::Read {
        validators: etag("\"1\""),
        body_hash: 1,
        entries,
        new,
        freshness: None,
        ttl: None,
        skip_hours: vec![],
        skip_days: vec![],
    }
}

fn unchanged() -> Outcome {
    Outcome::Unchanged { validators: Validators::default(), freshness: None }
}

fn after(state: FeedState, outcome: &Outcome, now: Timestamp) -> FeedState {
    state.after(outcome, &url(), "feed", &steady(), now)
}

fn wait(state: &FeedState, now: Timestamp) -> SignedDuration {
    state.next_at.unwrap().duration_since(now)
}

#[test]
fn first_polls_are_spread_over_the_interval_and_stay_where_they_are() {
    let mut offsets: Vec<SignedDuration> = (0..100)
        .map(|n| {
            let mut state = FeedState::default();
            state.place_first(&format!("feed-{n}"), &steady(), start());
            let first = state.next_at;
            state.place_first(&format!("feed-{n}"), &steady(), at("2022-01-06T00:10:00Z"));
            assert_eq!(state.next_at, first);
            wait(&state, start())
        })
        .collect();
    offsets.sort();
    assert!(offsets.last().unwrap() < &SignedDuration::from_mins(30));
    let in_first_minute = offsets.iter().filter(|o| **o < SignedDuration::from_mins(1)).count();
    assert!(in_first_minute < 12, "{in_first_minute} of 100 polls in the first of 30 minutes");
}

#[test]
fn the_next_poll_is_the_longest_of_what_is_asked_within_floor_and_ceiling() {
    let hours = SignedDuration::from_hours;
    let rows = [
        // (max-age, ttl, expected wait, why)
        (None, None, SignedDuration::from_mins(30), Why::Habit),
        (Some(hours(2)), None, hours(2), Why::Freshness),
        (Some(hours(2)), Some(hours(3)), hours(3), Why::Ttl),
        (None, Some(hours(48)), hours(24), Why::Ceiling),
    ];
    for (freshness, ttl, expected, why) in rows {
        let outcome = Outcome::Read {
            validators: etag("\"1\""),
            body_hash: 1,
            entries: 10,
            new: 10,
            freshness,
            ttl,
            skip_hours: vec![],
            skip_days: vec![],
        };
        let state = after(FeedState::default(), &outcome, start());
        assert_eq!((wait(&state, start()), state.why), (expected, why));
    }
}

#[test]
fn max_age_counts_after_a_304_too() {
    let state = after(FeedState::default(), &read(10, 10), start());
    let outcome = Outcome::Unchanged {
        validators: Validators::default(),
        freshness: Some(SignedDuration::from_hours(5)),
    };
    let state = after(state, &outcome, start());
    assert_eq!(wait(&state, start()), SignedDuration::from_hours(5));
}

#[test]
fn without_validators_an_hour_is_the_floor() {
    let outcome = Outcome::Read {
        validators: Validators::default(),
        body_hash: 1,
        entries: 10,
        new: 10,
        freshness: None,
        ttl: None,
        skip_hours: vec![],
        skip_days: vec![],
    };
    let state = after(FeedState::default(), &outcome, start());
    assert_eq!((wait(&state, start()), state.why), (SignedDuration::from_mins(60), Why::Floor));
}

#[test]
fn an_answer_full_of_news_is_asked_for_again_sooner_and_never_below_the_floor() {
    let mut state = after(FeedState::default(), &read(10, 10), start());
    for _ in 0..5 {
        state = after(state, &read(10, 9), start());
    }
    assert_eq!((wait(&state, start()), state.why), (SignedDuration::from_mins(15), Why::Habit));
}

#[test]
fn a_silent_feed_is_asked_within_about_a_tenth_of_its_silence() {
    let mut state = after(FeedState::default(), &read(10, 10), start());
    let mut now = start();
    for _ in 0..200 {
        now = state.next_at.unwrap();
        state = after(state, &unchanged(), now);
        let silence = now.duration_since(start());
        let bound = silence.mul_f64(0.12) + SignedDuration::from_mins(36);
        assert!(wait(&state, now) <= bound, "{:#} after {silence:#}", wait(&state, now));
    }
    assert_eq!(wait(&state, now), SignedDuration::from_hours(24));
}

#[test]
fn validators_are_replaced_from_every_answer_and_sent_to_no_other_address() {
    let state = after(FeedState::default(), &read(1, 1), start());
    assert_eq!(state.validators_for(&url(), start()), etag("\"1\""));
    let elsewhere = Url::parse("https://other.example/feed.xml").unwrap();
    assert_eq!(state.validators_for(&elsewhere, start()), Validators::default());

    // The same body under another tag: the new tag is the one that counts.
    let again = Outcome::Read {
        validators: etag("W/\"2\""),
        body_hash: 1,
        entries: 1,
        new: 0,
        freshness: None,
        ttl: None,
        skip_hours: vec![],
        skip_days: vec![],
    };
    let state = after(state, &again, start());
    assert_eq!(state.validators_for(&url(), start()), etag("W/\"2\""));
    let changed = Outcome::Unchanged { validators: etag("\"3\""), freshness: None };
    let state = after(state, &changed, start());
    assert_eq!(state.validators_for(&url(), start()), etag("\"3\""));
}

#[test]
fn eight_days_of_304_are_checked_once_and_a_false_304_is_checked_daily() {
    let mut state = after(FeedState::default(), &read(1, 1), start());
    let first_304 = start() + 1.hour();
    state = after(state, &unchanged(), first_304);
    let day = |n: i64| first_304 + (24 * n).hours();
    assert_eq!(state.validators_for(&url(), day(7)), etag("\"1\""));
    assert_eq!(state.validators_for(&url(), day(8)), Validators::default());

    // The check finds the same body: the server is trusted, and the count begins anew.
    let honest = after(state.clone(), &read(1, 0), day(8));
    assert!(!honest.distrusted);
    let honest = after(honest, &unchanged(), day(9));
    assert_eq!(honest.validators_for(&url(), day(16)), etag("\"1\""));

    // It finds another one: the 304s were false.
    let other = Outcome::Read {
        validators: etag("\"1\""),
        body_hash: 2,
        entries: 2,
        new: 1,
        freshness: None,
        ttl: None,
        skip_hours: vec![],
        skip_days: vec![],
    };
    let false_304 = after(state, &other, day(8));
    assert!(false_304.distrusted);
    let false_304 = after(false_304, &unchanged(), day(8) + 1.hour());
    assert_eq!(false_304.validators_for(&url(), day(8) + 24.hours()), etag("\"1\""));
    assert_eq!(false_304.validators_for(&url(), day(9) + 1.hour()), Validators::default());
}

#[test]
fn failures_back_off_to_a_day_and_after_thirty_to_a_week_and_are_never_dropped() {
    let failed = Outcome::Failed { error: "no answer".into() };
    let mut state = after(FeedState::default(), &failed, start());
    let mut longest = SignedDuration::ZERO;
    for failures in 1..=40 {
        assert_eq!(state.failures, failures);
        assert_eq!(state.why, Why::Backoff);
        let wait = wait(&state, start());
        assert!(wait >= SignedDuration::from_mins(30));
        if failures <= 30 {
            assert!(wait <= SignedDuration::from_hours(24), "{wait:#} after {failures}");
        }
        longest = longest.max(wait);
        state = after(state, &failed, start());
    }
    assert!(longest >= SignedDuration::from_hours(6 * 24));
    let state = after(state, &read(1, 0), start());
    assert_eq!((state.failures, state.last_error), (0, None));
}

#[test]
fn a_refusal_waits_for_the_longer_of_retry_after_and_backoff() {
    for (asked, expected) in [(Some(7200), 7200), (Some(5), 1620), (None, 1620)] {
        let outcome = Outcome::Refused {
            error: "HTTP 429".into(),
            retry_after: asked.map(SignedDuration::from_secs),
        };
        let state = after(FeedState::default(), &outcome, start());
        assert!(wait(&state, start()) >= SignedDuration::from_secs(expected), "{asked:?}");
        assert_eq!(state.why, Why::RetryAfter);
    }
}

#[test]
fn jitter_moves_no_poll_out_of_floor_and_ceiling() {
    let wide = Cadence { jitter: 0.5, ..Cadence::default() };
    for (hours, floor, ceiling) in [(24, 12, 24), (48, 12, 24), (0, 0, 24)] {
        let asks = Outcome::Unchanged {
            validators: etag("\"1\""),
            freshness: Some(SignedDuration::from_hours(hours)),
        };
        let waits: Vec<SignedDuration> = (0..200)
            .map(|n| {
                let feed = FeedState::default();
                wait(&feed.after(&asks, &url(), &format!("feed-{n}"), &wide, start()), start())
            })
            .collect();
        let floor = wide.floor.max(SignedDuration::from_hours(floor));
        let ceiling = SignedDuration::from_hours(ceiling);
        assert!(waits.iter().all(|wait| (floor..=ceiling).contains(wait)), "{waits:?}");
        let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
        assert!(distinct.len() > 90, "{}", distinct.len());
    }
}

#[test]
fn what_a_feed_asks_for_holds_until_it_says_something_else() {
    let asks = Outcome::Read {
        validators: etag("\"1\""),
        body_hash: 1,
        entries: 1,
        new: 0,
        freshness: None,
        ttl: Some(SignedDuration::from_hours(3)),
        skip_hours: vec![6],
        skip_days: vec![],
    };
    let state = after(FeedState::default(), &asks, start());
    assert_eq!((wait(&state, start()), state.why), (SignedDuration::from_hours(3), Why::Ttl));
    let state = after(state, &unchanged(), start() + 3.hours());
    assert_eq!((state.next_at, state.why), (Some(start() + 7.hours()), Why::SkipHours));
    let state = after(state, &read(1, 0), start() + 7.hours());
    let state = after(state, &unchanged(), start() + 8.hours());
    assert_eq!(state.why, Why::Habit);
}

#[test]
fn the_name_of_a_part_is_of_no_other_one_after_it() {
    let part = |n: u32| (Url::parse(&format!("https://news.example/{n}.xml")).unwrap(), None);
    let mut state = FeedState::default();
    assert_eq!(state.plan_parts(&[part(1), part(2)]), [0, 1]);
    let newest = state.parts.iter().max_by_key(|part| part.id).unwrap().url.clone();
    let kept: Vec<_> = [part(1), part(2)].into_iter().filter(|(url, _)| *url != newest).collect();
    state.plan_parts(&kept);
    state.plan_parts(&[&kept[..], &[part(3)]].concat());
    assert_eq!(state.part(1), None);
    assert_eq!(state.part(2).unwrap().url, part(3).0);
}

#[test]
fn a_feed_that_is_gone_is_asked_no_more_once_its_server_has_said_so_for_a_day() {
    let gone = Outcome::Gone { error: "HTTP 410: gone".into() };
    let (mut state, mut now, mut asked) = (FeedState::default(), start(), 0);
    while asked == 0 || state.next_at.is_some() {
        now = state.next_at.unwrap_or(now);
        state = after(state, &gone, now);
        asked += 1;
        assert!(state.last_error.as_ref().unwrap().contains("410"));
        assert!(asked < 10);
    }
    assert_eq!((state.gone, state.why), (true, Why::Gone));
    assert!(now >= start() + 24.hours() && asked >= 3, "{asked} times until {now}");
    // Somebody has it asked all the same, and it is there again.
    let state = after(state, &read(1, 1), start() + 1.hour());
    assert_eq!((state.gone, state.last_error.as_ref()), (false, None));
    assert!(state.next_at.is_some());
}

#[test]
fn a_410_now_and_then_ends_no_feed() {
    let gone = Outcome::Gone { error: "HTTP 410: gone".into() };
    let failed = Outcome::Failed { error: "HTTP 500".into() };
    let mut state = FeedState::default();
    for day in 0..60 {
        let now = start() + (day * 24_i64).hours();
        let other = if day % 4 == 1 { read(1, 0) } else { failed.clone() };
        state = after(state, if day % 2 == 0 { &gone } else { &other }, now);
        assert!(!state.gone && state.next_at.is_some(), "on day {day}");
    }
}

#[test]
fn a_move_that_was_believed_is_taken_back_when_the_old_address_has_the_feed_again() {
    let to = Url::parse("https://elsewhere.example/new.xml").unwrap();
    let moved = FeedState { moved_to: Some(Box::new(to.clone())), ..FeedState::default() };
    let failed = Outcome::Failed { error: "no connection".into() };
    let (mut state, mut now) = (moved.clone(), start());
    let mut asked = Vec::new();
    for _ in 0..8 {
        asked.push(state.address(&url()).clone());
        state = after(state, &failed, now);
        now = state.next_at.unwrap();
    }
    assert_eq!(asked[..3], [to.clone(), to.clone(), to.clone()], "a failure or two are no doubt");
    assert_eq!(asked.iter().filter(|asked| **asked == url()).count(), 3, "{asked:?}");
    // The old address leads there still: the move holds.
    state.note_way(&url(), Some(&to), now);
    assert_eq!(state.moved_to.as_deref(), Some(&to));
    // It has the feed itself.
    state.note_way(&url(), None, now);
    let state = after(state, &read(1, 1), now);
    assert_eq!((&state.moved_to, state.address(&url())), (&None, &url()));
    // What comes from where it has moved to says nothing against it.
    let mut state = moved;
    state.note_way(&to, None, now);
    assert_eq!(state.address(&url()), &to);
}

#[test]
fn while_nothing_answers_a_feed_is_asked_as_before_and_has_not_failed() {
    let offline = Outcome::Offline { error: "no connection".into() };
    let (mut state, mut now) = (after(FeedState::default(), &read(1, 1), start()), start());
    for _ in 0..50 {
        state = after(state, &offline, now);
        assert!((1620..=1980).contains(&wait(&state, now).as_secs()), "{:#}", wait(&state, now));
        now = state.next_at.unwrap();
    }
    assert_eq!((state.failures, state.why), (1, Why::Offline));
    // One that has failed for long comes no sooner for it.
    let long = after(FeedState { failures: 20, ..state }, &offline, now);
    assert_eq!(long.failures, 20);
    assert!(wait(&long, now) > SignedDuration::from_hours(20));
}

#[test]
fn a_move_for_good_is_believed_after_three_equal_answers_over_a_day() {
    let to = Url::parse("https://news.example/new.xml").unwrap();
    let other = Url::parse("https://news.example/else.xml").unwrap();
    let mut state = FeedState::default();
    for hours in [0, 6, 12] {
        state.note_way(&url(), Some(&to), start() + i64::from(hours).hours());
    }
    assert_eq!(state.moved_to, None, "three answers, but within twelve hours");
    state.note_way(&url(), Some(&to), start() + 25.hours());
    assert_eq!(state.address(&url()), &to);

    let mut state = FeedState::default();
    for (hours, to) in
        [(0, Some(&to)), (12, Some(&other)), (24, Some(&to)), (30, None), (60, Some(&to))]
    {
        state.note_way(&url(), to, start() + i64::from(hours).hours());
    }
    assert_eq!(state.moved_to, None, "never three equal answers in a row");
}

#[test]
fn skipped_hours_and_days_are_kept_free() {
    let outcome = Outcome::Read {
        validators: etag("\"1\""),
        body_hash: 1,
        entries: 1,
        new: 1,
        freshness: None,
        ttl: None,
        skip_hours: (0..6).collect(),
        // 2022-01-06 is a Thursday.
        skip_days: vec![4],
    };
    let state = after(FeedState::default(), &outcome, start());
    assert_eq!(state.next_at.unwrap(), at("2022-01-07T06:30:00Z"));
    assert_eq!(state.why, Why::SkipHours);
}

#[test]
fn jitter_stays_within_its_share_and_above_the_floor() {
    let cadence = Cadence::default();
    for n in 0..200 {
        let state = FeedState::default().after(
            &read(10, 10),
            &url(),
            &format!("feed-{n}"),
            &cadence,
            start(),
        );
        let minutes = wait(&state, start()).as_secs_f64() / 60.0;
        assert!((27.0..=33.0).contains(&minutes), "{minutes}");
    }
}

#[test]
fn a_feed_that_falls_silent_far_beyond_its_habit_is_stale() {
    let mut state = after(FeedState::default(), &read(10, 10), start());
    for day in 1..=20 {
        state = after(state, &read(10, 1), start() + (24 * day).hours());
    }
    assert!(!state.is_stale(start() + (24 * 26).hours()));
    assert!(state.is_stale(start() + (24 * 32).hours()));
}

#[test]
fn what_a_clock_that_was_ahead_left_behind_ends_with_the_next_poll() {
    let ahead = start() + (24 * 3_650).hours();
    let state = after(FeedState::default(), &read(10, 10), ahead);
    let state = after(state, &unchanged(), ahead);
    let state = after(state, &unchanged(), start());
    assert!(state.is_stale(start() + (24 * 8).hours()));
    let later = start() + (24 * 9).hours();
    assert_eq!(state.validators_for(&url(), later), Validators::default());
}

/// Runs a schedule with one request in flight per host and gives (second, host, job) of each start.
fn simulate(
    schedule: &mut Schedule,
    until: Timestamp,
    takes: SignedDuration,
) -> Vec<(i64, String, Job)> {
    let mut log = Vec::new();
    let mut flights: Vec<(Timestamp, Host, Job)> = Vec::new();
    let mut now = start();
    while now < until {
        schedule.forget_idle(now);
        let next = schedule.next(now);
        match next {
            Next::Fetch { job, host } => {
                assert!(
                    flights.iter().all(|(_, busy, _)| *busy != host),
                    "two requests to {host:?}"
                );
                log.push((now.as_second(), host.as_str().to_owned(), job));
                flights.push((now + takes, host, job));
                continue;
            }
            Next::WaitUntil(at) => now = at,
            Next::Wait => now = until,
        }
        flights.sort_by_key(|flight| flight.0);
        if let Some((back, _, _)) = flights.first()
            && *back <= now
        {
            let (back, host, job) = flights.remove(0);
            now = back;
            if let Job::Poll(ix) = job {
                schedule.set_feed(ix, &address(ix.get()), Some(now + 40.minutes()));
            }
            schedule.release(&host, takes, now);
        } else if let Some((back, _, _)) = flights.first()
            && next == Next::Wait
        {
            now = *back;
        }
    }
    log
}

fn address(n: usize) -> Url {
    Url::parse(&format!("https://host{}.example/feed-{n}", n % 2)).unwrap()
}

fn hosts_and_pages() -> Schedule {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    for n in 0..6 {
        let mut state = FeedState::default();
        state.place_first(&format!("feed-{n}"), &steady(), start());
        schedule.add_feed(&address(n), state.next_at);
    }
    for page in 0..200 {
        let url = Url::parse(&format!("https://host{}.example/", page % 2)).unwrap();
        schedule.put_back(&Host::of(&url), page_of(0, page), start());
    }
    schedule
}

#[test]
fn a_host_has_one_request_in_flight_and_rests_after_it() {
    let log = simulate(&mut hosts_and_pages(), start() + 24.hours(), SignedDuration::from_secs(1));
    for host in ["host0.example", "host1.example"] {
        let starts: Vec<i64> = log.iter().filter(|l| l.1 == host).map(|l| l.0).collect();
        assert!(starts.len() > 100);
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 5), "{host} was not left alone");
    }
}

#[test]
fn polls_and_pages_of_a_host_take_turns() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    for n in 0..3 {
        schedule.add_feed(&address(0), Some(start()));
        schedule.put_back(&Host::of(&address(0)), page_of(0, n), start());
    }
    let log = simulate(&mut schedule, start() + 29.seconds(), SignedDuration::from_millis(100));
    let polls: Vec<bool> = log.iter().map(|(_, _, job)| matches!(job, Job::Poll(_))).collect();
    assert_eq!(polls, [true, false, true, false, true, false]);
}

#[test]
fn the_same_schedule_gives_the_same_log() {
    let run =
        || simulate(&mut hosts_and_pages(), start() + 12.hours(), SignedDuration::from_secs(2));
    assert_eq!(run(), run());
}

#[test]
fn a_hold_keeps_a_whole_domain_where_that_is_asked_for() {
    let mut schedule = hosts_and_pages();
    let host = Host::of(&Url::parse("https://host0.example/").unwrap());
    schedule.hold_domain(&host, start() + 1.hour());
    let log = simulate(&mut schedule, start() + 2.hours(), SignedDuration::from_secs(1));
    let first = log.iter().filter(|l| l.1 == "host0.example").map(|l| l.0).min().unwrap();
    assert!(first >= (start() + 1.hour()).as_second());
    // Also at hosts that are not known yet, however many were forgotten meanwhile.
    let mut schedule = Schedule::new(Rest::default(), 4);
    schedule.hold_domain(&host, start() + 1.hour());
    schedule.forget_idle(start() + 1.minute());
    let other = Host::of(&Url::parse("https://m.host0.example/").unwrap());
    schedule.put_back(&other, page_of(0, 1), start());
    assert_eq!(schedule.next(start() + 30.minutes()), Next::WaitUntil(start() + 1.hour()));
    schedule.forget_idle(start() + 1.hour());
    assert!(matches!(schedule.next(start() + 1.hour()), Next::Fetch { .. }));
}

fn named(host: &str) -> Host {
    Host::of(&Url::parse(&format!("https://{host}.example/")).unwrap())
}

/// A page that the feed at this place names.
fn page_of(feed: usize, page: i64) -> Job {
    Job::Page(FeedIx::of(feed), PageId(page))
}

/// As many pages of one feed as are asked for at once.
const SHARE: usize = 4;

#[test]
fn no_feed_waits_for_the_pages_of_many_slow_hosts() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    for n in 0..600 {
        let feed = usize::try_from(n).unwrap() / SHARE;
        schedule.put_back(&named(&format!("slow{n}")), page_of(feed, n), start());
    }
    let due = start() + 1.minute();
    schedule.add_feed(&Url::parse("https://courier.example/").unwrap(), Some(due));
    let pages = |schedule: &mut Schedule, now, most: usize| {
        let jobs = std::iter::repeat_with(|| schedule.next(now)).take(most);
        jobs.filter(|next| matches!(next, Next::Fetch { job: Job::Page(..), .. })).count()
    };
    // Before it is due, pages are asked for; then it is the next, whoever waits longer.
    assert_eq!(pages(&mut schedule, start(), 16), 16);
    let Next::Fetch { job, .. } = schedule.next(due) else { panic!("the feed is due") };
    assert!(matches!(job, Job::Poll(_)), "{job:?}");
    assert_eq!(pages(&mut schedule, due, 600), 584);
}

/// Does all that is due with so many requests at once, each taking as long as `takes` says, and gives
/// when each job was asked for.
fn work_off(
    schedule: &mut Schedule,
    concurrency: usize,
    takes: impl Fn(&Host) -> SignedDuration,
) -> Vec<(SignedDuration, Job)> {
    let (mut log, mut now, mut in_flight) = (vec![], start(), vec![]);
    loop {
        let mut due = None;
        while in_flight.len() < concurrency {
            match schedule.next(now) {
                Next::Fetch { job, host } => {
                    log.push((now.duration_since(start()), job));
                    in_flight.push((now + takes(&host), host));
                }
                Next::WaitUntil(at) => {
                    due = Some(at);
                    break;
                }
                Next::Wait => break,
            }
        }
        let back = in_flight.iter().map(|(at, _)| *at).min();
        let Some(next) = due.into_iter().chain(back).min() else { return log };
        now = next;
        schedule.forget_idle(now);
        for (_, host) in in_flight.extract_if(.., |(at, _)| *at <= now) {
            schedule.release(&host, takes(&host), now);
        }
    }
}

#[test]
fn the_pages_of_a_feed_that_names_hundreds_of_slow_hosts_delay_no_other_feeds() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    // Two such feeds, whose pages have waited longest.
    for n in 0..1200 {
        let feed = usize::try_from(n).unwrap() % 2;
        schedule.put_back(&named(&format!("slow{n}")), page_of(feed, n), start());
    }
    for feed in 2..22 {
        for n in 0..10 {
            let host = named(&format!("honest{feed}"));
            schedule.put_back(&host, page_of(feed, 10_000 + n), start());
        }
    }
    let log = work_off(&mut schedule, 16, |host| {
        SignedDuration::from_secs(if host.as_str().starts_with("slow") { 60 } else { 1 })
    });
    let is_slow = |job: &Job| matches!(job, Job::Page(feed, _) if feed.get() < 2);
    assert_eq!(log.len(), 1400);
    let last = log.iter().filter(|(_, job)| !is_slow(job)).map(|(at, _)| *at).max().unwrap();
    // Nine rests of five seconds, and twenty pages a turn for the eight places that are left.
    assert!(last <= SignedDuration::from_secs(9 * 5 + 10), "{last:#}");
    // The slow ones go on all the while: eight places for a minute each.
    let last = log.iter().map(|(at, _)| *at).max().unwrap();
    assert!(last < SignedDuration::from_mins(1200 / 8), "{last:#}");
}

#[test]
fn feeds_take_turns_at_a_host_that_all_of_them_name() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    let host = named("agency");
    for feed in 0..5 {
        let pages = if feed == 0 { 300 } else { 3 };
        for n in 0..pages {
            schedule.put_back(&host, page_of(feed, n), start());
        }
    }
    // A feed with pages elsewhere has its turn here as well.
    for n in 300..320 {
        schedule.put_back(&named(&format!("else{n}")), page_of(4, n), start());
    }
    let log = work_off(&mut schedule, 2, |_| SignedDuration::from_millis(100));
    let at_host = log.iter().filter_map(|(_, job)| match job {
        Job::Page(feed, page) if page.0 < 300 => Some(feed.get()),
        _ => None,
    });
    let first: Vec<usize> = at_host.take(18).collect();
    for feed in 1..5 {
        assert_eq!(first.iter().filter(|of| **of == feed).count(), 3, "{first:?}");
    }
    assert_eq!(log.len(), 332);
}

#[test]
fn hosts_that_were_met_once_are_forgotten_and_what_still_counts_of_one_is_not() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    let home = Url::parse("https://home.example/").unwrap();
    let gone = schedule.add_feed(&Url::parse("https://gone.example/").unwrap(), None);
    let moved = schedule.add_feed(&Url::parse("https://old.example/").unwrap(), None);
    let ix = schedule.add_feed(&home, None);
    for n in 0..2000 {
        schedule.put_back(&named(&format!("once{n}")), page_of(ix.get(), n), start());
    }
    let (held, until) = (named("once7"), start() + 90.minutes());
    schedule.hold(&held, until);
    schedule.pause(&named("once8"));
    schedule.put_back(&named("waits"), page_of(ix.get(), 2000), start() + 100.hours());
    schedule.put_back(&named("part"), Job::Part(ix, 1), start() + 100.hours());
    schedule.remove_feed(gone);
    schedule.set_feed(moved, &home, None);
    let mut now = start();
    while let Some(due) = schedule.due_since().filter(|due| *due <= start() + 10.hours()) {
        now = due.max(now);
        while let Next::Fetch { host, .. } = schedule.next(now) {
            schedule.release(&host, SignedDuration::ZERO, now);
        }
        schedule.forget_idle(now);
        assert!(now >= until || schedule.held_until(&held) == Some(until), "{now}");
    }
    now += 1.hour();
    schedule.forget_idle(now);
    let known: Vec<&str> = schedule.hosts().map(|(host, _)| host.as_str()).collect();
    assert_eq!(known.len(), 4, "{known:?}");
    for host in ["home", "waits", "part", "once8"] {
        assert!(known.contains(&named(host).as_str()), "{host}: {known:?}");
    }
    // Places are taken again, and what waited still comes.
    for n in 0..100 {
        schedule.put_back(&named(&format!("new{n}")), page_of(ix.get(), 3000 + n), now);
    }
    schedule.resume(&named("once8"));
    assert_eq!(work_off(&mut schedule, 16, |_| SignedDuration::from_secs(1)).len(), 103);
    schedule.forget_idle(start() + 1000.hours());
    assert_eq!(schedule.hosts().count(), 1);
}

#[test]
fn polls_of_a_host_take_turns_with_the_pages_of_all_its_feeds() {
    let mut schedule = Schedule::new(Rest::default(), SHARE);
    for n in 0..6 {
        schedule.add_feed(&address(0), Some(start()));
        schedule.put_back(&Host::of(&address(0)), page_of(0, n), start());
    }
    schedule.put_back(&Host::of(&address(0)), page_of(1, 6), start());
    let log = work_off(&mut schedule, 2, |_| SignedDuration::from_millis(100));
    let (polls, pages): (Vec<Job>, Vec<Job>) =
        log.iter().map(|(_, job)| job).partition(|job| matches!(job, Job::Poll(_)));
    assert_eq!((polls.len(), pages.len()), (6, 7));
    assert!(matches!(log[0].1, Job::Poll(_)) && matches!(log[2].1, Job::Poll(_)));
    assert!(pages[..2].contains(&page_of(1, 6)), "{pages:?}");
}

#[test]
fn one_pass_polls_once_what_is_chosen_and_nothing_else() {
    let mut schedule = hosts_and_pages();
    schedule.only_once();
    schedule.poll_now(FeedIx::of(1), start());
    schedule.poll_now(FeedIx::of(4), start());
    let log = simulate(&mut schedule, start() + 10.hours(), SignedDuration::from_secs(1));
    let polls: Vec<Job> =
        log.iter().map(|l| l.2).filter(|job| matches!(job, Job::Poll(_))).collect();
    assert_eq!(polls, [Job::Poll(FeedIx::of(4)), Job::Poll(FeedIx::of(1))]);
}

#[test]
fn a_host_is_lent_only_when_it_may_be_asked_and_rests_after_the_loan() {
    let mut schedule = Schedule::new(Rest::default(), 4);
    let (host, minute) = (Host::of(&url()), SignedDuration::from_mins(1));
    schedule.add_feed(&url(), Some(start()));
    assert!(matches!(schedule.next(start()), Next::Fetch { .. }));
    assert_eq!(schedule.lend(&host, minute, start()), Err(NotReady::Busy));
    schedule.release(&host, SignedDuration::ZERO, start());
    let rested = start() + 5.seconds();
    assert_eq!(schedule.lend(&host, minute, start()), Err(NotReady::Until(rested)));
    schedule.pause(&host);
    assert_eq!(schedule.lend(&host, minute, rested), Err(NotReady::Paused));
    schedule.resume(&host);
    schedule.poll_now(FeedIx::of(0), rested);
    assert_eq!(schedule.lend(&host, minute, rested), Ok(()));
    let free = rested + 65.seconds();
    assert_eq!(schedule.next(rested), Next::WaitUntil(free));
    assert_eq!(schedule.lend(&host, minute, rested), Err(NotReady::Until(free)));
    assert!(matches!(schedule.next(free), Next::Fetch { .. }));
}

#[test]
fn a_host_that_is_down_is_looked_for_by_one_request_after_another() {
    let mut schedule = Schedule::new(Rest::default(), 4);
    let host = named("dead.example");
    for page in 0..1000 {
        schedule.put_back(&host, page_of(0, page), start());
    }
    let (mut now, mut asked) = (start(), Vec::new());
    while asked.len() < 300 {
        match schedule.next(now) {
            Next::Fetch { job, host } => {
                asked.push(now);
                let heard = if asked.len() < 200 { Heard::Nothing } else { Heard::Answer };
                note(&mut schedule, &host, heard, now);
                schedule.release(&host, SignedDuration::ZERO, now);
                schedule.put_back(&host, job, now + SignedDuration::from_mins(1));
            }
            Next::WaitUntil(at) => now = at,
            Next::Wait => panic!("nothing to do"),
        }
    }
    let gaps: Vec<i64> =
        asked.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert_eq!(gaps[0], 5, "one that gives no answer may be an accident");
    assert!(gaps[1..5].windows(2).all(|pair| pair[0] < pair[1]), "{gaps:?}");
    assert!(gaps[5..199].iter().all(|gap| (500..=600).contains(gap)), "{gaps:?}");
    assert!(gaps[199..].iter().all(|gap| *gap == 5), "back at its pace: {gaps:?}");
}

fn note(schedule: &mut Schedule, host: &Host, heard: Heard, now: Timestamp) -> Standing {
    let (_, after) = schedule.standing(host, heard, now);
    schedule.note_heard(host, heard, after.clone(), now);
    after
}

#[test]
fn several_hosts_that_fall_silent_are_an_outage_until_one_answers_or_a_week_is_over() {
    let mut schedule = Schedule::new(Rest::default(), 4);
    let (one, other, dead) = (named("one.example"), named("other.example"), named("dead.example"));
    for host in [&dead, &named("wrong.example")] {
        note(&mut schedule, host, Heard::Nothing, start());
    }
    assert!(!schedule.is_offline(start()), "who never answered tells nothing");
    for host in [&one, &other, &dead] {
        note(&mut schedule, host, Heard::Answer, start());
    }
    for _ in 0..9 {
        note(&mut schedule, &dead, Heard::Nothing, start());
    }
    assert!(!schedule.is_offline(start()), "one host is one host");
    assert!(schedule.is_silent(&dead) && !schedule.is_silent(&other));
    note(&mut schedule, &one, Heard::Nothing, start());
    assert!(schedule.is_offline(start() + 100.hours()));
    assert!(!schedule.is_offline(start() + 200.hours()), "two dead hosts");
    note(&mut schedule, &other, Heard::Answer, start());
    assert!(!schedule.is_offline(start()));
    // Of these two it is known now.
    note(&mut schedule, &other, Heard::Nothing, start());
    note(&mut schedule, &dead, Heard::Nothing, start());
    assert!(!schedule.is_offline(start()));
}

#[test]
fn a_page_is_given_up_after_three_days_in_vain_while_others_answered() {
    let (host, other) = (named("dead"), named("other"));
    // Whether others answer, how many hours of a day we run, and after how many it is given up.
    for (is_up, runs, expected) in [
        (true, 24, Some(72..80)),
        // Nobody answers: it may be our own line.
        (false, 24, None),
        // We run an hour a day: more days.
        (true, 1, Some(24 * 8..24 * 14)),
    ] {
        let mut schedule = Schedule::new(Rest::default(), 4);
        let mut given_up = None;
        for hour in 0..24 * 30 {
            let now = start() + hour.hours();
            if hour % 24 >= runs {
                // A restart: what stands against it is all that is known.
                let standing = schedule.standing(&host, Heard::Nothing, now).0;
                schedule = Schedule::new(Rest::default(), 4);
                schedule.set_standing(&host, standing);
                continue;
            }
            if is_up {
                note(&mut schedule, &other, Heard::Answer, now);
            }
            note(&mut schedule, &host, Heard::Nothing, now + 1.minute());
            if schedule.vain(&host, start(), now + 2.minutes()).is_some() {
                given_up.get_or_insert(hour);
            }
        }
        let is_as_told = match (&expected, given_up) {
            (Some(expected), Some(hour)) => expected.contains(&hour),
            (expected, given_up) => expected.is_none() && given_up.is_none(),
        };
        assert!(is_as_told, "{is_up} {runs}: {given_up:?}, not {expected:?}");
    }
}

#[test]
fn one_that_was_announced_while_its_host_was_down_is_waited_for_as_long() {
    let (mut schedule, host) = (Schedule::new(Rest::default(), 4), named("dead"));
    for hour in 0..100 {
        note(&mut schedule, &named("other"), Heard::Answer, start() + hour.hours());
        note(&mut schedule, &host, Heard::Nothing, start() + hour.hours() + 1.minute());
    }
    let now = start() + 100.hours();
    assert_eq!(schedule.vain(&host, start(), now), Some(Vain::Silent));
    assert_eq!(schedule.vain(&host, now - 71.hours(), now), None);
    // We were down, and do not know any more.
    assert_eq!(schedule.vain(&host, start(), now + 50.hours()), None);
    note(&mut schedule, &host, Heard::Answer, now);
    assert_eq!(schedule.vain(&host, start(), now), None);
}

#[test]
fn a_host_that_refuses_page_after_page_is_asked_ever_less_until_it_gives_one() {
    let mut schedule = Schedule::new(Rest::default(), 4);
    let host = named("wall");
    for page in 0..1000 {
        schedule.put_back(&host, page_of(0, page), start());
    }
    let (mut now, mut asked) = (start(), Vec::new());
    while asked.len() < 20 {
        match schedule.next(now) {
            Next::Fetch { job: Job::Page(_, page), host } => {
                asked.push(now);
                let heard = if asked.len() < 17 { Heard::Refusal(page) } else { Heard::Page };
                note(&mut schedule, &host, heard, now);
                schedule.release(&host, SignedDuration::ZERO, now);
            }
            Next::WaitUntil(at) => now = at,
            next => panic!("{next:?}"),
        }
    }
    let gaps: Vec<i64> =
        asked.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert_eq!(gaps[..2], [5, 5], "one page or two are no proof");
    assert!(gaps[2..10].windows(2).all(|pair| pair[0] < pair[1]), "{gaps:?}");
    assert!(gaps[11..16].iter().all(|gap| *gap > 9000), "{gaps:?}");
    assert_eq!(gaps[16..], [5, 5, 5], "back at its pace");
}

#[test]
fn refusals_of_one_page_or_two_and_pages_that_are_not_there_bar_nobody() {
    let (mut schedule, host) = (Schedule::new(Rest::default(), 4), named("wall"));
    for turn in 0..20 {
        note(&mut schedule, &host, Heard::Refusal(PageId(turn % 2)), start());
        note(&mut schedule, &host, Heard::Answer, start());
    }
    let later = start() + 5.hours();
    assert_eq!(schedule.vain(&host, start(), start() + 1.hour()), None);
    schedule.put_back(&host, page_of(0, 1), start());
    assert!(matches!(schedule.next(start()), Next::Fetch { .. }));
    schedule.release(&host, SignedDuration::ZERO, start());
    let standing = note(&mut schedule, &host, Heard::Refusal(PageId(7)), later);
    assert!(standing.told().is_some());
    // What waits since then has its chance; what waits as long as it refuses has none.
    assert_eq!(schedule.vain(&host, later - 3.hours(), later + 1.minute()), None);
    assert_eq!(schedule.vain(&host, start(), later + 1.minute()), Some(Vain::Refusing));
    // That a server fails passes.
    let days = start() + (24 * 3).hours();
    for (now, given_up) in [(later, None), (days, Some(Vain::Refusing))] {
        note(&mut schedule, &host, Heard::Failure(PageId(7)), now);
        assert_eq!(schedule.vain(&host, start(), now + 1.minute()), given_up, "{now}");
    }
}

#[test]
fn a_page_is_tried_again_by_what_is_wrong() {
    let new = Chances { attempts: 0, most: 9, tried_since: Some(start()), is_silent: false };
    // What went wrong after so many minutes, in which chances; after how many more it is tried
    // again, and how many tries are then counted.
    let tried = |attempts| Chances { attempts, ..new };
    let silent = Chances { is_silent: true, ..new };
    let first = Chances { tried_since: None, ..new };
    let days = 72 * 60;
    for (trouble, chances, after, expected) in [
        (Trouble::Failed, tried(8), 5, None),
        (Trouble::Refused, new, 0, Some((15, 1))),
        (Trouble::Refused, tried(1), 15, Some((45, 2))),
        (Trouble::Refused, tried(2), 60, Some((180, 3))),
        (Trouble::Refused, tried(3), 240, None),
        // It failed before, or had to wait long for its first turn.
        (Trouble::Refused, tried(5), 10, Some((30, 6))),
        (Trouble::Refused, new, 10_000, Some((180, 1))),
        // What waited for its time is no less new for it.
        (Trouble::Refused, first, 10_000, Some((15, 1))),
        (Trouble::Refused, Chances { most: 1, ..new }, 0, None),
        (Trouble::Unreachable, tried(8), 0, Some((1, 8))),
        (Trouble::Unreachable, tried(8), 300, Some((60, 8))),
        (Trouble::Unreachable, tried(8), days, None),
        (Trouble::Unreachable, silent, days, Some((60, 0))),
        (Trouble::Unreachable, first, days, Some((1, 0))),
        (Trouble::NoAnswer, tried(8), 0, None),
        (Trouble::NoAnswer, silent, 30, Some((30, 0))),
        // A clock was set back.
        (Trouble::Refused, new, -500, Some((15, 1))),
        (Trouble::Unreachable, new, -500, Some((1, 0))),
    ] {
        let again = chances.after(trouble, "a", start() + SignedDuration::from_mins(after));
        let again = again.map(|again| (again.wait.as_mins(), again.attempts));
        assert_eq!(again, expected, "{trouble:?} {chances:?} after {after} min");
    }
    let again = new.after(Trouble::Failed, "a", start()).unwrap();
    assert_eq!(again, Again { attempts: 1, wait: backoff::delay(retry::FIRST_RETRY, 1, "a") });
}
