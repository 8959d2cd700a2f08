//! One valid day of one metric, the only input the statistics know.
//!
//! A missing day is simply absent: it is never zero and never filled in.

/// The value of one metric on one local day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The local day, counted from 1 January of year 1 (day 1, a Monday), as
    /// `chrono::Datelike::num_days_from_ce` counts it.
    pub day: i32,
    /// The value, in the metric's own unit.
    pub value: f64,
}

/// Days in a week that are weekend days, as a share: the point at which a weekend column is centred
/// so that a mean speaks of the whole week.
pub(crate) const WEEKEND_SHARE: f64 = 2.0 / 7.0;

/// Whether a day is a Saturday or a Sunday.
pub fn is_weekend(day: i32) -> bool {
    (day - 1).rem_euclid(7) >= 5
}

/// The weekend column of a design: one on weekend days, centred over the seven days of a week.
///
/// `None` when the days do not hold both kinds of day: such a column says the same as the constant.
pub(crate) fn weekend_column<'a>(points: impl Iterator<Item = &'a Point>) -> Option<Vec<f64>> {
    let column: Vec<f64> = points.map(|point| f64::from(u8::from(is_weekend(point.day))) - WEEKEND_SHARE).collect();
    let first = *column.first()?;
    column.iter().any(|&cell| cell != first).then_some(column)
}

/// The points whose day lies in the window of `days` days that ends with `last_day`.
///
/// The points must be in time order.
pub(crate) fn window(points: &[Point], last_day: i32, days: u32) -> &[Point] {
    let last = i64::from(last_day);
    let first = last - i64::from(days) + 1;
    let from = points.partition_point(|point| i64::from(point.day) < first);
    let to = points.partition_point(|point| i64::from(point.day) <= last);
    points.get(from..to).unwrap_or(&[])
}

/// Whether every value is the same number, so that nothing can be tested.
pub(crate) fn is_constant(points: &[Point]) -> bool {
    points.windows(2).all(|pair| matches!(pair, [a, b] if a.value == b.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate, Weekday};

    #[test]
    fn the_weekend_is_the_calendars_weekend() {
        let start = NaiveDate::from_ymd_opt(2024, 2, 20).expect("a valid date");
        for date in start.iter_days().take(30) {
            let expected = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
            assert_eq!(is_weekend(date.num_days_from_ce()), expected, "{date}");
        }
        assert!(!is_weekend(1));
        assert!(is_weekend(0));
    }

    #[test]
    fn a_window_ends_with_its_last_day_and_leaves_out_the_day_before_its_first() {
        let points: Vec<Point> = (1..=10).map(|day| Point { day, value: 0.0 }).collect();
        let days: Vec<i32> = window(&points, 8, 3).iter().map(|point| point.day).collect();
        assert_eq!(days, [6, 7, 8]);
        assert!(window(&points, i32::MIN, u32::MAX).is_empty());
        assert_eq!(window(&points, i32::MAX, u32::MAX).len(), 10);
    }
}
