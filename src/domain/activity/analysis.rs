//! Everything that is said of one activity, and of what is not said, why.

use thiserror::Error;

use super::drift::{self, Drift};
use super::effort::{self, Effort};
use super::grade::Cost;
use super::load::{self, Load};
use super::split::{self, Split};
use super::sums::Sums;
use super::track::Track;
use super::zone::{self, Reserve, ZoneTimes};
use super::{Family, pace};

/// Why a figure is missing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Absent {
    /// There is no record second by second.
    #[error("needs the record second by second; the source has none, or it was not imported")]
    NoSamples,
    /// There may be a record, and it cannot be read.
    #[error("needs the file the activity came with, which cannot be read any more; import it again")]
    Unreadable,
    /// No heart rate was recorded.
    #[error("needs a heart rate second by second; the record has none")]
    NoHeartRate,
    /// No power was recorded.
    #[error("needs power second by second: the speed of a ride is made by wind and slope")]
    NoPower,
    /// No distance was recorded.
    #[error("needs a distance second by second; the record has none")]
    NoDistance,
    /// No time in motion was recorded.
    #[error("needs time in motion; the record has none")]
    NoMotion,
    /// The cost of climbing was measured on foot.
    #[error("is told of runs and walks alone: the cost of climbing was measured on foot")]
    NotOnFoot,
    /// Too little is known of the climb.
    #[error("needs the altitude along nine tenths of the way")]
    NoGrade,
    /// The way is too short.
    #[error("needs a way of more than {0} m; the record has less")]
    TooNear(u32),
    /// The person's reserve is not known.
    #[error("needs your own heart-rate reserve: {0}")]
    NoReserve(String),
    /// Too little is left after warming up.
    #[error("needs twenty minutes in motion with a heart rate, after ten to warm up and before five to ease off")]
    TooShort,
    /// The person took back their consent to processing.
    #[error("needs your consent to processing")]
    NoConsent,
    /// A standing safety notice keeps it back.
    #[error("is not told while a safety notice stands")]
    HeldBack,
}

/// What the record of an activity says.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// Seconds from the first to the last sample.
    pub elapsed_s: Result<f64, Absent>,
    /// Seconds in motion, where there is a distance.
    pub moving_s: Result<f64, Absent>,
    /// Metres covered, where there is a distance.
    pub distance_m: Result<f64, Absent>,
    /// Seconds in motion a kilometre.
    pub pace_s_km: Result<f64, Absent>,
    /// The pace on the flat that would have cost as much.
    pub grade_adjusted_s_km: Result<f64, Absent>,
    /// Mean heart rate, beats a minute.
    pub heart_rate: Result<f64, Absent>,
    /// The highest heart rate recorded.
    pub highest_heart_rate: Result<f64, Absent>,
    /// The smoothed pace at each sample.
    pub paces_s_km: Vec<Option<f64>>,
    /// Kilometre by kilometre.
    pub splits: Vec<Split>,
    /// The fastest stretches.
    pub efforts: Vec<Effort>,
    /// Time in the person's zones.
    pub zones: Result<ZoneTimes, Absent>,
    /// How heart and work drew apart.
    pub drift: Result<Drift, Absent>,
    /// The training impulse.
    pub load: Result<Load, Absent>,
    /// Columns without a single value that can be one.
    pub missing_streams: Vec<&'static str>,
    /// Whether there is no heart rate among them.
    pub missing_hr_streams: bool,
}

/// Says what a record says, for a person whose reserve is known or is not, and why.
#[must_use]
pub fn analyse(track: &Track, family: &Family, reserve: &Result<Reserve, Absent>) -> Analysis {
    let heights = track.heights();
    let cost = match family {
        Family::Run => Some(Cost::Running),
        Family::Walk => Some(Cost::Walking),
        // The cost of climbing was measured on foot.
        Family::Ride | Family::Swim | Family::Row | Family::Snow | Family::Strength | Family::Other(_) => None,
    };
    let sums = Sums::of(track, &heights, cost);
    let total = |column: &[f64]| column.last().copied().unwrap_or_default();
    let without = |absent| if track.time_s.is_empty() { Absent::NoSamples } else { absent };
    let distance_m = track.total_m().ok_or_else(|| without(Absent::NoDistance));
    let metres = distance_m.as_ref().copied().unwrap_or_default();
    let moving_s = distance_m.clone().map(|_| total(&sums.moving_s));
    let pace_s_km = moving_s.clone().and_then(|seconds| match (seconds > 0.0, metres > 0.0) {
        (true, true) => Ok(seconds / metres * 1_000.0),
        (false, _) | (_, false) => Err(Absent::NoMotion),
    });
    let on_the_flat = |pace| split::grade_adjusted(Some(pace), metres, total(&sums.graded_m), total(&sums.flat_m));
    let beating = track.heart_rate.iter().flatten().copied();
    let missing_hr_streams = track.heart_rate.iter().flatten().next().is_none();
    let without_heart = || without(Absent::NoHeartRate);
    let of_heart = |reserve: &Result<Reserve, Absent>| match (missing_hr_streams, reserve) {
        (true, _) => Err(without_heart()),
        (false, reserve) => reserve.clone(),
    };
    Analysis {
        elapsed_s: if track.time_s.is_empty() { Err(Absent::NoSamples) } else { Ok(track.elapsed_s()) },
        grade_adjusted_s_km: match (cost, &pace_s_km) {
            (None, _) => Err(without(Absent::NotOnFoot)),
            (Some(_), Err(absent)) => Err(absent.clone()),
            (Some(_), Ok(pace)) => on_the_flat(*pace).ok_or(Absent::NoGrade),
        },
        moving_s,
        distance_m,
        pace_s_km,
        heart_rate: split::mean_heart_rate(total(&sums.beats), total(&sums.beating_s), 0.0).ok_or_else(without_heart),
        highest_heart_rate: beating.reduce(f64::max).ok_or_else(without_heart),
        paces_s_km: pace::smoothed(track),
        splits: split::splits(track, &heights, &sums),
        efforts: effort::efforts(track),
        zones: of_heart(reserve).and_then(|reserve| zone::times(track, reserve).ok_or_else(without_heart)),
        drift: drift::drift(track, &sums, family).ok_or_else(|| no_drift(track, family)),
        load: of_heart(reserve).and_then(|reserve| load::load(track, reserve).ok_or_else(without_heart)),
        missing_streams: missing(track),
        missing_hr_streams,
    }
}

impl Analysis {
    /// The splits, of which there is at least one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn told_splits(&self) -> Result<&[Split], Absent> {
        self.stretches(&self.splits, split::LAST_M)
    }

    /// The fastest stretches, of which there is at least one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn told_efforts(&self) -> Result<&[Effort], Absent> {
        self.stretches(&self.efforts, effort::DISTANCES[0])
    }

    fn stretches<'a, T>(&self, found: &'a [T], shortest_m: f64) -> Result<&'a [T], Absent> {
        self.distance_m.clone()?;
        // The shortest have whole metres.
        if found.is_empty() { Err(Absent::TooNear(shortest_m as u32)) } else { Ok(found) }
    }
}

fn no_drift(track: &Track, family: &Family) -> Absent {
    let none = |column: &[Option<f64>]| column.iter().flatten().next().is_none();
    if track.time_s.is_empty() {
        Absent::NoSamples
    } else if none(&track.heart_rate) {
        Absent::NoHeartRate
    } else if *family == Family::Ride && none(&track.power_w) {
        Absent::NoPower
    } else if *family != Family::Ride && track.legs.is_empty() {
        Absent::NoDistance
    } else {
        Absent::TooShort
    }
}

fn missing(track: &Track) -> Vec<&'static str> {
    let columns = [
        ("distance", &track.distance_m),
        ("heart_rate", &track.heart_rate),
        ("cadence", &track.cadence),
        ("altitude", &track.altitude_m),
        ("speed", &track.speed_m_s),
        ("power", &track.power_w),
    ];
    let absent = columns.into_iter().filter(|(_, column)| column.iter().flatten().next().is_none());
    let time = track.time_s.is_empty().then_some("time");
    time.into_iter().chain(absent.map(|(name, _)| name)).collect()
}
