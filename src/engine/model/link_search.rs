//! The weekly search for links: which pairs are looked at, which pass together, and what later days say of them.
//!
//! - **Search**, on a Monday: the last 180 days of every pair of [`LEADS`] and [`FOLLOWERS`], at lags of 0 to 7 days. Of what
//!   passes together the strongest link of each follower is raised, graded C at most.
//! - **Look**, on the first Monday 98 days later, and again after as many: the days since the raise or the last look alone,
//!   at the lag and with the sign that were raised, fixed before those days were seen. At a confidence of 0.6 or more the
//!   link stands until the next look; otherwise it expires.
//! - **Rest**: an expired follower is searched again when half of its days are new.

use super::link::{Adjusted, FALSE_DISCOVERIES, Link, pass};
use super::point::Point;
use crate::domain::metric::Metric;

/// What a person does or is under: the earlier side of a link.
pub const LEADS: [Metric; 17] = [
    Metric::Steps,
    Metric::Strain,
    Metric::Energy,
    Metric::Stress,
    Metric::SleepDuration,
    Metric::CheckinStress,
    Metric::ActivityDuration,
    Metric::JournalAlcohol,
    Metric::JournalCaffeine,
    Metric::JournalLateMeal,
    Metric::JournalScreenInBed,
    Metric::JournalReadingInBed,
    Metric::JournalSharedBed,
    Metric::JournalStress,
    Metric::JournalMorningLight,
    Metric::JournalStretching,
    Metric::JournalMeditation,
];
/// How a person sleeps, recovers and feels: the later side.
pub const FOLLOWERS: [Metric; 10] = [
    Metric::SleepDuration,
    Metric::SleepEfficiency,
    Metric::RecoveryScore,
    Metric::RestingHeartRate,
    Metric::HrvRmssd,
    Metric::HrvSdnn,
    Metric::Stress,
    Metric::CheckinSleepQuality,
    Metric::CheckinEnergy,
    Metric::CheckinMood,
];
/// Pairs of which one is computed from the other or both from the same beats: a link between them says nothing.
const MADE_OF: [(Metric, Metric); 5] = [
    (Metric::SleepDuration, Metric::SleepEfficiency),
    (Metric::SleepDuration, Metric::RecoveryScore),
    (Metric::Stress, Metric::HrvRmssd),
    (Metric::Stress, Metric::HrvSdnn),
    (Metric::Stress, Metric::RecoveryScore),
];

/// Calendar days that are searched.
pub const SEARCHED_DAYS: u32 = 180;
/// Days after which a link is looked at again, by the days since.
pub const LOOK_AFTER: i32 = 98;
/// Days an expired follower rests, so that half of what is searched next is new.
pub const REST_DAYS: i32 = 90;
/// Confidence with which a link is raised, and with which it stands.
pub const RAISE_AT: f64 = 0.4;
/// See [`RAISE_AT`].
pub const CONFIRM_AT: f64 = 0.6;

/// Share of searched pairs taken to have no link at all.
const SEARCH_PI0: f64 = 0.9;
/// The same of raised links: most of what passes together is there, and half is taken to be cautious.
const LOOK_PI0: f64 = 0.5;
/// Days both series need after a raise.
const FEWEST_SINCE: usize = 28;

/// Whether a pair is looked at.
#[must_use]
pub fn is_looked_at(lead: Metric, follower: Metric) -> bool {
    lead != follower && !MADE_OF.contains(&(lead, follower))
}

/// The strongest link of each follower among those that pass together, with the place of its lead and its confidence.
///
/// Series without enough days are `None`; `looked_at` takes the places of a lead and a follower.
pub fn passing(
    leads: &[Option<Adjusted>],
    followers: &[Option<Adjusted>],
    looked_at: impl Fn(usize, usize) -> bool,
) -> Vec<Option<(usize, Link, f64)>> {
    let mut pairs: Vec<(usize, usize, Link)> = Vec::new();
    for (at, lead) in leads.iter().enumerate() {
        for (of, follower) in followers.iter().enumerate().filter(|(of, _)| looked_at(at, *of)) {
            let link = lead.as_ref().zip(follower.as_ref()).and_then(|(lead, follower)| lead.strongest(follower));
            pairs.extend(link.map(|link| (at, of, link)));
        }
    }
    let passes = pass(&pairs.iter().map(|(.., link)| link.p).collect::<Vec<_>>(), FALSE_DISCOVERIES);
    let mut strongest: Vec<Option<(usize, Link, f64)>> = vec![None; followers.len()];
    for ((at, of, link), passes) in pairs.into_iter().zip(passes) {
        let confidence = link.confidence(SEARCH_PI0);
        let best = strongest[of].is_none_or(|(_, known, _)| link.p < known.p);
        if passes && best && confidence >= RAISE_AT {
            strongest[of] = Some((at, link, confidence));
        }
    }
    strongest
}

/// What the days since a raise or a look say of its link, with their confidence in a link of that sign; `None` when they are too few.
#[must_use]
pub fn since(
    lead: &[Point],
    follower: &[Point],
    looked_on: i32,
    lag: u16,
    positive: bool,
    today: i32,
) -> Option<(Link, f64)> {
    let days = u32::try_from(today.checked_sub(looked_on)?).ok()?;
    let lead = Adjusted::new(lead, today, days, FEWEST_SINCE)?;
    let link = lead.at_lag(&Adjusted::new(follower, today, days, FEWEST_SINCE)?, lag)?;
    let agrees = (link.r > 0.0) == positive;
    (link.n >= FEWEST_SINCE).then(|| (link, if agrees { link.confidence(LOOK_PI0) } else { 0.0 }))
}
