//! The mean of some values and how they spread about it; their median.

/// The moments of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many values.
    pub n: f64,
    /// Their mean; not a number without values.
    pub mean: f64,
    /// The sum of the squares of their distances from it.
    pub squares: f64,
}

impl Moments {
    /// The moments of some values, in two passes: one pass loses digits where the mean is large.
    pub fn of<I>(values: I) -> Self
    where
        I: IntoIterator<Item = f64>,
        I::IntoIter: Clone,
    {
        let values = values.into_iter();
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        let squares = values.map(|value| (value - mean) * (value - mean)).sum();
        Self { n, mean, squares }
    }

    /// The unbiased variance; not a number below two values.
    #[must_use]
    pub fn variance(self) -> f64 {
        self.squares / (self.n - 1.0)
    }

    /// Its root.
    #[must_use]
    pub fn sd(self) -> f64 {
        libm::sqrt(self.variance())
    }
}

/// The median of some values; none of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    Some(if values.len() % 2 == 1 { *upper } else { f64::midpoint(values[middle - 1], *upper) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_those_of_the_textbook_and_nothing_below_two_values() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares 32 over 7 degrees of freedom.
        let found = Moments::of([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((found.n, found.mean, found.squares), (8.0, 5.0, 32.0));
        assert!((found.sd() - libm::sqrt(32.0 / 7.0)).abs() < 1e-15);
        assert!(Moments::of([1.0]).sd().is_nan() && Moments::of([]).mean.is_nan());
    }
}
