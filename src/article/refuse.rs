//! Pages that are no articles: errors sent as successes, consent walls, front pages, pages that
//! JavaScript makes, and what is not HTML at all.

use url::Url;

use super::head::Head;
use super::{NotAnArticle, dom};

/// An error page or a wall has fewer words than this; an article about cookies has more.
const SHORT: u32 = 150;
/// A page that asks for consent has fewer words in the paragraphs that do not speak of it.
const BESIDE_CONSENT: usize = 40;

/// Refuses by content type and by the first bytes.
pub(super) fn by_bytes(bytes: &[u8], content_type: Option<&str>) -> Result<(), NotAnArticle> {
    let magic: [(&[u8], &str); 9] = [
        (b"%PDF", "application/pdf"),
        (b"\x89PNG", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "audio, video or image/webp"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"ID3", "audio/mpeg"),
        (b"\x00\x00\x00\x18ftyp", "video/mp4"),
    ];
    if let Some((_, kind)) = magic.iter().find(|(head, _)| bytes.starts_with(head)) {
        return Err(NotAnArticle::NotHtml((*kind).to_owned()));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(NotAnArticle::Empty);
    }
    let start: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| byte.is_ascii_whitespace() || *byte >= 0x80)
        .take(600)
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let has = |word: &[u8]| memchr::memmem::find(&start, word).is_some();
    if (start.starts_with(b"<?xml") || start.starts_with(b"<rss") || start.starts_with(b"<feed"))
        && (has(b"<rss") || has(b"<feed") || has(b"<urlset") || has(b"<rdf:rdf"))
    {
        return Err(NotAnArticle::NotHtml("an XML feed or sitemap".to_owned()));
    }
    let Some(content_type) = content_type else { return Ok(()) };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let looks_like_html = has(b"<html") || has(b"<!doctype html") || has(b"<head") || has(b"<body");
    let may_be_html = essence.is_empty()
        || essence.contains("html")
        || essence.contains("xml")
        || looks_like_html;
    if may_be_html { Ok(()) } else { Err(NotAnArticle::NotHtml(essence)) }
}

/// What is known of a page when its text has been chosen.
pub(super) struct Evidence<'a> {
    pub(super) url: &'a Url,
    pub(super) title: Option<&'a str>,
    /// Words of the chosen text.
    pub(super) words: u32,
    /// How many of them are links.
    pub(super) linked: u32,
    /// The chosen text.
    pub(super) text: &'a str,
    /// All that can be seen.
    pub(super) visible: &'a str,
    /// Words that can be seen, and how many of them are links.
    pub(super) visible_words: u32,
    pub(super) link_words: u32,
    pub(super) published: bool,
    /// A heading of four words or more says the same as the title, or the address spells it.
    pub(super) headlined: bool,
}

/// Refuses a page by what it shows.
pub(super) fn by_content(head: &Head<'_>, evidence: &Evidence<'_>) -> Result<(), NotAnArticle> {
    let declared = is_declared_article(head);
    let title = evidence.title.unwrap_or_default().to_lowercase();
    if evidence.words < SHORT && !declared {
        let window_title = head.title.as_deref().unwrap_or_default().to_lowercase();
        let headings = head.headings.iter().take(3).map(|node| dom::text(*node).to_lowercase());
        for text in [title.clone(), window_title].into_iter().chain(headings) {
            if let Some(sign) = ERROR_SIGNS.iter().find(|sign| bears(&text, sign)) {
                return Err(NotAnArticle::ErrorPage((*sign).to_owned()));
            }
        }
    }
    if evidence.words < SHORT && evidence.visible_words < 3 * SHORT {
        let visible = evidence.visible.to_lowercase();
        if let Some(sign) = WALL_SIGNS.iter().find(|sign| visible.contains(*sign)) {
            return Err(NotAnArticle::ErrorPage((*sign).to_owned()));
        }
        let host = evidence.url.host_str().unwrap_or_default();
        let asks = || !declared && asks_for_consent(&visible, evidence.text);
        if host.starts_with("consent.") || asks() {
            return Err(NotAnArticle::ConsentPage);
        }
    }
    if evidence.words < 25 && evidence.visible_words < 120 {
        let asks = head.scripts.len() + usize::from(head.refresh.is_some()) > 0;
        if asks {
            return Err(NotAnArticle::NeedsJavaScript);
        }
        if evidence.visible_words == 0 {
            return Err(NotAnArticle::Empty);
        }
    }
    let is_root = matches!(
        evidence.url.path().trim_end_matches('/'),
        "" | "/index.html" | "/index.php" | "/home" | "/en" | "/ru" | "/fr" | "/kk" | "/de"
    ) && evidence.url.query().is_none();
    let mostly_links = evidence.link_words * 2 > evidence.visible_words;
    let dated = evidence.published || declared;
    let listing = is_declared_listing(head);
    if (is_root && (mostly_links || !dated))
        || (!declared
            && !evidence.headlined
            && mostly_links
            && (evidence.words < SHORT || evidence.linked * 2 > evidence.words)
            && (listing || !dated))
    {
        return Err(NotAnArticle::FrontPage);
    }
    Ok(())
}

/// Whether a page speaks of consent and its text of hardly anything else: an ordinary banner stands
/// beside an article, however short.
fn asks_for_consent(visible: &str, text: &str) -> bool {
    let signs = CONSENT_SIGNS.iter().filter(|sign| visible.contains(*sign)).count();
    let silent = |paragraph: &&str| {
        let paragraph = paragraph.to_lowercase();
        !CONSENT_SIGNS.iter().any(|sign| paragraph.contains(sign))
    };
    let beside: usize = text.lines().filter(silent).map(crate::text::word_count).sum();
    signs >= 3 && beside < BESIDE_CONSENT
}

fn is_declared_article(head: &Head<'_>) -> bool {
    head.first_meta(&["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("article"))
        || head.article().is_some_and(|article| article.get("datePublished").is_some())
        || head.first_meta(&["article:published_time"]).is_some()
}

fn is_declared_listing(head: &Head<'_>) -> bool {
    head.first_meta(&["og:type"]).is_some_and(|kind| kind.eq_ignore_ascii_case("website"))
        || head.ld.iter().any(|object| {
            super::jsonld::types(object)
                .any(|kind| matches!(kind, "CollectionPage" | "ItemList" | "SearchResultsPage"))
        })
}

/// Whether a title is that sign, or begins or ends with it.
fn bears(title: &str, sign: &str) -> bool {
    let rest = title.strip_prefix(sign).or_else(|| title.strip_suffix(sign));
    rest.is_some_and(|rest| {
        let beside =
            if title.starts_with(sign) { rest.chars().next() } else { rest.chars().last() };
        !beside.is_some_and(char::is_alphanumeric)
    })
}

/// Titles of error pages.
const ERROR_SIGNS: [&str; 52] = [
    "404",
    "404 not found",
    "error 404",
    "page not found",
    "not found",
    "403 forbidden",
    "403",
    "forbidden",
    "access denied",
    "500 internal server error",
    "internal server error",
    "502 bad gateway",
    "bad gateway",
    "503 service temporarily unavailable",
    "service unavailable",
    "504 gateway time-out",
    "gateway timeout",
    "error",
    "oops",
    "attention required! | cloudflare",
    "just a moment...",
    "just a moment",
    "one moment, please...",
    "are you a robot?",
    "bot verification",
    "security check",
    "page unavailable",
    "this page isn't available",
    "site maintenance",
    "under maintenance",
    "request rejected",
    "страница не найдена",
    "ошибка 404",
    "доступ запрещен",
    "доступ ограничен",
    "сторінку не знайдено",
    "бет табылмады",
    "барак табылган жок",
    "page introuvable",
    "page non trouvée",
    "seite nicht gefunden",
    "página no encontrada",
    "página não encontrada",
    "pagina non trovata",
    "pagina niet gevonden",
    "sayfa bulunamadı",
    "səhifə tapılmadı",
    "الصفحة غير موجودة",
    "صفحه یافت نشد",
    "页面不存在",
    "ページが見つかりません",
    "페이지를 찾을 수 없습니다",
];

/// What walls against robots say.
const WALL_SIGNS: [&str; 10] = [
    "checking your browser before",
    "verify you are human",
    "please verify you are a human",
    "enable javascript and cookies to continue",
    "unusual traffic from your",
    "pardon our interruption",
    "complete the security check",
    "press & hold to confirm",
    "ddos protection by",
    "проверка вашего браузера",
];

/// What a page says that asks for consent; three of them make one.
const CONSENT_SIGNS: [&str; 26] = [
    "cookie",
    "consent",
    "accept all",
    "reject all",
    "privacy",
    "personal data",
    "partners",
    "manage",
    "before you continue",
    "we value your privacy",
    "zustimm",
    "akzeptier",
    "datenschutz",
    "einwillig",
    "accepter",
    "refuser",
    "confidentialité",
    "acepta",
    "rechaza",
    "privacidad",
    "согласи",
    "персональн",
    "принять",
    "gdpr",
    "tracking",
    "widerruf",
];
