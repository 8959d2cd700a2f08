//! The regression at one phi, from sums that are taken over the days once.
//!
//! Whitening the outcome and the columns for every phi would cost a pass over the days per phi. The
//! normal equations depend on the days only through sums over pairs of neighbours that lie the same
//! number of days apart, so those sums are taken once and each phi costs a handful of them.

use super::ar1::MOST_COLUMNS;
use super::point::Point;

/// The prior on phi: a normal density with this mean and standard deviation.
const PHI_PRIOR: (f64, f64) = (0.4, 0.25);
/// Share of its own sum of squares under which a pivot is rounding error, not information.
pub(super) const SINGULAR: f64 = 1e-12;

const WIDTH: usize = MOST_COLUMNS + 1;
const CELLS: usize = WIDTH * (WIDTH + 1) / 2;

/// Sums over all pairs of neighbouring days that lie the same number of days apart.
struct Gap {
    days: i64,
    pairs: f64,
    now: [f64; CELLS],
    cross: [f64; CELLS],
    then: [f64; CELLS],
}

/// All the fit needs to know of the days.
pub(super) struct Sums {
    cells: usize,
    first: [f64; CELLS],
    gaps: Vec<Gap>,
}

/// The regression at one phi, in standardised units.
#[derive(Clone, Copy, Default)]
pub(super) struct Solved {
    pub(super) phi: f64,
    pub(super) ln_weight: f64,
    pub(super) coefficients: [f64; MOST_COLUMNS],
    pub(super) error: f64,
    pub(super) sd: f64,
    pub(super) information: f64,
}

impl Sums {
    /// Sums over the days; `standard` brings a value near 1. `None` when a day does not come after the
    /// one before it, or a number is not finite.
    pub(super) fn over(points: &[Point], columns: &[&[f64]], standard: impl Fn(f64) -> f64) -> Option<Self> {
        let p = columns.len();
        if columns.iter().any(|column| column.len() != points.len()) {
            return None;
        }
        let mut sums = Self { cells: (p + 1) * (p + 2) / 2, first: [0.0; CELLS], gaps: Vec::with_capacity(8) };
        let mut then: Option<(i64, [f64; WIDTH])> = None;
        for (index, point) in points.iter().enumerate() {
            let mut now = [0.0; WIDTH];
            for (cell, column) in now.iter_mut().zip(columns) {
                *cell = column[index];
            }
            now[p] = standard(point.value);
            if !now.iter().all(|cell| cell.is_finite()) {
                return None;
            }
            let day = i64::from(point.day);
            match &then {
                None => add(&mut sums.first, p + 1, &now, &now),
                Some((before, old)) => {
                    let days = day - before;
                    if days < 1 {
                        return None;
                    }
                    let gap = sums.gap(days)?;
                    gap.pairs += 1.0;
                    add(&mut gap.now, p + 1, &now, &now);
                    add(&mut gap.cross, p + 1, &now, old);
                    add(&mut gap.cross, p + 1, old, &now);
                    add(&mut gap.then, p + 1, old, old);
                }
            }
            then = Some((day, now));
        }
        Some(sums)
    }

    fn gap(&mut self, days: i64) -> Option<&mut Gap> {
        let known = self.gaps.iter().position(|gap| gap.days == days);
        let index = known.unwrap_or_else(|| {
            self.gaps.push(Gap { days, pairs: 0.0, now: [0.0; CELLS], cross: [0.0; CELLS], then: [0.0; CELLS] });
            self.gaps.len() - 1
        });
        self.gaps.get_mut(index)
    }

    /// The generalised least squares fit at one phi; `None` when the columns or the remainder vanish.
    pub(super) fn solve(&self, phi: f64, p: usize, interest: usize, df: f64) -> Option<Solved> {
        let mut matrix = self.first;
        let mut ln_det_r = 0.0;
        let mut information = 1.0;
        for gap in &self.gaps {
            let rho = power(phi, gap.days);
            let fresh = 1.0 - rho * rho;
            let (one, cross, then) = (1.0 / fresh, rho / fresh, rho * rho / fresh);
            let sums = gap.now.iter().zip(&gap.cross).zip(&gap.then);
            for (cell, ((now_sum, cross_sum), then_sum)) in matrix.iter_mut().zip(sums).take(self.cells) {
                *cell += one * now_sum - cross * cross_sum + then * then_sum;
            }
            ln_det_r += gap.pairs * libm::log(fresh);
            information += gap.pairs * (1.0 - rho) / (1.0 + rho);
        }
        let root = cholesky(&matrix, p + 1)?;

        let mut coefficients = [0.0; MOST_COLUMNS];
        for row in (0..p).rev() {
            let mut rest = root[p][row];
            for later in row + 1..p {
                rest -= root[later][row] * coefficients[later];
            }
            coefficients[row] = rest / root[row][row];
        }
        // The squared length of L^-1 e_j is the j-th diagonal cell of (X'X)^-1.
        let mut unit = [0.0; MOST_COLUMNS];
        let mut variance = 0.0;
        for row in interest..p {
            let mut rest = if row == interest { 1.0 } else { 0.0 };
            for earlier in interest..row {
                rest -= root[row][earlier] * unit[earlier];
            }
            unit[row] = rest / root[row][row];
            variance += unit[row] * unit[row];
        }
        let ln_det_x: f64 = (0..p).map(|row| 2.0 * libm::log(root[row][row])).sum();
        let sd = root[p][p] / libm::sqrt(df);
        let distance = (phi - PHI_PRIOR.0) / PHI_PRIOR.1;
        Some(Solved {
            phi,
            ln_weight: -0.5 * ln_det_r - 0.5 * ln_det_x - df * libm::log(root[p][p]) - 0.5 * distance * distance,
            coefficients,
            error: sd * libm::sqrt(variance),
            sd,
            information,
        })
    }
}

/// Adds the lower triangle of `left * right'` to packed cells.
fn add(cells: &mut [f64; CELLS], width: usize, left: &[f64; WIDTH], right: &[f64; WIDTH]) {
    let mut cell = 0;
    for (row, a) in left.iter().enumerate().take(width) {
        for b in &right[..=row] {
            cells[cell] += a * b;
            cell += 1;
        }
    }
}

/// The lower triangular root of the normal equations with the outcome as their last row: its last
/// diagonal cell is the root of the residual sum of squares.
fn cholesky(cells: &[f64; CELLS], width: usize) -> Option<[[f64; WIDTH]; WIDTH]> {
    let mut root = [[0.0; WIDTH]; WIDTH];
    let mut cell = 0;
    for row in 0..width {
        for column in 0..=row {
            let whole = cells[cell];
            cell += 1;
            let explained: f64 = (root[row].iter().zip(&root[column]).take(column)).map(|(a, b)| a * b).sum();
            let rest = whole - explained;
            if column < row {
                root[row][column] = rest / root[column][column];
            } else if rest > SINGULAR * whole {
                root[row][row] = libm::sqrt(rest);
            } else {
                return None;
            }
        }
    }
    Some(root)
}

/// `base` to a positive whole power, by squaring.
fn power(base: f64, exponent: i64) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}
