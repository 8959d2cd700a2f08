//! Candor's own lines of JSON: `{"metric", "value", "unit", "start", "end"?, "kind"?, "id"?, "provider"?, "updated_at"?}`.
//!
//! Instants bear their offset; a sleep, nap or recovery belongs to the local day of its end, everything else to that of
//! its start.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use super::draft::{Draft, Reading, Record, Taken, check_order};
use super::fields::{Fault, Fields, Object};
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

fn instant(object: Object<'_>, name: &str) -> Result<Option<DateTime<FixedOffset>>, Fault> {
    let Some(text) = object.text(name)? else { return Ok(None) };
    let parsed = DateTime::parse_from_rfc3339(&text);
    parsed.map(Some).map_err(|_| Fault::unreadable(name, "an instant with its offset, as in 2026-03-01T22:40:00+01:00"))
}

/// Reads one line.
pub(super) fn line(text: &str, row: u32, reading: &Reading) -> Result<Taken, Fault> {
    let value: Value = serde_json::from_str(text).map_err(|_| Fault::unreadable("line", "an object of JSON"))?;
    let object = value.as_object().map(Object).ok_or_else(|| Fault::unreadable("line", "an object of JSON"))?;
    let provider = match object.text("provider")? {
        None => Provider::File,
        Some(name) => name.parse().map_err(|_| Fault::unreadable("provider", "whoop, garmin, strava or file"))?,
    };
    let mut draft = Draft::new(reading, provider, row);
    let key = object.text("metric")?.ok_or_else(|| Fault::missing("metric", "a metric's key"))?;
    let metric: Metric =
        key.parse().map_err(|_| Fault::unreadable("metric", "a metric's key, as `candor metrics --all` lists them"))?;
    let start = instant(object, "start")?.ok_or_else(|| Fault::missing("start", "an instant with its offset"))?;
    let end = instant(object, "end")?;
    draft.see(start.to_utc(), "start")?;
    if let Some(end) = end {
        draft.see(end.to_utc(), "end")?;
    }
    check_order(start.to_utc(), end.map(|end| end.to_utc()), "end")?;
    if let Some(updated) = instant(object, "updated_at")? {
        draft.changed_at(updated.to_utc(), "updated_at")?;
    }
    let kind = match object.text("kind")? {
        None => RecordKind::Sample,
        Some(kind) => serde_json::from_value(Value::String(kind.into_owned()))
            .map_err(|_| Fault::unreadable("kind", "sleep, nap, recovery, cycle, day, activity, weighing or sample"))?,
    };
    let by_its_end = matches!(kind, RecordKind::Sleep | RecordKind::Nap | RecordKind::Recovery);
    let told_by = end.filter(|_| by_its_end).unwrap_or(start);
    let record = Record {
        kind,
        start: start.to_utc(),
        end: end.map(|end| end.to_utc()),
        day: LocalDay::new(told_by.date_naive()),
        provider_id: object.text("id")?.map(|id| id.chars().take(80).collect()),
    };
    let unit = object.text("unit")?.ok_or_else(|| Fault::missing("unit", "the value's unit"))?;
    let written = object.number("value")?;
    if written.is_none() {
        return Err(Fault::missing("value", "a number"));
    }
    draft.add(&record, metric, written, &unit, "value")?;
    Ok(draft.finish())
}
