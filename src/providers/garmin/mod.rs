//! Garmin: Connect's daily summaries, sleep, HRV and weight as CSV or JSON, and bodies of the Health API.
//!
//! What Garmin files under a calendar date (steps, stress, resting heart rate, HRV, sleep score) is kept as kind day
//! and starts at local midnight, so that the same value from two layouts is one fact. A sleep's parts are kind
//! sleep and start at sleep onset. `sleepingSeconds` of a daily summary is not taken: it would stand beside the
//! sleep's own time and be counted twice. The codes -1 and -2 mean that nothing was measured.

pub mod client;
mod date;
mod hrv;
mod push;
mod push_records;
mod python;
mod sleep;
mod summary;
mod tables;
pub mod webhook;
mod weight;
mod wellness;

pub(super) use push::{MARKS as PUSH_MARKS, PART as PUSH_PART, PUSH};
pub(super) use python::nested;
pub(super) use tables::{DAILY, HRV, RESTING_HEART_RATE, SLEEP};
pub(super) use wellness::{MARKS as WELLNESS_MARKS, WELLNESS};
