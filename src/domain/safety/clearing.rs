//! Who may clear a notice: whatever ended its condition.

use super::{ClearedBy, SafetyRule, declared};
use crate::domain::event::SafetyNoticeCleared;
use crate::domain::invariants::{Checked, ensure};
use crate::domain::state::PersonState;

/// A notice is cleared only by what ended its condition: data, a declaration, or a reviewer who has said so.
pub(in crate::domain) fn cleared(state: &PersonState, event: &SafetyNoticeCleared) -> Checked {
    let (id, rule) = (event.notice_id, event.rule);
    let reviewed = state.reviewed.get(&rule).filter(|reviewed| reviewed.notice_id == id);
    let standing = state.notices.get(&id).filter(|notice| notice.notice.rule == rule);
    ensure(standing.is_some() || reviewed.is_some(), "cleared_notice_stands", "notice_id", "there is no such notice")?;
    let by_whom = match event.by {
        ClearedBy::Reviewer => reviewed.zip(standing).is_some_and(|(r, n)| r.level >= n.level),
        ClearedBy::Data => rule != SafetyRule::RedFlagSymptom && !declared(&state.profile).contains_key(&rule),
        ClearedBy::Declaration => !declared(&state.profile).contains_key(&rule),
    };
    ensure(by_whom, "notice_is_cleared_by_data_or_review", "by", "the condition of the notice has not ended")
}
