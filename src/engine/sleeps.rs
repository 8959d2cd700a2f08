//! When a person slept: the start and end of each sleep and nap, as the records about them say.
//!
//! A day of a metric keeps its value alone; the regularity of sleep needs the times as well. What has no end, lasts longer
//! than a day or ends before it starts says nothing about time and is not kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::provider::Provider;

/// The longest record that is still a sleep.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// One sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sleep {
    /// Who recorded it.
    pub provider: Provider,
    /// Whether it is a sleep beside the main one.
    pub nap: bool,
    /// The local day on which the person woke.
    pub day: LocalDay,
    /// When it started.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
}

/// Every sleep of a person, each the current word about its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sleeps(BTreeMap<ObservationKey, Sleep>);

impl Sleeps {
    /// Takes an observation in; those that are not about time asleep change nothing.
    pub(super) fn take(&mut self, observation: &Observation) {
        let key = &observation.key;
        let nap = match (key.kind, key.metric) {
            (RecordKind::Sleep, Metric::SleepDuration) => false,
            (RecordKind::Nap, Metric::NapDuration) => true,
            _ => return,
        };
        let lasts = |end: &Instant| key.start < *end && end.signed_duration_since(key.start) <= LONGEST;
        match observation.end.filter(lasts) {
            Some(end) => {
                let sleep = Sleep { provider: key.provider, nap, day: observation.day, start: key.start, end };
                self.0.insert(key.clone(), sleep);
            }
            // A correction may take the end back.
            None => drop(self.0.remove(key)),
        }
    }

    /// Forgets a sleep whose time asleep no longer holds.
    pub(super) fn forget(&mut self, key: &ObservationKey) {
        self.0.remove(key);
    }

    /// The same without what some providers recorded.
    pub(super) fn without(&self, providers: &BTreeSet<Provider>) -> Self {
        let kept = self.0.iter().filter(|(key, _)| !providers.contains(&key.provider));
        Self(kept.map(|(key, sleep)| (key.clone(), *sleep)).collect())
    }

    /// The sleeps that one provider recorded, in the order of their kind and start.
    pub fn of(&self, provider: Provider) -> impl Iterator<Item = Sleep> + '_ {
        self.0.values().filter(move |sleep| sleep.provider == provider).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ObservationCorrected, ObservationsRecorded};
    use crate::domain::observation::Source;
    use crate::engine::history::History;

    fn night(provider: Provider, metric: Metric, end: Option<&str>) -> Observation {
        let start = "2026-03-01T22:10:00Z".parse().unwrap();
        let key = ObservationKey { provider, kind: RecordKind::Sleep, metric, start, provider_id: None };
        let end = end.map(|end| end.parse().unwrap());
        let day = "2026-03-02".parse().unwrap();
        Observation { end, ..Observation::new(key, day, 430.0) }
    }

    #[test]
    fn folded_from_the_log_and_loaded_as_it_stands_they_are_the_same() {
        let source = Source { provider: Provider::Whoop, format: "test".into(), file: None, digest: None };
        let early = night(Provider::Whoop, Metric::SleepDuration, Some("2026-03-02T06:00:00Z"));
        let other = night(Provider::Garmin, Metric::SleepDuration, Some("2026-03-02T06:05:00Z"));
        let mut folded = History::default();
        let observations = vec![early.clone(), other.clone()];
        folded.evolve(&ObservationsRecorded { source: source.clone(), observations }.into());
        let mut correct = |observation: &Observation| {
            let previous_day = observation.day;
            let event = ObservationCorrected {
                source: source.clone(),
                observation: observation.clone(),
                previous_value: 430.0,
                previous_day,
            };
            folded.evolve(&event.into());
            assert_eq!(folded, History::of([observation.clone(), other.clone()]));
            folded.sleeps().of(Provider::Whoop).map(|sleep| sleep.end).collect::<Vec<_>>()
        };
        let late = night(Provider::Whoop, Metric::SleepDuration, Some("2026-03-02T07:00:00Z"));
        assert_eq!(correct(&late), [late.end.unwrap()]);
        let open = night(Provider::Whoop, Metric::SleepDuration, None);
        assert!(correct(&open).is_empty());
        let without = folded.without(&BTreeSet::from([Provider::Garmin]));
        assert_eq!(without, History::of([open]));
    }

    #[test]
    fn what_says_nothing_about_the_time_asleep_is_not_kept() {
        let kept = |observation| History::of([observation]).sleeps().of(Provider::Whoop).count();
        assert_eq!(kept(night(Provider::Whoop, Metric::SleepDuration, Some("2026-03-02T06:00:00Z"))), 1);
        assert_eq!(kept(night(Provider::Whoop, Metric::SleepInBed, Some("2026-03-02T06:00:00Z"))), 0);
        assert_eq!(kept(night(Provider::Whoop, Metric::SleepDuration, Some("2026-03-02T22:10:01Z"))), 0);
        assert_eq!(kept(night(Provider::Whoop, Metric::SleepDuration, Some("2026-03-01T22:10:00Z"))), 0);
    }
}
