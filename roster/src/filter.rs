//! The Filter: too many changes, and the whole import is aborted before anything is touched (DOMAIN F1, F2, F4).

use crate::{
    diff::{Action, ChangeCounts},
    explain::Cause,
    figures::thousands,
    model::{Kind, KindCounts},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One limit; an absent part is not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// No more changes than this.
    pub max_abs: Option<u64>,
    /// No more than this part of the mirror, in percent.
    pub max_pct: Option<f64>,
}

impl Limit {
    pub const fn percent(max_pct: f64) -> Self {
        Self { max_abs: None, max_pct: Some(max_pct) }
    }
}

/// The three limits of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindLimits {
    pub create: Limit,
    pub update: Limit,
    pub delete: Limit,
}

impl Default for KindLimits {
    fn default() -> Self {
        Self { create: Limit::percent(20.0), update: Limit::percent(20.0), delete: Limit::percent(5.0) }
    }
}

/// The twelve limits of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub group: KindLimits,
    pub person: KindLimits,
    pub course: KindLimits,
    pub membership: KindLimits,
    /// Fewer changes than this are never too many in percent: one of three teachers is no breach.
    pub floor: u64,
}

/// Below so many records percent says little.
pub const DEFAULT_FLOOR: u64 = 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            group: KindLimits::default(),
            person: KindLimits::default(),
            course: KindLimits::default(),
            membership: KindLimits::default(),
            floor: DEFAULT_FLOOR,
        }
    }
}

impl Limits {
    pub const fn get(&self, kind: Kind, action: Action) -> Limit {
        let limits = match kind {
            Kind::Group => &self.group,
            Kind::Person => &self.person,
            Kind::Course => &self.course,
            Kind::Membership => &self.membership,
        };
        match action {
            Action::Create => limits.create,
            Action::Update => limits.update,
            Action::Delete => limits.delete,
        }
    }

    pub const fn get_mut(&mut self, kind: Kind, action: Action) -> &mut Limit {
        let limits = match kind {
            Kind::Group => &mut self.group,
            Kind::Person => &mut self.person,
            Kind::Course => &mut self.course,
            Kind::Membership => &mut self.membership,
        };
        match action {
            Action::Create => &mut limits.create,
            Action::Update => &mut limits.update,
            Action::Delete => &mut limits.delete,
        }
    }
}

/// What the Filter says of an import.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Pass,
    /// Every limit that is broken, in the order of kinds and actions.
    Abort(Vec<Breach>),
}

/// One broken limit, with what it consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    pub kind: Kind,
    pub action: Action,
    /// How many changes.
    pub count: u64,
    /// How many records of the kind the mirror holds.
    pub of: u64,
    pub limit: Limit,
    /// At which schools they are, the most first; at most [`PARTS`].
    pub parts: Vec<Part>,
    /// In which classes, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassPart>,
    /// Of which profile or role, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sorts: Vec<SortPart>,
    /// Why, as far as figures tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

/// So many changes of a breach are at one school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub school: String,
    pub count: u64,
}

/// So many changes of a breach are in one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPart {
    pub class: String,
    pub school: String,
    pub count: u64,
}

/// So many changes of a breach are of one profile, or of one role in groups or in courses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortPart {
    pub sort: String,
    pub count: u64,
}

/// Schools, classes and sorts named in a breach.
pub const PARTS: usize = 10;

impl Breach {
    /// A broken limit of which no more is known than its figures.
    pub const fn new(kind: Kind, action: Action, count: u64, of: u64, limit: Limit) -> Self {
        Self {
            kind,
            action,
            count,
            of,
            limit,
            parts: Vec::new(),
            classes: Vec::new(),
            sorts: Vec::new(),
            causes: Vec::new(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = if self.of == 0 { 0.0 } else { self.count as f64 * 100.0 / self.of as f64 };
        if self.count == 1 {
            write!(f, "1 {} of a {}", self.action, self.kind)?;
        } else {
            write!(f, "{} {}s of {}s", thousands(self.count), self.action, self.kind)?;
        }
        if self.of > 0 {
            write!(f, " ({percent:.1} % of {})", thousands(self.of))?;
        }
        match (self.limit.max_abs, self.limit.max_pct) {
            (Some(max), Some(pct)) => write!(f, ", the limits are {} and {pct} %", thousands(max)),
            (Some(max), None) => write!(f, ", the limit is {}", thousands(max)),
            (None, Some(pct)) => write!(f, ", the limit is {pct} %"),
            (None, None) => Ok(()),
        }
    }
}

/// Evaluates all twelve limits (F2). `limits` is `None` when a recorded decision has the Filter off (F3). The
/// first import of a customer breaks no limit in percent (F4): it creates, over several nights where courses wait.
pub fn decide_abort(
    limits: Option<&Limits>,
    mirror: &KindCounts,
    changes: &ChangeCounts,
    first_import: bool,
) -> Verdict {
    let Some(limits) = limits else { return Verdict::Pass };
    let mut breaches = Vec::new();
    for kind in Kind::ALL {
        for action in Action::ALL {
            let (count, of) = (changes.get(kind, action), mirror.get(kind));
            let limit = limits.get(kind, action);
            let fills = first_import && action == Action::Create;
            let percent_counts = !fills && count >= limits.floor;
            let too_many = limit.max_abs.is_some_and(|max| count > max);
            let too_large =
                limit.max_pct.is_some_and(|max| percent_counts && count as f64 * 100.0 > max * of as f64);
            if too_many || too_large {
                breaches.push(Breach::new(kind, action, count, of, limit));
            }
        }
    }
    if breaches.is_empty() { Verdict::Pass } else { Verdict::Abort(breaches) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diff::Change, samples::person};

    fn changes(count: u64, delete: bool) -> ChangeCounts {
        let record = person("p", "Kari", "Berg", None);
        let change = if delete { Change::Delete(record) } else { Change::Create(record) };
        let mut counts = ChangeCounts::default();
        (0..count).for_each(|_| counts.add(&change));
        counts
    }

    // DOMAIN F1, F2, F4
    #[test]
    fn limits_hold_at_and_break_just_over() {
        let percent = Limits::default();
        let mut absolute = Limits::default();
        absolute.person.delete = Limit { max_abs: Some(10), max_pct: None };
        let (delete, create) = (true, false);
        // (limits, persons in the mirror, changes, of which sort, first import, breaks)
        let cases = [
            (Some(&percent), 1000, 49, delete, false, false),
            (Some(&percent), 1000, 50, delete, false, false),
            (Some(&percent), 1000, 51, delete, false, true),
            (Some(&percent), 1000, 200, create, false, false),
            (Some(&percent), 1000, 201, create, false, true),
            // Under the floor percent is not looked at.
            (Some(&percent), 40, 19, delete, false, false),
            (Some(&percent), 40, 20, delete, false, true),
            // A first import creates as much as it likes, also in its second part; it deletes no more than any other.
            (Some(&percent), 0, 1000, create, true, false),
            (Some(&percent), 1000, 1000, create, true, false),
            (Some(&percent), 1000, 51, delete, true, true),
            (Some(&absolute), 1000, 10, delete, false, false),
            (Some(&absolute), 1000, 11, delete, false, true),
            // An absolute limit holds for the first import too.
            (Some(&absolute), 1000, 11, delete, true, true),
            (None, 1000, 1000, delete, false, false),
            (Some(&percent), 0, 0, delete, false, false),
        ];
        for (limits, of, count, sort, first, breaks) in cases {
            let mirror = KindCounts { person: of, ..KindCounts::default() };
            let verdict = decide_abort(limits, &mirror, &changes(count, sort), first);
            assert_eq!(matches!(verdict, Verdict::Abort(_)), breaks, "{count} of {of}, first {first}");
        }
    }

    // DOMAIN F2
    #[test]
    fn every_broken_limit_is_named_with_figures() {
        let mirror = KindCounts { person: 100, ..KindCounts::default() };
        let mut both = changes(30, true);
        both.person.create = 25;
        let Verdict::Abort(breaches) = decide_abort(Some(&Limits::default()), &mirror, &both, false) else {
            panic!("both limits are broken");
        };
        let texts: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "25 creates of persons (25.0 % of 100), the limit is 20 %",
                "30 deletes of persons (30.0 % of 100), the limit is 5 %"
            ]
        );
    }

    #[test]
    fn one_and_many_read_right() {
        let limit = Limit { max_abs: Some(0), max_pct: None };
        let breach = |kind, action, count, of| Breach::new(kind, action, count, of, limit);
        let cases = [
            (Kind::Person, Action::Delete, 1, 4, "1 delete of a person (25.0 % of 4), the limit is 0"),
            (
                Kind::Membership,
                Action::Delete,
                1,
                8,
                "1 delete of a membership (12.5 % of 8), the limit is 0",
            ),
            (
                Kind::Membership,
                Action::Delete,
                2,
                8,
                "2 deletes of memberships (25.0 % of 8), the limit is 0",
            ),
            (Kind::Group, Action::Update, 1, 0, "1 update of a group, the limit is 0"),
            (Kind::Course, Action::Create, 3, 0, "3 creates of courses, the limit is 0"),
            (
                Kind::Person,
                Action::Delete,
                4_312,
                86_240,
                "4,312 deletes of persons (5.0 % of 86,240), the limit is 0",
            ),
        ];
        for (kind, action, count, of, text) in cases {
            assert_eq!(breach(kind, action, count, of).to_string(), text);
        }
    }

    #[test]
    fn a_breach_of_an_old_run_is_read() {
        let stored = r#"{"kind":"person","action":"delete","count":30,"of":100,"limit":{"max_abs":null,"max_pct":5.0},
            "parts":[{"school":"Nes skole","count":30}]}"#;
        let breach: Breach = serde_json::from_str(stored).unwrap();
        let parts = vec![Part { school: "Nes skole".to_owned(), count: 30 }];
        let limit = Limit::percent(5.0);
        assert_eq!(breach, Breach { parts, ..Breach::new(Kind::Person, Action::Delete, 30, 100, limit) });
    }
}
