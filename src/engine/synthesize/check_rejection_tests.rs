//! What is wrong with a plan is named by the check that is there for it: one that is taken out fails a line here.

use super::plans::{asked, named, plan, rich, valid};
use super::*;
use crate::domain::frame::FrameId;
use crate::domain::plan::{NarrativePlan, Opener, PLAN_VERSION, PlannedSentence};
use crate::engine::synthesize::planned::{Unusable, compose};

/// Every claim of the brief with something of everything, by its first frame, where it may stand first.
fn whole(brief: &Brief) -> NarrativePlan {
    let mut plan = valid(brief, &(0..12).collect::<Vec<_>>(), &[0; 12]);
    plan.safety_ids.clone_from(&asked(brief).request.safety_ids);
    plan
}

/// What is not taken as planned once a plan is spoiled: the sentence, the check, and whether it was replaced.
fn rejected(noticed: bool, spoil: impl Fn(&mut NarrativePlan)) -> Vec<(String, String, bool)> {
    let brief = rich(noticed);
    let mut plan = whole(&brief);
    spoil(&mut plan);
    let composed = compose(&plan, &asked(&brief), &brief).expect("of use");
    composed.rejections.into_iter().map(|r| (r.sentence, r.check, r.replaced)).collect()
}

type Spoil = fn(&mut NarrativePlan);

#[test]
fn each_fault_of_a_sentence_is_named_and_costs_that_sentence() {
    assert_eq!(rejected(false, |_| ()), []);
    assert_eq!(rejected(true, |_| ()), []);
    let faults: [(&str, &str, Spoil); 8] = [
        ("s1", "sentence_id", |p| p.sentences[8].id = p.sentences[0].id),
        ("s9", "claims_exist", |p| p.sentences[8].claim_ids = vec!["E24".parse().expect("a code")]),
        ("s9", "claims_exist", |p| p.sentences[8].claim_ids.clear()),
        ("s9", "claim_is_said_once", |p| {
            let again = p.sentences[7].clone();
            p.sentences[8] = PlannedSentence { id: p.sentences[8].id, ..again };
        }),
        ("s9", "frame_exists", |p| p.sentences[8].frame = FrameId("F999".into())),
        ("s9", "frame_serves", |p| p.sentences[8].frame = FrameId("F013".into())),
        ("s9", "section", |p| p.sentences[8].section = Section::NextStep),
        ("s1", "opener", |p| p.sentences[0].opener = Opener::Also),
    ];
    for (sentence, check, spoil) in faults {
        let found = rejected(false, spoil);
        assert!(found.contains(&(sentence.to_owned(), check.to_owned(), true)), "{check}: {found:?}");
        assert_eq!(found.iter().filter(|(.., replaced)| *replaced).count(), 1, "{check}: {found:?}");
    }
}

#[test]
fn a_contrast_needs_two_that_went_apart() {
    // The second sentence is about the step of HRV, which rose, after the change of sleep, which fell; then two that rose.
    let with = |first: usize, second: usize| {
        let brief = rich(false);
        let mut plan = whole(&brief);
        let mut pair = [plan.sentences[first].clone(), plan.sentences[second].clone()];
        pair.iter_mut().for_each(|sentence| sentence.section = Section::Summary);
        pair[1].opener = Opener::InContrast;
        plan.sentences = pair.into();
        match compose(&plan, &asked(&brief), &brief) {
            Ok(composed) => composed.rejections.into_iter().any(|rejection| rejection.check == "opener"),
            Err(unusable) => unusable == Unusable::MostlyReplaced,
        }
    };
    assert!(!with(1, 2), "one fell and one rose");
    assert!(with(2, 3), "both rose");
}

#[test]
fn beside_a_notice_a_frame_that_reassures_or_urges_is_named() {
    // The band that urges on never stands beside a notice; here it does, and a plan would say it.
    let calm = whole(&rich(true));
    let mut brief = rich(true);
    brief.claims[1].code = Some("go_for_it".to_owned());
    let urging = frames().serving(&brief.claims[1]).find(|frame| !frame.tags.is_empty()).expect("a frame with a tag");
    let mut plan = calm;
    plan.sentences[0].frame = urging.id.clone();
    let composed = compose(&plan, &asked(&brief), &brief).expect("of use");
    let named = composed.rejections.iter().filter(|r| r.check == "nothing_reassures_or_urges_beside_a_notice");
    assert_eq!(named.count(), 1, "{:?}", composed.rejections);
    let found = rejected(true, |plan| plan.safety_ids.clear());
    assert_eq!(found, [(String::new(), "notices_are_named".to_owned(), false)]);
}

#[test]
fn what_went_the_unwelcome_way_and_was_left_out_is_named() {
    // The second sentence is about sleep that fell.
    let found = rejected(false, |plan| drop(plan.sentences.remove(1)));
    assert_eq!(found, [(String::new(), "nothing_is_left_out".to_owned(), false)]);
}

#[test]
fn what_is_rendered_is_read_again_before_it_is_taken() {
    let mut brief = rich(false);
    let value = brief.claims[8].evidence.values.iter_mut().find(|value| value.name == "value").expect("a value");
    value.unit = "<b>".to_owned();
    let composed = compose(&whole(&brief), &asked(&brief), &brief).expect("of use");
    assert!(composed.rejections.iter().any(|rejection| rejection.check == "no_markup_or_address"));
}

#[test]
fn a_plan_that_is_too_long_is_cut_and_one_that_is_nothing_or_mostly_wrong_is_of_no_use() {
    let mut brief = rich(false);
    brief.claims.push(named(level(Grade::A), 70, Metric::Strain));
    let asked = asked(&brief);
    let mut long = whole(&brief);
    let mut more = long.sentences[7].clone();
    more.claim_ids = vec![asked.request.claims[12].id];
    long.sentences.push(more);
    let composed = compose(&long, &asked, &brief).expect("of use");
    let checks: Vec<&str> = composed.rejections.iter().map(|rejection| rejection.check.as_str()).collect();
    assert_eq!(checks, ["budget"]);

    let of = |plan: &NarrativePlan| compose(plan, &asked, &brief).map(|_| ());
    assert_eq!(of(&NarrativePlan { schema_version: PLAN_VERSION + 1, ..whole(&brief) }), Err(Unusable::UnknownVersion));
    assert_eq!(of(&plan(Vec::new())), Err(Unusable::Empty));
    let wrong = |count: usize| {
        let mut plan = whole(&brief);
        plan.sentences.iter_mut().take(count).for_each(|sentence| sentence.frame = FrameId("F999".into()));
        plan
    };
    // Of twelve sentences two in five are 4.8.
    assert_eq!(of(&wrong(4)), Ok(()));
    assert_eq!(of(&wrong(5)), Err(Unusable::MostlyReplaced));
}

#[test]
fn a_sentence_under_the_name_of_a_frame_that_may_not_say_it_is_named() {
    let claim = level(Grade::A);
    let said = template::said(&claim, 0).expect("it is said");
    assert_eq!(sentence_check(&said, &[&claim]), Ok(()));
    let other = Sentence { frame: Some(FrameId("F016".into())), ..said };
    assert_eq!(sentence_check(&other, &[&claim]), Err("the_frame_may_say_it"));
    for nobodys in [None, Some(FrameId("F999".into()))] {
        let sentence = Sentence { frame: nobodys, ..other.clone() };
        assert_eq!(sentence_check(&sentence, &[&claim]), Err("a_frame_says_it"));
    }
}
