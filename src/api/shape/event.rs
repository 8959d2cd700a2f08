//! An event of the log, as its owner reads it.

use serde::Serialize;
use utoipa::ToSchema;

use super::word;
use crate::engine::ports::journal::Recorded;
use crate::engine::trail::TrailPage;
use crate::engine::why::EventRef;

/// An event, with its place and its hash.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its place in the person's stream.
    pub revision: u64,
    /// Its place in the log, an opaque ordered token.
    pub position: String,
    /// Its id.
    #[schema(format = Uuid)]
    pub event_id: String,
    /// Its hash, in hex.
    pub hash: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    pub recorded_at: String,
    /// The day it speaks of in UTC; `erased` where its content is.
    pub occurred_on: String,
    /// Who caused it; nothing where the content is erased or only its reference is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
}

impl Event {
    /// A reference, with the content of its event where that is shown.
    #[must_use]
    pub fn of_reference(event: EventRef, content: Option<(String, serde_json::Value)>) -> Self {
        let (actor, content) = content.unzip();
        Self {
            kind: event.kind,
            revision: event.revision,
            position: event.position,
            event_id: event.event_id,
            hash: event.hash,
            recorded_at: event.recorded_at,
            occurred_on: event.occurred_on,
            actor,
            content,
        }
    }
}

/// A recorded event, and the bytes of what it says.
fn read(recorded: &Recorded) -> (Event, usize) {
    let mut bytes = 0;
    let content = recorded.content.as_ref().and_then(|(meta, event)| {
        let encoded = event.encode(meta).ok()?;
        bytes = encoded.len();
        let mut body: serde_json::Value = serde_json::from_slice(&encoded).ok()?;
        Some((word(&meta.actor), body.get_mut("content").map(serde_json::Value::take).unwrap_or_default()))
    });
    (Event::of_reference(EventRef::of(recorded), content), bytes)
}

/// Bytes of content that one page holds; an event that alone has more is a page of its own.
const MOST_OF_A_PAGE: usize = 1024 * 1024;

/// A page of events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, the newest first.
    pub events: Vec<Event>,
    /// What to ask with for the next page; nothing after the last.
    pub next_cursor: Option<String>,
}

impl EventPage {
    /// A page of the trail; `cursor` names the place where the next one begins.
    #[must_use]
    pub fn of(page: &TrailPage, cursor: impl Fn(u64) -> String) -> Self {
        let (mut events, mut bytes, mut next) = (Vec::<Event>::new(), 0, page.next);
        for (event, more) in page.events.iter().map(read) {
            bytes += more;
            if let Some(last) = events.last().filter(|_| bytes > MOST_OF_A_PAGE) {
                next = Some(last.revision);
                break;
            }
            events.push(event);
        }
        Self { events, next_cursor: next.map(cursor) }
    }
}
