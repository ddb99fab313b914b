//! What crosses the pipe: a job is its document's head by postcard and the body as it is, an answer
//! is a reading by postcard. Each part is preceded by its length, 32 bits, little end first.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

use super::{Document, Fault, Reading};

/// More than any document with its value has; a longer part is no part of ours.
const LONGEST: usize = 256 << 20;

/// What a worker answers: the reading, or that the document made it panic.
pub type Answer = Result<Reading, ()>;

/// The lengths and the head of a job. The body follows as it is.
pub fn job(document: &Document, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let head = encode(document)?;
    let mut bytes = Vec::with_capacity(8 + head.len());
    bytes.extend(length(head.len())?);
    bytes.extend(length(body.len())?);
    bytes.extend(head);
    Ok(bytes)
}

/// Reads the next job, its body into `body`; `None` where the pipe has ended between two.
pub fn next_job(from: &mut impl Read, body: &mut Vec<u8>) -> io::Result<Option<Document>> {
    let mut lengths = [0; 8];
    match from.read_exact(&mut lengths) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let [a, b, c, d, rest @ ..] = lengths;
    let mut head = vec![0; bounded([a, b, c, d])?];
    from.read_exact(&mut head)?;
    let length = bounded(rest)?;
    body.clear();
    body.reserve_exact(length);
    from.take(u64::try_from(length).unwrap_or_default()).read_to_end(body)?;
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode(&head).map(Some)
}

pub fn answer(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let bytes = encode(answer).map_err(io::Error::other)?;
    to.write_all(&length(bytes.len()).map_err(io::Error::other)?)?;
    to.write_all(&bytes)?;
    to.flush()
}

/// How long the part is that follows.
pub(super) fn bounded(length: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(io::Error::other("a part of a message is too long"));
    }
    Ok(length)
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(io::Error::other)
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(value).map_err(|error| Fault::Broke(format!("{error}")))
}

fn length(length: usize) -> Result<[u8; 4], Fault> {
    u32::try_from(length)
        .map(u32::to_le_bytes)
        .map_err(|_| Fault::Broke("it is longer than a message can be".to_owned()))
}
