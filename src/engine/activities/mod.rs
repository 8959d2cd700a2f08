//! Activities: the list with its counterparts at other providers, one with what its record says, and weeks of them.
//!
//! Nothing here is written down. An activity is an event, what was measured of it are observations, and its record stays in
//! the file it came with; all of it is read when it is asked for.

mod record;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::activity::Family;
use crate::domain::activity::same::{Alike, Workout, links};
use crate::domain::activity::week::{Share, Week, weeks};
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;

pub use record::Record;
pub use told::{ActivityTold, Samples};

/// What a provider says of an activity as a whole.
const METRICS: [Metric; 14] = [
    Metric::ActivityDuration,
    Metric::ActivityMovingTime,
    Metric::ActivityDistance,
    Metric::ActivityElevationGain,
    Metric::ActivityEnergy,
    Metric::ActivityStrain,
    Metric::ActivityHeartRateAverage,
    Metric::ActivityHeartRateMax,
    Metric::RelativeEffort,
    Metric::Zone1Minutes,
    Metric::Zone2Minutes,
    Metric::Zone3Minutes,
    Metric::Zone4Minutes,
    Metric::Zone5Minutes,
];
/// What two of them are compared by.
const COMPARED: [Metric; 2] = [Metric::ActivityDuration, Metric::ActivityDistance];
/// Counterparts start no further apart than this: a clock that is off by 14 hours, and a little.
const COUNTERPARTS: TimeDelta = TimeDelta::hours(15);

/// Which activities are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Those of one sport.
    pub family: Option<Family>,
    /// The first local day.
    pub since: LocalDay,
    /// The last local day.
    pub until: LocalDay,
}

impl ActivityFilter {
    fn passes(&self, activity: &Activity) -> bool {
        (self.since..=self.until).contains(&activity.day)
            && self.family.as_ref().is_none_or(|family| *family == Family::of(&activity.sport))
    }
}

/// Where an activity stands among those of its person: by its start, then its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityPlace {
    /// When it started.
    pub start: Instant,
    /// Its id.
    pub id: String,
}

impl fmt::Display for ActivityPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = serde_json::to_string(&(self.start, &self.id)).map_err(|_| fmt::Error)?;
        f.write_str(&place)
    }
}

impl FromStr for ActivityPlace {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|(start, id)| Self { start, id })
    }
}

/// The same workout as another provider recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// Its id.
    pub id: String,
    /// Who recorded it.
    pub provider: Provider,
    /// Why it is taken for the same; the minutes are counted from the activity to its counterpart.
    pub alike: Alike,
}

/// An activity in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityView {
    /// Its id, as the trail has it.
    pub id: String,
    /// The activity.
    pub activity: Activity,
    /// What its provider says of it as a whole, without what a notice hides.
    pub values: BTreeMap<Metric, f64>,
    /// The same workout at other providers.
    pub same_as: Vec<Counterpart>,
}

/// A page of activities.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityPage {
    /// The activities, the newest first.
    pub activities: Vec<ActivityView>,
    /// After what the next page begins; none where nothing is left.
    pub next: Option<ActivityPlace>,
}

/// An activity with its id.
type Kept = (String, Activity);

impl Engine {
    /// A page of a person's activities, the newest first, after a place. What was taken back is left out.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn activities(
        &self,
        person: PersonId,
        filter: &ActivityFilter,
        after: Option<&ActivityPlace>,
        limit: usize,
    ) -> Result<ActivityPage, EngineError> {
        let state = self.state(person).await?;
        let all = self.kept(person, &state).await?;
        let behind = |(id, activity): &&Kept| {
            after.is_none_or(|place| (activity.start, id.as_str()) < (place.start, place.id.as_str()))
        };
        let mut page: Vec<Kept> = all
            .iter()
            .filter(|(_, activity)| filter.passes(activity))
            .filter(behind)
            .take(limit + 1)
            .cloned()
            .collect();
        let more = page.len() > limit;
        page.truncate(limit);
        let last = page.last().filter(|_| more);
        let next = last.map(|(id, activity)| ActivityPlace { start: activity.start, id: id.clone() });
        Ok(ActivityPage { activities: self.views_of(person, &state, &all, page).await?, next })
    }

    /// The weeks of a person's activities from local Monday to Sunday, the newest first. A workout that two providers recorded
    /// counts once, as the first of them in the order of priority has it that tells its distance.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn activity_weeks(&self, person: PersonId, filter: &ActivityFilter) -> Result<Vec<Week>, EngineError> {
        let state = self.state(person).await?;
        let mut all = self.kept(person, &state).await?;
        let reach = |day: LocalDay| day.minus(2);
        all.retain(|(_, activity)| activity.day >= reach(filter.since) && activity.day <= filter.until.plus(2));
        let views = self.views_of(person, &state, &all, all.clone()).await?;
        let distances: BTreeMap<&str, f64> = views
            .iter()
            .filter_map(|view| Some((view.id.as_str(), *view.values.get(&Metric::ActivityDistance)?)))
            .collect();
        // A strap that counts no metres does not hide the watch that does.
        let rank = |id: &str, provider: Provider| (!distances.contains_key(id), provider);
        let once = |view: &&ActivityView| {
            let own = rank(&view.id, view.activity.provider);
            view.same_as.iter().all(|other| own <= rank(&other.id, other.provider))
        };
        let minutes = |view: &ActivityView, metric: Metric| view.values.get(&metric).map(|minutes| minutes * 60.0);
        let share = |view: &ActivityView| Share {
            day: view.activity.day,
            distance_m: view.values.get(&Metric::ActivityDistance).copied(),
            moving_s: minutes(view, Metric::ActivityMovingTime).or_else(|| minutes(view, Metric::ActivityDuration)),
        };
        let counted = views.iter().filter(|view| filter.passes(&view.activity)).filter(once);
        Ok(weeks(&counted.map(share).collect::<Vec<_>>()))
    }

    /// Every activity that may be shown, the newest first.
    async fn kept(&self, person: PersonId, state: &PersonState) -> Result<Vec<Kept>, EngineError> {
        let entities = self.views.entities(person, "activity", None).await?;
        let kept = entities
            .into_iter()
            .filter_map(|entity| Some((entity.entity_id, serde_json::from_value(entity.body).ok()?)));
        let mut kept: Vec<Kept> =
            kept.filter(|(_, activity): &Kept| !state.is_taken_back(&[activity.provider])).collect();
        kept.sort_by(|(a_id, a), (b_id, b)| (b.start, b_id).cmp(&(a.start, a_id)));
        Ok(kept)
    }

    /// Some activities with what was measured of them and their counterparts among all.
    async fn views_of(
        &self,
        person: PersonId,
        state: &PersonState,
        all: &[Kept],
        page: Vec<Kept>,
    ) -> Result<Vec<ActivityView>, EngineError> {
        let starts = || page.iter().map(|(_, activity)| activity.start);
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else { return Ok(Vec::new()) };
        let near: Vec<&Kept> = all
            .iter()
            .filter(|(_, near)| {
                let end = near.end.unwrap_or(near.start).max(near.start);
                near.start <= last + COUNTERPARTS && end >= first - COUNTERPARTS
            })
            .collect();
        let shown: BTreeSet<&str> = page.iter().map(|(id, _)| id.as_str()).collect();
        let metrics = |id: &str| if shown.contains(id) { METRICS.as_slice() } else { &COMPARED };
        let keys = near.iter().flat_map(|(id, activity)| metrics(id).iter().map(|metric| key(activity, *metric)));
        let held = self.views.held(person, &keys.collect::<Vec<_>>()).await?;
        let value = |activity: &Activity, metric: Metric| held.get(&key(activity, metric)).map(|held| held.value);
        let workouts: Vec<Workout> = near.iter().map(|(_, activity)| workout(activity, value)).collect();
        let mut counterparts: BTreeMap<&str, Vec<Counterpart>> = BTreeMap::new();
        for link in links(&workouts) {
            let back = match link.alike {
                Alike::SameTime => Alike::SameTime,
                Alike::ClockOff { minutes } => Alike::ClockOff { minutes: -minutes },
            };
            for (from, to, alike) in [(link.a, link.b, link.alike), (link.b, link.a, back)] {
                let other = Counterpart { id: near[to].0.clone(), provider: near[to].1.provider, alike };
                counterparts.entry(&near[from].0).or_default().push(other);
            }
        }
        let hidden = allowance(state).hidden;
        let view = |(id, activity): Kept| {
            let told = METRICS.into_iter().filter(|metric| !hidden.contains(metric));
            let values = told.filter_map(|metric| Some((metric, value(&activity, metric)?))).collect();
            let mut same_as = counterparts.get(id.as_str()).cloned().unwrap_or_default();
            same_as.sort_by_key(|other| other.provider);
            ActivityView { id, activity, values, same_as }
        };
        Ok(page.iter().cloned().map(view).collect())
    }
}

fn key(activity: &Activity, metric: Metric) -> ObservationKey {
    ObservationKey {
        provider: activity.provider,
        kind: RecordKind::Activity,
        metric,
        start: activity.start,
        provider_id: activity.provider_id.clone(),
    }
}

fn workout(activity: &Activity, value: impl Fn(&Activity, Metric) -> Option<f64>) -> Workout {
    let lasted = activity.end.map(|end| (end - activity.start).as_seconds_f64());
    let told = || value(activity, Metric::ActivityDuration).map(|minutes| minutes * 60.0);
    Workout {
        provider: activity.provider,
        family: Family::of(&activity.sport),
        start: activity.start,
        duration_s: lasted.or_else(told).unwrap_or_default(),
        day: activity.day,
        distance_m: value(activity, Metric::ActivityDistance),
    }
}
