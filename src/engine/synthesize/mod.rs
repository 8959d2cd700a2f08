//! SYNTHESIZE: what does a person read today?
//!
//! Input: what holds. Output: one text, each sentence with its section and claims, worded by the template and read again
//! by an independent check before it is published. A text that does not pass is not written at all.

mod asked;
pub mod check;
mod check_numbers;
pub mod claims;
mod held_back;
mod planned;
mod reading;
mod render;
pub mod template;

use crate::domain::claim::{Claim, ClaimKind, Narrative, Notice, Period, Section, Sentence};
use crate::domain::day::LocalDay;
use crate::domain::event::{NarrativeFellBack, NarrativePublished};
use crate::domain::frame::{Saying, frames};
use crate::domain::grade::Grade;
use crate::domain::narration::{Outcome, Rejection};
use crate::domain::profile::Purpose;
use crate::domain::provider::Provider;
use crate::engine::run::{Question, Run, RunError};
pub use asked::Asked;
pub use planned::{Composed, Unusable, compose};
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
    let mut sentences = said_notices(brief);
    let claims: Vec<&Claim> = brief.claims.iter().filter(|claim| claim.kind != ClaimKind::Notice).collect();
    sentences.extend(template::all(&claims)?);
    sentences.extend(uncertainty(&brief.claims));
    lay_out(brief, sentences, "template")
}

/// Writes the text of a brief by a plan that was composed, and checks it.
///
/// # Errors
/// When the check finds something its evidence does not hold.
pub fn write_planned(brief: &Brief, composed: Composed) -> Result<Narrative, Refused> {
    let whole = composed.sentences.iter().all(|sentence| sentence.by_model);
    let source = if whole { "model" } else { "mixed" };
    let said = |claim: &&Claim| composed.sentences.iter().any(|sentence| sentence.claim_ids.contains(&claim.id));
    let claims: Vec<Claim> = brief.claims.iter().filter(said).cloned().collect();
    let mut sentences = said_notices(brief);
    sentences.extend(composed.sentences);
    sentences.extend(uncertainty(&claims));
    lay_out(brief, sentences, source)
}

/// Notices are said as they were raised, never in other words.
fn said_notices(brief: &Brief) -> Vec<Sentence> {
    let of = |notice: &Notice| brief.claims.iter().find(|c| c.kind == ClaimKind::Notice && is_about(c, notice));
    let said = brief.notices.iter().filter_map(|notice| of(notice).map(|claim| (notice, claim)));
    said.map(|(notice, claim)| Sentence {
        section: template::section(claim),
        text: notice.text.clone(),
        claim_ids: vec![claim.id.clone()],
        frame: None,
        by_model: false,
        grade: None,
    })
    .collect()
}

/// Puts sentences into their sections, the notices first, and checks the whole.
fn lay_out(brief: &Brief, mut sentences: Vec<Sentence>, source: &str) -> Result<Narrative, Refused> {
    let noticed = sentences.iter().take_while(|s| s.frame.is_none()).count();
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
        source: source.to_owned(),
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
    // Where nothing is said of the data there is nothing to say of what they show.
    if claims.iter().all(|c| matches!(c.kind, ClaimKind::State | ClaimKind::Suggestion)) {
        return None;
    }
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
        by_model: false,
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
    // The template's text is there before anybody is asked: falling back costs nothing.
    let refused = |refused: Refused| RunError::Text { day: run.day, reason: refused.to_string() };
    let template = write(&brief).map_err(refused)?;
    let (narrative, rejections) = by_plan(run, &brief)?.unwrap_or((template, Vec::new()));
    run.emit(NarrativePublished { narrative, claims: brief.claims, rejections })
}

/// The text by the plan that a model has answered with, if one was asked and it is of use.
fn by_plan(run: &mut Run<'_>, brief: &Brief) -> Result<Option<(Narrative, Vec<Rejection>)>, RunError> {
    if !run.state.consents.contains(&Purpose::NarrativeByModel) {
        return Ok(None);
    }
    let Some(asked) = Asked::about(brief, run.state.profile.matters.iter().copied()) else { return Ok(None) };
    let sources = Provider::distinct(brief.claims.iter().flat_map(|claim| claim.evidence.sources.clone()));
    let answered = run.state.answers.fresh.get(&brief.period).cloned();
    run.questions.push(Question { period: brief.period, asked: asked.clone(), sources: sources.clone() });
    let Some(answered) = answered else { return Ok(None) };
    let found = match answered.outcome {
        // What the person's data say has changed since it was asked.
        _ if !asked.is_answered_by(&answered.payload) => Err("outdated".to_owned()),
        Outcome::Failed { class } => Err(class.to_string()),
        Outcome::Planned { plan } | Outcome::Reused { plan } => match compose(&plan, &asked, brief) {
            Err(unusable) => Err(unusable.to_string()),
            Ok(composed) => {
                let rejections = composed.rejections.clone();
                let text = write_planned(brief, composed);
                text.map(|text| (text, rejections)).map_err(|_| Unusable::TextRefused.to_string())
            }
        },
    };
    match found {
        Ok(text) => Ok(Some(text)),
        Err(reason) => {
            run.emit(NarrativeFellBack { day: run.day, period: brief.period, reason, sources })?;
            Ok(None)
        }
    }
}
