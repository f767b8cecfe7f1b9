//! What becomes of each course at the site: archived, detached, kept, held back, connected again (DOMAIN C2 to C5).

use crate::{diff::Action, timing::Timing};
use serde::{Deserialize, Serialize};

/// What becomes of a course whose group is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CourseEnd {
    /// C2: detached from the hierarchy, in the archive.
    Archived,
    /// C3: detached from the hierarchy, and lives on, active, as a manual course.
    #[default]
    Detached,
}

/// Archiving takes both settings: that of the platform, and the customer's.
pub const fn decide_course_end(platform_archives: bool, customer_archives: bool) -> CourseEnd {
    if platform_archives && customer_archives { CourseEnd::Archived } else { CourseEnd::Detached }
}

/// What the next import makes of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CourseFate {
    /// C2.
    Archived,
    /// C3.
    Detached,
    /// P3: its group is gone, and the window of delay delete keeps both until it ends; or a group becomes it, which waits
    /// likewise.
    Waits,
    /// C1: new, and comes with the new school year.
    HeldBack,
    New,
    /// C4: its group came back. It stays archived where it was, and old participants stay.
    Reconnected,
    /// Its group is there, as before.
    Kept,
    /// It has no group, and the integration leaves it as it is: in the archive, or a manual course (C3).
    OnItsOwn,
    /// C4: a person took it out of the archive, and its group is gone: it gets no synchronisation, and must be archived
    /// by hand again.
    UnarchivedByHand,
}

impl CourseFate {
    pub const ALL: [Self; 9] = [
        Self::Archived,
        Self::Detached,
        Self::Waits,
        Self::HeldBack,
        Self::New,
        Self::Reconnected,
        Self::Kept,
        Self::OnItsOwn,
        Self::UnarchivedByHand,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Detached => "detached",
            Self::Waits => "waits",
            Self::HeldBack => "held_back",
            Self::New => "new",
            Self::Reconnected => "reconnected",
            Self::Kept => "kept",
            Self::OnItsOwn => "on_its_own",
            Self::UnarchivedByHand => "unarchived_by_hand",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.as_str() == name)
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Detached => "detached",
            Self::Waits => "waits for the window's end",
            Self::HeldBack => "held back",
            Self::New => "new",
            Self::Reconnected => "connected again",
            Self::Kept => "kept",
            Self::OnItsOwn => "on its own",
            Self::UnarchivedByHand => "unarchived by hand",
        }
    }
}

/// A course at the site that no group holds in the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loose {
    pub archived: bool,
    /// It was detached as a manual course (C3).
    pub manual: bool,
}

/// The fate of a course that the roster or the mirror has. `change` is what the difference says of it, `loose` how the
/// site holds it where no group does.
pub const fn decide_course_fate(
    change: Option<(Action, Timing)>,
    loose: Option<Loose>,
    end: CourseEnd,
) -> CourseFate {
    match (change, end) {
        (Some((_, Timing::HeldBack) | (Action::Create, Timing::NotReleased)), _) => CourseFate::HeldBack,
        (Some((Action::Create | Action::Delete, Timing::Postponed)), _) => CourseFate::Waits,
        (Some((Action::Create, Timing::Now)), _) if loose.is_some() => CourseFate::Reconnected,
        (Some((Action::Create, Timing::Now)), _) => CourseFate::New,
        (Some((Action::Delete, Timing::Now)), CourseEnd::Archived) => CourseFate::Archived,
        (Some((Action::Delete, Timing::Now)), CourseEnd::Detached) => CourseFate::Detached,
        (Some((Action::Update, _) | (Action::Delete, Timing::NotReleased)) | None, _) => CourseFate::Kept,
    }
}

/// The fate of a course that only the site has.
pub const fn decide_loose_fate(loose: Loose) -> CourseFate {
    if loose.archived || loose.manual { CourseFate::OnItsOwn } else { CourseFate::UnarchivedByHand }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::{Create, Delete, Update};
    use Timing::{HeldBack, Now, Postponed};

    // DOMAIN C2, C3
    #[test]
    fn archiving_takes_the_platforms_setting_and_the_customers() {
        let cases = [
            (true, true, CourseEnd::Archived),
            (true, false, CourseEnd::Detached),
            (false, true, CourseEnd::Detached),
            (false, false, CourseEnd::Detached),
        ];
        for (platform, customer, expected) in cases {
            assert_eq!(decide_course_end(platform, customer), expected, "{platform} {customer}");
        }
    }

    // DOMAIN C1, C2, C3, C4, C5, P3
    #[test]
    fn each_course_has_the_fate_that_the_import_gives_it() {
        let (on, off) = (CourseEnd::Archived, CourseEnd::Detached);
        let in_archive = Some(Loose { archived: true, manual: false });
        let manual = Some(Loose { archived: false, manual: true });
        let cases = [
            (None, None, on, CourseFate::Kept),
            (None, None, off, CourseFate::Kept),
            (Some((Update, Now)), None, on, CourseFate::Kept),
            (Some((Delete, Now)), None, on, CourseFate::Archived),
            (Some((Delete, Now)), None, off, CourseFate::Detached),
            (Some((Delete, Postponed)), None, on, CourseFate::Waits),
            (Some((Delete, Postponed)), None, off, CourseFate::Waits),
            (Some((Create, Now)), None, on, CourseFate::New),
            (Some((Create, Now)), in_archive, on, CourseFate::Reconnected),
            (Some((Create, Now)), manual, off, CourseFate::Reconnected),
            (Some((Create, HeldBack)), None, on, CourseFate::HeldBack),
            (Some((Create, HeldBack)), in_archive, on, CourseFate::HeldBack),
            (Some((Create, Postponed)), None, on, CourseFate::Waits),
        ];
        for (change, loose, end, expected) in cases {
            assert_eq!(decide_course_fate(change, loose, end), expected, "{change:?} {loose:?} {end:?}");
        }
    }

    // DOMAIN C4
    #[test]
    fn a_course_without_its_group_is_left_as_people_have_it() {
        let cases = [
            (true, false, CourseFate::OnItsOwn),
            (true, true, CourseFate::OnItsOwn),
            (false, true, CourseFate::OnItsOwn),
            (false, false, CourseFate::UnarchivedByHand),
        ];
        for (archived, manual, expected) in cases {
            assert_eq!(decide_loose_fate(Loose { archived, manual }), expected, "{archived} {manual}");
        }
    }
}
