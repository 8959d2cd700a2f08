//! What the records of the API have in common: an id, an interval, a clock, a time of change, and a score or none.

use chrono::{DateTime, FixedOffset};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record, check_order};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::time;
use crate::providers::written::Written;

const START: &str = "start";
const END: &str = "end";
const OFFSET: &str = "timezone_offset";
const CHANGED: &str = "updated_at";
const WHEN: &str = "a time as in 2022-04-24T02:25:44.774Z";
const AHEAD: &str = "an offset as in -05:00";

/// Adds the name of the object in which a field stands to what is wrong with it.
pub(super) fn within<T>(name: &str, read: Result<T, Fault>) -> Result<T, Fault> {
    read.map_err(|mut fault| {
        fault.field = format!("{name}.{}", fault.field);
        fault
    })
}

/// When a record was, by the clock it was worn under.
pub(super) struct Interval {
    pub(super) start: Instant,
    pub(super) end: Option<Instant>,
    offset: FixedOffset,
}

impl Interval {
    pub(super) fn of(draft: &mut Draft<'_>, object: Object<'_>) -> Result<Self, Fault> {
        let start = instant(draft, object, START)?.ok_or_else(|| Fault::missing(START, WHEN))?;
        let end = instant(draft, object, END)?;
        check_order(start, end, END)?;
        let text = object.text(OFFSET)?.ok_or_else(|| Fault::missing(OFFSET, AHEAD))?;
        let offset = time::offset(&text).ok_or_else(|| Fault::unreadable(OFFSET, AHEAD))?;
        Ok(Self { start, end, offset })
    }

    /// The same for what has ended as soon as there is a record of it.
    pub(super) fn ended(draft: &mut Draft<'_>, object: Object<'_>) -> Result<(Self, Instant), Fault> {
        let interval = Self::of(draft, object)?;
        let end = interval.end.ok_or_else(|| Fault::missing(END, WHEN))?;
        Ok((interval, end))
    }

    pub(super) fn day(&self, instant: Instant) -> LocalDay {
        LocalDay::at(instant, self.offset)
    }

    /// How long it was, in milliseconds.
    pub(super) fn length(&self, end: Instant) -> Written {
        Written { value: (end - self.start).as_seconds_f64() * 1_000.0, resolution: 1.0 }
    }

    /// A record over this interval. The export cuts its times to whole seconds, and so does this.
    pub(super) fn record(&self, kind: RecordKind, day: LocalDay) -> Record {
        Record { kind, start: self.start, end: self.end.map(time::whole_seconds), day, provider_id: None }
    }
}

/// The instant in a field, checked against the clock.
pub(super) fn instant(draft: &mut Draft<'_>, object: Object<'_>, name: &str) -> Result<Option<Instant>, Fault> {
    let Some(instant) = written_instant(object, name)? else { return Ok(None) };
    draft.see(instant, name)?;
    Ok(Some(instant))
}

fn written_instant(object: Object<'_>, name: &str) -> Result<Option<Instant>, Fault> {
    let Some(text) = object.text(name)? else { return Ok(None) };
    let instant = DateTime::parse_from_rfc3339(&text).map_err(|_| Fault::unreadable(name, WHEN))?;
    Ok(Some(instant.to_utc()))
}

/// When a record was last changed.
pub(super) fn changed(object: Object<'_>) -> Result<Option<Instant>, Fault> {
    written_instant(object, CHANGED)
}

/// Says how new the row's word is, where its records say it.
pub(super) fn as_of(draft: &mut Draft<'_>, changed: Option<Instant>) -> Result<(), Fault> {
    changed.map_or(Ok(()), |changed| draft.changed_at(changed, CHANGED))
}

/// What became of a record's score.
pub(super) enum Scored<'a> {
    /// It is there.
    Score(Object<'a>),
    /// There will never be one; the interval stands.
    Never,
    /// It is not there yet, or its state is not known here.
    NotYet,
}

impl<'a> Scored<'a> {
    pub(super) fn of(object: Object<'a>) -> Result<Self, Fault> {
        Ok(match object.text("score_state")?.as_deref() {
            Some("SCORED") => object.object("score").map_or(Self::NotYet, Self::Score),
            Some("UNSCORABLE") => Self::Never,
            _ => Self::NotYet,
        })
    }
}
