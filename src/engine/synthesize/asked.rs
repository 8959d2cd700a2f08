//! What a model is asked about a text: its claims as codes, and their numbers only where that was agreed to. No date, name,
//! place or id of the person's is in it, and nothing that rests on data whose provider forbids it.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::Brief;
use crate::domain::claim::{Claim, ClaimId, ClaimKind};
use crate::domain::evidence::Value;
use crate::domain::frame::{Frame, Saying, frames};
use crate::domain::metric::Metric;
use crate::domain::plan::{AskedClaim, AskedValue, ClaimCode, MOST_CLAIMS, Matter, NoticeCode, Pair, PlanRequest};

/// Raised when plans are checked or rendered differently: an old answer is not used again then.
const POLICY: u32 = 1;
/// Claims without which there is nothing to choose.
const FEWEST: usize = 3;

/// A question and what its codes stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What is sent, without the numbers.
    pub request: PlanRequest,
    /// The claims that are withheld, for their provider's terms.
    pub withheld: Vec<ClaimId>,
    /// The place in the brief of each claim that is sent, in the order of its codes.
    places: Vec<usize>,
    /// The numbers of each claim that is sent.
    values: Vec<Vec<AskedValue>>,
}

impl Asked {
    /// The question about a brief; `None` when there is nothing to choose.
    #[must_use]
    pub fn about(brief: &Brief, matters: impl IntoIterator<Item = Matter>) -> Option<Self> {
        let (mut places, mut withheld) = (Vec::new(), Vec::new());
        for (place, claim) in brief.claims.iter().enumerate() {
            match claim.kind {
                ClaimKind::Notice => {}
                _ if !may_be_sent(claim) => withheld.push(claim.id.clone()),
                _ if places.len() < MOST_CLAIMS => places.push(place),
                _ => {}
            }
        }
        if places.len() < FEWEST {
            return None;
        }
        let of = |place: usize| &brief.claims[place];
        let codes = || (0..).map_while(ClaimCode::at);
        let claims = codes().zip(&places).map(|(id, place)| {
            let later = codes().zip(&places).skip(id.place() + 1);
            let pairs = later.filter_map(|(with, second)| {
                let says = Saying::of_two(of(*place), of(*second))?;
                Some(Pair { with, frames: named(frames().all().filter(|frame| frame.says == says)) })
            });
            let claim = of(*place);
            AskedClaim {
                id,
                kind: claim.kind,
                metric: claim.metric,
                with: second(claim),
                grade: claim.grade,
                design: claim.design,
                direction: claim.direction,
                unfavourable: claim.is_unfavourable(),
                required: is_required(claim),
                frames: named(frames().serving(claim).filter(|frame| may_be_said(frame, brief))),
                pairs: pairs.collect(),
                values: Vec::new(),
            }
        });
        let request = PlanRequest {
            period: brief.period,
            catalogue_version: frames().version,
            claims: claims.collect(),
            safety_ids: (0..brief.notices.len()).map_while(NoticeCode::at).collect(),
            matters: matters.into_iter().collect(),
        };
        let values = places.iter().map(|place| values(of(*place))).collect();
        Some(Self { request, withheld, places, values })
    }

    /// What is sent, with the numbers of the claims or without.
    #[must_use]
    pub fn sent(&self, with_values: bool) -> Cow<'_, PlanRequest> {
        if !with_values {
            return Cow::Borrowed(&self.request);
        }
        let mut request = self.request.clone();
        for (claim, values) in request.claims.iter_mut().zip(&self.values) {
            claim.values.clone_from(values);
        }
        Cow::Owned(request)
    }

    /// The place in the brief of the claim that a code stands for.
    #[must_use]
    pub fn place(&self, code: ClaimCode) -> Option<usize> {
        self.places.get(code.place()).copied()
    }

    /// Whether a claim at a place of the brief is sent.
    #[must_use]
    pub fn sends(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// Whether an answer is to this question, asked with the numbers or without: a run does not know who may see them.
    #[must_use]
    pub fn is_answered_by(&self, payload: &str) -> bool {
        [false, true].iter().any(|with_values| self.payload(*with_values) == payload)
    }

    /// The digest of the question as it is sent, in hex.
    #[must_use]
    pub fn payload(&self, with_values: bool) -> String {
        let mut hasher = Sha256::new();
        hasher.update(POLICY.to_be_bytes());
        // What cannot be written cannot be sent either.
        hasher.update(serde_json::to_vec(&self.sent(with_values)).unwrap_or_default());
        let hash: [u8; 32] = hasher.finalize().into();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The numbers of a claim; none of one that names nobody it rests on, for whoever it is may forbid it.
fn values(claim: &Claim) -> Vec<AskedValue> {
    if claim.evidence.sources.is_empty() {
        return Vec::new();
    }
    let asked = |value: &Value| AskedValue { name: value.name.clone(), shown: value.said() };
    claim.evidence.values.iter().map(asked).collect()
}

/// Whether every provider whose data a claim rests on allows it. Of what speaks of a metric and names nobody that is not known.
fn may_be_sent(claim: &Claim) -> bool {
    claim.evidence.model_allowed() && (claim.metric.is_none() || !claim.evidence.sources.is_empty())
}

fn named<'a>(frames: impl Iterator<Item = &'a Frame>) -> Vec<crate::domain::frame::FrameId> {
    frames.map(|frame| frame.id.clone()).collect()
}

fn second(claim: &Claim) -> Option<Metric> {
    claim.code.as_deref().filter(|_| claim.kind == ClaimKind::Association)?.parse().ok()
}

/// Whether a text must say a claim: what went the unwelcome way, what an experiment showed, and what is missing or held
/// back. Silence about these would be taken for good news.
#[must_use]
pub fn is_required(claim: &Claim) -> bool {
    claim.is_unfavourable() || matches!(claim.kind, ClaimKind::Experiment | ClaimKind::State)
}

/// Beside a notice nothing reassures and nothing urges on.
#[must_use]
pub fn may_be_said(frame: &Frame, brief: &Brief) -> bool {
    brief.notices.is_empty() || frame.tags.is_empty()
}
