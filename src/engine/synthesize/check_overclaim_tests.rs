//! Whatever is done to a sentence, by any class of overclaim, is caught.

use std::collections::BTreeMap;

use super::plans::{named, rich};
use super::*;
use crate::domain::frame::FrameId;
use crate::engine::synthesize::render::render;

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
        each(t, &[("28 days", "280 days"), ("53 earlier", "530 earlier"), ("58 of", "580 of"), ("93 days", "930 days")])
    }),
    ("direction flipped", |t| each(t, &[("lower", "higher"), ("higher", "lower"), ("reduced", "increased")])),
    ("negation", |t| each(t, &[("was ", "was not "), ("averaged", "never averaged"), ("tended", "never tended")])),
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
                ("tended to be lower when", "boosts"),
                ("was probably lower when", "reduces"),
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
        each(t, &[("may have been", "was probably"), ("was probably", "was"), ("may have been", "tended to be")])
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
    let mut by_words = 0;
    for (claim, sentence) in &corpus {
        assert_eq!(sentence_check(sentence, &[claim]), Ok(()), "{}", sentence.text);
        for (class, overclaim) in CLASSES {
            for text in overclaim(&sentence.text) {
                assert_ne!(text, sentence.text);
                let changed = Sentence { text, ..sentence.clone() };
                assert!(sentence_check(&changed, &[claim]).is_err(), "{class} passes: {}", changed.text);
                // The frame alone would tell: how many would be caught without it?
                by_words += usize::from(words_check(&changed, &[claim]).is_err());
                *counts.entry(class).or_default() += 1;
            }
        }
    }
    let total: usize = counts.values().sum();
    println!("{by_words} of {total} are caught by their words and numbers, without the frame");
    println!("{total} overclaims from {} sentences, all caught:", corpus.len());
    counts.iter().for_each(|(class, count)| println!("{count:6} {class}"));
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
    assert!(total >= 10_000, "{total}");
}
