//! Invented municipalities for demonstrations, benches and tests: lifelike rosters that go through school years.
//!
//! All follows from the seed: the same invention, asked for the same turns, gives the same rosters.

mod land;
mod people;
mod records;
mod school;

pub use land::Land;

use self::{
    people::People,
    school::{Class, School},
};
use crate::model::Roster;
use rand::{RngExt, seq::IndexedRandom};

/// How large a municipality is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invention {
    /// The MIS that gives the sync keys.
    pub source: String,
    pub country: Land,
    pub schools: usize,
    /// Autumn of the school year that runs at first.
    pub first_year: i32,
    pub seed: u64,
    pub grades: u8,
    /// At most 26: they are told apart by a letter.
    pub classes_per_grade: u8,
    pub students_per_class: usize,
    /// At most as many as the country has subjects, which is 12.
    pub courses_per_class: usize,
}

impl Invention {
    /// Two schools of 140 students each.
    pub fn small(seed: u64) -> Self {
        Self {
            source: "fjordsas".to_owned(),
            country: Land::Norway,
            schools: 2,
            first_year: 2023,
            seed,
            grades: 7,
            classes_per_grade: 1,
            students_per_class: 20,
            courses_per_class: 6,
        }
    }

    /// About so many persons, in schools of about 800.
    pub fn large(seed: u64, persons: usize) -> Self {
        const PERSONS_PER_SCHOOL: usize = 800;
        let mut invention = Self {
            schools: (persons / PERSONS_PER_SCHOOL).max(1),
            grades: 10,
            classes_per_grade: 3,
            ..Self::small(seed)
        };
        let students = (persons / invention.schools).saturating_sub(invention.staff_per_school());
        invention.students_per_class = (students / invention.classes_per_school()).max(1);
        invention
    }

    fn classes_per_school(&self) -> usize {
        usize::from(self.grades) * usize::from(self.classes_per_grade)
    }

    fn teachers_per_school(&self) -> usize {
        (self.classes_per_school() * 3 / 2).max(2)
    }

    /// The teachers and the headteacher.
    fn staff_per_school(&self) -> usize {
        self.teachers_per_school() + 1
    }
}

/// Everyday changes of one call touch at most this part of the students, so that they stay under the Filter.
const EVERYDAY_PERCENT: usize = 2;
/// So many they may always be: fewer changes than the floor of the Filter come of them.
const EVERYDAY_LEAST: usize = 2;
/// One of so many teachers is another one in the new school year.
const TEACHERS_PER_NEW_ONE: usize = 12;
/// One of so many students takes part in summer school.
const STUDENTS_PER_SUMMER_STUDENT: u32 = 10;
const SUMMER_COURSES: u8 = 3;

/// Schools, classes, students and staff, at one moment of one school year.
#[derive(Debug)]
pub struct Municipality {
    invention: Invention,
    /// Autumn of the school year that runs.
    year: i32,
    people: People,
    schools: Vec<School>,
    early_courses: bool,
    /// The calendar year of the summer school that runs.
    summer: Option<i32>,
}

impl Municipality {
    pub fn new(invention: &Invention) -> Self {
        let mut people = People::new(invention.country, invention.seed);
        let schools = School::invent(invention, &mut people);
        Self {
            invention: invention.clone(),
            year: invention.first_year,
            people,
            schools,
            early_courses: false,
            summer: None,
        }
    }

    /// What its MIS would send now.
    pub fn roster(&self) -> Roster {
        records::roster(self)
    }

    /// Adds the courses of the next school year beside those of this one (DOMAIN C1). Their classes do not exist
    /// yet, so they hang under the school; those of the new first grade have a teacher only.
    pub fn new_courses_early(&mut self) {
        self.early_courses = true;
    }

    /// The next school year: everybody moves up, the last grade leaves, a new first grade comes, and with the new
    /// classes new courses; a few teachers are others.
    pub fn turn_school_year(&mut self) {
        self.year += 1;
        self.early_courses = false;
        let (grades, year) = (self.invention.grades, self.year);
        for school in &mut self.schools {
            school.classes.retain(|class| class.grade < grades);
            school.classes.iter_mut().for_each(|class| class.grade += 1);
            for letter in 0..self.invention.classes_per_grade {
                let students = self.people.children(self.invention.students_per_class, year);
                school.classes.push(Class { grade: 1, letter, students });
            }
            let count = school.teachers.len();
            for _ in 0..count.div_ceil(TEACHERS_PER_NEW_ONE) {
                let seat = self.people.rng.random_range(0..count);
                school.teachers[seat] = self.people.adult(year);
            }
        }
    }

    /// From now on the roster lacks one school with all that is in it, as after an export that broke off.
    pub fn lose_school(&mut self) {
        let mut there: Vec<&mut School> = self.schools.iter_mut().filter(|school| !school.lost).collect();
        if !there.is_empty() {
            let index = self.people.rng.random_range(0..there.len());
            there[index].lost = true;
        }
    }

    /// Every school is in the roster again.
    pub fn find_school_again(&mut self) {
        self.schools.iter_mut().for_each(|school| school.lost = false);
    }

    /// Adds courses whose codes begin with `SUMMER`, with some students and a teacher each (DOMAIN P5).
    pub fn add_summer_school(&mut self) {
        self.summer = Some(self.year + 1);
        let rng = &mut self.people.rng;
        for student in self.schools.iter_mut().flat_map(School::students_mut) {
            if rng.random_ratio(1, STUDENTS_PER_SUMMER_STUDENT) {
                student.summer_course = Some(rng.random_range(0..SUMMER_COURSES));
            }
        }
        let teachers = self.schools.iter_mut().flat_map(|school| &mut school.teachers);
        for (course, teacher) in (0..SUMMER_COURSES).zip(teachers) {
            teacher.summer_course = Some(course);
        }
    }

    pub fn end_summer_school(&mut self) {
        self.summer = None;
        for school in &mut self.schools {
            let staff = school.teachers.iter_mut();
            let students = school.classes.iter_mut().flat_map(|class| &mut class.students);
            staff.chain(students).for_each(|person| person.summer_course = None);
        }
    }

    /// So many things of every day: a student comes, leaves, changes class or name. Never more than 2 % of the
    /// students, so that the default limits of the Filter let them through.
    pub fn small_changes(&mut self, changes: usize) {
        let students: usize = self.schools.iter().map(School::student_count).sum();
        let most = (students * EVERYDAY_PERCENT / 100).max(EVERYDAY_LEAST);
        for _ in 0..changes.min(most) {
            self.small_change();
        }
    }

    fn small_change(&mut self) {
        let Some((school, class)) = self.some_class() else { return };
        let size = self.schools[school].classes[class].students.len();
        let full = self.invention.students_per_class;
        match self.people.rng.random_range(0..4) {
            0 if size > full / 2 => {
                self.take_student(school, class);
            }
            0 | 1 => {
                let grade = i32::from(self.schools[school].classes[class].grade);
                let student = self.people.child(self.year + 1 - grade);
                self.schools[school].classes[class].students.push(student);
            }
            2 if size > full / 2 => {
                let student = self.take_student(school, class);
                let target = self.class_like(school, class);
                self.schools[target.0].classes[target.1].students.push(student);
            }
            _ => self.rename_student(school, class),
        }
    }

    fn some_class(&mut self) -> Option<(usize, usize)> {
        let schools: Vec<usize> =
            (0..self.schools.len()).filter(|school| !self.schools[*school].classes.is_empty()).collect();
        let school = *schools.choose(&mut self.people.rng)?;
        Some((school, self.people.rng.random_range(0..self.schools[school].classes.len())))
    }

    fn take_student(&mut self, school: usize, class: usize) -> people::Human {
        let students = &mut self.schools[school].classes[class].students;
        students.remove(self.people.rng.random_range(0..students.len()))
    }

    /// Another class of the same grade, at any school; the same one where there is none.
    fn class_like(&mut self, school: usize, class: usize) -> (usize, usize) {
        let grade = self.schools[school].classes[class].grade;
        let alike: Vec<(usize, usize)> = (0..self.schools.len())
            .flat_map(|at| (0..self.schools[at].classes.len()).map(move |index| (at, index)))
            .filter(|(at, index)| self.schools[*at].classes[*index].grade == grade)
            .filter(|found| *found != (school, class))
            .collect();
        alike.choose(&mut self.people.rng).copied().unwrap_or((school, class))
    }

    fn rename_student(&mut self, school: usize, class: usize) {
        let students = &mut self.schools[school].classes[class].students;
        if !students.is_empty() {
            let index = self.people.rng.random_range(0..students.len());
            self.people.rename(&mut students[index]);
        }
    }
}

#[cfg(test)]
mod tests;
