//! Seen before: the same address, the same text, or a revision.
