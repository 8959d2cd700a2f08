//! Every frame says every claim it may say, of every metric, both ways, with and without what may be missing; what it
//! says is read back letter by letter, and a sentence in which one digit is another is refused.

use std::collections::{BTreeMap, BTreeSet};

use candor::domain::claim::{Claim, ClaimId, ClaimKind, Direction, Section, Sentence};
use candor::domain::day::LocalDay;
use candor::domain::evidence::{Evidence, Value, Window};
use candor::domain::experiment::Conduct;
use candor::domain::frame::{Frame, Saying, Tag, Tone, frames};
use candor::domain::grade::{Design, Grade};
use candor::domain::metric::Metric;
use candor::domain::provider::Provider;
use candor::engine::intervene;
use candor::engine::synthesize::check::sentence_check;
use candor::engine::synthesize::{render, template};

const GRADES: [Grade; 4] = [Grade::A, Grade::B, Grade::C, Grade::D];
const DIRECTIONS: [Direction; 2] = [Direction::Lower, Direction::Higher];
const DESIGNS: [Design; 2] = [Design::Observational, Design::Randomised];

// ---- Claims with made-up evidence ----

fn day(text: &str) -> LocalDay {
    text.parse().expect("a day")
}

fn count(name: &str, value: f64) -> Value {
    Value::new(name, value, "", 0)
}

fn claim(kind: ClaimKind, metric: Option<Metric>, code: Option<&str>, values: Vec<Value>) -> Claim {
    let last = day("2026-02-28");
    Claim {
        id: ClaimId::new("made_up", last),
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
            window: Window::ending(last, 30),
            baseline: None,
            input_revision: 4,
            values,
        },
    }
}

/// A share of what a metric can be, with its unit and decimals.
fn of(metric: Metric, name: &str, share: f64) -> Value {
    let (low, high) = metric.definition().plausible;
    Value::new(name, low + (high - low) * share, metric.unit().symbol(), metric.definition().decimals)
}

/// How far apart two values of a metric are: never nothing, once it is rounded.
fn apart(metric: Metric, name: &str, share: f64, more_decimals: u32) -> Value {
    let (low, high) = metric.definition().plausible;
    let decimals = metric.definition().decimals + more_decimals;
    let least = libm::pow(10.0, -f64::from(decimals));
    Value::new(name, ((high - low) * share).max(least), metric.unit().symbol(), decimals)
}

fn sure(grade: Grade) -> Value {
    let confidence = match grade {
        Grade::A => 0.97,
        Grade::B => 0.83,
        Grade::C => 0.65,
        Grade::D => 0.2,
    };
    Value::new("confidence", confidence, "", 2)
}

fn level(metric: Metric, grade: Grade) -> Claim {
    let values = vec![
        of(metric, "mean", 0.31),
        of(metric, "interval_low", 0.29),
        of(metric, "interval_high", 0.36),
        Value::new("interval_pct", 95.0, "%", 0),
        count("n", 58.0),
        count("window_days", 60.0),
        sure(grade),
    ];
    Claim { grade: Some(grade), ..claim(ClaimKind::Level, Some(metric), None, values) }
}

fn compared(kind: ClaimKind, metric: Metric, grade: Grade, direction: Direction) -> Claim {
    let (before, after) = if direction == Direction::Lower { (0.37, 0.29) } else { (0.29, 0.37) };
    let values = vec![
        of(metric, "mean_before", before),
        of(metric, "mean_after", after),
        apart(metric, "difference", 0.08, 0),
        apart(metric, "interval_low", 0.06, 0),
        apart(metric, "interval_high", 0.11, 0),
        Value::new("interval_pct", 95.0, "%", 0),
        count("n_before", 53.0),
        count("n_after", 28.0),
        count("n_with", 27.0),
        count("n_without", 26.0),
        count("before_days", 61.0),
        count("after_days", 30.0),
        Value::new("step_days_ago", 41.0, "days", 0),
        apart(metric, "slope", 0.02, 2),
        sure(grade),
    ];
    Claim { grade: Some(grade), direction: Some(direction), ..claim(kind, Some(metric), None, values) }
}

/// The same claim with and without the days it is compared with.
fn with_and_without_baseline(claim: Claim) -> [Claim; 2] {
    let mut with = claim.clone();
    with.evidence.baseline = Some(Window::ending(day("2026-01-27"), 61));
    [claim, with]
}

fn linked(metric: Metric, other: Metric, grade: Grade, lag: f64) -> Claim {
    // On the same day they go together, with a lag against each other.
    let [r, low, high] = if lag > 0.0 { [-0.41, -0.56, -0.22] } else { [0.38, 0.19, 0.54] };
    let values = vec![
        Value::new("r", r, "", 2),
        Value::new("interval_low", low, "", 2),
        Value::new("interval_high", high, "", 2),
        Value::new("interval_pct", 95.0, "%", 0),
        Value::new("lag", lag, if lag == 1.0 { "day" } else { "days" }, 0),
        count("n", 93.0),
        count("window_days", 98.0),
        sure(grade),
    ];
    Claim { grade: Some(grade), ..claim(ClaimKind::Association, Some(metric), Some(other.key()), values) }
}

/// What an experiment may come to: earned, not earned, drifting, undecided.
fn experiments(metric: Metric) -> Vec<Claim> {
    let mut all = Vec::new();
    for design in DESIGNS {
        let randomised = design == Design::Randomised;
        for (grade, direction) in GRADES.into_iter().flat_map(|grade| DIRECTIONS.map(|way| (grade, way))) {
            let mut found = compared(ClaimKind::Experiment, metric, grade, direction);
            found.design = design;
            found.evidence.values.extend([count("pairs", 7.0), count("washout_days", 1.0), count("lag_days", 0.0)]);
            found.evidence.values.push(Value::new("adherence", 0.9, "", 2));
            let conduct = Conduct {
                randomised,
                pairs: if randomised { 7 } else { 0 },
                washout_days: Some(1),
                lag_days: Some(0),
                adherence: 0.9,
                excludes_zero: true,
                suppressed: false,
            };
            let unearned = Conduct { suppressed: true, ..conduct };
            let verdicts =
                if grade == Grade::D { ["unclear", "insufficient_data"] } else { ["helpful", "not_helpful"] };
            for (code, conduct) in verdicts.into_iter().flat_map(|code| [(code, conduct), (code, unearned)]) {
                found.code = Some(code.to_owned());
                found.conduct = Some(conduct);
                all.push(found.clone());
                let mut bare = found.clone();
                bare.evidence.values.retain(|value| value.name != "difference" || conduct.earns_cause());
                all.push(bare);
                let mut drifting = found.clone();
                drifting.evidence.values.push(Value::new("drift", 0.98, "", 2));
                all.push(drifting);
            }
            // A name with a digit is taken for a number where none may stand; no experiment is on such a metric.
            if grade == Grade::D && !metric.label().bytes().any(|byte| byte.is_ascii_digit()) {
                found.code = Some("unreliable".to_owned());
                all.push(Claim { direction: None, ..found });
            }
        }
    }
    all
}

/// A day's scores, with every choice of what may be missing.
fn scores() -> Vec<Claim> {
    let mut all = Vec::new();
    for (code, choice) in
        ["take_it_easy", "maintain", "go_for_it", "withheld"].iter().flat_map(|c| (0..8).map(move |n| (c, n)))
    {
        let mut values = vec![count("score", 65.0), count("score_max", 100.0)];
        if choice & 1 > 0 {
            values.push(count("previous_score", 71.0));
        }
        if choice & 2 > 0 {
            values.push(Value::new("hours_so_far", 14.0, "h", 0));
        }
        if choice & 4 > 0 {
            values.extend([of(Metric::Steps, "steps", 0.1), of(Metric::HrvRmssd, "hrv_rmssd", 0.1)]);
        }
        all.push(claim(ClaimKind::DayScore, None, Some(*code), values));
    }
    let week = [("mean", 77.0), ("lowest", 69.0), ("highest", 85.0), ("n", 6.0), ("window_days", 7.0)];
    let week = week.map(|(name, value)| count(name, value)).into_iter().chain([count("score_max", 100.0)]);
    all.push(claim(ClaimKind::DayScore, None, Some("week"), week.collect()));
    all
}

/// Everything that can be missing, paused or frozen.
fn states() -> Vec<Claim> {
    let state = |code: &str, values| claim(ClaimKind::State, None, Some(code), values);
    let little = |n| vec![count("n", n), count("window_days", 14.0), count("needed", 7.0)];
    let mut all = vec![
        state("newest_data", vec![Value::new("days_old", 3.0, "days", 0)]),
        state("insufficient_data", little(4.0)),
        state("insufficient_data", little(0.0)),
        state("baselines_frozen", vec![Value::new("without_data", 50.0, "h", 0)]),
        state("baselines_frozen", vec![Value::new("without_data", 4.0, "days", 0)]),
        state("human_review_needed", vec![count("reviews", 2.0)]),
        state("protocol_invalidated", Vec::new()),
        state("analysis_stopped", Vec::new()),
    ];
    let quality = [("quality_pct", 45.0, "%"), ("needed_pct", 60.0, "%"), ("window_days", 7.0, "")];
    all.push(state("learning_paused", quality.map(|(name, value, unit)| Value::new(name, value, unit, 0)).into()));
    for metric in Metric::ALL {
        let codes =
            ["experiment_invalidated", "evaluation_unreliable", "intervention_suppressed", "conflicting_signals"];
        all.extend(codes.map(|code| Claim { metric: Some(metric), ..state(code, Vec::new()) }));
        all.push(Claim { metric: Some(metric), ..state("insufficient_data", little(4.0)) });
    }
    all
}

/// One claim of everything that can be said of one.
fn claims() -> Vec<Claim> {
    let mut all = [scores(), states()].concat();
    let others = [Metric::Stress, Metric::Steps, Metric::Zone1Minutes, Metric::JournalAlcohol];
    for metric in Metric::ALL {
        for grade in GRADES {
            all.push(level(metric, grade));
            for kind in [ClaimKind::Change, ClaimKind::Step, ClaimKind::Trend] {
                let both = DIRECTIONS.map(|direction| compared(kind, metric, grade, direction));
                all.extend(both.into_iter().flat_map(with_and_without_baseline));
            }
            for other in others.into_iter().filter(|other| *other != metric) {
                all.extend([0.0, 1.0, 3.0].map(|lag| linked(metric, other, grade, lag)));
            }
        }
        all.extend(experiments(metric));
        all.push(claim(ClaimKind::Measured, Some(metric), None, vec![of(metric, "value", 0.31)]));
        let week = vec![of(metric, "mean", 0.31), count("n", 6.0), count("window_days", 7.0)];
        all.push(claim(ClaimKind::Measured, Some(metric), Some("week"), week));
        let ideas = intervene::catalogue().entries.iter();
        all.extend(ideas.map(|entry| claim(ClaimKind::Suggestion, Some(metric), Some(&entry.key), Vec::new())));
    }
    all
}

/// What a frame may say: claims of its kind, or two of them, or the claims a whole text rests on.
fn sayable<'a>(frame: &Frame, claims: &'a [Claim]) -> Vec<Vec<&'a Claim>> {
    if frame.says.is_of_all() {
        return vec![claims.iter().filter(|claim| claim.kind == ClaimKind::Level).collect()];
    }
    if matches!(frame.says, Saying::MeasuredTwo | Saying::WeekTwo) {
        let measured: Vec<&Claim> = claims.iter().filter(|claim| claim.kind == ClaimKind::Measured).collect();
        let pairs = measured.iter().flat_map(|first| measured.iter().map(|second| vec![*first, *second]));
        return pairs.filter(|pair| Saying::of_two(pair[0], pair[1]) == Some(frame.says)).collect();
    }
    claims.iter().filter(|claim| frame.serves(claim)).map(|claim| vec![claim]).collect()
}

fn sentence(frame: &Frame, said: &[&Claim]) -> Sentence {
    let section = if frame.says.is_of_all() { Section::Uncertainty } else { template::section(said[0]) };
    Sentence {
        section,
        text: render(&frame.id, said).unwrap_or_else(|refused| panic!("{}: {refused}", frame.id)),
        claim_ids: said.iter().map(|claim| claim.id.clone()).collect(),
        frame: Some(frame.id.clone()),
        by_model: false,
        grade: said.iter().filter_map(|claim| claim.grade).max(),
    }
}

// ---- The tests ----

#[test]
fn every_frame_says_whatever_it_serves_and_is_read_back() {
    let claims = claims();
    let mut faults: BTreeMap<(String, &str), (usize, String)> = BTreeMap::new();
    let (mut combinations, mut altered) = (0_usize, 0_usize);
    for frame in frames().all() {
        let (mut grades, mut designs, mut ways) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let mut longest: Option<String> = None;
        for said in sayable(frame, &claims) {
            let whole = sentence(frame, &said);
            combinations += 1;
            grades.extend(said[0].grade);
            ways.extend(said[0].direction.map(|way| way == Direction::Higher));
            if !designs.contains(&said[0].design) {
                designs.push(said[0].design);
            }
            if let Err(check) = sentence_check(&whole, &said) {
                let fault = faults.entry((frame.id.to_string(), check)).or_insert((0, whole.text.clone()));
                fault.0 += 1;
            }
            if let Some(at) = whole.text.rfind(|c: char| c.is_ascii_digit()) {
                let other = if whole.text[at..].starts_with('8') { "3" } else { "8" };
                let text = format!("{}{other}{}", &whole.text[..at], &whole.text[at + 1..]);
                let changed = Sentence { text, ..whole.clone() };
                assert!(sentence_check(&changed, &said).is_err(), "{}: {}", frame.id, changed.text);
                altered += 1;
            }
            longest = longest.filter(|text| text.len() >= whole.text.len()).or(Some(whole.text));
        }
        let longest = longest.unwrap_or_else(|| panic!("{} is never said", frame.id));
        println!("{} {}", frame.id, longest);
        let of_all = frame.says.is_of_all();
        assert!(of_all || grades == frame.grades, "{} is said at {grades:?}", frame.id);
        assert!(frame.designs.iter().all(|design| designs.contains(design)), "{} at {designs:?}", frame.id);
        let moves = frame.text.contains("{moved}") || frame.text.contains("{effect}");
        assert!(!moves || ways.len() == 2, "{} moves one way alone", frame.id);
    }
    println!("{} frames, {combinations} combinations, {altered} with a digit altered", frames().all().count());
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_saying_has_each_tone_and_few_plain_frames() {
    for says in Saying::ALL {
        let of = |tone| frames().all().filter(|frame| frame.says == says && frame.tone == tone).count();
        assert!((1..=4).contains(&of(Tone::Plain)), "{says:?} has {} plain frames", of(Tone::Plain));
        assert!(of(Tone::Warm) >= 1, "{says:?} is never said as to a friend");
        assert!(of(Tone::Brief) >= 1, "{says:?} is never said in few words");
    }
    let texts: BTreeSet<&str> = frames().all().map(|frame| frame.text.as_str()).collect();
    assert_eq!(texts.len(), frames().all().count(), "two frames say the same in the same words");
}

#[test]
fn what_urges_on_is_tagged_and_what_the_template_takes_does_not_reassure() {
    for frame in frames().all() {
        let urges = frame.says == Saying::ScoreGoForIt || frame.text.contains("Go for it");
        assert_eq!(frame.tags.contains(&Tag::TrainingPush), urges, "{}", frame.id);
        let reassures = frame.tags.contains(&Tag::Reassuring);
        assert!(!reassures || frame.tone != Tone::Plain, "{}: the template reads no tags", frame.id);
    }
}

/// Sentences say "your {metric} was": the name of every metric is a singular, and nobody's already.
#[test]
fn the_name_of_a_metric_is_a_singular_that_can_follow_your() {
    let places = [" in activities", " in bed", " in a shared bed", " (RMSSD)", " (SDNN)"];
    for metric in Metric::ALL {
        let label = metric.label();
        let name = places.iter().fold(label.to_owned(), |name, place| name.replace(place, ""));
        let words: Vec<&str> = name.split(' ').collect();
        assert!(words.last().is_some_and(|head| !head.ends_with('s') || *head == "stress"), "{label}: a plural");
        assert!(!words.iter().any(|word| ["you", "your", "the", "a"].contains(word)), "{label}");
    }
}
