//! Bodies made from the description of an operation.

use serde_json::{Map, Value, json};

/// What a reference names, and of a choice what is not null.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    if let Some(name) = schema["$ref"].as_str() {
        return resolved(document, document.pointer(name.trim_start_matches('#')).unwrap());
    }
    let choices = ["oneOf", "anyOf"].into_iter().find_map(|word| schema[word].as_array());
    match choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
        Some(choice) => resolved(document, choice),
        None => schema,
    }
}

fn kind(schema: &Value) -> &str {
    let kinds = schema["type"].as_array();
    let first = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null"));
    first.unwrap_or(&schema["type"]).as_str().unwrap_or_default()
}

/// A body in which every field is there and looks harmless.
pub(super) fn harmless(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    match kind(schema) {
        "object" => {
            let none = Map::new();
            let fields = schema["properties"].as_object().unwrap_or(&none).iter();
            fields.map(|(name, field)| (name.clone(), harmless(document, field))).collect::<Map<_, _>>().into()
        }
        "array" => json!([harmless(document, &schema["items"])]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        _ => match schema["format"].as_str() {
            Some("date") => json!("2026-04-01"),
            Some("date-time") => json!("2026-04-01T06:00:00Z"),
            Some("uuid") => json!(uuid::Uuid::nil()),
            _ => json!("word"),
        },
    }
}

/// Where a body has values that hold no others, as JSON pointers, and where it has objects.
pub(super) fn places(body: &Value) -> (Vec<String>, Vec<String>) {
    let (mut leaves, mut objects) = (Vec::new(), Vec::new());
    let mut left = vec![(String::new(), body)];
    while let Some((place, value)) = left.pop() {
        match value {
            Value::Object(fields) => {
                left.extend(fields.iter().map(|(name, value)| (format!("{place}/{name}"), value)));
                objects.push(place);
            }
            Value::Array(items) => {
                left.extend(items.iter().enumerate().map(|(n, value)| (format!("{place}/{n}"), value)));
            }
            _ => leaves.push(place),
        }
    }
    (leaves, objects)
}

/// A body with other values in some places.
pub(super) fn with(body: &Value, places: &[String], value: impl Fn(&Value) -> Value) -> Value {
    let mut body = body.clone();
    for place in places {
        let held = body.pointer_mut(place).unwrap();
        *held = value(held);
    }
    body
}
