//! What holds a suggestion back, one reason at a time, and what the shipped catalogue must never hold.

use std::collections::BTreeSet;

use super::*;
use crate::domain::grade::Grade;
use crate::domain::intervention::{Boundary, LoadEffect};
use crate::domain::metric::Cadence;
use crate::domain::profile::{AgeBand, Condition};
use crate::domain::safety::{Reach, Topic};
use crate::engine::intervene::{CATALOGUE, Catalogue, catalogue};

fn declared(conditions: &[Condition]) -> PersonState {
    let mut state = PersonState::default();
    state.profile.age_band = Some(AgeBand::From18To39);
    state.profile.conditions = Some(conditions.iter().copied().collect());
    state.profile.heart_medication = Some(false);
    state
}

fn bedtime() -> CatalogueEntry {
    crate::engine::intervene::entry("regular_bedtime").unwrap().clone()
}

#[test]
fn a_declared_condition_holds_a_suggestion_back() {
    assert_eq!(refusal(&bedtime(), &declared(&[])), None);
    assert_eq!(refusal(&bedtime(), &declared(&[Condition::Bipolar])), Some("contraindicated"));
    assert_eq!(refusal(&bedtime(), &declared(&[Condition::Diabetes])), Some("safety_notice_stands"));
}

#[test]
fn an_undeclared_profile_admits_only_low_risk_information() {
    let mut entry = bedtime();
    assert_eq!(refusal(&entry, &PersonState::default()), None);
    entry.boundary = Boundary::Lifestyle;
    assert_eq!(refusal(&entry, &PersonState::default()), Some("profile_not_declared"));
    assert_eq!(refusal(&entry, &declared(&[])), None);
}

#[test]
fn a_minor_gets_information_only_and_nothing_about_weight_food_or_limits() {
    let mut minor = declared(&[]);
    minor.profile.age_band = Some(AgeBand::Under18);
    assert_eq!(refusal(&bedtime(), &minor), None);
    for topic in [Topic::Food, Topic::Weight, Topic::SleepRestriction, Topic::MaxEffort] {
        let mut entry = bedtime();
        entry.topics = BTreeSet::from([topic]);
        assert_eq!(refusal(&entry, &minor), Some("topic_is_barred"), "{topic:?}");
    }
    let allowed: Vec<_> = catalogue().entries.iter().filter(|entry| refusal(entry, &minor).is_none()).collect();
    assert!(allowed.iter().all(|e| e.risk == RiskLevel::Low && e.boundary == Boundary::Informational));
}

#[test]
fn the_shipped_catalogue_parses_names_its_sources_and_restricts_nobody() {
    let parsed: Catalogue = serde_json::from_str(CATALOGUE).unwrap();
    assert!(parsed.entries.len() >= 28, "{}", parsed.entries.len());
    let mut keys = BTreeSet::new();
    for entry in &parsed.entries {
        let key = &entry.key;
        assert!(keys.insert(key), "{key} stands twice");
        assert!(!entry.targets.is_empty() && !entry.phrase.is_empty(), "{key}");
        // A source is an author, a year and a place to find it.
        let year = entry.literature_source.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() == 4);
        assert!(year && entry.literature_source.contains(", "), "{key}: {}", entry.literature_source);
        // The literature speaks of other people, so it is never taken for certain.
        assert!(entry.literature_grade >= Grade::B, "{key}");
        for topic in [Topic::Food, Topic::Weight, Topic::SleepRestriction, Topic::MaxEffort] {
            assert!(!entry.topics.contains(&topic), "{key} touches {topic:?}");
        }
        let trains = entry.load != LoadEffect::Neutral;
        assert!(entry.washout_days == if trains { 7 } else { 1 }, "{key}");
        if entry.load == LoadEffect::Raises {
            assert!(entry.topics.contains(&Topic::Exercise), "{key} adds load and is no exercise?");
            assert!(entry.contraindications.contains(&Condition::Heart), "{key}");
        }
        for target in &entry.targets {
            assert_ne!(target.metric.definition().cadence, Cadence::PerActivity, "{key}: an activity is no outcome");
        }
    }
    let loads: BTreeSet<_> = parsed.entries.iter().map(|entry| format!("{:?}", entry.load)).collect();
    assert_eq!(loads.len(), 3, "something to take load away must be there too");
}

#[test]
fn a_standing_notice_allows_no_more_than_it_says() {
    let raises = catalogue().entries.iter().find(|entry| entry.load == LoadEffect::Raises).unwrap();
    let lowers = catalogue().entries.iter().find(|entry| entry.load == LoadEffect::Lowers).unwrap();
    let allows = |load, reach| crate::domain::safety::Allowance {
        load,
        reach,
        ..crate::domain::safety::Allowance::everything()
    };
    let profile = declared(&[]).profile;
    let permitted = |entry, load, reach| allows(load, reach).permits(&decision(entry, &profile));
    assert_eq!(permitted(raises, LoadEffect::Neutral, Reach::Everything), Err("load_is_limited"));
    assert_eq!(permitted(lowers, LoadEffect::Lowers, Reach::Everything), Ok(()));
    assert_eq!(permitted(lowers, LoadEffect::Lowers, Reach::Nothing), Err("safety_notice_stands"));
}
