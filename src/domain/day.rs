//! The local day: the unit in which a person lives and in which the stages run.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, FixedOffset, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::Instant;

/// A calendar day where the person was. Written `2026-03-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalDay(NaiveDate);

impl LocalDay {
    /// Wraps a date.
    #[must_use]
    pub const fn new(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The first day of the calendar: from it on is from ever.
    pub const FIRST: Self = Self(NaiveDate::MIN);
    /// The last day of the calendar.
    pub const LAST: Self = Self(NaiveDate::MAX);

    /// The day on which an instant falls at an offset from UTC.
    #[must_use]
    pub fn at(instant: Instant, offset: FixedOffset) -> Self {
        Self(instant.with_timezone(&offset).date_naive())
    }

    /// The date.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// The number of the day, counted from 1 January of year 1, which was a Monday.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0.num_days_from_ce()
    }

    /// The day with a number, or `None` outside the calendar.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        NaiveDate::from_num_days_from_ce_opt(number).map(Self)
    }

    /// The day `days` later; the last day of the calendar when there is none.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX))
    }

    /// The day `days` earlier; the first day of the calendar when there is none.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN))
    }

    /// How many days this day lies after `earlier`; negative when before.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// Searches run on local Mondays.
    #[must_use]
    pub fn is_monday(self) -> bool {
        self.0.weekday() == Weekday::Mon
    }

    /// The last instant of the day at an offset: when a stage that looks at the day is said to have occurred.
    #[must_use]
    pub fn end(self, offset: FixedOffset) -> Instant {
        let midnight = self.plus(1).0.and_time(chrono::NaiveTime::MIN);
        let utc = midnight - chrono::Duration::seconds(i64::from(offset.local_minus_utc()));
        (utc - chrono::Duration::microseconds(1)).and_utc()
    }
}

impl fmt::Display for LocalDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format("%Y-%m-%d").fmt(f)
    }
}

impl FromStr for LocalDay {
    type Err = chrono::ParseError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        NaiveDate::parse_from_str(s, "%Y-%m-%d").map(Self)
    }
}
