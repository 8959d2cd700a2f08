//! An event of the log, as its owner reads it.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::word;
use crate::domain::Instant;
use crate::domain::event::decision::{self, Decision};
use crate::engine::ports::journal::Told;
use crate::engine::trail::TrailPage;
use crate::engine::why::EventRef;

/// An event, with its place and its hash.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about, as in `insight`.
    pub entity_type: Option<&'static str>,
    /// `told`, `created`, `updated`, `ended`, `suppressed`, `escalated` or `computed`.
    pub decision: Option<&'static str>,
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
    pub content: Option<Box<RawValue>>,
}

/// An instant as it stands in the log, to the microsecond.
fn to_the_microsecond(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl From<EventRef> for Event {
    fn from(event: EventRef) -> Self {
        Self {
            entity_type: decision::entity_type(&event.kind),
            decision: decision::decision(&event.kind).map(Decision::key),
            kind: event.kind,
            revision: event.revision,
            position: event.position,
            event_id: event.event_id,
            hash: event.hash,
            recorded_at: event.recorded_at,
            occurred_on: event.occurred_on,
            actor: None,
            content: None,
        }
    }
}

impl From<&Told> for Event {
    fn from(told: &Told) -> Self {
        let said = told.said.as_ref();
        Self {
            entity_type: decision::entity_type(&told.kind),
            decision: decision::decision(&told.kind).map(Decision::key),
            kind: told.kind.clone(),
            revision: told.revision,
            position: told.position.clone(),
            event_id: told.event_id.to_string(),
            hash: told.hash.clone(),
            recorded_at: to_the_microsecond(told.recorded_at),
            occurred_on: said.map_or_else(|| "erased".to_owned(), |said| said.occurred_at.date_naive().to_string()),
            actor: said.map(|said| word(&said.actor)),
            content: said.map(|said| said.content.clone()),
        }
    }
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
        for event in page.events.iter().map(Event::from) {
            bytes += event.content.as_ref().map_or(0, |content| content.get().len());
            if let Some(last) = events.last().filter(|_| bytes > MOST_OF_A_PAGE) {
                next = Some(last.revision);
                break;
            }
            events.push(event);
        }
        Self { events, next_cursor: next.map(cursor) }
    }
}
