//! What was asked of the assistant in one sitting: which topics, how often, and which claims were told. No word of a question
//! is needed to go on, and none is kept in the state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::entity_of;
use super::metric::Metric;
use super::plan::Matter;

/// What a question is about. Nothing named means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topics {
    /// What matters.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub matters: BTreeSet<Matter>,
    /// Metrics that were named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub metrics: BTreeSet<Metric>,
}

impl Topics {
    /// Whether nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matters.is_empty() && self.metrics.is_empty()
    }

    /// Whether a metric is among them: by its name, or, where none is named, by what it is a sign of.
    #[must_use]
    pub fn include(&self, metric: Metric) -> bool {
        if self.metrics.is_empty() {
            self.matters.is_empty() || self.matters.contains(&Matter::of(metric))
        } else {
            self.metrics.contains(&metric)
        }
    }

    /// Everything that they are about, metrics by what they are a sign of.
    #[must_use]
    pub fn broadly(&self) -> BTreeSet<Matter> {
        self.matters.iter().copied().chain(self.metrics.iter().map(|metric| Matter::of(*metric))).collect()
    }
}

/// How often each topic was asked about, and how many claims were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gist {
    /// Questions answered.
    pub questions: u32,
    /// Questions about each topic.
    pub asked: BTreeMap<Matter, u32>,
    /// Different things that were told: statements, scores, suggestions.
    pub told: u32,
}

/// One sitting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// What it came to so far.
    pub gist: Gist,
    /// What the last question was about: one that names nothing goes on with it.
    pub topics: Topics,
    /// The ids of what was told.
    pub told: BTreeSet<String>,
    /// Questions since the last summary.
    pub since_summary: u32,
    /// The revision of its last event: the one that rested longest is forgotten first.
    pub last: u64,
}

/// The sittings that are remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conversations(BTreeMap<Uuid, Conversation>);

impl Conversations {
    /// Sittings that are remembered.
    pub const MOST: usize = 16;
    /// Different things of one sitting that are counted.
    pub const TOLD: usize = 500;
    /// Questions after which a sitting is summarised.
    pub const SUMMARISED_AFTER: u32 = 6;

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A sitting.
    #[must_use]
    pub fn get(&self, session: Uuid) -> Option<&Conversation> {
        self.0.get(&session)
    }

    /// A question about some topics was answered by telling of some things.
    pub(super) fn answered(&mut self, revision: u64, session: Uuid, topics: &Topics, told: &[String]) {
        if !self.0.contains_key(&session) && self.0.len() >= Self::MOST {
            let oldest = self.0.iter().min_by_key(|(_, held)| held.last).map(|(id, _)| *id);
            oldest.and_then(|id| self.0.remove(&id));
        }
        let held = self.0.entry(session).or_default();
        held.gist.questions += 1;
        held.since_summary += 1;
        for matter in topics.broadly() {
            *held.gist.asked.entry(matter).or_default() += 1;
        }
        let room = Self::TOLD.saturating_sub(held.told.len());
        held.told.extend(told.iter().map(|id| entity_of(id).to_owned()).take(room));
        held.gist.told = u32::try_from(held.told.len()).unwrap_or(u32::MAX);
        held.topics = topics.clone();
        held.last = revision;
    }

    /// A sitting was summarised.
    pub(super) fn summarised(&mut self, session: Uuid) {
        if let Some(held) = self.0.get_mut(&session) {
            held.since_summary = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sitting_that_rested_longest_is_forgotten_first() {
        let mut held = Conversations::default();
        let id = |number: usize| Uuid::from_u128(number as u128);
        for number in 0..Conversations::MOST {
            held.answered(number as u64, id(number), &Topics::default(), &[]);
        }
        held.answered(90, id(0), &Topics::default(), &[]);
        held.answered(91, id(99), &Topics::default(), &[]);
        assert!(held.get(id(0)).is_some_and(|held| held.gist.questions == 2));
        assert!(held.get(id(1)).is_none(), "it rested since 1");
        assert_eq!(held.0.len(), Conversations::MOST);
    }
}
