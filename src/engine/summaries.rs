//! What each metric came to over 7 days, 28 days and 12 weeks: plain figures without a grade, folded from the observations.

use serde::Serialize;

use super::history::{DayValue, History};
use super::{Engine, EngineError, run};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::evidence::Window;
use crate::domain::metric::{Metric, round_to};
use crate::domain::person::PersonId;
use crate::domain::profile::Purpose;
use crate::domain::safety::allowance;

/// Weeks of the longest window.
const WEEKS: u32 = 12;

/// A metric over some days. Means of few days are means of few days: `days` and `coverage` say of how many.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// The days.
    pub window: Window,
    /// Days with a value.
    pub days: u32,
    /// The same as a share of all its days, to two decimals.
    pub coverage: f64,
    /// The mean of the days with a value, in the metric's unit.
    pub mean: Option<f64>,
    /// The lowest day.
    pub min: Option<f64>,
    /// The highest day.
    pub max: Option<f64>,
}

/// A metric's summaries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The metric.
    pub metric: Metric,
    /// The last seven days.
    pub week: Span,
    /// The last 28 days.
    pub month: Span,
    /// The last 84 days.
    pub quarter: Span,
    /// Those days week by week, the oldest first.
    pub weeks: Vec<Span>,
}

fn span(metric: Metric, values: &[DayValue], window: Window) -> Span {
    let from = values.partition_point(|value| value.day < window.first);
    let until = values.partition_point(|value| value.day <= window.last);
    let values: Vec<f64> = values[from..until].iter().map(|value| value.value).collect();
    let days = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let mean = (days > 0).then(|| metric.round(values.iter().sum::<f64>() / f64::from(days)));
    Span {
        window,
        days,
        coverage: round_to(f64::from(days) / f64::from(window.days), 2),
        mean,
        min: values.iter().copied().reduce(f64::min),
        max: values.iter().copied().reduce(f64::max),
    }
}

/// The summaries of a metric up to a day; none without a value in twelve weeks.
#[must_use]
pub fn summary(history: &History, metric: Metric, until: LocalDay) -> Option<Summary> {
    let values = history.days(metric, until);
    let over = |days: u32| span(metric, values, Window::ending(until, days));
    let quarter = over(7 * WEEKS);
    let week = |back: u32| span(metric, values, Window::ending(until.minus(7 * back), 7));
    (quarter.days > 0).then(|| Summary {
        metric,
        week: over(7),
        month: over(28),
        quarter,
        weeks: (0..WEEKS).rev().map(week).collect(),
    })
}

impl Engine {
    /// The summaries of every metric that has a value, up to the newest day with data. What a notice stops or hides, and what
    /// was taken back, is left out here too.
    ///
    /// # Errors
    /// When the read models do not answer.
    pub async fn summaries(&self, person: PersonId, now: Instant) -> Result<Vec<Summary>, EngineError> {
        let state = self.state(person).await?;
        let allowed = allowance(&state);
        let until = run::today(&state, now);
        let Some(until) = state.newest_data.map(|newest| newest.min(until)) else { return Ok(Vec::new()) };
        if !allowed.analysis || !state.consents.contains(&Purpose::Processing) {
            return Ok(Vec::new());
        }
        let history = self.history(person, until.minus(7 * WEEKS)).await?;
        let history = run::permitted(&state, &history);
        let shown = history.metrics().filter(|metric| !allowed.hidden.contains(metric));
        Ok(shown.filter_map(|metric| summary(&history, metric, until)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observation::{Observation, ObservationKey, RecordKind};
    use crate::domain::provider::Provider;

    #[test]
    fn a_window_counts_its_own_days_and_says_how_many_have_a_value() {
        let last: LocalDay = "2026-03-31".parse().unwrap();
        let steps = |back: u32, value: f64| {
            let day = last.minus(back);
            let start = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
            let key = ObservationKey {
                provider: Provider::Garmin,
                kind: RecordKind::Day,
                metric: Metric::Steps,
                start,
                provider_id: None,
            };
            Observation::new(key, day, value)
        };
        let history =
            History::of([steps(0, 1000.0), steps(6, 2000.0), steps(7, 6000.0), steps(27, 3000.0), steps(84, 9.0)]);
        let found = summary(&history, Metric::Steps, last).unwrap();
        assert_eq!((found.week.days, found.week.mean, found.week.coverage), (2, Some(1500.0), 0.29));
        assert_eq!((found.month.days, found.month.mean), (4, Some(3000.0)));
        assert_eq!((found.month.min, found.month.max), (Some(1000.0), Some(6000.0)));
        assert_eq!(found.quarter.days, 4, "the 85th day back is not in it");
        assert_eq!(found.weeks.len(), 12);
        assert_eq!(found.weeks[11], found.week);
        assert_eq!((found.weeks[10].days, found.weeks[10].mean), (1, Some(6000.0)));
        assert_eq!((found.weeks[0].days, found.weeks[0].mean), (0, None), "no value is no zero");
        assert_eq!(summary(&history, Metric::Stress, last), None);
    }
}
