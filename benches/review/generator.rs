//! Records without end: eleven languages, lengths as news has them, wire texts on several sites,
//! revisions, terms of a topic where they fall. The same number gives the same record.

use jiff::{SignedDuration, Timestamp};
use newswatch::{archive::Record, text};

/// `SplitMix64` (Steele et al. 2014).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A rank below `count` of a Zipf-like law: the first ones most of the time.
    fn rank(&mut self, count: usize) -> usize {
        let top = (count as f64).ln();
        ((self.unit() * top).exp() as usize).min(count) - 1
    }
}

struct Tongue {
    code: &'static str,
    country: &'static str,
    /// What words are made of.
    syllables: &'static str,
    /// Words of the topic, which queries ask for.
    terms: &'static [&'static str],
    space: &'static str,
}

const TONGUES: [Tongue; 11] = [
    Tongue {
        code: "ru",
        country: "RU",
        space: " ",
        syllables: "ста про но ра ко го ве ла ни то ре по ка ли де за ми на во ро пре ть ый ия ов ет ск",
        terms: &["ОДКБ", "Казахстан", "миротворцы", "Токаев", "вывод войск"],
    },
    Tongue {
        code: "en",
        country: "GB",
        space: " ",
        syllables: "the re in con ter ma la po si ver ti on de gra sta men pro lo an ing er ed al ion ment",
        terms: &["CSTO", "Kazakhstan", "peacekeepers", "Tokayev", "troop withdrawal"],
    },
    Tongue {
        code: "kk",
        country: "KZ",
        space: " ",
        syllables: "қа зақ та ал ма бе ре ле сы ды ұй ым да ғы нің лар дер мен тұ ру бол жа на ел ба",
        terms: &["ҰҚШҰ", "Қазақстан", "бітімгершілер", "Тоқаев", "әскер"],
    },
    Tongue {
        code: "tr",
        country: "TR",
        space: " ",
        syllables: "ka la ri ye de bir ler lar in mak gün üst çö şeh ır ığı dan den kon tar ba şı nu İs",
        terms: &["KGAÖ", "Kazakistan", "barış gücü", "Tokayev", "çekilme"],
    },
    Tongue {
        code: "ar",
        country: "AE",
        space: " ",
        syllables: "ال من في على قال وا با تا ست كا مر حك وم رئي سي ان ون ات ية نا لم هو ذا بع",
        terms: &["معاهدة الأمن الجماعي", "كازاخستان", "قوات", "توكاييف", "انسحاب"],
    },
    Tongue {
        code: "zh",
        country: "CN",
        space: "",
        syllables: "的 一 是 在 不 了 有 和 人 这 中 大 为 上 个 国 我 以 要 他 时 来 用 们 生 到 作 地 于 出 就 分 对 成 会 可 主 发 年 动 同 工 也 能 下 过 子 说 产 种 面 而 方 后 多 定 行 学 法 所 民 得 经 十 三 之 进 着 等 部 度 家 电 力 里 如 水 化 高 自 二 理 起 小 物 现 实 加 量 都 两 体 制 机 当 使 点 从 业 本 去 把 性 好 应 开 它 合 还 因 由 其 些 然 前 外 天 政 四 日 那 社 义 事 平 形 相 全 表 间 样 与 关 各 重 新 线 内 数 正 心 反 你 明 看 原 又 么 利 比 或 但 质 气 第 向 道 命 此 变 条 只 没 结 解 问 意 建 月 公 无 系 军 很 情 者 最 立 代 想 已 通 并 提 直 题 党 程 展 五 果 料 象 员 革 位 入 常 文 总 次 品 式 活 设 及 管 特 件 长 求 老 头 基 资 边 流 路 级 少 图 山 统 接 知 较 将 组 见 计 别 她 手 角 期 根 论 运 农 指 几 九 区 强 放 决 西 被 干 做 必 战 先 回 则 任 取 据 处 队 南 给 色 光 门 即 保 治 北 造 百 规 热 领 七 海 口 东 导 器 压 志 世 金 增 争 济 阶 油 思 术 极 交 受 联 什 认 六 共 权 收 证 改 清 己 美 再 采 转 更 单 风 切 打 白 教 速 花 带 安 场 身 车 例 真 务 具 万 每 目 至 达 走 积 示 议 声 报 斗 完 类 八 离 华 名 确 才 科 张 信 马 节 话 米 整 空 元 况 今 集 温 传 土 许 步 群 广 石 记 需 段 研 界 拉 林 律 叫 且 究 观 越 织 装",
        terms: &["集安组织", "哈萨克斯坦", "维和部队", "托卡耶夫", "撤军"],
    },
    Tongue {
        code: "ja",
        country: "JP",
        space: "",
        syllables: "の に は を た が で て と し れ さ ある いる も する から な こと として い や れる など なっ ない この ため その あっ よう また もの という あり まで られ なる へ か だ これ によって により おり より による ず なり られる において ば なかっ なく しかし について 日 本 国 大 政 府 軍 部 隊 発 表 会 議 平 和 東 京 新 聞",
        terms: &["集団安全保障条約", "カザフスタン", "平和維持", "トカエフ", "撤退"],
    },
    Tongue {
        code: "ko",
        country: "KR",
        space: " ",
        syllables: "이 다 에 는 을 가 의 은 로 한 고 기 지 서 사 도 를 인 정 대 시 해 자 리 부 나 보 아 군 전 국 제",
        terms: &["집단안보조약기구", "카자흐스탄", "평화유지군", "토카예프", "철수"],
    },
    Tongue {
        code: "fr",
        country: "FR",
        space: " ",
        syllables: "le de la con tion pré sen té mi ni ment pour au ré vé ques ti par sur é tat ou an er",
        terms: &["OTSC", "Kazakhstan", "maintien de la paix", "Tokaïev", "retrait"],
    },
    Tongue {
        code: "de",
        country: "DE",
        space: " ",
        syllables: "ge ver be ung der die ein lich keit schaft ten gen ra ti on nen sch wei ter auf ent scha mi",
        terms: &["OVKS", "Kasachstan", "Friedenstruppen", "Tokajew", "Abzug"],
    },
    Tongue {
        code: "hy",
        country: "AM",
        space: " ",
        syllables: "կա րա նա յա մի տա վոր ում ներ ից են ան ար հա պե տու թյուն խա ղա ղ ու ժ",
        terms: &["ՀԱՊԿ", "Ղազախստան", "խաղաղապահ", "Տոկաև", "դուրսբերում"],
    },
];

/// Words of a language that are no terms.
const VOCABULARY: usize = 40_000;
const SOURCES: usize = 220;

pub(crate) struct Generator {
    start: Timestamp,
    vocabularies: Vec<Vec<String>>,
    /// Texts of the last originals, which copies repeat.
    recent: Vec<Record>,
}

impl Generator {
    pub(crate) fn new(start: Timestamp) -> Self {
        let vocabularies = (0..TONGUES.len()).map(vocabulary).collect();
        Self { start, vocabularies, recent: Vec::new() }
    }

    /// The record with a number; numbers must come in order.
    pub(crate) fn record(&mut self, number: usize) -> Record {
        let mut chance = Chance(number as u64);
        let kind = chance.below(100);
        // About four thousand a day.
        let at = self.start + SignedDuration::from_secs(number as i64 * 21);
        let source = chance.rank(SOURCES);
        let known = self.recent.len();
        let mut record = if kind < 18 && known > 0 {
            let first = self.recent[known - 1 - chance.rank(known)].clone();
            let mut copy = template(number, source, at, &first.language.clone().unwrap());
            copy.title.clone_from(&first.title);
            copy.text.clone_from(&first.text);
            copy.word_count = first.word_count;
            copy.matched_terms.clone_from(&first.matched_terms);
            copy.topic_score = first.topic_score;
            copy.duplicate_of = Some(first.id.clone());
            copy.duplicate_class = serde_json::from_str("\"copy\"").unwrap();
            copy.cluster_id = Some(first.id.clone());
            return copy;
        } else if kind < 21 && known > 0 {
            let first = self.recent[known - 1 - chance.rank(known)].clone();
            let mut revision = template(number, source, at, &first.language.clone().unwrap());
            revision.url_key.clone_from(&first.url_key);
            revision.revision = 2;
            revision.record_type = serde_json::from_str("\"revision\"").unwrap();
            revision.revision_of = Some(first.id.clone());
            revision.cluster_id = Some(first.id.clone());
            self.write(&mut revision, &mut chance);
            return revision;
        } else {
            template(number, source, at, TONGUES[source % TONGUES.len()].code)
        };
        self.write(&mut record, &mut chance);
        record.cluster_id = Some(record.id.clone());
        if self.recent.len() >= 400 {
            self.recent.remove(0);
        }
        self.recent.push(record.clone());
        record
    }

    fn write(&self, record: &mut Record, chance: &mut Chance) {
        let code = record.language.as_deref().unwrap();
        let at = TONGUES.iter().position(|tongue| tongue.code == code).unwrap();
        let (tongue, words) = (&TONGUES[at], &self.vocabularies[at]);
        // From 60 to some 1,500 words, 280 in the middle.
        let normal: f64 = (0..6).map(|_| chance.unit()).sum::<f64>() - 3.0;
        let length = (280.0 * (normal * 0.85).exp()) as usize + 40;
        let mut terms = Vec::new();
        record.title = Some(sentence(tongue, words, 9, chance, &mut terms));
        let (mut text, mut written) = (String::new(), 0);
        while written < length {
            for _ in 0..3 {
                let count = 8 + chance.below(18);
                text.push_str(&sentence(tongue, words, count, chance, &mut terms));
                text.push_str(if tongue.space.is_empty() { "。" } else { ". " });
                written += count;
            }
            text.push_str("\n\n");
        }
        let text = text.trim_end().to_owned();
        record.word_count = u32::try_from(text::word_count(&text)).unwrap();
        record.char_count = u32::try_from(text.chars().count()).unwrap();
        record.text = Some(text);
        terms.sort_unstable();
        terms.dedup();
        record.topic_score = Some(terms.len() as f32 * 2.5);
        record.matched_terms = terms.into_iter().map(str::to_owned).collect();
    }
}

fn vocabulary(at: usize) -> Vec<String> {
    let mut chance = Chance(0x5eed ^ at as u64);
    let syllables: Vec<&str> = TONGUES[at].syllables.split(' ').collect();
    let word = |rank: usize| {
        let longest = if TONGUES[at].space.is_empty() { 2 } else { 2 + rank.ilog2() as usize / 4 };
        (0..=chance.below(longest)).map(|_| syllables[chance.below(syllables.len())]).collect()
    };
    (1..=VOCABULARY).map(word).collect()
}

fn sentence(
    tongue: &Tongue,
    words: &[String],
    count: usize,
    chance: &mut Chance,
    terms: &mut Vec<&'static str>,
) -> String {
    let mut sentence = String::new();
    for at in 0..count {
        if at > 0 {
            sentence.push_str(tongue.space);
        }
        if chance.below(120) == 0 {
            let term =
                tongue.terms[chance.rank(tongue.terms.len() + 1).min(tongue.terms.len() - 1)];
            terms.push(term);
            sentence.push_str(term);
        } else {
            sentence.push_str(&words[chance.rank(words.len())]);
        }
    }
    sentence
}

fn template(number: usize, source: usize, at: Timestamp, language: &str) -> Record {
    let tongue = TONGUES.iter().find(|tongue| tongue.code == language).unwrap();
    let id = format!("a_{:026x}", number as u128 * 0x1_0001 + 7);
    let url = format!("https://news-{source}.example/{language}/{number}/a-headline-of-some-words");
    let values = [
        ("ID", id),
        ("URL", url.clone()),
        ("KEY", url.trim_start_matches("https://").to_owned()),
        ("SOURCE", source.to_string()),
        ("COUNTRY", tongue.country.to_owned()),
        ("LANGUAGE", language.to_owned()),
        ("PUBLISHED", at.to_string()),
        ("SEEN", (at + SignedDuration::from_mins(8)).to_string()),
        ("HASH", "00".repeat(32)),
        ("SKETCH", "5e".repeat(64)),
    ];
    let fill =
        |text: String, (name, value): (&str, String)| text.replace(&format!("<{name}>"), &value);
    let text = values.into_iter().fold(RECORD.to_owned(), fill);
    serde_json::from_str(&text).unwrap()
}

const RECORD: &str = r#"{
    "schema_version": 1, "record_type": "article", "id": "<ID>", "revision": 1,
    "revision_of": null, "url": "<URL>", "final_url": "<URL>", "canonical_url": "<URL>",
    "url_key": "<KEY>", "feed_id": "feed-<SOURCE>",
    "feed_url": "https://news-<SOURCE>.example/feed", "guid": "<URL>",
    "source_name": "News <SOURCE>", "source_domain": "news-<SOURCE>.example",
    "source_country": "<COUNTRY>", "title": null, "title_feed": null,
    "authors": ["Reporter <SOURCE>"], "tags": ["world", "politics"], "section": "News",
    "published_at": "<PUBLISHED>", "modified_at": null, "fetched_at": "<SEEN>",
    "first_seen_at": "<SEEN>", "published_raw": "<PUBLISHED>", "published_source": "jsonld",
    "published_precision": "second", "published_tz_assumed": null, "language": "<LANGUAGE>",
    "language_confidence": 0.99, "language_declared": "<LANGUAGE>", "text": null,
    "summary": null, "summary_source": null, "text_status": "full", "word_count": 0,
    "char_count": 0, "image_url": null, "media": [], "topic": "csto-kazakhstan",
    "topic_score": 0.0,
    "topic_reason": "Relevant: named by the organization and the country; score 7.5 of 5.0 needed.",
    "matched_terms": [], "matches": [], "content_hash": "<HASH>", "fingerprint": "<SKETCH>",
    "cluster_id": null, "duplicate_of": null, "similarity": null, "http_status": 200,
    "content_type": "text/html; charset=utf-8", "charset": "utf-8", "etag": null,
    "last_modified": null, "raw_ref": null,
    "extraction": {"method": "jsonld", "confidence": 0.95, "warnings": []},
    "robots_allowed": true, "crawler_version": "0.1.0", "config_hash": "00ff", "seq": 0,
    "prev": null, "crc": ""
}"#;
