//! Takes up users.csv, roles.csv and demographics.csv.

use super::{
    fields::{Status, Words},
    manifest::Mode,
    report::Reading,
    rows::{Cell, Row, Rows},
    schema::{Table, Version},
    seen::Seen,
    tables::{Birth, HeldRole, Tables, User, UserRole, define},
};

const ROLES_1_1: Words<UserRole> = &[
    ("administrator", UserRole::Administrator),
    ("aide", UserRole::Aide),
    ("guardian", UserRole::Guardian),
    ("parent", UserRole::Parent),
    ("proctor", UserRole::Proctor),
    ("relative", UserRole::Relative),
    ("student", UserRole::Student),
    ("teacher", UserRole::Teacher),
];
const ROLES_1_2: Words<UserRole> = &[
    ("aide", UserRole::Aide),
    ("counselor", UserRole::Counselor),
    ("districtAdministrator", UserRole::DistrictAdministrator),
    ("guardian", UserRole::Guardian),
    ("parent", UserRole::Parent),
    ("principal", UserRole::Principal),
    ("proctor", UserRole::Proctor),
    ("relative", UserRole::Relative),
    ("siteAdministrator", UserRole::SiteAdministrator),
    ("student", UserRole::Student),
    ("systemAdministrator", UserRole::SystemAdministrator),
    ("teacher", UserRole::Teacher),
];
/// What a role of the customer's own begins with in version 1.2.
const OWN: &str = "ext:";

impl Tables {
    pub fn take_users(
        &mut self,
        rows: &mut Rows<'_>,
        version: Version,
        mode: Mode,
        reading: &mut Reading<'_>,
    ) {
        let at = UserCells::of(rows);
        while let Some(row) = rows.next(reading) {
            let mut state = reading.status(&row, at.status, at.modified, mode);
            reading.wanted(&row, at.enabled);
            // An account that is switched off is left out, as one that is deleted.
            if !row.text(at.enabled).is_empty() && !reading.boolean(&row, at.enabled) {
                state = Status::Gone;
            }
            let Some(id) = define(&mut self.users, &row, at.id, state, reading) else { continue };
            let role = match version {
                Version::V1_1 => reading.word(&row, at.role, ROLES_1_1),
                Version::V1_2 => None,
            };
            if version == Version::V1_1 {
                reading.wanted(&row, at.orgs);
            }
            let username = reading.wanted(&row, at.username);
            let primary_org = reading.text(&row, at.primary_org);
            let user = User {
                id,
                line: row.line,
                userid: (!username.is_empty()).then(|| username.to_owned()),
                given: reading.needed(&row, at.given).to_owned(),
                family: reading.needed(&row, at.family).to_owned(),
                nickname: reading.optional(&row, at.preferred),
                middle: reading.optional(&row, at.middle),
                email: reading.optional(&row, at.email),
                mobile: reading.optional(&row, at.sms),
                phone: reading.optional(&row, at.phone),
                role,
                orgs: reading.ids(&row, at.orgs).map(|org| self.groups.mention(org)).collect(),
                agents: reading.ids(&row, at.agents).map(|agent| self.users.mention(agent)).collect(),
                primary_org: (!primary_org.is_empty()).then(|| self.groups.mention(primary_org)),
            };
            self.people.push(user);
        }
    }

    pub fn take_roles(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, user, kind, role, begin, end, org] = rows.cells([
            "sourcedId",
            "status",
            "dateLastModified",
            "userSourcedId",
            "roleType",
            "role",
            "beginDate",
            "endDate",
            "orgSourcedId",
        ]);
        let mut seen = Seen::default();
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            if let Some(id) = reading.id(&row, id) {
                seen.add(id, row.line);
            }
            let user = reading.needed(&row, user);
            let org = reading.needed(&row, org);
            let kind = reading.word(&row, kind, &[("primary", true), ("secondary", false)]);
            let role = role_1_2(&row, role, reading);
            let held = HeldRole {
                line: row.line,
                user: self.users.mention(user),
                org: self.groups.mention(org),
                role: role.unwrap_or(UserRole::Proctor),
                is_primary: kind.unwrap_or(false),
                begin: reading.date(&row, begin),
                end: reading.date(&row, end),
                gone: state == Status::Gone,
            };
            self.roles.push(held);
        }
        seen.report(Table::Roles, reading);
    }

    pub fn take_demographics(&mut self, rows: &mut Rows<'_>, mode: Mode, reading: &mut Reading<'_>) {
        let [id, status, modified, birth] =
            rows.cells(["sourcedId", "status", "dateLastModified", "birthDate"]);
        while let Some(row) = rows.next(reading) {
            let state = reading.status(&row, status, modified, mode);
            let user = reading.needed(&row, id);
            let date = reading.personal_date(&row, birth);
            let date = date.filter(|_| state == Status::Here);
            self.births.push(Birth { line: row.line, user: self.users.mention(user), date });
        }
    }
}

fn role_1_2(row: &Row<'_>, cell: Cell, reading: &mut Reading<'_>) -> Option<UserRole> {
    match row.text(cell).strip_prefix(OWN) {
        Some(own) if !own.is_empty() => {
            reading.text(row, cell);
            Some(UserRole::Custom(own.to_owned()))
        }
        _ => reading.word(row, cell, ROLES_1_2),
    }
}

struct UserCells {
    id: Cell,
    status: Cell,
    modified: Cell,
    enabled: Cell,
    username: Cell,
    given: Cell,
    family: Cell,
    middle: Cell,
    email: Cell,
    sms: Cell,
    phone: Cell,
    agents: Cell,
    /// Of version 1.1.
    role: Cell,
    orgs: Cell,
    /// Of version 1.2.
    primary_org: Cell,
    preferred: Cell,
}

impl UserCells {
    fn of(rows: &Rows<'_>) -> Self {
        let [id, status, modified, enabled, username, given, family, middle, email, sms, phone, agents] =
            rows.cells([
                "sourcedId",
                "status",
                "dateLastModified",
                "enabledUser",
                "username",
                "givenName",
                "familyName",
                "middleName",
                "email",
                "sms",
                "phone",
                "agentSourcedIds",
            ]);
        let [role, orgs, primary_org, preferred] =
            rows.cells(["role", "orgSourcedIds", "primaryOrgSourcedId", "preferredGivenName"]);
        Self {
            id,
            status,
            modified,
            enabled,
            username,
            given,
            family,
            middle,
            email,
            sms,
            phone,
            agents,
            role,
            orgs,
            primary_org,
            preferred,
        }
    }
}
