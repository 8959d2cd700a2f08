//! A day's summary: steps, energy, heart rate, stress, body battery, blood oxygen.

use crate::domain::metric::Metric;
use crate::providers::draft::Draft;
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::written::Written;

use super::date::{calendar, day_record, end_at, gmt, measured};

const COLUMNS: [(&str, Metric, &str); 8] = [
    ("totalSteps", Metric::Steps, "steps"),
    ("totalKilocalories", Metric::Energy, "kcal"),
    ("restingHeartRate", Metric::RestingHeartRate, "bpm"),
    ("maxHeartRate", Metric::HeartRateMax, "bpm"),
    ("averageStressLevel", Metric::Stress, "points"),
    ("avgStressLevel", Metric::Stress, "points"),
    ("bodyBatteryHighestValue", Metric::BodyBattery, "points"),
    ("averageSpo2", Metric::Spo2, "%"),
];

/// Where the same moment stands in different documents.
const STARTS: [&str; 2] = ["wellnessStartTimeGmt", "startTimestampGMT"];
const ENDS: [&str; 2] = ["wellnessEndTimeGmt", "endTimestampGMT"];

/// Adds a daily summary, from CSV or JSON.
pub(super) fn add(draft: &mut Draft<'_>, fields: &dyn Fields) -> Result<(), Fault> {
    let date = calendar(fields, "calendarDate")?;
    let (mut start, mut end) = (None, None);
    for (start_name, end_name) in STARTS.into_iter().zip(ENDS) {
        start = start.or(gmt(fields, start_name)?);
        end = end.or(gmt(fields, end_name)?.map(|end| (end, end_name)));
    }
    let mut record = day_record(draft, date, "calendarDate", start, None)?;
    if let Some((end, name)) = end {
        end_at(draft, &mut record, Some(end), name)?;
    }
    if let Some(synced) = gmt(fields, "lastSyncTimestampGMT")? {
        draft.seen_at(synced, "lastSyncTimestampGMT")?;
    }
    for (name, metric, unit) in COLUMNS {
        draft.add(&record, metric, measured(fields.number(name)?), unit, name)?;
    }
    Ok(())
}

/// Adds what a document of a day's stress and body battery holds: the mean as Garmin gives it, the highest reading.
pub(super) fn add_stress(draft: &mut Draft<'_>, document: Object<'_>) -> Result<(), Fault> {
    const READINGS: &str = "stressValuesArray";
    // A day without readings says 0 on average: nothing was measured.
    let silent = fields_list_is_empty(document, READINGS)?;
    if silent {
        let mut without = document.0.clone();
        without.remove("avgStressLevel");
        add(draft, &Object(&without))?;
    } else {
        add(draft, &document)?;
    }
    let Some(highest) = highest_battery(document)? else {
        return Ok(());
    };
    let date = calendar(&document, "calendarDate")?;
    let start = gmt(&document, "startTimestampGMT")?;
    let mut record = day_record(draft, date, "calendarDate", start, None)?;
    record.end = gmt(&document, "endTimestampGMT")?;
    draft.add(&record, Metric::BodyBattery, Some(highest), "points", BATTERY)
}

/// Adds a row of Connect's stress statistics: the level stands under `values`.
pub(super) fn add_stress_statistic(draft: &mut Draft<'_>, document: Object<'_>) -> Result<(), Fault> {
    let date = calendar(&document, "calendarDate")?;
    let record = day_record(draft, date, "calendarDate", None, None)?;
    let Some(values) = document.object("values") else {
        return Ok(());
    };
    let level = measured(values.number("overallStressLevel")?);
    draft.add(&record, Metric::Stress, level, "points", "overallStressLevel")
}

const BATTERY: &str = "bodyBatteryValuesArray";

fn fields_list_is_empty(document: Object<'_>, name: &str) -> Result<bool, Fault> {
    Ok(document.json(name)?.is_some_and(|list| list.as_array().is_some_and(Vec::is_empty)))
}

/// The highest reading of `[time, state, level, version]` rows; where the level stands is told by a descriptor list.
fn highest_battery(document: Object<'_>) -> Result<Option<Written>, Fault> {
    let place = document
        .objects("bodyBatteryValueDescriptorsDTOList")
        .find(|d| d.0.get("bodyBatteryValueDescriptorKey").is_some_and(|key| key == "bodyBatteryLevel"))
        .and_then(|d| d.0.get("bodyBatteryValueDescriptorIndex")?.as_u64())
        .map_or(Some(2), |place| usize::try_from(place).ok());
    let Some(place) = place else {
        return Ok(None);
    };
    let highest = document
        .json(BATTERY)?
        .as_ref()
        .and_then(|rows| rows.as_array())
        .into_iter()
        .flatten()
        .filter_map(|row| row.get(place)?.as_f64())
        .filter(|level| *level >= 0.0)
        .fold(f64::NEG_INFINITY, f64::max);
    Ok(highest.is_finite().then_some(Written { value: highest, resolution: 1.0 }))
}
