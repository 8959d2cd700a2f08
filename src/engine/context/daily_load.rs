//! The load of each day, by one metric of one source: what a source calls load, or the time spent in activities.

use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::Metric;
use crate::domain::provider::Provider;
use crate::engine::history::History;
use crate::engine::observe::one_source::{self, most};
use crate::engine::safety::LOADS;

/// Days that the averages look back: what is older weighs less than 2 %.
const LONGEST: u32 = 180;
/// Days of which most must be known, and the share of them (engineering default).
pub(super) const CHRONIC_DAYS: u32 = 42;
const KNOWN_SHARE: f64 = 0.7;

/// The known days of load, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DailyLoad {
    pub metric: Metric,
    pub provider: Provider,
    pub days: Vec<(LocalDay, f64)>,
}

impl DailyLoad {
    /// The days of a window.
    pub(super) fn within(&self, window: Window) -> Vec<f64> {
        self.days.iter().filter(|(day, _)| window.contains(*day)).map(|(_, load)| *load).collect()
    }

    fn known(&self, last: LocalDay) -> usize {
        self.within(Window::ending(last, CHRONIC_DAYS)).len()
    }
}

/// The load up to a day by the first metric of which enough is known, from the source that knows most of it.
///
/// # Errors
/// Why there is none.
pub(super) fn of(history: &History, last: LocalDay) -> Result<DailyLoad, String> {
    let window = Window::ending(last, LONGEST);
    let fewest = (KNOWN_SHARE * f64::from(CHRONIC_DAYS)).ceil();
    let mut best = 0;
    for metric in LOADS {
        let all = Provider::ALL.map(|provider| DailyLoad {
            metric,
            provider,
            days: one_source::with_rest(history, metric, window, provider, last.plus(1)),
        });
        let Some(load) = most(all, |load| load.known(last)) else { continue };
        let known = load.known(last);
        if f64::from(u32::try_from(known).unwrap_or(u32::MAX)) >= fewest {
            return Ok(load);
        }
        best = best.max(known);
    }
    Err(format!("needs the load of {fewest} of the last {CHRONIC_DAYS} days from one source, has {best}"))
}
