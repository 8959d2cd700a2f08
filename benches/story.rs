//! A person's days through all stages: one day's run and the whole story, a year of eight metrics and ten years of thirty, as
//! the pure functions alone; the year through a durable store in SQLite too, which loads the history, checks, seals,
//! flushes and takes in. Prints medians.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor::domain::day::LocalDay;
use candor::domain::event::{ConsentGranted, Event, ObservationsRecorded, PersonRegistered};
use candor::domain::metric::{Cadence, Metric};
use candor::domain::observation::{Observation, ObservationKey, RecordKind, Source};
use candor::domain::person::PersonId;
use candor::domain::profile::Purpose;
use candor::domain::provider::Provider;
use candor::domain::state::PersonState;
use candor::engine::Engine;
use candor::engine::history::History;
use candor::engine::ports::entropy::Entropy;
use candor::engine::run::Run;
use candor::providers::ExportFiles;
use candor::store::journal::SealedJournal;
use candor::store::keys::{KeyPlace, KeyStore};
use candor::store::log::{EventLog, SqliteLog};
use candor::store::log_place::LogPlace;
use candor::store::originals::SealedOriginals;
use candor::store::refusals::RefusalTable;
use candor::store::seal::Key;
use candor::store::sql::{Durability, Sql};
use candor::store::views::{PeopleViews, Place};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const YEAR: u32 = 365;
const YEAR_METRICS: [(Metric, f64, f64); 8] = [
    (Metric::SleepDuration, 440.0, 35.0),
    (Metric::RestingHeartRate, 56.0, 2.0),
    (Metric::HrvRmssd, 60.0, 8.0),
    (Metric::Steps, 8000.0, 1800.0),
    (Metric::Stress, 35.0, 7.0),
    (Metric::SleepEfficiency, 90.0, 3.0),
    (Metric::RespiratoryRate, 15.0, 0.5),
    (Metric::Spo2, 96.0, 0.6),
];
const TEN_YEARS: u32 = 3_650;
const MANY: usize = 30;

/// The eight metrics of the year, and others around the middle of their range.
fn many() -> Vec<(Metric, f64, f64)> {
    let known = |metric: &Metric| YEAR_METRICS.iter().any(|(known, ..)| known == metric);
    let daily = |metric: &Metric| {
        !matches!(metric.definition().cadence, Cadence::PerActivity | Cadence::PerQuestion) && !known(metric)
    };
    let others = Metric::ALL.into_iter().filter(daily).map(|metric| {
        let (low, high) = metric.definition().plausible;
        (metric, f64::midpoint(low, high), (high - low) / 20.0)
    });
    YEAR_METRICS.into_iter().chain(others).take(MANY).collect()
}

/// So many days, each with a value of every metric: noise that remembers the day before by 0.3.
fn days(count: u32, metrics: &[(Metric, f64, f64)]) -> Vec<Vec<Observation>> {
    let mut chance = ChaCha8Rng::seed_from_u64(8);
    let first: LocalDay = "2016-01-01".parse().expect("a day");
    let mut carry = vec![0.0; metrics.len()];
    (0..count)
        .map(|n| {
            let day = first.plus(n);
            let start = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
            metrics
                .iter()
                .zip(&mut carry)
                .map(|((metric, mean, sd), carry)| {
                    let sum: f64 = (0..12).map(|_| f64::from(chance.next_u32()) / f64::from(u32::MAX)).sum();
                    *carry = 0.3 * *carry + 0.954 * (sum - 6.0);
                    let key = ObservationKey {
                        provider: Provider::File,
                        kind: RecordKind::Sample,
                        metric: *metric,
                        start,
                        provider_id: None,
                    };
                    Observation { row: n, ..Observation::new(key, day, metric.round(mean + sd * *carry)) }
                })
                .collect()
        })
        .collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let person = PersonId::new(uuid::Uuid::from_u128(8));
    let year = days(YEAR, &YEAR_METRICS);
    alone(person, &year, 5);
    alone(person, &days(TEN_YEARS, &many()), 1);
    let last = year.last().expect("a year has days")[0].day;
    let now = last.end(chrono::Offset::fix(&chrono::Utc));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(stored(person, &year, last, now));
}

/// The stages as pure functions.
fn alone(person: PersonId, told: &[Vec<Observation>], stories: usize) {
    let mut fresh = PersonState::default();
    let source = Source { provider: Provider::File, format: "bench".to_owned(), file: None, digest: None };
    let events: [Event; 2] = [
        PersonRegistered { origin: "bench".to_owned() }.into(),
        ConsentGranted { purpose: Purpose::Processing }.into(),
    ];
    for (revision, event) in (0..).zip(&events) {
        fresh.evolve(revision, event);
    }
    for (revision, observations) in (2..).zip(told) {
        let batch = ObservationsRecorded { source: source.clone(), observations: observations.clone() };
        fresh.evolve(revision, &batch.into());
    }
    let history = History::of(told.iter().flatten().cloned());
    let days: Vec<LocalDay> = told.iter().map(|day| day[0].day).collect();
    let last = *days.last().expect("there are days");
    let now = last.end(chrono::Offset::fix(&chrono::Utc));

    let story = || {
        let started = Instant::now();
        let mut state = fresh.clone();
        let mut written = 0;
        for day in &days {
            let present = (*day == last).then_some(now);
            let run = Run::day(person, &state, &history, *day, present).expect("a run");
            written += run.events.len();
            state = run.state;
        }
        (started.elapsed(), written, state)
    };
    let stories: Vec<_> = (0..stories).map(|_| story()).collect();
    let (_, written, state) = &stories[0];
    let whole = median(stories.iter().map(|(time, ..)| *time).collect());
    let one = median(
        (0..25)
            .map(|_| {
                let started = Instant::now();
                let run = Run::day(person, state, &history, last, Some(now)).expect("a run");
                std::hint::black_box(run.events.len());
                started.elapsed()
            })
            .collect(),
    );
    let size = format!("{} days x {} metrics", days.len(), told[0].len());
    println!("stages alone, one day over {size}: {:.2} ms", ms(one));
    println!("stages alone, the whole story of {size}: {:.0} ms, {written} events", ms(whole));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("random bytes");
    }
}

async fn open(folder: &Path) -> Engine {
    let entropy: Arc<dyn Entropy> = Arc::new(Random);
    let keys = KeyPlace::File(folder.join("keys.db"));
    let keys = Arc::new(KeyStore::open(&keys, Key::new([7; 32]), Arc::clone(&entropy)).await.expect("keys"));
    let path = folder.join("log.db");
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&path).await.expect("a log"));
    let journal = Arc::new(SealedJournal::new(log, Arc::clone(&keys), Arc::clone(&entropy)));
    let sql = Sql::open_sqlite(&path, Durability::Full).await.expect("a database");
    let refusals = Arc::new(RefusalTable::new(sql.clone()));
    let place = Place::Folder(folder.to_owned());
    let views = PeopleViews::open(place, sql, Arc::clone(&journal), LogPlace::Tables).await.expect("read models");
    let originals = SealedOriginals::new(folder.join("originals"), Arc::clone(&keys), entropy);
    let (views, originals) = (Arc::new(views), Arc::new(originals));
    Engine {
        journal,
        views,
        originals,
        keys: keys as _,
        holders: Vec::new(),
        exports: Arc::new(ExportFiles),
        refusals,
        narrator: None,
    }
}

/// The same through a store: what `candor loop` does after an import.
async fn stored(person: PersonId, year: &[Vec<Observation>], last: LocalDay, now: chrono::DateTime<chrono::Utc>) {
    let source = Source { provider: Provider::File, format: "bench".to_owned(), file: None, digest: None };
    let (mut stories, mut days) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = open(folder.path()).await;
        engine.register(person, now).await.expect("a person");
        for chunk in year.chunks(100) {
            let observations: Vec<Observation> = chunk.iter().flatten().cloned().collect();
            let batch: Event = ObservationsRecorded { source: source.clone(), observations }.into();
            engine.decide(person, "bench", now, |_| Ok(vec![batch.clone()])).await.expect("an append");
        }
        let started = Instant::now();
        engine.run_stages(person, now, None, &|_, _| {}).await.expect("a loop");
        stories.push(started.elapsed());
        for _ in 0..15 {
            let started = Instant::now();
            engine.run_stages(person, now, Some(last), &|_, _| {}).await.expect("a run");
            days.push(started.elapsed());
        }
    }
    println!("through SQLite, one --day run: {:.1} ms", ms(median(days)));
    println!("through SQLite, the whole story: {:.0} ms", ms(median(stories)));
}
