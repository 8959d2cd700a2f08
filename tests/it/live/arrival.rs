//! No order of arrival changes what is known: one week through webhooks, polls, backfills and exports.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use candor::domain::Instant;
use candor::domain::day::LocalDay;
use candor::domain::metric::Metric;
use candor::domain::observation::RecordKind;
use candor::domain::person::PersonId;
use candor::domain::provider::Provider;
use candor::engine::Engine;
use candor::engine::import::FileReport;
use candor::engine::ports::export::ReadContext;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::week::{DELETED, EDITED, Week, at, sleep_id};
use crate::support::Place;

const NOW: &str = "2026-05-10T12:00:00Z";
/// When the person deletes a night, after everything else was told.
const DELETION: &str = "2026-05-10T11:00:00Z";

/// A person with a store of their own.
pub(super) struct Person {
    place: Place,
    pub(super) engine: Engine,
    pub(super) id: PersonId,
    now: Instant,
    files: std::cell::Cell<u32>,
}

impl Person {
    pub(super) async fn new(now: &str) -> Self {
        let place = Place::sqlite().await.unwrap();
        let engine = place.engine_over(place.log().await).await;
        let id = PersonId::new(Uuid::from_u128(7));
        engine.register(id, at(now)).await.unwrap();
        Self { place, engine, id, now: at(now), files: std::cell::Cell::new(0) }
    }

    /// Takes a file as a sync hands it over.
    pub(super) async fn take(&self, bytes: impl AsRef<[u8]>) -> Vec<FileReport> {
        self.files.set(self.files.get() + 1);
        let path = self.place.path(&format!("{}.bin", self.files.get()));
        std::fs::write(&path, bytes).unwrap();
        let context = ReadContext { home_zone: chrono_tz::Tz::UTC, now: self.now };
        let surveyed = self.engine.survey(&path, context, |_| ()).await.unwrap();
        let reports = self.engine.import(self.id, &surveyed, context, &|_| ()).await.unwrap();
        for report in &reports {
            assert_eq!(report.rejections, []);
        }
        reports
    }

    pub(super) async fn delete(&self, record: &str, when: &str) -> u64 {
        self.engine.retract_record(self.id, Provider::Whoop, record, "deleted_by_provider", at(when)).await.unwrap()
    }

    /// What is known: every fact that stands, without who told it last and when.
    pub(super) async fn known(&self) -> Vec<String> {
        self.engine.views.catch_up().await.unwrap();
        let facts = self.engine.views.observations(self.id, LocalDay::FIRST).await.unwrap();
        let told = facts.into_iter().map(|(o, _)| {
            let (key, end) = (o.key, o.end.map(|end| end.to_rfc3339()));
            let place = format!("{} {} {} {:?}", key.kind.key(), key.metric, key.start.to_rfc3339(), key.provider_id);
            format!("{place} {end:?} {} {:?} {:?} {:?}", o.day, o.value, o.resolution, o.record)
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        told
    }

    /// A metric's values by day, of one kind of record.
    pub(super) async fn of(&self, kind: RecordKind, metric: Metric) -> Vec<(String, f64)> {
        self.engine.views.catch_up().await.unwrap();
        let facts = self.engine.views.observations(self.id, LocalDay::FIRST).await.unwrap();
        let of = facts.into_iter().map(|(o, _)| o).filter(|o| o.key.kind == kind && o.key.metric == metric);
        let mut days: Vec<(String, f64)> = of.map(|o| (o.day.to_string(), o.value)).collect();
        days.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        days
    }

    /// Brings the stages up to date, and gives the score of each day.
    pub(super) async fn scores(&self) -> BTreeMap<String, u64> {
        self.engine.run_stages(self.id, self.now, None, &|_, _| ()).await.unwrap();
        self.told_scores().await
    }

    pub(super) async fn told_scores(&self) -> BTreeMap<String, u64> {
        self.engine.views.catch_up().await.unwrap();
        let scored = self.engine.views.entities(self.id, "day_score", None).await.unwrap();
        scored.into_iter().map(|day| (day.entity_id, day.body["score"]["score"].as_u64().unwrap())).collect()
    }

    /// The log and the read models say the same.
    pub(super) async fn holds(&self) {
        let verified = self.engine.verify(None, &|_| ()).await.unwrap();
        assert!(verified.ok, "{verified:?}");
        assert!(self.engine.views.rebuild().await.unwrap().matches_live);
    }
}

pub(super) fn zipped(members: &[(&str, String)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[derive(Clone, Debug)]
enum Arrival {
    Document(Vec<u8>),
    Deletion,
}

/// Everything that arrives in a week, in the order of the week; the last is the deletion.
fn arrivals(week: &Week) -> Vec<Arrival> {
    let document = |value: Value| Arrival::Document(value.to_string().into_bytes());
    let mut all = Vec::new();
    // A document for each night as soon as it is told, and again once it has changed.
    for n in 0..7_usize {
        let morning = at("2026-05-04T07:30:00Z") + chrono::Duration::days(n as i64);
        all.push(document(week.cycles(morning, [n])));
        all.push(document(week.cycles(morning + chrono::Duration::hours(13), [n])));
        all.push(document(week.sleeps(morning + chrono::Duration::hours(13), &[n])));
        all.push(document(week.cycles(at(NOW), [n])));
    }
    // Pages of what a window shows.
    for (now, nights) in
        [("2026-05-06T08:00:00Z", 0..3), ("2026-05-08T19:00:00Z", 1..5), ("2026-05-10T10:00:00Z", 3..7)]
    {
        all.push(document(week.cycles(at(now), nights.rev())));
    }
    // All at once, as it was in the middle of the week and as it is before the deletion.
    all.push(document(week.backfill(at("2026-05-07T12:00:00Z"), 0..4)));
    all.push(document(week.backfill(at("2026-05-10T10:30:00Z"), 0..7)));
    // Exports of before the edit, of when a score was late, and of before the deletion.
    for now in ["2026-05-06T09:00:00Z", "2026-05-08T10:00:00Z", "2026-05-10T10:40:00Z"] {
        all.push(Arrival::Document(zipped(&week.export(at(now)))));
    }
    all.push(Arrival::Deletion);
    all
}

async fn taken(arrivals: &[&Arrival]) -> Person {
    let person = Person::new(NOW).await;
    for arrival in arrivals {
        match arrival {
            Arrival::Document(bytes) => drop(person.take(bytes).await),
            Arrival::Deletion => drop(person.delete(&sleep_id(DELETED), DELETION).await),
        }
    }
    person
}

/// What is left of the week at its end, told once.
async fn plainly(week: &Week) -> Person {
    let person = Person::new(NOW).await;
    let mut rest = week.backfill(at(NOW), 0..7);
    for part in ["sleep", "recovery"] {
        rest["whoop_cycles"][DELETED][part] = Value::Null;
    }
    person.take(rest.to_string()).await;
    person
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_is_known_the_same_however_it_is_packed() {
    let week = Week::new();
    let whole = Person::new(NOW).await;
    whole.take(week.backfill(at(NOW), 0..7).to_string()).await;
    let (known, scores) = (whole.known().await, whole.scores().await);
    // Seven nights of 12 values, as many recoveries of 5 and cycles of 4, a nap, three workouts of 12.
    assert_eq!(known.len(), 7 * 21 + 1 + 3 * 12);
    assert_eq!(scores.len(), 7);
    let night_by_night = Person::new(NOW).await;
    for n in [3, 0, 6, 1, 5, 2, 4] {
        night_by_night.take(week.cycles(at(NOW), [n]).to_string()).await;
    }
    let mut rest = week.backfill(at(NOW), []);
    night_by_night.take(rest.to_string()).await;
    assert_eq!(night_by_night.known().await, known);
    assert_eq!(night_by_night.scores().await, scores);
    // The same again, in a page with what it knows already, is nothing new.
    rest["whoop_cycles"] = week.cycles(at(NOW), 0..7)["whoop_cycles"].clone();
    let again = night_by_night.take(rest.to_string()).await;
    assert_eq!((again[0].duplicates, again[0].observations), (again[0].read, 0));
    // The export says the same, less finely; what it lacks is the cycle that is still open.
    let export = Person::new(NOW).await;
    export.take(zipped(&week.export(at(NOW)))).await;
    assert_eq!(export.known().await.len(), known.len() - 4);
    // A part of a score is rounded from whole minutes and milliseconds here, and from their fractions there.
    for (day, score) in export.scores().await {
        assert!(score.abs_diff(scores[&day]) <= 1, "{day}");
    }
    // And once it has been read through the API as well, nothing tells where it came from first.
    export.take(week.backfill(at(NOW), 0..7).to_string()).await;
    assert_eq!(export.known().await, known);
    assert_eq!(export.scores().await, scores);
    for person in [&whole, &night_by_night, &export] {
        person.holds().await;
    }
}

#[test]
fn no_order_of_arrival_changes_what_is_known() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let week = Week::new();
    let all = arrivals(&week);
    let (expected, scores) = runtime.block_on(async {
        let person = plainly(&week).await;
        (person.known().await, person.scores().await)
    });
    let last = all.len() - 1;
    let order = prop::collection::vec(0..last, 0..6)
        .prop_map(move |again| (0..last).chain(again).collect::<Vec<usize>>())
        .prop_shuffle();
    let strategy = (order, prop::collection::vec(any::<prop::sample::Index>(), 1..3));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    proptest!(config, |((mut order, when) in strategy)| {
        // The notice of a deletion may overtake everything that was told of the record, and come twice.
        for when in when {
            order.insert(when.index(order.len() + 1), last);
        }
        let sequence: Vec<&Arrival> = order.iter().map(|n| &all[*n]).collect();
        runtime.block_on(async {
            let person = taken(&sequence).await;
            let known = person.known().await;
            let lacking: Vec<_> = expected.iter().filter(|fact| !known.contains(fact)).collect();
            let beyond: Vec<_> = known.iter().filter(|fact| !expected.contains(fact)).collect();
            prop_assert!(lacking.is_empty() && beyond.is_empty(), "{order:?}\nlacking {lacking:#?}\nbeyond {beyond:#?}");
            prop_assert_eq!(person.scores().await, scores.clone());
            person.holds().await;
            Ok(())
        })?;
    });
    // The edited night is known once, as it was edited.
    assert_eq!(expected.iter().filter(|fact| fact.starts_with("sleep sleep_duration")).count(), 6);
    let edited = at("2026-05-03T21:40:05Z") + chrono::Duration::minutes(EDITED as i64 * (7 + 24 * 60) + 45);
    assert!(expected.iter().any(|fact| fact.starts_with(&format!("sleep sleep_duration {}", edited.to_rfc3339()))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_gone_before_it_was_told_stays_gone_until_a_newer_word() {
    let (week, person) = (Week::new(), Person::new(NOW).await);
    assert_eq!(person.delete(&sleep_id(DELETED), DELETION).await, 0, "nothing was known of it");
    assert_eq!(person.delete(&sleep_id(DELETED), DELETION).await, 0);
    // What its provider told before the deletion, by a late poll and by an export that has no ids.
    person.take(week.backfill(at("2026-05-10T10:30:00Z"), 0..7).to_string()).await;
    person.take(zipped(&week.export(at("2026-05-10T10:40:00Z")))).await;
    assert_eq!(person.known().await, plainly(&week).await.known().await);
    assert_eq!(person.of(RecordKind::Sleep, Metric::SleepDuration).await.len(), 6);
    // It is remembered once, and an id of nobody's hinders nothing.
    assert_eq!(person.delete("nobody-knows-this", DELETION).await, 0);
    let deletions = person.engine.views.entities(person.id, "deletion", None).await.unwrap();
    assert_eq!(deletions.len(), 2);
    person.holds().await;
}

/// Who deletes the newest night is not told that their data are as new as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_data_are_those_that_stand() {
    let (week, person) = (Week::new(), Person::new(NOW).await);
    person.take(week.sleeps(at("2026-05-10T10:30:00Z"), &[0, 1, DELETED]).to_string()).await;
    let newest = async || person.engine.today(person.id, person.now).await.unwrap().newest_data;
    person.scores().await;
    let nights = person.of(RecordKind::Sleep, Metric::SleepDuration).await;
    assert_eq!(newest().await.as_ref(), nights.last().map(|(day, _)| day));
    assert!(person.delete(&sleep_id(DELETED), DELETION).await > 0);
    assert_eq!(newest().await.as_ref(), Some(&nights[1].0));
    person.scores().await;
    assert_eq!(newest().await.as_ref(), Some(&nights[1].0));
    person.holds().await;
}

/// A value that was changed and changed back is what it was changed back to, whichever word comes last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_and_changed_back_ends_as_it_was_said_last() {
    let word = |value: u32, hour: u32| {
        format!(
            "{{\"metric\":\"steps\",\"value\":{value},\"unit\":\"steps\",\"kind\":\"day\",\
             \"start\":\"2026-05-09T06:00:00Z\",\"updated_at\":\"2026-05-09T{hour:02}:00:00Z\"}}\n"
        )
    };
    let words = [word(8_000, 10), word(9_000, 12), word(8_000, 14)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let person = Person::new(NOW).await;
        for n in order {
            person.take(&words[n]).await;
        }
        let steps = async || person.of(RecordKind::Day, Metric::Steps).await;
        assert_eq!(steps().await, [("2026-05-09".to_owned(), 8_000.0)], "{order:?}");
        // The same again says nothing new.
        for n in order {
            let again = person.take(&words[n]).await;
            assert_eq!((again[0].accepted, again[0].corrected, again[0].duplicates), (0, 0, 1), "{order:?}");
        }
        person.holds().await;
    }
}
