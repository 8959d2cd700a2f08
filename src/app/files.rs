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
    let mut taken = Taken { reports: Vec::new(), unreadable: Vec::new() };
    let mut person = person;
    for file in files {
        let zone = match person {
            Some(person) => engine.state(person).await?.profile.zone(),
            None => chrono_tz::Tz::UTC,
        };
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
        let reports = engine.import(owner, &surveyed, context, &|rows| bar.set_position(rows)).await?;
        bar.finish_and_clear();
        taken.reports.extend(reports);
    }
    Ok(taken)
}

/// The file's name for a message.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
