//! `profile`: what safety and the score need to know.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::person::PersonId;
use crate::domain::plan::Matter;
use crate::domain::profile::{Condition, ProfileChange};
use crate::engine::Engine;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Declare or change; what is not named stays as it is.
    Set(Settings),
    /// Show it.
    Show,
}

#[derive(Debug, Args)]
pub(in crate::app) struct Settings {
    /// under18, from18_to39, from40_to64 or from65
    #[arg(long)]
    age_band: Option<String>,
    /// Conditions, separated by commas, or `none`: pregnancy, heart, diabetes, epilepsy, eating_disorder,
    /// sleep_disorder, bipolar.
    #[arg(long)]
    conditions: Option<String>,
    /// Whether you take medication that slows the heart.
    #[arg(long)]
    heart_medication: Option<bool>,
    /// Your height in whole centimetres.
    #[arg(long, value_parser = clap::value_parser!(u16).range(50..=260))]
    height_cm: Option<u16>,
    /// Home zone, as in Europe/Berlin, for files that name none.
    #[arg(long)]
    home_zone: Option<String>,
    /// What matters to you, separated by commas, or `none`: sleep, recovery, training, movement, calm, energy.
    #[arg(long)]
    matters: Option<String>,
    /// Whether sleep counts in the readiness score.
    #[arg(long)]
    score_sleep: Option<bool>,
    /// Whether stress counts in it.
    #[arg(long)]
    score_stress: Option<bool>,
    /// Whether HRV counts in it.
    #[arg(long)]
    score_hrv: Option<bool>,
}

impl Settings {
    fn change(&self) -> Result<ProfileChange, Failure> {
        let age_band = self.age_band.as_ref().map(|text| {
            serde_json::from_value(text.as_str().into()).map_err(|_| {
                Failure::usage(format!("--age-band {text:?}: under18, from18_to39, from40_to64 or from65"))
            })
        });
        let conditions = self.conditions.as_ref().map(|text| {
            words::<Condition>(text).map_err(|_| {
                Failure::usage(format!(
                    "--conditions {text:?}: none, or of pregnancy, heart, diabetes, epilepsy, eating_disorder, \
                     sleep_disorder, bipolar"
                ))
            })
        });
        let home_zone = self.home_zone.as_ref().map(|text| {
            text.parse().map_err(|_| {
                Failure::usage(format!("--home-zone {text:?}: write a zone like Europe/Berlin or America/New_York"))
            })
        });
        let matters = self.matters.as_ref().map(|text| {
            words::<Matter>(text).map_err(|_| {
                Failure::usage(format!(
                    "--matters {text:?}: none, or of sleep, recovery, training, movement, calm, energy"
                ))
            })
        });
        Ok(ProfileChange {
            age_band: age_band.transpose()?,
            conditions: conditions.transpose()?,
            heart_medication: self.heart_medication,
            height_cm: self.height_cm,
            home_zone: home_zone.transpose()?,
            matters: matters.transpose()?,
            score_sleep: self.score_sleep,
            score_stress: self.score_stress,
            score_hrv: self.score_hrv,
        })
    }
}

/// Closed words separated by commas; `none` is none of them.
fn words<T: DeserializeOwned + Ord>(text: &str) -> Result<BTreeSet<T>, serde_json::Error> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none");
    words.map(|word| serde_json::from_value(word.into())).collect()
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let profile = match action {
        Action::Show => engine.state(person).await?.profile,
        Action::Set(settings) => {
            let change = settings.change()?;
            let folder = tempfile::Builder::new().prefix(".original.").tempdir_in(&config.data_dir)?;
            engine.declare(person, &change, config.now, folder.path()).await?
        }
    };
    if out.json {
        out.document(&profile)?;
        return Ok(true);
    }
    let unknown = || "unknown".to_owned();
    let key = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let conditions = profile.conditions.as_ref().map_or_else(unknown, |set| {
        let names: Vec<String> = set.iter().filter_map(|c| serde_json::to_value(c).ok()).map(key).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    });
    let names = profile.matters.iter().filter_map(|matter| serde_json::to_value(matter).ok()).map(key);
    let matters = Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty());
    let matters = matters.unwrap_or_else(|| "nothing in particular".to_owned());
    let flags = profile.score_flags;
    out.table(
        &["", ""],
        vec![
            vec!["age band".into(), profile.age_band.map_or_else(unknown, |a| key(serde_json::json!(a)))],
            vec!["conditions".into(), conditions],
            vec!["heart medication".into(), profile.heart_medication.map_or_else(unknown, |b| b.to_string())],
            vec!["height".into(), profile.height_cm.map_or_else(unknown, |cm| format!("{cm} cm"))],
            vec![
                "home zone".into(),
                profile.home_zone.map_or_else(|| "unknown (UTC is used)".into(), |z| z.to_string()),
            ],
            vec!["what matters".into(), matters],
            vec!["score counts".into(), format!("sleep {}, stress {}, hrv {}", flags.sleep, flags.stress, flags.hrv)],
        ],
    )?;
    Ok(true)
}
