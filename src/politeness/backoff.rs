//! How long to leave alone what has failed.

use jiff::SignedDuration;

/// The longest wait while there is hope that the fault is a passing one.
pub const CEILING: SignedDuration = SignedDuration::from_hours(24);
/// After so many failures in a row the fault is taken to be a lasting one …
pub const LASTING: u32 = 30;
/// … and looked at so seldom.
pub const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The wait after `failures` in a row: `base`, then twice as long each time up to a day, and a week
/// once there are more than [`LASTING`]. Moved by up to a tenth, differently for each `name`, so
/// that what failed together does not come back together; never less than `base`.
pub fn delay(base: SignedDuration, failures: u32, name: &str) -> SignedDuration {
    let base = base.max(SignedDuration::ZERO);
    let swing = 0.9 + 0.2 * fraction(name, u64::from(failures));
    if failures > LASTING {
        return WEEK.mul_f64(swing).max(base);
    }
    let doublings = failures.saturating_sub(1).min(LASTING);
    let grown = base.checked_mul(1 << doublings).unwrap_or(CEILING).min(CEILING);
    grown.mul_f64(swing).min(CEILING).max(base)
}

/// A number in [0, 1) that is always the same for a name and a turn, and evenly spread over names:
/// chance that can be replayed.
pub fn fraction(name: &str, turn: u64) -> f64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&turn.to_le_bytes());
    hasher.update(name.as_bytes());
    let bits =
        hasher.finalize().as_bytes().iter().take(4).fold(0_u32, |n, b| n << 8 | u32::from(*b));
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}
