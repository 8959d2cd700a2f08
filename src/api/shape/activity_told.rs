//! One activity with what its record says, and of what is missing, why.

use serde::Serialize;
use utoipa::ToSchema;

use super::activity::{Activity, MissingFigure, rounded, sentence};
use super::word;
use crate::domain::activity::drift::Drift;
use crate::domain::activity::effort::Effort;
use crate::domain::activity::load::Load;
use crate::domain::activity::split::Split;
use crate::domain::activity::zone::ZoneTimes;
use crate::domain::activity::{Absent, Analysis, Reserve};
use crate::engine::activities::ActivityTold;

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

/// One activity with what its record says. What is missing is `null` or empty, and named in `missing` with its reason.
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
    /// Columns that the record does not have; named in `missing` while nothing may be told of it.
    pub missing_streams: Vec<&'static str>,
    /// Whether there is no heart rate among them.
    pub missing_hr_streams: bool,
    /// Each figure that is missing, and why; one that only some of the splits lack as `splits.elevation_m`.
    pub missing: Vec<MissingFigure>,
}

/// Whether a split lacks something.
type Lacks = fn(&Split) -> bool;

/// What a split may lack, and what it needs.
const OF_SPLITS: [(&str, Lacks, &str); 4] = [
    ("splits.pace_s_km", |split| split.pace_s_km.is_none(), "needs time in motion; a split has none"),
    (
        "splits.heart_rate_bpm",
        |split| split.heart_rate.is_none(),
        "needs a heart rate for half of a split; one has less",
    ),
    (
        "splits.elevation_m",
        |split| split.elevation_m.is_none(),
        "needs the altitude at both ends of a split; one lacks it",
    ),
    (
        "splits.grade_adjusted_s_km",
        |split| split.grade_adjusted_s_km.is_none(),
        "needs the altitude along nine tenths of a split, of a run or a walk; one has less",
    ),
];

/// Takes figures, and writes down of each that is absent, why.
struct Figures {
    /// Why nothing at all is told.
    nothing: Option<Absent>,
    missing: Vec<MissingFigure>,
}

impl Figures {
    fn lacks(&mut self, what: &'static str, reason: &str) {
        self.missing.push(MissingFigure { what, reason: sentence(reason) });
    }

    /// A figure of an analysis, if it is there.
    fn of<T>(&mut self, what: &'static str, figure: Option<Result<T, Absent>>) -> Option<T> {
        let absent = match figure {
            Some(Ok(figure)) => return Some(figure),
            Some(Err(absent)) => Some(absent),
            None => self.nothing.clone(),
        };
        self.lacks(what, &absent.map(|absent| absent.to_string()).unwrap_or_default());
        None
    }

    /// A number, to so many decimals.
    fn number(&mut self, what: &'static str, decimals: u8, figure: Option<Result<f64, Absent>>) -> Option<f64> {
        self.of(what, figure).map(|number| rounded(number, decimals))
    }
}

impl From<ActivityTold> for ActivityDetail {
    fn from(told: ActivityTold) -> Self {
        let (said, nothing) = match told.analysis {
            Ok(said) => (Some(said), None),
            Err(absent) => (None, Some(absent)),
        };
        let mut figures = Figures { nothing, missing: Vec::new() };
        if told.view.activity.end.is_none() {
            figures.lacks("activity.end", "the source does not tell when it ended");
        }
        let of = said.as_ref();
        let zones = of.map(|said| {
            let times = said.zones.clone()?;
            Ok(ActivityZones::of(told.reserve.clone()?, &times))
        });
        let splits = figures.of("splits", of.map(Analysis::told_splits)).unwrap_or_default();
        for (what, lacks, reason) in OF_SPLITS {
            if splits.iter().any(lacks) {
                figures.lacks(what, reason);
            }
        }
        let efforts = figures.of("best_efforts", of.map(Analysis::told_efforts)).unwrap_or_default();
        if said.is_none() {
            figures.of::<()>("missing_streams", None);
        }
        Self {
            record: told.record.key(),
            activity: told.view.into(),
            elapsed_s: figures.number("elapsed_s", 1, of.map(|said| said.elapsed_s.clone())),
            moving_s: figures.number("moving_s", 1, of.map(|said| said.moving_s.clone())),
            distance_m: figures.number("distance_m", 1, of.map(|said| said.distance_m.clone())),
            pace_s_km: figures.number("pace_s_km", 1, of.map(|said| said.pace_s_km.clone())),
            grade_adjusted_s_km: figures.number(
                "grade_adjusted_s_km",
                1,
                of.map(|said| said.grade_adjusted_s_km.clone()),
            ),
            heart_rate_bpm: figures.number("heart_rate_bpm", 0, of.map(|said| said.heart_rate.clone())),
            highest_heart_rate_bpm: figures.number(
                "highest_heart_rate_bpm",
                0,
                of.map(|said| said.highest_heart_rate.clone()),
            ),
            splits: splits.iter().enumerate().map(ActivitySplit::of).collect(),
            best_efforts: efforts.iter().map(BestEffort::of).collect(),
            zones: figures.of("zones", zones),
            drift: figures.of("drift", of.map(|said| said.drift.clone())).map(ActivityDrift::from),
            load: figures.of("load", of.map(|said| said.load.clone())).map(ActivityLoad::from),
            missing_streams: of.map(|said| said.missing_streams.clone()).unwrap_or_default(),
            missing_hr_streams: of.is_some_and(|said| said.missing_hr_streams),
            missing: figures.missing,
        }
    }
}
