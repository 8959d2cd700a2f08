//! One activity with what its record says, and of what is missing, why.

use serde::Serialize;
use utoipa::ToSchema;

use super::activity::{Activity, rounded};
use super::word;
use crate::domain::activity::drift::Drift;
use crate::domain::activity::effort::Effort;
use crate::domain::activity::load::Load;
use crate::domain::activity::split::Split;
use crate::domain::activity::zone::ZoneTimes;
use crate::domain::activity::{Absent, Reserve};
use crate::engine::activities::ActivityTold;

/// A figure that is missing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissingFigure {
    /// Which, as in `zones`.
    pub what: &'static str,
    /// Why, and what it needs.
    pub reason: String,
}

/// A kilometre, or what is left at the end if it is over 100 m.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivitySplit {
    /// Its number, from 1.
    pub number: usize,
    /// Metres.
    pub distance_m: f64,
    /// Seconds after the start when it began.
    pub start_s: f64,
    /// Seconds by the clock.
    pub elapsed_s: f64,
    /// Seconds in motion.
    pub moving_s: f64,
    /// Seconds in motion a kilometre.
    pub pace_s_km: Option<f64>,
    /// Mean heart rate, where there is one for half of the time or more.
    pub heart_rate_bpm: Option<f64>,
    /// How much higher it ended than it began.
    pub elevation_m: Option<f64>,
    /// The pace on the flat that would have cost as much; on foot only.
    pub grade_adjusted_s_km: Option<f64>,
}

impl ActivitySplit {
    fn of((number, split): (usize, &Split)) -> Self {
        Self {
            number: number + 1,
            distance_m: rounded(split.distance_m, 1),
            start_s: rounded(split.start_s, 1),
            elapsed_s: rounded(split.elapsed_s, 1),
            moving_s: rounded(split.moving_s, 1),
            pace_s_km: split.pace_s_km.map(|pace| rounded(pace, 1)),
            heart_rate_bpm: split.heart_rate.map(|rate| rounded(rate, 0)),
            elevation_m: split.elevation_m.map(|metres| rounded(metres, 1)),
            grade_adjusted_s_km: split.grade_adjusted_s_km.map(|pace| rounded(pace, 1)),
        }
    }
}

/// The fastest stretch of a distance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BestEffort {
    /// Metres.
    pub distance_m: f64,
    /// Seconds by the clock.
    pub time_s: f64,
    /// Seconds after the start when it began.
    pub start_s: f64,
}

impl BestEffort {
    fn of(effort: &Effort) -> Self {
        let Effort { distance_m, time_s, start_s } = *effort;
        Self { distance_m, time_s: rounded(time_s, 1), start_s: rounded(start_s, 1) }
    }
}

/// Time in one of the person's zones.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityZone {
    /// From 1 to 5.
    pub zone: usize,
    /// Where it begins, in beats a minute.
    pub from_bpm: f64,
    /// Where the next begins; of the fifth, the highest heart rate.
    pub to_bpm: f64,
    /// Seconds in it.
    pub seconds: f64,
}

/// Time in the person's own zones.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityZones {
    /// The usual heart rate at rest they are made of: the median of 28 days.
    pub rest_bpm: f64,
    /// The highest heart rate they are made of: measured in 180 days.
    pub highest_bpm: f64,
    /// The zones.
    pub zones: Vec<ActivityZone>,
    /// Seconds below the first.
    pub below_s: f64,
    /// Seconds recorded without a heart rate.
    pub unknown_s: f64,
}

impl ActivityZones {
    fn of(reserve: Reserve, times: &ZoneTimes) -> Self {
        let borders = reserve.borders();
        let zone = |(index, seconds): (usize, &f64)| ActivityZone {
            zone: index + 1,
            from_bpm: rounded(borders[index], 1),
            to_bpm: rounded(borders[index + 1], 1),
            seconds: rounded(*seconds, 1),
        };
        Self {
            rest_bpm: reserve.rest(),
            highest_bpm: reserve.highest(),
            zones: times.zones_s.iter().enumerate().map(zone).collect(),
            below_s: rounded(times.below_s, 1),
            unknown_s: rounded(times.unknown_s, 1),
        }
    }
}

/// How heart and work drew apart, from ten minutes after the start to five before the end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityDrift {
    /// What the heart rate is held against: `grade_adjusted_speed`, `speed`, or of a ride `power`.
    pub work: String,
    /// Seconds looked at.
    pub seconds: f64,
    /// Mean heart rate of the first half.
    pub first_bpm: f64,
    /// Mean heart rate of the second half.
    pub second_bpm: f64,
    /// The second less the first.
    pub drift_bpm: f64,
    /// Percent; positive when the heart rate rose relative to the work.
    pub decoupling_percent: f64,
}

impl From<Drift> for ActivityDrift {
    fn from(drift: Drift) -> Self {
        let [first, second] = drift.heart_rate;
        Self {
            work: word(&drift.work),
            seconds: rounded(drift.seconds, 0),
            first_bpm: rounded(first, 1),
            second_bpm: rounded(second, 1),
            drift_bpm: rounded(drift.drift_bpm, 1),
            decoupling_percent: rounded(drift.decoupling_percent, 1),
        }
    }
}

/// Banister's training impulse with both published weights.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityLoad {
    /// With the weight measured on men.
    pub trimp_of_men: f64,
    /// With the weight measured on women.
    pub trimp_of_women: f64,
    /// Seconds with a heart rate that it rests on.
    pub measured_s: f64,
}

impl From<Load> for ActivityLoad {
    fn from(load: Load) -> Self {
        Self {
            trimp_of_men: rounded(load.of_men, 1),
            trimp_of_women: rounded(load.of_women, 1),
            measured_s: rounded(load.measured_s, 0),
        }
    }
}

/// One activity with what its record says. What is missing is `null` and named in `missing`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityDetail {
    /// The activity.
    pub activity: Activity,
    /// `kept`, `none` where the files it came with hold none, or `unreadable`.
    pub record: &'static str,
    /// Seconds from the first to the last sample.
    pub elapsed_s: Option<f64>,
    /// Seconds in motion.
    pub moving_s: Option<f64>,
    /// Metres of the record.
    pub distance_m: Option<f64>,
    /// Seconds in motion a kilometre.
    pub pace_s_km: Option<f64>,
    /// The pace on the flat that would have cost as much; on foot only.
    pub grade_adjusted_s_km: Option<f64>,
    /// Mean heart rate.
    pub heart_rate_bpm: Option<f64>,
    /// The highest heart rate of the record.
    pub highest_heart_rate_bpm: Option<f64>,
    /// Kilometre by kilometre.
    pub splits: Vec<ActivitySplit>,
    /// The fastest stretches.
    pub best_efforts: Vec<BestEffort>,
    /// Time in the person's own zones.
    pub zones: Option<ActivityZones>,
    /// How heart and work drew apart.
    pub drift: Option<ActivityDrift>,
    /// The training impulse.
    pub load: Option<ActivityLoad>,
    /// Columns that the record does not have.
    pub missing_streams: Vec<&'static str>,
    /// Whether there is no heart rate among them.
    pub missing_hr_streams: bool,
    /// What is missing, and why.
    pub missing: Vec<MissingFigure>,
}

impl From<ActivityTold> for ActivityDetail {
    fn from(told: ActivityTold) -> Self {
        let record = told.record.key();
        let mut missing = Vec::new();
        let mut detail = Self {
            activity: told.view.into(),
            record,
            elapsed_s: None,
            moving_s: None,
            distance_m: None,
            pace_s_km: None,
            grade_adjusted_s_km: None,
            heart_rate_bpm: None,
            highest_heart_rate_bpm: None,
            splits: Vec::new(),
            best_efforts: Vec::new(),
            zones: None,
            drift: None,
            load: None,
            missing_streams: Vec::new(),
            missing_hr_streams: false,
            missing: Vec::new(),
        };
        let Some(said) = or_missing("analysis", told.analysis, &mut missing) else { return Self { missing, ..detail } };
        let kept = record == "kept";
        detail.elapsed_s = kept.then(|| rounded(said.elapsed_s, 1));
        detail.moving_s = said.moving_s.map(|seconds| rounded(seconds, 1));
        detail.distance_m = said.distance_m.map(|metres| rounded(metres, 1));
        detail.pace_s_km = said.pace_s_km.map(|pace| rounded(pace, 1));
        detail.grade_adjusted_s_km = said.grade_adjusted_s_km.map(|pace| rounded(pace, 1));
        detail.heart_rate_bpm = said.heart_rate.map(|rate| rounded(rate, 0));
        detail.highest_heart_rate_bpm = said.highest_heart_rate;
        detail.splits = said.splits.iter().enumerate().map(ActivitySplit::of).collect();
        detail.best_efforts = said.efforts.iter().map(BestEffort::of).collect();
        if said.distance_m.is_none() {
            let reason = if kept { Absent::NoDistance } else { Absent::NoSamples };
            missing.push(MissingFigure { what: "splits", reason: capital(&reason) });
        }
        let zones = said.zones.and_then(|times| told.reserve.map(|reserve| ActivityZones::of(reserve, &times)));
        detail.zones = or_missing("zones", zones, &mut missing);
        detail.drift = or_missing("drift", said.drift.map(ActivityDrift::from), &mut missing);
        detail.load = or_missing("load", said.load.map(ActivityLoad::from), &mut missing);
        detail.missing_streams = said.missing_streams;
        detail.missing_hr_streams = said.missing_hr_streams;
        Self { missing, ..detail }
    }
}

fn or_missing<T>(what: &'static str, figure: Result<T, Absent>, missing: &mut Vec<MissingFigure>) -> Option<T> {
    figure.map_err(|absent| missing.push(MissingFigure { what, reason: capital(&absent) })).ok()
}

/// A reason as a sentence.
fn capital(absent: &Absent) -> String {
    let text = absent.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
