//! Notices: what a provider says has happened. A notice that names a record is believed in nothing but that something is to be
//! looked at: it is kept with what it asks for before it is answered, and what it names is fetched. Records that come along
//! are kept sealed as they came before the notice is answered, and read afterwards.

use chrono::TimeDelta;

use super::disconnect::Brought;
use super::fetch::{Synced, record_name};
use super::{Live, LiveError, Task};
use crate::domain::Instant;
use crate::domain::invariants;
use crate::domain::observation::RecordKind;
use crate::domain::person::PersonId;
use crate::domain::provider::Provider;
use crate::engine::EngineError;
use crate::engine::ports::provider_api::{CallFault, Grant, Wanted};
use crate::engine::ports::webhook::{Happened, Notice, Pushed};

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// It is kept, and what it asks for is ordered.
    Taken,
    /// It was taken before.
    Known,
    /// Nobody here has that account.
    Stranger,
    /// It is about something that is not looked at.
    Other,
}

fn push_name(provider: Provider) -> String {
    format!("{provider}-push.json")
}

impl Live {
    /// Takes a notice.
    ///
    /// # Errors
    /// When the connections do not answer: then it is not taken, and must not be acknowledged.
    pub async fn take_notice(&self, provider: Provider, notice: &Notice, now: Instant) -> Result<Noticed, LiveError> {
        let Some(person) = self.connections.owner(provider, &notice.account).await? else {
            return Ok(Noticed::Stranger);
        };
        let task = match &notice.happened {
            Happened::Changed { kind, id } => Task::Record { provider, kind: kind.clone(), id: id.clone() },
            Happened::Deleted { kind, id } => Task::Gone { provider, kind: kind.clone(), id: id.clone() },
            Happened::Revoked => Task::Revoked { provider },
            Happened::Other => return Ok(Noticed::Other),
        };
        self.deliver(person, &notice.delivery, (provider, &task), now).await
    }

    async fn deliver(
        &self,
        person: PersonId,
        delivery: &str,
        (provider, task): (Provider, &Task),
        now: Instant,
    ) -> Result<Noticed, LiveError> {
        let job = self.job(person, task, now);
        let new = self.connections.deliver(provider, delivery, vec![job], now).await?;
        if new {
            self.bell.notify_one();
        }
        Ok(if new { Noticed::Taken } else { Noticed::Known })
    }

    /// Keeps records that came along, sealed and as they came, and orders that they be read. Nothing of them is read before:
    /// where this build cannot, a later one can.
    ///
    /// # Errors
    /// When the person does not allow it, or it cannot be kept: then it must not be acknowledged.
    pub async fn take_push(&self, provider: Provider, pushed: Pushed, now: Instant) -> Result<Noticed, LiveError> {
        let Some(person) = self.connections.owner(provider, &pushed.account).await? else {
            return Ok(Noticed::Stranger);
        };
        invariants::may_take_from(&self.engine.state(person).await?, provider).map_err(EngineError::from)?;
        let folder = self.document_folder()?;
        let path = folder.path().join(push_name(provider));
        let (target, mut document) = (path.clone(), pushed.document);
        let copied = tokio::task::spawn_blocking(move || {
            std::io::copy(&mut document, &mut std::fs::File::create_new(target)?).map(|_| ())
        });
        copied.await.map_err(|_| LiveError::Stopped)?.map_err(|_| LiveError::Disk)?;
        let digest = self.engine.originals.keep(person, provider, &path).await.map_err(EngineError::from)?;
        let original = self.engine.originals.name(person, &digest).await.map_err(EngineError::from)?;
        // After another beginning the same words are news again.
        let connected = self.connections.list(Some(person)).await?;
        let since = connected.iter().find(|connection| connection.provider == provider).map(|c| c.connected_at);
        let delivery = format!("push/{original}/{}", since.unwrap_or_default().timestamp_micros());
        self.deliver(person, &delivery, (provider, &Task::Pushed { provider, original }), now).await
    }

    /// Reads what came along with a notice from its original.
    ///
    /// # Errors
    /// Why it cannot be read or taken in; its original stays.
    pub async fn pushed(
        &self,
        person: PersonId,
        provider: Provider,
        original: &str,
        now: Instant,
    ) -> Result<Synced, LiveError> {
        let folder = self.document_folder()?;
        let path = folder.path().join(push_name(provider));
        let originals = &self.engine.originals;
        originals.give_back_named(person, provider, original, &path).await.map_err(EngineError::from)?;
        let mut synced = Synced::default();
        self.take_file(person, &path, &mut synced, now).await?;
        Ok(synced)
    }

    /// Looks whether a record is gone, and takes it back if so. A notice alone deletes nothing: anybody may have sent it.
    ///
    /// # Errors
    /// Why it could not be looked at, or not be taken back.
    pub async fn gone(
        &self,
        person: PersonId,
        provider: Provider,
        (kind, id): (&str, &str),
        now: Instant,
    ) -> Result<(), LiveError> {
        let wanted = Wanted::Record { kind: kind.to_owned(), id: id.to_owned() };
        match self.fetch(person, provider, &wanted, now).await {
            Err(LiveError::Call(CallFault::NotFound)) => {
                // An address that has moved answers the same: the list around it must answer first.
                let day = Wanted::Window { from: now - TimeDelta::days(1), to: now };
                self.fetch(person, provider, &day, now).await?;
                let reason = "deleted_by_provider";
                let taken_back = match kind {
                    // It bears the id of its sleep, which may still be there.
                    "recovery" => {
                        let recovery = (id, RecordKind::Recovery);
                        self.engine.retract_record_of_kind(person, provider, recovery, reason, now).await?
                    }
                    _ => self.engine.retract_record(person, provider, id, reason, now).await?,
                };
                if taken_back > 0 {
                    self.loop_soon(person, now).await?;
                }
                Ok(())
            }
            // It is there: what it says is taken in, and nothing is lost.
            Ok(fetched) => {
                let name = record_name(provider, kind, id);
                self.take_in(person, &fetched, &name, now).await.map(|_| ())
            }
            Err(fault) => Err(fault),
        }
    }

    /// The person took the access back at the provider: nothing more is fetched. That the grant is no good is seen for
    /// ourselves, since anybody may have sent the notice.
    ///
    /// # Errors
    /// Why it could not be looked at.
    pub async fn revoked(&self, person: PersonId, provider: Provider, now: Instant) -> Result<(), LiveError> {
        let (connection, grant) = match self.access(person, provider, now).await {
            // It was found no good before this notice: only the person knows whether they took it back.
            Err(LiveError::NotConnected(_) | LiveError::Reconnect(_)) => return Ok(()),
            access => access?,
        };
        if self.is_taken(provider, &grant, now).await? {
            return Ok(());
        }
        // One that is old is refused as well: what ends everything is seen twice.
        match self.access_after(person, provider, Some(connection.generation), now).await {
            Ok((newer, grant)) => {
                if self.is_taken(provider, &grant, now).await? {
                    return Ok(());
                }
                self.connections.ended(&newer).await?;
            }
            Err(LiveError::Reconnect(_)) => {}
            Err(error) => return Err(error),
        }
        let must_go = provider.terms().delete_on_disconnect;
        let brought = if must_go { Brought::Deleted } else { Brought::Kept };
        self.end(person, provider, brought, now).await
    }

    /// Whether a provider still takes a grant.
    async fn is_taken(&self, provider: Provider, grant: &Grant, now: Instant) -> Result<bool, LiveError> {
        match self.api(provider)?.account(grant, self.meter.as_ref(), now).await {
            Err(CallFault::Unauthorised | CallFault::GrantEnded) => Ok(false),
            asked => Ok(asked.map(|_| true)?),
        }
    }
}
