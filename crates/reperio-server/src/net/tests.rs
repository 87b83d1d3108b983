//! A small router behind real and made-up connections.

mod clients;
mod slow;

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::routing::{get, post};
use hyper::body::Frame;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf};

use super::*;

/// A body that is read from a stream.
pub(crate) struct Reader(DuplexStream);

impl Reader {
    pub(crate) fn new(stream: DuplexStream) -> Self {
        Self(stream)
    }
}

impl hyper::body::Body for Reader {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut bytes = [0; 64];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = Pin::new(&mut self.0).poll_read(cx, &mut buffer);
        let filled = buffer.filled();
        read.map(|read| {
            (!filled.is_empty()).then(|| read.map(|()| Frame::data(Bytes::copy_from_slice(filled))))
        })
    }
}

/// Answers with the length of the body, or says that it was too slow.
async fn length(body: Body) -> String {
    match axum::body::to_bytes(body, 1 << 20).await {
        Ok(bytes) => bytes.len().to_string(),
        Err(error) if is_too_slow(&error) => "too slow".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn router() -> Router {
    let peer = async |Extension(peer): Extension<Peer>| peer.0.ip().to_string();
    let later = async || {
        sleep(Duration::from_secs(5)).await;
        "later"
    };
    let forever = std::future::pending::<&'static str>;
    Router::new()
        .route("/", get(async || "hello"))
        .route("/peer", get(peer))
        .route("/length", post(length))
        .route("/refused", post(async || "no"))
        .route("/large", get(async || vec![b'x'; 4 << 20]))
        .route("/later", get(later))
        .route("/forever", get(forever))
}

/// The client's end of a connection without a network, and the sender that stops the server.
fn connect() -> (DuplexStream, watch::Sender<bool>) {
    let (client, server) = tokio::io::duplex(1024);
    let (stop, stopped) = watch::channel(false);
    let slot = Slots::new(1).open().expect("there is one place");
    let peer = Peer("192.0.2.1:5000".parse().unwrap());
    tokio::spawn(Client { peer, slot, router: router() }.serve(server, stopped));
    (client, stop)
}

/// Sends a request and reads until the server closes the connection.
async fn exchange(
    client: &mut (impl AsyncRead + tokio::io::AsyncWrite + Unpin),
    request: &str,
) -> String {
    let (mut read, mut write) = tokio::io::split(client);
    let mut answer = Vec::new();
    let send = async {
        let _ = write.write_all(request.as_bytes()).await; // The server may have had enough.
    };
    let receive = async {
        let _ = read.read_to_end(&mut answer).await;
    };
    tokio::join!(send, receive);
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}
