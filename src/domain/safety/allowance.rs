//! What may still be done: permissions that notices and a profile take away and nothing adds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::rule::declared;
use super::{Level, SafetyRule};
use crate::domain::intervention::{LoadEffect, Proposal, ProposalStatus, SafetyDecision, is_modest};
use crate::domain::metric::Metric;
use crate::domain::state::PersonState;

/// How far a suggestion may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Nothing is suggested.
    Nothing,
    /// Low-risk information only.
    Information,
    /// Whatever no other rule forbids.
    Everything,
}

/// What a suggestion touches, where somebody may have to be kept from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Physical effort beyond daily life.
    Exercise,
    /// Heat on the whole body, as in a sauna or a hot bath.
    Heat,
    /// What or when to eat.
    Food,
    /// Body weight.
    Weight,
    /// Less time in bed.
    SleepRestriction,
    /// Effort up to one's limit.
    MaxEffort,
}

/// What is allowed. Two allowances meet in what both allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Whether the data are analysed at all.
    pub analysis: bool,
    /// How far a suggestion may go.
    pub reach: Reach,
    /// The most a suggestion may do to the load of training.
    pub load: LoadEffect,
    /// What a suggestion must not touch.
    pub barred: BTreeSet<Topic>,
    /// What is measured but not spoken of.
    pub hidden: BTreeSet<Metric>,
}

impl Allowance {
    /// No restriction.
    #[must_use]
    pub const fn everything() -> Self {
        Self {
            analysis: true,
            reach: Reach::Everything,
            load: LoadEffect::Raises,
            barred: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self {
            analysis: self.analysis && other.analysis,
            reach: self.reach.min(other.reach),
            load: self.load.min(other.load),
            barred: &self.barred | &other.barred,
            hidden: &self.hidden | &other.hidden,
        }
    }

    /// Whether everything this allows is allowed by another too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.meet(other) == *self
    }

    /// Whether a suggestion may be made.
    ///
    /// # Errors
    /// The stable key of what forbids it.
    pub fn permits(&self, decision: &SafetyDecision) -> Result<(), &'static str> {
        if self.reach == Reach::Nothing || !self.analysis {
            return Err("safety_notice_stands");
        }
        if self.reach == Reach::Information && !is_modest(decision.risk_level, decision.boundary) {
            return Err("only_low_risk_information");
        }
        if decision.load > self.load {
            return Err("load_is_limited");
        }
        if decision.topics.intersection(&self.barred).next().is_some() {
            return Err("topic_is_barred");
        }
        Ok(())
    }
}

/// What a person's state allows: what every standing notice, their profile and their symptoms allow together.
///
/// It does not wait for a stage to have raised a notice: what was declared counts from the moment it was.
#[must_use]
pub fn allowance(state: &PersonState) -> Allowance {
    let mut allowed = Allowance::everything();
    if !state.profile.is_declared() {
        allowed.reach = Reach::Information;
    }
    for notice in state.notices.values() {
        allowed = allowed.meet(&notice.allows);
    }
    for (rule, level) in declared(&state.profile) {
        let reviewed = state.reviewed.get(&rule).is_some_and(|reviewed| reviewed.level >= level);
        let allows = rule.allows(level);
        // A reviewer may let suggestions through; what must not be touched or spoken of stays so.
        let full = Allowance::everything();
        let after = Allowance { barred: allows.barred.clone(), hidden: allows.hidden.clone(), ..full };
        allowed = allowed.meet(if reviewed { &after } else { &allows });
    }
    if !state.symptoms.is_empty() {
        allowed = allowed.meet(&SafetyRule::RedFlagSymptom.allows(Level::Stop));
    }
    allowed
}

/// The open suggestion that another would contradict: the same metric the other way, or load against rest.
#[must_use]
pub fn contradicts<'a>(state: &'a PersonState, proposal: &Proposal) -> Option<&'a Proposal> {
    let opposed = |a: LoadEffect, b: LoadEffect| a.min(b) == LoadEffect::Lowers && a.max(b) == LoadEffect::Raises;
    let open = state.proposals.values().filter(|held| held.status == ProposalStatus::Open);
    open.map(|held| &held.proposal).filter(|other| other.id != proposal.id).find(|other| {
        let other_way = other.metric == proposal.metric && other.direction != proposal.direction;
        other_way || opposed(other.safety.load, proposal.safety.load)
    })
}
