//! One run of the stages for one local day: a pure function from what is known to new events.
//!
//! OBSERVE, SAFETY, MODEL, INTERVENE, EVALUATE, SYNTHESIZE run in that order and speak through events only. Each event is
//! checked against the invariants the moment it is made, so a run that would break one writes nothing: except that
//! notices are written even then.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::FixedOffset;
use chrono::Offset as _;
use chrono::TimeZone as _;
use uuid::Uuid;

use super::history::History;
use super::synthesize::Asked;
use super::{evaluate, intervene, model, observe, safety, synthesize};
use crate::domain::Instant;
use crate::domain::claim::Period;
use crate::domain::day::LocalDay;
use crate::domain::degradation::{Degradation, Missing};
use crate::domain::event::{Actor, DayAssessed, Event, InsightSuppressed, Meta};
use crate::domain::experiment::ExperimentStatus;
use crate::domain::invariants::{self, Violation};
use crate::domain::metric::Metric;
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::provider::Provider;
use crate::domain::safety::allowance;
use crate::domain::state::PersonState;

/// Days before the newest that a stage may look at, the windows of an experiment aside. The last look at a step reaches
/// back about 190 days, a link 187, a loss of weight over half a year 241, with the spread of its sources.
pub const LOOKBACK_DAYS: u32 = 250;

/// Why a run wrote nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A stage made an event that breaks a rule: a defect of this build, kept out of the log.
    #[error("the run for {day} was refused: {violation}")]
    Refused {
        /// The day.
        day: LocalDay,
        /// The rule.
        violation: Violation,
    },
    /// The text did not pass its own checks.
    #[error("the text for {day} was refused: {reason}")]
    Text {
        /// The day.
        day: LocalDay,
        /// Which check.
        reason: String,
    },
}

/// A text that a model could be asked to plan.
#[derive(Clone, Debug)]
pub struct Question {
    /// Days or weeks.
    pub period: Period,
    /// What would be sent, and what not.
    pub asked: Asked,
    /// Whose data the text rests on.
    pub sources: Vec<Provider>,
}

/// A run under way.
#[derive(Clone)]
pub struct Run<'a> {
    /// Whose.
    pub person: PersonId,
    /// The day of the run.
    pub day: LocalDay,
    /// The day up to which the data reach: the run's day, or the newest with data if that is earlier.
    pub analysed: LocalDay,
    /// Now, on a person's present day; `None` for a day that is made up for.
    pub now: Option<Instant>,
    /// The revision of the last input.
    pub input_revision: u64,
    /// What was measured.
    pub history: &'a History,
    /// What is known, this run's own events included.
    pub state: PersonState,
    /// What this run found.
    pub events: Vec<Event>,
    /// Statements that fell short of the least confidence.
    pub below_threshold: u32,
    /// What is held back.
    pub degradation: Vec<Degradation>,
    /// What is missing, and how.
    pub missing: Vec<Missing>,
    /// The texts a model could be asked to plan.
    pub questions: Vec<Question>,
}

impl<'a> Run<'a> {
    /// Runs the stages for a day.
    ///
    /// # Errors
    /// When an event would break an invariant or the text its checks; nothing may be written then.
    pub fn day(
        person: PersonId,
        state: &PersonState,
        history: &'a History,
        day: LocalDay,
        now: Option<Instant>,
    ) -> Result<Run<'a>, RunError> {
        let mut run = Run {
            person,
            day,
            analysed: state.newest_data.map_or(day, |newest| newest.min(day)),
            now,
            input_revision: state.input_revision,
            history,
            state: state.clone(),
            events: Vec::new(),
            below_threshold: 0,
            degradation: Vec::new(),
            missing: Vec::new(),
            questions: Vec::new(),
        };
        observe::stage(&mut run)?;
        safety::stage(&mut run)?;
        // A notice reaches the person whatever becomes of the rest of the run.
        let told = (!run.state.notices.is_empty()).then(|| run.clone());
        let mut abandoned = None;
        if let Err(error) = run.after_safety() {
            let Some(told) = told else { return Err(error) };
            run = told;
            abandoned = Some(error.to_string());
            if run.now.is_some() {
                synthesize::notices_alone(&mut run)?;
            }
        }
        let assessed = DayAssessed {
            day,
            input_revision: run.input_revision,
            rules_digest: super::rules::digest(),
            present: now.is_some(),
            now,
            score: run.state.scores.get(&day).copied(),
            degradation: run.degradation.clone(),
            missing: run.missing.clone(),
            abandoned,
            below_threshold: run.below_threshold,
            sources: run.sources(),
        };
        run.emit(assessed)?;
        Ok(run)
    }

    /// The stages that look, suggest and speak, as far as the state of this day lets them.
    fn after_safety(&mut self) -> Result<(), RunError> {
        let allowed = allowance(&self.state);
        intervene::withhold(self)?;
        if allowed.analysis && self.moves_on() {
            // Usual values that stand still and days that are too incomplete teach nothing.
            if !self.state.frozen && !self.state.learning_paused {
                model::stage(self)?;
            }
            safety::question(self)?;
            intervene::stage(self)?;
            evaluate::stage(self)?;
            safety::question(self)?;
        }
        let held_back = intervene::held_back(self);
        self.degradation.extend(held_back);
        if self.now.is_some() {
            synthesize::stage(self)?;
        }
        Ok(())
    }

    /// Whether this run may move what earlier runs have found: there are data, and no later day has been looked at.
    #[must_use]
    pub fn moves_on(&self) -> bool {
        self.state.newest_data.is_some() && self.state.modelled.is_none_or(|modelled| self.analysed >= modelled)
    }

    /// Whether there are too few recent days to look for a change at all.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.degradation.iter().any(|state| matches!(state, Degradation::InsufficientData { .. }))
    }

    /// Checks an event, folds it, keeps it.
    ///
    /// # Errors
    /// When it would break an invariant.
    pub fn emit(&mut self, event: impl Into<Event>) -> Result<(), RunError> {
        let mut event = event.into();
        if let Event::InsightRaised(raised) = &event
            && !invariants::may_raise(&self.state, raised.insight.first_day)
        {
            let reason = "insights_per_day".to_owned();
            event = InsightSuppressed { insight: raised.insight.clone(), reason }.into();
        }
        invariants::check(&self.state, &event).map_err(|violation| RunError::Refused { day: self.day, violation })?;
        let revision = self.state.revision.map_or(0, |revision| revision + 1);
        self.state.evolve(revision, &event);
        self.events.push(event);
        Ok(())
    }

    /// The metrics a statement can be made about or holds: those measured, and those of which something was said.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<Metric> {
        let said = self.state.insights.values().map(|insight| insight.metric);
        self.history.metrics().chain(said).chain(self.state.watches.keys().copied()).collect()
    }

    /// An id that follows from the person and a name, so that a run made again gives the same.
    #[must_use]
    pub fn id(&self, name: &str) -> Uuid {
        Uuid::new_v5(&self.person.uuid(), name.as_bytes())
    }

    /// What stands around each event of this run.
    #[must_use]
    pub fn meta(&self) -> Meta {
        Meta {
            occurred_at: self.day.end(offset_on(&self.state, self.day)),
            actor: Actor::System,
            correlation_id: self.id(&format!("run/{}/{}", self.day, self.input_revision)),
            causation_id: None,
        }
    }

    fn sources(&self) -> Vec<Provider> {
        let measured = self.history.metrics().filter_map(|m| self.history.on(m, self.analysed));
        Provider::distinct(measured.map(|d| d.provider))
    }
}

/// The part of a history that may be looked at: without the providers whose consent was taken back.
#[must_use]
pub fn permitted<'a>(state: &PersonState, history: &'a History) -> Cow<'a, History> {
    let withdrawn: BTreeSet<Provider> =
        Provider::ALL.into_iter().filter(|provider| state.withdrawn.contains(&Purpose::Provider(*provider))).collect();
    if withdrawn.is_empty() { Cow::Borrowed(history) } else { Cow::Owned(history.without(&withdrawn)) }
}

/// The first day that a run for a day, or for one after it, looks at: `verify` makes each run again over everything.
#[must_use]
pub fn looks_back_to(state: &PersonState, day: LocalDay) -> LocalDay {
    let analysed = state.newest_data.map_or(day, |newest| newest.min(day));
    let experiments = state.experiments.values().filter(|e| e.status == ExperimentStatus::Running);
    let baselines = experiments.map(|experiment| experiment.plan.span().first);
    baselines.fold(analysed.minus(LOOKBACK_DAYS), LocalDay::min)
}

/// The offset of a person's home on a day.
#[must_use]
pub fn offset_on(state: &PersonState, day: LocalDay) -> FixedOffset {
    let noon = day.date().and_time(chrono::NaiveTime::MIN) + chrono::Duration::hours(12);
    state.profile.zone().offset_from_utc_datetime(&noon).fix()
}

/// The local day that an instant is at a person's home.
#[must_use]
pub fn today(state: &PersonState, now: Instant) -> LocalDay {
    LocalDay::at(now, state.profile.zone().offset_from_utc_datetime(&now.naive_utc()).fix())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{ConsentGranted, InsightRaised, PersonRegistered};
    use crate::domain::evidence::{Evidence, Value, Window};
    use crate::domain::grade::{Design, Grade};
    use crate::domain::insight::{Insight, InsightKind};
    use crate::domain::profile::Condition;
    use crate::domain::safety::SafetyRule;

    fn insight(n: u128, day: LocalDay) -> Insight {
        Insight {
            id: Uuid::from_u128(n),
            kind: InsightKind::InsufficientData,
            metric: Metric::Steps,
            with: None,
            direction: None,
            design: Design::Observational,
            grade: Grade::D,
            confidence: 0.0,
            n: 1,
            n_effective: 1.0,
            coverage: 0.1,
            first_day: day,
            day,
            evidence: Evidence {
                metric: Some(Metric::Steps),
                sources: vec![Provider::Whoop],
                window: Window::ending(day, 60),
                baseline: None,
                input_revision: 1,
                values: vec![Value::new("n", 1.0, "", 0)],
            },
        }
    }

    #[test]
    fn the_fifty_first_statement_of_a_day_is_cut_with_its_reason() {
        let mut state = PersonState::default();
        state.evolve(0, &PersonRegistered { origin: "test".into() }.into());
        state.evolve(1, &ConsentGranted { purpose: Purpose::Processing }.into());
        let day: LocalDay = "2026-03-01".parse().unwrap();
        let history = History::default();
        let mut run = Run::day(PersonId::new(Uuid::from_u128(1)), &state, &history, day, None).unwrap();
        for n in 0..51 {
            run.emit(InsightRaised { insight: insight(n, day), watch: None }).unwrap();
        }
        assert_eq!(run.state.insights.len(), invariants::INSIGHTS_PER_DAY);
        match run.events.last() {
            Some(Event::InsightSuppressed(cut)) => {
                assert_eq!((cut.insight.id, cut.reason.as_str()), (Uuid::from_u128(50), "insights_per_day"));
            }
            other => panic!("{other:?}"),
        }
        // The next day has its own fifty.
        run.emit(InsightRaised { insight: insight(99, day.plus(1)), watch: None }).unwrap();
        assert!(matches!(run.events.last(), Some(Event::InsightRaised(_))));
    }

    #[test]
    fn a_notice_is_told_even_when_the_rest_of_the_run_is_abandoned() {
        let day: LocalDay = "2026-03-01".parse().unwrap();
        let mut state = PersonState::default();
        state.evolve(0, &PersonRegistered { origin: "test".into() }.into());
        state.evolve(1, &ConsentGranted { purpose: Purpose::Processing }.into());
        // A usual value without its mean: no text can say it.
        let broken = Insight { kind: InsightKind::Level, grade: Grade::A, ..insight(1, day) };
        state.insights.insert(broken.id, broken);
        let history = History::default();
        let run = |state: &PersonState| {
            Run::day(PersonId::new(Uuid::from_u128(1)), state, &history, day, Some(day.end(chrono::Utc.fix())))
        };
        assert!(matches!(run(&state), Err(RunError::Text { .. })));
        state.profile.conditions = Some(BTreeSet::from([Condition::Pregnancy]));
        let told = run(&state).unwrap();
        let text = told.events.iter().find_map(|event| match event {
            Event::NarrativePublished(e) => Some(&e.narrative),
            _ => None,
        });
        let text = text.expect("a text");
        assert_eq!(text.sentences.len(), text.notices.len());
        assert_eq!(text.notices.iter().map(|notice| notice.rule).collect::<Vec<_>>(), [SafetyRule::Pregnancy]);
        assert!(matches!(told.events.last(), Some(Event::DayAssessed(e)) if e.abandoned.is_some()));
    }
}
