//! What is known of a record without reading it: a row of small numbers, a million of which fit
//! into memory.

/// Texts that many records share are numbers; 0 stands for none.
pub(super) type NameId = u32;

/// One record's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Row {
    /// Seconds since 1970: when it was published, or first seen where that is not known.
    pub(super) at: u32,
    /// Seconds since 1970: when it was fetched.
    pub(super) fetched: u32,
    pub(super) source: NameId,
    pub(super) feed: NameId,
    pub(super) language: NameId,
    pub(super) country: NameId,
    pub(super) topic: NameId,
    /// The first row of its story.
    pub(super) cluster: u32,
    /// The row that it is a copy, a revision or an excerpt of, plus 1; 0 where there is none.
    pub(super) of: u32,
    pub(super) words: u32,
    /// Tenths.
    pub(super) score: u16,
    pub(super) class: Class,
    pub(super) is_revision: bool,
    pub(super) status: u8,
    /// Where its terms end in the table of terms; they begin where those of the row before end.
    pub(super) terms_end: u32,
}

/// What a record is to the one that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    #[default]
    Original,
    Copy,
    Abridged,
    Extended,
    /// Shares a passage and is no copy.
    Excerpt,
}

impl Class {
    fn of_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Copy,
            2 => Self::Abridged,
            3 => Self::Extended,
            4 => Self::Excerpt,
            _ => Self::Original,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Copy => "copy",
            Self::Abridged => "abridged",
            Self::Extended => "extended",
            Self::Excerpt => "excerpt",
        }
    }

    /// Whether the text repeats another one as a whole.
    pub fn is_duplicate(self) -> bool {
        matches!(self, Self::Copy | Self::Abridged | Self::Extended)
    }
}

/// Rows of a chunk, which is the unit in which they are stored.
pub(super) const CHUNK: u32 = 1024;

/// A chunk's rows and their terms as bytes.
pub(super) fn encode(rows: &[Row], terms: &[NameId]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * SIZE + terms.len() * 4);
    bytes.extend_from_slice(&u32::try_from(rows.len()).unwrap_or_default().to_le_bytes());
    for row in rows {
        let Row { at, fetched, source, feed, language, country, topic, cluster, of, words, .. } =
            *row;
        let numbers = [
            at,
            fetched,
            source,
            feed,
            language,
            country,
            topic,
            cluster,
            of,
            words,
            row.terms_end,
            u32::from(row.score),
            u32::from_le_bytes([row.class as u8, u8::from(row.is_revision), row.status, 0]),
        ];
        for number in numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    for term in terms {
        bytes.extend_from_slice(&term.to_le_bytes());
    }
    bytes
}

const NUMBERS: usize = 13;
const SIZE: usize = NUMBERS * 4;

/// Appends a chunk's rows and terms; `None` where the bytes are none.
pub(super) fn decode(bytes: &[u8], rows: &mut Vec<Row>, terms: &mut Vec<NameId>) -> Option<()> {
    let (words, rest) = bytes.as_chunks::<4>();
    let number = |word: &[u8; 4]| u32::from_le_bytes(*word);
    let (count, words) = words.split_first()?;
    let (of_rows, of_terms) = words.split_at_checked(number(count) as usize * NUMBERS)?;
    for row in of_rows.as_chunks::<NUMBERS>().0 {
        let [
            at,
            fetched,
            source,
            feed,
            language,
            country,
            topic,
            cluster,
            of,
            words,
            end,
            score,
            last,
        ] = row;
        let [class, is_revision, status, _] = *last;
        rows.push(Row {
            at: number(at),
            fetched: number(fetched),
            source: number(source),
            feed: number(feed),
            language: number(language),
            country: number(country),
            topic: number(topic),
            cluster: number(cluster),
            of: number(of),
            words: number(words),
            terms_end: number(end),
            score: u16::try_from(number(score)).unwrap_or(u16::MAX),
            class: Class::of_byte(class),
            is_revision: is_revision == 1,
            status,
        });
    }
    terms.extend(of_terms.iter().map(number));
    rest.is_empty().then_some(())
}
