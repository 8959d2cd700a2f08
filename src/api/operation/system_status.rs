//! `GET /system/status`: how this server was started, how far its read models have come, and what it ran last.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Known;
use crate::api::{LatestIntake, LatestLoop, Problem, Service};
use crate::domain::provider::Provider;
use crate::engine::EngineError;

/// How the server runs.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct SystemStatus {
    /// The version of this build.
    version: &'static str,
    /// `dev`, `staging` or `production`.
    env_mode: &'static str,
    /// `public` or `private`.
    auth_mode: &'static str,
    /// The providers whose data can be taken.
    providers_enabled: Vec<String>,
    /// `strict`: no threshold is relaxed.
    safety_status: &'static str,
    /// The level of the log.
    logging_level: &'static str,
    /// Whether a model may plan texts.
    enable_llm: bool,
    /// The Ed25519 key, in hex, that signs the exports of this server.
    exports_signed_by: String,
    /// Events of the log that the read models have not taken in.
    events_behind: u64,
    /// Seconds since the oldest of them was recorded; 0 where there is none.
    seconds_behind: i64,
    /// Persons whose read models stand still.
    persons_paused: usize,
    /// For an operator: the latest loop that this process ran, for anybody; null before the first.
    latest_loop: Option<LatestLoop>,
    /// For an operator: the latest file or batch that this process took in; null before the first.
    latest_intake: Option<LatestIntake>,
}

/// How the server runs.
#[utoipa::path(
    get, path = "/api/v1/system/status", tag = "system", operation_id = "system_status", security(("bearer" = [])),
    responses((status = 200, body = SystemStatus), Problem)
)]
pub(in crate::api) async fn get(State(service): State<Service>, known: Known) -> Result<Json<SystemStatus>, Problem> {
    let progress = service.engine.views.progress().await.map_err(EngineError::from)?;
    // When somebody else's stages ran tells of them.
    let (latest_loop, latest_intake) = if known.operates { service.latest.both() } else { (None, None) };
    Ok(Json(SystemStatus {
        version: env!("CARGO_PKG_VERSION"),
        env_mode: service.mode.env_mode,
        auth_mode: service.access.mode(),
        providers_enabled: Provider::ALL.map(|provider| provider.to_string()).to_vec(),
        safety_status: "strict",
        logging_level: service.mode.logging_level,
        enable_llm: service.mode.enable_llm,
        exports_signed_by: service.signer.public(),
        events_behind: progress.behind,
        seconds_behind: progress.seconds_behind(service.now()),
        persons_paused: progress.paused.len(),
        latest_loop,
        latest_intake,
    }))
}
