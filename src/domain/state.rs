//! What a person's stream amounts to so far: the state a decision needs, without the observations themselves.
//!
//! Observations are many and live in the history; this state stays small.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Instant;
use super::conversation::Conversations;
use super::day::LocalDay;
use super::degradation::{Degradation, Missing};
use super::erasure::Erasures;
use super::event::{Assumed, DayAssessed, Event};
use super::experiment::{Ended, Evaluation, ExperimentStatus, RunningExperiment};
use super::feedback::Given;
use super::insight::{Insight, InsightKind};
pub use super::intervention::HeldProposal;
use super::intervention::{Proposal, ProposalStatus};
pub use super::last_run::LastRun;
use super::metric::Metric;
use super::narration::Answers;
use super::newest::{Newest, is_measured};
use super::objective::Objective;
use super::observation::Observation;
use super::profile::{Profile, Purpose};
use super::provider::Provider;
use super::published::Published;
use super::safety::{Allowance, ClearedBy, Decision, HeldReview, Reviewed, SafetyNotice, SafetyRule, Subject, Symptom};
use super::score;
use super::watch::Watch;

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
    /// What they took back: data of such a provider are neither taken nor looked at, though kept.
    pub withdrawn: BTreeSet<Purpose>,
    /// The newest local day with data.
    pub newest_data: Option<LocalDay>,
    /// When the newest data ended.
    pub newest_instant: Option<Instant>,
    /// How much stands of the newest days.
    pub newest: Newest,
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
    /// What used to come in and does not.
    pub missing: Vec<Missing>,
    /// Whether usual values stand still.
    pub frozen: bool,
    /// Whether nothing is learnt for want of data.
    pub learning_paused: bool,
    /// Suggestions.
    pub proposals: BTreeMap<Uuid, HeldProposal>,
    /// Experiments.
    pub experiments: BTreeMap<Uuid, RunningExperiment>,
    /// What experiments showed.
    pub evaluations: BTreeMap<Uuid, Evaluation>,
    /// Active safety notices.
    pub notices: BTreeMap<Uuid, SafetyNotice>,
    /// Conditions a reviewer has cleared and data have not.
    pub reviewed: BTreeMap<SafetyRule, Reviewed>,
    /// What was asked of a human.
    pub reviews: BTreeMap<Uuid, HeldReview>,
    /// Symptoms no reviewer has cleared, with the day they were last reported for.
    pub symptoms: BTreeMap<Symptom, LocalDay>,
    /// What the newest texts have claimed.
    pub published: Published,
    /// What the person said of statements, by what they say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feedback: BTreeMap<Uuid, Given>,
    /// What models have answered.
    #[serde(default)]
    pub answers: Answers,
    /// What they work towards.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objectives: BTreeMap<Uuid, Objective>,
    /// What they noted, by its id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub noted: BTreeSet<Uuid>,
    /// What they asked the assistant about.
    #[serde(default, skip_serializing_if = "Conversations::is_empty")]
    pub conversations: Conversations,
    /// What was erased, and what is being erased.
    #[serde(default, skip_serializing_if = "Erasures::is_none")]
    pub erasures: Erasures,
    /// Files taken, by digest of their content and name of their part.
    pub files: BTreeSet<String>,
    /// Whether a provider said that a record is gone of which nothing was known.
    pub deletions: bool,
    /// Those that name no zone, and by which they were told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assumed: BTreeMap<String, Assumed>,
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
                self.withdrawn.remove(&e.purpose);
            }
            Event::ConsentWithdrawn(e) => {
                self.consents.remove(&e.purpose);
                self.withdrawn.insert(e.purpose);
                if matches!(e.purpose, Purpose::NarrativeByModel | Purpose::ValuesToModel) {
                    self.answers = Answers::default();
                }
            }
            Event::ErasureRequested(e) => self.erasures.requested(revision, e),
            Event::ErasureCompleted(e) => self.erasures.completed(revision, e),
            Event::ProfileDeclared(e) => self.profile = e.profile.clone(),
            Event::FileImported(e) => {
                self.files.insert(e.source.file_key());
                if let Some(zone) = e.home_zone {
                    let assumed = Assumed { zone, as_of: e.as_of, retold: e.retold };
                    self.assumed.insert(e.source.file_key(), assumed);
                }
            }
            Event::ObservationsRecorded(e) => self.gained(&e.observations),
            Event::ObservationCorrected(e) => {
                self.lost(e.observation.key.metric, e.previous_day, Some(e.observation.day));
                self.gained(std::slice::from_ref(&e.observation));
                self.settle_newest();
            }
            Event::RecordDeleted(_) => self.deletions = true,
            Event::ObservationRetracted(e) => {
                self.lost(e.key.metric, e.previous_day, None);
                self.settle_newest();
            }
            Event::ActivityRecorded(e) => self.gained(&e.observations),
            Event::CheckInRecorded(e) => {
                self.pending.extend(e.observations.iter().map(|o| o.day).chain(e.day));
                for (symptom, day) in e.symptoms.iter().zip(std::iter::repeat(e.day).flatten()) {
                    self.symptoms.insert(*symptom, day);
                    self.reviewed.remove(&SafetyRule::RedFlagSymptom);
                }
                // A rating does not make the data of a device newer than they are.
                if self.newest_instant.is_none() {
                    self.newest_data = self.newest_data.max(e.observations.iter().map(|o| o.day).max());
                }
            }
            Event::DayScored(e) => {
                self.scores.insert(e.day, e.score.score);
            }
            Event::SafetyNoticeRaised(e) => {
                self.notices.insert(e.notice.notice.id, e.notice.clone());
            }
            Event::SafetyNoticeCleared(e) => {
                self.notices.remove(&e.notice_id);
                self.reviews.retain(|_, held| held.review.subject != Subject::SafetyNotice(e.notice_id));
                if e.by != ClearedBy::Reviewer {
                    self.reviewed.remove(&e.rule);
                }
            }
            Event::HumanReviewRequested(e) => {
                self.reviews.insert(e.review.id, HeldReview { review: e.review.clone(), decision: None });
            }
            Event::HumanReviewResolved(e) => self.resolve(e.review_id, e.decision),
            Event::LearningPaused(_) => self.learning_paused = true,
            Event::LearningResumed(_) => self.learning_paused = false,
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
                // Nobody needs to look at what is no longer said.
                let about = Subject::Insight(e.insight_id);
                self.reviews.retain(|_, held| held.decision.is_some() || held.review.subject != about);
                match (ended, e.watch) {
                    (Some(InsightKind::Association), Some(Watch::Idle { resume_on: Some(day) })) => {
                        self.links_rest.insert(e.metric, day);
                    }
                    (_, watch) => self.watch(e.metric, watch),
                }
            }
            Event::FeedbackGiven(e) => {
                self.feedback.insert(e.statement, Given { feedback: e.feedback, day: e.day });
            }
            Event::InterventionProposed(e) => self.hold(&e.proposal, ProposalStatus::Open),
            Event::InterventionSuppressed(e) => {
                let before = self.proposals.get(&e.proposal.id).map(|held| held.status);
                let tried = matches!(before, Some(ProposalStatus::Accepted | ProposalStatus::Invalidated));
                let status = if tried { ProposalStatus::Invalidated } else { ProposalStatus::Suppressed };
                self.hold(&e.proposal, status);
            }
            Event::InterventionAccepted(e) => self.answer(e.proposal_id, ProposalStatus::Accepted),
            Event::InterventionDeclined(e) => self.answer(e.proposal_id, ProposalStatus::Declined),
            Event::ExperimentStarted(e) => {
                self.experiments.insert(e.experiment.id, RunningExperiment::new(e.experiment.clone()));
            }
            Event::ExperimentStopped(e) => self.end(e.experiment_id, ExperimentStatus::Stopped, e.day, &e.reason),
            Event::ExperimentInvalidated(e) => {
                self.end(e.experiment_id, ExperimentStatus::Invalidated, e.day, &e.reason);
            }
            Event::AdherenceLogged(e) => {
                if let Some(experiment) = self.experiments.get_mut(&e.experiment_id) {
                    experiment.adherence.insert(e.day, e.done);
                }
            }
            Event::EvaluationCompleted(e) => self.evaluated(&e.evaluation),
            Event::EvaluationMarkedUnreliable(e) => self.evaluated(&e.evaluation),
            Event::DayAssessed(e) => self.assessed(e),
            Event::ModelAnswered(e) => self.answers.take(e.period, e.answered.clone()),
            // A plan that was of no use is not kept.
            Event::NarrativeFellBack(e) => drop(self.answers.fresh.remove(&e.period)),
            Event::NarrativePublished(e) => self.published.take(e.narrative.day, &e.claims),
            Event::ObjectiveSet(e) => drop(self.objectives.insert(e.objective.id, e.objective.clone())),
            Event::ObjectiveEnded(e) => drop(self.objectives.remove(&e.objective_id)),
            Event::QuestionAnswered(e) => {
                self.conversations.answered(revision, e.session_id, &e.topics, &e.told);
            }
            Event::ConversationSummarised(e) => self.conversations.summarised(e.session_id),
            Event::CircumstanceNoted(e) => drop(self.noted.insert(e.noted.id)),
            Event::ProviderConnected(_)
            | Event::ProviderDisconnected(_)
            | Event::BaselineComputed(_)
            | Event::InsightSuppressed(_)
            | Event::NarrativeRequested(_)
            | Event::ExportProduced(_)
            | Event::DataRead(_) => {}
        }
    }

    /// What the person said of a statement.
    #[must_use]
    pub fn said_of(&self, insight: &Insight) -> Option<Given> {
        self.feedback.get(&insight.statement()).copied()
    }

    /// Whether the person disputes a statement on a day: it is not told, and nothing is suggested because of it.
    #[must_use]
    pub fn is_disputed(&self, insight: &Insight, day: LocalDay) -> bool {
        self.said_of(insight).is_some_and(|given| given.disputes(day))
    }

    /// Whether something rests on data of a provider that the person took back.
    #[must_use]
    pub fn is_taken_back(&self, sources: &[Provider]) -> bool {
        sources.iter().any(|provider| self.withdrawn.contains(&Purpose::Provider(*provider)))
    }

    /// Whether something may be shown that names some metrics and rests on some sources: nothing that a notice hides, and
    /// nothing of a provider that was taken back.
    #[must_use]
    pub fn shows(&self, allowed: &Allowance, mut names: impl Iterator<Item = Metric>, sources: &[Provider]) -> bool {
        names.all(|metric| !allowed.hidden.contains(&metric)) && !self.is_taken_back(sources)
    }

    /// The open statement of a kind about a metric.
    pub fn open(&self, kind: InsightKind, metric: Metric) -> Option<&Insight> {
        self.insights.values().find(|i| i.kind == kind && i.metric == metric)
    }

    /// The open statement that a metric moved: a change, a step or a trend.
    pub fn open_move(&self, metric: Metric) -> Option<&Insight> {
        InsightKind::MOVES.iter().find_map(|kind| self.open(*kind, metric))
    }

    /// The standing notices, the most urgent first.
    #[must_use]
    pub fn standing_notices(&self) -> Vec<&SafetyNotice> {
        let mut standing: Vec<_> = self.notices.values().collect();
        standing.sort_by_key(|held| (Reverse(held.level), held.notice.rule, held.notice.id));
        standing
    }

    fn watch(&mut self, metric: Metric, watch: Option<Watch>) {
        if let Some(watch) = watch {
            self.watches.insert(metric, watch);
        }
    }

    fn gained(&mut self, observations: &[Observation]) {
        for observation in observations.iter().filter(|o| is_measured(o.key.metric)) {
            let ended = observation.end.unwrap_or(observation.key.start);
            self.pending.insert(observation.day);
            self.newest.gained(observation.day, ended);
            self.newest_data = self.newest_data.max(Some(observation.day));
            self.newest_instant = self.newest_instant.max(Some(ended));
        }
    }

    /// What was the newest may have gone: the stages look at what is left, up to the day of its newest.
    fn settle_newest(&mut self) {
        (self.newest_data, self.newest_instant) = self.newest.last().unzip();
        self.modelled = self.modelled.zip(self.newest_data).map(|(modelled, newest)| modelled.min(newest));
    }

    /// A value of a day was replaced, or taken back. What is gone from the day leaves its score without what it rested on:
    /// the day is scored again from what is left, if that is enough for a score.
    fn lost(&mut self, metric: Metric, day: LocalDay, now_on: Option<LocalDay>) {
        self.pending.insert(day);
        if is_measured(metric) {
            self.newest.lost(day);
        }
        if now_on != Some(day) && score::METRICS.contains(&metric) {
            self.scores.remove(&day);
        }
    }

    fn assessed(&mut self, e: &DayAssessed) {
        self.pending.remove(&e.day);
        // Where nothing was measured yet no day was looked at.
        let analysed = self.newest_data.map(|newest| newest.min(e.day));
        self.modelled = self.modelled.max(analysed);
        if e.present {
            self.degradation.clone_from(&e.degradation);
            self.missing.clone_from(&e.missing);
            self.answers.settle();
            let run = LastRun { day: e.day, input_revision: e.input_revision };
            self.last_present = Some(run);
        }
    }

    /// A reviewer's word: a notice that was cleared is not raised again at its level before data have ended its episode.
    fn resolve(&mut self, review: Uuid, decision: Decision) {
        let Some(held) = self.reviews.get_mut(&review) else { return };
        held.decision = Some(decision);
        let notice = match (decision, held.review.subject) {
            (Decision::Clear, Subject::SafetyNotice(id)) => self.notices.get(&id),
            _ => None,
        };
        if let Some(notice) = notice {
            let rule = notice.notice.rule;
            self.reviewed.insert(rule, Reviewed { notice_id: notice.notice.id, level: notice.level });
            if rule == SafetyRule::RedFlagSymptom {
                self.symptoms.clear();
            }
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

    fn end(&mut self, experiment: Uuid, status: ExperimentStatus, day: LocalDay, reason: &str) {
        self.conclude(experiment, status);
        if let Some(running) = self.experiments.get_mut(&experiment) {
            running.ended = Some(Ended { day, reason: reason.to_owned() });
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
