//! What a plan would be for one customer and year, with all that speaks against it, before anything is written.

use super::{
    Applicability, ArgError, CalendarDate, MissingDate, Moment, SIGN_OFF, Step, Template, Trigger,
    TriggerError, Warning,
    args::resolve_arg,
    decide_applies, local_to_utc,
    warnings::{
        LaneUse, decide_courses, decide_delay_delete, decide_last_teaching_day, decide_lead, decide_order,
        decide_past, decide_pause, decide_same_lane, decide_vendor_date, decide_year,
    },
};
use crate::{Calendar, Customer, CustomerId};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};

/// A template laid on one customer's calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    pub template: String,
    pub version: u32,
    pub customer: CustomerId,
    pub year: i32,
    /// In the order of the template, those that do not apply included.
    pub steps: Vec<PreviewStep>,
    pub warnings: Vec<Warning>,
    /// Each date once.
    pub missing: Vec<MissingDate>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PreviewStep {
    pub step: Step,
    pub applies: Applicability,
    /// The trigger in use, relative dates put in: that of the step, or, where it comes after a step that does not
    /// apply, that of the other step.
    pub trigger: Trigger,
    /// A date, even one that is past; of a cron rule the next moment; none for what follows a step or a hand.
    pub first: Option<Moment>,
    /// The trigger as the template has it.
    pub trigger_text: String,
    /// How `first` came about, or what the step waits for.
    pub why: String,
    /// The arguments, dates put in; a sign-off is asked of the step's owner.
    pub args: Map<String, Value>,
    pub deadline: Option<DateTime<Utc>>,
    /// Dates that this step needs and the calendar does not have.
    pub missing: Vec<MissingDate>,
}

impl PreviewStep {
    /// It applies, and its rule has no moment left: it would lie on the list for ever.
    pub fn never_fires(&self) -> bool {
        self.applies.is_yes() && matches!(self.trigger, Trigger::Cron { .. }) && self.first.is_none()
    }
}

/// Why the plan cannot be made; its text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the {which} is not known, and {steps} {need} it; set it with: {command}",
        which = date.which, steps = steps.join(", "), need = if steps.len() == 1 { "needs" } else { "need" })]
    Missing { date: MissingDate, steps: Vec<String>, command: String },
    #[error(transparent)]
    Refused(Warning),
}

impl Preview {
    /// What must be put right before the plan can be made; none when it can.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut needed_by: BTreeMap<&MissingDate, Vec<String>> = BTreeMap::new();
        for step in &self.steps {
            for date in &step.missing {
                needed_by.entry(date).or_default().push(step.step.name.clone());
            }
        }
        let missing = needed_by.into_iter().map(|(date, steps)| Refusal::Missing {
            date: date.clone(),
            steps,
            command: command_to_set(&date.which, &self.customer, self.year),
        });
        let refused = self.warnings.iter().filter(|warning| warning.refuses()).cloned().map(Refusal::Refused);
        missing.chain(refused).collect()
    }
}

fn command_to_set(which: &CalendarDate, customer: &CustomerId, year: i32) -> String {
    let option = match which {
        CalendarDate::LastTeachingDay => "--last-teaching-day DATE".to_owned(),
        CalendarDate::SchoolYearStart => "--school-year-start DATE".to_owned(),
        CalendarDate::VendorDate => "--vendor-date DATE".to_owned(),
        CalendarDate::TermStart(name) | CalendarDate::TermEnd(name) => {
            format!("--term \"{name}=START..END\"")
        }
    };
    format!("rollover customer set {customer} --year {year} {option}")
}

/// So many moments of a cron rule are looked at for steps that collide: a year of nights.
const MOMENTS_COMPARED: usize = 400;

/// Lays the template on the customer's calendar. Pure: nothing is written, and `now` is the only clock.
pub fn preview(
    template: &Template,
    customer: &Customer,
    calendar: &Calendar,
    year: i32,
    now: DateTime<Utc>,
) -> Preview {
    let desk = Desk { template, customer, calendar, now };
    let mut warnings = desk.warnings_of_calendar(year);
    let steps: Vec<PreviewStep> = template.steps.iter().map(|step| desk.lay(step, &mut warnings)).collect();
    warnings.extend(decide_same_lane(&desk.lane_uses(&steps)));
    let mut seen = HashSet::new();
    let missing =
        steps.iter().flat_map(|step| &step.missing).filter(|date| seen.insert(*date)).cloned().collect();
    Preview {
        template: template.name.clone(),
        version: template.version,
        customer: customer.id.clone(),
        year,
        steps,
        warnings,
        missing,
    }
}

/// What a preview is made from.
struct Desk<'a> {
    template: &'a Template,
    customer: &'a Customer,
    calendar: &'a Calendar,
    now: DateTime<Utc>,
}

impl Desk<'_> {
    fn warnings_of_calendar(&self, year: i32) -> Vec<Warning> {
        let today = self.now.with_timezone(&self.customer.time_zone).date_naive();
        decide_last_teaching_day(self.calendar)
            .into_iter()
            .chain(decide_vendor_date(self.calendar))
            .chain(decide_year(self.calendar, year))
            .chain(decide_order(self.calendar))
            .chain(decide_lead(self.template.lead_weeks, self.calendar.school_year_start, today))
            .collect()
    }

    fn lay(&self, step: &Step, warnings: &mut Vec<Warning>) -> PreviewStep {
        let applies = decide_applies(&step.applies, self.customer);
        let (trigger, instead_of) = self.trigger_in_use(step);
        let mut laid = PreviewStep {
            step: step.clone(),
            trigger: trigger.clone(),
            first: None,
            trigger_text: step.trigger.to_string(),
            why: why(trigger, instead_of),
            args: step.args.clone(),
            deadline: None,
            missing: Vec::new(),
            applies,
        };
        if let Applicability::No { reason } = &laid.applies {
            laid.why.clone_from(reason);
        } else {
            self.put_dates_in(&mut laid, warnings);
            self.put_needs_in(&mut laid);
            self.warn(&laid, warnings);
        }
        laid
    }

    /// A step after one that does not apply takes its place: it starts when the other would have.
    fn trigger_in_use<'s>(&'s self, step: &'s Step) -> (&'s Trigger, Option<&'s str>) {
        let (mut trigger, mut instead_of) = (&step.trigger, None);
        for _ in 0..self.template.steps.len() {
            let Trigger::After { step: after, .. } = trigger else { break };
            match self.template.step(after) {
                Some(other) if !decide_applies(&other.applies, self.customer).is_yes() => {
                    (trigger, instead_of) = (&other.trigger, Some(after.as_str()));
                }
                _ => break,
            }
        }
        (trigger, instead_of)
    }

    fn put_dates_in(&self, laid: &mut PreviewStep, warnings: &mut Vec<Warning>) {
        match self.first(&laid.trigger) {
            Ok(first) => laid.first = first,
            Err(TriggerError::Missing(_)) => {
                laid.missing
                    .extend(laid.trigger.whens().filter_map(|when| when.resolve(self.calendar).err()));
            }
            Err(TriggerError::EndsBeforeItBegins { from, until }) => {
                warnings.push(Warning::EndsBeforeItBegins { step: laid.step.name.clone(), from, until });
            }
        }
        self.put_dates_in_trigger(laid);
        self.put_dates_in_args(laid, warnings);
        match laid.step.deadline.as_ref().map(|deadline| deadline.resolve(self.calendar)).transpose() {
            Ok(local) => laid.deadline = local.map(|local| local_to_utc(local, self.customer.time_zone).at),
            Err(date) => laid.missing.push(date),
        }
        if laid.step.brings_new_courses {
            laid.missing.extend(CalendarDate::SchoolYearStart.find(self.calendar).err());
        }
        let mut seen = HashSet::new();
        laid.missing.retain(|date| seen.insert(date.clone()));
    }

    /// What does not apply is not waited for.
    fn put_needs_in(&self, laid: &mut PreviewStep) {
        let applies = |name: &&String| {
            self.template.step(name).is_some_and(|step| decide_applies(&step.applies, self.customer).is_yes())
        };
        let needs: Vec<&str> = laid.step.needs.iter().filter(applies).map(String::as_str).collect();
        if !needs.is_empty() {
            laid.why = format!("{}; not before {}", laid.why, needs.join(", "));
        }
    }

    fn put_dates_in_trigger(&self, laid: &mut PreviewStep) {
        if let Ok(fixed) = laid.trigger.fixed(self.calendar) {
            if fixed != laid.trigger {
                laid.why = format!("{}: {fixed}", laid.why);
            }
            laid.trigger = fixed;
        }
        if let Some(note) = laid.first.as_ref().and_then(|first| first.note) {
            laid.why = format!("{}; {note}", laid.why);
        }
    }

    fn put_dates_in_args(&self, laid: &mut PreviewStep, warnings: &mut Vec<Warning>) {
        if laid.step.kind == SIGN_OFF {
            laid.args.entry("who").or_insert_with(|| Value::String(laid.step.owner.as_str().to_owned()));
        }
        for (name, value) in &laid.step.args {
            match resolve_arg(name, value, self.calendar) {
                Ok(value) => _ = laid.args.insert(name.clone(), value),
                Err(ArgError::Missing { source, .. }) => laid.missing.push(source),
                Err(ArgError::Unreadable { name, source }) => {
                    let step = laid.step.name.clone();
                    warnings.push(Warning::UnreadableArgument { step, argument: name, source });
                }
            }
        }
    }

    fn first(&self, trigger: &Trigger) -> Result<Option<Moment>, TriggerError> {
        let after = match trigger {
            Trigger::Date { .. } => DateTime::<Utc>::MIN_UTC,
            _ => self.now,
        };
        trigger.next_after(after, self.customer.time_zone, self.calendar)
    }

    fn warn(&self, laid: &PreviewStep, warnings: &mut Vec<Warning>) {
        let step = laid.step.name.as_str();
        let first = laid.first.as_ref();
        match (&laid.trigger, first) {
            (Trigger::Date { .. }, Some(first)) => {
                warnings.extend(decide_past(step, first, laid.step.catch_up, self.now));
            }
            (Trigger::Cron { .. }, None) if self.first(&laid.trigger).is_ok() => {
                warnings.push(Warning::NothingLeft { step: step.to_owned() });
            }
            _ => {}
        }
        if let (true, Some(first), Some(start)) =
            (laid.step.brings_new_courses, first, self.calendar.school_year_start)
        {
            warnings.extend(decide_courses(step, first, start, self.customer.time_zone));
        }
        match laid.step.kind.as_str() {
            "pause_integration" => warnings.extend(decide_pause(step, &self.customer.modules)),
            "start_delay_delete" if laid.missing.is_empty() => {
                warnings.extend(decide_delay_delete(step, &laid.args));
            }
            _ => {}
        }
    }

    fn lane_uses(&self, steps: &[PreviewStep]) -> Vec<LaneUse> {
        let tz = self.customer.time_zone;
        steps
            .iter()
            .filter(|laid| laid.applies.is_yes())
            .filter_map(|laid| {
                let lane = crate::find_kind(&laid.step.kind)?.policy().lane?;
                let moments = laid.trigger.moments(self.now, MOMENTS_COMPARED, tz, self.calendar).ok()?;
                Some(LaneUse { step: laid.step.name.clone(), lane, moments })
            })
            .collect()
    }
}

fn why(trigger: &Trigger, instead_of: Option<&str>) -> String {
    match instead_of {
        Some(other) => format!("takes the place of {other}, which does not apply: {trigger}"),
        None => trigger.to_string(),
    }
}

#[cfg(test)]
mod tests;
