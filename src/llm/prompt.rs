//! What a model is told: a fixed text with the frames it may pick, and the request as JSON and nothing else.
//!
//! The first message is the same for every person, so it can be read in a review and kept by a server's prefix cache. No word of
//! a person or a provider reaches either message: the request holds closed words only.

use std::sync::OnceLock;

use serde_json::json;

use crate::domain::frame::frames;
use crate::domain::plan::PlanRequest;

/// What is told before the frames.
const RULES: &str = include_str!("prompts/plan.txt");

/// The first message: what to do, and every frame a sentence about a claim may be said with.
#[must_use]
pub fn system() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        // What speaks of the whole text is added by the renderer and not chosen.
        let choosable = frames().all().filter(|frame| !frame.says.is_of_all());
        let lines = choosable.map(|frame| {
            let line = json!({"id": frame.id, "says": frame.says, "tone": frame.tone, "text": frame.text});
            format!("{line}\n")
        });
        std::iter::once(RULES.to_owned()).chain(lines).collect()
    })
}

/// The second message: the request and nothing else.
///
/// # Errors
/// None that can happen: a request holds nothing that JSON cannot say.
pub fn user(request: &PlanRequest) -> Result<String, serde_json::Error> {
    serde_json::to_string(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::claim::{ClaimKind, Period};
    use crate::domain::grade::{Design, Grade};
    use crate::domain::plan::{AskedClaim, MOST_SENTENCES, Matter};

    #[test]
    fn a_model_sees_every_frame_it_may_pick_with_its_text() {
        for frame in frames().all() {
            let line = format!("\"id\":\"{}\"", frame.id);
            assert_eq!(system().contains(&line), !frame.says.is_of_all(), "{}", frame.id);
            let text = serde_json::to_string(&frame.text).unwrap();
            assert_eq!(system().contains(&text), !frame.says.is_of_all(), "{}", frame.id);
        }
        assert!(system().contains(&format!("At most {MOST_SENTENCES} sentences")));
    }

    #[test]
    fn the_request_is_sent_as_it_is_and_nothing_beside_it() {
        let claim = AskedClaim {
            id: "E1".parse().unwrap(),
            kind: ClaimKind::Measured,
            metric: None,
            with: None,
            grade: Some(Grade::B),
            design: Design::Observational,
            direction: None,
            unfavourable: true,
            required: true,
            frames: frames().all().take(2).map(|frame| frame.id.clone()).collect(),
            pairs: Vec::new(),
            values: Vec::new(),
        };
        let request = PlanRequest {
            period: Period::Weekly,
            catalogue_version: frames().version,
            claims: vec![claim],
            safety_ids: vec!["S1".parse().unwrap()],
            matters: Matter::ALL.into(),
        };
        let message = user(&request).unwrap();
        assert_eq!(serde_json::from_str::<PlanRequest>(&message).unwrap(), request);
        assert_eq!(message, serde_json::to_string(&request).unwrap());
    }
}
