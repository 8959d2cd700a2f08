//! Checking an exported folder without the store it came from: the log in it, every file against the signed list, and the
//! proof that the log is in a checkpoint.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Component, Path};

use super::checkpoint::{Inclusion, Verifier};
use super::proof::{self, ExportChecked};
use crate::engine::ports::manifest::{Digests, Listed, MANIFEST, Manifest};

/// The log in the folder.
const EVENTS: &str = "events.ndjson";
/// The proof that its last event is in a checkpoint; a log that had none to show has none.
const PROOF: &str = "proof.json";

/// Checks a folder. `signed_by` names the key that must have signed it, `verifier` the one that must have signed the
/// checkpoint; without them any will do.
///
/// # Errors
/// When the folder cannot be read.
pub fn check(
    folder: &Path,
    signed_by: Option<&str>,
    verifier: Option<&Verifier>,
    progress: &dyn Fn(u64),
) -> io::Result<ExportChecked> {
    let mut report = match File::open(folder.join(EVENTS)) {
        Ok(file) => proof::check(BufReader::new(file), signed_by, progress)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut report = ExportChecked::default();
            report.fault(EVENTS.to_owned(), "file_is_there");
            report
        }
        Err(error) => return Err(error),
    };
    for fault in report.faults.iter_mut().filter(|fault| fault.position.starts_with("line ")) {
        fault.position = format!("{EVENTS} {}", fault.position);
    }
    let listed = listed(folder, signed_by, &mut report)?;
    for path in found(folder)? {
        if path != MANIFEST && !listed.contains(&path) {
            report.fault(path, "file_is_listed");
        }
    }
    proven(folder, verifier, &mut report)?;
    Ok(report)
}

/// Checks the list and every file of it, and gives their paths.
fn listed(folder: &Path, signed_by: Option<&str>, report: &mut ExportChecked) -> io::Result<BTreeSet<String>> {
    let Some(text) = text(folder, MANIFEST)? else {
        report.fault(MANIFEST.to_owned(), "file_is_there");
        return Ok(BTreeSet::new());
    };
    let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else {
        report.fault(MANIFEST.to_owned(), "manifest_is_whole");
        return Ok(BTreeSet::new());
    };
    let of_log = (report.stream.as_deref(), report.exported_at.as_deref(), report.signed_by.as_deref());
    let of_list = (Some(&*manifest.stream), Some(&*manifest.exported_at), Some(&*manifest.signed_by));
    let rules = [
        (manifest.is_signed(), "manifest_is_signed"),
        (signed_by.is_none_or(|key| key.eq_ignore_ascii_case(&manifest.signed_by)), "manifest_is_of_that_key"),
        // One of another day with that day's log: each would pass alone.
        (of_log == of_list, "manifest_is_of_the_log"),
    ];
    for (_, rule) in rules.iter().filter(|(holds, _)| !holds) {
        report.fault(MANIFEST.to_owned(), rule);
    }
    report.files = manifest.files.len() as u64;
    for file in &manifest.files {
        same(folder, file, report)?;
    }
    Ok(manifest.files.into_iter().map(|file| file.path).collect())
}

/// Compares a file with what is listed of it, and names the first line that differs.
fn same(folder: &Path, listed: &Listed, report: &mut ExportChecked) -> io::Result<()> {
    let inside = Path::new(&listed.path).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || listed.path.chars().any(char::is_control) {
        report.fault(MANIFEST.to_owned(), "path_is_inside");
        return Ok(());
    }
    let found = match File::open(folder.join(&listed.path)).and_then(Digests::of) {
        Ok(digests) => digests.listed(listed.path.clone(), listed.lines.is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report.fault(listed.path.clone(), "file_is_there");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if found.sha256 != listed.sha256 || found.bytes != listed.bytes {
        let line = listed.first_other_line(&found).map(|line| format!(" line {line}")).unwrap_or_default();
        report.fault(format!("{}{line}", listed.path), "file_is_as_it_was_made");
    }
    Ok(())
}

/// Checks the proof that the last event is in a checkpoint.
fn proven(folder: &Path, verifier: Option<&Verifier>, report: &mut ExportChecked) -> io::Result<()> {
    let Some(text) = text(folder, PROOF)? else {
        if verifier.is_some() {
            report.fault(PROOF.to_owned(), "file_is_there");
        }
        return Ok(());
    };
    let rule = match serde_json::from_str::<Inclusion>(&text) {
        Err(_) => Err("inclusion"),
        // Anybody's proof of any other event leads to a checkpoint too.
        Ok(proof) if report.head.as_ref() != Some(&proof.hash) => Err("inclusion"),
        Ok(proof) => verifier.map_or_else(|| proof.check_unsigned(), |verifier| proof.check(verifier)).map(|()| proof),
    };
    match rule {
        Ok(proof) => report.checkpoint = Some(proof.size),
        Err(rule) => report.fault(PROOF.to_owned(), rule),
    }
    Ok(())
}

/// A text of the folder; nothing where there is none. What is no UTF-8 is no text of ours.
fn text(folder: &Path, name: &str) -> io::Result<Option<String>> {
    match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The paths of the files that are there, below the folder, with `/`.
fn found(folder: &Path) -> io::Result<BTreeSet<String>> {
    let (mut found, mut below) = (BTreeSet::new(), vec![String::new()]);
    while let Some(at) = below.pop() {
        for entry in fs::read_dir(folder.join(&at))? {
            let entry = entry?;
            let path = format!("{at}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                below.push(format!("{path}/"));
            } else {
                found.insert(path);
            }
        }
    }
    Ok(found)
}
