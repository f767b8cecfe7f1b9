//! The files of a bundle, out of a ZIP or a folder: names, sizes and ratios are checked before anything is read.

use super::{
    report::{Reading, bundle_error, file_error},
    schema::{Table, UNREAD},
};
use crate::read::{Leniency, ReadReport, report::BROKEN_ZIP};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};
use zip::{ZipArchive, result::ZipError};

/// Entries of one ZIP; the standard knows twenty-odd.
const ENTRIES: u64 = 64;
/// How many times larger than in the ZIP a file may be. Rows of one kind shrink to a twentieth, a bomb to a thousandth.
const RATIO: u64 = 200;
/// So small that its ratio says nothing.
const RATIO_FROM: u64 = 1024 * 1024;
const READ_BUFFER: usize = 64 * 1024;

/// What can be read at random places: a file, or bytes in memory.
pub trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// A bundle that was opened and not yet read.
pub struct Bundle {
    place: Place,
    /// By name without folder: the entry of a ZIP, or nothing in a folder.
    files: BTreeMap<String, usize>,
    /// Names that only look like one of the standard's, for an error that says so.
    strangers: Vec<String>,
}

enum Place {
    Zip(Box<ZipArchive<Box<dyn Source>>>),
    Folder(PathBuf),
}

impl Bundle {
    /// A file is read as a ZIP, a folder by the names of the standard that lie in it.
    pub(super) fn open(path: &Path, reading: &mut Reading<'_>) -> Result<Self, ReadReport> {
        if path.is_dir() {
            return Self::open_folder(path, reading);
        }
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        Self::open_zip(Box::new(file), reading)
    }

    fn open_folder(path: &Path, reading: &mut Reading<'_>) -> Result<Self, ReadReport> {
        let root = path.canonicalize().map_err(|error| unreadable(&error))?;
        let mut bundle =
            Self { place: Place::Folder(root.clone()), files: BTreeMap::new(), strangers: Vec::new() };
        let mut all = 0;
        for entry in root.read_dir().map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !is_known(&name) {
                bundle.keep_stranger(name);
                continue;
            }
            let target = entry.path().canonicalize().map_err(|error| unreadable(&error))?;
            if !target.starts_with(&root) || !target.is_file() {
                let what = format!("{name} is no file of this folder");
                return Err(bundle_error(what, "put the file itself there, not a link to another place"));
            }
            let size = target.metadata().map_err(|error| unreadable(&error))?.len();
            all += size;
            check_size(&name, size, all, reading)?;
            bundle.files.insert(name, 0);
        }
        Ok(bundle)
    }

    pub(super) fn open_zip(
        mut source: Box<dyn Source>,
        reading: &mut Reading<'_>,
    ) -> Result<Self, ReadReport> {
        let size = source.seek(SeekFrom::End(0)).map_err(|error| unreadable(&error))?;
        if size > reading.limits().bytes {
            return Err(too_large("the bundle", reading.limits().bytes));
        }
        let announced = announced_entries(&mut source, size).map_err(|error| unreadable(&error))?;
        if announced > ENTRIES {
            let what = format!("the ZIP holds {announced} files; at most {ENTRIES} are read");
            return Err(bundle_error(what, "send the files of the standard alone"));
        }
        let mut archive = ZipArchive::new(source).map_err(|error| broken_zip(&error))?;
        if archive.has_duplicate_names() || archive.has_overlapping_entries().map_err(|e| broken_zip(&e))? {
            return Err(bundle_error(
                "two files of the ZIP share a name or their bytes",
                "pack the bundle again, each file once",
            ));
        }
        let names = entry_names(&archive, reading)?;
        let folder = wrapping_folder(&names, reading)?;
        let mut bundle =
            Self { place: Place::Zip(Box::new(archive)), files: BTreeMap::new(), strangers: Vec::new() };
        for (index, name) in names {
            let name = name.strip_prefix(&folder).unwrap_or(&name);
            if is_known(name) {
                bundle.files.insert(name.to_owned(), index);
            } else {
                bundle.keep_stranger(name.to_owned());
            }
        }
        Ok(bundle)
    }

    fn keep_stranger(&mut self, name: String) {
        if self.strangers.len() < ENTRIES as usize {
            self.strangers.push(name);
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A file whose name differs from this one in case alone.
    pub(super) fn in_wrong_case(&self, name: &str) -> Option<&str> {
        self.strangers.iter().map(String::as_str).find(|stranger| stranger.eq_ignore_ascii_case(name))
    }

    /// Opens one file; it is there.
    pub(super) fn read(&mut self, name: &str) -> io::Result<Box<dyn Read + '_>> {
        let index = *self.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        match &mut self.place {
            Place::Zip(archive) => {
                let entry = archive.by_index(index).map_err(io::Error::other)?;
                Ok(Box::new(io::BufReader::with_capacity(READ_BUFFER, entry)))
            }
            Place::Folder(root) => Ok(Box::new(File::open(root.join(name))?)),
        }
    }
}

fn is_known(name: &str) -> bool {
    name.strip_suffix(".csv").is_some_and(|name| {
        UNREAD.contains(&name) || Table::ALL.into_iter().any(|table| table.as_str() == name)
    })
}

/// How many entries the end of the ZIP announces: looked at first, since opening it makes room for each of them.
fn announced_entries(source: &mut Box<dyn Source>, size: u64) -> io::Result<u64> {
    const END: usize = 22;
    const LONGEST_COMMENT: u64 = 0xFFFF;
    let tail = size.min(END as u64 + LONGEST_COMMENT);
    source.seek(SeekFrom::Start(size - tail))?;
    let mut bytes = Vec::new();
    source.take(tail).read_to_end(&mut bytes)?;
    source.seek(SeekFrom::Start(0))?;
    let announced = bytes
        .windows(END)
        .filter(|window| window.starts_with(b"PK\x05\x06"))
        .map(|window| u64::from(u16::from_le_bytes([window[10], window[11]])))
        .max();
    Ok(announced.unwrap_or(0))
}

/// Every file with its index; folders are left out, what means harm is refused.
fn entry_names(
    archive: &ZipArchive<Box<dyn Source>>,
    reading: &mut Reading<'_>,
) -> Result<Vec<(usize, String)>, ReadReport> {
    let mut names = Vec::new();
    let mut all = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(|error| broken_zip(&error))?;
        let name = entry.name().map_err(|error| broken_zip(&error))?.into_owned();
        let shown: String = name.chars().take(60).collect();
        let refused = |what: &str, fix: &str| Err(bundle_error(format!("{shown:?} {what}"), fix));
        let is_plain = !name.contains(['\\', '\0', ':']) && !name.starts_with('/');
        if !is_plain || name.split('/').any(|part| part == "..") {
            return refused("is a path that leads out of the ZIP", "pack the files by their names alone");
        }
        if entry.encrypted() {
            return refused("is encrypted", "send the bundle without a password");
        }
        if entry.is_symlink() {
            return refused("is a link", "pack the file itself");
        }
        if entry.is_dir() {
            continue;
        }
        if name.to_ascii_lowercase().ends_with(".zip") {
            return refused("is a ZIP in the ZIP", "send the files of the standard at its root");
        }
        let size = entry.size();
        all = all.saturating_add(size);
        check_size(&shown, size, all, reading)?;
        if size > RATIO_FROM && size / entry.compressed_size().max(1) > RATIO {
            let what = format!("is packed to less than a {RATIO}th of its size");
            return refused(&what, "no roster is so uniform: look at what the MIS sends");
        }
        names.push((index, name));
    }
    Ok(names)
}

/// The one folder that all files lie in, with its slash; empty when they lie at the root.
fn wrapping_folder(names: &[(usize, String)], reading: &mut Reading<'_>) -> Result<String, ReadReport> {
    let of_systems = |name: &str| name.starts_with("__MACOSX/");
    let Some((_, deep)) = names.iter().find(|(_, name)| name.contains('/') && !of_systems(name)) else {
        return Ok(String::new());
    };
    let folder = deep.split_inclusive('/').next().unwrap_or_default().to_owned();
    let is_wrapped = names.iter().all(|(_, name)| {
        of_systems(name) || name.strip_prefix(&folder).is_some_and(|rest| !rest.contains('/'))
    });
    let what = "the files of the ZIP lie in a folder";
    if !is_wrapped {
        return Err(bundle_error(what, "pack them at its root"));
    }
    let fix = "pack them at its root, or allow a wrapping folder for this customer";
    if reading.lets_pass(Leniency::WrappingFolder, file_error("", 0, what, fix)) {
        return Ok(folder);
    }
    Err(bundle_error(what, fix))
}

fn check_size(name: &str, size: u64, all: u64, reading: &mut Reading<'_>) -> Result<(), ReadReport> {
    let limit = reading.limits().bytes;
    if size > limit {
        return Err(too_large(name, limit));
    }
    if all > limit.saturating_mul(2) {
        return Err(too_large("all files together", limit.saturating_mul(2)));
    }
    Ok(())
}

fn too_large(what: &str, limit: u64) -> ReadReport {
    bundle_error(format!("{what} has more than {limit} bytes"), "split the customer, or raise the limit")
}

fn unreadable(error: &io::Error) -> ReadReport {
    bundle_error(format!("the bundle cannot be read: {error}"), "look at the disk, and run the import again")
}

fn broken_zip(error: &ZipError) -> ReadReport {
    // Its text may repeat a name out of the file.
    let what = match error {
        ZipError::Io(error) => format!("the ZIP cannot be read: {}", error.kind()),
        ZipError::UnsupportedArchive(_) => "the ZIP is packed in a way that is not read".to_owned(),
        _ => "the file is no whole ZIP".to_owned(),
    };
    let mut report =
        bundle_error(what, "send a ZIP of the files of the standard; if one was sent, have it sent again");
    report.errors.iter_mut().for_each(|error| BROKEN_ZIP.clone_into(&mut error.record));
    report
}
