//! A sentence is read to its last letter: each way of writing something else is no reading of it.

use super::*;
use crate::domain::claim::{ClaimId, ClaimKind};
use crate::domain::evidence::{Evidence, Window};
use crate::domain::frame::{Saying, frames};
use crate::domain::grade::Design;
use crate::domain::provider::Provider;
use crate::engine::synthesize::render;

/// What is usual of a metric, with a mean as it is given.
fn level(metric: Metric, mean: Value) -> Claim {
    let last = "2026-02-28".parse().expect("a day");
    let (low, high) =
        (Value { name: "interval_low".into(), ..mean.clone() }, Value { name: "interval_high".into(), ..mean.clone() });
    Claim {
        id: ClaimId::new("0", last),
        kind: ClaimKind::Level,
        metric: Some(metric),
        grade: Some(Grade::A),
        design: Design::Observational,
        direction: None,
        code: None,
        conduct: None,
        evidence: Evidence {
            metric: Some(metric),
            sources: vec![Provider::Whoop],
            window: Window::ending(last, 60),
            baseline: None,
            input_revision: 1,
            values: vec![
                mean,
                low,
                high,
                Value::new("interval_pct", 95.0, "%", 0),
                Value::new("n", 58.0, "", 0),
                Value::new("window_days", 60.0, "", 0),
                Value::new("confidence", 0.83, "", 2),
            ],
        },
    }
}

/// Every text of a claim is read, and none in which a piece was written otherwise.
fn is_read_only_with(claim: &Claim, piece: &str, others: &[&str]) {
    let mut said = 0;
    for frame in frames().serving(claim).filter(|frame| frame.says == Saying::Level) {
        let (_, parts) = frames().get(&frame.id).expect("its parts");
        let text = render(&frame.id, &[claim]).expect("it is said");
        assert!(says(parts, &[claim], &text), "{text}");
        assert!(text.contains(piece), "{piece}: {text}");
        for other in others {
            let changed = text.replace(piece, other);
            assert!(!says(parts, &[claim], &changed), "{changed}");
        }
        said += 1;
    }
    assert!(said >= 3, "{said} frames");
}

#[test]
fn a_number_is_read_with_its_sign_its_decimals_and_its_unit() {
    let pulse = level(Metric::RestingHeartRate, Value::new("mean", 76.6, "bpm", 1));
    is_read_only_with(
        &pulse,
        "76.6 bpm",
        &["76.7 bpm", "-76.6 bpm", "76.60 bpm", "77 bpm", "76.6", "76.6 ms", "76,6 bpm"],
    );
    // Nothing has no sign.
    let nothing = level(Metric::SkinTemperatureDeviation, Value::new("mean", 0.0, "°C", 2));
    is_read_only_with(&nothing, "0.00", &["-0.00", "0.0", "+0.00"]);
}

#[test]
fn hours_and_minutes_are_read_as_a_clock_shows_them() {
    let sleep = level(Metric::SleepDuration, Value::new("mean", 446.0, "min", 0));
    let others = [
        "7 h 27 min",
        "6 h 86 min",
        "07 h 26 min",
        "+7 h 26 min",
        "7 h 26",
        "446 min",
        "-7 h 26 min",
        "71582795 h 42 min",
    ];
    is_read_only_with(&sleep, "7 h 26 min", &others);
}

#[test]
fn nothing_stands_beside_a_date_and_after_the_end() {
    let pulse = level(Metric::RestingHeartRate, Value::new("mean", 76.6, "bpm", 1));
    is_read_only_with(&pulse, "2026-02-28", &["2026-02-27", "2026-02-30", "28.02.2026", " 2026-2-28", "2026- 2-28"]);
    for frame in frames().serving(&pulse).filter(|frame| frame.says == Saying::Level) {
        let (_, parts) = frames().get(&frame.id).expect("its parts");
        let text = render(&frame.id, &[&pulse]).expect("it is said");
        assert!(!says(parts, &[&pulse], &format!("{text} All is well.")));
    }
}
