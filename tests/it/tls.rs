//! Encrypted connections: a certificate that does not fit is refused in plain words, and the only way round it is an
//! authority that the user names.

use megachat::install::download::Options;

use crate::support::demo_zip;
use crate::support::fault_server::{Fault, FaultServer};
use crate::support::fetching::{LEN, answers, count, fetch, hasty, names, noise, sha256, source};
use crate::support::fronts::{Authority, Certificate, tls};
use crate::support::program::{Home, err};

/// A year in the far future.
const LATER: i32 = 3000;

#[test]
fn certificates_that_do_not_fit_are_refused_each_in_plain_words() {
    let body = noise(LEN, 50);
    let server = FaultServer::start(&body, vec![Fault::None]);
    let (ours, other, forger) = (Authority::new("ours"), Authority::new("other"), Authority::new("ours"));
    let unknown = "the server's certificate is signed by no authority that this system trusts; if your network inspects traffic, \
                   name its certificate with --ca-file";
    for (certificate, says) in [
        (Certificate::new("localhost", LATER, None), unknown),
        (Certificate::new("localhost", LATER, Some(&other)), unknown),
        (Certificate::new("h.example", LATER, Some(&ours)), "the server's certificate is for another name"),
        (
            Certificate::new("localhost", 2001, Some(&ours)),
            "the server's certificate has expired, or the clock of this computer is wrong",
        ),
        (
            Certificate::new("localhost", LATER, Some(&forger)),
            "the signature under the server's certificate is wrong: another machine may be in between",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let ca_file = directory.path().join("ca.pem");
        std::fs::write(&ca_file, &ours.pem).unwrap();
        let url = format!("https://localhost:{}/m.pt?token=secret", tls(&certificate, server.port()));
        // The authority that is named; and those of the system, which do not know it.
        let without = if says.contains("expired") { says } else { unknown };
        for (ca_file, says) in [(Some(ca_file), says), (None, without)] {
            let options = Options { ca_file, ..hasty() };
            let place = tempfile::tempdir().unwrap();
            let (result, events) = fetch(&[source(url.clone(), Some(&body))], place.path(), &options);
            assert_eq!(answers(result)[0].answer, format!("no secure connection: {says}"));
            assert_eq!(count(&events, "Retrying"), 0, "no number of tries helps");
            assert!(!events.concat().contains("secret"));
            assert_eq!(names(place.path()), ["m.pt.lock"]);
        }
    }
    assert_eq!(server.asked().len(), 0, "not a word was said to any of them");
}

#[test]
fn an_authority_or_a_certificate_that_is_named_is_trusted() {
    let body = noise(LEN, 51);
    let authority = Authority::new("ours");
    let signed = Certificate::new("localhost", LATER, Some(&authority));
    let lonely = Certificate::new("localhost", LATER, None);
    for (certificate, pem) in [(&signed, &authority.pem), (&lonely, &lonely.pem)] {
        // A resumed transfer is a second connection, and it is checked again.
        let server = FaultServer::start(&body, vec![Fault::Drop(LEN / 2), Fault::None]);
        let directory = tempfile::tempdir().unwrap();
        let ca_file = directory.path().join("ca.pem");
        std::fs::write(&ca_file, pem).unwrap();
        let options = Options { ca_file: Some(ca_file), ..hasty() };
        let url = format!("https://localhost:{}/m.pt", tls(certificate, server.port()));
        let (result, events) = fetch(&[source(url, Some(&body))], directory.path(), &options);
        assert_eq!(result.unwrap_or_else(|error| panic!("{error}\n{events:#?}")).sha256, sha256(&body));
        assert_eq!(server.asked().len(), 2);
        assert_eq!(server.sent(), LEN as u64);
    }
}

#[test]
fn an_encrypted_address_never_leads_to_an_open_one() {
    let body = noise(LEN, 52);
    let open = FaultServer::start(&body, vec![Fault::None]);
    let away = Fault::Status("302 Found", vec![format!("Location: {}", open.url("m.pt?token=secret"))], vec![]);
    let server = FaultServer::start(&body, vec![away]);
    let authority = Authority::new("ours");
    let port = tls(&Certificate::new("localhost", LATER, Some(&authority)), server.port());
    let directory = tempfile::tempdir().unwrap();
    let ca_file = directory.path().join("ca.pem");
    std::fs::write(&ca_file, &authority.pem).unwrap();
    let options = Options { ca_file: Some(ca_file), ..hasty() };
    let (result, _) = fetch(&[source(format!("https://localhost:{port}/m.pt"), None)], directory.path(), &options);
    assert_eq!(answers(result)[0].answer, "the server redirects to an address that is not encrypted");
    assert_eq!(open.asked().len(), 0);
}

#[test]
fn the_program_trusts_what_the_flag_or_the_environment_names() {
    let server = FaultServer::start(demo_zip(), vec![Fault::None]);
    let authority = Authority::new("ours");
    let port = tls(&Certificate::new("localhost", LATER, Some(&authority)), server.port());
    let url = [format!("https://localhost:{port}/a.zip")];
    let files = tempfile::tempdir().unwrap();
    let pem = files.path().join("ca.pem");
    std::fs::write(&pem, &authority.pem).unwrap();

    let refused = Home::new().download(&url).output().unwrap();
    assert_eq!(refused.status.code(), Some(4));
    assert!(err(&refused).contains("no authority that this system trusts"), "{}", err(&refused));
    assert!(err(&refused).contains("--ca-file"));

    let home = Home::new();
    let flag = home.download(&url).arg("--ca-file").arg(&pem).output().unwrap();
    assert!(flag.status.success(), "{}", err(&flag));
    assert!(home.model().is_some());
    for variable in ["MEGACHAT_CA_FILE", "SSL_CERT_FILE"] {
        // Elsewhere the system is asked, which does not look at this variable.
        if variable == "SSL_CERT_FILE" && !cfg!(target_os = "linux") {
            continue;
        }
        let output = Home::new().download(&url).env(variable, &pem).output().unwrap();
        assert!(output.status.success(), "{variable}: {}", err(&output));
    }
}
