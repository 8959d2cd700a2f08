//! `/metrics`: what is counted, in the words of Prometheus, on a listener of its own.
//!
//! It is no part of the API: whoever reaches the one need not reach the other, and no token opens or closes it. Where no
//! address is named there is no listener and nothing is kept.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::error::Failure;
use crate::api::connections::{self, Limits};
use crate::domain::Instant;
use crate::engine::Engine;
use crate::engine::identity::Identity;
use crate::engine::ports::mornings::{self, Mornings, Rate};

/// How often what histograms gathered is summed up where nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long the read models have to say where they are.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds of a request.
const REQUEST_BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Seconds of a loop.
const LOOP_BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Where what is not counted as it happens is looked up.
#[derive(Clone)]
pub(super) struct LookedUp {
    pub engine: Engine,
    /// The accounts, in a process that has them.
    pub identity: Option<Arc<Identity>>,
    pub mornings: Arc<dyn Mornings>,
    pub clock: Arc<dyn Fn() -> Instant + Send + Sync>,
}

/// A listener that is open, and what it will show.
pub(super) struct Scraped {
    listener: TcpListener,
    handle: PrometheusHandle,
}

impl Scraped {
    /// Listens, and keeps what is counted from now on.
    ///
    /// # Errors
    /// When the address cannot be listened on, or this process keeps counts already.
    pub(super) async fn open(listen: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::configuration(format!("{listen} cannot be listened on: {error}; --metrics names another address"))
        })?;
        let recorder = builder().map_err(Failure::configuration)?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(Failure::configuration)?;
        describe();
        // Whoever looks sees that nothing was counted yet, and not nothing.
        for name in ["candor_events_appended_total", "candor_jobs_lost_total", "candor_slow_queries_total"] {
            counter!(name).absolute(0);
        }
        gauge!("candor_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { listener, handle })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not say.
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Shows what is counted until a stop is asked for.
    pub(super) async fn serve(self, looked_up: LookedUp, stop: impl Future<Output = ()>) {
        let upkeep = self.handle.clone();
        let router = Router::new().route("/metrics", get(show)).with_state((self.handle, looked_up));
        let limits = Limits { most: 16, drain: Duration::from_secs(1), ..Limits::default() };
        let shown = connections::serve(self.listener, router, limits, stop);
        let kept_up = async {
            let mut turns = tokio::time::interval(UPKEEP);
            loop {
                turns.tick().await;
                upkeep.run_upkeep();
            }
        };
        tokio::select! {
            _ = shown => {}
            () = kept_up => {}
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let named = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(named("candor_http_request_duration_seconds"), &REQUEST_BUCKETS)?
        .set_buckets_for_metric(named("candor_job_duration_seconds"), &LOOP_BUCKETS)?
        .set_buckets_for_metric(named("candor_job_step_duration_seconds"), &LOOP_BUCKETS)?
        .set_buckets_for_metric(named("candor_loop_duration_seconds"), &LOOP_BUCKETS)
}

fn describe() {
    describe_gauge!("candor_build_info", "The version of this build.");
    describe_counter!("candor_http_requests_total", "Requests answered, by route and class of the answer.");
    describe_histogram!("candor_http_request_duration_seconds", "Time to the head of an answer.");
    describe_counter!("candor_jobs_total", "Attempts at jobs that ended, by kind and outcome.");
    describe_counter!("candor_jobs_lost_total", "Attempts whose worker was not heard of any more.");
    describe_histogram!("candor_job_duration_seconds", "Time an attempt took.");
    describe_histogram!("candor_job_step_duration_seconds", "Time a step of an attempt took.");
    describe_gauge!(
        "candor_morning_runs_success_pct",
        "Mornings of the last 14 days whose run came by itself, in percent; NaN where there was none yet or it is not known."
    );
    describe_counter!("candor_webhooks_total", "Notices of providers, by provider and what became of them.");
    describe_gauge!("candor_http_requests_in_flight", "Requests being answered.");
    describe_counter!("candor_sign_in_total", "Sign-ins, by what came of them.");
    describe_counter!("candor_password_hashes_total", "Password hashes made.");
    describe_histogram!("candor_loop_duration_seconds", "Time of a loop that came to its end.");
    describe_counter!("candor_loop_days_total", "Days run by loops.");
    describe_counter!("candor_loop_events_total", "Events written by loops, by stage.");
    describe_counter!("candor_events_appended_total", "Events appended to the log.");
    describe_counter!("candor_refusals_total", "What rules of the log refused.");
    describe_counter!("candor_narratives_total", "Texts published, by who chose their words.");
    describe_counter!("candor_slow_queries_total", "Statements that took as long as CANDOR_SLOW_QUERY_MS, or longer.");
    describe_gauge!(
        "candor_views_events_behind",
        "Events the read models have not taken in; NaN where it is not known."
    );
    describe_gauge!(
        "candor_views_seconds_behind",
        "Seconds since the oldest event was recorded that the read models have not taken in; NaN where it is not known."
    );
    describe_gauge!("candor_persons_paused", "Persons whose read models stand still; NaN where it is not known.");
}

/// What is counted, and what is looked up for it.
async fn show(State((handle, looked_up)): State<(PrometheusHandle, LookedUp)>) -> impl IntoResponse {
    let progress = tokio::time::timeout(PATIENCE, looked_up.engine.views.progress()).await;
    let now = (looked_up.clock)();
    let (behind, seconds, paused) = match progress {
        Ok(Ok(progress)) => (progress.behind as f64, progress.seconds_behind(now) as f64, progress.paused.len() as f64),
        // A store that does not answer hides nothing of the rest.
        Ok(Err(_)) | Err(_) => (f64::NAN, f64::NAN, f64::NAN),
    };
    gauge!("candor_views_events_behind").set(behind);
    gauge!("candor_views_seconds_behind").set(seconds);
    gauge!("candor_persons_paused").set(paused);
    let last = mornings::last(now);
    let rate = tokio::time::timeout(PATIENCE, looked_up.mornings.rate(last, mornings::DAYS)).await;
    let percent = rate.ok().and_then(Result::ok).and_then(Rate::percent);
    gauge!("candor_morning_runs_success_pct").set(percent.unwrap_or(f64::NAN));
    if let Some(identity) = &looked_up.identity {
        counter!("candor_password_hashes_total").absolute(identity.hashes());
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}
