//! Why a transfer broke, in words, and what follows from it.
//!
//! Every way in which a connection can fail ends here, as a clause for the user and a [`Nature`] for the loop. A clause
//! never contains an address, because addresses carry secrets.
//!
//! Not here: answers of a server that arrived in good order ([`super::answer`]).

use std::io;

use rustls::CertificateError;

/// Why a transfer broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// A clause for the user, without address.
    pub(super) why: String,
    /// What follows from it.
    pub(super) nature: Nature,
}

/// What follows from a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// The server was never reached.
    Unreachable,
    /// It was reached and the conversation broke; another try may do better.
    Broken,
    /// No number of tries will help.
    Permanent,
}

/// Turns ureq's error into a clause that never contains an address: addresses carry secrets.
#[expect(clippy::wildcard_enum_match_arm, reason = "the list of errors is open-ended")]
pub(super) fn explain(error: &ureq::Error, before_head: bool) -> Fault {
    let fault = |nature: Nature, why: &str| Fault { why: why.to_owned(), nature };
    match error {
        ureq::Error::Io(error) => explain_io(error, before_head),
        ureq::Error::HostNotFound => fault(Nature::Unreachable, "could not resolve host"),
        ureq::Error::ConnectionFailed => fault(Nature::Unreachable, "could not connect"),
        ureq::Error::Timeout(ureq::Timeout::Resolve) => fault(Nature::Unreachable, "could not resolve host in time"),
        ureq::Error::Timeout(ureq::Timeout::Connect) => fault(Nature::Unreachable, "could not connect in time"),
        ureq::Error::Timeout(_) if before_head => fault(Nature::Broken, "no answer in time"),
        ureq::Error::Timeout(_) => fault(Nature::Broken, "no more bytes came: stalled"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => fault(Nature::Permanent, "the address is not a valid one"),
        ureq::Error::RequireHttpsOnly(_) => {
            fault(Nature::Permanent, "the server redirects to an address that is not encrypted")
        }
        ureq::Error::TooManyRedirects => fault(Nature::Permanent, "too many redirects"),
        ureq::Error::RedirectFailed => fault(Nature::Permanent, "a redirect leads nowhere"),
        ureq::Error::ConnectProxyFailed(reason) => explain_proxy(reason),
        ureq::Error::Rustls(error) => unsafe_line(&explain_tls(error)),
        ureq::Error::Tls(_) | ureq::Error::Pem(_) => unsafe_line(&error.to_string()),
        ureq::Error::LargeResponseHeader(..) => fault(Nature::Permanent, "the header of the answer is too large"),
        // A redirect error of this kind quotes the address, so its text stays unsaid.
        ureq::Error::Protocol(_) => fault(Nature::Broken, "the answer breaks the rules of HTTP"),
        _ if before_head => fault(Nature::Broken, "the request failed"),
        _ => fault(Nature::Broken, "the transfer failed"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the list of kinds is open-ended")]
fn explain_io(error: &io::Error, before_head: bool) -> Fault {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return unsafe_line(&explain_tls(tls));
    }
    let text = error.to_string();
    // The standard library has no kind for a failed look-up: its words on Unix, codes on Windows.
    let unresolved =
        text.contains("lookup address") || (cfg!(windows) && matches!(error.raw_os_error(), Some(11_001..=11_004)));
    let (nature, why) = match error.kind() {
        _ if unresolved => (Nature::Unreachable, "could not resolve host".to_owned()),
        io::ErrorKind::ConnectionRefused => (Nature::Unreachable, "connection refused".to_owned()),
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::AddrNotAvailable => (Nature::Unreachable, "network unreachable".to_owned()),
        io::ErrorKind::InvalidData if before_head => return unsafe_line(&text),
        io::ErrorKind::InvalidInput if before_head => (Nature::Permanent, "the address is not a valid one".to_owned()),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            (Nature::Broken, "connection reset".to_owned())
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            (Nature::Broken, "connection closed too early".to_owned())
        }
        _ => (Nature::Broken, text),
    };
    Fault { why, nature }
}

/// What a proxy said instead of opening the connection. `reason` is ureq's sentence, with the status in it.
fn explain_proxy(reason: &str) -> Fault {
    let digits: String =
        reason.chars().skip_while(|it| !it.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let (nature, why) = match digits.parse() {
        Ok(407) => (
            Nature::Permanent,
            "the proxy wants a name and a password (407): give them in its address, as in http://NAME:PASSWORD@HOST:PORT"
                .to_owned(),
        ),
        // These speak of the way behind the proxy, which may be better in a moment.
        Ok(status @ (429 | 500 | 502..=504)) => {
            (Nature::Unreachable, format!("the proxy could not reach the server ({status})"))
        }
        Ok(status @ 400_u16..) => (Nature::Permanent, format!("the proxy refused the connection ({status})")),
        Ok(_) | Err(_) => (Nature::Unreachable, "the proxy did not answer".to_owned()),
    };
    Fault { why, nature }
}

fn unsafe_line(why: &str) -> Fault {
    Fault { why: format!("no secure connection: {why}"), nature: Nature::Permanent }
}

/// What is wrong with a server's certificate. There is no way round it but an authority that the user names.
#[expect(clippy::wildcard_enum_match_arm, reason = "the list of errors is open-ended")]
fn explain_tls(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return error.to_string();
    };
    match certificate {
        CertificateError::UnknownIssuer => {
            "the server's certificate is signed by no authority that this system trusts; if your network inspects \
             traffic, name its certificate with --ca-file"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired, or the clock of this computer is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet, or the clock of this computer is wrong".to_owned()
        }
        CertificateError::BadSignature => {
            "the signature under the server's certificate is wrong: another machine may be in between".to_owned()
        }
        CertificateError::Revoked => "the server's certificate has been revoked".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
