//! Weight: how fast it changes, week against week and over half a year, and whether it is low.
//!
//! Medians of several days are compared, because one day differs from the next by a per cent in everybody.

use super::load;
use super::signal::{Alarm, Finding, Signal, line, median, number};
use super::threshold::{BMI_LOW, WEIGHT_HALF_YEAR, WEIGHT_WEEK_REVIEW, WEIGHT_WEEK_WARN};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::{Metric, round_to};
use crate::domain::profile::Profile;
use crate::domain::safety::Level;

const METRIC: Metric = Metric::Weight;
/// Values without which a week says nothing.
const FEWEST: usize = 2;
/// Days of half a year, and of the blocks it is made of.
const HALF_YEAR: u32 = 182;
const BLOCK: u32 = 14;

fn middle(signal: &Signal<'_>, last: LocalDay, days: u32) -> Option<f64> {
    let days = signal.days(METRIC, Window::ending(last, days));
    if days.len() < FEWEST { None } else { median(&days) }
}

/// The change from the week before to the week up to a day, in percent.
fn week(signal: &Signal<'_>, day: LocalDay) -> Option<f64> {
    let (now, before) = (middle(signal, day, 7)?, middle(signal, day.minus(7), 7)?);
    Some(round_to(100.0 * (now - before) / before, 1))
}

/// The loss from the highest fortnight of the last half year, in percent.
fn loss(signal: &Signal<'_>, day: LocalDay) -> Option<f64> {
    let now = middle(signal, day, BLOCK)?;
    let blocks = (1..HALF_YEAR / BLOCK).filter_map(|n| middle(signal, day.minus(n * BLOCK), BLOCK));
    let highest = blocks.fold(f64::NAN, f64::max);
    highest.is_finite().then(|| round_to(100.0 * (highest - now) / highest, 1))
}

pub(super) fn finding(signal: &Signal<'_>) -> Finding {
    // A fortnight without the scales says nothing about now.
    let Some(last) = signal.days(METRIC, Window::ending(signal.until, 7)).last().copied() else {
        return Finding::Undecided;
    };
    let (week_now, loss_now) = (week(signal, signal.until), loss(signal, signal.until));
    let percent = |name: &str, value: f64| Value::new(name, value, "%", 1);
    let alarm = |level, threshold, name: &str, value: f64| {
        Finding::Holds(Alarm::of(level, METRIC, &[last], vec![percent(name, value), line(threshold)]))
    };
    if let Some(loss) = loss_now.filter(|loss| *loss >= WEIGHT_HALF_YEAR.value) {
        return alarm(Level::Review, &WEIGHT_HALF_YEAR, "loss_in_half_a_year", loss);
    }
    match week_now {
        Some(change) if change.abs() >= WEIGHT_WEEK_REVIEW.value => {
            alarm(Level::Review, &WEIGHT_WEEK_REVIEW, "change_in_a_week", change)
        }
        Some(change) if change.abs() >= WEIGHT_WEEK_WARN.value => {
            alarm(Level::Warn, &WEIGHT_WEEK_WARN, "change_in_a_week", change)
        }
        Some(_) if week(signal, signal.until.minus(7)).is_some_and(|c| c.abs() < WEIGHT_WEEK_WARN.value) => {
            Finding::Over
        }
        _ => Finding::Undecided,
    }
}

/// Strain around food and weight, as far as measurements can hint at it: a low weight for the height, or
/// weight falling fast while the load is high.
pub(super) fn strain(signal: &Signal<'_>, profile: &Profile) -> Finding {
    let Some(weight) = middle(signal, signal.until, BLOCK) else { return Finding::Undecided };
    let metres = profile.height_cm.map(|height| f64::from(height) / 100.0);
    // The line is one of adults. Younger people often lie below it; that a person is one must not take a notice away.
    let index = metres.map(|metres| round_to(weight / (metres * metres), 1));
    let low = index.filter(|index| *index < BMI_LOW.value);
    let falls = week(signal, signal.until).filter(|change| *change <= -WEIGHT_WEEK_WARN.value);
    let loaded = falls.filter(|_| load::is_up(signal, 7).is_some());
    if low.is_none() && loaded.is_none() {
        return if index.is_some() || falls.is_none() { Finding::Over } else { Finding::Undecided };
    }
    let mut compared = vec![number(METRIC, "weight", weight)];
    compared.extend(low.map(|index| Value::new("body_mass_index", index, "", 1)));
    compared.extend(low.map(|_| line(&BMI_LOW)));
    compared.extend(loaded.map(|change| Value::new("change_in_a_week", change, "%", 1)));
    let level = if low.is_some() && loaded.is_some() { Level::Review } else { Level::Warn };
    let days = signal.days(METRIC, Window::ending(signal.until, BLOCK));
    // The notice speaks of no single metric: which numbers it rests on stands in its evidence.
    Finding::Holds(Alarm { metric: None, values: compared, ..Alarm::of(level, METRIC, &days, Vec::new()) })
}
