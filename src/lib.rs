//! Candor turns a person's wearable data into insights it can vouch for.

#![warn(clippy::unwrap_used, clippy::get_unwrap, clippy::print_stdout, clippy::print_stderr)]

pub mod api;
pub mod app;
pub mod domain;
pub mod engine;
pub mod jobs;
pub mod llm;
pub mod providers;
pub mod store;
