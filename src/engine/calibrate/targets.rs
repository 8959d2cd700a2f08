//! What the figures are held against: bounds fixed before anything was measured.

use serde::Serialize;

use super::found::{Band, Figure, Found};

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

/// Worlds beyond those the targets were set for, in which it is known that too much is promised: rare tiny steps and strong
/// dependence for the weekly rule, drift for before and after. Nor does what is raised at C, and not yet confirmed, keep
/// 0.4 in every world.
const WHERE_IT_FAILS: [&str; 3] = ["N(0,0.5²)", "phi 0.65", "drift"];

/// Scenario, figure, whether it is an upper bound, the bound.
const BOUNDS: [(&str, &str, bool, f64); 21] = [
    ("planned, phi 0", "fpr", true, 0.06),
    ("planned, phi 0.3", "fpr", true, 0.06),
    ("planned, phi 0.6", "fpr", true, 0.09),
    ("planned, phi 0", "coverage", false, 0.94),
    ("planned, phi 0.3", "coverage", false, 0.94),
    ("planned, phi 0.6", "coverage", false, 0.91),
    ("belief, pi0 .8 tau .5", "ece", true, 0.05),
    ("weekly, nothing, phi 0.2", "false_alerts", true, 0.1),
    ("weekly, nothing, phi 0.35", "false_alerts", true, 0.1),
    ("weekly, nothing, phi 0.5", "false_alerts", true, 5.0),
    ("weekly, nothing, phi 0.65", "false_alerts", true, 5.0),
    ("weekly, lasting 1.5 SD, phi 0.2", "power", false, 0.8),
    ("weekly, lasting 2 SD, phi 0.35", "power", false, 0.8),
    ("weekly, lasting 4 SD, phi 0.2", "power", false, 0.95),
    ("weekly, lasting 7 SD, phi 0.2", "power", false, 0.95),
    ("trend, phi 0", "fpr", true, 0.06),
    ("trend, phi 0.3", "fpr", true, 0.06),
    ("trend, phi 0.6", "fpr", true, 0.09),
    ("step, phi 0.3", "fpr", true, 0.06),
    ("step, phi 0.6", "fpr", true, 0.09),
    ("links, 90 days", "fdr", true, 0.1),
];

/// Holds what was found against every bound it has a figure for.
#[must_use]
pub fn judge(found: &Found) -> Vec<Target> {
    let mut targets: Vec<Target> = BOUNDS
        .iter()
        .filter_map(|(scenario, quantity, at_most, bound)| {
            let figure = found.figures.iter().find(|f| f.scenario == *scenario && f.method == "candor")?;
            let value = of(figure, quantity)?;
            let years = if *quantity == "false_alerts" { super::rolling::YEARS } else { 1.0 };
            let count = figure.series as f64 * years;
            let spread = if *quantity == "false_alerts" { value } else { value * (1.0 - value) };
            Some(target(scenario, quantity, *at_most, *bound, value, libm::sqrt(spread / count)))
        })
        .collect();
    targets.extend(found.bands.iter().filter_map(kept));
    targets
}

/// A band of our own must hold what its floor promises.
fn kept(band: &Band) -> Option<Target> {
    let rate = band.true_rate.filter(|_| band.method == "candor" && band.claims >= FEWEST_CLAIMS)?;
    let quantity = match band.floor {
        f if f >= 0.8 => "true rate at 0.8 and more",
        f if f >= 0.6 => "true rate at 0.6 to 0.8",
        _ => "true rate at 0.4 to 0.6",
    };
    let error = libm::sqrt(rate * (1.0 - rate) / band.claims as f64);
    let weekly = band.scenario.starts_with("weekly");
    let fails = WHERE_IT_FAILS.iter().any(|world| band.scenario.ends_with(world));
    let known = fails || weekly && band.floor < 0.6;
    Some(Target { known, ..target(&band.scenario, quantity, false, band.floor, rate, error) })
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
        known: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(fpr: f64, true_rate: f64) -> Found {
        let figure = Figure {
            scenario: "planned, phi 0.3".to_owned(),
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
}
