//! An activity in detail.

pub mod streams;

pub use streams::Streams;
