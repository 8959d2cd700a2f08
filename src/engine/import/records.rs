//! Which record does an observation belong to, and is that record held already, at this or at another time?
//!
//! A provider's record is told by its kind and its start, as the keys of its facts are. When somebody edits a night its start
//! moves: every key is new, and it is the same night all the same. It is known by the provider's own id of it, or, where
//! one of the two words bears none, by an interval of which more than half lies in the other's.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::provider::Provider;
use crate::engine::observe::reconcile::{Held, other_ids, outranks};

/// The longest record that is looked for among overlapping ones.
const LONGEST: TimeDelta = TimeDelta::hours(48);

/// Where a record stands: what its facts' keys have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) provider: Provider,
    pub(super) kind: RecordKind,
    start: Instant,
    provider_id: Option<String>,
}

impl Place {
    pub(super) fn of(key: &ObservationKey) -> Self {
        Self { provider: key.provider, kind: key.kind, start: key.start, provider_id: key.provider_id.clone() }
    }
}

/// Whether records of a kind can move to another time and stay the same.
const fn moves(kind: RecordKind) -> bool {
    match kind {
        RecordKind::Sleep
        | RecordKind::Nap
        | RecordKind::Recovery
        | RecordKind::Cycle
        | RecordKind::Activity
        | RecordKind::Weighing => true,
        RecordKind::Day | RecordKind::Checkin | RecordKind::Journal | RecordKind::Sample => false,
    }
}

/// Whether two records of a kind cannot go on at the same time. Activities can: a warm-up inside a class, a ride in a
/// commute; and who steps on the scales twice is weighed twice. Which of them are one only their ids tell.
const fn excludes(kind: RecordKind) -> bool {
    moves(kind) && !matches!(kind, RecordKind::Activity | RecordKind::Weighing)
}

/// Kinds between which a provider may move a record: a sleep that turns out to be a nap.
const fn family(kind: RecordKind) -> &'static [RecordKind] {
    match kind {
        RecordKind::Sleep | RecordKind::Nap => &[RecordKind::Sleep, RecordKind::Nap],
        RecordKind::Recovery => &[RecordKind::Recovery],
        RecordKind::Cycle => &[RecordKind::Cycle],
        RecordKind::Activity => &[RecordKind::Activity],
        RecordKind::Weighing => &[RecordKind::Weighing],
        RecordKind::Day | RecordKind::Checkin | RecordKind::Journal | RecordKind::Sample => &[],
    }
}

/// A record, told by what is held of its facts.
#[derive(Clone, Debug, Default)]
struct Known {
    end: Option<Instant>,
    own_id: Option<String>,
    facts: Vec<ObservationKey>,
}

/// What an incoming record is to those that are held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its record stands where it says, or nowhere: its facts speak for themselves.
    Apart,
    /// Its record is held at another time, or was taken back, by a word that is not older.
    Outdated,
    /// Its record is held at other times by older words; it has moved from there. With the age of the word that says so.
    Moved(Vec<Place>, Instant),
    /// Its id tells that what stands here is the record that stands elsewhere by a newer word, of this age.
    Gone(Instant),
}

/// What is held of some facts, and of the records that may be the same as theirs.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    facts: BTreeMap<ObservationKey, Held>,
    records: BTreeMap<Place, Known>,
}

impl Holdings {
    pub(super) fn new(facts: BTreeMap<ObservationKey, Held>) -> Self {
        let mut holdings = Self::default();
        for (key, held) in facts {
            holdings.hold(key, held);
        }
        holdings
    }

    pub(super) fn fact(&self, key: &ObservationKey) -> Option<&Held> {
        self.facts.get(key)
    }

    pub(super) fn hold(&mut self, key: ObservationKey, held: Held) {
        if moves(key.kind) {
            let known = self.records.entry(Place::of(&key)).or_default();
            known.end = held.end.or(known.end);
            known.own_id = held.record.clone().or_else(|| known.own_id.take());
            if !self.facts.contains_key(&key) {
                known.facts.push(key.clone());
            }
        }
        self.facts.insert(key, held);
    }

    /// The provider's own id of a record, where one is known.
    pub(super) fn own_id(&self, place: &Place) -> Option<&str> {
        self.records.get(place)?.own_id.as_deref()
    }

    /// Whether any fact of the record stands.
    pub(super) fn stands(&self, place: &Place) -> bool {
        self.records.get(place).is_some_and(|known| self.standing(known).next().is_some())
    }

    /// The facts of a record that stand.
    pub(super) fn facts_of(&self, place: &Place) -> Vec<(ObservationKey, Held)> {
        let known = self.records.get(place);
        known.map_or_else(Vec::new, |known| self.standing(known).map(|(k, h)| (k.clone(), h.clone())).collect())
    }

    /// What the observations of one record are to the records that are held.
    pub(super) fn standing_of(&self, place: &Place, told: &[&Observation]) -> Standing {
        let Some(observation) = told.first() else { return Standing::Apart };
        if !moves(place.kind) {
            return Standing::Apart;
        }
        if self.stands(place) {
            return self.standing_by_id(place, observation);
        }
        if place.kind == RecordKind::Recovery && self.sleep_was_taken_back(place, observation) {
            return Standing::Outdated;
        }
        let mut moved = Vec::new();
        for (other, known) in self.rivals(place, observation) {
            let here = other == place;
            let newest = self.newest(known);
            let taken_back = self.words(known).filter(|(_, held)| held.retracted).map(|(_, held)| held.as_of).max();
            // What a word of the same age took back elsewhere says nothing about what that word says here.
            if taken_back.is_some_and(|at| at > observation.as_of || here && at == observation.as_of) {
                return Standing::Outdated;
            }
            let Some(newest) = newest else { continue };
            match outranks((self.finality(known), newest), (observation.finality, observation.as_of)) {
                Ordering::Greater => return Standing::Outdated,
                Ordering::Equal if !self.coarser(known, told) => return Standing::Outdated,
                Ordering::Equal | Ordering::Less => moved.push(other.clone()),
            }
        }
        if moved.is_empty() { Standing::Apart } else { Standing::Moved(moved, observation.as_of) }
    }

    /// The same for a record that stands where it is said to be, and whose id may be held at another time as well: a file
    /// told of it here, without an id.
    fn standing_by_id(&self, place: &Place, observation: &Observation) -> Standing {
        let own = observation.own_id();
        if own.is_none() || self.own_id(place) == own {
            return Standing::Apart;
        }
        let elsewhere = self
            .rivals(place, observation)
            .filter(|(other, known)| *other != place && known.own_id.as_deref() == own && self.newest(known).is_some());
        let elsewhere: Vec<(&Place, &Known)> = elsewhere.collect();
        let here = self.records.get(place).and_then(|known| self.newest(known));
        let here = here.map_or(observation.as_of, |here| here.max(observation.as_of));
        match elsewhere.iter().filter_map(|(_, known)| self.newest(known)).max() {
            None => Standing::Apart,
            Some(there) if there > here => Standing::Gone(there),
            Some(_) => Standing::Moved(elsewhere.into_iter().map(|(other, _)| other.clone()).collect(), here),
        }
    }

    /// Whether the sleep that a recovery was reckoned of was taken back since, and stands nowhere else.
    fn sleep_was_taken_back(&self, place: &Place, observation: &Observation) -> bool {
        let of_kind = |kind| self.records_of(place.provider, kind, (Instant::MIN_UTC, Instant::MAX_UTC));
        let sleeps = || family(RecordKind::Sleep).iter().copied().flat_map(of_kind);
        let own = observation.own_id();
        let its = sleeps().filter(|(other, known)| {
            let id = known.own_id.as_deref();
            own.is_some() && id == own || other.start == place.start && !other_ids(id, own)
        });
        its.into_iter().any(|(_, known)| {
            let newer = |held: &Held| held.retracted && held.as_of > observation.as_of;
            let id = known.own_id.as_deref();
            let stands = |other: &Known| {
                let same = std::ptr::eq(other, known) || id.is_some() && other.own_id.as_deref() == id;
                same && self.newest(other).is_some()
            };
            self.words(known).any(|(_, held)| newer(held)) && !sleeps().any(|(_, other)| stands(other))
        })
    }

    /// The records of a kind that start in a time.
    fn records_of(
        &self,
        provider: Provider,
        kind: RecordKind,
        (first, last): (Instant, Instant),
    ) -> impl Iterator<Item = (&Place, &Known)> {
        let at = |start| Place { provider, kind, start, provider_id: None };
        self.records.range(at(first)..=at(last))
    }

    /// How final the most final word is of a record's facts that stand.
    fn finality(&self, known: &Known) -> u32 {
        self.standing(known).map(|(_, held)| held.finality).max().unwrap_or_default()
    }

    /// How new the newest word is of a record's facts that stand.
    fn newest(&self, known: &Known) -> Option<Instant> {
        self.standing(known).map(|(_, held)| held.as_of).max()
    }

    /// Records that are the observation's own, here or elsewhere.
    fn rivals<'a>(
        &'a self,
        place: &'a Place,
        observation: &'a Observation,
    ) -> impl Iterator<Item = (&'a Place, &'a Known)> + 'a {
        let own = observation.own_id();
        let by_id = move |known: &Known| own.is_some() && known.own_id.as_deref() == own;
        let by_time = move |other: &Place, known: &Known| {
            other.kind == place.kind
                && excludes(place.kind)
                && !other_ids(known.own_id.as_deref(), own)
                && (other.start == place.start || overlap((other.start, known.end), (place.start, observation.end)))
        };
        let of_kind = move |kind: RecordKind| {
            let times = match own {
                // An id finds its record at whatever time.
                Some(_) => (Instant::MIN_UTC, Instant::MAX_UTC),
                None => (place.start - LONGEST, observation.end.unwrap_or(place.start) + LONGEST),
            };
            self.records_of(place.provider, kind, times)
        };
        let family = family(place.kind).iter().copied();
        family.flat_map(of_kind).filter(move |(other, known)| by_id(known) || by_time(other, known))
    }

    /// Whether what is held of a metric was written less finely.
    fn coarser(&self, known: &Known, told: &[&Observation]) -> bool {
        self.standing(known)
            .any(|(key, held)| told.iter().any(|o| o.key.metric == key.metric && o.resolution < held.resolution))
    }

    fn words<'a>(&'a self, known: &'a Known) -> impl Iterator<Item = (&'a ObservationKey, &'a Held)> + 'a {
        known.facts.iter().filter_map(|key| self.facts.get_key_value(key))
    }

    fn standing<'a>(&'a self, known: &'a Known) -> impl Iterator<Item = (&'a ObservationKey, &'a Held)> + 'a {
        self.words(known).filter(|(_, held)| !held.retracted)
    }
}

/// Whether more than half of the shorter of two intervals lies in the other. One without an end has no length yet.
fn overlap(one: (Instant, Option<Instant>), other: (Instant, Option<Instant>)) -> bool {
    let ((from, Some(to)), (since, Some(until))) = (one, other) else { return false };
    let shared = to.min(until) - from.max(since);
    let shorter = (to - from).min(until - since);
    shared > TimeDelta::zero() && shared * 2 > shorter
}

/// What must be known beside the facts that are told, to see which records are held at other times.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Kinds of records that are looked for by the days they lie in.
    pub(super) days: BTreeMap<(Provider, RecordKind), (LocalDay, LocalDay)>,
    /// Records that are looked for by their own ids.
    pub(super) ids: BTreeMap<Provider, BTreeSet<String>>,
}

/// Days around a record's in which the same one may stand: it may have been moved over midnight, or by a journey.
const AROUND: u32 = 2;

impl Holdings {
    /// What is wanted for some observations: nothing for those whose record is known to stand where they say.
    pub(super) fn wanted<'a>(&self, told: impl Iterator<Item = &'a Observation>) -> Wanted {
        let mut wanted = Wanted::default();
        for observation in told.filter(|o| moves(o.key.kind)) {
            let place = Place::of(&observation.key);
            let stands = self.stands(&place);
            if stands && self.own_id(&place) == observation.own_id() {
                continue;
            }
            let with_it = (place.kind == RecordKind::Recovery).then_some(RecordKind::Sleep);
            for kind in [place.kind].into_iter().chain(with_it).filter(|kind| !stands && excludes(*kind)) {
                wanted.day((place.provider, kind), observation.day.minus(AROUND), observation.day.plus(AROUND));
            }
            if let Some(id) = observation.own_id() {
                wanted.ids.entry(place.provider).or_default().insert(id.to_owned());
            }
        }
        wanted
    }
}

impl Wanted {
    fn day(&mut self, kind: (Provider, RecordKind), first: LocalDay, last: LocalDay) {
        let days = self.days.entry(kind).or_insert((first, last));
        *days = (days.0.min(first), days.1.max(last));
    }

    /// Records that were found by their ids are wanted whole: their other facts may not bear it.
    pub(super) fn found(&self, facts: &BTreeMap<ObservationKey, Held>) -> Self {
        let mut more = Self::default();
        for (key, held) in facts.iter().filter(|(key, _)| moves(key.kind)) {
            let kind = (key.provider, key.kind);
            if self.days.get(&kind).is_none_or(|(first, last)| !(*first..=*last).contains(&held.day)) {
                more.day(kind, held.day, held.day);
            }
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::domain::metric::Metric;

    fn hour(hour: i64) -> Instant {
        Utc.with_ymd_and_hms(2026, 5, 8, 0, 0, 0).unwrap() + TimeDelta::hours(hour)
    }

    /// A record from one hour to another, as new as so many hours.
    fn told(kind: RecordKind, from: i64, to: i64, id: Option<&str>, age: i64) -> Observation {
        let metric = Metric::SleepDuration;
        let key = ObservationKey { provider: Provider::Whoop, kind, metric, start: hour(from), provider_id: None };
        Observation {
            end: Some(hour(to)),
            as_of: hour(age),
            row: 1,
            record: id.map(str::to_owned),
            ..Observation::new(key, "2026-05-08".parse().unwrap(), 400.0)
        }
    }

    fn standing(held: &[&Observation], incoming: &Observation) -> Standing {
        let facts = held.iter().map(|o| (o.key.clone(), Held::of(o)));
        Holdings::new(facts.collect()).standing_of(&Place::of(&incoming.key), &[incoming])
    }

    #[test]
    fn more_than_half_of_the_shorter_interval_makes_one_night_and_half_does_not() {
        let sleep = |from, to, age| told(RecordKind::Sleep, from, to, None, age);
        let held = sleep(0, 8, 10);
        let moved = Standing::Moved(vec![Place::of(&held.key)], hour(11));
        assert_eq!(standing(&[&held], &sleep(3, 8, 11)), moved);
        assert_eq!(standing(&[&held], &sleep(5, 10, 11)), moved);
        assert_eq!(standing(&[&held], &sleep(6, 10, 11)), Standing::Apart);
        assert_eq!(standing(&[&held], &sleep(8, 12, 11)), Standing::Apart);
        assert_eq!(standing(&[&held], &sleep(3, 8, 9)), Standing::Outdated);
        assert_eq!(standing(&[&held], &sleep(3, 8, 10)), Standing::Outdated);
        let finer = Observation { resolution: 0.1, ..sleep(3, 8, 10) };
        assert_eq!(standing(&[&held], &finer), Standing::Moved(vec![Place::of(&held.key)], hour(10)));
        let other_kind = told(RecordKind::Nap, 3, 8, None, 11);
        assert_eq!(standing(&[&held], &other_kind), Standing::Apart);
    }

    #[test]
    fn an_id_tells_the_same_record_at_any_time_and_two_ids_tell_two_records() {
        let held = told(RecordKind::Sleep, 0, 8, Some("a"), 10);
        let moved = Standing::Moved(vec![Place::of(&held.key)], hour(11));
        assert_eq!(standing(&[&held], &told(RecordKind::Sleep, 100, 108, Some("a"), 11)), moved);
        // A night that turns out to be a nap.
        assert_eq!(standing(&[&held], &told(RecordKind::Nap, 1, 8, Some("a"), 11)), moved);
        assert_eq!(standing(&[&held], &told(RecordKind::Sleep, 100, 108, Some("a"), 9)), Standing::Outdated);
        assert_eq!(standing(&[&held], &told(RecordKind::Sleep, 1, 8, Some("b"), 11)), Standing::Apart);
        // A recovery bears its sleep's id, and is no sleep.
        assert_eq!(standing(&[&held], &told(RecordKind::Recovery, 1, 8, Some("a"), 11)), Standing::Apart);
    }

    #[test]
    fn activities_lie_within_each_other_unless_their_ids_say_that_they_are_one() {
        let held = told(RecordKind::Activity, 0, 8, None, 10);
        assert_eq!(standing(&[&held], &told(RecordKind::Activity, 1, 7, None, 11)), Standing::Apart);
        let named = told(RecordKind::Activity, 0, 8, Some("a"), 10);
        let moved = Standing::Moved(vec![Place::of(&named.key)], hour(11));
        assert_eq!(standing(&[&named], &told(RecordKind::Activity, 1, 7, Some("a"), 11)), moved);
    }

    #[test]
    fn an_id_that_is_learnt_settles_which_of_two_places_the_record_stands_at() {
        let filed = told(RecordKind::Activity, 0, 8, None, 10);
        for (age, expected) in [(9, true), (12, false)] {
            let elsewhere = told(RecordKind::Activity, 20, 28, Some("a"), age);
            let incoming = told(RecordKind::Activity, 0, 8, Some("a"), 8);
            let settled = standing(&[&filed, &elsewhere], &incoming);
            let moved = Standing::Moved(vec![Place::of(&elsewhere.key)], hour(10));
            assert_eq!(settled, if expected { moved } else { Standing::Gone(hour(12)) });
        }
    }

    #[test]
    fn a_recovery_is_outdated_once_its_sleep_was_taken_back_and_not_when_it_moved() {
        let sleep = told(RecordKind::Sleep, 0, 8, Some("a"), 10);
        let gone = Held { retracted: true, as_of: hour(12), ..Held::of(&sleep) };
        let elsewhere = told(RecordKind::Sleep, 1, 8, Some("a"), 12);
        let mut facts = BTreeMap::from([(sleep.key.clone(), gone)]);
        let standing = |facts: &BTreeMap<ObservationKey, Held>, id, age| {
            let recovery = told(RecordKind::Recovery, 0, 8, id, age);
            Holdings::new(facts.clone()).standing_of(&Place::of(&recovery.key), &[&recovery])
        };
        for id in [Some("a"), None] {
            assert_eq!(standing(&facts, id, 11), Standing::Outdated);
            assert_eq!(standing(&facts, id, 12), Standing::Apart);
        }
        assert_eq!(standing(&facts, Some("b"), 11), Standing::Apart);
        facts.insert(elsewhere.key.clone(), Held::of(&elsewhere));
        for id in [Some("a"), None] {
            assert_eq!(standing(&facts, id, 11), Standing::Apart);
        }
    }

    #[test]
    fn what_was_taken_back_is_outdated_for_older_words_about_its_time() {
        let held = told(RecordKind::Sleep, 0, 8, Some("a"), 10);
        let gone = Held { retracted: true, as_of: hour(12), ..Held::of(&held) };
        let holdings = Holdings::new(BTreeMap::from([(held.key.clone(), gone)]));
        let standing = |o: &Observation| holdings.standing_of(&Place::of(&o.key), &[o]);
        assert_eq!(standing(&told(RecordKind::Sleep, 0, 8, None, 12)), Standing::Outdated);
        assert_eq!(standing(&told(RecordKind::Sleep, 1, 8, None, 11)), Standing::Outdated);
        assert_eq!(standing(&told(RecordKind::Sleep, 1, 8, None, 12)), Standing::Apart);
        assert_eq!(standing(&told(RecordKind::Sleep, 0, 8, None, 13)), Standing::Apart);
        assert_eq!(standing(&told(RecordKind::Sleep, 0, 8, Some("b"), 11)), Standing::Apart);
    }
}
