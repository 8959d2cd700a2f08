//! A number as it is written: its value, and the size of its last digit.

/// A number from a file, in the file's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written {
    /// The number. It may be NaN or infinite: the registry refuses those.
    pub(super) value: f64,
    /// The size of the last digit that is written.
    pub(super) resolution: f64,
}

impl Written {
    /// Reads plain decimal notation, with or without an exponent; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().unwrap_or(0)),
            None => (text, 0),
        };
        let decimals = mantissa.split_once('.').map_or(0, |(_, digits)| i32::try_from(digits.len()).unwrap_or(0));
        Some(Self { value, resolution: power_of_ten(exponent - decimals) })
    }

    /// Reads `1,250` as well: groups of three after the first, as Strava writes metres.
    pub(super) fn parse_grouped(text: &str) -> Option<Self> {
        let Some((first, rest)) = text.split_once(',') else {
            return Self::parse(text);
        };
        let whole = rest.split_once('.').map_or(rest, |(whole, _)| whole);
        let groups_fit = whole.split(',').all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()));
        let first_fits = (1..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_digit());
        if groups_fit && first_fits { Self::parse(&text.replace(',', "")) } else { None }
    }

    /// A part of a whole that is written in percent: 12 % of 50 minutes. Both were rounded.
    pub(super) fn percent_of(self, whole: Self) -> Self {
        let rounded = self.resolution * whole.value.abs() + whole.resolution * self.value.abs();
        Self { value: self.value * whole.value / 100.0, resolution: rounded / 100.0 }
    }

    /// What is left of one without another, no finer than the coarser of them.
    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self { value: -other.value, ..other })
    }

    /// The sum of two, no finer than the coarser of them.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { value: self.value + other.value, resolution: self.resolution.max(other.resolution) }
    }
}

fn power_of_ten(exponent: i32) -> f64 {
    // Parsing gives the nearest double of the decimal power; `powi` need not.
    format!("1e{}", exponent.clamp(-300, 300)).parse().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64, resolution: f64) -> Option<Written> {
        Some(Written { value, resolution })
    }

    #[test]
    fn the_last_digit_written_is_the_resolution() {
        assert_eq!(Written::parse("445"), written(445.0, 1.0));
        assert_eq!(Written::parse("34.60"), written(34.6, 0.01));
        assert_eq!(Written::parse("-0.5"), written(-0.5, 0.1));
        assert_eq!(Written::parse("1.5e3"), written(1500.0, 100.0));
        assert_eq!(Written::parse("12 h"), None);
        assert_eq!(Written::parse(""), None);
    }

    #[test]
    fn numbers_beyond_all_bounds_are_read_so_that_they_can_be_refused() {
        assert!(Written::parse("NaN").is_some_and(|w| w.value.is_nan()));
        assert!(Written::parse("1e309").is_some_and(|w| w.value.is_infinite()));
    }

    #[test]
    fn a_thousands_comma_is_not_a_decimal_comma() {
        assert_eq!(Written::parse_grouped("1,250"), written(1250.0, 1.0));
        assert_eq!(Written::parse_grouped("12,345.6"), written(12345.6, 0.1));
        assert_eq!(Written::parse_grouped("7.83"), written(7.83, 0.01));
        assert_eq!(Written::parse_grouped("7,83"), None);
        assert_eq!(Written::parse_grouped(",250"), None);
    }
}
