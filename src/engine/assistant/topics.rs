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

/// The topics that a question names.
pub(super) fn of(question: &str) -> Topics {
    let plain: String =
        question.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let spaced = format!(" {} ", words.join(" "));
    // A metric's name may hold what is no letter, as in "blood oxygen (SpO2)".
    let names = |metric: &Metric| {
        let label: String =
            metric.label().chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
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
