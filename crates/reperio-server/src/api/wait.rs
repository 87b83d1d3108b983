//! Waiting for a job to end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time;

use crate::app::App;
use crate::problem::{Answer, Problem};
use crate::store::Job;
use crate::workers::ALL;

/// The job `id` as it is once it has ended, the server stops, or after `limit`; `ended` listens since before it was accepted.
pub(crate) async fn until_ended(
    app: &Arc<App>,
    id: &str,
    mut ended: Receiver<String>,
    limit: Duration,
) -> Answer<Job> {
    let heard = async {
        loop {
            let has_ended = match ended.recv().await {
                Ok(own) => own == id || own == ALL,
                Err(RecvError::Lagged(_)) => look(app, id).await?.state.has_ended(),
                Err(RecvError::Closed) => true,
            };
            if has_ended {
                return Answer::Ok(());
            }
        }
    };
    if !look(app, id).await?.state.has_ended() {
        let _ = time::timeout(limit, heard).await; // The store has the last word.
    }
    look(app, id).await
}

async fn look(app: &Arc<App>, id: &str) -> Answer<Job> {
    let id = id.to_owned();
    let job = app.blocking(move |app| app.store.job(&id)).await?;
    job.ok_or_else(|| Problem::not_found("job"))
}
