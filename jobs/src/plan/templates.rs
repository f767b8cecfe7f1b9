//! The plan templates that come with the program.

use super::Template;
use std::sync::LazyLock;

const SOURCES: [&str; 4] = [
    include_str!("../../plans/eoy.toml"),
    include_str!("../../plans/bts.toml"),
    include_str!("../../plans/summer_school.toml"),
    include_str!("../../plans/change_of_mis.toml"),
];

/// Every template, in the order of a year.
pub static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let read = |source: &&str| toml::from_str(source).expect("a test reads every template that is built in");
    SOURCES.iter().map(read).collect()
});

/// The template with this stored name.
pub fn find_template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{SIGN_OFF, Trigger, check};
    use std::collections::BTreeSet;

    #[test]
    fn every_template_that_is_built_in_can_be_used() {
        let kinds: Vec<&str> = crate::KINDS.iter().map(|kind| kind.name()).collect();
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name.as_str()).collect();
        assert_eq!(names, ["eoy", "bts", "summer_school", "change_of_mis"]);
        for template in TEMPLATES.iter() {
            assert_eq!(check(template, &kinds), [], "{}", template.name);
            assert_eq!(find_template(&template.name), Some(template));
        }
        assert_eq!(find_template("easter"), None);
    }

    #[test]
    fn every_rule_that_asks_for_a_step_has_one() {
        let rules = |template: &Template| -> BTreeSet<String> {
            template.steps.iter().flat_map(|step| step.rules.clone()).collect()
        };
        for (name, asked) in [
            ("eoy", "A1 A2 A3 A4 A5 A6 B1 B2 B3 T1 T4 X1 X2 X3 P1 P2 P4 P5 I1 I2 F1"),
            ("bts", "K1 K2 K3 K4 T2 T3 C1 C2 C3 C4 C5 C6 C7 C8 M1 M3 P1 P2 P3 P4 I1 I2 I3 F1 F2 F3"),
            ("summer_school", "P2 P3 P4 P5"),
            ("change_of_mis", "M2 M3 K1 K2 I3 F3 X2"),
        ] {
            let found = rules(find_template(name).unwrap());
            let lacking: Vec<&str> = asked.split(' ').filter(|rule| !found.contains(*rule)).collect();
            assert!(lacking.is_empty(), "{name} lacks {lacking:?}");
        }
    }

    // DOMAIN S4
    #[test]
    fn what_a_person_does_is_never_on_a_cron() {
        for step in TEMPLATES.iter().flat_map(|template| &template.steps) {
            let cron = matches!(step.trigger, Trigger::Cron { .. });
            assert!(!(cron && step.kind == SIGN_OFF), "{}: its sign-offs would pile up", step.name);
        }
    }
}
