//! What is wrong with a template, before any customer meets it.

use super::{SIGN_OFF, Step, Template, Trigger, WhenError, args::when_of};
use std::collections::HashSet;

/// One fault of a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the template {template} has {found} steps; it needs 1 to {max}", max = MAX_STEPS)]
    Size { template: String, found: usize },
    #[error("step name {step:?}: expected a-z, 0-9 and _, beginning with a letter")]
    StepName { step: String },
    #[error("step {step} is there twice; give one of them another name")]
    DuplicateStep { step: String },
    #[error("step {step} comes after {after}, which is no step of the template")]
    UnknownStep { step: String, after: String },
    #[error("step {step} needs {needed}, which is no step of the template")]
    UnknownNeed { step: String, needed: String },
    #[error("step {step} waits for itself, through {through}")]
    Cycle { step: String, through: String },
    #[error("step {step} is of the kind {kind}, which does not exist")]
    UnknownKind { step: String, kind: String },
    #[error("step {step}, argument {argument}: {source}")]
    Argument { step: String, argument: String, source: WhenError },
    #[error("step {step} is for a person, but does not say what is signed off; set args.what")]
    NothingToSignOff { step: String },
    #[error("step {step} has no help; say what the person does")]
    NoHelp { step: String },
}

/// No template is longer.
pub const MAX_STEPS: usize = 200;

/// Every fault of the template; none when it can be used.
pub fn check(template: &Template, known_kinds: &[&str]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !(1..=MAX_STEPS).contains(&template.steps.len()) {
        problems.push(Problem::Size { template: template.name.clone(), found: template.steps.len() });
    }
    let mut names = HashSet::new();
    for step in &template.steps {
        if !names.insert(&step.name) {
            problems.push(Problem::DuplicateStep { step: step.name.clone() });
        }
        check_step(step, known_kinds, &mut problems);
        check_order(template, step, &mut problems);
    }
    problems
}

fn check_step(step: &Step, known_kinds: &[&str], problems: &mut Vec<Problem>) {
    let name = || step.name.clone();
    let letters = step.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !letters || !step.name.starts_with(|c: char| c.is_ascii_lowercase()) {
        problems.push(Problem::StepName { step: name() });
    }
    if !known_kinds.contains(&step.kind.as_str()) {
        problems.push(Problem::UnknownKind { step: name(), kind: step.kind.clone() });
    }
    if step.kind == SIGN_OFF && step.args.get("what").and_then(|what| what.as_str()).is_none_or(str::is_empty)
    {
        problems.push(Problem::NothingToSignOff { step: name() });
    }
    if step.help.trim().is_empty() {
        problems.push(Problem::NoHelp { step: name() });
    }
    for (argument, value) in &step.args {
        if let Some(Err(source)) = when_of(value) {
            problems.push(Problem::Argument { step: name(), argument: argument.clone(), source });
        }
    }
}

fn check_order(template: &Template, step: &Step, problems: &mut Vec<Problem>) {
    let name = || step.name.clone();
    if let Some(after) = after_of(step).filter(|after| template.step(after).is_none()) {
        problems.push(Problem::UnknownStep { step: name(), after: after.to_owned() });
    }
    for needed in step.needs.iter().filter(|needed| template.step(needed).is_none()) {
        problems.push(Problem::UnknownNeed { step: name(), needed: needed.clone() });
    }
    let mut chain = Vec::new();
    if leads_back(template, step, &step.name, &mut HashSet::new(), &mut chain) {
        problems.push(Problem::Cycle { step: name(), through: chain.join(", ") });
    }
}

fn after_of(step: &Step) -> Option<&str> {
    match &step.trigger {
        Trigger::After { step, .. } => Some(step),
        _ => None,
    }
}

/// Whether what `step` waits for waits in the end for `start`; `chain` is then the way. Each step is entered once.
fn leads_back<'a>(
    template: &'a Template,
    step: &'a Step,
    start: &str,
    seen: &mut HashSet<&'a str>,
    chain: &mut Vec<&'a str>,
) -> bool {
    for next in after_of(step).into_iter().chain(step.needs.iter().map(String::as_str)) {
        chain.push(next);
        if next == start {
            return true;
        }
        if seen.insert(next)
            && let Some(next) = template.step(next)
            && leads_back(template, next, start, seen, chain)
        {
            return true;
        }
        chain.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(steps: &str) -> Template {
        toml::from_str(&format!("name = 't'\ntitle = 't'\nsummary = 's'\nversion = 1\n{steps}")).unwrap()
    }

    fn step(name: &str, rest: &str) -> String {
        format!("[[steps]]\nname = '{name}'\ntitle = 't'\nowner = 'teacher'\nhelp = 'h'\n{rest}\n")
    }

    fn after(name: &str, other: &str) -> String {
        step(name, &format!("kind = 'noop'\ntrigger = {{ type = 'after', step = '{other}' }}"))
    }

    fn needing(name: &str, others: &str) -> String {
        step(name, &format!("{HAND}\nneeds = {others}"))
    }

    const HAND: &str = "kind = 'noop'\ntrigger = { type = 'hand' }";

    fn problems(steps: &str) -> Vec<String> {
        check(&template(steps), &["noop", SIGN_OFF]).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_good_template_has_no_problem() {
        assert!(problems(&(step("a", HAND) + &after("b", "a") + &after("c", "b"))).is_empty());
    }

    #[test]
    fn every_fault_is_found() {
        let hand_of = |kind: &str| format!("kind = '{kind}'\ntrigger = {{ type = 'hand' }}");
        for (steps, expected) in [
            ("steps = []".to_owned(), "the template t has 0 steps; it needs 1 to 200"),
            (step("A b", HAND), "step name \"A b\": expected a-z, 0-9 and _, beginning with a letter"),
            (step("a", HAND) + &step("a", HAND), "step a is there twice; give one of them another name"),
            (after("a", "x"), "step a comes after x, which is no step of the template"),
            (after("a", "a"), "step a waits for itself, through a"),
            (needing("a", "['x']"), "step a needs x, which is no step of the template"),
            (needing("a", "['a']"), "step a waits for itself, through a"),
            (step("a", &hand_of("nop")), "step a is of the kind nop, which does not exist"),
            (
                step("a", &hand_of("sign_off")),
                "step a is for a person, but does not say what is signed off; set args.what",
            ),
            (step("a", HAND).replace("'h'", "' '"), "step a has no help; say what the person does"),
        ] {
            assert_eq!(problems(&steps), [expected]);
        }
        let found = problems(&step("a", &format!("{HAND}\nargs = {{ end = 'when: someday' }}")));
        assert!(found[0].starts_with("step a, argument end: date \"someday\", at character 1"), "{found:?}");
    }

    #[test]
    fn each_step_of_a_cycle_is_named_and_those_behind_it_are_not() {
        let found = problems(&(after("a", "b") + &after("b", "c") + &after("c", "a") + &after("d", "a")));
        assert_eq!(
            found,
            [
                "step a waits for itself, through b, c, a",
                "step b waits for itself, through c, a, b",
                "step c waits for itself, through a, b, c"
            ]
        );
    }

    // DOMAIN S5
    #[test]
    fn what_a_step_needs_is_followed_beside_what_it_comes_after() {
        assert!(problems(&(needing("a", "['b', 'c']") + &after("b", "c") + &step("c", HAND))).is_empty());
        let found = problems(
            &(needing("a", "['d', 'b']") + &after("b", "c") + &needing("c", "['d', 'a']") + &step("d", HAND)),
        );
        assert_eq!(
            found,
            [
                "step a waits for itself, through b, c, a",
                "step b waits for itself, through c, a, b",
                "step c waits for itself, through a, b, c"
            ]
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let text = "name = 't'\ntitle = 't'\nsummary = 's'\nversion = 1\n".to_owned()
            + &step("a", HAND)
            + "due = 1\n";
        assert!(toml::from_str::<Template>(&text).unwrap_err().to_string().contains("unknown field `due`"));
    }
}
