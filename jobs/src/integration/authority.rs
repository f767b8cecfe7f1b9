//! Decides who may end a pause or a window that somebody has set (DOMAIN P1, P2, S5).
//!
//! A step that runs on its date knows nothing of what was agreed on the phone. So it ends what its own plan has set, and
//! what the plans have set that it names; all else waits for a person, whose word always counts.

use crate::ports::Author;

/// May this author end it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndVerdict {
    Ends,
    /// Somebody else has set it, and a person must say that it is over.
    WaitsForPerson,
}

/// `also_of` are the plans of the same summer whose pauses and windows the step ends besides those of its own.
pub fn decide_end(set_by: &Author, asked_by: &Author, also_of: &[String]) -> EndVerdict {
    match (set_by, asked_by) {
        (_, Author::Person { .. }) => EndVerdict::Ends,
        (Author::Person { .. }, Author::Step { .. }) => EndVerdict::WaitsForPerson,
        (Author::Step { plan: set, year: then, .. }, Author::Step { plan: asked, year, .. }) => {
            if then == year && (set == asked || also_of.contains(set)) {
                EndVerdict::Ends
            } else {
                EndVerdict::WaitsForPerson
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::integration) fn person(name: &str) -> Author {
        Author::Person { name: name.to_owned() }
    }

    pub(in crate::integration) fn step(plan: &str, year: i32) -> Author {
        Author::Step { plan: plan.to_owned(), year, step: "any".to_owned() }
    }

    // DOMAIN P1, P2, S5
    #[test]
    fn a_step_ends_what_its_plans_have_set_and_a_person_everything() {
        let cases = [
            (person("Kari"), person("Kari"), &[][..], EndVerdict::Ends),
            (person("Kari"), person("Ingrid"), &[], EndVerdict::Ends),
            (step("eoy", 2024), person("Ingrid"), &[], EndVerdict::Ends),
            (person("Kari"), step("bts", 2024), &["eoy"], EndVerdict::WaitsForPerson),
            (step("eoy", 2024), step("eoy", 2024), &[], EndVerdict::Ends),
            (step("eoy", 2024), step("bts", 2024), &["eoy"], EndVerdict::Ends),
            (step("eoy", 2024), step("bts", 2024), &["summer_school", "eoy"], EndVerdict::Ends),
            (step("eoy", 2024), step("bts", 2024), &[], EndVerdict::WaitsForPerson),
            (step("change_of_mis", 2024), step("bts", 2024), &["eoy"], EndVerdict::WaitsForPerson),
            (step("eoy", 2023), step("bts", 2024), &["eoy"], EndVerdict::WaitsForPerson),
            (step("eoy", 2025), step("eoy", 2024), &[], EndVerdict::WaitsForPerson),
        ];
        for (set_by, asked_by, also_of, expected) in cases {
            let also_of: Vec<String> = also_of.iter().map(|plan| (*plan).to_owned()).collect();
            assert_eq!(
                decide_end(&set_by, &asked_by, &also_of),
                expected,
                "{set_by}, {asked_by}, {also_of:?}"
            );
        }
    }
}
