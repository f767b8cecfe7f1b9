//! The figures of the status mail: what the site held before and after, and what was to change.

use super::{Table, name};
use crate::mail::layout::Row;
use rollover_jobs::ports::{Outcome, RunRecord, SiteCounts};
use rollover_roster::{diff::Action, model::Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Profiles, or group types, that have a line of their own; a file may invent any number.
const LINES_OF_A_KIND: usize = 12;

/// Counts by kind, persons by profile, groups by type.
pub(super) fn holdings(before: &SiteCounts, after: &SiteCounts) -> Table {
    let mut rows = kind_rows("Persons", &before.persons, &after.persons);
    rows.extend(kind_rows("Groups", &before.groups, &after.groups));
    rows.push(Row::whole("Memberships", cells(before.memberships, after.memberships)));
    rows.push(Row::whole("Courses, active", cells(before.courses_active, after.courses_active)));
    rows.push(Row::whole("Courses, archived", cells(before.courses_archived, after.courses_archived)));
    Table { columns: vec!["before", "after", "difference"], rows }
}

fn kind_rows(label: &str, before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<Row> {
    let mut rows = vec![Row::whole(label, cells(before.values().sum(), after.values().sum()))];
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let count = |counts: &BTreeMap<String, u64>, name: &String| counts.get(name).copied().unwrap_or(0);
    let (mut others_before, mut others_after) = (0, 0);
    for (index, part) in names.iter().enumerate() {
        let (was, is) = (count(before, part), count(after, part));
        if index < LINES_OF_A_KIND {
            rows.push(Row::part(name(part), cells(was, is)));
        } else {
            others_before += was;
            others_after += is;
        }
    }
    if names.len() > LINES_OF_A_KIND {
        let others = format!("{} others", names.len() - LINES_OF_A_KIND);
        rows.push(Row::part(others, cells(others_before, others_after)));
    }
    rows
}

fn cells(before: u64, after: u64) -> Vec<String> {
    let difference = match after.cmp(&before) {
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", after - before),
        std::cmp::Ordering::Less => format!("−{}", before - after),
    };
    vec![before.to_string(), after.to_string(), difference]
}

/// The whole difference by kind, what of it waits, and what was applied; `None` when there is no difference.
pub(super) fn changes(run: &RunRecord) -> Option<Table> {
    if run.planned.is_empty() {
        return None;
    }
    let planned = |kind| Action::ALL.map(|action| run.planned.get(kind, action)).map(|n| n.to_string());
    let total = |action| Kind::ALL.iter().map(|kind| run.planned.get(*kind, action)).sum::<u64>().to_string();
    let mut rows = vec![Row::whole("Planned", Action::ALL.map(total).to_vec())];
    for kind in Kind::ALL {
        rows.push(Row::part(plural(kind), planned(kind).to_vec()));
    }
    let only = |action: Action, count: u64| {
        let cell = |one: Action| if one == action { count.to_string() } else { String::new() };
        Action::ALL.map(cell).to_vec()
    };
    let waits = run.outcome != Outcome::Failed;
    if waits && !run.postponed_deletes.is_empty() {
        let count = run.postponed_deletes.total();
        rows.push(Row::whole("Postponed by delay delete", only(Action::Delete, count)));
    }
    if waits && run.held_courses > 0 {
        rows.push(Row::whole("Courses held back", only(Action::Create, run.held_courses)));
    }
    if run.outcome == Outcome::Completed && !run.not_released.is_empty() {
        let count = |action| Kind::ALL.iter().map(|kind| run.not_released.get(*kind, action)).sum::<u64>();
        rows.push(Row::whole("Not released", Action::ALL.map(|action| count(action).to_string()).to_vec()));
    }
    let applied = [run.applied.created, run.applied.updated, run.applied.deleted];
    rows.push(Row::whole("Applied at the site", applied.map(|count| count.to_string()).to_vec()));
    Some(Table { columns: vec!["create", "update", "delete"], rows })
}

const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Group => "Groups",
        Kind::Person => "Persons",
        Kind::Course => "Courses",
        Kind::Membership => "Memberships",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_beyond_the_limit_are_added_up() {
        let of = |count: usize| -> BTreeMap<String, u64> {
            (0..count).map(|index| (format!("type {index:02}"), 1)).collect()
        };
        let lines = |count| kind_rows("Groups", &of(count), &of(count)).len();
        assert_eq!(lines(LINES_OF_A_KIND), 1 + LINES_OF_A_KIND);
        let over = kind_rows("Groups", &BTreeMap::new(), &of(LINES_OF_A_KIND + 3));
        assert_eq!(over.len(), 1 + LINES_OF_A_KIND + 1);
        assert_eq!(over.last().unwrap().label, "3 others");
        assert_eq!(over.last().unwrap().cells, ["0", "3", "+3"]);
    }
}
