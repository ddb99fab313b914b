//! TOML to checked settings.
