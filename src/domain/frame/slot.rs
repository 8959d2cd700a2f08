//! Slots: what of a claim stands at a place of a sentence.

use std::fmt;
use std::str::FromStr;

/// A place of a sentence that is filled from a claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Whether it is filled from the second claim of a sentence about two.
    pub second: bool,
    /// What stands there.
    pub what: What,
}

/// What a slot shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The metric's name.
    Metric,
    /// The name of the other metric of a link.
    Other,
    /// The last day of the window.
    Last,
    /// The last day of what it is compared with.
    BaselineLast,
    /// How a usual value is said at the claim's grade.
    Averaged,
    /// How a difference is said at its grade and direction.
    Moved,
    /// How a link is said at its grade and the sign of its correlation.
    Linked,
    /// How the effect of an experiment is said at its grade, design and direction.
    Effect,
    /// The interval with its level and unit.
    Interval,
    /// The confidence in words and as a number.
    Sure,
    /// That it could be chance, at the grade where it could.
    Chance,
    /// How long before: "on the same day", "2 days earlier".
    When,
    /// What a score was made of.
    Parts,
    /// Something to try.
    Try,
    /// A number of the evidence with its unit.
    Number(String),
}

/// The slots that are not numbers, by the name they bear in a frame.
const NAMED: [(&str, What); 14] = [
    ("metric", What::Metric),
    ("other", What::Other),
    ("last", What::Last),
    ("baseline_last", What::BaselineLast),
    ("averaged", What::Averaged),
    ("moved", What::Moved),
    ("linked", What::Linked),
    ("effect", What::Effect),
    ("interval", What::Interval),
    ("sure", What::Sure),
    ("chance", What::Chance),
    ("when", What::When),
    ("parts", What::Parts),
    ("try", What::Try),
];

/// A name no slot bears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSlot;

impl FromStr for Slot {
    type Err = UnknownSlot;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (second, name) = s.strip_prefix("second.").map_or((false, s), |name| (true, name));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(UnknownSlot);
        }
        let named = NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, what)| what);
        Ok(Self { second, what: named.unwrap_or_else(|| What::Number(name.to_owned())) })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.what {
            What::Number(name) => name.as_str(),
            named => NAMED.iter().find(|(_, what)| what == named).map_or("", |(name, _)| *name),
        };
        write!(f, "{}{name}", if self.second { "second." } else { "" })
    }
}
