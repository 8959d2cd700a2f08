//! Recorded activities: FIT, GPX and TCX, alone or beside the table of an export that speaks of them.
//!
//! A file is walked point by point and nothing of it is kept but sums, unless the points themselves are asked for.
//! Positions give a distance while they are read and go no further: they are in no observation, no stream, no message.

mod collect;
mod fit;
mod gpx;
#[cfg(test)]
pub(super) mod probe;
mod tcx;
mod way;

use std::ops::ControlFlow;

use chrono::FixedOffset;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

use super::draft::{Draft, OnRow, Reading, Record, Taken, check_order};
use super::fields::Fault;
use super::files::{Content, Failure};
use super::written::Written;

pub(super) use collect::{Wanted, collect};
pub(super) use fit::kind as fit_kind;
pub(super) use fit::walk as fit;
pub(super) use gpx::walk as gpx;
pub(super) use tcx::walk as tcx;

/// Where somebody was, in degrees. It cannot be printed.
#[derive(Clone, Copy)]
struct Position {
    latitude: f64,
    longitude: f64,
}

/// One moment of an activity; what the device did not write is missing.
#[derive(Clone, Default)]
pub(super) struct Point {
    at: Option<Instant>,
    position: Option<Position>,
    distance_m: Option<f64>,
    heart_rate: Option<f64>,
    cadence: Option<f64>,
    altitude_m: Option<f64>,
    speed_m_s: Option<f64>,
    power_w: Option<f64>,
}

/// What a file says of an activity as a whole.
#[derive(Clone, Debug)]
pub(super) struct Said {
    sport: String,
    start: Instant,
    end: Option<Instant>,
    /// What the device's clock was ahead of UTC, where the file says it.
    offset: Option<FixedOffset>,
    values: Vec<Value>,
}

/// A value with its unit and the field it stood in.
#[derive(Clone, Debug)]
struct Value {
    metric: Metric,
    written: Written,
    unit: &'static str,
    field: &'static str,
}

/// What is met while a file is walked. The points of an activity come before what is said of it.
pub(super) enum Met {
    Point(Point),
    Activity(Result<Said, Fault>),
}

/// Takes what is met until it had enough.
pub(super) type OnMet<'a> = dyn FnMut(Met) -> ControlFlow<()> + 'a;

/// Walks a file from its first byte to its last.
pub(super) type WalkTrack = fn(&mut Content<'_>, &mut OnMet<'_>) -> Result<(), Failure>;

/// Hands out each activity of a file as a row.
pub(super) fn rows(
    walk: WalkTrack,
    provider: Provider,
    content: &mut Content<'_>,
    reading: &Reading,
    on_row: &mut OnRow<'_>,
) -> Result<(), Failure> {
    let mut row: u32 = 0;
    walk(content, &mut |met| match met {
        Met::Point(_) => ControlFlow::Continue(()),
        Met::Activity(said) => {
            row = row.saturating_add(1);
            on_row(row, said.and_then(|said| taken(&said, provider, reading, row)))
        }
    })
}

fn taken(said: &Said, provider: Provider, reading: &Reading, row: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, provider, row);
    draft.see(said.start, "start")?;
    if let Some(end) = said.end {
        draft.see(end, "end")?;
    }
    check_order(said.start, said.end, "end")?;
    let day = match said.offset {
        Some(offset) => said.start.with_timezone(&offset).date_naive(),
        None => {
            draft.assume_zone();
            said.start.with_timezone(&reading.home_zone).date_naive()
        }
    };
    let record = Record {
        kind: RecordKind::Activity,
        start: said.start,
        end: said.end,
        day: LocalDay::new(day),
        provider_id: None,
    };
    draft.activity(&record, &said.sport);
    for value in &said.values {
        draft.add(&record, value.metric, Some(value.written), value.unit, value.field)?;
    }
    Ok(draft.finish())
}

/// Notes a value that is there.
fn note(values: &mut Vec<Value>, metric: Metric, written: Option<Written>, unit: &'static str, field: &'static str) {
    values.extend(written.map(|written| Value { metric, written, unit, field }));
}
