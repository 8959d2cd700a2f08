//! Do two sources of one metric and day say different things? Then neither counts for an alert.

use std::collections::BTreeMap;

use crate::domain::evidence::Window;
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::history::{DayValue, History};
use crate::engine::model::Moments;

/// Days from which the spread of each source is known.
const SPREAD_DAYS: u32 = 60;
/// Values of each source without which no spread is known.
const FEWEST: usize = 7;
/// Pooled standard deviations beyond which two sources differ.
const POOLED_SDS: f64 = 2.0;

/// Whether the sources of a day differ by more than a fifth, or by more than two pooled standard deviations.
///
/// A fifth of a blood oxygen of 95 % is 19 points: where values lie far from zero, the spread has to say what is far.
#[must_use]
pub fn between(history: &History, metric: Metric, day: &DayValue) -> bool {
    if !day.contested {
        return false;
    }
    if day.conflict {
        return true;
    }
    let mut spread: BTreeMap<Provider, Vec<f64>> = BTreeMap::new();
    for before in Window::ending(day.day.minus(1), SPREAD_DAYS).each() {
        for (provider, value) in history.by_source(metric, before) {
            spread.entry(provider).or_default().push(value);
        }
    }
    let now = history.by_source(metric, day.day);
    let Some((first, value)) = now.iter().find(|(provider, _)| *provider == day.provider) else { return false };
    now.iter().filter(|(provider, _)| provider != first).any(|(provider, other)| {
        let (Some(a), Some(b)) = (spread.get(first), spread.get(provider)) else { return false };
        pooled(a, b).is_some_and(|sd| (value - other).abs() > POOLED_SDS * sd)
    })
}

/// The pooled standard deviation of two samples; none when one is too small or neither varies.
fn pooled(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() < FEWEST || b.len() < FEWEST {
        return None;
    }
    let (a, b) = (Moments::of(a.iter().copied()), Moments::of(b.iter().copied()));
    let sd = libm::sqrt((a.squares + b.squares) / (a.n + b.n - 2.0));
    (sd > 0.0).then_some(sd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pooled_spread_is_that_of_the_textbook() {
        // Squares 28 and 112 about their means over 7 + 7 - 2 degrees of freedom: sqrt(140 / 12).
        let a: Vec<f64> = (1..=7).map(f64::from).collect();
        let b: Vec<f64> = (1..=7).map(|n| f64::from(2 * n)).collect();
        assert!((pooled(&a, &b).unwrap() - libm::sqrt(140.0 / 12.0)).abs() < 1e-12);
        assert_eq!(pooled(&a[..6], &b), None);
        assert_eq!(pooled(&[1.0; 8], &[1.0; 8]), None);
    }
}
