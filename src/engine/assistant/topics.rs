//! What a question is about, by its words. Nothing is guessed: a word that is none of these names nothing.

use crate::domain::conversation::Topics;
use crate::domain::metric::Metric;
use crate::domain::plan::Matter;

/// Beginnings of words, and what they are about.
const WORDS: [(&str, Matter); 33] = [
    ("sleep", Matter::Sleep),
    ("slept", Matter::Sleep),
    ("night", Matter::Sleep),
    ("bed", Matter::Sleep),
    ("nap", Matter::Sleep),
    ("awake", Matter::Sleep),
    ("rem", Matter::Sleep),
    ("insomnia", Matter::Sleep),
    ("recover", Matter::Recovery),
    ("hrv", Matter::Recovery),
    ("heart", Matter::Recovery),
    ("pulse", Matter::Recovery),
    ("breath", Matter::Recovery),
    ("oxygen", Matter::Recovery),
    ("temperature", Matter::Recovery),
    ("ill", Matter::Recovery),
    ("sick", Matter::Recovery),
    ("train", Matter::Training),
    ("workout", Matter::Training),
    ("run", Matter::Training),
    ("ride", Matter::Training),
    ("race", Matter::Training),
    ("exercise", Matter::Training),
    ("strain", Matter::Training),
    ("step", Matter::Movement),
    ("walk", Matter::Movement),
    ("move", Matter::Movement),
    ("weight", Matter::Movement),
    ("stress", Matter::Calm),
    ("mood", Matter::Calm),
    ("calm", Matter::Calm),
    ("tired", Matter::Energy),
    ("energy", Matter::Energy),
];
/// Of these only the whole word counts: others begin with them.
const WHOLE: [&str; 5] = ["bed", "nap", "rem", "ill", "ride"];

/// Words that name a symptom to be looked at at once.
const SYMPTOMS: [&str; 12] = [
    "chest pain",
    "pain in my chest",
    "pain in the chest",
    "chest hurts",
    "pressure in my chest",
    "pressure on my chest",
    "tight chest",
    "chest tightness",
    "faint",
    "passed out",
    "short of breath",
    "breathless",
];

/// A question in small letters and single spaces.
fn plain(question: &str) -> String {
    let letters: String =
        question.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a question speaks of a symptom to be looked at at once.
pub(super) fn is_urgent(question: &str) -> bool {
    let plain = format!(" {}", plain(question));
    SYMPTOMS.iter().any(|symptom| plain.contains(&format!(" {symptom}")))
}

/// The topics that a question names.
pub(super) fn of(question: &str) -> Topics {
    let question = plain(question);
    let words: Vec<&str> = question.split(' ').collect();
    let spaced = format!(" {question} ");
    // A metric's name may hold what is no letter, as in "blood oxygen (SpO2)".
    let names = |metric: &Metric| {
        let label = plain(metric.label());
        label.contains(' ') && spaced.contains(&format!(" {label} "))
            || spaced.contains(&format!(" {} ", metric.key().replace('_', " ")))
    };
    let metrics = Metric::ALL.into_iter().filter(names).collect();
    let meant = |(begin, _): &&(&str, Matter)| {
        words.iter().any(|word| if WHOLE.contains(begin) { word == begin } else { word.starts_with(begin) })
    };
    Topics { metrics, matters: WORDS.iter().filter(meant).map(|(_, matter)| *matter).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symptom_is_heard() {
        for urgent in ["I have chest pain", "My chest hurts!", "I nearly fainted today", "Why am I short of  breath?"] {
            assert!(is_urgent(urgent), "{urgent}");
        }
        for calm in ["How did I sleep?", "Is my chest strap broken?", "painting all day"] {
            assert!(!is_urgent(calm), "{calm}");
        }
    }

    #[test]
    fn a_question_is_about_what_its_words_name() {
        let matters = |question: &str| of(question).matters.into_iter().collect::<Vec<_>>();
        assert_eq!(matters("How did I sleep last night?"), [Matter::Sleep]);
        assert_eq!(matters("Why am I so tired, is it my training?"), [Matter::Training, Matter::Energy]);
        assert_eq!(matters("I still remember it"), [], "`rem` and `ill` are whole words");
        assert_eq!(matters("Wie geht es mir?"), []);
        let named = of("What about my resting heart rate and step-count?");
        let expected = [Metric::RestingHeartRate, Metric::Steps];
        assert_eq!(named.metrics.into_iter().collect::<Vec<_>>(), expected);
    }
}
