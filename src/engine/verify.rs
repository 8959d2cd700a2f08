//! Does everything still hold: the chain, the rules, the read models, the originals, and each run made again?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use super::history::History;
use super::ports::checkpoint::Anchor;
use super::ports::journal::{Fault, JournalError, Recorded};
use super::run::{self, Run};
use super::{Engine, EngineError};
use crate::domain::day::LocalDay;
use crate::domain::event::{Event, FileImported};
use crate::domain::invariants;
use crate::domain::observation::Source;
use crate::domain::person::PersonId;
use crate::domain::state::PersonState;

/// Events read at a time.
const PAGE: usize = 500;
/// How often a person whose log grows meanwhile is looked at again.
const ROUNDS: usize = 5;

/// What a verification came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Events walked.
    pub events: u64,
    /// Streams met.
    pub streams: u64,
    /// What is wrong, by position.
    pub faults: Vec<Fault>,
    /// Runs made again with the same outcome.
    pub runs_reproduced: u64,
    /// Runs made under other rules, which this build cannot make again; no fault.
    pub runs_of_other_rules: u64,
    /// Events whose key is destroyed.
    pub redacted: u64,
    /// Events of the checkpoint that the log was compared with; nothing where there is none yet.
    pub checkpoint: Option<u64>,
}

impl Engine {
    /// Checks the whole store, and its log against a checkpoint if one is given.
    ///
    /// # Errors
    /// When the store does not answer; what is wrong with it is in the answer.
    pub async fn verify(
        &self,
        anchor: Option<Anchor>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Verified, EngineError> {
        let chain = self.journal.check(anchor, progress).await?;
        let mut verified = Verified {
            events: chain.events,
            streams: chain.streams,
            faults: chain.faults,
            checkpoint: anchor.map(|anchor| anchor.size),
            ..Verified::default()
        };
        if verified.faults.is_empty() {
            self.views.catch_up().await?;
            let paused = self.views.progress().await?.paused;
            for person in self.views.persons().await?.into_iter().chain(self.views.erased().await?) {
                if paused.iter().all(|one| one.person != person) {
                    self.verify_person(person, &mut verified).await?;
                }
            }
            verified.faults.extend(paused.into_iter().map(|one| Fault { position: one.position, rule: one.reason }));
        }
        verified.ok = verified.faults.is_empty();
        Ok(verified)
    }

    async fn verify_person(&self, person: PersonId, verified: &mut Verified) -> Result<(), EngineError> {
        let mut fold = Fold { reads_from: self.views.state(person).await?.erasures.completed, ..Fold::new(person) };
        let mut from = 0;
        // Somebody may append meanwhile: the read models are compared at the revision the fold has reached.
        for _ in 0..ROUNDS {
            if !self.fold_on(&mut fold, &mut from, verified).await? {
                return Ok(());
            }
            // What is being erased just now is not folded again yet.
            if fold.redacted {
                break;
            }
            self.views.catch_up().await?;
            let state = self.views.state(person).await?;
            let held = self.history(person, LocalDay::FIRST).await?;
            if state.revision != fold.state.revision {
                continue;
            }
            if held != fold.history && self.views.state(person).await?.revision == fold.state.revision {
                fold.fault(verified, "observations_view_matches_log");
            }
            if state != fold.state {
                fold.fault(verified, "state_view_matches_log");
            }
            break;
        }
        for (position, lost) in &fold.lost {
            // No erasure was asked for that takes it, so the key must be there.
            if !lost.iter().any(|id| fold.erased.contains(id)) {
                verified.faults.push(Fault { position: position.clone(), rule: "key_is_there".to_owned() });
                break;
            }
        }
        if !fold.run.is_empty() {
            fold.fault(verified, "run_is_complete");
        }
        // While something is being erased, some of them may be gone and not yet unreadable.
        let all = fold.state.erasures.under_way.is_none().then_some(&fold.originals);
        for (digest, position) in all.into_iter().flatten() {
            if self.originals.check(person, digest).await.is_err() {
                verified.faults.push(Fault { position: position.clone(), rule: "original_is_there".to_owned() });
            }
        }
        Ok(())
    }

    /// Folds what the log has from a revision on; `false` when an event cannot be read.
    async fn fold_on(&self, fold: &mut Fold, from: &mut u64, verified: &mut Verified) -> Result<bool, EngineError> {
        loop {
            let page = match self.journal.read(fold.person, *from, PAGE).await {
                Err(JournalError::Inconsistent { position, reason }) => {
                    verified.faults.push(Fault { position, rule: reason });
                    return Ok(false);
                }
                page => page?,
            };
            for recorded in &page {
                fold.take(recorded, verified);
            }
            let Some(last) = page.last() else { return Ok(true) };
            *from = last.revision + 1;
        }
    }
}

/// A person's stream as it is folded again.
struct Fold {
    person: PersonId,
    state: PersonState,
    history: History,
    /// The events of the run under way, kept until its last names the day and the rules.
    run: Vec<(Event, String)>,
    before_run: Option<PersonState>,
    /// The digest of each original, and the event that names it first.
    originals: BTreeMap<String, String>,
    position: String,
    /// The revision from which on everything was decided from what can still be read.
    reads_from: Option<u64>,
    /// Whether something before it could not be read.
    redacted: bool,
    /// Keys that erasures took.
    erased: BTreeSet<Uuid>,
    /// What cannot be read any more: where, and what it was sealed with.
    lost: Vec<(String, Vec<Uuid>)>,
}

impl Fold {
    fn new(person: PersonId) -> Self {
        Self {
            person,
            state: PersonState::default(),
            history: History::default(),
            run: Vec::new(),
            before_run: None,
            originals: BTreeMap::new(),
            position: String::new(),
            reads_from: None,
            redacted: false,
            erased: BTreeSet::new(),
            lost: Vec::new(),
        }
    }

    fn fault(&self, verified: &mut Verified, rule: &str) {
        verified.faults.push(Fault { position: self.position.clone(), rule: rule.to_owned() });
    }

    fn take(&mut self, recorded: &Recorded, verified: &mut Verified) {
        self.position.clone_from(&recorded.position);
        let Some((_, event)) = &recorded.content else {
            verified.redacted += 1;
            self.lost.push((recorded.position.clone(), recorded.key_ids.clone()));
            self.redacted = true;
            self.run.clear();
            self.state.revision = Some(recorded.revision);
            return;
        };
        if let Event::ErasureRequested(e) = event {
            self.erased.extend(&e.keys);
            // A file of several sources went with one of them.
            e.originals.iter().for_each(|digest| drop(self.originals.remove(digest)));
        }
        // Until then it was decided from what cannot be read any more: it is folded, and not judged.
        self.redacted &= self.reads_from.is_none_or(|from| recorded.revision < from);
        if !self.redacted {
            self.judge(recorded, event, verified);
        }
        if let Event::FileImported(FileImported { source: Source { digest: Some(digest), .. }, .. }) = event {
            self.originals.entry(digest.clone()).or_insert_with(|| recorded.position.clone());
        }
        self.state.evolve(recorded.revision, event);
        self.history.evolve(event);
    }

    /// Whether an event could be appended where it stands, and whether a run comes out the same again.
    fn judge(&mut self, recorded: &Recorded, event: &Event, verified: &mut Verified) {
        if let Err(violation) = invariants::check(&self.state, event) {
            self.fault(verified, violation.rule);
        }
        if !event.is_of_stage() && !self.run.is_empty() {
            self.fault(verified, "run_is_complete");
            self.run.clear();
        }
        if event.is_of_stage() {
            if self.run.is_empty() {
                self.before_run = Some(self.state.clone());
            }
            self.run.push((event.clone(), recorded.position.clone()));
            if let Event::DayAssessed(_) = event {
                self.rerun(verified);
            }
        }
    }

    fn rerun(&mut self, verified: &mut Verified) {
        let run = std::mem::take(&mut self.run);
        let (Some(before), Some((Event::DayAssessed(assessed), _))) = (self.before_run.take(), run.last()) else {
            return;
        };
        if assessed.rules_digest != super::rules::digest() {
            verified.runs_of_other_rules += 1;
            return;
        }
        let history = run::permitted(&before, &self.history);
        let again = Run::day(self.person, &before, &history, assessed.day, assessed.now);
        let events = again.map(|run| run.events).unwrap_or_default();
        let mut recorded: BTreeMap<usize, &(Event, String)> = run.iter().enumerate().collect();
        for (index, event) in events.iter().enumerate() {
            match recorded.remove(&index) {
                Some((same, _)) if same == event => {}
                Some((_, position)) => {
                    let fault = Fault { position: position.clone(), rule: "run_is_reproducible".to_owned() };
                    verified.faults.push(fault);
                    return;
                }
                None => return self.fault(verified, "run_is_reproducible"),
            }
        }
        if recorded.is_empty() {
            verified.runs_reproduced += 1;
        } else {
            self.fault(verified, "run_is_reproducible");
        }
    }
}
