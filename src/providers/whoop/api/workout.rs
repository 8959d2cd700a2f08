//! `WorkoutV2`: an activity. Its interval stands before its score is there.

use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{Draft, Record};
use crate::providers::fields::{Fault, Fields, Object};

use super::interval::{Interval, Scored, as_of, changed, within};

const SCORE: [(&str, Metric, &str); 6] = [
    ("strain", Metric::ActivityStrain, "points"),
    ("kilojoule", Metric::ActivityEnergy, "kJ"),
    ("max_heart_rate", Metric::ActivityHeartRateMax, "bpm"),
    ("average_heart_rate", Metric::ActivityHeartRateAverage, "bpm"),
    ("distance_meter", Metric::ActivityDistance, "m"),
    ("altitude_gain_meter", Metric::ActivityElevationGain, "m"),
];

const ZONES: [(&str, Metric); 5] = [
    ("zone_one_milli", Metric::Zone1Minutes),
    ("zone_two_milli", Metric::Zone2Minutes),
    ("zone_three_milli", Metric::Zone3Minutes),
    ("zone_four_milli", Metric::Zone4Minutes),
    ("zone_five_milli", Metric::Zone5Minutes),
];

/// Reads a workout.
pub(super) fn read(draft: &mut Draft<'_>, workout: Object<'_>) -> Result<(), Fault> {
    let (interval, end) = Interval::ended(draft, workout)?;
    let record = interval.record(RecordKind::Activity, interval.day(interval.start));
    draft.of_record(workout.text("id")?.as_deref())?;
    draft.activity(&record, workout.text("sport_name")?.as_deref().unwrap_or("activity"));
    draft.add(&record, Metric::ActivityDuration, Some(interval.length(end)), "ms", "end")?;
    if let Scored::Score(score) = Scored::of(workout)? {
        within("score", scored(draft, &record, score))?;
    }
    as_of(draft, changed(workout)?)
}

fn scored(draft: &mut Draft<'_>, record: &Record, score: Object<'_>) -> Result<(), Fault> {
    for (name, metric, unit) in SCORE {
        draft.add(record, metric, score.number(name)?, unit, name)?;
    }
    let Some(zones) = score.object("zone_durations") else { return Ok(()) };
    for (name, metric) in ZONES {
        within("zone_durations", zones.number(name).and_then(|part| draft.add(record, metric, part, "ms", name)))?;
    }
    Ok(())
}
