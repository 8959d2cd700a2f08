//! Activities: in the list, one with what its record says, its samples, and weeks of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::activity::same::Alike;
use crate::domain::activity::week::Week;
use crate::domain::activity::{Family, Track};
use crate::engine::activities::{ActivityView, Counterpart, Samples};

/// The id of an activity as it stands in a path: the one of the trail holds what a provider wrote.
#[must_use]
pub fn activity_id(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(id)
}

/// The id of the trail behind one of a path; none for what was not made here.
#[must_use]
pub fn of_activity_id(id: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()
}

/// A number to so many decimals.
pub(super) fn rounded(value: f64, decimals: u8) -> f64 {
    let scale = [1.0, 10.0, 100.0, 1_000.0][usize::from(decimals.min(3))];
    (value * scale).round() / scale
}

/// A figure that is missing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissingFigure {
    /// Which, as in `zones`.
    pub what: &'static str,
    /// Why, and what it needs.
    pub reason: String,
}

/// A reason as a sentence.
pub(super) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// What a provider says of an activity as a whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityValue {
    /// What was measured.
    pub metric_key: &'static str,
    /// The value in the metric's unit.
    pub value: f64,
    /// The unit.
    pub unit: &'static str,
}

/// The same workout as another provider recorded it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SameActivity {
    /// Its id.
    pub id: String,
    /// Who recorded it.
    pub provider: String,
    /// Where more than the same time speaks for it, what does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl From<Counterpart> for SameActivity {
    fn from(other: Counterpart) -> Self {
        let note = match other.alike {
            Alike::SameTime => None,
            Alike::ClockOff { minutes } => Some(format!(
                "Alike in duration and distance, and {} h apart: one of the two clocks is likely off by a time zone.",
                minutes as f64 / 60.0
            )),
        };
        Self { id: activity_id(&other.id), provider: other.provider.to_string(), note }
    }
}

/// An activity.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// Its id in the audit trail, under the type `activity`.
    pub entity_id: String,
    /// Who recorded it.
    pub provider: String,
    /// What the provider asks to be shown beside its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<&'static str>,
    /// The local day on which it started.
    #[schema(format = Date)]
    pub day: String,
    /// When it started.
    #[schema(format = DateTime)]
    pub start: String,
    /// When it ended, where known.
    #[schema(format = DateTime)]
    pub end: Option<String>,
    /// The kind of sport in the provider's words.
    pub sport: String,
    /// The family of sports it belongs to, as the filter takes it.
    pub family: String,
    /// What the provider says of it as a whole.
    pub values: Vec<ActivityValue>,
    /// The same workout at other providers: linked, not merged.
    pub same_as: Vec<SameActivity>,
}

impl From<ActivityView> for Activity {
    fn from(view: ActivityView) -> Self {
        let ActivityView { id, activity, values, same_as } = view;
        let value = |(metric, value): (crate::domain::metric::Metric, f64)| ActivityValue {
            metric_key: metric.key(),
            value: metric.round(value),
            unit: metric.unit().symbol(),
        };
        Self {
            id: activity_id(&id),
            entity_id: id,
            provider: activity.provider.to_string(),
            attribution: activity.provider.terms().attribution,
            day: activity.day.to_string(),
            start: activity.start.to_rfc3339(),
            end: activity.end.map(|end| end.to_rfc3339()),
            family: Family::of(&activity.sport).key().to_owned(),
            sport: activity.sport,
            values: values.into_iter().map(value).collect(),
            same_as: same_as.into_iter().map(SameActivity::from).collect(),
        }
    }
}

/// A page of activities.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityPage {
    /// The activities, the newest first.
    pub activities: Vec<Activity>,
    /// What to ask with for the next page; nothing after the last.
    pub next_cursor: Option<String>,
}

/// The samples of an activity, cleaned: `null` is a gap. A column without a single value is empty.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityStreams {
    /// `kept`, `none` where the files it came with hold none, or `unreadable`.
    pub record: &'static str,
    /// Samples of the record; the columns hold the first of each `downsample`.
    pub samples: usize,
    /// Seconds since the start.
    pub time_s: Vec<f64>,
    /// Metres covered.
    pub distance_m: Vec<Option<f64>>,
    /// Seconds a kilometre, smoothed over 15 s to either side.
    pub pace_s_km: Vec<Option<f64>>,
    /// Beats a minute.
    pub heart_rate_bpm: Vec<Option<f64>>,
    /// Steps or turns a minute, as the device counts them.
    pub cadence: Vec<Option<f64>>,
    /// Metres above sea level.
    pub altitude_m: Vec<Option<f64>>,
    /// Metres a second, as the device has it.
    pub speed_m_s: Vec<Option<f64>>,
    /// Watts.
    pub power_w: Vec<Option<f64>>,
}

impl ActivityStreams {
    /// The first of each so many samples.
    #[must_use]
    pub fn of(samples: &Samples, downsample: usize) -> Self {
        let Samples { record, track, paces_s_km } = samples;
        let Track { time_s, heart_rate, cadence, altitude_m, speed_m_s, power_w, distance_m, .. } = track;
        let column = |values: &[Option<f64>], decimals: u8| -> Vec<Option<f64>> {
            if values.iter().flatten().next().is_none() {
                return Vec::new();
            }
            let some = values.iter().step_by(downsample.max(1));
            some.map(|value| value.map(|value| rounded(value, decimals))).collect()
        };
        Self {
            record: record.key(),
            samples: time_s.len(),
            time_s: time_s.iter().step_by(downsample.max(1)).map(|time| rounded(*time, 3)).collect(),
            distance_m: column(distance_m, 2),
            pace_s_km: column(paces_s_km, 1),
            heart_rate_bpm: column(heart_rate, 0),
            cadence: column(cadence, 1),
            altitude_m: column(altitude_m, 1),
            speed_m_s: column(speed_m_s, 3),
            power_w: column(power_w, 0),
        }
    }
}

/// A week from local Monday to Sunday.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ActivityWeek {
    /// Its Monday.
    #[schema(format = Date)]
    pub monday: String,
    /// Activities in it; a workout that two providers recorded counts once.
    pub count: u32,
    /// Metres of those whose distance is known.
    pub distance_m: Option<f64>,
    /// Activities among them that tell no distance.
    pub without_distance: u32,
    /// Seconds in motion of those that tell them. Time by the clock is not that, and stands in for none.
    pub moving_s: Option<f64>,
    /// Activities among them that tell no time in motion.
    pub without_moving: u32,
    /// Seconds a kilometre: the time by the distance of those for which both are known; of one sport alone.
    pub pace_s_km: Option<f64>,
    /// What is missing, and why.
    pub missing: Vec<MissingFigure>,
}

impl From<Week> for ActivityWeek {
    fn from(week: Week) -> Self {
        let mut missing = Vec::new();
        let mut absent = |what, reason: &str| missing.push(MissingFigure { what, reason: sentence(reason) });
        if week.distance_m.is_none() {
            absent("distance_m", "no activity of the week tells its distance");
        }
        if week.moving_s.is_none() {
            absent("moving_s", "no activity of the week tells its time in motion");
        }
        let pace = week.pace_s_km.map_err(|why| absent("pace_s_km", &why.to_string())).ok();
        Self {
            monday: week.monday.to_string(),
            count: week.count,
            distance_m: week.distance_m.map(|metres| rounded(metres, 1)),
            without_distance: week.without_distance,
            moving_s: week.moving_s.map(|seconds| rounded(seconds, 1)),
            without_moving: week.without_moving,
            pace_s_km: pace.map(|pace| rounded(pace, 1)),
            missing,
        }
    }
}
