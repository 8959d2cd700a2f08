//! The newest data: which day they are of, and of which day once those are taken back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Instant;
use super::day::LocalDay;
use super::metric::{Cadence, Metric};

/// Days that are counted, the newest with data (engineering default): a state stays small, and who deletes more at a time
/// deletes a provider.
const COUNTED: usize = 60;

/// Whether a metric makes the data of a device newer: no stage looks at a note alone.
#[must_use]
pub fn is_measured(metric: Metric) -> bool {
    !matches!(metric.definition().cadence, Cadence::Noted | Cadence::PerQuestion)
}

/// How much stands of each of the newest days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// Facts of a day, and when the last of them ended that was ever told.
    days: BTreeMap<LocalDay, (u32, Instant)>,
    /// The newest day with data that is counted no more.
    before: Option<(LocalDay, Instant)>,
}

impl Newest {
    /// A fact of a day that ended then.
    pub fn gained(&mut self, day: LocalDay, ended: Instant) {
        if self.before.is_some_and(|(before, _)| day <= before) {
            return;
        }
        let (facts, last) = self.days.entry(day).or_insert((0, ended));
        (*facts, *last) = (facts.saturating_add(1), ended.max(*last));
        if self.days.len() > COUNTED {
            self.before = self.days.pop_first().map(|(day, (_, ended))| (day, ended));
        }
    }

    /// A fact of a day stands no more.
    pub fn lost(&mut self, day: LocalDay) {
        let Some((facts, _)) = self.days.get_mut(&day) else { return };
        *facts = facts.saturating_sub(1);
        if *facts == 0 {
            self.days.remove(&day);
        }
    }

    /// The newest day of which a fact stands, and when its data ended.
    #[must_use]
    pub fn last(&self) -> Option<(LocalDay, Instant)> {
        self.days.last_key_value().map(|(day, (_, ended))| (*day, *ended)).or(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_leaves_the_day_before_it() {
        let day = |n: i32| LocalDay::from_number(739_000 + n).unwrap();
        let at = |n: i64| Instant::from_timestamp(1_770_000_000 + n * 86_400, 0).unwrap();
        let mut newest = Newest::default();
        assert_eq!(newest.last(), None);
        // Told newest first, as many exports are, and far more than is counted.
        for n in (0..200).rev() {
            newest.gained(day(n), at(n.into()));
        }
        newest.gained(day(199), at(199));
        newest.lost(day(199));
        assert_eq!(newest.last(), Some((day(199), at(199))), "one of two is left");
        newest.lost(day(199));
        newest.lost(day(3));
        assert_eq!(newest.last(), Some((day(198), at(198))));
        for n in 100..199 {
            newest.lost(day(n));
        }
        assert_eq!(newest.last(), Some((day(139), at(139))), "beyond what is counted the newest that was ever told");
    }
}
