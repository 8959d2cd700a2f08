//! The id of a request: given by the caller or made here, echoed, and written beside everything that is logged of it.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::Service;

/// The header that bears it.
pub const HEADER: &str = "x-request-id";
/// Letters an id of the caller may have.
const MOST: usize = 128;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request at hand; empty outside of one.
#[must_use]
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Takes the caller's id if it is a plain word, else makes one.
pub(super) async fn layer(State(service): State<Service>, request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    let id = given.map_or_else(|| service.new_id().to_string(), str::to_owned);
    let echoed = HeaderValue::from_str(&id);
    let span = tracing::error_span!("request", id);
    let mut response = CURRENT.scope(id, next.run(request).instrument(span)).await;
    if let Ok(id) = echoed {
        response.headers_mut().insert(HEADER, id);
    }
    response
}

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !id.is_empty() && id.len() <= MOST && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_plain_word() {
        assert!(is_plain("3b241101-e2bb-4255-8caf-4136c566a962"));
        for other in ["", "a b", "a\"b", "a\nb", "ä", &"a".repeat(MOST + 1)] {
            assert!(!is_plain(other), "{other:?}");
        }
    }
}
