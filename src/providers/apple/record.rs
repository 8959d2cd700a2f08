//! Records: one value each, or a piece of a day or a night.

use chrono::{Days, NaiveDate, Timelike};

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Reading, Record, Taken, check_order};
use crate::providers::fields::Fault;
use crate::providers::files::Element;
use crate::providers::written::Written;

use super::{Given, Kept, Moment, draft, unit};

/// From this hour on what is measured in sleep belongs to the night that ends the next day.
const EVENING: u32 = 18;

/// A quantity that stands on its own.
struct Quantity {
    metric: Metric,
    kind: RecordKind,
    /// The unit the file must write, and the registry's word for it; `None` takes what the file writes.
    unit: Option<(&'static str, &'static str)>,
    /// Measured in sleep alone.
    in_sleep: bool,
}

fn quantity(name: &str) -> Option<Quantity> {
    let sample = |metric, written, unit| Quantity {
        metric,
        kind: RecordKind::Sample,
        unit: Some((written, unit)),
        in_sleep: false,
    };
    match name {
        // SDNN over about a minute: never the RMSSD of other devices.
        "HKQuantityTypeIdentifierHeartRateVariabilitySDNN" => Some(sample(Metric::HrvSdnn, "ms", "ms")),
        // Written as percent, of which 1 is the whole.
        "HKQuantityTypeIdentifierOxygenSaturation" => Some(sample(Metric::Spo2, "%", "fraction")),
        "HKQuantityTypeIdentifierVO2Max" => Some(sample(Metric::Vo2Max, "mL/min·kg", "mL/min·kg")),
        "HKQuantityTypeIdentifierRespiratoryRate" => {
            Some(Quantity { in_sleep: true, ..sample(Metric::RespiratoryRate, "count/min", "breaths/min") })
        }
        "HKQuantityTypeIdentifierBodyMass" => {
            Some(Quantity { metric: Metric::Weight, kind: RecordKind::Weighing, unit: None, in_sleep: false })
        }
        _ => None,
    }
}

/// Reads a record.
pub(super) fn read(element: Element<'_>, kept: &mut Kept, reading: &Reading, row: u32) -> Given {
    let Some(name) = element.attribute("type") else {
        return Given::Row(Err(Fault::missing("type", "what was measured")));
    };
    let kept = match name.as_ref() {
        "HKQuantityTypeIdentifierStepCount" => steps(element, kept, reading, row),
        "HKQuantityTypeIdentifierRestingHeartRate" => resting(element, kept, reading, row),
        "HKCategoryTypeIdentifierSleepAnalysis" => {
            kept.sources.number(element).and_then(|source| kept.segments.take(element, source, reading, row))
        }
        name => {
            return match quantity(name) {
                Some(quantity) => Given::Row(one(element, &quantity, reading, row)),
                None => Given::Nothing,
            };
        }
    };
    match kept {
        Ok(()) => Given::Nothing,
        Err(fault) => Given::Row(Err(fault)),
    }
}

/// When a record began and ended; both lie in time.
pub(super) fn interval(element: Element<'_>, reading: &Reading) -> Result<(Moment, Moment), Fault> {
    let start = Moment::of(element, "startDate")?;
    let end = Moment::of(element, "endDate")?;
    reading.check(start.at, "startDate")?;
    reading.check(end.at, "endDate")?;
    check_order(start.at, Some(end.at), "endDate")?;
    Ok((start, end))
}

fn number(element: Element<'_>) -> Result<Written, Fault> {
    let text = element.attribute("value").ok_or_else(|| Fault::missing("value", "a number"))?;
    Written::parse(&text).ok_or_else(|| Fault::unreadable("value", "a number"))
}

fn in_unit(element: Element<'_>, expected: &str) -> Result<(), Fault> {
    let written = element.attribute("unit").unwrap_or_default();
    if written == expected {
        return Ok(());
    }
    Err(Fault::new("unit", format!("is not {expected}, in which Apple Health writes this")))
}

fn one(element: Element<'_>, quantity: &Quantity, reading: &Reading, row: u32) -> Result<Taken, Fault> {
    let (start, end) = interval(element, reading)?;
    let written = number(element)?;
    let mut draft = draft(reading, row);
    draft.see(start.at, "startDate")?;
    draft.see(end.at, "endDate")?;
    let local = start.at.with_timezone(&start.offset);
    let evening = quantity.in_sleep && local.hour() >= EVENING;
    let day = if evening { next(start.date()) } else { start.date() };
    let record =
        Record { kind: quantity.kind, start: start.at, end: Some(end.at), day: LocalDay::new(day), provider_id: None };
    if let Some((expected, registry)) = quantity.unit {
        in_unit(element, expected)?;
        draft.add(&record, quantity.metric, Some(written), registry, "value")?;
    } else {
        let unit_written = element.attribute("unit").ok_or_else(|| Fault::missing("unit", "the unit of the value"))?;
        draft.add(&record, quantity.metric, Some(written), unit(&unit_written), "value")?;
    }
    Ok(draft.finish())
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

fn steps(element: Element<'_>, kept: &mut Kept, reading: &Reading, row: u32) -> Result<(), Fault> {
    let (start, end) = interval(element, reading)?;
    in_unit(element, "count")?;
    let written = number(element)?;
    Metric::Steps.accept(written.value, "count").map_err(|refusal| Fault::new("value", refusal.to_string()))?;
    let source = kept.sources.number(element)?;
    kept.days.add_steps(start.date(), source, written, end.at, row);
    Ok(())
}

fn resting(element: Element<'_>, kept: &mut Kept, reading: &Reading, row: u32) -> Result<(), Fault> {
    let (start, end) = interval(element, reading)?;
    in_unit(element, "count/min")?;
    let written = number(element)?;
    let refused = |refusal: crate::domain::metric::Refusal| Fault::new("value", refusal.to_string());
    Metric::RestingHeartRate.accept(written.value, "bpm").map_err(refused)?;
    kept.days.add_resting(start.date(), written, end.at, row);
    Ok(())
}
