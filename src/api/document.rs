//! What stands at the head of `openapi.json`.

use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::operation::narratives::Period;
use super::problem::Problem;

/// The description before any route is added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Candor",
        description = "Insights from a person's wearable data, each with its evidence and its place in a log that proves \
                       it was not edited."
    ),
    components(schemas(Problem, Period)),
    modifiers(&Bearer)
)]
pub(super) struct Head;

/// How a caller says who they are.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}
