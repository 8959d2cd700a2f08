//! Weighings: one object each, grams, with the instant.

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record};
use crate::providers::fields::{Fault, Fields, Object};

use super::date::{calendar, gmt};

/// Adds one weighing. `samplePk` is Garmin's id of it.
pub(super) fn add(draft: &mut Draft<'_>, weighing: Object<'_>) -> Result<(), Fault> {
    let Some(start) = gmt(&weighing, "timestampGMT")? else {
        return Ok(());
    };
    draft.see(start, "timestampGMT")?;
    let record = Record {
        kind: RecordKind::Weighing,
        start,
        end: None,
        day: LocalDay::new(calendar(&weighing, "calendarDate")?),
        provider_id: weighing.text("samplePk")?.map(std::borrow::Cow::into_owned),
    };
    let weight = weighing.number("weight")?;
    draft.add(&record, Metric::Weight, weight, "g", "weight")
}

/// Adds a day of weighings.
pub(super) fn add_day(draft: &mut Draft<'_>, day: Object<'_>) -> Result<(), Fault> {
    for weighing in day.objects("allWeightMetrics") {
        add(draft, weighing)?;
    }
    Ok(())
}
