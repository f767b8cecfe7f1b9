//! Tools from the Python index, each in an environment of its own, made once.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python in a folder under `target` that can import a module, from a package of the index. `None`: there is no way to
/// the index.
pub fn python_with(target: &Path, module: &str, package: &str) -> Option<PathBuf> {
    let folder = target.join(module);
    let python = folder.join("bin/python");
    // Tests of several processes may get here at a time; the first installs.
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    let import = format!("import {module}");
    if python.exists() && run(&python, ["-c", &import]).is_ok() {
        return Some(python);
    }
    let folder_name = folder.to_str().unwrap();
    if let Err(why) = run("python3", ["-m", "venv", folder_name]) {
        // Debian has the module in a package of its own.
        run("sudo", ["-n", "apt-get", "install", "-y", "-q", "python3-venv"])
            .or_else(|_| run("apt-get", ["install", "-y", "-q", "python3-venv"]))
            .unwrap_or_else(|apt| panic!("python3 has no venv: {why}\nand it cannot be installed: {apt}"));
        run("python3", ["-m", "venv", "--clear", folder_name]).unwrap();
    }
    match run(&python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", package]) {
        Ok(_) => Some(python),
        Err(why) if is_offline(&why) => None,
        Err(why) => panic!("{package} cannot be installed: {why}"),
    }
}

/// What pip says when no index can be reached, as against an index that has no such package.
fn is_offline(why: &str) -> bool {
    ["NewConnectionError", "Name or service not known", "Temporary failure in name resolution"]
        .iter()
        .any(|word| why.contains(word))
}

fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: impl IntoIterator<Item = A>,
) -> Result<String, String> {
    let out = Command::new(program).args(args).output().map_err(|error| error.to_string())?;
    if out.status.success() {
        Ok(String::from_utf8(out.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}
