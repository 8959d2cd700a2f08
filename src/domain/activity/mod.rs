//! What an activity's record says: splits, zones, best efforts, drift, load, and what is missing.
//!
//! Plain functions over the samples a device wrote. Nothing is filled: where a figure needs what was not recorded, it says
//! so instead of taking a default (ADR 0022).

pub mod analysis;
pub mod drift;
pub mod effort;
pub mod grade;
pub mod load;
pub mod pace;
pub mod same;
pub mod split;
pub mod sport;
pub mod streams;
pub mod sums;
pub mod track;
pub mod week;
pub mod zone;

pub use analysis::{Absent, Analysis, analyse};
pub use sport::Family;
pub use streams::Streams;
pub use track::Track;
pub use zone::Reserve;

#[cfg(test)]
mod tests;
