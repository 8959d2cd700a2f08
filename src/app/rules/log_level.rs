//! How much is written down.

use super::Fault;
use super::facts::Facts;

/// Levels that write nothing of what a request holds, as words and as the numbers they may be written as.
const QUIET: [&str; 9] = ["", "off", "error", "warn", "info", "0", "1", "2", "3"];

/// Nobody may ask for more than `info`; a name without a level asks for everything.
pub(super) fn check(facts: &Facts) -> Option<Fault> {
    let text = facts.rust_log.as_deref()?;
    let loud = |directive: &str| {
        let level = directive.rsplit('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        !QUIET.contains(&level.as_str())
    };
    text.split(',').any(loud).then(|| {
        Fault::new(
            "RUST_LOG",
            "it asks for more than info, which may write down what people sent",
            "remove it, or write info",
        )
    })
}
