//! Refresh tokens against a model: random logins, refreshes with any token ever given, logouts, and time going by.
//!
//! The model is a list of all tokens with their parents, as the rules are told; the store keeps two digests per session.

use candor::domain::Instant;
use candor::domain::account::{AccountId, SessionId};
use candor::engine::identity::{Access, Identity};
use chrono::TimeDelta;
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use super::{identity, join, login, now, refused};
use crate::support::Place;

#[derive(Clone, Debug)]
enum Step {
    Login,
    /// Any token, counted from the newest.
    Refresh(usize),
    Wait(i64),
    Logout(usize),
    Revoke(usize),
    /// Every access token is shown.
    Show,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::Login),
        6 => (0_usize..3).prop_map(Step::Refresh),
        3 => (0_usize..40).prop_map(Step::Refresh),
        3 => prop::sample::select(vec![1_i64, 9, 10, 11, 300, 86_400, 5 * 86_400, 8 * 86_400]).prop_map(Step::Wait),
        1 => (0_usize..8).prop_map(Step::Logout),
        1 => (0_usize..8).prop_map(Step::Revoke),
        1 => Just(Step::Show),
    ];
    prop::collection::vec(step, 1..60)
}

struct Token {
    text: SecretString,
    access: Access,
    family: usize,
    parent: Option<usize>,
    used_at: Option<Instant>,
    /// Another token took its place before it was used.
    replaced: bool,
}

struct Family {
    session: SessionId,
    started_at: Instant,
    used_at: Instant,
    ended: bool,
}

#[derive(Default)]
struct Model {
    tokens: Vec<Token>,
    families: Vec<Family>,
}

impl Model {
    fn alive(&self, family: usize, at: Instant) -> bool {
        let family = &self.families[family];
        !family.ended && at < family.started_at + TimeDelta::days(30) && at < family.used_at + TimeDelta::days(7)
    }

    fn live(&self, family: usize) -> Vec<usize> {
        let unused = |n: &usize| {
            let token = &self.tokens[*n];
            token.family == family && token.used_at.is_none() && !token.replaced
        };
        (0..self.tokens.len()).filter(unused).collect()
    }

    /// Whether a token is taken, and what that does.
    fn refresh(&mut self, shown: usize, at: Instant) -> bool {
        let family = self.tokens[shown].family;
        if !self.alive(family, at) {
            self.families[family].ended = true;
            return false;
        }
        let successor = self.live(family).into_iter().find(|live| self.tokens[*live].parent == Some(shown));
        let token = &mut self.tokens[shown];
        match (token.used_at, successor) {
            (None, _) if !token.replaced => {
                token.used_at = Some(at);
                self.families[family].used_at = at;
                true
            }
            (Some(used_at), Some(successor)) if at - used_at <= TimeDelta::seconds(10) => {
                self.tokens[successor].replaced = true;
                true
            }
            _ => {
                self.families[family].ended = true;
                false
            }
        }
    }
}

async fn play(identity: &Identity, account: AccountId, start: Instant, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut model, mut at) = (Model::default(), start);
    for step in steps {
        match step {
            Step::Login => {
                let given = login(identity, "anna", at).await;
                let family = model.families.len();
                model.families.push(Family { session: given.session, started_at: at, used_at: at, ended: false });
                let (text, access) = (given.refresh, given.access);
                model.tokens.push(Token { text, access, family, parent: None, used_at: None, replaced: false });
            }
            Step::Refresh(back) => {
                let Some(shown) = model.tokens.len().checked_sub(1 + back) else { continue };
                let outcome = identity.refresh(model.tokens[shown].text.expose_secret(), at).await;
                prop_assert_eq!(outcome.is_ok(), model.refresh(shown, at), "token {} of {}", shown, model.tokens.len());
                let family = model.tokens[shown].family;
                match outcome {
                    Ok(given) => {
                        prop_assert_eq!(given.session, model.families[family].session);
                        let (text, access, parent) = (given.refresh, given.access, Some(shown));
                        model.tokens.push(Token { text, access, family, parent, used_at: None, replaced: false });
                    }
                    outcome => prop_assert!(refused(outcome)),
                }
            }
            Step::Wait(seconds) => at += TimeDelta::seconds(seconds),
            Step::Logout(n) if n < model.families.len() => {
                identity.logout(account, model.families[n].session).await.unwrap();
                model.families[n].ended = true;
            }
            Step::Revoke(n) if n < model.families.len() => {
                let outcome = identity.revoke(account, model.families[n].session).await;
                prop_assert!(outcome.is_ok() || !model.alive(n, at));
                model.families[n].ended = true;
            }
            Step::Logout(_) | Step::Revoke(_) => {}
            Step::Show => {
                for token in &model.tokens {
                    let shown = identity.who(token.access.token.expose_secret(), at).await;
                    // The clocks of two machines may be ten seconds apart.
                    let fresh = at < token.access.ends_at + TimeDelta::seconds(10);
                    prop_assert_eq!(shown.is_ok(), fresh && model.alive(token.family, at));
                }
            }
        }
        for family in 0..model.families.len() {
            prop_assert!(model.live(family).len() <= 1);
        }
        let alive = (0..model.families.len()).filter(|family| model.alive(*family, at)).count();
        prop_assert_eq!(identity.sessions(account, at).await.unwrap().len(), alive);
    }
    // The grace is over: of all tokens that were ever given, one of each family works at most.
    at += TimeDelta::seconds(11);
    let mut worked = vec![0; model.families.len()];
    for token in model.tokens.iter().rev() {
        worked[token.family] += usize::from(identity.refresh(token.text.expose_secret(), at).await.is_ok());
    }
    prop_assert!(worked.iter().all(|worked| *worked <= 1), "{:?}", worked);
    for family in &model.families {
        identity.logout(account, family.session).await.unwrap();
    }
    Ok(())
}

#[test]
fn there_is_never_more_than_one_live_branch() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (place, identity, account) = runtime.block_on(async {
        let place = Place::sqlite().await.unwrap();
        let identity = identity(&place).await;
        join(&identity, "anna").await;
        let account = login(&identity, "anna", now() - TimeDelta::days(365)).await.account;
        (place, identity, account)
    });
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) }, |(steps in steps())| {
        runtime.block_on(play(&identity, account, now(), steps))?;
    });
    runtime.block_on(place.clean_up());
}
