//! FIT: what a device of Garmin, Wahoo, Coros and others records. A session message says the activity, records are
//! its points, and the last message may tell the device's local time.

mod message;
mod sport;

use std::ops::ControlFlow;

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::providers::fields::Fault;
use crate::providers::files::{Content, Failure};
use crate::providers::time;
use crate::providers::written::Written;

use super::gpx::position;
use super::{Met, OnMet, Point, Said, note};
use message::{Message, Messages, TIMESTAMP};

/// 31 December 1989, 00:00 UTC, from which FIT counts seconds.
const EPOCH: i64 = 631_065_600;
/// Below it a number of seconds counts from when the device was switched on.
const SYSTEM_TIME: i64 = 0x1000_0000;
/// Multisport has some; a file of a thousand is none.
const SESSIONS: usize = 1_000;

/// The messages' numbers in FIT's profile.
mod profile {
    pub(super) const FILE_ID: u16 = 0;
    pub(super) const SESSION: u16 = 18;
    pub(super) const RECORD: u16 = 20;
    pub(super) const ACTIVITY: u16 = 34;
}

/// What a FIT file is, told from its first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::providers) struct Kind {
    /// It holds an activity, not a course, settings or a day's monitoring.
    pub(in crate::providers) activity: bool,
    /// A device of Garmin wrote it.
    pub(in crate::providers) garmin: bool,
}

/// Tells what a file is; `None` where its first message does not say.
pub(in crate::providers) fn kind(content: &mut Content<'_>) -> Option<Kind> {
    const ACTIVITY_FILE: i64 = 4;
    const GARMIN: i64 = 1;
    let mut messages = Messages::new(content);
    let first = messages.next().ok()??;
    (first.number == profile::FILE_ID)
        .then(|| Kind { activity: first.field(0) == Some(ACTIVITY_FILE), garmin: first.field(1) == Some(GARMIN) })
}

pub(in crate::providers) fn walk(content: &mut Content<'_>, on_met: &mut OnMet<'_>) -> Result<(), Failure> {
    let mut messages = Messages::new(content);
    let mut sessions: Vec<Result<Said, Fault>> = Vec::new();
    let mut offset = None;
    while let Some(message) = messages.next()? {
        let flow = match message.number {
            profile::RECORD => on_met(Met::Point(point(message))),
            profile::SESSION if sessions.len() >= SESSIONS => {
                return Err(Failure::broken("the sessions", "are more than a thousand; no activity has as many"));
            }
            profile::SESSION => {
                sessions.push(said(message));
                ControlFlow::Continue(())
            }
            profile::ACTIVITY => {
                offset = local_offset(message).or(offset);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        };
        if flow.is_break() {
            return Ok(());
        }
    }
    if sessions.is_empty() {
        let reason = "no session was written: the recording was not ended on the device";
        sessions.push(Err(Fault::new("session", reason)));
    }
    for session in sessions {
        let session = session.map(|said| Said { offset, ..said });
        if on_met(Met::Activity(session)) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

fn instant(seconds: Option<i64>) -> Option<Instant> {
    seconds.filter(|seconds| *seconds >= SYSTEM_TIME).and_then(|seconds| DateTime::from_timestamp(EPOCH + seconds, 0))
}

/// How far the device's clock was ahead of UTC, in whole quarters of an hour as clocks are set.
fn local_offset(message: &Message) -> Option<FixedOffset> {
    let ahead = message.field(5)?.checked_sub(message.field(TIMESTAMP)?)?;
    let quarters = (ahead + 450).div_euclid(900);
    time::plausible_offset(i32::try_from(quarters * 900).ok()?)
}

/// A number in steps of a unit: so many to one.
fn scaled(raw: i64, steps: f64) -> Written {
    Written { value: raw as f64 / steps, resolution: 1.0 / steps }
}

fn said(message: &Message) -> Result<Said, Fault> {
    let start = instant(message.field(2)).ok_or_else(|| Fault::missing("start_time", "the start of the session"))?;
    let number = |field: u8, steps: f64| message.field(field).map(|raw| scaled(raw, steps));
    let elapsed = number(7, 1_000.0);
    // The timer stops in a pause: where a device does not tell standing from moving, it is all there is.
    let moving = number(59, 1_000.0).or_else(|| number(8, 1_000.0));
    // Nobody has a pulse of 0, and who moves spends something: that is how a device writes that it did not count.
    let counted = |field: u8| number(field, 1.0).filter(|written| written.value > 0.0);
    let end =
        message.field(7).and_then(TimeDelta::try_milliseconds).and_then(|length| start.checked_add_signed(length));
    let mut values = Vec::new();
    note(&mut values, Metric::ActivityDuration, elapsed, "s", "total_elapsed_time");
    note(&mut values, Metric::ActivityMovingTime, moving, "s", "total_timer_time");
    note(&mut values, Metric::ActivityDistance, number(9, 100.0), "m", "total_distance");
    note(&mut values, Metric::ActivityElevationGain, number(22, 1.0), "m", "total_ascent");
    note(&mut values, Metric::ActivityEnergy, counted(11), "kcal", "total_calories");
    note(&mut values, Metric::ActivityHeartRateAverage, counted(16), "bpm", "avg_heart_rate");
    note(&mut values, Metric::ActivityHeartRateMax, counted(17), "bpm", "max_heart_rate");
    Ok(Said { sport: sport::name(message.field(5)), start, end, offset: None, values })
}

fn point(message: &Message) -> Point {
    let number = |field: u8, steps: f64| message.field(field).map(|raw| raw as f64 / steps);
    // A circle is 2^32 semicircles' halves: 2^31 of them are 180 degrees.
    let degrees = |field: u8| number(field, 2_147_483_648.0 / 180.0);
    let altitude = number(78, 5.0).or_else(|| number(2, 5.0)).map(|metres| metres - 500.0);
    Point {
        at: instant(message.field(TIMESTAMP)),
        position: position(degrees(0), degrees(1)),
        distance_m: number(5, 100.0),
        heart_rate: number(3, 1.0).filter(|beats| *beats > 0.0),
        cadence: number(4, 1.0),
        altitude_m: altitude,
        speed_m_s: number(73, 1_000.0).or_else(|| number(6, 1_000.0)),
        power_w: number(7, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::domain::provider::Provider;
    use crate::providers::files::probe::{probe, probe_in, utc};
    use crate::providers::track::probe::{SIX, fit_file, run, sealed, u16_of, u32_of};

    #[test]
    fn a_session_is_an_activity_with_what_the_device_says() {
        let read = probe(run(1)).expect("read");
        assert_eq!(read.part.provider, Provider::Garmin);
        let activity = read.activity(0);
        assert_eq!((activity.provider, activity.sport.as_str()), (Provider::Garmin, "running"));
        assert_eq!(activity.start, utc("2024-03-25T06:00:00Z"));
        let of = |metric| read.of(0, metric).value;
        assert_eq!(of(Metric::ActivityDuration), 20.5 / 60.0);
        assert_eq!(of(Metric::ActivityMovingTime), 18.0 / 60.0);
        assert_eq!(of(Metric::ActivityDistance), 61.5);
        assert_eq!(of(Metric::ActivityElevationGain), 4.0);
        assert_eq!(of(Metric::ActivityEnergy), 3.0);
        assert_eq!(of(Metric::ActivityHeartRateAverage), 130.0);
        assert_eq!(of(Metric::ActivityHeartRateMax), 140.0);
        assert_eq!(read.of(0, Metric::ActivityDistance).resolution, 0.01);
        assert_eq!(probe(run(32)).expect("read").activity(0).provider, Provider::File);
    }

    #[test]
    fn the_clock_of_the_device_tells_the_day() {
        // 22:30 UTC is half past midnight on a clock two hours ahead, wherever home is.
        let late = SIX + 16 * 3_600 + 1_800;
        let messages = |local: Option<u32>| {
            let mut last = vec![u32_of(253, late)];
            last.extend(local.map(|local| u32_of(5, local)));
            fit_file(&[
                (0, vec![(0, 0x00, vec![4]), u16_of(1, 1)]),
                (18, vec![u32_of(2, late), u32_of(7, 60_000)]),
                (34, last),
            ])
        };
        let told = probe_in(Tz::America__New_York, messages(Some(late + 7_203))).expect("read");
        assert_eq!((told.activity(0).day.to_string().as_str(), told.survey.zone_assumed), ("2024-03-26", false));
        let untold = probe_in(Tz::America__New_York, messages(None)).expect("read");
        assert_eq!((untold.activity(0).day.to_string().as_str(), untold.survey.zone_assumed), ("2024-03-25", true));
    }

    #[test]
    fn compressed_times_and_big_endian_numbers_are_read() {
        let mut body = vec![0x40, 0, 0, 0, 0, 2, 0, 1, 0x00, 1, 2, 0x84, 0, 4, 1, 0];
        body.extend([0x41, 0, 1, 0, 18, 1, 2, 4, 0x86, 1]);
        body.extend(SIX.to_be_bytes());
        // A record with its full time, then one whose five bits of time have gone round: 10 after 30 is 12 later.
        let stamp = (SIX & !0x1f) + 30;
        body.extend([0x42, 0, 1, 0, 20, 2, 253, 4, 0x86, 3, 1, 0x02, 2]);
        body.extend(stamp.to_be_bytes());
        body.push(100);
        body.extend([0x43, 0, 1, 0, 20, 1, 3, 1, 0x02, 0x80 | 3 << 5 | 10, 101]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.fit");
        std::fs::write(&path, sealed(&body)).expect("written");
        let activity = probe(sealed(&body)).expect("read").activity(0).clone();
        use crate::engine::ports::export::ExportReader;
        let streams = crate::providers::ExportFiles.streams(&path, &activity).expect("read").expect("points");
        assert_eq!(streams.heart_rate, [Some(100.0), Some(101.0)]);
        assert_eq!(streams.time_s[1] - streams.time_s[0], 12.0);
    }

    #[test]
    fn damage_is_told_and_a_recording_without_end_too() {
        let whole = run(1);
        for at in [20, whole.len() / 2, whole.len() - 1] {
            let mut torn = whole.clone();
            torn[at] ^= 0x10;
            assert!(probe(&torn).is_err(), "byte {at}");
            assert!(probe(&whole[..at]).is_err(), "cut at {at}");
        }
        let unended = fit_file(&[(0, vec![(0, 0x00, vec![4]), u16_of(1, 1)])]);
        assert!(probe(unended).expect("read").rejection(0).reason.contains("not ended"));
        let settings = fit_file(&[(0, vec![(0, 0x00, vec![2]), u16_of(1, 1)])]);
        assert!(probe(settings).expect_err("refused").to_string().contains("without an activity"));
    }
}
