//! The narrator: one call of a model for one text.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::breaker::Breakers;
use super::prompt;
use super::settings::{BadSetting, Payload, Settings};
use super::transport::{self, Endpoint};
use super::wire::{Asking, Completion};
use crate::domain::plan::PlanRequest;
use crate::engine::ports::narrator::{Answer, Identity, Narrator, NoAnswer};

/// No call takes longer, whatever it is allowed.
const LONGEST: Duration = Duration::from_mins(10);

/// A model behind an endpoint that speaks the chat completions of OpenAI.
pub struct ChatNarrator {
    settings: Settings,
    connections: reqwest::Client,
    identity: Identity,
    breakers: Mutex<Breakers>,
    /// What the breakers count time from. It is the timer's clock and decides about asking only, never about what is said.
    since: Instant,
}

impl ChatNarrator {
    /// Prepares to ask; nothing is sent yet.
    ///
    /// # Errors
    /// Where no connection to such an endpoint can be prepared.
    pub fn new(settings: Settings) -> Result<Self, BadSetting> {
        let connections = transport::connections(&settings)?;
        let identity = Identity { model: settings.model.clone(), settings: digest(&settings) };
        Ok(Self { settings, connections, identity, breakers: Mutex::default(), since: Instant::now() })
    }

    async fn ask(&self, request: &PlanRequest, deadline: Instant) -> Result<Answer, NoAnswer> {
        let user = prompt::user(request).map_err(|_| NoAnswer::Unreadable)?;
        let client = async_openai::Client::build(self.connections.clone(), Endpoint::of(&self.settings))
            .with_http_service(transport::once(self.connections.clone(), deadline));
        let asking = Asking::new(&self.settings.model, &user);
        let completion: Completion = client.chat().create_byot(asking).await.map_err(transport::reason)?;
        completion.answer()
    }

    fn breakers(&self) -> MutexGuard<'_, Breakers> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Narrator for ChatNarrator {
    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn wants_values(&self) -> bool {
        self.settings.payload == Payload::Values
    }

    async fn plan(&self, request: &PlanRequest, within: Duration) -> Result<Answer, NoAnswer> {
        // Without time nothing is sent, and nobody is blamed for it.
        if within.is_zero() {
            return Err(NoAnswer::Timeout);
        }
        let deadline = Instant::now() + within.min(LONGEST);
        if !self.breakers().admit(self.since.elapsed()) {
            return Err(NoAnswer::BreakerOpen);
        }
        // Without a subscriber nothing beneath can log: neither what is sent nor what comes back.
        let asked = timeout_at(deadline, self.ask(request, deadline)).with_subscriber(nobody()).await;
        let answer = asked.unwrap_or(Err(NoAnswer::Timeout));
        self.breakers().ended(answer.as_ref().err().copied(), self.since.elapsed());
        answer
    }

    fn judged(&self, replaced: f64) {
        self.breakers().judged(replaced, self.since.elapsed());
    }
}

/// A subscriber that hears nothing. One is kept for the whole process: beside it whatever can log asks who listens each time,
/// while it would fall silent for ever, for everybody, when first met under none.
fn nobody() -> Dispatch {
    static NOBODY: OnceLock<Dispatch> = OnceLock::new();
    NOBODY.get_or_init(|| Dispatch::new(NoSubscriber::default())).clone()
}

/// Everything besides the model's name that shapes an answer: endpoint, payload, prompt, schema, parameters. The key does not.
fn digest(settings: &Settings) -> String {
    let parameters = serde_json::to_vec(&Asking::new("", "")).unwrap_or_default();
    let mut hasher = Sha256::new();
    for part in [settings.base().as_bytes(), format!("{:?}", settings.payload).as_bytes(), &parameters] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::settings::Variables;

    fn identity(base: &str, key: &str, model: &str) -> Identity {
        let variables = Variables { base_url: Some(base), key: Some(key), model: Some(model), ..Variables::default() };
        ChatNarrator::new(Settings::read(&variables).unwrap()).unwrap().identity()
    }

    #[test]
    fn another_endpoint_or_model_is_another_narrator_and_another_key_is_not() {
        let one = identity("http://127.0.0.1:1/v1", "k", "m");
        assert_eq!(one, identity("http://127.0.0.1:1/v1/", "other", "m"));
        assert_ne!(one, identity("http://127.0.0.1:2/v1", "k", "m"));
        assert_ne!(one, identity("http://127.0.0.1:1/v1", "k", "n"));
        assert_eq!(one.settings.len(), 64);
    }

    #[test]
    fn numbers_are_wanted_only_where_the_payload_says_so() {
        let wants = |payload| {
            let base_url = Some("http://127.0.0.1:1/v1");
            let variables = Variables { base_url, key: Some("k"), model: Some("m"), payload, ..Variables::default() };
            ChatNarrator::new(Settings::read(&variables).unwrap()).unwrap().wants_values()
        };
        assert_eq!([None, Some("codes"), Some("values")].map(wants), [false, false, true]);
    }
}
