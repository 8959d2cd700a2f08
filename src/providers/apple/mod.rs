//! Apple Health's `export.xml`: records, nights and workouts of every device and app that wrote to it.
//!
//! The file may hold gigabytes. A record is let go once it is read; what must be put together (the steps of a day, the
//! segments of a night) is kept as sums and intervals, whose number is bounded. Names of devices and people are told
//! apart and never kept. Every time bears its offset, which tells the local day.

mod days;
mod record;
mod sleep;
mod workout;

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};

use crate::domain::Instant;
use crate::domain::provider::Provider;

use super::draft::{Draft, OnRow, Reading, Taken};
use super::fields::Fault;
use super::files::{Content, Element, Failure, Node, Xml};
use super::time;

use days::Days;
use sleep::Segments;
use workout::Workout;

/// More than anybody has devices and apps.
const SOURCES: usize = 1_000;

/// A time and the offset its clock showed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Instant,
    offset: FixedOffset,
}

impl Moment {
    /// Reads `2024-03-01 23:10:00 +0100`.
    fn of(element: Element<'_>, name: &str) -> Result<Self, Fault> {
        let what = "a time as in 2024-03-01 23:10:00 +0100";
        let text = element.attribute(name).ok_or_else(|| Fault::missing(name, what))?;
        let local = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S %z").ok();
        local
            .and_then(|local| {
                let offset = time::plausible_offset(local.offset().local_minus_utc())?;
                Some(Self { at: local.to_utc(), offset })
            })
            .ok_or_else(|| Fault::unreadable(name, what))
    }

    fn date(self) -> chrono::NaiveDate {
        self.at.with_timezone(&self.offset).date_naive()
    }
}

/// Names of sources, each told from the others by a number.
#[derive(Debug, Default)]
struct Sources(HashMap<String, u16>);

impl Sources {
    fn number(&mut self, element: Element<'_>) -> Result<u16, Fault> {
        let name = element.attribute("sourceName").unwrap_or_default();
        if let Some(number) = self.0.get(name.as_ref()) {
            return Ok(*number);
        }
        let number =
            u16::try_from(self.0.len()).ok().filter(|number| usize::from(*number) < SOURCES && name.len() < 1_000);
        let number = number.ok_or_else(|| Fault::new("sourceName", "is one of more sources than anybody has"))?;
        self.0.insert(name.into_owned(), number);
        Ok(number)
    }
}

/// What is kept until the end of the file.
#[derive(Debug, Default)]
struct Kept {
    sources: Sources,
    days: Days,
    segments: Segments,
}

/// What an element gave.
enum Given {
    /// A row of its own.
    Row(Result<Taken, Fault>),
    /// Kept, or of no interest.
    Nothing,
}

pub(super) fn walk(content: &mut Content<'_>, reading: &Reading, on_row: &mut OnRow<'_>) -> Result<(), Failure> {
    let mut kept = Kept::default();
    if take_in(content, reading, &mut kept, on_row)? {
        let Kept { days, segments, .. } = kept;
        days.tell(reading, on_row).continue_value().and_then(|()| segments.tell(reading, on_row).continue_value());
    }
    Ok(())
}

/// Reads the document to its end; false when the visitor had enough.
fn take_in(
    content: &mut Content<'_>,
    reading: &Reading,
    kept: &mut Kept,
    on_row: &mut OnRow<'_>,
) -> Result<bool, Failure> {
    let mut xml = Xml::new(content);
    let (mut depth, mut row) = (0_usize, 0_u32);
    let mut workout: Option<Result<Workout, Fault>> = None;
    loop {
        let given = match xml.next()? {
            Node::End => return Ok(true),
            Node::Text(_) => Given::Nothing,
            Node::Open(element) => {
                depth += 1;
                match (depth, element.name()) {
                    (2, "Record") => {
                        row = row.saturating_add(1);
                        record::read(element, kept, reading, row)
                    }
                    (2, "Workout") => {
                        row = row.saturating_add(1);
                        workout = Some(Workout::of(element));
                        Given::Nothing
                    }
                    (3, _) => {
                        if let Some(Ok(workout)) = &mut workout {
                            workout.part(element);
                        }
                        Given::Nothing
                    }
                    _ => Given::Nothing,
                }
            }
            Node::Close => {
                depth = depth.saturating_sub(1);
                match workout.take_if(|_| depth == 1) {
                    Some(workout) => Given::Row(workout.and_then(|workout| workout.told(reading, row))),
                    None => Given::Nothing,
                }
            }
        };
        if kept.is_too_much() {
            return Err(Failure::broken(format!("record {row}"), "holds more days, sources or nights than a life has"));
        }
        if let Given::Row(outcome) = given
            && on_row(row, outcome).is_break()
        {
            return Ok(false);
        }
    }
}

impl Kept {
    fn is_too_much(&self) -> bool {
        self.days.is_too_much() || self.segments.is_too_much()
    }
}

fn draft(reading: &Reading, row: u32) -> Draft<'_> {
    Draft::new(reading, Provider::AppleHealth, row)
}

/// Apple's words for units as the registry has them; others are left for the registry to refuse.
fn unit(written: &str) -> &str {
    match written {
        "Cal" => "kcal",
        "sec" => "s",
        "hr" => "h",
        other => other,
    }
}

#[cfg(test)]
mod tests;
