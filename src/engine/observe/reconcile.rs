//! Is a row new, known, or a newer word about something known?

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::observation::Observation;

/// The current word about a fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its value in the metric's unit.
    pub value: f64,
    /// The size of the last digit its source gave.
    pub resolution: f64,
    /// The local day it belongs to.
    pub day: LocalDay,
    /// When the record ended, if it has.
    pub end: Option<Instant>,
    /// How new that word is.
    pub as_of: Instant,
}

/// What an incoming observation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is known of this fact.
    New,
    /// It says what is known, or less exactly, or is older than what is known.
    Known,
    /// A newer word that differs.
    Correction,
}

/// Compares an incoming observation with what is held of the same fact.
///
/// The newer source wins; an older export never corrects a newer one. Of two equally new words the finer stands, and
/// otherwise the one that came first: two files of one export that differ would else correct each other for ever.
#[must_use]
pub fn reconcile(held: Option<&Held>, incoming: &Observation) -> Finding {
    let Some(held) = held else {
        return Finding::New;
    };
    let same_interval = held.end == incoming.end || incoming.end.is_none() || held.end.is_none();
    let same = incoming.same_value(held.value, held.resolution) && held.day == incoming.day && same_interval;
    if same || incoming.as_of < held.as_of || incoming.as_of == held.as_of && incoming.resolution >= held.resolution {
        return Finding::Known;
    }
    Finding::Correction
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
        Observation {
            key: ObservationKey {
                provider: Provider::Whoop,
                kind: RecordKind::Sleep,
                metric: Metric::SleepDuration,
                start,
                provider_id: None,
            },
            end: Some(start + Duration::hours(8)),
            day: "2026-01-02".parse().unwrap(),
            value,
            resolution,
            as_of: start + Duration::days(age),
            row: 1,
        }
    }

    fn held(o: &Observation) -> Held {
        Held { value: o.value, resolution: o.resolution, day: o.day, end: o.end, as_of: o.as_of }
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
        assert_eq!(reconcile(Some(&held(&minutes)), &milliseconds), Finding::Known);
        assert_eq!(reconcile(Some(&held(&milliseconds)), &minutes), Finding::Known);
    }

    #[test]
    fn an_edited_end_is_a_correction() {
        let first = night(445.0, 1.0, 1);
        let mut edited = night(445.0, 1.0, 2);
        edited.end = edited.end.map(|end| end + Duration::minutes(20));
        assert_eq!(reconcile(Some(&held(&first)), &edited), Finding::Correction);
    }
}
