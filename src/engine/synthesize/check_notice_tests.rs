//! What is said of states, suggestions and notices passes, and a notice that was touched does not.

use super::*;

#[test]
fn what_is_said_of_every_state_passes() {
    let count = |name: &str, value: f64, unit: &str| Value::new(name, value, unit, 0);
    let states: [(&str, Option<Metric>, Vec<Value>); 9] = [
        (
            "insufficient_data",
            None,
            vec![count("n", 3.0, ""), count("needed", 7.0, ""), count("window_days", 14.0, "")],
        ),
        ("baselines_frozen", None, vec![count("without_data", 7.0, "days")]),
        ("conflicting_signals", Some(Metric::RestingHeartRate), vec![]),
        (
            "learning_paused",
            None,
            vec![count("quality_pct", 29.0, "%"), count("needed_pct", 60.0, "%"), count("window_days", 7.0, "")],
        ),
        ("human_review_needed", None, vec![count("reviews", 2.0, "")]),
        ("evaluation_unreliable", Some(Metric::SleepDuration), vec![]),
        ("intervention_suppressed", Some(Metric::Stress), vec![]),
        ("protocol_invalidated", None, vec![]),
        ("analysis_stopped", None, vec![]),
    ];
    for (code, metric, values) in states {
        let claims = vec![claim(ClaimKind::State, metric, Some(code), values)];
        let brief = Brief { day: day("2026-02-28"), period: Period::Daily, claims, notices: vec![] };
        let narrative = write(&brief).unwrap_or_else(|refused| panic!("{code}: {refused}"));
        assert_eq!(narrative.sentences[0].section, Section::Uncertainty, "{code}");
    }
}

#[test]
fn every_suggestion_and_every_notice_passes() {
    for entry in &crate::engine::intervene::catalogue().entries {
        for target in &entry.targets {
            let claim = claim(ClaimKind::Suggestion, Some(target.metric), Some(&entry.key), vec![]);
            let brief = Brief { day: day("2026-02-28"), period: Period::Daily, claims: vec![claim], notices: vec![] };
            let narrative = write(&brief).unwrap_or_else(|refused| panic!("{}: {refused}", entry.key));
            assert!(narrative.sentences[0].text.contains(&entry.phrase), "{narrative:?}");
        }
    }
    for rule in SafetyRule::ALL {
        for level in [Level::Warn, Level::Review, Level::Stop] {
            let metric = match rule {
                SafetyRule::RestingHeartRate => Some(Metric::RestingHeartRate),
                SafetyRule::Spo2Low => Some(Metric::Spo2),
                SafetyRule::BodyTemperature => Some(Metric::BodyTemperature),
                SafetyRule::SkinTemperature => Some(Metric::SkinTemperatureDeviation),
                SafetyRule::WeightChange => Some(Metric::Weight),
                _ => None,
            };
            let (brief, notice) = noticed(rule, level, metric);
            let narrative = write(&brief).unwrap_or_else(|refused| panic!("{}: {refused}", rule.key()));
            assert_eq!(narrative.sentences[0].text, notice.text);
        }
    }
}

fn noticed(rule: SafetyRule, level: Level, metric: Option<Metric>) -> (Brief, Notice) {
    let mut claim = claim(ClaimKind::Notice, metric, Some(rule.key()), vec![]);
    let id = Uuid::from_u128(77);
    claim.id = ClaimId::new(&id.to_string(), day("2026-02-28"));
    let notice = Notice { id, rule, text: rule.text(level).to_owned() };
    let (day, notices) = (day("2026-02-28"), vec![notice.clone()]);
    (Brief { day, period: Period::Daily, claims: vec![claim], notices }, notice)
}

#[test]
fn a_notice_that_is_softened_moved_or_urged_on_beside_is_caught() {
    let (brief, _) = noticed(SafetyRule::Spo2Low, Level::Review, Some(Metric::Spo2));
    let whole = write(&brief).expect("a text");
    let faults = |change: &dyn Fn(&mut Narrative)| {
        let mut changed = whole.clone();
        change(&mut changed);
        check(&changed, &brief.claims).err().map(|faults| faults.iter().map(|f| f.check).collect::<Vec<_>>())
    };
    assert_eq!(faults(&|_| {}), None);
    let first = Some(vec!["notices_stand_first_and_verbatim"]);
    assert_eq!(faults(&|n| n.sentences[0].text = n.sentences[0].text.replace("far below", "below")), first);
    let later = |n: &mut Narrative| {
        let mut other = n.sentences[0].clone();
        other.text = "Your blood oxygen was measured.".to_owned();
        n.sentences.insert(0, other);
    };
    assert_eq!(faults(&later), first);
    let urging = |n: &mut Narrative| {
        let mut other = n.sentences[0].clone();
        other.text = "Your blood oxygen was measured: Go for it.".to_owned();
        n.sentences.push(other);
    };
    assert_eq!(faults(&urging), Some(vec!["nothing_urges_on_beside_a_notice"]));
}
