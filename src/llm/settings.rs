//! Where a model is asked, with which key, and under which promises: checked once at the start, so that nothing can fail or
//! panic on them later. Nothing is taken from anywhere else; a variable that is not set is a fault and never a fallback.

use std::fmt;
use std::net::IpAddr;

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

/// The variable with the address.
pub const BASE_URL: &str = "CANDOR_LLM_BASE_URL";
/// The variable with the key.
pub const KEY: &str = "CANDOR_LLM_KEY";
/// The variable with the model's name.
pub const MODEL: &str = "CANDOR_LLM_MODEL";
/// The variable with what is sent.
pub const PAYLOAD: &str = "CANDOR_LLM_PAYLOAD";
/// The variable that says whether the endpoint keeps what it is sent.
pub const RETAINS: &str = "CANDOR_LLM_RETAINS";
/// The variable that allows an endpoint that does.
pub const ALLOW_RETENTION: &str = "CANDOR_LLM_ALLOW_RETENTION";

/// The longest name of a model.
const LONGEST_MODEL: usize = 200;

/// The variables as they were found; an empty one counts as not set.
#[derive(Clone, Copy, Default)]
pub struct Variables<'a> {
    /// [`BASE_URL`].
    pub base_url: Option<&'a str>,
    /// [`KEY`].
    pub key: Option<&'a str>,
    /// [`MODEL`].
    pub model: Option<&'a str>,
    /// [`PAYLOAD`]; not set, `codes`.
    pub payload: Option<&'a str>,
    /// [`RETAINS`]; not set, an endpoint on this machine keeps nothing and any other does.
    pub retains: Option<&'a str>,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Codes of claims: no value, no date, no name.
    Codes,
    /// The numbers of claims as well, of people who agreed to that.
    Values,
}

/// An endpoint that can be asked.
#[derive(Clone)]
pub struct Settings {
    pub(super) base: Url,
    pub(super) key: SecretString,
    pub(super) bearer: HeaderValue,
    pub(super) model: String,
    pub(super) payload: Payload,
    retains: bool,
}

/// Why an endpoint cannot be asked. It names the variable and never repeats what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// A variable is not set.
    #[error("{0} is not set; a server that needs none takes any word")]
    Missing(&'static str),
    /// No address.
    #[error("{BASE_URL} must be an address like https://host/v1, without user, query or fragment")]
    Address,
    /// An address that would send the key in clear.
    #[error("{BASE_URL} must begin with https:// unless it is on this machine")]
    Clear,
    /// A key no header can carry.
    #[error("{KEY} must be letters, digits and signs of ASCII without a space or a line break inside")]
    Key,
    /// A model's name no server has.
    #[error("{MODEL} must be the name of a model, at most {LONGEST_MODEL} characters on one line")]
    Model,
    /// Another word than the known ones.
    #[error("{PAYLOAD} must be `codes` or `values`")]
    Payload,
    /// Neither yes nor no.
    #[error("{0} must be `yes` or `no`")]
    YesOrNo(&'static str),
    /// It keeps what it is sent.
    #[error(
        "{BASE_URL} keeps what it is sent, or nobody said that it does not: set {RETAINS}=no if its contract says so, or \
         {ALLOW_RETENTION}=yes to accept it"
    )]
    Retains,
    /// No connection can be prepared.
    #[error("no certificates were found to check {BASE_URL} against; install the certificates of the system")]
    Certificates,
}

impl Settings {
    /// Reads the variables.
    ///
    /// # Errors
    /// The first variable that is missing or unfit, by name.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadSetting> {
        let base = address(set(variables.base_url, BASE_URL)?)?;
        let key = set(variables.key, KEY)?;
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadSetting::Key);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| BadSetting::Key)?;
        bearer.set_sensitive(true);
        let model = set(variables.model, MODEL)?;
        if model.chars().count() > LONGEST_MODEL || model.chars().any(char::is_control) {
            return Err(BadSetting::Model);
        }
        let payload = match filled(variables.payload) {
            None | Some("codes") => Payload::Codes,
            Some("values") => Payload::Values,
            Some(_) => return Err(BadSetting::Payload),
        };
        let retains = yes_or_no(variables.retains, RETAINS)?.unwrap_or(!is_here(&base));
        Ok(Self { base, key: SecretString::from(key), bearer, model: model.to_owned(), payload, retains })
    }

    /// Whether the endpoint is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_here(&self.base)
    }

    /// Refuses, in production, an endpoint elsewhere that keeps what it is sent, unless `allowed` ([`ALLOW_RETENTION`]).
    ///
    /// # Errors
    /// [`BadSetting::Retains`], or what is wrong with `allowed`.
    pub fn check(&self, production: bool, allowed: Option<&str>) -> Result<(), BadSetting> {
        let allowed = yes_or_no(allowed, ALLOW_RETENTION)?.unwrap_or(false);
        if production && self.retains && !self.is_local() && !allowed { Err(BadSetting::Retains) } else { Ok(()) }
    }

    /// The address, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("model", &self.model).field("retains", &self.retains).finish_non_exhaustive()
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        let key = self.key.expose_secret() == other.key.expose_secret();
        key && (&self.base, &self.model, self.payload, self.retains)
            == (&other.base, &other.model, other.payload, other.retains)
    }
}

fn filled(variable: Option<&str>) -> Option<&str> {
    variable.map(str::trim).filter(|text| !text.is_empty())
}

fn set<'a>(variable: Option<&'a str>, name: &'static str) -> Result<&'a str, BadSetting> {
    filled(variable).ok_or(BadSetting::Missing(name))
}

fn yes_or_no(variable: Option<&str>, name: &'static str) -> Result<Option<bool>, BadSetting> {
    match filled(variable) {
        None => Ok(None),
        Some("yes" | "true") => Ok(Some(true)),
        Some("no" | "false") => Ok(Some(false)),
        Some(_) => Err(BadSetting::YesOrNo(name)),
    }
}

fn address(text: &str) -> Result<Url, BadSetting> {
    let url = Url::parse(text).map_err(|_| BadSetting::Address)?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        "https" | "http" if !bare || url.host_str().is_none() => Err(BadSetting::Address),
        "https" => Ok(url),
        "http" if is_here(&url) => Ok(url),
        "http" => Err(BadSetting::Clear),
        _ => Err(BadSetting::Address),
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables<'static> {
        Variables {
            base_url: Some("https://models.example/v1"),
            key: Some("sk-1"),
            model: Some("a-model"),
            ..Variables::default()
        }
    }

    #[test]
    fn every_fault_names_its_variable_and_not_what_it_holds() {
        let ok = variables();
        let faults = [
            (Variables { base_url: None, ..ok }, BASE_URL),
            (Variables { base_url: Some("  "), ..ok }, BASE_URL),
            (Variables { base_url: Some("canary"), ..ok }, BASE_URL),
            (Variables { base_url: Some("ftp://canary/v1"), ..ok }, BASE_URL),
            (Variables { base_url: Some("https://canary:canary@host/v1"), ..ok }, BASE_URL),
            (Variables { base_url: Some("https://host/v1?canary"), ..ok }, BASE_URL),
            (Variables { base_url: Some("https://host/v1#canary"), ..ok }, BASE_URL),
            (Variables { base_url: Some("http://canary.example/v1"), ..ok }, BASE_URL),
            (Variables { base_url: Some("http://localhost.canary/v1"), ..ok }, BASE_URL),
            (Variables { base_url: Some("http://10.0.0.1/canary"), ..ok }, BASE_URL),
            (Variables { key: None, ..ok }, KEY),
            (Variables { key: Some("\n"), ..ok }, KEY),
            (Variables { key: Some("canary\nX-Admin: 1"), ..ok }, KEY),
            (Variables { key: Some("canary\r"), model: None, ..ok }, MODEL),
            (Variables { key: Some("can ary"), ..ok }, KEY),
            (Variables { key: Some("can\u{e4}ry"), ..ok }, KEY),
            (Variables { key: Some("can\0ary"), ..ok }, KEY),
            (Variables { model: Some("can\nary"), ..ok }, MODEL),
            (Variables { payload: Some("numbers"), ..ok }, PAYLOAD),
            (Variables { payload: Some("canary"), ..ok }, PAYLOAD),
            (Variables { retains: Some("canary"), ..ok }, RETAINS),
        ];
        for (variables, name) in faults {
            let fault = Settings::read(&variables).unwrap_err().to_string();
            assert!(fault.contains(name) && !fault.contains("canary"), "{name}: {fault}");
        }
    }

    #[test]
    fn a_key_may_end_in_a_line_break_as_files_do() {
        let settings = Settings::read(&Variables { key: Some(" sk-1\r\n"), ..variables() }).unwrap();
        assert_eq!(settings, Settings::read(&variables()).unwrap());
        assert_eq!(settings.bearer, "Bearer sk-1");
    }

    #[test]
    fn codes_are_sent_unless_values_are_asked_for() {
        let of = |payload| Settings::read(&Variables { payload, ..variables() }).unwrap().payload;
        assert_eq!(
            [None, Some(""), Some("codes"), Some("values")].map(of),
            [Payload::Codes, Payload::Codes, Payload::Codes, Payload::Values]
        );
    }

    #[test]
    fn a_key_is_shown_nowhere() {
        let settings = Settings::read(&Variables { key: Some("sk-canary"), ..variables() }).unwrap();
        assert!(settings.bearer.is_sensitive());
        assert!(!format!("{settings:?} {settings:#?} {:?} {:?}", settings.bearer, settings.key).contains("canary"));
    }

    #[test]
    fn this_machine_may_be_asked_in_clear() {
        for base in
            ["http://127.0.0.1:8080/v1", "http://127.9.9.9/v1/", "http://[::1]:1/v1", "http://localhost:11434/v1"]
        {
            let settings = Settings::read(&Variables { base_url: Some(base), ..variables() }).unwrap();
            assert!(settings.is_local() && !settings.base().ends_with('/'), "{base}");
        }
    }

    #[test]
    fn who_keeps_what_it_is_sent_is_refused_in_production_unless_that_is_accepted() {
        let check = |base, retains, production, allowed| {
            let settings = Settings::read(&Variables { base_url: Some(base), retains, ..variables() }).unwrap();
            settings.check(production, allowed)
        };
        let (hosted, here) = ("https://models.example/v1", "http://127.0.0.1:1/v1");
        assert_eq!(check(hosted, Some("yes"), true, None), Err(BadSetting::Retains));
        assert_eq!(check(hosted, None, true, None), Err(BadSetting::Retains), "nobody said that it does not");
        assert_eq!(check(hosted, None, true, Some("no")), Err(BadSetting::Retains));
        assert_eq!(check(hosted, None, true, Some("perhaps")), Err(BadSetting::YesOrNo(ALLOW_RETENTION)));
        assert_eq!(check(hosted, Some("yes"), true, Some("yes")), Ok(()));
        assert_eq!(check(hosted, Some("no"), true, None), Ok(()));
        assert_eq!(check(hosted, Some("yes"), false, None), Ok(()));
        assert_eq!(check(here, Some("yes"), true, None), Ok(()));
    }
}
