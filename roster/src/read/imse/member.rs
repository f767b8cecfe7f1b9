//! A member of a group in a file.

use super::field::{Field, LONG, shown_of};
use crate::{
    model::{Membership, MembershipDetails, Role, SyncKey},
    read::{Leniency, tree::Element},
};
use chrono::NaiveDate;

/// Who is a member.
pub(super) enum Member {
    Person(Membership),
    /// A group in the group.
    Group(SyncKey),
}

/// `None` when the member is not there, or not readable.
pub(super) fn member_of(field: &mut Field<'_, '_>, group: &SyncKey, member: Element<'_>) -> Option<Member> {
    let key = field.key(member).key()?;
    let is_deleted = field.is_deleted(member);
    let idtypes = [("1", false), ("Person", false), ("2", true), ("Group", true)];
    let is_group = match member.text_at(&["idtype"]) {
        None => false,
        Some(found) => field.word(member.place, "idtype", found, &idtypes)?,
    };
    if is_group {
        return (!is_deleted).then_some(Member::Group(key));
    }
    if member.child("role").is_none() {
        field.error(member.place, "role", "it is missing", "every member has one");
        return None;
    }
    let role = active_role(field, member).filter(|_| !is_deleted)?;
    let subrole = field.text(role, &["subrole"], LONG);
    let (known, custom_role) = role_of(field, role, subrole.as_deref())?;
    let begin = binding_date(field, role, &["timeframe", "begin"]);
    let end = binding_date(field, role, &["timeframe", "end"]);
    let details = MembershipDetails { subrole, custom_role }.into();
    Some(Member::Person(Membership { group: group.clone(), person: key, role: known, begin, end, details }))
}

/// A role that ended may stand beside the one that took its place; of several the one that is said to be primary.
fn active_role<'t>(field: &mut Field<'_, '_>, member: Element<'t>) -> Option<Element<'t>> {
    let mut first = None;
    for role in member.all("role") {
        if !is_active(field, role) {
            continue;
        }
        if role.text_at(&["extension", "pifu_primaryRelation"]) == Some("1") {
            return Some(role);
        }
        first = first.or(Some(role));
    }
    first
}

/// Inactive is the same as deleted.
fn is_active(field: &mut Field<'_, '_>, role: Element<'_>) -> bool {
    let is_deleted = field.is_deleted(role);
    match role.text_at(&["status"]) {
        Some("0") => false,
        None | Some("1") => !is_deleted,
        Some(other) => {
            let what = format!("{:?} is no status", shown_of(other));
            let fix = "expected 1 for active, 0 for inactive";
            field.concede(Leniency::UnknownStatus, role.place, "role/status", what, fix);
            !is_deleted
        }
    }
}

/// The role, and the customer's own name for it.
fn role_of(
    field: &mut Field<'_, '_>,
    role: Element<'_>,
    subrole: Option<&str>,
) -> Option<(Role, Option<String>)> {
    let code = role.attribute("roletype").unwrap_or("01");
    if let Some(rule) = field.judge.options.mapping.role(code, subrole) {
        return Some((rule.role, rule.name.clone()));
    }
    if let Some(known) = Role::from_code(code).or_else(|| Role::from_code(&format!("{code:0>2}"))) {
        return Some((known, None));
    }
    let what = format!("{:?} is no role", shown_of(code));
    let fix = "expected 01 to 08, or an entry of the mapping";
    let passes = field.concede(Leniency::UnknownRoles, role.place, "role@roletype", what, fix);
    passes.then_some((Role::Member, None))
}

/// A date of a timeframe says something only if it restricts.
fn binding_date(field: &mut Field<'_, '_>, role: Element<'_>, path: &[&str]) -> Option<NaiveDate> {
    let date = field.date(role, path)?;
    (role.at(path)?.attribute("restrict") == Some("1")).then_some(date)
}
