//! Which language a text is in, told offline.
//!
//! The script answers where one language is written in it; within the Latin, Cyrillic and Arabic
//! scripts a linear model over hashed character n-grams and words does (`model`). The model is
//! trained by `tools/train-language/`, whose README names its texts and their licences.

mod model;
mod script;
#[cfg(test)]
mod tests;

use script::{Census, Writing};

/// A language and how sure we are of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// BCP 47, with a script subtag only where one language is written in two (`sr-Latn`,
    /// `uz-Cyrl`, `kk-Arab`); `und` below the margin.
    pub language: String,
    /// 0 to 1.
    pub confidence: f32,
}

/// Bytes of a text that are read: more tells nothing new, and a long text costs no more.
const SAMPLE: usize = 4096;
/// An answer that is less sure than this is `und`.
const MARGIN: f32 = 0.3;
/// What a declared language is worth, in logits: e^1.5 is about 4 to 1.
const PRIOR: f32 = 1.5;
/// Bytes of a language's tag.
const LONGEST_TAG: usize = 20;
/// Fewer letters than this are no evidence in a script that many languages share.
const LETTERS: usize = 3;

/// A declared language as a tag of BCP 47, `de_DE` as `de-DE`; `None` for what is none: words, and
/// what is hidden in them.
pub fn tag(declared: &str) -> Option<String> {
    let tag = declared.trim().replace('_', "-");
    let primary = tag.split('-').next()?;
    let plausible = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && tag.len() <= LONGEST_TAG
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plausible.then(|| {
        let rest = tag.get(primary.len()..).unwrap_or_default();
        format!("{}{rest}", primary.to_ascii_lowercase())
    })
}

/// Tells the language of `text` from its first 4,096 bytes. `priors` are what the page and the
/// feed declare, as BCP 47: they tip a close decision and never make one.
pub fn detect(text: &str, priors: &[&str]) -> Detected {
    let text = &text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text);
    let priors: Vec<&str> = priors.iter().map(|prior| primary(prior)).collect();
    let census = Census::of(text);
    let Some(writing) = census.main() else {
        return undetermined(0.0);
    };
    match writing {
        Writing::One(language, relatives) => {
            let language = relatives
                .iter()
                .find(|relative| priors.contains(relative))
                .map_or(language, |relative| *relative);
            Detected { language: language.to_owned(), confidence: census.share(writing) }
        }
        Writing::Han => {
            // A short headline in Japanese can be without kana; a paragraph cannot.
            let short = census.letters(writing) < 20;
            let language = if short && priors.contains(&"ja") { "ja" } else { "zh" };
            let sure = if short { 0.8 } else { 1.0 };
            Detected { language: language.to_owned(), confidence: sure * census.share(writing) }
        }
        Writing::Shared(alphabet) => {
            let letters = census.letters(writing);
            if letters < LETTERS {
                return undetermined(0.0);
            }
            let bonus = |language: &str| {
                if priors.contains(&primary(language)) { PRIOR } else { 0.0 }
            };
            let (language, confidence) = model::classify(text, alphabet, bonus);
            let share = census.share(writing);
            if let Some(told) = script::told_by_letters(text, alphabet, letters, language) {
                return Detected { language: told.to_owned(), confidence: share };
            }
            let confidence = confidence * share;
            if confidence < MARGIN {
                return undetermined(confidence);
            }
            Detected { language: language.to_owned(), confidence }
        }
    }
}

fn undetermined(confidence: f32) -> Detected {
    Detected { language: "und".to_owned(), confidence }
}

/// Whether [`detect`] ever answers with a language of this primary code.
pub fn is_told(code: &str) -> bool {
    script::alone().chain(model::languages()).chain(["zh"]).any(|told| primary(told) == code)
}

/// The language of a BCP 47 tag without script and region, by the code that we use.
pub fn primary(tag: &str) -> &str {
    let code = tag.split(['-', '_']).next().unwrap_or(tag).trim();
    let is = |other: &str| code.eq_ignore_ascii_case(other);
    match code {
        _ if is("nb") || is("nn") => "no",
        _ if is("iw") => "he",
        _ if is("in") => "id",
        _ if is("ku") => "kmr",
        _ if is("fil") => "tl",
        _ => code,
    }
}
