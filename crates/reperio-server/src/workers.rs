//! Threads that run the jobs, longest waiting first.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reperio_data::progress::{Observer, Progress};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock;
use crate::engine::{Failure, Report, Work};
use crate::expanded;
use crate::folders::Folders;
use crate::store::{self, End, Job};

/// The file with what the command prints.
pub(crate) const REPORT: &str = "result.json";

/// How often an idle worker looks for work that nobody told it of.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Told in place of an id where all should look for themselves.
pub(crate) const ALL: &str = "";

/// Ends of jobs that a slow listener may fall behind, after which it asks the store.
const ENDS: usize = 1024;

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobProgress)]
pub(crate) struct Advance {
    /// What is being done.
    pub(crate) task: String,
    /// Units done.
    pub(crate) done: u64,
    /// Units in all.
    pub(crate) total: u64,
    /// What is counted.
    pub(crate) unit: String,
}

/// A job that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// Somebody cancelled it.
    cancelled: AtomicBool,
    /// The server stops.
    stopped: AtomicBool,
    /// When it must have ended.
    deadline: Instant,
    advance: Mutex<Option<Advance>>,
}

impl Observer for Running {
    fn progress(&self, progress: Progress<'_>) {
        let Progress { task, done, total, unit } = progress;
        let advance = Advance { task: task.to_owned(), done, total, unit: unit.to_owned() };
        *lock(&self.advance) = Some(advance);
    }

    fn scalar(&self, _: &str, _: u64, _: f64) {}

    fn cancelled(&self) -> bool {
        self.is_cancelled() || self.stopped.load(Ordering::Relaxed) || self.is_late()
    }
}

impl Running {
    fn new(limit: Duration) -> Self {
        let deadline = Instant::now() + limit;
        let (cancelled, stopped) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { cancelled, stopped, deadline, advance: Mutex::default() }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        Instant::now() > self.deadline
    }

    /// How far it is.
    pub(crate) fn advance(&self) -> Option<Advance> {
        lock(&self.advance).clone()
    }
}

/// What the threads and those who wait for them share.
#[derive(Debug)]
pub(crate) struct Workers {
    running: Mutex<BTreeMap<String, Arc<Running>>>,
    /// How often somebody said that there is work.
    calls: Mutex<u64>,
    called: Condvar,
    stopping: AtomicBool,
    ended: broadcast::Sender<String>,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            calls: Mutex::default(),
            called: Condvar::new(),
            stopping: AtomicBool::new(false),
            ended: broadcast::channel(ENDS).0,
        }
    }
}

impl Workers {
    /// There is work.
    pub(crate) fn wake(&self) {
        *lock(&self.calls) += 1;
        self.called.notify_all();
    }

    /// Ids of jobs as they end, from now on.
    pub(crate) fn ended(&self) -> broadcast::Receiver<String> {
        self.ended.subscribe()
    }

    /// A job has ended.
    pub(crate) fn tell_ended(&self, id: &str) {
        let _ = self.ended.send(id.to_owned()); // Nobody may listen.
    }

    /// The job `id`, if it runs.
    pub(crate) fn running(&self, id: &str) -> Option<Arc<Running>> {
        lock(&self.running).get(id).cloned()
    }

    /// Asks a running job to stop. False if it does not run.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        let running = self.running(id);
        if let Some(running) = &running {
            running.cancelled.store(true, Ordering::Relaxed);
        }
        running.is_some()
    }

    /// No job begins any more, and nobody waits any longer for one to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.wake();
        self.tell_ended(ALL);
    }

    /// Asks all running jobs to stop, after [`stop`](Self::stop): they wait for the next start.
    pub(crate) fn stop_running(&self) {
        for running in lock(&self.running).values() {
            running.stopped.store(true, Ordering::Relaxed);
        }
    }

    /// Whether nothing runs.
    pub(crate) fn are_idle(&self) -> bool {
        lock(&self.running).is_empty()
    }

    fn are_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// A worker's life.
pub(crate) fn work(app: &App) {
    while !app.workers.are_stopping() {
        let calls = *lock(&app.workers.calls); // Before the look: a call after it is not missed.
        match app.store.begin(clock::now()) {
            Ok(Some(job)) => run(app, &job),
            Ok(None) => wait(&app.workers, calls),
            Err(err) => {
                tracing::error!("cannot begin a job: {err}");
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
}

/// Waits for a call beyond the first `calls`.
fn wait(workers: &Workers, calls: u64) {
    let unchanged = |now: &mut u64| *now == calls;
    let _ = workers.called.wait_timeout_while(lock(&workers.calls), LOOK_EVERY, unchanged);
}

/// Runs a job and says how it ended.
fn run(app: &App, job: &Job) {
    let running = Arc::new(Running::new(app.options.time_limit));
    lock(&app.workers.running).insert(job.id.clone(), Arc::clone(&running));
    let begun = clock::now();
    let end = panic::catch_unwind(AssertUnwindSafe(|| outcome(app, job, &running)));
    let end = end.unwrap_or_else(|_| {
        End::Failed("the program failed; the server's log says how".to_owned())
    });
    let now = clock::now();
    match app.store.end(&job.id, &end, now) {
        Ok(_) => app.metrics.job(job.kind, &end, now - begun),
        Err(err) => tracing::error!("cannot save how job {} ended: {err}", job.id),
    }
    if !app.options.keep_inputs && !matches!(end, End::Requeued) {
        app.folders.remove_inputs(&job.id);
    }
    tracing::info!("job {} {}", job.id, ended(&end));
    lock(&app.workers.running).remove(&job.id);
    app.workers.tell_ended(&job.id);
}

fn ended(end: &End) -> &'static str {
    match end {
        End::Done { .. } => "is done",
        End::Failed(_) => "failed",
        End::Cancelled => "was cancelled",
        End::Requeued => "waits for the next start",
    }
}

fn outcome(app: &App, job: &Job, running: &Arc<Running>) -> End {
    let (folders, id) = (&app.folders, &job.id);
    let inputs = match app.store.inputs(id) {
        Ok(inputs) => inputs,
        Err(err) => return broken(&err),
    };
    let out = folders.out(id);
    if let Err(err) = renew(&out) {
        return broken(&err);
    }
    let work = Work {
        kind: job.kind,
        model: job.model.clone(),
        model_folder: app.models.copy(&job.model_sha256),
        inputs: inputs.iter().map(|input| folders.input(id).join(&input.name)).collect(),
        out: out.clone(),
        options: job.options.clone(),
        threads: app.options.threads,
    };
    let observer: Arc<dyn Observer + Send + Sync> = Arc::<Running>::clone(running);
    let checked = expanded::check(&work.inputs, app.options.max_upload, &*observer);
    let result = checked.and_then(|()| app.engine.run(&work, observer));
    let end = match result {
        Ok(report) => finish(folders, &work, id, &report).unwrap_or_else(|err| broken(&err)),
        Err(Failure::Refused(text)) => End::Failed(folders.without_paths(&text, id, &work)),
        Err(Failure::Interrupted) if running.is_cancelled() => End::Cancelled,
        Err(Failure::Interrupted) if running.is_late() => {
            let minutes = app.options.time_limit.as_secs() / 60;
            End::Failed(format!("it ran for {minutes} minutes, the most that this server allows"))
        }
        Err(Failure::Interrupted) => End::Requeued,
    };
    if !matches!(end, End::Done { .. }) {
        let _ = fs::remove_dir_all(&out); // The next start removes what is left.
    }
    end
}

/// Writes the report beside the results, and lists them all.
fn finish(folders: &Folders, work: &Work, id: &str, report: &Report) -> io::Result<End> {
    let known = |text: &str| folders.without_paths(text, id, work);
    fs::write(work.out.join(REPORT), known(&report.json) + "\n")?;
    let mut files = Vec::new();
    list(&work.out, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let warnings = report.warnings.iter().map(|text| known(text)).collect();
    Ok(End::Done { files, warnings })
}

/// Adds the files below `folder`, whose path from the top is `prefix`, and brings them to the disk.
fn list(folder: &Path, prefix: &str, files: &mut Vec<store::File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|_| io::Error::other("a result's name is not UTF-8"))?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), files)?;
            continue;
        }
        let mut file = File::open(entry.path())?;
        let mut hash = Sha256::new();
        let bytes = io::copy(&mut file, &mut hash)?;
        file.sync_all()?;
        files.push(store::File { path, bytes, sha256: format!("{:x}", hash.finalize()) });
    }
    File::open(folder)?.sync_all()
}

/// An empty folder, whatever a run that died has left.
fn renew(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
        _ => fs::create_dir(folder),
    }
}

/// A fault of the server.
fn broken(err: &dyn std::error::Error) -> End {
    tracing::error!("{err}");
    End::Failed("the server failed; its log says why".to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
