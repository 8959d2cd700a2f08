//! `UserBodyMeasurement`, of which the weight is measured; the height and the highest heart rate are a profile's.

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record};
use crate::providers::fields::{Fault, Fields, Object};

use super::interval::instant;

/// Reads a measurement. The answer says neither when it was taken nor where: the document adds the instant, and the home
/// zone tells the day.
pub(super) fn read(draft: &mut Draft<'_>, body: Object<'_>) -> Result<(), Fault> {
    const AT: &str = "measured_at";
    const WEIGHT: &str = "weight_kilogram";
    let start = instant(draft, body, AT)?.ok_or_else(|| Fault::missing(AT, "when it was asked for"))?;
    draft.assume_zone();
    let day = LocalDay::new(start.with_timezone(&draft.reading.home_zone).date_naive());
    let record = Record { kind: RecordKind::Weighing, start, end: None, day, provider_id: None };
    draft.add(&record, Metric::Weight, body.number(WEIGHT)?, "kg", WEIGHT)
}
