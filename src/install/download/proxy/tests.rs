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
