//! Tests of cleaning and folding.

use proptest::prelude::*;

use super::*;

#[test]
fn a_line_loses_what_no_reader_sees() {
    for (raw, clean) in [
        ("", ""),
        (" \u{a0}\u{3000}\t ", ""),
        ("plain words", "plain words"),
        ("  two   spaces ", "two spaces"),
        ("a\u{a0}b\u{202f}c\u{3000}d\r\n\te", "a b c d e"),
        ("soft\u{ad}hyphen", "softhyphen"),
        ("\u{feff}bom \u{200b}zero\u{200b}width\u{2060}", "bom zerowidth"),
        ("right\u{202e}left\u{202c} \u{2067}isolate\u{2069}\u{200f}", "rightleft isolate"),
        ("nul\0 bell\u{7} c1\u{92} del\u{7f}", "nul bell c1 del"),
        ("next\u{85}line\u{2028}para\u{2029}end", "next line para end"),
        ("e\u{301}te\u{301}", "été"),
        ("\u{110c}\u{1175}\u{11b8}", "집"),
        ("Å", "Å"),
        ("non\u{fdd0}character\u{fffe}\u{1ffff} lost\u{fffd}", "noncharacter lost\u{fffd}"),
    ] {
        assert_eq!(clean_line(raw), clean, "{raw:?}");
    }
}

#[test]
fn a_joiner_stays_where_the_script_needs_it() {
    for kept in [
        "می\u{200c}شود",
        "قزاقستان\u{200c}ها",
        "क्\u{200d}ष",
        "ನಿರ್\u{200c}ದಿಷ್ಟ",
        "ශ්\u{200d}රී",
        "ന്\u{200d}",
        "👩\u{200d}🚒 ❤\u{fe0f}\u{200d}🔥 👩🏽\u{200d}⚕\u{fe0f}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "葛\u{e0100}",
    ] {
        assert_eq!(clean_line(kept), kept, "{kept:?}");
    }
    for (raw, clean) in [
        ("CS\u{200c}TO", "CSTO"),
        ("ОД\u{200d}КБ", "ОДКБ"),
        ("می\u{200c}\u{200c}شود", "می\u{200c}شود"),
        ("کتاب\u{200c} نو", "کتاب نو"),
        ("a \u{200d} b", "a b"),
        ("\u{200c} a\u{200d}", "a"),
        ("👩\u{200d} a", "👩 a"),
        ("smuggled\u{e0061}\u{e0062}", "smuggled"),
    ] {
        assert_eq!(clean_line(raw), clean, "{raw:?}");
    }
}

#[test]
fn paragraphs_stay_apart_by_one_blank_line() {
    assert_eq!(
        clean_text("one\ntwo \r\n\r\n\n three\u{2029}four\n\u{200b}\n"),
        "one\n\ntwo\n\nthree\n\nfour"
    );
    assert_eq!(clean_text("\n\n"), "");
}

#[test]
fn words_are_counted_as_a_reader_counts_them() {
    for (text, words) in [
        ("", 0),
        ("— … !", 0),
        ("Peacekeepers left Kazakhstan.", 3),
        ("l’OTSC well-known 1,600 U.N.", 4),
        ("foo—bar", 2),
        ("миротворці об'єкт", 2),
        ("哈萨克斯坦总统", 4),
        ("からのCSTO平和維持", 5),
        ("카자흐스탄 대통령", 2),
        ("คาซัคสถาน", 2),
        ("कजाकिस्तान में", 2),
        ("نیروهای حافظ صلح", 3),
    ] {
        assert_eq!(word_count(text), words, "{text:?}");
    }
}

#[test]
fn spellings_of_one_word_fold_to_one() {
    for (text, folded) in [
        ("CSTO Troops\t`quoted`", "csto troops 'quoted'"),
        ("ＣＳＴＯ", "csto"),
        ("Łódź İstanbul Diyarbakır Əliyev", "lodz istanbul diyarbakir eliyev"),
        ("Straße Ærø Đà Nẵng", "strasse aero da nang"),
        ("Qozog‘iston Qozogʻiston Qozog’iston", "qozog'iston qozog'iston qozog'iston"),
        ("Ёлка й ї ў ґ", "елка и і у г"),
        ("Қазақстан ҰҚШҰ", "қазақстан ұқшұ"),
        ("ΚΑΖΑΚΣΤΆΝ Αρμενίας", "καζακσταν αρμενιασ"),
        ("أمن إلى الجماعى کازاخستان كازاخستان", "امن الي الجماعي كازاخستان كازاخستان"),
        ("معاهدة قُوّات می\u{200c}شود", "معاهده قوات ميشود"),
        ("क़ज़ाक़िस्तान", "कजाकिस्तान"),
        ("集安組織", "集安組織"),
        ("ｶｻﾞﾌｽﾀﾝ か\u{3099}", "カザフスタン が"),
        ("\u{110f}\u{1161}자흐\u{1109}\u{1173}탄", "카자흐스탄"),
        ("CS\u{ad}TO\u{200b}–KZ", "csto-kz"),
        ("a\u{a0}b\u{2028}c…", "a b\nc..."),
        ("٢٠٢٢ ۲۰۲۲ २०२२", "2022 2022 2022"),
        ("եւ և", "եւ եւ"),
        ("𝐂𝐒𝐓𝐎 🕊", "csto 🕊"),
    ] {
        assert_eq!(fold(text).as_str(), folded, "{text:?}");
    }
}

/// Characters that meet each other badly.
fn tricky() -> impl Strategy<Value = String> {
    let tricky = proptest::sample::select(vec![
        ' ',
        '\n',
        '\r',
        '\u{85}',
        '\u{a0}',
        '\u{ad}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{202e}',
        '\u{301}',
        '\u{338}',
        '\u{64b}',
        '\u{653}',
        '\u{654}',
        '\u{94d}',
        '\u{93c}',
        '\u{3099}',
        '\u{fe0f}',
        '\u{1100}',
        '\u{1161}',
        '\u{11a8}',
        'a',
        'e',
        'ا',
        'و',
        'ک',
        'क',
        'は',
        'ﾊ',
        'ﾞ',
        '한',
        '中',
        '👩',
        '🏽',
        '❤',
        '↔',
        '⬅',
        '🏴',
        '\u{e0067}',
        '\u{e007f}',
        'ß',
        'İ',
        'ǆ',
        'ﬁ',
        'ﷺ',
        '㎏',
        '\u{2029}',
        '\u{feff}',
    ]);
    proptest::collection::vec(prop_oneof![4 => tricky, 1 => any::<char>()], 0..24)
        .prop_map(|characters| characters.into_iter().collect())
}

#[test]
fn the_parts_of_a_syllable_join_over_marks_that_are_left_out() {
    assert_eq!(fold("ᄀ\u{301}ᅡ").as_str(), "가");
    assert_eq!(fold("ᄀ\u{301}\u{E0100}ᅡ\u{300}ᆨ").as_str(), "각");
    assert_eq!(fold("か\u{301}\u{3099}").as_str(), "が");
    // Wherever a piece of the text ends.
    for before in 50..70 {
        let text = format!("{}ᄀ\u{301}ᅡ", "a".repeat(before));
        assert!(fold(&text).as_str().ends_with('가'), "{before}");
    }
}

#[test]
fn a_joiner_that_goes_takes_along_the_one_it_made_useless() {
    let text = "ا\u{200c}\u{64b}\u{200c}\u{3099}";
    let line = clean_line(text);
    assert_eq!(clean_line(&line), line);
}

#[test]
fn the_nearest_name_is_found_whatever_its_script_and_no_far_one() {
    let known = ["interval", "Қазақ", "Астана", "title", "tile"];
    for (word, expected) in [
        ("intreval", Some("interval")),
        ("INTERVALS", Some("interval")),
        ("казак", None),
        ("қазак", Some("Қазақ")),
        ("астаны", Some("Астана")),
        ("titel", Some("title")),
        ("til", Some("tile")),
        ("x", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, known), expected, "{word}");
    }
}

#[test]
fn escaped_text_is_well_formed_and_reads_back_without_what_xml_cannot_hold() {
    let written = "<a href='x'>\"Қ & я\"\u{1b}\u{0}\u{ffff}\n\t\u{85}";
    let escaped = escape_xml(written);
    assert!(!escaped.contains(['<', '>', '"', '\'', '\u{1b}']), "{escaped}");
    let read = quick_xml::escape::unescape(&escaped).unwrap();
    assert_eq!(read, "<a href='x'>\"Қ & я\"\n\t");
}

#[test]
fn an_error_is_told_with_its_causes_each_once() {
    let error = anyhow::anyhow!("refused").context("no connection").context("no connection");
    let error: Box<dyn std::error::Error + Send + Sync> = error.context("no answer").into();
    assert_eq!(with_causes(&*error), "no answer: no connection: refused");
}

proptest! {
    #[test]
    fn cleaning_a_clean_text_changes_nothing(text in tricky()) {
        let line = clean_line(&text);
        prop_assert_eq!(clean_line(&line), line.clone());
        prop_assert!(unicode_normalization::is_nfc(&line));
        prop_assert!(!line.starts_with(' ') && !line.ends_with(' ') && !line.contains("  "));
        let paragraphs = clean_text(&text);
        prop_assert_eq!(clean_text(&paragraphs), paragraphs.clone());
        prop_assert!(!paragraphs.contains("\n\n\n"));
    }

    #[test]
    fn folding_a_folded_text_changes_nothing(text in tricky()) {
        // As it is stored: a soft hyphen between the parts of a Hangul syllable is cleaned out.
        let text = clean_text(&text);
        let folded = fold(&text);
        prop_assert_eq!(folded.as_bytes().len(), folded.as_str().len());
        let again = fold(folded.as_str());
        prop_assert_eq!(again.as_str(), folded.as_str());
    }

    #[test]
    fn a_folded_range_leads_back_to_whole_characters_that_fold_to_it(
        text in proptest::collection::vec(tricky(), 0..60).prop_map(|parts| parts.concat()),
        start in any::<proptest::sample::Index>(),
        length in 1..40_usize,
    ) {
        let folded = fold(&text);
        let boundaries: Vec<usize> = folded.as_str().char_indices().map(|(at, _)| at).collect();
        prop_assume!(!boundaries.is_empty());
        let first = start.index(boundaries.len());
        let from = boundaries[first];
        let to = boundaries.get(first + length).copied().unwrap_or(folded.as_bytes().len());
        let range = folded.original_range(&text, from..to);
        let surface = text.get(range).expect("cut at characters");
        let refolded = fold(surface);
        prop_assert!(refolded.as_str().contains(&folded.as_str()[from..to]), "{surface:?}");
    }

    #[test]
    fn counting_survives_any_text(text in any::<String>()) {
        prop_assert!(word_count(&text) <= text.chars().count());
    }
}

#[test]
fn short_texts_are_read_in_the_encoding_of_their_language_whatever_they_are_declared_to_be() {
    use encoding_rs::{UTF_8, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257};
    let file =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/language/held-out.tsv"));
    // Of pieces of so many words, those read right, and all: of western languages, and of others.
    let (mut western, mut others) = ((0, 0), (0, 0));
    // The same where they are declared as what they cannot be.
    let mut undeclared = [(0, 0); 2];
    for (language, text) in file.lines().filter_map(|line| line.split_once('\t')) {
        let (encoding, tally) = match language {
            "pl" | "cs" | "sk" | "hu" | "hr" | "sl" | "sr-Latn" => (WINDOWS_1250, &mut others),
            "tr" => (WINDOWS_1254, &mut others),
            "lt" | "lv" => (WINDOWS_1257, &mut others),
            "da" | "de" | "es" | "fi" | "fr" | "it" | "nl" | "no" | "pt" | "sv" => {
                (WINDOWS_1252, &mut western)
            }
            _ => continue,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        for piece in [3, 6, 12].iter().flat_map(|words_each| words.chunks(*words_each)) {
            let piece = piece.join(" ");
            let (bytes, _, is_lossy) = encoding.encode(&piece);
            if is_lossy || bytes.is_ascii() {
                continue;
            }
            let read = charset::believe(&bytes, Some(WINDOWS_1252), None);
            tally.0 += u32::from(read.decode_without_bom_handling(&bytes).0 == piece);
            tally.1 += 1;
            let [of_western, of_others] = &mut undeclared;
            let tally = if encoding == WINDOWS_1252 { of_western } else { of_others };
            let read = charset::believe(&bytes, Some(UTF_8), None);
            tally.0 += u32::from(read.decode_without_bom_handling(&bytes).0 == piece);
            tally.1 += 1;
        }
    }
    println!("western {western:?}, others {others:?}, undeclared {undeclared:?}");
    assert!(western.1 > 80 && western.0 == western.1, "{western:?}");
    assert!(others.1 > 150 && others.0 * 100 >= others.1 * 85, "{others:?}");
    let [of_western, of_others] = undeclared;
    assert!(of_western.0 * 100 >= of_western.1 * 92, "{of_western:?}");
    assert!(of_others.0 * 100 >= of_others.1 * 88, "{of_others:?}");
}
