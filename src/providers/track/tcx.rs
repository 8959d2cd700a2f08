//! TCX: activities of laps, which say time, distance, energy and heart rate. The laps' time is the timer's, which
//! stops in a pause; from the start to the last point is how long the activity took.

use std::ops::ControlFlow;

use chrono::{FixedOffset, TimeDelta};

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::providers::fields::Fault;
use crate::providers::files::{Content, Failure, Node, Xml};
use crate::providers::time;
use crate::providers::written::Written;

use super::gpx::position;
use super::{Met, OnMet, Point, Said, note};

/// An activity while it is read.
#[derive(Default)]
struct Laps {
    sport: String,
    first: Option<(Instant, Option<FixedOffset>)>,
    last: Option<Instant>,
    timer: Option<Written>,
    distance: Option<Written>,
    energy: Option<Written>,
    /// Beats times seconds, and the seconds.
    beats: (f64, f64),
    highest: Option<Written>,
    lap: Lap,
    fault: Option<Fault>,
}

#[derive(Default)]
struct Lap {
    seconds: Option<f64>,
    average: Option<f64>,
}

/// A point while it is read.
#[derive(Default)]
struct Place {
    point: Point,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

pub(in crate::providers) fn walk(content: &mut Content<'_>, on_met: &mut OnMet<'_>) -> Result<(), Failure> {
    let mut xml = Xml::new(content);
    let mut stack: Vec<String> = Vec::new();
    let mut laps: Option<Laps> = None;
    let mut place: Option<Place> = None;
    loop {
        let flow = match xml.next()? {
            Node::End => return Ok(()),
            Node::Open(element) => {
                match (element.name(), &mut laps) {
                    ("Activity", None) => {
                        let sport =
                            element.attribute("Sport").map_or_else(|| "activity".to_owned(), |s| s.into_owned());
                        laps = Some(Laps { sport, ..Laps::default() });
                    }
                    ("Lap", Some(laps)) => {
                        laps.lap = Lap::default();
                        let start = element.attribute("StartTime");
                        laps.at(start.as_deref().unwrap_or_default(), "StartTime");
                    }
                    ("Trackpoint", Some(_)) => place = Some(Place::default()),
                    _ => {}
                }
                stack.push(element.name().chars().take(40).collect());
                ControlFlow::Continue(())
            }
            Node::Text(text) => {
                let name = stack.last().map_or("", String::as_str);
                let parent = stack.len().checked_sub(2).and_then(|at| stack.get(at)).map_or("", String::as_str);
                match (&mut laps, &mut place) {
                    (Some(laps), Some(place)) => place.read(laps, name, parent, &text),
                    (Some(laps), None) => laps.read(name, parent, &text),
                    (None, _) => {}
                }
                ControlFlow::Continue(())
            }
            Node::Close => match stack.pop().as_deref() {
                Some("Trackpoint") => {
                    place.take().map_or(ControlFlow::Continue(()), |place| on_met(Met::Point(place.point())))
                }
                Some("Lap") => {
                    laps.iter_mut().for_each(Laps::end_lap);
                    ControlFlow::Continue(())
                }
                Some("Activity") => {
                    laps.take().map_or(ControlFlow::Continue(()), |laps| on_met(Met::Activity(laps.said())))
                }
                _ => ControlFlow::Continue(()),
            },
        };
        if flow.is_break() {
            return Ok(());
        }
    }
}

impl Place {
    fn read(&mut self, laps: &mut Laps, name: &str, parent: &str, text: &str) {
        let number = || text.parse::<f64>().ok().filter(|value| value.is_finite());
        match (parent, name) {
            (_, "Time") => self.point.at = laps.at(text, "Time"),
            (_, "LatitudeDegrees") => self.latitude = number(),
            (_, "LongitudeDegrees") => self.longitude = number(),
            (_, "AltitudeMeters") => self.point.altitude_m = number(),
            (_, "DistanceMeters") => self.point.distance_m = number(),
            ("HeartRateBpm", "Value") => self.point.heart_rate = number().filter(|beats| *beats > 0.0),
            (_, "Cadence" | "RunCadence") => self.point.cadence = number(),
            (_, "Speed") => self.point.speed_m_s = number(),
            (_, "Watts") => self.point.power_w = number(),
            _ => {}
        }
    }

    fn point(self) -> Point {
        Point { position: position(self.latitude, self.longitude), ..self.point }
    }
}

impl Laps {
    /// Notes an instant of the activity.
    fn at(&mut self, text: &str, field: &str) -> Option<Instant> {
        let Some((at, offset)) = time::with_offset(text) else {
            self.fault.get_or_insert_with(|| Fault::unreadable(field, "a time as in 2024-03-25T06:01:54Z"));
            return None;
        };
        self.first.get_or_insert((at, offset));
        self.last = self.last.max(Some(at));
        Some(at)
    }

    fn read(&mut self, name: &str, parent: &str, text: &str) {
        let sum = match (parent, name) {
            ("Lap", "TotalTimeSeconds") => &mut self.timer,
            ("Lap", "DistanceMeters") => &mut self.distance,
            ("Lap", "Calories") => &mut self.energy,
            ("MaximumHeartRateBpm", "Value") => &mut self.highest,
            ("AverageHeartRateBpm", "Value") => {
                self.lap.average = text.parse().ok();
                return;
            }
            _ => return,
        };
        let Some(written) = Written::parse(text) else {
            self.fault.get_or_insert_with(|| Fault::unreadable(name, "a number"));
            return;
        };
        match (name, *sum) {
            ("Value", Some(highest)) if highest.value >= written.value => {}
            (_, None) | ("Value", _) => *sum = Some(written),
            (_, Some(before)) => *sum = Some(before.plus(written)),
        }
        if name == "TotalTimeSeconds" {
            self.lap.seconds = Some(written.value);
        }
    }

    fn end_lap(&mut self) {
        if let (Some(seconds), Some(average)) = (self.lap.seconds, self.lap.average.filter(|beats| *beats > 0.0)) {
            self.beats.0 += average * seconds;
            self.beats.1 += seconds;
        }
    }

    fn said(self) -> Result<Said, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let Some((start, offset)) = self.first else {
            return Err(Fault::missing("StartTime", "the start of a lap"));
        };
        // Without points the laps' own time is all there is.
        let timer = self.timer.and_then(|timer| TimeDelta::try_milliseconds((timer.value * 1000.0) as i64));
        let end = self.last.max(timer.and_then(|timer| start.checked_add_signed(timer)));
        let lasted = end.map(|end| Written { value: (end - start).as_seconds_f64(), resolution: 1.0 });
        let average = (self.beats.1 > 0.0).then(|| Written { value: self.beats.0 / self.beats.1, resolution: 1.0 });
        // The layout asks for a number of calories even of a device that counts none.
        let energy = self.energy.filter(|energy| energy.value != 0.0);
        let highest = self.highest.filter(|beats| beats.value != 0.0);
        let mut values = Vec::new();
        note(&mut values, Metric::ActivityDuration, lasted, "s", "Time");
        note(&mut values, Metric::ActivityMovingTime, self.timer, "s", "TotalTimeSeconds");
        note(&mut values, Metric::ActivityDistance, self.distance, "m", "DistanceMeters");
        note(&mut values, Metric::ActivityEnergy, energy, "kcal", "Calories");
        note(&mut values, Metric::ActivityHeartRateAverage, average, "bpm", "AverageHeartRateBpm");
        note(&mut values, Metric::ActivityHeartRateMax, highest, "bpm", "MaximumHeartRateBpm");
        Ok(Said { sport: self.sport, start, end, offset, values })
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::providers::files::probe::{probe, utc};
    use crate::providers::track::probe::TCX;

    #[test]
    fn laps_are_put_together() {
        let read = probe(TCX).expect("read");
        let activity = read.activity(0);
        assert_eq!((activity.provider.key(), activity.sport.as_str()), ("file", "Biking"));
        assert_eq!(activity.end, Some(utc("2024-03-28T06:02:00Z")));
        let of = |metric| read.of(0, metric).value;
        assert_eq!(of(Metric::ActivityDuration), 2.0);
        assert_eq!(of(Metric::ActivityMovingTime), 1.5);
        assert_eq!(of(Metric::ActivityDistance), 750.5);
        assert_eq!(of(Metric::ActivityEnergy), 15.0);
        // 120 for 60 seconds and 150 for 30.
        assert_eq!(of(Metric::ActivityHeartRateAverage), 130.0);
        assert_eq!(of(Metric::ActivityHeartRateMax), 150.0);
        assert!(!format!("{:?}", read.rows).contains("Secret"));
    }

    #[test]
    fn what_a_device_does_not_count_is_missing() {
        let read = probe(TCX.replace("<Calories>10<", "<Calories>0<").replace("<Calories>5<", "<Calories>0<"));
        let read = read.expect("read");
        assert!(read.observations(0).iter().all(|o| o.key.metric != Metric::ActivityEnergy));
        let torn = TCX.replace("500.5", "far");
        assert_eq!(probe(&torn).expect("read").rejection(0).field, "DistanceMeters");
    }
}
