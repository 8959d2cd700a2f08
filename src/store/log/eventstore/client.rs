//! The client in a cell: whoever finds its connection broken puts a new one in its place, and asks again.
//!
//! The client of the database does not come back by itself once its connection was refused, and in a cluster it stays
//! with a node that is gone. Each one lives on a small runtime of its own, so that whatever it has running ends with it. A
//! question is asked on that runtime too: from another thread each half of a request would be a packet of its own, and the
//! second one wait until the first is acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eventstore::{Client, ClientSettings, Credentials, Error};
use tokio::runtime::{Handle, Runtime};
use tokio::time::{Instant, sleep, timeout};

use crate::store::error::StoreError;
use crate::store::sql::ANSWER;

/// How long a question is asked again before its answer is "unavailable": an election of a new leader takes less.
const PATIENCE: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An address that cannot be used, and why. It never repeats what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAddress(String);

/// Where a cluster is reached, and as whom.
#[derive(Clone)]
pub struct Address {
    pub(super) settings: ClientSettings,
    pub(super) login: Option<Credentials>,
}

impl Address {
    /// Reads a connection string, and a login of the form `USER:PASSWORD` that is kept apart from it.
    ///
    /// Whatever it says, the leader is asked: only there an append can be read as soon as it is acknowledged.
    ///
    /// # Errors
    /// When it is no connection string, or the file of certificates it names cannot be read.
    pub fn parse(url: &str, login: Option<&str>) -> Result<Self, BadAddress> {
        let bad = |what: &str| BadAddress(what.to_owned());
        let (nodes, rest) = url.split_once('?').map_or((url, ""), |(nodes, rest)| (nodes, rest));
        let set = format!("{nodes}?discoveryInterval=100&gossipTimeout=1000&{rest}&nodePreference=leader");
        let set = set.replace("?&", "?").replace("&&", "&");
        let settings: ClientSettings =
            set.parse().map_err(|_| bad("it is no connection string; write esdb://HOST:PORT,HOST:PORT"))?;
        if let Some(file) = settings.tls_ca_file() {
            let text = std::fs::read_to_string(file).map_err(|error| BadAddress(format!("{file}: {error}")))?;
            if !text.contains("-----BEGIN CERTIFICATE-----") {
                return Err(BadAddress(format!("{file} holds no certificate")));
            }
        }
        let login = match login.map(str::trim) {
            None => None,
            Some(login) => {
                let (user, password) = login.split_once(':').ok_or_else(|| bad("the login is not USER:PASSWORD"))?;
                Some(Credentials::new(user.to_owned(), password.to_owned()))
            }
        };
        Ok(Self { settings, login })
    }

    /// Whether the connection is encrypted and the other side's certificate checked.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.settings.is_secure_mode_enabled() && self.settings.is_tls_certificate_verification_enabled()
    }

    /// Whether every node is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let here = |host: &str| host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        !self.settings.is_dns_discovery_enabled() && self.settings.hosts().iter().all(|node| here(&node.host))
    }
}

/// What an operation came to that was answered.
#[derive(Debug)]
pub(super) enum Refused {
    /// The stream is at another revision.
    Conflict,
    /// There is no such stream.
    NotFound,
    /// The store could not answer, or not so that it helps to ask again.
    Store(StoreError),
}

struct Connected {
    client: Client,
    home: Handle,
    runtime: Option<Runtime>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The present client, and how the next one is made.
pub(super) struct Cell {
    address: Address,
    current: Mutex<Option<Arc<Connected>>>,
}

impl Cell {
    pub fn new(address: Address) -> Self {
        Self { address, current: Mutex::default() }
    }

    pub fn login(&self) -> Option<&Credentials> {
        self.address.login.as_ref()
    }

    /// Asks until there is an answer, or for as long as there is patience.
    pub async fn ask<T, F>(&self, question: impl Fn(Client) -> F) -> Result<T, Refused>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let until = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.client() {
                Err(error) => error,
                Ok(connected) => {
                    let asked = connected.home.spawn(timeout(ANSWER, question(connected.client.clone())));
                    // Where the home is gone, so is the connection.
                    let answer = asked.await.unwrap_or(Ok(Err(Error::ConnectionClosed)));
                    match answer.unwrap_or(Err(Error::DeadlineExceeded)) {
                        Ok(answer) => return Ok(answer),
                        Err(error) => match judged(error) {
                            Judged::Answer(refused) => return Err(refused),
                            Judged::AskAgain(error) => {
                                self.discard(&connected);
                                error
                            }
                        },
                    }
                }
            };
            if Instant::now() + pause > until {
                let told = format!("the cluster did not answer within {} s: {error}", PATIENCE.as_secs());
                return Err(Refused::Store(StoreError::unavailable(told)));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn client(&self) -> Result<Arc<Connected>, String> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connected) = current.as_ref() {
            return Ok(Arc::clone(connected));
        }
        Ok(Arc::clone(current.insert(Arc::new(connect(&self.address.settings)?))))
    }

    /// Takes a client out, unless somebody has already.
    fn discard(&self, broken: &Arc<Connected>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|connected| Arc::ptr_eq(connected, broken)) {
            *current = None;
        }
    }
}

fn connect(settings: &ClientSettings) -> Result<Connected, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("candor-cluster")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let (home, handle, settings) = (runtime.handle().clone(), runtime.handle().clone(), settings.clone());
    // A certificate that cannot be read makes the client panic where it should return an error.
    let client = std::panic::catch_unwind(move || Client::with_runtime_handle(handle, settings));
    match client {
        Ok(Ok(client)) => Ok(Connected { client, home, runtime: Some(runtime) }),
        Ok(Err(error)) => {
            runtime.shutdown_background();
            Err(error.to_string())
        }
        Err(_) => {
            runtime.shutdown_background();
            Err("the certificates cannot be read".to_owned())
        }
    }
}

enum Judged {
    Answer(Refused),
    AskAgain(String),
}

fn judged(error: Error) -> Judged {
    let store = |error: Error| Judged::Answer(Refused::Store(StoreError::unavailable(error.to_string())));
    match error {
        Error::WrongExpectedVersion { .. } => Judged::Answer(Refused::Conflict),
        Error::ResourceNotFound => Judged::Answer(Refused::NotFound),
        // What it says of itself is of the inside of its client.
        Error::GrpcConnectionError(_) => Judged::AskAgain("no connection".to_owned()),
        Error::ServerError(_) | Error::NotLeaderException(_) | Error::ConnectionClosed | Error::DeadlineExceeded => {
            Judged::AskAgain(error.to_string())
        }
        // Cancelled, resource exhausted, aborted: the numbers of gRPC's status codes.
        Error::Grpc { code, .. } if [1, 8, 10].contains(&(code as i32)) => Judged::AskAgain(error.to_string()),
        Error::Grpc { .. }
        | Error::InternalParsingError(_)
        | Error::AccessDenied
        | Error::ResourceAlreadyExists
        | Error::ResourceDeleted
        | Error::UnsupportedFeature
        | Error::InternalClientError
        | Error::InitializationError(_)
        | Error::IllegalStateError(_) => store(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_safe_the_way_is_and_never_repeats_a_password() {
        let of = |url: &str| Address::parse(url, None).map_err(|bad| bad.to_string());
        let safe = |url: &str| of(url).map(|address| (address.is_safe(), address.is_local()));
        assert_eq!(safe("esdb://one:2113,two:2113,three:2113"), Ok((true, false)));
        assert_eq!(safe("esdb://one:2113?tlsVerifyCert=false"), Ok((false, false)));
        assert_eq!(safe("esdb+discover://cluster.example:2113?tls=false"), Ok((false, false)));
        assert_eq!(safe("kurrentdb://localhost:2113?tls=false"), Ok((false, true)));
        let leader = of("esdb://one:2113?nodePreference=follower").unwrap();
        assert_eq!(leader.settings.node_preference(), eventstore::NodePreference::Leader);
        let bad = of("postgres://me:secret@one/x").err().unwrap();
        assert!(bad.contains("esdb://") && !bad.contains("secret"), "{bad}");
        assert!(of("esdb://one:2113?tlsCAFile=nowhere.pem").err().unwrap().contains("nowhere.pem"));
        let login = Address::parse("esdb://one:2113", Some("secret")).map(|_| ()).unwrap_err().to_string();
        assert!(login.contains("USER:PASSWORD") && !login.contains("secret"), "{login}");
        assert!(Address::parse("esdb://one:2113", Some("candor:a:b\n")).is_ok());
    }
}
