//! `calibrate`: the statistics against simulated people, the methods of others beside them.

use crate::app::entropy::OsEntropy;
use crate::app::error::Failure;
use crate::app::present::{Out, grade};
use crate::engine::calibrate::{Plan, Report, calibrate};
use crate::engine::ports::entropy::Entropy as _;

/// Which draws, and how many.
#[derive(Debug, clap::Args)]
pub(in crate::app) struct Draws {
    /// The seed every draw follows from; without it one is drawn and shown.
    #[arg(long)]
    seed: Option<u64>,
    /// Series in each scenario.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    series: u64,
    /// Only scenarios whose name holds this, as in `weekly` or `phi 0.3`.
    #[arg(long, default_value = "")]
    only: String,
}

/// Runs every scenario; `false` when a figure lies beyond its target by more than two of its standard errors.
pub(super) fn run(out: &Out, draws: &Draws) -> Result<bool, Failure> {
    let seed = draws.seed.unwrap_or_else(|| {
        let mut bytes = [0; 4];
        OsEntropy.fill(&mut bytes);
        u64::from(u32::from_le_bytes(bytes))
    });
    let plan = Plan { seed, series: draws.series, only: draws.only.clone() };
    if plan.work() == 0 {
        return Err(Failure::usage(format!("--only {:?}: no scenario bears that in its name", draws.only)));
    }
    let bar = out.bar(plan.work(), "playing simulated people");
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let report = calibrate(&plan, threads, &|| bar.inc(1));
    bar.finish_and_clear();
    if out.json {
        out.document(&report)?;
    } else {
        show(out, &report)?;
    }
    Ok(report.holds())
}

fn show(out: &Out, report: &Report) -> Result<(), Failure> {
    out.heading(&format!("Seed {}, {} series in each scenario", report.seed, report.series))?;
    let share = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
    let rows = report.figures.iter().map(|f| {
        let figures = [f.fpr, f.coverage, f.power, f.fdr, f.ece, f.false_alerts].map(share);
        [f.scenario.clone(), f.method.to_owned()].into_iter().chain(figures).collect()
    });
    let header = ["scenario", "method", "fpr", "coverage", "power", "fdr", "ece", "alerts a year"];
    out.table(&header, rows.collect())?;
    out.heading("How often what is said with a confidence is true")?;
    let rows = report.bands.iter().filter(|band| band.claims > 0).map(|b| {
        let band =
            if b.floor < 0.8 { format!("{:.1} to {:.1}", b.floor, b.floor + 0.2) } else { "0.8 and more".to_owned() };
        vec![b.scenario.clone(), b.method.to_owned(), band, b.claims.to_string(), share(b.true_rate)]
    });
    out.table(&["scenario", "method", "confidence", "claims", "true"], rows.collect())?;
    out.heading("How often what is said at a grade is true")?;
    let rows =
        report.grades.iter().filter(|graded| graded.claims > 0).map(|g| {
            vec![g.scenario.clone(), g.kind.to_owned(), grade(g.grade), g.claims.to_string(), share(g.true_rate)]
        });
    out.table(&["scenario", "kind", "grade", "claims", "true"], rows.collect())?;
    out.heading("Targets")?;
    let rows = report.targets.iter().map(|t| {
        let found = format!("{:.3} ± {:.3}", t.found, t.error);
        let met = match (t.met, t.known) {
            (true, _) => "met",
            (false, true) => "missed, as is known",
            (false, false) => "MISSED",
        };
        vec![t.scenario.clone(), t.quantity.to_owned(), format!("{} {}", t.must_be, t.bound), found, met.to_owned()]
    });
    out.table(&["scenario", "figure", "must be", "found", ""], rows.collect())?;
    let missed = report.targets.iter().filter(|target| !target.met && !target.known).count();
    out.line(&match missed {
        0 => "Every target is met but those known to be missed.".to_owned(),
        n => format!("{n} of {} targets are missed.", report.targets.len()),
    })
}
