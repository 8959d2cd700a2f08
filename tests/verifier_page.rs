//! `docs/verifier.md` is of the checks as they stand: whoever changes one runs `scripts/without-each-check` again.

use std::fs;
use std::path::{Path, PathBuf};

use candor::engine::synthesize::check::CHECKS;
use sha2::{Digest, Sha256};

const SOURCES: [&str; 7] = [
    "src/engine/synthesize/check.rs",
    "src/engine/synthesize/check_numbers.rs",
    "src/engine/synthesize/reading.rs",
    "src/engine/synthesize/planned.rs",
    "src/engine/synthesize/mod.rs",
    "src/llm/wire.rs",
    "src/llm/transport.rs",
];

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(house().join(name)).expect("a file of the house")
}

/// Every source of a folder, one after the other.
fn sources(folder: PathBuf) -> String {
    let entries = fs::read_dir(folder).expect("a folder of the house").map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| match path {
            folder if folder.is_dir() => sources(folder),
            file if file.extension().is_some_and(|end| end == "rs") => fs::read_to_string(file).expect("a source"),
            _ => String::new(),
        })
        .collect()
}

#[test]
fn the_report_is_of_these_checks_and_each_of_them_is_missed() {
    let mut hasher = Sha256::new();
    for name in SOURCES {
        let text = read(name);
        hasher.update(text.split("#[cfg(test)]").next().unwrap_or_default());
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let page = read("docs/verifier.md");
    assert!(page.contains(&digest), "the checks have changed: run scripts/without-each-check");
    let table = page.split("<!-- checks -->\n").nth(1).expect("the table");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    let deleted: usize = table.split(" deleted, ").next().and_then(|number| number.parse().ok()).expect("their number");
    assert!(deleted >= 60 && rows.len() == deleted, "{deleted} deleted, {} rows", rows.len());
    for check in CHECKS {
        assert!(rows.iter().any(|row| row.starts_with(&format!("| `{check}` |"))), "{check} was never taken out");
    }
    // A test that was renamed or taken away misses nothing any more.
    let tests = sources(house().join("src")) + &sources(house().join("tests"));
    for row in rows {
        let test = row.rsplit('`').nth(1).and_then(|path| path.rsplit("::").next()).expect("a test");
        assert!(tests.contains(&format!("fn {test}(")), "{row}: there is no such test");
    }
}
