//! Why so much changes, as far as figures tell: each cause with its threshold and its sentence (DOMAIN F2).

use crate::{
    diff::Action,
    figures::{in_words, listed, percent, reaches, thousands},
    model::Kind,
    rekey::RekeyedCounts,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
};

/// So few schools are worth naming as the place of a breach.
pub const FEW_SCHOOLS: usize = 3;
/// They hold at least this part of the changes…
pub const FEW_SCHOOLS_PERCENT: u64 = 90;
/// …and there are at least so many times as many: two of three schools say nothing.
pub const FEW_SCHOOLS_TIMES: usize = 2;
/// From this part of what comes, or goes, on, another key for the same people is a cause.
pub const REKEYED_PERCENT: u64 = 20;
/// From this part of all deletes on, course memberships mean that the school year has changed.
pub const SCHOOL_YEAR_PERCENT: u64 = 75;
/// One role or profile, or one set of fields, makes up at least this part of the changes.
pub const ONE_SORT_PERCENT: u64 = 90;
/// A role or profile that makes up so much of all records is no news.
pub const USUAL_SORT_PERCENT: u64 = 50;

/// One cause with its figures. Stored with the run: never rename.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The roster holds nothing of a kind.
    KindMissing { kind: Kind },
    /// Schools of the mirror are not in the roster at all; `count` of the changes are there.
    SchoolsMissing { action: Action, schools: Vec<String>, missing: u64, count: u64, of: u64 },
    /// Every change is in one class.
    OneClass { kind: Kind, action: Action, class: String, school: Option<String>, count: u64 },
    /// Most changes are in a few of the schools.
    FewSchools { action: Action, schools: Vec<String>, count: u64, of: u64 },
    /// What goes comes under another sync key.
    Rekeyed { kind: Kind, counts: RekeyedCounts },
    /// Most of all that goes are memberships in courses.
    SchoolYear { course_memberships: u64, deletes: u64 },
    /// Most changes are of one role or profile that is not the usual one.
    OneSort { action: Action, sort: String, count: u64, of: u64 },
    /// Most updates change the same fields.
    SameFields { fields: Vec<String>, count: u64, of: u64 },
}

impl Cause {
    /// With every name that came from outside as `shown` makes it.
    #[must_use]
    pub fn with_names(mut self, shown: impl Fn(&str) -> String) -> Self {
        let names: Vec<&mut String> = match &mut self {
            Self::SchoolsMissing { schools, .. } | Self::FewSchools { schools, .. } => {
                schools.iter_mut().collect()
            }
            Self::OneClass { class, school, .. } => std::iter::once(class).chain(school.as_mut()).collect(),
            Self::OneSort { sort, .. } => vec![sort],
            Self::KindMissing { .. }
            | Self::Rekeyed { .. }
            | Self::SchoolYear { .. }
            | Self::SameFields { .. } => Vec::new(),
        };
        names.into_iter().for_each(|name| *name = shown(name));
        self
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::KindMissing { kind } => write!(f, "the roster holds no {kind}s at all"),
            Self::SchoolsMissing { action, schools, missing, count, of } => {
                let be = if *missing == 1 { "school is" } else { "schools are" };
                write!(
                    f,
                    "{} {be} missing from the roster altogether: {}",
                    in_words(*missing),
                    listed(schools)
                )?;
                let more = missing.saturating_sub(schools.len() as u64);
                if more > 0 {
                    write!(f, " and {} more", thousands(more))?;
                }
                write!(f, ", with {} of the {} {action}s", thousands(*count), thousands(*of))
            }
            Self::OneClass { kind, action, class, school, count } => {
                write!(f, "all {} {action}s of {kind}s are of one class: {class}", thousands(*count))?;
                school.as_ref().map_or(Ok(()), |school| write!(f, " at {school}"))
            }
            Self::FewSchools { action, schools, count, of } => {
                let noun = if schools.len() == 1 { "school" } else { "schools" };
                let number = in_words(schools.len() as u64);
                write!(f, "{} of the {action}s are in {number} {noun}: ", share(*count, *of))?;
                f.write_str(&listed(schools))
            }
            Self::Rekeyed { kind, counts } => write_rekeyed(f, *kind, counts),
            Self::SchoolYear { course_memberships, deletes } => write!(
                f,
                "looks like the change of school year: {} of the deletes are course memberships",
                share(*course_memberships, *deletes)
            ),
            Self::OneSort { action, sort, count, of } => {
                write!(f, "{} of the {action}s are of one sort: {sort}", share(*count, *of))
            }
            Self::SameFields { fields, count, of } => {
                write!(f, "{} of the updates change {} alone", share(*count, *of), listed(fields))
            }
        }
    }
}

/// As `92 %`, and of all as `all`.
fn share(count: u64, of: u64) -> String {
    if count == of { "all".to_owned() } else { format!("{} %", percent(count, of)) }
}

fn write_rekeyed(f: &mut Formatter<'_>, kind: Kind, counts: &RekeyedCounts) -> fmt::Result {
    let RekeyedCounts { deletes, creates, certain, likely, unsure } = *counts;
    let of = |count: u64, action: &str| {
        format!("{} {action}{}", thousands(count), if count == 1 { "" } else { "s" })
    };
    write!(f, "{} and {} of {kind}s look re-keyed: ", of(deletes, "delete"), of(creates, "create"))?;
    let classes = [(certain, "certain"), (likely, "likely"), (unsure, "unsure")];
    let told: Vec<String> = classes
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, class)| format!("{} {class}", thousands(*count)))
        .collect();
    f.write_str(&listed(&told))
}

/// The fewest schools that hold nearly all, if they are few among many. `schools` has the changes at each.
pub fn decide_few_schools(
    action: Action,
    schools: &BTreeMap<&str, u64>,
    of: u64,
    known: usize,
) -> Option<Cause> {
    let mut most: Vec<(&str, u64)> = schools.iter().map(|(school, count)| (*school, *count)).collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut count = 0;
    for (at, (_, here)) in most.iter().enumerate().take(FEW_SCHOOLS) {
        count += here;
        if reaches(count, of, FEW_SCHOOLS_PERCENT) {
            let few = known >= (at + 1) * FEW_SCHOOLS_TIMES;
            let schools = most[..=at].iter().map(|(school, _)| (*school).to_owned()).collect();
            return few.then_some(Cause::FewSchools { action, schools, count, of });
        }
    }
    None
}

/// `of` is how many records of the kind are created or deleted in all.
pub fn decide_rekeyed(kind: Kind, action: Action, counts: RekeyedCounts, of: u64) -> Option<Cause> {
    let part = match action {
        Action::Create => counts.creates,
        Action::Delete => counts.deletes,
        Action::Update => return None,
    };
    reaches(part, of, REKEYED_PERCENT).then_some(Cause::Rekeyed { kind, counts })
}

pub fn decide_school_year(course_memberships: u64, deletes: u64) -> Option<Cause> {
    reaches(course_memberships, deletes, SCHOOL_YEAR_PERCENT)
        .then_some(Cause::SchoolYear { course_memberships, deletes })
}

/// `usual` of `records` records of the kind are of the sort too.
pub fn decide_one_sort(
    action: Action,
    sort: &str,
    (count, of): (u64, u64),
    (usual, records): (u64, u64),
) -> Option<Cause> {
    let news = !reaches(usual, records, USUAL_SORT_PERCENT);
    (news && reaches(count, of, ONE_SORT_PERCENT)).then(|| Cause::OneSort {
        action,
        sort: sort.to_owned(),
        count,
        of,
    })
}

pub fn decide_same_fields(fields: &[&str], count: u64, of: u64) -> Option<Cause> {
    reaches(count, of, ONE_SORT_PERCENT).then(|| Cause::SameFields {
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        count,
        of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // DOMAIN F2
    #[test]
    fn few_schools_are_few_and_hold_nearly_all() {
        // (changes by school, schools in all, schools named)
        let cases: [(&[u64], usize, Option<usize>); 9] = [
            (&[90, 5, 5], 2, Some(1)),
            (&[89, 5, 6], 3, None),
            (&[91, 9], 2, Some(1)),
            (&[91, 9], 1, None),
            (&[50, 40, 10], 4, Some(2)),
            (&[50, 40, 10], 3, None),
            (&[40, 30, 20, 10], 6, Some(3)),
            (&[40, 30, 19, 11], 40, None),
            (&[30, 30, 20, 20], 40, None),
        ];
        let names = ["a", "b", "c", "d"];
        for (counts, known, expected) in cases {
            let schools = names.into_iter().zip(counts.iter().copied()).collect();
            let found = decide_few_schools(Action::Delete, &schools, 100, known);
            let named = found.map(|cause| match cause {
                Cause::FewSchools { schools, .. } => schools.len(),
                other => panic!("{other:?}"),
            });
            assert_eq!(named, expected, "{counts:?} of {known} schools");
        }
    }

    // DOMAIN F2
    #[test]
    fn shares_make_a_cause_from_their_threshold_on() {
        let rekeyed = |creates, deletes| RekeyedCounts { creates, deletes, ..RekeyedCounts::default() };
        for (at, cause) in [(19, false), (20, true), (21, true)] {
            let is_cause = |action, counts| decide_rekeyed(Kind::Person, action, counts, 100).is_some();
            assert_eq!(is_cause(Action::Delete, rekeyed(1, at)), cause, "{at} % of the deletes");
            assert_eq!(is_cause(Action::Create, rekeyed(at, 1)), cause, "{at} % of the creates");
            assert!(!is_cause(Action::Update, rekeyed(at, at)));
        }
        for (at, cause) in [(74, false), (75, true), (76, true)] {
            assert_eq!(decide_school_year(at, 100).is_some(), cause, "course memberships {at} %");
        }
        for (at, usual, cause) in [
            (89, 10, false),
            (90, 10, true),
            (91, 10, true),
            (100, 49, true),
            (100, 50, false),
            (100, 51, false),
        ] {
            let found = decide_one_sort(Action::Update, "Staff", (at, 100), (usual, 100));
            assert_eq!(found.is_some(), cause, "{at} % where {usual} % are usual");
        }
        for (at, cause) in [(89, false), (90, true), (91, true)] {
            assert_eq!(decide_same_fields(&["email"], at, 100).is_some(), cause, "same fields {at} %");
        }
        let nothing = decide_rekeyed(Kind::Person, Action::Delete, rekeyed(0, 0), 0);
        assert!(nothing.is_none() && decide_school_year(0, 0).is_none());
    }

    // DOMAIN F2
    #[test]
    fn each_cause_is_a_sentence() {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (delete, counts) = (
            Action::Delete,
            RekeyedCounts { deletes: 4_312, creates: 4_310, certain: 4_300, likely: 0, unsure: 12 },
        );
        let class = |school: Option<&str>| Cause::OneClass {
            kind: Kind::Membership,
            action: delete,
            class: "8A".to_owned(),
            school: school.map(str::to_owned),
            count: 28,
        };
        let missing = |schools: &[&str], missing| Cause::SchoolsMissing {
            action: delete,
            schools: texts(schools),
            missing,
            count: 1_412,
            of: 1_500,
        };
        let few = |schools: &[&str], count| Cause::FewSchools {
            action: delete,
            schools: texts(schools),
            count,
            of: 100,
        };
        let fields = Cause::SameFields { fields: texts(&["userid", "email"]), count: 95, of: 100 };
        let sort = Cause::OneSort { action: Action::Update, sort: "Staff".to_owned(), count: 95, of: 100 };
        let year = Cause::SchoolYear { course_memberships: 87, deletes: 100 };
        let cases = [
            (Cause::KindMissing { kind: Kind::Course }, "the roster holds no courses at all"),
            (
                missing(&["Nes skole"], 1),
                "one school is missing from the roster altogether: Nes skole, with 1,412 of the 1,500 deletes",
            ),
            (
                missing(&["a", "b"], 12),
                "12 schools are missing from the roster altogether: a and b and 10 more, with 1,412 of the 1,500 deletes",
            ),
            (class(Some("Nes skole")), "all 28 deletes of memberships are of one class: 8A at Nes skole"),
            (class(None), "all 28 deletes of memberships are of one class: 8A"),
            (few(&["a", "b", "c"], 92), "92 % of the deletes are in three schools: a, b and c"),
            (few(&["a"], 100), "all of the deletes are in one school: a"),
            (
                Cause::Rekeyed { kind: Kind::Person, counts },
                "4,312 deletes and 4,310 creates of persons look re-keyed: 4,300 certain and 12 unsure",
            ),
            (year, "looks like the change of school year: 87 % of the deletes are course memberships"),
            (sort, "95 % of the updates are of one sort: Staff"),
            (fields, "95 % of the updates change userid and email alone"),
        ];
        for (cause, text) in cases {
            assert_eq!(cause.to_string(), text);
            let stored = serde_json::to_string(&cause).unwrap();
            assert_eq!(serde_json::from_str::<Cause>(&stored).unwrap(), cause, "{stored}");
        }
    }
}
