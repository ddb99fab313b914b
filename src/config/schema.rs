//! The JSON Schemas of the files, made from the settings' types.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::Value;

use super::{alert::Alerts, feed::Feeds, settings::Settings};

/// The schema of `newswatch.toml`.
pub fn settings() -> Value {
    of::<Settings>("newswatch.toml")
}

/// The schema of `feeds.toml`.
pub fn feeds() -> Value {
    of::<Feeds>("feeds.toml")
}

/// The schema of `alerts.toml`.
pub fn alerts() -> Value {
    of::<Alerts>("alerts.toml")
}

fn of<T: JsonSchema>(file: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema =
        settings.with_transform(in_terms_of_toml).into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), file.into());
    schema.to_value()
}

/// TOML knows no null: what may be absent is just not required. Number formats are Rust's own, and
/// so are the line ends of its comments.
fn in_terms_of_toml(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if schema.get("type").is_some_and(|name| name == "integer") {
        schema.remove("format");
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    transform_subschemas(&mut in_terms_of_toml, schema);
}
