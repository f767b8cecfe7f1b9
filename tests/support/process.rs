//! A child process that says when it is ready and dies with the test, however the test ends.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(60);
const KEPT_LINES: usize = 40;

/// A running server. Dropping it ends it.
pub struct Process {
    child: Child,
    name: String,
    end_signal: &'static str,
}

impl Process {
    /// Starts `command` and waits until it prints `ready`. `end_signal` ends it at once and completely.
    ///
    /// # Errors
    /// The last lines of a server that ended, or stayed silent, before it was ready.
    pub fn start(
        mut command: Command,
        ready: &'static str,
        end_signal: &'static str,
    ) -> Result<Self, String> {
        let name = format!("{command:?}");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            spawn_from_keeper(command).map_err(|error| format!("cannot start {name}: {error}"))?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, told) = mpsc::channel();
        follow(child.stdout.take().expect("stdout is piped"), ready, tell.clone(), log.clone());
        follow(child.stderr.take().expect("stderr is piped"), ready, tell, log.clone());
        let process = Self { child, name, end_signal };
        match told.recv_timeout(READY_WITHIN) {
            Ok(()) => Ok(process),
            Err(_) => {
                let lines: Vec<String> = log.lock().unwrap().iter().cloned().collect();
                Err(format!("{} did not get ready:\n{}", process.name, lines.join("\n")))
            }
        }
    }

    /// Sends a signal by its short name, for example `STOP`.
    pub fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("sh starts");
        assert!(sent.success(), "cannot send {signal} to {}", self.name);
    }

    /// Waits until it has ended by itself; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("a child can be waited for").code()
    }

    /// Ends the server and waits until it is gone.
    pub fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(self.end_signal);
        }
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads a stream to its end, so that the server never blocks on it, and reports the ready line.
fn follow(
    stream: impl Read + Send + 'static,
    ready: &'static str,
    tell: Sender<()>,
    log: Arc<Mutex<VecDeque<String>>>,
) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if line.contains(ready) {
                let _ = tell.send(());
            }
            let mut log = log.lock().unwrap();
            log.push_back(line);
            if log.len() > KEPT_LINES {
                log.pop_front();
            }
        }
    });
}

type Spawned = std::io::Result<Child>;
type Order = (Command, Sender<Spawned>);

/// `setpriv --pdeathsig` fires when the *thread* that started the child ends, and each test has its own. So
/// all servers are started by one thread that lives as long as the process.
fn spawn_from_keeper(command: Command) -> Spawned {
    static KEEPER: LazyLock<Mutex<Sender<Order>>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in taken {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, answered) = mpsc::channel();
    KEEPER.lock().unwrap().send((command, answer)).expect("the keeper lives as long as the process");
    answered.recv().expect("the keeper answers every order")
}

/// A command that is killed with this process. Its id is the server's own: `setpriv` is replaced by it.
pub fn dying_with_us(program: &Path) -> Command {
    let mut command = Command::new(found("setpriv"));
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// The path of a program, from PATH or from where Debian keeps servers.
pub fn found(program: &str) -> PathBuf {
    let on_path = env("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&on_path));
    folders.push(PathBuf::from("/usr/sbin"));
    folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{program} is not on this machine: run scripts/test, which installs it"))
}

/// A port that was free a moment ago. A server that finds it taken does not get ready; ask again then.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on the loopback interface");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// A name that no other test of this run uses.
pub fn unique_name(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "the one place where tests read their environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn we_are_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| output(Command::new("id").arg("-u")).trim() == "0")
}

/// What a command that must succeed prints.
pub fn output(command: &mut Command) -> String {
    let name = format!("{command:?}");
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed:\n{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Lets a server that must not run as root keep its files in a folder that root made.
pub fn give_to(user: &str, folder: &Path) {
    output(Command::new("chown").args([OsStr::new(user), folder.as_os_str()]));
}
