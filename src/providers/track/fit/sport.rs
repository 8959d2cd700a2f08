//! The sports of FIT's profile by their number.

const NAMES: [&str; 50] = [
    "generic",
    "running",
    "cycling",
    "transition",
    "fitness equipment",
    "swimming",
    "basketball",
    "soccer",
    "tennis",
    "American football",
    "training",
    "walking",
    "cross-country skiing",
    "alpine skiing",
    "snowboarding",
    "rowing",
    "mountaineering",
    "hiking",
    "multisport",
    "paddling",
    "flying",
    "e-biking",
    "motorcycling",
    "boating",
    "driving",
    "golf",
    "hang gliding",
    "horseback riding",
    "hunting",
    "fishing",
    "inline skating",
    "rock climbing",
    "sailing",
    "ice skating",
    "sky diving",
    "snowshoeing",
    "snowmobiling",
    "stand-up paddleboarding",
    "surfing",
    "wakeboarding",
    "water skiing",
    "kayaking",
    "rafting",
    "windsurfing",
    "kitesurfing",
    "tactical",
    "jumpmaster",
    "boxing",
    "floor climbing",
    "baseball",
];

/// The name of a sport; one that is not known here keeps its number.
pub(super) fn name(number: Option<i64>) -> String {
    match number {
        None => "activity".to_owned(),
        Some(53) => "diving".to_owned(),
        Some(62) => "HIIT".to_owned(),
        Some(64) => "racket".to_owned(),
        Some(67) => "meditation".to_owned(),
        Some(69) => "disc golf".to_owned(),
        Some(number) => {
            let known = usize::try_from(number).ok().and_then(|number| NAMES.get(number));
            known.map_or_else(|| format!("sport {number}"), |name| (*name).to_owned())
        }
    }
}
