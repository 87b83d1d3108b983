//! Clients on the loopback address.

use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::*;

const CLOSE: &str = "Host: localhost\r\nConnection: close\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn server(connections: usize, tls: Option<TlsAcceptor>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(listener, tls, Limits { connections }, router(), stopped));
    Server { address, stop, task }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> String {
        exchange(&mut self.connect().await, &format!("GET {path} HTTP/1.1\r\n{CLOSE}")).await
    }

    /// A connection that has a request, which the server works on.
    async fn busy(&self) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            .await
            .unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100");
        stream
    }
}

#[tokio::test]
async fn a_request_carries_the_address_of_its_client() {
    let server = server(10, None).await;
    let answer = server.get("/peer").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_first_and_reads_later_is_told_why_its_upload_was_refused() {
    let server = server(10, None).await;
    let mut stream = server.connect().await;
    let head = "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 64000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..64 {
        stream.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("no"), "{answer}");
}

#[tokio::test]
async fn idle_connections_make_room_for_a_good_client() {
    let server = server(100, None).await;
    let mut idle = Vec::new();
    for i in 0..300 {
        idle.push(server.connect().await);
        if i % 100 == 50 {
            assert!(server.get("/").await.ends_with("hello"), "{i}");
        }
    }
    assert!(server.get("/").await.ends_with("hello"));
    // The first ones had to go; the last ones are still served.
    assert_eq!(idle[0].read(&mut [0]).await.unwrap_or_default(), 0);
    let last = exchange(idle.last_mut().unwrap(), &format!("GET / HTTP/1.1\r\n{CLOSE}")).await;
    assert!(last.ends_with("hello"), "{last}");
}

#[tokio::test]
async fn a_request_that_runs_is_not_ended_for_a_new_connection() {
    let server = server(3, None).await;
    let mut busy = Vec::new();
    for _ in 0..3 {
        busy.push(server.busy().await);
    }
    let refused = server.get("/").await;
    assert_eq!(refused, "");
    for stream in &mut busy {
        stream.write_all(b"123456789").await.unwrap();
        let mut answer = vec![0; 200];
        let mut text = String::new();
        while !text.ends_with('9') {
            let read = stream.read(&mut answer).await.unwrap();
            assert!(read > 0, "{text}");
            text.push_str(std::str::from_utf8(&answer[..read]).unwrap());
        }
        assert!(text.contains("HTTP/1.1 200"), "{text}");
    }
    // All are idle now.
    assert!(server.get("/").await.ends_with("hello"));
}

#[tokio::test]
async fn when_the_server_stops_running_requests_end_and_no_new_ones_begin() {
    let server = server(10, None).await;
    let mut busy = server.busy().await;
    let mut idle = server.connect().await;
    server.stop.send(true).unwrap();
    // The idle one is closed, and the port with it.
    assert_eq!(idle.read(&mut [0]).await.unwrap_or_default(), 0);
    assert!(TcpStream::connect(server.address).await.is_err());
    let answer = exchange(&mut busy, "123456789").await;
    assert!(answer.contains("connection: close") && answer.ends_with('9'), "{answer}");
    server.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn requests_that_do_not_end_are_ended_after_seven_seconds() {
    let mut tasks = JoinSet::new();
    tasks.spawn(std::future::pending());
    let start = tokio::time::Instant::now();
    finish(tasks, &Slots::new(1)).await;
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn connections_without_a_request_end_after_one_second() {
    let slots = Slots::new(1);
    let slot = slots.open().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { slot.closed().await });
    let start = tokio::time::Instant::now();
    finish(tasks, &slots).await;
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[test]
fn only_errors_of_the_system_make_the_server_wait() {
    assert!(is_of_the_client(&ErrorKind::ConnectionAborted.into()));
    let too_many_files = io::Error::from_raw_os_error(24);
    assert!(!is_of_the_client(&too_many_files));
}

#[tokio::test]
async fn an_error_of_the_system_costs_an_idle_connection_and_a_pause() {
    let slots = Slots::new(2);
    let slot = slots.open().unwrap();
    recover(&io::Error::from_raw_os_error(24), &slots).await;
    assert!(slot.begin().is_none());
}

/// A client that trusts this certificate alone.
fn connector(
    certificate: tokio_rustls::rustls::pki_types::CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn tls_of_both_versions_is_spoken_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (files, certificate) = tls::tests::files(&folder);
    let server = server(10, Some(acceptor(&files).unwrap())).await;
    for version in [&TLS12, &TLS13] {
        let connector = connector(certificate.clone(), version);
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, server.connect().await).await.unwrap();
        let answer = exchange(&mut stream, &format!("GET /large HTTP/1.1\r\n{CLOSE}")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("xxx"), "{version:?}");
        assert!(answer.len() > 4 << 20);
    }
    let plain = server.get("/").await;
    assert!(!plain.contains("hello"));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let (files, certificate) = tls::tests::files(&folder);
    let server = server(5, Some(acceptor(&files).unwrap())).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(server.connect().await);
    }
    let name = ServerName::try_from("localhost").unwrap();
    let connector = connector(certificate, &TLS13);
    let mut stream = connector.connect(name, server.connect().await).await.unwrap();
    let answer = exchange(&mut stream, &format!("GET / HTTP/1.1\r\n{CLOSE}")).await;
    assert!(answer.ends_with("hello"), "{answer}");
}
