//! Connections: how many are open, how long a client may take, and how they end.

mod body;
mod connection;
mod patience;
mod slots;
mod stream;
mod tls;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub(crate) use patience::is_too_slow;
pub use tls::TlsError;
pub(crate) use tls::acceptor;

use connection::Client;
use slots::Slots;

/// A TLS handshake that takes longer ends its connection.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When the server stops: until connections without a request are closed, and until all others are, in addition.
const STOP: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(6)];
/// Pause after the system had nothing left for another connection.
const PAUSE: Duration = Duration::from_millis(200);
/// Files that are open besides connections.
const FILES: u64 = 1024;

/// The address of the client, which every request carries as an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections that may be open.
    pub(crate) connections: usize,
}

/// Serves connections until `stop` is true (or its sender is gone), then lets requests that run end.
///
/// When all places are taken, the connection that has been without a request for the longest time makes room. If all have
/// one, the new connection is refused.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    raise_file_limit(limits.connections);
    let slots = Slots::new(limits.connections);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => if let Some(slot) = slots.open() {
                    let client = Client { peer: Peer(peer), slot, router: router.clone() };
                    tasks.spawn(serve(stream, tls.clone(), client, watch::Receiver::clone(&stop)));
                } else {
                    tracing::debug!(%peer, "refused a connection: all have requests");
                },
                Err(error) => recover(&error, &slots).await,
            },
        }
    }
    drop(listener);
    finish(tasks, &slots).await;
}

/// Waits until the server stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await; // An error means that its sender is gone.
}

/// One connection, with or without TLS.
async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    client: Client,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true); // Slower without it, no more.
    let Some(tls) = tls else { return client.serve(stream, stop).await };
    let slot = client.slot.clone();
    let handshake = timeout(HANDSHAKE, tls.accept(stream));
    let stream = tokio::select! {
        stream = handshake => stream,
        () = slot.closed() => return,
    };
    match stream {
        Ok(Ok(stream)) => client.serve(stream, stop).await,
        Ok(Err(error)) => tracing::debug!(peer = %client.peer.0, %error, "no TLS"),
        Err(_) => tracing::debug!(peer = %client.peer.0, "the TLS handshake took too long"),
    }
}

/// Waits after an error, which is never a reason to end: the system had too many open files, or no memory.
async fn recover(error: &io::Error, slots: &Arc<Slots>) {
    if is_of_the_client(error) {
        return;
    }
    tracing::warn!(%error, "cannot accept a connection");
    slots.close_longest_idle();
    sleep(PAUSE).await;
}

/// Whether only the connection that was to be accepted is lost.
fn is_of_the_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn finish(mut tasks: JoinSet<()>, slots: &Slots) {
    for patience in STOP {
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(patience, all).await.is_ok() {
            return;
        }
        slots.close_idle();
    }
    tracing::warn!(connections = tasks.len(), "ended connections whose requests took too long");
    tasks.shutdown().await;
}

/// Lets the process open as many files as so many connections need, if the system allows it.
fn raise_file_limit(connections: usize) {
    let wanted = (connections as u64).saturating_mul(2).saturating_add(FILES);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit >= wanted => {}
        Ok(limit) => tracing::warn!(limit, wanted, "fewer open files are allowed than wanted"),
        Err(error) => tracing::warn!(%error, wanted, "cannot raise the limit of open files"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
