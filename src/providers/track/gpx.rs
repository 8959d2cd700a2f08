//! GPX: tracks of points. It says nothing of an activity as a whole, so time, distance and climb are reckoned from
//! the points of each track; a gap between segments is no distance. Routes and single places are no activity.

use std::ops::ControlFlow;

use crate::domain::Instant;
use crate::domain::metric::Metric;
use crate::providers::fields::Fault;
use crate::providers::files::{Content, Failure, Node, Xml};
use crate::providers::time;
use crate::providers::written::Written;

use super::way::{Climb, Way};
use super::{Met, OnMet, Point, Position, Said, note};

/// Elements that mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Track,
    Segment,
    Point,
    Time,
    Altitude,
    Sport,
    HeartRate,
    Cadence,
    Speed,
    Power,
    Other,
}

fn tag(name: &str) -> Tag {
    match name {
        "trk" => Tag::Track,
        "trkseg" => Tag::Segment,
        "trkpt" => Tag::Point,
        "time" => Tag::Time,
        "ele" => Tag::Altitude,
        "type" => Tag::Sport,
        "hr" => Tag::HeartRate,
        "cad" => Tag::Cadence,
        "speed" => Tag::Speed,
        "power" | "PowerInWatts" => Tag::Power,
        _ => Tag::Other,
    }
}

/// A track while it is read.
#[derive(Default)]
struct Track {
    sport: Option<String>,
    first: Option<(Instant, Option<chrono::FixedOffset>)>,
    last: Option<Instant>,
    way: Way,
    metres: Option<f64>,
    climb: Climb,
    unreadable_time: bool,
}

pub(in crate::providers) fn walk(content: &mut Content<'_>, on_met: &mut OnMet<'_>) -> Result<(), Failure> {
    let mut xml = Xml::new(content);
    let mut stack: Vec<Tag> = Vec::new();
    let mut track = Track::default();
    let mut point = Point::default();
    loop {
        let flow = match xml.next()? {
            Node::End => return Ok(()),
            Node::Open(element) => {
                let tag = tag(element.name());
                stack.push(tag);
                match tag {
                    Tag::Track => track = Track::default(),
                    Tag::Point => {
                        let degrees = |name: &str| element.attribute(name)?.parse::<f64>().ok();
                        point = Point { position: position(degrees("lat"), degrees("lon")), ..Point::default() };
                    }
                    _ => {}
                }
                ControlFlow::Continue(())
            }
            Node::Text(text) => {
                let in_point = stack.contains(&Tag::Point);
                match stack.last() {
                    Some(Tag::Sport) if !in_point && stack.contains(&Tag::Track) => track.sport = Some(text),
                    Some(tag) if in_point => track.read(&mut point, *tag, &text),
                    _ => {}
                }
                ControlFlow::Continue(())
            }
            Node::Close => match stack.pop() {
                Some(Tag::Point) => {
                    let mut met = std::mem::take(&mut point);
                    track.pass(&mut met);
                    on_met(Met::Point(met))
                }
                Some(Tag::Segment) => {
                    track.way.pause();
                    ControlFlow::Continue(())
                }
                Some(Tag::Track) => on_met(Met::Activity(std::mem::take(&mut track).said())),
                _ => ControlFlow::Continue(()),
            },
        };
        if flow.is_break() {
            return Ok(());
        }
    }
}

/// A position on Earth.
pub(super) fn position(latitude: Option<f64>, longitude: Option<f64>) -> Option<Position> {
    let (latitude, longitude) = (latitude?, longitude?);
    ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude))
        .then_some(Position { latitude, longitude })
}

impl Track {
    fn read(&mut self, point: &mut Point, tag: Tag, text: &str) {
        let number = || text.parse::<f64>().ok().filter(|value| value.is_finite());
        match tag {
            Tag::Time => match time::with_offset(text) {
                Some((at, offset)) => {
                    point.at = Some(at);
                    self.first.get_or_insert((at, offset));
                    self.last = self.last.max(Some(at));
                }
                None => self.unreadable_time = true,
            },
            Tag::Altitude => point.altitude_m = number(),
            Tag::HeartRate => point.heart_rate = number().filter(|beats| *beats > 0.0),
            Tag::Cadence => point.cadence = number(),
            Tag::Speed => point.speed_m_s = number(),
            Tag::Power => point.power_w = number(),
            Tag::Track | Tag::Segment | Tag::Point | Tag::Sport | Tag::Other => {}
        }
    }

    fn pass(&mut self, point: &mut Point) {
        if let Some(position) = point.position {
            let metres = self.way.to(position);
            self.metres = Some(metres);
            point.distance_m = Some(metres);
        }
        if let Some(altitude) = point.altitude_m {
            self.climb.to(altitude);
        }
    }

    fn said(self) -> Result<Said, Fault> {
        let Some((start, offset)) = self.first else {
            let what = "a time as in 2024-03-25T06:01:54Z";
            return Err(if self.unreadable_time {
                Fault::unreadable("time", what)
            } else {
                Fault::new("time", "no point of the track bears one: it is a plan, not an activity")
            });
        };
        let whole = |value: f64| Written { value, resolution: 1.0 };
        let lasted = self.last.map(|last| whole((last - start).as_seconds_f64()));
        let mut values = Vec::new();
        note(&mut values, Metric::ActivityDuration, lasted, "s", "time");
        note(&mut values, Metric::ActivityDistance, self.metres.map(whole), "m", "trkpt");
        note(&mut values, Metric::ActivityElevationGain, self.climb.metres().map(whole), "m", "ele");
        let sport = self.sport.unwrap_or_else(|| "activity".to_owned());
        Ok(Said { sport, start, end: self.last, offset, values })
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::providers::files::probe::{probe, probe_in, utc};
    use crate::providers::track::probe::GPX;

    #[test]
    fn time_way_and_climb_are_reckoned_from_the_points() {
        let read = probe_in(Tz::Asia__Tokyo, GPX).expect("read");
        let activity = read.activity(0);
        assert_eq!((activity.provider.key(), activity.sport.as_str()), ("file", "cycling"));
        assert_eq!(activity.start, utc("2024-03-26T06:00:00Z"));
        assert_eq!(activity.end, Some(utc("2024-03-26T06:00:20Z")));
        assert!(read.survey.zone_assumed);
        assert_eq!(read.of(0, Metric::ActivityDuration).value, 20.0 / 60.0);
        // Twice a thousandth of a degree of a meridian, 111.195 m; the 11 km between the segments are no way.
        assert!((read.of(0, Metric::ActivityDistance).value - 222.39).abs() < 0.01);
        assert_eq!(read.of(0, Metric::ActivityElevationGain).value, 4.0);
        let said = format!("{:?}", read.rows);
        assert!(!said.contains("Secret") && !said.contains("52.") && !said.contains("13.0"), "a place leaked");
    }

    #[test]
    fn a_plan_is_no_activity_and_a_bad_time_says_so() {
        let planned = GPX.replace("<time>", "<when>").replace("</time>", "</when>");
        let rejection = probe(&planned).expect("read").rejection(0).clone();
        assert!(rejection.reason.contains("plan"), "{rejection:?}");
        let torn = GPX.replace("2024-03-26T06", "yesterday");
        assert!(probe(&torn).expect("read").rejection(0).reason.contains("cannot be read"));
        assert_eq!(probe("<gpx><rte><rtept lat=\"1\" lon=\"2\"/></rte></gpx>").expect("read").survey.rows, 0);
    }
}
