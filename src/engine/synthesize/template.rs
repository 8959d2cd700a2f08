//! The template: one sentence a claim, worded by its kind, grade and design, with numbers from its evidence only.

use crate::domain::claim::{Claim, ClaimKind, Section};
use crate::domain::grade::{Design, Grade};
use crate::domain::metric::Metric;
use crate::domain::verb;
use crate::engine::intervene;

/// A claim that cannot be said: a number its kind needs is missing.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("claim {claim}: {reason}")]
pub struct Refused {
    /// The claim.
    pub claim: String,
    /// What is missing or wrong.
    pub reason: String,
}

/// The sentence of a claim. `turn` varies the wording, so that ten usual values do not read like a table.
///
/// # Errors
/// When a number that the sentence needs is not in the evidence.
pub fn sentence(claim: &Claim, turn: usize) -> Result<String, Refused> {
    let say = Say { claim };
    match claim.kind {
        ClaimKind::Level => say.level(turn),
        ClaimKind::Change | ClaimKind::Step | ClaimKind::Trend => say.moved(),
        ClaimKind::Experiment => say.experiment(),
        ClaimKind::Measured => say.measured(),
        ClaimKind::DayScore => say.day_score(),
        ClaimKind::Suggestion => say.suggestion(),
        ClaimKind::State => say.state(),
        ClaimKind::Notice => Err(say.refuse("a notice is said verbatim")),
        ClaimKind::Association => say.association(),
        ClaimKind::Streak => Err(say.refuse("no stage makes claims of this kind")),
    }
}

/// The section a claim's sentence stands in.
#[must_use]
pub fn section(claim: &Claim) -> Section {
    match claim.kind {
        ClaimKind::DayScore => Section::Summary,
        ClaimKind::State if claim.code.as_deref() == Some("newest_data") => Section::Summary,
        ClaimKind::Notice => Section::Risk,
        ClaimKind::Change | ClaimKind::Step | ClaimKind::Trend if claim.is_unfavourable() => Section::Risk,
        ClaimKind::Measured => Section::Driver,
        ClaimKind::Suggestion => Section::NextStep,
        ClaimKind::State => Section::Uncertainty,
        ClaimKind::Change
        | ClaimKind::Level
        | ClaimKind::Experiment
        | ClaimKind::Trend
        | ClaimKind::Step
        | ClaimKind::Association
        | ClaimKind::Streak => Section::KeyPoint,
    }
}

struct Say<'a> {
    claim: &'a Claim,
}

impl Say<'_> {
    fn refuse(&self, reason: &str) -> Refused {
        Refused { claim: self.claim.id.to_string(), reason: reason.to_owned() }
    }

    /// A number as it is shown, without its unit.
    fn number(&self, name: &str) -> Result<String, Refused> {
        let value = self.claim.evidence.value(name);
        value.map(crate::domain::evidence::Value::shown).ok_or_else(|| self.refuse(&format!("{name} is missing")))
    }

    /// A number with its unit.
    fn quantity(&self, name: &str) -> Result<String, Refused> {
        let value = self.claim.evidence.value(name).ok_or_else(|| self.refuse(&format!("{name} is missing")))?;
        Ok(if value.unit.is_empty() { value.shown() } else { format!("{} {}", value.shown(), value.unit) })
    }

    fn label(&self) -> Result<&'static str, Refused> {
        self.claim.metric.map(Metric::label).ok_or_else(|| self.refuse("no metric"))
    }

    fn sureness(&self) -> Result<String, Refused> {
        let value = self.claim.evidence.value("confidence").ok_or_else(|| self.refuse("confidence is missing"))?;
        Ok(format!("{}, {}", verb::confidence(value.value), value.shown()))
    }

    fn interval(&self) -> Result<String, Refused> {
        let percent = self.quantity("interval_pct")?;
        Ok(format!("{percent} interval {} to {}", self.number("interval_low")?, self.quantity("interval_high")?))
    }

    fn grade(&self) -> Grade {
        self.claim.grade.unwrap_or(Grade::D)
    }

    fn level(&self, turn: usize) -> Result<String, Refused> {
        let verb = verb::level(self.grade()).ok_or_else(|| self.refuse("a usual value at D is not stated"))?;
        let (label, mean, interval) = (self.label()?, self.quantity("mean")?, self.interval()?);
        let (n, days, sure) = (self.number("n")?, self.number("window_days")?, self.sureness()?);
        let last = self.claim.evidence.window.last;
        Ok(match turn % 3 {
            0 => format!(
                "Over the last {days} days, up to {last}, your {label} {verb} {mean} ({interval}; {n} of {days} days; \
                 {sure})."
            ),
            1 => format!(
                "Your {label} {verb} {mean} over the last {days} days, up to {last}, on {n} of them ({interval}; {sure})."
            ),
            _ => {
                format!(
                    "Over {n} of the last {days} days, up to {last}, your {label} {verb} {mean} ({interval}; {sure})."
                )
            }
        })
    }

    /// A change, a step or a trend: the same comparison, with what is known of its shape.
    fn moved(&self) -> Result<String, Refused> {
        let direction = self.claim.direction.ok_or_else(|| self.refuse("no direction"))?;
        let label = self.label()?;
        let (after, before) = (self.quantity("mean_after")?, self.quantity("mean_before")?);
        let (n_after, n_before) = (self.number("n_after")?, self.number("n_before")?);
        let (days, days_before) = (self.number("after_days")?, self.number("before_days")?);
        let last = self.claim.evidence.window.last;
        let Some(verb) = verb::change(self.grade(), direction) else {
            return Ok(format!(
                "In the {days} days up to {last} your {label} averaged {after} ({n_after} days); too early to call a change."
            ));
        };
        let chance = if self.grade() == Grade::C { "; this could be chance" } else { "" };
        let earlier = self
            .claim
            .evidence
            .baseline
            .map_or_else(|| "before".to_owned(), |baseline| format!("that ended on {}", baseline.last));
        let shape = match self.claim.kind {
            ClaimKind::Step => format!(" after a step about {} ago", self.quantity("step_days_ago")?),
            ClaimKind::Trend => format!(" along a steady drift of {} a week", self.quantity("slope")?),
            _ => String::new(),
        };
        Ok(format!(
            "In the {days} days up to {last} your {label} {verb}{shape}: {after} against {before} in the {days_before} days \
             {earlier}, a difference of {} ({}; {n_after} and {n_before} days; {}{chance}).",
            self.quantity("difference")?,
            self.interval()?,
            self.sureness()?
        ))
    }

    /// Both metrics stand side by side: the sentence says which came first and not what brings what about.
    fn association(&self) -> Result<String, Refused> {
        let verb = verb::association(self.grade()).ok_or_else(|| self.refuse("no link is stated at D"))?;
        let code = self.claim.code.as_deref().unwrap_or_default();
        let other: Metric = code.parse().map_err(|_| self.refuse("no second metric"))?;
        let when = match self.claim.evidence.value("lag") {
            Some(lag) if lag.value > 0.0 => format!("{} earlier", self.quantity("lag")?),
            _ => "on the same day".to_owned(),
        };
        let chance = if self.grade() == Grade::C { "; this could be chance" } else { "" };
        Ok(format!(
            "In the {} days up to {} your {} {verb} your {} {when} (correlation {}, {}; {} days; {}{chance}); this does not \
             say what brings what about.",
            self.number("window_days")?,
            self.claim.evidence.window.last,
            self.label()?,
            other.label(),
            self.number("r")?,
            self.interval()?,
            self.number("n")?,
            self.sureness()?
        ))
    }

    fn experiment(&self) -> Result<String, Refused> {
        let label = self.label()?;
        let (with, without) = (self.number("n_with")?, self.number("n_without")?);
        let direction = match (self.claim.code.as_deref(), self.claim.direction) {
            (Some("helpful" | "not_helpful"), Some(direction)) if self.grade() < Grade::D => direction,
            (Some("unclear"), _) => {
                return Ok(format!(
                    "Your experiment on {label}: what moved cannot be told from chance ({with} days with it, {without} \
                     without)."
                ));
            }
            (Some("insufficient_data"), _) => {
                return Ok(format!(
                    "Your experiment on {label}: not enough consistent data to tell ({with} days with it, {without} \
                     without)."
                ));
            }
            // What must not be relied on shows neither a direction nor a number.
            _ => return Ok(format!("Your experiment on {label}: not enough consistent data to tell.")),
        };
        let randomised = self.claim.design == Design::Randomised;
        let conduct = self.claim.conduct.as_ref();
        if let Some(verb) = conduct.and_then(|conduct| verb::effect(self.grade(), conduct, direction)) {
            return Ok(format!(
                "In this experiment it {verb} your {label} by {} ({}; {with} days with it, {without} without, in {} \
                 pairs of blocks in an order drawn by lot; {}).",
                self.quantity("difference")?,
                self.interval()?,
                self.number("pairs")?,
                self.sureness()?
            ));
        }
        let verb =
            verb::change(self.grade(), direction).ok_or_else(|| self.refuse("a difference at D is not stated"))?;
        let chance = if self.grade() == Grade::C { "; this could be chance" } else { "" };
        let (after, before) = (self.quantity("mean_after")?, self.quantity("mean_before")?);
        let (interval, sure) = (self.interval()?, self.sureness()?);
        if randomised {
            return Ok(format!(
                "During your experiment your {label} {verb} on days with it: {after} against {before} on days without \
                 ({interval}; {with} days with it, {without} without; {sure}{chance}); as it was conducted, this does \
                 not show what brought it about."
            ));
        }
        let drift = match self.claim.evidence.value("drift") {
            Some(_) => "; it was moving that way within the windows too, which may be all there is",
            None => "",
        };
        Ok(format!(
            "During your experiment your {label} {verb}: {after} against {before} before ({interval}; {with} days with \
             it, {without} without; {sure}{chance}){drift}; a comparison of before and after cannot show what brought \
             it about."
        ))
    }

    fn measured(&self) -> Result<String, Refused> {
        let day = self.claim.evidence.window.last;
        if self.claim.code.as_deref() == Some("week") {
            let (label, mean) = (self.label()?, self.quantity("mean")?);
            let (n, days) = (self.number("n")?, self.number("window_days")?);
            return Ok(format!("In the {days} days up to {day} your {label} averaged {mean} (on {n} of them)."));
        }
        Ok(format!("On {day} your {} was {}.", self.label()?, self.quantity("value")?))
    }

    fn day_score(&self) -> Result<String, Refused> {
        if self.claim.code.as_deref() == Some("week") {
            return Ok(format!(
                "In the {} days up to {} your readiness score averaged {} of {}, between {} and {} (on {} of them).",
                self.number("window_days")?,
                self.claim.evidence.window.last,
                self.number("mean")?,
                self.number("score_max")?,
                self.number("lowest")?,
                self.number("highest")?,
                self.number("n")?
            ));
        }
        let band = match self.claim.code.as_deref() {
            Some("take_it_easy") => "Take it easy",
            Some("maintain") => "Maintain",
            Some("go_for_it") => "Go for it",
            Some("withheld") => "without a band while a safety notice stands",
            _ => return Err(self.refuse("no band")),
        };
        let day = self.claim.evidence.window.last;
        let before = match self.claim.evidence.value("previous_score") {
            Some(value) => format!(" after {} the day before", value.shown()),
            None => String::new(),
        };
        let (score, most) = (self.number("score")?, self.number("score_max")?);
        // A day that is not over has not all its steps yet.
        let so_far = match self.claim.evidence.value("hours_so_far") {
            Some(_) => format!(", after {} of it,", self.quantity("hours_so_far")?),
            None => String::new(),
        };
        let parts = super::claims::score_parts(self.claim);
        let from = if parts.is_empty() { String::new() } else { format!(" (from {parts})") };
        Ok(format!("Your readiness score on {day}{so_far} was {score} of {most}{before}: {band}{from}."))
    }

    fn suggestion(&self) -> Result<String, Refused> {
        let entry = self.claim.code.as_deref().and_then(intervene::entry);
        let what = &entry.ok_or_else(|| self.refuse("unknown intervention"))?.phrase;
        let label = self.label()?;
        Ok(format!("If you like, you could try {what}, and see whether your {label} moves with it."))
    }

    fn state(&self) -> Result<String, Refused> {
        match (self.claim.code.as_deref(), self.claim.metric) {
            (Some("newest_data"), _) => {
                let (day, age) = (self.claim.evidence.window.last, self.quantity("days_old")?);
                Ok(format!("Your newest data are from {day}, {age} ago; what follows describes the time up to then."))
            }
            (Some("insufficient_data"), Some(metric)) => Ok(format!(
                "There are {} of {} days with {} so far; saying what is usual for you takes at least {}.",
                self.number("n")?,
                self.number("window_days")?,
                metric.label(),
                self.number("needed")?
            )),
            (Some("insufficient_data"), None) if self.claim.evidence.value("n").is_some_and(|n| n.value == 0.0) => {
                Ok(format!(
                    "In the last {} days no daily measurement has come in; no change is looked for until there are {}.",
                    self.number("window_days")?,
                    self.number("needed")?
                ))
            }
            (Some("insufficient_data"), None) => Ok(format!(
                "In the last {} days no metric has data on more than {}; no change is looked for below {}.",
                self.number("window_days")?,
                self.number("n")?,
                self.number("needed")?
            )),
            (Some("baselines_frozen"), _) => Ok(format!(
                "Wearable data were not received for {}, so your usual values stand still until they are; this says \
                 nothing about how you are.",
                self.quantity("without_data")?
            )),
            (Some("experiment_invalidated"), Some(metric)) => Ok(format!(
                "Your experiment on {} was called off, since its risk for you has risen; nothing is concluded from it.",
                metric.label()
            )),
            (Some("learning_paused"), _) => Ok(format!(
                "In the last {} days {} of what is usual for you came in; nothing new is stated below {}.",
                self.number("window_days")?,
                self.quantity("quality_pct")?,
                self.quantity("needed_pct")?
            )),
            (Some("human_review_needed"), _) => Ok(format!(
                "A person has been asked to look at something first ({} open); only low-risk information is given meanwhile.",
                self.number("reviews")?
            )),
            (Some("evaluation_unreliable"), Some(metric)) => {
                Ok(format!("An experiment on your {} cannot be relied on, so no verdict is given.", metric.label()))
            }
            (Some("intervention_suppressed"), Some(metric)) => {
                Ok(format!("Your {} varies much at the moment, so nothing new is suggested about it.", metric.label()))
            }
            (Some("protocol_invalidated"), _) => {
                Ok("Something you were trying is not suggested any longer, for your safety.".to_owned())
            }
            (Some("analysis_stopped"), _) => Ok("No analysis is made while the notice above stands.".to_owned()),
            (Some("conflicting_signals"), Some(metric)) => Ok(format!(
                "Sources disagree about your {}, so none of them counts for an alert; please look at which of them is \
                 right.",
                metric.label()
            )),
            _ => Err(self.refuse("unknown state")),
        }
    }
}
