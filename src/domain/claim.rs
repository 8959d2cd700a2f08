//! Claims: the smallest statements a narrative may carry.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::day::LocalDay;
use super::evidence::Evidence;
use super::experiment::Conduct;
use super::frame::{FrameId, Saying, frames};
use super::grade::{Design, Grade};
use super::metric::{Desirable, Metric};
use super::safety::SafetyRule;

/// What a claim says. The first seven are graded; the others state a fact of the log and have no grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// What is usual for this person.
    Level,
    /// The last weeks against the weeks before.
    Change,
    /// A steady rise or fall.
    Trend,
    /// A jump at a day.
    Step,
    /// Two metrics that go together.
    Association,
    /// What an experiment showed.
    Experiment,
    /// Days in a row.
    Streak,
    /// A value, its window, its count: no comparison.
    Measured,
    /// A day's readiness score.
    DayScore,
    /// Something to try.
    Suggestion,
    /// What is missing, paused, frozen or too little.
    State,
    /// A safety notice, said first and verbatim.
    Notice,
}

impl ClaimKind {
    /// Whether claims of this kind bear a grade.
    #[must_use]
    pub const fn is_graded(self) -> bool {
        match self {
            Self::Level
            | Self::Change
            | Self::Trend
            | Self::Step
            | Self::Association
            | Self::Experiment
            | Self::Streak => true,
            Self::Measured | Self::DayScore | Self::Suggestion | Self::State | Self::Notice => false,
        }
    }
}

/// Which way something moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher than before.
    Higher,
    /// Lower than before.
    Lower,
}

impl Direction {
    /// Whether a metric moves the unwelcome way in this direction.
    #[must_use]
    pub const fn is_unwelcome_in(self, metric: Metric) -> bool {
        matches!(
            (metric.definition().desirable, self),
            (Desirable::Higher, Self::Lower) | (Desirable::Lower, Self::Higher)
        )
    }
}

/// The published name of a claim: `<entity id>@<day>`, and `<entity id>@<day>.2` when a later text of that day says
/// something else of the entity. It never changes its meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimId(String);

impl ClaimId {
    /// The claim about an entity as it stood on a day.
    #[must_use]
    pub fn new(entity: &str, day: LocalDay) -> Self {
        Self(format!("{entity}@{day}"))
    }

    /// The same claim as the text of this number says it that day, counted from 1.
    #[must_use]
    pub fn in_text(&self, number: u32) -> Self {
        let (entity, day, _) = self.parts();
        Self(if number < 2 { format!("{entity}@{day}") } else { format!("{entity}@{day}.{number}") })
    }

    /// The entity, the day, and which text of the day, counted from 1.
    #[must_use]
    pub fn parts(&self) -> (&str, &str, u32) {
        let (entity, day) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let (day, number) = day.split_once('.').unwrap_or((day, "1"));
        (entity, day, number.parse().unwrap_or(1))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The entity that an id for `why` is about: of a claim's name the part before the day, else the id itself.
#[must_use]
pub fn entity_of(id: &str) -> &str {
    id.split_once('@').map_or(id, |(entity, _)| entity)
}

/// A statement with everything needed to say it and nothing more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Its published name.
    pub id: ClaimId,
    /// What it says.
    pub kind: ClaimKind,
    /// The metric it is about, if about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Its grade, where its kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// How the evidence came about.
    pub design: Design,
    /// Which way, where it compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// A closed code for what a state or a suggestion is about, as in `baselines_frozen` or `regular_bedtime`; for an
    /// association the key of the metric it goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// For an experiment: how it was conducted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conduct: Option<Conduct>,
    /// The numbers it may show.
    pub evidence: Evidence,
}

impl Claim {
    /// The metrics it names: of a link both.
    pub fn names(&self) -> impl Iterator<Item = Metric> {
        let other = self.code.as_deref().filter(|_| self.kind == ClaimKind::Association);
        self.metric.into_iter().chain(other.and_then(|key| key.parse().ok()))
    }

    /// Which way its metric was when the other of a link was higher: the sign of their correlation.
    #[must_use]
    pub fn way_of_link(&self) -> Option<Direction> {
        let r = self.evidence.value("r")?.value;
        Some(if r < 0.0 { Direction::Lower } else { Direction::Higher })
    }

    /// Whether it says that something moved the unwelcome way.
    #[must_use]
    pub fn is_unfavourable(&self) -> bool {
        self.metric.zip(self.direction).is_some_and(|(metric, direction)| direction.is_unwelcome_in(metric))
    }

    /// An id of what it says, whatever it is called and however much else was known.
    #[must_use]
    pub fn said(&self) -> Uuid {
        let evidence = Evidence { input_revision: 0, ..self.evidence.clone() };
        let said = Self { id: self.id.in_text(1), evidence, ..self.clone() };
        // What cannot be encoded cannot be published either.
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &serde_json::to_vec(&said).unwrap_or_default())
    }
}

/// The part of a narrative a sentence stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What matters most, in a few words.
    Summary,
    /// What was found.
    KeyPoint,
    /// What goes with it.
    Driver,
    /// What deserves attention.
    Risk,
    /// What to try.
    NextStep,
    /// What is not known.
    Uncertainty,
}

/// A sentence a person reads, with the claims it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// Where it stands.
    pub section: Section,
    /// What it says.
    pub text: String,
    /// The claims it rests on; never empty.
    pub claim_ids: Vec<ClaimId>,
    /// The frame it was said with; none where a notice stands verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameId>,
    /// Whether a model chose it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_model: bool,
    /// The weakest grade among them, where they have one.
    pub grade: Option<Grade>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Days or weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// One local day.
    Daily,
    /// The seven days that end with a local day.
    Weekly,
}

impl Period {
    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// A safety notice as a person reads it. Its text is fixed and never rephrased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The notice's id.
    pub id: Uuid,
    /// The rule that raised it.
    pub rule: SafetyRule,
    /// What is said, verbatim.
    pub text: String,
}

/// The text of a period: an ordered list of sentences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Narrative {
    /// The day it was made for.
    pub day: LocalDay,
    /// What it looks back on.
    pub period: Period,
    /// A title without numbers or claims beyond the sentences.
    pub title: String,
    /// Safety notices, first and verbatim.
    pub notices: Vec<Notice>,
    /// What it says, in order.
    pub sentences: Vec<Sentence>,
    /// Who phrased it: `template`, `model` or `mixed`.
    pub source: String,
    /// Attributions that providers ask for.
    pub attributions: Vec<String>,
}

impl Narrative {
    /// Whether it says that some of it can turn out otherwise.
    #[must_use]
    pub fn acknowledges_uncertainty(&self) -> bool {
        let says = |id: &FrameId| frames().get(id).map(|(frame, _)| frame.says);
        self.sentences.iter().any(|sentence| {
            sentence.section == Section::Uncertainty
                && sentence.frame.as_ref().and_then(says).is_some_and(Saying::admits_uncertainty)
        })
    }
}
