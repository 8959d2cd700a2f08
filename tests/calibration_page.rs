//! The tables of `docs/calibration.md` are those of one run, `docs/calibration.json`.
//!
//! `candor calibrate --seed S --json > docs/calibration.json`, then `CANDOR_ACCEPT=1 cargo test --test calibration_page`
//! writes the tables anew; the text around them is written by hand. A table begins below `<!-- name -->` and ends with an
//! empty line.

#![expect(clippy::disallowed_methods, reason = "whether to write the page is asked from outside")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or(".")).join("docs").join(name)
}

struct Run(Value);

impl Run {
    fn all(&self, part: &str) -> &[Value] {
        self.0[part].as_array().map_or(&[], Vec::as_slice)
    }

    /// A figure; empty where the method has none.
    fn figure(&self, scenario: &str, method: &str, quantity: &str, decimals: usize) -> String {
        let of = |f: &&Value| f["scenario"] == scenario && f["method"] == method;
        let figure = self.all("figures").iter().find(of).unwrap_or_else(|| panic!("no {method} in {scenario}"));
        figure[quantity].as_f64().map_or_else(String::new, |found| format!("{found:.decimals$}"))
    }

    /// Some figures of one method, parted by strokes.
    fn figures(&self, scenario: &str, method: &str, quantities: &[&str]) -> String {
        quantities.iter().map(|q| self.figure(scenario, method, q, 3)).collect::<Vec<_>>().join(" / ")
    }

    /// The true rate in a band, with its count.
    fn band(&self, scenario: &str, method: &str, floor: f64) -> String {
        let of = |b: &&Value| b["scenario"] == scenario && b["method"] == method && b["floor"] == floor;
        let band = self.all("bands").iter().find(of).unwrap_or_else(|| panic!("no band {floor} in {scenario}"));
        rate(band["true_rate"].as_f64().unwrap_or(0.0), band["claims"].as_u64().unwrap_or(0))
    }

    /// The true rate at a grade, with its count, over all scenarios that begin so.
    fn grade(&self, begins: &str, kind: &str, grade: &str) -> String {
        let of = |g: &&Value| {
            g["scenario"].as_str().is_some_and(|s| s.starts_with(begins)) && g["kind"] == kind && g["grade"] == grade
        };
        let (mut right, mut all) = (0.0, 0);
        for graded in self.all("grades").iter().filter(of) {
            let claims = graded["claims"].as_u64().unwrap_or(0);
            right += graded["true_rate"].as_f64().unwrap_or(0.0) * claims as f64;
            all += claims;
        }
        rate(if all > 0 { right / all as f64 } else { 0.0 }, all)
    }

    fn scenarios(&self, begins: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for figure in self.all("figures") {
            let name = figure["scenario"].as_str().unwrap_or("");
            if name.starts_with(begins) && names.last().is_none_or(|last| last != name) {
                names.push(name.to_owned());
            }
        }
        assert!(!names.is_empty(), "no scenario begins with {begins}");
        names
    }
}

fn rate(rate: f64, claims: u64) -> String {
    if claims == 0 { String::new() } else { format!("{rate:.3} ({claims})") }
}

fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |");
    let mut text = line(&header.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    text += &format!("|{}\n", " --- |".repeat(header.len()));
    rows.into_iter().for_each(|row| text += &line(&row));
    text
}

fn experiments(run: &Run, begins: &str, in_blocks: bool) -> String {
    let rows = run.scenarios(begins).into_iter().filter(|name| in_blocks != name.contains("before")).map(|name| {
        let what = name.trim_start_matches("experiment, ").to_owned();
        let all = ["fpr", "coverage", "power"];
        let mut row =
            vec![what, run.figures(&name, "candor", &all), run.figures(&name, "candor_verdict", &["fpr", "power"])];
        row.extend(["welch_t", "z_rule"].map(|method| run.figures(&name, method, &all)));
        row.extend(in_blocks.then(|| run.figure(&name, "candor_in_halves", "fpr", 3)));
        row
    });
    let mut header = vec!["days and noise", "Candor", "verdict: fpr / power", "Welch t", "z rule"];
    header.extend(in_blocks.then_some("in halves: fpr"));
    table(&header, rows)
}

fn belief(run: &Run) -> String {
    let mut rows = Vec::new();
    for name in run.scenarios("belief") {
        for (method, label) in [("candor", "Candor"), ("welch_t", "Welch t"), ("z_rule", "z rule")] {
            let mut row = vec![name.trim_start_matches("belief, ").to_owned(), label.to_owned()];
            row.extend([0.4, 0.6, 0.8].map(|floor| run.band(&name, method, floor)));
            row.extend(["ece", "fdr"].map(|quantity| run.figure(&name, method, quantity, 3)));
            rows.push(row);
        }
    }
    let header =
        ["world", "method", "0.4 to 0.6", "0.6 to 0.8", "0.8 and more", "calibration error", "claims that are wrong"];
    table(&header, rows)
}

fn windows(run: &Run) -> String {
    let lines = run.scenarios("trend, ").into_iter().map(|name| {
        let own = run.figures(&name, "candor", &["fpr", "power", "coverage"]);
        vec![name.clone(), own, run.figures(&name, "mann_kendall", &["fpr", "power"])]
    });
    let steps = run.scenarios("step, ").into_iter().map(|name| {
        let own = run.figures(&name, "candor", &["fpr", "power"]);
        vec![name, own, String::new()]
    });
    table(&["question", "Candor fpr / power / coverage", "Mann-Kendall fpr / power"], lines.chain(steps))
}

fn levels(run: &Run) -> String {
    let rows = run.scenarios("level, ").into_iter().map(|name| {
        let bands = [0.6, 0.8].map(|floor| run.band(&name, "candor", floor));
        let phi = name.trim_start_matches("level, phi ").to_owned();
        [phi].into_iter().chain(bands).chain([run.figure(&name, "candor", "coverage", 3)]).collect()
    });
    table(&["phi", "true at 0.6 to 0.8", "true at 0.8 and more", "interval holds the truth"], rows)
}

fn daily(run: &Run) -> String {
    let rows = run.scenarios("daily, ").into_iter().map(|name| {
        let methods = ["candor", "one_day", "z_rule"];
        let both = |m: &str| [run.figure(&name, m, "false_alerts", 2), run.figure(&name, m, "power", 3)].join(" / ");
        [name.trim_start_matches("daily, phi ").to_owned()].into_iter().chain(methods.map(both)).collect()
    });
    table(&["phi", "the notice: two nights p < 0.01", "one night p < 0.01", "z rule: one night beyond 2 SD"], rows)
}

fn quiet(run: &Run) -> String {
    let rows = run.scenarios("weekly, nothing").into_iter().map(|name| {
        let of = |(method, decimals)| run.figure(&name, method, "false_alerts", decimals);
        let methods = [("candor", 4), ("candor_b_or_a", 4), ("welch_t", 2), ("mann_kendall", 2), ("z_rule", 2)];
        [name.trim_start_matches("weekly, nothing, phi ").to_owned()].into_iter().chain(methods.map(of)).collect()
    });
    table(&["phi", "Candor, at C", "Candor, B or A", "Welch t", "Mann-Kendall", "z rule, days"], rows)
}

fn worlds(run: &Run) -> String {
    let names = run.scenarios("weekly, ").into_iter().filter(|name| name.contains('%'));
    let rows = names.map(|name| {
        let bands = [0.4, 0.6, 0.8].map(|floor| run.band(&name, "candor", floor));
        [name.trim_start_matches("weekly, ").to_owned()].into_iter().chain(bands).collect()
    });
    table(&["world", "at C (0.4)", "0.6 to 0.8", "0.8 and more"], rows)
}

fn kinds(run: &Run) -> String {
    let rows = ["change", "step", "trend"].map(|kind| {
        let grades = ["C", "B", "A"].map(|grade| run.grade("weekly, ", kind, grade));
        [kind.to_owned()].into_iter().chain(grades).collect()
    });
    table(&["kind", "C", "B", "A"], rows)
}

fn lasting(run: &Run) -> String {
    let rows = run.scenarios("weekly, lasting").into_iter().map(|name| {
        let power = run.figure(&name, "candor", "power", 3);
        vec![name.trim_start_matches("weekly, lasting ").to_owned(), power]
    });
    table(&["step", "told at B or better"], rows)
}

fn links(run: &Run) -> String {
    let rows = run.scenarios("links").into_iter().map(|name| {
        let raw = run.figures(&name, "uncorrected_p", &["fdr", "power"]);
        let own = ["fdr", "power"].map(|quantity| run.figure(&name, "candor", quantity, 3));
        [name.trim_start_matches("links").trim_start_matches(", ").to_owned()]
            .into_iter()
            .chain(own)
            .chain([raw])
            .collect()
    });
    let header = ["one look at", "false discovery rate", "power", "every p below 0.05 at any lag: fdr / power"];
    table(&header, rows)
}

fn weekly_links(run: &Run) -> String {
    let rows = run.scenarios("weekly links").into_iter().map(|name| {
        let grades = ["C", "B", "A"].map(|grade| run.grade(&name, "association", grade));
        let figures = ["false_alerts", "fdr", "power"].map(|quantity| run.figure(&name, "candor", quantity, 3));
        [name.trim_start_matches("weekly links").trim_start_matches(", ").to_owned()]
            .into_iter()
            .chain(grades)
            .chain(figures)
            .collect()
    });
    let told = "linked pairs told at B or better";
    table(&["world", "true at C", "B", "A", "raises a person-year", "raises that are wrong", told], rows)
}

fn missed(run: &Run) -> String {
    let targets = run.all("targets");
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let rows = targets.iter().filter(|target| target["met"] == false).map(|t| {
        let number = |name: &str| t[name].as_f64().expect("a number");
        let found = format!("{:.3} ± {:.3}", number("found"), number("error"));
        let bound = format!("{} {}", text(&t["must_be"]), t["bound"]);
        vec![
            text(&t["scenario"]),
            text(&t["quantity"]),
            bound,
            found,
            if t["known"] == true { "known" } else { "missed" }.to_owned(),
        ]
    });
    table(&["scenario", "figure", "must be", "found", ""], rows)
}

fn counts(run: &Run) -> String {
    let targets = run.all("targets");
    let met = targets.iter().filter(|target| target["met"] == true).count();
    format!("{met} of {} targets are met. Missed:\n", targets.len())
}

fn seed(run: &Run) -> String {
    let mut text = String::new();
    let of = |name: &str| run.0[name].to_string().replace('"', "");
    let (version, rules, seed, series) = (of("version"), of("rules"), of("seed"), of("series"));
    let _ = writeln!(text, "`candor calibrate --seed {seed} --series {series}`, version {version}, rules {rules}.");
    text
}

fn designs(run: &Run) -> String {
    let names = run
        .scenarios("experiment, ")
        .into_iter()
        .filter_map(|name| name.strip_prefix("experiment, ")?.strip_suffix(", phi 0").map(ToOwned::to_owned));
    let rows = names.map(|design| {
        let both = |drift: &str, method: &str, quantity: &str| {
            let of = |phi: &str| run.figure(&format!("experiment, {design}, {drift}phi {phi}"), method, quantity, 3);
            format!("{} / {}", of("0.3"), of("0.6"))
        };
        let nothing = both("", "candor", "fpr");
        let drift = both("drift of 1 SD, ", "candor", "fpr");
        let (found, said) = (both("", "candor", "power"), both("", "candor_verdict", "power"));
        vec![design.clone(), nothing, both("", "candor", "coverage"), drift, found, said]
    });
    let header = [
        "design",
        "seen where nothing is",
        "interval holds a true 0.5 SD",
        "seen in a mere drift",
        "interval finds 1 SD",
        "verdict says so",
    ];
    table(&header, rows.collect::<Vec<_>>())
}

#[test]
fn the_tables_of_the_page_are_those_of_the_run() {
    let report = fs::read_to_string(docs("calibration.json")).expect("the report of the run");
    let run = Run(serde_json::from_str(&report).expect("a report"));
    let rules = u64::from(candor::engine::rules::VERSION);
    assert_eq!(
        run.0["rules"].as_u64(),
        Some(rules),
        "the rules have changed since: `just calibration SEED` with a fresh seed"
    );
    let of_calibration = [
        ("seed", seed(&run)),
        ("before and after", experiments(&run, "experiment, ", false)),
        ("blocks", experiments(&run, "experiment, ", true)),
        ("belief", belief(&run)),
        ("windows", windows(&run)),
        ("levels", levels(&run)),
        ("daily", daily(&run)),
        ("quiet", quiet(&run)),
        ("worlds", worlds(&run)),
        ("kinds", kinds(&run)),
        ("lasting", lasting(&run)),
        ("links", links(&run)),
        ("weekly links", weekly_links(&run)),
        ("counts", counts(&run)),
        ("missed", missed(&run)),
    ];
    holds("calibration.md", &of_calibration);
    holds("experiments.md", &[("designs", designs(&run))]);
}

/// Holds a page to its tables, or writes them where that is wanted.
fn holds(name: &str, tables: &[(&str, String)]) {
    let page = fs::read_to_string(docs(name)).expect("the page");
    let mut written = page.clone();
    for (table, text) in tables {
        let mark = format!("<!-- {table} -->\n");
        let from = written.find(&mark).unwrap_or_else(|| panic!("{name} has no {mark}")) + mark.len();
        let old: usize = written[from..].split_inclusive('\n').take_while(|line| *line != "\n").map(str::len).sum();
        written.replace_range(from..from + old, text);
    }
    if std::env::var_os("CANDOR_ACCEPT").is_some() {
        fs::write(docs(name), &written).expect("the page is written");
        return;
    }
    let differs = page.lines().zip(written.lines()).find(|(is, should)| is != should);
    assert!(page == written, "docs/{name} is not what docs/calibration.json says: {differs:?}");
}
