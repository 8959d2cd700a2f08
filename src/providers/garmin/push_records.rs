//! The summaries of the Health API, type by type.

use chrono::{DateTime, NaiveDate, TimeDelta};

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record, check_asleep};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::time;
use crate::providers::written::Written;

use super::date::{calendar, measured};

const START: &str = "startTimeInSeconds";
const OFFSET: &str = "startTimeOffsetInSeconds";
const DURATION: &str = "durationInSeconds";

const DAILY: [(&str, Metric, &str); 7] = [
    ("steps", Metric::Steps, "steps"),
    ("restingHeartRateInBeatsPerMinute", Metric::RestingHeartRate, "bpm"),
    ("averageHeartRateInBeatsPerMinute", Metric::HeartRateAverage, "bpm"),
    ("maxHeartRateInBeatsPerMinute", Metric::HeartRateMax, "bpm"),
    ("averageStressLevel", Metric::Stress, "points"),
    // The documented name and the one that is sent differ by a letter.
    ("averageStresslevel", Metric::Stress, "points"),
    ("bodyBatteryHighestValue", Metric::BodyBattery, "points"),
];

const SLEEP: [(&str, Metric); 4] = [
    ("deepSleepDurationInSeconds", Metric::SleepDeep),
    ("lightSleepDurationInSeconds", Metric::SleepLight),
    ("remSleepInSeconds", Metric::SleepRem),
    ("awakeDurationInSeconds", Metric::SleepAwake),
];

const ACTIVITY: [(&str, Metric, &str); 6] = [
    (DURATION, Metric::ActivityDuration, "s"),
    ("distanceInMeters", Metric::ActivityDistance, "m"),
    ("activeKilocalories", Metric::ActivityEnergy, "kcal"),
    ("averageHeartRateInBeatsPerMinute", Metric::ActivityHeartRateAverage, "bpm"),
    ("maxHeartRateInBeatsPerMinute", Metric::ActivityHeartRateMax, "bpm"),
    ("totalElevationGainInMeters", Metric::ActivityElevationGain, "m"),
];

/// How final a night is, from what the device reckons at once to what was looked at last.
const RUNGS: [&str; 5] = ["DEVICE", "AUTO_TENTATIVE", "ENHANCED_TENTATIVE", "AUTO_FINAL", "ENHANCED_FINAL"];

/// Says how much the word counts. A summary is sent again whenever more of it is known, and says neither when it was changed
/// nor which of two comes later: a night's rung tells, else how long the summary reaches, and at last when it came in. A rung
/// that is not known, such as that of a night which was edited by hand, tells nothing.
pub(super) fn weigh(draft: &mut Draft<'_>, list: Option<&str>, summary: Object<'_>) -> Result<(), Fault> {
    draft.came_in_now();
    let final_as = match list {
        Some("sleeps") => {
            let rung = summary.text("validation")?;
            let place = rung.and_then(|rung| RUNGS.iter().position(|known| **known == *rung));
            place.and_then(|place| u32::try_from(place + 1).ok())
        }
        Some("dailies" | "stressDetails" | "hrv" | "skinTemp") => {
            whole(summary, DURATION)?.and_then(|seconds| u32::try_from(seconds).ok())
        }
        _ => None,
    };
    draft.is_final(final_as.unwrap_or_default());
    Ok(())
}

/// A day's summary. Active and resting energy add up to the day's.
pub(super) fn daily(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let record = day(draft, summary)?;
    for (name, metric, unit) in DAILY {
        draft.add(&record, metric, measured(summary.number(name)?), unit, name)?;
    }
    let active = summary.number("activeKilocalories")?;
    let resting = summary.number("bmrKilocalories")?;
    let energy = active.zip(resting).map(|(a, b)| a.plus(b));
    draft.add(&record, Metric::Energy, energy, "kcal", "bmrKilocalories")
}

/// A night: the stages add up to the time asleep, the duration is that of the monitoring.
pub(super) fn sleep(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let mut record = span(draft, summary, RecordKind::Sleep)?;
    record.day = match (summary.text("calendarDate")?, record.end) {
        (Some(_), _) => LocalDay::new(calendar(&summary, "calendarDate")?),
        (None, Some(end)) => LocalDay::at(end, offset(summary, OFFSET)?),
        (None, None) => record.day,
    };
    let mut asleep: Option<Written> = None;
    for (name, metric) in SLEEP {
        let part = summary.number(name)?;
        draft.add(&record, metric, part, "s", name)?;
        if let Some(part) = part.filter(|_| metric != Metric::SleepAwake) {
            asleep = Some(asleep.map_or(part, |total| total.plus(part)));
        }
    }
    check_asleep(asleep, summary.number(DURATION)?, 60.0, DURATION)?;
    draft.add(&record, Metric::SleepDuration, asleep, "s", DURATION)?;
    if let Some(overall) = summary.object("overallSleepScore") {
        let score = overall.number("value")?;
        let midnight = day_of(draft, summary, record.day.date())?;
        draft.add(&midnight, Metric::SleepScore, score, "points", "overallSleepScore")?;
    }
    for nap in summary.objects("naps") {
        let (start, local) = start(draft, nap, "napStartTimeInSeconds", "napOffsetInSeconds")?;
        let slept = nap.number("napDurationInSeconds")?;
        let nap = Record { kind: RecordKind::Nap, start, end: None, day: local, provider_id: None };
        draft.add(&nap, Metric::NapDuration, slept, "s", "napDurationInSeconds")?;
    }
    Ok(())
}

/// A night's heart rate variability, filed under its day.
pub(super) fn hrv(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let night = span(draft, summary, RecordKind::Recovery)?;
    let date = match summary.text("calendarDate")? {
        Some(_) => calendar(&summary, "calendarDate")?,
        None => LocalDay::at(night.end.unwrap_or(night.start), offset(summary, OFFSET)?).date(),
    };
    let record = day_of(draft, summary, date)?;
    let average = summary.number("lastNightAvg")?;
    draft.add(&record, Metric::HrvRmssd, average, "ms", "lastNightAvg")
}

/// A day's readings of body battery; its stress stands in the daily summary.
pub(super) fn stress(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    const READINGS: &str = "timeOffsetBodyBatteryValues";
    let record = day(draft, summary)?;
    let highest = summary.object(READINGS).and_then(|readings| {
        let levels = readings.0.values().filter_map(serde_json::Value::as_f64);
        levels.filter(|level| *level >= 0.0).reduce(f64::max)
    });
    let written = highest.map(|value| Written { value, resolution: 1.0 });
    draft.add(&record, Metric::BodyBattery, written, "points", READINGS)
}

/// A weighing.
pub(super) fn weighing(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let (start, day) = start(draft, summary, "measurementTimeInSeconds", "measurementTimeOffsetInSeconds")?;
    let record = Record { kind: RecordKind::Weighing, start, end: None, day, provider_id: None };
    let weight = summary.number("weightInGrams")?;
    draft.add(&record, Metric::Weight, weight, "g", "weightInGrams")
}

/// A night's deviation of skin temperature.
pub(super) fn skin_temperature(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let record = day(draft, summary)?;
    let deviation = summary.number("avgDeviationCelsius")?;
    draft.add(&record, Metric::SkinTemperatureDeviation, deviation, "C", "avgDeviationCelsius")
}

/// A workout. Its name and its places are not read.
pub(super) fn activity(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<(), Fault> {
    let mut record = span(draft, summary, RecordKind::Activity)?;
    record.provider_id = summary.text("activityId")?.map(std::borrow::Cow::into_owned);
    let sport = summary.text("activityType")?;
    draft.activity(&record, sport.as_deref().unwrap_or("activity"));
    for (name, metric, unit) in ACTIVITY {
        draft.add(&record, metric, summary.number(name)?, unit, name)?;
    }
    Ok(())
}

/// The interval of a summary; its day is that of its start.
pub(super) fn span(draft: &mut Draft<'_>, summary: Object<'_>, kind: RecordKind) -> Result<Record, Fault> {
    let (start, day) = start(draft, summary, START, OFFSET)?;
    let end = match whole(summary, DURATION)? {
        Some(duration) if (0..=1_209_600).contains(&duration) => Some(start + TimeDelta::seconds(duration)),
        Some(_) => {
            return Err(Fault::new(DURATION, "outside the plausible range of 0 to 14 days"));
        }
        None => None,
    };
    Ok(Record { kind, start, end, day, provider_id: None })
}

/// A day's record, which starts where the summary says; the calendar date tells the day, where it is given.
fn day(draft: &mut Draft<'_>, summary: Object<'_>) -> Result<Record, Fault> {
    let mut record = span(draft, summary, RecordKind::Day)?;
    if summary.text("calendarDate")?.is_some() {
        record.day = LocalDay::new(calendar(&summary, "calendarDate")?);
    }
    if let Some(end) = record.end.filter(|end| *end <= draft.reading.now) {
        draft.see(end, DURATION)?;
    }
    Ok(record)
}

/// The record of a date, from the midnight of the clock that the summary shows.
fn day_of(draft: &mut Draft<'_>, summary: Object<'_>, date: NaiveDate) -> Result<Record, Fault> {
    let ahead = TimeDelta::seconds(i64::from(offset(summary, OFFSET)?.local_minus_utc()));
    super::date::day_record(draft, date, "calendarDate", None, Some(ahead))
}

fn start(
    draft: &mut Draft<'_>,
    summary: Object<'_>,
    name: &str,
    offset_name: &str,
) -> Result<(crate::domain::Instant, LocalDay), Fault> {
    let what = "a time in seconds since 1970";
    let seconds = whole(summary, name)?.ok_or_else(|| Fault::missing(name, what))?;
    let instant = DateTime::from_timestamp(seconds, 0).ok_or_else(|| Fault::unreadable(name, what))?;
    draft.see(instant, name)?;
    let offset = offset(summary, offset_name)?;
    Ok((instant, LocalDay::at(instant, offset)))
}

fn offset(summary: Object<'_>, name: &str) -> Result<chrono::FixedOffset, Fault> {
    let seconds = whole(summary, name)?.unwrap_or(0);
    i32::try_from(seconds)
        .ok()
        .and_then(time::plausible_offset)
        .ok_or_else(|| Fault::unreadable(name, "an offset in seconds"))
}

fn whole(summary: Object<'_>, name: &str) -> Result<Option<i64>, Fault> {
    let Some(text) = summary.text(name)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| Fault::unreadable(name, "a whole number of seconds"))
}
