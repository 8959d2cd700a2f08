//! A page of a few words for somebody's browser: no script, nothing loaded, nothing of the request in it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

/// What the page may load and do: nothing.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether somebody reads the answer in a browser, and not a program.
#[must_use]
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("text/html")))
}

/// A page that says something. The address that led to it holds a code, which nobody is told.
#[must_use]
pub fn page(status: StatusCode, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Candor</title><p>{}</p></html>\n",
        escaped(text)
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_is_text_and_never_markup() {
        assert_eq!(
            escaped("a & <script>'\"b\"'</script>"),
            "a &amp; &lt;script&gt;&#39;&quot;b&quot;&#39;&lt;/script&gt;"
        );
        assert_eq!(escaped("Größe"), "Größe");
    }

    #[test]
    fn a_browser_is_told_from_a_program() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            is_wanted(&headers)
        };
        assert!(wanted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        for program in ["*/*", "application/json", "application/json, text/plain", ""] {
            assert!(!wanted(program), "{program}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
