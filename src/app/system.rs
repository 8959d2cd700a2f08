//! Plugging the ports: a folder of SQLite files, or PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::cluster;
use super::config::{Config, EnvMode};
use super::entropy::OsEntropy;
use super::error::Failure;
use super::present::Out;
use crate::domain::person::PersonId;
use crate::engine::Engine;
use crate::engine::identity::{AccessTokens, Identity, Limits, SigningKey};
use crate::engine::ports::entropy::Entropy;
use crate::engine::ports::narrator::Narrator;
use crate::llm::ChatNarrator;
use crate::providers::ExportFiles;
use crate::store::accounts::{AccountPlace, AccountTables};
use crate::store::checkpoint::{CheckpointFolder, Signer};
use crate::store::jobs::JobPlace;
use crate::store::journal::SealedJournal;
use crate::store::keys::{KeyPlace, KeyStore, RecordedKeys};
use crate::store::log::EventLog;
use crate::store::master_key;
use crate::store::mode_tag;
use crate::store::newcomer;
use crate::store::originals::SealedOriginals;
use crate::store::refusals::RefusalTable;
use crate::store::seal::Key;
use crate::store::views::{PeopleViews, Place};

/// A store that is open: the use cases, and the keys for what lies beside the log.
pub(super) struct Opened {
    pub engine: Engine,
    pub keys: Arc<KeyStore>,
    pub log: Arc<dyn EventLog>,
}

/// Where checkpoints of the log lie.
pub(super) fn checkpoint_folder(config: &Config) -> PathBuf {
    let beside = config.backup_dir.as_ref().unwrap_or(&config.data_dir);
    config.checkpoint_dir.clone().unwrap_or_else(|| beside.join("checkpoints"))
}

/// The checkpoints of a log. The secret that signs them is in a file of its own, made when it is missing: the signing key
/// changes when every session is to end, and checkpoints stay.
pub(super) fn checkpoints(config: &Config, opened: &Opened) -> Result<CheckpointFolder, Failure> {
    let secret = match &config.checkpoint_key_file {
        Some(file) => named_key("CANDOR_CHECKPOINT_KEY_FILE", file)?,
        None => master_key::of_file(&config.data_dir.join("checkpoint.key"), &OsEntropy)?,
    };
    let signer = Signer::new(secret.as_slice()).map_err(Failure::configuration)?;
    Ok(CheckpointFolder::new(checkpoint_folder(config), signer, Arc::clone(&opened.log)))
}

/// Where jobs lie.
pub(super) fn job_place(config: &Config) -> JobPlace {
    match &config.database_url {
        Some(url) => JobPlace::Postgres(url.clone()),
        None => JobPlace::File(config.data_dir.join("jobs.db")),
    }
}

/// Where accounts lie.
fn account_place(config: &Config) -> AccountPlace {
    match &config.database_url {
        Some(url) => AccountPlace::Postgres(url.clone()),
        None => AccountPlace::File(config.data_dir.join("accounts.db")),
    }
}

/// Opens everything a command works with.
pub(super) async fn open(config: &Config) -> Result<Engine, Failure> {
    open_all(config).await.map(|opened| opened.engine)
}

/// The same with the keys.
pub(super) async fn open_all(config: &Config) -> Result<Opened, Failure> {
    let keys = Arc::new(keys(config).await?);
    if !keys.fits().await? {
        return Err(Failure::configuration(
            "the master key does not open the keys of this store: CANDOR_MASTER_KEY, its file or master.key belongs to \
             another; where a rotation was broken off, `candor key rotate` as before goes on",
        ));
    }
    let (folder, entropy): (_, Arc<dyn Entropy>) = (&config.data_dir, Arc::new(OsEntropy));
    let place = place(config);
    let (log, lies, pointer) = cluster::open(&config.cluster, &place).await?;
    // The read models take it over from here.
    let pointer = pointer.telling_after(config.slow_after);
    let journal = Arc::new(SealedJournal::new(Arc::clone(&log), Arc::clone(&keys), Arc::clone(&entropy)));
    let refusals = Arc::new(RefusalTable::new(pointer.clone()));
    let views = PeopleViews::open(place, pointer, Arc::clone(&journal), lies).await?;
    let narrator = match &config.model {
        None => None,
        Some(settings) => {
            let narrator = ChatNarrator::new(settings.clone());
            let narrator = narrator.map_err(|bad| Failure::configuration(bad.to_string()))?;
            Some(Arc::new(narrator) as Arc<dyn Narrator>)
        }
    };
    let originals = SealedOriginals::new(folder.join("originals"), Arc::clone(&keys), entropy);
    let engine = Engine {
        journal,
        views: Arc::new(views),
        originals: Arc::new(originals),
        keys: Arc::new(RecordedKeys::new(Arc::clone(&keys), checkpoint_folder(config))),
        holders: vec![Arc::new(job_place(config)), Arc::new(account_place(config))],
        exports: Arc::new(ExportFiles),
        refusals,
        narrator,
    };
    Ok(Opened { engine, keys, log })
}

/// Opens the keys, whether the master key fits them or not.
pub(super) async fn keys(config: &Config) -> Result<KeyStore, Failure> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::configuration(format!("the data folder {} cannot be made: {error}", folder.display()))
    })?;
    // In this order: another process that begins the store just now makes the master key before keys.db.
    if let Some(own) = own_master_key(config)
        && folder.join("keys.db").exists()
        && !own.exists()
    {
        return Err(Failure::configuration(format!(
            "{} is missing, and keys.db holds keys that only it opens: put it back",
            own.display()
        )));
    }
    let place = match &config.keys_url {
        Some(url) => KeyPlace::Postgres(url.clone()),
        None => KeyPlace::File(folder.join("keys.db")),
    };
    let keys = KeyStore::open(&place, master_key(config)?, Arc::new(OsEntropy)).await?;
    Ok(keys.telling_after(config.slow_after))
}

/// The file of the master key in the data folder, where none is named.
pub(super) fn own_master_key(config: &Config) -> Option<PathBuf> {
    let named = config.master_key.is_some() || config.master_key_file.is_some();
    (!named).then(|| config.data_dir.join("master.key"))
}

/// The key that wraps every other, made where none is named and there is none yet.
pub(super) fn master_key(config: &Config) -> Result<Key, Failure> {
    match (&config.master_key, &config.master_key_file) {
        (Some(_), Some(_)) => {
            Err(Failure::configuration("CANDOR_MASTER_KEY and CANDOR_MASTER_KEY_FILE are both set: remove one"))
        }
        (Some(key), None) => Ok(key.clone()),
        (None, Some(file)) => named_key("CANDOR_MASTER_KEY_FILE", file),
        (None, None) => Ok(master_key::of_file(&config.data_dir.join("master.key"), &OsEntropy)?),
    }
}

/// A key whose file is named: it must be there.
pub(super) fn named_key(variable: &str, file: &Path) -> Result<Key, Failure> {
    if !file.exists() {
        let file = file.display();
        return Err(Failure::configuration(format!(
            "{variable} {file} does not exist: `openssl rand -hex 32 > {file}` makes one"
        )));
    }
    Ok(master_key::of_file(file, &OsEntropy)?)
}

/// Writes into a store of staging or production that it is theirs, and refuses one that is another's.
pub(super) async fn claim(config: &Config) -> Result<(), Failure> {
    if config.env_mode == Some(EnvMode::Dev) {
        return Ok(());
    }
    let mode = config.mode_name();
    let owner = mode_tag::claim(&place(config), mode).await?;
    if owner == mode {
        return Ok(());
    }
    Err(Failure::configuration(format!("ENV_MODE: this store belongs to {owner}, and this is {mode}")))
}

/// Where the read models lie, and what stands with the log; the events too, unless a cluster is named.
pub(super) fn place(config: &Config) -> Place {
    match &config.database_url {
        Some(url) => Place::Postgres(url.clone()),
        None => Place::Folder(config.data_dir.clone()),
    }
}

/// The secret that signs what this server hands out: the file that is named, else one in the data folder, made when it is
/// missing.
pub(super) fn signing_secret(config: &Config) -> Result<Key, Failure> {
    if let Some(file) = &config.signing_key_file {
        return named_key("CANDOR_SIGNING_KEY_FILE", file);
    }
    std::fs::create_dir_all(&config.data_dir)?;
    Ok(master_key::of_file(&config.data_dir.join("signing.key"), &OsEntropy)?)
}

/// Opens the accounts.
pub(super) async fn identity(config: &Config, secret: &Key) -> Result<Identity, Failure> {
    let accounts = Arc::new(AccountTables::open(&account_place(config)).await?.telling_after(config.slow_after));
    let key = SigningKey::new(secret).map_err(|_| Failure::configuration("the signing key cannot be used"))?;
    let issuer = config.public_url.clone().unwrap_or_else(|| "candor".to_owned());
    Ok(Identity::new(accounts, Arc::new(OsEntropy), AccessTokens::new(issuer, key), Limits::default()))
}

/// A fresh random person.
pub(super) fn new_person() -> PersonId {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes);
    PersonId::new(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// Registers a person with their consent to processing, and says so; nothing where they are known.
pub(super) async fn register(engine: &Engine, config: &Config, out: &Out, person: PersonId) -> Result<(), Failure> {
    if engine.register(person, config.now).await? {
        out.note(&format!(
            "Person {person} was registered here, and their consent to processing recorded. `candor consent withdraw \
             processing` takes it back."
        ));
    }
    Ok(())
}

/// Makes the person whom nobody knows yet: the one named, else the one that every process on this store agrees on.
pub(super) async fn newcomer(
    engine: &Engine,
    config: &Config,
    out: &Out,
    named: Option<Uuid>,
) -> Result<PersonId, Failure> {
    let person = match named {
        Some(named) => PersonId::new(named),
        None => {
            let gone = engine.views.erased().await.map_err(crate::engine::EngineError::from)?;
            newcomer::agree(&place(config), new_person(), &gone).await?
        }
    };
    register(engine, config, out, person).await?;
    Ok(person)
}

/// The person a command is about: the one named, else the only one there is.
pub(super) async fn person(engine: &Engine, named: Option<Uuid>) -> Result<PersonId, Failure> {
    engine.views.catch_up().await.map_err(crate::engine::EngineError::from)?;
    let known = engine.views.persons().await.map_err(crate::engine::EngineError::from)?;
    match (named.map(PersonId::new), known.as_slice()) {
        (Some(person), _) if known.contains(&person) => Ok(person),
        (Some(person), _) => Err(Failure::refused(format!("there is no person {person}"))),
        (None, [one]) => Ok(*one),
        (None, []) => Err(Failure::refused("there is nobody yet: `candor import FILE` starts")),
        (None, many) => {
            let ids: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(Failure::usage(format!(
                "there are {} persons; choose one with --person: {}",
                many.len(),
                ids.join(", ")
            )))
        }
    }
}
