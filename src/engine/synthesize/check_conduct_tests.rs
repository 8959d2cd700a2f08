//! What was tried is said to have done something only when everything about its conduct allows it.

use super::*;

fn conduct(claim: &mut Claim) -> &mut Conduct {
    claim.conduct.as_mut().expect("an experiment was conducted")
}

/// Everything a causal verb asks for beside a grade, each taken away in the numbers and in the conduct.
const LACKS: [Lack; 10] = [
    ("no verdict", |c| (c.code, c.grade) = (Some("unclear".to_owned()), Some(Grade::D))),
    ("an observational design", |c| (c.design, conduct(c).randomised) = (Design::Observational, false)),
    ("no lot", |c| conduct(c).randomised = false),
    ("two pairs", |c| {
        set(c, "pairs", Some(2.0));
        conduct(c).pairs = 2;
    }),
    ("no washout stated", |c| {
        set(c, "washout_days", None);
        conduct(c).washout_days = None;
    }),
    ("no lag fixed", |c| {
        set(c, "lag_days", None);
        conduct(c).lag_days = None;
    }),
    ("adherence under 0.8", |c| {
        set(c, "adherence", Some(0.79));
        conduct(c).adherence = 0.79;
    }),
    ("an interval that holds zero", |c| {
        set(c, "interval_low", Some(0.0));
        conduct(c).excludes_zero = false;
    }),
    ("safety holding it back", |c| conduct(c).suppressed = true),
    ("no conduct at all", |c| c.conduct = None),
];

#[test]
fn a_causal_verb_needs_everything_and_the_template_says_less_without_any_of_it() {
    for grade in [Grade::A, Grade::B, Grade::C] {
        for direction in [Direction::Lower, Direction::Higher] {
            let whole = compared(ClaimKind::Experiment, grade, Design::Randomised, direction);
            let causal = said(&whole);
            assert!(causal.text.contains("reduced") || causal.text.contains("increased"), "{}", causal.text);
            assert_eq!(sentence_check(&causal, &[&whole]), Ok(()), "{}", causal.text);
            for (lack, take_away) in LACKS {
                let mut lacking = whole.clone();
                take_away(&mut lacking);
                // The sentence that was earned before is refused now, and the template does not say it any more.
                assert_eq!(sentence_check(&causal, &[&lacking]), Err("no_causal_word"), "{lack}: {}", causal.text);
                let modest = said(&lacking);
                assert!(!is_causal(&modest.text), "{lack}: {}", modest.text);
                assert_eq!(sentence_check(&modest, &[&lacking]), Ok(()), "{lack}: {}", modest.text);
            }
        }
    }
    // No grade, or D, says nothing of the kind either.
    let mut undecided = compared(ClaimKind::Experiment, Grade::A, Design::Randomised, Direction::Higher);
    let causal = said(&undecided);
    for grade in [Some(Grade::D), None] {
        undecided.grade = grade;
        assert_eq!(sentence_check(&causal, &[&undecided]), Err("no_causal_word"));
    }
}

#[test]
fn the_check_reads_the_numbers_and_does_not_take_the_conducts_word() {
    for (name, value) in [("pairs", 2.0), ("adherence", 0.79), ("interval_low", -1.0)] {
        let mut claim = compared(ClaimKind::Experiment, Grade::A, Design::Randomised, Direction::Higher);
        set(&mut claim, name, Some(value));
        let boast = said(&claim);
        assert!(is_causal(&boast.text), "the template goes by the conduct: {}", boast.text);
        assert_eq!(sentence_check(&boast, &[&claim]), Err("no_causal_word"), "{name}");
    }
}

#[test]
fn each_thing_a_causal_verb_asks_for_is_missed_by_itself() {
    let alone: [Lack; 4] = [
        ("what was only observed", |c| c.kind = ClaimKind::Change),
        ("an observational design beside a lot", |c| c.design = Design::Observational),
        ("no verdict beside a grade", |c| c.code = Some("unclear".to_owned())),
        ("a conduct of nothing", |c| c.conduct = None),
    ];
    for (lack, take_away) in alone {
        let mut claim = compared(ClaimKind::Experiment, Grade::A, Design::Randomised, Direction::Higher);
        let causal = said(&claim);
        take_away(&mut claim);
        assert_eq!(sentence_check(&causal, &[&claim]), Err("no_causal_word"), "{lack}");
    }
}

#[test]
fn what_is_unreliable_has_neither_direction_nor_number() {
    let mut claim = compared(ClaimKind::Experiment, Grade::D, Design::Randomised, Direction::Higher);
    (claim.code, claim.direction) = (Some("unreliable".to_owned()), None);
    let sentence = said(&claim);
    assert_eq!(sentence.text, "Your experiment on sleep duration: not enough consistent data to tell.");
    assert_eq!(sentence_check(&sentence, &[&claim]), Ok(()));
    caught(&claim, "to tell.", "to tell (28 days with it).", "no_number_of_what_is_unreliable");
    caught(&claim, "to tell.", "to tell, though it was higher.", "direction_agrees");
}

#[test]
fn beside_a_notice_nothing_is_said_to_have_brought_anything_about() {
    let mut earned = brief();
    earned.claims.push(compared(ClaimKind::Experiment, Grade::A, Design::Randomised, Direction::Higher));
    let mut narrative = write(&earned).expect("without a notice it is said");
    assert!(narrative.sentences.iter().any(|s| is_causal(&s.text)));
    narrative.notices.push(Notice { id: Uuid::nil(), rule: SafetyRule::Spo2Low, text: "Please ask a doctor.".into() });
    let found: Vec<_> = check(&narrative, &earned.claims).unwrap_err().iter().map(|f| f.check).collect();
    assert!(found.contains(&"no_cause_beside_a_notice"), "{found:?}");
}
