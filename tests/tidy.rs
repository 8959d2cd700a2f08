//! The rules of the house that no linter knows, as plain tests over the source text.

use std::fs;
use std::path::{Path, PathBuf};

const MODULES: [&str; 8] = ["domain", "engine", "store", "providers", "llm", "jobs", "api", "app"];
/// Lines a file may have without its tests.
const MOST_LINES: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

struct Source {
    /// The path below the repository.
    path: String,
    text: String,
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            walk(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    paths.sort();
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let sources: Vec<Source> = rust
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(),
        })
        .collect();
    assert!(sources.len() > 50, "the walk found {} files only", sources.len());
    sources
}

/// The top module a file belongs to.
fn module(path: &str) -> &str {
    path.strip_prefix("src/").and_then(|rest| rest.split(['/', '.']).next()).unwrap_or_default()
}

/// Which modules of ours a module may name; `engine::ports` is written as `ports`.
fn allowed(module: &str) -> &'static [&'static str] {
    match module {
        "domain" => &["domain"],
        "engine" => &["domain", "engine"],
        "store" => &["domain", "ports", "store"],
        "providers" => &["domain", "ports", "providers"],
        "llm" => &["domain", "ports", "llm"],
        "jobs" => &["domain", "engine", "jobs"],
        "api" => &["domain", "engine", "api"],
        _ => &MODULES,
    }
}

fn forbidden_edges(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let target = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let target = if rest.starts_with("engine::ports") { "ports" } else { target };
            let known = MODULES.contains(&target) || target == "ports";
            let fits = allowed(module(path)).contains(&target) || target == "ports" && module(path) != "domain";
            if known && !fits {
                faults.push(format!("{path}:{}: {} must not know {target}", number + 1, module(path)));
            }
        }
    }
    faults
}

fn outside_crates(path: &str, text: &str) -> Vec<String> {
    let banned: &[&str] = match module(path) {
        "domain" => &["tokio", "sqlx", "axum", "reqwest", "tracing"],
        "engine" | "providers" | "api" | "jobs" | "llm" => &["sqlx"],
        _ => &[],
    };
    let uses = |line: &str, name: &str| {
        line.contains(&format!("{name}::")) || line.trim_start().starts_with(&format!("use {name}"))
    };
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for name in banned.iter().filter(|name| uses(line, name)) {
            faults.push(format!("{path}:{}: {} must not use {name}", number + 1, module(path)));
        }
        let sql = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "];
        if module(path) != "store" && sql.iter().any(|start| line.contains(start)) {
            faults.push(format!("{path}:{}: SQL stands in store only", number + 1));
        }
    }
    faults
}

fn lines_without_tests(text: &str) -> usize {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
}

fn forbidden_words(path: &str, text: &str) -> Vec<String> {
    let words = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("#[", "allow("),
        concat!("#[", "ignore"),
    ];
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(**word)) {
            faults.push(format!("{path}:{}: {word} does not stay in the house", number + 1));
        }
    }
    faults
}

fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let needles = ["root", "home", "work", "farm"].map(|folder| format!("/{folder}/"));
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for needle in &needles {
            for (at, _) in line.match_indices(needle.as_str()) {
                let before = line[..at].chars().next_back();
                if before.is_none_or(|c| !c.is_alphanumeric() && !"._-{}>".contains(c)) {
                    faults.push(format!("{path}:{}: a path of one machine", number + 1));
                }
            }
        }
    }
    faults
}

/// The statistics must give the same bytes everywhere: the platform's own functions may not.
fn platform_maths(path: &str, text: &str) -> Vec<String> {
    let calls = [".ln()", ".exp()", ".powf(", ".powi(", ".log10(", ".ln_1p(", ".tanh()", "f64::ln"];
    let mut faults = Vec::new();
    if path.starts_with("src/engine/model") || path.starts_with("src/engine/evaluate") {
        let own = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        for (number, line) in own.enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for call in calls.iter().filter(|call| line.contains(**call)) {
                faults.push(format!("{path}:{}: {call} differs between machines; use libm", number + 1));
            }
        }
    }
    faults
}

fn all(rule: impl Fn(&str, &str) -> Vec<String>) {
    let faults: Vec<String> = sources().iter().flat_map(|s| rule(&s.path, &s.text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_module_knows_one_it_must_not() {
    all(forbidden_edges);
    assert_eq!(forbidden_edges("src/domain/x.rs", "use crate::engine::run;").len(), 1);
    assert_eq!(forbidden_edges("src/store/x.rs", "let x = crate::engine::run::Run;").len(), 1);
    assert_eq!(forbidden_edges("src/store/x.rs", "use crate::engine::ports::views::Views;").len(), 0);
    assert_eq!(forbidden_edges("src/providers/x.rs", "use crate::store::sql;").len(), 1);
}

#[test]
fn no_module_uses_a_crate_it_must_not() {
    all(outside_crates);
    assert_eq!(outside_crates("src/domain/x.rs", "use tokio::sync;").len(), 1);
    assert_eq!(outside_crates("src/engine/x.rs", "let x = \"SELECT 1\";").len(), 1);
}

#[test]
fn no_file_is_too_long() {
    let mut sizes: Vec<(usize, String)> =
        sources().into_iter().map(|s| (lines_without_tests(&s.text), s.path)).collect();
    sizes.retain(|(_, path)| !path.ends_with("_tests.rs"));
    sizes.sort();
    println!("{} files, median {} lines, longest {:?}", sizes.len(), sizes[sizes.len() / 2].0, sizes.last());
    let long: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines, split by concept: {long:?}");
    assert_eq!(lines_without_tests("a\nb\n#[cfg(test)]\nc"), 2);
}

#[test]
fn no_file_is_named_for_nothing() {
    for source in sources() {
        let stem = Path::new(&source.path).file_stem().unwrap().to_string_lossy().into_owned();
        let vague = ["util", "utils", "helpers", "common", "misc", "imp"].contains(&stem.as_str());
        assert!(!vague, "{}: name the file by its concept", source.path);
    }
}

#[test]
fn every_file_tells_its_story_first() {
    for source in sources() {
        assert!(source.text.starts_with("//!"), "{}: begin with //! what it is for", source.path);
    }
}

#[test]
fn nothing_unfinished_stays() {
    all(forbidden_words);
    assert_eq!(forbidden_words("src/x.rs", concat!("    todo", "!()")).len(), 1);
}

#[test]
fn the_statistics_use_no_function_of_the_platform() {
    all(platform_maths);
    assert_eq!(platform_maths("src/engine/model/x.rs", "let y = x.ln();").len(), 1);
}

#[test]
fn no_path_of_one_machine_is_in_the_tree() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "docs", "scripts", "benches", "migrations", ".ci"] {
        if root().join(folder).is_dir() {
            walk(&root().join(folder), &mut paths);
        }
    }
    paths.extend(["README.md", "Cargo.toml", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    let mut faults = Vec::new();
    for path in paths {
        if let Ok(text) = fs::read_to_string(&path) {
            faults.extend(machine_paths(&path.display().to_string(), &text));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert_eq!(machine_paths("x", &format!("see /{}/me", "home")).len(), 1);
}

#[test]
fn the_readme_maps_the_modules_that_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let map: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("src/"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut there: Vec<&str> = MODULES.into_iter().filter(|module| root().join("src").join(module).is_dir()).collect();
    let mut named = map.clone();
    named.sort_unstable();
    there.sort_unstable();
    assert_eq!(named, there, "the folder map of README.md names other modules than src/ has");
}
