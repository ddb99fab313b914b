//! A query's text to its pieces.

use std::ops::Range;

use super::QueryError;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PieceKind {
    Open,
    Close,
    Or,
    And,
    Not,
    /// A word, or `field:value`; its values were written with commas between them.
    Word {
        field: Option<String>,
        values: Vec<Value>,
        is_prefix: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) span: Range<usize>,
    pub(super) is_quoted: bool,
}

pub(super) fn pieces(query: &str) -> Result<Vec<Piece>, QueryError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = query.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        let single = match c {
            '(' => Some(PieceKind::Open),
            ')' => Some(PieceKind::Close),
            '|' => Some(PieceKind::Or),
            '-' | '!' if rest.chars().nth(1).is_some_and(|next| !next.is_whitespace()) => {
                Some(PieceKind::Not)
            }
            _ => None,
        };
        if let Some(kind) = single {
            let end = at + c.len_utf8();
            pieces.push(Piece { kind, span: at..end });
            at = end;
        } else if c.is_whitespace() || matches!(c, '-' | '!') {
            at += c.len_utf8();
        } else {
            let piece = word(query, at)?;
            at = piece.span.end;
            pieces.push(piece);
        }
    }
    Ok(pieces)
}

fn word(query: &str, start: usize) -> Result<Piece, QueryError> {
    let rest = query.get(start..).unwrap_or_default();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    // `https://…` is no field.
    let is_field = letters > 0
        && rest
            .get(letters..)
            .is_some_and(|tail| tail.starts_with(':') && !tail.starts_with("://"));
    let field = is_field.then(|| rest.get(..letters).unwrap_or_default().to_ascii_lowercase());
    let mut at = if is_field { start + letters + 1 } else { start };
    let mut values = Vec::new();
    loop {
        let value = value(query, at, is_field)?;
        at = value.span.end;
        values.push(value);
        if is_field && query.get(at..).is_some_and(|tail| tail.starts_with(',')) {
            at += 1;
        } else {
            break;
        }
    }
    let mut is_prefix = query.get(at..).is_some_and(|tail| tail.starts_with('*'));
    if is_prefix {
        at += 1;
    }
    if let Some(last) = values.last_mut()
        && !last.is_quoted
        && let Some(stem) = last.text.strip_suffix('*')
    {
        last.text = stem.to_owned();
        is_prefix = true;
    }
    let kind = match (&field, values.as_slice()) {
        (None, [only]) if !only.is_quoted && only.text == "OR" => PieceKind::Or,
        (None, [only]) if !only.is_quoted && only.text == "AND" => PieceKind::And,
        (None, [only]) if !only.is_quoted && only.text == "NOT" => PieceKind::Not,
        _ => PieceKind::Word { field, values, is_prefix },
    };
    Ok(Piece { kind, span: start..at })
}

fn value(query: &str, start: usize, in_field: bool) -> Result<Value, QueryError> {
    let rest = query.get(start..).unwrap_or_default();
    let mut chars = rest.chars();
    let close = match chars.next() {
        Some('"') => Some('"'),
        Some('“' | '„' | '”') => Some('”'),
        Some('«') => Some('»'),
        _ => None,
    };
    if let Some(close) = close {
        let body = chars.as_str();
        let is_end = |c: char| c == close || (close == '”' && matches!(c, '“' | '"'));
        let Some(end) = body.find(is_end) else {
            return Err(QueryError {
                message: "the quotation mark is not closed".to_owned(),
                help: None,
                span: start..query.len(),
            });
        };
        let begin = query.len() - body.len();
        let length = body.get(end..).and_then(|tail| tail.chars().next()).map_or(1, char::len_utf8);
        return Ok(Value {
            text: body.get(..end).unwrap_or_default().to_owned(),
            span: start..begin + end + length,
            is_quoted: true,
        });
    }
    let is_end =
        |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '|') || (in_field && c == ',');
    let end = rest.find(is_end).unwrap_or(rest.len());
    Ok(Value {
        text: rest.get(..end).unwrap_or_default().to_owned(),
        span: start..start + end,
        is_quoted: false,
    })
}
