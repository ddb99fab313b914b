//! `newswatch archive repair` and `newswatch archive reindex`.

use anyhow::Context;
use serde_json::json;

use super::{SHOWN, acknowledged, existing};
use crate::{
    archive::{self, Archive, Rewritten},
    cli::{
        Exit,
        aside::remove,
        compose,
        format::{counted, print_json, print_text, several},
        index::{Index, cannot_open},
        review::INDEX as REVIEW,
        run::QUARANTINED,
    },
    config::Loaded,
    crawl::Rebuilt,
    state::StateLock,
    text::with_causes,
};

/// Writes damaged segments anew without what is damaged, which is kept beside them.
pub(in crate::cli) fn repair(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let path = &loaded.paths.archive;
    let acknowledged = acknowledged(loaded);
    let repair = archive::repair(&existing(path)?, acknowledged)
        .with_context(|| format!("cannot repair the archive {}", path.display()))?;
    // Lines stand elsewhere now.
    let indexed = if repair.rewritten.is_empty() { None } else { Some(rebuild(loaded)?.records) };
    let findings: Vec<String> =
        repair.report.findings.iter().map(|finding| with_causes(finding)).collect();
    // What the end was cannot be told where nothing remembers it.
    let unknown = repair.rewritten.iter().any(|of| of.at_end) && acknowledged.is_none();
    let exit = if findings.is_empty() && !unknown { Exit::Success } else { Exit::Failure };
    let next = repair.report.tip.map_or(1, |tip| u64::from(tip.seq) + 1);
    if json {
        let rewritten = repair.rewritten.iter().map(|rewritten| {
            json!({
                "segment": rewritten.segment.to_string(),
                "records": rewritten.lines,
                "line_ends": rewritten.line_ends,
                "removed": rewritten.removed.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "original": rewritten.original,
            })
        });
        print_json(&json!({
            "rewritten": rewritten.collect::<Vec<_>>(),
            "set_aside": repair.set_aside,
            "records": repair.report.lines,
            "indexed": indexed,
            "findings": findings,
        }))?;
        return Ok(exit);
    }
    let mut text = String::new();
    for path in &repair.set_aside {
        text.push_str(&format!("a part of a segment that stood beside it is kept in {path}\n"));
    }
    for rewritten in &repair.rewritten {
        text.push_str(&words(rewritten));
    }
    for finding in &findings {
        text.push_str(&format!("cannot be mended: {finding}\n"));
    }
    if unknown {
        text.push_str(&format!(
            "how many records the damaged end held cannot be told: no state remembers it, and the \
             next record is number {next} again\n"
        ));
    }
    text.push_str(&match repair.rewritten.len() as u64 {
        0 if findings.is_empty() => {
            format!("{}, nothing to repair\n", several(repair.report.lines, "record"))
        }
        segments => format!(
            "{} written anew, {} readable\n",
            counted(segments, "segment"),
            counted(repair.report.lines, "record")
        ),
    });
    print_text(&text)?;
    Ok(exit)
}

/// What became of a segment.
fn words(rewritten: &Rewritten) -> String {
    let Rewritten { segment, lines, line_ends, removed, original, .. } = rewritten;
    let lines = several(*lines, "sound record");
    let mut text = format!("{segment} is written anew with its {lines}");
    if *line_ends > 0 {
        text.push_str(&format!(", {} mended", several(*line_ends, "line end")));
    }
    text.push_str(&format!("; as it was it is kept in {original}\n"));
    for damage in removed.iter().take(SHOWN) {
        text.push_str(&format!("  taken out: {damage}\n"));
    }
    if removed.len() > SHOWN {
        let more = (removed.len() - SHOWN) as u64;
        text.push_str(&format!("  and {}\n", several(more, "more place")));
    }
    text
}

/// Builds the index of the state anew from the archive and the rejects.
pub(in crate::cli) fn reindex(loaded: &Loaded, json: bool) -> anyhow::Result<Exit> {
    let rebuilt = rebuild(loaded)?;
    let Rebuilt { records, damaged, missing } = rebuilt;
    if json {
        print_json(&json!({ "records": records, "damaged": damaged, "missing": missing }))?;
    } else {
        print_text(&format!("{} indexed\n", counted(records as u64, "record")))?;
    }
    let Some(gaps) = rebuilt.gaps() else { return Ok(Exit::Success) };
    anstream::eprintln!("newswatch: {gaps}; see `newswatch archive verify`");
    Ok(Exit::Failure)
}

/// Until the new index is whole the old one stays. The archive is locked meanwhile.
fn rebuild(loaded: &Loaded) -> anyhow::Result<Rebuilt> {
    let paths = &loaded.paths;
    let folder = existing(&paths.archive)?;
    let _lock = StateLock::take(&paths.state)
        .with_context(|| format!("cannot open the state folder {}", paths.state.display()))?;
    let index = Index::of(&paths.state)?;
    let acknowledged = index.acknowledged(loaded)?;
    let (archive, recovery) =
        Archive::open_to_read_all(folder, compose::archive(&loaded.config), acknowledged)
            .with_context(|| cannot_open(loaded))?;
    if let Some(quarantine) = &recovery.quarantine {
        anstream::eprintln!("newswatch: {QUARANTINED}, {}", quarantine.path);
    }
    if let Some(lost) = &recovery.lost {
        anstream::eprintln!("newswatch: {lost}; see `newswatch archive verify`");
    }
    let tell = |lost: &str| anstream::eprintln!("newswatch: {lost}");
    let rebuilt = index.build(&archive, tell, |_| ())?;
    // Places in the archive may be others now; the next look at it builds this one anew.
    let review = paths.state.join(REVIEW);
    remove(&review).with_context(|| format!("cannot remove {}", review.display()))?;
    Ok(rebuilt)
}
