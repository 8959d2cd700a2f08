//! What a frame says: one kind of statement with one set of numbers.

use serde::{Deserialize, Serialize};

use crate::domain::claim::{Claim, ClaimKind};
use crate::domain::grade::{Design, Grade};
use crate::domain::verb;

/// What a sentence says, finer than the kind of its claim: each has its own slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saying {
    /// A usual value.
    Level,
    /// The last weeks against those before.
    Change,
    /// A jump at a day.
    Step,
    /// A steady rise or fall.
    Trend,
    /// What was measured, where a change cannot be called yet.
    TooEarly,
    /// Two metrics that go together.
    Link,
    /// What an experiment brought about.
    Effect,
    /// What moved in blocks drawn by lot, where that has not earned a cause.
    MovedInBlocks,
    /// What moved between before and after.
    MovedBeforeAfter,
    /// The same where it drifted that way within the windows too.
    MovedWithDrift,
    /// An experiment that cannot be told from chance.
    Unclear,
    /// An experiment with too few days.
    TooFewDays,
    /// An experiment that must not be relied on.
    Unreliable,
    /// A day's value.
    Measured,
    /// Two values of a day.
    MeasuredTwo,
    /// A week's mean.
    Week,
    /// Two means of a week.
    WeekTwo,
    /// A score of the lowest band.
    ScoreTakeItEasy,
    /// A score of the middle band.
    ScoreMaintain,
    /// A score of the highest band.
    ScoreGoForIt,
    /// A score whose band a notice holds back.
    ScoreWithheld,
    /// The scores of a week.
    ScoreWeek,
    /// Something to try.
    Suggestion,
    /// How old the newest data are.
    NewestData,
    /// A metric with too few days.
    FewDays,
    /// Too little of everything.
    LittleData,
    /// Nothing at all came in.
    NoData,
    /// Usual values stand still.
    Frozen,
    /// An experiment was called off.
    CalledOff,
    /// Nothing new is learnt.
    LearningPaused,
    /// A human was asked.
    ReviewNeeded,
    /// An experiment has no verdict.
    NoVerdict,
    /// A metric swings too much to suggest anything.
    Unsteady,
    /// What was tried is not suggested any longer.
    TakenBack,
    /// A notice stops the analysis.
    AnalysisStopped,
    /// Sources disagree.
    SourcesDisagree,
    /// All is what was measured, nothing a cause.
    CertainlyMeasured,
    /// The same beside an experiment that earned a cause.
    CertainlyMeasuredBut,
    /// Some of it can turn out otherwise.
    Uncertain,
    /// The same beside such an experiment.
    UncertainBut,
}

impl Saying {
    /// Everything that can be said.
    pub const ALL: [Self; 40] = [
        Self::Level,
        Self::Change,
        Self::Step,
        Self::Trend,
        Self::TooEarly,
        Self::Link,
        Self::Effect,
        Self::MovedInBlocks,
        Self::MovedBeforeAfter,
        Self::MovedWithDrift,
        Self::Unclear,
        Self::TooFewDays,
        Self::Unreliable,
        Self::Measured,
        Self::MeasuredTwo,
        Self::Week,
        Self::WeekTwo,
        Self::ScoreTakeItEasy,
        Self::ScoreMaintain,
        Self::ScoreGoForIt,
        Self::ScoreWithheld,
        Self::ScoreWeek,
        Self::Suggestion,
        Self::NewestData,
        Self::FewDays,
        Self::LittleData,
        Self::NoData,
        Self::Frozen,
        Self::CalledOff,
        Self::LearningPaused,
        Self::ReviewNeeded,
        Self::NoVerdict,
        Self::Unsteady,
        Self::TakenBack,
        Self::AnalysisStopped,
        Self::SourcesDisagree,
        Self::CertainlyMeasured,
        Self::CertainlyMeasuredBut,
        Self::Uncertain,
        Self::UncertainBut,
    ];

    /// What a sentence about a claim says; `None` where nothing may be said of it, or nothing but its notice.
    #[must_use]
    pub fn of(claim: &Claim) -> Option<Self> {
        let grade = claim.grade.unwrap_or(Grade::D);
        let code = claim.code.as_deref();
        Some(match claim.kind {
            ClaimKind::Level => {
                verb::level(grade)?;
                Self::Level
            }
            ClaimKind::Change | ClaimKind::Step | ClaimKind::Trend if grade == Grade::D => Self::TooEarly,
            ClaimKind::Change => Self::Change,
            ClaimKind::Step => Self::Step,
            ClaimKind::Trend => Self::Trend,
            ClaimKind::Association => {
                claim.way_of_link().and_then(|way| verb::association(grade, way))?;
                Self::Link
            }
            ClaimKind::Experiment => of_experiment(claim, grade),
            ClaimKind::Measured if code == Some("week") => Self::Week,
            ClaimKind::Measured => Self::Measured,
            ClaimKind::DayScore => match code? {
                "take_it_easy" => Self::ScoreTakeItEasy,
                "maintain" => Self::ScoreMaintain,
                "go_for_it" => Self::ScoreGoForIt,
                "withheld" => Self::ScoreWithheld,
                "week" => Self::ScoreWeek,
                _ => return None,
            },
            ClaimKind::Suggestion => Self::Suggestion,
            ClaimKind::State => of_state(claim, code?)?,
            ClaimKind::Notice | ClaimKind::Streak => return None,
        })
    }

    /// What one sentence about two claims says, if there is one.
    #[must_use]
    pub fn of_two(first: &Claim, second: &Claim) -> Option<Self> {
        let alike = first.evidence.window == second.evidence.window && first.metric != second.metric;
        match (Self::of(first)?, Self::of(second)?) {
            (Self::Measured, Self::Measured) if alike => Some(Self::MeasuredTwo),
            (Self::Week, Self::Week) if alike => Some(Self::WeekTwo),
            _ => None,
        }
    }

    /// Whether it speaks of a whole text and not of one claim.
    #[must_use]
    pub const fn is_of_all(self) -> bool {
        matches!(self, Self::CertainlyMeasured | Self::CertainlyMeasuredBut | Self::Uncertain | Self::UncertainBut)
    }

    /// Whether it says that something can turn out otherwise.
    #[must_use]
    pub const fn admits_uncertainty(self) -> bool {
        matches!(self, Self::Uncertain | Self::UncertainBut)
    }

    /// The slots a sentence must hold, and those it may hold besides.
    #[must_use]
    pub fn slots(self) -> (Vec<&'static str>, &'static [&'static str]) {
        const MOVED: &[&str] = &[
            "metric",
            "moved",
            "mean_after",
            "mean_before",
            "difference",
            "interval",
            "n_after",
            "n_before",
            "after_days",
            "before_days",
            "last",
            "sure",
            "chance",
        ];
        const TRIED: &[&str] =
            &["metric", "moved", "mean_after", "mean_before", "interval", "n_with", "n_without", "sure", "chance"];
        const EFFECT: &[&str] = &["metric", "effect", "difference", "interval", "n_with", "n_without", "pairs", "sure"];
        const LINK: &[&str] =
            &["metric", "linked", "other", "when", "r", "interval", "n", "window_days", "last", "sure", "chance"];
        let must: &[&[&str]] = match self {
            Self::Level => &[&["metric", "averaged", "mean", "interval", "n", "window_days", "last", "sure"]],
            Self::Change => &[MOVED],
            Self::Step => &[MOVED, &["step_days_ago"]],
            Self::Trend => &[MOVED, &["slope"]],
            Self::TooEarly => &[&["metric", "mean_after", "n_after", "after_days", "last"]],
            Self::Link => &[LINK],
            Self::Effect => &[EFFECT],
            Self::MovedInBlocks | Self::MovedBeforeAfter | Self::MovedWithDrift => &[TRIED],
            Self::Unclear | Self::TooFewDays => &[&["metric", "n_with", "n_without"]],
            Self::Unreliable | Self::CalledOff | Self::NoVerdict | Self::Unsteady | Self::SourcesDisagree => {
                &[&["metric"]]
            }
            Self::Measured => &[&["metric", "value", "last"]],
            Self::MeasuredTwo => &[&["metric", "value", "last"], &["second.metric", "second.value"]],
            Self::Week => &[&["metric", "mean", "n", "window_days", "last"]],
            Self::WeekTwo => {
                &[&["metric", "mean", "n", "window_days", "last"], &["second.metric", "second.mean", "second.n"]]
            }
            Self::ScoreTakeItEasy | Self::ScoreMaintain | Self::ScoreGoForIt | Self::ScoreWithheld => {
                &[&["last", "score", "score_max"]]
            }
            Self::ScoreWeek => &[&["window_days", "last", "mean", "score_max", "lowest", "highest", "n"]],
            Self::Suggestion => &[&["try", "metric"]],
            Self::NewestData => &[&["last", "days_old"]],
            Self::FewDays => &[&["metric", "n", "window_days", "needed"]],
            Self::LittleData => &[&["n", "window_days", "needed"]],
            Self::NoData => &[&["window_days", "needed"]],
            Self::Frozen => &[&["without_data"]],
            Self::LearningPaused => &[&["window_days", "quality_pct", "needed_pct"]],
            Self::ReviewNeeded => &[&["reviews"]],
            Self::TakenBack
            | Self::AnalysisStopped
            | Self::CertainlyMeasured
            | Self::CertainlyMeasuredBut
            | Self::Uncertain
            | Self::UncertainBut => &[],
        };
        let may: &[&str] = match self {
            Self::Change | Self::Step | Self::Trend => &["baseline_last"],
            Self::MovedInBlocks | Self::MovedBeforeAfter | Self::MovedWithDrift => &["difference"],
            Self::ScoreTakeItEasy | Self::ScoreMaintain | Self::ScoreGoForIt | Self::ScoreWithheld => {
                &["hours_so_far", "previous_score", "parts"]
            }
            _ => &[],
        };
        (must.concat(), may)
    }

    /// The words that must stand in every sentence of this kind, whatever else it says, in small or capital letters.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::TooEarly => &["too early to call"],
            Self::Link => &["was higher", "this does not mean that one brings about the other"],
            Self::MovedInBlocks => &["does not show what brought it about"],
            Self::MovedBeforeAfter => &["cannot show what brought it about"],
            Self::MovedWithDrift => &["cannot show what brought it about", "moving that way within the windows too"],
            Self::Unclear => &["cannot be told from chance"],
            Self::TooFewDays | Self::Unreliable => &["not enough consistent data to tell"],
            Self::Frozen => &["says nothing about how you are"],
            Self::ScoreTakeItEasy => &["Take it easy"],
            Self::ScoreMaintain => &["Maintain"],
            Self::ScoreGoForIt => &["Go for it"],
            Self::Uncertain | Self::UncertainBut => &["can still turn out otherwise"],
            _ => &[],
        }
    }

    /// The grades claims of this kind may bear; empty where they have none.
    #[must_use]
    pub const fn grades(self) -> &'static [Grade] {
        match self {
            Self::Level
            | Self::Change
            | Self::Step
            | Self::Trend
            | Self::Link
            | Self::Effect
            | Self::MovedInBlocks
            | Self::MovedBeforeAfter
            | Self::MovedWithDrift => &[Grade::A, Grade::B, Grade::C],
            Self::TooEarly | Self::Unclear | Self::TooFewDays | Self::Unreliable => &[Grade::D],
            _ => &[],
        }
    }

    /// The one design of claims of this kind, where only one says it.
    #[must_use]
    pub const fn design(self) -> Option<Design> {
        match self {
            Self::Effect | Self::MovedInBlocks => Some(Design::Randomised),
            Self::MovedBeforeAfter | Self::MovedWithDrift => Some(Design::Observational),
            _ => None,
        }
    }
}

fn of_experiment(claim: &Claim, grade: Grade) -> Saying {
    let told = matches!(claim.code.as_deref(), Some("helpful" | "not_helpful")) && claim.direction.is_some();
    match claim.code.as_deref() {
        _ if told && grade < Grade::D => match claim.design {
            Design::Randomised if claim.conduct.is_some_and(|conduct| conduct.earns_cause()) => Saying::Effect,
            Design::Randomised => Saying::MovedInBlocks,
            Design::Observational if claim.evidence.value("drift").is_some() => Saying::MovedWithDrift,
            Design::Observational => Saying::MovedBeforeAfter,
        },
        Some("unclear") => Saying::Unclear,
        Some("insufficient_data") => Saying::TooFewDays,
        // What must not be relied on shows neither a direction nor a number.
        _ => Saying::Unreliable,
    }
}

fn of_state(claim: &Claim, code: &str) -> Option<Saying> {
    let none_came = claim.evidence.value("n").is_some_and(|n| n.value == 0.0);
    Some(match (code, claim.metric) {
        ("newest_data", _) => Saying::NewestData,
        ("insufficient_data", Some(_)) => Saying::FewDays,
        ("insufficient_data", None) if none_came => Saying::NoData,
        ("insufficient_data", None) => Saying::LittleData,
        ("baselines_frozen", _) => Saying::Frozen,
        ("experiment_invalidated", Some(_)) => Saying::CalledOff,
        ("learning_paused", _) => Saying::LearningPaused,
        ("human_review_needed", _) => Saying::ReviewNeeded,
        ("evaluation_unreliable", Some(_)) => Saying::NoVerdict,
        ("intervention_suppressed", Some(_)) => Saying::Unsteady,
        ("protocol_invalidated", _) => Saying::TakenBack,
        ("analysis_stopped", _) => Saying::AnalysisStopped,
        ("conflicting_signals", Some(_)) => Saying::SourcesDisagree,
        _ => return None,
    })
}
