//! `user`: who may sign in.

use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use crate::app::config::Config;
use crate::app::error::Failure;
use crate::app::present::Out;
use crate::app::system;
use crate::domain::account::{AccountName, Role};
use crate::domain::person::PersonId;
use crate::engine::Engine;
use crate::engine::identity::IdentityError;

#[derive(Debug, Subcommand)]
pub(in crate::app) enum Action {
    /// Add an account. It has no password: the one-time token that is printed sets it within 15 minutes.
    Add {
        /// The name to sign in with, as an e-mail address.
        name: String,
        /// What it is for. A person owns data: those of --person, else a new person is registered.
        #[arg(long, value_enum, default_value_t = For::Person)]
        role: For,
    },
    /// Print a one-time token with which a new password is set within 15 minutes. Every session ends then.
    ResetPassword {
        /// The name of the account.
        name: String,
    },
    /// All accounts.
    List,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::app) enum For {
    /// The person whose data it is.
    Person,
    /// A human who is asked to look at something, with the person's consent.
    Reviewer,
    /// Whoever runs the instance.
    Operator,
}

pub(super) async fn run(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<Uuid>,
    action: &Action,
) -> Result<bool, Failure> {
    let identity = system::identity(config, &system::signing_secret(config)?).await?;
    let read = |text: &str| AccountName::new(text).map_err(|fault| Failure::usage(format!("{text:?} {fault}")));
    let (name, token) = match action {
        Action::List => {
            let accounts = identity.list().await?;
            if out.json {
                let rows = accounts.iter().map(|account| {
                    json!({
                        "id": account.id, "name": account.name.as_str(), "role": account.role, "person": account.person,
                        "created_at": account.created_at,
                    })
                });
                out.document(&rows.collect::<Vec<_>>())?;
            } else {
                let rows = accounts.iter().map(|account| {
                    let person = account.person.map(|person| person.to_string()).unwrap_or_default();
                    vec![account.name.as_str().to_owned(), account.role.key().to_owned(), person]
                });
                out.table(&["name", "role", "person"], rows.collect())?;
            }
            return Ok(true);
        }
        Action::ResetPassword { name } => {
            let name = read(name)?;
            let token = identity.reset(&name, config.now).await?;
            (name, token)
        }
        Action::Add { name, role } => {
            let name = read(name)?;
            let (role, person) = match role {
                For::Reviewer => (Role::Reviewer, None),
                For::Operator => (Role::Operator, None),
                For::Person => {
                    let person = named.map_or_else(system::new_person, PersonId::new);
                    (Role::Person, Some(person))
                }
            };
            // The person first: an account that is there with nobody behind it could not be added again.
            if let Some(person) = person {
                system::register(engine, config, out, person).await?;
            }
            let token = identity.add(name.clone(), role, person, config.now).await?;
            (name, token)
        }
    };
    if out.json {
        out.document(&json!({ "name": name.as_str(), "one_time_token": token.expose_secret() }))?;
    } else {
        out.line(token.expose_secret())?;
    }
    out.note(
        "Within 15 minutes, once: POST /api/v1/auth/password/one-time with {\"one_time_token\": ..., \"new\": ...} sets the \
         password.",
    );
    Ok(true)
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Self::refused(error)
    }
}
