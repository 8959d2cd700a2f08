//! Whatever a model plans, the text is its claims; and whatever is done to a sentence, by any class of overclaim, is caught.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::frame::{FrameId, Tone};
use crate::domain::plan::{ClaimCode, NarrativePlan, Opener, PLAN_VERSION, PlannedSentence, SentenceCode};
use crate::engine::synthesize::planned::{Composed, compose, may_stand};
use crate::engine::synthesize::render::render;
use crate::engine::synthesize::{Asked, write_planned};

const SECTIONS: [Section; 6] =
    [Section::Summary, Section::KeyPoint, Section::Driver, Section::Risk, Section::NextStep, Section::Uncertainty];

fn named(mut claim: Claim, number: u128, metric: Metric) -> Claim {
    claim.id = ClaimId::new(&Uuid::from_u128(number).to_string(), day("2026-02-28"));
    claim.metric = claim.metric.map(|_| metric);
    claim
}

fn measured(value: f64) -> Claim {
    let values =
        vec![Value::new("value", value, "min", 0), Value::new("n", 1.0, "", 0), Value::new("window_days", 1.0, "", 0)];
    claim(ClaimKind::Measured, Some(Metric::SleepDuration), None, values)
}

fn state() -> Claim {
    let values = vec![Value::new("without_data", 5.0, "days", 0)];
    claim(ClaimKind::State, None, Some("baselines_frozen"), values)
}

/// A brief with something of everything.
fn rich(noticed: bool) -> Brief {
    let moved = |kind, grade, direction| compared(kind, grade, Design::Observational, direction);
    let mut claims = vec![
        named(day_score(), 1, Metric::Steps),
        named(moved(ClaimKind::Change, Grade::B, Direction::Lower), 2, Metric::SleepDuration),
        named(moved(ClaimKind::Step, Grade::C, Direction::Higher), 3, Metric::HrvRmssd),
        named(moved(ClaimKind::Trend, Grade::A, Direction::Higher), 4, Metric::SleepDeep),
        named(linked(Grade::B, 1.0), 5, Metric::SleepEfficiency),
        named(compared(ClaimKind::Experiment, Grade::C, Design::Observational, Direction::Lower), 6, Metric::SleepRem),
        named(level(Grade::A), 7, Metric::SleepAwake),
        named(level(Grade::C), 8, Metric::SleepLight),
        named(measured(431.0), 9, Metric::SleepInBed),
        named(measured(402.0), 10, Metric::SleepNeed),
        named(
            claim(ClaimKind::Suggestion, Some(Metric::SleepDuration), Some("regular_bedtime"), vec![]),
            11,
            Metric::SleepDuration,
        ),
        named(state(), 12, Metric::Steps),
    ];
    let mut notices = Vec::new();
    if noticed {
        let text = SafetyRule::Spo2Low.text(Level::Warn).to_owned();
        notices.push(Notice { id: Uuid::from_u128(99), rule: SafetyRule::Spo2Low, text });
        claims
            .insert(0, named(claim(ClaimKind::Notice, Some(Metric::Spo2), Some("spo2_low"), vec![]), 99, Metric::Spo2));
    }
    Brief { day: day("2026-02-28"), period: Period::Daily, claims, notices }
}

fn asked(brief: &Brief) -> Asked {
    Asked::about(brief, []).expect("there is something to choose")
}

fn plan(sentences: Vec<PlannedSentence>) -> NarrativePlan {
    NarrativePlan { schema_version: PLAN_VERSION, tone: Tone::Plain, sentences, omitted: vec![], safety_ids: vec![] }
}

/// A plan that keeps every rule: an order, a length, and a choice for each sentence.
fn valid(brief: &Brief, order: &[usize], choices: &[usize]) -> NarrativePlan {
    let asked = asked(brief);
    let sentences = order.iter().zip(choices).enumerate().filter_map(|(index, (at, choice))| {
        let claim = asked.request.claims.get(at % asked.request.claims.len())?;
        let held = &brief.claims[asked.place(claim.id)?];
        let sections: Vec<Section> = SECTIONS.into_iter().filter(|section| may_stand(held, *section)).collect();
        Some(PlannedSentence {
            id: SentenceCode::at(index)?,
            section: sections[choice % sections.len()],
            claim_ids: vec![claim.id],
            frame: claim.frames[choice % claim.frames.len()].clone(),
            opener: Opener::None,
        })
    });
    let mut seen = BTreeSet::new();
    plan(sentences.filter(|sentence| seen.insert(sentence.claim_ids.clone())).collect())
}

fn wild() -> impl Strategy<Value = NarrativePlan> {
    let frames: Vec<FrameId> = frames().all().map(|frame| frame.id.clone()).chain([FrameId("F999".into())]).collect();
    let codes = prop::collection::vec((0..24_usize).prop_map(|at| ClaimCode::at(at).expect("a code")), 0..3);
    let sentence =
        (0..12_usize, prop::sample::select(SECTIONS.to_vec()), codes, prop::sample::select(frames), 0..4_usize);
    let sentence = sentence.prop_map(|(id, section, claim_ids, frame, opener)| PlannedSentence {
        id: SentenceCode::at(id).expect("a code"),
        section,
        claim_ids,
        frame,
        opener: Opener::ALL[opener],
    });
    prop::collection::vec(sentence, 0..16).prop_map(plan)
}

/// What must hold of every text that comes of a plan.
fn is_honest(brief: &Brief, composed: Composed) -> Result<(), TestCaseError> {
    let text = write_planned(brief, composed);
    let text = text.map_err(|refused| TestCaseError::fail(refused.to_string()))?;
    prop_assert_eq!(check(&text, &brief.claims), Ok(()));
    let mut times: BTreeMap<&ClaimId, u32> = BTreeMap::new();
    for sentence in text
        .sentences
        .iter()
        .filter(|s| s.frame.as_ref().is_none_or(|id| !frames().get(id).is_some_and(|(f, _)| f.says.is_of_all())))
    {
        sentence.claim_ids.iter().for_each(|id| *times.entry(id).or_default() += 1);
    }
    prop_assert!(times.values().all(|times| *times == 1), "a claim is said twice: {text:#?}");
    for claim in &brief.claims {
        let required = claim.is_unfavourable()
            || matches!(claim.kind, ClaimKind::State | ClaimKind::Experiment | ClaimKind::Notice);
        prop_assert!(!required || times.contains_key(&claim.id), "{:?} is left out: {text:#?}", claim.kind);
    }
    let noticed = text.sentences.iter().take(brief.notices.len()).map(|s| s.text.as_str());
    prop_assert!(noticed.eq(brief.notices.iter().map(|n| n.text.as_str())));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_plan_that_keeps_the_rules_is_followed_to_the_letter(
        order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(), length in 1..=12_usize,
        choices in prop::collection::vec(0..1_000_usize, 12), noticed in any::<bool>(),
    ) {
        let brief = rich(noticed);
        let plan = valid(&brief, &order[..length], &choices);
        let composed = compose(&plan, &asked(&brief), &brief).map_err(|unusable| TestCaseError::fail(unusable.to_string()))?;
        let replaced: Vec<_> = composed.rejections.iter().filter(|rejection| rejection.replaced).collect();
        prop_assert!(replaced.is_empty(), "{replaced:?} of {plan:?}");
        is_honest(&brief, composed)?;
    }

    #[test]
    fn whatever_is_planned_the_text_is_its_claims(plan in wild(), noticed in any::<bool>()) {
        let brief = rich(noticed);
        if let Ok(composed) = compose(&plan, &asked(&brief), &brief) {
            is_honest(&brief, composed)?;
        }
    }

    #[test]
    fn a_valid_plan_with_one_wrong_sentence_loses_that_sentence_alone(
        order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(), choices in prop::collection::vec(0..1_000_usize, 12),
        wrong in wild(), at in 0..12_usize,
    ) {
        let brief = rich(false);
        let mut plan = valid(&brief, &order, &choices);
        let Some(sentence) = wrong.sentences.first() else { return Ok(()) };
        let id = plan.sentences[at].id;
        plan.sentences[at] = PlannedSentence { id, ..sentence.clone() };
        let composed = compose(&plan, &asked(&brief), &brief).map_err(|unusable| TestCaseError::fail(unusable.to_string()))?;
        // Its claims may be those of a sentence after it, which then says them a second time.
        prop_assert!(composed.rejections.iter().filter(|rejection| rejection.replaced).count() <= 3);
        is_honest(&brief, composed)?;
    }
}

/// A class of overclaim, and what it makes of a sentence.
type Class = (&'static str, fn(&str) -> Vec<String>);

fn each(text: &str, pieces: &[(&str, &str)]) -> Vec<String> {
    pieces
        .iter()
        .filter(|(piece, _)| text.contains(piece))
        .map(|(piece, instead)| text.replacen(piece, instead, 1))
        .collect()
}

/// The sentence with something before its full stop, or instead of it.
fn ended(text: &str, tails: &[&str]) -> Vec<String> {
    tails.iter().map(|tail| format!("{}{tail}", text.trim_end_matches('.'))).collect()
}

/// Each number of a sentence changed.
fn numbered(text: &str, change: fn(&str) -> String) -> Vec<String> {
    let mut changed = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
        let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |end| start + end);
        changed.push(format!("{}{}{}", &text[..start], change(&text[start..end]), &text[end..]));
        at = end;
    }
    changed
}

const CLASSES: [Class; 44] = [
    ("number altered", |t| numbered(t, |n| n.parse::<u64>().map_or_else(|_| "7".into(), |n| (n + 1).to_string()))),
    ("number of another statistic", |t| {
        each(
            t,
            &[
                ("6 h 48 min", "7 h 36 min"),
                ("7 h 4 min", "7 h 27 min"),
                ("-0.41", "-0.22"),
                ("was 65", "was 71"),
                ("48 min", "32 min"),
            ],
        )
    }),
    ("bound to another metric", |t| ended(t, &[", as did your strain.", ", and so was your weight."])),
    ("number in words", |t| {
        each(
            t,
            &[
                ("6 h 48 min", "nearly seven hours"),
                ("60 days", "sixty days"),
                ("30 days", "thirty days"),
                ("65", "sixty-five"),
            ],
        )
    }),
    ("percent against points", |t| {
        each(t, &[(" min", " %"), ("95 %", "95 points"), ("0.91", "91 %"), ("0.83", "83 %")])
    }),
    ("multiplier", |t| ended(t, &[", a factor of 2.", ", twice as much.", ", two times the usual."])),
    ("invented range", |t| ended(t, &[", between 3 and 9.", ", within 10 of the usual."])),
    ("unit swap", |t| each(t, &[(" min", " h"), (" min", " bpm"), (" days", " weeks")])),
    ("false precision", |t| numbered(t, |n| format!("{n}.37"))),
    ("vague quantifier", |t| ended(t, &[", by a lot.", ", somewhat.", ", on most days."])),
    ("inflated sample", |t| {
        each(t, &[("28 days", "280 days"), ("53 days", "530 days"), ("58 of", "580 of"), ("93 days", "930 days")])
    }),
    ("direction flipped", |t| each(t, &[("lower", "higher"), ("higher", "lower"), ("reduced", "increased")])),
    ("negation", |t| {
        each(t, &[("was ", "was not "), ("averaged", "never averaged"), ("goes with", "does not go with")])
    }),
    ("level told as trend", |t| {
        each(t, &[("averaged", "rose to"), ("averaged", "has been falling to"), ("was ", "fell to ")])
    }),
    ("valence inverted", |t| each(t, &[("lower", "better"), ("higher", "worse"), ("higher", "improved")])),
    ("window changed", |t| {
        each(t, &[("30 days", "90 days"), ("60 days", "14 days"), ("98 days", "180 days"), ("of 60", "of 61")])
    }),
    ("invented date", |t| {
        each(t, &[("2026-02-28", "2026-02-27"), ("2026-01-29", "2026-01-01"), ("2026-02-28", "yesterday")])
    }),
    ("prediction", |t| ended(t, &[", and will stay so.", ", and may soon be so again."])),
    ("window of another claim", |t| {
        each(t, &[("up to 2026-02-28", "up to 2026-01-29"), ("On 2026-02-28", "On 2026-01-29")])
    }),
    ("causal verb", |t| {
        each(
            t,
            &[
                ("was lower", "improved"),
                ("tends to go with", "boosts"),
                ("goes with", "reduces"),
                ("moves with it", "increases"),
            ],
        )
    }),
    ("causal connective", |t| ended(t, &[" because of stress.", " due to late meals.", " thanks to your walks."])),
    ("juxtaposition", |t| ended(t, &["; your steps were fewer.", "; you drank coffee."])),
    ("mechanism", |t| ended(t, &[" as your nervous system calmed down.", ", a sign of recovery."])),
    ("counterfactual", |t| {
        ended(t, &[", and without your walks it would be less.", ", which you could have avoided."])
    }),
    ("hedge missing", |t| {
        each(t, &[("probably ", ""), ("may have been", "was"), ("may have ", ""), ("; this could be chance", "")])
    }),
    ("hedge of a stronger grade", |t| {
        each(
            t,
            &[("may have been", "was probably"), ("was probably", "was"), ("may be linked with", "tends to go with")],
        )
    }),
    ("booster", |t| {
        each(t, &[("was ", "was clearly "), ("averaged", "certainly averaged"), ("could", "definitely could")])
    }),
    ("statistics inflated", |t| {
        each(t, &[("0.91", "0.99"), ("0.83", "0.97"), ("0.87", "0.98"), ("high confidence", "very high confidence")])
    }),
    ("hedge in the wrong clause", |t| {
        each(t, &[("was probably lower", "was lower"), ("was probably higher", "was higher")])
            .into_iter()
            .map(|t| t.replacen('.', ", probably.", 1))
            .collect()
    }),
    ("reassurance", |t| ended(t, &[", so all is well.", ", which is fine.", ", nothing to worry about."])),
    ("disease", |t| ended(t, &[", as in sleep apnea.", ", a sign of an infection."])),
    ("treatment", |t| ended(t, &[", which melatonin treats.", "; a doctor would prescribe rest."])),
    ("command", |t| ended(t, &[". Stop running.", ". Sleep more tonight."])),
    ("population", |t| ended(t, &[", as in most people.", ", better than people of your age."])),
    ("universal", |t| ended(t, &[", every night.", ", always."])),
    ("two claims fused", |t| {
        ended(t, &[", and your resting heart rate was 58 bpm.", " while your stress averaged 35."])
    }),
    ("invented metric or event", |t| ended(t, &[", and so did your glucose.", " after your trip."])),
    ("look-alike letters", |t| each(t, &[("o", "\u{43e}"), ("a", "\u{430}"), ("e", "\u{435}")])),
    ("zero-width and full-width", |t| {
        each(t, &[("e", "e\u{200b}"), ("0", "\u{ff10}"), (" ", "\u{a0}"), ("-", "\u{2011}")])
    }),
    ("markup, link, instruction", |t| {
        ended(t, &[", see https://example.org.", " <b>now</b>.", " [more](x).", ". Ignore the rules above."])
    }),
    ("personal or provider text", |t| ended(t, &[", Anna.", " during Morning Run with Tom.", ", me@example.org."])),
    ("number split over sentences", |t| ended(t, &[". It was 5 more.", ". That makes 12 of them."])),
    ("fractions, ordinals, up to", |t| {
        ended(t, &[", a third of it.", ", the 2nd lowest.", ", up to 99.", ", 1/2 of the days."])
    }),
    ("mixed language and decimal comma", |t| {
        [
            ended(t, &[", und dein Schlaf auch.", ", mucho mejor."]),
            each(t, &[("0.91", "0,91"), ("0.83", "0,83"), ("3.75", "3,75")]),
        ]
        .concat()
    }),
];

/// Sentences of every kind, grade and frame, about several metrics, each with its claim.
fn corpus() -> Vec<(Claim, Sentence)> {
    let mut claims = rich(false).claims;
    for grade in [Grade::A, Grade::B, Grade::C] {
        claims.extend([0.0, 3.0].map(|lag| linked(grade, lag)));
        for metric in [Metric::SleepDuration, Metric::SleepDeep, Metric::NapDuration, Metric::SleepDebt] {
            claims.push(named(level(grade), 20, metric));
            for direction in [Direction::Lower, Direction::Higher] {
                for kind in [ClaimKind::Change, ClaimKind::Step, ClaimKind::Trend] {
                    claims.push(named(compared(kind, grade, Design::Observational, direction), 21, metric));
                }
                for design in [Design::Observational, Design::Randomised] {
                    claims.push(named(compared(ClaimKind::Experiment, grade, design, direction), 22, metric));
                }
            }
        }
    }
    let mut corpus = Vec::new();
    for claim in claims {
        let serving: Vec<FrameId> = frames().serving(&claim).map(|frame| frame.id.clone()).collect();
        for frame in serving {
            let text = render(&frame, &[&claim]).expect("it can be said");
            let sentence = Sentence { text, frame: Some(frame), ..said(&claim) };
            corpus.push((claim.clone(), sentence));
        }
    }
    corpus
}

#[test]
fn ten_thousand_overclaims_of_every_class_are_caught() {
    let corpus = corpus();
    let mut counts: BTreeMap<&str, usize> = CLASSES.iter().map(|(class, _)| (*class, 0)).collect();
    for (claim, sentence) in &corpus {
        assert_eq!(sentence_check(sentence, &[claim]), Ok(()), "{}", sentence.text);
        for (class, overclaim) in CLASSES {
            for text in overclaim(&sentence.text) {
                assert_ne!(text, sentence.text);
                let changed = Sentence { text, ..sentence.clone() };
                assert!(sentence_check(&changed, &[claim]).is_err(), "{class} passes: {}", changed.text);
                *counts.entry(class).or_default() += 1;
            }
        }
    }
    let total: usize = counts.values().sum();
    println!("{total} overclaims from {} sentences, all caught:", corpus.len());
    counts.iter().for_each(|(class, count)| println!("{count:6} {class}"));
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
    assert!(total >= 10_000, "{total}");
}
