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
