//! `audit`: everything that happened, an event a line.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::ports::journal::Recorded;
use crate::engine::why::EventRef;
use crate::engine::{Engine, EngineError};

/// Events read at a time.
const PAGE: usize = 1_000;

#[derive(Debug, Args)]
pub(in crate::app) struct Filter {
    /// One entity, as in insight:ID, narrative:daily@2026-03-01, day_score:2026-03-01.
    #[arg(long)]
    entity: Option<String>,
    /// One type of event, as in insight_raised.
    #[arg(long = "type")]
    kind: Option<String>,
    /// Only what was recorded at or after this instant.
    #[arg(long)]
    since: Option<String>,
    /// Only what was recorded before this instant.
    #[arg(long)]
    until: Option<String>,
}

fn instant(text: Option<&String>, flag: &str) -> Result<Option<Instant>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let with_time = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.clone() };
    let parsed = chrono::DateTime::parse_from_rfc3339(&with_time);
    parsed.map(|t| Some(t.to_utc())).map_err(|_| {
        Failure::usage(format!("{flag} {text:?}: write an instant like 2026-03-01T08:00:00Z or a day like 2026-03-01"))
    })
}

pub(super) async fn run(engine: &Engine, out: &Out, person: PersonId, filter: &Filter) -> Result<bool, Failure> {
    let (since, until) = (instant(filter.since.as_ref(), "--since")?, instant(filter.until.as_ref(), "--until")?);
    if let Some(kind) = &filter.kind
        && !crate::domain::event::Event::KINDS.contains(&kind.as_str())
    {
        return Err(Failure::usage(format!(
            "--type {kind:?} is no type of event; there is insight_raised and the like"
        )));
    }
    engine.views.catch_up().await.map_err(EngineError::from)?;
    let revisions: Option<BTreeSet<u64>> = match &filter.entity {
        None => None,
        Some(entity) => {
            let (entity_type, id) = entity
                .split_once(':')
                .ok_or_else(|| Failure::usage(format!("--entity {entity:?}: write TYPE:ID, as in insight:ID")))?;
            let trail = engine.views.trail(person, Some((entity_type, id))).await.map_err(EngineError::from)?;
            if trail.is_empty() {
                return Err(EngineError::NotFound { what: "entity", id: entity.clone() }.into());
            }
            Some(trail.into_iter().map(|t| t.revision).collect())
        }
    };
    let mut from = revisions.as_ref().and_then(BTreeSet::first).copied().unwrap_or(0);
    let last = revisions.as_ref().and_then(BTreeSet::last).copied().unwrap_or(u64::MAX);
    let wanted = |r: &Recorded| {
        revisions.as_ref().is_none_or(|set| set.contains(&r.revision))
            && filter.kind.as_ref().is_none_or(|kind| *kind == r.kind)
            && since.is_none_or(|since| r.recorded_at >= since)
            && until.is_none_or(|until| r.recorded_at < until)
    };
    while from <= last {
        let page = engine.journal.read(person, from, PAGE).await.map_err(EngineError::from)?;
        let Some(end) = page.last().map(|r| r.revision) else { break };
        for recorded in page.iter().filter(|r| wanted(r)) {
            show(out, recorded)?;
        }
        from = end + 1;
    }
    Ok(true)
}

fn show(out: &Out, recorded: &Recorded) -> Result<(), Failure> {
    let event = EventRef::of(recorded);
    if out.json {
        let mut line = serde_json::to_value(&event)?;
        if let (Some(line), Some((meta, content))) = (line.as_object_mut(), &recorded.content) {
            line.insert("occurred_at".to_owned(), json!(meta.occurred_at));
            line.insert("actor".to_owned(), json!(meta.actor));
            line.insert("correlation_id".to_owned(), json!(meta.correlation_id));
            let bytes = content.encode(meta).map_err(Failure::refused)?;
            let body: serde_json::Value = serde_json::from_slice(&bytes)?;
            line.insert("content".to_owned(), body.get("content").cloned().unwrap_or_default());
        }
        return out.json_line(&line);
    }
    let occurred = recorded.content.as_ref().map_or_else(|| "erased".to_owned(), |(m, _)| m.occurred_at.to_rfc3339());
    out.line(&format!(
        "{:>8}  recorded {}  for {occurred:32}  {:28}  {}",
        event.position,
        event.recorded_at,
        event.kind,
        &event.hash[..16.min(event.hash.len())]
    ))
}
