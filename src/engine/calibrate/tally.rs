//! Counting: how often something was so, and how often what was said with a confidence was true.

use serde::Serialize;

/// A share with its count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// Times it was so.
    pub hits: u64,
    /// Times it was looked at.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    /// The share, if anything was looked at.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}

/// The bands confidence is read in: 0.4 to 0.6, 0.6 to 0.8, 0.8 and more.
pub const FLOORS: [f64; 3] = [0.4, 0.6, 0.8];

/// The band a confidence falls in.
#[must_use]
pub fn band(confidence: f64) -> Option<usize> {
    FLOORS.iter().rposition(|floor| confidence >= *floor)
}

/// What was said with which confidence, and whether it was true.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Believed {
    tenths: [(f64, Share); 10],
    bands: [Share; FLOORS.len()],
}

impl Believed {
    /// Counts a statement.
    pub fn count(&mut self, confidence: f64, is_true: bool) {
        let tenth = (confidence * 10.0).clamp(0.0, 9.0) as usize;
        self.tenths[tenth].0 += confidence;
        self.tenths[tenth].1.count(is_true);
        if let Some(band) = band(confidence) {
            self.bands[band].count(is_true);
        }
    }

    /// Expected calibration error over ten equal bins: the mean distance of stated confidence and true share.
    #[must_use]
    pub fn ece(&self) -> Option<f64> {
        let all: u64 = self.tenths.iter().map(|(_, share)| share.of).sum();
        let off: f64 = self.tenths.iter().map(|(stated, share)| (stated - share.hits as f64).abs()).sum();
        (all > 0).then(|| off / all as f64)
    }

    /// The bands, lowest first.
    #[must_use]
    pub fn bands(&self) -> &[Share; FLOORS.len()] {
        &self.bands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calibration_error_is_the_distance_of_what_was_said_and_what_was_so() {
        let mut believed = Believed::default();
        assert_eq!(believed.ece(), None);
        for index in 0..10 {
            believed.count(0.85, index < 7);
        }
        assert!((believed.ece().expect("a number") - 0.15).abs() < 1e-12);
        assert_eq!(believed.bands()[2], Share { hits: 7, of: 10 });
        believed.count(0.1, false);
        assert_eq!(believed.bands().map(|band| band.of), [0, 0, 10]);
    }
}
