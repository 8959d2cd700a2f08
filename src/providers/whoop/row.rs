//! The times of a WHOOP row.

use chrono::FixedOffset;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::providers::draft::Draft;
use crate::providers::fields::Fault;
use crate::providers::files::TableRow;
use crate::providers::time;

pub(super) const START: &str = "Cycle start time";
pub(super) const END: &str = "Cycle end time";
pub(super) const ZONE: &str = "Cycle timezone";

/// A row with the offset in which its times are written.
pub(super) struct Local<'a> {
    pub(super) row: &'a TableRow<'a>,
    offset: FixedOffset,
}

impl<'a> Local<'a> {
    pub(super) fn new(row: &'a TableRow<'a>) -> Result<Self, Fault> {
        let what = "an offset as in UTC-04:00";
        let text = row.cell(ZONE).ok_or_else(|| Fault::missing(ZONE, what))?;
        let offset = time::offset(text).ok_or_else(|| Fault::unreadable(ZONE, what))?;
        Ok(Self { row, offset })
    }

    /// The instant in a column, checked against the clock.
    pub(super) fn instant(&self, draft: &mut Draft<'_>, name: &str) -> Result<Option<Instant>, Fault> {
        let Some(text) = self.row.cell(name) else {
            return Ok(None);
        };
        let instant = time::naive(text)
            .and_then(|local| time::at(local, self.offset))
            .ok_or_else(|| Fault::unreadable(name, "a time as in 2024-12-09 03:40:05"))?;
        draft.see(instant, name)?;
        Ok(Some(instant))
    }

    /// As `instant`, where the row makes no sense without one.
    pub(super) fn required(&self, draft: &mut Draft<'_>, name: &str) -> Result<Instant, Fault> {
        self.instant(draft, name)?.ok_or_else(|| Fault::missing(name, "a time as in 2024-12-09 03:40:05"))
    }

    pub(super) fn day(&self, instant: Instant) -> LocalDay {
        LocalDay::at(instant, self.offset)
    }
}
