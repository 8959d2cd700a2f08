//! One activity with what its record says, as far as that may be told.

use std::path::Path;

use super::{ActivityView, Record};
use crate::domain::activity::{Absent, Analysis, Family, Reserve, Track, analyse, pace};
use crate::domain::intervention::LoadEffect;
use crate::domain::metric::Metric;
use crate::domain::observation::Activity;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;
use crate::engine::context::heart_rate_zones;
use crate::engine::run::LOOKBACK_DAYS;
use crate::engine::{Engine, EngineError, run};

/// One activity.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityTold {
    /// As the list has it.
    pub view: ActivityView,
    /// Whether there is a record.
    pub record: Record,
    /// The person's heart-rate reserve on that day, or why there is none.
    pub reserve: Result<Reserve, Absent>,
    /// What the record says; not while a notice stops the analysis, nor without consent to processing.
    pub analysis: Result<Analysis, Absent>,
}

/// The samples of an activity, cleaned, with the pace made of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Whether there is a record.
    pub record: Record,
    /// The samples.
    pub track: Track,
    /// Seconds a kilometre at each, smoothed.
    pub paces_s_km: Vec<Option<f64>>,
}

impl Engine {
    /// One activity with what its record says.
    ///
    /// # Errors
    /// When there is no such activity, or the store does not answer.
    pub async fn activity(&self, person: PersonId, id: &str, folder: &Path) -> Result<ActivityTold, EngineError> {
        let state = self.state(person).await?;
        let activity = self.find(person, &state, id).await?;
        let views = self.views_of(person, &state, vec![(id.to_owned(), activity.clone())]).await?;
        let view = views.into_iter().next().ok_or_else(|| not_found(id))?;
        let record = self.record(person, id, &activity, folder).await?;
        let reserve = self.reserve(person, &state, &activity).await?;
        let family = Family::of(&activity.sport);
        let analysis = if record == Record::Unreadable {
            Err(Absent::Unreadable)
        } else if !state.consents.contains(&Purpose::Processing) {
            Err(Absent::NoConsent)
        } else if allowance(&state).analysis {
            Ok(analyse(&record.track(&family), &family, &reserve))
        } else {
            Err(Absent::HeldBack)
        };
        Ok(ActivityTold { view, record, reserve, analysis })
    }

    /// The samples of an activity; none where it has no record that can be read.
    ///
    /// # Errors
    /// When there is no such activity, or the store does not answer.
    pub async fn activity_samples(&self, person: PersonId, id: &str, folder: &Path) -> Result<Samples, EngineError> {
        let state = self.state(person).await?;
        let activity = self.find(person, &state, id).await?;
        let record = self.record(person, id, &activity, folder).await?;
        let track = record.track(&Family::of(&activity.sport));
        Ok(Samples { paces_s_km: pace::smoothed(&track), track, record })
    }

    async fn find(&self, person: PersonId, state: &PersonState, id: &str) -> Result<Activity, EngineError> {
        let found = self.views.activity(person, id).await?;
        found.filter(|activity| !state.is_taken_back(&[activity.provider])).ok_or_else(|| not_found(id))
    }

    /// The reserve on the day of an activity, unless a notice keeps it back.
    async fn reserve(
        &self,
        person: PersonId,
        state: &PersonState,
        activity: &Activity,
    ) -> Result<Result<Reserve, Absent>, EngineError> {
        let allowed = allowance(state);
        let metrics = [Metric::RestingHeartRate, Metric::HeartRateMax, Metric::ActivityHeartRateMax];
        // Borders to train by read as leave to train.
        if allowed.load != LoadEffect::Raises || metrics.iter().any(|metric| allowed.hidden.contains(metric)) {
            return Ok(Err(Absent::HeldBack));
        }
        let history = self.history(person, activity.day.minus(LOOKBACK_DAYS)).await?;
        let history = run::permitted(state, &history);
        Ok(heart_rate_zones::reserve(&history, activity.day).map_err(Absent::NoReserve))
    }
}

fn not_found(id: &str) -> EngineError {
    EngineError::NotFound { what: "activity", id: id.to_owned() }
}
