//! The observations of a person, folded: one value per metric and day, and who measured it.
//!
//! The same history comes from two places, which `verify` holds together: folded from the log, whole, when a run is made
//! again; loaded from the read model, as far back as a run looks, when it is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::day::LocalDay;
use crate::domain::event::Event;
use crate::domain::metric::{Aggregation, Cadence, Metric};
use crate::domain::observation::{Observation, ObservationKey};
use crate::domain::provider::Provider;
use crate::engine::model::point::Point;
use crate::engine::sleeps::Sleeps;

/// A difference between two sources of one metric and day beyond which neither counts for an alert.
pub const CONFLICT_SHARE: f64 = 0.2;

/// One day of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayValue {
    /// The day.
    pub day: LocalDay,
    /// The day's value, from the source that comes first.
    pub value: f64,
    /// Who measured it.
    pub provider: Provider,
    /// Whether another source has a value too.
    pub contested: bool,
    /// Whether another source says something else by more than a fifth.
    pub conflict: bool,
}

/// What was measured of one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    cells: BTreeMap<(Metric, LocalDay), BTreeMap<ObservationKey, f64>>,
    series: BTreeMap<Metric, Series>,
    sleeps: Sleeps,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Series {
    days: Vec<DayValue>,
    points: Vec<Point>,
}

impl History {
    /// The history of a set of observations, each the current word about its fact.
    pub fn of(observations: impl IntoIterator<Item = Observation>) -> Self {
        let mut history = Self::default();
        let mut touched = BTreeSet::new();
        for observation in observations.into_iter().filter(has_days) {
            history.sleeps.take(&observation);
            let cell = (observation.key.metric, observation.day);
            history.cells.entry(cell).or_default().insert(observation.key, observation.value);
            touched.insert(cell.0);
        }
        for metric in touched {
            history.rebuild(metric);
        }
        history
    }

    /// Takes an event in; those without observations change nothing.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::ObservationsRecorded(e) => self.add(&e.observations),
            Event::ActivityRecorded(e) => self.add(&e.observations),
            Event::CheckInRecorded(e) => self.add(&e.observations),
            Event::ObservationCorrected(e) => {
                self.take_out(&e.observation.key, e.previous_day);
                self.add(std::slice::from_ref(&e.observation));
            }
            Event::ObservationRetracted(e) => {
                self.take_out(&e.key, e.previous_day);
                self.sleeps.forget(&e.key);
            }
            Event::PersonRegistered(_)
            | Event::ConsentGranted(_)
            | Event::ConsentWithdrawn(_)
            | Event::ProfileDeclared(_)
            | Event::FileImported(_)
            | Event::RecordDeleted(_)
            | Event::DayScored(_)
            | Event::BaselineComputed(_)
            | Event::BaselinesFrozen(_)
            | Event::BaselinesResumed(_)
            | Event::SafetyNoticeRaised(_)
            | Event::SafetyNoticeCleared(_)
            | Event::HumanReviewRequested(_)
            | Event::HumanReviewResolved(_)
            | Event::LearningPaused(_)
            | Event::LearningResumed(_)
            | Event::InsightSuppressed(_)
            | Event::InsightRaised(_)
            | Event::InsightRenewed(_)
            | Event::InsightExpired(_)
            | Event::InterventionProposed(_)
            | Event::InterventionSuppressed(_)
            | Event::InterventionAccepted(_)
            | Event::FeedbackGiven(_)
            | Event::InterventionDeclined(_)
            | Event::ExperimentStarted(_)
            | Event::ExperimentStopped(_)
            | Event::ExperimentInvalidated(_)
            | Event::AdherenceLogged(_)
            | Event::EvaluationCompleted(_)
            | Event::EvaluationMarkedUnreliable(_)
            | Event::NarrativeRequested(_)
            | Event::ModelAnswered(_)
            | Event::NarrativeFellBack(_)
            | Event::NarrativePublished(_)
            | Event::DayAssessed(_)
            | Event::ObjectiveSet(_)
            | Event::ObjectiveEnded(_)
            | Event::CircumstanceNoted(_)
            | Event::QuestionAnswered(_)
            | Event::ConversationSummarised(_)
            | Event::ExportProduced(_)
            | Event::ProviderConnected(_)
            | Event::ProviderDisconnected(_)
            | Event::ErasureRequested(_)
            | Event::ErasureCompleted(_)
            | Event::DataRead(_) => {}
        }
    }

    /// The same without what some providers measured.
    #[must_use]
    pub fn without(&self, providers: &BTreeSet<Provider>) -> Self {
        let mut rest = Self { sleeps: self.sleeps.without(providers), ..Self::default() };
        for (place, cell) in &self.cells {
            let kept = cell.iter().filter(|(key, _)| !providers.contains(&key.provider));
            let kept: BTreeMap<_, _> = kept.map(|(key, value)| (key.clone(), *value)).collect();
            if !kept.is_empty() {
                rest.cells.insert(*place, kept);
            }
        }
        for metric in self.metrics() {
            rest.rebuild(metric);
        }
        rest.series.retain(|_, series| !series.days.is_empty());
        rest
    }

    /// When the person slept.
    #[must_use]
    pub const fn sleeps(&self) -> &Sleeps {
        &self.sleeps
    }

    /// The metrics of which anything was measured.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> + '_ {
        self.series.keys().copied()
    }

    /// The days of a metric up to and including a day, in order.
    #[must_use]
    pub fn days(&self, metric: Metric, until: LocalDay) -> &[DayValue] {
        let Some(series) = self.series.get(&metric) else {
            return &[];
        };
        &series.days[..series.days.partition_point(|d| d.day <= until)]
    }

    /// The same as points for the statistics.
    #[must_use]
    pub fn points(&self, metric: Metric, until: LocalDay) -> &[Point] {
        let Some(series) = self.series.get(&metric) else {
            return &[];
        };
        &series.points[..series.points.partition_point(|p| p.day <= until.number())]
    }

    /// A metric's value on a day.
    #[must_use]
    pub fn on(&self, metric: Metric, day: LocalDay) -> Option<DayValue> {
        self.days(metric, day).last().filter(|d| d.day == day).copied()
    }

    /// What each source says of a metric's day.
    #[must_use]
    pub fn by_source(&self, metric: Metric, day: LocalDay) -> Vec<(Provider, f64)> {
        let Some(cell) = self.cells.get(&(metric, day)) else { return Vec::new() };
        let of = |provider: Provider| {
            let values = cell.iter().filter(|(key, _)| key.provider == provider);
            aggregate(metric.definition().aggregation, values).map(|value| (provider, metric.round(value)))
        };
        Provider::ALL.into_iter().filter_map(of).collect()
    }

    fn add(&mut self, observations: &[Observation]) {
        for observation in observations.iter().filter(|o| has_days(o)) {
            self.sleeps.take(observation);
            let (metric, day) = (observation.key.metric, observation.day);
            self.cells.entry((metric, day)).or_default().insert(observation.key.clone(), observation.value);
        }
        // One batch touches few metrics; each day is set once.
        let mut cells: Vec<_> = observations.iter().filter(|o| has_days(o)).map(|o| (o.key.metric, o.day)).collect();
        cells.sort_unstable();
        cells.dedup();
        for (metric, day) in cells {
            self.settle(metric, day);
        }
    }

    /// Takes a value out of the day it was filed under.
    fn take_out(&mut self, key: &ObservationKey, day: LocalDay) {
        let place = (key.metric, day);
        let Some(cell) = self.cells.get_mut(&place) else { return };
        cell.remove(key);
        if cell.is_empty() {
            self.cells.remove(&place);
        }
        self.settle(key.metric, day);
        if self.series.get(&key.metric).is_some_and(|series| series.days.is_empty()) {
            self.series.remove(&key.metric);
        }
    }

    fn rebuild(&mut self, metric: Metric) {
        let first = (metric, LocalDay::FIRST);
        let last = (metric, LocalDay::LAST);
        let days: Vec<_> =
            self.cells.range(first..=last).filter_map(|((_, day), cell)| day_value(metric, *day, cell)).collect();
        let points = days.iter().map(|d| Point { day: d.day.number(), value: d.value }).collect();
        self.series.insert(metric, Series { days, points });
    }

    fn settle(&mut self, metric: Metric, day: LocalDay) {
        let value = self.cells.get(&(metric, day)).and_then(|cell| day_value(metric, day, cell));
        let series = self.series.entry(metric).or_default();
        let at = series.days.binary_search_by_key(&day, |d| d.day);
        match (at, value) {
            (Ok(at), Some(value)) => {
                series.days[at] = value;
                series.points[at].value = value.value;
            }
            (Ok(at), None) => {
                series.days.remove(at);
                series.points.remove(at);
            }
            (Err(at), Some(value)) => {
                series.days.insert(at, value);
                series.points.insert(at, Point { day: day.number(), value: value.value });
            }
            (Err(_), None) => {}
        }
    }
}

/// Whether a day has one value of it: answers to different questions do not make one.
fn has_days(observation: &Observation) -> bool {
    observation.key.metric.definition().cadence != Cadence::PerQuestion
}

/// One value of a day: the first source in the order of priority wins, and is never mixed with another.
fn day_value(metric: Metric, day: LocalDay, cell: &BTreeMap<ObservationKey, f64>) -> Option<DayValue> {
    let mut chosen: Option<DayValue> = None;
    for provider in Provider::ALL {
        let values = cell.iter().filter(|(key, _)| key.provider == provider);
        let Some(value) = aggregate(metric.definition().aggregation, values) else {
            continue;
        };
        match &mut chosen {
            None => {
                let value = metric.round(value);
                chosen = Some(DayValue { day, value, provider, contested: false, conflict: false });
            }
            Some(first) => {
                first.contested = true;
                first.conflict |= (value - first.value).abs() > CONFLICT_SHARE * first.value.abs();
            }
        }
    }
    chosen
}

fn aggregate<'a>(how: Aggregation, values: impl Iterator<Item = (&'a ObservationKey, &'a f64)>) -> Option<f64> {
    let mut count = 0_u32;
    let (mut sum, mut max, mut last) = (0.0, f64::NEG_INFINITY, None);
    for (key, value) in values {
        count += 1;
        sum += value;
        max = value.max(max);
        if last.is_none_or(|(start, _)| key.start >= start) {
            last = Some((key.start, *value));
        }
    }
    if count == 0 {
        return None;
    }
    Some(match how {
        Aggregation::Sum => sum,
        Aggregation::Mean => sum / f64::from(count),
        Aggregation::Max => max,
        Aggregation::Last => last?.1,
    })
}
