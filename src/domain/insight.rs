//! Insights: graded statements with their evidence.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::{ClaimKind, Direction};
use super::day::LocalDay;
use super::evidence::Evidence;
use super::grade::{Design, Grade};
use super::metric::Metric;
use super::person::PersonId;
use super::watch::Sought;

/// What an insight says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsightKind {
    /// What is usual over the last 60 days.
    Level,
    /// The last 30 days against the 60 before.
    Change,
    /// A jump of the mean on a day that can be named.
    Step,
    /// A steady rise or fall over 90 days.
    Trend,
    /// Two metrics that go together.
    Association,
    /// Too few days to state what is usual.
    InsufficientData,
}

impl From<Sought> for InsightKind {
    fn from(sought: Sought) -> Self {
        match sought {
            Sought::Change => Self::Change,
            Sought::Step => Self::Step,
            Sought::Trend => Self::Trend,
        }
    }
}

impl InsightKind {
    /// What the weekly search of one series raises; one of these is open about a metric at a time.
    pub const MOVES: [Self; 3] = [Self::Change, Self::Step, Self::Trend];

    /// The stable key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Change => "change",
            Self::Step => "step",
            Self::Trend => "trend",
            Self::Association => "association",
            Self::InsufficientData => "insufficient_data",
        }
    }

    /// The kind of claim a narrative makes of it.
    #[must_use]
    pub const fn claim(self) -> ClaimKind {
        match self {
            Self::Level => ClaimKind::Level,
            Self::Change => ClaimKind::Change,
            Self::Step => ClaimKind::Step,
            Self::Trend => ClaimKind::Trend,
            Self::Association => ClaimKind::Association,
            Self::InsufficientData => ClaimKind::State,
        }
    }
}

/// A graded statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// `UUIDv5` of person, kind, metric, direction and first day.
    pub id: Uuid,
    /// What it says.
    pub kind: InsightKind,
    /// The metric it is about.
    pub metric: Metric,
    /// The metric it goes with, where it is about two: the earlier of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Metric>,
    /// Which way, where it compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How the evidence came about.
    pub design: Design,
    /// Its grade.
    pub grade: Grade,
    /// How probable it is that the statement is true, 0 to 1.
    pub confidence: f64,
    /// Valid days in the smaller window.
    pub n: u32,
    /// What those days are worth after their autocorrelation.
    pub n_effective: f64,
    /// Valid days over calendar days in the smaller window, 0 to 1.
    pub coverage: f64,
    /// The day on which it was first raised.
    pub first_day: LocalDay,
    /// The day up to which its numbers are.
    pub day: LocalDay,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Insight {
    /// The id that kind, metric, direction and first day give a person's insight.
    #[must_use]
    pub fn id(
        person: PersonId,
        kind: InsightKind,
        metric: Metric,
        direction: Option<Direction>,
        first_day: LocalDay,
    ) -> Uuid {
        let direction = match direction {
            None => "none",
            Some(Direction::Higher) => "higher",
            Some(Direction::Lower) => "lower",
        };
        let name = format!("insight/{}/{}/{direction}/{first_day}", kind.key(), metric.key());
        Uuid::new_v5(&person.uuid(), name.as_bytes())
    }

    /// What it says, whenever it is raised: its kind, metrics and direction, and of a link its way and lag.
    #[must_use]
    pub fn statement(&self) -> Uuid {
        let number = |name| self.evidence.value(name).map(|value| value.value);
        let link = self.with.map(|other| (other.key(), number("r").map(|r| r < 0.0), number("lag")));
        let name = serde_json::json!([self.kind.key(), self.metric.key(), self.direction, link]);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.to_string().as_bytes())
    }

    /// The metrics it names.
    pub fn names(&self) -> impl Iterator<Item = Metric> {
        std::iter::once(self.metric).chain(self.with)
    }

    /// Whether another statement shows a person the same thing: same grade, same rounded numbers.
    #[must_use]
    pub fn reads_like(&self, other: &Self) -> bool {
        self.grade == other.grade && self.evidence.values == other.evidence.values
    }
}
