//! `checkin`: how a day was, in the person's own words of 1 to 5, and what must be looked at at once.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::parse_day;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::event::CheckInRecorded;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind};
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, SafetyRule, Symptom};
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
    /// A symptom to be looked at at once: chest_pain, fainting or breathlessness; may be given several times.
    #[arg(long)]
    symptom: Vec<String>,
    /// Your body temperature in degrees Celsius, taken with a thermometer.
    #[arg(long)]
    body_temperature: Option<f64>,
    /// The day; else today.
    #[arg(long)]
    day: Option<String>,
}

impl Ratings {
    fn symptoms(&self) -> Result<BTreeSet<Symptom>, Failure> {
        let known = |text: &String| {
            Symptom::ALL.into_iter().find(|symptom| symptom.key() == text).ok_or_else(|| {
                Failure::usage(format!("--symptom {text:?}: {}", Symptom::ALL.map(Symptom::key).join(", ")))
            })
        };
        self.symptom.iter().map(known).collect()
    }
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    ratings: &Ratings,
) -> Result<bool, Failure> {
    let symptoms = ratings.symptoms()?;
    // Whatever becomes of the record, a person who reports this is told what to do first.
    let urgent = (!symptoms.is_empty()).then(|| SafetyRule::RedFlagSymptom.text(Level::Stop));
    if let Some(urgent) = urgent {
        if out.json { out.error(urgent) } else { out.line(&format!("! {urgent}"))? }
    }
    let state = engine.state(person).await?;
    let today = runs::today(&state, config.now);
    let day = parse_day(ratings.day.as_deref(), "--day")?.unwrap_or(today);
    if day > today || today.days_since(day) > 366 {
        return Err(Failure::usage(format!("--day {day}: rate a day of the last year, up to today ({today})")));
    }
    let given = [
        (Metric::CheckinSleepQuality, ratings.sleep_quality),
        (Metric::CheckinEnergy, ratings.energy),
        (Metric::CheckinMood, ratings.mood),
        (Metric::CheckinStress, ratings.stress),
        (Metric::BodyTemperature, ratings.body_temperature),
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
            resolution: if metric == Metric::BodyTemperature { 0.1 } else { 1.0 },
            as_of: config.now,
            row: 0,
        });
    }
    if observations.is_empty() && symptoms.is_empty() {
        return Err(Failure::usage(
            "say at least one of --sleep-quality, --energy, --mood, --stress, from 1 to 5, or --symptom, or \
             --body-temperature",
        ));
    }
    let (count, told) = (observations.len(), symptoms.len());
    let day_told = (told > 0).then_some(day);
    let event = crate::domain::event::Event::from(CheckInRecorded { observations, symptoms, day: day_told });
    engine.decide(person, "checkin", config.now, |_| Ok(vec![event.clone()])).await?;
    if out.json {
        out.document(&json!({ "day": day, "recorded": count + told, "urgent": urgent }))?;
    } else {
        out.line(&format!("Recorded for {day}: {}.", count + told))?;
    }
    // What was reported must not wait for the next loop: until then the old text and its suggestions would stand.
    if told > 0 {
        engine.run_stages(person, config.now, None, &|_, _| ()).await?;
    }
    Ok(true)
}
