//! The rules of notices, and of what may stand beside them, refuse what breaks them.

use super::*;
use crate::domain::event::SafetyNoticeCleared;
use crate::domain::safety::{ClearedBy, SafetyRule};

#[test]
fn a_notice_is_cleared_by_what_ended_its_condition_and_by_nothing_else() {
    let clear =
        |rule, by| SafetyNoticeCleared { notice_id: Uuid::from_u128(1), rule, day: day(90), by, sources: vec![] };
    let standing = |rule| {
        let mut state = person();
        state.evolve(2, &SafetyNoticeRaised { notice: notice(rule, Level::Review) }.into());
        state
    };
    const RULE: &str = "notice_is_cleared_by_data_or_review";
    refused_by("cleared_notice_stands", &person(), clear(SafetyRule::Spo2Low, ClearedBy::Data));
    refused_by(RULE, &standing(SafetyRule::Spo2Low), clear(SafetyRule::Spo2Low, ClearedBy::Reviewer));
    // No measurement says that a symptom has passed.
    refused_by(RULE, &standing(SafetyRule::RedFlagSymptom), clear(SafetyRule::RedFlagSymptom, ClearedBy::Data));
    let mut pregnant = standing(SafetyRule::Pregnancy);
    pregnant.profile.conditions = Some(BTreeSet::from([Condition::Pregnancy]));
    refused_by(RULE, &pregnant, clear(SafetyRule::Pregnancy, ClearedBy::Declaration));
    assert_eq!(check(&standing(SafetyRule::Spo2Low), &clear(SafetyRule::Spo2Low, ClearedBy::Data).into()), Ok(()));
    let review = Review {
        id: Uuid::from_u128(2),
        subject: Subject::SafetyNotice(Uuid::from_u128(1)),
        reason: "spo2_low".into(),
        day: day(80),
        sources: vec![],
    };
    let mut reviewed = standing(SafetyRule::Spo2Low);
    reviewed.evolve(3, &HumanReviewRequested { review }.into());
    let resolve = |decision| HumanReviewResolved {
        review_id: Uuid::from_u128(2),
        decision,
        reason: "looked at".to_owned(),
        by: None,
    };
    refused_by("review_is_open", &person(), resolve(Decision::Keep));
    reviewed.evolve(4, &resolve(Decision::Keep).into());
    refused_by(RULE, &reviewed, clear(SafetyRule::Spo2Low, ClearedBy::Reviewer));
    reviewed.evolve(5, &resolve(Decision::Clear).into());
    assert_eq!(check(&reviewed, &clear(SafetyRule::Spo2Low, ClearedBy::Reviewer).into()), Ok(()));
    refused_by("review_is_open", &reviewed, resolve(Decision::Keep));
}

#[test]
fn nothing_stands_in_the_way_of_a_notice() {
    // Neither consent nor a full day nor a state of any kind: only that the person exists.
    let mut state = person();
    state.consents.clear();
    for n in 0..60 {
        state.insights.insert(Uuid::from_u128(100 + n), statement());
        state.experiments.clear();
    }
    for rule in SafetyRule::ALL {
        for level in [Level::Warn, Level::Review, Level::Stop] {
            let event = SafetyNoticeRaised { notice: notice(rule, level) };
            assert_eq!(check(&state, &event.into()), Ok(()));
        }
    }
}

#[test]
fn open_suggestions_contradict_neither_each_other_nor_a_notice() {
    let propose = |proposal| InterventionProposed { proposal };
    let mut state = person();
    state.evolve(2, &propose(suggestion()).into());
    let mut other_way = suggestion();
    other_way.id = Uuid::from_u128(14);
    other_way.direction = Direction::Lower;
    refused_by("suggestions_do_not_contradict", &state, propose(other_way));
    let with_load = |id, load| {
        let mut proposal = suggestion();
        (proposal.id, proposal.safety.load, proposal.metric) = (Uuid::from_u128(id), load, Metric::Steps);
        proposal
    };
    let mut resting = person();
    resting.evolve(2, &propose(with_load(20, LoadEffect::Lowers)).into());
    refused_by("suggestions_do_not_contradict", &resting, propose(with_load(21, LoadEffect::Raises)));
    let mut warned = person();
    warned.evolve(2, &SafetyNoticeRaised { notice: notice(SafetyRule::Spo2Low, Level::Warn) }.into());
    refused_by("suggestion_is_allowed", &warned, propose(with_load(22, LoadEffect::Raises)));
    assert_eq!(check(&warned, &propose(suggestion()).into()), Ok(()));
    let mut stopped = person();
    stopped.symptoms.insert(safety::Symptom::ChestPain, day(1));
    refused_by("suggestion_is_allowed", &stopped, propose(suggestion()));
    // One that was open before the report may not be accepted after it.
    let accept = InterventionAccepted { proposal_id: suggestion().id };
    let mut open = person();
    open.evolve(2, &propose(suggestion()).into());
    assert_eq!(check(&open, &accept.clone().into()), Ok(()));
    open.symptoms.insert(safety::Symptom::ChestPain, day(1));
    refused_by("suggestion_is_allowed", &open, accept);
}
