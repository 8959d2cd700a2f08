//! Facts and rules about a person's days: no I/O, no clock, no randomness.
//!
//! Everything here is a value or a pure function. Time, chance and ids come in as arguments, so that the
//! same log folds to the same state on every machine. This module knows nothing of the others.

pub mod account;
pub mod activity;
mod assistant;
pub mod claim;
pub mod conversation;
pub mod day;
pub mod degradation;
pub mod erasure;
pub mod event;
pub mod evidence;
pub mod experiment;
pub mod feedback;
pub mod frame;
pub mod grade;
pub mod insight;
pub mod intervention;
pub mod invariants;
mod last_run;
pub mod metric;
pub mod narration;
pub mod newest;
pub mod noted;
pub mod objective;
pub mod observation;
pub mod person;
pub mod plan;
pub mod profile;
pub mod provider;
pub mod published;
pub mod safety;
pub mod score;
pub mod state;
pub mod verb;
pub mod watch;

/// A point in time. Microseconds are kept; finer parts are dropped at the edge.
pub type Instant = chrono::DateTime<chrono::Utc>;
