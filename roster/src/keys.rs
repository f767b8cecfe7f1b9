//! Checks of sync keys at the site: students without their own, likely duplicates, administrators that have one
//! (DOMAIN K1, K2, K3).

use crate::{
    likeness::{Likeness, folded},
    model::{Person, Profile, Record, SyncKey},
    places::{OUTSIDE, Places},
    rekey::Certainty,
};
use chrono::NaiveDate;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
};

/// A person as the site has it.
#[derive(Clone, PartialEq, Eq)]
pub struct SitePerson {
    /// What the site calls the person by.
    pub account: i64,
    pub key: Option<SyncKey>,
    pub given: String,
    pub family: String,
    pub birth_date: Option<NaiveDate>,
    /// The names of its schools; none for who stands above them.
    pub schools: Vec<String>,
    pub profile: Profile,
    /// Who made the account.
    pub created_by: String,
}

impl fmt::Debug for SitePerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SitePerson({}, {})", self.account, self.profile.as_str())
    }
}

/// What is wrong with the key of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// K1: a student has no key, and the roster has nobody like it.
    NoKey,
    /// K1: the roster has the student under another key than the site.
    OtherKey { site: SyncKey, mis: SyncKey },
    /// K1: nobody in the roster has the student's key, or looks like it.
    UnknownKey { site: SyncKey },
    /// K2: the import will make these a second time. More than one look like it where a person must tell them apart.
    Duplicate { mis: Vec<SyncKey>, certainty: Certainty },
    /// K3: the import would change an administrator.
    AdministratorWithKey { site: SyncKey },
}

/// What it is and what to do about it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => {
                "a student without a sync key, and nobody in the roster is like it: give it the id that the MIS has for \
                the student, or have the MIS send the student"
            }
            Self::OtherKey { .. } => {
                "the MIS has another id for this student: put it in place of the sync key, or the import makes the \
                student a second time"
            }
            Self::UnknownKey { .. } => {
                "a student whose sync key the roster does not have: ask which id the MIS has for the student"
            }
            Self::Duplicate { certainty: Certainty::Certain | Certainty::Likely, .. } => {
                "the import will make this student a second time: give the account the id that the MIS has for the \
                student, before the import runs"
            }
            Self::Duplicate { certainty: Certainty::Unsure, .. } => {
                "the import may make this student a second time: find out which student of the roster it is, and give \
                the account that id before the import runs"
            }
            Self::AdministratorWithKey { .. } => {
                "an administrator with a sync key, whom the import would change: take the key away"
            }
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub account: i64,
    pub created_by: String,
    pub problem: Problem,
}

/// Findings by the name of the school, in the order of the site's accounts. A person of several schools is found once
/// at each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    pub schools: BTreeMap<String, Vec<Finding>>,
}

impl Findings {
    pub fn is_empty(&self) -> bool {
        self.schools.is_empty()
    }

    fn add(&mut self, person: &SitePerson, problem: &Problem) {
        let finding = Finding {
            account: person.account,
            created_by: person.created_by.clone(),
            problem: problem.clone(),
        };
        let schools: BTreeSet<&str> = person.schools.iter().map(String::as_str).collect();
        let named = if schools.is_empty() { BTreeSet::from([OUTSIDE]) } else { schools };
        for school in named {
            self.schools.entry(school.to_owned()).or_default().push(finding.clone());
        }
    }
}

/// What the roster says of one person of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The key is one of the roster's.
    Keyed,
    /// Students of the roster that the site does not have yet are alike in name and school.
    Alike {
        mis: Vec<SyncKey>,
        certainty: Certainty,
    },
    Nobody,
}

/// K1, K2, K3. Who is neither student nor administrator may have a key or none; so may a student above the schools.
pub fn decide_problem(person: &SitePerson, known: Known) -> Option<Problem> {
    let at_school = !person.schools.is_empty();
    match (&person.profile, &person.key, known) {
        (Profile::Administrator, Some(site), _) => Some(Problem::AdministratorWithKey { site: site.clone() }),
        (Profile::Student, None, Known::Alike { mis, certainty }) => {
            Some(Problem::Duplicate { mis, certainty })
        }
        (Profile::Student, None, _) => at_school.then_some(Problem::NoKey),
        (Profile::Student, Some(_), Known::Keyed) => None,
        (
            Profile::Student,
            Some(site),
            Known::Alike { mis, certainty: Certainty::Certain | Certainty::Likely },
        ) => mis.into_iter().next().map(|mis| Problem::OtherKey { site: site.clone(), mis }),
        (Profile::Student, Some(site), _) => at_school.then(|| Problem::UnknownKey { site: site.clone() }),
        _ => None,
    }
}

/// One birth date, and one who has it, is likely; a missing birth date or several who look so are not.
pub fn decide_alike(born: Option<NaiveDate>, candidates: &[(SyncKey, Option<NaiveDate>)]) -> Known {
    let keys = |fits: &dyn Fn(Option<NaiveDate>) -> bool| -> Vec<SyncKey> {
        candidates.iter().filter(|(_, date)| fits(*date)).map(|(key, _)| key.clone()).collect()
    };
    let same = keys(&|date| born.is_some() && date == born);
    if !same.is_empty() {
        let certainty = if same.len() == 1 { Certainty::Likely } else { Certainty::Unsure };
        return Known::Alike { mis: same, certainty };
    }
    let may_be = keys(&|date| born.is_none() || date.is_none());
    if may_be.is_empty() { Known::Nobody } else { Known::Alike { mis: may_be, certainty: Certainty::Unsure } }
}

/// The persons of a roster; it learns the roster's records in their order, memberships last.
#[derive(Default)]
pub struct RosterPersons {
    places: Places,
    keys: HashSet<Likeness>,
    students: HashMap<Likeness, Student>,
}

struct Student {
    key: SyncKey,
    name: Likeness,
    birth_date: Option<NaiveDate>,
    schools: BTreeSet<String>,
}

/// Students by name and school.
type Index<'a> = HashMap<(Likeness, String), Vec<&'a Student>>;

impl RosterPersons {
    pub fn learn(&mut self, record: &Record) {
        self.places.learn(record);
        match record {
            Record::Person(person) => self.learn_person(person),
            Record::Membership(member) => {
                let school = self.places.place(record).school;
                if let (Some(student), Some(school)) =
                    (self.students.get_mut(&Likeness::of_key(&member.person)), school)
                {
                    student.schools.insert(folded(school));
                }
            }
            Record::Group(_) | Record::Course(_) => {}
        }
    }

    fn learn_person(&mut self, person: &Person) {
        let digest = Likeness::of_key(&person.key);
        self.keys.insert(digest);
        if person.profile == Profile::Student {
            let name = Likeness::of_name(&person.given, &person.family);
            let Person { key, birth_date, .. } = person;
            let schools = BTreeSet::new();
            self.students
                .insert(digest, Student { key: key.clone(), name, birth_date: *birth_date, schools });
        }
    }

    /// Looks at every person of the site. `site` is gone through twice: a student of the roster whose key the site has
    /// already is nobody's duplicate.
    pub fn check<'a>(&self, site: impl Iterator<Item = &'a SitePerson> + Clone) -> Findings {
        let taken = site.clone().filter_map(|person| person.key.as_ref()).map(Likeness::of_key).collect();
        let index = self.index(&taken);
        let mut findings = Findings::default();
        for person in site {
            if let Some(problem) = decide_problem(person, self.known(person, &index)) {
                findings.add(person, &problem);
            }
        }
        findings
    }

    /// Students whom the import will create.
    fn index(&self, taken: &HashSet<Likeness>) -> Index<'_> {
        let mut index = Index::new();
        for (_, student) in self.students.iter().filter(|(key, _)| !taken.contains(key)) {
            for school in &student.schools {
                index.entry((student.name, school.clone())).or_default().push(student);
            }
        }
        index
    }

    fn known(&self, person: &SitePerson, index: &Index<'_>) -> Known {
        if person.key.as_ref().is_some_and(|key| self.keys.contains(&Likeness::of_key(key))) {
            return Known::Keyed;
        }
        let name = Likeness::of_name(&person.given, &person.family);
        let at = |school: &String| index.get(&(name, folded(school)));
        let found: BTreeMap<SyncKey, Option<NaiveDate>> = person
            .schools
            .iter()
            .filter_map(at)
            .flatten()
            .map(|student| (student.key.clone(), student.birth_date))
            .collect();
        decide_alike(person.birth_date, &found.into_iter().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{key, member, person, person_as, school};

    const BORN: Option<&str> = Some("2014-02-28");

    fn date(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    fn at_site(
        account: i64,
        key_id: Option<&str>,
        name: (&str, &str),
        born: Option<&str>,
        schools: &[&str],
    ) -> SitePerson {
        SitePerson {
            account,
            key: key_id.map(key),
            given: name.0.to_owned(),
            family: name.1.to_owned(),
            birth_date: born.and_then(date),
            schools: schools.iter().map(|school| (*school).to_owned()).collect(),
            profile: Profile::Student,
            created_by: "admin".to_owned(),
        }
    }

    fn roster() -> RosterPersons {
        let mut roster = RosterPersons::default();
        for record in [
            school("s-1", "Nes skole"),
            school("s-2", "Vik skole"),
            person("kari", "Kari", "Moe-Berg", BORN),
            person("ola", "Ola", "Li", None),
            person("twin-1", "Per", "Ås", BORN),
            person("twin-2", "Per", "Ås", BORN),
            person_as(Profile::Staff, "tor", "Tor", "Ek", BORN),
            person("there", "Unn", "Dal", BORN),
            person("two", "Liv", "Sund", BORN),
            member("s-1", "kari"),
            member("s-1", "ola"),
            member("s-1", "twin-1"),
            member("s-1", "twin-2"),
            member("s-1", "tor"),
            member("s-1", "there"),
            member("s-1", "two"),
            member("s-2", "two"),
        ] {
            roster.learn(&record);
        }
        roster
    }

    // DOMAIN K1, K2
    #[test]
    fn students_without_the_key_of_the_mis_are_found() {
        let duplicate = |ids: &[&str], certainty| {
            Some(Problem::Duplicate { mis: ids.iter().map(|id| key(id)).collect(), certainty })
        };
        let (likely, unsure) = (Certainty::Likely, Certainty::Unsure);
        let nes: &[&str] = &["Nes skole"];
        let kari = ("KÁRI", "Berg Moe");
        let cases = [
            ("keyed", at_site(1, Some("kari"), ("Kari", "Berg"), BORN, nes), None),
            ("alike", at_site(1, None, kari, BORN, nes), duplicate(&["kari"], likely)),
            (
                "alike at a school written otherwise",
                at_site(1, None, kari, BORN, &["NES SKOLE"]),
                duplicate(&["kari"], likely),
            ),
            ("no birth date here", at_site(1, None, kari, None, nes), duplicate(&["kari"], unsure)),
            ("no birth date there", at_site(1, None, ("Ola", "Li"), BORN, nes), duplicate(&["ola"], unsure)),
            (
                "two alike",
                at_site(1, None, ("Per", "Aas"), BORN, nes),
                duplicate(&["twin-1", "twin-2"], unsure),
            ),
            (
                "at the second of two schools",
                at_site(1, None, ("Liv", "Sund"), BORN, &["Vik skole"]),
                duplicate(&["two"], likely),
            ),
            ("another birth date", at_site(1, None, kari, Some("2014-03-01"), nes), Some(Problem::NoKey)),
            ("another school", at_site(1, None, kari, BORN, &["Vik skole"]), Some(Problem::NoKey)),
            ("another name", at_site(1, None, ("Karin", "Moe-Berg"), BORN, nes), Some(Problem::NoKey)),
            ("a member of staff", at_site(1, None, ("Tor", "Ek"), BORN, nes), Some(Problem::NoKey)),
            ("above the schools", at_site(1, None, kari, BORN, &[]), None),
            ("above the schools, unknown key", at_site(1, Some("x"), kari, BORN, &[]), None),
            (
                "another key",
                at_site(1, Some("x"), kari, BORN, nes),
                Some(Problem::OtherKey { site: key("x"), mis: key("kari") }),
            ),
            (
                "another key, not surely",
                at_site(1, Some("x"), kari, None, nes),
                Some(Problem::UnknownKey { site: key("x") }),
            ),
            (
                "unknown",
                at_site(1, Some("x"), ("Eva", "Strand"), BORN, nes),
                Some(Problem::UnknownKey { site: key("x") }),
            ),
        ];
        for (what, person, expected) in cases {
            let findings = roster().check([person].iter());
            let found = findings.schools.into_values().flatten().next().map(|finding| finding.problem);
            assert_eq!(found, expected, "{what}");
        }
    }

    // DOMAIN K2
    #[test]
    fn who_is_there_already_is_nobodys_duplicate() {
        let site = [
            at_site(1, Some("there"), ("Unn", "Dal"), BORN, &["Nes skole"]),
            at_site(2, None, ("Unn", "Dal"), BORN, &["Nes skole"]),
        ];
        let findings = roster().check(site.iter());
        let finding = Finding { account: 2, created_by: "admin".to_owned(), problem: Problem::NoKey };
        assert_eq!(findings.schools, BTreeMap::from([("Nes skole".to_owned(), vec![finding])]));
    }

    // DOMAIN K1, K3
    #[test]
    fn findings_are_by_school_with_who_made_the_account() {
        let profile = |profile, person: SitePerson| SitePerson { profile, ..person };
        let with_key = |account| at_site(account, Some("tor"), ("Tor", "Ek"), None, &[]);
        let keyless = at_site(3, None, ("Eva", "Strand"), None, &["Nes skole", "Vik skole", "Nes skole"]);
        let site = [
            profile(Profile::Administrator, with_key(1)),
            profile(Profile::Administrator, SitePerson { key: None, ..with_key(2) }),
            keyless,
            profile(Profile::Staff, at_site(4, None, ("Siv", "Lund"), None, &["Nes skole"])),
            profile(Profile::Staff, at_site(5, Some("x"), ("Siv", "Lund"), None, &["Nes skole"])),
        ];
        let finding = |account, problem| vec![Finding { account, created_by: "admin".to_owned(), problem }];
        let expected = BTreeMap::from([
            ("Nes skole".to_owned(), finding(3, Problem::NoKey)),
            ("Vik skole".to_owned(), finding(3, Problem::NoKey)),
            (OUTSIDE.to_owned(), finding(1, Problem::AdministratorWithKey { site: key("tor") })),
        ]);
        assert_eq!(roster().check(site.iter()).schools, expected);
    }

    #[test]
    fn no_name_and_no_key_is_seen() {
        let person = at_site(7, Some("secret"), ("Kari", "Berg"), BORN, &[]);
        let problem = Problem::OtherKey { site: key("secret"), mis: key("secret") };
        let text = format!("{person:?} {problem:?} {problem}");
        assert!(!["Kari", "Berg", "secret", "2014"].iter().any(|word| text.contains(word)), "{text}");
    }
}
