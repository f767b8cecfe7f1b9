//! Says of each course what the next import makes of it, before it runs (DOMAIN C5): by the very guard, window and end
//! that the import goes by.

use super::{
    Import,
    difference::{Changes, Found, changes, unread},
    hierarchy::{Hierarchy, records},
    prepare::{Prepared, blocking, prepare},
};
use crate::{
    CustomerId, JobContext, Ports, Stop,
    ports::{Capability, Delivery, LooseCourse},
};
use chrono::NaiveDate;
use rollover_roster::{
    course_fate::{CourseEnd, CourseFate, decide_course_fate, decide_loose_fate},
    diff::Action,
    model::{Course, Kind, Record, SyncKey},
    places::Places,
    snapshot::{SnapshotId, SnapshotStore},
    timing::Timing,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Courses by what becomes of them. The Filter may still stop the whole import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseForecast {
    pub roster: SnapshotId,
    /// The pair of settings (C2): archiving takes both.
    pub platform_archives: bool,
    pub customer_archives: bool,
    pub counts: BTreeMap<CourseFate, u64>,
    /// By fate, school and title.
    pub courses: Vec<ForecastCourse>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ForecastCourse {
    pub fate: CourseFate,
    pub school: String,
    pub title: String,
    pub code: Option<String>,
    /// It is in the archive, and stays there.
    pub archived: bool,
}

/// What may be asked about the next import.
#[derive(Debug, Clone, Default)]
pub struct ForecastAsk {
    pub roster: AskedRoster,
    /// As it would be on that day.
    pub on: Option<NaiveDate>,
}

/// Which roster it is about.
#[derive(Debug, Clone, Default)]
pub enum AskedRoster {
    /// One that waits to be read, else the newest that was accepted.
    #[default]
    Newest,
    /// The newest that was accepted: no file is read.
    Accepted,
    File(Delivery),
}

/// # Errors
/// A roster that did not come or cannot be read; what the ports give.
pub async fn forecast_courses(cx: &JobContext, ask: ForecastAsk) -> Result<CourseForecast, Stop> {
    let customer = cx.customer()?;
    let import = Import::looking(cx, cx.ports.integration.state(customer).await?, ask.on)?;
    let roster = import.roster_of(ask.roster).await?;
    let changes = changes(&import, roster).await?;
    let loose = loose_courses(&cx.ports, &customer.id).await?;
    let store = cx.ports.rosters.snapshots().clone();
    let (mirror, end) = (import.state.mirror, import.course_end());
    let courses = blocking(move || {
        let fates = Fates { store: &store, roster, mirror, end, loose: &loose };
        fates.of(&changes).map_err(|error| unread(&error))
    });
    let courses = courses.await?;
    let mut counts = BTreeMap::new();
    for course in &courses {
        *counts.entry(course.fate).or_default() += 1;
    }
    Ok(CourseForecast {
        roster,
        platform_archives: cx.ports.site.capabilities().contains(&Capability::ArchiveCourses),
        customer_archives: customer.settings.course_archiving,
        counts,
        courses,
    })
}

impl Import<'_> {
    async fn roster_of(&self, asked: AskedRoster) -> Result<SnapshotId, Stop> {
        let waits = match asked {
            AskedRoster::File(delivery) => Some(delivery),
            AskedRoster::Newest => self.cx.ports.rosters.newest(self.customer).await?,
            AskedRoster::Accepted => None,
        };
        let id = &self.customer.id;
        match (waits, self.state.import) {
            (Some(delivery), _) => match prepare(self.cx, self.customer, &delivery).await? {
                Prepared::Roster(taken) => Ok(taken.id),
                Prepared::Unreadable(report) => {
                    Err(Stop::fail(format!("the roster of {id} cannot be read: {report}")))
                }
            },
            (None, Some(import)) => Ok(import),
            (None, None) => Err(Stop::fail(format!(
                "no roster of {id} has come yet: name one with --roster, or have the MIS send one"
            ))),
        }
    }
}

pub(super) async fn loose_courses(
    ports: &Ports,
    customer: &CustomerId,
) -> Result<HashMap<SyncKey, LooseCourse>, Stop> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = ports.site.loose_courses(customer, after.as_ref()).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.key.clone());
        all.extend(page.into_iter().map(|course| (course.key.clone(), course)));
    }
}

/// What the fates follow from.
struct Fates<'a> {
    store: &'a SnapshotStore,
    roster: SnapshotId,
    mirror: Option<SnapshotId>,
    end: CourseEnd,
    loose: &'a HashMap<SyncKey, LooseCourse>,
}

impl Fates<'_> {
    fn of(&self, changes: &Changes) -> Found<Vec<ForecastCourse>> {
        let roster = Hierarchy::of(self.store, Some(self.roster))?.places;
        let mirror = Hierarchy::of(self.store, self.mirror)?.places;
        let (mut courses, mut told) = (Vec::new(), HashSet::new());
        for change in changes.timed_of(Kind::Course) {
            let (change, timing) = change?;
            let Record::Course(course) = change.record() else { continue };
            let places = if change.action() == Action::Delete { &mirror } else { &roster };
            courses.push(self.told(course, Some((change.action(), timing)), places));
            told.insert(course.key.clone());
        }
        for record in records(self.store, self.roster, Kind::Course)? {
            if let Record::Course(course) = record?
                && told.insert(course.key.clone())
            {
                courses.push(self.told(&course, None, &roster));
            }
        }
        let only_at_site = self.loose.values().filter(|course| !told.contains(&course.key));
        courses.extend(only_at_site.map(|course| ForecastCourse {
            fate: decide_loose_fate(course.loose),
            school: course.school.clone().unwrap_or_default(),
            title: course.title.clone(),
            code: course.code.clone(),
            archived: course.loose.archived,
        }));
        courses.sort_unstable();
        Ok(courses)
    }

    fn told(&self, course: &Course, change: Option<(Action, Timing)>, places: &Places) -> ForecastCourse {
        let loose = self.loose.get(&course.key).map(|course| course.loose);
        ForecastCourse {
            fate: decide_course_fate(change, loose, self.end),
            school: places.place(&Record::Course(course.clone())).school_name().to_owned(),
            title: course.title.clone(),
            code: course.code.clone(),
            archived: loose.is_some_and(|loose| loose.archived),
        }
    }
}
