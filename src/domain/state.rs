//! What a person's stream amounts to so far: the state a decision needs, without the observations themselves.
//!
//! Observations are many and live in the history; this state stays small.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Instant;
use super::claim::Notice;
use super::day::LocalDay;
use super::degradation::Degradation;
use super::event::{DayAssessed, Event};
use super::experiment::{Evaluation, ExperimentStatus, RunningExperiment};
use super::insight::{Insight, InsightKind};
use super::intervention::{Proposal, ProposalStatus};
use super::metric::Metric;
use super::observation::Observation;
use super::profile::{Profile, Purpose};
use super::watch::Watch;

/// The last run of the stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its day.
    pub day: LocalDay,
    /// The revision of the last input it saw.
    pub input_revision: u64,
}

/// A suggestion and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldProposal {
    /// The suggestion.
    pub proposal: Proposal,
    /// Where it stands.
    pub status: ProposalStatus,
}

/// The folded state of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonState {
    /// Whether the person exists.
    pub registered: bool,
    /// The revision of the last event folded.
    pub revision: Option<u64>,
    /// The revision of the last input.
    pub input_revision: u64,
    /// What they declared.
    pub profile: Profile,
    /// What they allow now.
    pub consents: BTreeSet<Purpose>,
    /// The newest local day with data.
    pub newest_data: Option<LocalDay>,
    /// When the newest data ended.
    pub newest_instant: Option<Instant>,
    /// Local days that gained data since their last run.
    pub pending: BTreeSet<LocalDay>,
    /// The last run for a present day.
    pub last_present: Option<LastRun>,
    /// The newest day whose MODEL ran: statements are not moved back before it.
    pub modelled: Option<LocalDay>,
    /// Statements that hold.
    pub insights: BTreeMap<Uuid, Insight>,
    /// What the weekly search waits for, by metric.
    pub watches: BTreeMap<Metric, Watch>,
    /// Metrics whose links are not searched for a while, with the first day on which they are again.
    #[serde(default)]
    pub links_rest: BTreeMap<Metric, i32>,
    /// The score of each day.
    pub scores: BTreeMap<LocalDay, u8>,
    /// What is held back now.
    pub degradation: Vec<Degradation>,
    /// Whether usual values stand still.
    pub frozen: bool,
    /// Suggestions.
    pub proposals: BTreeMap<Uuid, HeldProposal>,
    /// Experiments.
    pub experiments: BTreeMap<Uuid, RunningExperiment>,
    /// What experiments showed.
    pub evaluations: BTreeMap<Uuid, Evaluation>,
    /// Active safety notices.
    pub notices: BTreeMap<Uuid, Notice>,
    /// Files taken, by digest of their content and name of their part.
    pub files: BTreeSet<String>,
}

impl PersonState {
    /// The state after one more event. It holds no rule and cannot fail.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        if event.is_input() {
            self.input_revision = revision;
        }
        self.revision = Some(revision);
        match event {
            Event::PersonRegistered(_) => self.registered = true,
            Event::ConsentGranted(e) => {
                self.consents.insert(e.purpose);
            }
            Event::ConsentWithdrawn(e) => {
                self.consents.remove(&e.purpose);
            }
            Event::ProfileDeclared(e) => self.profile = e.profile.clone(),
            Event::FileImported(e) => {
                self.files.insert(file_key(e.source.digest.as_deref(), e.source.file.as_deref()));
            }
            Event::ObservationsRecorded(e) => self.gained(&e.observations),
            Event::ObservationCorrected(e) => {
                self.pending.insert(e.previous_day);
                self.gained(std::slice::from_ref(&e.observation));
            }
            Event::ActivityRecorded(e) => self.gained(&e.observations),
            Event::CheckInRecorded(e) => {
                self.pending.extend(e.observations.iter().map(|o| o.day));
                // A rating does not make the data of a device newer than they are.
                if self.newest_instant.is_none() {
                    self.newest_data = self.newest_data.max(e.observations.iter().map(|o| o.day).max());
                }
            }
            Event::DayScored(e) => {
                self.scores.insert(e.day, e.score.score);
            }
            Event::BaselinesFrozen(_) => self.frozen = true,
            Event::BaselinesResumed(_) => self.frozen = false,
            Event::InsightRaised(e) => {
                self.insights.insert(e.insight.id, e.insight.clone());
                self.watch(e.insight.metric, e.watch);
            }
            Event::InsightRenewed(e) => {
                self.insights.insert(e.insight.id, e.insight.clone());
                self.watch(e.insight.metric, e.watch);
            }
            Event::InsightExpired(e) => {
                let ended = self.insights.remove(&e.insight_id).map(|insight| insight.kind);
                match (ended, e.watch) {
                    (Some(InsightKind::Association), Some(Watch::Idle { resume_on: Some(day) })) => {
                        self.links_rest.insert(e.metric, day);
                    }
                    (_, watch) => self.watch(e.metric, watch),
                }
            }
            Event::InterventionProposed(e) => self.hold(&e.proposal, ProposalStatus::Open),
            Event::InterventionSuppressed(e) => self.hold(&e.proposal, ProposalStatus::Suppressed),
            Event::InterventionAccepted(e) => self.answer(e.proposal_id, ProposalStatus::Accepted),
            Event::InterventionDeclined(e) => self.answer(e.proposal_id, ProposalStatus::Declined),
            Event::ExperimentStarted(e) => {
                let running = RunningExperiment {
                    plan: e.experiment.clone(),
                    status: ExperimentStatus::Running,
                    adherence: BTreeMap::new(),
                };
                self.experiments.insert(e.experiment.id, running);
            }
            Event::ExperimentStopped(e) => self.conclude(e.experiment_id, ExperimentStatus::Stopped),
            Event::AdherenceLogged(e) => {
                if let Some(experiment) = self.experiments.get_mut(&e.experiment_id) {
                    experiment.adherence.insert(e.day, e.done);
                }
            }
            Event::EvaluationCompleted(e) => self.evaluated(&e.evaluation),
            Event::EvaluationMarkedUnreliable(e) => self.evaluated(&e.evaluation),
            Event::DayAssessed(e) => self.assessed(e),
            Event::BaselineComputed(_) | Event::NarrativePublished(_) | Event::ExportProduced(_) => {}
        }
    }

    /// The open statement of a kind about a metric.
    pub fn open(&self, kind: InsightKind, metric: Metric) -> Option<&Insight> {
        self.insights.values().find(|i| i.kind == kind && i.metric == metric)
    }

    /// The open statement that a metric moved: a change, a step or a trend.
    pub fn open_move(&self, metric: Metric) -> Option<&Insight> {
        InsightKind::MOVES.iter().find_map(|kind| self.open(*kind, metric))
    }

    fn watch(&mut self, metric: Metric, watch: Option<Watch>) {
        if let Some(watch) = watch {
            self.watches.insert(metric, watch);
        }
    }

    fn gained(&mut self, observations: &[Observation]) {
        for observation in observations {
            self.pending.insert(observation.day);
            self.newest_data = self.newest_data.max(Some(observation.day));
            self.newest_instant = self.newest_instant.max(Some(observation.end.unwrap_or(observation.key.start)));
        }
    }

    fn assessed(&mut self, e: &DayAssessed) {
        self.pending.remove(&e.day);
        let analysed = self.newest_data.map_or(e.day, |newest| newest.min(e.day));
        self.modelled = self.modelled.max(Some(analysed));
        if e.present {
            self.degradation.clone_from(&e.degradation);
            let run = LastRun { day: e.day, input_revision: e.input_revision };
            self.last_present = Some(run);
        }
    }

    fn hold(&mut self, proposal: &Proposal, status: ProposalStatus) {
        let held = HeldProposal { proposal: proposal.clone(), status };
        self.proposals.insert(proposal.id, held);
    }

    fn answer(&mut self, proposal: Uuid, status: ProposalStatus) {
        if let Some(held) = self.proposals.get_mut(&proposal) {
            held.status = status;
        }
    }

    fn evaluated(&mut self, evaluation: &Evaluation) {
        self.conclude(evaluation.experiment_id, ExperimentStatus::Evaluated);
        self.evaluations.insert(evaluation.id, evaluation.clone());
    }

    fn conclude(&mut self, experiment: Uuid, status: ExperimentStatus) {
        if let Some(running) = self.experiments.get_mut(&experiment) {
            running.status = status;
        }
    }
}

/// What makes a file the same file: its content and the part of it.
#[must_use]
pub fn file_key(digest: Option<&str>, part: Option<&str>) -> String {
    format!("{}/{}", digest.unwrap_or_default(), part.unwrap_or_default())
}
