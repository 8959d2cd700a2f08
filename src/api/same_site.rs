//! A server without accounts answers this machine's own programs and no page of somebody else's: a browser that was led here by a
//! foreign name, or that a foreign page makes ask, is turned away.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::{Access, Problem, Service};

/// Turns away what a foreign page may have sent, where whoever reaches the server is the person.
pub(super) async fn layer(State(service): State<Service>, request: Request, next: Next) -> Response {
    match &service.access {
        Access::Public(_) if !is_own(request.headers()) => {
            Problem::forbidden("Without accounts only programs and pages of this machine are answered.").into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether the name that was asked for, and the page that asks if one does, are this machine's.
fn is_own(headers: &HeaderMap) -> bool {
    let of = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    of(header::HOST).all(is_loopback)
        && of(header::ORIGIN).all(|origin| origin.strip_prefix("http://").is_some_and(is_loopback))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, port)) if port.is_empty() || port.starts_with(':') => name,
            _ => "",
        },
        None => host.split(':').next().unwrap_or_default(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_or_page_is_not_ours() {
        let asked = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_own(&headers)
        };
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "localhost"] {
            assert!(asked(host, None), "{host}");
            assert!(asked(host, Some("http://localhost:8080")), "{host}");
        }
        for origin in ["https://evil.example", "http://evil.example", "null", "http://localhost.evil.example"] {
            assert!(!asked("127.0.0.1:8080", Some(origin)), "{origin}");
        }
        for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::1].evil.example", ""] {
            assert!(!asked(host, None), "{host}");
        }
    }
}
