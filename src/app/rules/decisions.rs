//! What an operator has to decide, and nothing decides for them: backups, checkpoints, alerts, how long data are kept, and by whom else.

use super::Fault;
use super::facts::{Backup, Facts};

/// The one word about alerts there is until they can be sent.
const NONE_ACCEPTED: &str = "none-accepted";
/// Days after which a backup is too old: a week that nobody looked.
const OLDEST_BACKUP_DAYS: i64 = 7;
/// A hundred years.
const LONGEST_DAYS: u32 = 36_500;

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    [backup(facts), unsaved(facts), checkpoints(facts), alerts(facts), retention(facts), model(facts)]
        .into_iter()
        .flatten()
        .collect()
}

fn backup(facts: &Facts) -> Option<Fault> {
    let what = match facts.backup {
        _ if !facts.on_sqlite => return None,
        Backup::Apart => return None,
        Backup::Unnamed => "it is not set, and the files of the data folder have no copy",
        Backup::NoFolder => "it names no folder that exists",
        Backup::InsideData => "it lies in the data folder",
    };
    Some(Fault::new(
        "CANDOR_BACKUP_DIR",
        what,
        "name a folder on another disk that the user who runs candor may write to",
    ))
}

fn unsaved(facts: &Facts) -> Option<Fault> {
    // Where nothing is named that is the fault.
    let named = facts.on_sqlite && matches!(facts.backup, Backup::Apart);
    let days = facts.unsaved_days.filter(|days| named && *days > OLDEST_BACKUP_DAYS)?;
    let what = format!("no backup was made for {days} days");
    Some(Fault::new("CANDOR_BACKUP_DIR", what, "run `candor backup`, every day by itself from now on"))
}

fn checkpoints(facts: &Facts) -> Option<Fault> {
    let what = match facts.checkpoints {
        // Where it is not set they lie with the backups.
        Backup::Apart | Backup::Unnamed => return None,
        Backup::NoFolder => "it names no folder",
        Backup::InsideData => "it lies in the data folder",
    };
    Some(Fault::new(
        "CANDOR_CHECKPOINT_DIR",
        what,
        "name a folder on another disk or machine that the user who runs candor may write to",
    ))
}

fn alerts(facts: &Facts) -> Option<Fault> {
    let what = match facts.alerts.as_deref() {
        Some(NONE_ACCEPTED) => return None,
        None => "it is not set, and nobody is told when something fails",
        Some(_) => "it holds a word that is not known",
    };
    Some(Fault::new("CANDOR_ALERTS", what, "write none-accepted if you watch the log yourself"))
}

fn retention(facts: &Facts) -> Option<Fault> {
    let what = match facts.retention_days.as_deref().map(str::parse::<u32>) {
        Some(Ok(days)) if days <= LONGEST_DAYS => return None,
        None => "it is not set",
        Some(_) => "it is no number of days",
    };
    Some(Fault::new("RETENTION_DAYS", what, "say how many days data are kept; 0 keeps them until they are erased"))
}

fn model(facts: &Facts) -> Option<Fault> {
    facts.model_keeps.then(|| {
        Fault::new(
            "CANDOR_LLM_ALLOW_RETENTION",
            "the endpoint that ENABLE_LLM asks keeps what it is sent, or may",
            "name one that keeps nothing and set CANDOR_LLM_RETAINS=no, or accept it with yes",
        )
    })
}
