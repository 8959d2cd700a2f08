//! The one JSON schema that a plan is asked in: closed words only, nothing of a person, so a server compiles it once.
//!
//! It keeps to what strict structured output takes everywhere: objects whose fields are all required, arrays, enums. How many
//! sentences there may be and which frame serves which claim is said in the prompt and checked afterwards.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::domain::frame::frames;
use crate::domain::plan::{MOST_CLAIMS, MOST_NOTICES, MOST_SENTENCES, PLAN_VERSION};

/// The name the schema goes by.
pub const NAME: &str = "narrative_plan";

/// The schema: the same for every person and every request of a build.
#[must_use]
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(build)
}

fn build() -> Value {
    let claim = words(numbered('E', MOST_CLAIMS));
    let sentence = object(&[
        ("id", words(numbered('s', MOST_SENTENCES))),
        ("section", words(["summary", "key_point", "driver", "risk", "next_step", "uncertainty"].map(str::to_owned))),
        ("claim_ids", array(&claim)),
        ("frame", words(frames().all().map(|frame| frame.id.to_string()))),
        ("opener", words(["none", "also", "in_contrast", "separately"].map(str::to_owned))),
    ]);
    let omission = object(&[
        ("claim_id", claim),
        ("reason", words(["duplicate", "low_salience", "same_metric", "limit"].map(str::to_owned))),
    ]);
    object(&[
        ("schema_version", json!({"type": "integer", "enum": [PLAN_VERSION]})),
        ("tone", words(["plain", "warm", "brief"].map(str::to_owned))),
        ("sentences", array(&sentence)),
        ("omitted", array(&omission)),
        ("safety_ids", array(&words(numbered('S', MOST_NOTICES)))),
    ])
}

fn numbered(letter: char, most: usize) -> impl Iterator<Item = String> {
    (1..=most).map(move |number| format!("{letter}{number}"))
}

fn words(of: impl IntoIterator<Item = String>) -> Value {
    json!({"type": "string", "enum": of.into_iter().collect::<Vec<_>>()})
}

fn array(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}

fn object(fields: &[(&str, Value)]) -> Value {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::domain::claim::Section;
    use crate::domain::frame::{FrameId, Tone};
    use crate::domain::plan::{NarrativePlan, Numbered, Omission, OmissionReason, Opener, PlannedSentence};

    /// Whether a value fits a schema, for the keywords this schema may use; another keyword fails the test.
    fn fits(schema: &Value, value: &Value) -> bool {
        let known = ["type", "properties", "required", "additionalProperties", "items", "enum"];
        for keyword in schema.as_object().expect("a schema").keys() {
            assert!(known.contains(&keyword.as_str()), "{keyword} is not taken everywhere");
        }
        if let Some(words) = schema.get("enum") {
            return words.as_array().expect("words").contains(value);
        }
        match schema["type"].as_str() {
            Some("array") => {
                value.as_array().is_some_and(|items| items.iter().all(|item| fits(&schema["items"], item)))
            }
            Some("object") => {
                let shapes = schema["properties"].as_object().expect("properties");
                let required = schema["required"].as_array().expect("required");
                assert_eq!(schema["additionalProperties"], json!(false));
                assert_eq!(required.len(), shapes.len(), "every field is required");
                value.as_object().is_some_and(|fields| {
                    required.iter().all(|name| name.as_str().is_some_and(|name| fields.contains_key(name)))
                        && fields.iter().all(|(name, field)| shapes.get(name).is_some_and(|shape| fits(shape, field)))
                })
            }
            other => panic!("{other:?} without an enum leaves room for prose"),
        }
    }

    fn one_of<T: Clone + std::fmt::Debug + 'static, const N: usize>(of: [T; N]) -> impl Strategy<Value = T> {
        select(of.to_vec())
    }

    fn id<const LETTER: char>() -> impl Strategy<Value = Numbered<LETTER>> {
        (0..Numbered::<LETTER>::MOST).prop_map(|place| Numbered::at(place).expect("a code"))
    }

    fn sentence() -> impl Strategy<Value = PlannedSentence> {
        let sections = [
            Section::Summary,
            Section::KeyPoint,
            Section::Driver,
            Section::Risk,
            Section::NextStep,
            Section::Uncertainty,
        ];
        let frames: Vec<FrameId> = frames().all().map(|frame| frame.id.clone()).collect();
        let claims = prop::collection::vec(id::<'E'>(), 1..3);
        (id::<'s'>(), one_of(sections), claims, select(frames), one_of(Opener::ALL)).prop_map(
            |(id, section, claim_ids, frame, opener)| PlannedSentence { id, section, claim_ids, frame, opener },
        )
    }

    fn plan() -> impl Strategy<Value = NarrativePlan> {
        let reasons =
            [OmissionReason::Duplicate, OmissionReason::LowSalience, OmissionReason::SameMetric, OmissionReason::Limit];
        let omission = (id::<'E'>(), one_of(reasons)).prop_map(|(claim_id, reason)| Omission { claim_id, reason });
        (
            one_of([Tone::Plain, Tone::Warm, Tone::Brief]),
            prop::collection::vec(sentence(), 0..=MOST_SENTENCES),
            prop::collection::vec(omission, 0..=MOST_CLAIMS),
            prop::collection::vec(id::<'S'>(), 0..=MOST_NOTICES),
        )
            .prop_map(|(tone, sentences, omitted, safety_ids)| NarrativePlan {
                schema_version: PLAN_VERSION,
                tone,
                sentences,
                omitted,
                safety_ids,
            })
    }

    proptest! {
        #[test]
        fn every_plan_fits_and_is_read_back(plan in plan()) {
            let written = serde_json::to_value(&plan).unwrap();
            prop_assert!(fits(schema(), &written));
            prop_assert_eq!(serde_json::from_value::<NarrativePlan>(written).unwrap(), plan);
        }

        #[test]
        fn a_plan_with_a_field_more_or_less_does_not_fit(plan in plan(), which in 0..5_usize) {
            let mut written = serde_json::to_value(&plan).unwrap();
            let fields = written.as_object_mut().unwrap();
            let name = fields.keys().nth(which).unwrap().clone();
            let taken = fields.remove(&name).unwrap();
            prop_assert!(!fits(schema(), &written));
            written[name] = taken;
            written["text"] = json!("You slept badly.");
            prop_assert!(!fits(schema(), &written));
        }
    }

    #[test]
    fn what_the_schema_lets_through_is_a_plan() {
        // Each word of each enum is one the domain can read.
        let plan = |sentence: &Value, omission: &Value, tone: &Value, notice: &Value| {
            json!({"schema_version": PLAN_VERSION, "tone": tone, "sentences": [sentence], "omitted": [omission],
                   "safety_ids": [notice]})
        };
        let properties = &schema()["properties"];
        let inner = |list: &str, field: &str| properties[list]["items"]["properties"][field].clone();
        let all = |shape: &Value| shape["enum"].as_array().expect("words").clone();
        let sentence =
            json!({"id": "s1", "section": "summary", "claim_ids": ["E1"], "frame": "F016", "opener": "none"});
        let omission = json!({"claim_id": "E2", "reason": "limit"});
        let mut plans = Vec::new();
        for field in ["id", "section", "frame", "opener"] {
            for word in all(&inner("sentences", field)) {
                let mut sentence = sentence.clone();
                sentence[field] = word;
                plans.push(plan(&sentence, &omission, &json!("plain"), &json!("S1")));
            }
        }
        for field in ["claim_id", "reason"] {
            for word in all(&inner("omitted", field)) {
                let mut omission = omission.clone();
                omission[field] = word;
                plans.push(plan(&sentence, &omission, &json!("plain"), &json!("S1")));
            }
        }
        for tone in all(&properties["tone"]) {
            plans.push(plan(&sentence, &omission, &tone, &json!("S8")));
        }
        assert!(plans.len() > 80);
        for plan in plans {
            assert!(fits(schema(), &plan));
            serde_json::from_value::<NarrativePlan>(plan).expect("the domain reads what the schema allows");
        }
    }

    #[test]
    fn the_schema_stays_within_what_hosted_servers_take() {
        // The published limits of strict structured output: 1,000 words in all enums together, 15,000 letters in an enum of
        // more than 250 words.
        fn count(value: &Value, words: &mut usize) {
            if let Some(list) = value.get("enum").and_then(Value::as_array) {
                *words += list.len();
                assert!(list.len() <= 250 || list.iter().map(|word| word.to_string().len()).sum::<usize>() <= 15_000);
            }
            match value {
                Value::Object(fields) => fields.values().for_each(|field| count(field, words)),
                Value::Array(items) => items.iter().for_each(|item| count(item, words)),
                _ => {}
            }
        }
        let mut words = 0;
        count(schema(), &mut words);
        assert!(words <= 1_000, "{words}");
    }
}
