//! What the standard's words mean at the site: levels, profiles and roles, where the customer's mapping is silent.

use super::tables::{EnrollmentRole, OrgKind, UserRole};
use crate::{
    model::{Profile, Role},
    read::Mapping,
};

impl OrgKind {
    pub const fn level(self) -> u8 {
        match self {
            Self::District | Self::Local | Self::State | Self::National => 0,
            Self::School => 1,
            Self::Department => 2,
        }
    }

    pub const fn group_type(self) -> &'static str {
        match self {
            Self::Department => "Department",
            Self::School => "School",
            Self::District => "District",
            Self::Local => "Local",
            Self::State => "State",
            Self::National => "National",
        }
    }
}

impl UserRole {
    fn word(&self) -> &str {
        match self {
            Self::Administrator => "administrator",
            Self::Aide => "aide",
            Self::Counselor => "counselor",
            Self::DistrictAdministrator => "districtAdministrator",
            Self::Guardian => "guardian",
            Self::Parent => "parent",
            Self::Principal => "principal",
            Self::Proctor => "proctor",
            Self::Relative => "relative",
            Self::SiteAdministrator => "siteAdministrator",
            Self::Student => "student",
            Self::SystemAdministrator => "systemAdministrator",
            Self::Teacher => "teacher",
            Self::Custom(name) => name,
        }
    }
}

impl EnrollmentRole {
    const fn word(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
            Self::Administrator => "administrator",
            Self::Proctor => "proctor",
        }
    }
}

/// A role, and what the customer calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning<'m> {
    pub role: Role,
    pub custom_role: Option<&'m str>,
}

impl Meaning<'_> {
    pub const MEMBER: Self = Self { role: Role::Member, custom_role: None };
}

/// The customer's word for it, else the standard's. An administrator of a school is no administrator of the site,
/// and must not become one by an import.
pub(super) fn profile(role: &UserRole, mapping: &Mapping) -> Profile {
    if mapping.profiles.contains_key(role.word()) {
        return mapping.profile(role.word());
    }
    match role {
        UserRole::Student => Profile::Student,
        UserRole::SystemAdministrator => Profile::Administrator,
        UserRole::Guardian | UserRole::Parent | UserRole::Relative => Profile::Parent,
        UserRole::Custom(name) => Profile::from(name.clone()),
        UserRole::Administrator
        | UserRole::Aide
        | UserRole::Counselor
        | UserRole::DistrictAdministrator
        | UserRole::Principal
        | UserRole::Proctor
        | UserRole::SiteAdministrator
        | UserRole::Teacher => Profile::Staff,
    }
}

/// What a role at an org makes of a person in the group of that org.
pub(super) fn held<'m>(role: &UserRole, mapping: &'m Mapping) -> Meaning<'m> {
    let otherwise = || match role {
        UserRole::Student => Role::Learner,
        UserRole::Teacher => Role::Instructor,
        UserRole::Aide => Role::Assistant,
        UserRole::SystemAdministrator => Role::Administrator,
        UserRole::Administrator
        | UserRole::DistrictAdministrator
        | UserRole::Principal
        | UserRole::SiteAdministrator => Role::Manager,
        UserRole::Counselor
        | UserRole::Custom(_)
        | UserRole::Guardian
        | UserRole::Parent
        | UserRole::Proctor
        | UserRole::Relative => Role::Member,
    };
    mapped(role.word(), mapping).unwrap_or_else(|| Meaning { role: otherwise(), custom_role: None })
}

fn mapped<'m>(word: &str, mapping: &'m Mapping) -> Option<Meaning<'m>> {
    let rule = mapping.role(word, None)?;
    Some(Meaning { role: rule.role, custom_role: rule.name.as_deref() })
}

/// What an enrollment makes of a person in its class; the mapping is looked through once, not for each of a million.
pub(super) fn enrolled<'m>(mapping: &'m Mapping) -> impl Fn(EnrollmentRole, bool, bool) -> Meaning<'m> {
    let roles = [
        EnrollmentRole::Student,
        EnrollmentRole::Teacher,
        EnrollmentRole::Administrator,
        EnrollmentRole::Proctor,
    ];
    let mapped = roles.map(|role| mapped(role.word(), mapping));
    move |role, is_primary, is_homeroom| {
        let role_of = || decide_role(role, is_primary, is_homeroom);
        mapped[role as usize].unwrap_or_else(|| Meaning { role: role_of(), custom_role: None })
    }
}

/// The primary teacher of a homeroom is its mentor, who completes behaviour (DOMAIN B1).
const fn decide_role(role: EnrollmentRole, is_primary: bool, is_homeroom: bool) -> Role {
    match role {
        EnrollmentRole::Student => Role::Learner,
        EnrollmentRole::Teacher if is_primary && is_homeroom => Role::Mentor,
        EnrollmentRole::Teacher => Role::Instructor,
        EnrollmentRole::Administrator => Role::Administrator,
        EnrollmentRole::Proctor => Role::Assistant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::RoleRule;

    // DOMAIN B1
    #[test]
    fn only_the_primary_teacher_of_a_homeroom_is_a_mentor() {
        let cases = [
            (EnrollmentRole::Teacher, true, true, Role::Mentor),
            (EnrollmentRole::Teacher, false, true, Role::Instructor),
            (EnrollmentRole::Teacher, true, false, Role::Instructor),
            (EnrollmentRole::Student, true, true, Role::Learner),
            (EnrollmentRole::Administrator, true, true, Role::Administrator),
            (EnrollmentRole::Proctor, true, true, Role::Assistant),
        ];
        for (role, is_primary, is_homeroom, expected) in cases {
            assert_eq!(decide_role(role, is_primary, is_homeroom), expected, "{role:?}");
        }
    }

    // DOMAIN K3
    #[test]
    fn only_a_system_administrator_becomes_administrator_of_the_site() {
        let mapping = Mapping::default();
        for role in [UserRole::Administrator, UserRole::SiteAdministrator, UserRole::DistrictAdministrator] {
            assert_eq!(profile(&role, &mapping), Profile::Staff, "{role:?}");
        }
        assert_eq!(profile(&UserRole::SystemAdministrator, &mapping), Profile::Administrator);
    }

    #[test]
    fn the_mapping_of_the_customer_comes_first() {
        let mut mapping = Mapping::default();
        mapping.profiles.insert("aide".to_owned(), "Vikar".to_owned());
        mapping.roles.push(RoleRule {
            code: Some("proctor".to_owned()),
            subrole: None,
            role: Role::Mentor,
            name: Some("Vakt".to_owned()),
        });
        assert_eq!(profile(&UserRole::Aide, &mapping), Profile::Custom("Vikar".to_owned()));
        let guard = Meaning { role: Role::Mentor, custom_role: Some("Vakt") };
        assert_eq!(enrolled(&mapping)(EnrollmentRole::Proctor, false, false), guard);
        assert_eq!(held(&UserRole::Proctor, &mapping), guard);
        assert_eq!(held(&UserRole::Aide, &mapping).role, Role::Assistant);
    }
}
