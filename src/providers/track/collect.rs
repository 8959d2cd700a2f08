//! The points of one activity as columns.

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::domain::Instant;
use crate::domain::activity::Streams;
use crate::domain::observation::Activity;

use super::way::Way;
use super::{Met, Point, WalkTrack};
use crate::providers::files::{Content, Failure};

/// More points than eleven days of one a second.
const POINTS: usize = 1_000_000;

/// Which points of a file are an activity's.
#[derive(Clone, Copy, Debug)]
pub(in crate::providers) enum Wanted {
    /// The file is the activity's own: all of them.
    All,
    /// Those from its start to its end.
    Between(Instant, Option<Instant>),
}

impl Wanted {
    /// Those of an activity in a file that may hold others.
    pub(in crate::providers) fn of(activity: &Activity) -> Self {
        Self::Between(activity.start, activity.end)
    }

    fn takes(self, at: Instant) -> bool {
        match self {
            Self::All => true,
            // Both are whole seconds: the last point may lie within the one that follows.
            Self::Between(start, end) => at >= start && end.is_none_or(|end| at < end + TimeDelta::seconds(1)),
        }
    }
}

/// Walks a file and keeps the points that are wanted; `None` where there are none.
pub(in crate::providers) fn collect(
    walk: WalkTrack,
    content: &mut Content<'_>,
    wanted: Wanted,
) -> Result<Option<Streams>, Failure> {
    let mut columns = Columns::new(wanted);
    walk(content, &mut |met| match met {
        Met::Point(point) => columns.take(&point),
        Met::Activity(_) => ControlFlow::Continue(()),
    })?;
    if columns.streams.time_s.len() > POINTS {
        return Err(Failure::broken("the points", "are more than a million; no activity has as many"));
    }
    Ok(columns.finish())
}

struct Columns {
    wanted: Wanted,
    start: Option<Instant>,
    way: Way,
    /// What the device had counted before the activity began.
    before_m: f64,
    streams: Streams,
}

impl Columns {
    fn new(wanted: Wanted) -> Self {
        let start = match wanted {
            Wanted::All => None,
            Wanted::Between(start, _) => Some(start),
        };
        Self { wanted, start, way: Way::default(), before_m: 0.0, streams: Streams::default() }
    }

    fn take(&mut self, point: &Point) -> ControlFlow<()> {
        let Some(at) = point.at else {
            return ControlFlow::Continue(());
        };
        if !self.wanted.takes(at) {
            if self.streams.time_s.is_empty() {
                self.before_m = point.distance_m.unwrap_or(self.before_m);
            }
            return ControlFlow::Continue(());
        }
        let since = at - *self.start.get_or_insert(at);
        let second = since.as_seconds_f64();
        // Time only rises: a clock that was set back says nothing of what came when.
        if self.streams.time_s.last().is_some_and(|last| second <= *last) {
            return ControlFlow::Continue(());
        }
        let covered = point.position.map(|position| self.way.to(position));
        let counted = point.distance_m.map(|metres| metres - self.before_m);
        let streams = &mut self.streams;
        streams.time_s.push(second);
        streams.distance_m.push(counted.or(covered));
        streams.heart_rate.push(point.heart_rate);
        streams.cadence.push(point.cadence);
        streams.altitude_m.push(point.altitude_m);
        streams.speed_m_s.push(point.speed_m_s);
        streams.power_w.push(point.power_w);
        if streams.time_s.len() > POINTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(self) -> Option<Streams> {
        let mut streams = self.streams;
        if streams.time_s.is_empty() {
            return None;
        }
        for column in [
            &mut streams.distance_m,
            &mut streams.heart_rate,
            &mut streams.cadence,
            &mut streams.altitude_m,
            &mut streams.speed_m_s,
            &mut streams.power_w,
        ] {
            if column.iter().all(Option::is_none) {
                column.clear();
            }
        }
        Some(streams)
    }
}
