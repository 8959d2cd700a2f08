//! HRV as a seven-day band: does the week's variability lie within what is usual for this person?
//!
//! A label and never an alert: the same rule fires on 79 to 164 days of a year in which nothing happens.

use super::{ContextItem, Named, number};
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::Metric;
use crate::engine::history::History;
use crate::engine::model::Moments;
use crate::engine::observe::one_source::{self, fullest};

/// Days of the week's mean, and how many of them must be there (published: fewer agree poorly with all seven).
const WEEK: u32 = 7;
const FEWEST_OF_WEEK: usize = 5;
/// Days before the week that say what is usual, and how many of them must be there.
const USUAL_DAYS: u32 = 60;
const FEWEST_USUAL: usize = 14;
/// Half the width of the band in standard deviations of a day: the smallest change worth while.
const HALF_WIDTH: f64 = 0.5;

const NAMED: Named = Named {
    key: "hrv_band",
    label: "HRV, last seven days",
    method: "The seven-day mean of ln RMSSD against the mean of the 60 days before, plus and minus half a standard \
             deviation (Plews 2012, smallest worthwhile change), written in milliseconds. A label, not an alert.",
};

/// A week's mean and the band of what is usual, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The geometric mean of the week.
    pub mean: f64,
    /// The lower border.
    pub low: f64,
    /// The upper border.
    pub high: f64,
}

/// The band of some days of RMSSD in milliseconds; none where the usual days do not differ.
#[must_use]
pub fn band(week: &[f64], usual: &[f64]) -> Option<Band> {
    let logs = |values: &[f64]| Moments::of(values.iter().map(|value| libm::log(*value)).collect::<Vec<_>>());
    let (week, usual) = (logs(week), logs(usual));
    let sd = usual.sd();
    // The spread of equal values is not exactly zero in floating point.
    if week.n == 0.0 || sd.is_nan() || sd <= 1e-12 {
        return None;
    }
    let border = |sds: f64| libm::exp(usual.mean + sds * sd);
    Some(Band { mean: libm::exp(week.mean), low: border(-HALF_WIDTH), high: border(HALF_WIDTH) })
}

/// The item for a day.
pub(super) fn item(history: &History, until: LocalDay) -> ContextItem {
    let metric = Metric::HrvRmssd;
    let window = Window::ending(until, WEEK);
    let Some(measured) = fullest(history, metric, window) else {
        let reason = format!("needs RMSSD on {FEWEST_OF_WEEK} of the last {WEEK} days, has none");
        return NAMED.item(&[metric], window, None, Err(reason));
    };
    let before = Window::ending(window.first.minus(1), USUAL_DAYS);
    let usual = one_source::of(history, metric, before, measured.provider);
    let values = |days: &[(LocalDay, f64)]| days.iter().map(|(_, value)| *value).collect::<Vec<_>>();
    let (n, of_usual) = (measured.days.len(), usual.len());
    let found = if n < FEWEST_OF_WEEK {
        Err(format!("needs {FEWEST_OF_WEEK} of the last {WEEK} days from one source, has {n}"))
    } else if of_usual < FEWEST_USUAL {
        Err(format!("needs {FEWEST_USUAL} of the {USUAL_DAYS} days before from the same source, has {of_usual}"))
    } else if let Some(band) = band(&values(&measured.days), &values(&usual)) {
        let mean = number(metric, "mean", band.mean);
        let (low, high) = (number(metric, "band_low", band.low), number(metric, "band_high", band.high));
        // Rounded before it is compared: the label agrees with the numbers beside it.
        let place = if mean.value < low.value {
            "below"
        } else if mean.value > high.value {
            "above"
        } else {
            "within"
        };
        let (m, l, h) = (mean.shown(), low.shown(), high.shown());
        let text = format!("{m} {}, {place} your band of {l} to {h} {}", mean.unit, high.unit);
        Ok((text, vec![mean, low, high, super::count("usual_days", of_usual)]))
    } else {
        Err(format!("the {of_usual} days before do not differ, so there is no band"))
    };
    NAMED.item(&[metric], window, Some((measured.provider, n)), found)
}
