//! The tables of the read models, and the rows an event puts into them.
//!
//! All of it is folded from the log and can be dropped. The tables are in clear: sealing serves erasure and theft of the
//! log, and these go with an erasure.

use serde::Serialize;
use serde_json::json;

use super::{activities, observations, snapshot};

use crate::domain::claim::Period;
use crate::domain::day::LocalDay;
use crate::domain::event::{Actor, Event, Meta, ObservationRetracted};
use crate::domain::experiment::Evaluation;
use crate::domain::insight::Insight;
use crate::domain::observation::{Observation, RecordKind, Source};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::safety::SafetyNotice;
use crate::domain::score;
use crate::domain::state::PersonState;
use crate::engine::ports::journal::Recorded;
use crate::store::sql::Value;

/// The version of these tables: raised with every change of a table or of what an event puts into it, a person's state included.
pub const VERSION: u32 = 11;

/// One statement a table or index.
pub const TABLES: [&str; 10] = [
    observations::TABLE,
    observations::INDEX,
    observations::RECORDS,
    activities::TABLE,
    activities::INDEX,
    "CREATE TABLE entities (
        person TEXT NOT NULL,
        entity_type TEXT NOT NULL,
        entity_id TEXT NOT NULL,
        day TEXT NOT NULL,
        status TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (person, entity_type, entity_id)
    )",
    "CREATE TABLE trail (
        person TEXT NOT NULL,
        entity_type TEXT NOT NULL,
        entity_id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        PRIMARY KEY (person, entity_type, entity_id, revision)
    )",
    snapshot::TABLE,
    "CREATE TABLE paused (
        person TEXT NOT NULL,
        position TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (person)
    )",
    "CREATE TABLE projections (
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        checkpoint TEXT NOT NULL,
        PRIMARY KEY (name)
    )",
];

/// The rows that a page of events puts into the tables.
#[derive(Default)]
pub struct Rows {
    /// Rows of `observations`.
    pub observations: Vec<Vec<Value>>,
    /// Rows of `activities`.
    pub activities: Vec<Vec<Value>>,
    /// The keys of rows of `activities` that go, before the others come.
    pub activities_gone: Vec<Vec<Value>>,
    /// Rows of `entities`.
    pub entities: Vec<Vec<Value>>,
    /// The keys of rows of `entities` that go, before the others come.
    pub ended: Vec<Vec<Value>>,
    /// Rows of `trail`.
    pub trail: Vec<Vec<Value>>,
    /// Rows of `person_state`.
    pub states: Vec<Vec<Value>>,
    /// Rows of `paused`: persons whose next event cannot be taken in.
    pub paused: Vec<Vec<Value>>,
}

/// What an event ended, as the state had it before.
#[derive(Default)]
pub struct Ended {
    /// The statement it withdrew.
    pub insight: Option<Insight>,
    /// The notice it cleared.
    pub notice: Option<SafetyNotice>,
}

fn body(content: &impl Serialize) -> String {
    serde_json::to_string(content).unwrap_or_default()
}

struct Into<'a> {
    rows: &'a mut Rows,
    of: PersonId,
    person: String,
    revision: u64,
}

impl Into<'_> {
    fn trail(&mut self, entity_type: &str, id: &str) {
        self.rows.trail.push(vec![
            self.person.as_str().into(),
            entity_type.into(),
            id.into(),
            self.revision.cast_signed().into(),
        ]);
    }

    fn entity(&mut self, entity_type: &str, id: &str, day: &str, status: &str, body: String) {
        self.trail(entity_type, id);
        self.rows.entities.push(vec![
            self.person.as_str().into(),
            entity_type.into(),
            id.into(),
            day.into(),
            status.into(),
            body.into(),
        ]);
    }

    fn observations(&mut self, source: &Source, batch: &[Observation]) {
        let file = source.file.as_deref().unwrap_or_default();
        for observation in batch {
            self.rows.observations.push(observations::row(self.of, observation, file));
        }
        // What came without a file is told by its observations alone.
        if source.digest.is_some() {
            self.trail("import", &source.file_key());
        }
    }

    /// What it rested on was taken back.
    fn no_entity(&mut self, entity_type: &str, id: &str) {
        self.trail(entity_type, id);
        let key: Vec<Value> = vec![self.person.as_str().into(), entity_type.into(), id.into()];
        self.rows.entities.retain(|row| row[..3] != key[..]);
        self.rows.ended.push(key);
    }

    fn retracted(&mut self, e: &ObservationRetracted) {
        self.rows.observations.push(observations::retracted(self.of, e));
        self.trail("observation", &observations::key_text(&e.key));
        if e.source.digest.is_some() {
            self.trail("import", &e.source.file_key());
        }
        if e.key.kind == RecordKind::Activity {
            let id = activities::id_of(e.key.provider, e.key.provider_id.as_deref(), e.key.start);
            self.trail("activity", &id);
            let key: Vec<Value> = vec![self.person.as_str().into(), id.as_str().into()];
            self.rows.activities.retain(|row| row[..2] != key[..]);
            self.rows.activities_gone.push(key);
        }
        if score::METRICS.contains(&e.key.metric) {
            self.no_entity("day_score", &e.previous_day.to_string());
        }
    }

    fn insight(&mut self, insight: &Insight, status: &str) {
        self.entity("insight", &insight.id.to_string(), &insight.day.to_string(), status, body(insight));
    }

    fn evaluation(&mut self, evaluation: &Evaluation, status: &str, after: &PersonState) {
        let day = evaluation.day.to_string();
        self.entity("evaluation", &evaluation.id.to_string(), &day, status, body(evaluation));
        experiment(self, evaluation.experiment_id, after);
    }

    /// A suggestion or an experiment as the state has it after the event.
    fn held(&mut self, entity_type: &str, id: uuid::Uuid, status: &str, held: &impl Serialize) {
        self.entity(entity_type, &id.to_string(), "", status, body(held));
    }
}

/// Adds the rows of one event. `before` is what it ended, `after` the person's state with it.
pub fn project(rows: &mut Rows, recorded: &Recorded, meta: &Meta, event: &Event, before: &Ended, after: &PersonState) {
    let (person, revision) = (recorded.person, recorded.revision);
    let mut into = Into { rows, of: person, person: person.to_string(), revision };
    if matches!(meta.actor, Actor::Person | Actor::Reviewer | Actor::Operator) {
        into.trail("command", &meta.correlation_id.to_string());
    }
    match event {
        Event::PersonRegistered(e) => into.entity("person", &person.to_string(), "", "registered", body(e)),
        Event::ConsentGranted(e) => into.entity("consent", &e.purpose.to_string(), "", "granted", body(e)),
        Event::ConsentWithdrawn(e) => into.entity("consent", &e.purpose.to_string(), "", "withdrawn", body(e)),
        Event::ProviderConnected(e) => into.entity("provider", e.provider.key(), "", "connected", body(e)),
        Event::ProviderDisconnected(e) => into.entity("provider", e.provider.key(), "", "disconnected", body(e)),
        Event::ErasureRequested(e) => into.entity("erasure", &e.scope.to_string(), "", "requested", body(e)),
        Event::ErasureCompleted(e) => into.entity("erasure", &e.scope.to_string(), "", "completed", body(e)),
        Event::ProfileDeclared(e) => into.entity("profile", "profile", "", "declared", body(&e.profile)),
        Event::FileImported(e) => {
            into.entity("import", &e.source.file_key(), "", "taken", body(e));
        }
        Event::ObservationsRecorded(e) => into.observations(&e.source, &e.observations),
        Event::ObservationCorrected(e) => {
            into.observations(&e.source, std::slice::from_ref(&e.observation));
            into.trail("observation", &observations::key_text(&e.observation.key));
            let moved = e.previous_day != e.observation.day;
            if moved && score::METRICS.contains(&e.observation.key.metric) {
                into.no_entity("day_score", &e.previous_day.to_string());
            }
        }
        Event::ObservationRetracted(e) => into.retracted(e),
        Event::RecordDeleted(e) => {
            let kind = e.kind.map_or("record", RecordKind::key);
            let id = format!("{}:{kind}:{}", e.source.provider, e.record);
            into.entity("deletion", &id, "", "told", body(e));
        }
        Event::ActivityRecorded(e) => {
            into.observations(&e.source, &e.observations);
            let id = activities::id_of(e.activity.provider, e.activity.provider_id.as_deref(), e.activity.start);
            into.trail("activity", &id);
            into.rows.activities.push(activities::row(person, &id, &e.activity));
        }
        Event::CheckInRecorded(e) => {
            let source = Source { provider: Provider::Person, format: "checkin".to_owned(), file: None, digest: None };
            into.observations(&source, &e.observations);
        }
        Event::DayScored(e) => into.entity("day_score", &e.day.to_string(), &e.day.to_string(), "scored", body(e)),
        Event::BaselineComputed(e) => {
            let day = e.window.last.to_string();
            into.entity("baseline", &e.insight_id.to_string(), &day, "pinned", body(e));
        }
        Event::SafetyNoticeRaised(e) => {
            let (id, day) = (e.notice.notice.id.to_string(), e.notice.day.to_string());
            into.entity("safety_notice", &id, &day, "standing", body(&e.notice));
        }
        Event::SafetyNoticeCleared(e) => match &before.notice {
            Some(notice) => {
                let (id, day) = (e.notice_id.to_string(), e.day.to_string());
                into.entity("safety_notice", &id, &day, "cleared", body(notice));
            }
            None => into.trail("safety_notice", &e.notice_id.to_string()),
        },
        Event::HumanReviewRequested(e) => review(&mut into, e.review.id, after),
        Event::HumanReviewResolved(e) => review(&mut into, e.review_id, after),
        Event::LearningPaused(e) => into.entity("learning", "all", &e.day.to_string(), "paused", body(e)),
        Event::LearningResumed(e) => into.entity("learning", "all", &e.day.to_string(), "resumed", body(e)),
        Event::InsightSuppressed(e) => into.insight(&e.insight, "suppressed"),
        Event::BaselinesFrozen(e) => into.entity("baseline", "all", &e.day.to_string(), "frozen", body(e)),
        Event::BaselinesResumed(e) => into.entity("baseline", "all", &e.day.to_string(), "resumed", body(e)),
        Event::InsightRaised(e) => into.insight(&e.insight, "open"),
        Event::InsightRenewed(e) => into.insight(&e.insight, "open"),
        Event::InsightExpired(e) => match &before.insight {
            Some(insight) => into.insight(insight, "expired"),
            None => into.trail("insight", &e.insight_id.to_string()),
        },
        Event::FeedbackGiven(e) => into.trail("insight", &e.insight_id.to_string()),
        Event::InterventionProposed(e) => proposal(&mut into, e.proposal.id, after),
        Event::InterventionSuppressed(e) => proposal(&mut into, e.proposal.id, after),
        Event::InterventionAccepted(e) => proposal(&mut into, e.proposal_id, after),
        Event::InterventionDeclined(e) => proposal(&mut into, e.proposal_id, after),
        Event::ExperimentStarted(e) => experiment(&mut into, e.experiment.id, after),
        Event::ExperimentStopped(e) => experiment(&mut into, e.experiment_id, after),
        Event::ExperimentInvalidated(e) => experiment(&mut into, e.experiment_id, after),
        Event::AdherenceLogged(e) => experiment(&mut into, e.experiment_id, after),
        Event::EvaluationCompleted(e) => into.evaluation(&e.evaluation, "completed", after),
        Event::EvaluationMarkedUnreliable(e) => into.evaluation(&e.evaluation, "unreliable", after),
        Event::NarrativeRequested(e) => asked(&mut into, e.period, e.day),
        Event::ModelAnswered(e) => asked(&mut into, e.period, e.day),
        Event::NarrativeFellBack(e) => asked(&mut into, e.period, e.day),
        Event::NarrativePublished(e) => {
            let day = e.narrative.day.to_string();
            let id = format!("{}@{day}", e.narrative.period.key());
            into.entity("narrative", &id, &day, "published", body(&e.narrative));
            for claim in &e.claims {
                let said = json!({ "claim": claim, "narrative": day });
                into.entity("claim", claim.id.as_str(), &day, "published", said.to_string());
            }
        }
        Event::DayAssessed(e) => into.entity("day", &e.day.to_string(), &e.day.to_string(), "assessed", body(e)),
        Event::ObjectiveSet(e) => {
            let (id, day) = (e.objective.id.to_string(), e.objective.since.to_string());
            into.entity("objective", &id, &day, "set", body(&e.objective));
        }
        Event::ObjectiveEnded(e) => into.trail("objective", &e.objective_id.to_string()),
        Event::CircumstanceNoted(e) => {
            into.entity("circumstance", &e.noted.id.to_string(), &e.noted.last.to_string(), "noted", body(&e.noted));
        }
        Event::QuestionAnswered(e) => into.trail("conversation", &e.session_id.to_string()),
        Event::ConversationSummarised(e) => {
            into.entity("conversation", &e.session_id.to_string(), "", "summarised", body(&e.gist));
        }
        Event::ExportProduced(e) => into.entity("export", &revision.to_string(), "", "produced", body(e)),
        Event::DataRead(e) => into.trail("account", &e.account.to_string()),
    }
}

/// A question to a model stands on the trail of the text it was for.
fn asked(into: &mut Into<'_>, period: Period, day: LocalDay) {
    into.trail("narrative", &format!("{}@{day}", period.key()));
}

/// A review as the state has it, on its own trail and on that of what it is about.
fn review(into: &mut Into<'_>, id: uuid::Uuid, after: &PersonState) {
    if let Some(held) = after.reviews.get(&id) {
        let status = if held.decision.is_some() { "resolved" } else { "open" };
        into.entity("review", &id.to_string(), &held.review.day.to_string(), status, body(held));
        let (kind, subject) = held.review.subject.entity();
        into.trail(kind, &subject.to_string());
    }
}

fn proposal(into: &mut Into<'_>, id: uuid::Uuid, after: &PersonState) {
    if let Some(held) = after.proposals.get(&id) {
        into.held("intervention", id, held.status.key(), held);
    }
}

fn experiment(into: &mut Into<'_>, id: uuid::Uuid, after: &PersonState) {
    if let Some(running) = after.experiments.get(&id) {
        into.held("experiment", id, running.status.key(), running);
    }
}
