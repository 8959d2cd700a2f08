//! Frames: every sentence that may be said, as data that people can review.
//!
//! A frame is a sentence with slots. It names what it says ([`Saying`]), the grades and designs it may serve, and its
//! tone; numbers, dates, names, hedges and verbs come from the claim. Whoever phrases a text, the template or a model,
//! chooses frames and writes nothing.

mod parts;
mod review;
mod saying;
mod slot;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::grade::{Design, Grade};

pub use parts::{Part, UnreadableFrame};
pub use review::{Objection, review};
pub use saying::Saying;
pub use slot::{Slot, What};

/// The catalogue as it is shipped.
pub const CATALOGUE: &str = include_str!("catalogue.json");

/// Where a graded sentence has said what it says, and how sure it is follows: the confidence, the interval and the days.
pub const HOW_SURE: &str = " How sure: ";

/// The stable name of a frame, as in `F012`. It is never given to another sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FrameId(pub String);

impl TryFrom<String> for FrameId {
    type Error = NoFrameId;

    fn try_from(text: String) -> Result<Self, NoFrameId> {
        let digits = text.strip_prefix('F').filter(|rest| rest.len() == 3);
        let named = digits.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        if named { Ok(Self(text)) } else { Err(NoFrameId) }
    }
}

/// What is no name of a frame: that is F and three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a frame is F and three digits")]
pub struct NoFrameId;

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a text sounds. It never changes what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// As to a friend.
    Warm,
    /// In few words.
    Brief,
}

/// What a sentence may not be beside a safety notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// It sounds as if all were well.
    Reassuring,
    /// It urges on to load.
    TrainingPush,
}

/// A sentence with slots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Its stable name.
    pub id: FrameId,
    /// What it says.
    pub says: Saying,
    /// The grades it may serve; empty where claims have none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grades: BTreeSet<Grade>,
    /// The designs it may serve; empty where it makes no difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub designs: Vec<Design>,
    /// How it sounds.
    #[serde(default)]
    pub tone: Tone,
    /// What it may not be beside a notice.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// Whether the template leaves it to those who plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spare: bool,
    /// The sentence: `{slot}` is filled from the claim, `[...]` is left out when one of its slots has nothing to show.
    pub text: String,
}

impl Frame {
    /// Whether it may say a claim.
    #[must_use]
    pub fn serves(&self, claim: &Claim) -> bool {
        Saying::of(claim) == Some(self.says)
            && claim.grade.map_or(self.grades.is_empty(), |grade| self.grades.contains(&grade))
            && (self.designs.is_empty() || self.designs.contains(&claim.design))
    }

    /// Whether the template takes it.
    #[must_use]
    pub fn is_of_template(&self) -> bool {
        self.tone == Tone::Plain && !self.spare
    }
}

/// A version of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Raised with every change.
    pub version: u32,
    /// The language of the sentences.
    pub language: String,
    /// The frames; of those that serve a claim the template takes the plain ones in this order.
    pub frames: Vec<Frame>,
}

/// A catalogue that was read, with its sentences taken apart.
#[derive(Debug)]
pub struct Frames {
    /// Its version.
    pub version: u32,
    frames: Vec<(Frame, Vec<Part>)>,
    places: BTreeMap<FrameId, usize>,
}

/// Why a catalogue is of no use.
#[derive(Debug, thiserror::Error)]
pub enum BadCatalogue {
    /// It is not what a catalogue looks like.
    #[error("the catalogue of frames cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A sentence cannot be taken apart.
    #[error("frame {0}: {1}")]
    Sentence(FrameId, UnreadableFrame),
    /// A frame, or what is missing, breaks a rule.
    #[error("{0}")]
    Rule(Objection),
}

impl Frames {
    /// Reads and reviews a catalogue.
    ///
    /// # Errors
    /// The first frame that cannot be read or breaks a rule.
    pub fn read(text: &str) -> Result<Self, BadCatalogue> {
        let catalogue: Catalogue = serde_json::from_str(text)?;
        let mut frames = Vec::with_capacity(catalogue.frames.len());
        for frame in catalogue.frames {
            let parts = parts::parse(&frame.text).map_err(|fault| BadCatalogue::Sentence(frame.id.clone(), fault))?;
            frames.push((frame, parts));
        }
        if let Some(objection) = review(&frames).into_iter().next() {
            return Err(BadCatalogue::Rule(objection));
        }
        let places = frames.iter().enumerate().map(|(at, (frame, _))| (frame.id.clone(), at)).collect();
        Ok(Self { version: catalogue.version, frames, places })
    }

    /// The frame with a name, and its sentence taken apart.
    #[must_use]
    pub fn get(&self, id: &FrameId) -> Option<(&Frame, &[Part])> {
        self.places.get(id).and_then(|at| self.frames.get(*at)).map(|(frame, parts)| (frame, parts.as_slice()))
    }

    /// Every frame, in order.
    pub fn all(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().map(|(frame, _)| frame)
    }

    /// The frames that may say a claim, in order.
    pub fn serving<'a>(&'a self, claim: &'a Claim) -> impl Iterator<Item = &'a Frame> {
        self.all().filter(|frame| frame.serves(claim))
    }
}

/// The frames of this build; a test holds that the shipped text is read without a word of objection.
#[must_use]
pub fn frames() -> &'static Frames {
    static READ: OnceLock<Frames> = OnceLock::new();
    READ.get_or_init(|| {
        Frames::read(CATALOGUE).unwrap_or(Frames { version: 0, frames: Vec::new(), places: BTreeMap::new() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_is_read_without_objection() {
        let frames = Frames::read(CATALOGUE).unwrap_or_else(|bad| panic!("{bad}"));
        assert!(frames.version >= 1);
        assert!(frames.all().count() >= 42);
    }
}
