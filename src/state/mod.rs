//! What the daemon remembers over a restart: a disposable index.
