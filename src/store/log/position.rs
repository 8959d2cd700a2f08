//! Where an event stands in the whole log: a token that can be compared, kept and handed back, and nothing else.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// An opaque, totally ordered position in the log. Its text form is what a checkpoint keeps.
///
/// The SQL backends use the first number only; EventStoreDB has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    major: u64,
    minor: u64,
}

/// How the position is written that a backend did not tell.
const UNKNOWN: &str = "unknown";

impl Position {
    /// Where an event stands whose backend does not tell it: EventStoreDB does so where it reads by stream.
    pub const UNKNOWN: Self = Self::pair(u64::MAX, u64::MAX);

    /// The position of a backend that counts its events.
    pub const fn sequence(number: u64) -> Self {
        Self { major: number, minor: 0 }
    }

    /// The position of a backend that names a commit and a place in it.
    pub const fn pair(major: u64, minor: u64) -> Self {
        Self { major, minor }
    }

    /// Both numbers, for a backend that has two.
    #[cfg(feature = "eventstore")]
    pub(super) const fn parts(self) -> (u64, u64) {
        (self.major, self.minor)
    }

    /// The counting number, for a backend that counts.
    pub const fn number(self) -> u64 {
        self.major
    }

    /// What the numbers of all later positions are above, in a column. Without one that is everything: what somebody put
    /// before the first event is not to be passed over.
    pub(super) fn above(after: Option<Self>) -> i64 {
        after.map_or(i64::MIN, |after| i64::try_from(after.number()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNKNOWN {
            formatter.write_str(UNKNOWN)
        } else if self.minor == 0 {
            write!(formatter, "{}", self.major)
        } else {
            write!(formatter, "{}.{}", self.major, self.minor)
        }
    }
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a position of the log")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == UNKNOWN {
            return Ok(Self::UNKNOWN);
        }
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let number = |digits: &str| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().map_err(|_| InvalidPosition)
            } else {
                Err(InvalidPosition)
            }
        };
        Ok(Self::pair(number(major)?, number(minor)?))
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text_form_and_keeps_its_order() {
        let positions = [Position::sequence(9), Position::pair(9, 1), Position::sequence(10), Position::UNKNOWN];
        assert!(positions.is_sorted());
        for position in positions {
            assert_eq!(position.to_string().parse(), Ok(position));
            let json = serde_json::to_string(&position).unwrap();
            assert_eq!(serde_json::from_str::<Position>(&json).unwrap(), position);
        }
        for text in ["", "-1", "+1", "1.", "x", "1.2.3"] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
