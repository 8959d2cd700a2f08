//! MODEL: what can be said about one daily series, and how sure is that?
//!
//! Input: the valid days of one metric, as [`Point`]s in time order. Output: a [`level::Level`], a
//! [`change::Change`], or nothing when the data do not carry a statement. Everything here is a plain
//! function over slices: no clock, no chance, no I/O. Transcendental functions come from `libm`, so
//! the same days give the same bytes on every machine. Grades are given elsewhere; this stage only
//! says how likely a statement is to be true, on how many days it rests and how many were missing.
//!
//! One estimator serves everything: the gap-aware AR(1) regression of [`ar1`], with its
//! autocorrelation averaged over instead of guessed, and the spike-and-slab [`confidence`].

pub mod ar1;
pub mod blocks;
pub mod change;
pub mod change_point;
pub mod confidence;
pub mod drift;
pub mod gates;
pub mod level;
pub mod link;
pub mod link_search;
mod link_stage;
pub mod moments;
pub mod point;
mod quantile;
pub mod search;
mod shown;
mod stage;
mod stated;
pub mod student_t;
pub mod trend;
mod weekly;
mod whitened;

pub use blocks::{Turn, contrast};
pub use change::{Change, compare};
pub use confidence::{ONE_LOOK, Prior, SEARCH};
pub use level::{Level, level};
pub use moments::Moments;
pub use point::{Point, is_weekend};
pub use search::{Look, Outcome, Sought, Watch, look};
pub use shown::shown;
pub use stage::{LEVEL_DAYS, stage};
pub use stated::{SUREST, stated};
