//! Documents per second of crate `gaoya` on the lines of a file that
//! `cargo bench --bench dedup -- --pairs 0 --documents N --export FILE` wrote.

use std::{fs, time::Instant};

use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32};

fn main() {
    let file = std::env::args().nth(1).expect("a file of JSON lines");
    let texts: Vec<String> = fs::read_to_string(file)
        .expect("text")
        .lines()
        .map(|line| {
            let article: serde_json::Value = serde_json::from_str(line).expect("JSON");
            article["text"].as_str().expect("a text").to_owned()
        })
        .collect();
    let (bands, width) = (42, 3);
    let hasher = MinHasher32::new(bands * width);
    let mut index: MinHashIndex<u32, usize> = MinHashIndex::new(bands, width, 0.5);
    let start = Instant::now();
    let mut found = 0;
    for (place, text) in texts.iter().enumerate() {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        let signature = hasher.create_signature(words.windows(3).map(|w| (w[0], w[1], w[2])));
        found += usize::from(!index.query(&signature).is_empty());
        index.insert(place, signature);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("gaoya: {:.0} documents/s, {found} of {} found", texts.len() as f64 / seconds, texts.len());
}
