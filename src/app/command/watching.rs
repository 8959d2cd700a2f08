//! `import --watch`: a folder is looked at again and again, and what comes to rest in it is taken in.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::import;
use crate::app::config::{Config, clock};
use crate::app::error::Failure;
use crate::app::files;
use crate::app::present::Out;
use crate::app::{serve, system};
use crate::engine::Engine;

/// What shows that a file changed: its size and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    written: Option<SystemTime>,
}

/// The files of a folder, as they were when last looked at.
#[derive(Debug, Default)]
struct Folder(BTreeMap<PathBuf, (Stamp, bool)>);

impl Folder {
    /// Takes what is there now; gives what has not changed since the last look and was not taken yet.
    fn at_rest(&mut self, found: Vec<(PathBuf, Stamp)>) -> Vec<PathBuf> {
        let before = std::mem::take(&mut self.0);
        let mut ready = Vec::new();
        for (path, stamp) in found {
            let known = before.get(&path).filter(|(known, _)| *known == stamp);
            let done = known.is_some_and(|(_, done)| *done);
            if known.is_some() && !done {
                ready.push(path.clone());
            }
            self.0.insert(path, (stamp, done));
        }
        ready
    }

    /// Leaves a file alone until it changes. One that changed since it was at rest comes again.
    fn done(&mut self, path: &Path) {
        if let Some((_, done)) = self.0.get_mut(path) {
            *done = true;
        }
    }

    fn is_still(&self, path: &Path) -> bool {
        let known = self.0.get(path).map(|(stamp, _)| *stamp);
        known.is_some() && known == stamp(path).ok().flatten()
    }
}

/// A file's stamp; `None` of what is no file.
fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    let metadata = std::fs::metadata(path)?;
    Ok(metadata.is_file().then(|| Stamp { bytes: metadata.len(), written: metadata.modified().ok() }))
}

/// The files of a folder; hidden ones, as programs put there while they write, and folders are passed over.
fn look(folder: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // What is gone by now is gone.
        if !hidden && let Ok(Some(stamp)) = stamp(&entry.path()) {
            found.push((entry.path(), stamp));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => sum.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Looks at a folder until a signal, each file's report as it comes.
///
/// # Errors
/// When there is no such folder to begin with, or the store does not take what a file says. A folder that goes is waited for.
pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<Uuid>,
    folder: &Path,
    every: Duration,
) -> Result<bool, Failure> {
    if !folder.is_dir() {
        return Err(Failure::usage(format!("--watch {}: is not a folder", folder.display())));
    }
    let mut seen = Folder::default();
    let mut bytes = HashSet::new();
    let mut stop = pin!(serve::stop_asked());
    let (mut pause, mut away) = (Duration::ZERO, false);
    out.note(&format!("Watching {}; Ctrl-C ends it.", folder.display()));
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(true),
            () = tokio::time::sleep(pause) => {}
        }
        pause = every;
        let found = match look(folder) {
            Ok(found) => found,
            Err(error) => {
                // A drive that is pulled out comes back, and nobody may be there to start the command again.
                if !std::mem::replace(&mut away, true) {
                    let folder = folder.display();
                    out.error(&format!("{folder}: cannot be looked at: {error}; waiting until it is there again"));
                }
                continue;
            }
        };
        if std::mem::take(&mut away) {
            out.note(&format!("{} is there again.", folder.display()));
        }
        for file in seen.at_rest(found) {
            tokio::select! {
                biased;
                () = &mut stop => return Ok(true),
                () = std::future::ready(()) => {}
            }
            if take(engine, config, out, named, &file, &mut bytes).await? && seen.is_still(&file) {
                seen.done(&file);
            }
        }
    }
}

/// Takes a file in, unless its bytes were taken before; false where it could not be looked at yet.
async fn take(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<Uuid>,
    file: &Path,
    bytes: &mut HashSet<String>,
) -> Result<bool, Failure> {
    let path = file.to_owned();
    let cannot = |reason: &str| {
        let unreadable = vec![format!("{}: {reason}", files::name(file))];
        import::show(out, &files::Taken { unreadable, ..files::Taken::nothing() }, true)
    };
    if stamp(file).is_ok_and(|stamp| stamp.is_some_and(|stamp| stamp.bytes == 0)) {
        cannot("is empty; it is looked at again once something is in it")?;
        return Ok(true);
    }
    let Ok(Ok(sum)) = tokio::task::spawn_blocking(move || digest(&path)).await else {
        // Another may own it, or it is gone by now.
        cannot("cannot be read")?;
        return Ok(true);
    };
    let person = import::owner(engine, named).await?;
    let known = match person {
        Some(person) => {
            let prefix = format!("{sum}/");
            let state = engine.state(person).await?;
            state.files.range(prefix.clone()..).next().is_some_and(|key| key.starts_with(&prefix))
        }
        None => false,
    };
    if !bytes.insert(sum) || known {
        return Ok(true);
    }
    let now = config.pretended.unwrap_or_else(clock);
    let register = async || system::newcomer(engine, config, out, named).await;
    let files = [file.to_owned()];
    let taken = files::take(engine, now, out, person, &files, register).await?;
    import::show(out, &taken, true)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, bytes: u64, second: u64) -> Vec<(PathBuf, Stamp)> {
        let written = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        vec![(PathBuf::from(name), Stamp { bytes, written })]
    }

    #[test]
    fn a_file_is_taken_once_it_stood_still_and_again_once_it_changed() {
        let mut folder = Folder::default();
        let none: [PathBuf; 0] = [];
        assert_eq!(folder.at_rest(found("a", 5, 1)), none, "seen for the first time");
        assert_eq!(folder.at_rest(found("a", 9, 1)), none, "it grew");
        assert_eq!(folder.at_rest(found("a", 9, 2)), none, "it was written to");
        assert_eq!(folder.at_rest(found("a", 9, 2)), [PathBuf::from("a")]);
        assert_eq!(folder.at_rest(found("a", 9, 2)), [PathBuf::from("a")], "until somebody took it");
        folder.done(Path::new("a"));
        assert_eq!(folder.at_rest(found("a", 9, 2)), none);
        assert_eq!(folder.at_rest(found("a", 9, 3)), none);
        assert_eq!(folder.at_rest(found("a", 9, 3)), [PathBuf::from("a")], "new bytes may stand in it");
    }

    #[test]
    fn one_that_is_gone_is_forgotten() {
        let mut folder = Folder::default();
        folder.at_rest(found("b", 5, 1));
        assert!(folder.at_rest(Vec::new()).is_empty());
        assert!(folder.at_rest(found("b", 5, 1)).is_empty(), "it is new again");
    }
}
