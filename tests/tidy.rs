//! The rules of the house that a machine can check: who may name whom, file sizes, first lines, banned calls.
//!
//! Each rule reads source files as text. A failure names the file, the line and what to do.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 600;
const LONGEST_TEST: usize = 900;
const DEEPEST_FOLDER: usize = 3;
const SOURCES: [&str; 3] = ["src", "jobs/src", "roster/src"];

/// These words may stand in these places only; elsewhere, do what the last column says.
struct Fence {
    words: &'static [&'static str],
    within: &'static str,
    except: &'static [&'static str],
    instead: &'static str,
}

const FENCES: &[Fence] = &[
    Fence {
        words: &["apalis_core", "apalis_codec"],
        within: "src/",
        except: &["src/queue/", "src/telemetry.rs"],
        instead: "apalis lives only in src/queue: use queue::consume or Queue::publish",
    },
    Fence {
        words: &["sqlx"],
        within: "src/",
        except: &["src/ledger/", "src/site/embedded/", "src/telemetry.rs"],
        instead: "databases are reached only through the ledger: add a function to src/ledger",
    },
    Fence {
        words: &["SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE "],
        within: "src/",
        except: &["src/ledger/", "src/site/embedded/"],
        instead: "SQL stands only in src/ledger and src/site/embedded: move the statement there",
    },
    Fence {
        words: &["redis::"],
        within: "src/",
        except: &["src/queue/"],
        instead: "redis is reached only through the queue: add a function to src/queue",
    },
    Fence {
        words: &["rollover::", "sqlx", "axum", "redis", "lettre", "apalis"],
        within: "jobs/src/",
        except: &[],
        instead: "a job knows its ports only: add a method to a port in jobs/src/ports",
    },
    Fence {
        words: &["tokio", "sqlx", "reqwest", "rollover_jobs", "rollover::"],
        within: "roster/src/",
        except: &[],
        instead: "the roster is pure data: bring what it needs as an argument",
    },
    Fence {
        words: &["WriteProof::for_claimed_job"],
        within: "",
        except: &["src/engine/", "jobs/src/ports/", "tests/", "jobs/tests/"],
        instead: "only a claimed job may write: take the proof from the engine as an argument",
    },
    Fence {
        words: &["Utc::now", "SystemTime::now"],
        within: "",
        except: &["src/clock.rs", "tests/"],
        instead: "time is an argument: take a Clock",
    },
];

#[test]
fn every_word_stays_behind_its_fence() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "jobs", "roster", "tests"]) {
        for fence in FENCES.iter().filter(|fence| fence.holds(&file.path)) {
            breaches.extend(fence.breaches(&file));
        }
    }
    report(&breaches);
}

impl Fence {
    fn holds(&self, path: &str) -> bool {
        path.starts_with(self.within) && !self.except.iter().any(|free| path.starts_with(free))
    }

    fn breaches(&self, file: &File) -> Vec<String> {
        let words = self.words.iter();
        words
            .flat_map(|word| {
                let lines = file.code_lines().filter(move |(_, line)| names(line, word));
                lines.map(move |(number, _)| {
                    format!("{}:{number}: names `{word}`: {}", file.path, self.instead)
                })
            })
            .collect()
    }
}

#[test]
fn no_file_is_too_long() {
    let mut breaches = Vec::new();
    for file in rust_files(&["src", "jobs", "roster", "tests", "benches"]) {
        let is_test = file.path.contains("tests/") || file.path.ends_with("/tests.rs");
        let longest = if is_test { LONGEST_TEST } else { LONGEST_FILE };
        let lines = file.text.lines().count();
        if lines > longest {
            breaches.push(format!("{}:{longest}: has {lines} lines: split it by concept", file.path));
        }
    }
    report(&breaches);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let says_nothing = |file: &File| !file.text.starts_with("//! ");
    let breaches: Vec<String> = rust_files(&SOURCES)
        .iter()
        .filter(|file| says_nothing(file))
        .map(|file| {
            format!("{}:1: begin with `//! ` and one sentence that says what the file is for", file.path)
        })
        .collect();
    report(&breaches);
}

#[test]
fn no_folder_is_too_deep() {
    let mut breaches = Vec::new();
    for source in SOURCES {
        for file in rust_files(&[source]) {
            let folders = file.path[source.len() + 1..].matches('/').count();
            if folders > DEEPEST_FOLDER {
                breaches.push(format!(
                    "{}:1: lies {folders} folders deep: lift it to {DEEPEST_FOLDER}",
                    file.path
                ));
            }
        }
    }
    report(&breaches);
}

/// A page must work in a school whose network lets nothing else through, and tell nobody who reads it.
#[test]
fn pages_load_nothing_from_other_hosts() {
    let mut breaches = Vec::new();
    for file in files(&["src", "jobs"], &["html", "css", "js", "svg", "askama"]) {
        for (number, line) in numbered(&file.text) {
            let loads =
                ["src=\"", "href=\"", "url(", "@import \"", "from \"", "fetch(\""].iter().any(|opening| {
                    ["http://", "https://", "//"]
                        .iter()
                        .any(|scheme| line.contains(&format!("{opening}{scheme}")))
                });
            if loads && !line.contains("<a ") {
                breaches
                    .push(format!("{}:{number}: loads from another host: serve a copy ourselves", file.path));
            }
        }
    }
    report(&breaches);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let [postgres, sqlite] =
        ["postgres", "sqlite"].map(|engine| file_names(&root().join("migrations").join(engine)));
    let breaches: Vec<String> = postgres
        .symmetric_difference(&sqlite)
        .map(|name| {
            let (has, lacks) =
                if postgres.contains(name) { ("postgres", "sqlite") } else { ("sqlite", "postgres") };
            format!("migrations/{has}/{name}:1: add migrations/{lacks}/{name}, even if it changes nothing")
        })
        .collect();
    report(&breaches);
}

/// A map that names what is gone misleads.
#[test]
fn what_the_documents_name_is_there() {
    let mut breaches = Vec::new();
    for name in ["README.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for (number, line) in numbered(&text) {
            for path in line.split('`').skip(1).step_by(2).filter(|words| is_path(words)) {
                if !root().join(path).exists() {
                    breaches.push(format!("{name}:{number}: names `{path}`, which is not there"));
                }
            }
        }
    }
    report(&breaches);
}

/// A file or folder of this repository: no example, no pattern, no address.
fn is_path(words: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    let top = ["src", "jobs", "roster", "tests", "config", "scripts", "migrations", "benches", "docs"];
    words.chars().all(plain)
        && words.split_once('/').is_some_and(|(first, _)| top.contains(&first))
        && !words.contains("NNNN")
}

struct File {
    /// Relative to the workspace, with forward slashes.
    path: String,
    text: String,
}

impl File {
    /// Lines that run outside tests: no comments, nothing below `#[cfg(test)] mod …` (tests come last).
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        numbered(&self.text[..tests]).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Whether the line has the word, not merely as a part of a longer one.
fn names(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let glued = |at: usize| {
        let before = line[..at].chars().next_back().is_some_and(part_of_name);
        let after = line[at + word.len()..].chars().next().is_some_and(part_of_name);
        before || (after && word.ends_with(part_of_name))
    };
    line.match_indices(word).any(|(at, _)| !glued(at))
}

fn report(breaches: &[String]) {
    assert!(breaches.is_empty(), "{} broken rules:\n{}", breaches.len(), breaches.join("\n"));
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn rust_files(folders: &[&str]) -> Vec<File> {
    let mut found = files(folders, &["rs"]);
    // This file has to spell out what it forbids.
    found.retain(|file| file.path != "tests/tidy.rs");
    found
}

fn files(folders: &[&str], endings: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, endings, found);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(File { path: relative, text });
        }
    }
}

fn file_names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_word_is_found_alone_only() {
    assert!(names("use sqlx::Pool;", "sqlx"));
    assert!(!names("use my_sqlx::Pool;", "sqlx"));
    assert!(!names("let sqlx_pool = 1;", "sqlx"));
    assert!(names("let now = Utc::now();", "Utc::now"));
    assert!(names("\"SELECT 1\"", "SELECT "));
    assert!(!names("the Redis server", "redis"));
}
