//! A server in this process, and a client of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reperio_data::progress::{Observer, Progress};
use reperio_server::{Description, Engine, Failure, Kind, Options, Report, Target, Work, serve};
use serde_json::Value;
use tempfile::TempDir;

/// What a job says that was asked to panic.
pub(crate) const WANTED_PANIC: &str = "asked to panic";

/// Scores a file by its size. Does as the file says: `refuse`, `panic`, `wait` (until the gate opens or it is cancelled).
#[derive(Default)]
pub(crate) struct Sizes {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Sizes {
    /// Lets the jobs that wait go on.
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn wait(&self, observer: &dyn Observer) -> Result<(), Failure> {
        let mut open = self.open.lock().unwrap();
        while !*open {
            if observer.cancelled() {
                return Err(Failure::Interrupted);
            }
            open = self.opened.wait_timeout(open, Duration::from_millis(5)).unwrap().0;
        }
        Ok(())
    }
}

impl Engine for Sizes {
    fn describe(&self, file: &Path) -> Result<Description, String> {
        let text = fs::read_to_string(file).map_err(|err| err.to_string())?;
        if text != "a model" {
            return Err(format!("model {} is damaged", file.display()));
        }
        let target = Target {
            column: "disease".into(),
            kind: "binary".into(),
            outputs: vec!["sick".into()],
        };
        Ok(Description { targets: vec![target], trained_on: 12 })
    }

    fn run(
        &self,
        work: &Work,
        observer: Arc<dyn Observer + Send + Sync>,
    ) -> Result<Report, Failure> {
        let mut table = "repertoire_id\tprobability\n".to_owned();
        for path in &work.inputs {
            let text = fs::read_to_string(path).unwrap_or_default();
            observer.progress(Progress { task: "scoring", done: 0, total: 1, unit: "repertoires" });
            match text.trim() {
                "refuse" => {
                    let text = format!("{}:1: no header, expected one", path.display());
                    return Err(Failure::Refused(text));
                }
                "panic" => panic!("{WANTED_PANIC}"),
                "wait" => self.wait(&*observer)?,
                _ => {}
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            writeln!(table, "{name}\t{}", text.len()).unwrap();
        }
        fs::write(work.out.join("scores.tsv"), &table).unwrap();
        let page = if work.kind == Kind::Score { "scores.html" } else { "report.html" };
        fs::write(work.out.join(page), "<!doctype html><title>page</title>").unwrap();
        if work.kind == Kind::Explain {
            fs::create_dir_all(work.out.join("repertoires/a")).unwrap();
            fs::write(work.out.join("repertoires/a/report.html"), "<p>a</p>").unwrap();
        }
        let (out, n) = (work.out.join("scores.tsv"), work.inputs.len());
        let json = format!("{{\"out\": \"{}\", \"n\": {n}}}", out.display());
        Ok(Report { json, warnings: vec![format!("read with {:?}", work.options)] })
    }
}

/// A server, which stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) engine: Arc<Sizes>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Folders of a server, which outlive it.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("models")).unwrap();
        fs::write(dir.path().join("models/demo.safetensors"), "a model").unwrap();
        Self(dir)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            address: ([127, 0, 0, 1], 0).into(),
            models: self.0.path().join("models"),
            data: self.data(),
            tokens: None,
            tls: None,
            hosts: Vec::new(),
            max_upload: 1 << 20,
            workers: 2,
            threads: 1,
            time_limit: Duration::from_mins(10),
            queue: 100,
            keep_days: 30,
            keep_inputs: false,
            rate: 100_000,
            connections: 100,
        }
    }

    pub(crate) fn start(&self) -> Server {
        Server::start(self.options())
    }
}

impl Server {
    pub(crate) fn start(options: Options) -> Self {
        let (engine, stop) = (Arc::new(Sizes::default()), Arc::new(AtomicBool::new(false)));
        let (own, stopping) = (Arc::<Sizes>::clone(&engine), Arc::clone(&stop));
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let listening = |address| tell.send(address).unwrap();
            serve(options, own, listening, || stopping.load(Ordering::Relaxed)).unwrap();
        });
        let address = told.recv().expect("the server starts");
        Self { url: format!("http://{address}"), engine, stop, thread: Some(thread) }
    }

    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends well");
        }
    }

    /// Sends a request with these headers and this body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
        let agent: ureq::Agent = agent.into();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body).unwrap()).unwrap();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Answer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: response.body_mut().read_to_vec().unwrap(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    /// Posts a file called `a.tsv` to be scored, and waits for the result.
    pub(crate) fn score(&self, content: &str) -> Answer {
        self.send("POST", "/v1/score?model=demo&name=a.tsv", &[], content.as_bytes())
    }

    /// The same without waiting; returns the id of the job.
    pub(crate) fn submit(&self, content: &str) -> String {
        let headers = [("Prefer", "respond-async")];
        let path = "/v1/score?model=demo&name=a.tsv";
        let answer = self.send("POST", path, &headers, content.as_bytes());
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The job `id` once it is in one of these states.
    pub(crate) fn until(&self, id: &str, states: &[&str]) -> Value {
        for _ in 0..2000 {
            let job = self.get(&format!("/v1/jobs/{id}")).json();
            if states.contains(&job["state"].as_str().unwrap()) {
                return job;
            }
            thread::yield_now();
        }
        panic!("job {id} is never in a state of {states:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.end();
        }
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    /// The status and the text of an error.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        (self.status, problem["detail"].as_str().unwrap().to_owned())
    }
}

/// The body of a form with these files, and its media type.
pub(crate) fn form(files: &[(&str, &str)]) -> (String, Vec<u8>) {
    let mut body = String::new();
    for (name, content) in files {
        let head = "Content-Disposition: form-data; name=\"file\"; filename=";
        write!(body, "--edge\r\n{head}\"{name}\"\r\n\r\n{content}\r\n").unwrap();
    }
    body += "--edge--\r\n";
    ("multipart/form-data; boundary=edge".to_owned(), body.into_bytes())
}
