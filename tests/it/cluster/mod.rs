//! A cluster in this process, that answers as real nodes do, and loses, refuses, delays and comes back as it is told.
//!
//! It proves what our side does with the answers; that a real server gives them is for the same suite against a real node,
//! which runs where `EVENTSTORE_URL` names one.

#![expect(clippy::result_large_err, reason = "the error of the generated services is large")]

mod answers;
mod copied;
mod faults;
mod kept;
mod node;
mod prompt;
mod protocol;
mod served;
mod suite;
mod whole;

pub(crate) use node::{Fake, Trouble};

use std::io::Write;
use std::sync::Once;

/// The connection string of a real node, where there is one; otherwise the run says that it was not asked.
pub(crate) fn real_node() -> Option<String> {
    static TOLD: Once = Once::new();
    let url = std::env::var("EVENTSTORE_URL").ok().filter(|url| !url.trim().is_empty());
    if url.is_none() {
        TOLD.call_once(|| {
            // Straight to the stream: the test harness would keep a printed line to itself.
            let line = b"note: EVENTSTORE_URL names no node, the log contract was not held against a real one\n";
            let _ = std::io::stderr().write_all(line);
        });
    }
    url
}
