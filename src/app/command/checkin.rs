//! `checkin`: how a day was, in the person's own words of 1 to 5.

use clap::Args;
use serde_json::json;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::day::LocalDay;
use crate::domain::event::CheckInRecorded;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::{Engine, run as runs};

#[derive(Debug, Args)]
pub(in crate::app) struct Ratings {
    /// How you slept.
    #[arg(long)]
    sleep_quality: Option<f64>,
    /// How much energy you have.
    #[arg(long)]
    energy: Option<f64>,
    /// Your mood.
    #[arg(long)]
    mood: Option<f64>,
    /// How stressed you are.
    #[arg(long)]
    stress: Option<f64>,
    /// The day; else today.
    #[arg(long)]
    day: Option<String>,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    ratings: &Ratings,
) -> Result<bool, Failure> {
    let state = engine.state(person).await?;
    let day: LocalDay = match &ratings.day {
        None => runs::today(&state, config.now),
        Some(text) => {
            text.parse().map_err(|_| Failure::usage(format!("--day {text:?}: write a day like 2026-03-01")))?
        }
    };
    let today = runs::today(&state, config.now);
    if day > today || today.days_since(day) > 366 {
        return Err(Failure::usage(format!("--day {day}: rate a day of the last year, up to today ({today})")));
    }
    let given = [
        (Metric::CheckinSleepQuality, ratings.sleep_quality),
        (Metric::CheckinEnergy, ratings.energy),
        (Metric::CheckinMood, ratings.mood),
        (Metric::CheckinStress, ratings.stress),
    ];
    let mut observations = Vec::new();
    for (metric, value) in given {
        let Some(value) = value else { continue };
        metric.check(value).map_err(|refusal| Failure::usage(format!("{}: {refusal}", metric.label())))?;
        // One word a day: a later one replaces it, and the log keeps both.
        let start = day.date().and_time(chrono::NaiveTime::MIN).and_utc();
        observations.push(Observation {
            key: ObservationKey {
                provider: Provider::Person,
                kind: RecordKind::Checkin,
                metric,
                start,
                provider_id: None,
            },
            end: None,
            day,
            value,
            resolution: 1.0,
            as_of: config.now,
            row: 0,
        });
    }
    if observations.is_empty() {
        return Err(Failure::usage("say at least one of --sleep-quality, --energy, --mood, --stress, from 1 to 5"));
    }
    let count = observations.len();
    let event = crate::domain::event::Event::from(CheckInRecorded { observations });
    engine.decide(person, "checkin", config.now, |_| Ok(vec![event.clone()])).await?;
    if out.json {
        out.document(&json!({ "day": day, "recorded": count }))?;
    } else {
        out.line(&format!("{count} ratings for {day} were recorded."))?;
    }
    Ok(true)
}
