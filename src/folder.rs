//! Looks whether a folder can be written into, making nothing.

use std::{io, path::Path};

/// What stands at the place of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Writable,
    /// Nothing yet, and it can be made.
    Missing,
}

/// An error says why neither holds.
pub fn look(path: &Path) -> io::Result<Found> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
        Ok(_) => try_writing(path).map(|()| Found::Writable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The parent of a bare name is the working folder.
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            look(parent.unwrap_or_else(|| Path::new("."))).map(|_| Found::Missing)
        }
        Err(error) => Err(error),
    }
}

/// A file without a name: it is gone when it is closed, however this process ends.
fn try_writing(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(folder).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        assert_eq!(look(folder.path()).unwrap(), Found::Writable);
        assert_eq!(look(&missing).unwrap(), Found::Missing);
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(look(&folder.path().join("file")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert!(look(&folder.path().join("file/under")).is_err());
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["file"]);
    }
}
