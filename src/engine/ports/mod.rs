//! What the engine asks of the outside. Adapters live in `store`, `providers` and `llm`; `app` plugs them in.

pub mod accounts;
pub mod breakers;
pub mod checkpoint;
pub mod connections;
pub mod entropy;
pub mod erasing;
pub mod export;
pub mod jobs;
pub mod journal;
pub mod manifest;
pub mod mornings;
pub mod narrator;
pub mod originals;
pub mod proof;
pub mod provider_api;
pub mod refusals;
pub mod views;
pub mod webhook;

pub use super::observe::reconcile::Held;
