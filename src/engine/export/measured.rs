//! What was measured, as tables: every observation, a day's value of each metric, a row a sleep, a row an activity; and the
//! observations once more as lines that `candor import` takes.
//!
//! Observations are read a page at a time, the newest day first, and nothing is kept but those of the day at hand.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use serde_json::json;

use super::folder::{File, Folder};
use super::table::{Cell, Kind, Rows, Table, filled, open, values};
use super::{Failed, Step};
use crate::domain::Instant;
use crate::domain::day::LocalDay;
use crate::domain::metric::Metric;
use crate::domain::observation::{Activity, Observation, ObservationKey, RecordKind};
use crate::domain::provider::Provider;
use crate::engine::activities;
use crate::engine::history::History;
use crate::engine::ports::views::{ActivityFilter, ActivityPlace, ObservationFilter, ObservationPlace};

/// Observations read at a time.
const PAGE: u64 = 1_000;
/// Activities read at a time.
const ACTIVITIES: u64 = 100;
/// The file of observations as lines.
const LINES: &str = "observations.ndjson";

/// What a provider says of a sleep as a whole.
const OF_SLEEP: [Metric; 15] = [
    Metric::SleepDuration,
    Metric::NapDuration,
    Metric::SleepInBed,
    Metric::SleepLight,
    Metric::SleepDeep,
    Metric::SleepRem,
    Metric::SleepAwake,
    Metric::SleepLatency,
    Metric::SleepEfficiency,
    Metric::SleepConsistency,
    Metric::SleepPerformance,
    Metric::SleepScore,
    Metric::SleepNeed,
    Metric::SleepDebt,
    Metric::RespiratoryRate,
];

/// An observation and the file it stood in.
type Held = (Observation, String);
/// The record of an activity: who recorded it, its start, and the provider's own id of it.
type Of = (Provider, Instant, Option<String>);

pub(super) fn observations() -> Table {
    let fields = vec![
        filled("id", Kind::Text, "what makes it this fact: provider, kind of record, metric, start, record id"),
        filled("day", Kind::Day, "the local day it belongs to; a night belongs to the day of waking"),
        filled("metric", Kind::Text, "what was measured"),
        filled("value", Kind::Number, "the value, in the unit beside it"),
        filled("unit", Kind::Text, "the unit of the value"),
        filled("provider", Kind::Text, "who measured"),
        filled("kind", Kind::Text, "the kind of record it stood in, as in sleep"),
        filled("start", Kind::Time, "when the record starts"),
        open("end", Kind::Time, "when it ends"),
        open("record", Kind::Text, "the provider's own id of the record"),
        filled("resolution", Kind::Number, "the size of the last digit the source gives, in the unit of the value"),
        filled("as_of", Kind::Time, "how new the source's word is"),
        open("file", Kind::Text, "the file it was read from"),
        open("row", Kind::Whole, "the row of that file, from 1 without the header"),
    ];
    Table::new("observations", "Everything that was measured, as it stands now: a row each.", &["id"], fields)
}

pub(super) fn days() -> Table {
    let fields = vec![
        filled("day", Kind::Day, "the local day"),
        filled("metric", Kind::Text, "what was measured"),
        filled("value", Kind::Number, "the day's value, in the unit beside it; several values of a day are made one"),
        filled("unit", Kind::Text, "the unit of the value"),
        filled("provider", Kind::Text, "whose value it is, where several have one"),
        filled("contested", Kind::Flag, "whether another source has a value too"),
        filled("conflict", Kind::Flag, "whether another source says something else by more than a fifth"),
    ];
    Table::new("days", "One value for each day and metric, as every statement uses it.", &["day", "metric"], fields)
}

pub(super) fn sleeps() -> Table {
    let mut fields = vec![
        filled("id", Kind::Text, "the record: provider, kind, start, record id"),
        filled("day", Kind::Day, "the local day of waking"),
        filled("kind", Kind::Text, "sleep or nap"),
        filled("provider", Kind::Text, "who recorded it"),
        filled("start", Kind::Time, "when it starts"),
        open("end", Kind::Time, "when it ends"),
    ];
    fields.extend(OF_SLEEP.map(values));
    Table::new("sleeps", "A row a sleep or nap, with what its record says.", &["id"], fields)
}

pub(super) fn workouts() -> Table {
    let mut fields = vec![
        filled("id", Kind::Text, "the activity's id, as the API has it"),
        filled("day", Kind::Day, "the local day on which it started"),
        filled("start", Kind::Time, "when it starts"),
        open("end", Kind::Time, "when it ends"),
        filled("sport", Kind::Text, "the kind of sport in the provider's words"),
        filled("provider", Kind::Text, "who recorded it"),
        open("record", Kind::Text, "the provider's own id of it"),
    ];
    fields.extend(activities::METRICS.map(values));
    Table::new("activities", "A row an activity; its track is in the original it came with.", &["id"], fields)
}

/// The tables of observations while they are written.
struct Writing {
    observations: Rows<File>,
    days: Rows<File>,
    sleeps: Rows<File>,
    lines: File,
}

impl Folder {
    /// Writes what was measured.
    ///
    /// # Errors
    /// When the read models do not answer or the disk does not take it.
    pub async fn measured(&mut self, progress: &(dyn Fn(Step, u64) + Sync)) -> Result<(), Failed> {
        let mut writing = Writing {
            observations: self.table(&observations())?,
            days: self.table(&days())?,
            sleeps: self.table(&sleeps())?,
            lines: self.file(LINES)?,
        };
        let filter = ObservationFilter { metric: None, since: LocalDay::FIRST, until: LocalDay::LAST };
        let (mut of_day, mut after): (Vec<Held>, _) = (Vec::new(), None);
        loop {
            let page = self.engine.views.observations_page(self.person, &filter, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(ObservationPlace { day: last.day, key: last.key.clone() });
            for (observation, file) in page {
                if of_day.first().is_some_and(|(first, _)| first.day != observation.day) {
                    writing.day(&of_day, &self.sports(&of_day).await?)?;
                    of_day.clear();
                }
                of_day.push((observation, file));
            }
            progress(Step::Measured, writing.observations.count());
        }
        writing.day(&of_day, &self.sports(&of_day).await?)?;
        self.observations = writing.observations.count();
        self.end_table(&observations(), writing.observations)?;
        self.end_table(&days(), writing.days)?;
        self.end_table(&sleeps(), writing.sleeps)?;
        self.end(writing.lines)?;
        self.activities().await
    }

    /// The sports of the activities of which something was measured on a day.
    async fn sports(&self, of_day: &[Held]) -> Result<BTreeMap<Of, String>, Failed> {
        let Some((first, _)) = of_day.iter().find(|(o, _)| o.key.kind == RecordKind::Activity) else {
            return Ok(BTreeMap::new());
        };
        let filter = ActivityFilter { since: first.day, until: first.day, ..ActivityFilter::default() };
        let found = self.engine.views.activities(self.person, &filter, None, u64::MAX).await?;
        let of = |activity: Activity| ((activity.provider, activity.start, activity.provider_id), activity.sport);
        Ok(found.into_iter().map(|(_, activity)| of(activity)).collect())
    }

    async fn activities(&mut self) -> Result<(), Failed> {
        let mut rows = self.table(&workouts())?;
        let mut after: Option<ActivityPlace> = None;
        loop {
            let views = &self.engine.views;
            let page = views.activities(self.person, &ActivityFilter::default(), after.as_ref(), ACTIVITIES).await?;
            let Some((id, last)) = page.last() else { break };
            after = Some(ActivityPlace { start: last.start, id: id.clone() });
            let keys = page.iter().flat_map(|(_, activity)| {
                activities::METRICS.into_iter().map(|metric| activities::key(activity, metric))
            });
            let held = views.held(self.person, &keys.collect::<Vec<ObservationKey>>()).await?;
            for (id, activity) in &page {
                let mut row: Vec<Cell> = vec![
                    id.as_str().into(),
                    activity.day.into(),
                    activity.start.into(),
                    activity.end.into(),
                    activity.sport.as_str().into(),
                    activity.provider.key().into(),
                    activity.provider_id.as_deref().into(),
                ];
                let value = |metric| held.get(&activities::key(activity, metric)).filter(|held| !held.retracted);
                row.extend(activities::METRICS.map(|metric| value(metric).map(|held| held.value).into()));
                rows.add(&row)?;
            }
        }
        self.end_table(&workouts(), rows)
    }
}

impl Writing {
    /// Writes the observations of one day.
    fn day(&mut self, of_day: &[Held], sports: &BTreeMap<Of, String>) -> io::Result<()> {
        let mut records: BTreeMap<Of, BTreeMap<RecordKind, Vec<&Observation>>> = BTreeMap::new();
        for (observation, file) in of_day {
            self.observation(observation, file)?;
            let key = &observation.key;
            let of = (key.provider, key.start, key.provider_id.clone());
            records.entry(of).or_default().entry(key.kind).or_default().push(observation);
        }
        for (of, kinds) in &records {
            for (kind, observations) in kinds {
                if matches!(kind, RecordKind::Sleep | RecordKind::Nap) {
                    self.sleep(*kind, of, observations)?;
                }
                // The first line of an activity says which it is; the others are measured in its record.
                let mut sport = sports.get(of).filter(|_| *kind == RecordKind::Activity);
                for observation in observations {
                    let line = line(observation, sport.take().map(String::as_str));
                    writeln!(self.lines, "{line}")?;
                }
            }
        }
        let history = History::of(of_day.iter().map(|(observation, _)| observation.clone()));
        for metric in history.metrics() {
            for value in history.days(metric, LocalDay::LAST) {
                self.days.add(&[
                    value.day.into(),
                    metric.key().into(),
                    value.value.into(),
                    metric.unit().symbol().into(),
                    value.provider.key().into(),
                    value.contested.into(),
                    value.conflict.into(),
                ])?;
            }
        }
        Ok(())
    }

    fn observation(&mut self, observation: &Observation, file: &str) -> io::Result<()> {
        let key = &observation.key;
        let row = Some(u64::from(observation.row)).filter(|row| *row > 0);
        self.observations.add(&[
            key.to_string().into(),
            observation.day.into(),
            key.metric.key().into(),
            observation.value.into(),
            key.metric.unit().symbol().into(),
            key.provider.key().into(),
            key.kind.key().into(),
            key.start.into(),
            observation.end.into(),
            observation.own_id().into(),
            observation.resolution.into(),
            observation.as_of.into(),
            file.into(),
            row.into(),
        ])
    }

    fn sleep(&mut self, kind: RecordKind, of: &Of, observations: &[&Observation]) -> io::Result<()> {
        let Some(first) = observations.first() else { return Ok(()) };
        let (provider, start, id) = of;
        let value = |metric| observations.iter().find(|o| o.key.metric == metric).map(|o| o.value);
        let id = id.as_deref().unwrap_or_default();
        let mut row: Vec<Cell> = vec![
            format!("{provider}|{}|{}|{id}", kind.key(), start.timestamp_micros()).into(),
            first.day.into(),
            kind.key().into(),
            provider.key().into(),
            (*start).into(),
            observations.iter().filter_map(|o| o.end).max().into(),
        ];
        row.extend(OF_SLEEP.map(|metric| value(metric).into()));
        self.sleeps.add(&row)
    }
}

/// An observation as a line of Candor's own format, which says everything of it but the file it came from.
fn line(observation: &Observation, sport: Option<&str>) -> serde_json::Value {
    let key = &observation.key;
    let unit = key.metric.accepted_units().first().map(|unit| unit.symbol);
    let mut line = json!({
        "metric": key.metric, "value": observation.value, "unit": unit, "kind": key.kind, "provider": key.provider,
        "start": key.start, "day": observation.day, "resolution": observation.resolution, "seen_at": observation.as_of,
    });
    let more = [
        ("end", observation.end.map(|end| json!(end))),
        ("id", key.provider_id.as_ref().map(|id| json!(id))),
        ("record", observation.record.as_ref().map(|id| json!(id))),
        ("finality", Some(observation.finality).filter(|finality| *finality > 0).map(|finality| json!(finality))),
        ("sport", sport.map(|sport| json!(sport))),
    ];
    if let Some(object) = line.as_object_mut() {
        object.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    line
}
