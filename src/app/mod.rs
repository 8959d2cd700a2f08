//! The composition root: configuration, command line, and the plugging of ports.

mod cli;
mod command;
mod config;
mod demo;
mod entropy;
mod error;
mod files;
mod present;
mod rules;
mod scrape;
mod serve;
mod system;

pub use cli::main;
