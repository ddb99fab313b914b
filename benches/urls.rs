//! URL identity on pairs of addresses, by class and strength:
//! `cargo bench --bench urls [-- FILE] [--misses]`.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark reads the clock and files, prints, and stops at the first fault"
)]

use std::collections::BTreeMap;

use newswatch::canonical_url::CanonicalUrl;
use serde_json::Value;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let default =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/urls/cases.json").to_owned();
    let file = arguments.iter().find(|a| !a.starts_with("--")).unwrap_or(&default);
    let Ok(bytes) = std::fs::read(file) else {
        println!("{file} cannot be read: nothing measured");
        return;
    };
    let set: Value = serde_json::from_slice(&bytes).expect("a JSON file");
    let cases = set["cases"].as_array().expect("an array of cases");

    let mut by_class: BTreeMap<(String, String), (u32, u32)> = BTreeMap::new();
    let mut by_strength: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut misses = Vec::new();
    for case in cases {
        let word = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let strength = word("strength");
        let right = judged_alike(&word("a"), &word("b")) == (word("expect") == "same");
        for count in [
            by_class.entry((strength.clone(), word("cls"))).or_default(),
            by_strength.entry(strength.clone()).or_default(),
        ] {
            count.0 += u32::from(right);
            count.1 += 1;
        }
        if !right {
            misses.push(format!(
                "{strength} {} | {} | {}",
                word("cls"),
                shown(&word("a")),
                shown(&word("b"))
            ));
        }
    }
    for ((strength, class), (right, all)) in &by_class {
        println!("{strength:15} {class:28} {right:4} of {all:4}");
    }
    println!();
    for (strength, (right, all)) in &by_strength {
        println!(
            "{strength:15} {right:4} of {all:4}  {:6.2}%",
            100.0 * f64::from(*right) / f64::from(*all)
        );
    }
    for miss in misses {
        println!("missed: {miss}");
    }
    speed(cases);
}

fn judged_alike(a: &str, b: &str) -> bool {
    match (CanonicalUrl::parse(a), CanonicalUrl::parse(b)) {
        (Ok(a), Ok(b)) => a.key == b.key,
        _ => false,
    }
}

fn shown(address: &str) -> String {
    match CanonicalUrl::parse(address) {
        Ok(url) => format!("{address:?} -> {} {:?}", url.key, url.rules),
        Err(e) => e.to_string(),
    }
}

fn speed(cases: &[Value]) {
    let addresses: Vec<&str> =
        cases.iter().flat_map(|case| [case["a"].as_str(), case["b"].as_str()]).flatten().collect();
    let start = std::time::Instant::now();
    let kept = addresses.iter().filter(|address| CanonicalUrl::parse(address).is_ok()).count();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "\n{} addresses, {kept} keys, {:.1} µs each",
        addresses.len(),
        1e6 * seconds / addresses.len().max(1) as f64
    );
}
