//! `demo`: a made-up person of 180 days through all stages, on a store of its own that is gone afterwards.

use std::fmt::Write as _;

use chrono::{Duration, SecondsFormat};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;

use super::config::Config;
use super::error::Failure;
use super::present::Out;
use super::{command, files, system};
use crate::domain::claim::Period;
use crate::domain::day::LocalDay;
use crate::domain::person::PersonId;
use crate::domain::score::Band;
use crate::engine::run;
use crate::store::atomic_file::write_atomically;

/// Days of the made-up person.
const DAYS: u32 = 180;
/// The last days, in which sleep is shorter.
const SHORT_NIGHTS: u32 = 52;
/// The made-up person's id and seed: every demo is the same.
const PERSON: Uuid = Uuid::from_u128(0xca4d_0800_0000_4000_8000_0000_0000_0001);
const SEED: u64 = 180;

/// Runs the demo. Its clock stands at the evening of its last day unless `--now` says otherwise.
pub(super) async fn run(config: &Config, out: &Out, _once: bool) -> Result<bool, Failure> {
    let folder = std::env::temp_dir().join(format!("candor-demo-{}", std::process::id()));
    let outcome = show(config, out, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

async fn show(config: &Config, out: &Out, folder: &std::path::Path) -> Result<bool, Failure> {
    let last: LocalDay = LocalDay::at(config.now, chrono::Offset::fix(&chrono::Utc));
    let now = last.end(chrono::Offset::fix(&chrono::Utc));
    let config = Config { env_mode: config.env_mode, pretended: Some(now), ..Config::unset(folder.to_owned(), now) };
    let engine = system::open(&config).await?;
    let file = folder.join("demo.ndjson");
    let text = observations(last);
    write_atomically(&file, |out| out.write_all(text.as_bytes()))?;
    let register = async || {
        let person = PersonId::new(PERSON);
        engine.register(person, now).await?;
        Ok(person)
    };
    let quiet = Out { json: out.json, quiet: true };
    let taken = files::take(&engine, config.now, &quiet, None, std::slice::from_ref(&file), register).await?;
    if let Some(message) = taken.unreadable.first() {
        return Err(Failure::refused(message));
    }
    let person = PersonId::new(PERSON);
    let bar = out.bar(u64::from(DAYS), "running the stages");
    engine.run_stages(person, now, None, &|done, _| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let today = engine.today(person, now).await?;
    let narrative = engine.narrative(person, Period::Daily, now).await?;
    if out.json {
        out.document(&json!({
            "day": run::today(&engine.state(person).await?, now).to_string(),
            "score": today.score,
            "band": today.score.map(|score| Band::of(score).label()),
            "notices": today.notices,
            "degradation": today.degradation,
            "insights": today.insights,
            "context": today.context,
            "narrative": narrative,
        }))?;
        return Ok(true);
    }
    out.line("A made-up person: 180 days, and shorter nights in the last seven weeks.")?;
    if let (Some(score), Some(band)) = (today.score, today.band) {
        out.line(&format!("Readiness {score} of 100: {band}"))?;
    }
    // Its store is gone when it ends: no hint to ask it further.
    command::show(&Out { json: false, quiet: true }, &narrative)?;
    command::context(out, &today.context)?;
    let verified = engine.verify(None, &|_| {}).await?;
    out.note(&format!(
        "\n{} events in the log, verified. Your own: `candor import FILE`, then `candor loop`.",
        verified.events
    ));
    Ok(verified.ok)
}

/// Nights and days of a person who sleeps less of late, as own NDJSON.
fn observations(last: LocalDay) -> String {
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    // The sum of twelve uniform draws is near enough to a normal one, and the same on every machine.
    let mut normal = move || {
        let sum: f64 = (0..12).map(|_| f64::from(chance.next_u32()) / f64::from(u32::MAX)).sum();
        sum - 6.0
    };
    let mut out = String::new();
    let first = last.minus(DAYS - 1);
    let mut carry = [0.0; 5];
    for n in 0..DAYS {
        let day = first.plus(n);
        for part in &mut carry {
            *part = 0.3 * *part + 0.95 * normal();
        }
        let short = if n >= DAYS - SHORT_NIGHTS { 62.0 } else { 0.0 };
        let sleep = (448.0 - short + 30.0 * carry[0]).round().clamp(180.0, 640.0);
        let midnight = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
        let onset = midnight - Duration::minutes(45);
        #[expect(clippy::cast_possible_truncation, reason = "whole minutes, clamped above")]
        let wake = onset + Duration::minutes(sleep as i64 + 28);
        let values = [
            ("sleep_duration", "min", "sleep", sleep),
            ("resting_heart_rate", "bpm", "recovery", (55.0 + short / 40.0 + 1.6 * carry[1]).round()),
            ("hrv_rmssd", "ms", "recovery", (62.0 - short / 20.0 + 7.0 * carry[2]).round().max(12.0)),
            ("steps", "steps", "day", (8600.0 + 2100.0 * carry[3]).round().max(400.0)),
            ("stress", "points", "day", (34.0 + 7.0 * carry[4]).round().clamp(5.0, 95.0)),
        ];
        for (metric, unit, kind, value) in values {
            let (start, end) = if kind == "day" { (midnight, midnight + Duration::hours(23)) } else { (onset, wake) };
            let (start, end) = (text(start), text(end));
            let _ = writeln!(
                out,
                r#"{{"metric":"{metric}","value":{value},"unit":"{unit}","kind":"{kind}","start":"{start}","end":"{end}"}}"#
            );
        }
    }
    out
}

fn text(instant: crate::domain::Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
