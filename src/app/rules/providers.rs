//! Providers: a server for others asks the provider itself, and not what plays one.

use super::Fault;
use super::facts::Facts;
use crate::domain::provider::Provider;

pub(super) fn check(facts: &Facts) -> Vec<Fault> {
    let fault = |provider: &Provider| {
        let setting = match provider {
            Provider::Whoop => "CANDOR_WHOOP_BASE_URL",
            Provider::Garmin => "CANDOR_GARMIN_BASE_URL",
            Provider::Strava => "CANDOR_STRAVA_BASE_URL",
            Provider::Oura | Provider::Fitbit | Provider::AppleHealth | Provider::File | Provider::Person => {
                return None;
            }
        };
        let what = "it, or another address of the provider, is on this machine, where only a mock can be";
        Some(Fault::new(setting, what, "unset the provider's addresses: the provider's own are used then"))
    };
    let bad = facts
        .bad_provider
        .iter()
        .map(|what| Fault::new("CANDOR_*_CLIENT_ID", what.as_str(), "set it right, or unset the provider's client id"));
    bad.chain(facts.mocked_providers.iter().filter_map(fault)).collect()
}
