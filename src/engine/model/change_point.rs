//! Where in a window did the mean step, if it did? The supremum of an AR(1) t statistic over every day it could be.
//!
//! For each candidate day the regression of [`super::ar1`] (constant, weekend, step) is solved at each phi of a coarser
//! grid, and its t is averaged over the phis as the days weigh them given a step on that day. So a large step is not
//! mistaken for strong dependence, as it is by windows it lies within. Whitened sums over the days behind a candidate
//! make a candidate cost the same however many days there are.
//!
//! The largest of some seventy t's is not a t: its thresholds ([`super::gates`]) are set by simulation, by the phi that was found.

use super::point::{Point, weekend_column};

/// Valid days there must be on either side of a candidate.
pub const FEWEST_DAYS: usize = 7;

/// The phis that are weighed.
const PHIS: [f64; 13] = [-0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/// The prior on phi: a normal density with this mean and standard deviation, as in the regression.
const PHI_PRIOR: (f64, f64) = (0.4, 0.25);
/// Share of its own square under which what is left of a column is rounding error.
const SINGULAR: f64 = 1e-9;

/// The best place for a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The first day after the step.
    pub day: i32,
    /// Its t statistic, averaged over phi: above zero when the mean went up.
    pub t: f64,
    /// Mean phi, given the step.
    pub phi: f64,
}

/// What one added column does to the fit at one phi.
#[derive(Clone, Copy, Default)]
struct Added {
    /// What is left of its square once constant and weekend are taken out.
    left: f64,
    /// Residual sum of squares with it.
    rss: f64,
    t: f64,
}

/// The days, whitened at one phi.
struct Whitened {
    phi: f64,
    /// Everything in the weight of this phi that no added column changes, halved terms included.
    ln_weight: f64,
    /// 1 / sqrt(1 - rho^2) of each day.
    scale: Vec<f64>,
    /// Constant, weekend and value of each day.
    rows: Vec<[f64; 3]>,
    /// Inverse of the Gram matrix of constant and weekend: (a, b, d) of [[a, b], [b, d]].
    inverse: (f64, f64, f64),
    /// Inner products of the value with constant and weekend.
    with_value: (f64, f64),
    /// Residual sum of squares without the added column.
    rss: f64,
    df: f64,
}

impl Whitened {
    fn new(points: &[Point], weekend: Option<&[f64]>, centre: f64, phi: f64) -> Option<Self> {
        let n = points.len();
        let df = n as f64 - 2.0 - f64::from(u8::from(weekend.is_some()));
        let (mut scale, mut rows) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut ln_det = 0.0;
        let mut then: Option<(i32, [f64; 3])> = None;
        // Most days follow the day before: what a gap costs is reckoned again only when the gap is another.
        let (mut known, mut rho, mut factor, mut ln_fresh) = (0, 0.0, 1.0, 0.0);
        for (index, point) in points.iter().enumerate() {
            let now = [1.0, weekend.map_or(0.0, |column| column[index]), point.value - centre];
            let row = match then {
                None => {
                    scale.push(1.0);
                    now
                }
                Some((day, before)) => {
                    let gap = point.day.saturating_sub(day);
                    if gap != known {
                        known = gap;
                        rho = power(phi, gap);
                        let fresh = 1.0 - rho * rho;
                        (factor, ln_fresh) = (1.0 / libm::sqrt(fresh), libm::log(fresh));
                    }
                    ln_det += ln_fresh;
                    scale.push(factor);
                    std::array::from_fn(|cell| (now[cell] - rho * before[cell]) * factor)
                }
            };
            rows.push(row);
            then = Some((point.day, now));
        }
        let dot = |a: usize, b: usize| rows.iter().map(|row| row[a] * row[b]).sum::<f64>();
        let (cc, cw, ww) = (dot(0, 0), dot(0, 1), dot(1, 1));
        let (cy, wy, yy) = (dot(0, 2), dot(1, 2), dot(2, 2));
        let (det, inverse) = if weekend.is_some() {
            let det = cc * ww - cw * cw;
            (det, (ww / det, -cw / det, cc / det))
        } else {
            (cc, (1.0 / cc, 0.0, 0.0))
        };
        let rss = yy - quadratic(inverse, (cy, wy), (cy, wy));
        let away = (phi - PHI_PRIOR.0) / PHI_PRIOR.1;
        let ln_weight = -0.5 * (ln_det + libm::log(det) + away * away);
        (det > 0.0 && rss > SINGULAR * yy && ln_weight.is_finite()).then_some(Self {
            phi,
            ln_weight,
            scale,
            rows,
            inverse,
            with_value: (cy, wy),
            rss,
            df,
        })
    }

    /// A column with these inner products: with itself, constant and weekend, value.
    fn add(&self, square: f64, with: (f64, f64), value: f64) -> Option<Added> {
        let left = square - quadratic(self.inverse, with, with);
        if left <= SINGULAR * square {
            return None;
        }
        let slope = value - quadratic(self.inverse, with, self.with_value);
        let rss = self.rss - slope * slope / left;
        (rss > SINGULAR * self.rss).then(|| Added { left, rss, t: slope / libm::sqrt(left * rss / self.df) })
    }

    fn ln_weight(&self, added: &Added) -> f64 {
        self.ln_weight - 0.5 * (libm::log(added.left) + self.df * libm::log(added.rss))
    }
}

fn quadratic((a, b, d): (f64, f64, f64), left: (f64, f64), right: (f64, f64)) -> f64 {
    left.0 * (a * right.0 + b * right.1) + left.1 * (b * right.0 + d * right.1)
}

/// `base` to a positive whole power.
fn power(base: f64, exponent: i32) -> f64 {
    (0..exponent.min(400)).fold(1.0, |product, _| product * base)
}

/// A window, whitened at every phi.
pub struct Scan<'a> {
    points: &'a [Point],
    phis: Vec<Whitened>,
}

impl<'a> Scan<'a> {
    /// Prepares a window of valid days in time order; `None` when they are too few or do not vary.
    pub fn new(points: &'a [Point]) -> Option<Self> {
        if points.len() < 2 * FEWEST_DAYS || points.windows(2).any(|pair| pair[1].day <= pair[0].day) {
            return None;
        }
        let centre = points.iter().map(|point| point.value).sum::<f64>() / points.len() as f64;
        if !centre.is_finite() {
            return None;
        }
        let weekend = weekend_column(points.iter());
        let phis: Vec<Whitened> =
            PHIS.iter().filter_map(|phi| Whitened::new(points, weekend.as_deref(), centre, *phi)).collect();
        (phis.len() == PHIS.len()).then_some(Self { points, phis })
    }

    /// The best place for a step.
    pub fn step(&self) -> Option<ChangePoint> {
        let n = self.points.len();
        let mut candidates: Vec<Option<[Added; PHIS.len()]>> = vec![Some(Default::default()); n - 2 * FEWEST_DAYS + 1];
        for (index, whitened) in self.phis.iter().enumerate() {
            // Sums over the days behind a candidate: a step has the whitened constant there.
            let (mut cc, mut cw, mut cy) = (0.0, 0.0, 0.0);
            for at in (FEWEST_DAYS..n).rev() {
                let [c, w, y] = whitened.rows[at];
                if let Some(candidate) = candidates.get_mut(at - FEWEST_DAYS) {
                    // On its first day the step is not yet whitened by the day before.
                    let s = whitened.scale[at];
                    let added = whitened.add(s * s + cc, (s * c + cc, s * w + cw), s * y + cy);
                    *candidate = candidate.zip(added).map(|(mut all, added)| {
                        all[index] = added;
                        all
                    });
                }
                cc += c * c;
                cw += c * w;
                cy += c * y;
            }
        }
        // A mean of t's is no larger than the largest of them: most candidates need no weights.
        let largest = |all: &[Added; PHIS.len()]| all.iter().map(|one| one.t.abs()).fold(0.0, f64::max);
        let mut order: Vec<(f64, usize, &[Added; PHIS.len()])> = Vec::with_capacity(candidates.len());
        order.extend(
            candidates.iter().enumerate().filter_map(|(at, all)| all.as_ref().map(|all| (largest(all), at, all))),
        );
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut best: Option<ChangePoint> = None;
        for (bound, at, all) in order {
            if best.is_some_and(|best| best.t.abs() >= bound) {
                break;
            }
            let (t, phi) = self.average(all);
            if best.is_none_or(|best| t.abs() > best.t.abs()) {
                best = Some(ChangePoint { day: self.points[at + FEWEST_DAYS].day, t, phi });
            }
        }
        best
    }

    /// The mean of t and phi over the phis, by their weights.
    fn average(&self, all: &[Added; PHIS.len()]) -> (f64, f64) {
        let mut ln_weights = [0.0; PHIS.len()];
        for (weight, (whitened, added)) in ln_weights.iter_mut().zip(self.phis.iter().zip(all)) {
            *weight = whitened.ln_weight(added);
        }
        let highest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut total, mut t, mut phi) = (0.0, 0.0, 0.0);
        for ((ln_weight, added), at) in ln_weights.iter().zip(all).zip(PHIS) {
            let weight = libm::exp(ln_weight - highest);
            total += weight;
            t += weight * added.t;
            phi += weight * at;
        }
        (t / total, phi / total)
    }

    /// The t statistic of a straight line, averaged over phi in the same way.
    pub fn slope(&self) -> Option<f64> {
        let first = f64::from(self.points.first()?.day);
        let mut all = [Added::default(); PHIS.len()];
        for (slot, whitened) in all.iter_mut().zip(&self.phis) {
            let (mut square, mut with, mut value) = (0.0, (0.0, 0.0), 0.0);
            let mut then: Option<(f64, i32)> = None;
            for (at, point) in self.points.iter().enumerate() {
                let now = f64::from(point.day) - first;
                let line = then.map_or(now, |(before, day)| {
                    (now - power(whitened.phi, point.day.saturating_sub(day)) * before) * whitened.scale[at]
                });
                let [c, w, y] = whitened.rows[at];
                square += line * line;
                with = (with.0 + line * c, with.1 + line * w);
                value += line * y;
                then = Some((now, point.day));
            }
            *slot = whitened.add(square, with, value)?;
        }
        Some(self.average(&all).0)
    }
}
