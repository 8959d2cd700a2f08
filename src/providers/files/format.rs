//! The formats that are understood, told apart by content and never by name.

use serde_json::Value;

use crate::domain::provider::Provider;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers) enum Format {
    WhoopCycles,
    WhoopSleeps,
    WhoopWorkouts,
    WhoopJournal,
    StravaActivities,
    StravaLegacy,
    GarminDaily,
    GarminSleepScore,
    GarminHrv,
    GarminRestingHeartRate,
    GarminWellness,
    GarminPush,
    CandorNdjson,
}

/// What a CSV of a format must hold to be read at all.
const CSV: &[(Format, &[&str], &[&str])] = &[
    (Format::WhoopJournal, &["Question text", "Cycle start time"], &[]),
    (
        Format::WhoopWorkouts,
        &["Workout start time", "Activity name"],
        &["Cycle timezone", "Workout end time", "Duration (min)"],
    ),
    (Format::WhoopSleeps, &["Sleep onset", "Nap"], &["Cycle timezone", "Wake onset", "Asleep duration (min)"]),
    (
        Format::WhoopCycles,
        &["Cycle start time", "Recovery score %"],
        &["Cycle end time", "Cycle timezone", "Sleep onset", "Wake onset"],
    ),
    (Format::StravaActivities, &["Activity ID", "Activity Date"], &["Activity Type", "Elapsed Time"]),
    (Format::StravaLegacy, &["id", "date", "elapsed_time", "type"], &["distance"]),
    (Format::GarminDaily, &["calendarDate", "totalSteps"], &[]),
    (Format::GarminHrv, &["hrvSummary_lastNightAvg"], &["hrvSummary_calendarDate"]),
    (Format::GarminSleepScore, &["overall", "totalDuration", "date"], &[]),
    (Format::GarminRestingHeartRate, &["allMetrics_metricsMap_WELLNESS_RESTING_HEART_RATE"], &["date"]),
];

/// The lists of a Garmin Health API push body.
pub(in crate::providers) const PUSH_LISTS: [&str; 5] = ["dailies", "epochs", "sleeps", "hrv", "bodyComps"];

impl Format {
    pub(in crate::providers) const fn name(self) -> &'static str {
        match self {
            Self::WhoopCycles => "whoop_cycles_csv",
            Self::WhoopSleeps => "whoop_sleeps_csv",
            Self::WhoopWorkouts => "whoop_workouts_csv",
            Self::WhoopJournal => "whoop_journal_csv",
            Self::StravaActivities => "strava_activities_csv",
            Self::StravaLegacy => "strava_legacy_csv",
            Self::GarminDaily => "garmin_daily_csv",
            Self::GarminSleepScore => "garmin_sleep_csv",
            Self::GarminHrv => "garmin_hrv_csv",
            Self::GarminRestingHeartRate => "garmin_resting_heart_rate_csv",
            Self::GarminWellness => "garmin_wellness_json",
            Self::GarminPush => "garmin_push_json",
            Self::CandorNdjson => "candor_ndjson",
        }
    }

    pub(in crate::providers) fn named(name: &str) -> Option<Self> {
        let others = [Self::GarminWellness, Self::GarminPush, Self::CandorNdjson];
        CSV.iter().map(|(format, ..)| *format).chain(others).find(|format| format.name() == name)
    }

    pub(in crate::providers) const fn provider(self) -> Provider {
        match self {
            Self::WhoopCycles | Self::WhoopSleeps | Self::WhoopWorkouts | Self::WhoopJournal => Provider::Whoop,
            Self::StravaActivities | Self::StravaLegacy => Provider::Strava,
            Self::GarminDaily
            | Self::GarminSleepScore
            | Self::GarminHrv
            | Self::GarminRestingHeartRate
            | Self::GarminWellness
            | Self::GarminPush => Provider::Garmin,
            Self::CandorNdjson => Provider::File,
        }
    }

    /// The format of a CSV with this header, or which column of a recognised one is missing.
    pub(in crate::providers) fn of_header(header: &[&str]) -> Result<Option<Self>, &'static str> {
        let has = |name: &&str| header.contains(name);
        let Some((format, _, needed)) = CSV.iter().find(|(_, marks, _)| marks.iter().all(has)) else {
            return Ok(None);
        };
        match needed.iter().find(|name| !has(name)) {
            Some(missing) => Err(missing),
            None => Ok(Some(*format)),
        }
    }

    /// The format of a JSON document.
    pub(in crate::providers) fn of_document(document: &Value) -> Option<Self> {
        let first = match document {
            Value::Array(items) => items.first()?,
            other => other,
        };
        let object = first.as_object()?;
        if PUSH_LISTS.iter().any(|list| object.get(*list).is_some_and(Value::is_array)) {
            return Some(Self::GarminPush);
        }
        let wellness = object.contains_key("dailySleepDTO")
            || object.contains_key("hrvSummary")
            || object.contains_key("calendarDate") && object.contains_key("totalSteps");
        wellness.then_some(Self::GarminWellness)
    }

    /// Whether a line of JSON is one of Candor's own.
    pub(in crate::providers) fn is_own_line(line: &str) -> bool {
        serde_json::from_str::<Value>(line).is_ok_and(|v| v.get("metric").is_some() && v.get("value").is_some())
    }
}
