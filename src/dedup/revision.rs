//! What changed between two texts at one address.

use super::shingle;
use crate::text;

/// Whether a changed text is another revision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Revision {
    /// Only counters and page furniture changed.
    Noise,
    /// Words were written, taken out or replaced: `ratio` of the longer text, 0 to 1.
    Changed { ratio: f32 },
}

/// Compares the text at an address with the one that was there before. Paragraphs that both have
/// count as unchanged wherever they stand.
pub fn revision(old: &str, new: &str) -> Revision {
    let (old, new) = (lines(old), lines(new));
    let total = count(&old).max(count(&new));
    let (before, after) = (without(&old, &new), without(&new, &old));
    let (before, after) = (prose(&before, &after), prose(&after, &before));
    let changed = distance(&before, &after);
    if changed == 0 { Revision::Noise } else { Revision::Changed { ratio: share(changed, total) } }
}

struct Line {
    words: Vec<u64>,
    /// The same with every number alike.
    masked: Vec<u64>,
    has_number: bool,
    is_furniture: bool,
}

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(line).filter(|line| !line.words.is_empty()).collect()
}

fn line(text: &str) -> Line {
    let (mut words, mut masked) = (Vec::new(), Vec::new());
    let mut has_number = false;
    shingle::words(text, |word| {
        let number = word.first().is_some_and(u8::is_ascii_digit);
        has_number |= number;
        words.push(shingle::hash(word));
        masked.push(if number { 0 } else { shingle::hash(word) });
    });
    let is_furniture = words.len() <= FURNITURE && {
        let lower = text.to_lowercase();
        (has_number && COUNTERS.iter().any(|word| lower.contains(word)))
            || (words.len() <= INVITATION && INVITATIONS.iter().any(|word| lower.contains(word)))
    };
    Line { words, masked, has_number, is_furniture }
}

/// A counter stands in a line of at most so many words.
const FURNITURE: usize = 12;
/// And an invitation to share or subscribe in one of so many.
const INVITATION: usize = 8;
/// A line so short whose number alone changed is a counter in whatever language.
const COUNTER: usize = 4;

/// The lines of `a` that `b` has not, each taken once.
fn without<'a>(a: &'a [Line], b: &[Line]) -> Vec<&'a Line> {
    let mut others: Vec<&[u64]> = b.iter().map(|line| line.words.as_slice()).collect();
    others.sort_unstable();
    let mut used = vec![false; others.len()];
    a.iter()
        .filter(|line| {
            let start = others.partition_point(|other| *other < line.words.as_slice());
            for (other, used) in others.iter().zip(&mut used).skip(start) {
                if *other != line.words {
                    break;
                }
                if !*used {
                    *used = true;
                    return false;
                }
            }
            true
        })
        .collect()
}

/// The words of the lines that say something.
fn prose(lines: &[&Line], others: &[&Line]) -> Vec<u64> {
    let counter = |line: &Line| {
        line.has_number
            && line.words.len() <= COUNTER
            && others.iter().any(|other| other.masked == line.masked)
    };
    lines
        .iter()
        .filter(|line| !line.is_furniture && !counter(line))
        .flat_map(|line| line.words.iter().copied())
        .collect()
}

/// Words of the longer side that are not in the longest common subsequence.
fn distance(a: &[u64], b: &[u64]) -> usize {
    /// Beyond this many cells the order of the words is left out of account.
    const CELLS: usize = 4_000_000;
    let common = if a.len().saturating_mul(b.len()) <= CELLS {
        text::subsequence(a, b, |x, y| x == y)
    } else {
        bag(a, b)
    };
    a.len().max(b.len()) - common
}

fn bag(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    a.sort_unstable();
    b.sort_unstable();
    let mut b = b.into_iter().peekable();
    let mut common = 0;
    for x in a {
        while b.next_if(|y| *y < x).is_some() {}
        common += usize::from(b.next_if_eq(&x).is_some());
    }
    common
}

fn count(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.words.len()).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a text has fewer than 2^24 words")]
fn share(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

/// What counters and clocks on a page are called, in lower case.
const COUNTERS: &[&str] = &[
    "view",
    "comment",
    "share",
    "like",
    "read",
    "min read",
    "updated",
    "ago",
    "просмотр",
    "коммент",
    "обновлен",
    "прочит",
    "назад",
    "қаралды",
    "көрілім",
    "оқылды",
    "пікір",
    "vue",
    "lecture",
    "partage",
    "mis à jour",
    "il y a",
    "aufruf",
    "kommentar",
    "aktualisiert",
    "lesezeit",
    "vor ",
    "visualiza",
    "visita",
    "comentario",
    "comentário",
    "actualizado",
    "atualizado",
    "hace ",
    "há ",
    "lettur",
    "commenti",
    "okunma",
    "görüntü",
    "yorum",
    "güncelle",
    "önce",
    "перегляд",
    "оновлен",
    "тому",
    "wyświetl",
    "temu",
    "դիտ",
    "ნახვა",
    "بازدید",
    "نظر",
    "مشاهد",
    "تعليق",
    "تحديث",
    "قبل",
    "阅读",
    "閱讀",
    "浏览",
    "評論",
    "评论",
    "点击",
    "閲覧",
    "コメント",
    "更新",
    "조회",
    "댓글",
    "lượt xem",
    "bình luận",
    "dilihat",
    "ko'rish",
    "baxış",
    "көрүлдү",
    "тамошо",
    "үзсэн",
    "views:",
    "ครั้ง",
];

/// How a page asks its reader for something.
const INVITATIONS: &[&str] = &[
    "subscribe",
    "follow us",
    "share this",
    "read also",
    "read more",
    "sign up",
    "newsletter",
    "advertis",
    "подпи",
    "читайте также",
    "поделит",
    "реклама",
    "telegram",
    "whatsapp",
    "жазыл",
    "бөлісу",
    "abonnez",
    "lire aussi",
    "partager",
    "publicité",
    "abonnieren",
    "lesen sie auch",
    "teilen",
    "suscr",
    "lea también",
    "compart",
    "publicidad",
    "assine",
    "leia também",
    "iscriviti",
    "leggi anche",
    "abone ol",
    "paylaş",
    "підпи",
    "читайте також",
    "поділит",
    "subskryb",
    "czytaj też",
    "udostępnij",
    "اشترك",
    "اقرأ أيضا",
    "مشترک",
    "订阅",
    "分享",
    "關注",
    "关注",
    "シェア",
    "구독",
    "공유",
    "đăng ký",
];
