//! The state that requests and workers share.

use std::io;
use std::sync::Arc;

use axum::extract::FromRef;
use tokio::task;

use crate::access::Access;
use crate::clock;
use crate::engine::Engine;
use crate::folders::Folders;
use crate::metrics::Metrics;
use crate::models::{Models, Offer};
use crate::options::Options;
use crate::problem::{Answer, Problem};
use crate::store::{Action, Event, Store, StoreError};
use crate::workers::Workers;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The state.
pub(crate) struct App {
    pub(crate) options: Options,
    pub(crate) access: Access,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) folders: Folders,
    pub(crate) store: Store,
    pub(crate) models: Models,
    pub(crate) workers: Workers,
    pub(crate) metrics: Metrics,
}

impl FromRef<Arc<App>> for Access {
    fn from_ref(app: &Arc<App>) -> Self {
        app.access.clone()
    }
}

impl App {
    /// Does work that waits for the disk, away from the threads that serve requests.
    pub(crate) async fn blocking<T: Send + 'static, E: std::error::Error + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Answer<T> {
        let app = Arc::clone(self);
        let done = task::spawn_blocking(move || work(&app)).await;
        done.map_err(|err| Problem::internal(&err))?.map_err(|err| Problem::internal(&err))
    }

    /// All models; what is new about them goes into the audit log.
    pub(crate) fn offers(&self) -> io::Result<Vec<Offer>> {
        let now = clock::now();
        let (offers, new) = self.models.look(now)?;
        for sha256 in new {
            let event =
                Event { model_sha256: Some(&sha256), ..Event::new("server", Action::ModelLoaded) };
            self.store.note(event, now).map_err(io::Error::other)?;
        }
        Ok(offers)
    }

    /// Seconds after which to come again, if so many jobs wait.
    pub(crate) fn retry_after(&self, waiting: u64) -> u64 {
        let jobs = (waiting as f64 / self.options.workers as f64).max(1.0);
        (jobs * self.metrics.mean_seconds()).ceil().clamp(1.0, 300.0) as u64
    }

    /// Removes what is older than the options allow.
    pub(crate) fn expire(&self) -> Result<(), StoreError> {
        let now = clock::now();
        let limit = now - i64::from(self.options.keep_days) * DAY;
        for id in self.store.ended_before(limit)? {
            let event = Event { job: Some(&id), ..Event::new("server", Action::Expired) };
            if self.store.remove(&id, event, now)? {
                self.folders.remove(&id);
            }
        }
        Ok(())
    }
}
