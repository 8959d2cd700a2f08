//! Taking files in, for `import` and `demo`.

use std::path::{Path, PathBuf};

use super::error::Failure;
use super::present::Out;
use crate::domain::Instant;
use crate::domain::person::PersonId;
use crate::engine::import::FileReport;
use crate::engine::ports::export::ReadContext;
use crate::engine::{Engine, EngineError};

/// What became of some files, and whether each could be read.
pub(super) struct Taken {
    pub reports: Vec<FileReport>,
    pub unreadable: Vec<String>,
    /// Files of which rows were refused, and nothing was good for anything.
    pub nothing_of: Vec<String>,
    /// Whether the person has said in which zone they live.
    pub zone_is_known: bool,
}

impl Taken {
    /// Nothing as yet.
    pub(super) const fn nothing() -> Self {
        Self { reports: Vec::new(), unreadable: Vec::new(), nothing_of: Vec::new(), zone_is_known: false }
    }
}

/// Reads each file whole, then appends it. A file that cannot be read leaves nothing behind and does not stop the next.
pub(super) async fn take(
    engine: &Engine,
    now: Instant,
    out: &Out,
    person: Option<PersonId>,
    files: &[PathBuf],
    register: impl AsyncFn() -> Result<PersonId, Failure>,
) -> Result<Taken, Failure> {
    let mut taken = Taken::nothing();
    let mut person = person;
    for file in files {
        let zone = match person {
            Some(person) => engine.state(person).await?.profile.home_zone,
            None => None,
        };
        taken.zone_is_known = zone.is_some();
        let zone = zone.unwrap_or(chrono_tz::Tz::UTC);
        let context = ReadContext { home_zone: zone, now };
        let surveyed = match engine.survey(file, context, |_| {}).await {
            Ok(surveyed) => surveyed,
            Err(EngineError::Export(error)) => {
                taken.unreadable.push(error.to_string());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        // Only a file that can be taken makes a person.
        let owner = match person {
            Some(person) => person,
            None => *person.insert(register().await?),
        };
        let bar = out.bar(surveyed.rows(), "importing");
        let reports = engine.import(owner, &surveyed, context, &|rows| bar.set_position(rows)).await;
        bar.finish_and_clear();
        let reports = match reports {
            // One file that the person does not allow says nothing of the next.
            Err(EngineError::Refused(violation)) => {
                taken.unreadable.push(format!("{}: {violation}", name(file)));
                continue;
            }
            reports => reports?,
        };
        if FileReport::came_to_nothing(&reports) {
            taken.nothing_of.push(name(file));
        }
        taken.reports.extend(reports);
    }
    Ok(taken)
}

/// The file's name for a message.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
