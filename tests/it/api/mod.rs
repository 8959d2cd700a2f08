//! The API as a client sees it: real requests against the router, over a real store.

mod aborted;
mod access;
mod activities;
mod as_of;
mod assistant;
mod connections;
mod export;
mod home_zone;
mod imports;
mod jobs;
mod kept;
mod pages;
mod problems;
mod status;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use candor::api::cache::Cache;
use candor::api::importing::Importing;
use candor::api::{self, Access, Latest, Mode, Service};
use candor::domain::Instant;
use candor::domain::person::PersonId;
use candor::engine::ports::proof::ExportSigner;
use candor::store::checkpoint::{CheckpointFolder, Signer};
use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::support::{CHECKPOINT_KEY, Place, entropy};

pub(crate) const NOW: &str = "2026-04-06T20:00:00Z";

/// A server over a store, with one person.
pub(crate) struct Server {
    pub(crate) service: Service,
    router: Router,
    pub(crate) place: Place,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

pub(crate) fn person() -> PersonId {
    PersonId::new(Uuid::from_u128(7))
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::over(Place::sqlite().await.unwrap(), Access::Public(person())).await
    }

    /// A server over a store for whom it lets in; the person is registered.
    pub(crate) async fn over(place: Place, access: Access) -> Self {
        let (log, signer) = (place.log().await, Signer::new(&CHECKPOINT_KEY).unwrap());
        let checkpoints = CheckpointFolder::new(place.path("checkpoints"), signer, Arc::clone(&log));
        let engine = place.engine_over(log).await;
        let now: Instant = NOW.parse().unwrap();
        engine.register(person(), now).await.unwrap();
        let looks = AtomicI64::new(0);
        let service = Service {
            live: place.live_over(engine.clone()).await,
            engine,
            access,
            mode: Mode { env_mode: "dev", logging_level: "debug", enable_llm: false },
            // A clock that goes on, a millisecond a look.
            clock: Arc::new(move || now + TimeDelta::milliseconds(looks.fetch_add(1, Ordering::Relaxed))),
            watch: Arc::new(|| Box::new(|| Duration::ZERO)),
            entropy: entropy(),
            cursor_key: Arc::new(api::cursor_key(&[5; 32]).unwrap()),
            uploads: place.path("."),
            turns: Arc::new(Semaphore::new(4)),
            importing: Importing::default(),
            cache: Cache::default(),
            signer: Arc::new(ExportSigner::new(&[6; 32]).unwrap()),
            checkpoints: Arc::new(checkpoints),
            trusted_proxies: Arc::default(),
            draining: Arc::default(),
            latest: Latest::default(),
        };
        Self { router: api::router(&service), service, place }
    }

    /// The server after its service was changed.
    pub(crate) fn rebuilt(mut self) -> Self {
        self.router = api::router(&self.service);
        self
    }

    /// From now on it is this late.
    fn at(&mut self, now: Instant) {
        self.service.clock = Arc::new(move || now);
        self.router = api::router(&self.service);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(format!("/api/v1{path}")).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    pub(crate) async fn upload(&self, name: &str, bytes: Vec<u8>) -> Answer {
        let request = Request::post(format!("/api/v1/imports?name={name}"));
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream").body(Body::from(bytes));
        self.send(request.unwrap()).await
    }

    /// A person whose sleep declines, up to date.
    pub(crate) async fn with_story() -> Self {
        let server = Self::new().await;
        let input = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/sleep_decline/input.ndjson"));
        server.upload("nights.ndjson", input.unwrap()).await.ok();
        server.json("POST", "/loop", &Value::Null).await.ok();
        server
    }
}
