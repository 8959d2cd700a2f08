//! The simulation gates: how often the statistics are wrong, and how often they find what is there.
//!
//! A package of its own that needs the product alone, so that in release it is built of the same crates, with the same
//! features, as the binary that people run. Beside the other tests all of that would be built twice, since theirs need more.

#[cfg(test)]
mod experiments;
#[cfg(test)]
mod search;
