//! What a reviewer of the catalogue would object to, looked for at every start.

use std::collections::BTreeSet;

use super::parts::Part;
use super::saying::Saying;
use super::{Frame, FrameId, HOW_SURE};
use crate::domain::grade::Grade;
use crate::domain::verb;

/// What is wrong with a frame, or with the catalogue as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// Two frames bear one name.
    #[error("frame {0}: a name belongs to one frame")]
    Name(FrameId),
    /// A slot is missing, stands twice, or is none of what the frame says.
    #[error("frame {frame}: slot {slot}: {reason}")]
    Slot {
        /// The frame.
        frame: FrameId,
        /// The slot.
        slot: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Words that must stand in the sentence do not.
    #[error("frame {frame}: says {words:?}")]
    Words {
        /// The frame.
        frame: FrameId,
        /// The words.
        words: &'static str,
    },
    /// The sentence's own words hold a number, a forbidden word, or a hedge or verb that only a slot may bring.
    #[error("frame {frame}: the word {word:?} must not stand in a frame")]
    Word {
        /// The frame.
        frame: FrameId,
        /// The word.
        word: String,
    },
    /// It serves grades or designs that its claims never bear.
    #[error("frame {0}: its grades and designs are those of what it says")]
    Reach(FrameId),
    /// It is no sentence: a capital at the start and a full stop at the end.
    #[error("frame {0}: begins with a capital and ends with a full stop, in plain letters")]
    Shape(FrameId),
    /// Nothing of the template's says it at a grade: it would be silent.
    #[error("{says:?} at {grade:?} has no plain frame")]
    Silent {
        /// What would not be said.
        says: Saying,
        /// At which grade.
        grade: Option<Grade>,
    },
}

/// Words a slot brings when the claim has earned them.
const EARNED: &[&str] = &[
    "lower", "higher", "fell", "rose", "dropped", "climbed", "declined", "gained", "probably", "may", "might",
    "likely", "averaged", "more", "less", "better", "worse", "up", "down",
];

/// Everything a reviewer would object to.
#[must_use]
pub fn review(frames: &[(Frame, Vec<Part>)]) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut names = BTreeSet::new();
    for (frame, parts) in frames {
        if !names.insert(&frame.id) {
            objections.push(Objection::Name(frame.id.clone()));
        }
        slots(frame, parts, &mut objections);
        words(frame, parts, &mut objections);
        let all = frame.says.grades();
        let reach = frame.grades.iter().all(|grade| all.contains(grade)) && frame.grades.is_empty() == all.is_empty();
        let design = frame.says.design();
        if !reach || design.is_some_and(|design| frame.designs.iter().any(|other| *other != design)) {
            objections.push(Objection::Reach(frame.id.clone()));
        }
        let plain = frame.text.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
        let begins = frame.text.starts_with(|c: char| c.is_ascii_uppercase());
        if !plain || !begins || !frame.text.ends_with('.') {
            objections.push(Objection::Shape(frame.id.clone()));
        }
    }
    for says in Saying::ALL {
        let plain = |grade: Option<Grade>| {
            frames.iter().any(|(frame, _)| {
                let serves = grade.map_or(frame.grades.is_empty(), |grade| frame.grades.contains(&grade));
                frame.says == says && frame.is_of_template() && frame.designs.is_empty() && serves
            })
        };
        let grades = says.grades().iter().map(|grade| Some(*grade));
        let grades: Vec<Option<Grade>> = if says.grades().is_empty() { vec![None] } else { grades.collect() };
        let silent = grades.into_iter().filter(|grade| !plain(*grade));
        objections.extend(silent.map(|grade| Objection::Silent { says, grade }));
    }
    objections
}

/// Each slot a frame must hold stands once, and none besides those it may.
fn slots(frame: &Frame, parts: &[Part], objections: &mut Vec<Objection>) {
    let (must, may) = frame.says.slots();
    let object = |slot: &str, reason| Objection::Slot { frame: frame.id.clone(), slot: slot.to_owned(), reason };
    let mut always = Vec::new();
    let mut sometimes = Vec::new();
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Slot(slot) => always.push(slot.to_string()),
            Part::Optional(inner) => sometimes.extend(inner.iter().filter_map(|part| match part {
                Part::Slot(slot) => Some(slot.to_string()),
                Part::Text(_) | Part::Optional(_) => None,
            })),
        }
    }
    for slot in &must {
        if !always.iter().any(|held| held == slot) {
            objections.push(object(slot, "must stand in it, outside of brackets"));
        }
    }
    for slot in &always {
        let known = must.contains(&slot.as_str());
        let optional = may.contains(&slot.as_str());
        if !known {
            let reason = if optional { "may have nothing to show: put it in brackets" } else { "has no value here" };
            objections.push(object(slot, reason));
        }
    }
    for slot in &sometimes {
        if !may.contains(&slot.as_str()) {
            objections.push(object(slot, "must not be left out"));
        }
    }
}

/// The words of the sentence itself: what must stand in it does, and nothing that a slot has to earn.
fn words(frame: &Frame, parts: &[Part], objections: &mut Vec<Objection>) {
    let (text, sure) = frame.text.split_once(HOW_SURE).unwrap_or((&frame.text, ""));
    if sure.is_empty() == frame.grades.iter().any(|grade| *grade < Grade::D) || sure.contains(HOW_SURE) {
        objections.push(Objection::Words { frame: frame.id.clone(), words: HOW_SURE });
    }
    for slot in
        ["{averaged}", "{moved}", "{linked}", "{effect}", "{chance}"].iter().filter(|slot| sure.contains(**slot))
    {
        let reason = "stands before how sure it is";
        objections.push(Objection::Slot { frame: frame.id.clone(), slot: (*slot).to_owned(), reason });
    }
    let spoken = text.to_lowercase();
    for words in frame.says.words().iter().filter(|words| !spoken.contains(&words.to_lowercase())) {
        objections.push(Objection::Words { frame: frame.id.clone(), words });
    }
    let mut own = String::new();
    let mut gather = |parts: &[Part]| {
        for part in parts {
            if let Part::Text(text) = part {
                own.push_str(text);
                own.push(' ');
            }
        }
    };
    gather(parts);
    for part in parts {
        if let Part::Optional(inner) = part {
            gather(inner);
        }
    }
    let mut object = |word: &str| objections.push(Objection::Word { frame: frame.id.clone(), word: word.to_owned() });
    if own.bytes().any(|b| b.is_ascii_digit()) {
        object("a digit");
    }
    // What must be said in so many words is not held against the frame.
    let lower = own.replace("up to ", "").to_lowercase();
    let lower = frame.says.words().iter().fold(lower, |own, words| own.replace(&words.to_lowercase(), ""));
    let said: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let spoken = format!(" {} ", said.join(" "));
    // The sentence on what is uncertain names the hedges it explains.
    let explains = matches!(frame.says, Saying::Uncertain | Saying::UncertainBut);
    let drifts = frame.says == Saying::MovedWithDrift;
    for word in &said {
        let earned = EARNED.contains(word) && !explains && !(drifts && *word == "may");
        let given = *word == "averaged"
            && matches!(frame.says, Saying::TooEarly | Saying::Week | Saying::WeekTwo | Saying::ScoreWeek);
        let forbidden = [verb::NEVER, verb::CAUSAL, verb::BOOSTERS].iter().any(|list| list.contains(word));
        if (earned && !given) || forbidden {
            object(word);
        }
    }
    for phrase in verb::NEVER_PHRASES.iter().chain(verb::CAUSAL_PHRASES) {
        if spoken.contains(&format!(" {phrase} ")) {
            object(phrase);
        }
    }
}
