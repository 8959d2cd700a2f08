//! Strava's API, version 3: activities as they are listed or shown one by one, and their streams.
//!
//! `{"strava_activities": [{"activity", "streams"}]}`, each object as the API gave it. An activity becomes what its row of
//! `activities.csv` becomes, under the same key: its number. `start_date` is UTC; `start_date_local` is a clock's reading
//! with a `Z` that is not true. An activity does not say when it was changed: the word is as new as the moment it was asked
//! for, `fetched_at` beside it, else now. Names, descriptions, gear and places are not read.

use chrono::{DateTime, Timelike};
use chrono_tz::Tz;
use serde_json::Value;

use crate::domain::Instant;
use crate::domain::activity::Streams;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, RecordKind};
use crate::domain::provider::Provider;
use crate::providers::draft::{Draft, Reading, Record, Taken};
use crate::providers::fields::{Fault, Fields, Object};
use crate::providers::files::{DocumentFormat, DocumentReader};
use crate::providers::time;

use super::activities::{known_id, lasting};

const LIST: &str = "strava_activities";
const ACTIVITY: &str = "activity";
const ID: &str = "id";
const START: &str = "start_date";
const LOCAL: &str = "start_date_local";
const ELAPSED: &str = "elapsed_time";
const WHEN: &str = "a time as in 2018-02-16T14:52:54Z";

pub(in crate::providers) const API: DocumentFormat = DocumentFormat { lists: &[LIST], reader: || Box::new(Answers) };

const COLUMNS: [(&str, Metric, &str); 6] = [
    (ELAPSED, Metric::ActivityDuration, "s"),
    ("distance", Metric::ActivityDistance, "m"),
    ("moving_time", Metric::ActivityMovingTime, "s"),
    ("total_elevation_gain", Metric::ActivityElevationGain, "m"),
    ("calories", Metric::ActivityEnergy, "kcal"),
    ("suffer_score", Metric::RelativeEffort, "points"),
];

/// A heart rate of 0 is how Strava writes that there was no sensor.
const HEART_RATES: [(&str, Metric); 2] =
    [("average_heartrate", Metric::ActivityHeartRateAverage), ("max_heartrate", Metric::ActivityHeartRateMax)];

struct Answers;

impl DocumentReader for Answers {
    fn read(
        &mut self,
        list: Option<&str>,
        entry: Object<'_>,
        reading: &Reading,
        row: u32,
    ) -> Result<Option<Taken>, Fault> {
        let mut draft = Draft::new(reading, Provider::Strava, row);
        if list == Some(LIST) {
            let activity = entry.object(ACTIVITY).ok_or_else(|| Fault::missing(ACTIVITY, "an activity"))?;
            add(&mut draft, activity)?;
            let fetched = instant(entry, "fetched_at")?.unwrap_or(reading.now);
            draft.seen_at(fetched, "fetched_at")?;
        }
        Ok(Some(draft.finish()))
    }

    fn streams(&mut self, entry: Object<'_>, of: &Activity) -> Option<Streams> {
        let activity = entry.object(ACTIVITY)?;
        let id = activity.text(ID).ok()??;
        if of.provider != Provider::Strava || of.provider_id.as_deref() != Some(&*id) {
            return None;
        }
        samples(entry.object("streams")?)
    }
}

fn add(draft: &mut Draft<'_>, activity: Object<'_>) -> Result<(), Fault> {
    let id = known_id(activity.text(ID)?.as_deref(), ID)?;
    let start = instant(activity, START)?.ok_or_else(|| Fault::missing(START, WHEN))?;
    draft.see(start, START)?;
    let hidden = hides_its_start(activity)?;
    let elapsed = activity.number(ELAPSED)?;
    let end = elapsed.map(|elapsed| lasting(draft, start, elapsed, ELAPSED)).transpose()?;
    let record = Record {
        kind: RecordKind::Activity,
        start,
        // Of an activity whose start is hidden, neither the start nor the end is when it was.
        end: end.filter(|_| !hidden),
        day: local_day(draft, activity, start)?,
        provider_id: Some(id),
    };
    let sport = activity.text("sport_type")?;
    let sport = if sport.is_some() { sport } else { activity.text("type")? };
    draft.activity(&record, sport.as_deref().unwrap_or("activity"));
    for (name, metric, unit) in COLUMNS {
        draft.add(&record, metric, activity.number(name)?, unit, name)?;
    }
    for (name, metric) in HEART_RATES {
        let beats = activity.number(name)?.filter(|written| written.value != 0.0);
        draft.add(&record, metric, beats, "bpm", name)?;
    }
    Ok(())
}

fn instant(object: Object<'_>, name: &str) -> Result<Option<Instant>, Fault> {
    let Some(text) = object.text(name)? else { return Ok(None) };
    DateTime::parse_from_rfc3339(&text).map(|at| Some(at.to_utc())).map_err(|_| Fault::unreadable(name, WHEN))
}

/// Whoever hides when an activity began has it begin a second after midnight.
fn hides_its_start(activity: Object<'_>) -> Result<bool, Fault> {
    let Some(text) = activity.text(LOCAL)? else { return Ok(false) };
    let clock = time::naive(&text).ok_or_else(|| Fault::unreadable(LOCAL, WHEN))?;
    Ok(clock.num_seconds_from_midnight() == 1)
}

/// The day on which an activity began where it was: by the zone it names, else by its offset, else at home.
fn local_day(draft: &mut Draft<'_>, activity: Object<'_>, start: Instant) -> Result<LocalDay, Fault> {
    // "(GMT-08:00) America/Los_Angeles": the part in brackets does not know of summer.
    let named = activity.text("timezone")?;
    let zone: Option<Tz> = named.and_then(|text| text.rsplit(' ').next().and_then(|name| name.parse().ok()));
    if let Some(zone) = zone {
        return Ok(LocalDay::new(start.with_timezone(&zone).date_naive()));
    }
    let seconds = activity.number("utc_offset")?.map(|written| written.value as i32);
    if let Some(offset) = seconds.and_then(time::plausible_offset) {
        return Ok(LocalDay::at(start, offset));
    }
    draft.assume_zone();
    Ok(LocalDay::new(start.with_timezone(&draft.reading.home_zone).date_naive()))
}

/// The streams by their types. Where an activity was is left out.
fn samples(streams: Object<'_>) -> Option<Streams> {
    let column = |name: &str| -> Option<Vec<Option<f64>>> {
        let data = streams.object(name)?.0.get("data")?.as_array()?;
        Some(data.iter().map(Value::as_f64).collect())
    };
    let time_s: Vec<f64> = column("time")?.into_iter().collect::<Option<_>>()?;
    let rising = time_s.windows(2).all(|pair| pair[0] < pair[1]);
    if time_s.is_empty() || !rising {
        return None;
    }
    // A stream of another length cannot be laid beside the others.
    let beside = |name: &str| column(name).filter(|data| data.len() == time_s.len()).unwrap_or_default();
    Some(Streams {
        distance_m: beside("distance"),
        heart_rate: beside("heartrate"),
        cadence: beside("cadence"),
        altitude_m: beside("altitude"),
        speed_m_s: beside("velocity_smooth"),
        power_w: beside("watts"),
        time_s,
    })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use crate::domain::metric::Metric;
    use crate::engine::ports::export::ExportReader;
    use crate::providers::ExportFiles;
    use crate::providers::files::probe::{probe, probe_in, utc};

    const RIDE: &str = r#"{"id":154504250376823,"resource_state":2,"athlete":{"id":1},"name":"Secret","distance":24931.4,
        "moving_time":4500,"elapsed_time":4510,"total_elevation_gain":0,"type":"Ride","sport_type":"GravelRide",
        "start_date":"2018-02-17T04:52:54Z","start_date_local":"2018-02-16T20:52:54Z",
        "timezone":"(GMT-08:00) America/Los_Angeles","utc_offset":-28800,"start_latlng":[37.83,-122.26],
        "average_heartrate":140.3,"max_heartrate":178,"suffer_score":82,"map":{"summary_polyline":"xyz"}}"#;

    fn entry(activity: &str, streams: &str) -> String {
        format!(r#"{{"strava_activities":[{{"activity":{activity},"streams":{streams}}}]}}"#)
    }

    #[test]
    fn an_activity_is_the_one_its_row_in_the_export_is() {
        let read = probe(entry(RIDE, "null")).expect("read");
        assert_eq!(read.part.format, "strava_api_json");
        let row = probe(
            "Activity ID,Activity Date,Activity Type,Elapsed Time,Distance,Max Heart Rate,Relative Effort,\
             Elapsed Time,Moving Time,Distance,Elevation Gain,Average Heart Rate\n\
             154504250376823,\"Feb 17, 2018, 4:52:54 AM\",Ride,4510,24.93,178,82,4510.0,4500.0,24931.4,0.0,140.3\n",
        )
        .expect("read");
        let keys = |read: &crate::providers::files::probe::Probe| {
            let mut of: Vec<_> =
                read.observations(0).iter().map(|o| (o.key.clone(), o.end, o.value.to_bits())).collect();
            of.sort();
            of
        };
        assert_eq!(keys(&read), keys(&row));
        assert_eq!(keys(&read).len(), 7);
        let activity = read.activity(0);
        assert_eq!((activity.sport.as_str(), activity.provider_id.as_deref()), ("GravelRide", Some("154504250376823")));
        let said = format!("{:?}", read.rows);
        assert!(
            !said.contains("Secret") && !said.contains("xyz") && !said.contains("37.83"),
            "more was kept than measured"
        );
    }

    #[test]
    fn the_zone_tells_the_day_and_the_z_of_the_local_start_is_not_believed() {
        let day = |text: String| probe_in(Tz::Asia__Tokyo, text).expect("read").activity(0).day.to_string();
        assert_eq!(day(entry(RIDE, "null")), "2018-02-16");
        let unnamed = RIDE.replace("America/Los_Angeles", "Nowhere/Known");
        assert_eq!(day(entry(&unnamed, "null")), "2018-02-16");
        let neither = unnamed.replace("-28800", "null");
        assert_eq!(day(entry(&neither, "null")), "2018-02-17");
        // In July the clock of Los Angeles is seven hours behind, whatever the brackets say.
        let summer = RIDE.replace("2018-02-17T04:52:54Z", "2018-07-17T07:30:00Z");
        assert_eq!(day(entry(&summer, "null")), "2018-07-17");
    }

    #[test]
    fn a_hidden_start_gives_no_interval() {
        let hidden = RIDE.replace("2018-02-16T20:52:54Z", "2018-02-16T00:00:01Z");
        let read = probe(entry(&hidden, "null")).expect("read");
        assert_eq!((read.activity(0).end, read.of(0, Metric::ActivityDuration).end), (None, None));
        assert_eq!(read.of(0, Metric::ActivityDuration).value, 4510.0 / 60.0);
    }

    #[test]
    fn the_word_is_as_new_as_the_moment_it_was_asked_for() {
        let read = probe(entry(RIDE, "null")).expect("read");
        assert_eq!(read.of(0, Metric::ActivityDistance).as_of, utc("2027-01-01T00:00:00Z"));
        let told = entry(RIDE, "null").replace("\"streams\"", "\"fetched_at\":\"2018-02-18T00:00:00Z\",\"streams\"");
        let read = probe(told).expect("read");
        assert_eq!(read.of(0, Metric::ActivityDistance).as_of, utc("2018-02-18T00:00:00Z"));
    }

    #[test]
    fn a_bad_field_rejects_its_activity_alone() {
        let bad = [
            ("154504250376823", "null", "id"),
            ("2018-02-17T04:52:54Z", "now", "start_date"),
            ("4510", "-1", "elapsed_time"),
        ];
        for (right, wrong, field) in bad {
            let read = probe(entry(&RIDE.replacen(right, wrong, 1), "null")).expect("read");
            assert_eq!(read.rejection(0).field, field);
        }
    }

    #[test]
    fn streams_are_laid_beside_their_times_and_places_are_left_out() {
        let streams = r#"{"time":{"data":[0,1,3],"series_type":"distance"},"heartrate":{"data":[90,null,95]},
            "watts":{"data":[100,110]},"velocity_smooth":{"data":[0.0,2.5,3.1]},"latlng":{"data":[[1,2],[1,2],[1,2]]}}"#;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("answer.json");
        std::fs::write(&path, entry(RIDE, streams)).expect("written");
        let read = probe(entry(RIDE, streams)).expect("read");
        let found = ExportFiles.streams(&path, read.activity(0)).expect("read").expect("streams");
        assert_eq!(found.time_s, [0.0, 1.0, 3.0]);
        assert_eq!(found.heart_rate, [Some(90.0), None, Some(95.0)]);
        assert_eq!(found.speed_m_s, [Some(0.0), Some(2.5), Some(3.1)]);
        assert!(found.power_w.is_empty(), "a value too few cannot be laid beside the others");
        let mut other = read.activity(0).clone();
        other.provider_id = Some("1".to_owned());
        assert_eq!(ExportFiles.streams(&path, &other).expect("read"), None);
        std::fs::write(&path, entry(RIDE, "null")).expect("written");
        assert_eq!(ExportFiles.streams(&path, read.activity(0)).expect("read"), None);
    }
}
