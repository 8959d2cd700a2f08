//! A cycle with the sleep it began with and the recovery that was reckoned of that sleep.

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::Draft;
use crate::providers::fields::{Fault, Fields, Object};

use super::interval::{Interval, Scored, as_of, changed, within};
use super::sleep::{self, Slept};

const CYCLE: [(&str, Metric, &str); 4] = [
    ("strain", Metric::Strain, "points"),
    ("kilojoule", Metric::Energy, "kJ"),
    ("max_heart_rate", Metric::HeartRateMax, "bpm"),
    ("average_heart_rate", Metric::HeartRateAverage, "bpm"),
];

const RECOVERY: [(&str, Metric, &str); 5] = [
    ("recovery_score", Metric::RecoveryScore, "%"),
    ("resting_heart_rate", Metric::RestingHeartRate, "bpm"),
    ("hrv_rmssd_milli", Metric::HrvRmssd, "ms"),
    ("skin_temp_celsius", Metric::SkinTemperature, "C"),
    ("spo2_percentage", Metric::Spo2, "%"),
];

/// Reads an entry. All of it is one word, as new as the newest of its parts: where a cycle is filed, and when a recovery
/// was, is told by the sleep.
pub(super) fn read(draft: &mut Draft<'_>, entry: Object<'_>) -> Result<(), Fault> {
    let cycle = entry.object("cycle").ok_or_else(|| Fault::missing("cycle", "a cycle"))?;
    let (sleep, recovery) = (entry.object("sleep"), entry.object("recovery"));
    let slept = match sleep {
        Some(sleep) => Some(within("sleep", sleep::add(draft, sleep))?),
        None => None,
    };
    within("cycle", add(draft, cycle, slept.as_ref()))?;
    let mut newest = within("cycle", changed(cycle))?;
    if let Some(sleep) = sleep {
        newest = newest.max(within("sleep", changed(sleep))?);
    }
    if let Some(recovery) = recovery {
        let of = slept.as_ref().zip(sleep);
        within("recovery", recovered(draft, recovery, of))?;
        newest = newest.max(within("recovery", changed(recovery))?);
    }
    as_of(draft, newest)
}

fn add(draft: &mut Draft<'_>, cycle: Object<'_>, slept: Option<&Slept>) -> Result<(), Fault> {
    let interval = Interval::of(draft, cycle)?;
    let day = match slept {
        Some(slept) if !slept.nap => slept.interval.day(slept.woke),
        _ => interval.day(middle(&interval, draft.reading.now)),
    };
    let record = interval.record(RecordKind::Cycle, day);
    draft.of_record(cycle.text("id")?.as_deref())?;
    if let Scored::Score(score) = Scored::of(cycle)? {
        for (name, metric, unit) in CYCLE {
            within("score", score.number(name).and_then(|value| draft.add(&record, metric, value, unit, name)))?;
        }
    }
    Ok(())
}

/// The middle of a cycle that began with no sleep that is known. One that is still open lasts until now, for a day at most:
/// an answer that is read again years later says nothing about the years between.
fn middle(interval: &Interval, now: Instant) -> Instant {
    let latest = interval.start + TimeDelta::days(1);
    let end = interval.end.unwrap_or_else(|| now.min(latest));
    interval.start + (end - interval.start).max(TimeDelta::zero()) / 2
}

fn recovered(draft: &mut Draft<'_>, recovery: Object<'_>, sleep: Option<(&Slept, Object<'_>)>) -> Result<(), Fault> {
    const SLEEP: &str = "sleep_id";
    let Scored::Score(score) = Scored::of(recovery)? else { return Ok(()) };
    let named = recovery.text(SLEEP)?.ok_or_else(|| Fault::missing(SLEEP, "the id of a sleep"))?;
    let apart = || Fault::new(SLEEP, "names a sleep that does not stand beside it; a recovery has no time of its own");
    let (slept, sleep) = sleep.ok_or_else(apart)?;
    if sleep.text("id")?.as_deref() != Some(&*named) {
        return Err(apart());
    }
    let record = slept.interval.record(RecordKind::Recovery, slept.interval.day(slept.woke));
    // It has no id of its own: it is found, and goes, by its sleep's.
    draft.of_record(Some(&named))?;
    for (name, metric, unit) in RECOVERY {
        within("score", score.number(name).and_then(|value| draft.add(&record, metric, value, unit, name)))?;
    }
    Ok(())
}
