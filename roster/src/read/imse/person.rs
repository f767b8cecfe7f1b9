//! A person of a file.

use super::{
    field::{Field, ID, LONG},
    pifu::{self, Line},
};
use crate::{
    model::{Person, PersonDetails, Profile, Relation, Relative, SyncKey},
    read::{Leniency, tree::Element},
};

/// Profiles that the platform has of its own.
const PROFILES: [(&str, Profile); 7] = [
    ("Student", Profile::Student),
    ("Staff", Profile::Staff),
    ("Faculty", Profile::Staff),
    ("Administrator", Profile::Administrator),
    ("Guest", Profile::Guest),
    ("Parent", Profile::Parent),
    ("AICC", Profile::Aicc),
];

/// `None` when something that every person has is missing.
pub(super) fn person_of(field: &mut Field<'_, '_>, element: Element<'_>, key: SyncKey) -> Option<Person> {
    let given = field.needed(element, &["name", "n", "given"], LONG);
    let family = field.needed(element, &["name", "n", "family"], LONG);
    let userid = login_of(field, element);
    let email = field.text(element, &["email"], LONG);
    // Some systems misspell the element; both are read.
    let birth_date = field
        .personal_date(element, &["demographics", "bday"])
        .or_else(|| field.personal_date(element, &["demogaphics", "bday"]));
    let profile =
        role_of_institution(element).map_or(Profile::Student, |name| profile_of(field, element, name));
    let details = details_of(field, element).into();
    Some(Person { key, userid, given: given?, family: family?, email, birth_date, profile, details })
}

/// What the file says that a person is; the primary role before others.
pub(super) fn role_of_institution(element: Element<'_>) -> Option<&str> {
    let is_primary = |role: &Element<'_>| {
        role.attribute("primaryrole").is_some_and(|primary| primary.eq_ignore_ascii_case("yes"))
    };
    let role =
        element.all("institutionrole").find(is_primary).or_else(|| element.child("institutionrole"))?;
    role.attribute("institutionroletype").filter(|name| !name.is_empty())
}

fn profile_of(field: &mut Field<'_, '_>, element: Element<'_>, name: &str) -> Profile {
    let mapping = &field.judge.options.mapping;
    if mapping.profiles.contains_key(name) {
        return mapping.profile(name);
    }
    if let Some((_, profile)) = PROFILES.iter().find(|(known, _)| *known == name) {
        return profile.clone();
    }
    let Some((known, profile)) = PROFILES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
        return Profile::Custom(name.chars().take(LONG).collect());
    };
    let what = format!("the word is {known:?}, in another case");
    let (name, fix) = ("institutionrole@institutionroletype", "write it as the format does");
    field.concede(Leniency::WrongCase, element.place, name, what, fix);
    profile.clone()
}

/// Of several identifiers the one that a person logs in with.
fn login_of(field: &mut Field<'_, '_>, element: Element<'_>) -> Option<String> {
    let ranked = element.all("userid").filter_map(|userid| {
        userid.text_at(&[])?;
        Some((pifu::rank_of_login(userid.attribute("useridtype"))?, userid))
    });
    let (_, userid) = ranked.min_by_key(|(rank, _)| *rank)?;
    field.inside("userid", |field| field.id(userid, &[], ID))
}

fn details_of(field: &mut Field<'_, '_>, element: Element<'_>) -> PersonDetails {
    let mut details = PersonDetails {
        nickname: field.text(element, &["name", "nickname"], LONG),
        middle_name: field.text(element, &["name", "n", "other"], LONG),
        url: field.text(element, &["url"], LONG),
        street: street_of(field, element),
        extended: field.text(element, &["adr", "extadd"], LONG),
        postcode: field.text(element, &["adr", "pcode"], LONG),
        locality: field.text(element, &["adr", "locality"], LONG),
        ..PersonDetails::default()
    };
    for tel in element.all("tel") {
        let line = match field.judge.dialect.line_of(tel.attribute("teltype").unwrap_or_default()) {
            Some(Line::Phone) => &mut details.phone,
            Some(Line::Mobile) => &mut details.mobile,
            None => continue,
        };
        if line.is_none() {
            *line = field.inside("tel", |field| field.text(tel, &[], LONG));
        }
    }
    if let Some(extension) = element.child("extension") {
        field.inside("extension", |field| {
            for relationship in extension.all("relationship") {
                let relative = field.inside("relationship", |field| relative_of(field, relationship));
                details.relatives.extend(relative);
            }
            pifu::extend(field, extension, &mut details);
        });
        details.relatives.sort();
        details.relatives.dedup();
    }
    details
}

/// A street may have several lines.
fn street_of(field: &mut Field<'_, '_>, element: Element<'_>) -> Option<String> {
    let address = element.child("adr")?;
    let mut lines = Vec::new();
    field.inside("adr", |field| {
        for street in address.all("street") {
            lines.extend(field.inside("street", |field| field.text(street, &[], LONG)));
        }
    });
    Some(lines.join(", ")).filter(|street| !street.is_empty())
}

fn relative_of(field: &mut Field<'_, '_>, relationship: Element<'_>) -> Option<Relative> {
    let known = [("child", Relation::Child), ("parent", Relation::Parent)];
    let found = relationship.text_at(&["relationshiptype"]).unwrap_or_default();
    let relation = field.word(relationship.place, "relationshiptype", found, &known)?;
    Some(Relative { relation, person: field.key(relationship).key()? })
}
