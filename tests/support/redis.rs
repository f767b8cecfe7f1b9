//! A throw-away Redis that can be killed, restarted empty, and stopped in the middle of a sentence.

use super::process::{Process, dying_with_us, env, found, free_port};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::TempDir;

const START_ATTEMPTS: usize = 5;

pub struct Redis {
    url: String,
    own: Option<Own>,
}

struct Own {
    port: u16,
    folder: TempDir,
    process: Process,
}

impl Redis {
    /// The server of the test run, for tests that do not harm it. Keep to keys of a `unique_name`.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Redis>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let redis = Arc::new(match env("ROLLOVER_TEST_REDIS") {
                Some(url) => Self { url, own: None },
                None => Self::start(),
            });
            *shared = Arc::downgrade(&redis);
            redis
        })
    }

    /// A server of this test alone, to be harmed.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder for redis");
        let (port, process) = (0..START_ATTEMPTS)
            .find_map(|_| {
                let port = free_port();
                launch(port, &folder).ok().map(|process| (port, process))
            })
            .unwrap_or_else(|| panic!("redis-server does not start on any of {START_ATTEMPTS} free ports"));
        Self { url: format!("redis://127.0.0.1:{port}/0"), own: Some(Own { port, folder, process }) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// As `kill -9`: connections break, the data is gone.
    pub fn kill(&mut self) {
        self.own().process.end();
    }

    /// Starts again on the same port, empty.
    pub fn restart(&mut self) {
        let own = self.own();
        own.process.end();
        own.process = launch(own.port, &own.folder).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The server stays connected and answers nothing until `resume`.
    pub fn pause(&mut self) {
        self.own().process.signal("STOP");
    }

    pub fn resume(&mut self) {
        self.own().process.signal("CONT");
    }

    /// Runs one command, for example `["FLUSHALL"]`, and returns what `redis-cli` prints.
    pub fn command(&self, words: &[&str]) -> String {
        super::process::output(Command::new(found("redis-cli")).args(["-u", &self.url]).args(words))
    }

    fn own(&mut self) -> &mut Own {
        self.own.as_mut().expect("only a server of Redis::start may be harmed")
    }
}

fn launch(port: u16, folder: &TempDir) -> Result<Process, String> {
    let mut command = dying_with_us(&found("redis-server"));
    command.args([
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--enable-debug-command",
        "yes",
    ]);
    command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
    Process::start(command, "Ready to accept connections", "KILL")
}
