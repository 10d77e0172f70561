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
mod tests {
    use super::*;

    /// Which variable's proxy is taken; its host is the variable's number in the list.
    fn taken(url: &str, environment: &[(&str, &str)]) -> String {
        let lookup = |name: &str| environment.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        match Route::of(url, &lookup) {
            Ok(route) => route.shown,
            Err(fault) => fault.why,
        }
    }

    #[test]
    fn the_first_variable_of_the_address_scheme_counts() {
        let all = [
            ("https_proxy", "http://a:1"),
            ("HTTPS_PROXY", "http://b:1"),
            ("http_proxy", "http://c:1"),
            ("HTTP_PROXY", "http://d:1"),
            ("all_proxy", "http://e:1"),
            ("ALL_PROXY", "me:word@f"),
        ];
        let secure = "https://h.example/m.pt?x";
        let open = "HTTP://h.example/m.pt";
        for (url, left_out, shown) in [
            (secure, 0, "the proxy a:1 (https_proxy)"),
            (secure, 1, "the proxy b:1 (HTTPS_PROXY)"),
            (secure, 2, "the proxy e:1 (all_proxy)"),
            (secure, 5, "the proxy f:80 (ALL_PROXY)"),
            (secure, 6, ""),
            (open, 0, "the proxy c:1 (http_proxy)"),
            (open, 3, "the proxy d:1 (HTTP_PROXY)"),
            (open, 4, "the proxy e:1 (all_proxy)"),
        ] {
            assert_eq!(taken(url, &all[left_out..]), shown);
        }
        assert_eq!(taken(secure, &[("http_proxy", "http://c:1")]), "", "not for this scheme");
        assert_eq!(taken(open, &[("HTTP_PROXY", "http://d:1"), ("REQUEST_METHOD", "GET")]), "", "set by a visitor");
        assert_eq!(taken(secure, &[("https_proxy", " "), ("ALL_PROXY", "f")]), "the proxy f:80 (ALL_PROXY)");
        for wrong in ["ftp://a:1", "http://", ":"] {
            let said = "the environment variable HTTPS_PROXY does not name a valid proxy";
            assert_eq!(taken(secure, &[("HTTPS_PROXY", wrong), ("ALL_PROXY", "f")]), said, "{wrong}");
        }
    }

    #[test]
    fn exceptions_mean_a_host_and_everything_below_it() {
        for (host, list, straight) in [
            ("h.example", "other.example, h.example", true),
            ("h.example", "other.example h.example", true),
            ("h.example", ".example", true),
            ("h.example", "*.example", true),
            ("H.Example", "example", true),
            ("example", ".example", true),
            ("h.example", "*", true),
            ("h.example", "ample", false),
            ("h.example", "", false),
            ("127.0.0.1", "", true),
            ("[::1]", "", true),
            ("localhost", "", true),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.70", false),
        ] {
            let shown = taken(&format!("http://{host}:8080/m.pt"), &[("ALL_PROXY", "p"), ("no_proxy", list)]);
            assert_eq!(shown.is_empty(), straight, "{host} {list:?}");
        }
    }

    #[test]
    fn name_and_password_are_kept_and_not_shown() {
        let lookup = |name: &str| (name == "ALL_PROXY").then(|| "http://me:a%20b@p:1".to_owned());
        let route = Route::of("https://h.example", &lookup).unwrap();
        let proxy = route.proxy().unwrap();
        assert_eq!((proxy.username(), proxy.password()), (Some("me"), Some("a b")));
        let fault = Fault { why: "connection refused".to_owned(), nature: Nature::Unreachable };
        assert_eq!(route.blame(fault).why, "the proxy p:1 (ALL_PROXY): connection refused");
    }
}
