//! Candor's own format: one JSON object per line, one value each.
//!
//! `{"metric", "value", "unit", "start", "end"?, "kind"?, "id"?, "provider"?, "updated_at"?}`, times as RFC 3339
//! with the offset that the person's clock showed. A sleep, nap or recovery belongs to the day of its end.
//!
//! An export says more, so that nothing of an observation is lost on the way: `day`, since its times are in UTC;
//! `resolution`, where the digits do not tell it; `seen_at`, `record`, `finality`; and on a line of an activity its `sport`.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::RecordKind;
use crate::domain::provider::Provider;

use super::draft::{Draft, Reading, Record, Taken, check_order};
use super::fields::{Fault, Fields, Object};
use super::written::Written;

/// Reads a line.
pub(super) fn read(line: Object<'_>, reading: &Reading, row: u32) -> Result<Taken, Fault> {
    let mut draft = Draft::new(reading, Provider::File, row);
    if let Some(name) = line.text("provider")? {
        draft.set_provider(name.parse().map_err(|_| {
            Fault::new(
                "provider",
                "is not known; known are whoop, garmin, oura, fitbit, apple_health, strava, file, person",
            )
        })?);
    }
    let metric: Metric =
        line.text("metric")?
            .ok_or_else(|| Fault::missing("metric", "the key of a metric"))?
            .parse()
            .map_err(|_| Fault::new("metric", "is not known; `candor metrics --all` lists the known ones"))?;
    let value = line.number("value")?.ok_or_else(|| Fault::missing("value", "a number"))?;
    let unit = line.text("unit")?.ok_or_else(|| Fault::missing("unit", "the unit of the value"))?;
    let kind = match line.text("kind")? {
        None => RecordKind::Sample,
        Some(kind) => serde_json::from_value(Value::String(kind.into_owned())).map_err(|_| {
            Fault::new(
                "kind",
                "is not known; known are sleep, nap, recovery, cycle, day, activity, weighing, checkin, sample",
            )
        })?,
    };
    let start = time(line, "start")?.ok_or_else(|| Fault::missing("start", WHEN))?;
    let end = time(line, "end")?;
    let at_end = matches!(kind, RecordKind::Sleep | RecordKind::Nap | RecordKind::Recovery);
    let local = end.filter(|_| at_end).unwrap_or(start);
    let record = Record {
        kind,
        start: start.to_utc(),
        end: end.map(|end| end.to_utc()),
        day: day(line, local, (start, end.unwrap_or(start)))?,
        provider_id: line.text("id")?.map(std::borrow::Cow::into_owned),
    };
    if record.provider_id.as_ref().is_some_and(|id| id.len() > 200) {
        return Err(Fault::new("id", "is longer than 200 characters"));
    }
    draft.see(record.start, "start")?;
    check_order(record.start, record.end, "end")?;
    if let Some(end) = record.end {
        draft.see(end, "end")?;
    }
    if let Some(updated_at) = time(line, "updated_at")? {
        draft.changed_at(updated_at.to_utc(), "updated_at")?;
    } else if let Some(seen_at) = time(line, "seen_at")? {
        draft.seen_at(seen_at.to_utc(), "seen_at")?;
    }
    draft.of_record(line.text("record")?.as_deref()).map_err(|fault| Fault { field: "record".to_owned(), ..fault })?;
    if let Some(finality) = whole(line, "finality")? {
        draft.is_final(finality);
    }
    if let Some(sport) = line.text("sport")?.filter(|_| kind == RecordKind::Activity) {
        draft.activity(&record, &sport);
    }
    let resolution = line.number("resolution")?.map_or(value.resolution, |resolution| resolution.value);
    if !resolution.is_finite() || resolution <= 0.0 {
        return Err(Fault::unreadable("resolution", "a number above 0, the size of the last digit of the value,"));
    }
    draft.add(&record, metric, Some(Written { resolution, ..value }), &unit, "value").map_err(|mut fault| {
        if fault.reason.starts_with("unit") {
            "unit".clone_into(&mut fault.field);
            let accepted: Vec<&str> = metric.accepted_units().iter().map(|a| a.symbol).collect();
            fault.reason = format!("is not one of {}", accepted.join(", "));
        }
        fault
    })?;
    Ok(draft.finish())
}

const WHEN: &str = "a time with its offset, as in 2026-03-01T07:30:00+02:00,";

fn time(line: Object<'_>, field: &str) -> Result<Option<DateTime<FixedOffset>>, Fault> {
    let Some(text) = line.text(field)? else {
        return Ok(None);
    };
    DateTime::parse_from_rfc3339(&text).map(Some).map_err(|_| Fault::unreadable(field, WHEN))
}

/// The local day that the line names, else that of a time as its clock showed it. No clock is a day away from UTC.
fn day(
    line: Object<'_>,
    local: DateTime<FixedOffset>,
    (start, end): (DateTime<FixedOffset>, DateTime<FixedOffset>),
) -> Result<LocalDay, Fault> {
    let Some(text) = line.text("day")? else { return Ok(LocalDay::new(local.date_naive())) };
    let day: LocalDay = text.parse().map_err(|_| Fault::unreadable("day", "a day, as in 2026-03-01,"))?;
    let of = |time: DateTime<FixedOffset>| LocalDay::new(time.to_utc().date_naive());
    if day.days_since(of(start)) < -1 || day.days_since(of(end)) > 1 {
        return Err(Fault::new("day", "is more than a day away from the time of its record"));
    }
    Ok(day)
}

fn whole(line: Object<'_>, field: &str) -> Result<Option<u32>, Fault> {
    let Some(text) = line.text(field)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Fault::unreadable(field, "a whole number"))
}

#[cfg(test)]
mod tests {
    use crate::domain::metric::Metric;
    use crate::domain::observation::RecordKind;
    use crate::domain::provider::Provider;
    use crate::providers::files::probe::{probe, utc};

    #[test]
    fn a_line_is_a_value_with_its_unit_and_its_local_time() {
        let read = probe(concat!(
            r#"{"metric":"sleep_duration","value":7.5,"unit":"h","start":"2026-03-01T23:30:00-05:00","end":"2026-03-02T07:30:00-05:00","kind":"sleep","id":"n1","updated_at":"2026-03-02T08:00:00-05:00"}"#,
            "\r\n\n",
            r#"{"metric":"steps","value":8000,"unit":"count","start":"2026-03-01T23:30:00-05:00","end":"2026-03-02T07:30:00-05:00","provider":"garmin"}"#,
        ))
        .expect("read");
        assert_eq!(read.part.format, "candor_ndjson");
        let sleep = read.of(0, Metric::SleepDuration);
        assert_eq!((sleep.value, sleep.resolution), (450.0, 6.0));
        assert_eq!(sleep.day.to_string(), "2026-03-02", "the day of its end");
        assert_eq!(sleep.as_of, utc("2026-03-02T13:00:00Z"));
        assert_eq!(sleep.key.provider_id.as_deref(), Some("n1"));
        assert_eq!(sleep.key.provider, Provider::File);
        let steps = read.of(1, Metric::Steps);
        assert_eq!(steps.key.kind, RecordKind::Sample);
        assert_eq!(steps.day.to_string(), "2026-03-01", "the day of its start");
        assert_eq!(steps.key.provider, Provider::Garmin);
        assert_eq!(Some(steps.as_of), read.survey.newest);
    }

    #[test]
    fn a_line_of_an_export_says_what_its_digits_and_its_times_do_not() {
        let line = r#"{"metric":"activity_distance","value":10012.3456,"unit":"m","start":"2026-03-01T23:30:00Z","day":"2026-03-02","resolution":0.5,"kind":"activity","provider":"garmin","record":"r1","finality":2,"seen_at":"2026-03-03T00:00:00Z","sport":"running"}"#;
        let read = probe(line).expect("read");
        let activity = read.activity(0);
        assert_eq!((activity.sport.as_str(), activity.day.to_string().as_str()), ("running", "2026-03-02"));
        let distance = read.of(0, Metric::ActivityDistance);
        assert_eq!((distance.value, distance.resolution, distance.finality), (10012.3456, 0.5, 2));
        assert_eq!((distance.own_id(), &distance.key.provider_id), (Some("r1"), &None));
        assert_eq!((distance.day, distance.as_of), (activity.day, utc("2026-03-03T00:00:00Z")));
    }

    #[test]
    fn each_fault_names_its_field() {
        let faults = [
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","day":"2026-03-04"}"#, "day"),
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","day":"March"}"#, "day"),
            (
                r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","resolution":0}"#,
                "resolution",
            ),
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","finality":-1}"#, "finality"),
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00"}"#, "start"),
            (r#"{"metric":"steps","value":1,"unit":"miles","start":"2026-03-01T23:30:00Z"}"#, "unit"),
            (r#"{"metric":"happiness","value":1,"unit":"x","start":"2026-03-01T23:30:00Z"}"#, "metric"),
            (r#"{"metric":"steps","value":"many","unit":"steps","start":"2026-03-01T23:30:00Z"}"#, "value"),
            (r#"{"metric":"steps","value":-1,"unit":"steps","start":"2026-03-01T23:30:00Z"}"#, "value"),
            (r#"{"metric":"steps","value":NaN,"unit":"steps","start":"2026-03-01T23:30:00Z"}"#, "line"),
            (r#"{"metric":"steps","value":1e309,"unit":"steps","start":"2026-03-01T23:30:00Z"}"#, "line"),
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2099-03-01T23:30:00Z"}"#, "start"),
            (
                r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","end":"2026-02-01T00:00:00Z"}"#,
                "end",
            ),
            (r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","kind":"walk"}"#, "kind"),
            (
                r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z","provider":"polar"}"#,
                "provider",
            ),
            ("[1]", "line"),
        ];
        let good = r#"{"metric":"steps","value":1,"unit":"steps","start":"2026-03-01T23:30:00Z"}"#;
        let lines: Vec<&str> = std::iter::once(good).chain(faults.iter().map(|f| f.0)).collect();
        let read = probe(lines.join("\n")).expect("read");
        for (row, (line, field)) in faults.iter().enumerate() {
            assert_eq!(read.rejection(row + 1).field, *field, "{line}");
        }
        assert_eq!(read.observations(0).len(), 1);
    }
}
