//! Strava: the bulk export's `activities.csv` in its current layout and in the one of before 2019, and answers of its API.
//!
//! In the export dates are UTC without saying so, and no zone is given: the home zone tells the local day. Names, descriptions,
//! notes, gear and places stay in the file.

mod activities;
mod api;
pub mod client;
mod legacy;
pub mod webhook;

pub(super) use activities::ACTIVITIES;
pub(super) use api::API;
pub(super) use legacy::LEGACY;
