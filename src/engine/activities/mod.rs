//! Activities: the list with its counterparts at other providers, one with what its record says, and weeks of them.
//!
//! Nothing here is written down. An activity is an event, what was measured of it are observations, and its record stays in
//! the file it came with; all of it is read when it is asked for.

mod record;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::ports::views::{ActivityFilter, ActivityPlace};
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::activity::Family;
use crate::domain::activity::same::{Alike, Workout, links};
use crate::domain::activity::week::{Share, Week, monday, weeks};
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;

pub use record::Record;
pub use told::{ActivityTold, Samples};

/// What a provider says of an activity as a whole.
pub(super) const METRICS: [Metric; 14] = [
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
/// Activities that weeks are read by at a time.
const READ_AT_ONCE: u64 = 200;

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
        let filter = ActivityFilter { without: taken_back(&state), ..filter.clone() };
        let mut page = self.views.activities(person, &filter, after, limit as u64 + 1).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let last = page.last().filter(|_| more);
        let next = last.map(|(id, activity)| ActivityPlace { start: activity.start, id: id.clone() });
        Ok(ActivityPage { activities: self.views_of(person, &state, page).await?, next })
    }

    /// The newest weeks of a person's activities from local Monday to Sunday, the newest first. A workout that two providers
    /// recorded counts once, as the first of them in the order of priority has it that tells its distance and its time in
    /// motion.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn activity_weeks(
        &self,
        person: PersonId,
        family: Option<&Family>,
        count: usize,
    ) -> Result<Vec<Week>, EngineError> {
        let state = self.state(person).await?;
        let filter =
            ActivityFilter { family: family.cloned(), without: taken_back(&state), ..ActivityFilter::default() };
        let (mut found, mut mondays): (Vec<Kept>, _) = (Vec::new(), BTreeSet::new());
        // Of two that start close to each other the later may be of the earlier local day: a whole week is read beyond.
        while mondays.len() < count.saturating_add(2) {
            let last = found.last().map(|(id, activity)| ActivityPlace { start: activity.start, id: id.clone() });
            let page = self.views.activities(person, &filter, last.as_ref(), READ_AT_ONCE).await?;
            let is_last = (page.len() as u64) < READ_AT_ONCE;
            mondays.extend(page.iter().map(|(_, activity)| monday(activity.day)));
            found.extend(page);
            if is_last {
                break;
            }
        }
        let views = self.views_of(person, &state, found).await?;
        // A strap that counts no metres does not hide the watch that does.
        let ranks: BTreeMap<&str, (usize, Provider)> = views
            .iter()
            .map(|view| {
                let lacks = |metric: &&Metric| !view.values.contains_key(metric);
                let lacking = [Metric::ActivityDistance, Metric::ActivityMovingTime].iter().filter(lacks).count();
                (view.id.as_str(), (lacking, view.activity.provider))
            })
            .collect();
        let once = |view: &&ActivityView| {
            let own = ranks.get(view.id.as_str());
            view.same_as.iter().all(|other| ranks.get(other.id.as_str()).is_none_or(|other| own <= Some(other)))
        };
        let share = |view: &ActivityView| Share {
            day: view.activity.day,
            family: Family::of(&view.activity.sport),
            distance_m: view.values.get(&Metric::ActivityDistance).copied(),
            moving_s: view.values.get(&Metric::ActivityMovingTime).map(|minutes| minutes * 60.0),
        };
        let mut weeks = weeks(&views.iter().filter(once).map(share).collect::<Vec<_>>());
        weeks.truncate(count);
        Ok(weeks)
    }

    /// Some activities with what was measured of them and their counterparts among all.
    async fn views_of(
        &self,
        person: PersonId,
        state: &PersonState,
        page: Vec<Kept>,
    ) -> Result<Vec<ActivityView>, EngineError> {
        let starts = || page.iter().map(|(_, activity)| activity.start);
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else { return Ok(Vec::new()) };
        let lasted = |(_, activity): &Kept| activity.end.map(|end| end - activity.start);
        // What goes on at the same time and lasts as long starts no further apart than it lasts.
        let reach = page.iter().filter_map(lasted).fold(COUNTERPARTS, TimeDelta::max);
        let around = (first.checked_sub_signed(reach), last.checked_add_signed(reach));
        let started = (around.0.unwrap_or(Instant::MIN_UTC), around.1.unwrap_or(Instant::MAX_UTC));
        let filter = ActivityFilter { started, without: taken_back(state), ..ActivityFilter::default() };
        let near = self.views.activities(person, &filter, None, u64::MAX).await?;
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

/// Whose activities are not shown.
fn taken_back(state: &PersonState) -> Vec<Provider> {
    Provider::ALL.into_iter().filter(|provider| state.is_taken_back(&[*provider])).collect()
}

/// The key of what a provider says of an activity as a whole.
pub(super) fn key(activity: &Activity, metric: Metric) -> ObservationKey {
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
