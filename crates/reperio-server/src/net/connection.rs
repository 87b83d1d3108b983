//! One connection: HTTP/1 over a stream of bytes.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt;

use super::body::{self, UnderWay};
use super::slots::Slot;
use super::{Peer, stopped, stream};

/// From the first byte that we wait for, also after an earlier request, to the end of the headers.
const HEADERS: Duration = Duration::from_secs(10);
/// Bytes of the headers and of what is read at once. Their number is at most 100, hyper's default.
const BUFFER: usize = 64 * 1024;

/// Who is connected, and what answers.
pub(crate) struct Client {
    pub(crate) peer: Peer,
    pub(crate) slot: Slot,
    pub(crate) router: Router,
}

/// The place was given away just when a request came.
#[derive(Debug, thiserror::Error)]
#[error("the connection makes room for another")]
struct Closing;

impl Client {
    /// Serves requests until either side closes the connection. When the server stops, the request that runs is the last.
    pub(crate) async fn serve<S>(self, stream: S, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = TokioIo::new(stream::Patient::new(stream));
        let service = service_fn(|request| self.answer(request));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(BUFFER);
        let mut connection = pin!(builder.serve_connection(stream, service));
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = self.slot.closed() => return,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    result = connection.as_mut() => result,
                    () = self.slot.closed() => return,
                }
            }
        };
        if let Err(error) = result {
            tracing::debug!(peer = %self.peer.0, %error, "a connection broke");
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<UnderWay<Body>>, Closing> {
        let busy = self.slot.begin().ok_or(Closing)?;
        let mut request = request.map(|body| Body::new(body::Patient::new(body)));
        request.extensions_mut().insert(self.peer);
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        Ok(response.map(|body| UnderWay { body, _busy: busy }))
    }
}
