//! Bodies: of a request, whose client may not be too slow, and of an answer, until which the request is under way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::patience::Patience;
use super::slots::Busy;

/// A request's body ends with an error if no byte arrives for so long.
const STALL: Duration = Duration::from_secs(20);

/// The body of a request.
pub(crate) struct Patient<B> {
    body: B,
    patience: Patience,
}

impl<B> Patient<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body, patience: Patience::new(STALL) }
    }
}

impl<B> Body for Patient<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            let too_slow = ready!(this.patience.poll(cx));
            return Poll::Ready(Some(Err(too_slow.into())));
        };
        let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        this.patience.moved(bytes.map_or(0, Bytes::len));
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer.
pub(crate) struct UnderWay<B> {
    pub(crate) body: B,
    pub(crate) _busy: Busy,
}

impl<B: Body + Unpin> Body for UnderWay<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
