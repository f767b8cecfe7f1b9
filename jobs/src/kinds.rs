//! The list of every job kind: one file and one line here make a kind.

use crate::AnyKind;

/// Every kind that a worker can run. From this list follow dispatch, `rollover job enqueue`, the docs and the
/// contract tests.
pub static KINDS: &[&dyn AnyKind] = &[
    &crate::integration::ImportRoster,
    &crate::integration::UndoImport,
    &crate::integration::CheckRosterCame,
    &crate::integration::CheckSyncKeys,
    &crate::integration::PauseIntegration,
    &crate::integration::ResumeIntegration,
    &crate::integration::StartDelayDelete,
    &crate::integration::EndDelayDelete,
    &crate::general::SendStatusMail,
    &crate::general::PurgeSnapshots,
    &crate::general::SignOff,
    &crate::general::Noop,
];

/// The kind with this stored name.
pub fn find_kind(name: &str) -> Option<&'static dyn AnyKind> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}
