//! Activities: what is known of one beyond its measurements.

pub mod streams;

pub use streams::Streams;
