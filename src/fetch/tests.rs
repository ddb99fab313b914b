//! The parts of an exchange that need no network.
