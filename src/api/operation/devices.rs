//! `/devices`: a watch or a script that may do a little, with a token of its own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::api::body::{Body, Named};
use crate::api::caller::Signed;
use crate::api::{Problem, Service};
use crate::domain::account::{DeviceId, DeviceScope};
use crate::engine::ports::accounts::Device;

/// What a device may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Scope {
    /// Bring measurements in.
    ObservationsWrite,
    /// Read the summary for a watch face.
    SummaryRead,
}

impl From<Scope> for DeviceScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::ObservationsWrite => Self::ObservationsWrite,
            Scope::SummaryRead => Self::SummaryRead,
        }
    }
}

impl From<DeviceScope> for Scope {
    fn from(scope: DeviceScope) -> Self {
        match scope {
            DeviceScope::ObservationsWrite => Self::ObservationsWrite,
            DeviceScope::SummaryRead => Self::SummaryRead,
        }
    }
}

/// A device to be added.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewDevice {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 60)]
    label: String,
    /// What it may do.
    scopes: Vec<Scope>,
}

/// A device.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct DeviceShown {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// What its owner calls it.
    label: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Device> for DeviceShown {
    fn from(device: &Device) -> Self {
        Self {
            id: device.id.to_string(),
            label: device.label.clone(),
            scopes: device.scopes.iter().copied().map(Into::into).collect(),
            created_at: device.created_at.to_rfc3339(),
        }
    }
}

/// A device with its token, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct DeviceAdded {
    /// The device.
    device: DeviceShown,
    /// Shown as `Authorization: Bearer` by the device.
    token: String,
}

/// The devices of the account, the newest first.
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "devices", operation_id = "devices", security(("bearer" = [])),
    responses((status = 200, body = Vec<DeviceShown>), Problem)
)]
pub(in crate::api) async fn list(
    State(service): State<Service>,
    signed: Signed,
) -> Result<Json<Vec<DeviceShown>>, Problem> {
    let devices = service.access.identity()?.devices(signed.account).await?;
    Ok(Json(devices.iter().map(Into::into).collect()))
}

/// Adds a device. Its token is shown this once.
#[utoipa::path(
    post, path = "/api/v1/devices", tag = "devices", operation_id = "add_device", security(("bearer" = [])),
    request_body = NewDevice,
    responses((status = 201, body = DeviceAdded), Problem)
)]
pub(in crate::api) async fn add(
    State(service): State<Service>,
    signed: Signed,
    Body(new): Body<NewDevice>,
) -> Result<(StatusCode, Json<DeviceAdded>), Problem> {
    let scopes = new.scopes.into_iter().map(Into::into).collect();
    let (device, token) =
        service.access.identity()?.add_device(signed.account, &new.label, scopes, service.now()).await?;
    let added = DeviceAdded { device: (&device).into(), token: token.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(added)))
}

/// Ends a device: its token opens nothing any more.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}", tag = "devices", operation_id = "end_device", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The device's id.")),
    responses((status = 204), Problem)
)]
pub(in crate::api) async fn end(
    State(service): State<Service>,
    signed: Signed,
    Named(id): Named<Uuid>,
) -> Result<StatusCode, Problem> {
    service.access.identity()?.revoke_device(signed.account, DeviceId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
