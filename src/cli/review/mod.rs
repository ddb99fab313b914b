//! `newswatch archive ls|search|show|…` and `newswatch review`: reading what was found.

mod address;
mod args;
mod browse;
mod copy;
mod desk;
mod outside;
mod print;
mod screen;
mod serve;
mod tail;
mod turn;

pub(super) use args::{ReadCommand, ReviewArgs};
pub(super) use desk::INDEX;
pub(super) use serve::{beside, review};

use super::Exit;
use crate::config::Loaded;

pub(super) fn read(loaded: &Loaded, command: &ReadCommand, json: bool) -> anyhow::Result<Exit> {
    match command {
        ReadCommand::Ls => browse::ls(loaded, json),
        ReadCommand::Search { query, order, limit, after } => {
            let query = query.join(" ");
            browse::search(loaded, &query, *order, *limit, after.as_deref(), json)
        }
        ReadCommand::Show { id, query } => browse::show(loaded, id, &query.join(" "), json),
        ReadCommand::Raw { id, warc } => browse::raw(loaded, id, *warc),
        ReadCommand::Diff { id, with } => browse::diff(loaded, id, with.as_deref(), json),
        ReadCommand::Clusters { query, limit } => {
            browse::clusters(loaded, &query.join(" "), *limit, json)
        }
        ReadCommand::Stats { query, limit } => {
            browse::stats(loaded, &query.join(" "), *limit, json)
        }
        ReadCommand::Tail { follow, lines, query } => {
            tail::tail(loaded, &query.join(" "), *lines, *follow, json)
        }
        ReadCommand::Export { format, output, query } => {
            copy::export(loaded, *format, output.as_deref(), &query.join(" "))
        }
    }
}
