//! What the figures are held against: bounds fixed before anything was measured.

use serde::Serialize;

use super::found::{Band, Figure, Found, Graded};
use crate::domain::grade::Grade;

/// Standard errors of its own count by which a figure may lie beyond its bound: with few series chance alone crosses it.
const MARGIN: f64 = 2.0;
/// Statements without which a true rate is not judged.
const FEWEST_CLAIMS: u64 = 20;

/// A bound and what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// The scenario.
    pub scenario: String,
    /// Which figure.
    pub quantity: &'static str,
    /// What it must be: at most or at least.
    pub must_be: &'static str,
    /// The bound.
    pub bound: f64,
    /// What was found.
    pub found: f64,
    /// Its standard error.
    pub error: f64,
    /// Whether it is within the bound, or beyond it by no more than two standard errors.
    pub met: bool,
    /// Whether a miss is known and stated beside the rule: it is shown, and does not make the answer no.
    pub known: bool,
}

/// Beginning and end of a scenario's name, method, figure, whether the bound is an upper one, the bound.
type Bound = (&'static str, &'static str, &'static str, &'static str, bool, f64);

/// False positives and coverage for AR(1) noise: at a phi up to 0.3, and up to 0.6.
const WEAK: (f64, f64) = (0.06, 0.94);
const STRONG: (f64, f64) = (0.09, 0.91);
/// Scenarios that are held to them, by the beginning of their names, and which phi is which.
const OF_NOISE: [&str; 4] = ["experiment, ", "trend, ", "step, ", "level, "];
const NOISE: [(&str, (f64, f64)); 6] = [
    (", phi 0", WEAK),
    (", phi 0.2", WEAK),
    (", phi 0.3", WEAK),
    (", phi 0.35", STRONG),
    (", phi 0.5", STRONG),
    (", phi 0.6", STRONG),
];

const BOUNDS: [Bound; 23] = [
    ("experiment, 42 days of 3, 0 left out", ", phi 0", "candor", "power", false, 0.7),
    ("experiment, 42 days of 3, 0 left out", ", phi 0.3", "candor", "power", false, 0.7),
    ("experiment, 42 days of 3, 0 left out", ", phi 0.6", "candor", "power", false, 0.7),
    ("experiment, 42 days of 3, 1 left out", ", phi 0", "candor", "power", false, 0.7),
    ("experiment, 42 days of 3, 1 left out", ", phi 0.3", "candor", "power", false, 0.7),
    ("experiment, 42 days of 3, 1 left out", ", phi 0.6", "candor", "power", false, 0.7),
    ("experiment, 84 days of 3, 1 left out", ", phi 0", "candor", "power", false, 0.8),
    ("experiment, 84 days of 3, 1 left out", ", phi 0.3", "candor", "power", false, 0.8),
    ("experiment, 84 days of 3, 1 left out", ", phi 0.6", "candor", "power", false, 0.8),
    ("belief, pi0 .8 tau .5", "pi0 .8 tau .5", "candor", "ece", true, 0.05),
    ("daily, ", "", "candor", "false_alerts", true, 5.0),
    ("daily, ", "", "one_day", "false_alerts", true, 5.0),
    ("weekly, nothing, ", ", phi 0.2", "candor", "false_alerts", true, 0.1),
    ("weekly, nothing, ", ", phi 0.35", "candor", "false_alerts", true, 0.1),
    ("weekly, nothing, ", ", phi 0.5", "candor", "false_alerts", true, 5.0),
    ("weekly, nothing, ", ", phi 0.65", "candor", "false_alerts", true, 5.0),
    ("weekly, lasting 1.5 SD, ", ", phi 0.2", "candor", "power", false, 0.8),
    ("weekly, lasting 2 SD, ", ", phi 0.35", "candor", "power", false, 0.8),
    ("weekly, lasting 4 SD, ", ", phi 0.2", "candor", "power", false, 0.95),
    ("weekly, lasting 7 SD, ", ", phi 0.2", "candor", "power", false, 0.95),
    ("links", " days", "candor", "fdr", true, 0.1),
    ("weekly links", "4 of 40 there", "candor", "fdr", true, 0.1),
    ("weekly links", "none there", "candor", "false_alerts", true, 5.0),
];

/// Whether it is known that a scenario misses a figure: worlds beyond those the targets were set for, in which too much is
/// promised, or designs that cannot do it.
///
/// A drift looks like an effect before and after. A day left out of each block costs power. For the weekly rules rare tiny
/// steps, strong dependence and the absence of anything to find are hard, and what is raised at C and not yet confirmed does
/// not keep 0.4 everywhere, nor a share of a tenth among links.
fn is_known(scenario: &str, quantity: &str) -> bool {
    let ends = |world| scenario.ends_with(world);
    let unconfirmed = ["true rate at 0.4 to 0.6", "true rate at C", "fdr"].contains(&quantity);
    match scenario.split(", ").next() {
        Some("experiment") if scenario.contains("before") => scenario.contains("drift"),
        Some("experiment") => quantity == "power" && scenario.contains("42 days of 3, 1 left out"),
        Some("belief") => ends("drift"),
        Some("weekly") => unconfirmed || ends("N(0,0.5²)") || ends("phi 0.65"),
        Some("weekly links") => unconfirmed || ends("none there"),
        _ => false,
    }
}

/// Every bound a figure is held against: quantity, whether it is an upper one, the bound.
fn bounds(figure: &Figure) -> Vec<(&'static str, bool, f64)> {
    let is = |begins: &str, ends: &str| figure.scenario.starts_with(begins) && figure.scenario.ends_with(ends);
    let own = figure.method == "candor" && OF_NOISE.iter().any(|begins| is(begins, ""));
    let noise = NOISE.iter().filter(|(ends, _)| own && is("", ends));
    let noise = noise.flat_map(|(_, (fpr, coverage))| [("fpr", true, *fpr), ("coverage", false, *coverage)]);
    let named = BOUNDS.iter().filter(|(begins, ends, method, ..)| is(begins, ends) && *method == figure.method);
    noise.chain(named.map(|(.., quantity, at_most, bound)| (*quantity, *at_most, *bound))).collect()
}

/// Holds what was found against every bound it has a figure for.
#[must_use]
pub fn judge(found: &Found) -> Vec<Target> {
    let judged = |figure: &Figure| {
        let held = bounds(figure).into_iter().filter_map(|(quantity, at_most, bound)| {
            let value = of(figure, quantity)?;
            // Alerts are counted over years and may come more often than once; all else is a share.
            let (spread, count) = match quantity {
                "false_alerts" => (value, figure.years?),
                _ => (value * (1.0 - value), figure.series as f64),
            };
            let named = if figure.method == "candor" { String::new() } else { format!(", {}", figure.method) };
            let target = target(&figure.scenario, quantity, at_most, bound, value, libm::sqrt(spread / count));
            Some(Target { scenario: figure.scenario.clone() + &named, ..target })
        });
        held.collect::<Vec<_>>()
    };
    let mut targets: Vec<Target> = found.figures.iter().flat_map(judged).collect();
    targets.extend(found.bands.iter().filter_map(band_kept));
    targets.extend(found.grades.iter().filter_map(grade_kept));
    targets
}

/// A band of our own must hold what its floor promises.
fn band_kept(band: &Band) -> Option<Target> {
    let rate = band.true_rate.filter(|_| band.method == "candor")?;
    let quantity = match band.floor {
        f if f >= 0.8 => "true rate at 0.8 and more",
        f if f >= 0.6 => "true rate at 0.6 to 0.8",
        _ => "true rate at 0.4 to 0.6",
    };
    kept(&band.scenario, quantity, band.floor, rate, band.claims)
}

/// And a grade what its least confidence promises.
fn grade_kept(graded: &Graded) -> Option<Target> {
    let (quantity, floor) = match graded.grade {
        Grade::A => ("true rate at A", 0.8),
        Grade::B => ("true rate at B", 0.6),
        Grade::C => ("true rate at C", 0.4),
        Grade::D => return None,
    };
    let mut target = kept(&graded.scenario, quantity, floor, graded.true_rate?, graded.claims)?;
    target.scenario = format!("{}, {}", graded.scenario, graded.kind);
    Some(target)
}

fn kept(scenario: &str, quantity: &'static str, floor: f64, rate: f64, claims: u64) -> Option<Target> {
    let error = libm::sqrt(rate * (1.0 - rate) / claims as f64);
    (claims >= FEWEST_CLAIMS).then(|| target(scenario, quantity, false, floor, rate, error))
}

fn of(figure: &Figure, quantity: &str) -> Option<f64> {
    match quantity {
        "fpr" => figure.fpr,
        "coverage" => figure.coverage,
        "power" => figure.power,
        "fdr" => figure.fdr,
        "ece" => figure.ece,
        _ => figure.false_alerts,
    }
}

fn target(scenario: &str, quantity: &'static str, at_most: bool, bound: f64, found: f64, error: f64) -> Target {
    let beyond = if at_most { found - bound } else { bound - found };
    Target {
        scenario: scenario.to_owned(),
        quantity,
        must_be: if at_most { "at most" } else { "at least" },
        bound,
        found,
        error,
        met: beyond <= MARGIN * error,
        known: is_known(scenario, quantity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fpr: f64, true_rate: f64) -> Found {
        let figure = Figure {
            scenario: "experiment, 28 days before and 14 after, phi 0.3".to_owned(),
            method: "candor",
            series: 2_000,
            fpr: Some(fpr),
            ..Figure::default()
        };
        let band = |claims| Band {
            scenario: "x".to_owned(),
            method: "candor",
            floor: 0.8,
            claims,
            true_rate: Some(true_rate),
        };
        Found { figures: vec![figure], bands: vec![band(500), band(19)], grades: Vec::new() }
    }

    #[test]
    fn a_figure_beyond_its_bound_is_a_miss_and_one_within_its_own_error_is_not() {
        let met = |fpr, rate| judge(&found(fpr, rate)).iter().map(|t| t.met).collect::<Vec<_>>();
        assert_eq!(met(0.05, 0.9), [true, true]);
        assert_eq!(met(0.065, 0.78), [true, true]);
        assert_eq!(met(0.08, 0.7), [false, false]);
    }

    #[test]
    fn every_bound_is_held_against_a_figure_that_exists() {
        let plan = crate::engine::calibrate::Plan { seed: 3, series: 2, only: String::new() };
        let report = crate::engine::calibrate::calibrate(&plan, 2, &|| ());
        for (begins, ends, method, quantity, ..) in BOUNDS {
            let held = report.figures.iter().any(|figure| {
                let named = figure.scenario.starts_with(begins) && figure.scenario.ends_with(ends);
                named && figure.method == method && of(figure, quantity).is_some()
            });
            assert!(held, "{begins} {ends}: {method} has no {quantity}");
        }
        for begins in OF_NOISE {
            let judged =
                |quantity| report.targets.iter().any(|t| t.scenario.starts_with(begins) && t.quantity == quantity);
            assert!(judged("fpr") || judged("coverage"), "nothing holds {begins}");
        }
    }

    #[test]
    fn only_a_design_or_a_world_that_cannot_do_it_is_excused() {
        let excused = [
            ("experiment, 60 days before and 30 after, drift of 1 SD, phi 0.3", "fpr"),
            ("experiment, 42 days of 3, 1 left out, phi 0.3", "power"),
            ("weekly, 20 % of years N(0,0.8²)", "true rate at C"),
        ];
        assert!(excused.iter().all(|(scenario, quantity)| is_known(scenario, quantity)));
        let not = [
            ("experiment, 60 days before and 30 after, phi 0.3", "fpr"),
            ("experiment, 42 days of 3, 1 left out, drift of 1 SD, phi 0.3", "fpr"),
            ("experiment, 42 days of 3, 0 left out, phi 0.3", "power"),
            ("weekly, 20 % of years N(0,0.8²)", "true rate at B"),
            ("level, phi 0.65", "true rate at A"),
            ("belief, pi0 .9 tau .5", "true rate at 0.6 to 0.8"),
        ];
        assert!(!not.iter().any(|(scenario, quantity)| is_known(scenario, quantity)));
    }
}
