//! `import`: take files in.

use std::path::PathBuf;

use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::files::{self, Taken};
use crate::app::present::Out;
use crate::app::system;
use crate::domain::observation::NotUsed;
use crate::domain::person::PersonId;
use crate::engine::{Engine, EngineError};

/// Rejections shown to a person; the rest is counted.
const SHOWN: usize = 10;

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<Uuid>,
    paths: &[PathBuf],
) -> Result<bool, Failure> {
    let person = owner(engine, named).await?;
    let register = async || system::newcomer(engine, config, out, named).await;
    let taken = files::take(engine, config.now, out, person, paths, register).await?;
    show(out, &taken, false)?;
    Ok(taken.unreadable.is_empty())
}

/// Whose files they are: the person named, else the only one; `None` where nobody is known yet.
pub(super) async fn owner(engine: &Engine, named: Option<Uuid>) -> Result<Option<PersonId>, Failure> {
    engine.views.catch_up().await.map_err(EngineError::from)?;
    let known = engine.views.persons().await.map_err(EngineError::from)?;
    Ok(match (named.map(PersonId::new), known.as_slice()) {
        (Some(person), _) => known.contains(&person).then_some(person),
        (None, []) => None,
        (None, _) => Some(system::person(engine, None).await?),
    })
}

/// What became of files, for a person or as JSON: one document, or one a line where more are to come.
pub(super) fn show(out: &Out, taken: &Taken, more_to_come: bool) -> Result<(), Failure> {
    for message in &taken.unreadable {
        out.error(message);
    }
    if out.json {
        nothing_of(out, taken);
        let document = json!({ "files": taken.reports, "unreadable": taken.unreadable });
        return if more_to_come { out.json_line(&document) } else { out.document(&document) };
    }
    let rows = taken.reports.iter().map(|r| {
        let counts = [r.read, r.accepted, r.duplicates - r.unused, r.corrected, r.unused, r.rejected, r.observations];
        [r.file.clone(), r.format.clone()].into_iter().chain(counts.iter().map(u64::to_string)).collect()
    });
    if !taken.reports.is_empty() {
        let header = ["file", "format", "read", "accepted", "known", "corrected", "unused", "rejected", "observations"];
        out.table(&header, rows.collect())?;
    }
    for report in &taken.reports {
        if report.zone_assumed && !taken.zone_is_known {
            out.note(&format!(
                "{}: it names no time zone; its days were told by UTC. `candor profile set --home-zone Europe/Berlin` \
                 tells them by yours, now or later.",
                report.file
            ));
        }
        for NotUsed { reason, rows } in &report.not_used {
            out.line(&format!("{}: rows that are not used, {rows}: each {reason}", report.file))?;
        }
        for rejection in report.rejections.iter().take(SHOWN) {
            let (row, field, reason) = (rejection.row, &rejection.field, &rejection.reason);
            out.line(&format!("{}: row {row}, {field}: {reason}", report.file))?;
        }
        let more = report.rejected.saturating_sub(SHOWN as u64);
        if more > 0 {
            out.line(&format!("{}: {more} more rows were refused; --json lists them", report.file))?;
        }
    }
    nothing_of(out, taken);
    Ok(())
}

/// Names the files of which nothing was good for anything.
fn nothing_of(out: &Out, taken: &Taken) {
    for file in &taken.nothing_of {
        out.error(&format!("{file}: nothing was taken: every row that holds a measurement was refused"));
    }
}
