//! How a day was in the person's own words, and what must be looked at at once.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::reconcile::Held;
use super::stages::LoopReport;
use super::{Engine, EngineError, run};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::event::CheckInRecorded;
use crate::domain::invariants::{self, Violation};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, SafetyRule, Symptom};
use crate::domain::state::PersonState;

/// How far back a day may be rated.
const DAYS_BACK: i64 = 366;

/// What a person says of a day.
#[derive(Clone, Debug, Default)]
pub struct CheckIn {
    /// The day; the present one when `None`.
    pub day: Option<LocalDay>,
    /// What was rated, each in its metric's unit.
    pub ratings: BTreeMap<Metric, f64>,
    /// Symptoms to be looked at at once.
    pub symptoms: BTreeSet<Symptom>,
}

impl CheckIn {
    /// The rule that refuses one that cannot be.
    pub const RULE: &str = "check_in";

    /// The metrics a person rates or measures themselves.
    pub const METRICS: [Metric; 5] = [
        Metric::CheckinSleepQuality,
        Metric::CheckinEnergy,
        Metric::CheckinMood,
        Metric::CheckinStress,
        Metric::BodyTemperature,
    ];

    /// What whoever reports a symptom is told first, whatever becomes of the record.
    #[must_use]
    pub fn urgent(&self) -> Option<&'static str> {
        (!self.symptoms.is_empty()).then(|| SafetyRule::RedFlagSymptom.text(Level::Stop))
    }
}

/// What was recorded of a check-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedIn {
    /// The day.
    pub day: LocalDay,
    /// How many ratings and symptoms.
    pub recorded: usize,
    /// What the loop did that a symptom asked for.
    pub ran: Option<LoopReport>,
}

impl Engine {
    /// Records a check-in, once however often it is said; after a symptom everything is brought up to date at once.
    ///
    /// # Errors
    /// When nothing is said, a value or the day cannot be, or the log does not take it.
    pub async fn check_in(&self, person: PersonId, check_in: &CheckIn, now: Instant) -> Result<CheckedIn, EngineError> {
        let refuse = |field: &str, reason: String| Err(Violation::new(CheckIn::RULE, field, reason).into());
        let state = self.state(person).await?;
        let today = run::today(&state, now);
        let day = check_in.day.unwrap_or(today);
        if day > today || today.days_since(day) > DAYS_BACK {
            return refuse("day", format!("rate a day of the last year, up to today ({today})"));
        }
        if check_in.ratings.is_empty() && check_in.symptoms.is_empty() {
            return refuse(
                "check_in",
                "say at least one rating from 1 to 5, a body temperature, or a symptom".to_owned(),
            );
        }
        let mut observations = Vec::new();
        for (metric, value) in &check_in.ratings {
            if let Err(refusal) = metric.check(*value) {
                return refuse(metric.key(), refusal.to_string());
            }
            // One word a day: a later one replaces it, and the log keeps both.
            let start = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
            let (provider, kind) = (Provider::Person, RecordKind::Checkin);
            let key = ObservationKey { provider, kind, metric: *metric, start, provider_id: None };
            observations.push(Observation {
                resolution: if *metric == Metric::BodyTemperature { 0.1 } else { 1.0 },
                as_of: now,
                ..Observation::new(key, day, *value)
            });
        }
        let symptoms = check_in.symptoms.clone();
        let told = symptoms.len();
        let recorded = observations.len() + told;
        let facts: Vec<ObservationKey> = observations.iter().map(|observation| observation.key.clone()).collect();
        let decide = |state: &PersonState, held: &BTreeMap<ObservationKey, Held>| {
            invariants::may_take_from(state, Provider::Person)?;
            // The same word again is no event; a symptom that is felt again is.
            let mut observations = observations.clone();
            observations
                .retain(|said| held.get(&said.key).is_none_or(|held| held.retracted || held.value != said.value));
            if observations.is_empty() && symptoms.is_empty() {
                return Ok(Vec::new());
            }
            let event = CheckInRecorded { observations, symptoms: symptoms.clone(), day: (told > 0).then_some(day) };
            Ok(vec![event.into()])
        };
        self.decide_on(&facts, person, "checkin", now, decide).await?;
        let ran = if told > 0 { Some(self.run_stages(person, now, None, &|_, _| ()).await?) } else { None };
        Ok(CheckedIn { day, recorded, ran })
    }
}
