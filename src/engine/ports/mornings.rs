//! Mornings: on how many of a person's days the day's loop ran by itself in time.

use async_trait::async_trait;

use super::jobs::QueueError;
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::person::PersonId;

/// Days over which the rate is taken.
pub const DAYS: u32 = 14;

/// The mornings of everybody over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Distinct days of each person, added up: from the first that was seen on, whether anything ran on them or not.
    pub days: u32,
    /// Those of them whose loop ran in the morning.
    pub succeeded: u32,
}

impl Rate {
    /// In percent; none where there was no day yet, which is not zero.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.days > 0).then(|| f64::from(self.succeeded) / f64::from(self.days) * 100.0)
    }
}

/// The last day whose morning is over wherever on earth a person lives: at midnight in Greenwich it is noon at the last place.
#[must_use]
pub fn last(now: Instant) -> LocalDay {
    LocalDay::at(now, chrono::Offset::fix(&chrono::Utc)).minus(1)
}

/// What is known of mornings.
#[async_trait]
pub trait Mornings: Send + Sync {
    /// Notes a morning of a person and whether their day was looked at; once it was, it stays so.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn note(&self, person: PersonId, day: LocalDay, done: bool) -> Result<(), QueueError>;

    /// The rate over so many days up to a last one. A day that nobody noted is a day on which nothing ran.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn rate(&self, last: LocalDay, days: u32) -> Result<Rate, QueueError>;

    /// Forgets the mornings before a day.
    ///
    /// # Errors
    /// When they cannot be written.
    async fn forget(&self, before: LocalDay) -> Result<(), QueueError>;
}
