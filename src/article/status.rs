//! How much of the article the text is: paid walls and cut texts.

use serde_json::Value;

use super::TextStatus;
use super::head::Head;

/// A text longer than this is not what a wall leaves, unless the page says how long the whole is.
const TEASER_WORDS: usize = 250;

/// The status of a text of the page, and why where it is not the whole.
pub(super) fn of(head: &Head<'_>, text: &str, visible: &str) -> (TextStatus, Option<String>) {
    let words = crate::text::word_count(text);
    if words == 0 {
        return (TextStatus::Failed, Some("no text was found".to_owned()));
    }
    let stated = stated_words(head);
    let cut = ends_cut(text);
    let short_of_stated = stated.is_some_and(|stated| words * 10 < stated * 6);
    let paid = is_declared_paid(head);
    let wall = words < TEASER_WORDS && has_wall(visible);
    if (paid && (short_of_stated || cut || wall || (stated.is_none() && words < TEASER_WORDS)))
        || (wall && (cut || short_of_stated || words < TEASER_WORDS / 2))
    {
        return (
            TextStatus::Paywalled,
            Some("the page shows a part to those who do not pay".into()),
        );
    }
    if short_of_stated && words < 2 * TEASER_WORDS {
        let stated = stated.unwrap_or_default();
        return (TextStatus::Partial, Some(format!("the page states {stated} words")));
    }
    if cut && words < TEASER_WORDS {
        return (TextStatus::Partial, Some("the text breaks off".to_owned()));
    }
    if paid {
        return (TextStatus::Full, Some("the page says that it is paid for, yet shows it".into()));
    }
    (TextStatus::Full, None)
}

/// `isAccessibleForFree` of schema.org, of the article or of a part of it, and Facebook's tier.
fn is_declared_paid(head: &Head<'_>) -> bool {
    let is_false = |value: &Value| match value {
        Value::Bool(free) => !free,
        Value::String(text) => {
            text.trim().rsplit('/').next() == Some("False")
                || text.trim().eq_ignore_ascii_case("false")
        }
        _ => false,
    };
    let article = head.article();
    let parts = article.and_then(|article| article.get("hasPart"));
    let parts = parts.map_or(&[][..], |parts| {
        parts.as_array().map_or_else(|| std::slice::from_ref(parts), Vec::as_slice)
    });
    article
        .into_iter()
        .chain(parts)
        .any(|whole| whole.get("isAccessibleForFree").is_some_and(is_false))
        || head
            .first_meta(&["article:content_tier"])
            .is_some_and(|tier| matches!(tier, "locked" | "metered"))
}

/// How many words the page says the article has: `wordCount`, or those of `articleBody`.
fn stated_words(head: &Head<'_>) -> Option<usize> {
    let article = head.article()?;
    let count = match article.get("wordCount") {
        Some(Value::Number(count)) => count.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    count
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| (20..50_000).contains(count))
        .or_else(|| {
            let body = super::jsonld::string(article, "articleBody")?;
            Some(crate::text::word_count(body))
        })
}

fn ends_cut(text: &str) -> bool {
    let end = text.trim_end();
    ["...", "…", "[…]", "[...]", "(...)", "... »"].iter().any(|mark| end.ends_with(mark))
}

fn has_wall(visible: &str) -> bool {
    let visible = visible.to_lowercase();
    WALL_PHRASES.iter().any(|phrase| visible.contains(phrase))
}

const WALL_PHRASES: [&str; 44] = [
    "to continue reading",
    "to read the full",
    "to keep reading",
    "to read this article",
    "continue reading with",
    "for subscribers only",
    "subscriber-only",
    "subscriber only",
    "subscribers only",
    "exclusive to subscribers",
    "this content is reserved",
    "already a subscriber",
    "already have a subscription",
    "unlock this article",
    "you have reached your",
    "free articles left",
    "register to read",
    "subscribe to read",
    "reste à lire",
    "réservé aux abonnés",
    "réservée aux abonnés",
    "pour lire la suite",
    "nur für abonnenten",
    "weiterlesen mit",
    "exklusiv für abonnenten",
    "jetzt weiterlesen",
    "jetzt abonnieren",
    "solo para suscriptores",
    "exclusivo para suscriptores",
    "para assinantes",
    "exclusivo para assinantes",
    "riservato agli abbonati",
    "contenuto riservato",
    "für abonnenten",
    "доступно по подписке",
    "доступен по подписке",
    "доступна по подписке",
    "лише для передплатників",
    "доступний за передплатою",
    "доступен только подписчикам",
    "материал для подписчиков",
    "только для подписчиков",
    "abonelere özel",
    "有料会員",
];
