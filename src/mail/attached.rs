//! What goes with a status mail beside its text: the rows of the difference, where the customer allows it.

use super::{address::same_mailbox, rows};
use crate::ledger::MailRow;
use rollover_jobs::{Customer, Language, ports::RunRecord};
use rollover_roster::{
    diff::diff,
    snapshot::{SnapshotError, SnapshotId, SnapshotStore},
};

/// Marks in the HTML where a mail says what is attached.
pub(super) const PLACE: &str = "<!-- attached -->";

/// The rows of the difference, or why they are not there. Only ever in memory: it is children's data.
pub enum Attached {
    Rows {
        file_name: String,
        bytes: Vec<u8>,
        language: Language,
    },
    /// A mail that large might not arrive.
    TooLarge(Language),
    /// The rosters are not kept any more, or cannot be read here.
    NotThere(Language),
    /// The mail travels in the clear, or lies in a folder.
    NotSecret(Language),
}

/// Whether the rows go with this mail: only where the customer allows personal data by mail now, to a mailbox of the
/// customer's side, about a run that has a difference.
pub fn decide_attachment(customer: &Customer, mail: &MailRow, run: &RunRecord) -> bool {
    let settings = &customer.settings;
    let theirs = settings.status_mail_to.iter().any(|known| same_mailbox(known, &mail.recipient));
    settings.personal_data_by_mail
        && theirs
        && mail.kind == super::import_status::KIND
        && run.roster.is_some()
        && !run.planned.is_empty()
}

/// Reads both rosters: for a thread that may block. The site held `mirror` before the run, if anything.
pub fn rows_of_difference(
    snapshots: &SnapshotStore,
    roster: &SnapshotId,
    mirror: Option<&SnapshotId>,
    (run, language): (i64, Language),
) -> Result<Attached, SnapshotError> {
    let held = mirror.map(|mirror| snapshots.read(mirror)).transpose()?;
    let changes = diff(snapshots.read(roster)?, held.into_iter().flatten());
    let file_name = format!("rollover-run-{run}.csv");
    let bytes = rows::csv(changes, language, rows::LARGEST)?;
    Ok(bytes.map_or(Attached::TooLarge(language), |bytes| Attached::Rows { file_name, bytes, language }))
}

impl Attached {
    /// One paragraph for the mail's end.
    pub(super) fn said(&self) -> &'static str {
        match self {
            Self::Rows { language, .. } => match language {
                Language::English => {
                    "The changes are attached, one line each. They are personal data: delete the file when you are \
                     done with it."
                }
                Language::Bokmal => {
                    "Endringene er vedlagt, én linje for hver. De er personopplysninger: Slett filen når du er ferdig \
                     med den."
                }
                Language::Swedish => {
                    "Ändringarna bifogas, en rad för varje. De är personuppgifter: radera filen när du är klar med den."
                }
            },
            Self::TooLarge(language) => match language {
                Language::English => {
                    "The changes are not attached, since the file would be larger than 5 MB. The page of the run has \
                     the figures; support can give you the rows."
                }
                Language::Bokmal => {
                    "Endringene er ikke vedlagt, fordi filen ville blitt større enn 5 MB. Siden for kjøringen har \
                     tallene; support kan gi deg radene."
                }
                Language::Swedish => {
                    "Ändringarna bifogas inte, eftersom filen skulle bli större än 5 MB. Körningens sida har siffrorna; \
                     supporten kan ge dig raderna."
                }
            },
            Self::NotSecret(language) => match language {
                Language::English => {
                    "The changes are not attached, since this mail leaves without encryption. Support can give you the \
                     rows in another way."
                }
                Language::Bokmal => {
                    "Endringene er ikke vedlagt, fordi denne e-posten sendes uten kryptering. Support kan gi deg \
                     radene på en annen måte."
                }
                Language::Swedish => {
                    "Ändringarna bifogas inte, eftersom det här mejlet skickas utan kryptering. Supporten kan ge dig \
                     raderna på annat sätt."
                }
            },
            Self::NotThere(language) => match language {
                Language::English => {
                    "The changes are not attached, since the rosters they are made of cannot be read any more. The \
                     page of the run has the figures."
                }
                Language::Bokmal => {
                    "Endringene er ikke vedlagt, fordi importfilene de lages av, ikke lenger kan leses. Siden for \
                     kjøringen har tallene."
                }
                Language::Swedish => {
                    "Ändringarna bifogas inte, eftersom importfilerna de görs av inte längre kan läsas. Körningens sida \
                     har siffrorna."
                }
            },
        }
    }
}
