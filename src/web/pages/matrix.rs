//! Customers × steps: columns by plan in the order of the templates, one small cell per step.

use crate::{
    ledger::{FleetCustomer, PlanRow, TaskRow},
    model::TaskState,
    web::sign::{Sign, words},
};
use askama::filters::HtmlSafe;
use chrono::{DateTime, Utc};
use rollover_jobs::plan::{TEMPLATES, find_template};
use std::{collections::HashMap, fmt};

/// The columns of one plan.
pub(in crate::web) struct Group {
    pub title: String,
    pub columns: usize,
}

pub(in crate::web) struct Column {
    pub template: String,
    pub step: String,
    /// Stands upright in the head.
    pub short: String,
    pub title: String,
    /// The first of its plan: a line stands before it.
    pub first: bool,
}

pub(in crate::web) struct Row {
    pub id: String,
    pub name: String,
    pub country: String,
    pub mis: String,
    pub cells: Vec<Cell>,
    /// How many steps are in which state, for the narrow page; only states that are there.
    pub tally: Vec<(usize, Sign)>,
}

/// One step of one customer.
pub(in crate::web) struct Cell {
    task: Option<(i64, TaskState)>,
    late: bool,
    first: bool,
}

#[derive(Default)]
pub(in crate::web) struct Matrix {
    pub groups: Vec<Group>,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// Past its deadline and not over.
pub(super) fn is_late(task: &TaskRow, now: DateTime<Utc>) -> bool {
    task.deadline.is_some_and(|deadline| deadline < now)
        && !matches!(
            task.state,
            TaskState::Done | TaskState::Skipped | TaskState::Cancelled | TaskState::NotApplicable
        )
}

impl Matrix {
    pub fn new(plans: &[PlanRow], customers: &[FleetCustomer], now: DateTime<Utc>) -> Self {
        let templates: HashMap<i64, &str> =
            plans.iter().map(|plan| (plan.id, plan.template.as_str())).collect();
        let mut matrix = Self::default();
        for template in templates_in_order(plans) {
            matrix.add_columns(template, &templates, customers);
        }
        let places: HashMap<(&str, &str), usize> = matrix
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| ((column.template.as_str(), column.step.as_str()), place))
            .collect();
        let rows = customers.iter().map(|customer| row(customer, &templates, &matrix.columns, &places, now));
        matrix.rows = rows.collect();
        matrix
    }

    fn add_columns(&mut self, template: &str, templates: &HashMap<i64, &str>, customers: &[FleetCustomer]) {
        let known = find_template(template);
        let mut steps: Vec<(String, String)> = known
            .map(|known| known.steps.iter().map(|step| (step.name.clone(), step.title.clone())).collect())
            .unwrap_or_default();
        // Steps of an older version of the template stand behind those of this one.
        for task in customers.iter().flat_map(|customer| &customer.tasks) {
            let of_template = task.plan_id.and_then(|plan| templates.get(&plan)) == Some(&template);
            if of_template && !steps.iter().any(|(name, _)| *name == task.step) {
                steps.push((task.step.clone(), task.title.clone()));
            }
        }
        let title = known.map_or_else(|| words(template), |known| known.title.clone());
        self.groups.push(Group { title, columns: steps.len() });
        self.columns.extend(steps.into_iter().enumerate().map(|(index, (step, title))| Column {
            template: template.to_owned(),
            short: words(&step),
            step,
            title,
            first: index == 0,
        }));
    }
}

/// The templates that are in use, in the order of a year; those that this version does not know come last.
fn templates_in_order(plans: &[PlanRow]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for template in TEMPLATES.iter().map(|template| template.name.as_str()) {
        if plans.iter().any(|plan| plan.template == template) {
            found.push(template);
        }
    }
    for plan in plans {
        if !found.contains(&plan.template.as_str()) {
            found.push(&plan.template);
        }
    }
    found
}

fn row(
    of: &FleetCustomer,
    templates: &HashMap<i64, &str>,
    columns: &[Column],
    places: &HashMap<(&str, &str), usize>,
    now: DateTime<Utc>,
) -> Row {
    let mut cells: Vec<Cell> =
        columns.iter().map(|column| Cell { task: None, late: false, first: column.first }).collect();
    for task in &of.tasks {
        let template = task.plan_id.and_then(|plan| templates.get(&plan).copied()).unwrap_or_default();
        if let Some(place) = places.get(&(template, task.step.as_str())) {
            // Tasks come in the order of their plans: of two plans of one template the newer one is shown.
            cells[*place] = Cell {
                task: Some((task.id, task.state)),
                late: is_late(task, now),
                first: columns[*place].first,
            };
        }
    }
    let count = |state: TaskState| {
        cells.iter().filter(|cell| cell.task.is_some_and(|(_, found)| found == state)).count()
    };
    let shown = [
        TaskState::Failed,
        TaskState::Held,
        TaskState::Waiting,
        TaskState::Active,
        TaskState::Planned,
        TaskState::Done,
    ];
    let tally = shown
        .into_iter()
        .map(|state| (count(state), Sign::of_task(state)))
        .filter(|(count, _)| *count > 0)
        .collect();
    Row {
        id: of.customer.id.to_string(),
        name: of.customer.name.clone(),
        country: of.customer.country.to_string(),
        mis: of.customer.mis.clone(),
        cells,
        tally,
    }
}

/// Kept short: a large fleet has tens of thousands of them.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = if self.first { " g" } else { "" };
        let Some((id, state)) = self.task else { return write!(f, "<td class=\"c{first}\"></td>") };
        let Sign { letter, class, word } = Sign::of_task(state);
        let (late, said) = if self.late { (" late", ", past its deadline") } else { ("", "") };
        write!(
            f,
            "<td class=\"c{first}\"><a class=\"s-{class}{late}\" href=\"/tasks/{id}\" aria-label=\"{word}{said}\">\
             {letter}</a></td>"
        )
    }
}

/// All of it is text of this program and numbers.
impl HtmlSafe for Cell {}
