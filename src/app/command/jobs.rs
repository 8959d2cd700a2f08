//! `jobs`: everybody's work in the background, for who runs the server. It names jobs and reasons, and nothing that was measured.

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::work;
use crate::domain::Instant;
use crate::engine::live::LiveError;
use crate::engine::ports::breakers::{Breaker, Breakers as _};
use crate::engine::ports::jobs::{DeadLetter, JobState, Page, Queue as _, Replay, Standing};
use crate::engine::ports::mornings::{self, Mornings as _, Rate};
use crate::store::jobs::JobTables;

/// Dead letters that are shown: the newest.
const SHOWN: u32 = 100;

/// What is to be done with jobs.
#[derive(Clone, Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Order a job that was given up again, once.
    Replay {
        /// Its id, as `candor jobs` has it.
        id: Uuid,
    },
}

pub(super) async fn run(config: &Config, out: &Out, action: Option<&Action>) -> Result<bool, Failure> {
    let tables = work::tables(config).await?;
    let done = match action {
        None => show(&tables, config.now, out).await,
        Some(Action::Replay { id }) => replay(&tables, config.now, out, *id).await,
    };
    tables.close().await;
    done
}

/// Everybody's jobs as they stand.
struct Overview {
    standings: Vec<Standing>,
    breakers: Vec<(String, Breaker)>,
    letters: Vec<DeadLetter>,
}

impl Overview {
    async fn read(tables: &JobTables, now: Instant) -> Result<Self, Failure> {
        let page = Page { person: None, after: None, limit: SHOWN };
        Ok(Self {
            standings: tables.standings(now).await.map_err(LiveError::from)?,
            breakers: tables.open_breakers(now).await.map_err(LiveError::from)?,
            letters: tables.dead_letters(page).await.map_err(LiveError::from)?,
        })
    }

    fn oldest(&self) -> Option<Instant> {
        self.standings.iter().filter_map(|standing| standing.oldest).min()
    }

    fn document(&self) -> Value {
        let text = |at: Option<Instant>| at.map(|at| at.to_rfc3339());
        let standings = self.standings.iter().map(
            |of| json!({ "kind": of.kind, "state": of.state.key(), "count": of.count, "oldest": text(of.oldest) }),
        );
        let breakers = self.breakers.iter().map(|(name, breaker)| {
            json!({ "name": name, "open_until": text(breaker.open_until), "failures": breaker.failures })
        });
        let letters = self.letters.iter().map(|letter| {
            json!({
                "job": letter.job, "kind": letter.kind, "attempts": letter.attempts, "code": letter.fault.0,
                "reason": letter.fault.1, "died_at": letter.died_at.to_rfc3339(), "replayed_as": letter.replayed_as,
            })
        });
        json!({
            "jobs": standings.collect::<Value>(), "oldest_waiting": text(self.oldest()),
            "breakers": breakers.collect::<Value>(), "dead_letters": letters.collect::<Value>(),
        })
    }
}

async fn show(tables: &JobTables, now: Instant, out: &Out) -> Result<bool, Failure> {
    let overview = Overview::read(tables, now).await?;
    if out.json {
        out.document(&overview.document())?;
        return Ok(true);
    }
    let mut kinds: Vec<&str> = overview.standings.iter().map(|standing| standing.kind.as_str()).collect();
    kinds.dedup();
    if kinds.is_empty() {
        out.line("No jobs: none was ordered in the last days.")?;
        return Ok(true);
    }
    let count = |kind: &str, state: JobState| {
        let found = overview.standings.iter().find(|standing| standing.kind == kind && standing.state == state);
        found.map_or(0, |standing| standing.count).to_string()
    };
    let rows = kinds.iter().map(|kind| {
        let counts = JobState::ALL.map(|state| count(kind, state));
        std::iter::once((*kind).to_owned()).chain(counts).collect()
    });
    out.table(&["kind", "ready", "running", "done", "dead"], rows.collect())?;
    match overview.oldest() {
        None => out.line("Nothing waits that may begin.")?,
        Some(oldest) => {
            let minutes = (now - oldest).num_minutes();
            out.line(&format!("The oldest that waits may begin since {} ({minutes} min).", at(oldest)))?;
        }
    }
    if !overview.breakers.is_empty() {
        let rows = overview.breakers.iter().map(|(name, breaker)| {
            vec![name.clone(), breaker.open_until.map(at).unwrap_or_default(), breaker.failures.to_string()]
        });
        out.table(&["not asked", "until", "failures in a row"], rows.collect())?;
    }
    if !overview.letters.is_empty() {
        let rows = overview.letters.iter().map(|letter| {
            let again = letter.replayed_as.map(|id| id.to_string()).unwrap_or_default();
            let (code, reason) = &letter.fault;
            vec![letter.job.to_string(), letter.kind.clone(), at(letter.died_at), format!("{code}: {reason}"), again]
        });
        out.table(&["given up", "kind", "at", "why", "again as"], rows.collect())?;
        out.note("`candor jobs replay ID` orders one again.");
    }
    Ok(true)
}

async fn replay(tables: &JobTables, now: Instant, out: &Out, id: Uuid) -> Result<bool, Failure> {
    match tables.replay(None, id, work::new_id(), now).await.map_err(LiveError::from)? {
        Replay::As(job) if out.json => out.document(&json!({ "job": id, "replayed_as": job }))?,
        Replay::As(job) => out.line(&format!("{id} is done again as job {job}."))?,
        Replay::Before(job) => return Err(Failure::refused(format!("{id} was ordered again before, as job {job}"))),
        Replay::Unknown => return Err(Failure::refused(format!("no job {id} was given up: `candor jobs` lists them"))),
    }
    Ok(true)
}

/// What an operator must know of jobs at a glance.
#[derive(Default)]
pub(super) struct Glance {
    /// Whom nobody asks just now.
    pub not_asked: Vec<String>,
    /// How many given up jobs nobody ordered again.
    pub given_up: usize,
    /// The mornings of the last days.
    pub mornings: Rate,
}

impl Glance {
    /// Nothing where no job was ever ordered here: who only looks makes no tables.
    pub(super) async fn read(config: &Config) -> Result<Self, Failure> {
        if !work::exist(config) {
            return Ok(Self::default());
        }
        let tables = work::tables(config).await?;
        let read = Self::of(&tables, config.now).await;
        tables.close().await;
        read
    }

    async fn of(tables: &JobTables, now: Instant) -> Result<Self, Failure> {
        let Overview { breakers, letters, .. } = Overview::read(tables, now).await?;
        Ok(Self {
            not_asked: breakers.into_iter().map(|(name, _)| name).collect(),
            given_up: letters.iter().filter(|letter| letter.replayed_as.is_none()).count(),
            mornings: tables.rate(mornings::last(now), mornings::DAYS).await.map_err(LiveError::from)?,
        })
    }

    pub(super) fn document(&self, target_pct: f64) -> Value {
        let Rate { days, succeeded } = self.mornings;
        json!({
            "breakers": self.not_asked, "given_up": self.given_up,
            "mornings": {
                "days": days, "succeeded": succeeded, "success_pct": self.mornings.percent(), "target_pct": target_pct,
            },
        })
    }

    pub(super) fn show(&self, target_pct: f64, out: &Out) -> Result<(), Failure> {
        if !self.not_asked.is_empty() || self.given_up > 0 {
            let whom = if self.not_asked.is_empty() { "nobody".to_owned() } else { self.not_asked.join(", ") };
            out.line(&format!("jobs: {} given up; not asked just now: {whom}; see `candor jobs`", self.given_up))?;
        }
        let Some(percent) = self.mornings.percent() else { return Ok(()) };
        let Rate { days, succeeded } = self.mornings;
        let below = if percent < target_pct { format!(", below the target of {target_pct} %") } else { String::new() };
        out.line(&format!(
            "the morning's run came by itself on {succeeded} of {days} days of the last {} ({percent:.0} %){below}",
            mornings::DAYS
        ))
    }
}

fn at(instant: Instant) -> String {
    instant.format("%Y-%m-%d %H:%M UTC").to_string()
}
