//! The way through a proxy that the environment names. The host of the address does not exist, so that what arrives
//! came through the proxy.

use std::process::Output;

use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::fronts::{Authority, Certificate, Heard, connect_proxy, socks_proxy, tls};
use crate::support::program::{Home, err};

const OPEN: &str = "http://model.invalid/a.zip?token=secret";
const SECURE: &str = "https://model.invalid/a.zip?token=secret";

fn run(url: &str, environment: &[(&str, String)]) -> Output {
    let home = Home::new();
    let output = home.download(&[url.to_owned()]).envs(environment.iter().map(|it| (it.0, &it.1))).output().unwrap();
    assert_eq!(output.status.success(), home.model().is_some());
    assert!(!err(&output).contains("secret"));
    output
}

fn first_lines(heard: &Heard) -> Vec<String> {
    heard.lock().unwrap().iter().map(|it| it.lines().next().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_of_address_goes_through_its_own_proxy() {
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let authority = Authority::new("ours");
    let port = tls(&Certificate::new("model.invalid", 3000, Some(&authority)), server.port());
    let files = tempfile::tempdir().unwrap();
    let pem = files.path().join("ca.pem");
    std::fs::write(&pem, &authority.pem).unwrap();
    let trust = ("SSL_CERT_FILE", pem.to_str().unwrap().to_owned());

    let (open, heard_open) = connect_proxy(server.port(), None);
    let (secure, heard_secure) = connect_proxy(port, None);
    let both =
        [("HTTP_PROXY", format!("http://127.0.0.1:{open}")), ("HTTPS_PROXY", format!("127.0.0.1:{secure}")), trust];
    let output = run(OPEN, &both);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(first_lines(&heard_open), ["CONNECT model.invalid:80 HTTP/1.1"]);
    assert_eq!(first_lines(&heard_secure), [""; 0]);
    if cfg!(target_os = "linux") {
        let output = run(SECURE, &both);
        assert!(output.status.success(), "{}", err(&output));
        assert_eq!(first_lines(&heard_secure), ["CONNECT model.invalid:443 HTTP/1.1"]);
    }
    assert_eq!(first_lines(&heard_open).len(), 1);
    assert!(!heard_open.lock().unwrap().concat().contains("secret"), "a proxy is not told what is asked for");
}

#[test]
fn a_proxy_for_all_is_taken_where_there_is_none_of_its_own() {
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let (port, heard) = connect_proxy(server.port(), None);
    let (other, unheard) = connect_proxy(server.port(), None);
    let output = run(
        OPEN,
        &[
            ("ALL_PROXY", format!("http://me:my%20word@127.0.0.1:{port}")),
            ("HTTPS_PROXY", format!("http://127.0.0.1:{other}")),
        ],
    );
    assert!(output.status.success(), "{}", err(&output));
    assert!(unheard.lock().unwrap().is_empty(), "not for this kind of address");
    // "me:my word" in base 64.
    assert!(heard.lock().unwrap()[0].contains("Proxy-Authorization: Basic bWU6bXkgd29yZA=="));
    assert!(!err(&output).contains("my%20word"));
}

#[test]
fn a_socks_proxy_looks_the_name_up() {
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let (port, heard) = socks_proxy(server.port());
    let output = run(OPEN, &[("ALL_PROXY", format!("socks5h://127.0.0.1:{port}"))]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(*heard.lock().unwrap(), ["model.invalid:80"]);
}

#[test]
fn excepted_hosts_and_this_machine_are_asked_straight() {
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let (port, heard) = connect_proxy(server.port(), None);
    let proxy = ("http_proxy", format!("http://127.0.0.1:{port}"));
    let output = run(OPEN, &[proxy.clone(), ("NO_PROXY", "other.example, .invalid".to_owned())]);
    assert!(err(&output).contains("could not resolve host"), "{}", err(&output));
    let output = run(&server.url("a.zip"), &[proxy]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_that_wants_a_password_or_says_no_is_quoted() {
    for (refusal, says) in [
        ("407 Proxy Authentication Required", "the proxy wants a name and a password (407)"),
        ("403 Forbidden", "the proxy refused the connection (403)"),
    ] {
        let (port, heard) = connect_proxy(0, Some(refusal));
        let output = run(SECURE, &[("https_proxy", format!("http://me:my%20word@127.0.0.1:{port}"))]);
        assert_eq!(output.status.code(), Some(4));
        assert!(err(&output).contains(says) && !err(&output).contains("word@"), "{}", err(&output));
        assert_eq!(heard.lock().unwrap().len(), 1, "asked once");
    }
}

#[test]
fn a_proxy_that_is_not_there_or_is_none_is_named_and_not_gone_round() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let output = run(OPEN, &[("ALL_PROXY", format!("http://127.0.0.1:{closed}"))]);
    assert_eq!(output.status.code(), Some(4));
    let says = format!("the proxy 127.0.0.1:{closed} (ALL_PROXY): connection refused");
    assert!(err(&output).contains(&says), "{}", err(&output));
    let output = run(OPEN, &[("HTTP_PROXY", "ftp://me:word@h.example".to_owned())]);
    assert_eq!(output.status.code(), Some(4));
    let says = "the environment variable HTTP_PROXY does not name a valid proxy";
    assert!(err(&output).contains(says) && !err(&output).contains("word"), "{}", err(&output));
    assert_eq!(server.asked().len(), 0);
}
