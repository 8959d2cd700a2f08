//! Links between series: ten leads and four followers, forty pairs of which four are linked, weekends shared by all.

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

/// One person's series; follower `k` follows lead `k` after `k` days.
fn person(days: usize, pull: f64, dice: &mut ChaCha8Rng) -> (Vec<Vec<Point>>, Vec<Vec<Point>>) {
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
    let leads: Vec<Vec<f64>> = (0..LEADS).map(|_| noise(dice)).collect();
    let followers: Vec<Vec<f64>> = (0..FOLLOWERS)
        .map(|k| {
            let own = noise(dice);
            let lead = &leads[k];
            own.iter()
                .enumerate()
                .map(|(day, own)| own + day.checked_sub(k).map_or(0.0, |at| pull * lead[at]))
                .collect()
        })
        .collect();
    let mut measured = |series: Vec<f64>| {
        let days = (FIRST_DAY..).zip(series);
        let there = days.filter(|_| uniform(dice) >= MISSING);
        there.map(|(day, value)| Point { day, value: value + 0.5 * f64::from(u8::from(is_weekend(day))) }).collect()
    };
    (leads.into_iter().map(&mut measured).collect(), followers.into_iter().map(&mut measured).collect())
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
pub(super) fn links(scenario: &str, days: u32, draw: &Draw<'_>) -> Found {
    let (mut wrong, mut power) = ([0.0; 2], [Share::default(); 2]);
    for seed in draw.each() {
        let (leads, followers) = person(days as usize, PULL, &mut chance(seed));
        let last = FIRST_DAY + days as i32 - 1;
        let adjusted = |points: &Vec<Point>| Adjusted::new(points, last, days, FEWEST_DAYS);
        let leads: Vec<_> = leads.iter().filter_map(adjusted).collect();
        let followers: Vec<_> = followers.iter().filter_map(adjusted).collect();
        let pairs: Vec<((usize, usize), Link)> = (0..leads.len())
            .flat_map(|lead| (0..followers.len()).map(move |follower| (lead, follower)))
            .filter_map(|pair| Some((pair, leads[pair.0].strongest(&followers[pair.1])?)))
            .collect();
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
pub(super) fn years(scenario: &str, pull: f64, draw: &Draw<'_>) -> Found {
    let mut grades = [Share::default(); 3];
    let (mut raised, mut told) = (Share::default(), Share::default());
    for seed in draw.each() {
        let (leads, followers) = person(DAYS as usize, pull, &mut chance(seed));
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
