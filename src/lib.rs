//! Candor turns a person's wearable data into insights it can vouch for.

pub mod domain;
pub mod engine;
