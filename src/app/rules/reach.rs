//! Who can reach the server, and where people reach it.

use std::net::{IpAddr, SocketAddr};

use super::Fault;
use super::facts::Facts;

const PUBLIC_URL: &str = "CANDOR_PUBLIC_URL";
const PROXIES: &str = "CANDOR_TRUSTED_PROXIES";

/// Access without signing in.
pub(super) fn local(facts: &Facts) -> Option<Fault> {
    facts.local.then(|| {
        Fault::new(
            "--local",
            "it serves one person without signing in",
            "leave it out and add accounts: `candor user add`",
        )
    })
}

/// What is wrong with an address as the one people use, in any mode.
pub(in crate::app) fn no_address(text: &str) -> Option<String> {
    let good = reqwest::Url::parse(text).is_ok_and(|url| {
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        ["http", "https"].contains(&url.scheme()) && url.host_str().is_some() && plain && url.password().is_none()
    });
    (!good).then(|| {
        format!(
            "{PUBLIC_URL}: it is no address; write the one people use, like https://candor.example, or leave it out"
        )
    })
}

/// The address people use; tokens are issued under it.
pub(super) fn public_url(facts: &Facts) -> Option<Fault> {
    let write = "write the address people use, like https://candor.example";
    let Some(text) = &facts.public_url else { return Some(Fault::new(PUBLIC_URL, "it is not set", write)) };
    let url = reqwest::Url::parse(text).ok();
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return Some(Fault::new(PUBLIC_URL, "it is no address", write));
    };
    if url.scheme() != "https" {
        return Some(Fault::new(PUBLIC_URL, "it does not begin with https://", write));
    }
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let here = host == "localhost" || host.ends_with(".localhost");
    (here || host.parse::<IpAddr>().is_ok()).then(|| Fault::new(PUBLIC_URL, "it names no public host", write))
}

/// Who may say where a request comes from.
pub(super) fn proxies(facts: &Facts) -> Option<Fault> {
    if facts.trusted_proxies.iter().any(|net| net.prefix_len() == 0) {
        let remedy = "name the addresses of your proxies alone";
        return Some(Fault::new(PROXIES, "it trusts everybody's word about where a request comes from", remedy));
    }
    let open = !facts.listen.ip().is_loopback() && facts.trusted_proxies.is_empty();
    open.then(|| {
        Fault::new(
            PROXIES,
            format!("candor listens on {} and no proxy stands before it", facts.listen),
            "name the proxy that ends TLS, like 10.0.0.0/8; or listen on 127.0.0.1",
        )
    })
}

/// Who may look at what is counted: nobody on the open network. An address that stands for all of this machine's is open too.
pub(super) fn metrics(facts: &Facts) -> Option<Fault> {
    let open = |address: &SocketAddr| match address.ip().to_canonical() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    };
    facts.metrics.filter(open).map(|address| {
        Fault::new(
            "CANDOR_METRICS_LISTEN",
            format!("{address}, where `serve` or, by CANDOR_WORKER_METRICS_LISTEN, `worker` shows them, may be reached from everywhere, and metrics are for the operator alone"),
            "write an address of this machine or of a private network, like 127.0.0.1:9464",
        )
    })
}
