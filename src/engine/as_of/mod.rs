//! What was known and told at an earlier moment: read back from the log, beside what became of it since.

mod text;

use std::str::FromStr;

use serde::Serialize;

use crate::domain::day::LocalDay;
use crate::domain::event::Event;
use crate::domain::person::PersonId;
use crate::domain::safety::allowance;
use crate::engine::tell::{InsightView, insight_order, view};
use crate::engine::{Engine, EngineError, run};

/// Events about one thing that are looked at together.
const AT_A_TIME: u64 = 16;
/// What is said of a moment of which nothing was recorded.
const BEFORE: &str = "of that moment: it counts when Candor was told something, not the days it was about";
/// Events among which those of one command may stand.
const DISORDER: u64 = 1_000;

/// An earlier moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The end of a local day.
    Day(LocalDay),
    /// Right after an event of the person's log, by its revision.
    Revision(u64),
}

/// What names no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a moment is a day like 2026-03-01, or the revision of an event")]
pub struct NoMoment;

impl FromStr for AsOf {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let revision = || text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        text.parse().map(Self::Day).or_else(|_| revision().map(Self::Revision).ok_or(NoMoment))
    }
}

/// What became of a statement since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// It holds with the same grade and numbers.
    Same,
    /// It holds with another grade or other numbers.
    Altered,
    /// It no longer holds.
    Gone,
}

impl Since {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Altered => "altered",
            Self::Gone => "gone",
        }
    }
}

/// The score of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scored {
    /// The day.
    pub day: LocalDay,
    /// The score, as it stood.
    pub score: u8,
    /// The score that stands now, where it is another.
    pub now: Option<u8>,
}

impl Engine {
    /// The statements that held at a moment, each with what became of it. What a notice hides now is hidden here too; what
    /// the person said of them is not told.
    ///
    /// # Errors
    /// When the person's log had not begun, or the store does not answer.
    pub async fn insights_as_of(&self, person: PersonId, moment: AsOf) -> Result<Vec<InsightView>, EngineError> {
        let at = self.revision_at(person, moment).await?;
        let state = self.state(person).await?;
        let allowed = allowance(&state);
        let mut held = Vec::new();
        for entity in self.views.entities(person, "insight", None).await? {
            let told = self.newest(person, ("insight", &entity.entity_id), at, |event| match event {
                Event::InsightRaised(e) => Some(Some(e.insight)),
                Event::InsightRenewed(e) => Some(Some(e.insight)),
                Event::InsightExpired(_) | Event::InsightSuppressed(_) => Some(None),
                _ => None,
            });
            held.extend(told.await?.flatten());
        }
        held.retain(|i| allowed.analysis && state.shows(&allowed, i.names(), &i.evidence.sources));
        held.sort_by_key(insight_order);
        Ok(held
            .iter()
            .map(|then| {
                // What ended and was found again says the same under another id.
                let again = || state.insights.values().find(|now| now.statement() == then.statement());
                let now = match state.insights.get(&then.id).or_else(again) {
                    None => Since::Gone,
                    Some(now) if now.reads_like(then) => Since::Same,
                    Some(_) => Since::Altered,
                };
                InsightView { now: Some(now), ..view(then, None) }
            })
            .collect())
    }

    /// The scores of some days as they stood at a moment, the newest day first.
    ///
    /// # Errors
    /// When the person's log had not begun, or the store does not answer.
    pub async fn scores_as_of(
        &self,
        person: PersonId,
        (since, until): (LocalDay, LocalDay),
        most: usize,
        moment: AsOf,
    ) -> Result<Vec<Scored>, EngineError> {
        let at = self.revision_at(person, moment).await?;
        let state = self.state(person).await?;
        let mut scored = Vec::new();
        if !allowance(&state).analysis {
            return Ok(scored);
        }
        for (day, now) in state.scores.range(since..=until).rev() {
            let name = day.to_string();
            let then = self.newest(person, ("day_score", &name), at, |event| match event {
                Event::DayScored(e) => Some(e.score.score),
                _ => None,
            });
            if let Some(score) = then.await? {
                scored.push(Scored { day: *day, score, now: Some(*now).filter(|now| *now != score) });
            }
            if scored.len() == most {
                break;
            }
        }
        Ok(scored)
    }

    /// What the newest event about a thing up to a revision says of it. What was erased says nothing.
    async fn newest<T>(
        &self,
        person: PersonId,
        entity: (&str, &str),
        at: u64,
        says: impl Fn(Event) -> Option<T>,
    ) -> Result<Option<T>, EngineError> {
        let mut below = Some(at + 1);
        while below.is_some() {
            let revisions = self.views.trail_page(person, entity, below, AT_A_TIME).await?;
            for revision in &revisions {
                let read = self.journal.read(person, *revision, 1).await?;
                let said = read.into_iter().find_map(|recorded| says(recorded.content?.1));
                if said.is_some() {
                    return Ok(said);
                }
            }
            below = revisions.last().copied();
        }
        Ok(None)
    }

    /// The revision of the last event up to a moment. Events bear the instant at which their command began, so that those
    /// of a long import may stand after younger ones: some are looked at beyond the first that is too young.
    async fn revision_at(&self, person: PersonId, moment: AsOf) -> Result<u64, EngineError> {
        self.views.catch_up().await?;
        let nothing = || EngineError::NotFound { what: "event", id: BEFORE.to_owned() };
        let head = self.journal.head(person).await?.ok_or_else(nothing)?;
        let until = match moment {
            AsOf::Revision(revision) => return (revision <= head).then_some(revision).ok_or_else(nothing),
            AsOf::Day(day) => day.end(run::offset_on(&self.state(person).await?, day)),
        };
        let (mut low, mut high) = (0, head + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let read = self.journal.read(person, middle, 1).await?;
            if read.first().is_some_and(|recorded| recorded.recorded_at <= until) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let (mut last, mut next) = (low.checked_sub(1), low);
        while next < low + DISORDER {
            let most = usize::try_from(low + DISORDER - next).unwrap_or(usize::MAX);
            let beyond = self.journal.read(person, next, most).await?;
            let Some(end) = beyond.last() else { break };
            next = end.revision + 1;
            let in_time = beyond.iter().rev().find(|recorded| recorded.recorded_at <= until);
            last = in_time.map(|recorded| recorded.revision).or(last);
        }
        last.ok_or_else(nothing)
    }
}
