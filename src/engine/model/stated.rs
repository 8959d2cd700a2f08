//! What a finding is stated with: the confidence a person reads, and the grade that follows from it.

use crate::domain::grade::Grade;
use crate::domain::metric::round_to;

/// The confidence that is stated at most of what no later day has confirmed: the least that means C. A search picks the
/// days that look most changed, so its own confidence promises more than it keeps: of raises .21 to .57 are true, by world
/// (`docs/calibration.md`).
pub const SUREST_OF_A_RAISE: f64 = 0.4;

/// The confidence that is stated at most of anything: nothing that was estimated is certain.
pub const SUREST: f64 = 0.99;

/// Confidence and grade as they are shown, from the confidence found, valid days in the smaller window and coverage.
#[must_use]
pub fn stated(confidence: f64, n: usize, coverage: f64, at_most_c: bool) -> (f64, Grade) {
    let found = round_to(confidence, 2).min(SUREST);
    let confidence = if at_most_c { found.min(SUREST_OF_A_RAISE) } else { found };
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    (confidence, Grade::of(confidence, n, round_to(coverage, 2)))
}
