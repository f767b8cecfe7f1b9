//! The parts of a breach as people read them: by school, by class, by profile or role.

use crate::filter::Breach;

/// What is said of changes that are in none of the named parts.
const ELSEWHERE: &str = "elsewhere";

/// One way in which a breach falls into parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// What the parts are, as `School`.
    pub title: &'static str,
    /// Name and changes, the most first; they add up to the breach.
    pub lines: Vec<(String, u64)>,
}

impl Breach {
    /// A way that tells nothing is left out.
    pub fn breakdowns(&self) -> Vec<Breakdown> {
        let schools = self.parts.iter().map(|part| (part.school.clone(), part.count)).collect();
        let classes = self
            .classes
            .iter()
            .map(|part| (format!("{} at {}", part.class, part.school), part.count))
            .collect();
        let sorts = self.sorts.iter().map(|part| (part.sort.clone(), part.count)).collect();
        [("School", schools), ("Class", classes), ("Profile or role", sorts)]
            .into_iter()
            .filter_map(|(title, lines)| self.breakdown(title, lines))
            .collect()
    }

    fn breakdown(&self, title: &'static str, mut lines: Vec<(String, u64)>) -> Option<Breakdown> {
        let told: u64 = lines.iter().map(|(_, count)| count).sum();
        if lines.is_empty() {
            return None;
        }
        if told < self.count {
            lines.push((ELSEWHERE.to_owned(), self.count - told));
        }
        Some(Breakdown { title, lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diff::Action,
        filter::{ClassPart, Limit, Part},
        model::Kind,
    };

    // DOMAIN F2
    #[test]
    fn the_lines_add_up_to_the_breach() {
        let part = |count| Part { school: "Nes skole".to_owned(), count };
        let class = ClassPart { class: "8A".to_owned(), school: "Nes skole".to_owned(), count: 20 };
        let of = |parts, classes| Breach {
            parts,
            classes,
            ..Breach::new(Kind::Person, Action::Delete, 30, 100, Limit::percent(5.0))
        };
        let line = |name: &str, count| (name.to_owned(), count);
        let school = |lines| Breakdown { title: "School", lines };
        let classes =
            Breakdown { title: "Class", lines: vec![line("8A at Nes skole", 20), line("elsewhere", 10)] };
        let cases = [
            (of(vec![], vec![]), vec![]),
            (of(vec![part(30)], vec![]), vec![school(vec![line("Nes skole", 30)])]),
            (of(vec![part(29)], vec![]), vec![school(vec![line("Nes skole", 29), line("elsewhere", 1)])]),
            (of(vec![part(30)], vec![class]), vec![school(vec![line("Nes skole", 30)]), classes]),
        ];
        for (breach, expected) in cases {
            assert_eq!(breach.breakdowns(), expected);
        }
    }
}
