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
    /// No heart rate was recorded.
    #[error("needs a heart rate second by second; the record has none")]
    NoHeartRate,
    /// No power was recorded.
    #[error("needs power second by second: the speed of a ride is made by wind and slope")]
    NoPower,
    /// No distance was recorded.
    #[error("needs a distance second by second; the record has none")]
    NoDistance,
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
    pub elapsed_s: f64,
    /// Seconds in motion, where there is a distance.
    pub moving_s: Option<f64>,
    /// Metres covered, where there is a distance.
    pub distance_m: Option<f64>,
    /// Seconds in motion a kilometre.
    pub pace_s_km: Option<f64>,
    /// The pace on the flat that would have cost as much.
    pub grade_adjusted_s_km: Option<f64>,
    /// Mean heart rate, beats a minute.
    pub heart_rate: Option<f64>,
    /// The highest heart rate recorded.
    pub highest_heart_rate: Option<f64>,
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
    let distance_m = track.total_m();
    let moving_s = distance_m.map(|_| total(&sums.moving_s));
    let pace_s_km = moving_s.zip(distance_m).filter(|(s, m)| *s > 0.0 && *m > 0.0).map(|(s, m)| s / m * 1_000.0);
    let beating = track.heart_rate.iter().flatten().copied();
    let missing_hr_streams = track.heart_rate.iter().flatten().next().is_none();
    let without_heart = || if track.time_s.is_empty() { Absent::NoSamples } else { Absent::NoHeartRate };
    let of_heart = |reserve: &Result<Reserve, Absent>| match (missing_hr_streams, reserve) {
        (true, _) => Err(without_heart()),
        (false, reserve) => reserve.clone(),
    };
    Analysis {
        elapsed_s: track.elapsed_s(),
        moving_s,
        distance_m,
        pace_s_km,
        grade_adjusted_s_km: split::grade_adjusted(
            pace_s_km,
            distance_m.unwrap_or_default(),
            total(&sums.graded_m),
            total(&sums.flat_m),
        ),
        heart_rate: split::mean_heart_rate(total(&sums.beats), total(&sums.beating_s), 0.0),
        highest_heart_rate: beating.reduce(f64::max),
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
