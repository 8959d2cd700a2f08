//! For any state: adding a red flag never removes a notice and never adds a permission.

use std::collections::BTreeSet;

use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use crate::domain::day::LocalDay;
use crate::domain::event::{
    CheckInRecorded, ConsentGranted, Event, ObservationsRecorded, PersonRegistered, ProfileDeclared,
};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, ObservationKey, RecordKind, Source};
use crate::domain::person::PersonId;
use crate::domain::profile::{AgeBand, Condition, Profile, Purpose};
use crate::domain::provider::Provider;
use crate::domain::safety::{SafetyRule, Symptom, allowance};
use crate::domain::state::PersonState;
use crate::engine::history::History;
use crate::engine::run::Run;

const DAYS: u32 = 80;

fn day(n: u32) -> LocalDay {
    "2026-01-01".parse::<LocalDay>().unwrap().plus(n)
}

fn observed(metric: Metric, n: u32, value: f64) -> Observation {
    let start = Utc.with_ymd_and_hms(2026, 1, 1, 6, 0, 0).unwrap() + chrono::Duration::days(n.into());
    let key = ObservationKey { provider: Provider::Whoop, kind: RecordKind::Day, metric, start, provider_id: None };
    Observation { resolution: 0.1, ..Observation::new(key, day(n), metric.round(value)) }
}

/// What is measured in a made-up life: each metric's days, some of them missing.
fn life() -> impl Strategy<Value = Vec<Observation>> {
    let series = |metric: Metric, low: f64, high: f64| {
        prop::collection::vec(prop::option::weighted(0.8, low..high), DAYS as usize).prop_map(move |values| {
            let days = (0..).zip(values).filter_map(|(n, value)| Some((n, value?)));
            days.map(|(n, value)| observed(metric, n, value)).collect::<Vec<_>>()
        })
    };
    (
        series(Metric::RestingHeartRate, 45.0, 75.0),
        series(Metric::Spo2, 90.0, 99.0),
        series(Metric::HrvRmssd, 30.0, 90.0),
        series(Metric::Strain, 4.0, 18.0),
        series(Metric::Weight, 70.0, 71.5),
        series(Metric::SkinTemperatureDeviation, -0.6, 1.2),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].concat())
}

fn conditions() -> impl Strategy<Value = Option<BTreeSet<Condition>>> {
    let one = prop::sample::select(vec![
        Condition::Pregnancy,
        Condition::Heart,
        Condition::EatingDisorder,
        Condition::Bipolar,
    ]);
    prop::option::of(prop::collection::btree_set(one, 0..3))
}

fn profile() -> impl Strategy<Value = Profile> {
    let age = prop::option::of(prop::sample::select(vec![AgeBand::Under18, AgeBand::From40To64]));
    (age, conditions(), prop::option::of(any::<bool>()), prop::option::of(140_u16..200)).prop_map(
        |(age_band, conditions, heart_medication, height_cm)| Profile {
            age_band,
            conditions,
            heart_medication,
            height_cm,
            ..Profile::default()
        },
    )
}

/// Something that must be told.
#[derive(Clone, Debug)]
enum Flag {
    Symptom(Symptom),
    Condition(Condition),
    Minor,
    Medication,
    Pulse(f64),
    Oxygen(f64),
    Fever(f64),
}

fn flag() -> impl Strategy<Value = Flag> {
    prop_oneof![
        prop::sample::select(Symptom::ALL.to_vec()).prop_map(Flag::Symptom),
        prop::sample::select(vec![
            Condition::Pregnancy,
            Condition::Heart,
            Condition::Diabetes,
            Condition::Epilepsy,
            Condition::EatingDisorder,
        ])
        .prop_map(Flag::Condition),
        Just(Flag::Minor),
        Just(Flag::Medication),
        (121.0_f64..150.0).prop_map(Flag::Pulse),
        (70.0_f64..89.9).prop_map(Flag::Oxygen),
        (38.0_f64..42.0).prop_map(Flag::Fever),
    ]
}

/// The life with a flag on its last two days.
fn flagged(
    mut profile: Profile,
    mut life: Vec<Observation>,
    flag: &Flag,
) -> (Profile, Vec<Observation>, Option<Symptom>) {
    let mut symptom = None;
    let mut last_days = |metric: Metric, value: f64| {
        life.retain(|o| o.key.metric != metric || o.day < day(DAYS - 2));
        life.extend([DAYS - 2, DAYS - 1].map(|n| observed(metric, n, value)));
    };
    match flag {
        Flag::Symptom(felt) => symptom = Some(*felt),
        Flag::Condition(condition) => {
            profile.conditions.get_or_insert_default().insert(*condition);
        }
        Flag::Minor => profile.age_band = Some(AgeBand::Under18),
        Flag::Medication => profile.heart_medication = Some(true),
        Flag::Pulse(value) => last_days(Metric::RestingHeartRate, *value),
        Flag::Oxygen(value) => last_days(Metric::Spo2, *value),
        Flag::Fever(value) => last_days(Metric::BodyTemperature, *value),
    }
    (profile, life, symptom)
}

/// The person after every day of a life has been run.
fn lived(profile: &Profile, life: &[Observation], symptom: Option<Symptom>) -> PersonState {
    let source = Source { provider: Provider::Whoop, format: "test".into(), file: None, digest: None };
    let mut events: Vec<Event> = vec![
        PersonRegistered { origin: "test".into() }.into(),
        ConsentGranted { purpose: Purpose::Processing }.into(),
        ProfileDeclared { profile: profile.clone() }.into(),
    ];
    for batch in life.chunks(1_000) {
        events.push(ObservationsRecorded { source: source.clone(), observations: batch.to_vec() }.into());
    }
    if let Some(symptom) = symptom {
        let symptoms = BTreeSet::from([symptom]);
        events.push(CheckInRecorded { observations: vec![], symptoms, day: Some(day(DAYS - 1)) }.into());
    }
    let mut state = PersonState::default();
    for (revision, event) in (0..).zip(&events) {
        state.evolve(revision, event);
    }
    let history = History::of(life.iter().cloned());
    for n in DAYS - 12..DAYS {
        let now = (n == DAYS - 1).then(|| Utc.with_ymd_and_hms(2026, 3, 21, 20, 0, 0).unwrap());
        let run = Run::day(PersonId::new(Uuid::from_u128(5)), &state, &history, day(n), now).unwrap();
        state = run.state;
    }
    state
}

fn rules(state: &PersonState) -> BTreeSet<SafetyRule> {
    state.notices.values().map(|notice| notice.notice.rule).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_red_flag_removes_no_notice_and_adds_no_permission(profile in profile(), life in life(), flag in flag()) {
        let before = lived(&profile, &life, None);
        let (profile, life, symptom) = flagged(profile, life, &flag);
        let after = lived(&profile, &life, symptom);
        prop_assert!(
            rules(&before).is_subset(&rules(&after)), "{flag:?}: {:?} became {:?}", rules(&before), rules(&after)
        );
        for notice in before.notices.values() {
            let same = after.notices.values().find(|other| other.notice.rule == notice.notice.rule).unwrap();
            prop_assert!(same.level >= notice.level);
        }
        prop_assert!(allowance(&after).is_within(&allowance(&before)), "{flag:?}");
        prop_assert!(!after.notices.is_empty(), "{flag:?} was not told");
        // Nothing that is open lies beyond what is allowed, and no two contradict each other.
        for held in after.proposals.values().filter(|h| h.status == crate::domain::intervention::ProposalStatus::Open) {
            prop_assert!(allowance(&after).permits(&held.proposal.safety).is_ok());
            prop_assert!(crate::domain::safety::contradicts(&after, &held.proposal).is_none());
        }
    }
}

#[test]
fn being_young_takes_no_notice_of_a_low_weight_away() {
    let life: Vec<Observation> = (0..DAYS).map(|n| observed(Metric::Weight, n, 60.0)).collect();
    for age in [None, Some(AgeBand::From40To64), Some(AgeBand::Under18)] {
        let profile = Profile { age_band: age, height_cm: Some(196), ..Profile::default() };
        let found = rules(&lived(&profile, &life, None));
        assert!(found.contains(&SafetyRule::EatingDisorderRisk), "{age:?}: {found:?}");
    }
}
