//! CALIBRATE: do the statistics keep what they promise, in worlds whose truth is known?
//!
//! Simulated people are played through the very functions the stages call, and each claim is held against the truth.
//! Welch's t, a z rule and Mann and Kendall's test are measured on the same draws. Chance comes from one seed, so a run
//! with the same seed and number of series gives the same figures on every machine, on however many threads.

mod belief;
mod daily;
mod draw;
pub mod experiments;
pub mod found;
mod levels;
mod links;
mod rolling;
pub mod tally;
pub mod targets;
mod windows;
pub mod world;
pub mod yardsticks;

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use draw::Draw;
use experiments::Design;
use found::{Band, Figure, Found, Graded};
use links::Leads;
use rolling::Change;
use targets::Target;
use world::World;

/// What a calibration found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of the build.
    pub version: &'static str,
    /// The version of the rules ([`crate::engine::rules::VERSION`]).
    pub rules: u32,
    /// The seed every draw follows from.
    pub seed: u64,
    /// Series in each scenario.
    pub series: u64,
    /// Figures by scenario and method.
    pub figures: Vec<Figure>,
    /// True rates by band of confidence.
    pub bands: Vec<Band>,
    /// True rates by grade.
    pub grades: Vec<Graded>,
    /// Each bound beside what was found.
    pub targets: Vec<Target>,
}

impl Report {
    /// Whether every target is met but those known to be missed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.targets.iter().all(|target| target.met || target.known)
    }
}

type Play = Box<dyn Fn(&str, &Draw<'_>) -> Found + Send + Sync>;

/// Every scenario by name, in the order of the report.
fn scenarios() -> Vec<(String, Play)> {
    let mut all: Vec<(String, Play)> = Vec::new();
    let mut add = |name: &str, play: Play| all.push((name.to_owned(), play));
    const DESIGNS: [Design; 7] = [
        Design::Blocks { of: 3, pairs: 7, left_out: 0 },
        Design::Blocks { of: 3, pairs: 7, left_out: 1 },
        Design::Blocks { of: 3, pairs: 14, left_out: 1 },
        Design::Blocks { of: 7, pairs: 3, left_out: 1 },
        Design::Blocks { of: 7, pairs: 6, left_out: 3 },
        Design::BeforeAfter(28, 14),
        Design::BeforeAfter(60, 30),
    ];
    for design in DESIGNS {
        let rise = 1.0 / f64::from(design.days());
        let noises = [
            ("phi 0", 0.0, 0.0, 0.0),
            ("phi 0.3", 0.3, 0.0, 0.0),
            ("phi 0.6", 0.6, 0.0, 0.0),
            ("phi 0.8 and fresh noise", 0.8, 0.5, 0.0),
            ("drift of 1 SD, phi 0.3", 0.3, 0.0, rise),
            ("drift of 1 SD, phi 0.6", 0.6, 0.0, rise),
        ];
        for (noise, phi, fresh, drift) in noises {
            let world = World { missing: 0.2, fresh, drift, ..World::quiet(phi, 0) };
            let play = move |name: &str, draw: &Draw<'_>| experiments::errors(name, design, &world, draw);
            add(&format!("experiment, {}, {noise}", design.name()), Box::new(play));
        }
    }
    for (pi0, tau, drifts) in
        [(0.8, 0.5, false), (0.5, 0.8, false), (0.7, 0.6, false), (0.9, 0.5, false), (0.8, 0.5, true)]
    {
        let name = format!("belief, pi0 {pi0} tau {tau}{}", if drifts { ", drift" } else { "" }).replace(" 0.", " .");
        add(&name, Box::new(move |name, draw| belief::belief(name, (pi0, tau), drifts, draw)));
    }
    for phi in [0.0, 0.3, 0.6] {
        add(&format!("daily, phi {phi}"), Box::new(move |name, draw| daily::days(name, phi, draw)));
    }
    for phi in [0.2, 0.35, 0.5, 0.65, 0.8] {
        add(&format!("level, phi {phi}"), Box::new(move |name, draw| levels::levels(name, phi, draw)));
    }
    for phi in [0.0, 0.3, 0.6] {
        add(&format!("trend, phi {phi}"), Box::new(move |name, draw| windows::lines(name, phi, draw)));
        add(&format!("step, phi {phi}"), Box::new(move |name, draw| windows::steps(name, phi, draw)));
    }
    const PHIS: [f64; 4] = [0.2, 0.35, 0.5, 0.65];
    for phi in PHIS {
        let play = move |name: &str, draw: &Draw<'_>| rolling::years(name, &[phi], Change::Nothing, draw);
        add(&format!("weekly, nothing, phi {phi}"), Box::new(play));
    }
    for (probability, tau) in [(0.2, 0.5), (0.2, 0.8), (0.5, 0.8), (0.2, 1.0)] {
        let play =
            move |name: &str, draw: &Draw<'_>| rolling::years(name, &PHIS, Change::Sometimes(probability, tau), draw);
        add(&format!("weekly, {:.0} % of years N(0,{tau}²)", 100.0 * probability), Box::new(play));
    }
    let play = |name: &str, draw: &Draw<'_>| rolling::years(name, &[0.65], Change::Sometimes(0.5, 0.8), draw);
    add("weekly, 50 % of years N(0,0.8²), phi 0.65", Box::new(play));
    for (size, phi) in [(1.0, 0.2), (1.5, 0.2), (2.0, 0.35), (4.0, 0.2), (7.0, 0.2)] {
        let play = move |name: &str, draw: &Draw<'_>| rolling::lasting(name, phi, size, draw);
        add(&format!("weekly, lasting {size} SD, phi {phi}"), Box::new(play));
    }
    for (leads, kind) in Leads::ALL {
        for days in [90, 180] {
            let play = move |name: &str, draw: &Draw<'_>| links::links(name, leads, days, draw);
            add(&format!("links{kind}, {days} days"), Box::new(play));
        }
        for (there, pull) in [("none there", 0.0), ("4 of 40 there", links::PULL)] {
            let play = move |name: &str, draw: &Draw<'_>| links::years(name, leads, pull, draw);
            add(&format!("weekly links{kind}, {there}"), Box::new(play));
        }
    }
    all
}

/// Which draws.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed every draw follows from.
    pub seed: u64,
    /// Series in each scenario; one planned comparison is cheap and gets four times as many.
    pub series: u64,
    /// Only scenarios whose name holds this.
    pub only: String,
}

impl Plan {
    fn scenarios(&self) -> Vec<(String, Play)> {
        scenarios().into_iter().filter(|(name, _)| name.contains(&self.only)).collect()
    }

    fn series_of(&self, scenario: &str) -> u64 {
        let cheap = ["experiment, ", "belief, "].iter().any(|kind| scenario.starts_with(kind));
        if cheap { self.series.saturating_mul(4) } else { self.series }
    }

    /// How many series it draws in all.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.scenarios().iter().map(|(name, _)| self.series_of(name)).sum()
    }
}

/// Plays every scenario of a plan; `tick` is called once a series.
#[must_use]
pub fn calibrate(plan: &Plan, threads: usize, tick: &(dyn Fn() + Sync)) -> Report {
    let scenarios = plan.scenarios();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut mine = Vec::new();
        while let Some((name, play)) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
            mine.push((name.as_str(), play(name, &Draw::new(plan.seed, name, plan.series_of(name), tick))));
        }
        mine
    };
    let mut played: Vec<(&str, Found)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for hand in hands {
            match hand.join() {
                Ok(theirs) => all.extend(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    played.sort_by_key(|(name, _)| scenarios.iter().position(|(known, _)| known == name));
    let mut found = Found::default();
    played.into_iter().for_each(|(_, one)| found.add(one));
    let targets = targets::judge(&found);
    let Found { figures, bands, grades } = found;
    let (version, rules) = (env!("CARGO_PKG_VERSION"), crate::engine::rules::VERSION);
    Report { version, rules, seed: plan.seed, series: plan.series, figures, bands, grades, targets }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_its_seed_whatever_the_threads_and_another_seed_is_another_run() {
        let plan = |seed| Plan { seed, series: 1, only: String::new() };
        let run =
            |seed, threads| serde_json::to_string(&calibrate(&plan(seed), threads, &|| ())).expect("it is written");
        let once = run(1, 1);
        assert_eq!(once, run(1, 3));
        assert_ne!(once, run(2, 3));
    }
}
