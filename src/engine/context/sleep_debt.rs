//! Sleep debt: how much less a person slept in the last fortnight than on their own free days.

use super::{ContextItem, Named, number};
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::Metric;
use crate::engine::history::History;
use crate::engine::model::is_weekend;
use crate::engine::model::moments::median;
use crate::engine::observe::one_source::{self, fullest};

/// Nights that are added up, and how many of them must be there (engineering default).
const NIGHTS: u32 = 14;
const FEWEST_NIGHTS: usize = 10;
/// Days in which free nights are looked for, and how many there must be (engineering default).
const NEED_DAYS: u32 = 90;
const FEWEST_FREE_NIGHTS: usize = 8;

const NAMED: Named = Named {
    key: "sleep_debt",
    label: "sleep debt",
    method: "The sum over 14 nights of what each lacks to your own need, which is the median of the nights before \
             Saturdays and Sundays in the last 90 days (engineering default); longer nights and naps pay nothing back.",
};

/// The sum of what each night lacks to the need.
#[must_use]
pub fn debt(nights: &[f64], need: f64) -> f64 {
    nights.iter().map(|slept| (need - slept).max(0.0)).sum()
}

/// The item for a day.
pub(super) fn item(history: &History, until: LocalDay) -> ContextItem {
    let metric = Metric::SleepDuration;
    let window = Window::ending(until, NIGHTS);
    let Some(measured) = fullest(history, metric, window) else {
        let reason = format!("needs {FEWEST_NIGHTS} of the last {NIGHTS} nights, has none");
        return NAMED.item(&[metric], window, None, Err(reason));
    };
    let free = one_source::of(history, metric, Window::ending(until, NEED_DAYS), measured.provider);
    let free: Vec<f64> = free.into_iter().filter(|(day, _)| is_weekend(day.number())).map(|(_, slept)| slept).collect();
    let nights: Vec<f64> = measured.days.iter().map(|(_, slept)| *slept).collect();
    let n = nights.len();
    let found = match median(free.iter().copied()) {
        _ if n < FEWEST_NIGHTS => {
            Err(format!("needs {FEWEST_NIGHTS} of the last {NIGHTS} nights from one source, has {n}"))
        }
        Some(need) if free.len() >= FEWEST_FREE_NIGHTS => {
            let need = number(metric, "need", need);
            let debt = number(metric, "sleep_debt", debt(&nights, need.value));
            let (d, needed, unit) = (debt.shown(), need.shown(), &need.unit);
            let text = format!("{d} {unit} short in all over {n} nights, against {needed} {unit} on your free days");
            Ok((text, vec![debt, need, super::count("free_nights", free.len())]))
        }
        _ => Err(format!(
            "needs {FEWEST_FREE_NIGHTS} nights before a Saturday or Sunday in {NEED_DAYS} days, has {}",
            free.len()
        )),
    };
    NAMED.item(&[metric], window, Some((measured.provider, n)), found)
}
