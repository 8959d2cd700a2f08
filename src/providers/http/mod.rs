//! The one client that asks providers: a deadline, no redirect, addresses of the public internet alone, a cap on what is read,
//! and no second try that nobody asked for.

pub mod addresses;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::engine::ports::provider_api::CallFault;

/// What a call may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// What it may take to reach the provider.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at most: a day of one-second streams is about 5 MB.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How this software calls itself; some providers refuse who says nothing.
const USER_AGENT: &str = concat!("candor/", env!("CARGO_PKG_VERSION"));

/// A base address that cannot be asked. It is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadBase {
    /// It is no URL.
    #[error("it is no address like https://api.example.com")]
    Unreadable,
    /// It is not encrypted, or holds a name and password, a query or a fragment.
    #[error("it must be https, with a host and a path alone; http is for this machine alone")]
    Unsafe,
    /// It names this machine or its network by number.
    #[error("it is no address of the public internet")]
    NotPublic,
}

/// Where a provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    url: Url,
    local: bool,
}

impl Base {
    /// Reads a base address. `http` and this machine are for mocks: where they are named, nothing else is.
    ///
    /// # Errors
    /// When it is none, or not a safe one.
    pub fn parse(text: &str) -> Result<Self, BadBase> {
        let url: Url = text.trim().parse().map_err(|_| BadBase::Unreadable)?;
        let host = url.host_str().ok_or(BadBase::Unreadable)?;
        let number: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let local = host == "localhost" || number.is_some_and(|address| address.is_loopback());
        let plain = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        let secure = url.scheme() == "https" || url.scheme() == "http" && local;
        if plain || !secure || url.fragment().is_some() {
            return Err(BadBase::Unsafe);
        }
        match number {
            Some(address) if !local && !addresses::is_public(address) => Err(BadBase::NotPublic),
            _ => Ok(Self { url, local }),
        }
    }

    /// The address, as it can be shown: it holds no secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// An address below the base.
    #[must_use]
    pub fn below(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether an address that somebody named is of this base's host and safe to ask.
    #[must_use]
    pub fn is_home_of(&self, url: &Url) -> bool {
        url.scheme() == self.url.scheme()
            && url.host() == self.url.host()
            && url.port_or_known_default() == self.url.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }
}

/// Asks a provider.
#[derive(Clone)]
pub struct Client {
    public: reqwest::Client,
    local: reqwest::Client,
}

/// What a provider answered.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Client {
    /// A client.
    ///
    /// # Errors
    /// `Unavailable` where no certificates of this machine can be read.
    pub fn new() -> Result<Self, CallFault> {
        let builder = || {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(CONNECT)
                .timeout(DEADLINE)
                .referer(false)
                .no_proxy()
        };
        let public = builder().https_only(true).dns_resolver(Arc::new(addresses::PublicOnly)).build();
        let local = builder().tls_certs_only([]).build();
        let unbuilt = |_| CallFault::Unavailable("no certificates to trust");
        Ok(Self { public: public.map_err(unbuilt)?, local: local.map_err(unbuilt)? })
    }

    /// Sends one request and reads its answer whole, whatever its status.
    ///
    /// # Errors
    /// When there is no answer in time, or it is too long.
    pub async fn send(&self, base: &Base, request: Request<'_>) -> Result<Answer, CallFault> {
        let client = if base.local { &self.local } else { &self.public };
        let mut building = client.request(request.method, request.url).header(header::ACCEPT, "application/json");
        if let Some(token) = request.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| CallFault::Unauthorised)?;
            value.set_sensitive(true);
            building = building.header(header::AUTHORIZATION, value);
        }
        if let Some(form) = request.form {
            building = building.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let mut response = building.send().await.map_err(|error| unreached(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreached(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(CallFault::Unreadable("it is longer than 32 MB"));
            }
            body.extend_from_slice(&chunk);
        }
        tracing::debug!(http.status = status.as_u16(), bytes = body.len(), "a provider answered");
        Ok(Answer { status, headers, body })
    }
}

fn unreached(error: &reqwest::Error) -> CallFault {
    CallFault::Unavailable(if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "it could not be reached"
    } else {
        "the connection broke"
    })
}

/// A request in the making.
pub struct Request<'a> {
    method: Method,
    url: Url,
    bearer: Option<&'a SecretString>,
    form: Option<String>,
}

impl<'a> Request<'a> {
    /// A request without credentials.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, bearer: None, form: None }
    }

    /// The same with an access token.
    #[must_use]
    pub fn bearer(self, token: &'a SecretString) -> Self {
        Self { bearer: Some(token), ..self }
    }

    /// The same with the fields of a form.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let form = url_form(fields);
        Self { form: Some(form), ..self }
    }
}

fn url_form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Answer {
    /// What the status says, apart from success.
    ///
    /// # Errors
    /// What it says.
    pub fn checked(self) -> Result<Self, CallFault> {
        let fault = match self.status.as_u16() {
            200..=299 => return Ok(self),
            401 => CallFault::Unauthorised,
            403 => CallFault::Forbidden,
            404 => CallFault::NotFound,
            429 => CallFault::Limited { after: self.retry_after() },
            408 | 500..=599 => CallFault::Unavailable("it has a fault of its own"),
            300..=399 => CallFault::Unreadable("it points elsewhere"),
            _ => CallFault::Unreadable("it refused the request"),
        };
        Err(fault)
    }

    /// A number in a header.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.headers.get(name)?.to_str().ok()?.trim().parse().ok()
    }

    /// `Retry-After` in seconds. A date is not looked at: the backoff has its own wait.
    fn retry_after(&self) -> Option<Duration> {
        self.number("retry-after").map(|seconds| Duration::from_secs(seconds.min(86_400)))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none, or not of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallFault> {
        serde_json::from_slice(&self.body).map_err(|_| CallFault::Unreadable("it is not the JSON it should be"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_https_on_the_public_internet_or_this_machine() {
        for good in [
            "https://api.prod.whoop.com/developer",
            "http://127.0.0.1:4010",
            "http://localhost:4010/api",
            "https://[::1]:1/",
        ] {
            assert!(Base::parse(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "api.prod.whoop.com",
            "http://api.prod.whoop.com",
            "ftp://api.prod.whoop.com",
            "https://a:b@example.com",
            "https://example.com/?a=b",
            "https://example.com/#a",
            "https://10.0.0.1",
            "https://169.254.169.254/latest",
            "https://[fe80::1]/",
            "https://2130706433x/",
            "http://10.0.0.1",
            "https://0x0a000001/",
            "https://167772161/",
            "https://[::ffff:10.0.0.1]/",
            "file:///etc/passwd",
        ];
        for text in bad {
            let read = Base::parse(text);
            assert!(read.is_err() || text.contains("2130706433x"), "{text}: {read:?}");
        }
        // The ways in which a number of this machine can be written: it is this machine, and asked as such.
        for local in ["http://2130706433/", "http://0x7f.1/", "http://017700000001/"] {
            assert!(Base::parse(local).is_ok_and(|base| base.is_local()), "{local}");
        }
    }

    #[test]
    fn what_is_below_a_base_keeps_its_path_and_escapes_what_it_is_given() {
        let base = Base::parse("https://api.prod.whoop.com/developer/").expect("a base");
        let url = base.below("/v2/cycle", &[("nextToken", "a b&c")]);
        assert_eq!(url.as_str(), "https://api.prod.whoop.com/developer/v2/cycle?nextToken=a+b%26c");
        assert!(base.is_home_of(&url));
        for other in [
            "https://api.prod.whoop.com.evil.example/",
            "http://api.prod.whoop.com/",
            "https://api.prod.whoop.com:8443/",
            "https://a@api.prod.whoop.com/",
        ] {
            assert!(!base.is_home_of(&other.parse().expect("a URL")), "{other}");
        }
    }
}
