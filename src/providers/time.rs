//! Times as exports write them, and the local midnight of a day.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::domain::Instant;

/// Reads `2024-12-09 03:40:05`, with `T` or a fraction as well; a trailing `Z` is dropped.
pub(super) fn naive(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .into_iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
}

/// Reads Strava's `Mar 25, 2024, 6:01:54 AM`.
pub(super) fn strava(text: &str) -> Option<NaiveDateTime> {
    // Some exports put a narrow no-break space before AM.
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    NaiveDateTime::parse_from_str(&text, "%b %d, %Y, %I:%M:%S %p").ok().or_else(|| naive(&text))
}

/// Reads `2024-12-09`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Reads `UTC-04:00`, `-04:00`, `UTC` or `Z`, within the offsets that clocks on Earth show.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    let text = text.strip_prefix("UTC").unwrap_or(text);
    if text.is_empty() || text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, rest) = if let Some(rest) = text.strip_prefix('+') { (1, rest) } else { (-1, text.strip_prefix('-')?) };
    let (hours, minutes) = rest.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let minutes: i32 = minutes.parse().ok().filter(|m| (0..60).contains(m))?;
    let hours: i32 = hours.parse().ok().filter(|h| (0..24).contains(h))?;
    plausible_offset(sign * (hours * 3600 + minutes * 60))
}

/// Reads `2024-03-25T06:01:54Z`, or with an offset, which is then told apart; without either it is UTC.
pub(super) fn with_offset(text: &str) -> Option<(Instant, Option<FixedOffset>)> {
    let text = text.trim();
    if text.ends_with('Z') {
        return Some((naive(text)?.and_utc(), None));
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(local) => {
            let offset = plausible_offset(local.offset().local_minus_utc())?;
            Some((local.to_utc(), Some(offset)))
        }
        Err(_) => Some((naive(text)?.and_utc(), None)),
    }
}

/// An offset in seconds, if clocks on Earth show it.
pub(super) fn plausible_offset(seconds: i32) -> Option<FixedOffset> {
    if (-12 * 3600..=14 * 3600).contains(&seconds) { FixedOffset::east_opt(seconds) } else { None }
}

/// A local time at an offset as an instant, in whole seconds.
pub(super) fn at(local: NaiveDateTime, offset: FixedOffset) -> Option<Instant> {
    local.checked_sub_offset(offset).map(|utc| whole_seconds(utc.and_utc()))
}

/// Drops what lies below the second: files cut off what an API gives in milliseconds.
pub(super) fn whole_seconds(instant: Instant) -> Instant {
    DateTime::from_timestamp(instant.timestamp(), 0).unwrap_or(instant)
}

/// The instant of so many milliseconds since 1970.
pub(super) fn from_millis(millis: i64) -> Option<Instant> {
    DateTime::from_timestamp_millis(millis)
}

/// A time on the clock of a zone as an instant: of two the first, and of an hour that was skipped the one after it.
pub(super) fn at_home(local: NaiveDateTime, zone: Tz) -> Option<Instant> {
    [0, 1].into_iter().find_map(|hours| {
        let local = local.checked_add_signed(TimeDelta::hours(hours))?;
        zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
    })
}

/// When a day starts in a zone; where midnight is skipped, the first moment after it.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> Option<Instant> {
    (0..=4).find_map(|half_hours| {
        let local = day.and_time(NaiveTime::MIN).checked_add_signed(TimeDelta::minutes(30 * half_hours))?;
        zone.from_local_datetime(&local).earliest().map(|t| t.to_utc())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Instant {
        text.parse().expect("an RFC 3339 instant")
    }

    #[test]
    fn a_local_time_and_its_offset_make_an_instant() {
        let local = naive("2024-06-09 23:30:00").expect("a time");
        let east = offset("UTC+05:30").expect("an offset");
        assert_eq!(at(local, east), Some(utc("2024-06-09T18:00:00Z")));
        let west = offset("UTC-04:00").expect("an offset");
        assert_eq!(at(local, west), Some(utc("2024-06-10T03:30:00Z")));
    }

    #[test]
    fn offsets_that_no_clock_shows_are_refused() {
        for text in ["UTC+25:00", "UTC+14:30", "UTC-13:00", "EST", "+5:00", "UTC+aa:00", "UTC+05:75"] {
            assert_eq!(offset(text), None, "{text}");
        }
        assert_eq!(offset("UTC"), FixedOffset::east_opt(0));
    }

    #[test]
    fn strava_writes_english_months_and_sometimes_a_narrow_space() {
        let expected = naive("2024-03-07 17:03:21");
        assert_eq!(strava("Mar 7, 2024, 5:03:21 PM"), expected);
        assert_eq!(strava("Mar 7, 2024, 5:03:21\u{202f}PM"), expected);
        assert_eq!(strava("2024-03-07 17:03:21"), expected);
        assert_eq!(strava("7 mars 2024"), None);
    }

    #[test]
    fn a_day_starts_at_midnight_or_just_after_a_skipped_one() {
        let day = date("2026-04-14").expect("a date");
        assert_eq!(midnight(day, Tz::Europe__London), Some(utc("2026-04-13T23:00:00Z")));
        let skipped = date("2018-11-04").expect("a date");
        assert_eq!(midnight(skipped, Tz::America__Sao_Paulo), Some(utc("2018-11-04T03:00:00Z")));
    }
}
