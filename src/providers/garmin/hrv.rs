//! A night's heart rate variability, which Garmin gives as RMSSD and files under the day of waking.

use crate::domain::metric::Metric;
use crate::providers::draft::Draft;
use crate::providers::fields::{Fault, Fields, Object};

use super::date::{calendar, day_record, gmt, offset};

/// What the fields of a summary are called where they stand.
pub(super) struct Names {
    pub(super) date: &'static str,
    pub(super) average: &'static str,
    pub(super) created: &'static str,
}

/// In a JSON object of their own.
pub(super) const PLAIN: Names = Names { date: "calendarDate", average: "lastNightAvg", created: "createTimeStamp" };

/// Flattened into columns.
pub(super) const FLAT: Names = Names {
    date: "hrvSummary_calendarDate",
    average: "hrvSummary_lastNightAvg",
    created: "hrvSummary_createTimeStamp",
};

/// Adds a night; `around` holds the times of the readings, where the summary stands inside something.
pub(super) fn add(
    draft: &mut Draft<'_>,
    fields: &dyn Fields,
    names: &Names,
    around: Option<&dyn Fields>,
) -> Result<(), Fault> {
    let date = calendar(fields, names.date)?;
    let offset = match around {
        Some(around) => offset(around, "startTimestampGMT", "startTimestampLocal")?,
        None => None,
    };
    let record = day_record(draft, date, names.date, None, offset)?;
    if let Some(created) = gmt(fields, names.created)? {
        draft.changed_at(created, names.created)?;
    }
    let average = fields.number(names.average)?;
    draft.add(&record, Metric::HrvRmssd, average, "ms", names.average)
}

/// Adds the document of one night, with its readings.
pub(super) fn add_document(draft: &mut Draft<'_>, document: Object<'_>) -> Result<(), Fault> {
    match document.object("hrvSummary") {
        Some(summary) => add(draft, &summary, &PLAIN, Some(&document)),
        // A night without HRV has no summary.
        None => Ok(()),
    }
}
