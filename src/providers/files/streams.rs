//! The points of an activity, found in the file it was taken from.

use std::collections::HashSet;
use std::path::Path;

use crate::domain::activity::Streams;
use crate::domain::observation::Activity;
use crate::providers::track::{Wanted, collect};

use super::archive::{self, base_name};
use super::beside;
use super::content::{self, Content};
use super::entries;
use super::failure::{Failure, file_name};
use super::format::{Format, Layout};
use super::sniff;

/// The streams of an activity; `None` where the file holds none of it.
pub(super) fn of(path: &Path, activity: &Activity) -> Result<Option<Streams>, Failure> {
    content::check(path)?;
    if archive::is_zip(path)? {
        return in_zip(path, activity);
    }
    let format = content::with_plain(path, &mut |_| {}, |content| {
        sniff::recognise(&content.prefix()?, &file_name(path)).map_err(Failure::Unknown)
    })?;
    content::with_plain(path, &mut |_| {}, |content| in_part(format, content, activity, Wanted::of(activity)))
}

/// The one place where a layout says how it holds streams.
fn in_part(
    format: &Format,
    content: &mut Content<'_>,
    activity: &Activity,
    wanted: Wanted,
) -> Result<Option<Streams>, Failure> {
    match &format.layout {
        Layout::Track { walk, .. } => collect(*walk, content, wanted),
        Layout::Document(document) if format.provider == activity.provider => {
            entries::streams(content, document, activity)
        }
        Layout::Table(_) | Layout::Document(_) | Layout::Lines(_) | Layout::Xml { .. } => Ok(None),
    }
}

/// The file that a table names for the activity, or else the first that holds a point of its time.
fn in_zip(path: &Path, activity: &Activity) -> Result<Option<Streams>, Failure> {
    let (members, _) = archive::members(path)?;
    let named = beside::named(path, &members)?;
    let read = |index: usize, format: &Format, wanted: Wanted| {
        archive::with_member(path, index, &mut |_| {}, |content| in_part(format, content, activity, wanted))
    };
    if let Some(id) = &activity.provider_id {
        let Some(name) = named.get(id) else {
            return Ok(None);
        };
        let member = members.iter().find(|member| base_name(&member.path) == name);
        return member.map_or(Ok(None), |member| read(member.index, member.format, Wanted::All));
    }
    let taken: HashSet<&str> = named.values().map(String::as_str).collect();
    for member in members.iter().filter(|member| !taken.contains(base_name(&member.path))) {
        if let Some(streams) = read(member.index, member.format, Wanted::of(activity))? {
            return Ok(Some(streams));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use chrono_tz::Tz;

    use crate::domain::observation::Activity;
    use crate::domain::provider::Provider;
    use crate::engine::ports::export::{ExportReader, ReadContext, Row};
    use crate::providers::ExportFiles;
    use crate::providers::files::probe::{probe, utc, zipped};
    use crate::providers::track::probe::{GPX, TCX, run};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(bytes).expect("packed");
        packer.finish().expect("packed")
    }

    const TABLE: &str = "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Filename\n\
        11,\"Mar 25, 2024, 6:00:00 AM\",A,Run,20,activities/77.fit.gz\n\
        12,\"Mar 26, 2024, 6:00:00 AM\",B,Ride,20,activities/78.gpx\n\
        13,\"Mar 27, 2024, 6:00:00 AM\",C,Yoga,20,\n";

    fn activity(provider: Provider, start: &str, id: Option<&str>) -> Activity {
        Activity {
            provider,
            start: utc(start),
            provider_id: id.map(str::to_owned),
            end: None,
            day: "2024-03-25".parse().expect("a day"),
            sport: "Run".to_owned(),
            row: 1,
        }
    }

    #[test]
    fn in_an_export_of_strava_the_row_and_its_file_are_one_activity() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("export.zip");
        let members: [(&str, &[u8]); 4] = [
            ("activities/77.fit.gz", &packed(&run(1))),
            ("activities.csv", TABLE.as_bytes()),
            ("activities/78.gpx", GPX.as_bytes()),
            ("elsewhere/extra.tcx", TCX.as_bytes()),
        ];
        std::fs::write(&path, zipped(&members)).expect("written");
        let parts = ExportFiles.parts(&path).expect("read");
        let formats: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.format)).collect();
        assert_eq!(formats, [("export.zip/activities.csv", "strava_activities_csv"), ("export.zip/extra.tcx", "tcx")]);
        let context = ReadContext { home_zone: Tz::UTC, now: utc("2027-01-01T00:00:00Z") };
        let mut told = Vec::new();
        for part in &parts {
            ExportFiles
                .rows(&path, part, &context, context.now, &mut |_, row| {
                    if let Row::Activity(activity, _) = row {
                        told.push(activity);
                    }
                    std::ops::ControlFlow::Continue(())
                })
                .expect("read");
        }
        assert_eq!(told.len(), 4);
        let streams = |activity: &Activity| ExportFiles.streams(&path, activity).expect("read");
        let beats = |activity: &Activity| streams(activity).map(|streams| streams.heart_rate);
        assert_eq!(beats(&told[0]), Some(vec![Some(120.0), None, Some(140.0)]));
        assert_eq!(beats(&told[1]), Some(vec![Some(101.0), Some(103.0), None, None]));
        assert_eq!(beats(&told[2]), None, "no file stands beside it");
        assert!(beats(&told[3]).is_some_and(|beats| beats[0] == Some(130.0)));
    }

    #[test]
    fn a_file_alone_is_found_by_the_time_of_the_activity() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run.fit.gz");
        std::fs::write(&path, packed(&run(1))).expect("written");
        let of = |start: &str| ExportFiles.streams(&path, &activity(Provider::Garmin, start, None)).expect("read");
        let streams = of("2024-03-25T06:00:00Z").expect("points");
        assert_eq!(streams.time_s, [0.0, 10.0, 20.0]);
        assert_eq!(streams.distance_m, [Some(0.0), Some(30.0), Some(61.5)]);
        assert_eq!(streams.altitude_m, [Some(100.0), Some(104.0), Some(103.0)]);
        assert_eq!(streams.cadence, [], "a column that no point has is empty");
        assert_eq!(of("2024-03-26T06:00:00Z"), None);
        std::fs::write(&path, b"{\"metric\":\"steps\",\"value\":1}").expect("written");
        assert_eq!(of("2024-03-25T06:00:00Z"), None);
    }

    #[test]
    fn packed_files_are_read_as_what_they_hold_and_bombs_are_told() {
        for (file, format) in [(run(1), "garmin_fit"), (run(32), "fit"), (GPX.into(), "gpx"), (TCX.into(), "tcx")] {
            assert_eq!(probe(packed(&file)).expect("read").part.format, format);
            assert_eq!(probe(&file).expect("read").part.format, format);
        }
        let bomb = format!("<gpx>{}", format!("<!--{}-->", " ".repeat(500_000)).repeat(100));
        let error = probe(packed(bomb.as_bytes())).expect_err("refused");
        assert!(error.to_string().contains("zip bomb"), "{error}");
        let whole = packed(&run(1));
        assert!(probe(&whole[..whole.len() - 9]).is_err(), "cut");
    }
}
