//! SYNTHESIZE: what does a person read today?
//!
//! Input: what holds. Output: one text, each sentence with its section and claims, worded by the template and read again
//! by an independent check before it is published. A text that does not pass is not written at all.

pub mod check;
pub mod claims;
mod held_back;
mod reading;
mod render;
pub mod template;

use crate::domain::claim::{Claim, ClaimKind, Narrative, Notice, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::event::NarrativePublished;
use crate::domain::frame::{Saying, frames};
use crate::domain::grade::Grade;
use crate::engine::run::{Run, RunError};
pub use render::{Refused, render};

/// What a text is made of: claims in the order in which they matter, and the notices that come first.
#[derive(Clone, Debug)]
pub struct Brief {
    /// The day of the text.
    pub day: LocalDay,
    /// What it looks back on.
    pub period: Period,
    /// The claims, most salient first.
    pub claims: Vec<Claim>,
    /// Active safety notices.
    pub notices: Vec<Notice>,
}

/// Writes the text of a brief and checks it.
///
/// # Errors
/// When a claim cannot be said, or the check finds something its evidence does not hold.
pub fn write(brief: &Brief) -> Result<Narrative, Refused> {
    let mut sentences = Vec::new();
    for (turn, claim) in brief.claims.iter().enumerate() {
        // A notice is said as it was raised, never in other words.
        let notice = brief.notices.iter().find(|n| claim.kind == ClaimKind::Notice && is_about(claim, n));
        let (frame, text) = match notice {
            Some(notice) => (None, notice.text.clone()),
            None => template::sentence(claim, turn).map(|(frame, text)| (Some(frame), text))?,
        };
        let section = template::section(claim);
        sentences.push(Sentence { section, text, claim_ids: vec![claim.id.clone()], frame, grade: claim.grade });
    }
    sentences.extend(uncertainty(&brief.claims));
    // Notices come before every section.
    let noticed = sentences.iter().filter(|s| brief.notices.iter().any(|n| n.text == s.text)).count();
    sentences[noticed..].sort_by_key(|s| s.section);
    let mut attributions: Vec<String> = brief
        .claims
        .iter()
        .flat_map(|c| &c.evidence.sources)
        .filter_map(|p| p.terms().attribution)
        .map(str::to_owned)
        .collect();
    attributions.sort();
    attributions.dedup();
    let title = match brief.period {
        Period::Daily => format!("Your day, {}", brief.day),
        Period::Weekly => format!("Your week up to {}", brief.day),
    };
    let narrative = Narrative {
        day: brief.day,
        period: brief.period,
        title,
        notices: brief.notices.clone(),
        sentences,
        source: "template".to_owned(),
        attributions,
    };
    check::check(&narrative, &brief.claims).map_err(|faults| {
        let first = faults.first().map_or("", |fault| fault.check);
        let claim = faults.first().and_then(|f| f.sentence).and_then(|i| narrative.sentences[i].claim_ids.first());
        Refused { claim: claim.map(ToString::to_string).unwrap_or_default(), reason: first.to_owned() }
    })?;
    Ok(narrative)
}

fn is_about(claim: &Claim, notice: &Notice) -> bool {
    claim.id.parts().0 == notice.id.to_string()
}

fn uncertainty(claims: &[Claim]) -> Option<Sentence> {
    let claims: Vec<&Claim> = claims.iter().filter(|c| c.kind != ClaimKind::Notice).collect();
    let below: Vec<&Claim> = claims.iter().copied().filter(|c| c.grade.is_some_and(|grade| grade > Grade::A)).collect();
    let tried = claims.iter().any(|c| c.grade < Some(Grade::D) && c.conduct.is_some_and(|c| c.earns_cause()));
    let says = match (below.is_empty(), tried) {
        (true, false) => Saying::CertainlyMeasured,
        (true, true) => Saying::CertainlyMeasuredBut,
        (false, false) => Saying::Uncertain,
        (false, true) => Saying::UncertainBut,
    };
    let frame = frames().all().find(|frame| frame.says == says)?;
    let rests_on = if below.is_empty() { claims } else { below };
    Some(Sentence {
        section: Section::Uncertainty,
        text: render(&frame.id, &rests_on).ok()?,
        claim_ids: rests_on.iter().map(|c| c.id.clone()).collect(),
        frame: Some(frame.id.clone()),
        grade: rests_on.iter().filter_map(|c| c.grade).max(),
    })
}

/// Runs the stage.
///
/// # Errors
/// When the text cannot be written, does not pass its check, or would break an invariant.
pub fn stage(run: &mut Run<'_>) -> Result<(), RunError> {
    for period in [Period::Daily, Period::Weekly] {
        publish(run, period)?;
    }
    Ok(())
}

/// Publishes texts that hold the standing notices and nothing else.
///
/// # Errors
/// When an event would break an invariant.
pub fn notices_alone(run: &mut Run<'_>) -> Result<(), RunError> {
    for period in [Period::Daily, Period::Weekly] {
        let claims = claims::notices(run);
        print(run, period, claims)?;
    }
    Ok(())
}

fn publish(run: &mut Run<'_>, period: Period) -> Result<(), RunError> {
    let claims = claims::claims(run, period);
    print(run, period, claims)
}

fn print(run: &mut Run<'_>, period: Period, mut claims: Vec<Claim>) -> Result<(), RunError> {
    for claim in &mut claims {
        claim.id = run.state.published.name(run.day, claim);
    }
    if claims.is_empty() {
        return Ok(());
    }
    let notices = run.state.standing_notices().into_iter().map(|held| held.notice.clone()).collect();
    let brief = Brief { day: run.day, period, claims, notices };
    let narrative = write(&brief).map_err(|refused| RunError::Text { day: run.day, reason: refused.to_string() })?;
    run.emit(NarrativePublished { narrative, claims: brief.claims })
}
