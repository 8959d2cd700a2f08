//! Is a row new, known, or a newer word about something known?

use std::cmp::Ordering;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::Observation;

/// The current word about a fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its value in the metric's unit; of a fact that was retracted, nothing.
    pub value: f64,
    /// The size of the last digit its source gave.
    pub resolution: f64,
    /// The local day it belongs to.
    pub day: LocalDay,
    /// When the record ended, if it has.
    pub end: Option<Instant>,
    /// How new that word is.
    pub as_of: Instant,
    /// The provider's own id of the record, where one is known.
    pub record: Option<String>,
    /// Whether the word is that the fact no longer holds.
    pub retracted: bool,
    /// How final its source said the word is; 0 where it said nothing of that.
    pub finality: u32,
}

/// What a word's place among the words about one thing is told by: how final it is, and how new.
pub type Weight = (u32, Instant);

/// Which of two words stands: of two that say how final they are the more final, and otherwise the newer.
#[must_use]
pub fn outranks((final_one, one): Weight, (final_other, other): Weight) -> Ordering {
    let both_say = final_one > 0 && final_other > 0;
    if both_say { final_one.cmp(&final_other).then(one.cmp(&other)) } else { one.cmp(&other) }
}

impl Held {
    /// The word that an observation is.
    #[must_use]
    pub fn of(o: &Observation) -> Self {
        Self {
            value: o.value,
            resolution: o.resolution,
            day: o.day,
            end: o.end,
            as_of: o.as_of,
            record: o.own_id().map(str::to_owned),
            retracted: false,
            finality: o.finality,
        }
    }
}

/// What an incoming observation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is known of this fact, or it was retracted and is told again since.
    New,
    /// It says what is known, or less exactly, or is older than what is known.
    Known,
    /// A newer word that differs, or one that says more about what is known.
    Correction,
}

/// Compares an incoming observation with what is held of the same fact.
///
/// The newer source wins; an older export never corrects a newer one. Of two words that say the same the finer stands,
/// whichever came first, and so does an end or an id that only one of them knows. Of two equally new words that differ the
/// finer stands, and otherwise the one that came first: two files of one export that differ would else correct each other
/// for ever. A provider's own time of change that is newer is kept though nothing else differs: the value was changed and
/// changed back, and the word in between, told later, is outdated.
#[must_use]
pub fn reconcile(held: Option<&Held>, incoming: &Observation) -> Finding {
    let Some(held) = held else {
        return Finding::New;
    };
    if held.retracted {
        let told_again = incoming.as_of > held.as_of || other_ids(held.record.as_deref(), incoming.own_id());
        return if told_again { Finding::New } else { Finding::Known };
    }
    let finer = incoming.resolution < held.resolution;
    let stands = if same(held, incoming) {
        let more_final = incoming.finality > held.finality;
        // Changed and changed back: what was said in between comes too late from now on.
        let changed_back = incoming.dated && incoming.as_of > held.as_of;
        changed_back || finer || more_final || incoming.end.is_some() && held.end.is_none() || names(held, incoming)
    } else {
        match outranks((incoming.finality, incoming.as_of), (held.finality, held.as_of)) {
            Ordering::Greater => true,
            Ordering::Equal => finer,
            Ordering::Less => false,
        }
    };
    if stands { Finding::Correction } else { Finding::Known }
}

/// What stands after a correction: the incoming word, with what only the held one knew.
#[must_use]
pub fn settled(held: &Held, incoming: &Observation) -> Observation {
    let mut settled = incoming.clone();
    if settled.own_id().is_none() {
        settled.record.clone_from(&held.record);
    }
    if same(held, incoming) {
        settled.end = incoming.end.or(held.end);
        settled.finality = incoming.finality.max(held.finality);
        if held.resolution < incoming.resolution {
            (settled.value, settled.resolution) = (held.value, held.resolution);
            settled.as_of = if incoming.dated { incoming.as_of.max(held.as_of) } else { held.as_of };
        } else if held.resolution == incoming.resolution {
            settled.as_of = incoming.as_of.max(held.as_of);
        }
    }
    settled
}

/// Whether two ids are known and differ: then they are of two records.
#[must_use]
pub fn other_ids(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn same(held: &Held, incoming: &Observation) -> bool {
    let same_interval = held.end == incoming.end || incoming.end.is_none() || held.end.is_none();
    incoming.same_value(held.value, held.resolution) && held.day == incoming.day && same_interval
}

/// Whether the incoming word names the record, which was not named or had another name before.
fn names(held: &Held, incoming: &Observation) -> bool {
    let id = incoming.own_id();
    id.is_some() && (held.record.is_none() || held.record.as_deref() != id && incoming.as_of > held.as_of)
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone, Utc};

    use super::*;
    use crate::domain::metric::Metric;
    use crate::domain::observation::{ObservationKey, RecordKind};
    use crate::domain::provider::Provider;

    fn night(value: f64, resolution: f64, age: i64) -> Observation {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 23, 0, 0).unwrap();
        let key = ObservationKey {
            provider: Provider::Whoop,
            kind: RecordKind::Sleep,
            metric: Metric::SleepDuration,
            start,
            provider_id: None,
        };
        Observation {
            end: Some(start + Duration::hours(8)),
            resolution,
            as_of: start + Duration::days(age),
            row: 1,
            ..Observation::new(key, "2026-01-02".parse().unwrap(), value)
        }
    }

    fn held(o: &Observation) -> Held {
        Held::of(o)
    }

    #[test]
    fn newer_wins_older_never_does() {
        let first = night(445.0, 1.0, 1);
        assert_eq!(reconcile(None, &first), Finding::New);
        assert_eq!(reconcile(Some(&held(&first)), &first), Finding::Known);
        assert_eq!(reconcile(Some(&held(&first)), &night(430.0, 1.0, 2)), Finding::Correction);
        assert_eq!(reconcile(Some(&held(&first)), &night(430.0, 1.0, 0)), Finding::Known);
        assert_eq!(reconcile(Some(&held(&first)), &night(430.0, 1.0, 1)), Finding::Known);
    }

    #[test]
    fn whole_minutes_and_milliseconds_of_one_night_are_one() {
        let minutes = night(445.0, 1.0, 1);
        let milliseconds = night(445.3, 1.0 / 60_000.0, 2);
        // Whichever came first, the finer word stands, as old as it is.
        assert_eq!(reconcile(Some(&held(&milliseconds)), &minutes), Finding::Known);
        assert_eq!(reconcile(Some(&held(&minutes)), &milliseconds), Finding::Correction);
        assert_eq!(settled(&held(&minutes), &milliseconds), milliseconds);
        let older = night(445.3, 1.0 / 60_000.0, 0);
        assert_eq!(reconcile(Some(&held(&minutes)), &older), Finding::Correction);
    }

    #[test]
    fn an_id_and_an_end_are_added_once_and_never_lost() {
        let plain = night(445.0, 1.0, 2);
        let named = Observation { record: Some("a".to_owned()), end: None, ..night(445.0, 1.0, 1) };
        assert_eq!(reconcile(Some(&held(&plain)), &named), Finding::Correction);
        let both = settled(&held(&plain), &named);
        assert_eq!((both.record.as_deref(), both.end, both.as_of), (Some("a"), plain.end, plain.as_of));
        assert_eq!(reconcile(Some(&held(&both)), &plain), Finding::Known);
        assert_eq!(reconcile(Some(&held(&both)), &named), Finding::Known);
        let changed = night(430.0, 1.0, 3);
        assert_eq!(settled(&held(&both), &changed).record.as_deref(), Some("a"));
        // The provider made the record anew: its new id is the one it is deleted by.
        let anew = Observation { record: Some("b".to_owned()), ..night(445.0, 1.0, 4) };
        assert_eq!(reconcile(Some(&held(&both)), &anew), Finding::Correction);
        assert_eq!(reconcile(Some(&held(&anew)), &both), Finding::Known);
    }

    #[test]
    fn what_was_retracted_comes_back_by_a_newer_word_or_as_another_record_alone() {
        let named = Observation { record: Some("a".to_owned()), ..night(445.0, 1.0, 1) };
        let gone = Held { retracted: true, as_of: night(0.0, 1.0, 3).as_of, ..held(&named) };
        assert_eq!(reconcile(Some(&gone), &named), Finding::Known);
        assert_eq!(reconcile(Some(&gone), &night(445.0, 1.0, 2)), Finding::Known);
        assert_eq!(reconcile(Some(&gone), &night(445.0, 1.0, 4)), Finding::New);
        let other = Observation { record: Some("b".to_owned()), ..night(445.0, 1.0, 2) };
        assert_eq!(reconcile(Some(&gone), &other), Finding::New);
    }

    #[test]
    fn of_two_words_that_say_how_final_they_are_the_more_final_stands_however_new_the_other_is() {
        let told = |value, finality, age| Observation { finality, ..night(value, 1.0, age) };
        let last = told(445.0, 5, 1);
        assert_eq!(reconcile(Some(&held(&last)), &told(430.0, 2, 3)), Finding::Known);
        assert_eq!(reconcile(Some(&held(&told(430.0, 2, 3))), &last), Finding::Correction);
        assert_eq!(reconcile(Some(&held(&last)), &told(440.0, 5, 2)), Finding::Correction);
        // One that says nothing of it is as good as it is new.
        assert_eq!(reconcile(Some(&held(&last)), &told(430.0, 0, 3)), Finding::Correction);
        // The same value once more, and for good: a less final word that differs comes too late then.
        let early = told(445.0, 2, 1);
        assert_eq!(reconcile(Some(&held(&early)), &told(445.0, 5, 2)), Finding::Correction);
        assert_eq!(settled(&held(&told(445.0, 5, 2)), &Observation { end: None, ..early }).finality, 5);
    }

    #[test]
    fn an_edited_end_is_a_correction() {
        let first = night(445.0, 1.0, 1);
        let mut edited = night(445.0, 1.0, 2);
        edited.end = edited.end.map(|end| end + Duration::minutes(20));
        assert_eq!(reconcile(Some(&held(&first)), &edited), Finding::Correction);
    }
}
