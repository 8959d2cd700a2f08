//! `checkin`: how a day was, in the person's own words of 1 to 5, and what must be looked at at once.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::parse_day;
use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::person::PersonId;
use crate::domain::safety::Symptom;
use crate::engine::checkins::{CheckIn, CheckedIn};
use crate::engine::{Engine, EngineError};

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
    let given = [ratings.sleep_quality, ratings.energy, ratings.mood, ratings.stress, ratings.body_temperature];
    let rated = CheckIn::METRICS.into_iter().zip(given).filter_map(|(metric, value)| Some((metric, value?)));
    let day = parse_day(ratings.day.as_deref(), "--day")?;
    let check_in = CheckIn { day, ratings: rated.collect(), symptoms: ratings.symptoms()? };
    // Whatever becomes of the record, a person who reports this is told what to do first.
    let urgent = check_in.urgent();
    if let Some(urgent) = urgent {
        if out.json { out.error(urgent) } else { out.line(&format!("! {urgent}"))? }
    }
    let outcome = engine.check_in(person, &check_in, config.now).await;
    let CheckedIn { day, recorded, .. } = outcome.map_err(|error| match error {
        EngineError::Refused(violation) if violation.rule == CheckIn::RULE => Failure::usage(violation),
        other => other.into(),
    })?;
    if out.json {
        out.document(&json!({ "day": day, "recorded": recorded, "urgent": urgent }))?;
    } else {
        out.line(&format!("Recorded for {day}: {recorded}."))?;
    }
    Ok(true)
}
