//! Training load: a slow and a fast average of the daily load, and how far they lie apart.

use super::daily_load::{CHRONIC_DAYS, DailyLoad};
use super::{ContextItem, Named};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Value, Window};
use crate::domain::metric::Metric;
use crate::engine::model::Moments;
use crate::engine::safety::LOADS;

/// Days over which the slow and the fast average fade.
const CHRONIC: f64 = CHRONIC_DAYS as f64;
const ACUTE: f64 = 7.0;
/// Known days whose mean both averages start from.
const START: usize = 7;
/// Known days of the last week without which the fast average says nothing (engineering default).
const FEWEST_OF_WEEK: usize = 5;

const NAMED: Named = Named {
    key: "training_load",
    label: "training load",
    method: "CTL + (load - CTL)/42 and ATL + (load - ATL)/7 a day (the variant 1/42, not 1 - exp(-1/42)), both begun at \
             the mean of the first seven known days; TSB is CTL minus ATL of the evening before (Coggan).",
};

/// The two averages of daily load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averages {
    /// Chronic training load, over 42 days.
    pub ctl: f64,
    /// Acute training load, over 7 days.
    pub atl: f64,
}

impl Averages {
    /// Training stress balance.
    #[must_use]
    pub fn tsb(self) -> f64 {
        self.ctl - self.atl
    }
}

/// The averages after the last of some days, in order; none without days.
///
/// A missing day is no rest: over a gap what was known fades with every day, and the weights still add up to one.
#[must_use]
pub fn averages(days: &[(LocalDay, f64)]) -> Option<Averages> {
    let start = Moments::of(days.iter().take(START).map(|(_, load)| *load)).mean;
    let before = days.first()?.0.minus(1);
    let over = |time: f64| {
        let (weight, kept) = (1.0 / time, 1.0 - 1.0 / time);
        let step = |(mean, last): (f64, LocalDay), (day, load): &(LocalDay, f64)| {
            let old = libm::pow(kept, day.days_since(last) as f64);
            ((old * mean + weight * load) / (old + weight), *day)
        };
        days.iter().fold((start, before), step).0
    };
    Some(Averages { ctl: over(CHRONIC), atl: over(ACUTE) })
}

/// The item for the evening of a day.
pub(super) fn item(load: &Result<DailyLoad, String>, last: LocalDay) -> ContextItem {
    let window = Window::ending(last, CHRONIC_DAYS);
    let load = match load {
        Ok(load) => load,
        Err(reason) => return NAMED.item(&LOADS, window, None, Err(reason.clone())),
    };
    let of_week = load.within(Window::ending(last, 7)).len();
    let found = match averages(&load.days) {
        Some(averages) if of_week >= FEWEST_OF_WEEK => {
            let value = |name: &str, value: f64| average(load.metric, name, value);
            let (ctl, atl) = (value("ctl", averages.ctl), value("atl", averages.atl));
            // From the rounded two, so that the three agree.
            let tsb = value("tsb", ctl.value - atl.value);
            let (c, a, t) = (ctl.shown(), atl.shown(), tsb.shown());
            Ok((format!("CTL {c}, ATL {a}, TSB {t} {}, by {}", tsb.unit, load.metric.label()), vec![ctl, atl, tsb]))
        }
        _ => Err(format!("needs the load of {FEWEST_OF_WEEK} of the last 7 days, has {of_week}")),
    };
    NAMED.item(&[load.metric], window, Some((load.provider, load.within(window).len())), found)
}

/// An average has a decimal even where a day has none.
pub(super) fn average(metric: Metric, name: &str, value: f64) -> Value {
    Value::new(name, value, metric.unit().symbol(), metric.definition().decimals.max(1))
}
