//! A throw-away PostgreSQL: one shared by the tests of a run, or one of a test's own that can be restarted.

use super::process::{
    Process, dying_with_us, env, found, free_port, give_to, output, unique_name, we_are_root,
};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::TempDir;

const START_ATTEMPTS: usize = 5;
const READY: &str = "database system is ready to accept connections";
/// To the first process alone; it ends all others and leaves nothing behind, which `KILL` would.
const IMMEDIATE_STOP: &str = "QUIT";
/// PostgreSQL refuses to run as root; Debian's package brings this user.
const SERVER_USER: &str = "postgres";

pub struct Postgres {
    /// An address with its last part, the database, open: `postgres://user@host:port`.
    server_url: String,
    own: Option<Own>,
}

struct Own {
    port: u16,
    process: Mutex<Process>,
    /// Dropped after the process that writes into it.
    folder: TempDir,
}

/// An empty database of one test. Dropping it removes it, whoever is still connected.
pub struct Database {
    name: String,
    url: String,
    postgres: Arc<Postgres>,
}

impl Postgres {
    /// The server of the test run, for tests that only need a database of their own.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let postgres = match env("ROLLOVER_TEST_POSTGRES") {
                Some(url) => Self { server_url: without_database(&url), own: None },
                None => Self::start(),
            };
            let postgres = Arc::new(postgres);
            *shared = Arc::downgrade(&postgres);
            postgres
        })
    }

    /// A server of this test alone, to be restarted. It takes one to two seconds to start.
    pub fn start_own() -> Arc<Self> {
        Arc::new(Self::start())
    }

    /// A new empty database, in about 50 ms.
    pub fn fresh_database(self: &Arc<Self>) -> Database {
        let name = unique_name("test");
        self.run_sql(&format!("CREATE DATABASE {name}"));
        Database { url: format!("{}/{name}", self.server_url), name, postgres: self.clone() }
    }

    /// As a crash: every connection breaks at once. Nobody can connect until [`Self::start_again`].
    pub fn stop_immediately(&self) {
        self.own().process.lock().unwrap().end();
    }

    /// On the same port, with the data that was committed.
    pub fn start_again(&self) {
        let own = self.own();
        *own.process.lock().unwrap() =
            launch(own.port, own.folder.path()).unwrap_or_else(|error| panic!("{error}"));
    }

    pub fn restart(&self) {
        self.stop_immediately();
        self.start_again();
    }

    fn own(&self) -> &Own {
        self.own.as_ref().expect("only a server of Postgres::start_own may be harmed")
    }

    fn start() -> Self {
        let folder = TempDir::new().expect("a folder for postgres");
        if we_are_root() {
            give_to(SERVER_USER, folder.path());
        }
        initialise(folder.path());
        let (port, process) = (0..START_ATTEMPTS)
            .find_map(|_| {
                let port = free_port();
                launch(port, folder.path()).ok().map(|process| (port, process))
            })
            .unwrap_or_else(|| panic!("postgres does not start on any of {START_ATTEMPTS} free ports"));
        Self {
            server_url: format!("postgres://rollover@127.0.0.1:{port}"),
            own: Some(Own { port, process: Mutex::new(process), folder }),
        }
    }

    fn run_sql(&self, sql: &str) {
        let url = format!("{}/postgres", self.server_url);
        output(Command::new(found("psql")).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, &url]));
    }
}

impl Database {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server it lives on, to be stopped and started again.
    pub fn server(&self) -> &Postgres {
        &self.postgres
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A second panic, while a failed test unwinds, would hide the first.
        if !std::thread::panicking() {
            self.postgres.run_sql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn initialise(folder: &Path) {
    let mut initdb = as_server_user(&found("initdb"));
    initdb.args(["--no-sync", "--auth", "trust", "--username", "rollover", "--encoding", "UTF8"]);
    initdb.args(["--locale", "C.UTF-8", "--pgdata"]).arg(folder.join("data"));
    output(initdb.current_dir(folder));
}

/// `fsync=off` loses data only when the machine crashes, which no test does: a commit outlasts a killed server.
fn launch(port: u16, folder: &Path) -> Result<Process, String> {
    let mut server = as_server_user(&found("postgres"));
    server.current_dir(folder).arg("-D").arg(folder.join("data"));
    let port = format!("port={port}");
    for setting in [
        port.as_str(),
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "full_page_writes=off",
        "max_connections=200",
        "shared_buffers=32MB",
    ] {
        server.args(["-c", setting]);
    }
    Process::start(server, READY, IMMEDIATE_STOP)
}

fn as_server_user(program: &Path) -> Command {
    if !we_are_root() {
        return dying_with_us(program);
    }
    let mut command = Command::new(found("setpriv"));
    command.args(["--reuid", SERVER_USER, "--regid", SERVER_USER, "--clear-groups"]);
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// `postgres://host/name?options` without its name; tests connect to databases of their own.
fn without_database(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..].find('/').map_or(url.len(), |at| after_scheme + at);
    url[..end].to_owned()
}
