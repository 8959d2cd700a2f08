//! What a batch of rows comes to: what is new, what corrects, what says nothing, and what is not taken.

use std::collections::BTreeMap;

use super::Taking;
use crate::domain::event::{ActivityRecorded, Event, ObservationCorrected, ObservationsRecorded};
use crate::domain::invariants;
use crate::domain::observation::{Activity, Observation, ObservationKey, Rejection};
use crate::domain::provider::Provider;
use crate::domain::state::PersonState;
use crate::engine::observe::reconcile::{Finding, Held, reconcile};

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
    plain: BTreeMap<Provider, Vec<Observation>>,
    rest: Vec<Event>,
    overlay: BTreeMap<ObservationKey, Held>,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) corrected: u64,
    pub(super) observations: u64,
}

impl Decided {
    pub(super) fn row(
        &mut self,
        taking: &Taking<'_>,
        known: &BTreeMap<ObservationKey, Held>,
        activity: Option<&Activity>,
        observations: &[Observation],
    ) {
        let (mut new, mut corrected) = (Vec::new(), false);
        for observation in observations {
            let held = self.overlay.get(&observation.key).or_else(|| known.get(&observation.key));
            match reconcile(held, observation) {
                Finding::Known => continue,
                Finding::New => {}
                Finding::Correction => {
                    if let Some(held) = held {
                        corrected = true;
                        let event = ObservationCorrected {
                            source: taking.source(),
                            observation: observation.clone(),
                            previous_value: held.value,
                            previous_day: held.day,
                        };
                        self.rest.push(event.into());
                    }
                }
            }
            let Observation { value, resolution, day, end, as_of, .. } = observation.clone();
            let is_new = !self.overlay.contains_key(&observation.key) && !known.contains_key(&observation.key);
            self.overlay.insert(observation.key.clone(), Held { value, resolution, day, end, as_of });
            if is_new {
                new.push(observation.clone());
            }
        }
        match (corrected, new.is_empty()) {
            (true, _) => self.corrected += 1,
            (false, false) => self.accepted += 1,
            (false, true) => self.duplicates += 1,
        }
        self.observations += new.len() as u64;
        match activity {
            Some(activity) if !new.is_empty() => {
                self.rest.push(
                    ActivityRecorded { source: taking.source(), activity: activity.clone(), observations: new }.into(),
                );
            }
            _ => new.into_iter().for_each(|o| self.plain.entry(o.key.provider).or_default().push(o)),
        }
    }

    pub(super) fn events(&mut self, taking: &Taking<'_>) -> Vec<Event> {
        // Whoever measured has a key of their own: what they measured can go without what others did.
        let plain = std::mem::take(&mut self.plain).into_values();
        let mut events: Vec<Event> =
            plain.map(|observations| ObservationsRecorded { source: taking.source(), observations }.into()).collect();
        events.append(&mut self.rest);
        events
    }
}
