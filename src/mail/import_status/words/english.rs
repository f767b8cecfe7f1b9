//! The status mail in English.

use super::{Departure, Labels, Noun, Words};
use crate::mail::import_status::{
    problems::sentence,
    said::{Happened, Left, Next, Note},
};
use rollover_jobs::ports::{Applied, Outcome};
use rollover_roster::{
    course_fate::CourseEnd,
    explain::Cause,
    filter::Breach,
    model::{Kind, Profile, Role},
    read::Leniency,
    shrunken::Shrunken,
};

pub(super) struct English;

const LABELS: Labels = Labels {
    code: "en",
    next: "Next",
    before: "before",
    after: "after",
    difference: "difference",
    before_and_after: "The site before and after",
    courses_active: "Courses, active",
    courses_archived: "Courses, archived",
    changes: "Changes",
    create: "create",
    update: "update",
    delete: "delete",
    planned: "Planned",
    postponed: "Postponed by delay delete",
    held: "Courses held back",
    not_released: "Not released",
    applied: "Applied at the site",
    limits: "Limits of the Filter that would be broken",
    by_school: "By school",
    by_class: "By class",
    by_sort: "By profile or role",
    elsewhere: "elsewhere",
    conceded: "Let pass in the file",
    about_conceded: "This is against the file's format; the customer's settings let it pass.",
    ask: "Ask the vendor to",
    errors: "Errors of the file",
    about_errors: "",
    fix: "Fix",
    this_run: "This run",
    customer: "Customer",
    roster: "Roster",
    snapshot: "Snapshot",
    start: "Start",
    end: "End",
    duration: "Duration",
    time_zone: "Time zone",
    decision: "Decision",
};

const CHANGE: Noun = ("change", "changes");
const COURSE: Noun = ("new course", "new courses");

impl Words for English {
    fn labels(&self) -> &'static Labels {
        &LABELS
    }

    fn thousands(&self) -> char {
        ','
    }

    fn decimal(&self) -> char {
        '.'
    }

    fn months(&self) -> [&'static str; 12] {
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ]
    }

    fn weekdays(&self) -> [&'static str; 7] {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    }

    fn kind(&self, kind: Kind) -> Noun {
        match kind {
            Kind::Group => ("group", "groups"),
            Kind::Person => ("person", "persons"),
            Kind::Course => ("course", "courses"),
            Kind::Membership => ("membership", "memberships"),
        }
    }

    fn moment(&self, weekday: &str, date: &str, time: &str) -> String {
        format!("{weekday} {date}, {time}")
    }

    fn date_of(&self, day: u32, month: &str, year: i32) -> String {
        format!("{day} {month} {year}")
    }

    fn spans(&self) -> (&'static str, &'static str) {
        ("h", "less than a second")
    }

    fn others(&self, count: u64) -> String {
        self.counted(count, ("other", "others"))
    }

    fn and(&self) -> &'static str {
        "and"
    }

    fn verdict(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Completed => "Completed",
            Outcome::Unchanged => "Unchanged",
            Outcome::Aborted => "Aborted",
            Outcome::Failed => "Failed",
            Outcome::NoRoster => "No roster",
        }
    }

    fn subject(&self, outcome: Outcome, customer: &str) -> String {
        format!("Import finished with status {} – {customer}", self.verdict(outcome))
    }

    fn title(&self, customer: &str) -> String {
        format!("Import of the roster of {customer}")
    }

    fn details_of(&self, run: i64) -> String {
        format!("Details of run {run}:")
    }

    fn open_run(&self, run: i64) -> String {
        format!("Open run {run}")
    }

    fn footer(&self, customer: &str) -> String {
        format!(
            "Rollover sends this mail after every attempt to import the roster of {customer}. If no mail comes, no \
             attempt was made."
        )
    }

    fn happened(&self, happened: &Happened<'_>) -> String {
        match happened {
            Happened::Completed(applied) => self.completed(applied),
            Happened::Unchanged => "The roster is the same as the last one that was taken in.".to_owned(),
            Happened::Aborted(limits) => format!(
                "The Filter stopped the import because {} would be broken.",
                self.counted(*limits, ("limit", "limits"))
            ),
            Happened::Unreadable(errors) => {
                format!("The roster cannot be read: it has {}.", self.counted(*errors, ("error", "errors")))
            }
            Happened::TooEarly(courses) => format!(
                "The import failed: {} came before the school year's start; this customer's setting refuses such a \
                 roster.",
                self.counted(*courses, COURSE)
            ),
            Happened::TooSmall(sizes) => format!(
                "The import failed: the roster is too small to be a whole one. It has {}.",
                self.all_shrunken(sizes)
            ),
            Happened::Failed(Some(why)) => format!("The import failed. {}", sentence(why)),
            Happened::Failed(None) => "The import failed. The reason stands on the run's page.".to_owned(),
            Happened::NoRoster => "No roster had come when it was due, so nothing was read.".to_owned(),
        }
    }

    fn shrunken(&self, size: &Shrunken) -> String {
        let (count, of) = (self.counted(size.count, self.kind(size.kind)), self.number(size.of));
        format!("{count} (the last one that was taken in had {of})")
    }

    fn left(&self, left: Left) -> &'static str {
        match left {
            Left::InPart => {
                "Nothing more was applied: the site holds a roster in part, since an import broke off while it was \
                 applied. The next roster that is taken in puts that right."
            }
            Left::Unchanged => "Nothing was changed.",
            Left::AsItWas => "The site stays as it is.",
            Left::NothingApplied => "Nothing was applied: the site stays as it is.",
        }
    }

    fn put_right(&self) -> &'static str {
        "What an earlier roster, applied in part, had left at the site was put right."
    }

    fn next(&self, next: &Next) -> String {
        match next {
            Next::Nothing => "Nothing is to be done.".to_owned(),
            Next::NothingButWait => "Nothing is to be done. What waits is by design: see below.".to_owned(),
            Next::NothingUnlessExpected => {
                "Nothing is to be done. If you expected changes, see whether the MIS made a new file.".to_owned()
            }
            Next::Decide(roster) => {
                let roster = roster.as_ref().map_or_else(|| "this roster".to_owned(), |id| format!("roster {id}"));
                format!(
                    "Only the customer can say whether these changes are right. If they are, support records the \
                     decision (who at the customer, who at support, why) for exactly {roster}; it holds for one run. \
                     If they are not, the customer corrects the data in the MIS and sends a new roster."
                )
            }
            Next::CorrectFile => {
                "Correct what is listed below in the MIS, and send the roster again.".to_owned()
            }
            Next::SendWhole(roster) => {
                let roster = roster.as_ref().map_or_else(|| "this roster".to_owned(), |id| format!("roster {id}"));
                format!(
                    "See whether the export or the transfer broke off, and send a complete file. Only the customer can \
                     say that this one is complete; support then records the decision (who at the customer, who at \
                     support, why) for exactly {roster}."
                )
            }
            Next::SendWithoutNewCourses(opens) => format!(
                "Send a roster without the courses of the new year until {}, or ask support to have them held back.",
                self.date(*opens)
            ),
            Next::RemoveCause => "Support removes the cause and runs the import again.".to_owned(),
            Next::LookForFile => {
                "See whether the MIS made its file and whether it was transferred. The next run takes it in by itself."
                    .to_owned()
            }
        }
    }

    fn note_title(&self, note: &Note<'_>) -> &'static str {
        match note {
            Note::Deletes { .. } => "Postponed deletes",
            Note::Courses { .. } => "Courses held back",
            Note::NotReleased(_) => LABELS.not_released,
            Note::SecondAccounts { .. } => "Second accounts",
            Note::CoursesGone { .. } => "Courses whose group is gone",
        }
    }

    fn note(&self, note: &Note<'_>) -> String {
        match note {
            Note::Deletes { count, kinds, time } => {
                let until = self.date(time.until);
                let deletes = self.counted(*count, ("delete", "deletes"));
                let wait = match (time.accepted, *count) {
                    (true, 1) => "waits",
                    (true, _) => "wait",
                    (false, _) => "would wait",
                };
                let kinds: Vec<String> =
                    kinds.iter().map(|(kind, count)| self.counted(*count, self.kind(*kind))).collect();
                format!(
                    "By design, no error: {deletes} ({}) {wait} until {until}, that day included, since delay delete \
                     is on. Until then these objects stay at the site. Afterwards they are deleted, through the \
                     Filter; what has come back in the roster by then is kept.",
                    kinds.join(", ")
                )
            }
            Note::Courses { count, start_known, time } => {
                let until = self.date(time.until);
                let courses = self.counted(*count, COURSE);
                let held = match (time.accepted, *count) {
                    (true, 1) => "is held back",
                    (true, _) => "are held back",
                    (false, _) => "would be held back",
                };
                if *start_known {
                    format!(
                        "By design, no error: {courses} {held} until {until}, the first day of the school year. They \
                         then come by themselves."
                    )
                } else {
                    format!(
                        "{courses} {held} until {until}, since the first day of the school year is not known. Support \
                         sets it in the customer's calendar; from that day they come by themselves."
                    )
                }
            }
            Note::NotReleased(count) => {
                let changes = self.counted(*count, ("change", "changes"));
                let stay = if *count == 1 { "stays" } else { "stay" };
                format!(
                    "A decision released a part of the roster. {changes} {stay} held, and the site stays as it is \
                     there. The Filter looks at the rest in the next run; another decision can release it."
                )
            }
            Note::SecondAccounts { count, customer, accepted } => {
                let (has, look) = if *count == 1 { ("has", "looks") } else { ("have", "look") };
                let made = if *accepted { "has made" } else { "would make" };
                format!(
                    "{} of the site {has} no sync key and {look} like one whom this run {made}: probably a second account \
                     of the same person. Who they are is listed by `rollover customer keys {customer}`; ask the school, \
                     and handle each by itself.",
                    self.counted(*count, ("student", "students"))
                )
            }
            Note::CoursesGone { count, end, titles, more } => {
                let courses = self.counted(*count, ("course", "courses"));
                let what = match (end, *count) {
                    (CourseEnd::Archived, 1) => {
                        "was detached from the hierarchy and archived; its participants keep access to it"
                    }
                    (CourseEnd::Archived, _) => {
                        "were detached from the hierarchy and archived; their participants keep access to them"
                    }
                    (CourseEnd::Detached, 1) => {
                        "was detached from the hierarchy and lives on as a manual course"
                    }
                    (CourseEnd::Detached, _) => {
                        "were detached from the hierarchy and live on as manual courses"
                    }
                };
                format!("{courses} {what}: {}.", self.listed_with_more(titles, *more, "more"))
            }
        }
    }

    fn decision(&self, number: i64) -> String {
        format!("number {number} about the Filter, used up by this run")
    }

    fn breach(&self, breach: &Breach) -> String {
        breach.to_string()
    }

    fn cause(&self, cause: &Cause) -> String {
        sentence(&cause.to_string())
    }

    fn class_at(&self, class: &str, school: &str) -> String {
        format!("{class} at {school}")
    }

    fn profile(&self, profile: &Profile) -> String {
        profile.as_str().to_owned()
    }

    fn in_groups(&self, role: Role) -> String {
        format!("{} in groups", role.as_str().replace('_', " "))
    }

    fn in_courses(&self, role: Role) -> String {
        format!("{} in courses", role.as_str().replace('_', " "))
    }

    fn departure(&self, leniency: Leniency) -> Departure {
        Departure { what: leniency.as_str(), ask: ask(leniency) }
    }

    fn times(&self, count: u64) -> String {
        self.counted(count, ("time", "times"))
    }

    fn place(&self, line: u64, column: u64) -> String {
        format!("line {line}, column {column}")
    }

    fn more_errors(&self, count: u64) -> String {
        format!("and {}", self.counted(count, ("more error", "more errors")))
    }
}

impl English {
    fn completed(&self, applied: &Applied) -> String {
        let Applied { created, updated, deleted, unchanged } = *applied;
        let total = created + updated + deleted;
        let mut text = if total == 0 {
            "The roster was taken in. Nothing of it had to be changed at the site.".to_owned()
        } else {
            format!(
                "The roster was taken in, and {} {} applied to the site: {} created, {} updated, {} deleted.",
                self.counted(total, CHANGE),
                if total == 1 { "was" } else { "were" },
                self.number(created),
                self.number(updated),
                self.number(deleted)
            )
        };
        // After a run that was interrupted (DOMAIN I5), or for members of a course that was archived or detached (C2).
        if unchanged > 0 {
            let further = self.counted(unchanged, ("further change", "further changes"));
            text.push_str(&format!(" {further} needed no write of its own."));
        }
        text
    }
}

const fn ask(leniency: Leniency) -> &'static str {
    match leniency {
        Leniency::WrongCase => "write the words of the format in its own upper and lower case",
        Leniency::UnknownParent => "send every group that is named as the parent of another",
        Leniency::DanglingReferences => "send only members, relatives and terms that are in the same file",
        Leniency::ConflictingRecords => "send each key once, with one set of data",
        Leniency::SharedLogins => "give each person a login of their own",
        Leniency::UnknownRoles => "use the roles of the format",
        Leniency::LongTexts => "keep texts within the lengths of the format",
        Leniency::BadDates => "write dates that exist as YYYY-MM-DD, or leave them out",
        Leniency::BadLevels => "give the level of a group as a whole number",
        Leniency::UnknownStatus => "use the statuses of the format",
        Leniency::StatusInactive => "send tobedeleted for what is to go, in place of inactive",
        Leniency::DayFirstDates => "write dates as YYYY-MM-DD",
        Leniency::MisspeltHeaders => "write the columns as the standard does, in its order",
        Leniency::MissingFile => "put in every file that the manifest promises, or call it absent there",
        Leniency::MissingManifest => "put in a manifest.csv",
        Leniency::WrappingFolder => "put the files at the root of the ZIP, in no folder",
        Leniency::OtherEncodings => "write the files in UTF-8",
        Leniency::LineBreaks => "leave line breaks out of fields",
        Leniency::EmptyRequired => "fill in every required column",
    }
}
