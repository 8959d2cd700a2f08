//! The observations of one row in the making.

use std::ops::ControlFlow;

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation, ObservationKey, RecordKind};
use crate::domain::provider::Provider;
use crate::engine::ports::export::{ReadContext, Row};

use super::fields::Fault;
use super::time::whole_seconds;
use super::written::Written;

/// What every row of a part is read with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) home_zone: Tz,
    pub(super) now: Instant,
    pub(super) as_of: Instant,
}

impl Reading {
    pub(super) fn new(context: &ReadContext, as_of: Instant) -> Self {
        Self { home_zone: context.home_zone, now: context.now, as_of }
    }

    /// Refuses a time that lies more than a day ahead of now, or before there were wearables.
    pub(super) fn check(&self, instant: Instant, field: &str) -> Result<(), Fault> {
        if instant - self.now > TimeDelta::days(1) {
            return Err(Fault::new(
                field,
                "lies more than a day in the future; check the date, or the clock of this machine",
            ));
        }
        if instant.timestamp() < 0 {
            return Err(Fault::new(field, "lies before 1970; check the date"));
        }
        Ok(())
    }
}

/// The interval and identity of the provider's record in which values stand.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) kind: RecordKind,
    pub(super) start: Instant,
    pub(super) end: Option<Instant>,
    pub(super) day: LocalDay,
    pub(super) provider_id: Option<String>,
}

/// What a row gave.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) row: Row,
    pub(super) newest: Option<Instant>,
    pub(super) zone_assumed: bool,
}

/// Takes rows as they are read, each with its number from 1.
pub(super) type OnRow<'a> = dyn FnMut(u32, Result<Taken, Fault>) -> ControlFlow<()> + 'a;

/// Collects a row's observations.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) reading: &'a Reading,
    row: u32,
    provider: Provider,
    as_of: Instant,
    observations: Vec<Observation>,
    activity: Option<Activity>,
    own_id: Option<String>,
    finality: u32,
    dated: bool,
    newest: Option<Instant>,
    zone_assumed: bool,
    nothing: &'static str,
}

/// Why a row is not used, unless its reader knows more.
const NOTHING: &str = "holds no measurement that is kept here";

impl<'a> Draft<'a> {
    pub(super) fn new(reading: &'a Reading, provider: Provider, row: u32) -> Self {
        Self {
            reading,
            row,
            provider,
            as_of: reading.as_of,
            observations: Vec::new(),
            activity: None,
            own_id: None,
            finality: 0,
            dated: false,
            newest: None,
            zone_assumed: false,
            nothing: NOTHING,
        }
    }

    /// Says why the row is not used if it holds nothing.
    pub(super) fn holds_nothing(&mut self, why: &'static str) {
        self.nothing = why;
    }

    /// Notes an instant that the row names, after checking that it can be.
    pub(super) fn see(&mut self, instant: Instant, field: &str) -> Result<(), Fault> {
        self.reading.check(instant, field)?;
        self.newest = self.newest.max(Some(instant));
        Ok(())
    }

    /// The record's own time of change outranks the export's.
    pub(super) fn changed_at(&mut self, instant: Instant, field: &str) -> Result<(), Fault> {
        self.dated = true;
        self.seen_at(instant, field)
    }

    /// So does the time at which somebody saw it so, which is another each time they look.
    pub(super) fn seen_at(&mut self, instant: Instant, field: &str) -> Result<(), Fault> {
        self.see(instant, field)?;
        self.as_of = instant;
        Ok(())
    }

    /// Says that the word is as new as its coming in: the source says nothing of its age.
    pub(super) fn came_in_now(&mut self) {
        self.as_of = self.reading.now;
    }

    /// Says how final the row's word is, where the source says so.
    pub(super) fn is_final(&mut self, finality: u32) {
        self.finality = finality;
    }

    /// Says that a local day was told with the home zone.
    pub(super) fn assume_zone(&mut self) {
        self.zone_assumed = true;
    }

    pub(super) fn set_provider(&mut self, provider: Provider) {
        self.provider = provider;
    }

    /// Says the provider's own id of the record whose values are added from now on, where the key does not bear it.
    pub(super) fn of_record(&mut self, own_id: Option<&str>) -> Result<(), Fault> {
        if own_id.is_some_and(|id| id.len() > 200) {
            return Err(Fault::new("id", "is longer than 200 characters"));
        }
        self.own_id = own_id.map(str::to_owned);
        Ok(())
    }

    /// Adds a value, if there is one, after the registry has taken it.
    pub(super) fn add(
        &mut self,
        record: &Record,
        metric: Metric,
        written: Option<Written>,
        unit: &str,
        field: &str,
    ) -> Result<(), Fault> {
        let Some(written) = written else {
            return Ok(());
        };
        let value = metric.accept(written.value, unit).map_err(|refusal| Fault::new(field, refusal.to_string()))?;
        let resolution = metric
            .accepted_units()
            .iter()
            .find(|accepted| accepted.symbol == unit)
            .map_or(written.resolution, |accepted| written.resolution * accepted.numerator / accepted.denominator);
        // One calendar day is one fact, whether or not a layout says at which instant it began.
        let start = match record.kind {
            RecordKind::Day => record.day.date().and_time(chrono::NaiveTime::MIN).and_utc(),
            _ => whole_seconds(record.start),
        };
        self.observations.push(Observation {
            key: ObservationKey {
                provider: self.provider,
                kind: record.kind,
                metric,
                start,
                provider_id: record.provider_id.clone(),
            },
            end: record.end.map(|end| end.max(start)),
            day: record.day,
            value,
            resolution,
            as_of: self.as_of,
            row: self.row,
            record: self.own_id.clone(),
            finality: self.finality,
            dated: self.dated,
        });
        Ok(())
    }

    /// Says that the row is an activity.
    pub(super) fn activity(&mut self, record: &Record, sport: &str) {
        self.activity = Some(Activity {
            provider: self.provider,
            start: whole_seconds(record.start),
            provider_id: record.provider_id.clone(),
            end: record.end,
            day: record.day,
            sport: sport.chars().take(60).collect(),
            row: self.row,
        });
    }

    pub(super) fn finish(self) -> Taken {
        // A change time may be read after the first values of a row.
        let (as_of, dated) = (self.as_of, self.dated);
        let mut observations = self.observations;
        for observation in &mut observations {
            (observation.as_of, observation.dated) = (as_of, dated);
        }
        Taken {
            row: match self.activity {
                Some(activity) => Row::Activity(activity, observations),
                None if observations.is_empty() => Row::Unused(self.nothing),
                None => Row::Observations(observations),
            },
            newest: self.newest,
            zone_assumed: self.zone_assumed,
        }
    }
}

/// Refuses an interval that ends before it starts.
pub(super) fn check_order(start: Instant, end: Option<Instant>, end_field: &str) -> Result<(), Fault> {
    if end.is_some_and(|end| end < start) {
        return Err(Fault::new(end_field, "lies before the start of its record"));
    }
    Ok(())
}

/// Refuses more time asleep than in bed; a minute is left for rounding. Both in one unit, of `minute` length.
pub(super) fn check_asleep(
    asleep: Option<Written>,
    in_bed: Option<Written>,
    minute: f64,
    field: &str,
) -> Result<(), Fault> {
    if let (Some(asleep), Some(in_bed)) = (asleep, in_bed)
        && asleep.value > in_bed.value + minute
    {
        return Err(Fault::new(field, "is longer than the time in bed"));
    }
    Ok(())
}
