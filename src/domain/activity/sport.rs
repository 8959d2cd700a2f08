//! Which sport it is, behind the many words of the providers.

/// Sports that are one for comparing. Everything that no other family takes is told apart by its own words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Running, on road, trail or treadmill.
    Run,
    /// Walking and hiking.
    Walk,
    /// Riding a bicycle, indoors too.
    Ride,
    /// Swimming.
    Swim,
    /// Rowing, paddling.
    Row,
    /// Skiing and snowboarding.
    Snow,
    /// Weights and other strength training.
    Strength,
    /// Anything else: its letters in lower case.
    Other(String),
}

/// Parts of a provider's word, in lower case without anything but letters, the first that fits deciding.
const PARTS: [(&str, Family); 25] = [
    ("motorcycl", Family::Other(String::new())),
    ("snowboard", Family::Snow),
    ("snowshoe", Family::Walk),
    ("ski", Family::Snow),
    ("rowing", Family::Row),
    ("kayak", Family::Row),
    ("canoe", Family::Row),
    ("paddl", Family::Row),
    ("swim", Family::Swim),
    ("treadmill", Family::Run),
    ("run", Family::Run),
    ("jog", Family::Run),
    ("hik", Family::Walk),
    ("walk", Family::Walk),
    ("rucking", Family::Walk),
    ("bike", Family::Ride),
    ("biking", Family::Ride),
    ("cycl", Family::Ride),
    ("ride", Family::Ride),
    ("spin", Family::Ride),
    ("weight", Family::Strength),
    ("strength", Family::Strength),
    ("powerlift", Family::Strength),
    ("crossfit", Family::Strength),
    ("functionalfitness", Family::Strength),
];

impl Family {
    /// The family of a provider's word, as in `TrailRun`, `Trail Run` and `trail_running`.
    #[must_use]
    pub fn of(sport: &str) -> Self {
        let word: String = sport.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        match PARTS.iter().find(|(part, _)| word.contains(part)) {
            Some((_, family)) if *family != Self::Other(String::new()) => family.clone(),
            _ => Self::Other(word),
        }
    }

    /// The stable word.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Run => "run",
            Self::Walk => "walk",
            Self::Ride => "ride",
            Self::Swim => "swim",
            Self::Row => "row",
            Self::Snow => "snow",
            Self::Strength => "strength",
            Self::Other(word) => word,
        }
    }

    /// The fastest step that is still taken for motion, in metres a second: the fastest sprint ever measured was 12.4 m/s
    /// (Berlin, 2009), and a bicycle or ski goes about 40 downhill. What is faster is a leap of the positioning.
    #[must_use]
    pub const fn fastest_m_s(&self) -> f64 {
        match self {
            Self::Run | Self::Walk => 12.5,
            Self::Ride | Self::Swim | Self::Row | Self::Snow | Self::Strength | Self::Other(_) => 40.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_providers_meet_in_one_family() {
        for (words, family) in [
            (&["Run", "TrailRun", "Trail Run", "VirtualRun", "trail_running", "Treadmill Running"][..], Family::Run),
            (&["Walk", "Hike", "hiking", "Walk/Hike"], Family::Walk),
            (&["Ride", "EBikeRide", "Cycling", "Virtual Ride", "mountain_biking", "Spin"], Family::Ride),
            (&["Swim", "lap_swimming"], Family::Swim),
            (&["Rowing", "Kayaking", "Stand Up Paddling"], Family::Row),
            (&["NordicSki", "Snowboard", "backcountry skiing"], Family::Snow),
            (&["Weight Training", "Weightlifting", "strength_training"], Family::Strength),
        ] {
            for word in words {
                assert_eq!(Family::of(word), family, "{word}");
            }
        }
        assert_eq!(Family::of("Disc Golf"), Family::of("DiscGolf"));
        assert_ne!(Family::of("Disc Golf"), Family::of("Tennis"));
        assert_eq!(Family::of("Motorcycling").key(), "motorcycling");
    }
}
