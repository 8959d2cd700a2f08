//! One file an operation or a resource: read, ask the engine, show.

#![expect(unused_qualifications, reason = "what the description of parameters expands to")]

pub(super) mod activities;
pub(super) mod assistant;
pub(super) mod audit;
pub(super) mod audit_entity;
pub(super) mod auth;
pub(super) mod checkins;
pub(super) mod consents;
pub(super) mod days;
pub(super) mod devices;
pub(super) mod erasure;
pub(super) mod experiments;
pub(super) mod export;
pub(super) mod imports;
pub(super) mod insights;
pub(super) mod interventions;
pub(super) mod jobs;
pub(super) mod me;
pub(super) mod metrics;
pub(super) mod narratives;
pub(super) mod objectives;
pub(super) mod observations;
pub(super) mod outcomes;
pub(super) mod profile;
pub(super) mod providers;
pub(super) mod readiness;
pub(super) mod reviews;
pub(super) mod stages;
pub(super) mod summaries;
pub(super) mod system_status;
pub(super) mod today;
pub(super) mod watch;
pub(super) mod webhooks;
pub(super) mod why;
