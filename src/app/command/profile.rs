//! `profile`: what safety and the score need to know.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::domain::event::ProfileDeclared;
use crate::domain::person::PersonId;
use crate::domain::plan::Matter;
use crate::domain::profile::{Condition, Profile};
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
    fn apply(&self, profile: &mut Profile) -> Result<(), Failure> {
        if let Some(text) = &self.age_band {
            let parsed = serde_json::from_value(text.as_str().into());
            profile.age_band = Some(parsed.map_err(|_| {
                Failure::usage(format!("--age-band {text:?}: under18, from18_to39, from40_to64 or from65"))
            })?);
        }
        if let Some(text) = &self.conditions {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "none");
            let conditions: Result<BTreeSet<Condition>, _> =
                names.map(|name| serde_json::from_value(name.into())).collect();
            profile.conditions = Some(conditions.map_err(|_| {
                Failure::usage(format!(
                    "--conditions {text:?}: none, or of pregnancy, heart, diabetes, epilepsy, eating_disorder, \
                     sleep_disorder, bipolar"
                ))
            })?);
        }
        if let Some(text) = &self.home_zone {
            let zone = text.parse().map_err(|_| {
                Failure::usage(format!("--home-zone {text:?}: write a zone like Europe/Berlin or America/New_York"))
            })?;
            profile.home_zone = Some(zone);
        }
        if let Some(text) = &self.matters {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "none");
            let matters: Result<BTreeSet<Matter>, _> = names.map(|name| serde_json::from_value(name.into())).collect();
            profile.matters = matters.map_err(|_| {
                Failure::usage(format!(
                    "--matters {text:?}: none, or of sleep, recovery, training, movement, calm, energy"
                ))
            })?;
        }
        profile.heart_medication = self.heart_medication.or(profile.heart_medication);
        profile.height_cm = self.height_cm.or(profile.height_cm);
        let flags = &mut profile.score_flags;
        flags.sleep = self.score_sleep.unwrap_or(flags.sleep);
        flags.stress = self.score_stress.unwrap_or(flags.stress);
        flags.hrv = self.score_hrv.unwrap_or(flags.hrv);
        Ok(())
    }
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    action: &Action,
) -> Result<bool, Failure> {
    let mut profile = engine.state(person).await?.profile;
    if let Action::Set(settings) = action {
        settings.apply(&mut profile)?;
        let declared = profile.clone();
        engine
            .decide(person, "profile", config.now, |state| {
                Ok(if state.profile == declared {
                    Vec::new()
                } else {
                    vec![ProfileDeclared { profile: declared.clone() }.into()]
                })
            })
            .await?;
        // A condition speaks at once where something was told that it may speak against.
        let state = engine.state(person).await?;
        if !state.scores.is_empty() || !state.insights.is_empty() {
            engine.run_stages(person, config.now, None, &|_, _| ()).await?;
        }
    }
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
