//! What the template says passes, and every way of saying more than the evidence holds is caught by the check that is
//! there for it: a check that is taken out fails a line of these tables.

use uuid::Uuid;

use super::*;
use crate::domain::claim::{ClaimId, Notice, Period};
use crate::domain::day::LocalDay;
use crate::domain::evidence::{Evidence, Value, Window};
use crate::domain::experiment::Conduct;
use crate::domain::provider::Provider;
use crate::domain::safety::{Level, SafetyRule};
use crate::engine::synthesize::{Brief, template, write};

#[path = "check_conduct_tests.rs"]
mod conduct;
#[path = "check_notice_tests.rs"]
mod notices;
#[path = "check_overclaim_tests.rs"]
mod overclaims;
#[path = "check_plan_tests.rs"]
mod plans;
#[path = "check_rejection_tests.rs"]
mod rejections;

fn day(text: &str) -> LocalDay {
    text.parse().expect("a day")
}

fn claim(kind: ClaimKind, metric: Option<Metric>, code: Option<&str>, values: Vec<Value>) -> Claim {
    Claim {
        id: ClaimId::new(&Uuid::from_u128(kind as u128).to_string(), day("2026-02-28")),
        kind,
        metric,
        grade: None,
        design: Design::Observational,
        direction: None,
        code: code.map(str::to_owned),
        conduct: None,
        evidence: Evidence {
            metric,
            sources: vec![Provider::Whoop],
            window: Window::ending(day("2026-02-28"), 30),
            baseline: Some(Window::ending(day("2026-01-29"), 60)),
            input_revision: 4,
            values,
        },
    }
}

fn compared(kind: ClaimKind, grade: Grade, design: Design, direction: Direction) -> Claim {
    let values = vec![
        Value::new("mean_before", 456.0, "min", 0),
        Value::new("mean_after", 408.0, "min", 0),
        Value::new("difference", 48.0, "min", 0),
        Value::new("interval_low", 32.0, "min", 0),
        Value::new("interval_high", 62.0, "min", 0),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("n_before", 53.0, "", 0),
        Value::new("n_after", 28.0, "", 0),
        Value::new("n_with", 28.0, "", 0),
        Value::new("n_without", 53.0, "", 0),
        Value::new("before_days", 60.0, "", 0),
        Value::new("after_days", 30.0, "", 0),
        Value::new("step_days_ago", 41.0, "days", 0),
        Value::new("slope", 3.75, "min", 2),
        Value::new("confidence", 0.91, "", 2),
    ];
    let mut claim = claim(kind, Some(Metric::SleepDuration), None, values);
    (claim.grade, claim.design, claim.direction) = (Some(grade), design, Some(direction));
    if kind == ClaimKind::Experiment {
        let randomised = design == Design::Randomised;
        claim.code = Some("helpful".to_owned());
        claim.conduct = Some(Conduct {
            randomised,
            pairs: if randomised { 7 } else { 0 },
            washout_days: Some(1),
            lag_days: Some(0),
            adherence: 0.9,
            excludes_zero: true,
            suppressed: false,
        });
        let conducted = [("pairs", 7.0, 0), ("washout_days", 1.0, 0), ("lag_days", 0.0, 0), ("adherence", 0.9, 2)];
        claim.evidence.values.extend(conducted.map(|(name, value, decimals)| Value::new(name, value, "", decimals)));
    }
    claim
}

/// A change to an experiment's claim, by what it takes away.
type Lack = (&'static str, fn(&mut Claim));

fn set(claim: &mut Claim, name: &str, value: Option<f64>) {
    let number = claim.evidence.values.iter_mut().find(|v| v.name == name).expect("the evidence has it");
    match value {
        Some(value) => number.value = value,
        None => "taken_away".clone_into(&mut number.name),
    }
}

fn level(grade: Grade) -> Claim {
    let values = vec![
        Value::new("mean", 424.0, "min", 0),
        Value::new("interval_low", 400.0, "min", 0),
        Value::new("interval_high", 447.0, "min", 0),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("n", 58.0, "", 0),
        Value::new("window_days", 60.0, "", 0),
        Value::new("confidence", 0.83, "", 2),
    ];
    let mut claim = claim(ClaimKind::Level, Some(Metric::SleepDuration), None, values);
    claim.grade = Some(grade);
    claim
}

fn linked(grade: Grade, lag: f64) -> Claim {
    let values = vec![
        Value::new("r", -0.41, "", 2),
        Value::new("interval_low", -0.56, "", 2),
        Value::new("interval_high", -0.22, "", 2),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("lag", lag, if lag == 1.0 { "day" } else { "days" }, 0),
        Value::new("n", 93.0, "", 0),
        Value::new("window_days", 98.0, "", 0),
        Value::new("confidence", 0.87, "", 2),
    ];
    let mut claim = claim(ClaimKind::Association, Some(Metric::SleepDuration), Some("stress"), values);
    claim.grade = Some(grade);
    claim
}

fn day_score() -> Claim {
    let values = vec![
        Value::new("score", 65.0, "", 0),
        Value::new("score_max", 100.0, "", 0),
        Value::new("previous_score", 71.0, "", 0),
    ];
    claim(ClaimKind::DayScore, None, Some("maintain"), values)
}

fn said(claim: &Claim) -> Sentence {
    said_in_turn(claim, 0)
}

fn said_in_turn(claim: &Claim, turn: usize) -> Sentence {
    template::said(claim, turn).expect("the template can say it")
}

#[test]
fn what_is_said_of_every_metric_passes() {
    for metric in Metric::ALL {
        let (unit, decimals) = (metric.unit().symbol(), metric.definition().decimals);
        let grade_b = compared(ClaimKind::Change, Grade::B, Design::Observational, Direction::Higher);
        let mut unreliable = compared(ClaimKind::Experiment, Grade::D, Design::Randomised, Direction::Lower);
        (unreliable.code, unreliable.direction) = (Some("unreliable".to_owned()), None);
        let mut claims = [level(Grade::A), grade_b, unreliable];
        for claim in &mut claims {
            claim.metric = Some(metric);
            for value in claim.evidence.values.iter_mut().filter(|value| value.unit == "min") {
                *value = Value::new(&value.name, value.value / 100.0, unit, decimals);
            }
            assert_eq!(sentence_check(&said(claim), &[claim]), Ok(()), "{}", said(claim).text);
        }
    }
}

#[test]
fn whatever_the_template_can_say_passes() {
    let mut claims = vec![day_score()];
    for grade in [Grade::A, Grade::B, Grade::C] {
        claims.push(level(grade));
        claims.extend([0.0, 1.0, 3.0].map(|lag| linked(grade, lag)));
    }
    for grade in [Grade::A, Grade::B, Grade::C, Grade::D] {
        for direction in [Direction::Lower, Direction::Higher] {
            for kind in [ClaimKind::Change, ClaimKind::Step, ClaimKind::Trend] {
                claims.push(compared(kind, grade, Design::Observational, direction));
            }
            for design in [Design::Observational, Design::Randomised] {
                claims.push(compared(ClaimKind::Experiment, grade, design, direction));
            }
        }
    }
    for claim in &claims {
        for turn in 0..3 {
            let sentence = said_in_turn(claim, turn);
            assert_eq!(sentence_check(&sentence, &[claim]), Ok(()), "{}", sentence.text);
        }
    }
}

/// Changes one piece of what the template says, and names the check that has to catch it.
#[track_caller]
fn caught(claim: &Claim, piece: &str, instead: &str, check: &str) {
    let sentence = said(claim);
    assert!(sentence.text.contains(piece), "{piece:?} is not in {:?}", sentence.text);
    let changed = Sentence { text: sentence.text.replacen(piece, instead, 1), ..sentence };
    assert_eq!(sentence_check(&changed, &[claim]), Err(check), "{}", changed.text);
}

#[test]
fn every_overclaim_in_a_sentence_is_caught_by_its_check() {
    let change = |grade| compared(ClaimKind::Change, grade, Design::Observational, Direction::Lower);
    let (a, b, c) = (change(Grade::A), change(Grade::B), change(Grade::C));
    for (claim, piece, instead, check) in [
        // Numbers: altered, of another statistic, with false precision, with a wrong unit, in words.
        (&b, "6 h 48 min", "6 h 38 min", "numbers_stand_in_the_evidence"),
        (&b, "48 min", "48.2 min", "numbers_stand_in_the_evidence"),
        (&b, "48 min", "48 %", "numbers_stand_in_the_evidence"),
        (&b, "48 min", "48 h", "numbers_stand_in_the_evidence"),
        (&b, "53 earlier days", "530 earlier days", "numbers_stand_in_the_evidence"),
        (&b, "0.91", "0.97", "numbers_stand_in_the_evidence"),
        (&b, "difference 48 min", "difference -48 min", "numbers_stand_in_the_evidence"),
        (&b, "6 h 48 min against 7 h 36 min", "7 h 36 min against 6 h 48 min", "numbers_stand_in_their_place"),
        (&b, "6 h 48 min against 7 h 36 min", "6 h 48 min against 48 min", "numbers_stand_in_their_place"),
        (&b, "interval 32 min to 1 h 2 min", "interval 1 h 2 min to 32 min", "numbers_stand_in_their_place"),
        (&b, "interval 32 min to 1 h 2 min", "interval 32 min to 48 min", "numbers_stand_in_their_place"),
        (&b, "difference 48 min", "difference a third", "no_booster_or_number_in_words"),
        (&b, "difference 48 min", "twice as much", "no_booster_or_number_in_words"),
        // Time.
        (&b, "up to 2026-02-28", "up to 2026-03-01", "dates_stand_in_the_evidence"),
        (&b, "the 30 days", "the 90 days", "numbers_stand_in_the_evidence"),
        // Direction.
        (&b, "lower", "higher", "direction_agrees"),
        (&b, "was probably lower", "was probably better", "direction_agrees"),
        // Grade: hedge missing, hedge of a stronger grade, booster.
        (&b, "was probably lower", "was lower", "hedge_of_the_grade"),
        (&a, "was lower", "was probably lower", "hedge_of_the_grade"),
        (&c, "may have been lower", "was probably lower", "hedge_of_the_grade"),
        (&c, "; this could be chance", "", "hedge_of_the_grade"),
        (&b, "was probably lower", "was probably clearly lower", "no_booster_or_number_in_words"),
        // Causality: verb, connective, phrase.
        (&a, "was lower", "improved", "no_causal_word"),
        (&b, "lower", "lower because of stress", "no_causal_word"),
        (&b, "lower", "lower thanks to your walks", "no_causal_word"),
        // Safety, scope, channel.
        (&b, "lower", "lower, as in a disease", "no_forbidden_word"),
        (&b, "lower", "lower, and no doubt", "no_forbidden_word"),
        (&b, "lower", "lower, see https://example.org", "no_markup_or_address"),
        (&b, "lower", "<b>lower</b>", "no_markup_or_address"),
        (&b, "lower", "l\u{043e}wer", "plain_letters"),
        (&b, "lower", "low\u{200b}er", "plain_letters"),
        (&b, "sleep duration", "heart rate", "metric_is_named"),
    ] {
        caught(claim, piece, instead, check);
    }
    caught(&level(Grade::B), "probably averaged", "averaged", "hedge_of_the_grade");
    caught(&level(Grade::A), "averaged 7 h 4 min", "averaged up from 7 h 4 min", "direction_agrees");
    caught(&day_score(), "was 65", "was 71 and 65 and 66", "numbers_stand_in_the_evidence");
    let (step, trend) = (ClaimKind::Step, ClaimKind::Trend);
    let moved = |kind| compared(kind, Grade::C, Design::Observational, Direction::Lower);
    caught(&moved(step), "41 days ago", "14 days ago", "numbers_stand_in_the_evidence");
    caught(&moved(trend), "3.75 min a week", "3.75 h a week", "numbers_stand_in_the_evidence");
    caught(&moved(trend), "; this could be chance", "", "hedge_of_the_grade");
    for (piece, instead, check) in [
        ("-0.41", "0.41", "numbers_stand_in_the_evidence"),
        ("3 days earlier", "5 days earlier", "numbers_stand_in_the_evidence"),
        ("your stress", "your step count", "metric_is_named"),
        ("was probably lower", "was lower", "hedge_of_the_grade"),
        ("was probably lower when", "probably leads to", "no_causal_word"),
        ("was probably lower", "was probably higher", "direction_agrees"),
        ("was higher", "was lower", "direction_agrees"),
        ("was higher", "was there", "direction_agrees"),
        (" This does not mean that one brings about the other.", "", "a_link_shows_no_cause"),
    ] {
        caught(&linked(Grade::B, 3.0), piece, instead, check);
    }
    let mut alike = linked(Grade::B, 3.0);
    ["r", "interval_low", "interval_high"].iter().for_each(|name| set(&mut alike, name, Some(0.5)));
    caught(&alike, "was probably higher", "was probably lower", "direction_agrees");
    let before_after = compared(ClaimKind::Experiment, Grade::A, Design::Observational, Direction::Lower);
    caught(&before_after, "was lower", "was reduced", "no_causal_word");
    let drawn = |grade| compared(ClaimKind::Experiment, grade, Design::Randomised, Direction::Lower);
    caught(&drawn(Grade::B), "probably reduced", "reduced", "hedge_of_the_grade");
    caught(&drawn(Grade::C), "may have reduced", "probably reduced", "hedge_of_the_grade");
    caught(&drawn(Grade::A), "7 pairs", "70 pairs", "numbers_stand_in_the_evidence");
    caught(
        &drawn(Grade::A),
        "interval 32 min to 1 h 2 min",
        "interval 32 min to 48 min",
        "numbers_stand_in_their_place",
    );
}

#[test]
fn every_check_has_its_name_in_the_list() {
    let source = concat!(include_str!("check.rs"), include_str!("check_numbers.rs"));
    let marks = ["Err(\"", "fault(\"", "check: \""];
    let found: BTreeSet<&str> = marks
        .iter()
        .flat_map(|mark| source.split(mark).skip(1).filter_map(|rest| rest.split_once('"').map(|(name, _)| name)))
        .collect();
    assert_eq!(found, CHECKS.into_iter().collect());
}

fn brief() -> Brief {
    let mut worse = compared(ClaimKind::Change, Grade::B, Design::Observational, Direction::Lower);
    worse.metric = Some(Metric::SleepDuration);
    Brief {
        day: day("2026-02-28"),
        period: Period::Daily,
        claims: vec![day_score(), level(Grade::A), worse],
        notices: Vec::new(),
    }
}

/// The checks that fail once a whole text is changed.
fn faults(change: impl FnOnce(&mut Narrative)) -> Vec<&'static str> {
    let brief = brief();
    let mut narrative = write(&brief).expect("the text passes as it is");
    change(&mut narrative);
    check(&narrative, &brief.claims).map_or_else(|faults| faults.iter().map(|f| f.check).collect(), |()| Vec::new())
}

#[test]
fn every_overclaim_of_a_whole_text_is_caught_by_its_check() {
    assert_eq!(faults(|_| {}), Vec::<&str>::new());
    let no_claims = faults(|text| text.sentences[0].claim_ids.clear());
    assert_eq!(no_claims.first(), Some(&"claims_exist"));
    let other = ClaimId::new("somebody_else", day("2026-02-28"));
    let invented = faults(|text| text.sentences[0].claim_ids.push(other));
    assert_eq!(invented, ["claims_exist"]);
    let twice = faults(|text| text.sentences.push(text.sentences[1].clone()));
    assert_eq!(twice, ["no_duplicate"]);
    let certain = faults(|text| text.sentences.retain(|s| s.section != Section::Uncertainty));
    assert_eq!(certain, ["uncertainty_is_acknowledged"]);
    let rosy = faults(|text| {
        let risk = text.sentences.iter().position(|s| s.section == Section::Risk).expect("the decline is a risk");
        text.sentences.remove(risk);
    });
    // The sentence about what is uncertain still names the claim, and does not stand in for it.
    assert_eq!(rosy, ["nothing_unfavourable_is_left_out"]);
    let changed = faults(|text| text.sentences[0].text.push_str(" It was 99."));
    assert_eq!(changed, ["numbers_stand_in_the_evidence"]);
}
