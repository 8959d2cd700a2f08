//! The time is nobody's to choose.

use super::Fault;
use super::facts::Facts;

pub(super) fn check(facts: &Facts) -> Option<Fault> {
    facts.pretended.then(|| Fault::new("--now", "it stops the clock, and nobody's session ends", "leave it out"))
}
