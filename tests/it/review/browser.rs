//! The pages in a real Chromium: what a newsroom does with them, and what must not happen.
//!
//! `SCREENSHOTS=1 cargo test --test it browser` makes the README's pictures anew.

use std::{env, fs, path::Path, time::Duration};

use fantoccini::{Client, Locator, key::Key};
use serde_json::{Value, json};

use super::{Served, append_harm, driver::Driver, office};
use crate::support::workspace::Workspace;

/// Runs a script on the page and gives its value.
async fn value(browser: &Client, script: &str) -> Value {
    browser.execute(&format!("return {script}"), Vec::new()).await.unwrap()
}

/// Waits until a script on the page gives true.
async fn until(browser: &Client, script: &str) {
    for _ in 0..100 {
        if value(browser, script).await == json!(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came true: {script}\n{}", value(browser, "document.body.innerText").await);
}

async fn type_keys(browser: &Client, keys: &str) {
    browser.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Opens a page once the index has all records.
async fn open(browser: &Client, served: &Served, path: &str) {
    browser.goto(&format!("{}{path}", served.origin)).await.unwrap();
}

async fn indexed(browser: &Client, served: &Served, records: usize) {
    for _ in 0..100 {
        open(browser, served, "/").await;
        let footer = value(browser, "document.querySelector('footer').innerText").await;
        if footer.as_str().unwrap().starts_with(&format!("{records} records")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the index never had {records} records");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_review_works_in_a_real_browser() {
    let Some(driver) = Driver::start() else { return };
    let workspace = office().await;
    let served = Served::start(&workspace, &[]);
    let browser = driver.browser(&["--window-size=1280,1000"], &[]).await;
    indexed(&browser, &served, 19).await;
    the_bar_of_a_day_leads_to_its_articles(&browser, &served).await;
    searches_find_and_mark(&browser, &served).await;
    views_in_light_and_dark(&driver, &browser, &served).await;
    let served = decisions_by_keys_survive_a_restart(&browser, served, &workspace).await;
    harm_does_nothing(&browser, &served, &workspace).await;
    browser.close().await.unwrap();
    without_javascript(&driver, &served).await;
    on_a_phone(&driver, &served).await;
    let asked = driver.asked_beyond();
    let ours: Vec<_> = asked
        .iter()
        .filter(|line| line.contains("example") || line.contains("127.0.0.1"))
        .collect();
    assert!(ours.is_empty(), "requests left the machine: {ours:?}");
}

async fn the_bar_of_a_day_leads_to_its_articles(browser: &Client, served: &Served) {
    open(browser, served, "/").await;
    let script =
        "[...document.querySelectorAll('.timeline a')].map(a => a.getAttribute('aria-label'))";
    let names = value(browser, script).await;
    let busiest = names
        .as_array()
        .unwrap()
        .iter()
        .position(|name| name.as_str().unwrap().starts_with("13 Jan 2022: "))
        .unwrap();
    let name = names[busiest].as_str().unwrap().to_owned();
    let count: usize = name.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let bars = browser.find_all(Locator::Css(".timeline a rect.bar")).await.unwrap();
    bars[busiest].click().await.unwrap();
    until(browser, "location.pathname === '/list'").await;
    assert_eq!(value(browser, "document.getElementById('q').value").await, "day:2022-01-13");
    assert_eq!(value(browser, "document.querySelectorAll('.card').length").await, count);
    let days = value(browser, "[...document.querySelectorAll('.card time')].every(t => t.getAttribute('datetime').startsWith('2022-01-13'))").await;
    assert_eq!(days, true);
}

async fn searches_find_and_mark(browser: &Client, served: &Served) {
    for (query, language) in
        [("ОДКБ", "ru"), ("Қазақстан*", "kk"), ("كازاخستان", "ar"), ("维和", "zh")]
    {
        open(browser, served, "/list").await;
        let search = browser.find(Locator::Id("q")).await.unwrap();
        search.send_keys(query).await.unwrap();
        search.send_keys(&String::from(char::from(Key::Enter))).await.unwrap();
        until(
            browser,
            "location.search.startsWith('?q=') && document.querySelectorAll('.card').length > 0",
        )
        .await;
        let languages =
            value(browser, "[...document.querySelectorAll('.card h3')].map(h => h.lang)").await;
        assert!(
            languages.as_array().unwrap().iter().any(|found| found == language),
            "{query}: {languages}"
        );
        browser
            .find(Locator::Css(&format!(".card h3[lang={language}] a")))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        until(browser, "location.pathname.startsWith('/article/')").await;
        let marked =
            value(browser, "[...document.querySelectorAll('mark.sought')].map(m => m.textContent)")
                .await;
        let stem = query.trim_end_matches('*').to_lowercase();
        let marked = marked.as_array().unwrap();
        assert!(!marked.is_empty(), "{query} is not marked");
        assert!(
            marked.iter().all(|text| text.as_str().unwrap().to_lowercase().starts_with(&stem)),
            "{query}: {marked:?}"
        );
        let direction =
            value(browser, "getComputedStyle(document.querySelector('.text p')).direction").await;
        assert_eq!(direction, if language == "ar" { "rtl" } else { "ltr" }, "{language}");
        // The keys go from mark to mark.
        type_keys(browser, "..,").await;
        until(browser, "location.hash === '#m1'").await;
    }
}

/// Each kind of page, with the selectors that it must have.
const VIEWS: [&str; 6] = ["/", "/list", "article", "story", "/queue", "/feeds"];

async fn path_of(browser: &Client, served: &Served, view: &str) -> String {
    let (list, link) = match view {
        "article" => ("/list?q=lang:en", ".card h3 a"),
        "story" => ("/stories", ".card h3 a"),
        path => return path.to_owned(),
    };
    open(browser, served, list).await;
    let path =
        value(browser, &format!("document.querySelector('{link}').getAttribute('href')")).await;
    path.as_str().unwrap().to_owned()
}

/// Looks at every view in light and dark, and has the accessibility checker look; with `SCREENSHOTS`
/// the README's pictures are written.
async fn views_in_light_and_dark(driver: &Driver, light: &Client, served: &Served) {
    let dark = driver
        .browser(&["--window-size=1280,1000", "--blink-settings=preferredColorScheme=0"], &[])
        .await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let axe = fs::read_to_string(root.join("target/axe/node_modules/axe-core/axe.min.js"));
    if axe.is_err() {
        println!(
            "accessibility is not tested: npm install --prefix target/axe axe-core brings the checker"
        );
    }
    for (name, browser) in [("light", light), ("dark", &dark)] {
        for view in VIEWS {
            let path = path_of(browser, served, view).await;
            open(browser, served, &path).await;
            let paper = value(browser, "getComputedStyle(document.body).backgroundColor").await;
            let expected = if name == "light" { "rgb(251, 250, 247)" } else { "rgb(21, 24, 28)" };
            assert_eq!(paper, expected, "{view} {name}");
            let wanted = name == "light" || view == "/list";
            if env::var_os("SCREENSHOTS").is_some() && wanted {
                let folder = root.join("docs/review");
                fs::create_dir_all(&folder).unwrap();
                let view = if view == "/" { "overview" } else { view.trim_start_matches('/') };
                let suffix = if name == "dark" { "-dark" } else { "" };
                let picture = browser.screenshot().await.unwrap();
                fs::write(folder.join(format!("{view}{suffix}.png")), picture).unwrap();
            }
            if let Ok(axe) = &axe {
                assert_eq!(accessibility_faults(browser, axe).await, json!([]), "{view} {name}");
            }
        }
    }
    dark.close().await.unwrap();
}

/// The serious faults of the page that is open.
async fn accessibility_faults(browser: &Client, axe: &str) -> Value {
    browser.execute(axe, Vec::new()).await.unwrap();
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations
            .filter(one => ['serious', 'critical'].includes(one.impact))
            .map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + (node.any[0] || {}).message).slice(0, 3).join(' | '))));";
    browser.execute_async(script, Vec::new()).await.unwrap()
}

async fn decisions_by_keys_survive_a_restart(
    browser: &Client,
    served: Served,
    workspace: &Workspace,
) -> Served {
    open(browser, &served, "/queue").await;
    until(browser, "document.activeElement.classList.contains('entry')").await;
    let ids = value(
        browser,
        "[...document.querySelectorAll('.entry')].slice(0, 4).map(e => e.dataset.id)",
    )
    .await;
    let at = |place: usize| {
        format!("document.activeElement.dataset.id === '{}'", ids[place].as_str().unwrap())
    };
    let shown = |place: usize, status: &str| {
        format!("document.querySelectorAll('.entry')[{place}].dataset.status === '{status}'")
    };
    until(browser, &at(0)).await;
    type_keys(browser, "r").await;
    until(browser, &at(1)).await;
    until(browser, &shown(0, "reviewed")).await;
    type_keys(browser, "f").await;
    until(browser, &shown(1, "flagged")).await;
    until(browser, &at(2)).await;
    type_keys(browser, "x").await;
    until(browser, &shown(2, "not-relevant")).await;
    until(browser, &at(3)).await;
    let lead = |words: &str| format!("document.querySelector('.lead').innerText === '{words}'");
    until(browser, &lead("16 to look at · 3 of 19 decided")).await;
    // What was decided last is taken back, not what comes next.
    type_keys(browser, "u").await;
    until(browser, &at(2)).await;
    until(browser, &shown(2, "open")).await;
    until(browser, &lead("17 to look at · 2 of 19 decided")).await;
    let lines = fs::read_to_string(workspace.path().join("reviews.jsonl")).unwrap();
    assert!(!lines.contains(ids[3].as_str().unwrap()), "{lines}");
    type_keys(browser, "x").await;
    until(browser, &shown(2, "not-relevant")).await;
    until(browser, &at(3)).await;
    type_keys(browser, "k").await;
    until(browser, &at(2)).await;
    type_keys(browser, "j").await;
    until(browser, &at(3)).await;
    notes_are_kept_however_they_are_left(browser, workspace).await;
    type_keys(browser, "/").await;
    until(browser, "document.activeElement.id === 'q'").await;
    drop(served);
    let served = Served::start(workspace, &[]);
    indexed(browser, &served, 19).await;
    for (status, place) in [("reviewed", 0), ("flagged", 1), ("not-relevant", 2), ("noted", 3)] {
        open(browser, &served, &format!("/list?q=status:{status}")).await;
        let found =
            value(browser, "[...document.querySelectorAll('.card')].map(c => c.dataset.id)").await;
        assert_eq!(found, json!([ids[place]]), "{status}");
    }
    served
}

async fn notes_are_kept_however_they_are_left(browser: &Client, workspace: &Workspace) {
    let (enter, escape) = (char::from(Key::Enter), char::from(Key::Escape));
    let control_enter = format!("{}{enter}", char::from(Key::Control));
    for (words, leave) in [("ask r", escape.to_string()), (" and f", control_enter)] {
        type_keys(browser, "n").await;
        until(browser, "document.activeElement.tagName === 'TEXTAREA'").await;
        type_keys(browser, words).await;
        type_keys(browser, &leave).await;
        until(browser, "(document.getElementById('toast') || {}).textContent === 'Saved'").await;
        value(browser, "document.getElementById('toast').remove()").await;
        value(browser, "document.querySelector('.entry.at').focus()").await;
    }
    let lines = fs::read_to_string(workspace.path().join("reviews.jsonl")).unwrap();
    let notes: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["note"].clone())
        .collect();
    assert!(notes.ends_with(&[json!("ask r"), json!("ask r and f")]), "{notes:?}");
}

async fn harm_does_nothing(browser: &Client, served: &Served, workspace: &Workspace) {
    let id = append_harm(workspace);
    indexed(browser, served, 20).await;
    let (article, story) = (format!("/article/{id}?q=Zugzwang&images=1"), format!("/story/{id}"));
    for path in [
        "/",
        "/list?q=Zugzwang",
        "/queue?q=Zugzwang",
        &article,
        &story,
        "/list?q=%22%3E%3Cscript%3E",
    ] {
        open(browser, served, path).await;
        if path.contains("Zugzwang") {
            until(browser, "document.body.innerText.includes('<script>')").await;
        }
        assert_eq!(
            value(browser, "document.documentElement.dataset.harmed || 'no'").await,
            "no",
            "{path}"
        );
        let foreign = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin))";
        assert_eq!(value(browser, foreign).await, json!([]), "{path}");
        let scripts = "[...document.querySelectorAll('a[href]')].filter(a => /^\\s*javascript:/i.test(a.getAttribute('href'))).length";
        assert_eq!(value(browser, scripts).await, 0, "{path}");
    }
}

async fn without_javascript(driver: &Driver, served: &Served) {
    let prefs = json!({ "profile.managed_default_content_settings.javascript": 2 });
    let browser = driver.browser(&["--window-size=1280,1000"], &[("prefs", prefs)]).await;
    open(&browser, served, "/list").await;
    browser.find(Locator::Id("q")).await.unwrap().send_keys("lang:fr").await.unwrap();
    browser.find(Locator::Css(".search button")).await.unwrap().click().await.unwrap();
    browser.wait().for_element(Locator::Css(".chip")).await.unwrap();
    assert_eq!(browser.find_all(Locator::Css(".card")).await.unwrap().len(), 2);
    assert!(browser.find(Locator::Css(".card.at")).await.is_err(), "a script ran");
    browser.find(Locator::Css(".card h3 a")).await.unwrap().click().await.unwrap();
    let flag = browser.wait().for_element(Locator::Css("button[value=flagged]")).await.unwrap();
    flag.click().await.unwrap();
    browser
        .wait()
        .for_element(Locator::Css("button[value=flagged][aria-pressed=true]"))
        .await
        .unwrap();
    browser.close().await.unwrap();
}

async fn on_a_phone(driver: &Driver, served: &Served) {
    let phone = json!({ "deviceMetrics": { "width": 360, "height": 800, "pixelRatio": 2.0, "touch": true } });
    let browser = driver.browser(&[], &[("mobileEmulation", phone)]).await;
    for view in VIEWS {
        let path = path_of(&browser, served, view).await;
        open(&browser, served, &path).await;
        let widths = value(&browser, "[document.documentElement.scrollWidth, innerWidth]").await;
        assert_eq!(widths[1], 360, "{view}");
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{view} is wider than a phone: {widths}");
        let beyond = "[...document.querySelectorAll('.top nav a')].filter(a => a.getBoundingClientRect().right > innerWidth).length";
        assert_eq!(value(&browser, beyond).await, 0, "{view}: the views are all seen");
        // No column shrinks to a letter.
        let narrow = "[...document.querySelectorAll('.copies td')].filter(cell => cell.innerText && cell.offsetWidth < 50).length";
        assert_eq!(value(&browser, narrow).await, 0, "{view}");
    }
    if env::var_os("SCREENSHOTS").is_some() {
        open(&browser, served, "/list").await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/review/phone.png");
        fs::write(file, browser.screenshot().await.unwrap()).unwrap();
    }
    browser.close().await.unwrap();
}
