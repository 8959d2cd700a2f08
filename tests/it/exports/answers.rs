//! Recorded answers of Garmin Connect.

use std::path::PathBuf;

use candor::engine::ports::export::ExportReader;
use candor::providers::ExportFiles;
use chrono_tz::Tz;

use super::{one, samples};

/// The response bodies of a recorded conversation: single-quoted YAML scalars, folded.
fn bodies(cassette: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = cassette.lines();
    while let Some(line) = lines.next() {
        let Some(rest) = line.trim_start().strip_prefix("string: '") else {
            continue;
        };
        let mut text = rest.to_owned();
        while text.replace("''", "").matches('\'').count() == 0 {
            let Some(next) = lines.next() else { break };
            text.push(' ');
            text.push_str(next.trim());
        }
        let closed = text.trim_end().strip_suffix('\'').unwrap_or(&text);
        found.push(closed.replace("''", "'"));
    }
    found
}

#[test]
fn recorded_garmin_answers_are_read_or_refused_with_a_reason() {
    let Some(folder) = samples() else { return };
    let mut cassettes: Vec<PathBuf> = std::fs::read_dir(folder.join("garmin/samples/matin-garth"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cassettes.sort();
    let place = tempfile::tempdir().expect("a temporary folder");
    let (mut taken, mut refused) = (0, 0);
    for cassette in cassettes {
        let name = cassette.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&cassette).expect("text");
        for (index, body) in bodies(&text).into_iter().enumerate() {
            let path = place.path().join(format!("{name}-{index}.json"));
            std::fs::write(&path, body).expect("written");
            match ExportFiles.parts(&path) {
                Ok(_) => {
                    let read = one(&path, Tz::UTC);
                    assert_eq!(read.part.format, "garmin_wellness_json");
                    assert!(read.rejections.is_empty());
                    taken += 1;
                }
                Err(error) => {
                    println!("{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{taken} answers read, {refused} not understood");
    assert!(taken >= 25, "only {taken} answers were read");
}
