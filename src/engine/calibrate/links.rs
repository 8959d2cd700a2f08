//! Links between series: ten leads and four followers, forty pairs of which four are linked, weekends shared by all. The leads
//! are measured daily, answered with yes or no, or hours of activity with days of rest.

use rand_chacha::ChaCha8Rng;

use super::draw::{Draw, chance};
use super::found::{Figure, Found};
use super::tally::Share;
use super::world::{FIRST_DAY, normal, uniform};
use crate::domain::grade::Grade;
use crate::engine::model::Point;
use crate::engine::model::link::{Adjusted, FALSE_DISCOVERIES, FEWEST_DAYS, LONGEST_LAG, Link, pass};
use crate::engine::model::link_search::{CONFIRM_AT, LOOK_AFTER, REST_DAYS, SEARCHED_DAYS, passing, since};
use crate::engine::model::point::is_weekend;
use crate::engine::model::stated;

const LEADS: usize = 10;
const FOLLOWERS: usize = 4;
/// What a follower takes from its lead, so that they correlate by about 0.35.
pub(super) const PULL: f64 = 0.37;
const MISSING: f64 = 0.1;
/// Days of rolling use.
const DAYS: i32 = 2 * 365;

/// What a person does, as its days look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// More or less of it on every day.
    Daily,
    /// Done or not, by an answer: each thing on its own share of days, a tenth to a half.
    Answered,
    /// Hours of it on some four days in ten, nothing on the others.
    WithRest,
}

impl Leads {
    /// The kinds, by the name they bear in a scenario.
    pub(super) const ALL: [(Self, &'static str); 3] =
        [(Self::Daily, ""), (Self::Answered, ", yes or no"), (Self::WithRest, ", with days of rest")];

    /// What stands on each day of a series of noise: the same days, with a variance of 1 as the noise has it.
    fn on_days(self, noise: Vec<f64>, dice: &mut ChaCha8Rng) -> Vec<f64> {
        let shown: Vec<f64> = match self {
            Self::Daily => return noise,
            Self::Answered => {
                // 1.28 and 0 leave a tenth and a half of the days above them.
                let above = 1.28 * uniform(dice);
                noise.iter().map(|value| f64::from(u8::from(*value > above))).collect()
            }
            Self::WithRest => noise.iter().map(|value| (value - 0.25).max(0.0)).collect(),
        };
        let n = shown.len() as f64;
        let mean = shown.iter().sum::<f64>() / n;
        let spread = libm::sqrt(shown.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n);
        shown.iter().map(|value| value / spread.max(f64::MIN_POSITIVE)).collect()
    }
}

/// One person's series; follower `k` follows lead `k` after `k` days.
fn person(days: usize, kind: Leads, pull: f64, dice: &mut ChaCha8Rng) -> (Vec<Vec<Point>>, Vec<Vec<Point>>) {
    let noise = |dice: &mut ChaCha8Rng| {
        let phi = (0.35 + 0.2 * normal(dice)).clamp(0.0, 0.7);
        let fresh = libm::sqrt(1.0 - phi * phi);
        let mut now = normal(dice);
        let mut all = Vec::with_capacity(days);
        for _ in 0..days {
            all.push(now);
            now = phi * now + fresh * normal(dice);
        }
        all
    };
    let with_weekends = |noise: Vec<f64>| -> Vec<f64> {
        let weekend = |day| 0.5 * f64::from(u8::from(is_weekend(day)));
        (FIRST_DAY..).zip(noise).map(|(day, value)| value + weekend(day)).collect()
    };
    let leads: Vec<Vec<f64>> = (0..LEADS)
        .map(|_| {
            let done = with_weekends(noise(dice));
            kind.on_days(done, dice)
        })
        .collect();
    let followers: Vec<Vec<f64>> = (0..FOLLOWERS)
        .map(|k| {
            let own = with_weekends(noise(dice));
            let lead = &leads[k];
            let pulled = |(day, own): (usize, f64)| own + day.checked_sub(k).map_or(0.0, |at| pull * lead[at]);
            own.into_iter().enumerate().map(pulled).collect()
        })
        .collect();
    let mut measured = |series: Vec<f64>, without: Option<f64>| {
        let days = (FIRST_DAY..).zip(series);
        days.filter_map(|(day, value)| {
            let there = uniform(dice) >= MISSING;
            Some(Point { day, value: if there { value } else { without? } })
        })
        .collect()
    };
    // A day of activity that was not recorded reads as a day of rest.
    let without = (kind == Leads::WithRest).then_some(0.0);
    let leads = leads.into_iter().map(|series| measured(series, without)).collect();
    (leads, followers.into_iter().map(|series| measured(series, None)).collect())
}

fn judge(scenario: &str, method: &'static str, draw: &Draw<'_>, wrong: f64, power: Share) -> Figure {
    Figure {
        scenario: scenario.to_owned(),
        method,
        series: draw.series,
        fdr: Some(wrong / draw.series as f64),
        power: power.rate(),
        ..Figure::default()
    }
}

/// The search over all pairs, and beside it every pair with p < .05 at any lag with no correction. The false discovery rate
/// is the mean over people of wrong links among those claimed, zero where none is.
pub(super) fn links(scenario: &str, leads: Leads, days: u32, draw: &Draw<'_>) -> Found {
    let (mut wrong, mut power) = ([0.0; 2], [Share::default(); 2]);
    for seed in draw.each() {
        let (leads, followers) = person(days as usize, leads, PULL, &mut chance(seed));
        let last = FIRST_DAY + days as i32 - 1;
        let adjusted = |points: &Vec<Point>| Adjusted::new(points, last, days, FEWEST_DAYS);
        // A series that is too thin to look at keeps its place: a pair is known by the places of both.
        let leads: Vec<_> = leads.iter().map(adjusted).collect();
        let followers: Vec<_> = followers.iter().map(adjusted).collect();
        let pairs: Vec<((usize, usize), Link)> = (0..leads.len())
            .flat_map(|lead| (0..followers.len()).map(move |follower| (lead, follower)))
            .filter_map(|pair| Some((pair, leads[pair.0].as_ref()?.strongest(followers[pair.1].as_ref()?)?)))
            .collect();
        let unseen = (0..FOLLOWERS).filter(|at| pairs.iter().all(|(pair, _)| *pair != (*at, *at))).count();
        power.iter_mut().for_each(|found| (0..unseen).for_each(|_| found.count(false)));
        let passes = pass(&pairs.iter().map(|(_, link)| link.p).collect::<Vec<_>>(), FALSE_DISCOVERIES);
        let mut claimed = [Share::default(); 2];
        for (((lead, follower), link), passes) in pairs.iter().zip(passes) {
            let (linked, raw) = (lead == follower, link.p / f64::from(LONGEST_LAG + 1) < 0.05);
            for (method, claims) in [passes, raw].into_iter().enumerate() {
                if claims {
                    claimed[method].count(!(linked && link.r > 0.0));
                }
                if linked {
                    power[method].count(claims && link.r > 0.0);
                }
            }
        }
        for (sum, claimed) in wrong.iter_mut().zip(claimed) {
            *sum += claimed.rate().unwrap_or(0.0);
        }
    }
    let figures = ["candor", "uncorrected_p"].into_iter().zip(wrong).zip(power);
    let figures = figures.map(|((method, wrong), power)| judge(scenario, method, draw, wrong, power)).collect();
    Found { figures, ..Found::default() }
}

/// A link that was raised: its place, its Monday, its lag and its sign.
struct Raised {
    lead: usize,
    on: i32,
    lag: u16,
    positive: bool,
}

/// Two years of Mondays with the search, the look at the days since, and the rests of the stage. `pull` is zero where no
/// pair is linked.
pub(super) fn years(scenario: &str, leads: Leads, pull: f64, draw: &Draw<'_>) -> Found {
    let mut grades = [Share::default(); 3];
    let (mut raised, mut told) = (Share::default(), Share::default());
    for seed in draw.each() {
        let (leads, followers) = person(DAYS as usize, leads, pull, &mut chance(seed));
        let mut pending: [Option<Raised>; FOLLOWERS] = Default::default();
        let mut resume = [0; FOLLOWERS];
        let mut stood = [false; FOLLOWERS];
        for week in 13..DAYS / 7 {
            let today = FIRST_DAY + 7 * week;
            for of in 0..FOLLOWERS {
                let Some(link) = pending[of].take_if(|link| today >= link.on + LOOK_AFTER) else { continue };
                let looked = since(&leads[link.lead], &followers[of], link.on, link.lag, link.positive, today);
                let is_true = pull > 0.0 && link.lead == of && link.positive;
                let said = looked.filter(|(_, confidence)| *confidence >= CONFIRM_AT);
                let grade = said.map(|(found, confidence)| stated(confidence, found.n, found.coverage, false).1);
                if let Some(share) = grade.and_then(|grade| grades.get_mut(grade as usize)) {
                    share.count(is_true);
                    stood[of] |= is_true;
                }
                if grade.is_some_and(|grade| grade < Grade::D) {
                    pending[of] = Some(Raised { on: today, ..link });
                } else {
                    resume[of] = today + REST_DAYS;
                }
            }
            let adjusted = |points: &Vec<Point>| Adjusted::new(points, today, SEARCHED_DAYS, FEWEST_DAYS);
            let leading: Vec<_> = leads.iter().map(adjusted).collect();
            let free = |of: usize| pending[of].is_none() && today >= resume[of];
            let following: Vec<_> =
                (0..FOLLOWERS).map(|of| free(of).then(|| adjusted(&followers[of])).flatten()).collect();
            for (of, found) in passing(&leading, &following, |_, _| true).into_iter().enumerate() {
                let Some((lead, link, _)) = found else { continue };
                let is_true = pull > 0.0 && lead == of && link.r > 0.0;
                raised.count(!is_true);
                grades[2].count(is_true);
                pending[of] = Some(Raised { lead, on: today, lag: link.lag, positive: link.r > 0.0 });
            }
        }
        stood.iter().for_each(|stood| told.count(*stood));
    }
    let quiet = pull == 0.0;
    let years = draw.series as f64 * f64::from(DAYS) / 365.0;
    let figure = Figure {
        scenario: scenario.to_owned(),
        method: "candor",
        series: draw.series,
        power: if quiet { None } else { told.rate() },
        fdr: if quiet { None } else { raised.rate() },
        years: quiet.then_some(years),
        false_alerts: quiet.then(|| raised.of as f64 / years),
        ..Figure::default()
    };
    let mut found = Found { figures: vec![figure], ..Found::default() };
    found.graded(scenario, "association", grades);
    found
}
