//! What a customer's feed may do against the standard, each by its name; by default nothing.

use serde::{Deserialize, Serialize};

/// One departure that is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leniency {
    /// `Scheduled` for `scheduled`, `TRUE` for `true`.
    WrongCase,
    /// Status `inactive`: read as `tobedeleted`.
    StatusInactive,
    /// `1/05/2023` is the first of May.
    DayFirstDates,
    /// Columns in another order, in another case, under an old name, beside unknown ones, or not there.
    MisspeltHeaders,
    /// What points at nothing is left out: a parent, a term, an enrollment.
    DanglingReferences,
    /// A file that the manifest promises and the bundle lacks counts as absent.
    MissingFile,
    /// A bundle without manifest is a full one, of the version that its users.csv shows.
    MissingManifest,
    /// All files of the ZIP lie in one folder.
    WrappingFolder,
    /// Windows-1252 and UTF-16 beside UTF-8.
    OtherEncodings,
    /// Line breaks in fields become blanks.
    LineBreaks,
    /// Required values that the roster can do without may be empty.
    EmptyRequired,
}
