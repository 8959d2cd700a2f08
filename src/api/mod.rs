//! HTTP: the JSON API under `/api/v1`, and what an operator's machinery asks.
//!
//! A handler reads, asks the engine, and shows the answer. A route is registered together with its description, so that
//! nothing can be reached that `openapi.json` does not name.

mod body;
pub mod cache;
mod caller;
pub mod connections;
mod document;
pub mod importing;
mod latest;
mod operation;
mod page;
pub mod plain_page;
mod problem;
pub mod request_id;
pub mod request_log;
mod router;
mod same_site;
mod series;
mod service;
mod shape;
mod upload;

pub use caller::Access;
pub use latest::{Latest, LatestIntake, LatestLoop, Outcome};
pub use page::key as cursor_key;
pub use problem::Problem;
pub use router::{document, router};
pub use service::{Elapsed, Mode, Service};
pub use upload::PREFIX as UPLOAD_PREFIX;
