//! Nights, put together from segments.
//!
//! Health keeps sleep as intervals: in bed, awake, asleep, or asleep in a stage. Segments of one source with less than
//! two hours between them are one sleep. It belongs to the local day on which the last of it ended. When several
//! sources tell one day, the one that tells most stages is taken, of equals the one with the most sleep; two are
//! never put together. The longest sleep of the day is the night and others are naps; one that begins between nine and
//! nineteen o'clock and holds less than three hours is a nap in any case.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, FixedOffset, NaiveDate, Timelike};

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::providers::draft::{OnRow, Reading, Record, Taken};
use crate::providers::fields::Fault;
use crate::providers::files::Element;
use crate::providers::written::Written;

use super::{draft, record};

/// Sixty years of forty segments a night.
const SEGMENTS: usize = 1_000_000;
/// What may lie between two segments of one sleep, in seconds.
const PAUSE: u32 = 2 * 3_600;
/// What is always a nap: shorter than this, in seconds, and begun within these hours.
const NAP: u32 = 3 * 3_600;
const NAP_HOURS: std::ops::Range<u32> = 9..19;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InBed,
    Awake,
    Asleep,
    Light,
    Deep,
    Rem,
}

impl Stage {
    fn of(value: &str) -> Option<Self> {
        match value.strip_prefix("HKCategoryValueSleepAnalysis")? {
            "InBed" => Some(Self::InBed),
            "Awake" => Some(Self::Awake),
            // Before 2022 there was no other sleep.
            "Asleep" | "AsleepUnspecified" => Some(Self::Asleep),
            "AsleepCore" => Some(Self::Light),
            "AsleepDeep" => Some(Self::Deep),
            "AsleepREM" => Some(Self::Rem),
            _ => None,
        }
    }

    fn is_asleep(self) -> bool {
        matches!(self, Self::Asleep | Self::Light | Self::Deep | Self::Rem)
    }
}

/// An interval, as small as it can be: seconds since 1970, the offset in minutes.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    end: u32,
    row: u32,
    source: u16,
    offset: i16,
    stage: Stage,
}

/// The segments of a file.
#[derive(Debug, Default)]
pub(super) struct Segments(Vec<Segment>);

/// Segments that lie close together, of one source.
struct Sleep {
    segments: Vec<Segment>,
}

impl Segments {
    pub(super) fn take(&mut self, element: Element<'_>, source: u16, reading: &Reading, row: u32) -> Result<(), Fault> {
        let (start, end) = record::interval(element, reading)?;
        let value = element.attribute("value").ok_or_else(|| Fault::missing("value", "a stage of sleep"))?;
        let stage = Stage::of(&value).ok_or_else(|| Fault::unreadable("value", "a stage of sleep"))?;
        let seconds = |at: Instant| u32::try_from(at.timestamp()).ok();
        let (Some(start), Some(until)) = (seconds(start.at), seconds(end.at)) else {
            return Err(Fault::unreadable("startDate", "a time before 2106"));
        };
        let offset = i16::try_from(end.offset.local_minus_utc() / 60).unwrap_or_default();
        self.0.push(Segment { start, end: until, row, source, offset, stage });
        Ok(())
    }

    pub(super) fn is_too_much(&self) -> bool {
        self.0.len() > SEGMENTS
    }

    /// How much is kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Hands out a row for each night and each nap.
    pub(super) fn tell(self, reading: &Reading, on_row: &mut OnRow<'_>) -> ControlFlow<()> {
        let mut days: BTreeMap<NaiveDate, BTreeMap<u16, Vec<Sleep>>> = BTreeMap::new();
        for sleep in self.sleeps() {
            if let (Some(day), Some(first)) = (sleep.day(), sleep.segments.first()) {
                days.entry(day).or_default().entry(first.source).or_default().push(sleep);
            }
        }
        for (day, sources) in days {
            let told = |sleeps: &Vec<Sleep>| {
                let asleep: u32 = sleeps.iter().map(Sleep::asleep).sum();
                (sleeps.iter().map(Sleep::stages).max().unwrap_or_default(), asleep)
            };
            let best = sources.into_values().reduce(|best, next| if told(&next) > told(&best) { next } else { best });
            let mut sleeps = best.unwrap_or_default();
            // The night first; a day may have none, and only one.
            sleeps.sort_by_key(|sleep| (sleep.is_nap(), std::cmp::Reverse(sleep.asleep())));
            for (place, sleep) in sleeps.iter().enumerate() {
                let kind = if place == 0 && !sleep.is_nap() { RecordKind::Sleep } else { RecordKind::Nap };
                let row = sleep.segments.first().map_or(0, |segment| segment.row);
                on_row(row, sleep.row(kind, day, reading))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn sleeps(mut self) -> Vec<Sleep> {
        self.0.sort_unstable_by_key(|segment| (segment.source, segment.start, segment.end, segment.row));
        let mut sleeps: Vec<Sleep> = Vec::new();
        let mut until = 0;
        for segment in self.0 {
            let last = sleeps.last_mut().filter(|sleep| {
                let same = sleep.segments.first().is_some_and(|first| first.source == segment.source);
                same && segment.start <= u32::saturating_add(until, PAUSE)
            });
            if let Some(sleep) = last {
                until = until.max(segment.end);
                sleep.segments.push(segment);
            } else {
                until = segment.end;
                sleeps.push(Sleep { segments: vec![segment] });
            }
        }
        sleeps
    }
}

impl Sleep {
    /// Seconds that segments of some stages cover, each once.
    fn covered(&self, wanted: impl Fn(Stage) -> bool) -> Option<u32> {
        let mut found = None;
        let mut until = 0;
        for segment in self.segments.iter().filter(|segment| wanted(segment.stage)) {
            let start = segment.start.max(until);
            until = until.max(segment.end);
            *found.get_or_insert(0) += segment.end.saturating_sub(start);
        }
        found
    }

    fn asleep(&self) -> u32 {
        self.covered(Stage::is_asleep).unwrap_or_default()
    }

    fn stages(&self) -> usize {
        let has = |stage| self.segments.iter().any(|segment| segment.stage == stage);
        [Stage::Light, Stage::Deep, Stage::Rem].into_iter().filter(|stage| has(*stage)).count()
    }

    /// The last moment of sleep; of a night only in bed, the last of that.
    fn last(&self) -> Option<&Segment> {
        let latest = |wanted: fn(Stage) -> bool| {
            self.segments.iter().filter(|segment| wanted(segment.stage)).max_by_key(|segment| segment.end)
        };
        latest(Stage::is_asleep).or_else(|| latest(|_| true))
    }

    fn day(&self) -> Option<NaiveDate> {
        let last = self.last()?;
        Some(local(last.end, last.offset)?.date_naive())
    }

    fn is_nap(&self) -> bool {
        let begun = self.segments.first().and_then(|first| local(first.start, first.offset));
        self.asleep() < NAP && begun.is_some_and(|begun| NAP_HOURS.contains(&begun.hour()))
    }

    fn row(&self, kind: RecordKind, day: NaiveDate, reading: &Reading) -> Result<Taken, Fault> {
        let row = self.segments.first().map_or(0, |segment| segment.row);
        let mut draft = draft(reading, row);
        let instant = |seconds: u32| DateTime::from_timestamp(i64::from(seconds), 0);
        let start = self.segments.first().and_then(|segment| instant(segment.start));
        let end = self.segments.iter().map(|segment| segment.end).max().and_then(instant);
        let (Some(start), Some(end)) = (start, end) else {
            return Err(Fault::unreadable("startDate", "a time"));
        };
        draft.see(start, "startDate")?;
        draft.see(end, "endDate")?;
        let record = Record { kind, start, end: Some(end), day: LocalDay::new(day), provider_id: None };
        let written = |seconds: Option<u32>| seconds.map(|s| Written { value: f64::from(s), resolution: 1.0 });
        let asleep = written(self.covered(Stage::is_asleep));
        if kind == RecordKind::Nap {
            draft.add(&record, Metric::NapDuration, asleep, "s", "value")?;
            return Ok(draft.finish());
        }
        // Who says nothing of the bed is not taken to say that the bed was left at once.
        let in_bed = self.covered(|stage| stage == Stage::InBed).and(self.covered(|stage| stage != Stage::Awake));
        let of = |wanted: Stage| written(self.covered(|stage| stage == wanted));
        draft.add(&record, Metric::SleepDuration, asleep, "s", "value")?;
        draft.add(&record, Metric::SleepInBed, written(in_bed), "s", "value")?;
        draft.add(&record, Metric::SleepLight, of(Stage::Light), "s", "value")?;
        draft.add(&record, Metric::SleepDeep, of(Stage::Deep), "s", "value")?;
        draft.add(&record, Metric::SleepRem, of(Stage::Rem), "s", "value")?;
        draft.add(&record, Metric::SleepAwake, of(Stage::Awake), "s", "value")?;
        Ok(draft.finish())
    }
}

fn local(seconds: u32, offset: i16) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(i32::from(offset) * 60)?;
    Some(DateTime::from_timestamp(i64::from(seconds), 0)?.with_timezone(&offset))
}
