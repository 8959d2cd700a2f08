//! One request, one answer, and every guard that the client's crate lacks: no retry, no redirect, an absolute deadline, the status
//! read first, and a cap on what is read. It is the service beneath the crate, put in place of the crate's own, which retries.

use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use http::{HeaderMap, header};
use secrecy::SecretString;
use tokio::time::Instant;
use tower::BoxError;

use super::settings::{BadSetting, Settings};
use super::wire;
use crate::engine::ports::narrator::NoAnswer;

/// Bytes of an answer that are read at most.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// The connections to an endpoint.
///
/// # Errors
/// [`BadSetting::Certificates`] where an answer could not be trusted.
pub(super) fn connections(settings: &Settings) -> Result<reqwest::Client, BadSetting> {
    let secure = settings.base.scheme() == "https";
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // A kept connection that the server has closed meanwhile is another hidden retry.
        .pool_max_idle_per_host(0)
        .referer(false)
        .connection_verbose(false)
        .https_only(secure);
    if settings.is_local() {
        builder = builder.no_proxy();
    }
    if !secure {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|_| BadSetting::Certificates)
}

/// The service beneath the crate for a call that ends at `deadline`.
pub(super) fn once(
    connections: reqwest::Client,
    deadline: Instant,
) -> impl tower::Service<
    HttpRequestFactory,
    Response = reqwest::Response,
    Error = BoxError,
    Future = impl Future<Output = Result<reqwest::Response, BoxError>> + Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    tower::service_fn(move |factory: HttpRequestFactory| {
        let connections = connections.clone();
        async move {
            let bytes = exchange(&connections, &factory, deadline).await?;
            Ok(reqwest::Response::from(http::Response::new(bytes)))
        }
    })
}

async fn exchange(
    connections: &reqwest::Client,
    factory: &HttpRequestFactory,
    deadline: Instant,
) -> Result<Vec<u8>, NoAnswer> {
    let mut request = factory.build().await.map_err(|_| NoAnswer::Connection)?;
    *request.timeout_mut() = Some(deadline.saturating_duration_since(Instant::now()));
    let mut response = connections.execute(request).await.map_err(|error| broken(&error))?;
    // By the status alone: what stands in the body of an error is nobody's business here.
    if let Some(refusal) = wire::refusal(response.status().as_u16()) {
        return Err(refusal);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(NoAnswer::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken(error: &reqwest::Error) -> NoAnswer {
    if error.is_timeout() { NoAnswer::Timeout } else { NoAnswer::Connection }
}

/// Why the crate gives no answer.
pub(super) fn reason(error: OpenAIError) -> NoAnswer {
    match error {
        OpenAIError::Boxed(inner) => inner.downcast::<NoAnswer>().map_or(NoAnswer::Unreadable, |reason| *reason),
        _ => NoAnswer::Unreadable,
    }
}

/// Where the crate sends to and with which key: a type of our own, since the crate's reads the environment.
pub(super) struct Endpoint {
    base: String,
    key: SecretString,
    headers: HeaderMap,
}

impl Endpoint {
    pub(super) fn of(settings: &Settings) -> Self {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, settings.bearer.clone())]);
        Self { base: settings.base().to_owned(), key: settings.key.clone(), headers }
    }
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
