//! `newswatch feeds add`: from a site's or a feed's address to a feed in `feeds.toml`.

use std::io::{self, BufRead, IsTerminal};

use anyhow::Context;
use tokio::runtime::Runtime;
use url::Url;

use super::{
    super::{
        Exit,
        args::FeedsAdd,
        compose,
        format::{print_text, safe},
        readers,
    },
    discovery::{self, Asker, Candidate},
    feed,
    file::FeedsFile,
    free_id, ids, language,
};
use crate::{
    canonical_url::CanonicalUrl,
    config::{Feed, Loaded},
    fetch::HttpClient,
    source::SourceKind,
    text::clean_line,
};

pub(in super::super) fn add(loaded: &Loaded, wish: &FeedsAdd) -> anyhow::Result<Exit> {
    let has_scheme = wish.url.contains("://");
    let address = if has_scheme { wish.url.clone() } else { format!("https://{}", wish.url) };
    let mut site = CanonicalUrl::parse(&address)?.fetch;
    let configured = |url: &Url| loaded.config.feeds.iter().find(|feed| feed.url == *url);
    let told = |site: &Url| match configured(site) {
        Some(feed) => {
            print_text(&format!("{site} is configured already, as {:?}\n", feed.id)).map(|()| true)
        }
        None => Ok(false),
    };
    if told(&site)? {
        return Ok(Exit::Success);
    }
    let file = FeedsFile::open(loaded)?;
    let client = HttpClient::new(compose::fetch(&loaded.config))?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let readers = runtime.block_on(readers::start(&loaded.config))?;
    let mut asker = Asker::new(client, readers, loaded.config.settings.politeness.delay);
    if !has_scheme {
        site = runtime.block_on(asker.scheme(site))?;
        if told(&site)? {
            return Ok(Exit::Success);
        }
    }
    let candidates = runtime.block_on(discovery::find(&mut asker, &site))?;
    for candidate in &candidates {
        if let Some(feed) = configured(&candidate.url) {
            anstream::eprintln!("{} is configured already, as {:?}", candidate.url, feed.id);
        }
    }
    let is_new = |candidate: &Candidate| configured(&candidate.url).is_none();
    let chosen = choose(&site, candidates, is_new, wish.choose.as_deref())?;
    if chosen.is_empty() {
        return Ok(Exit::Success);
    }
    let (mut feeds, mut taken) = (Vec::new(), ids(loaded));
    for candidate in chosen {
        let read = runtime.block_on(read(&mut asker, &candidate));
        let added = match read.with_context(|| format!("{} cannot be read", candidate.url)) {
            // Of several, the others are added all the same.
            Err(error) if wish.choose.as_deref() == Some("all") => {
                anstream::eprintln!("{error:#}");
                continue;
            }
            read => read?,
        };
        if configured(&added.url).is_none() && feeds.iter().all(|f: &Feed| f.url != added.url) {
            let language = wish.language.clone().or(added.language);
            let id = match &wish.id {
                Some(id) if feeds.is_empty() => id.clone(),
                _ => free_id(&added.url, language.as_deref(), &mut taken),
            };
            let name = wish.name.clone().or(added.name);
            let (country, tags) = (wish.country.clone(), wish.tag.clone());
            feeds.push(Feed { id, name, language, country, tags, ..added });
        }
    }
    runtime.shutdown_background();
    if feeds.is_empty() {
        anstream::eprintln!("nothing to add");
    }
    file.add(&feeds, wish.dry_run)
}

/// The feed that a candidate is, read once.
async fn read(asker: &mut Asker, candidate: &Candidate) -> anyhow::Result<Feed> {
    let (listing, url) = match &candidate.listing {
        Some(listing) => (listing.clone(), candidate.url.clone()),
        None => asker.listing(&candidate.url, candidate.kind).await?,
    };
    let newest = listing.entries.iter().filter_map(|e| e.published.as_ref().or(e.updated.as_ref()));
    let newest = newest.map(|dated| dated.at).max();
    anstream::eprintln!(
        "{url}: {} entries{}{}",
        listing.entries.len(),
        newest.map(|at| format!(", the newest of {at}")).unwrap_or_default(),
        listing.flaws.first().map(|flaw| format!(" ({})", safe(flaw, 120))).unwrap_or_default(),
    );
    let title = listing.title.as_deref().or(candidate.title.as_deref()).map(clean_line);
    let name = title.map(|title| safe(&title, 80)).filter(|title| !title.is_empty());
    let language = listing.language.as_deref().and_then(language);
    Ok(Feed { name, language, ..feed(String::new(), url, candidate.kind) })
}

/// Which of the candidates are meant and new: the only new one, those that `choice` names, or those
/// that the user names at the terminal. All are numbered, so that a number means the same feed when
/// others of the site were added meanwhile.
fn choose(
    site: &Url,
    mut candidates: Vec<Candidate>,
    is_new: impl Fn(&Candidate) -> bool,
    choice: Option<&str>,
) -> anyhow::Result<Vec<Candidate>> {
    let first_new = candidates.iter().position(&is_new).unwrap_or_default() + 1;
    let choice = if let Some(choice) = choice {
        choice.to_owned()
    } else if candidates.iter().filter(|candidate| is_new(candidate)).count() < 2 {
        "all".to_owned()
    } else {
        anstream::eprintln!("{} feeds were found at {site}:", candidates.len());
        for (number, candidate) in (1..).zip(&candidates) {
            let kind = if candidate.kind == SourceKind::Sitemap { ", a sitemap" } else { "" };
            let title = candidate.title.as_deref().unwrap_or("without a title");
            let known = if is_new(candidate) { "" } else { ", configured already" };
            anstream::eprintln!("  {number}  {} ({}{kind}{known})", candidate.url, safe(title, 80));
        }
        if !io::stdin().is_terminal() {
            anyhow::bail!(
                "say which of the feeds to add: --choose 1, --choose 1,3 or --choose all"
            );
        }
        anstream::eprint!("Add which? [{first_new}] (numbers, or all) ");
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("cannot read the answer")?;
        if line.trim().is_empty() { first_new.to_string() } else { line }
    };
    candidates = pick(candidates, choice.trim())?;
    candidates.retain(is_new);
    Ok(candidates)
}

fn pick(candidates: Vec<Candidate>, choice: &str) -> anyhow::Result<Vec<Candidate>> {
    if choice == "all" {
        return Ok(candidates);
    }
    let mut picked = Vec::new();
    for number in choice.split([',', ' ']).filter(|number| !number.is_empty()) {
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let candidate = place.and_then(|place| candidates.get(place));
        let candidate = candidate.with_context(|| {
            format!("{number:?} is no number from 1 to {}, nor \"all\"", candidates.len())
        })?;
        picked.push(candidate.clone());
    }
    Ok(picked)
}
