//! The integration tests: the store on every database, and the command line as a person uses it.

#![expect(clippy::disallowed_methods, reason = "tests start tasks of their own and read their own switches")]
#![expect(clippy::zombie_processes, reason = "the PostgreSQL of a test run ends with the run, watched by its guard")]

mod activities;
mod api;
mod backup;
mod bad_input;
mod canary;
mod change_points;
#[cfg(feature = "eventstore")]
mod cluster;
mod command;
mod context;
mod degradation;
mod doctor;
mod erasure;
mod experiments;
mod exported;
mod exported_folder;
mod exports;
mod faults;
mod feedback;
mod golden;
mod held_fast;
mod identity;
mod injection;
mod jobs;
mod live;
mod log_contract;
mod metrics;
mod model_server;
mod narrators;
mod notice_rates;
mod pages;
mod people;
mod postgres;
mod readiness;
mod rotation;
mod safety;
mod samples;
mod searches;
mod serving;
mod slow_queries;
mod support;
mod watching;
