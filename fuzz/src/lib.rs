//! What the fuzz targets ask of the readers, beyond that none of them panics.

pub mod bundle;
pub mod damage;
pub mod imse;

use rollover_roster::{
    invent::{Invention, Municipality},
    model::Roster,
    read::{Lenient, ReadLimits, ReadOptions, ReadReport, ReadRoster},
};

/// The namespace by which the Norwegian profile is known.
pub const PIFU: &str = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1";

/// A school of a few persons: small enough to be read thousands of times a second.
pub fn invention() -> Invention {
    Invention { schools: 1, grades: 1, students_per_class: 2, courses_per_class: 1, ..Invention::small(1) }
}

pub fn invented() -> Roster {
    Municipality::new(&invention()).roster()
}

/// Limits that a small input can reach.
pub fn limits() -> ReadLimits {
    ReadLimits { bytes: 64 * 1024, depth: 16, records: 300, held: 300, elements: 600, text: 4_096, errors: 20 }
}

pub fn strict() -> ReadOptions {
    limits().into()
}

pub fn lenient() -> ReadOptions {
    ReadOptions { lenient: Lenient::all(), ..strict() }
}

/// A report that says nothing is no answer.
pub fn check_report(report: &ReadReport) {
    assert!(!report.is_empty(), "a report without an error");
    for error in &report.errors {
        assert!(!error.what.is_empty() && !error.fix.is_empty(), "an error that says nothing: {error}");
    }
}

/// What is right by the standard is read the same where more is allowed, and nothing is said to be let pass.
pub fn check_lenient(strictly: &ReadRoster, leniently: Result<ReadRoster, ReadReport>) {
    assert!(strictly.concessions.is_empty(), "strict reading lets nothing pass");
    let leniently = leniently.unwrap_or_else(|report| panic!("refused leniently alone: {report}"));
    assert!(leniently.concessions.is_empty(), "nothing had to be let pass: {:?}", leniently.concessions);
    assert_eq!(*strictly, leniently);
}
