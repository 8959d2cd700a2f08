//! Days with and days without in turns: what difference did it make?
//!
//! The regression of [`super::change`] with one column more. In turns, a slow drift weighs on both arms alike, so a
//! trend can be told from the difference and is taken out of the noise; before against after it cannot be told, and
//! the same column would only make things worse.

use super::change::{Counts, FEWEST_DAYS, Screened};
use super::confidence::Prior;
use super::point::{Point, is_constant};

/// A valid day of an experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// The day whose outcome was read, and the outcome.
    pub point: Point,
    /// Whether it was scheduled with the intervention.
    pub with: bool,
}

/// Compares days with and days without that take turns: `without_days` and `with_days` calendar days were scheduled.
///
/// `turns` are in time order. The regression has a constant, the arm, a weekend column where the days hold both kinds,
/// and a straight trend. `None` when an arm has fewer than seven valid days or values that do not vary, or when the
/// columns cannot be told apart.
pub fn contrast(turns: &[Turn], without_days: u32, with_days: u32, prior: Prior) -> Option<Screened> {
    let arm = |with| turns.iter().filter(move |turn| turn.with == with).map(|turn| turn.point);
    let (without, with): (Vec<Point>, Vec<Point>) = (arm(false).collect(), arm(true).collect());
    if without.len().min(with.len()) < FEWEST_DAYS || is_constant(&without) || is_constant(&with) {
        return None;
    }
    let points: Vec<Point> = turns.iter().map(|turn| turn.point).collect();
    let set: Vec<f64> = turns.iter().map(|turn| f64::from(u8::from(turn.with))).collect();
    let trend = trend_column(&points)?;
    let counts = Counts {
        before: without.len(),
        after: with.len(),
        coverage: (without.len() as f64 / f64::from(without_days)).min(with.len() as f64 / f64::from(with_days)),
    };
    Screened::of(&points, &set, Some(&trend), counts, prior)
}

/// A straight line over the days, from -1/2 on the first to 1/2 on the last, so that the constant speaks of their middle.
fn trend_column(points: &[Point]) -> Option<Vec<f64>> {
    let (first, last) = (f64::from(points.first()?.day), f64::from(points.last()?.day));
    Some(points.iter().map(|point| (f64::from(point.day) - 0.5 * (first + last)) / (last - first)).collect())
}
