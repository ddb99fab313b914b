//! How a host may be treated: robots.txt, pace, Retry-After.
