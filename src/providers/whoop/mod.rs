//! WHOOP: its account export (cycles, sleeps, workouts and the journal, newest row first), and its developer API.
//!
//! In the export times are local and naive; each row gives its offset. There are no ids. A night stands both in the cycles and in
//! the sleeps, under one key: kind sleep, starting at sleep onset.

mod api;
pub mod client;
mod cycles;
mod journal;
mod night;
mod row;
mod sleeps;
pub mod webhook;
mod workouts;

pub(super) use api::API;
pub(super) use cycles::CYCLES;
pub(super) use journal::JOURNAL;
pub(super) use sleeps::SLEEPS;
pub(super) use workouts::WORKOUTS;
