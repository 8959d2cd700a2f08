//! The plan of a text: which claims, in which order, each by which frame. A model may choose; it writes nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::claim::{ClaimKind, Direction, Period, Section};
use super::frame::{FrameId, Tone};
use super::grade::{Design, Grade};
use super::metric::Metric;

/// The version of the plan's shape.
pub const PLAN_VERSION: u32 = 1;
/// Sentences a plan may hold.
pub const MOST_SENTENCES: usize = 12;
/// Claims a request may hold: E1 to E24.
pub const MOST_CLAIMS: usize = 24;
/// Notices a plan may name: S1 to S8.
pub const MOST_NOTICES: usize = 8;

/// A letter and a number from 1 on, as in `E7`: all that a plan can name. Nothing else can be read, so that a plan carries no
/// words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Numbered<const LETTER: char>(u8);

/// A claim of a request: E1 to E24.
pub type ClaimCode = Numbered<'E'>;
/// A sentence of a plan: s1 to s12.
pub type SentenceCode = Numbered<'s'>;
/// A notice of a request: S1 to S8.
pub type NoticeCode = Numbered<'S'>;

/// What is no letter and number of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of a plan")]
pub struct NoCode;

impl<const LETTER: char> Numbered<LETTER> {
    /// The highest number.
    pub const MOST: usize = match LETTER {
        'E' => MOST_CLAIMS,
        's' => MOST_SENTENCES,
        _ => MOST_NOTICES,
    };

    /// The code with a place, counted from 0; `None` beyond the highest.
    #[must_use]
    pub fn at(place: usize) -> Option<Self> {
        u8::try_from(place + 1).ok().filter(|number| usize::from(*number) <= Self::MOST).map(Self)
    }

    /// Its place, counted from 0.
    #[must_use]
    pub fn place(self) -> usize {
        usize::from(self.0) - 1
    }
}

impl<const LETTER: char> fmt::Display for Numbered<LETTER> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{LETTER}{}", self.0)
    }
}

impl<const LETTER: char> FromStr for Numbered<LETTER> {
    type Err = NoCode;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // E07 is not E7: each code is written in one way.
        (0..Self::MOST).filter_map(Self::at).find(|code| code.to_string() == s).ok_or(NoCode)
    }
}

impl<const LETTER: char> Serialize for Numbered<LETTER> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const LETTER: char> Deserialize<'de> for Numbered<LETTER> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a model answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NarrativePlan {
    /// [`PLAN_VERSION`].
    pub schema_version: u32,
    /// How the text is to sound.
    pub tone: Tone,
    /// The sentences, in order.
    pub sentences: Vec<PlannedSentence>,
    /// The claims that are left out, and why.
    pub omitted: Vec<Omission>,
    /// The notices that come first, S1 to S8.
    pub safety_ids: Vec<NoticeCode>,
}

/// A sentence of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSentence {
    /// s1 to s12.
    pub id: SentenceCode,
    /// Where it stands.
    pub section: Section,
    /// The claims it says, E1 to E24; two only where the frame says two.
    pub claim_ids: Vec<ClaimCode>,
    /// The frame it is said with.
    pub frame: FrameId,
    /// How it follows on the sentence before it.
    pub opener: Opener,
}

/// How a sentence follows on the one before it. None of them joins two metrics as cause and consequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opener {
    /// It begins.
    #[default]
    None,
    /// It adds to it.
    Also,
    /// It goes the other way.
    InContrast,
    /// It is about something else.
    Separately,
}

impl Opener {
    /// Every opener.
    pub const ALL: [Self; 4] = [Self::None, Self::Also, Self::InContrast, Self::Separately];

    /// The words before the sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Also => "Also, ",
            Self::InContrast => "In contrast, ",
            Self::Separately => "Separately, ",
        }
    }
}

/// A claim that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Omission {
    /// E1 to E24.
    pub claim_id: ClaimCode,
    /// Why.
    pub reason: OmissionReason,
}

/// Why a claim is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmissionReason {
    /// Another sentence says it.
    Duplicate,
    /// It matters little.
    LowSalience,
    /// Another sentence is about the same metric.
    SameMetric,
    /// There is no room.
    Limit,
}

/// What a model is asked: claims as codes, without a date, a name or an id of the person's, and without a value unless the person
/// agreed to that as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Days or weeks.
    pub period: Period,
    /// The version of the catalogue of frames.
    pub catalogue_version: u32,
    /// The claims, most salient first.
    pub claims: Vec<AskedClaim>,
    /// The standing notices, S1 to S8: they are said first and verbatim whatever is planned.
    pub safety_ids: Vec<NoticeCode>,
    /// What the person said matters to them.
    pub matters: Vec<Matter>,
}

/// A claim as a model sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedClaim {
    /// E1 to E24.
    pub id: ClaimCode,
    /// What it says.
    pub kind: ClaimKind,
    /// The metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// The other metric of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Metric>,
    /// The grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// The design.
    pub design: Design,
    /// Which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Whether it moved the unwelcome way; such a claim must be said.
    pub unfavourable: bool,
    /// Whether a text without it is mended: the template says it then.
    pub required: bool,
    /// The frames that may say it.
    pub frames: Vec<FrameId>,
    /// The claims that may be said together with it, and the frames that do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<Pair>,
    /// Its numbers, where the person lets a model see them; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<AskedValue>,
}

/// A number of a claim as a model may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedValue {
    /// What it is, as `mean_after`.
    pub name: String,
    /// The number with its unit, as the text would say it.
    pub shown: String,
}

/// Two claims that one sentence may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The second claim.
    pub with: ClaimCode,
    /// The frames that may say both.
    pub frames: Vec<FrameId>,
}

/// What matters to a person, in closed words: it may move the emphasis, never what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// Sleeping well.
    Sleep,
    /// Feeling recovered.
    Recovery,
    /// Training.
    Training,
    /// Moving through the day.
    Movement,
    /// Being calm.
    Calm,
    /// Having energy.
    Energy,
}

impl Matter {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Sleep, Self::Recovery, Self::Training, Self::Movement, Self::Calm, Self::Energy];

    /// What a metric is a sign of first of all.
    #[must_use]
    pub const fn of(metric: Metric) -> Self {
        match metric {
            Metric::SleepDuration
            | Metric::SleepInBed
            | Metric::SleepLight
            | Metric::SleepDeep
            | Metric::SleepRem
            | Metric::SleepAwake
            | Metric::SleepLatency
            | Metric::NapDuration
            | Metric::SleepEfficiency
            | Metric::SleepConsistency
            | Metric::SleepPerformance
            | Metric::SleepScore
            | Metric::SleepNeed
            | Metric::SleepDebt
            | Metric::CheckinSleepQuality
            | Metric::JournalLateMeal
            | Metric::JournalScreenInBed
            | Metric::JournalReadingInBed
            | Metric::JournalSharedBed
            | Metric::JournalCaffeine => Self::Sleep,
            Metric::RecoveryScore
            | Metric::RestingHeartRate
            | Metric::HrvRmssd
            | Metric::HrvSdnn
            | Metric::RespiratoryRate
            | Metric::Spo2
            | Metric::SkinTemperature
            | Metric::SkinTemperatureDeviation
            | Metric::BodyTemperature
            | Metric::JournalAlcohol => Self::Recovery,
            Metric::Strain
            | Metric::HeartRateMax
            | Metric::ActivityDuration
            | Metric::ActivityMovingTime
            | Metric::ActivityDistance
            | Metric::ActivityElevationGain
            | Metric::ActivityEnergy
            | Metric::ActivityStrain
            | Metric::ActivityHeartRateAverage
            | Metric::ActivityHeartRateMax
            | Metric::RelativeEffort
            | Metric::Vo2Max
            | Metric::Zone1Minutes
            | Metric::Zone2Minutes
            | Metric::Zone3Minutes
            | Metric::Zone4Minutes
            | Metric::Zone5Minutes
            | Metric::JournalStretching => Self::Training,
            Metric::Energy
            | Metric::HeartRateAverage
            | Metric::Steps
            | Metric::Weight
            | Metric::JournalMorningLight => Self::Movement,
            Metric::Stress
            | Metric::CheckinMood
            | Metric::CheckinStress
            | Metric::JournalStress
            | Metric::JournalMeditation
            | Metric::JournalAnswer => Self::Calm,
            Metric::BodyBattery | Metric::CheckinEnergy => Self::Energy,
        }
    }
}
