//! WHOOP's account export: cycles, sleeps, workouts and the journal, newest row first.
//!
//! Times are local and naive; each row gives its offset. There are no ids. A night stands both in the cycles and in
//! the sleeps, under one key: kind sleep, starting at sleep onset.

pub mod client;
mod cycles;
mod journal;
mod night;
mod row;
mod sleeps;
pub mod webhook;
mod workouts;

pub(super) use cycles::CYCLES;
pub(super) use journal::JOURNAL;
pub(super) use sleeps::SLEEPS;
pub(super) use workouts::WORKOUTS;
