//! What stands around an event's content, and what can be wrong with a body.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::Instant;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The person whose data it is.
    Person,
    /// A provider, by file or call.
    Provider,
    /// A stage.
    System,
    /// A reviewer, with the person's consent.
    Reviewer,
    /// Whoever runs the instance.
    Operator,
}

/// What stands around an event's content, sealed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// When it happened; for a stage, the end of its day.
    pub occurred_at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// The command or run it belongs to.
    pub correlation_id: Uuid,
    /// The event that led to it, where there is one.
    pub causation_id: Option<Uuid>,
}

/// The sealed part of an event. The fields of [`Meta`] stand here again: serde takes a flattened struct apart twice.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Body<T> {
    occurred_at: Instant,
    actor: Actor,
    correlation_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation_id: Option<Uuid>,
    content: T,
}

impl<T> Body<T> {
    pub(super) const fn new(meta: &Meta, content: T) -> Self {
        let Meta { occurred_at, actor, correlation_id, causation_id } = *meta;
        Self { occurred_at, actor, correlation_id, causation_id, content }
    }

    pub(super) fn parts(self) -> (Meta, T) {
        let Self { occurred_at, actor, correlation_id, causation_id, content } = self;
        (Meta { occurred_at, actor, correlation_id, causation_id }, content)
    }
}

/// A sealed part, read as far as its owner's trail shows it: what it says is not taken apart.
#[derive(Clone, Debug, Deserialize)]
pub struct Said {
    /// When it happened; for a stage, the end of its day.
    pub occurred_at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// What it says, as JSON.
    pub content: Box<RawValue>,
}

impl Said {
    /// Reads the bytes that were sealed.
    ///
    /// # Errors
    /// When they hold no body of an event.
    pub fn read(kind: &str, bytes: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(bytes).map_err(|_| DecodeError::Malformed(kind.to_owned()))
    }
}

/// A body that does not hold what its type says.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// This build does not know the type.
    #[error("unknown event type {0}")]
    UnknownType(String),
    /// This build does not know the version.
    #[error(
        "version {version} of {kind} is unknown, this build reads 1 to {latest}: start the build that wrote it, or a newer one"
    )]
    UnknownVersion {
        /// The type.
        kind: String,
        /// The version.
        version: u32,
        /// The newest that it knows.
        latest: u32,
    },
    /// The body does not fit. The cause is left out: it would repeat health data.
    #[error("the body of a {0} does not fit its type")]
    Malformed(String),
}

#[cfg(test)]
mod tests {
    use super::super::{ConsentGranted, Event};
    use super::*;
    use crate::domain::profile::Purpose;

    #[test]
    fn the_fields_around_the_content_stand_in_every_build_as_they_do_in_stored_logs() {
        let id = Uuid::from_u128;
        let occurred_at = "2026-03-01T12:00:00Z".parse().unwrap();
        let meta = Meta { occurred_at, actor: Actor::Person, correlation_id: id(5), causation_id: Some(id(6)) };
        let event = Event::from(ConsentGranted { purpose: Purpose::Processing });
        let (begins, ends) = (
            r#"{"occurred_at":"2026-03-01T12:00:00Z","actor":"person","correlation_id":"00000000-0000-0000-0000-000000000005","#,
            r#""content":{"purpose":"processing"}}"#,
        );
        let caused = format!(r#"{begins}"causation_id":"00000000-0000-0000-0000-000000000006",{ends}"#);
        for (meta, bytes) in [(meta.clone(), caused), (Meta { causation_id: None, ..meta }, format!("{begins}{ends}"))]
        {
            assert_eq!(String::from_utf8(event.encode(&meta).unwrap()).unwrap(), bytes);
            let decoded = Event::decode(event.kind(), event.schema_version(), bytes.as_bytes()).unwrap();
            assert_eq!(decoded, (meta, event.clone()));
        }
    }
}
