//! Digests of a snapshot's files, as `b3sum` writes and checks them: damage is seen before a file is parsed, since
//! parsers of Parquet may panic on it.

use std::{fmt::Write as _, fs::File, io, io::Write as _, path::Path};

/// The file with one line for each of the others.
const NAME: &str = "B3SUMS";

fn digest(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize())
}

/// Writes the digests of files that are complete, down to the disk.
pub(super) fn write(folder: &Path, names: &[String]) -> io::Result<()> {
    let mut lines = String::new();
    for name in names {
        writeln!(lines, "{}  {name}", digest(&folder.join(name))?).expect("a text takes any line");
    }
    let mut file = File::create_new(folder.join(NAME))?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()
}

/// Whether a file is what was written.
pub(super) fn check(folder: &Path, name: &str) -> Result<(), String> {
    let lines = std::fs::read(folder.join(NAME)).map_err(|error| format!("{NAME}: {error}"))?;
    let found = digest(&folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    let line = format!("{found}  {name}");
    if lines.split(|byte| *byte == b'\n').any(|written| written == line.as_bytes()) {
        Ok(())
    } else {
        Err(format!("{name} is not the file that was written"))
    }
}
