//! A school with its staff and classes, and who teaches what.

use super::{
    Invention,
    people::{Human, People},
};
use rand::seq::SliceRandom;

#[derive(Debug, Clone)]
pub(super) struct School {
    /// From 1.
    pub number: usize,
    pub name: String,
    pub headteacher: Human,
    pub teachers: Vec<Human>,
    pub classes: Vec<Class>,
    /// It is there, but the MIS does not send it.
    pub lost: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Class {
    /// From 1.
    pub grade: u8,
    pub letter: u8,
    pub students: Vec<Human>,
}

/// The name of a class, as 7B.
pub(super) fn class_name(grade: u8, letter: u8) -> String {
    format!("{grade}{}", char::from(b'A' + letter))
}

impl School {
    pub fn invent(invention: &Invention, people: &mut People) -> Vec<Self> {
        let names = invention.country.names();
        let mut places = names.places.to_vec();
        places.shuffle(&mut people.rng);
        (0..invention.schools)
            .map(|index| {
                let name = (names.school)(places[index % places.len()]);
                // When the places are used up they come again, with a number.
                let name = match index / places.len() {
                    0 => name,
                    round => format!("{name} {}", round + 1),
                };
                Self::invent_one(index + 1, name, invention, people)
            })
            .collect()
    }

    fn invent_one(number: usize, name: String, invention: &Invention, people: &mut People) -> Self {
        let year = invention.first_year;
        let headteacher = people.adult(year);
        let teachers = (0..invention.teachers_per_school()).map(|_| people.adult(year)).collect();
        let mut classes = Vec::with_capacity(invention.classes_per_school());
        for grade in 1..=invention.grades {
            for letter in 0..invention.classes_per_grade {
                let start = year + 1 - i32::from(grade);
                let students = people.children(invention.students_per_class, start);
                classes.push(Class { grade, letter, students });
            }
        }
        Self { number, name, headteacher, teachers, classes, lost: false }
    }

    pub fn student_count(&self) -> usize {
        self.classes.iter().map(|class| class.students.len()).sum()
    }

    pub fn students_mut(&mut self) -> impl Iterator<Item = &mut Human> {
        self.classes.iter_mut().flat_map(|class| &mut class.students)
    }

    /// The mentor of a class. `start` is the autumn in which it started school: teachers move up with it.
    pub fn mentor(&self, start: i32, letter: u8) -> &Human {
        self.teacher(start, letter, 0)
    }

    /// Who teaches a class in a subject.
    pub fn teacher(&self, start: i32, letter: u8, subject: usize) -> &Human {
        let cohort = start.unsigned_abs() as usize;
        &self.teachers[(cohort * 5 + usize::from(letter) * 3 + subject * 7) % self.teachers.len()]
    }
}
