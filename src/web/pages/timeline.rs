//! The summer of one customer as a picture: windows, dates, steps as dots, and where today stands.

use super::steps::title_of;
use crate::{
    ledger::{EventRow, PlanRow, TaskRow},
    model::TaskState,
    web::sign::Sign,
};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use rollover_jobs::{
    Calendar,
    plan::{Trigger, local_to_utc},
};

/// Units of the picture; it is scaled to the page.
const WIDTH: f64 = 1000.0;
/// Left of it stand the names of the rows.
const LEFT: f64 = 118.0;
const HEAD: f64 = 52.0;
/// Labels of lines stand on so many levels, so that near ones do not cover each other.
const LEVELS: usize = 3;
const LEVEL: f64 = 11.0;
/// About the width of a letter in a label.
const LETTER: f64 = 5.9;
const BAR_ROW: f64 = 24.0;
/// Dots closer than this stand below each other.
const DOT: f64 = 11.0;
/// Rows of dots within one plan.
const DOT_ROWS: usize = 6;
/// Without dates in the calendar, so much on both sides of the tasks.
const MARGIN_WEEKS: i64 = 2;
/// With them, from before the end of the old year to well into the new one.
const WEEKS_AROUND: i64 = 9;
/// A picture of more days than this shows nothing.
const LONGEST_DAYS: i64 = 800;

/// A stretch of time.
pub(in crate::web) struct Bar {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub class: &'static str,
    pub label: String,
    pub title: String,
}

/// A vertical line at a date.
pub(in crate::web) struct Line {
    pub x: f64,
    pub class: &'static str,
    pub label: &'static str,
    pub label_y: f64,
    pub title: String,
    /// Text that would leave the picture stands left of its line.
    pub left: bool,
}

/// One step at its moment.
pub(in crate::web) struct Dot {
    pub x: f64,
    pub y: f64,
    pub task: i64,
    pub sign: Sign,
    pub title: String,
}

pub(in crate::web) struct Name {
    pub y: f64,
    pub text: String,
}

pub(in crate::web) struct Month {
    pub x: f64,
    pub name: String,
}

pub(in crate::web) struct Timeline {
    pub width: f64,
    pub height: f64,
    pub months: Vec<Month>,
    pub names: Vec<Name>,
    pub bars: Vec<Bar>,
    pub lines: Vec<Line>,
    pub dots: Vec<Dot>,
}

/// What the picture is drawn from.
pub(in crate::web) struct Drawn<'a> {
    pub zone: Tz,
    pub now: DateTime<Utc>,
    pub calendar: &'a Calendar,
    pub plans: &'a [(PlanRow, Vec<TaskRow>)],
    /// Turns of the integration, newest first.
    pub turns: &'a [EventRow],
}

/// From which day to which the picture goes.
#[derive(Debug, Clone, Copy)]
struct Scale {
    from: NaiveDate,
    days: f64,
}

impl Scale {
    fn of(drawn: &Drawn<'_>) -> Option<Self> {
        let calendar = drawn.calendar;
        let (from, to) = match (calendar.last_teaching_day, calendar.school_year_start) {
            (Some(last), Some(start)) if last < start => {
                (last - Duration::weeks(WEEKS_AROUND), start + Duration::weeks(WEEKS_AROUND))
            }
            _ => {
                let tasks = drawn.plans.iter().flat_map(|(_, tasks)| tasks);
                let days: Vec<NaiveDate> = tasks
                    .filter_map(|task| moment(task, drawn.zone))
                    .map(|at| at.with_timezone(&drawn.zone).date_naive())
                    .collect();
                let margin = Duration::weeks(MARGIN_WEEKS);
                (*days.iter().min()? - margin, *days.iter().max()? + margin)
            }
        };
        let days = (to - from).num_days();
        (days > 0 && days <= LONGEST_DAYS).then_some(Self { from, days: days as f64 })
    }

    fn place(&self, local: NaiveDateTime) -> f64 {
        let start = self.from.and_time(chrono::NaiveTime::MIN);
        let days = (local - start).num_minutes() as f64 / (24.0 * 60.0);
        LEFT + days / self.days * (WIDTH - LEFT)
    }

    fn day(&self, date: NaiveDate) -> f64 {
        self.place(date.and_time(chrono::NaiveTime::MIN))
    }

    fn shows(x: f64) -> bool {
        (LEFT..=WIDTH).contains(&x)
    }

    /// A stretch cut to the picture; `None` when nothing of it is inside.
    fn bar(&self, from: NaiveDate, to: NaiveDate, y: f64, class: &'static str, label: &str) -> Option<Bar> {
        let (start, end) = (self.day(from).max(LEFT), self.day(to + Duration::days(1)).min(WIDTH));
        let title = format!("{label}: {} to {}", crate::web::stamp::day(from), crate::web::stamp::day(to));
        (end > start).then(|| Bar { x: start, y, width: end - start, class, label: label.to_owned(), title })
    }
}

/// The moment that a task stands for on the picture: the one it was planned for, else when it was touched.
fn moment(task: &TaskRow, zone: Tz) -> Option<DateTime<Utc>> {
    let planned = match task.schedule.0.trigger() {
        Some(Trigger::Date { at }) => {
            at.resolve(&Calendar::default()).ok().map(|at| local_to_utc(at, zone).at)
        }
        Some(Trigger::Cron { .. }) => None,
        Some(Trigger::After { .. } | Trigger::Hand) | None => task.due_at.or(match task.state {
            TaskState::Planned => None,
            _ => Some(task.updated_at),
        }),
    };
    planned.filter(|_| task.state != TaskState::NotApplicable)
}

impl Timeline {
    /// `None` when there is no date to draw.
    pub fn draw(drawn: &Drawn<'_>) -> Option<Self> {
        let scale = Scale::of(drawn)?;
        let mut picture = Self {
            width: WIDTH,
            height: HEAD,
            months: months(scale),
            names: Vec::new(),
            bars: Vec::new(),
            lines: Vec::new(),
            dots: Vec::new(),
        };
        picture.draw_terms(drawn, scale);
        picture.draw_windows(drawn, scale);
        for (plan, tasks) in drawn.plans {
            picture.draw_plan(plan, tasks, drawn.zone, scale);
        }
        picture.draw_lines(drawn, scale);
        picture.height += 6.0;
        Some(picture)
    }

    /// Begins a row of bars and gives its upper edge.
    fn row(&mut self, name: &str) -> f64 {
        let y = self.height;
        self.names.push(Name { y: y + 13.0, text: name.to_owned() });
        self.height += BAR_ROW;
        y
    }

    fn draw_terms(&mut self, drawn: &Drawn<'_>, scale: Scale) {
        if drawn.calendar.terms.is_empty() {
            return;
        }
        let y = self.row("Terms");
        let terms = &drawn.calendar.terms;
        self.bars
            .extend(terms.iter().filter_map(|term| scale.bar(term.start, term.end, y, "term", &term.name)));
    }

    fn draw_windows(&mut self, drawn: &Drawn<'_>, scale: Scale) {
        let today = drawn.now.with_timezone(&drawn.zone).date_naive();
        let pauses = pauses(drawn, today);
        let delays = delays(drawn);
        for (name, class, planned_class, windows) in
            [("Paused", "pause", "pause planned", pauses), ("Delay delete", "delay", "delay planned", delays)]
        {
            if windows.is_empty() {
                continue;
            }
            let y = self.row(name);
            for window in windows {
                let (class, label) = if window.planned {
                    (planned_class, format!("{name}, planned"))
                } else {
                    (class, name.to_owned())
                };
                self.bars.extend(scale.bar(window.from, window.to, y, class, &label));
            }
        }
    }

    fn draw_plan(&mut self, plan: &PlanRow, tasks: &[TaskRow], zone: Tz, scale: Scale) {
        let top = self.height + 4.0;
        self.names.push(Name { y: top + 11.0, text: title_of(&plan.template) });
        let mut moments: Vec<(f64, &TaskRow)> = tasks
            .iter()
            .filter_map(|task| {
                Some((scale.place(moment(task, zone)?.with_timezone(&zone).naive_local()), task))
            })
            .filter(|(x, _)| Scale::shows(*x))
            .collect();
        moments.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut ends: Vec<f64> = Vec::new();
        for (x, task) in moments {
            let free = ends.iter().position(|end| x - end >= DOT);
            let row = free.unwrap_or(ends.len()).min(DOT_ROWS - 1);
            if row == ends.len() {
                ends.push(x);
            } else {
                ends[row] = x;
            }
            let sign = Sign::of_task(task.state);
            let y = top + 7.0 + row as f64 * 12.0;
            let title = format!("{}: {}", task.title, sign.word);
            self.dots.push(Dot { x, y, task: task.id, sign, title });
        }
        let mut y = top + 4.0 + ends.len().max(1) as f64 * 12.0;
        for task in tasks.iter().filter(|task| task.state != TaskState::NotApplicable) {
            let Some((from, to)) = nights(task, scale) else { continue };
            let class = Sign::of_task(task.state).class;
            if let Some(mut bar) = scale.bar(from, to, y, class, &task.title) {
                bar.title = format!("{} ({})", bar.title, Sign::of_task(task.state).word);
                self.bars.push(bar);
                y += 18.0;
            }
        }
        self.height = y + 6.0;
    }

    fn draw_lines(&mut self, drawn: &Drawn<'_>, scale: Scale) {
        let today = drawn.now.with_timezone(&drawn.zone);
        let mut lines = vec![(scale.place(today.naive_local()), "today", "today", today.date_naive())];
        let calendar = drawn.calendar;
        // A line at a last day stands at its end.
        if let Some(last) = calendar.last_teaching_day {
            lines.push((scale.day(last + Duration::days(1)), "date", "last teaching day", last));
        }
        if let Some(start) = calendar.school_year_start {
            lines.push((scale.day(start), "date", "school year starts", start));
        }
        if let Some(vendor) = calendar.vendor_date {
            lines.push((scale.day(vendor), "vendor", "MIS changes year", vendor));
        }
        lines.retain(|(x, ..)| Scale::shows(*x));
        lines.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut ends = [0.0; LEVELS];
        for (x, class, label, date) in lines {
            let width = label.len() as f64 * LETTER;
            let left = x + width > WIDTH;
            let begins = if left { x - width } else { x };
            let level = ends.iter().position(|end| *end + LETTER * 2.0 < begins).unwrap_or(LEVELS - 1);
            ends[level] = begins + width;
            let label_y = (level + 1) as f64 * LEVEL - 1.0;
            let title = format!("{label}: {}", crate::web::stamp::day(date));
            self.lines.push(Line { x, class, label, label_y, title, left });
        }
    }
}

/// The first and last day of a task on a cron, as far as its trigger says.
fn nights(task: &TaskRow, scale: Scale) -> Option<(NaiveDate, NaiveDate)> {
    let Some(Trigger::Cron { from, until, .. }) = task.schedule.0.trigger() else { return None };
    let date = |when: &Option<rollover_jobs::plan::When>| {
        when.as_ref().and_then(|when| when.resolve(&Calendar::default()).ok()).map(|at| at.date())
    };
    let end = scale.from + Duration::days(scale.days as i64);
    Some((date(from).unwrap_or(scale.from), date(until).unwrap_or(end)))
}

fn months(scale: Scale) -> Vec<Month> {
    let mut months = Vec::new();
    let mut first = scale.from.with_day(1).unwrap_or(scale.from);
    let end = scale.from + Duration::days(scale.days as i64);
    while first < end {
        if first >= scale.from {
            months.push(Month { x: scale.day(first), name: first.format("%b").to_string() });
        }
        first = first + chrono::Months::new(1);
    }
    months
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: NaiveDate,
    to: NaiveDate,
    planned: bool,
}

/// Pauses as they were, the one that holds until today, and the one that the plan will bring.
fn pauses(drawn: &Drawn<'_>, today: NaiveDate) -> Vec<Stretch> {
    let day = |at: DateTime<Utc>| at.with_timezone(&drawn.zone).date_naive();
    let planned = |kind: &str| {
        let tasks = drawn.plans.iter().flat_map(|(_, tasks)| tasks);
        let of_kind = tasks.filter(|task| task.kind == kind && task.state == TaskState::Planned);
        of_kind.filter_map(|task| task.due_at).map(day).min()
    };
    let (will_pause, will_resume) = (planned("pause_integration"), planned("resume_integration"));
    let mut found = Vec::new();
    let mut since = None;
    for turn in drawn.turns.iter().rev() {
        match turn.name.as_str() {
            // A pause that a person takes over from a plan goes on.
            "paused" => since = since.or(Some(day(turn.at))),
            "resumed" => {
                found.extend(since.take().map(|from| Stretch { from, to: day(turn.at), planned: false }))
            }
            _ => {}
        }
    }
    if let Some(from) = since {
        found.push(Stretch { from, to: today, planned: false });
    }
    let begin = if since.is_some() { today.succ_opt() } else { will_pause };
    if let Some((from, to)) = begin.zip(will_resume).filter(|(from, to)| from <= to) {
        found.push(Stretch { from, to, planned: true });
    }
    found
}

/// Windows of delay delete as they were set, cut where they were ended early, and those that the plan will bring.
fn delays(drawn: &Drawn<'_>) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for turn in drawn.turns.iter().rev() {
        let at = turn.at.with_timezone(&drawn.zone).date_naive();
        match turn.name.as_str() {
            "delay_delete_started" => {
                let note = turn.note.as_deref().unwrap_or_default();
                let dates = note
                    .split_once(" to ")
                    .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                found.extend(dates.map(|(from, to)| Stretch { from, to, planned: false }));
            }
            "delay_delete_ended" => {
                if let Some(last) = found.last_mut() {
                    last.to = last.to.min(at).max(last.from);
                }
            }
            _ => {}
        }
    }
    let tasks = drawn.plans.iter().flat_map(|(_, tasks)| tasks);
    for task in tasks.filter(|task| task.kind == "start_delay_delete" && task.state == TaskState::Planned) {
        let date = |name: &str| task.args.0.get(name)?.as_str()?.get(..10)?.parse().ok();
        if let Some((from, to)) = date("start").zip(date("end")) {
            let stretch = Stretch { from, to, planned: true };
            if !found.iter().any(|other| (other.from, other.to) == (from, to)) {
                found.push(stretch);
            }
        }
    }
    found
}
