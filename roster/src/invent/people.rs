//! Makes people by chance: names from the lists of the country, birth dates that fit the grade.

use super::land::{Land, Names};
use chrono::{Datelike, Days, NaiveDate};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// One person. Names are places in the lists of the country, so that a hundred thousand take little room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Human {
    /// Unique in the municipality.
    pub number: u32,
    given: u16,
    family: u16,
    /// The family name at arrival: a login outlives a change of name.
    first_family: u16,
    pub birth_date: NaiveDate,
    pub summer_course: Option<u8>,
}

impl Human {
    pub fn given(&self, names: &Names) -> &'static str {
        names.given[usize::from(self.given)]
    }

    pub fn family(&self, names: &Names) -> &'static str {
        names.family[usize::from(self.family)]
    }

    /// Three letters of each name, and the number, which makes it unique.
    pub fn userid(&self, names: &Names) -> String {
        let mut userid = String::with_capacity(12);
        for name in [self.given(names), names.family[usize::from(self.first_family)]] {
            userid.extend(name.chars().filter_map(plain).take(3));
        }
        userid + &self.number.to_string()
    }
}

/// The small letter from a to z that stands for another in logins; none for blanks and signs.
fn plain(letter: char) -> Option<char> {
    match letter.to_lowercase().next()? {
        plain @ 'a'..='z' => Some(plain),
        'å' | 'ä' | 'æ' | 'á' | 'â' => Some('a'),
        'ö' | 'ø' | 'ó' => Some('o'),
        'é' | 'è' | 'ë' => Some('e'),
        'ü' => Some('u'),
        _ => None,
    }
}

/// All chance of a municipality, and the numbers it has given out.
#[derive(Debug)]
pub(super) struct People {
    pub rng: StdRng,
    land: Land,
    next_number: u32,
}

const FIRST_NUMBER: u32 = 100_001;
const ADULT_AGES: std::ops::Range<i32> = 24..66;

impl People {
    pub fn new(land: Land, seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), land, next_number: FIRST_NUMBER }
    }

    /// So many children who started school in the autumn of `start`.
    pub fn children(&mut self, count: usize, start: i32) -> Vec<Human> {
        (0..count).map(|_| self.child(start)).collect()
    }

    pub fn child(&mut self, start: i32) -> Human {
        let (first, last) = self.land.births(start);
        self.human(first, last)
    }

    pub fn adult(&mut self, year: i32) -> Human {
        let birth_year = year - self.rng.random_range(ADULT_AGES);
        let first = NaiveDate::from_ymd_opt(birth_year, 1, 1).expect("every year has a first day");
        self.human(first, first.with_ordinal(365).expect("every year has 365 days"))
    }

    pub fn rename(&mut self, human: &mut Human) {
        human.family = self.index(self.land.names().family);
    }

    fn human(&mut self, first: NaiveDate, last: NaiveDate) -> Human {
        let days = (last - first).num_days().unsigned_abs();
        let names = self.land.names();
        let (given, family) = (self.index(names.given), self.index(names.family));
        let number = self.next_number;
        self.next_number += 1;
        let birth_date = first + Days::new(self.rng.random_range(0..=days));
        Human { number, given, family, first_family: family, birth_date, summer_course: None }
    }

    fn index(&mut self, list: &[&str]) -> u16 {
        let length = u16::try_from(list.len()).expect("the lists are short");
        self.rng.random_range(0..length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_plain_letters_and_digits() {
        for land in [Land::Norway, Land::Sweden, Land::England] {
            let mut people = People::new(land, 1);
            for human in people.children(500, 2023) {
                let userid = human.userid(land.names());
                assert!(userid.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{userid}");
            }
        }
    }

    #[test]
    fn every_letter_of_the_lists_has_a_plain_one() {
        for land in [Land::Norway, Land::Sweden, Land::England] {
            for name in land.names().given.iter().chain(land.names().family) {
                let lost: String =
                    name.chars().filter(|c| c.is_alphabetic() && plain(*c).is_none()).collect();
                assert!(lost.is_empty(), "{name}: no plain letter for {lost}");
            }
        }
    }

    #[test]
    fn children_have_the_age_of_their_grade() {
        let mut people = People::new(Land::England, 1);
        for child in people.children(200, 2023) {
            let first_day = NaiveDate::from_ymd_opt(2023, 9, 1).unwrap();
            assert_eq!(first_day.years_since(child.birth_date), Some(5), "{}", child.birth_date);
        }
    }

    #[test]
    fn a_login_outlives_a_change_of_name() {
        let names = Land::Sweden.names();
        let mut people = People::new(Land::Sweden, 3);
        let mut human = people.child(2023);
        let before = (human.userid(names), human.family(names));
        while human.family(names) == before.1 {
            people.rename(&mut human);
        }
        assert_eq!(human.userid(names), before.0);
    }
}
