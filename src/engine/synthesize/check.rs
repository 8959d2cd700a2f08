//! The independent reading of a text: every number, date, unit, direction and verb is found again in the evidence, and
//! every letter is its frame's, or the text is not published. It shares no code with the template.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::check_numbers::{in_minutes, numbers, places, second, without_names};
use super::reading;
use crate::domain::claim::{Claim, ClaimKind, Direction, Narrative, Section, Sentence};
use crate::domain::frame::{Saying, frames};
use crate::domain::grade::{Design, Grade};
use crate::domain::metric::Metric;
use crate::domain::plan::Opener;
use crate::domain::verb::{BOOSTERS, CAUSAL, CAUSAL_PHRASES, NEVER, NEVER_PHRASES};

/// Every check by its stable name.
pub const CHECKS: [&str; 23] = [
    "claims_exist",
    "no_duplicate",
    "notices_stand_first_and_verbatim",
    "nothing_urges_on_beside_a_notice",
    "uncertainty_is_acknowledged",
    "nothing_unfavourable_is_left_out",
    "no_cause_beside_a_notice",
    "plain_letters",
    "no_markup_or_address",
    "no_forbidden_word",
    "no_causal_word",
    "no_booster_or_number_in_words",
    "no_number_of_what_is_unreliable",
    "a_frame_says_it",
    "the_frame_may_say_it",
    "nothing_beside_the_frame",
    "dates_stand_in_the_evidence",
    "numbers_stand_in_the_evidence",
    "numbers_stand_in_their_place",
    "metric_is_named",
    "direction_agrees",
    "a_link_shows_no_cause",
    "hedge_of_the_grade",
];

/// Something a text says that its evidence does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The sentence's number from 0, or `None` for the whole text.
    pub sentence: Option<usize>,
    /// Which check.
    pub check: &'static str,
}

/// Checks a text against the claims it rests on.
///
/// # Errors
/// Every fault found.
pub fn check(narrative: &Narrative, claims: &[Claim]) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut texts = BTreeSet::new();
    for (index, sentence) in narrative.sentences.iter().enumerate() {
        let mut fault = |check| faults.push(Fault { sentence: Some(index), check });
        let mine: Vec<&Claim> = claims.iter().filter(|c| sentence.claim_ids.contains(&c.id)).collect();
        if mine.is_empty() || mine.len() != sentence.claim_ids.len() {
            fault("claims_exist");
        }
        if !texts.insert(sentence.text.as_str()) {
            fault("no_duplicate");
        }
        if let Err(check) = sentence_check(sentence, &mine) {
            fault(check);
        }
    }
    let opening = narrative.sentences.iter().take(narrative.notices.len()).map(|s| &s.text);
    if !opening.eq(narrative.notices.iter().map(|n| &n.text)) {
        faults.push(Fault { sentence: None, check: "notices_stand_first_and_verbatim" });
    }
    let tagged =
        |s: &Sentence| s.frame.as_ref().and_then(|id| frames().get(id)).is_some_and(|(f, _)| !f.tags.is_empty());
    let urges = narrative.sentences.iter().any(|s| tagged(s) || s.text.contains("Go for it"));
    if urges && claims.iter().any(|c| c.kind == ClaimKind::Notice) {
        faults.push(Fault { sentence: None, check: "nothing_urges_on_beside_a_notice" });
    }
    let below_a: BTreeSet<_> =
        claims.iter().filter(|c| c.grade.is_some_and(|grade| grade > Grade::A)).map(|c| &c.id).collect();
    let uncertain = narrative.sentences.iter().any(|s| s.claim_ids.iter().any(|id| below_a.contains(id)));
    if uncertain && !narrative.acknowledges_uncertainty() {
        faults.push(Fault { sentence: None, check: "uncertainty_is_acknowledged" });
    }
    // The sentence that gathers what is uncertain does not say what it gathers.
    let saying = narrative.sentences.iter().filter(|s| s.section != Section::Uncertainty);
    let said: BTreeSet<_> = saying.flat_map(|s| &s.claim_ids).collect();
    if claims.iter().any(|c| c.is_unfavourable() && !said.contains(&c.id)) {
        faults.push(Fault { sentence: None, check: "nothing_unfavourable_is_left_out" });
    }
    if !narrative.notices.is_empty() && narrative.sentences.iter().any(|s| is_causal(&s.text)) {
        faults.push(Fault { sentence: None, check: "no_cause_beside_a_notice" });
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Checks one sentence against its claims: word for word, then as the frame it is.
///
/// # Errors
/// The first check that fails.
pub fn sentence_check(sentence: &Sentence, claims: &[&Claim]) -> Result<(), &'static str> {
    words_check(sentence, claims)?;
    frame(sentence, claims)
}

/// Checks the words and numbers of a sentence, whatever frame it is said to be.
fn words_check(sentence: &Sentence, claims: &[&Claim]) -> Result<(), &'static str> {
    let text = sentence.text.as_str();
    if !text.chars().all(|c| c.is_ascii() && !c.is_ascii_control() || c == '°') {
        return Err("plain_letters");
    }
    if text.contains("://") || text.contains('@') || text.contains('<') || text.contains('[') {
        return Err("no_markup_or_address");
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let spoken = format!(" {} ", words.join(" "));
    let has_phrase = |list: &[&str]| list.iter().any(|phrase| spoken.contains(&format!(" {phrase} ")));
    if has(NEVER) || has_phrase(NEVER_PHRASES) {
        return Err("no_forbidden_word");
    }
    if is_causal(text) && (claims.is_empty() || !claims.iter().all(|claim| may_say_cause(claim))) {
        return Err("no_causal_word");
    }
    if has(BOOSTERS) || has(NUMBER_WORDS) {
        return Err("no_booster_or_number_in_words");
    }
    let unreliable = claims.iter().any(|c| c.kind == ClaimKind::Experiment && c.code.as_deref() == Some("unreliable"));
    let numbered = || without_names(text, claims).bytes().any(|b| b.is_ascii_digit());
    if unreliable && sentence.section != Section::Uncertainty && numbered() {
        return Err("no_number_of_what_is_unreliable");
    }
    let minutes = in_minutes(text);
    numbers(&minutes, claims)?;
    places(&minutes, claims)?;
    labels(&lower, claims, sentence)?;
    let graded: Vec<&&Claim> = claims.iter().filter(|c| c.kind.is_graded()).collect();
    directions(&words, claims, sentence)?;
    if let [claim] = graded.as_slice() {
        hedge(&spoken, claim, sentence)?;
    }
    Ok(())
}

/// The sentence is that of a frame which may say its claims, to the last letter.
fn frame(sentence: &Sentence, claims: &[&Claim]) -> Result<(), &'static str> {
    if claims.iter().all(|claim| claim.kind == ClaimKind::Notice) {
        return Ok(());
    }
    let known = sentence.frame.as_ref().and_then(|id| frames().get(id));
    let Some((frame, parts)) = known else { return Err("a_frame_says_it") };
    let serves = match claims {
        _ if frame.says.is_of_all() => sentence.section == Section::Uncertainty,
        [claim] => frame.serves(claim),
        [first, second] => Saying::of_two(first, second) == Some(frame.says),
        _ => false,
    };
    if !serves {
        return Err("the_frame_may_say_it");
    }
    if reading::says(parts, claims, &without_opener(&sentence.text)) { Ok(()) } else { Err("nothing_beside_the_frame") }
}

/// A sentence as it would begin without the words that lead over to it.
fn without_opener(text: &str) -> Cow<'_, str> {
    let openers = Opener::ALL.iter().map(|opener| opener.words()).filter(|words| !words.is_empty());
    let Some(rest) = openers.into_iter().find_map(|words| text.strip_prefix(words)) else { return text.into() };
    let mut letters = rest.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>().into()
}

/// Whether a text says that something brought something about.
fn is_causal(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let spoken = format!(" {} ", words.join(" "));
    words.iter().any(|word| CAUSAL.contains(word))
        || CAUSAL_PHRASES.iter().any(|phrase| spoken.contains(&format!(" {phrase} ")))
}

/// Whether a claim has earned a causal word: an experiment in an order drawn by lot, with a verdict and a grade, at
/// least 3 pairs, washout and lag stated, kept to on 80 % of its days, not held back by safety, and an interval that
/// leaves out zero. What can be read from the numbers is read from the numbers.
fn may_say_cause(claim: &Claim) -> bool {
    let number = |name| claim.evidence.value(name).map(|v| v.value);
    claim.kind == ClaimKind::Experiment
        && claim.design == Design::Randomised
        && matches!(claim.code.as_deref(), Some("helpful" | "not_helpful"))
        && claim.grade.is_some_and(|grade| grade < Grade::D)
        && claim.conduct.is_some_and(|conduct| conduct.randomised)
        && claim.conduct.is_some_and(|conduct| !conduct.suppressed)
        && number("pairs") >= Some(3.0)
        && number("washout_days").is_some()
        && number("lag_days").is_some()
        && number("adherence") >= Some(0.8)
        && number("interval_low") > Some(0.0)
}

/// Numbers must be digits that stand in the evidence; words for them escape the comparison.
const NUMBER_WORDS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen", "hundred", "thousand", "double",
    "doubled", "twice", "triple", "halved", "third", "quarter", "percent", "most", "nearly", "almost",
];

/// A sentence about a metric names it.
fn labels(lower: &str, claims: &[&Claim], sentence: &Sentence) -> Result<(), &'static str> {
    let names = |metric: Metric| lower.contains(&metric.label().to_lowercase());
    let named = claims.iter().all(|c| c.metric.is_none_or(names) && second(c).is_none_or(names));
    // The sentence about all that is uncertain names no metric.
    if named || sentence.section == Section::Uncertainty { Ok(()) } else { Err("metric_is_named") }
}

/// Direction words agree with the claim's direction, and stand nowhere else.
fn directions(words: &[&str], claims: &[&Claim], sentence: &Sentence) -> Result<(), &'static str> {
    const LOWER: &[&str] = &["lower", "fell", "dropped", "declined", "less", "down", "worse"];
    const HIGHER: &[&str] = &["higher", "rose", "climbed", "gained", "more", "up", "better"];
    if sentence.section == Section::Uncertainty && claims.iter().all(|c| !c.kind.is_graded()) || claims.len() > 2 {
        return Ok(());
    }
    // "up to" is a date's, not a direction.
    let up_to = words.windows(2).filter(|pair| pair == &["up", "to"]).count();
    let count = |list: &[&str]| words.iter().filter(|w| list.contains(w)).count();
    let (down, up) = (count(LOWER), count(HIGHER) - up_to.min(count(HIGHER)));
    // When the one was higher, the other was higher or lower.
    let links = sentence.section != Section::Uncertainty && claims.iter().any(|c| c.kind == ClaimKind::Association);
    let r = claims.iter().find_map(|c| c.evidence.value("r")).map_or(0.0, |r| r.value);
    let right = match claims.iter().find_map(|c| c.direction) {
        _ if links => (down, up) == if r < 0.0 { (1, 1) } else { (0, 2) },
        Some(Direction::Lower) => up == 0,
        Some(Direction::Higher) => down == 0,
        None => up + down == 0,
    };
    if right { Ok(()) } else { Err("direction_agrees") }
}

/// The exact hedge of the grade stands in the sentence, and no other.
fn hedge(spoken: &str, claim: &Claim, sentence: &Sentence) -> Result<(), &'static str> {
    if sentence.section == Section::Uncertainty {
        return Ok(());
    }
    let (probably, may, chance) =
        (spoken.contains(" probably "), spoken.contains(" may "), spoken.contains(" could be chance "));
    let undecided = [" not enough consistent data to tell ", " too early to call ", " cannot be told from chance "];
    let undecided = undecided.iter().any(|phrase| spoken.contains(phrase));
    // Where chance was kept out by lot, the interval stands instead.
    let compares = match claim.kind {
        ClaimKind::Change | ClaimKind::Step | ClaimKind::Trend | ClaimKind::Experiment | ClaimKind::Association => true,
        ClaimKind::Level
        | ClaimKind::Streak
        | ClaimKind::Measured
        | ClaimKind::DayScore
        | ClaimKind::Suggestion
        | ClaimKind::Notice
        | ClaimKind::State => false,
    };
    let blames = claim.kind == ClaimKind::Association
        && !spoken.contains(" this does not mean that one brings about the other ");
    let says_chance = compares && !may_say_cause(claim);
    let right = match claim.grade {
        _ if undecided => !probably && !may && !chance && !spoken.contains(" lower ") && !spoken.contains(" higher "),
        Some(Grade::A) => !probably && !may && !chance,
        Some(Grade::B) => probably && !may && !chance,
        Some(Grade::C) => may && !probably && chance == says_chance,
        Some(Grade::D) | None => false,
    };
    if blames {
        return Err("a_link_shows_no_cause");
    }
    if right { Ok(()) } else { Err("hedge_of_the_grade") }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
