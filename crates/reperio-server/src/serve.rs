//! The server's life.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use reperio_data::lock::{Lock, LockError};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::access::{self, Access, TokensError};
use crate::api;
use crate::app::App;
use crate::clock;
use crate::engine::Engine;
use crate::folders::Folders;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::net::{self, Limits, TlsError};
use crate::options::Options;
use crate::page;
use crate::problem::Problem;
use crate::record;
use crate::store::{Action, Event, Store, StoreError};
use crate::workers::{self, Workers};

/// How long jobs that run may take to end when the server stops; then they are put back into the queue. Containers
/// are given 10 seconds.
const GRACE: Duration = Duration::from_secs(7);

/// How often the caller is asked whether to stop.
const TICK: Duration = Duration::from_millis(50);

/// How often old jobs are looked for.
const EXPIRE_EVERY: Duration = Duration::from_mins(10);

/// Threads that wait for the disk.
const DISK_THREADS: usize = 32;

/// Bytes of a worker's stack: as many as the program's first thread has.
const STACK: usize = 8 << 20;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Everybody could use it.
    #[error("--address {0} can be reached from other machines, expected --tokens FILE too")]
    Open(SocketAddr),
    /// A folder cannot be used.
    #[error("cannot use {path}")]
    Folder {
        /// Folder.
        path: PathBuf,
        /// Operating-system reason.
        source: io::Error,
    },
    /// Another server uses the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// Address.
        address: SocketAddr,
        /// Operating-system reason.
        source: io::Error,
    },
    /// There are no threads.
    #[error("cannot start the server's threads")]
    Threads(#[source] io::Error),
}

/// Serves until `stopping` says so; `listening` is told the address once requests are answered.
///
/// Jobs that run when it stops get some seconds to end and otherwise wait for the next start, like those that a killed
/// server was running.
///
/// # Errors
///
/// If it cannot start.
pub fn serve(
    options: Options,
    engine: Arc<dyn Engine>,
    listening: impl FnOnce(SocketAddr),
    stopping: impl Fn() -> bool,
) -> Result<(), ServeError> {
    if options.tokens.is_none() && !options.address.ip().is_loopback() {
        return Err(ServeError::Open(options.address));
    }
    let tls = options.tls.as_ref().map(net::acceptor).transpose()?;
    let (app, _lock) = open(options, engine)?;
    let runtime = runtime()?;
    let (listener, address) = listen(&runtime, app.options.address)?;
    let (stop, stopped) = watch::channel(false);
    let limits = Limits { connections: app.options.connections };
    let serving = runtime.spawn(net::accept(listener, tls, limits, router(&app), stopped));
    let threads = start_workers(&app)?;
    note(&app, Action::ServerStarted);
    listening(address);
    let mut expired: Option<Instant> = None;
    while !stopping() {
        if expired.is_none_or(|at| at.elapsed() > EXPIRE_EVERY) {
            expired = Some(Instant::now());
            if let Err(err) = app.expire() {
                tracing::error!("cannot remove old jobs: {err}");
            }
        }
        thread::sleep(TICK);
    }
    app.workers.stop();
    let _ = stop.send(true);
    let since = Instant::now();
    while !app.workers.are_idle() && since.elapsed() < GRACE {
        thread::sleep(TICK);
    }
    app.workers.stop_running();
    for worker in threads {
        let _ = worker.join(); // A worker catches the panics of its jobs.
    }
    let _ = runtime.block_on(serving);
    note(&app, Action::ServerStopped);
    Ok(())
}

/// Opens what the server keeps, as it was left.
fn open(options: Options, engine: Arc<dyn Engine>) -> Result<(Arc<App>, Lock), ServeError> {
    let unusable = |path: &PathBuf| {
        let path = path.clone();
        move |source| ServeError::Folder { path, source }
    };
    let folders = Folders::open(&options.data).map_err(unusable(&options.data))?;
    let lock = Lock::folder(folders.data())?;
    let store = Store::open(&folders.store())?;
    let again = store.recover(clock::now())?;
    if again > 0 {
        tracing::warn!("{again} jobs that a server before was running wait again");
    }
    folders.sweep(&store.ids()?).map_err(unusable(&options.data))?;
    sweep_ended(&folders, &store, &options)?;
    let models = Models::new(options.models.clone(), folders.models(), Arc::clone(&engine));
    let (workers, metrics) = (Workers::default(), Metrics::default());
    let access = Access::new(&options, clock::now())?;
    let path = options.models.clone();
    let app = App { options, access, engine, folders, store, models, workers, metrics };
    app.offers().map_err(unusable(&path))?;
    // Here alone: later, an upload under way may be for a model that is no longer offered.
    app.models.sweep(&app.store.models_in_use()?).map_err(unusable(&app.options.data))?;
    Ok((Arc::new(app), lock))
}

/// Removes what a server that died between the end of a job and its cleaning has left.
fn sweep_ended(folders: &Folders, store: &Store, options: &Options) -> Result<(), StoreError> {
    if !options.keep_inputs {
        for id in store.ended()? {
            folders.remove_inputs(&id);
        }
    }
    for id in store.fruitless()? {
        folders.remove_out(&id);
    }
    Ok(())
}

fn runtime() -> Result<Runtime, ServeError> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).max_blocking_threads(DISK_THREADS).enable_all();
    builder.build().map_err(ServeError::Threads)
}

fn listen(runtime: &Runtime, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let cannot = |source| ServeError::Listen { address, source };
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    Ok((listener, bound))
}

fn start_workers(app: &Arc<App>) -> Result<Vec<thread::JoinHandle<()>>, ServeError> {
    let start = |i| {
        let app = Arc::clone(app);
        let builder = thread::Builder::new().name(format!("worker {i}")).stack_size(STACK);
        builder.spawn(move || workers::work(&app)).map_err(ServeError::Threads)
    };
    (0..app.options.workers).map(start).collect()
}

fn note(app: &App, action: Action) {
    if let Err(err) = app.store.note(Event::new("server", action), clock::now()) {
        tracing::error!("cannot write the audit log: {err}");
    }
}

/// All routes.
fn router(app: &Arc<App>) -> axum::Router {
    let (api, _) = api::router(app.access.clone());
    let unknown = || async { Problem::not_found("page") };
    let wrong = || async {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this page does not take that method")
    };
    api.merge(page::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong)
        .layer(DefaultBodyLimit::disable()) // Uploads have their own.
        .layer(middleware::from_fn_with_state(app.access.clone(), access::guard))
        .layer(middleware::map_response(careful))
        .layer(middleware::from_fn_with_state(Arc::clone(app), record::record))
        .layer(middleware::map_response(page::secure))
        .with_state(Arc::clone(app))
}

/// Tells browsers to be careful with an answer, where it does not say otherwise: what is no page is never shown as one, and
/// nothing about patients is kept.
async fn careful(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
