//! Plans: one of a kind, their tasks in order, what follows what, and when a plan is over.

use super::{
    NOW,
    harness::{Act, On, TestApp, moment, on_both_engines},
    plan_of, planned, step, trigger,
};
use chrono::Duration;
use rollover::{
    engine::tick,
    ledger::{JobFilter, JobMove, LedgerError, NewTaskRow},
    model::{JobState, TaskState},
};
use rollover_jobs::plan::Trigger;
use serde_json::json;

on_both_engines!(
    tasks_are_read_as_they_were_written_in_their_order,
    a_plan_is_active_once,
    a_cancelled_plan_leaves_nothing_open,
    a_plan_with_a_running_job_is_not_cancelled,
    what_follows_starts_by_how_the_other_ended,
    what_follows_a_skipped_moment_starts,
    what_follows_a_step_that_does_not_apply_takes_its_place,
    a_plan_is_done_when_nothing_of_it_is_left,
    two_tasks_that_end_together_end_the_plan,
    a_task_that_waits_is_run_by_hand_once,
    a_task_by_hand_is_rescheduled_skipped_cancelled,
    what_follows_a_step_that_is_over_from_the_start_starts,
);

fn after(name: &str, on: &str, delay: Option<&str>) -> Trigger {
    trigger(json!({"type": "after", "step": name, "on": on, "delay": delay}))
}

fn due(task: NewTaskRow) -> NewTaskRow {
    NewTaskRow { due_at: Some(moment(NOW)), ..task }
}

/// Does as it is told when it runs.
fn scripted(task: NewTaskRow, act: Act) -> NewTaskRow {
    NewTaskRow { kind: "scripted".to_owned(), args: json!({"acts": [act]}), ..task }
}

async fn state(test: &TestApp, task: i64) -> TaskState {
    test.ledger().task(task).await.unwrap().state
}

async fn tasks_are_read_as_they_were_written_in_their_order(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let full = NewTaskRow {
        help: "Ring the school.\nAsk for \"Kari\".".to_owned(),
        args: json!({"what": "ø", "n": [1, null]}),
        sign_off: true,
        deadline: Some(moment("2024-06-21T14:00:00.000001Z")),
        state: TaskState::NotApplicable,
        why: Some("no module".to_owned()),
        due_at: Some(moment("2024-06-20T00:30:00Z")),
        catch_up: "skip".to_owned(),
        needs: vec!["first".to_owned(), "second".to_owned()],
        ..step(
            2,
            "third",
            trigger(json!({"type": "cron", "cron": "30 2 * * 1-5", "until": "2024-06-21 23:59"})),
        )
    };
    let second = step(1, "second", after("first", "ended", Some("2d")));
    let (plan, _) = planned(test.ledger(), vec![full.clone(), step(0, "first", Trigger::Hand), second]).await;
    let tasks = test.ledger().tasks_of_plan(plan).await.unwrap();
    let order: Vec<&str> = tasks.iter().map(|task| task.step.as_str()).collect();
    assert_eq!(order, ["first", "second", "third"]);
    assert_eq!(tasks[1].schedule.0.trigger(), Some(&after("first", "ended", Some("2d"))));
    let row = &tasks[2];
    assert_eq!((&row.help, &row.args.0), (&full.help, &full.args));
    assert_eq!(row.schedule.0.trigger(), Some(&full.schedule));
    assert_eq!(row.needs.0, full.needs);
    assert_eq!((row.sign_off, row.deadline, row.due_at), (true, full.deadline, full.due_at));
    assert_eq!((row.state, row.why.as_deref()), (TaskState::NotApplicable, Some("no module")));
    assert_eq!((row.catch_up.as_str(), row.version, row.created_at), ("skip", 0, moment(NOW)));
    let history = test.ledger().events_of_task(row.id).await.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].name.as_str(), history[0].actor.as_str()), ("planned", "Ingrid"));
    assert_eq!(history[0].note.as_deref(), Some("no module"));
}

async fn a_plan_is_active_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    test.customer("bergdal", &[]).await;
    let ledger = test.ledger();
    let make = async |template: &str, year| {
        ledger.create_plan(test.now(), "Ingrid", &plan_of(template, year, vec![])).await
    };
    let first = make("eoy", 2024).await.unwrap();
    assert_eq!((first.state.as_str(), first.created_by.as_str()), ("active", "Ingrid"));
    let refused = make("eoy", 2024).await.unwrap_err();
    assert!(refused.to_string().starts_with("nes has an active plan eoy 2024 already"), "{refused}");
    make("bts", 2024).await.unwrap();
    make("eoy", 2025).await.unwrap();
    let mut other = plan_of("eoy", 2024, vec![]);
    other.customer = "bergdal".to_owned();
    ledger.create_plan(test.now(), "Ingrid", &other).await.unwrap();
    ledger.cancel_plan(test.now(), "Ingrid", first.id, "wrong dates").await.unwrap();
    let again = make("eoy", 2024).await.unwrap();
    assert!(make("eoy", 2024).await.is_err());
    let all = ledger.plans(None, 10).await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(all[0].id, again.id, "newest first");
    assert_eq!(ledger.plans(Some("bergdal"), 10).await.unwrap().len(), 1);
    assert_eq!(ledger.plans(None, 2).await.unwrap().len(), 2);
    let (one, two) = tokio::join!(make("bts", 2026), make("bts", 2026));
    assert_eq!([one, two].iter().filter(|made| made.is_ok()).count(), 1, "at once");
}

async fn a_cancelled_plan_leaves_nothing_open(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let nightly = trigger(json!({"type": "cron", "cron": "0 8 * * *"}));
    let (plan, tasks) = planned(
        test.ledger(),
        vec![
            due(scripted(step(0, "done", Trigger::Hand), Act::Succeed)),
            due(scripted(step(1, "failed", Trigger::Hand), Act::Fail)),
            due(scripted(step(2, "held", Trigger::Hand), Act::Abort)),
            due(scripted(step(3, "waiting", Trigger::Hand), Act::WaitForPerson)),
            due(scripted(step(4, "nightly", nightly), Act::Succeed)),
            step(5, "planned", Trigger::Hand),
            step(6, "follows", after("planned", "ended", None)),
        ],
    )
    .await;
    test.season.settle().await.unwrap();
    let row = test.ledger().cancel_plan(test.now(), "Ingrid", plan, "made anew").await.unwrap();
    assert_eq!((row.state.as_str(), row.ended_at), ("cancelled", Some(test.now())));
    assert_eq!(state(&test, tasks[0]).await, TaskState::Done);
    for task in &tasks[1..] {
        let row = test.ledger().task(*task).await.unwrap();
        assert_eq!((row.state, row.due_at), (TaskState::Cancelled, None), "{}", row.step);
        let last = test.ledger().events_of_task(*task).await.unwrap();
        assert!(last.iter().any(|line| line.note.as_deref() == Some("made anew")), "{}", row.step);
    }
    let open = test.ledger().jobs(&JobFilter { limit: 20, ..JobFilter::default() }).await.unwrap();
    assert!(open.iter().all(|job| job.state.is_final()), "{open:?}");
    test.play("2024-06-06T08:00:00Z").await;
    let later = test.ledger().jobs(&JobFilter { limit: 20, ..JobFilter::default() }).await.unwrap();
    assert_eq!(later.len(), open.len(), "nothing of it fires any more");
    let twice = test.ledger().cancel_plan(test.now(), "Ingrid", plan, "again").await.unwrap_err();
    assert_eq!(twice.to_string(), format!("plan {plan} is cancelled already"));
}

async fn a_plan_with_a_running_job_is_not_cancelled(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let tasks =
        vec![step(0, "idle", Trigger::Hand), due(scripted(step(1, "busy", Trigger::Hand), Act::Hang))];
    let (plan, tasks) = planned(test.ledger(), tasks).await;
    tick(&test.app.engine).await.unwrap();
    let [(job, _)] = test.ledger().take_unsent(test.now(), 9).await.unwrap()[..] else { panic!("one job") };
    let claim = JobMove::Claim { owner: "w".to_owned(), lease_until: test.now() + Duration::seconds(60) };
    test.ledger().apply(test.now(), "w", job, claim).await.unwrap();
    let refused = test.ledger().cancel_plan(test.now(), "Ingrid", plan, "made anew").await.unwrap_err();
    assert!(refused.to_string().contains(&format!("runs right now as job {job}: cancel the job first")));
    assert_eq!(test.ledger().plan(plan).await.unwrap().state, "active");
    assert_eq!(state(&test, tasks[0]).await, TaskState::Planned, "all or nothing");
}

async fn what_follows_starts_by_how_the_other_ended(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    // How the first ends, whether a follower of its success starts; one of its end starts after every end.
    let table = [
        ("done", Act::Succeed, true),
        ("failed", Act::Fail, false),
        ("held", Act::Abort, false),
        ("skipped", Act::WaitForPerson, true),
        ("cancelled", Act::WaitForPerson, false),
    ];
    for (year, (end, act, on_success)) in (2024..).zip(table) {
        let tasks = vec![
            due(scripted(step(0, "first", Trigger::Hand), act)),
            step(1, "success", after("first", "succeeded", None)),
            step(2, "end", after("first", "ended", None)),
            step(3, "later", after("first", "ended", Some("2d"))),
            step(4, "other", after("success", "ended", None)),
        ];
        let plan = test.ledger().create_plan(test.now(), "t", &plan_of("eoy", year, tasks)).await.unwrap().id;
        let tasks = test.ledger().tasks_of_plan(plan).await.unwrap();
        tick(&test.app.engine).await.unwrap();
        assert!(tasks[1..].iter().all(|task| task.due_at.is_none()));
        // Only the first runs: what follows it is looked at before it fires.
        let (job, generation) = test.ledger().take_unsent(test.now(), 9).await.unwrap()[0];
        let worker = rollover::engine::Worker::new(test.app.engine.clone(), "w".to_owned());
        worker.work(job, generation).await.unwrap();
        match end {
            "skipped" => {
                drop(test.ledger().skip_task(test.now(), "t", tasks[0].id, "no need").await.unwrap())
            }
            "cancelled" => {
                drop(test.ledger().cancel_task(test.now(), "t", tasks[0].id, "off").await.unwrap())
            }
            _ => {}
        }
        let now: Vec<_> = test.ledger().tasks_of_plan(plan).await.unwrap();
        assert_eq!(now[0].state.as_str(), end);
        let dues: Vec<_> = now.iter().map(|task| task.due_at).collect();
        let expected = [
            None,
            on_success.then_some(test.now()),
            Some(test.now()),
            Some(test.now() + Duration::days(2)),
            None,
        ];
        assert_eq!(dues, expected, "{end}");
        let note = test.ledger().events_of_task(now[2].id).await.unwrap().pop().unwrap().note;
        assert_eq!(note, Some(format!("first is {end}")));
        test.ledger().cancel_plan(test.now(), "t", plan, "next case").await.unwrap();
    }
}

// DOMAIN S2
async fn what_follows_a_skipped_moment_starts(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let missed = NewTaskRow {
        catch_up: "skip".to_owned(),
        due_at: Some(moment("2024-06-01T08:00:00Z")),
        ..step(0, "missed", Trigger::Hand)
    };
    let (plan, tasks) =
        planned(test.ledger(), vec![missed, step(1, "next", after("missed", "succeeded", None))]).await;
    test.season.settle().await.unwrap();
    let row = test.ledger().task(tasks[0]).await.unwrap();
    assert_eq!(row.state, TaskState::Skipped);
    assert!(row.why.unwrap().contains("one moment was missed"), "it is said");
    assert_eq!(state(&test, tasks[1]).await, TaskState::Done);
    assert_eq!(test.ledger().plan(plan).await.unwrap().state, "done");
}

// DOMAIN A6
async fn what_follows_a_step_that_does_not_apply_takes_its_place(on: On) {
    let test = TestApp::new(on, "2024-04-02T08:00:00Z").await;
    let nes = test.customer("nes", &["absence"]).await;
    let made = rollover::plans::create(test.ledger(), test.now(), "Ingrid", &nes, "eoy", 2024).await;
    let tasks = test.ledger().tasks_of_plan(made.unwrap().0.id).await.unwrap();
    let of = |name: &str| tasks.iter().find(|task| task.step == name).unwrap().clone();
    assert_eq!(of("complete_daily_absence").state, TaskState::NotApplicable);
    assert_eq!(of("complete_absence").due_at, None);
    test.play("2024-06-10T08:00:00Z").await;
    let done =
        test.ledger().sign_off(test.now(), "Kari", of("complete_weeks").id, "all weeks").await.unwrap();
    assert_eq!(done.state, TaskState::Waiting, "its job takes the word up");
    test.season.settle().await.unwrap();
    assert_eq!(state(&test, of("complete_weeks").id).await, TaskState::Done);
    let next = test.ledger().task(of("complete_absence").id).await.unwrap();
    assert_eq!(next.state, TaskState::Waiting, "it started, and waits for the headteacher: {next:?}");
}

async fn a_plan_is_done_when_nothing_of_it_is_left(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let none = NewTaskRow { state: TaskState::NotApplicable, ..step(4, "none", Trigger::Hand) };
    let (plan, tasks) = planned(
        test.ledger(),
        vec![
            due(scripted(step(0, "runs", Trigger::Hand), Act::Succeed)),
            step(1, "skipped", Trigger::Hand),
            step(2, "cancelled", Trigger::Hand),
            due(scripted(step(3, "fails", Trigger::Hand), Act::Fail)),
            none,
            step(5, "last", after("runs", "succeeded", Some("1d"))),
        ],
    )
    .await;
    let over = async || test.ledger().plan(plan).await.unwrap().state;
    test.season.settle().await.unwrap();
    test.ledger().skip_task(test.now(), "Ingrid", tasks[1], "no need").await.unwrap();
    test.ledger().cancel_task(test.now(), "Ingrid", tasks[2], "not ours").await.unwrap();
    test.play("2024-06-05T08:00:00Z").await;
    assert_eq!(state(&test, tasks[5]).await, TaskState::Done);
    assert_eq!(over().await, "active", "what failed is not settled");
    test.ledger().skip_task(test.now(), "Ingrid", tasks[3], "done by hand").await.unwrap();
    assert_eq!(over().await, "done");
    assert_eq!(test.ledger().plan(plan).await.unwrap().ended_at, Some(test.now()));
}

async fn two_tasks_that_end_together_end_the_plan(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    for year in 2024..2034 {
        let tasks = vec![due(step(0, "one", Trigger::Hand)), due(step(1, "two", Trigger::Hand))];
        let plan = test.ledger().create_plan(test.now(), "t", &plan_of("eoy", year, tasks)).await.unwrap().id;
        tick(&test.app.engine).await.unwrap();
        let jobs = test.ledger().take_unsent(test.now(), 9).await.unwrap();
        let lease_until = test.now() + Duration::seconds(60);
        for (job, _) in &jobs {
            let claim = JobMove::Claim { owner: "w".to_owned(), lease_until };
            test.ledger().apply(test.now(), "w", *job, claim).await.unwrap();
        }
        let end = |job| test.ledger().apply(test.now(), "w", job, JobMove::Finish { report: json!({}) });
        let (one, two) = tokio::join!(end(jobs[0].0), end(jobs[1].0));
        assert_eq!((one.unwrap().state, two.unwrap().state), (JobState::Done, JobState::Done));
        assert_eq!(test.ledger().plan(plan).await.unwrap().state, "done", "{year}");
    }
}

// DOMAIN S4
async fn a_task_that_waits_is_run_by_hand_once(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let args = json!({"what": "templates reviewed"});
    let task = test.task("nes", "sign_off", args, Trigger::Hand, Some(NOW)).await;
    test.season.settle().await.unwrap();
    let by_hand = test.ledger().run_task_now(test.now(), "Ingrid", task.id, None).await.unwrap();
    test.season.settle().await.unwrap();
    let jobs = test.ledger().jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap();
    assert_eq!(jobs.len(), 1, "a second would wait beside the first for ever");
    assert_eq!(jobs[0].id, by_hand);
    test.ledger().sign_off(test.now(), "Ingrid", task.id, "by phone").await.unwrap();
    test.season.settle().await.unwrap();
    assert_eq!(test.job(by_hand).await.state, JobState::Done);
    // A task that is over is run again by hand, with a job of its own.
    let again = test.ledger().run_task_now(test.now() + Duration::hours(1), "Ingrid", task.id, None).await;
    assert_ne!(again.unwrap(), by_hand);
}

async fn a_task_by_hand_is_rescheduled_skipped_cancelled(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let ledger = test.ledger();
    let task = test.task("nes", "noop", json!({}), Trigger::Hand, None).await;
    let later = moment("2024-06-04T08:00:00.000001Z");
    let moved = ledger.reschedule(test.now(), "Ingrid", task.id, Some(later)).await.unwrap();
    assert_eq!(moved, ledger.task(task.id).await.unwrap());
    assert_eq!((moved.due_at, moved.version), (Some(later), 1));
    let line = ledger.events_of_task(task.id).await.unwrap().pop().unwrap();
    assert_eq!(line.note.as_deref(), Some("from no moment to 2024-06-04 08:00 UTC"));
    assert!(ledger.skip_task(test.now(), "Ingrid", task.id, "").await.is_err(), "a reason is needed");
    let skipped = ledger.skip_task(test.now(), "Ingrid", task.id, "no need").await.unwrap();
    assert_eq!((skipped.state, skipped.due_at), (TaskState::Skipped, None));
    assert_eq!(skipped.why.as_deref(), Some("no need"));
    let decisions = ledger.decisions_of_customer("nes", 10).await.unwrap();
    assert_eq!((decisions[0].kind.as_str(), decisions[0].support_person.as_str()), ("skip", "Ingrid"));
    let refusals = [
        ledger.reschedule(test.now(), "Ingrid", task.id, None).await.unwrap_err(),
        ledger.cancel_task(test.now(), "Ingrid", task.id, "why").await.unwrap_err(),
        ledger.sign_off(test.now(), "Ingrid", task.id, "done").await.unwrap_err(),
        ledger.run_task_now(test.now(), "Ingrid", task.id, None).await.unwrap_err(),
    ];
    assert!(matches!(refusals[0], LedgerError::Refused(_)), "{refusals:?}");
    assert!(matches!(refusals[1], LedgerError::NotAllowed(_)), "{refusals:?}");
    assert!(refusals[2].to_string().contains("takes no sign-off"), "{refusals:?}");
    assert!(matches!(refusals[3], LedgerError::NotAllowed(_)), "{refusals:?}");
    let jobs = ledger.jobs(&JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap();
    assert!(jobs.is_empty(), "a refusal makes no job");
}

async fn what_follows_a_step_that_is_over_from_the_start_starts(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let over = || NewTaskRow {
        state: TaskState::Skipped,
        why: Some("no moment was left".to_owned()),
        ..step(0, "over", Trigger::Hand)
    };
    let follower = step(1, "next", trigger(json!({"type": "after", "step": "over"})));
    let (plan, tasks) = planned(test.ledger(), vec![over(), follower]).await;
    assert_eq!(test.ledger().task(tasks[1]).await.unwrap().due_at, Some(test.now()));
    test.season.settle().await.unwrap();
    assert_eq!(test.ledger().plan(plan).await.unwrap().state, "done");
    let alone = plan_of("bts", 2024, vec![over()]);
    let made = test.ledger().create_plan(test.now(), "t", &alone).await.unwrap();
    assert_eq!(made.state, "done", "nothing of it is left");
}
