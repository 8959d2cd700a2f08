//! What describes an export to a program, and to a person.

use serde_json::{Value as Json, json};

use crate::domain::Instant;
use crate::domain::event::Event;
use crate::domain::event::decision;
use crate::domain::person::PersonId;

/// What a person reads first.
pub(super) const READ_ME: &str = include_str!("README.md");

/// The description of the tables: a Data Package of version 1.
pub(super) fn described(person: PersonId, now: Instant, tables: &[Json]) -> Vec<u8> {
    pretty(&json!({
        "profile": "data-package",
        "name": format!("candor-export-{person}"),
        "title": "What Candor recorded of one person",
        "created": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "resources": tables,
    }))
}

/// The lines of the log as a JSON Schema (draft 2020-12).
pub(super) fn events_schema() -> Vec<u8> {
    let hash = |about: &str| json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": about });
    let text = |about: &str| json!({ "type": "string", "description": about });
    let id = |about: &str| json!({ "type": "string", "format": "uuid", "description": about });
    let time = |about: &str| json!({ "type": "string", "format": "date-time", "description": about });
    let count = |about: &str| json!({ "type": "integer", "minimum": 0, "description": about });
    let base64 = |about: &str| json!({ "type": ["string", "null"], "contentEncoding": "base64", "description": about });
    let keys = json!({ "type": "array", "items": id("the id of a key"), "description": "the keys it is sealed with" });
    let kinds: Vec<Json> = Event::KINDS
        .iter()
        .map(|kind| json!({ "const": kind, "description": decision::entity_type(kind).unwrap_or_default() }))
        .collect();
    let body = json!({
        "type": ["object", "null"],
        "description": "what it says; null once its key was destroyed",
        "required": ["occurred_at", "actor", "correlation_id", "content"],
        "properties": {
            "occurred_at": time("when it happened; for what was reckoned of a day, the end of that day"),
            "actor": { "enum": ["person", "provider", "system", "reviewer", "operator"], "description": "who did it" },
            "correlation_id": id("the command or run it belongs to"),
            "causation_id": id("the event that led to it"),
            "content": { "type": "object", "description": "the content, by type" },
        },
        "additionalProperties": false,
    });
    let line = |name: &str, properties: Json| {
        let mut properties = properties;
        if let Some(object) = properties.as_object_mut() {
            object.insert("line".to_owned(), json!({ "const": name }));
        }
        let required: Vec<&String> = properties.as_object().into_iter().flatten().map(|(name, _)| name).collect();
        json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
    };
    let key = line(
        "key",
        json!({ "key_ids": keys, "key": { "type": "string", "contentEncoding": "base64", "description": "what opens them" } }),
    );
    let event = line(
        "event",
        json!({
            "stream": text("whose it is, as in person-<uuid>"),
            "revision": count("its place in the stream, from 0"),
            "position": text("its place in the whole log"),
            "event_id": id("its id"),
            "type": { "description": "its type, and what that is about", "oneOf": kinds },
            "schema_version": count("the version of the shape of its content"),
            "recorded_at": time("when it was sealed"),
            "key_ids": keys,
            "sealed": base64("the sealed body; null once it was removed"),
            "body_digest": hash("SHA-256 of the sealed body"),
            "prev_hash": hash("the hash of the event before it"),
            "hash": hash("its own hash"),
            "body": body,
        }),
    );
    let seal = line(
        "seal",
        json!({
            "stream": text("whose the lines are"),
            "events": count("how many events there are"),
            "head": text("the hash of the last one"),
            "lines": hash("SHA-256 over all lines before this one"),
            "exported_at": time("when it was made"),
            "signed_by": hash("the Ed25519 key of the server"),
            "signature": { "type": "string", "pattern": "^[0-9a-f]{128}$", "description": "its signature" },
        }),
    );
    pretty(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of events.ndjson",
        "oneOf": [key, event, seal],
    }))
}

fn pretty(document: &Json) -> Vec<u8> {
    // What was made as JSON can be written as JSON.
    serde_json::to_vec_pretty(document).unwrap_or_default()
}
