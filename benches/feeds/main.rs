//! How many feeds are read right, and how fast: `cargo bench --bench feeds [-- FOLDER] [--jsonl]
//! [--wrong] [--mutate COUNT] [--seed NUMBER]`.

mod score;

use std::path::PathBuf;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = args.iter().find(|a| !a.starts_with("--")).map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/feeds")), PathBuf::from);
    for part in ["synthetic", "collected"] {
        let cases = score::cases(&folder.join(part));
        let tally = score::tally(&cases);
        println!("{part}: {}/{} must {}/{} {:?}", tally.right, tally.files, tally.must_right, tally.must_files, tally.ways);
        for (file, wrong) in &tally.wrong {
            println!("  {file}");
            for fault in wrong.iter().take(3) { println!("      {fault}"); }
        }
    }
}
