//! Who asks, and whose data an operation is about: it comes from the token and from nowhere else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Problem, Service};
use crate::domain::account::{AccountId, DeviceScope, Role, SessionId};
use crate::domain::person::PersonId;
use crate::engine::identity::{Identity, Via, Who};

/// Who may ask.
#[derive(Clone)]
pub enum Access {
    /// Everybody who reaches the server is this one person: on loopback, for one person on a laptop.
    Public(PersonId),
    /// Who has an account here.
    Private(Arc<Identity>),
}

impl Access {
    /// `public` or `private`.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Public(_) => "public",
            Self::Private(_) => "private",
        }
    }

    /// The accounts; where there are none, there is nothing to sign in to.
    pub(super) fn identity(&self) -> Result<&Arc<Identity>, Problem> {
        match self {
            Self::Public(_) => Err(Problem::not_found()),
            Self::Private(identity) => Ok(identity),
        }
    }
}

/// Who is signed in, by a session of any role.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// The account.
    pub account: AccountId,
    /// The session that asks.
    pub session: SessionId,
    /// What the account is for.
    pub role: Role,
    /// Whose data it owns.
    pub person: Option<PersonId>,
}

impl FromRequestParts<Service> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let who = service.access.identity()?.who(bearer(&parts.headers)?, service.now()).await?;
        let Via::Session(session) = who.via else {
            return Err(Problem::forbidden("A device's token does not open this."));
        };
        Ok(Self { account: who.account, session, role: who.role, person: who.person })
    }
}

/// Somebody whom this server knows: signed in, or the one person of a server without accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether they run it, or have it to themselves.
    pub operates: bool,
}

impl FromRequestParts<Service> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        match &service.access {
            Access::Public(_) => Ok(Self { operates: true }),
            Access::Private(_) => {
                let signed = Signed::from_request_parts(parts, service).await?;
                Ok(Self { operates: signed.role == Role::Operator })
            }
        }
    }
}

/// The person whose data an operation reads and writes: the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub PersonId);

impl FromRequestParts<Service> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        owner(service, who(parts, service).await?.as_ref(), None).map(Self)
    }
}

/// The person whose data are read: the one who asks, or whom a reviewer names with `person`, with that person's consent. What a
/// reviewer reads is written into the person's log before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader(pub PersonId);

impl FromRequestParts<Service> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let who = who(parts, service).await?;
        if who.as_ref().is_some_and(is_reviewer) {
            return reviewing(parts, service, who).await.map(|reviewing| Self(reviewing.person));
        }
        let own = owner(service, who.as_ref(), None)?;
        // Whoever is no reviewer names themselves, or nobody.
        match named_person(parts.uri.query().unwrap_or_default())? {
            Some(other) if other != own => Err(Problem::not_found()),
            _ => Ok(Self(own)),
        }
    }
}

/// A reviewer, and the person whom they name with `person` and who has allowed it. That they look is written into the person's
/// log before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reviewing {
    /// The person.
    pub person: PersonId,
    /// The reviewer's account.
    pub account: Uuid,
}

impl FromRequestParts<Service> for Reviewing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let who = who(parts, service).await?;
        reviewing(parts, service, who).await
    }
}

fn is_reviewer(who: &Who) -> bool {
    who.role == Role::Reviewer && matches!(who.via, Via::Session(_))
}

async fn reviewing(parts: &Parts, service: &Service, who: Option<Who>) -> Result<Reviewing, Problem> {
    let reviewer = who.filter(is_reviewer);
    let reviewer =
        reviewer.ok_or_else(|| Problem::forbidden("This is for a reviewer whom the person has allowed it."))?;
    let named = named_person(parts.uri.query().unwrap_or_default())?;
    let person = named.ok_or_else(|| Problem::forbidden("A reviewer names the person with `person`."))?;
    let what = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let account = reviewer.account.uuid();
    service.engine.read_by_other(person, account, what, service.now()).await?;
    Ok(Reviewing { person, account })
}

/// The parameter by which a reviewer names the person.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `Reader` reads")]
pub(super) struct AboutPerson {
    /// The person, for a reviewer whom they have allowed it.
    person: Option<Uuid>,
}

/// The person that is named after the question mark.
fn named_person(query: &str) -> Result<Option<PersonId>, Problem> {
    let named = query.split('&').find_map(|pair| match pair.split_once('=') {
        Some(("person", id)) => Some(id),
        None if pair == "person" => Some(""),
        _ => None,
    });
    let read = |id: &str| id.parse().map(PersonId::new).map_err(|_| Problem::field("person", "is no UUID"));
    named.map(read).transpose()
}

/// The person for whom measurements are brought in: by themselves, or by a device of theirs that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measuring(pub PersonId);

impl FromRequestParts<Service> for Measuring {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        owner(service, who(parts, service).await?.as_ref(), Some(DeviceScope::ObservationsWrite)).map(Self)
    }
}

/// The person whose summary is read: by themselves, or by a watch of theirs that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glancing(pub PersonId);

impl FromRequestParts<Service> for Glancing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        owner(service, who(parts, service).await?.as_ref(), Some(DeviceScope::SummaryRead)).map(Self)
    }
}

/// Who asks; nobody in particular where there are no accounts.
async fn who(parts: &Parts, service: &Service) -> Result<Option<Who>, Problem> {
    match &service.access {
        Access::Public(_) => Ok(None),
        Access::Private(identity) => Ok(Some(identity.who(bearer(&parts.headers)?, service.now()).await?)),
    }
}

/// The person who asks, by a session, or by a device with a scope where one is enough.
fn owner(service: &Service, who: Option<&Who>, enough: Option<DeviceScope>) -> Result<PersonId, Problem> {
    let who = match (&service.access, who) {
        (Access::Public(person), _) => return Ok(*person),
        (Access::Private(_), Some(who)) => who,
        (Access::Private(_), None) => return Err(Problem::unauthenticated()),
    };
    if let Via::Device(_, scopes) = &who.via
        && !enough.is_some_and(|scope| scopes.contains(&scope))
    {
        return Err(Problem::forbidden("This device's token does not open this."));
    }
    match (who.role, who.person) {
        (Role::Person, Some(person)) => Ok(person),
        _ => Err(Problem::forbidden("This is for the person whose data it is.")),
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = given.and_then(|given| given.split_once(' ')).ok_or_else(Problem::unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Problem::unauthenticated()) }
}

/// Where a request comes from: the peer, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

impl FromRequestParts<Service> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip().to_canonical());
        Ok(Self(behind(peer, &parts.headers, &service.trusted_proxies)))
    }
}

/// The nearest address that is no proxy of ours. What stands before it was written by whoever sent it.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_ours = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_ours(&peer) {
        return peer;
    }
    let named: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut nearest = peer;
    for name in named.into_iter().rev() {
        let Ok(address) = name.parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_ours(&nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let from = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            behind(peer.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(from("203.0.113.9", "198.51.100.1"), "203.0.113.9", "nobody we know");
        assert_eq!(from("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            from("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.7"),
            "198.51.100.1",
            "the first is the sender's word"
        );
        assert_eq!(from("10.0.0.1", "198.51.100.1, nonsense"), "10.0.0.1");
        assert_eq!(from("10.0.0.1", "::ffff:198.51.100.1"), "198.51.100.1");
        assert_eq!(from("10.0.0.1", ""), "10.0.0.1");
    }
}
