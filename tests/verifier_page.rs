//! `docs/verifier.md` is of the checks as they stand: whoever changes one runs `scripts/without-each-check` again.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

const SOURCES: [&str; 5] = [
    "src/engine/synthesize/check.rs",
    "src/engine/synthesize/check_numbers.rs",
    "src/engine/synthesize/planned.rs",
    "src/llm/wire.rs",
    "src/llm/transport.rs",
];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the house")
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
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let table = page.split("<!-- checks -->\n").nth(1).expect("the table");
    let deleted: usize = table.split(" deleted, ").next().and_then(|number| number.parse().ok()).expect("their number");
    assert!(deleted >= 40 && rows.len() == deleted, "{deleted} deleted, {} rows", rows.len());
    assert!(!page.contains("**nobody**"), "a check that nobody misses");
}
