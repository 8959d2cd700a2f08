//! The template: one sentence a claim, by the plain frames of the catalogue. It needs no model and is there before one is
//! asked.

use super::render::{Refused, plain, render};
use crate::domain::claim::{Claim, ClaimKind, Section, Sentence};
use crate::domain::frame::{FrameId, Saying, frames};

/// The sentence of a claim and the frame it was said with. `turn` varies the wording.
///
/// # Errors
/// When no frame says such a claim, or a number that the sentence needs is not in the evidence.
pub fn sentence(claim: &Claim, turn: usize) -> Result<(FrameId, String), Refused> {
    let frame = plain(claim, turn).ok_or_else(|| Refused::new(claim, "no frame says it"))?;
    Ok((frame.id.clone(), render(&frame.id, &[claim])?))
}

/// The same as a sentence of a text.
///
/// # Errors
/// As for [`sentence`].
pub fn said(claim: &Claim, turn: usize) -> Result<Sentence, Refused> {
    let (frame, text) = sentence(claim, turn)?;
    Ok(of(frame, text, &[claim]))
}

fn of(frame: FrameId, text: String, claims: &[&Claim]) -> Sentence {
    Sentence {
        section: claims.first().map_or(Section::KeyPoint, |claim| section(claim)),
        text,
        claim_ids: claims.iter().map(|claim| claim.id.clone()).collect(),
        frame: Some(frame),
        by_model: false,
        grade: claims.iter().filter_map(|claim| claim.grade).max(),
    }
}

/// The sentences of claims in their order; two that one sentence can say share it.
///
/// # Errors
/// As for [`sentence`].
pub fn all(claims: &[&Claim]) -> Result<Vec<Sentence>, Refused> {
    let (mut sentences, mut rest) = (Vec::new(), claims);
    while let [claim, later @ ..] = rest {
        let pair = later.first().and_then(|second| Some((Saying::of_two(claim, second)?, *second)));
        let sentence = match pair {
            Some((says, second)) => of_two(says, claim, second)?,
            None => said(claim, claims.len() - rest.len())?,
        };
        rest = &rest[sentence.claim_ids.len()..];
        sentences.push(sentence);
    }
    Ok(sentences)
}

fn of_two(says: Saying, first: &Claim, second: &Claim) -> Result<Sentence, Refused> {
    let mut of_template = frames().all().filter(|frame| frame.says == says && frame.is_of_template());
    let frame = of_template.next().ok_or_else(|| Refused::new(first, "no frame says both"))?;
    let both = [first, second];
    Ok(of(frame.id.clone(), render(&frame.id, &both)?, &both))
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
