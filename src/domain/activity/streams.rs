//! The record of an activity second by second, as a device wrote it.
//!
//! A column that a device did not write is empty; a gap inside one is `None`. Nothing is filled.

/// The samples of one activity. Every column that is not empty has as many entries as `time_s`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Streams {
    /// Seconds since the start of the activity, rising.
    pub time_s: Vec<f64>,
    /// Metres covered since the start.
    pub distance_m: Vec<Option<f64>>,
    /// Beats a minute.
    pub heart_rate: Vec<Option<f64>>,
    /// Steps or turns a minute, as the device counts them.
    pub cadence: Vec<Option<f64>>,
    /// Metres above sea level.
    pub altitude_m: Vec<Option<f64>>,
    /// Metres a second.
    pub speed_m_s: Vec<Option<f64>>,
    /// Watts.
    pub power_w: Vec<Option<f64>>,
}
