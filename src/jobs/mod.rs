//! What is done in the background: a worker that claims jobs and ends each exactly once by effect, retries that do not storm,
//! breakers that spare who is down, and schedules that fire once however many processes look at the clock.

pub mod backoff;
pub mod breaker;
pub mod grown;
pub mod handler;
pub mod schedule;
pub mod tasks;
pub mod worker;

pub use handler::{Failure, Handler, Handlers};
pub use tasks::Tasks;
pub use worker::Worker;
