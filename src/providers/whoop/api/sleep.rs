//! `Sleep`: a night or a nap, with what was reckoned of it.

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record, check_asleep};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::written::Written;

use super::interval::{Interval, Scored, as_of, changed, within};

const IN_BED: &str = "total_in_bed_time_milli";
const AWAKE: &str = "total_awake_time_milli";
const NO_DATA: &str = "total_no_data_time_milli";

const STAGES: [(&str, Metric); 3] = [
    ("total_light_sleep_time_milli", Metric::SleepLight),
    ("total_slow_wave_sleep_time_milli", Metric::SleepDeep),
    ("total_rem_sleep_time_milli", Metric::SleepRem),
];

const DEBT: &str = "need_from_sleep_debt_milli";
/// The parts of the need; naps take off from it.
const NEED: [&str; 4] = ["baseline_milli", DEBT, "need_from_recent_strain_milli", "need_from_recent_nap_milli"];

const SCORE: [(&str, Metric, &str); 4] = [
    ("sleep_efficiency_percentage", Metric::SleepEfficiency, "%"),
    ("sleep_consistency_percentage", Metric::SleepConsistency, "%"),
    ("sleep_performance_percentage", Metric::SleepPerformance, "%"),
    ("respiratory_rate", Metric::RespiratoryRate, "rpm"),
];

/// A sleep as far as the cycle and the recovery around it need it.
pub(super) struct Slept {
    pub(super) interval: Interval,
    pub(super) woke: Instant,
    pub(super) nap: bool,
}

/// Reads a sleep that stands alone.
pub(super) fn read(draft: &mut Draft<'_>, sleep: Object<'_>) -> Result<(), Fault> {
    add(draft, sleep)?;
    as_of(draft, changed(sleep)?)
}

/// Adds what a sleep says.
pub(super) fn add(draft: &mut Draft<'_>, sleep: Object<'_>) -> Result<Slept, Fault> {
    let (interval, woke) = Interval::ended(draft, sleep)?;
    let nap = matches!(sleep.json("nap")?, Some(serde_json::Value::Bool(true)));
    let kind = if nap { RecordKind::Nap } else { RecordKind::Sleep };
    let record = interval.record(kind, interval.day(woke));
    draft.of_record(sleep.text("id")?.as_deref())?;
    match Scored::of(sleep)? {
        Scored::Score(score) => within("score", scored(draft, &record, score))?,
        Scored::Never if !nap => draft.add(&record, Metric::SleepInBed, Some(interval.length(woke)), "ms", "end")?,
        Scored::Never | Scored::NotYet => {}
    }
    Ok(Slept { interval, woke, nap })
}

fn scored(draft: &mut Draft<'_>, record: &Record, score: Object<'_>) -> Result<(), Fault> {
    let asleep = match score.object("stage_summary") {
        Some(stages) => within("stage_summary", staged(draft, record, stages))?,
        None => None,
    };
    if record.kind == RecordKind::Nap {
        return draft.add(record, Metric::NapDuration, asleep, "ms", IN_BED);
    }
    draft.add(record, Metric::SleepDuration, asleep, "ms", IN_BED)?;
    if let Some(needed) = score.object("sleep_needed") {
        within("sleep_needed", need(draft, record, needed))?;
    }
    for (name, metric, unit) in SCORE {
        draft.add(record, metric, score.number(name)?, unit, name)?;
    }
    Ok(())
}

/// Adds the stages, and tells the time asleep: what is left of the time in bed without the time awake and without the
/// time that was not measured. An edited night whose stages last longer than its time in bed is refused.
fn staged(draft: &mut Draft<'_>, record: &Record, stages: Object<'_>) -> Result<Option<Written>, Fault> {
    let (in_bed, awake) = (stages.number(IN_BED)?, stages.number(AWAKE)?);
    let asleep = in_bed.zip(awake).map(|(in_bed, awake)| in_bed.minus(awake));
    let asleep = match stages.number(NO_DATA)? {
        Some(unmeasured) => asleep.map(|asleep| asleep.minus(unmeasured)),
        None => asleep,
    };
    if asleep.is_some_and(|asleep| asleep.value < 0.0) {
        return Err(Fault::new(IN_BED, "is shorter than the time awake and not measured in it"));
    }
    let mut sum: Option<Written> = None;
    for (name, metric) in STAGES {
        let part = stages.number(name)?;
        if record.kind == RecordKind::Sleep {
            draft.add(record, metric, part, "ms", name)?;
        }
        sum = part.map(|part| sum.map_or(part, |sum| sum.plus(part))).or(sum);
    }
    check_asleep(sum, in_bed, 60_000.0, IN_BED).map_err(|_| Fault::new(IN_BED, "is shorter than the stages in it"))?;
    if record.kind == RecordKind::Sleep {
        draft.add(record, Metric::SleepInBed, in_bed, "ms", IN_BED)?;
        draft.add(record, Metric::SleepAwake, awake, "ms", AWAKE)?;
    }
    Ok(asleep)
}

fn need(draft: &mut Draft<'_>, record: &Record, needed: Object<'_>) -> Result<(), Fault> {
    let mut whole: Option<Written> = needed.number(NEED[0])?;
    for name in &NEED[1..] {
        whole = whole.zip(needed.number(name)?).map(|(sum, part)| sum.plus(part));
    }
    draft.add(record, Metric::SleepNeed, whole, "ms", NEED[0])?;
    draft.add(record, Metric::SleepDebt, needed.number(DEBT)?, "ms", DEBT)
}
