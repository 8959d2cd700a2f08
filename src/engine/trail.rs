//! The audit trail in pages, the newest event first.

use super::ports::journal::Told;
use super::{Engine, EngineError};
use crate::domain::Instant;
use crate::domain::event::decision::{self, Decision};
use crate::domain::person::PersonId;

/// Events looked at for one page: a filter that few of them pass gives a short page and the place to go on from.
const LOOKED_AT: u64 = 2_000;
/// Events read at a time while looking.
const AT_A_TIME: u64 = 250;

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// Those of one type.
    pub kind: Option<String>,
    /// Those about things of one type, as in `insight`.
    pub entity_type: Option<String>,
    /// Those that tell of one kind of decision.
    pub decision: Option<Decision>,
    /// Those recorded at or after an instant.
    pub since: Option<Instant>,
    /// Those recorded before an instant.
    pub until: Option<Instant>,
}

impl TrailFilter {
    fn passes(&self, recorded: &Told) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == recorded.kind)
            && self.entity_type.as_deref().is_none_or(|about| decision::entity_type(&recorded.kind) == Some(about))
            && self.decision.is_none_or(|wanted| decision::decision(&recorded.kind) == Some(wanted))
            && self.since.is_none_or(|since| recorded.recorded_at >= since)
            && self.until.is_none_or(|until| recorded.recorded_at < until)
    }
}

/// A page of the trail.
#[derive(Clone, Debug)]
pub struct TrailPage {
    /// The events, the newest first.
    pub events: Vec<Told>,
    /// The revision below which the next page begins; none where nothing is left.
    pub next: Option<u64>,
}

impl Engine {
    /// The newest events of a person below a revision that pass a filter.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn trail_page(
        &self,
        person: PersonId,
        filter: &TrailFilter,
        below: Option<u64>,
        limit: u64,
    ) -> Result<TrailPage, EngineError> {
        let end = self.journal.head(person).await?.map_or(0, |head| head + 1);
        let mut below = below.map_or(end, |below| below.min(end));
        let stop = below.saturating_sub(LOOKED_AT);
        // Without a filter every event passes, and one reading is enough.
        let at_a_time = if *filter == TrailFilter::default() { limit } else { AT_A_TIME };
        let mut events = Vec::new();
        while below > stop && (events.len() as u64) < limit {
            let from = below.saturating_sub(at_a_time).max(stop);
            let read = self.told_between(person, from, below).await?;
            below = from;
            for recorded in read.into_iter().rev().filter(|recorded| filter.passes(recorded)) {
                if events.len() as u64 == limit {
                    break;
                }
                if events.len() as u64 + 1 == limit {
                    below = recorded.revision;
                }
                events.push(recorded);
            }
        }
        Ok(TrailPage { events, next: Some(below).filter(|below| *below > 0) })
    }

    /// The events from a revision on that stand below another, in as many pages as it takes.
    async fn told_between(&self, person: PersonId, from: u64, below: u64) -> Result<Vec<Told>, EngineError> {
        let (mut events, mut next) = (Vec::new(), from);
        while next < below {
            let most = usize::try_from(below - next).unwrap_or(usize::MAX);
            let page = self.journal.told(person, next, most).await?;
            let Some(last) = page.last() else { break };
            next = last.revision + 1;
            events.extend(page);
        }
        Ok(events)
    }

    /// The newest events about an entity below a revision.
    ///
    /// # Errors
    /// When there is no such entity, or the store does not answer.
    pub async fn entity_page(
        &self,
        person: PersonId,
        (entity_type, id): (&str, &str),
        below: Option<u64>,
        limit: u64,
    ) -> Result<TrailPage, EngineError> {
        self.views.catch_up().await?;
        let mut revisions = self.views.trail_page(person, (entity_type, id), below, limit + 1).await?;
        if revisions.is_empty() && below.is_none() {
            return Err(EngineError::NotFound { what: "entity", id: id.to_owned() });
        }
        let more = revisions.len() as u64 > limit;
        revisions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut events = Vec::new();
        for revision in &revisions {
            events.extend(self.journal.told(person, *revision, 1).await?);
        }
        Ok(TrailPage { events, next: revisions.last().copied().filter(|_| more) })
    }
}
