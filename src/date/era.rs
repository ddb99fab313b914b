//! Years of Japanese eras (Cabinet Order No. 143 of 2019 and its kin) and of the Republic of China.

/// The eras, and the year before their first, which is also written 元.
const ERAS: [(&str, i64); 6] = [
    ("令和", 2018),
    ("平成", 1988),
    ("昭和", 1925),
    ("大正", 1911),
    ("民國", 1911),
    ("民国", 1911),
];

/// Writes `令和4年` as `2022年`, `民國111年` as `2022年`, and three digits before 年 and a month as
/// Taiwan means them.
pub(super) fn to_common(mut text: String) -> String {
    if !text.contains('年') && !ERAS.iter().any(|(era, _)| text.contains(era)) {
        return text;
    }
    for (era, before) in ERAS {
        while let Some(at) = text.find(era) {
            let rest = text.get(at + era.len()..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start().len();
            let number = rest.trim_start();
            let digits = digits(number);
            let (count, length) = match number.get(..digits).and_then(|n| n.parse::<i64>().ok()) {
                Some(count) if digits <= 3 => (count, digits),
                _ if number.starts_with('元') => (1, '元'.len_utf8()),
                _ => break,
            };
            let end = at + era.len() + blank + length;
            text.replace_range(at..end, &(before + count).to_string());
        }
    }
    with_year_of_taiwan(&text).unwrap_or(text)
}

fn with_year_of_taiwan(text: &str) -> Option<String> {
    let at = text.find('年')?;
    let front = text.get(..at)?;
    let start = front.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let year: i64 = front.get(start..).filter(|year| year.len() == 3)?.parse().ok()?;
    let behind = text.get(at + '年'.len_utf8()..)?.trim_start();
    let is_month = behind.get(digits(behind)..)?.trim_start().starts_with('月');
    (is_month && (100..200).contains(&year)).then(|| {
        let behind = text.get(at..).unwrap_or_default();
        format!("{}{}{behind}", text.get(..start).unwrap_or_default(), year + 1911)
    })
}

fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
}
