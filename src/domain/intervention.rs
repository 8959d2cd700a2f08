//! Interventions: things to try, each with its safety decision.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::Direction;
use super::day::LocalDay;
use super::grade::Grade;
use super::metric::Metric;
use super::profile::Condition;
use super::provider::Provider;
use super::safety::Topic;

/// How much could go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Hardly anything.
    Low,
    /// Something, for some.
    Moderate,
    /// A reviewer decides.
    High,
}

/// How far a suggestion reaches into a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Information a person may use.
    Informational,
    /// A change of habits.
    Lifestyle,
    /// Tried under a design.
    Experiment,
}

/// Whether something is low-risk information: what may be said where not everything is known.
#[must_use]
pub fn is_modest(risk: RiskLevel, boundary: Boundary) -> bool {
    risk == RiskLevel::Low && boundary == Boundary::Informational
}

/// What a suggestion does to the load of training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadEffect {
    /// It takes load away.
    Lowers,
    /// It leaves it as it is.
    #[default]
    Neutral,
    /// It adds load.
    Raises,
}

/// An entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// The stable key, as in `regular_bedtime`.
    pub key: String,
    /// What a person reads in a list.
    pub title: String,
    /// The same inside a sentence, after "you could try".
    pub phrase: String,
    /// The metrics it aims at, and which way.
    pub targets: Vec<Target>,
    /// How far it reaches.
    pub boundary: Boundary,
    /// How much could go wrong.
    pub risk: RiskLevel,
    /// What it does to the load of training.
    pub load: LoadEffect,
    /// What it touches that somebody may have to be kept from.
    pub topics: BTreeSet<Topic>,
    /// How strong the literature is. It says nothing about this person.
    pub literature_grade: Grade,
    /// Where the literature grade comes from.
    pub literature_source: String,
    /// With which conditions it is not suggested.
    pub contraindications: BTreeSet<Condition>,
    /// Days left out of an evaluation after it begins.
    pub washout_days: u32,
}

/// A metric an intervention aims at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The metric.
    pub metric: Metric,
    /// Which way it is hoped to move.
    pub direction: Direction,
}

/// Why an intervention was let through or held back: part of every proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyDecision {
    /// How much could go wrong.
    pub risk_level: RiskLevel,
    /// How strong the literature is.
    pub evidence_grade: Grade,
    /// How far it reaches.
    pub boundary: Boundary,
    /// What it does to the load of training.
    #[serde(default)]
    pub load: LoadEffect,
    /// What it touches that somebody may have to be kept from.
    #[serde(default)]
    pub topics: BTreeSet<Topic>,
    /// What was checked, in order, as in `profile_undeclared: only low-risk information`.
    pub checks: Vec<String>,
}

/// A suggestion made to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The proposal's id.
    pub id: Uuid,
    /// The catalogue entry's key.
    pub intervention: String,
    /// The version of the catalogue.
    pub catalogue_version: u32,
    /// The metric it aims at.
    pub metric: Metric,
    /// Which way it is hoped to move.
    pub direction: Direction,
    /// The day it was made.
    pub day: LocalDay,
    /// The insight that led to it.
    pub insight_id: Uuid,
    /// Why it was let through.
    pub safety: SafetyDecision,
    /// Whose data the insight rests on.
    pub sources: Vec<Provider>,
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// Made, not answered.
    Open,
    /// The person will try it.
    Accepted,
    /// The person will not.
    Declined,
    /// Held back, and not shown.
    Suppressed,
    /// Accepted, and held back since: what was tried is no longer allowed.
    Invalidated,
}

impl ProposalStatus {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Suppressed => "suppressed",
            Self::Invalidated => "invalidated",
        }
    }
}

/// A suggestion and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldProposal {
    /// The suggestion.
    pub proposal: Proposal,
    /// Where it stands.
    pub status: ProposalStatus,
}
