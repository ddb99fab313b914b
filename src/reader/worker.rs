//! A worker: reads jobs from its standard input until that ends, within limits of its own.

use std::{
    fs::File,
    io::{self, BufWriter},
    os::fd::AsFd,
    panic,
    time::Duration,
};

use rustix::{
    process::{Resource, Rlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use super::{read_caught, wire};

/// Files a reader has open: its pipes, and a time zone now and then.
const FILES: u64 = 16;

/// Serves as a worker of `memory` bytes that spends at most `time` on a document. The limits are
/// the kernel's: what breaks them ends the process.
///
/// # Errors
///
/// The limits cannot be set, or the pipe breaks.
pub fn serve(memory: u64, time: Duration) -> io::Result<()> {
    for (resource, limit) in [
        (Resource::As, memory),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, FILES),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // What a panic says is made of what strangers wrote: it belongs in no log.
    panic::set_hook(Box::new(|_| {}));
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = BufWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    let mut body = Vec::new();
    while let Some(document) = wire::next_job(&mut input, &mut body)? {
        limit_time(time)?;
        let answer = read_caught(&document, &body).map_err(|_| ());
        wire::answer(&mut output, &answer)?;
        if body.capacity() > KEPT {
            body = Vec::new();
        }
    }
    Ok(())
}

/// A buffer that grew beyond this is given back after its job.
const KEPT: usize = 1 << 20;

fn limit_time(time: Duration) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let used = Duration::try_from(used).unwrap_or_default();
    let limit = computing(used, time);
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(limit), maximum: None })?)
}

/// The kernel counts the whole life of the process, in seconds: the limit moves with each job. What
/// is left of a second is the job's.
pub(super) fn computing(used: Duration, time: Duration) -> u64 {
    let limit = used + time;
    limit.as_secs() + u64::from(limit.subsec_nanos() > 0)
}
