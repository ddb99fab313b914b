//! `newswatch url`: what identifies an address, and by which rules.

use std::io::BufRead;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Exit, format::print_text, input};
use crate::canonical_url::CanonicalUrl;

pub(super) fn url(address: &str, json: bool) -> anyhow::Result<Exit> {
    if address != "-" {
        return show(address, json);
    }
    let mut exit = Exit::Success;
    for line in input::lines("-")?.split(b'\n') {
        let line = line.context("cannot read standard input")?;
        let line = String::from_utf8_lossy(&line);
        let address = line.trim_start_matches('\u{feff}').trim();
        // An answer for each line: whoever reads them side by side counts on it.
        if show(address, json)? != Exit::Success && !address.is_empty() {
            exit = Exit::Failure;
        }
    }
    Ok(exit)
}

fn show(address: &str, json: bool) -> anyhow::Result<Exit> {
    let known = CanonicalUrl::parse(address);
    if json {
        let line: Value = match &known {
            Ok(known) => json!({
                "url": address,
                "fetch_url": known.fetch,
                "url_key": known.key,
                "rules": known.rules,
            }),
            Err(error) => json!({
                "url": address,
                "fetch_url": null,
                "url_key": null,
                "rules": [],
                "error": error.to_string(),
            }),
        };
        print_text(&format!("{line}\n"))?;
    } else {
        match &known {
            Ok(known) => {
                let rules =
                    if known.rules.is_empty() { "none".into() } else { known.rules.join(", ") };
                print_text(&format!(
                    "fetch  {}\nkey    {}\nrules  {rules}\n",
                    known.fetch,
                    known.key.as_str()
                ))?;
            }
            Err(error) => anstream::eprintln!("newswatch: {error}"),
        }
    }
    Ok(if known.is_ok() { Exit::Success } else { Exit::Failure })
}
