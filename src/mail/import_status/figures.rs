//! The figures of the status mail: what the site held before and after, and what was to change.

use super::{Table, name, problems::capitalised, words::Words};
use crate::mail::layout::Row;
use rollover_jobs::ports::{Outcome, RunRecord, SiteCounts};
use rollover_roster::{
    diff::Action,
    model::{Kind, Profile},
};
use std::collections::{BTreeMap, BTreeSet};

/// Profiles, or group types, that have a line of their own; a file may invent any number.
const LINES_OF_A_KIND: usize = 12;

/// Counts by kind, persons by profile, groups by type.
pub(super) fn holdings(before: &SiteCounts, after: &SiteCounts, words: &dyn Words) -> Table {
    let labels = words.labels();
    let row = |label: &str, before, after| Row::whole(label, cells(before, after, words));
    let profile = |text: &str| words.profile(&Profile::from(text.to_owned()));
    let mut rows = kind_rows(Kind::Person, (&before.persons, &after.persons), profile, words);
    rows.extend(kind_rows(Kind::Group, (&before.groups, &after.groups), str::to_owned, words));
    rows.push(row(&several(Kind::Membership, words), before.memberships, after.memberships));
    rows.push(row(labels.courses_active, before.courses_active, after.courses_active));
    rows.push(row(labels.courses_archived, before.courses_archived, after.courses_archived));
    Table { columns: vec![labels.before, labels.after, labels.difference], rows }
}

fn kind_rows(
    kind: Kind,
    (before, after): (&BTreeMap<String, u64>, &BTreeMap<String, u64>),
    shown: impl Fn(&str) -> String,
    words: &dyn Words,
) -> Vec<Row> {
    let whole = cells(before.values().sum(), after.values().sum(), words);
    let mut rows = vec![Row::whole(several(kind, words), whole)];
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let count = |counts: &BTreeMap<String, u64>, name: &String| counts.get(name).copied().unwrap_or(0);
    let (mut others_before, mut others_after) = (0, 0);
    for (index, part) in names.iter().enumerate() {
        let (was, is) = (count(before, part), count(after, part));
        if index < LINES_OF_A_KIND {
            rows.push(Row::part(shown(&name(part)), cells(was, is, words)));
        } else {
            others_before += was;
            others_after += is;
        }
    }
    if names.len() > LINES_OF_A_KIND {
        let others = words.others((names.len() - LINES_OF_A_KIND) as u64);
        rows.push(Row::part(others, cells(others_before, others_after, words)));
    }
    rows
}

fn cells(before: u64, after: u64, words: &dyn Words) -> Vec<String> {
    let difference = match after.cmp(&before) {
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", words.number(after - before)),
        std::cmp::Ordering::Less => format!("−{}", words.number(before - after)),
    };
    vec![words.number(before), words.number(after), difference]
}

/// The whole difference by kind, what of it waits, and what was applied; `None` when there is no difference.
pub(super) fn changes(run: &RunRecord, words: &dyn Words) -> Option<Table> {
    if run.planned.is_empty() {
        return None;
    }
    let labels = words.labels();
    let planned = |kind| Action::ALL.map(|action| words.number(run.planned.get(kind, action))).to_vec();
    let total = |action| words.number(Kind::ALL.iter().map(|kind| run.planned.get(*kind, action)).sum());
    let mut rows = vec![Row::whole(labels.planned, Action::ALL.map(total).to_vec())];
    rows.extend(Kind::ALL.map(|kind| Row::part(several(kind, words), planned(kind))));
    let only = |action: Action, count: u64| {
        let cell = |one: Action| if one == action { words.number(count) } else { String::new() };
        Action::ALL.map(cell).to_vec()
    };
    let waits = run.outcome != Outcome::Failed;
    if waits && !run.postponed_deletes.is_empty() {
        rows.push(Row::whole(labels.postponed, only(Action::Delete, run.postponed_deletes.total())));
    }
    if waits && run.held_courses > 0 {
        rows.push(Row::whole(labels.held, only(Action::Create, run.held_courses)));
    }
    if run.outcome == Outcome::Completed && !run.not_released.is_empty() {
        let count = |action| Kind::ALL.iter().map(|kind| run.not_released.get(*kind, action)).sum();
        rows.push(Row::whole(
            labels.not_released,
            Action::ALL.map(|action| words.number(count(action))).to_vec(),
        ));
    }
    let applied = [run.applied.created, run.applied.updated, run.applied.deleted];
    rows.push(Row::whole(labels.applied, applied.map(|count| words.number(count)).to_vec()));
    Some(Table { columns: vec![labels.create, labels.update, labels.delete], rows })
}

/// As a label: `Persons`.
fn several(kind: Kind, words: &dyn Words) -> String {
    capitalised(words.kind(kind).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::import_status::words::words_of;
    use rollover_jobs::Language;

    #[test]
    fn kinds_beyond_the_limit_are_added_up() {
        let of = |count: usize| -> BTreeMap<String, u64> {
            (0..count).map(|index| (format!("type {index:02}"), 1)).collect()
        };
        let words = words_of(Language::English);
        let rows = |before, after| kind_rows(Kind::Group, (&before, &after), str::to_owned, words);
        let lines = |count| rows(of(count), of(count)).len();
        assert_eq!(lines(LINES_OF_A_KIND), 1 + LINES_OF_A_KIND);
        let over = rows(BTreeMap::new(), of(LINES_OF_A_KIND + 3));
        assert_eq!(over.len(), 1 + LINES_OF_A_KIND + 1);
        assert_eq!(over.last().unwrap().label, "3 others");
        assert_eq!(over.last().unwrap().cells, ["0", "3", "+3"]);
    }
}
