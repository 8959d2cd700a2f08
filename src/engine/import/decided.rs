//! What a batch of rows comes to: what is new, what corrects, what says nothing, and what is not taken.

use std::collections::BTreeMap;

use super::records::{Holdings, Place, Standing};
use super::taking::Taking;
use crate::domain::Instant;
use crate::domain::event::{ActivityRecorded, Event, ObservationCorrected, ObservationsRecorded};
use crate::domain::invariants;
use crate::domain::observation::{Activity, Observation, Rejection};
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use crate::engine::observe::reconcile::{Finding, Held, reconcile, settled};
use crate::engine::retract::{MOVED, retraction};

/// Why a row is not taken, where it names somebody whose data the person took back.
pub(super) fn not_taken(state: &PersonState, observations: &[Observation]) -> Option<Rejection> {
    let refused = |o: &Observation| invariants::may_take_from(state, o.key.provider).err().map(|why| (o.row, why));
    let (row, why) = observations.iter().find_map(refused)?;
    Some(Rejection { row, field: "provider".to_owned(), reason: why.reason })
}

/// What a batch comes to.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) rejections: Vec<Rejection>,
    /// What is held, this batch's own words included.
    holdings: Holdings,
    /// What is settled up to the last retraction.
    settled: Vec<Event>,
    plain: BTreeMap<Provider, Vec<Observation>>,
    rest: Vec<Event>,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) corrected: u64,
    pub(super) observations: u64,
}

impl Decided {
    pub(super) fn over(holdings: Holdings) -> Self {
        Self { holdings, ..Self::default() }
    }

    pub(super) fn row(&mut self, taking: &Taking<'_>, activity: Option<&Activity>, observations: &[Observation]) {
        let mut records: BTreeMap<Place, Vec<&Observation>> = BTreeMap::new();
        for observation in observations {
            records.entry(Place::of(&observation.key)).or_default().push(observation);
        }
        let (mut new, mut corrected) = (Vec::new(), false);
        let mut other_day = false;
        for (place, told) in &records {
            let mut own_id = None;
            match self.holdings.standing_of(place, told) {
                Standing::Apart => {}
                Standing::Outdated => continue,
                Standing::Gone(as_of) => {
                    corrected = true;
                    self.retract(taking, place, as_of);
                    continue;
                }
                Standing::Moved(from, as_of) => {
                    corrected = true;
                    let of_kind = from.iter().find(|other| other.kind == place.kind);
                    own_id = of_kind.and_then(|other| self.holdings.own_id(other)).map(str::to_owned);
                    for other in &from {
                        self.retract(taking, other, as_of);
                    }
                }
            }
            for observation in told {
                let mut observation = (*observation).clone();
                if observation.own_id().is_none() {
                    observation.record.clone_from(&own_id);
                }
                other_day |= self.holdings.fact(&observation.key).is_some_and(|held| held.day != observation.day);
                corrected |= self.fact(taking, observation, &mut new);
            }
        }
        match (corrected, new.is_empty()) {
            (true, _) => self.corrected += 1,
            (false, false) => self.accepted += 1,
            (false, true) => self.duplicates += 1,
        }
        self.observations += new.len() as u64;
        match activity {
            // An activity that was moved to another day is told anew, though each of its values is known.
            Some(activity) if !new.is_empty() || corrected && other_day => {
                self.rest.push(
                    ActivityRecorded { source: taking.source(), activity: activity.clone(), observations: new }.into(),
                );
            }
            _ => new.into_iter().for_each(|o| self.plain.entry(o.key.provider).or_default().push(o)),
        }
    }

    /// Takes one fact; whether it corrects what is held of it.
    fn fact(&mut self, taking: &Taking<'_>, observation: Observation, new: &mut Vec<Observation>) -> bool {
        let held = self.holdings.fact(&observation.key);
        match (reconcile(held, &observation), held) {
            (Finding::Known, _) => false,
            (Finding::Correction, Some(held)) => {
                let (previous_value, previous_day) = (held.value, held.day);
                let observation = settled(held, &observation);
                self.holdings.hold(observation.key.clone(), Held::of(&observation));
                let source = taking.source();
                self.rest.push(ObservationCorrected { source, observation, previous_value, previous_day }.into());
                true
            }
            (Finding::New | Finding::Correction, _) => {
                self.holdings.hold(observation.key.clone(), Held::of(&observation));
                new.push(observation);
                false
            }
        }
    }

    /// Takes a record back from where it stood: a newer word has it at another time.
    fn retract(&mut self, taking: &Taking<'_>, place: &Place, as_of: Instant) {
        // What was said of it in this batch comes before, what is said of it later comes after.
        let before = self.said(taking);
        self.settled.extend(before);
        for (key, held) in self.holdings.facts_of(place) {
            self.settled.push(retraction(taking.source(), key.clone(), &held, as_of, MOVED).into());
            self.holdings.hold(key, Held { value: 0.0, resolution: 0.0, as_of, retracted: true, ..held });
        }
    }

    fn said(&mut self, taking: &Taking<'_>) -> Vec<Event> {
        // Whoever measured has a key of their own: what they measured can go without what others did.
        let plain = std::mem::take(&mut self.plain).into_values();
        let mut events: Vec<Event> =
            plain.map(|observations| ObservationsRecorded { source: taking.source(), observations }.into()).collect();
        events.append(&mut self.rest);
        events
    }

    pub(super) fn events(&mut self, taking: &Taking<'_>) -> Vec<Event> {
        let last = self.said(taking);
        let mut events = std::mem::take(&mut self.settled);
        events.extend(last);
        events
    }
}
