//! The composition root: configuration, command line, and the plugging of ports.

mod cli;
mod cluster;
mod command;
mod config;
mod demo;
mod entropy;
mod error;
mod files;
mod present;
mod provider_settings;
mod returning;
mod rules;
mod scrape;
mod serve;
mod system;
mod work;

pub use cli::main;
