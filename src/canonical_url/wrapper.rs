//! Addresses that wrap another: caches, redirectors, archives.

use url::Url;

use super::{
    PASSES, Rules,
    names::{
        DEREFERERS, FRAME_WORDS, FRAMED_PARAMETERS, READERS, REDIRECT_PATHS, REDIRECT_WORDS,
        REDIRECTORS, TARGET_PARAMETERS, TURBO_PARAMETERS, WEB_ARCHIVES,
    },
    path::{self, is_digits, under},
    percent, query, repair,
};

/// The innermost address, where `url` wraps one.
pub(super) fn unwrap(url: &Url, rules: &mut Rules) -> Option<Url> {
    let mut target: Option<Url> = None;
    for _ in 0..PASSES {
        let Some(next) = once(target.as_ref().unwrap_or(url), rules) else { break };
        target = Some(percent::normalized(next));
    }
    target
}

fn once(url: &Url, rules: &mut Rules) -> Option<Url> {
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    let found = amp_cache(url, &host)
        .map(|target| ("amp-cache", target))
        .or_else(|| turbo(url, &host).map(|target| ("turbo-page", target)))
        .or_else(|| archive(url, &host).map(|target| ("web-archive", target)))
        .or_else(|| reader(url, &host).map(|target| ("reader", target)))
        .or_else(|| platform(url, &host).map(|target| ("platform-alias", target)))
        .or_else(|| doubled(url, &host).map(|target| ("doubled-address", target)))
        .or_else(|| redirector(url, &host).map(|target| ("redirector", target)));
    let (rule, target) = found?;
    rules.add(rule);
    Some(target)
}

/// `cdn.ampproject.org/c/s/host/path` and its kin, and `google.com/amp/s/host/path`.
fn amp_cache(url: &Url, host: &str) -> Option<Url> {
    let cache = under(host, "cdn.ampproject.org")
        || under(host, "bing-amp.com")
        || under(host, "amp.cloudflare.com");
    let segments: Vec<&str> = url.path_segments()?.collect();
    let (kind, rest) = segments.split_first()?;
    let served = cache && matches!(*kind, "c" | "v" | "i" | "ii" | "r" | "wp" | "a");
    let google = under(host, "google.*") && *kind == "amp";
    if !served && !google {
        return None;
    }
    let (secure, rest) = match rest.split_first()? {
        (&"s", rest) => (true, rest.join("/")),
        _ => (false, rest.join("/")),
    };
    // Google escapes the question mark of the page's own query.
    let rest = if google { rest.replacen("%3F", "?", 1) } else { rest };
    embedded(&rest, secure, url)
}

/// Yandex's turbo pages: `yandex.ru/turbo/host/s/path`, `host.turbopages.org/host/s/path`, and the
/// older `?text=`.
fn turbo(url: &Url, host: &str) -> Option<Url> {
    let pages = under(host, "turbopages.org");
    let yandex = under(host, "yandex.*");
    let segments: Vec<&str> = url.path_segments()?.collect();
    let rest = match segments.as_slice() {
        ["turbo", rest @ ..] if yandex || pages => rest,
        rest if pages => rest,
        _ => return None,
    };
    if let Some(target) = parameter(url, &["text"]) {
        return Some(target);
    }
    let own: Vec<&str> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|part| !TURBO_PARAMETERS.contains(&part.split('=').next().unwrap_or_default()))
        .collect();
    let own = own.join("&");
    let mut outer = url.clone();
    outer.set_query(Some(own.as_str()).filter(|query| !query.is_empty()));
    match rest {
        ["http:" | "https:", ..] => embedded(&rest.join("/"), true, &outer),
        ["s", site, path @ ..] | [site, "s", path @ ..] if site.contains('.') => {
            embedded(&join(site, path), true, &outer)
        }
        [site, "h", path @ ..] | [site, path @ ..] if site.contains('.') => {
            embedded(&join(site, path), false, &outer)
        }
        _ => None,
    }
}

fn join(site: &str, path: &[&str]) -> String {
    format!("{site}/{}", path.join("/"))
}

/// Web archives put a time of 4 to 14 digits before the address.
fn archive(url: &Url, host: &str) -> Option<Url> {
    let known = WEB_ARCHIVES.iter().any(|archive| under(host, archive));
    if under(host, "webcache.googleusercontent.com") {
        let (_, query) =
            url.query_pairs().find(|(name, value)| name == "q" && value.starts_with("cache:"))?;
        let rest = query.strip_prefix("cache:")?.split([' ', '+']).next()?;
        // `cache:ID:address`, the id being twelve characters.
        let rest = rest
            .split_once(':')
            .filter(|(id, r)| !id.contains('.') && (id.len() == 12 || r.starts_with("http")))
            .map_or(rest, |(_, r)| r);
        return address(rest).or_else(|| address(&format!("http://{rest}")));
    }
    if host == "webcitation.org" || host == "www.webcitation.org" {
        return parameter(url, &["url"]);
    }
    let segments: Vec<&str> = url.path_segments()?.collect();
    let inside =
        |segment: &&str| matches!(segment.to_ascii_lowercase().as_str(), "http:" | "https:");
    if known && let Some(place) = segments.iter().position(inside) {
        return embedded(&segments.get(place..).unwrap_or_default().join("/"), false, url);
    }
    for (place, segment) in segments.iter().enumerate() {
        let digits = segment.bytes().take_while(u8::is_ascii_digit).count();
        let mark = segment.get(digits..).unwrap_or_default();
        // `2022-0106-1200-00`
        let (digits, mark) = match mark.strip_prefix('-') {
            Some(rest) if under(host, "megalodon.jp") && rest.len() == 12 => (14, ""),
            _ => (digits, mark),
        };
        let marked = mark.is_empty() || mark == "*" || (mark.ends_with('_') && mark.len() == 3);
        let newest = known && matches!(*segment, "newest" | "oldest" | "latest");
        let time = marked && (if known { (4..=14).contains(&digits) } else { digits == 14 });
        if !time && !newest {
            continue;
        }
        let rest = segments.get(place + 1..).unwrap_or_default().join("/");
        let lower = rest.to_ascii_lowercase();
        let absolute = lower.starts_with("http:/") || lower.starts_with("https:/");
        // Without a scheme only where nothing but an archived address can follow.
        let web = place.checked_sub(1).and_then(|before| segments.get(before)) == Some(&"web");
        let bare = known
            && (web || digits >= 8)
            && rest.split('/').next().is_some_and(|h| h.contains('.'));
        if absolute || bare {
            return embedded(&rest, false, url);
        }
    }
    None
}

/// Sites that show the page whose address follows theirs.
fn reader(url: &Url, host: &str) -> Option<Url> {
    let bare = host.strip_prefix("www.").unwrap_or(host);
    if READERS.contains(&bare) {
        let path = url.path().trim_start_matches('/');
        let lower = path.to_ascii_lowercase();
        return (lower.starts_with("http:/") || lower.starts_with("https:/"))
            .then(|| embedded(path, true, url))
            .flatten();
    }
    if DEREFERERS.contains(&bare) {
        return address(&percent::plain(url.query()?));
    }
    None
}

/// The forms of one video's address, and a post in the preview of its channel. Their hosts' other
/// names are gone when the key is read again.
fn platform(url: &Url, host: &str) -> Option<Url> {
    let segments: Vec<&str> = url.path_segments()?.filter(|s| !s.is_empty()).collect();
    let is_video = |id: &str| {
        id.len() == 11 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_vk = under(host, "vk.com") || under(host, "vk.ru");
    // A post laid over whatever page it was opened on.
    if is_vk && let Some((_, post)) = url.query_pairs().find(|(name, _)| name == "w") {
        let (wall, number) = post.strip_prefix("wall")?.split_once('_')?;
        let numbered = is_digits(wall.strip_prefix('-').unwrap_or(wall)) && is_digits(number);
        return numbered.then(|| Url::parse(&format!("https://vk.com/{post}")).ok())?;
    }
    let is_x = || under(host, "x.com") || under(host, "twitter.com");
    let target = match segments.as_slice() {
        [user, "status", post, "photo" | "video", _] if is_digits(post) && is_x() => {
            format!("https://x.com/{user}/status/{post}")
        }
        ["i", "web", "status", post] if is_digits(post) && is_x() => {
            format!("https://x.com/i/status/{post}")
        }
        [id] if under(host, "youtu.be") && is_video(id) => {
            format!("https://youtube.com/watch?v={id}")
        }
        ["shorts" | "embed" | "live" | "v", id] if under(host, "youtube.com") && is_video(id) => {
            format!("https://youtube.com/watch?v={id}")
        }
        ["s", channel, post] if host == "t.me" && is_digits(post) => {
            format!("https://t.me/{channel}/{post}")
        }
        _ => one_article(url, host, &segments)?,
    };
    Url::parse(&target).ok()
}

/// The address of an article on a portal whose readers, telephones and programs are each given another.
/// An id is one over all of the portal.
fn one_article(url: &Url, host: &str, segments: &[&str]) -> Option<String> {
    let is_code = |id: &str| {
        id.len() == 16 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    };
    if matches!(host, "news.naver.com" | "m.news.naver.com" | "n.news.naver.com") {
        let parameter = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v);
        let (press, article) = match segments {
            ["mnews", "article", press, article] => ((*press).into(), (*article).into()),
            [.., "read.naver" | "read.nhn"] => (parameter("oid")?, parameter("aid")?),
            _ => return None,
        };
        return (is_digits(&press) && is_digits(&article))
            .then(|| format!("https://n.news.naver.com/article/{press}/{article}"));
    }
    if under(host, "toutiao.com") {
        let id = match segments {
            [id] => id.strip_prefix(['a', 'i'])?,
            ["group" | "item", id] => id,
            _ => return None,
        };
        return (is_digits(id) && id.len() >= 15)
            .then(|| format!("https://toutiao.com/article/{id}"));
    }
    let id = segments.last()?;
    let id = id.strip_suffix(".html").unwrap_or(id);
    if !is_code(id) {
        return None;
    }
    match segments {
        ["omn" | "a" | "cmsid", _] | ["omn", _, _] if under(host, "qq.com") => {
            Some(format!("https://new.qq.com/rain/a/{id}"))
        }
        ["news", "a" | "article", _] if under(host, "163.com") => {
            Some(format!("https://163.com/dy/article/{id}.html"))
        }
        _ => None,
    }
}

/// `https://example.kz/https://example.kz/a`: an address put behind the site's own once too often.
fn doubled(url: &Url, host: &str) -> Option<Url> {
    let rest = url.path().strip_prefix('/')?;
    let lower = rest.to_ascii_lowercase();
    if !lower.starts_with("http:/") && !lower.starts_with("https:/") {
        return None;
    }
    let inner = embedded(rest, true, url)?;
    (path::site(inner.host_str()?) == path::site(host)).then_some(inner)
}

/// A known redirector, or any page called "go", "away" and the like, with an address in a parameter.
fn redirector(url: &Url, host: &str) -> Option<Url> {
    let own = url.path();
    for (site, path, names) in REDIRECTORS {
        if own.starts_with(path)
            && under(host, site)
            && let Some(target) = parameter(url, names)
        {
            return Some(target);
        }
    }
    // Disqus signs the address: `https://example.kz/a:KEY`.
    if host == "disq.us" {
        let (_, signed) = url.query_pairs().find(|(name, _)| name == "url")?;
        let plain = signed.rsplit_once(':').filter(|(_, key)| !key.contains('/'));
        return address(plain.map_or(&signed, |(plain, _)| plain));
    }
    // `rd.yahoo.co.jp/rss/…/*https://…`, with one asterisk or two.
    if (under(host, "yahoo.com") || under(host, "yahoo.co.jp"))
        && let Some((_, target)) = url.as_str().split_once("/*")
        && let Some(target) = address(target.trim_start_matches('*'))
    {
        return Some(target);
    }
    if under(host, "urldefense.proofpoint.com") && url.path().starts_with("/v2/") {
        let (_, value) = url.query_pairs().find(|(name, _)| name == "u")?;
        return address(&percent::plain(&value.replace('-', "%").replace('_', "/")));
    }
    if (under(host, "urldefense.com") || under(host, "urldefense.us"))
        && url.path().starts_with("/v3/__")
    {
        return proofpoint(url.as_str().split_once("/v3/__")?.1);
    }
    if (under(host, "avanan.click") || under(host, "checkpoint.com"))
        && url.path().starts_with("/v2/")
    {
        return address(url.as_str().split("___").nth(1)?);
    }
    if host == "secure-web.cisco.com" {
        return address(&percent::plain(url.path_segments()?.next_back()?));
    }
    if under(host, "r.search.yahoo.com") || under(host, "search.yahoo.com") {
        let target = url.path().split('/').find_map(|s| s.strip_prefix("RU="))?;
        return address(&percent::plain(target));
    }
    if host == "news.google.com" {
        let segments: Vec<&str> = url.path_segments()?.collect();
        let place = segments.iter().position(|s| matches!(*s, "articles" | "read"))?;
        return google_news(segments.get(place + 1)?);
    }
    if under(host, "bing.com") && url.path().starts_with("/ck/a") {
        let (_, value) = url.query_pairs().find(|(name, _)| name == "u")?;
        return address(&String::from_utf8(base64(value.strip_prefix("a1")?)?).ok()?);
    }
    if REDIRECT_PATHS.iter().any(|end| url.path().ends_with(end)) {
        return parameter(url, TARGET_PARAMETERS);
    }
    let last = url.path_segments()?.rfind(|s| !s.is_empty())?.to_ascii_lowercase();
    let word = last.split(['.', ';']).next().unwrap_or_default();
    if FRAME_WORDS.contains(&word) {
        return framed(url, host);
    }
    if !REDIRECT_WORDS.contains(&word) {
        return None;
    }
    // A page with an id, which names a home page, or a list of its own site, says where to go next.
    let article = |target: &Url| {
        let segments: Vec<&str> = target.path().split('/').filter(|s| !s.is_empty()).collect();
        target.query().is_some()
            || path::names_an_article(&segments)
            || !segments.is_empty() && !same_site(target, host)
    };
    // `go/?https://example.kz/a`: the query may be nothing but the address.
    let target = parameter(url, TARGET_PARAMETERS).or_else(|| address(url.query()?));
    target.filter(|target| article(target) || is_alone(url, host))
}

/// `ADDRESS__;CHARACTERS!!SIGNATURE`: each asterisk of the address stands for one of the characters, two
/// and a letter for a row of them, which are written in Base64.
fn proofpoint(text: &str) -> Option<Url> {
    let (masked, rest) = text.split_once("__;")?;
    let characters = String::from_utf8(base64(rest.split("!!").next()?)?).ok()?;
    let mut characters = characters.chars();
    let (mut plain, mut masked) = (String::new(), masked.chars().peekable());
    while let Some(c) = masked.next() {
        if c != '*' {
            plain.push(c);
        } else if masked.next_if_eq(&'*').is_none() {
            plain.extend(characters.next());
        } else {
            let rows = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
            let length = masked.next().and_then(|c| rows.zip(2..).find(|(row, _)| *row == c));
            plain.extend(characters.by_ref().take(length?.1));
        }
    }
    address(&plain)
}

/// An aggregator's page around somebody else's article; one with an id of its own is an article.
fn framed(url: &Url, host: &str) -> Option<Url> {
    let head = url.path().rsplit_once('/').map_or("", |(head, _)| head);
    let bare = !head.bytes().any(|b| b.is_ascii_digit() || b == b'-' || b == b'%');
    let target = parameter(url, FRAMED_PARAMETERS)?;
    (bare && is_alone(url, host) && !same_site(&target, host)).then_some(target)
}

fn same_site(target: &Url, host: &str) -> bool {
    path::site(target.host_str().unwrap_or_default()) == path::site(host)
}

/// Whether no parameter but the address in one could tell this page from another.
fn is_alone(url: &Url, host: &str) -> bool {
    let told = |part: &str| query::tells_apart(part, host, url.path());
    url.query().unwrap_or_default().split('&').filter(|part| !part.is_empty() && told(part)).count()
        < 2
}

/// Until 2024 the id of a Google News article held its address, length first, in Base64.
fn google_news(id: &str) -> Option<Url> {
    let bytes = base64(id)?;
    let start = bytes.windows(4).position(|w| w == b"http")?;
    let rest = bytes.get(start..)?;
    let end = rest.iter().position(|b| !b.is_ascii_graphic()).unwrap_or(rest.len());
    let length = bytes.get(..start)?.last().copied().map_or(end, usize::from);
    // A length over 127 takes two bytes; the address then ends where the text does.
    let end = if length < 128 { length.min(end) } else { end };
    address(std::str::from_utf8(rest.get(..end)?).ok()?)
}

/// The first parameter of `names` that holds an absolute address.
fn parameter(url: &Url, names: &[&str]) -> Option<Url> {
    for name in names {
        for (key, value) in url.query_pairs() {
            if key.eq_ignore_ascii_case(name)
                && let Some(target) = address(&value).or_else(|| encoded(&value))
            {
                return Some(target);
            }
        }
    }
    None
}

/// An address in Base64, as one publishing system hides it from search engines.
fn encoded(text: &str) -> Option<Url> {
    let bytes = text.starts_with("aHR0c").then(|| base64(text))??;
    address(std::str::from_utf8(&bytes).ok()?)
}

/// `text` as an address, only if it says so itself.
fn address(text: &str) -> Option<Url> {
    let mut text = text.trim().to_owned();
    for _ in 0..3 {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http:/") || lower.starts_with("https:/") {
            return Url::parse(&text).ok().filter(has_site);
        }
        if let Some(rest) = lower.strip_prefix("//") {
            return rest
                .contains('.')
                .then(|| Url::parse(&format!("https:{text}")).ok())
                .flatten()
                .filter(has_site);
        }
        if lower.starts_with("www.") {
            return Url::parse(&format!("https://{text}")).ok().filter(has_site);
        }
        if !lower.starts_with("http") || !text.contains('%') {
            return None;
        }
        text = percent::plain(&text);
    }
    None
}

/// The address in the path of `outer`, with the query and fragment that went along.
fn embedded(rest: &str, secure: bool, outer: &Url) -> Option<Url> {
    let lower = rest.to_ascii_lowercase();
    let mut target = if lower.starts_with("http:/")
        || lower.starts_with("https:/")
        || lower.starts_with("http%3a")
        || lower.starts_with("https%3a")
    {
        address(rest)?
    } else {
        let scheme = if secure { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{rest}")).ok().filter(has_site)?
    };
    if target.query().is_none() {
        target.set_query(outer.query());
    }
    if target.fragment().is_none() {
        target.set_fragment(outer.fragment());
    }
    Some(target)
}

fn has_site(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    matches!(url.scheme(), "http" | "https") && host.contains('.') && repair::is_a_name(host)
}

/// Base64 in the URL or the standard alphabet, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        buffer = (buffer << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    Some(bytes)
}
