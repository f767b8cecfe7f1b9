//! What an undo would do, before anybody decides: counts, the Filter's word, and what does not come back as it was.

use super::{looked_at, run_to_undo};
use crate::{
    CustomerId, JobContext, Stop,
    integration::import_roster::{
        course_forecast::loose_courses,
        difference::{Changes, Found, compare_back},
        prepare::blocking,
    },
    ports::{Capability, RunId},
};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::{Action, ChangeCounts},
    filter::{Breach, Verdict},
    model::{Kind, Record, SyncKey},
    snapshot::SnapshotId,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};

/// The reverse difference of a run. Counts alone: no persons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoPreview {
    pub customer: CustomerId,
    pub run: RunId,
    /// What the site holds now.
    pub mirror: Option<SnapshotId>,
    /// What it held before the run, and would hold again.
    pub stood: SnapshotId,
    /// The roster that would be refused from then on.
    pub refused_roster: Option<SnapshotId>,
    pub changes: ChangeCounts,
    /// F2: the limits that it would break; unless they are lifted, nothing of it is applied.
    pub breaches: Vec<Breach>,
    pub caveats: Vec<Caveat>,
}

/// Something that does not come back exactly as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caveat {
    pub kind: CaveatKind,
    pub count: u64,
    /// What, and why, for people.
    pub said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaveatKind {
    /// C2, C3: courses that the run brought live on, archived or by themselves.
    CoursesLiveOn,
    /// C4: courses that are connected again, and stay in the archive.
    CoursesStayArchived,
    /// Persons come back, and the site cannot restore what was theirs.
    PersonsLackTheirData,
    /// Accounts that people had made by hand, and the run took over, go with those that it made.
    AccountsTakenOver,
    /// Groups come back without what people had added to them.
    GroupsLackAdditions,
    /// Records are written back whole: what was changed by hand since goes.
    DetailsOverwritten,
}

/// What the sentences about an undo follow from.
struct Facts {
    changes: ChangeCounts,
    end: CourseEnd,
    /// Of the courses that are connected again, those in the archive.
    archived: u64,
    restores_persons: bool,
}

/// # Errors
/// A run that cannot be undone, with the reason; what the ports give.
pub async fn preview_undo(cx: &JobContext, run: RunId) -> Result<UndoPreview, Stop> {
    let (import, run) = (looked_at(cx).await?, run_to_undo(cx, run).await?);
    let stood = import.goal_of_undo(&run).await?;
    let difference = compare_back(&import, stood, None).await?;
    let facts = Facts {
        changes: difference.planned,
        end: import.course_end(),
        archived: archived_again(cx, Arc::clone(&difference.changes), &difference.planned).await?,
        restores_persons: cx.ports.site.capabilities().contains(&Capability::RestorePersons),
    };
    Ok(UndoPreview {
        customer: import.customer.id.clone(),
        run: run.id,
        mirror: import.state.mirror,
        stood,
        refused_roster: run.record.roster,
        changes: difference.planned,
        breaches: match difference.verdict {
            Verdict::Pass => Vec::new(),
            Verdict::Abort(breaches) => breaches,
        },
        caveats: caveats(&facts),
    })
}

/// Courses that the site holds in the archive, and that join the hierarchy again.
async fn archived_again(cx: &JobContext, changes: Arc<Changes>, planned: &ChangeCounts) -> Result<u64, Stop> {
    if planned.course.create == 0 {
        return Ok(0);
    }
    let loose = loose_courses(&cx.ports, &cx.customer()?.id).await?;
    let archived: HashSet<SyncKey> =
        loose.into_values().filter(|course| course.loose.archived).map(|course| course.key).collect();
    blocking(move || {
        count_created(&changes, &archived)
            .map_err(|error| Stop::retry(format!("a snapshot cannot be read: {error}")))
    })
    .await
}

fn count_created(changes: &Changes, of: &HashSet<SyncKey>) -> Found<u64> {
    let mut count = 0;
    for change in changes.all.puts_of(Kind::Course) {
        let change = change?;
        if let Record::Course(course) = change.record()
            && change.action() == Action::Create
            && of.contains(&course.key)
        {
            count += 1;
        }
    }
    Ok(count)
}

fn caveats(facts: &Facts) -> Vec<Caveat> {
    let Facts { changes, end, archived, restores_persons } = facts;
    let live_on = match end {
        CourseEnd::Archived => "go to the archive, with their participants: a course is never destroyed",
        CourseEnd::Detached => {
            "live on as manual courses, with their participants: a course is never destroyed"
        }
    };
    let updates = Kind::ALL.map(|kind| changes.get(kind, Action::Update)).iter().sum();
    let lacking = if *restores_persons { 0 } else { changes.person.create };
    [
        (CaveatKind::CoursesLiveOn, changes.course.delete, "courses that the run brought", live_on),
        (
            CaveatKind::CoursesStayArchived,
            *archived,
            "courses that the run had archived",
            "join the hierarchy again and stay in the archive: a person takes them out",
        ),
        (
            CaveatKind::PersonsLackTheirData,
            lacking,
            "persons whom the run deleted",
            "come back as new accounts: this site cannot restore what was theirs",
        ),
        (
            CaveatKind::AccountsTakenOver,
            changes.person.delete,
            "persons whom the run brought",
            "are deleted; if one had an account made by hand before, with this sync key, it goes too",
        ),
        (
            CaveatKind::GroupsLackAdditions,
            changes.group.create,
            "groups that the run deleted",
            "come back as the MIS had sent them, without what people had added to them by hand",
        ),
        (
            CaveatKind::DetailsOverwritten,
            updates,
            "records that the run changed",
            "are written back whole, so that what people changed in them at the site since is lost",
        ),
    ]
    .into_iter()
    .filter(|(_, count, _, _)| *count > 0)
    .map(|(kind, count, what, how)| Caveat { kind, count, said: format!("{what} ({count}) {how}") })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_roster::diff::ActionCounts;

    fn found(facts: &Facts) -> Vec<(CaveatKind, u64)> {
        caveats(facts).into_iter().map(|caveat| (caveat.kind, caveat.count)).collect()
    }

    // DOMAIN C2, C4
    #[test]
    fn what_does_not_come_back_is_said_and_nothing_else() {
        use CaveatKind as K;
        let each = |create, update, delete| ActionCounts { create, update, delete };
        let all = Facts {
            changes: ChangeCounts {
                person: each(1, 2, 3),
                group: each(4, 5, 6),
                course: each(7, 8, 9),
                membership: each(10, 11, 12),
            },
            end: CourseEnd::Archived,
            archived: 6,
            restores_persons: false,
        };
        assert_eq!(
            found(&all),
            [
                (K::CoursesLiveOn, 9),
                (K::CoursesStayArchived, 6),
                (K::PersonsLackTheirData, 1),
                (K::AccountsTakenOver, 3),
                (K::GroupsLackAdditions, 4),
                (K::DetailsOverwritten, 2 + 5 + 8 + 11),
            ]
        );
        let restores = Facts { restores_persons: true, archived: 0, ..all };
        assert_eq!(found(&restores).len(), 4);
        assert!(caveats(&restores)[0].said.contains("go to the archive"));
        let detaches = Facts { end: CourseEnd::Detached, ..restores };
        assert!(caveats(&detaches)[0].said.contains("live on as manual courses"));
        let nothing = Facts { changes: ChangeCounts::default(), ..detaches };
        assert_eq!(found(&nothing), []);
    }
}
