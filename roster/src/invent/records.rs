//! The roster of a municipality, as its MIS would send it.

use super::{
    Municipality, SUMMER_COURSES,
    land::Names,
    people::Human,
    school::{Class, School, class_name},
};
use crate::model::{Course, Details, Group, Membership, Person, Profile, Record, Role, Roster, SyncKey};

const SITE: u8 = 0;
const SCHOOL: u8 = 1;
const CLASS: u8 = 2;
/// What the codes of courses of a summer school begin with.
const SUMMER: &str = "SUMMER";

pub(super) fn roster(municipality: &Municipality) -> Roster {
    let mut sheet = Sheet {
        municipality,
        names: municipality.invention.country.names(),
        domain: domain(&municipality.invention.source),
        records: Vec::new(),
    };
    sheet.site();
    sheet.summer_courses();
    municipality.schools.iter().filter(|school| !school.lost).for_each(|school| sheet.school(school));
    Roster::from_records(sheet.records)
}

/// A host that can belong to nobody.
fn domain(source: &str) -> String {
    let label: String =
        source.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if label.is_empty() { "mis.example".to_owned() } else { format!("{label}.example") }
}

/// Collects the records of one roster.
struct Sheet<'a> {
    municipality: &'a Municipality,
    names: &'static Names,
    domain: String,
    records: Vec<Record>,
}

impl Sheet<'_> {
    fn key(&self, id: &str) -> SyncKey {
        SyncKey::new(&self.municipality.invention.source, id)
    }

    fn site_key(&self) -> SyncKey {
        self.key("site")
    }

    fn summer_key(&self, year: i32, course: u8) -> SyncKey {
        self.key(&format!("crs-summer-{year}-{course}"))
    }

    fn site(&mut self) {
        self.group(self.site_key(), "Site", SITE, self.names.site.to_owned(), None);
    }

    fn summer_courses(&mut self) {
        let Some(year) = self.municipality.summer else { return };
        for course in 0..SUMMER_COURSES {
            let subject = &self.names.subjects[usize::from(course)];
            self.records.push(Record::Course(Course {
                key: self.summer_key(year, course),
                title: format!("{} {year}: {}", self.names.summer_school, subject.title),
                code: Some(format!("{SUMMER}-{}-{year}", subject.code)),
                template: None,
                parent: Some(self.site_key()),
                details: Details::default(),
            }));
        }
    }

    fn school(&mut self, school: &School) {
        let key = self.key(&format!("sch-{}", school.number));
        self.group(key.clone(), "School", SCHOOL, school.name.clone(), Some(self.site_key()));
        self.person(&school.headteacher, Profile::Staff);
        self.member(&key, &school.headteacher, Role::Manager);
        for teacher in &school.teachers {
            self.person(teacher, Profile::Staff);
            self.member(&key, teacher, Role::Instructor);
            self.summer_member(teacher, Role::Instructor);
        }
        for class in &school.classes {
            for student in &class.students {
                self.person(student, Profile::Student);
                self.member(&key, student, Role::Learner);
                self.summer_member(student, Role::Learner);
            }
            self.class(school, &key, class);
        }
        if self.municipality.early_courses {
            self.early_courses(school, &key);
        }
    }

    fn class(&mut self, school: &School, school_key: &SyncKey, class: &Class) {
        let year = self.municipality.year;
        let start = year + 1 - i32::from(class.grade);
        let name = class_name(class.grade, class.letter);
        let key = self.key(&format!("grp-{}-{year}-{name}", school.number));
        self.group(key.clone(), self.names.class_type, CLASS, name, Some(school_key.clone()));
        self.member(&key, school.mentor(start, class.letter), Role::Mentor);
        for student in &class.students {
            self.member(&key, student, Role::Learner);
        }
        self.courses(school, &key, &Taught { year, start, class: class.letter, students: &class.students });
    }

    /// The courses that each class will have in the next school year, in the group of the school.
    fn early_courses(&mut self, school: &School, school_key: &SyncKey) {
        let invention = &self.municipality.invention;
        let year = self.municipality.year + 1;
        for letter in 0..invention.classes_per_grade {
            let taught = Taught { year, start: year, class: letter, students: &[] };
            self.courses(school, school_key, &taught);
        }
        for class in school.classes.iter().filter(|class| class.grade < invention.grades) {
            let start = year - i32::from(class.grade);
            let taught = Taught { year, start, class: class.letter, students: &class.students };
            self.courses(school, school_key, &taught);
        }
    }

    fn courses(&mut self, school: &School, parent: &SyncKey, taught: &Taught<'_>) {
        let Taught { year, start, class: letter, students } = *taught;
        let grade = u8::try_from(year + 1 - start).expect("a class is in one of its grades");
        let class = class_name(grade, letter);
        let courses = self.municipality.invention.courses_per_class;
        for (index, subject) in self.names.subjects.iter().take(courses).enumerate() {
            let key = self.key(&format!("crs-{}-{year}-{class}-{}", school.number, subject.code));
            self.records.push(Record::Course(Course {
                key: key.clone(),
                title: format!("{} {class} {year}/{:02}", subject.title, (year + 1).rem_euclid(100)),
                code: Some(format!("{}-{class}-{year}", subject.code)),
                template: Some(self.key(&format!("template-{}", subject.code))),
                parent: Some(parent.clone()),
                details: Details::default(),
            }));
            self.member(&key, school.teacher(start, letter, index), Role::Instructor);
            for student in students {
                self.member(&key, student, Role::Learner);
            }
        }
    }

    fn group(&mut self, key: SyncKey, kind: &str, level: u8, name: String, parent: Option<SyncKey>) {
        self.records.push(Record::Group(Group {
            key,
            group_type: kind.to_owned(),
            level,
            name,
            parent,
            details: Details::default(),
        }));
    }

    fn person(&mut self, human: &Human, profile: Profile) {
        let userid = human.userid(self.names);
        self.records.push(Record::Person(Person {
            key: self.person_key(human),
            given: human.given(self.names).to_owned(),
            family: human.family(self.names).to_owned(),
            email: Some(format!("{userid}@{}", self.domain)),
            userid: Some(userid),
            birth_date: Some(human.birth_date),
            profile,
            details: Details::default(),
        }));
    }

    fn person_key(&self, human: &Human) -> SyncKey {
        self.key(&format!("p-{}", human.number))
    }

    fn member(&mut self, group: &SyncKey, human: &Human, role: Role) {
        let person = self.person_key(human);
        self.records.push(Record::Membership(Membership {
            group: group.clone(),
            person,
            role,
            begin: None,
            end: None,
            details: Details::default(),
        }));
    }

    fn summer_member(&mut self, human: &Human, role: Role) {
        if let (Some(year), Some(course)) = (self.municipality.summer, human.summer_course) {
            self.member(&self.summer_key(year, course), human, role);
        }
    }
}

/// A class in one school year, with what its courses follow from.
#[derive(Clone, Copy)]
struct Taught<'a> {
    year: i32,
    /// The autumn in which the class started school.
    start: i32,
    /// Its letter.
    class: u8,
    students: &'a [Human],
}
