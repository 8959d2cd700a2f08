//! `loop`, `verify`, `rebuild`, `status`: running and checking.

use std::time::Instant;

use serde_json::json;

use super::parse_day;
use crate::app::config::{Config, EnvMode};
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::provider_settings::ProviderSettings;
use crate::app::system;
use crate::domain::person::PersonId;
use crate::engine::ports::checkpoint::Anchor;
use crate::engine::ports::journal::Fault;
use crate::engine::ports::views::Rebuilt;
use crate::engine::{Engine, EngineError};

/// A count with its noun.
pub(super) fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn stopwatch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "how long a command took is shown, never used")]
    Instant::now()
}

pub(super) async fn stages(
    engine: &Engine,
    config: &Config,
    out: &Out,
    person: PersonId,
    day: Option<&str>,
) -> Result<bool, Failure> {
    let day = parse_day(day, "--day")?;
    let today = crate::engine::run::today(&engine.state(person).await?, config.now);
    if let Some(day) = day.filter(|day| *day > today) {
        return Err(Failure::usage(format!("--day {day}: it is {today}; a day that has not come cannot be run")));
    }
    let started = stopwatch();
    let bar = out.bar(0, "running the stages");
    let progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let report = engine.run_stages(person, config.now, day, &progress).await?;
    bar.finish_and_clear();
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if out.json {
        let mut document = serde_json::to_value(&report)?;
        if let Some(object) = document.as_object_mut() {
            object.insert("elapsed_ms".to_owned(), elapsed_ms.into());
        }
        out.document(&document)?;
        return Ok(true);
    }
    if report.days == 0 {
        out.line("Nothing new: no data and no day since the last run.")?;
        return Ok(true);
    }
    let stages = [
        ("observe", "days scored", report.observe),
        ("safety", "notices raised and cleared, reviews asked for", report.safety),
        ("model", "statements raised, renewed, expired", report.model),
        ("intervene", "suggestions made or held back", report.intervene),
        ("evaluate", "experiments evaluated", report.evaluate),
        ("synthesize", "texts published", report.synthesize),
    ];
    let rows = stages.map(|(stage, what, count)| vec![stage.to_owned(), count.events.to_string(), what.to_owned()]);
    out.line(&format!("{} in {elapsed_ms} ms", counted(report.days, "day")))?;
    out.table(&["stage", "events", ""], rows.to_vec())?;
    Ok(true)
}

/// Checks the whole store, and its log against a checkpoint; one that cannot be used is a fault too.
pub(super) async fn verify(
    engine: &Engine,
    out: &Out,
    anchor: Result<Option<Anchor>, (&'static str, String)>,
) -> Result<bool, Failure> {
    let (anchor, unusable) = match anchor {
        Ok(anchor) => (anchor, None),
        Err(unusable) => (None, Some(unusable)),
    };
    let bar = out.bar(0, "verifying");
    let mut verified = engine.verify(anchor, &|events| bar.set_position(events)).await?;
    bar.finish_and_clear();
    if let Some((rule, what)) = &unusable {
        verified.faults.push(Fault { position: String::new(), rule: (*rule).to_owned() });
        verified.ok = false;
        out.error(what);
    }
    if out.json {
        out.document(&verified)?;
        return Ok(verified.ok);
    }
    if verified.ok {
        out.line(&format!(
            "ok: {} events in {} streams; {} runs made again with the same outcome",
            verified.events, verified.streams, verified.runs_reproduced
        ))?;
        match verified.checkpoint {
            Some(size) => out.line(&format!("the log continues its checkpoint of {size} events"))?,
            None => out.note(
                "There is no checkpoint yet, and without one an end of the log that was cut off is not seen: `candor \
                 checkpoint` writes one.",
            ),
        }
    }
    if verified.redacted > 0 {
        out.line(&format!("{} events were erased: they stand there, and nobody can read them", verified.redacted))?;
    }
    if verified.runs_of_other_rules > 0 {
        out.line(&format!(
            "{} runs were made under other rules and cannot be made again",
            verified.runs_of_other_rules
        ))?;
    }
    for fault in &verified.faults {
        out.line(&format!("position {}: {}", fault.position, fault.rule))?;
    }
    if verified.faults.iter().any(|fault| fault.rule.starts_with("checkpoint_")) {
        out.note(
            "The log is not the one of its checkpoint: its end was cut off (checkpoint_size), or something up to there was \
             changed, removed or moved (checkpoint_root). Keep the checkpoint and the log as they are and compare with a backup.",
        );
    }
    if !verified.ok {
        out.note(
            "Nothing was changed. A fault of a view is mended by `candor rebuild`; what is wrong in the log, its keys or \
             an original can only come back from a backup of the data folder.",
        );
    }
    Ok(verified.ok)
}

pub(super) async fn rebuild(engine: &Engine, out: &Out) -> Result<bool, Failure> {
    let rebuilt = engine.views.rebuild().await.map_err(EngineError::from)?;
    if out.json {
        let Rebuilt { digest, matches_live, switched } = &rebuilt;
        out.document(&json!({ "digest": digest, "matches_live": matches_live, "switched": switched }))?;
    } else {
        let outcome = match (rebuilt.matches_live, rebuilt.switched) {
            (true, _) => "the same as the live ones",
            (false, true) => "NOT the same as the live ones, and in use now",
            (false, false) => {
                "NOT the same as the live ones, and not taken into use: keys are missing, see `candor verify`"
            }
        };
        out.line(&format!("The read models were made anew: {outcome} (digest {})", rebuilt.digest))?;
    }
    Ok(rebuilt.matches_live)
}

pub(super) async fn status(engine: &Engine, config: &Config, out: &Out, show: bool) -> Result<bool, Failure> {
    let lag = engine.views.progress().await.map_err(EngineError::from)?;
    let (behind, seconds) = (lag.behind, lag.seconds_behind(config.now));
    engine.views.catch_up().await.map_err(EngineError::from)?;
    let paused = engine.views.progress().await.map_err(EngineError::from)?.paused;
    let refusals = engine.refusals.list().await.map_err(EngineError::from)?;
    let persons = engine.views.persons().await.map_err(EngineError::from)?;
    let jobs = super::jobs::Glance::read(config).await?;
    let backup = super::backup::newest(config).map(|one| (one.folder, one.manifest.made_at));
    let backup_hours = backup.as_ref().map(|(_, made_at)| (config.now - *made_at).num_hours());
    let store = if config.database_url.is_some() { "postgresql" } else { "sqlite" };
    let mode = match config.env_mode {
        None => "unset",
        Some(EnvMode::Dev) => "dev",
        Some(EnvMode::Staging) => "staging",
        Some(EnvMode::Production) => "production",
    };
    let from = |set: bool| if set { "environment" } else { "default" };
    let mut settings = json!({
        "data_dir": { "value": config.data_dir, "from": "flag --data-dir, CANDOR_DATA_DIR or default" },
        "DATABASE_URL": { "value": config.database_url.as_ref().map(|_| "set"), "from": from(config.database_url.is_some()) },
        "CANDOR_KEYS_URL": { "value": config.keys_url.as_ref().map(|_| "set"), "from": from(config.keys_url.is_some()) },
        "CANDOR_MASTER_KEY": { "value": config.master_key.as_ref().map(|_| "set"), "from": if config.master_key.is_some() { "environment" } else if config.master_key_file.is_some() { "CANDOR_MASTER_KEY_FILE" } else { "file master.key" } },
        "CANDOR_CHECKPOINT_DIR": { "value": system::checkpoint_folder(config), "from": from(config.checkpoint_dir.is_some()) },
        "CANDOR_CHECKPOINT_KEY_FILE": { "value": config.checkpoint_key_file, "from": if config.checkpoint_key_file.is_some() { "environment" } else { "file checkpoint.key" } },
        "ENV_MODE": { "value": mode, "from": from(config.env_mode.is_some()) },
        "CANDOR_PUBLIC_URL": { "value": config.public_url, "from": from(config.public_url.is_some()) },
    });
    if let Some(settings) = settings.as_object_mut() {
        let providers = config.providers.iter().flatten().flat_map(ProviderSettings::shown);
        settings.extend(providers.map(|(name, value, usual)| (name, json!({ "value": value, "from": from(!usual) }))));
        if let Err(bad) = &config.providers {
            settings.insert("providers".to_owned(), json!({ "value": bad, "from": from(true) }));
        }
    }
    let mut document = json!({
        "version": env!("CARGO_PKG_VERSION"), "store": store, "env_mode": mode, "persons": persons.len(),
        "safety_status": "strict", "enable_llm": config.model.is_some(),
        "read_models": { "behind": behind, "seconds_behind": seconds, "paused": paused },
        "refusals": refusals,
        "backup": backup.as_ref().map(|(folder, made_at)| json!({ "folder": folder, "made_at": made_at, "hours": backup_hours })),
        "jobs": jobs.document(config.mornings_target_pct),
    });
    if show && let Some(object) = document.as_object_mut() {
        object.insert("config".to_owned(), settings);
    }
    if out.json {
        out.document(&document)?;
        return Ok(true);
    }
    out.line(&format!(
        "candor {} on {store}, {}, env mode {mode}",
        env!("CARGO_PKG_VERSION"),
        counted(persons.len(), "person")
    ))?;
    if behind > 0 {
        out.line(&format!(
            "the read models were {behind} events behind the log, the oldest recorded {seconds} s ago, and have caught up"
        ))?;
    }
    for paused in &paused {
        out.line(&format!("person {} stands still at position {}: {}", paused.person, paused.position, paused.reason))?;
    }
    jobs.show(config.mornings_target_pct, out)?;
    match (&config.backup_dir, backup_hours) {
        (Some(_), Some(hours)) => out.line(&format!("the last backup is {} old", counted(hours, "hour")))?,
        (Some(folder), None) => out.line(&format!("there is no backup in {}", folder.display()))?,
        (None, _) => {}
    }
    if !refusals.is_empty() {
        let rows = refusals.iter().map(|r| vec![r.rule.clone(), r.field.clone(), r.count.to_string()]);
        out.table(&["refused by rule", "field", "times"], rows.collect())?;
    }
    if show && let Some(settings) = document.get("config").and_then(|c| c.as_object()) {
        let rows = settings.iter().map(|(name, s)| {
            let text = |key: &str| s.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            vec![name.clone(), text("value").unwrap_or_default(), text("from").unwrap_or_default()]
        });
        out.table(&["setting", "value", "from"], rows.collect())?;
    }
    Ok(true)
}
