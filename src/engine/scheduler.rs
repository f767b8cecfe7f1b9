//! The scheduler: tasks that are due become jobs. Any number may run; one leads.

use super::{Engine, standing};
use crate::ledger::{DueTask, Fired, LedgerError, Rows, TaskFire, Unreadable};
use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use rollover_jobs::{
    Calendar,
    plan::{CatchUp, Trigger, decide_catch_up},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Tasks looked at in one tick; a tick that finds as many is followed by the next at once.
const BATCH: i64 = 1_000;
/// Missed moments of one task that are looked at; what is older still is passed over and said.
const MISSED: usize = 1_000;
/// The name of the scheduler's lease.
pub const LEAD: &str = "scheduler";
/// A task that another scheduler fires right now is looked at again after so long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Fires every task that is due now. A customer that cannot be read holds up no other, and is told at the end; a task
/// that cannot be read fails.
pub async fn tick(engine: &Engine) -> Result<Fired, LedgerError> {
    let now = engine.clock.now();
    let mut total = Fired::default();
    loop {
        let Rows { read: due, unreadable: mut to_fail } = engine.ledger.due_tasks(now, BATCH).await?;
        if due.is_empty() && to_fail.is_empty() {
            return Ok(total);
        }
        let (mut places, mut unreadable) = (Places::default(), None);
        let mut fires = Vec::with_capacity(due.len());
        for task in due {
            match places.of(engine, &task).await {
                Ok(place) => match decide_fire(engine, task, &place, now) {
                    Ok(fire) => fires.push(fire),
                    Err(found) => to_fail.push(found),
                },
                Err(error) if error.is_unreadable() => unreadable = Some(error),
                Err(error) => return Err(error),
            }
        }
        let failed = engine.ledger.fail_unreadable_tasks(now, &to_fail).await?;
        let fired = engine.ledger.fire(now, &fires).await?;
        total.tasks += fired.tasks;
        total.jobs += fired.jobs;
        if fired.tasks + failed == 0 {
            // Another scheduler has them; it will not take long.
            return unreadable.map_or(Ok(total), Err);
        }
    }
}

/// Where and by which calendar a task's moments are reckoned.
#[derive(Clone)]
struct Place {
    zone: Tz,
    calendar: Calendar,
}

/// Places looked up in one tick.
#[derive(Default)]
struct Places(HashMap<(String, i32), Place>);

impl Places {
    async fn of(&mut self, engine: &Engine, due: &DueTask) -> Result<Place, LedgerError> {
        let Some(customer) = &due.task.customer_id else {
            return Ok(Place { zone: Tz::UTC, calendar: Calendar::default() });
        };
        let moment = due.task.due_at.unwrap_or(due.task.updated_at);
        let year = due.plan_year.unwrap_or_else(|| moment.year());
        let key = (customer.clone(), year);
        if let Some(place) = self.0.get(&key) {
            return Ok(place.clone());
        }
        let zone = engine.ledger.customer(customer).await?.time_zone;
        let place = Place { zone, calendar: engine.ledger.calendar(customer, year).await? };
        self.0.insert(key, place.clone());
        Ok(place)
    }
}

/// What a due task does now: which moments become jobs, which are skipped, when it is due next. One whose trigger or
/// catch-up policy is of another version does nothing.
fn decide_fire(
    engine: &Engine,
    due: DueTask,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<TaskFire, Unreadable> {
    let task = due.task;
    let trigger = task.schedule.0.read().map_err(|why| Unreadable::new(task.id, "trigger", &why))?;
    let policy = CatchUp::parse(&task.catch_up)
        .ok_or_else(|| Unreadable::new(task.id, "catch-up policy", &format!("{:?}", task.catch_up)))?;
    let lane = engine.lane(&task.kind);
    let first = task.due_at.unwrap_or(now);
    let (missed, next_due, trouble) = moments(trigger, place, first, now);
    let end = trigger
        .end(place.zone, &place.calendar)
        .map_err(|missing| Unreadable::new(task.id, "trigger", &missing.to_string()))?;
    let plan = decide_catch_up(policy, &missed, now, engine.settings.late_after(), end);
    let said = match (plan.said, trouble) {
        (said, None) => said,
        (None, trouble) => trouble,
        (Some(said), Some(trouble)) => Some(format!("{said}; {trouble}")),
    };
    Ok(TaskFire { task, lane, fires: plan.fire, said, next_due })
}

/// The moments from `first` to `now`, the next one after, and what hinders finding it.
fn moments(
    trigger: &Trigger,
    place: &Place,
    first: DateTime<Utc>,
    now: DateTime<Utc>,
) -> (Vec<DateTime<Utc>>, Option<DateTime<Utc>>, Option<String>) {
    if !matches!(trigger, Trigger::Cron { .. }) {
        return (vec![first], None, None);
    }
    let (mut found, mut passed_over, mut last) = (VecDeque::from([first]), 0_u64, first);
    let (next, trouble) = loop {
        match trigger.next_after(last, place.zone, &place.calendar) {
            Ok(Some(moment)) if moment.at <= now => {
                last = moment.at;
                if found.len() == MISSED {
                    found.pop_front();
                    passed_over += 1;
                }
                found.push_back(last);
            }
            Ok(next) => break (next.map(|moment| moment.at), None),
            Err(error) => break (None, Some(format!("no further moment: {error}"))),
        }
    };
    let passed = (passed_over > 0).then(|| format!("{passed_over} older moments were passed over"));
    (found.into(), next, passed.or(trouble))
}

/// Leads when it can, and ticks while it leads, until stopped.
pub async fn schedule(engine: Arc<Engine>, owner: String, stop: CancellationToken) {
    let (mut leads, mut laid_down) = (false, false);
    while !stop.is_cancelled() {
        let now = engine.clock.now();
        let until = now + engine.settings.leader_lease();
        match engine.ledger.lead(LEAD, &owner, now, until).await {
            Ok(won) => {
                if won != leads {
                    tracing::info!(owner = %owner, leads = won, "the lead of the scheduler changed");
                }
                leads = won;
            }
            Err(error) => {
                leads = false;
                tracing::warn!(error = %error, "the lead could not be asked for, trying again");
            }
        }
        if leads && !laid_down {
            match standing::lay_down(&engine, &owner).await {
                Ok(()) => laid_down = true,
                Err(error) => {
                    tracing::warn!(error = %error, "standing tasks could not be laid down, trying again")
                }
            }
        }
        let mut ticks = leads;
        if leads && let Err(error) = tick(&engine).await {
            ticks = false;
            tracing::warn!(error = %error, "a tick failed, trying again");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause(&engine, ticks).await) => {}
        }
    }
    if leads && let Err(error) = engine.ledger.give_up_lead(LEAD, &owner).await {
        tracing::debug!(error = %error, "the lead could not be given up; it ends by itself");
    }
}

/// Until the next due moment, but no longer than the polling interval; all of it for one that does not tick, or
/// could not: a task that stays due must not keep the ledger busy.
async fn pause(engine: &Engine, ticks: bool) -> Duration {
    let longest = engine.settings.poll();
    if !ticks {
        return longest;
    }
    match engine.ledger.next_due().await {
        Ok(Some(due)) => {
            let until = (due - engine.clock.now()).to_std().unwrap_or_default();
            until.clamp(SHORTEST_PAUSE.min(longest), longest)
        }
        _ => longest,
    }
}
