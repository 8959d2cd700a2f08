//! Garmin's calendar dates and times.

use chrono::{NaiveDate, TimeDelta};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record, check_order};
use crate::providers::fields::{Fault, Fields};
use crate::providers::time;
use crate::providers::written::Written;

const DATE: &str = "a date as in 2026-04-14";
const TIME: &str = "a time as in 2026-04-14T06:09:06.0";

/// The calendar date in a field: the local day, as Garmin tells it.
pub(super) fn calendar(fields: &dyn Fields, name: &str) -> Result<NaiveDate, Fault> {
    let text = fields.text(name)?.ok_or_else(|| Fault::missing(name, DATE))?;
    time::date(&text).ok_or_else(|| Fault::unreadable(name, DATE))
}

/// A time in GMT: text without zone, or milliseconds since 1970.
pub(super) fn gmt(fields: &dyn Fields, name: &str) -> Result<Option<Instant>, Fault> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let instant = match text.parse::<i64>() {
        Ok(millis) => time::from_millis(millis),
        Err(_) => time::naive(&text).map(|naive| naive.and_utc()),
    };
    instant.map(Some).ok_or_else(|| Fault::unreadable(name, TIME))
}

/// How far local time is ahead of GMT, told from one moment written both ways.
pub(super) fn offset(fields: &dyn Fields, gmt_name: &str, local_name: &str) -> Result<Option<TimeDelta>, Fault> {
    let (Some(there), Some(here)) = (gmt(fields, gmt_name)?, gmt(fields, local_name)?) else {
        return Ok(None);
    };
    let seconds = i32::try_from((here - there).num_seconds()).ok();
    Ok(seconds.and_then(time::plausible_offset).map(|_| here - there))
}

/// The record of a calendar day. It starts when the summary says, else at midnight at a known offset, else at
/// midnight in the home zone.
pub(super) fn day_record(
    draft: &mut Draft<'_>,
    date: NaiveDate,
    field: &str,
    start: Option<Instant>,
    offset: Option<TimeDelta>,
) -> Result<Record, Fault> {
    let start = match (start, offset) {
        (Some(start), _) => start,
        (None, Some(offset)) => date.and_time(chrono::NaiveTime::MIN).and_utc() - offset,
        (None, None) => {
            draft.assume_zone();
            time::midnight(date, draft.reading.home_zone).ok_or_else(|| Fault::unreadable(field, DATE))?
        }
    };
    draft.see(start, field)?;
    Ok(Record { kind: RecordKind::Day, start, end: None, day: LocalDay::new(date), provider_id: None })
}

/// Sets the end of a day's record where the summary gives one: the age of a day that still runs.
pub(super) fn end_at(
    draft: &mut Draft<'_>,
    record: &mut Record,
    end: Option<Instant>,
    field: &str,
) -> Result<(), Fault> {
    check_order(record.start, end, field)?;
    if let Some(end) = end {
        // A summary of today may name the coming midnight: that is not yet seen.
        if end <= draft.reading.now {
            draft.see(end, field)?;
        } else if end - record.start > TimeDelta::hours(49) {
            return Err(Fault::new(field, "lies more than two days after the start of its day"));
        }
    }
    record.end = end;
    Ok(())
}

/// Drops the codes below zero by which Garmin says that nothing was measured.
pub(super) fn measured(written: Option<Written>) -> Option<Written> {
    written.filter(|w| !matches!(w.value, -1.0 | -2.0))
}
