//! Which way a request takes: straight, or through a proxy that the environment names.
//!
//! For an `https` address the first of `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` that is set and not empty
//! counts; for an `http` address the same with `http_proxy` and `HTTP_PROXY`. Hosts listed in `no_proxy` or `NO_PROXY`
//! are asked straight, with everything below them (`example.com` means `www.example.com` too; `*` means all), and so is
//! this machine itself. The address decides once, redirects included.
//!
//! A proxy is asked to `CONNECT` also for `http`, so it never sees the request. SOCKS is spoken too (`socks5h://`).
//!
//! Not here: speaking to the proxy, which ureq does, and what its refusals mean ([`super::fault`]).
//!
//! Source: the order is curl's; `HTTP_PROXY` is not believed where a web server could have set it from a visitor's
//! header, which `REQUEST_METHOD` betrays (CVE-2016-5385).

use ureq::Proxy;
use ureq::http::Uri;

use super::fault::{Fault, Nature};

/// The value of an environment variable.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The way of one request.
#[derive(Debug, Clone)]
pub(super) struct Route {
    proxy: Option<Proxy>,
    /// The proxy as it may be shown: variable, host and port.
    shown: String,
}

impl Route {
    /// The way to `url` in this environment.
    ///
    /// # Errors
    ///
    /// If the environment names a proxy that cannot be understood. Going straight instead could tell a stranger what the
    /// user wanted kept inside.
    pub(super) fn of(url: &str, environment: Lookup) -> Result<Self, Fault> {
        let straight = Self { proxy: None, shown: String::new() };
        // What is no address is refused later, with its own words.
        let Ok(uri) = url.trim().parse::<Uri>() else {
            return Ok(straight);
        };
        let (Some(host), Some(scheme)) = (uri.host(), uri.scheme_str()) else {
            return Ok(straight);
        };
        let Some((variable, address)) = named(scheme, environment).filter(|_| !is_this_machine(host)) else {
            return Ok(straight);
        };
        let excepted = exceptions(environment);
        let invalid = || Fault {
            why: format!("the environment variable {variable} does not name a valid proxy"),
            nature: Nature::Permanent,
        };
        let plain = Proxy::new(&address).ok().filter(|it| !it.host().is_empty()).ok_or_else(invalid)?;
        let mut builder = Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
        if let Some(name) = plain.username() {
            builder = builder.username(name);
        }
        if let Some(password) = plain.password() {
            builder = builder.password(password);
        }
        for entry in &excepted {
            builder = builder.no_proxy(entry);
        }
        let proxy = builder.build().map_err(|_| invalid())?;
        if proxy.is_no_proxy(&uri) {
            // Later hosts are checked against the list by the proxy itself, so it stays.
            return Ok(Self { proxy: Some(proxy), shown: String::new() });
        }
        let shown = format!("the proxy {}:{} ({variable})", proxy.host(), proxy.port());
        Ok(Self { proxy: Some(proxy), shown })
    }

    /// The proxy, for ureq.
    pub(super) fn proxy(&self) -> Option<Proxy> {
        self.proxy.clone()
    }

    /// Says whose fault it is that no server was reached.
    pub(super) fn blame(&self, mut fault: Fault) -> Fault {
        if fault.nature == Nature::Unreachable && !self.shown.is_empty() {
            fault.why = format!("{}: {}", self.shown, fault.why);
        }
        fault
    }
}

/// The variable that counts and what it says.
fn named(scheme: &str, environment: Lookup) -> Option<(&'static str, String)> {
    let names: &[&str] = if scheme.eq_ignore_ascii_case("https") {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else if environment("REQUEST_METHOD").is_some() {
        &["http_proxy", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
    };
    names.iter().find_map(|name| Some((*name, set(environment, name)?)))
}

/// The hosts that are asked straight, in ureq's patterns.
fn exceptions(environment: Lookup) -> Vec<String> {
    let list = set(environment, "no_proxy").or_else(|| set(environment, "NO_PROXY")).unwrap_or_default();
    let entries = list.split([',', ' ']).map(str::trim).filter(|it| !it.is_empty());
    entries
        .flat_map(|entry| {
            let bare = entry.trim_start_matches("*.").trim_start_matches('.');
            if entry == "*" { vec!["*".to_owned()] } else { vec![bare.to_owned(), format!(".{bare}")] }
        })
        .collect()
}

fn set(environment: Lookup, name: &str) -> Option<String> {
    environment(name).map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

/// Whether a host is this machine, which no proxy can reach for us.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
    loopback || bare.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests;
