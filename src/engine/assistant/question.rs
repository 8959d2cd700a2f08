//! An answer to a question, of what has been told: no number and no word of it is new.

use std::collections::BTreeSet;

use serde::Serialize;
use uuid::Uuid;

use super::objectives::goals;
use super::{MOST, SUGGESTIONS, Standing, Told, holding, topics};
use crate::domain::Instant;
use crate::domain::claim::{Claim, Section, entity_of};
use crate::domain::conversation::{Conversations, Gist, Topics};
use crate::domain::day::LocalDay;
use crate::domain::event::{ConversationSummarised, Event, QuestionAnswered};
use crate::domain::insight::{Insight, InsightKind};
use crate::domain::intervention::ProposalStatus;
use crate::domain::invariants;
use crate::domain::person::PersonId;
use crate::domain::plan::Matter;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, SafetyRule, allowance};
use crate::domain::state::PersonState;
use crate::engine::ports::journal::JournalError;
use crate::engine::ports::views::ObservationFilter;
use crate::engine::tell::NoticeView;
use crate::engine::{Engine, EngineError, TRIES, run};

/// What is said where nothing that was asked about holds.
const NOTHING: &str = "Nothing holds about this that Candor can vouch for. That is no all-clear: it may be too few days, and \
                       Candor does not look for illness.";
/// What is said where a metric that is named has no value.
const NEVER: &str = "This was never measured here.";
/// What is said where no word of a question is known.
const UNKNOWN: &str = "No word of this names a metric or a topic that Candor knows. Asked without a question, it tells everything \
                       that holds.";
/// What is said where a notice stops the analysis.
const STOPPED: &str = "While this notice stands nothing else is analysed.";
/// What is said where the newest text is of another day, or there is none.
const OLDER: &str =
    "The stages have not run today: what is told here is of the day of the newest text, if there is one.";
/// What is said where nothing is suggested.
const NO_SUGGESTION: &str = "Nothing is suggested.";
/// What is said where something is, and is held back.
const HELD_BACK: &str = "Suggestions are held back: `audit/?entity_type=intervention` says why. A profile that is declared and newer \
                         data may let them through.";

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// In the person's words; none asks for everything.
    pub question: Option<String>,
    /// The sitting.
    pub session_id: Uuid,
}

/// An answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The sitting, to go on with.
    pub session_id: Uuid,
    /// The present local day.
    pub day: String,
    /// The day of the text that it tells of; none before the stages have run.
    pub text_of: Option<String>,
    /// What the question was taken to be about.
    pub topics: Topics,
    /// What to do first, where the question speaks of a symptom.
    pub urgent: Option<&'static str>,
    /// Active safety notices, the most urgent first.
    pub notices: Vec<NoticeView>,
    /// What holds about it.
    pub answer: Vec<Told>,
    /// What to try today, or why there is nothing.
    pub today_recommendation: Told,
    /// What moved, if anything did.
    pub trend_insight: Option<Told>,
    /// What to try, about it first.
    pub recommendations: Vec<Told>,
    /// What to ask next: each an id for `why`.
    pub follow_ups: Vec<String>,
    /// What the sitting came to so far, this question included.
    pub gist: Gist,
}

fn plainly(text: &str) -> Told {
    Told { text: text.to_owned(), claim_ids: Vec::new(), grade: None }
}

impl Engine {
    /// Answers a question with what holds, and writes down which claims the answer made. Every sixth answer of a sitting is
    /// followed by a summary of it.
    ///
    /// # Errors
    /// When the person's data may not be processed, or the log does not take it.
    pub async fn answer(&self, person: PersonId, asking: &Asking, now: Instant) -> Result<Answer, EngineError> {
        let mut outcome = Err(JournalError::Conflict.into());
        for _ in 0..TRIES {
            outcome = self.try_answer(person, asking, now).await;
            // What may be told has changed meanwhile: the answer is composed again.
            if !matches!(outcome, Err(EngineError::Journal(JournalError::Conflict))) {
                break;
            }
        }
        outcome
    }

    async fn try_answer(&self, person: PersonId, asking: &Asking, now: Instant) -> Result<Answer, EngineError> {
        let state = self.state(person).await?;
        invariants::may_process(&state)?;
        let topics = about(&state, asking);
        let (answer, sources) = self.compose(person, &state, asking, topics, now).await?;
        let told = answer.answer.iter().chain(&answer.recommendations).chain([&answer.today_recommendation]);
        let mut told: Vec<String> = told.chain(&answer.trend_insight).flat_map(|told| told.claim_ids.clone()).collect();
        told.sort();
        told.dedup();
        let said = QuestionAnswered {
            session_id: asking.session_id,
            day: run::today(&state, now),
            question: asking.question.clone(),
            topics: answer.topics.clone(),
            told,
            sources,
        };
        let after = self
            .decide(person, &format!("question/{}", asking.session_id), now, |now| {
                if (&now.withdrawn, allowance(now)) != (&state.withdrawn, allowance(&state)) {
                    return Err(JournalError::Conflict.into());
                }
                let asked: Event = said.clone().into();
                let mut next = now.clone();
                next.evolve(now.revision.map_or(0, |revision| revision + 1), &asked);
                let held = next.conversations.get(asking.session_id);
                let due = held.filter(|held| held.since_summary >= Conversations::SUMMARISED_AFTER);
                let summary =
                    due.map(|held| ConversationSummarised { session_id: asking.session_id, gist: held.gist.clone() });
                Ok([asked].into_iter().chain(summary.map(Into::into)).collect())
            })
            .await?;
        let gist = after.conversations.get(asking.session_id).map(|held| held.gist.clone()).unwrap_or_default();
        Ok(Answer { gist, ..answer })
    }

    async fn compose(
        &self,
        person: PersonId,
        state: &PersonState,
        asking: &Asking,
        topics: Topics,
        now: Instant,
    ) -> Result<(Answer, Vec<Provider>), EngineError> {
        let day = run::today(state, now);
        let (text, standing) = self.standing(person, state, day).await?;
        let text_of = text.map(|text| text.day);
        let is_known = asking.question.is_none() || !topics.is_empty();
        let goals = goals(state, day);
        let mut holding = holding(state, day);
        holding.retain(|(insight, _)| is_known && insight.names().any(|metric| topics.include(metric)));
        holding.sort_by_key(|(insight, _)| !goals.contains(&Matter::of(insight.metric)));
        let beside = standing.iter().filter(|standing| is_known && is_beside(standing, &topics, &holding));
        let statements = holding.iter().map(|(_, told)| told.clone());
        let mut answer: Vec<Told> = statements.chain(beside.map(|standing| standing.told.clone())).take(MOST).collect();
        if answer.is_empty() {
            let told = match (allowance(state).analysis, is_known) {
                (false, _) => STOPPED,
                (true, false) => UNKNOWN,
                (true, true) => self.silence(person, &topics).await?,
            };
            answer.push(plainly(told));
        }
        let moved = holding.iter().find(|(insight, _)| InsightKind::MOVES.contains(&insight.kind));
        let trend_insight = moved.map(|(_, told)| told.clone());
        let recommendations = steps(&standing, &topics);
        let is_urgent = asking.question.as_deref().is_some_and(topics::is_urgent);
        let urgent = is_urgent.then(|| SafetyRule::RedFlagSymptom.text(Level::Stop));
        let today_recommendation = match urgent {
            Some(urgent) => plainly(urgent),
            None => today(state, text_of == Some(day), recommendations.first()),
        };
        let follow_ups = answer.iter().chain(&recommendations).filter_map(|told| told.claim_ids.first().cloned());
        let follow_ups = follow_ups.take(SUGGESTIONS).collect();
        let of_text = standing.iter().flat_map(|standing| &standing.claims).map(|claim| &claim.evidence);
        let evidence = holding.iter().map(|(insight, _)| &insight.evidence).chain(of_text);
        let sources: BTreeSet<Provider> = evidence.flat_map(|evidence| evidence.sources.iter().copied()).collect();
        let answer = Answer {
            session_id: asking.session_id,
            day: day.to_string(),
            text_of: text_of.map(|day| day.to_string()),
            topics,
            urgent,
            notices: state.standing_notices().into_iter().map(NoticeView::of).collect(),
            answer,
            today_recommendation,
            trend_insight,
            recommendations,
            follow_ups,
            gist: Gist::default(),
        };
        Ok((answer, sources.into_iter().collect()))
    }

    /// Why nothing is told of what was asked about.
    async fn silence(&self, person: PersonId, topics: &Topics) -> Result<&'static str, EngineError> {
        if topics.metrics.is_empty() {
            return Ok(NOTHING);
        }
        for metric in &topics.metrics {
            let of = ObservationFilter { metric: Some(*metric), since: LocalDay::FIRST, until: LocalDay::LAST };
            if !self.views.observations_page(person, &of, None, 1).await?.is_empty() {
                return Ok(NOTHING);
            }
        }
        Ok(NEVER)
    }
}

/// Whether a sentence of the text tells of the topics what no statement does: a measurement, a score, an experiment.
fn is_beside(standing: &Standing, topics: &Topics, holding: &[(&Insight, Told)]) -> bool {
    let told = |id: &String| holding.iter().any(|(insight, _)| entity_of(id) == insight.id.to_string());
    let about = |claim: &Claim| claim.metric.map_or(topics.is_empty(), |metric| topics.include(metric));
    matches!(standing.section, Section::Summary | Section::KeyPoint | Section::Driver | Section::Risk)
        && standing.claims.iter().any(about)
        && !standing.told.claim_ids.iter().any(told)
}

/// What to try, what is about the topics first.
fn steps(standing: &[Standing], topics: &Topics) -> Vec<Told> {
    let mut steps: Vec<_> = standing.iter().filter(|standing| standing.section == Section::NextStep).collect();
    let aims_at = |step: &Standing| step.claims.first().and_then(|claim| claim.metric);
    steps.sort_by_key(|step| !aims_at(step).is_some_and(|metric| topics.include(metric)));
    steps.into_iter().map(|step| step.told.clone()).take(SUGGESTIONS).collect()
}

/// What to do today: what a notice says, else the first suggestion of today's text, else why there is none.
fn today(state: &PersonState, of_today: bool, suggestion: Option<&Told>) -> Told {
    let held_back = state.proposals.values().any(|held| held.status == ProposalStatus::Suppressed);
    match (state.standing_notices().first(), suggestion) {
        (Some(notice), _) => Told { claim_ids: vec![notice.notice.id.to_string()], ..plainly(&notice.notice.text) },
        (None, Some(first)) if of_today => first.clone(),
        (None, _) if !of_today => plainly(OLDER),
        (None, _) => plainly(if held_back { HELD_BACK } else { NO_SUGGESTION }),
    }
}

/// What a question is about. One that names nothing goes on with what the sitting was about.
fn about(state: &PersonState, asking: &Asking) -> Topics {
    let named = asking.question.as_deref().map(topics::of).unwrap_or_default();
    let before = state.conversations.get(asking.session_id).map(|held| held.topics.clone());
    match before {
        Some(before) if named.is_empty() && asking.question.is_some() => before,
        _ => named,
    }
}
