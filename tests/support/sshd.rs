//! A throw-away SSH server that speaks SFTP: the real one, with keys of its own, on a free port.

use super::process::{Process, dying_with_us, found, free_port, output, we_are_root};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const START_ATTEMPTS: usize = 5;

pub struct Sshd {
    port: u16,
    folder: TempDir,
    user: String,
    _process: Process,
}

impl Sshd {
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder for sshd");
        fs::create_dir(folder.path().join("out")).expect("the folder can be written");
        for key in ["host", "client"] {
            let file = folder.path().join(key);
            output(Command::new(found("ssh-keygen")).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file));
        }
        if we_are_root() {
            fs::create_dir_all("/run/sshd").expect("root makes the folder that sshd demands");
        }
        let user = output(Command::new("id").arg("-un")).trim().to_owned();
        let (port, process) = (0..START_ATTEMPTS)
            .find_map(|_| {
                let port = free_port();
                launch(port, &folder).ok().map(|process| (port, process))
            })
            .unwrap_or_else(|| panic!("sshd does not start on any of {START_ATTEMPTS} free ports"));
        Self { port, folder, user, _process: process }
    }

    /// The folder whose files it hands out.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// `sftp://user@127.0.0.1:port` and the path of a name in that folder.
    pub fn address(&self, name: &str) -> String {
        format!("sftp://{}@127.0.0.1:{}{}/{name}", self.user, self.port, self.out().display())
    }

    /// The private key that it lets in.
    pub fn client_key(&self) -> String {
        fs::read_to_string(self.folder.path().join("client")).expect("the key was made")
    }

    /// As `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        let line =
            output(Command::new(found("ssh-keygen")).arg("-lf").arg(self.folder.path().join("host.pub")));
        line.split_whitespace().nth(1).expect("length, fingerprint, name").to_owned()
    }
}

fn launch(port: u16, folder: &TempDir) -> Result<Process, String> {
    let place = |name: &str| folder.path().join(name).display().to_string();
    let mut command = dying_with_us(&found("sshd"));
    command.args(["-D", "-e", "-f", "/dev/null"]);
    for option in [
        format!("Port={port}"),
        "ListenAddress=127.0.0.1".to_owned(),
        format!("HostKey={}", place("host")),
        format!("AuthorizedKeysFile={}", place("client.pub")),
        "StrictModes=no".to_owned(),
        "PermitRootLogin=prohibit-password".to_owned(),
        "PasswordAuthentication=no".to_owned(),
        "KbdInteractiveAuthentication=no".to_owned(),
        "UsePAM=no".to_owned(),
        "PidFile=none".to_owned(),
        "Subsystem=sftp internal-sftp".to_owned(),
    ] {
        command.args(["-o", &option]);
    }
    Process::start(command, "Server listening on", "KILL")
}
