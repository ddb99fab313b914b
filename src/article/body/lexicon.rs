//! What the words of class names and ids say about an element, in the languages web developers
//! write them in; and phrases by which boilerplate gives itself away.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// One bit a kind of mark.
pub(super) const KINDS: [&str; 25] = [
    "body",
    "content",
    "paragraph",
    "title",
    "lead",
    "byline",
    "date",
    "related",
    "share",
    "subscribe",
    "comment",
    "ad",
    "caption",
    "nav",
    "topic",
    "legal",
    "embed",
    "box",
    "hidden",
    "note",
    "list",
    "video",
    "live",
    "bio",
    "entry",
];

/// Kinds that are seldom around an article's text: comments, legal texts, hidden copies.
pub(super) const DOUBTFUL: u32 = 1 << 10 | 1 << 15 | 1 << 18;

/// A compound that names an article's text: `entry-content`, `articleBody`.
pub(super) const ENTRY: u32 = 1 << 24;

/// Other stories.
pub(in crate::article) const RELATED: u32 = 1 << 7;

/// Captions, credits and pictures.
pub(super) const CAPTION: u32 = 1 << 12;

/// Menus, headers and footers of the site, sidebars.
pub(in crate::article) const NAVIGATION: u32 = 1 << 13;

/// Notices of cookies and rights.
pub(super) const LEGAL: u32 = 1 << 15;

/// Comments of readers.
pub(in crate::article) const COMMENT: u32 = 1 << 10;

/// What is beside the text: other stories, sharing, subscriptions, comments, advertising,
/// captions, navigation, tags, legal texts, hidden copies, players, people.
pub(super) const APART: u32 = 1 << 5
    | 1 << 6
    | RELATED
    | 1 << 8
    | 1 << 9
    | COMMENT
    | 1 << 11
    | CAPTION
    | 1 << 13
    | 1 << 14
    | 1 << 15
    | 1 << 18
    | 1 << 21
    | 1 << 23;

/// Words of class names by kind. A word stands for itself; `*` at the end matches any word that
/// begins so.
const WORDS: [&str; 24] = [
    // body
    "articlebody* bodytext* body* storybody* storytext articletext* articlecontent* postbody \
     postcontent postentry entrycontent contentbody richtext* prose wysiwyg fliesstext \
     artikeltext* artikelinhalt newstext* textbody bodycopy articlecopy copy corpo cuerpo corps \
     habermetni metin maincontent storycontent cnt longform",
    // content
    "content* article* story* post entry main artikel* articulo* articolo artigo inhalt contenido \
     contenu contenuto conteudo news* detail* detay* haber* single* text* texto texte testo tekst* \
     treść statya novost* material* publication* hentry amp",
    // paragraph
    "p para paragraph* absatz paragrafo parrafo abs textblock text-block",
    // title
    "title* headline* heading* hed ttl titel* titulo* titre titolo baslik* header1 kop zagolovok",
    // lead
    "lead* lede standfirst subtitle* subhead* subheadline dek deck intro* summary abstract \
     excerpt* sapo vorspann chapo chapeau entradilla bajada sommario occhiello ingress manchet \
     description desc spot teasertext kicker synopsis strapline stand anons preamble perex",
    // byline
    "byline* author* writer* autor* auteur* redactor* reporter* journalist* yazar* contributor* \
     signature firma muhabir credits avtor",
    // date
    "date* time* timestamp* published* pubdate datum* datetime dateline meta* info infos tarih \
     fecha data-hora updated",
    // related
    "related* recommend* readmore* more* also seealso trending* popular* mostread* most teaser* \
     recirc* outbrain* taboola* suggest* similar* weitere* relacionad* correlat* upnext next \
     latest* carousel* slider* swiper slick card* promo* grid* listing* feed thumb* crosslink* \
     tease* ilgili relation* linked lire inread otherstories rel reco recs rail* river outlink \
     zergnet dianomi revcontent headlines",
    // share
    "share* sharing* social* facebook* twitter* whatsapp* addtoany sharedaddy follow* fb tweetmeme \
     sns teilen partage compartir paylas",
    // subscribe
    "newsletter* subscribe* subscription* subscri* signup* paywall* membership* member* register* \
     registration donate* donation* cta appeal* banner* popup* modal* overlay* optin regwall \
     piano* mailchimp abo* upsell login* gate newslettersignup",
    // comment
    "comment* disqus* reply* discuss* respond* kommentar* coment* commentaire* yorum* conversation \
     feedback forum",
    // ad
    "ad ads advert* adv adslot* adsense sponsor* dfp* gpt werbung anzeige* publicid* publi reklam* \
     adunit* adbox adcontainer advertising ob promoted google leaderboard mpu",
    // caption
    "caption* credit* image* img photo* foto* figure* gallery* galerie* legend* picture* media \
     bildunterschrift didascalia pie lightbox slideshow* copyright* wp-caption",
    // nav
    "nav* menu* breadcrumb* header* footer* sidebar* aside masthead* toolbar* pagination* pager* \
     skip* topbar search* hamburger navigation sitemap widget* branding logo* sticky secondary foot \
     drawer offcanvas dropdown tabs tab",
    // topic
    "tag tags* topic* category* categor* keyword* label* section* rubrik* etiket* tema themen chip \
     pill taxonomy eyebrow hashtag*",
    // legal
    "cookie* consent* gdpr privacy disclaimer* legal terms rights onetrust cmp imprint",
    // embed
    "embed* tweet* instagram* oembed* iframe* youtube* pullquote* pull-quote quote* blockquote* \
     twitter-tweet fb-post tiktok infogram datawrapper",
    // box
    "box* infobox* factbox* fact* sidebar* callout* highlight* keypoint* bullet* toc note* glossary \
     table* inset pullout inline* insert* accordion faq poll* quiz* score* rating* product* price*",
    // hidden
    "hidden* sr-only sr visually visuallyhidden screen-reader screenreader print* noprint noshow \
     invisible offscreen d-none none hide* a11y accessibility",
    // note
    "footnote* source* quelle* correction* tagline* endnote* signoff editorsnote trust* policy \
     reprint* ending end tip tips contact* sign",
    // list
    "list* item* ul li items row rows col column columns block-list",
    // video
    "video* player* audio* podcast* listen* jwplayer brightcove vjs speech tts readspeaker vid",
    // live
    "live* liveblog* ticker* update* timeline* minute* blogpost",
    // bio
    "bio* profile* about* aboutauthor authorbox avatar person staff team",
];

const SLOTS: usize = 4096;

struct Table {
    /// Open addressing: hash of a whole word or of a word's beginning, and its kinds.
    slots: Vec<(u32, u32)>,
    /// Which lengths a beginning can have.
    longest: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { slots: vec![(0, 0); SLOTS], longest: 0 };
    for (kind, words) in WORDS.iter().enumerate() {
        for word in words.split_whitespace() {
            match word.strip_suffix('*') {
                Some(beginning) => {
                    table.longest = table.longest.max(beginning.len());
                    table.insert(hash(beginning.as_bytes(), PREFIX), 1 << kind);
                }
                None => table.insert(hash(word.as_bytes(), WHOLE), 1 << kind),
            }
        }
    }
    table
});

const PREFIX: u32 = 0x811c_9dc5;
const WHOLE: u32 = 0x1234_5677;

impl Table {
    fn insert(&mut self, hash: u32, kinds: u32) {
        let mut at = hash as usize % SLOTS;
        loop {
            match self.slots.get_mut(at) {
                Some(slot) if slot.1 == 0 || slot.0 == hash => {
                    slot.0 = hash;
                    slot.1 |= kinds;
                    return;
                }
                _ => at = (at + 1) % SLOTS,
            }
        }
    }

    fn get(&self, hash: u32) -> u32 {
        let mut at = hash as usize % SLOTS;
        loop {
            match self.slots.get(at) {
                Some((_, 0)) | None => return 0,
                Some((key, kinds)) if *key == hash => return *kinds,
                Some(_) => at = (at + 1) % SLOTS,
            }
        }
    }

    /// The kinds of one word in lower case.
    fn kinds(&self, word: &[u8]) -> u32 {
        let mut kinds = self.get(hash(word, WHOLE));
        let mut beginning = PREFIX;
        for byte in word.iter().take(self.longest) {
            beginning = step(beginning, *byte);
            kinds |= self.get(beginning);
        }
        kinds
    }
}

fn hash(bytes: &[u8], seed: u32) -> u32 {
    bytes.iter().fold(seed, |hash, byte| step(hash, *byte))
}

fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// The first words of compounds that name an article's text, and the second ones.
const WHOLES: [&[u8]; 14] = [
    b"article",
    b"articles",
    b"story",
    b"post",
    b"entry",
    b"news",
    b"single",
    b"main",
    b"artikel",
    b"articulo",
    b"articolo",
    b"blog",
    b"page",
    b"haber",
];
const PARTS: [&[u8]; 14] = [
    b"body",
    b"content",
    b"contents",
    b"text",
    b"copy",
    b"detail",
    b"details",
    b"inhalt",
    b"texto",
    b"testo",
    b"texte",
    b"contenido",
    b"paragraphs",
    b"icerik",
];
/// The same as one word.
const COMPOUNDS: [&[u8]; 12] = [
    b"articlebody",
    b"articletext",
    b"articlecontent",
    b"storybody",
    b"storytext",
    b"storycontent",
    b"postbody",
    b"postcontent",
    b"entrycontent",
    b"bodytext",
    b"newstext",
    b"artikeltext",
];

/// What a class, id or role says: a bit for each of [`KINDS`].
pub(in crate::article) fn marks(value: &str) -> u32 {
    let mut word = [0_u8; 24];
    let mut len = 0;
    let mut marks = 0;
    let mut before = b' ';
    // A compound's first word was the one before.
    let mut whole = false;
    let mut close = |word: &[u8]| {
        marks |= TABLE.kinds(word);
        if COMPOUNDS.contains(&word) || (whole && PARTS.contains(&word)) {
            marks |= ENTRY;
        }
        whole = WHOLES.contains(&word);
    };
    // Generated names ("sc-1x2y3z") are long; the words that tell stand in the beginning.
    for byte in value.bytes().take(200).chain([b' ']) {
        let camel = byte.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (!byte.is_ascii_alphabetic() || camel) && len > 0 {
            close(word.get(..len).unwrap_or_default());
            len = 0;
        }
        if byte == b' ' {
            close(b"");
        }
        if byte.is_ascii_alphabetic()
            && let Some(place) = word.get_mut(len)
        {
            *place = byte.to_ascii_lowercase();
            len += 1;
        }
        before = byte;
    }
    marks
}

/// Kinds of tell-tale phrases.
pub(super) const CUES: [&str; 10] = [
    "read_also",
    "subscribe",
    "share",
    "copyright",
    "byline",
    "photo",
    "dated",
    "comment",
    "advert",
    "legal",
];

/// Phrases of other stories, subscriptions, sharing, rights and advertising.
pub(super) const TELLTALE: u16 = 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 8;
/// Phrases that tell only at the beginning: photo credits and calls for comments.
pub(super) const TELLTALE_FIRST: u16 = 1 << 5 | 1 << 7;

const PHRASES: [&[&str]; 10] = [
    &[
        "read more",
        "read also",
        "also read",
        "read next",
        "see also",
        "related:",
        "related stor",
        "related article",
        "more:",
        "more on",
        "more from",
        "more stories",
        "recommended",
        "don't miss",
        "you may also",
        "you might also",
        "most read",
        "most popular",
        "trending",
        "watch:",
        "read:",
        "see more",
        "learn more",
        "click here",
        "full story",
        "continue reading",
        "up next",
        "latest news",
        "top stories",
        "editor's pick",
        "lesen sie auch",
        "lesen sie mehr",
        "mehr zum thema",
        "mehr dazu",
        "das könnte sie",
        "weiterlesen",
        "auch interessant",
        "lesen sie:",
        "zum thema",
        "lire aussi",
        "à lire",
        "a lire",
        "sur le même sujet",
        "lire la suite",
        "voir aussi",
        "lee también",
        "leer más",
        "te puede interesar",
        "lea también",
        "le puede interesar",
        "ver más",
        "leia também",
        "leia mais",
        "pode gostar",
        "te puede gustar",
        "you may like",
        "you might like",
        "vous aimerez",
        "potrebbe piacerti",
        "könnte ihnen gefallen",
        "вам может понравиться",
        "другие новости",
        "басқа жаңалықтар",
        "veja também",
        "saiba mais",
        "leggi anche",
        "leggi tutto",
        "potrebbe interessarti",
        "lees ook",
        "lees meer",
        "læs også",
        "les også",
        "läs mer",
        "läs också",
        "les mer",
        "czytaj także",
        "czytaj też",
        "zobacz także",
        "přečtěte si",
        "čtěte také",
        "prečítajte",
        "читайте также",
        "читать также",
        "читайте ещё",
        "смотрите также",
        "по теме",
        "читайте по теме",
        "подробнее",
        "ранее",
        "читайте також",
        "читати також",
        "дивіться також",
        "оқыңыз",
        "тағы оқыңыз",
        "да окуңуз",
        "haberin devamı",
        "ilgili haber",
        "ayrıca oku",
        "oxuyun",
        "اقرأ أيضا",
        "اقرأ أيضًا",
        "بیشتر بخوانید",
        "آیا",
        "相关阅读",
        "相关新闻",
        "推荐阅读",
        "延伸閱讀",
        "関連記事",
        "あわせて読みたい",
        "관련기사",
        "baca juga",
        "baca selengkapnya",
        "xem thêm",
        "đọc thêm",
        "tin liên quan",
        "διαβάστε",
        "citește și",
        "olvasta már",
        "pročitajte",
        "прочетете",
        "lue myös",
        "lasīt arī",
        "skaitykite taip pat",
        "loe ka",
        "کارنامه",
        "оқи отырыңыз",
        "окуй отуруңуз",
        "shuningdek o‘qing",
        "shuningdek o'qing",
        "shuningdek oʻqing",
        "shuningdek, o‘qing",
        "mavzuga oid",
        "կարդացեք նաև",
        "կարդացեք նաեւ",
        "წაიკითხეთ ასევე",
        "ასევე წაიკითხეთ",
        "ayrıca bakınız",
        "don’t miss",
    ],
    &[
        "subscribe",
        "sign up",
        "newsletter",
        "sign in",
        "log in",
        "register",
        "inbox",
        "email address",
        "get the app",
        "download the app",
        "download our",
        "join our",
        "support our",
        "donate",
        "free trial",
        "abonnieren",
        "abonnez",
        "abonnement",
        "anmelden",
        "registrieren",
        "inscrivez",
        "suscrí",
        "suscrib",
        "boletín",
        "assine",
        "cadastre",
        "iscriviti",
        "abonneer",
        "nyhetsbrev",
        "nieuwsbrief",
        "prenumer",
        "подпис",
        "рассылк",
        "підпис",
        "жазылыңыз",
        "abone ol",
        "اشترك",
        "عضویت",
        "订阅",
        "订閱",
        "メルマガ",
        "会員登録",
        "구독",
        "berlangganan",
        "become a member",
        "get unlimited",
        "already a subscriber",
        "telegram",
        "whatsapp channel",
        "google news",
        "bell icon",
        "turn on notifications",
        "ctrl+enter",
        "ctrl + enter",
    ],
    &[
        "share this",
        "share on",
        "share via",
        "facebook",
        "twitter",
        "whatsapp",
        "follow us",
        "follow @",
        "like us",
        "tweet",
        "linkedin",
        "pinterest",
        "copy link",
        "teilen",
        "partager",
        "compartir",
        "compartilh",
        "condividi",
        "delen",
        "dela",
        "поделиться",
        "поширити",
        "бөлісу",
        "paylaş",
        "مشاركة",
        "分享",
        "シェア",
        "공유",
        "bagikan",
        "chia sẻ",
        "instagram",
        "youtube",
        "print this",
        "email this",
        "folgen sie",
        "suivez",
        "síguenos",
        "siga",
        "seguici",
    ],
    &[
        "©",
        "(c) 20",
        "copyright",
        "all rights reserved",
        "alle rechte",
        "tous droits",
        "todos los derechos",
        "todos os direitos",
        "tutti i diritti",
        "все права",
        "усі права",
        "барлық құқық",
        "tüm hakları",
        "جميع الحقوق",
        "版权",
        "無断転載",
        "무단",
        "alle rettigheter",
        "prawa zastrzeżone",
        "reproduction",
        "may not be published",
        "republish",
        "this material may not",
    ],
    &[
        "by ",
        "von ",
        "par ",
        "por ",
        "di ",
        "door ",
        "av ",
        "af ",
        "written by",
        "reporting by",
        "editing by",
        "edited by",
        "author:",
        "автор",
        "текст:",
        "редактор",
        "yazar",
        "muhabir",
        "记者",
        "责任编辑",
        "编辑",
        "文/",
        "기자",
        "penulis",
        "editor:",
        "reporter",
        "contributed to this",
        "is a reporter",
        "is a staff",
        "is a senior",
        "is the author",
        "is a freelance",
        "is a writer",
        "associated press writer",
        "correspondent",
        "follow him",
        "follow her",
        "can be reached",
        "ist redakteur",
        "journaliste",
        "periodista",
    ],
    &[
        "photo",
        "image:",
        "image credit",
        "picture:",
        "getty",
        "reuters/",
        "ap photo",
        "afp/",
        "credit:",
        "foto:",
        "fotos:",
        "bild:",
        "quelle:",
        "crédit",
        "crédits",
        "fotografía",
        "imagen",
        "foto ",
        "фото",
        "сурет",
        "сүрөт",
        "fotoğraf",
        "صورة",
        "图片",
        "写真",
        "사진",
        "(photo",
        "file photo",
        "screenshot",
        "video:",
        "shutterstock",
        "istock",
        "courtesy of",
        "source:",
        "fuente:",
        "fonte:",
        "источник",
        "kaynak",
    ],
    &[
        "published",
        "updated",
        "last updated",
        "posted",
        "first published",
        "veröffentlicht",
        "aktualisiert",
        "publié",
        "mis à jour",
        "publicado",
        "actualizado",
        "atualizado",
        "pubblicato",
        "gepubliceerd",
        "publisert",
        "oppdatert",
        "опубликовано",
        "обновлено",
        "опубліковано",
        "жарияланды",
        "güncelle",
        "yayın",
        "نشر في",
        "发布",
        "更新",
        "公開",
        "입력",
        "수정",
        "ago",
        "min read",
        "minute read",
        "minutes read",
        "lesezeit",
        "diterbitkan",
        "cập nhật",
        "est",
        "gmt",
        " utc",
        "uhr",
    ],
    &[
        "comment",
        "kommentar",
        "commentaire",
        "comentario",
        "comentário",
        "commenti",
        "reactie",
        "комментар",
        "коментар",
        "пікір",
        "yorum",
        "تعليق",
        "评论",
        "コメント",
        "댓글",
        "komentar",
        "bình luận",
        "leave a reply",
        "join the conversation",
        "what do you think",
        "let us know",
        "have your say",
    ],
    &[
        "advertisement",
        "advertising",
        "sponsored",
        "anzeige",
        "werbung",
        "publicité",
        "publicidad",
        "publicidade",
        "pubblicità",
        "advertentie",
        "annonse",
        "annons",
        "реклама",
        "жарнама",
        "reklam",
        "إعلان",
        "广告",
        "広告",
        "광고",
        "iklan",
        "quảng cáo",
        "scroll to continue",
        "article continues",
        "story continues",
        "affiliate",
        "commission",
        "promo code",
        "deal",
        "buy now",
        "shop now",
        "ad feedback",
    ],
    &[
        "cookie",
        "privacy policy",
        "terms of",
        "datenschutz",
        "nutzungsbedingungen",
        "confidentialité",
        "política de privacidad",
        "политик",
        "конфиденциальн",
        "gizlilik",
        "隐私",
        "javascript",
        "browser",
        "disclaimer",
        "the views expressed",
        "opinions expressed",
        "not investment advice",
        "our standards",
        "trust principles",
        "correction",
        "code of ethics",
        "editorial guidelines",
        "if you or someone",
        "this article was",
        "this story was",
        "this article originally",
        "originally appeared",
        "originally published",
        "this story has been",
        "this article has been",
        "dieser artikel",
        "cet article",
        "este artículo",
        "translated by",
        "hinweis:",
        "externen inhalt",
        "externer inhalt",
        "externe inhalte",
        "damit einverstanden, dass",
        "contenu externe",
        "contenido externo",
        "external content",
        "third-party content",
        "we may receive compensation",
        "may earn a commission",
        "independently selected",
    ],
];

struct Finder {
    automaton: AhoCorasick,
    kinds: Vec<u16>,
}

static CUE_FINDER: LazyLock<Option<Finder>> = LazyLock::new(|| {
    let mut kinds = Vec::new();
    let mut phrases = Vec::new();
    for (kind, list) in PHRASES.iter().enumerate() {
        for phrase in *list {
            phrases.push(*phrase);
            kinds.push(1 << kind);
        }
    }
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&phrases).ok()?;
    Some(Finder { automaton, kinds })
});

/// The tell-tale phrases in a text, a bit for each of [`CUES`].
#[derive(Default, Clone, Copy)]
pub(super) struct Cues {
    pub(super) anywhere: u16,
    pub(super) beginning: u16,
}

impl Cues {
    pub(super) fn telltale(self) -> bool {
        self.anywhere & TELLTALE != 0 || self.beginning & TELLTALE_FIRST != 0
    }
}

/// Those in a text of lower case, also inside its words.
pub(super) fn cues(text: &str) -> Cues {
    let mut cues = Cues::default();
    for (kind, range) in found(text) {
        if range.start < 3 {
            cues.beginning |= kind;
        }
        cues.anywhere |= kind;
    }
    cues
}

/// Phrases of one word are headlines' words too: "deal", "register". Such a one announces only as
/// the first word of a heading of at most so many words.
const ANNOUNCING_WORDS: usize = 4;
/// A shorter phrase is a whole word, no stem: "dela" is not "delayed".
const STEM_LETTERS: usize = 6;

/// Whether a heading in lower case announces other stories, subscriptions and the like.
pub(super) fn announces(heading: &str) -> bool {
    let is_short = crate::text::word_count(heading) <= ANNOUNCING_WORDS;
    found(heading).any(|(kind, range)| {
        let phrase = heading.get(range.clone()).unwrap_or_default();
        let before = heading.get(..range.start).and_then(|text| text.chars().next_back());
        let after = heading.get(range.end..).and_then(|text| text.chars().next());
        let letters = phrase.chars().all(char::is_alphanumeric);
        let unspaced = phrase.ends_with(|c: char| c >= '\u{2e80}');
        let stem = phrase.chars().count() >= STEM_LETTERS || !letters || unspaced;
        let bound = !before.is_some_and(char::is_alphanumeric)
            && (stem || !after.is_some_and(char::is_alphanumeric));
        let first = range.start < 3;
        let telling = kind & TELLTALE != 0 || first && kind & TELLTALE_FIRST != 0;
        telling && bound && (!letters || first && is_short)
    })
}

/// Whether a line in lower case opens with "Read also:".
pub(super) fn leads_on(line: &str) -> bool {
    let mut of_others = found(line).filter(|(kind, range)| *kind == 1 && range.start < 3);
    let colon = [':', '：', '՝'];
    of_others.any(|(_, range)| {
        let phrase = line.get(range.clone()).unwrap_or_default();
        let behind = line.get(range.end..).unwrap_or_default();
        phrase.ends_with(colon) || behind.trim_start().starts_with(colon)
    })
}

/// Whether a line in lower case asks the reader to follow, to subscribe, to report a mistake.
pub(super) fn calls(line: &str) -> bool {
    CALLS.iter().any(|call| line.starts_with(call))
        || line.starts_with("follow ") && line.contains("coverage")
}

const CALLS: [&str; 32] = [
    "©",
    "share this",
    "follow us",
    "subscribe to our",
    "sign up for our",
    "join our telegram",
    "join our whatsapp",
    "join us on",
    "подписывайтесь",
    "подпишитесь",
    "присоединяйтесь к наш",
    "следите за нашими новостями",
    "читайте нас в",
    "нашли ошибку",
    "заметили ошибку",
    "если вы нашли ошибку",
    "если вы заметили ошибку",
    "підписуйтесь",
    "підписуйтеся",
    "підпишіться",
    "приєднуйтесь до наш",
    "знайшли помилку",
    "помітили помилку",
    "якщо ви знайшли помилку",
    "падпісвайцеся",
    "telegram-каналымызға",
    "telegram каналымызға",
    "біздің telegram",
    "telegram каналыбызга",
    "telegram kanalimizga",
    "bizi takip edin",
    "abone olun",
];

fn found(text: &str) -> impl Iterator<Item = (u16, std::ops::Range<usize>)> {
    let finder = CUE_FINDER.as_ref().into_iter();
    finder.flat_map(move |finder| {
        finder.automaton.find_overlapping_iter(text).map(|found| {
            let kind = finder.kinds.get(found.pattern().as_usize()).copied().unwrap_or_default();
            (kind, found.range())
        })
    })
}
