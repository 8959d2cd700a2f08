//! Words and numbers that stand nowhere else, and the looks they may take on their way into a text.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// The name of the account.
pub(super) const EMAIL: &str = "qzxcanary@leak.example";
/// The password of the account, and one that is wrong.
pub(super) const PASSWORD: &str = "a quokkazeppelin over the lamp";
pub(super) const WRONG: &str = "a quokkazeppelin under the lamp";
/// What looks like a token, as long as one.
pub(super) const TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.wyvernoctave00000000000000000000000000000000000000000000\
                                0000000000000000000000000000000000000000.wyvernoctave000000000000000000000000000000";
/// The name of a file.
pub(super) const FILE: &str = "thistlevault.ndjson";
/// What somebody writes of themselves.
pub(super) const WORD: &str = "jykbramble";
/// A heart rate, a resting heart rate and a temperature, with the same digits that nothing else has.
pub(super) const HEART_RATE: f64 = 137.420_753_192_4;
pub(super) const RESTING: f64 = 53.420_753_192_4;
pub(super) const TEMPERATURE: f64 = 36.420_753_192_4;
/// The same digits as a whole number.
pub(super) const WHOLE: u64 = 4_207_531_924;

/// What of each is looked for: letters and digits alone, so that percent signs change nothing.
pub(super) const CORES: [&str; 5] = ["qzxcanary", "wyvernoctave", "jykbramble", "quokkazeppelin", "thistlevault"];
pub(super) const DIGITS: [&str; 2] = ["4207531924", "137.420"];

/// Everything that is looked for.
pub(super) struct Needles {
    /// In small letters.
    plain: Vec<String>,
    /// Where capitals count.
    exact: Vec<String>,
}

impl Needles {
    /// The words above, and what this run has drawn by chance.
    pub(super) fn with(drawn: &[&str]) -> Self {
        let mut needles = Self { plain: Vec::new(), exact: Vec::new() };
        for word in CORES.iter().chain(&DIGITS).chain(drawn) {
            assert!(word.len() >= 7, "{word} may stand anywhere");
            needles.plain.push(word.to_lowercase());
            needles.plain.push(word.bytes().map(|byte| format!("{byte:02x}")).collect());
            for look in [word.to_string(), word.to_lowercase(), word.to_uppercase()] {
                needles.exact.extend((0..3).flat_map(|before| in_base64(&look, before)));
            }
        }
        needles
    }

    /// Which of them a text holds.
    pub(super) fn found_in(&self, text: &str) -> Vec<&str> {
        let small = text.to_lowercase();
        let plain = self.plain.iter().filter(|needle| small.contains(needle.as_str()));
        let exact = self.exact.iter().filter(|needle| text.contains(needle.as_str()));
        plain.chain(exact).map(String::as_str).collect()
    }
}

/// How a word looks in base64 after so many bytes, without the letters that what stands around it decides.
fn in_base64(word: &str, before: usize) -> [String; 2] {
    let bytes = [&vec![0; before][..], word.as_bytes()].concat();
    let (first, whole) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    [BASE64_STANDARD_NO_PAD.encode(&bytes), BASE64_URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|text| text[first..whole].to_owned())
}

#[test]
fn a_canary_is_found_however_it_is_written() {
    let needles = Needles::with(&["drawn-by-chance"]);
    let packed = |text: &str| BASE64_STANDARD_NO_PAD.encode(text);
    for text in [
        format!("the account {EMAIL} is locked"),
        format!("name={}", EMAIL.replace('@', "%40").to_uppercase()),
        format!("Basic {}", packed(&format!("{EMAIL}:{PASSWORD}"))),
        packed(&format!("x{WORD}yz")),
        packed(&format!("xy{WORD}")),
        format!("value: {HEART_RATE}"),
        format!("value: {HEART_RATE:.4}"),
        format!("{{\"value\":{}}}", serde_json::json!(RESTING)),
        format!("{TEMPERATURE:e}").replacen('.', "", 1),
        format!("expected i32, got {WHOLE}"),
        WORD.bytes().map(|byte| format!("{byte:02x}")).collect(),
        "it was Drawn-By-Chance".to_owned(),
        format!("{FILE}: nothing is known of it"),
        TOKEN.to_owned(),
        WRONG.to_owned(),
    ] {
        assert!(!needles.found_in(&text).is_empty(), "{text}");
    }
    assert!(needles.found_in("elapsed_ms 137, rows 4207531, route /api/v1/imports").is_empty());
}
