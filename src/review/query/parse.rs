//! A query's pieces to what they mean.

use std::ops::Range;

use jiff::Timestamp;

use super::{
    Column, Filter, Is, Node, Part, Phrase, QueryError, Status, date,
    lex::{self, Piece, PieceKind, Value},
};
use crate::{review::names::Kind, text};

/// The fields of a query, as they are written.
pub(super) const FIELDS: [&str; 15] = [
    "source", "feed", "lang", "country", "topic", "term", "title", "by", "after", "before", "day",
    "cluster", "is", "status", "score",
];

const IS: [(&str, Is); 14] = [
    ("original", Is::Original),
    ("duplicate", Is::Duplicate),
    ("copy", Is::Copy),
    ("abridged", Is::Abridged),
    ("extended", Is::Extended),
    ("excerpt", Is::Excerpt),
    ("revision", Is::Revision),
    ("replaced", Is::Replaced),
    ("latest", Is::Latest),
    ("full", Is::Text(0)),
    ("partial", Is::Text(1)),
    ("paywalled", Is::Text(2)),
    ("feed-only", Is::Text(3)),
    ("failed", Is::Text(4)),
];

const STATUS: [Status; 5] =
    [Status::Open, Status::Reviewed, Status::Flagged, Status::NotRelevant, Status::Noted];

/// Parentheses within parentheses.
const DEEPEST: usize = 32;
/// Bytes of a query.
const LONGEST: usize = 4_000;

pub(super) fn parse(query: &str, now: Timestamp) -> Result<(Node, Vec<Part>), QueryError> {
    if query.len() > LONGEST {
        return Err(wrong("the query is too long", 0..query.len()));
    }
    let pieces = lex::pieces(query)?;
    let mut parser = Parser { pieces: &pieces, at: 0, end: query.len(), now, depth: 0 };
    let (root, parts) = parser.any()?;
    match parser.peek() {
        None => Ok((root, parts)),
        Some(piece) => {
            Err(wrong("there is no parenthesis that this one closes", piece.span.clone()))
        }
    }
}

fn wrong(message: &str, span: Range<usize>) -> QueryError {
    QueryError { message: message.to_owned(), help: None, span }
}

struct Parser<'a> {
    pieces: &'a [Piece],
    at: usize,
    end: usize,
    now: Timestamp,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Piece> {
        self.pieces.get(self.at)
    }

    /// Alternatives; with the parts where there is but one.
    fn any(&mut self) -> Result<(Node, Vec<Part>), QueryError> {
        let start = self.peek().map_or(self.end, |piece| piece.span.start);
        let (first, parts) = self.all()?;
        let mut nodes = vec![first];
        while let Some(piece) = self.peek().filter(|piece| piece.kind == PieceKind::Or) {
            let is_empty = matches!(nodes.last(), Some(Node::All(nodes)) if nodes.is_empty());
            self.at += 1;
            let (next, _) = self.all()?;
            if is_empty || matches!(&next, Node::All(nodes) if nodes.is_empty()) {
                return Err(wrong("OR needs something on both sides", piece.span.clone()));
            }
            nodes.push(next);
        }
        let end = self.at.checked_sub(1).and_then(|at| self.pieces.get(at));
        let span = start..end.map_or(start, |piece| piece.span.end);
        Ok(match nodes.len() {
            1 => (nodes.remove(0), parts),
            _ => (Node::Any(nodes), vec![Part { span, field: None }]),
        })
    }

    fn all(&mut self) -> Result<(Node, Vec<Part>), QueryError> {
        let (mut nodes, mut parts) = (Vec::new(), Vec::new());
        while let Some(piece) = self.peek() {
            match piece.kind {
                PieceKind::Or | PieceKind::Close => break,
                PieceKind::And => {
                    self.at += 1;
                    let follows = self.peek().is_some_and(|next| {
                        !matches!(next.kind, PieceKind::Or | PieceKind::And | PieceKind::Close)
                    });
                    if nodes.is_empty() || !follows {
                        return Err(wrong("AND needs something on both sides", piece.span.clone()));
                    }
                }
                _ => {
                    let (node, field) = self.one()?;
                    let last = self.pieces.get(self.at - 1).map_or(piece.span.end, |l| l.span.end);
                    parts.push(Part { span: piece.span.start..last, field });
                    nodes.push(node);
                }
            }
        }
        let node = if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) };
        Ok((node, parts))
    }

    fn one(&mut self) -> Result<(Node, Option<&'static str>), QueryError> {
        let Some(piece) = self.peek() else {
            return Err(wrong("something is missing at the end", self.end..self.end));
        };
        self.at += 1;
        match &piece.kind {
            PieceKind::Not => {
                let follows = self.peek().is_some_and(|next| {
                    matches!(next.kind, PieceKind::Open | PieceKind::Word { .. })
                });
                if !follows {
                    return Err(wrong("NOT needs something behind it", piece.span.clone()));
                }
                Ok((Node::Not(Box::new(self.one()?.0)), None))
            }
            PieceKind::Open => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(wrong("too many parentheses", piece.span.clone()));
                }
                let (node, _) = self.any()?;
                self.depth -= 1;
                if self.peek().is_none_or(|piece| piece.kind != PieceKind::Close) {
                    return Err(wrong("the parenthesis is not closed", piece.span.clone()));
                }
                self.at += 1;
                if matches!(&node, Node::All(nodes) if nodes.is_empty()) {
                    return Err(wrong("nothing stands in the parentheses", piece.span.clone()));
                }
                Ok((node, None))
            }
            PieceKind::Word { field, values, is_prefix } => match field {
                Some(field) => self.field(field, values, *is_prefix, piece),
                None => Ok((text(values, None, *is_prefix, piece)?, None)),
            },
            PieceKind::Or | PieceKind::And | PieceKind::Close => {
                Err(wrong("something is missing before it", piece.span.clone()))
            }
        }
    }

    fn field(
        &self,
        field: &str,
        values: &[Value],
        is_prefix: bool,
        piece: &Piece,
    ) -> Result<(Node, Option<&'static str>), QueryError> {
        let name = match field {
            "language" => "lang",
            "author" => "by",
            "since" | "from" => "after",
            "until" => "before",
            "story" => "cluster",
            other => other,
        };
        let Some(name) = FIELDS.into_iter().find(|known| *known == name) else {
            return Err(unknown_field(field, piece));
        };
        if let Some(empty) = values.iter().find(|value| value.text.trim().is_empty()) {
            return Err(wrong(
                &format!("`{name}:` needs a value"),
                piece.span.start..empty.span.end,
            ));
        }
        let mut nodes = Vec::new();
        let kind = Kind::ALL.into_iter().find(|kind| kind.field() == name);
        if let Some(kind) = kind {
            let mut texts: Vec<String> =
                values.iter().map(|value| value.text.trim().to_owned()).collect();
            if is_prefix && let Some(last) = texts.last_mut() {
                last.push('*');
            }
            return Ok((Node::Filter(Filter::Name(kind, texts)), Some(name)));
        }
        match name {
            "title" => {
                return Ok((text(values, Some(Column::Title), is_prefix, piece)?, Some(name)));
            }
            "by" => return Ok((text(values, Some(Column::Byline), is_prefix, piece)?, Some(name))),
            _ => {}
        }
        for value in values {
            nodes.push(self.condition(name, value)?);
        }
        let node = if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) };
        Ok((node, Some(name)))
    }

    fn condition(&self, name: &str, value: &Value) -> Result<Node, QueryError> {
        let text = value.text.trim();
        let filter = match name {
            "after" => Filter::From(self.date(value)?.start),
            "before" => Filter::Before(self.date(value)?.start),
            "day" => {
                let day = self.date(value)?;
                let both = [Filter::From(day.start), Filter::Before(day.end)];
                return Ok(Node::All(both.into_iter().map(Node::Filter).collect()));
            }
            "cluster" => Filter::Cluster(text.to_owned()),
            "is" => {
                let found = IS.iter().find(|(word, _)| *word == text.replace('_', "-"));
                let words: Vec<&str> = IS.iter().map(|(word, _)| *word).collect();
                Filter::Is(found.ok_or_else(|| not_one_of(name, value, &words))?.1)
            }
            "status" => {
                let found = STATUS.into_iter().find(|s| s.word() == text.replace('_', "-"));
                let words: Vec<&str> = STATUS.iter().map(|status| status.word()).collect();
                Filter::Status(found.ok_or_else(|| not_one_of(name, value, &words))?)
            }
            _ => {
                let score: f32 = text.trim_start_matches(['>', '=']).parse().map_err(|_| {
                    wrong("`score:` needs a number, such as score:5", value.span.clone())
                })?;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped before"
                )]
                Filter::Score((score * 10.0).clamp(0.0, 65_535.0) as u16)
            }
        };
        Ok(Node::Filter(filter))
    }

    fn date(&self, value: &Value) -> Result<Range<i64>, QueryError> {
        date::seconds(value.text.trim(), self.now).ok_or_else(|| QueryError {
            message: format!("`{}` is no date", value.text),
            help: Some("write 2022-01-05, 2022-01, 2022, 7d, 36h, today".to_owned()),
            span: value.span.clone(),
        })
    }
}

/// Any of some texts.
fn text(
    values: &[Value],
    column: Option<Column>,
    is_prefix: bool,
    piece: &Piece,
) -> Result<Node, QueryError> {
    let mut nodes: Vec<Node> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let is_prefix = is_prefix && at + 1 == values.len();
        nodes.extend(Phrase::new(&value.text, column, is_prefix).map(Node::Text));
    }
    match nodes.len() {
        0 => Err(wrong("there is no letter and no digit to look for", piece.span.clone())),
        1 => Ok(nodes.remove(0)),
        _ => Ok(Node::Any(nodes)),
    }
}

fn unknown_field(field: &str, piece: &Piece) -> QueryError {
    let near = text::nearest(field, FIELDS);
    QueryError {
        message: format!("there is no field `{field}`"),
        help: Some(near.map_or_else(
            || {
                format!(
                    "the fields are {}; put it in quotes to look for it as text",
                    FIELDS.join(", ")
                )
            },
            |near| format!("did you mean `{near}:`?"),
        )),
        span: piece.span.start..piece.span.start + field.len(),
    }
}

fn not_one_of(field: &str, value: &Value, words: &[&str]) -> QueryError {
    let near = text::nearest(value.text.trim(), words.iter().copied());
    QueryError {
        message: format!("`{field}:` does not know `{}`", value.text.trim()),
        help: Some(near.map_or_else(
            || format!("it knows {}", words.join(", ")),
            |near| format!("did you mean `{near}`?"),
        )),
        span: value.span.clone(),
    }
}
