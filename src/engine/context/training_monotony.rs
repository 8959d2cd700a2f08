//! Monotony and strain: how alike the days of a week were, and what that makes of its load.

use super::daily_load::DailyLoad;
use super::training_load::average;
use super::{ContextItem, Named};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::engine::model::Moments;
use crate::engine::safety::LOADS;

/// Days of the week, all of which must be known: a sum with a hole is no sum.
const WEEK: u32 = 7;

const NAMED: Named = Named {
    key: "training_monotony",
    label: "monotony and strain",
    method: "Foster 1998: monotony is the mean of seven days' load over its standard deviation (n - 1), strain the week's \
             load times monotony; neither exists where all days are alike.",
};

/// What a week of load comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Week {
    /// The load of all days.
    pub load: f64,
    /// The mean over the standard deviation.
    pub monotony: f64,
    /// Load times monotony.
    pub strain: f64,
}

/// A week's monotony and strain; none where its days do not differ.
#[must_use]
pub fn week(days: &[f64]) -> Option<Week> {
    let moments = Moments::of(days.iter().copied());
    let sd = moments.sd();
    if sd.is_nan() || sd <= f64::EPSILON * moments.mean.abs() {
        return None;
    }
    let (load, monotony) = (moments.mean * moments.n, moments.mean / sd);
    Some(Week { load, monotony, strain: load * monotony })
}

/// The item for the week that ends with a day.
pub(super) fn item(load: &Result<DailyLoad, String>, last: LocalDay) -> ContextItem {
    let window = Window::ending(last, WEEK);
    let load = match load {
        Ok(load) => load,
        Err(reason) => return NAMED.item(&LOADS, window, None, Err(reason.clone())),
    };
    let days = load.within(window);
    let found = if days.len() < WEEK as usize {
        Err(format!("needs the load of all of the last {WEEK} days, has {}", days.len()))
    } else if let Some(week) = week(&days) {
        let sum = average(load.metric, "week_load", week.load);
        let monotony = Value::new("monotony", week.monotony, "", 2);
        let strain = Value::new("strain", week.strain, "", 0);
        let (m, s, l) = (monotony.shown(), strain.shown(), sum.shown());
        let text =
            format!("monotony {m}, strain {s}, from a week's load of {l} {}, by {}", sum.unit, load.metric.label());
        Ok((text, vec![monotony, strain, sum]))
    } else {
        Err("the days of the week are all alike".to_owned())
    };
    NAMED.item(&[load.metric], window, Some((load.provider, days.len())), found)
}
