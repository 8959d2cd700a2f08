//! The rules of the house that no linter knows, as plain tests over the source text.
//!
//! Each rule is a function from a path and a text to faults, and each test shows first that its rule can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines a file may have without its tests.
const MOST_LINES: usize = 400;
/// The protocol of a cluster, generated: see the README there.
const GENERATED: &str = "tests/it/cluster/protocol/";
/// Every module that has a row in the table of borders.
const MODULES: [&str; 8] = ["domain", "engine", "store", "providers", "llm", "jobs", "api", "app"];

// ---- Reading the tree ----

fn root() -> PathBuf {
    PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."))
}

struct Source {
    /// The path below the repository, with `/`.
    path: String,
    text: String,
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.map(|entry| entry.expect("an entry of the folder").path()) {
        let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if entry.is_symlink() || ["target", ".git", "candor-data", "mutants.out"].contains(&name.as_str()) {
            continue;
        }
        if entry.is_dir() {
            walk(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

fn below_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The Rust files of some folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders.iter().map(|folder| root().join(folder)).filter(|folder| folder.is_dir()) {
        walk(&folder, &mut paths);
    }
    paths.sort();
    // What is generated from somebody else's files is as it comes.
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.retain(|path| !below_root(path).starts_with(GENERATED));
    let read = |path: &PathBuf| Source {
        text: fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        path: below_root(path),
    };
    let sources: Vec<Source> = paths.iter().map(read).collect();
    assert!(sources.len() > 50, "only {} files were found: is this the repository?", sources.len());
    sources
}

/// The texts that version control knows; without it, those of the whole folder.
fn tracked_texts() -> Vec<Source> {
    let listed = Command::new("git").arg("-C").arg(root()).args(["ls-files", "-z"]).output();
    let mut paths: Vec<PathBuf> = match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            names.split('\0').filter(|name| !name.is_empty()).map(|name| root().join(name)).collect()
        }
        _ => Vec::new(),
    };
    if paths.is_empty() {
        walk(&root(), &mut paths);
    }
    // What is not UTF-8 is no text, and what was just deleted is no file.
    let text = |path: PathBuf| Some(Source { text: fs::read_to_string(&path).ok()?, path: below_root(&path) });
    paths.into_iter().filter_map(text).collect()
}

/// The modules at the top of `src/`.
fn top_modules() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src")).expect("the folder src");
    let names = entries.map(|entry| entry.expect("an entry of src").path());
    let stems = names.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
    stems.filter(|stem| stem != "lib" && stem != "main").collect()
}

/// The top module a file belongs to.
fn module(path: &str) -> &str {
    path.strip_prefix("src/").and_then(|rest| rest.split(['/', '.']).next()).unwrap_or_default()
}

// ---- Reading Rust, as far as the rules need it ----

/// The text with comments and the insides of literals blanked, and every string literal with its line. Offsets and lines
/// stay what they were.
fn lex(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let after_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let raw = raw_start(rest).filter(|_| !after_word);
        let (end, literal) = if rest.starts_with(b"//") {
            (at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with(b"/*") {
            (at + comment_length(rest), None)
        } else if let Some((prefix, hashes)) = raw {
            let close = format!("\"{}", "#".repeat(hashes));
            let inside = find(&bytes[at + prefix..], close.as_bytes()).unwrap_or(bytes.len() - at - prefix);
            let end = (at + prefix + inside + close.len()).min(bytes.len());
            (end, Some((at + prefix, at + prefix + inside)))
        } else if rest[0] == b'"' {
            let length = quoted_length(rest);
            (at + length, Some((at + 1, (at + length).saturating_sub(1).max(at + 1))))
        } else if let Some(length) = char_length(rest) {
            (at + length, None)
        } else {
            at += 1;
            continue;
        };
        if let Some((from, to)) = literal {
            let line = 1 + bytes[..from].iter().filter(|byte| **byte == b'\n').count();
            strings.push((line, String::from_utf8_lossy(&bytes[from..to]).into_owned()));
        }
        for byte in code[at..end].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end;
    }
    (String::from_utf8_lossy(&code).into_owned(), strings)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// How long the opening of a raw string is, and how many hashes it has.
fn raw_start(rest: &[u8]) -> Option<(usize, usize)> {
    let prefix = [b"br".as_slice(), b"cr", b"r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let hashes = rest[prefix.len()..].iter().take_while(|byte| **byte == b'#').count();
    (rest.get(prefix.len() + hashes) == Some(&b'"')).then_some((prefix.len() + hashes + 1, hashes))
}

fn comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of a character literal; `None` for a lifetime.
fn char_length(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return rest.get(3..).and_then(|tail| tail.iter().position(|byte| *byte == b'\'')).map(|end| end + 4);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)])
        .or_else(|error| std::str::from_utf8(&rest[1..1 + error.valid_up_to()]));
    let first = text.ok()?.chars().next()?;
    (rest.get(1 + first.len_utf8()) == Some(&b'\'')).then_some(first.len_utf8() + 2)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whole words in code, by offset: `tokio` is not in `tokio_util` nor in `my::tokio`.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(|c| is_word(c) || c == ':' || c == '$' || c == '.') && !after.is_some_and(is_word)
    })
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Every path of a `use` tree or an expression that begins at an offset, as segments, each with its own offset.
fn paths(code: &str, mut at: usize, before: &[&str], out: &mut Vec<(usize, Vec<String>)>) -> usize {
    let begun = at;
    let mut path: Vec<&str> = before.to_vec();
    let blank = |at: usize| at + code[at..].len() - code[at..].trim_start().len();
    loop {
        at = blank(at);
        if code[at..].starts_with('{') {
            at = blank(at + 1);
            while at < code.len() && !code[at..].starts_with('}') {
                let next = paths(code, at, &path, out);
                let rest = code[next..].find([',', '}']).map_or(code.len(), |end| next + end);
                at = blank(if code[rest..].starts_with(',') { rest + 1 } else { rest });
            }
            return (at + 1).min(code.len());
        }
        let length = code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at);
        if length > 0 {
            path.push(&code[at..at + length]);
        }
        at += length;
        let next = blank(at);
        if length == 0 || !code[next..].starts_with("::") {
            out.push((begun, path.into_iter().map(str::to_owned).collect()));
            return at;
        }
        at = next + 2;
    }
}

// ---- The rules ----

/// Whether a module may name a path of ours, as the table of borders says.
fn may_use(from: &str, path: &[String]) -> bool {
    let target = path.first().map_or("", String::as_str);
    let port = target == "engine" && path.get(1).is_some_and(|second| second == "ports");
    match from {
        "domain" => target == "domain",
        "engine" => ["domain", "engine"].contains(&target),
        "store" | "providers" | "llm" => target == from || target == "domain" || port,
        "jobs" | "api" => target == from || ["domain", "engine"].contains(&target),
        "main" => target == "app",
        _ => true,
    }
}

fn forbidden_edges(path: &str, text: &str) -> Vec<String> {
    let (code, _) = lex(text);
    let from = module(path);
    let mut found = Vec::new();
    let own_name = if from == "main" { "candor" } else { "crate" };
    for at in words(&code, own_name) {
        if let Some(rest) = code[at + own_name.len()..].strip_prefix("::") {
            paths(&code, code.len() - rest.len(), &[], &mut found);
        }
    }
    // A chain of `super::` that leaves the top module arrives at the crate's root.
    let folders = path.matches('/').count();
    let depth = if path.ends_with("/mod.rs") { folders - 1 } else { folders };
    for at in words(&code, "super") {
        let climbed = code[at..].split("::").take_while(|part| part.trim() == "super").count();
        let mut own = Vec::new();
        paths(&code, at, &[], &mut own);
        found.extend(own.into_iter().filter(|_| climbed >= depth).map(|(at, path)| (at, path[climbed..].to_vec())));
    }
    found.retain(|(_, path)| path.first().is_some_and(|target| MODULES.contains(&target.as_str())));
    found.retain(|(_, path)| !may_use(from, path));
    let fault = |(at, target): (usize, Vec<String>)| {
        let line = line_of(&code, at);
        format!("{path}:{line}: {from} must not know {}; ask through a port or move the code", target.join("::"))
    };
    found.into_iter().map(fault).collect()
}

fn modules_without_a_row(modules: &BTreeSet<String>) -> Vec<String> {
    let unknown = modules.iter().filter(|name| !MODULES.contains(&name.as_str()));
    unknown.map(|name| format!("src/{name}:1: give {name} a row in the borders of tests/tidy.rs, or move it")).collect()
}

fn outside_crates(path: &str, text: &str) -> Vec<String> {
    let banned: &[&str] = match module(path) {
        "domain" => &["tokio", "sqlx", "rusqlite", "axum", "reqwest", "async_openai", "tracing", "metrics"],
        "engine" | "jobs" => &["sqlx", "rusqlite", "axum", "reqwest", "async_openai", "metrics"],
        "llm" => &["sqlx", "rusqlite", "axum"],
        "providers" => &["sqlx", "rusqlite", "axum", "async_openai"],
        "store" => &["axum", "reqwest", "async_openai"],
        "api" => &["sqlx", "rusqlite", "reqwest", "async_openai"],
        _ => &["async_openai"],
    };
    let (code, _) = lex(text);
    let mut faults = Vec::new();
    for name in banned {
        for at in words(&code, name) {
            let used = code[at + name.len()..].trim_start().starts_with("::");
            let line_start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
            if used || ["use", "extern crate"].contains(&code[line_start..at].trim()) {
                let line = line_of(&code, at);
                faults.push(format!("{path}:{line}: {} must not use {name}; put a port between", module(path)));
            }
        }
    }
    faults
}

fn sql_outside_store(path: &str, text: &str) -> Vec<String> {
    const STARTS: [&str; 14] = [
        "SELECT ",
        "INSERT INTO ",
        "INSERT OR ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE ",
        "CREATE SCHEMA ",
        "ALTER TABLE ",
        "DROP TABLE ",
        "DROP SCHEMA ",
        "PRAGMA ",
        "WITH RECURSIVE ",
        "TRUNCATE ",
    ];
    if module(path) == "store" {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (first, literal) in lex(text).1 {
        for (number, line) in literal.lines().enumerate() {
            let line = line.trim_start();
            let update = line.starts_with("UPDATE ") && literal.contains("SET ");
            if update || STARTS.iter().any(|start| line.starts_with(start)) {
                faults.push(format!("{path}:{}: SQL stands in src/store only; move the query there", first + number));
            }
        }
    }
    faults
}

/// The lines before the first module of tests that is written out in the file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let opens = |line: &str| line.trim_start().starts_with("mod ") && line.contains('{');
    let begins = |at: usize| {
        lines[at].starts_with("#[cfg(test)]")
            && lines[at + 1..].iter().find(|line| !line.starts_with("#[")).is_some_and(|line| opens(line))
    };
    (0..lines.len()).find(|at| begins(*at)).unwrap_or(lines.len())
}

fn too_long(path: &str, text: &str) -> Vec<String> {
    let lines = lines_without_tests(text);
    if path.ends_with("_tests.rs") || lines <= MOST_LINES {
        return Vec::new();
    }
    vec![format!("{path}:{}: {lines} lines without tests, at most {MOST_LINES}; split by concept", MOST_LINES + 1)]
}

fn named_for_nothing(path: &str, _: &str) -> Vec<String> {
    let vague = |part: &&str| ["util", "utils", "helpers", "common", "misc", "imp"].contains(part);
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let found = stem.split('/').find(vague);
    found.map(|name| format!("{path}:1: {name} says nothing; name it by its concept")).into_iter().collect()
}

fn without_story(path: &str, text: &str) -> Vec<String> {
    let told = text.lines().next().is_some_and(|line| line.starts_with("//!") && line.len() > 4);
    if told { Vec::new() } else { vec![format!("{path}:1: begin with //! and what the file is for")] }
}

fn unfinished(path: &str, text: &str) -> Vec<String> {
    let words = [
        (concat!("todo", "!("), "finish it"),
        (concat!("unimplemented", "!("), "finish it"),
        (concat!("dbg", "!("), "remove it"),
        (concat!("#[", "allow("), "write #[expect(.., reason = ..)]"),
        (concat!("#![", "allow("), "write #![expect(.., reason = ..)]"),
        (concat!("#[", "ignore"), "make the test run or delete it"),
    ];
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, remedy) in words.iter().filter(|(word, _)| line.contains(word)) {
            faults.push(format!("{path}:{}: {word} does not stay; {remedy}", number + 1));
        }
    }
    faults
}

fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let mut needles: Vec<String> = ["root", "home", "work", "farm", "Users"].map(|top| format!("/{top}/")).into();
    needles.push(["C:", "Users", ""].join("\\"));
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let begins = |at: usize| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && !"._-{}>~".contains(c))
        };
        let mut places = needles.iter().flat_map(|needle| line.match_indices(needle.as_str()));
        if places.any(|(at, _)| begins(at)) {
            faults.push(format!("{path}:{}: a path of one machine; write it relative or as a variable", number + 1));
        }
    }
    faults
}

/// The README's folder map against what is in `src/`.
fn wrong_map(readme: &str, there: &BTreeSet<String>) -> Vec<String> {
    let mut missing = there.clone();
    let mut faults = Vec::new();
    for (number, line) in readme.lines().enumerate() {
        let Some(name) = line.strip_prefix("src/").and_then(|rest| rest.split([' ', '/', '.']).next()) else {
            continue;
        };
        if !missing.remove(name) {
            faults
                .push(format!("README.md:{}: src/{name} is not there, or named twice; take the line out", number + 1));
        }
    }
    faults.extend(missing.iter().map(|name| format!("README.md:1: the folder map lacks src/{name}; add its line")));
    faults
}

/// The stages give the same bytes everywhere, which the platform's own functions do not promise; `sqrt`, `abs`, `floor`
/// and their like are exact.
fn platform_maths(path: &str, text: &str) -> Vec<String> {
    const NAMES: [&str; 26] = [
        "ln", "exp", "powf", "powi", "log10", "log2", "log", "ln_1p", "exp_m1", "exp2", "sin", "cos", "tan", "asin",
        "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "hypot", "sin_cos",
    ];
    if !["domain", "engine"].contains(&module(path)) {
        return Vec::new();
    }
    let (code, _) = lex(text);
    let mut faults = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for name in NAMES {
            let method = line.contains(&format!(".{name}("));
            let by_type = ["f64", "f32"].iter().any(|float| {
                let full = format!("{float}::{name}");
                line.match_indices(&full).any(|(at, _)| !line[at + full.len()..].starts_with(is_word))
            });
            if method || by_type {
                faults.push(format!("{path}:{}: {name} differs between machines; call libm::{name}", number + 1));
            }
        }
    }
    faults
}

// ---- The tests ----

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[track_caller]
fn holds(folders: &[&str], rule: fn(&str, &str) -> Vec<String>) {
    let faults: Vec<String> = sources(folders).iter().flat_map(|source| rule(&source.path, &source.text)).collect();
    none(&faults);
}

/// How many faults a rule finds, each with its file and line.
#[track_caller]
fn found(rule: fn(&str, &str) -> Vec<String>, path: &str, text: &str) -> usize {
    let faults = rule(path, text);
    for fault in &faults {
        let rest = fault.strip_prefix(path).and_then(|rest| rest.strip_prefix(':'));
        assert!(rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())), "{fault}");
    }
    faults.len()
}

#[test]
fn no_module_knows_one_it_must_not() {
    let edges = |path, text| found(forbidden_edges, path, text);
    assert_eq!(edges("src/domain/x.rs", "use crate::engine::run;"), 1);
    assert_eq!(edges("src/domain/x.rs", "use crate::engine::ports::views::Views;"), 1);
    assert_eq!(edges("src/engine/x.rs", "use crate::domain::day;\nuse crate::app::config;"), 1);
    assert_eq!(edges("src/store/x.rs", "let x = crate::engine::run::Run;"), 1);
    assert_eq!(edges("src/store/x.rs", "use crate::{\n    domain::day,\n    engine::{ports::views, history},\n};"), 1);
    assert_eq!(edges("src/providers/x.rs", "use crate::engine::observe::reconcile;"), 1);
    assert_eq!(edges("src/providers/x.rs", "use crate::store::sql;"), 1);
    assert_eq!(edges("src/providers/x.rs", "use super::super::store::sql;"), 1);
    assert_eq!(edges("src/llm/x.rs", "use crate::engine::synthesize::verify;"), 1);
    assert_eq!(edges("src/llm/x.rs", "use crate::engine::ports::narrator::Narrator;"), 0);
    assert_eq!(edges("src/api/x.rs", "use crate::jobs::queue;"), 1);
    assert_eq!(edges("src/main.rs", "candor::store::open()"), 1);
    assert_eq!(edges("src/main.rs", "candor::app::main()"), 0);
    assert_eq!(edges("src/store/x.rs", "use crate::engine::ports::{views::Views, entropy};\nuse super::log;"), 0);
    assert_eq!(edges("src/store/x.rs", "// crate::app is above\nlet x = \"crate::app\";"), 0);
    assert_eq!(edges("src/app/x.rs", "use crate::store::sql; use crate::providers::ExportFiles;"), 0);
    holds(&["src"], forbidden_edges);
}

#[test]
fn every_module_has_its_borders() {
    assert_eq!(modules_without_a_row(&BTreeSet::from(["domain".to_owned(), "shed".to_owned()])).len(), 1);
    none(&modules_without_a_row(&top_modules()));
}

#[test]
fn no_module_uses_a_crate_it_must_not() {
    let crates = |path, text| found(outside_crates, path, text);
    assert_eq!(crates("src/domain/x.rs", "use tokio::sync;\n#[tracing::instrument]"), 2);
    assert_eq!(crates("src/engine/x.rs", "let pool: sqlx::PgPool;\nuse axum;"), 2);
    assert_eq!(crates("src/providers/x.rs", "let client = reqwest::Client::new();"), 0);
    assert_eq!(crates("src/app/x.rs", "use async_openai::Client;"), 1);
    assert_eq!(crates("src/llm/x.rs", "let client: reqwest::Client;\nuse async_openai::Client;"), 0);
    assert_eq!(crates("src/domain/x.rs", "// tokio::spawn is not for here\nlet tracing = 1;"), 0);
    holds(&["src"], outside_crates);
}

#[test]
fn sql_stands_in_store_only() {
    let sql = |path, text| found(sql_outside_store, path, text);
    assert_eq!(sql("src/engine/x.rs", "let x = \"SELECT 1\";"), 1);
    assert_eq!(sql("src/app/x.rs", "let x = r#\"\n    DELETE FROM events\n\"#;"), 1);
    assert_eq!(sql("src/app/x.rs", "let x = \"UPDATE events\n    SET body = NULL\";"), 1);
    assert_eq!(sql("src/store/x.rs", "let x = \"SELECT 1\";"), 0);
    assert_eq!(sql("src/app/x.rs", "let x = \"Select a metric\"; // \"SELECT 1\""), 0);
    holds(&["src"], sql_outside_store);
}

#[test]
fn no_file_is_too_long() {
    let long = "//! A story.\n".repeat(MOST_LINES + 1);
    assert_eq!(found(too_long, "src/x.rs", &long), 1);
    assert_eq!(found(too_long, "src/x.rs", &format!("#[cfg(test)]\nuse y;\n{long}")), 1);
    assert_eq!(found(too_long, "src/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{long}")), 0);
    assert_eq!(found(too_long, "src/x_tests.rs", &long), 0);
    let sources = sources(&["src"]);
    let own = sources.iter().filter(|source| !source.path.ends_with("_tests.rs"));
    let mut sizes: Vec<(usize, &str)> = own.map(|s| (lines_without_tests(&s.text), s.path.as_str())).collect();
    sizes.sort_unstable();
    println!("{} files, median {} lines, longest {:?}", sizes.len(), sizes[sizes.len() / 2].0, sizes.last());
    holds(&["src"], too_long);
}

#[test]
fn no_file_is_named_for_nothing() {
    assert_eq!(found(named_for_nothing, "src/store/utils.rs", ""), 1);
    assert_eq!(found(named_for_nothing, "src/common/log.rs", ""), 1);
    assert_eq!(found(named_for_nothing, "src/store/imprint.rs", ""), 0);
    holds(&["src", "tests", "benches"], named_for_nothing);
}

#[test]
fn every_file_tells_its_story_first() {
    assert_eq!(found(without_story, "src/x.rs", "use std::fs;\n//! Late."), 1);
    assert_eq!(found(without_story, "src/x.rs", "//!\n"), 1);
    assert_eq!(found(without_story, "src/x.rs", "//! A story."), 0);
    holds(&["src", "tests", "benches"], without_story);
}

#[test]
fn nothing_unfinished_stays() {
    for word in [concat!("todo", "!()"), concat!("unimplemented", "!()"), concat!("dbg", "!(x)")] {
        assert_eq!(found(unfinished, "src/x.rs", word), 1, "{word}");
    }
    for word in [concat!("#[", "allow(dead_code)]"), concat!("#![", "allow(dead_code)]"), concat!("#[", "ignore]")] {
        assert_eq!(found(unfinished, "src/x.rs", word), 1, "{word}");
    }
    holds(&["src", "tests", "benches"], unfinished);
}

#[test]
fn no_path_of_one_machine_is_in_the_tree() {
    for top in ["root", "home", "Users"] {
        assert_eq!(found(machine_paths, "docs/x.md", &format!("see /{top}/me/data")), 1);
        assert_eq!(found(machine_paths, "docs/x.md", &format!("see docs/{top}/me and ~/{top}/me")), 0);
    }
    let texts = tracked_texts();
    assert!(texts.len() > 50, "only {} texts were found: is this the repository?", texts.len());
    let faults: Vec<String> = texts.iter().flat_map(|source| machine_paths(&source.path, &source.text)).collect();
    none(&faults);
}

#[test]
fn the_readme_maps_the_modules_that_exist() {
    let there = BTreeSet::from(["domain".to_owned(), "engine".to_owned()]);
    assert_eq!(wrong_map("src/domain  facts\nsrc/engine  stages\n", &there).len(), 0);
    assert_eq!(wrong_map("src/domain  facts\n", &there).len(), 1);
    assert_eq!(wrong_map("src/domain  facts\nsrc/engine  stages\nsrc/llm  soon\n", &there).len(), 1);
    let readme = fs::read_to_string(root().join("README.md")).expect("a README.md");
    none(&wrong_map(&readme, &top_modules()));
}

#[test]
fn facts_and_stages_use_no_function_of_the_platform() {
    let maths = |text| found(platform_maths, "src/engine/model/x.rs", text);
    assert_eq!(maths("let y = x.ln();\nlet z = x.powi(2);"), 2);
    assert_eq!(maths("values.map(f64::ln)\nlet y = f64::exp(x);"), 2);
    assert_eq!(maths("let y = libm::log(x); // not x.ln()\nlet z = x.sqrt();"), 0);
    assert_eq!(found(platform_maths, "src/engine/evaluate/x.rs", "x.log10()"), 1);
    assert_eq!(found(platform_maths, "src/domain/x.rs", "10_f64.powi(decimals)"), 1);
    assert_eq!(found(platform_maths, "src/app/x.rs", "x.ln()"), 0);
    holds(&["src"], platform_maths);
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let text = "a /* b /* c */ \" */ 'd' \"e\\\"f\" 'g: '\\'' br#\"h\"i\"# // j\nk '\u{e9}' l";
    let (code, strings) = lex(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "'g:", "k", "l"]);
    let inside: Vec<(usize, &str)> = strings.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(inside, [(1, "e\\\"f"), (1, "h\"i")]);
    assert_eq!(code.len(), text.len());
}

/// The promises of the event log that are numbered, by what names a test for each.
fn promises_without_a_test(table: &str, sources: &[Source]) -> Vec<String> {
    let path = "tests/it/log_contract/mod.rs";
    let mut wanted: BTreeSet<u32> = (1..=42).collect();
    let mut faults = Vec::new();
    for (line, row) in table.lines().enumerate() {
        let cells: Vec<&str> = row.trim_start_matches("//!").split('|').map(str::trim).collect();
        let (Some(number), Some(tests)) = (cells.get(1).and_then(|cell| cell.parse().ok()), cells.get(3)) else {
            continue;
        };
        if !wanted.remove(&number) {
            faults.push(format!("{path}:{}: {number} is no promise, or stands twice", line + 1));
        }
        for test in tests.split(',').map(|test| test.trim().trim_matches('`')) {
            if !sources.iter().any(|source| source.text.contains(&format!("fn {test}("))) {
                faults.push(format!("{path}:{}: there is no test {test}", line + 1));
            }
        }
    }
    faults.extend(wanted.iter().map(|number| format!("{path}:1: promise {number} names no test; write one")));
    faults
}

#[test]
fn every_promise_of_the_log_has_a_test() {
    let source = |text: &str| vec![Source { path: "x.rs".to_owned(), text: text.to_owned() }];
    let row = |number: u32| format!("//! | {number} | a promise | `held` |\n");
    let all: String = (1..=42).map(row).collect();
    assert_eq!(promises_without_a_test(&all, &source("async fn held(place: &Place) {")).len(), 0);
    assert_eq!(promises_without_a_test(&all.replace("| 7 |", "| x |"), &source("fn held() {")).len(), 1);
    assert_eq!(promises_without_a_test(&(all.clone() + &row(7)), &source("fn held() {")).len(), 1);
    assert_eq!(promises_without_a_test(&all, &source("fn withheld() {")).len(), 42);
    let table = fs::read_to_string(root().join("tests/it/log_contract/mod.rs")).expect("the contract suite");
    none(&promises_without_a_test(&table, &sources(&["src", "tests"])));
}

/// Two types that are described under one name: the second description would stand for both.
fn described_twice(sources: &[Source]) -> Vec<String> {
    let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
    for Source { path, text } in sources {
        for (at, _) in text.match_indices("ToSchema") {
            let rest = &text[at..];
            let declared = [rest.split_once("struct "), rest.split_once("enum ")].into_iter().flatten();
            let declared = declared.min_by_key(|(before, _)| before.len());
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let derives = text[line..at].trim_start().starts_with("#[derive(");
            let Some((_, rest)) = declared.filter(|_| derives) else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            if !seen.insert(name.clone()) {
                faults.push(format!("{path}: {name} is described twice"));
            }
        }
    }
    faults
}

#[test]
fn no_two_types_are_described_under_one_name() {
    let source = |path: &str| Source {
        path: path.to_owned(),
        text: "#[derive(Debug, ToSchema)]\npub struct Summary {}\n".to_owned(),
    };
    assert_eq!(described_twice(&[source("a.rs"), source("b.rs")]), ["b.rs: Summary is described twice"]);
    let api: Vec<Source> = sources(&["src"]).into_iter().filter(|source| source.path.starts_with("src/api/")).collect();
    none(&described_twice(&api));
}
