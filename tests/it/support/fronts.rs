//! What stands between a client and a server: encryption, and proxies.
//!
//! Each front listens on loopback and leads to one port there, whatever host the client wanted.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An authority that vouches for certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as a file holds it.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }
}

/// What a server's certificate says.
pub(crate) struct Certificate {
    chain: Vec<u8>,
    key: Vec<u8>,
    /// The certificate as a file holds it.
    pub(crate) pem: String,
}

impl Certificate {
    /// For a name, good until the beginning of a year; signed by itself if there is no authority.
    pub(crate) fn new(name: &str, until: i32, by: Option<&Authority>) -> Self {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let made = match by {
            Some(authority) => params.signed_by(&key, &authority.issuer),
            None => params.self_signed(&key),
        };
        let made = made.unwrap();
        Self { chain: made.der().to_vec(), key: key.serialize_der(), pem: made.pem() }
    }
}

/// Speaks TLS in front of a server that does not; answers with its port.
pub(crate) fn tls(certificate: &Certificate, backend: u16) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.key.clone()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.chain.clone().into()], key)
        .unwrap();
    let config = Arc::new(config);
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
        let mut client = StreamOwned::new(connection, stream);
        // A client that does not trust us ends it here.
        let request = head(&mut client)?;
        let mut server = TcpStream::connect(("127.0.0.1", backend)).ok()?;
        server.write_all(&request).ok()?;
        copy(&mut server, &mut client);
        client.conn.send_close_notify();
        client.flush().ok()
    })
}

/// What a proxy was asked, one entry per connection.
pub(crate) type Heard = Arc<Mutex<Vec<String>>>;

/// A proxy that is asked to `CONNECT`. It leads to `backend`, or answers with `refusal`.
pub(crate) fn connect_proxy(backend: u16, refusal: Option<&'static str>) -> (u16, Heard) {
    let heard = Heard::default();
    let log = Arc::clone(&heard);
    let port = listen(move |mut client| {
        let request = String::from_utf8(head(&mut client)?).ok()?;
        log.lock().unwrap().push(request);
        if let Some(status) = refusal {
            return write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").ok();
        }
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
        tunnel(&client, backend)
    });
    (port, heard)
}

/// A proxy that speaks SOCKS 5 and looks names up itself.
///
/// Source: RFC 1928, sections 3 to 6.
pub(crate) fn socks_proxy(backend: u16) -> (u16, Heard) {
    let heard = Heard::default();
    let log = Arc::clone(&heard);
    let port = listen(move |mut client| {
        let mut two = [0; 2];
        client.read_exact(&mut two).ok()?;
        let mut methods = vec![0; usize::from(two[1])];
        client.read_exact(&mut methods).ok()?;
        client.write_all(&[5, 0]).ok()?;
        let mut request = [0; 5];
        client.read_exact(&mut request).ok()?;
        assert_eq!(request[..4], [5, 1, 0, 3], "connect, to a name");
        let mut name = vec![0; usize::from(request[4]) + 2];
        client.read_exact(&mut name).ok()?;
        let port = u16::from_le_bytes([name.pop()?, name.pop()?]);
        log.lock().unwrap().push(format!("{}:{port}", String::from_utf8(name).ok()?));
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).ok()?;
        tunnel(&client, backend)
    });
    (port, heard)
}

/// Serves each connection on a thread of its own; one that breaks is part of the game.
fn listen(serve: impl Fn(TcpStream) -> Option<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// A request up to its empty line.
fn head(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(head)
}

fn tunnel(client: &TcpStream, backend: u16) -> Option<()> {
    let server = TcpStream::connect(("127.0.0.1", backend)).ok()?;
    let (mut up_from, mut up_to) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        copy(&mut up_from, &mut up_to);
        let _ = up_to.shutdown(Shutdown::Write);
    });
    copy(&mut &server, &mut &*client);
    client.shutdown(Shutdown::Both).ok()
}

/// Copies until either side has had enough.
fn copy(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}
