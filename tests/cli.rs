//! The program as people and scripts use it: what it prints, what it refuses, how it ends.

#![cfg(test)]

mod harness;

use harness::{
    On,
    program::SetUp,
    support::{Authority, Encryption, SmtpServer},
};
use rollover_roster::{
    invent::{Invention, Municipality},
    model::Roster,
    places::Places,
    seal::{Key, Keys},
    snapshot::SnapshotStore,
    write::write_imse,
};
use serde_json::Value;
use std::{fs, process::Output};

const ADD_NES: &[&str] = &[
    "customer",
    "add",
    "nes",
    "--name",
    "Nes kommune",
    "--country",
    "NO",
    "--time-zone",
    "Europe/Oslo",
    "--mis",
    "fjordsas",
    "--module",
    "absence",
    "--module",
    "courses",
    "--status-mail-to",
    "it@nes.example",
    "--year",
    "2031",
    "--last-teaching-day",
    "2031-06-20",
    "--school-year-start",
    "2031-08-18",
    "--vendor-date",
    "2031-08-01",
];

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn done(set_up: &SetUp, args: &[&str]) -> String {
    let output = set_up.run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn json(set_up: &SetUp, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let printed = done(set_up, &args);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{args:?}: {error}: {printed}"))
}

/// Ends with this code and says each of these words.
fn refused(set_up: &SetUp, args: &[&str], code: i32, words: &[&str]) {
    let output = set_up.run(args);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?} does not say {word:?}: {said}");
    }
}

macro_rules! on_both {
    ($($name:ident),* $(,)?) => { $(mod $name {
        #[tokio::test(flavor = "multi_thread")]
        async fn embedded() { super::$name(&super::SetUp::new(super::On::Sqlite).await).await; }
        #[tokio::test(flavor = "multi_thread")]
        async fn on_servers() { super::$name(&super::SetUp::new(super::On::Postgres).await).await; }
    })* };
}

on_both!(
    a_plan_from_customer_to_sign_off,
    every_list_is_json_too,
    a_customer_shows_who_changed_what,
    what_does_not_exist_ends_with_4,
    a_task_outside_any_plan,
    moments_are_told_on_the_customers_clock,
    a_moved_task_says_where_it_stands_and_who_moved_it,
    a_task_fired_by_hand_says_so,
    a_customer_that_cannot_be_read_hides_no_other,
    a_step_that_never_fires_is_said_and_put_down_as_skipped,
    the_filter_changes_with_a_decision_only,
    decisions_about_the_filter_are_listed_and_withdrawn,
    a_run_is_looked_at_undone_and_let_in_again,
    a_decision_releases_a_slice_of_schools_that_there_are,
    postponed_deletes_end_with_5_where_the_last_day_will_be_stopped,
    every_optional_setting_can_be_unset,
    where_and_by_when_rosters_come_is_set_and_shown_without_secrets,
    a_customer_is_changed_whole_or_not_at_all,
    limits_are_unset_with_a_decision_only,
    personal_data_leave_with_a_decision_only,
    rules_refuse_with_3
);

async fn a_plan_from_customer_to_sign_off(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let preview = done(set_up, &["plan", "preview", "nes", "--template", "eoy", "--year", "2031"]);
    assert!(preview.contains("2031-06-21 00:00") && preview.contains("2031-06-20 22:00 UTC"), "{preview}");
    assert!(preview.contains("does not use the module behaviour") && preview.contains("Nothing was written"));
    done(set_up, &["plan", "create", "nes", "--template", "eoy", "--year", "2031", "--by", "Ingrid Dahl"]);
    let shown = done(set_up, &["plan", "show", "1"]);
    assert!(shown.contains("Ingrid Dahl") && shown.contains("CEST"), "{shown}");
    let nightly = json(set_up, &["task", "list", "--kind", "import_roster", "--state", "planned"])[0]["id"]
        .as_i64()
        .unwrap()
        .to_string();
    let next = done(set_up, &["task", "next", &nightly, "--count", "3"]);
    assert!(next.contains("2031-04-25 02:30 CEST") && next.contains("2031-04-25 00:30 UTC"), "{next}");
    let sign_off = json(set_up, &["task", "list", "--kind", "sign_off", "--state", "planned"])[0]["id"]
        .as_i64()
        .unwrap()
        .to_string();
    done(set_up, &["task", "sign-off", &sign_off, "--note", "agreed by phone", "--by", "Ingrid Dahl"]);
    let history = done(set_up, &["task", "show", &sign_off]);
    assert!(history.contains("Ingrid Dahl") && history.contains("agreed by phone"), "{history}");
    done(set_up, &["plan", "cancel", "1", "--why", "the dates were wrong"]);
    assert_eq!(json(set_up, &["plan", "list"])[0]["state"], "cancelled");
}

async fn every_list_is_json_too(set_up: &SetUp) {
    done(set_up, ADD_NES);
    done(set_up, &["plan", "create", "nes", "--template", "bts", "--year", "2031"]);
    done(set_up, &["job", "enqueue", "noop"]);
    for args in [
        &["customer", "list"][..],
        &["plan", "list"],
        &["task", "list"],
        &["job", "list"],
        &["job", "log", "1"],
        &["job", "kinds"],
        &["task", "next", "1"],
        &["import", "list", "nes"],
        &["import", "decisions", "nes"],
        &["doctor"],
    ] {
        assert!(json(set_up, args).is_array(), "{args:?}");
    }
    for args in [
        &["customer", "show", "nes"][..],
        &["plan", "show", "1"],
        &["plan", "preview", "nes", "--template", "eoy", "--year", "2031"],
        &["task", "show", "1"],
        &["job", "show", "1"],
        &["config", "show"],
        &["config", "check"],
    ] {
        assert!(json(set_up, args).is_object(), "{args:?}");
    }
}

async fn a_customer_shows_who_changed_what(set_up: &SetUp) {
    done(set_up, ADD_NES);
    done(set_up, &["customer", "set", "nes", "--mis", "other", "--by", "Ingrid Dahl"]);
    let shown = json(set_up, &["customer", "show", "nes"]);
    let history: Vec<(&str, &str)> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["name"].as_str().unwrap(), line["actor"].as_str().unwrap()))
        .collect();
    let expected =
        [("customer_changed", "Ingrid Dahl"), ("calendar_changed", "tester"), ("customer_added", "tester")];
    assert_eq!(history, expected);
}

async fn what_does_not_exist_ends_with_4(set_up: &SetUp) {
    for (args, what) in [
        (&["customer", "show", "mo"][..], "customer mo"),
        (&["plan", "show", "7"], "plan 7"),
        (&["task", "show", "7"], "task 7"),
        (&["job", "show", "7"], "job 7"),
        (&["import", "show", "7"], "import run 7"),
        (&["integration", "postponed", "mo"], "customer mo"),
        (&["integration", "courses", "mo"], "customer mo"),
        (&["task", "list", "--customer", "mo"], "customer mo"),
        (&["job", "list", "--customer", "mo"], "customer mo"),
    ] {
        refused(set_up, args, 4, &["there is no", what]);
    }
}

async fn rules_refuse_with_3(set_up: &SetUp) {
    done(set_up, ADD_NES);
    refused(set_up, ADD_NES, 3, &["nes exists already", "rollover customer set nes"]);
    let create = ["plan", "create", "nes", "--template", "eoy", "--year", "2031"];
    done(set_up, &create);
    refused(set_up, &create, 3, &["active plan eoy 2031", "rollover plan list"]);
    // No dates were entered for this summer.
    refused(
        set_up,
        &["plan", "create", "nes", "--template", "bts", "--year", "2032"],
        3,
        &["school year start", "rollover customer set nes --year 2032 --school-year-start"],
    );
    assert_eq!(json(set_up, &["plan", "list"]).as_array().unwrap().len(), 1, "nothing is half made");
    done(set_up, &["job", "enqueue", "noop"]);
    refused(set_up, &["job", "retry", "1"], 3, &["run again", "ready"]);
    done(set_up, &["job", "cancel", "1", "--why", "not needed"]);
    done(set_up, &["job", "retry", "1", "--why", "needed after all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_end_with_2_and_name_their_place() {
    let set_up = SetUp::new(On::Sqlite).await;
    let file = set_up.folder.path().join("rollover.toml");
    for (content, words) in [
        ("[engine]\nconcurency = 3\n", &["rollover.toml", "concurency", "concurrency"][..]),
        ("[engine]\nconcurrency = \"many\"\n", &["rollover.toml", "line 2", "concurrency"]),
        ("[engine]\npoll_ms = 0\n", &["engine.poll_ms", "rollover.toml", "= 0", "expected 1 to"]),
        ("[web]\nlisten = \"here\"\n", &["web.listen", "\"here\"", "127.0.0.1:8321"]),
        ("[queue]\nurl = \"amqp://x\"\n", &["queue.url", "redis://"]),
    ] {
        fs::write(&file, content).unwrap();
        refused(&set_up, &["config", "check"], 2, words);
    }
    let wrong = "[mail]\nurl = \"smtp://me:hunter2@mail?tls=off\"\nfrom = \"Rollover\"\n[web]\nbase_url = \"here\"\n\
                 [log]\nlevel = \"loud\"\n[engine]\ngrace_seconds = \"long\"\n[ledger]\nconnections = 1\n";
    fs::write(&file, wrong).unwrap();
    let all = [
        "6 settings are wrong",
        "mail.url = \"smtp://…@mail?…\" (from rollover.toml, line 2): its one option is tls=none",
        "mail.from = \"Rollover\" (from rollover.toml, line 3): it is no mailbox",
        "web.base_url = \"here\" (from rollover.toml, line 5): expected the address",
        "log.level = \"loud\" (from rollover.toml, line 7): \"loud\" is no level",
        "engine.grace_seconds = \"long\" (from rollover.toml, line 9): invalid type",
        "ledger.connections = 1 (from rollover.toml, line 11): expected 2 to 1000",
    ];
    for args in
        [&["config", "check"][..], &["customer", "list"], &["doctor"], &["work"], &["up"], &["migrate"]]
    {
        refused(&set_up, args, 2, &all);
        assert!(!text(&set_up.run(args)).contains("hunter2"), "{args:?}");
    }
    fs::remove_file(&file).unwrap();

    refused(&set_up, &["config", "check", "--config", "elsewhere.toml"], 2, &["elsewhere.toml", "--config"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_end_with_2_and_say_what_was_expected() {
    let set_up = SetUp::new(On::Sqlite).await;
    done(&set_up, ADD_NES);
    refused(&set_up, &["job", "enqueue", "nop"], 2, &["\"nop\"", "noop", "import_roster"]);
    refused(
        &set_up,
        &["job", "enqueue", "pause_integration", "--customer", "nes", "--args", "{\"wy\": 1}"],
        2,
        &["pause_integration", "wy", "summer 2024"],
    );
    refused(&set_up, &["plan", "preview", "nes", "--template", "easter", "--year", "2031"], 2, &["eoy, bts"]);
    refused(&set_up, &["customer", "set", "nes", "--vendor-date", "2031-08-01"], 2, &["--year"]);
    refused(
        &set_up,
        &["customer", "set", "nes", "--filter", "pupil.delete=5%"],
        2,
        &["pupil.delete=5%", "person"],
    );
    let add = ["task", "add", "--customer", "nes", "--kind", "noop"];
    let with =
        |more: &[&'static str]| -> Vec<&str> { add.iter().copied().chain(more.iter().copied()).collect() };
    refused(&set_up, &with(&[]), 2, &["--at", "--cron", "--by-hand"]);
    refused(&set_up, &with(&["--cron", "61 2 * * *"]), 2, &["61"]);
    refused(&set_up, &with(&["--at", "sometime"]), 2, &["sometime"]);
    refused(&set_up, &["work"], 2, &["rollover up", "queue.url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_schema_is_refused_with_the_command_to_run() {
    let database = harness::support::Postgres::shared().fresh_database();
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_rollover"))
            .args(args)
            .current_dir(folder.path())
            .env("ROLLOVER_LEDGER_URL", database.url())
            .env("ROLLOVER_WEB_PASSWORD", "secret of a test")
            .output()
            .unwrap()
    };
    let serve = run(&["serve"]);
    assert_eq!(serve.status.code(), Some(1), "{}", text(&serve));
    assert!(text(&serve).contains("rollover migrate"), "{}", text(&serve));
    assert!(run(&["migrate"]).status.success());
    assert!(text(&run(&["migrate"])).contains("up to date"));
    assert!(run(&["customer", "list"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_never_shown() {
    let set_up = SetUp::new(On::Sqlite).await;
    fs::write(
        set_up.folder.path().join("rollover.toml"),
        "[mail]\nurl = \"smtp://me:hunter2@127.0.0.1:1\"\n[queue]\nurl = \"redis://:hunter2@127.0.0.1:1\"\n",
    )
    .unwrap();
    for args in [&["config", "show"][..], &["config", "show", "--json"], &["config", "check"], &["doctor"]] {
        let said = text(&set_up.run(args));
        assert!(!said.contains("hunter2") && !said.contains("a password of a test"), "{args:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_is_broken_and_what_to_do() {
    let set_up = SetUp::new(On::Sqlite).await;
    let file = set_up.folder.path().join("rollover.toml");
    fs::write(
        &file,
        "[mail]\nurl = \"smtp://127.0.0.1:1?tls=none\"\n[queue]\nurl = \"redis://127.0.0.1:1\"\n",
    )
    .unwrap();
    refused(&set_up, &["doctor"], 5, &["queue", "start redis", "mail", "start the mail server"]);
}

#[test]
fn the_doctor_only_looks() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |password: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollover"))
            .arg("doctor")
            .current_dir(folder.path())
            .env_remove("ROLLOVER_DATA")
            .env("ROLLOVER_WEB_PASSWORD", password)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output)
    };
    let said = doctor("");
    for words in
        ["rollover-data is not there yet", "file is not there yet", "ROLLOVER_WEB_PASSWORD is not set here"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = doctor("hunter2");
    assert!(said.contains("ROLLOVER_WEB_PASSWORD is set here: operator signs in"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it made something");
}

#[test]
fn the_doctor_enters_the_bucket_of_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |secret: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollover"))
            .args(["doctor", "--json"])
            .current_dir(folder.path())
            .env("ROLLOVER_SNAPSHOTS_URL", "s3://rosters/a")
            .env("ROLLOVER_SNAPSHOTS_ENDPOINT", "http://127.0.0.1:1")
            .env("ROLLOVER_SNAPSHOTS_ACCESS_KEY", "AKIATEST")
            .env("ROLLOVER_SNAPSHOTS_SECRET_KEY", secret)
            .output()
            .unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = doctor("hunter2");
    assert!(
        code == Some(5) && said.contains("s3://rosters: ") && said.contains("start the object store"),
        "{said}"
    );
    assert!(!said.contains("hunter2") && !said.contains("AKIATEST"), "{said}");
    let (code, said) = doctor("");
    assert!(code == Some(2) && said.contains("set ROLLOVER_SNAPSHOTS_ACCESS_KEY"), "{said}");
}

#[test]
fn a_snapshot_is_written_out_with_the_key_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let (id, key) = ("2026".parse().unwrap(), Key::new([0x41; 32]));
    let keys = Keys::new([("2026".parse().unwrap(), key)].into(), Some(id)).unwrap();
    let store = SnapshotStore::open(&folder.path().join("data/snapshots")).unwrap().with_keys(keys);
    let snapshot = store.write(&Municipality::new(&Invention::small(3)).roster()).unwrap().to_string();
    let export = |to: &str, key: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rollover"));
        command
            .args(["roster", "export", &snapshot, "--to", to, "--data", "data"])
            .current_dir(folder.path());
        command.env_remove("ROLLOVER_DATA").envs(key.map(|key| ("ROLLOVER_SNAPSHOT_KEY_2026", key)));
        let output = command.output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = export("out", Some(&"41".repeat(32)));
    assert!(code == Some(0) && said.contains("delete the folder"), "{said}");
    assert!(fs::read(folder.path().join("out/person.parquet")).unwrap().starts_with(b"PAR1"));
    let (code, said) = export("more", None);
    assert!(code == Some(1) && said.contains("ROLLOVER_SNAPSHOT_KEY_2026"), "{said}");
    let (code, said) = export("more", Some(&"42".repeat(32)));
    assert!(code == Some(1) && said.contains("another key 2026") && !said.contains("4242"), "{said}");
}

/// A check of a mail server over TLS is a real handshake.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_signs_in_to_the_mail_server_over_tls() {
    let authority = Authority::new();
    let server = SmtpServer::start_encrypted(Encryption::StartTls(authority.server(&["localhost"]))).await;
    server.require_login("rollover", "s3cret");
    let set_up = SetUp::new(On::Sqlite).await;
    let url = format!("smtp://rollover:s3cret@localhost:{}", server.address().port());
    let settings = |ca_file: &str| format!("[mail]\nurl = \"{url}\"\nca_file = \"{ca_file}\"\n");
    let file = set_up.folder.path().join("rollover.toml");
    fs::write(&file, settings(&authority.file().display().to_string())).unwrap();
    assert!(done(&set_up, &["doctor"]).contains("answers and takes the sign-in (STARTTLS)"));
    fs::write(&file, settings("")).unwrap();
    refused(&set_up, &["doctor"], 5, &["authority that is not known here", "mail.ca_file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_ends_by_itself_and_leaves_what_every_command_opens() {
    let set_up = SetUp::new(On::Sqlite).await;
    let played = json(&set_up, &["demo", "--headless", "--until", "2024-06-02", "--folder", "summer"]);
    let rows = played["rows"].as_array().unwrap();
    let of = |customer: &str| rows.iter().filter(|row| row["customer"] == customer).count();
    for customer in ["ashcombe", "bergdal", "fjordvik", "lillevik", "nes", "solberga"] {
        assert!(of(customer) > 20, "{customer}");
    }
    let imports = |customer: &str| {
        rows.iter().find(|row| row["customer"] == customer && row["step"] == "nightly_import").unwrap()["state"].clone()
    };
    assert_eq!(imports("lillevik"), imports("nes"), "OneRoster is imported as IMS Enterprise is");
    assert_eq!(json(&set_up, &["customer", "list", "--data", "summer"]).as_array().unwrap().len(), 6);
    let again = ["demo", "--headless", "--until", "2024-06-02", "--folder", "summer"];
    refused(&set_up, &again, 2, &["summer", "not empty"]);
    refused(&set_up, &["demo", "--until", "2025-01-01"], 2, &["2025-01-01", "2024-06-01", "2024-09-15"]);
    refused(&set_up, &["demo", "--listen", "0.0.0.0:0"], 2, &["no password", "127.0.0.1"]);
}

// DOMAIN S1
async fn a_task_outside_any_plan(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let add = ["task", "add", "--customer", "nes", "--kind"];
    let with =
        |more: &[&'static str]| -> Vec<&str> { add.iter().copied().chain(more.iter().copied()).collect() };
    done(set_up, &with(&["import_roster", "--cron", "30 2 * * *", "--from", "2031-01-01"]));
    let args = "{\"why\":\"summer\"}";
    let at = "last_teaching_day + 1d 18:00";
    done(set_up, &with(&["pause_integration", "--args", args, "--year", "2031", "--at", at]));
    done(set_up, &with(&["resume_integration", "--by-hand"]));
    let next = done(set_up, &["task", "next", "1", "--count", "2"]);
    assert!(next.contains("2031-01-01 02:30 CET") && next.contains("2031-01-02 01:30 UTC"), "{next}");
    assert!(done(set_up, &["task", "next", "2"]).contains("2031-06-21 18:00 CEST"));
    done(set_up, &["task", "move", "2", "--at", "2031-06-22 06:00"]);
    assert!(done(set_up, &["task", "next", "2"]).contains("2031-06-22 06:00 CEST"));
    done(set_up, &["task", "run-now", "3"]);
    done(set_up, &["task", "skip", "2", "--why", "agreed by phone"]);
    done(set_up, &["task", "cancel", "1", "--why", "another way"]);
}

// DOMAIN S1
async fn moments_are_told_on_the_customers_clock(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let add = ["task", "add", "--kind", "noop", "--at", "2031-06-21 18:00"];
    done(set_up, &[&add[..], &["--customer", "nes"]].concat());
    done(set_up, &add);
    let listed = done(set_up, &["task", "list"]);
    assert!(listed.contains("2031-06-21 18:00 CEST") && listed.contains("2031-06-21 18:00 UTC"), "{listed}");
    let tasks = json(set_up, &["task", "list"]);
    let told = |task: usize| {
        ["due_at", "due_local", "time_zone"].map(|field| tasks[task][field].as_str().unwrap().to_owned())
    };
    assert_eq!(told(0), ["2031-06-21T16:00:00Z", "2031-06-21T18:00:00", "Europe/Oslo"]);
    assert_eq!(told(1), ["2031-06-21T18:00:00Z", "2031-06-21T18:00:00", "UTC"]);
    let shown = json(set_up, &["task", "show", "1"]);
    assert_eq!((&shown["due_local"], &shown["time_zone"]), (&tasks[0]["due_local"], &tasks[0]["time_zone"]));
    done(set_up, &["job", "enqueue", "noop", "--customer", "nes"]);
    let now = due_in_oslo(set_up, "1").await;
    for args in [&["job", "list"][..], &["job", "show", "1"]] {
        let printed = done(set_up, args);
        assert!(printed.contains(&now), "{args:?} does not say {now}: {printed}");
    }
}

/// When a job is due, on the clock of Oslo.
async fn due_in_oslo(set_up: &SetUp, job: &str) -> String {
    let due = set_up.ledger.job(job.parse().unwrap()).await.unwrap().due_at;
    due.with_timezone(&chrono_tz::Europe::Oslo).format("%Y-%m-%d %H:%M CE").to_string()
}

async fn a_moved_task_says_where_it_stands_and_who_moved_it(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let add = ["task", "add", "--customer", "nes", "--kind", "noop"];
    done(set_up, &[&add[..], &["--at", "2031-06-21 18:00"]].concat());
    done(set_up, &[&add[..], &["--cron", "30 2 * * *", "--from", "2031-01-01"]].concat());
    assert!(json(set_up, &["task", "show", "1"])["by_hand"].is_null());
    assert!(json(set_up, &["task", "next", "1"])[0].get("moved").is_none());
    done(set_up, &["task", "move", "1", "--at", "2031-06-20 06:00", "--by", "Ingrid Dahl"]);
    done(set_up, &["task", "move", "2", "--at", "2031-01-05 06:00", "--by", "Ingrid Dahl"]);
    let said = "moved by Ingrid Dahl on ";
    let from = "from 2031-06-21 16:00 UTC to 2031-06-20 04:00 UTC";
    for args in [&["task", "show", "1"][..], &["task", "next", "1"]] {
        let printed = done(set_up, args);
        for word in ["2031-06-20 06:00 CEST", said, from] {
            assert!(printed.contains(word), "{args:?} does not say {word}: {printed}");
        }
        assert!(!printed.contains("2031-06-21 18:00 CEST"), "the old moment is none any more: {printed}");
    }
    let next = json(set_up, &["task", "next", "2", "--count", "2"]);
    assert_eq!(
        (&next[0]["moved"]["what"], &next[0]["moved"]["by"]),
        (&"moved".into(), &"Ingrid Dahl".into())
    );
    assert_eq!(next[1]["local"], "2031-01-06T02:30:00", "the rule goes on after it");
    assert!(next[1].get("moved").is_none());
    // One firing beside its moments leaves a rule where it stands.
    done(set_up, &["task", "run-now", "2"]);
    assert!(done(set_up, &["task", "show", "2"]).contains(said));
}

async fn a_task_fired_by_hand_says_so(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let add = ["task", "add", "--customer", "nes", "--kind", "noop", "--at", "2031-06-21 18:00"];
    done(set_up, &add);
    done(set_up, &["task", "run-now", "1", "--by", "Ingrid Dahl"]);
    let shown = done(set_up, &["task", "show", "1"]);
    assert!(
        shown.contains("no moment is to come") && shown.contains("fired by hand by Ingrid Dahl"),
        "{shown}"
    );
    assert!(done(set_up, &["task", "next", "1"]).contains("fired by hand by Ingrid Dahl"));
    assert_eq!(json(set_up, &["task", "show", "1"])["by_hand"]["what"], "fired");
}

async fn a_customer_that_cannot_be_read_hides_no_other(set_up: &SetUp) {
    done(set_up, ADD_NES);
    for id in ["mo", "vik"] {
        let args: Vec<&str> = ADD_NES.iter().map(|arg| if *arg == "nes" { id } else { arg }).collect();
        done(set_up, &args);
        done(set_up, &["task", "add", "--customer", id, "--kind", "noop", "--at", "2031-06-21 18:00"]);
    }
    set_up.execute("UPDATE customer SET time_zone = 'Mars/Olympus' WHERE id = 'mo'").await;
    set_up.execute("UPDATE customer SET settings = '{\"of_tomorrow\": 1}' WHERE id = 'vik'").await;
    let words =
        ["customer mo: its time zone cannot be read", "customer vik: its settings cannot be read", "correct"];
    for args in [&["customer", "list"][..], &["task", "list"]] {
        refused(set_up, args, 0, &words);
    }
    assert!(done(set_up, &["customer", "list"]).contains("Nes kommune"));
    let customers = json(set_up, &["customer", "list"]);
    let ids: Vec<_> = customers.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["nes", "mo", "vik"]);
    assert!(customers[1]["error"].as_str().unwrap().contains("Mars/Olympus"), "{customers}");
    let tasks = json(set_up, &["task", "list"]);
    assert!(tasks[0]["customer_error"].as_str().unwrap().contains("time zone"), "{tasks}");
    refused(set_up, &["task", "list", "--customer", "mo"], 0, &["2031-06-21 16:00 UTC"]);
    refused(set_up, &["customer", "show", "mo"], 1, &["customer mo", "time zone", "Mars/Olympus"]);
}

// DOMAIN S2
async fn a_step_that_never_fires_is_said_and_put_down_as_skipped(set_up: &SetUp) {
    let past: Vec<String> = ADD_NES.iter().map(|arg| arg.replace("2031", "2021")).collect();
    done(set_up, &past.iter().map(String::as_str).collect::<Vec<_>>());
    let which = ["nes", "--template", "eoy", "--year", "2021"];
    let said = "step nightly_import never runs: no moment of its cron rule is left";
    let preview = done(set_up, &[&["plan", "preview"], &which[..]].concat());
    assert!(preview.contains(said) && preview.contains("never fires: "), "{preview}");
    refused(set_up, &[&["plan", "create"], &which[..], &["--json"]].concat(), 0, &[said]);
    let tasks = json(set_up, &["task", "list", "--kind", "import_roster", "--state", "skipped"]);
    assert_eq!(tasks[0]["why"], "no moment of its cron rule was left when the plan was made");
    let planned = json(set_up, &["task", "list", "--state", "planned"]);
    let lost = |task: &&Value| task["due_at"].is_null() && task["schedule"]["type"] == "cron";
    assert_eq!(planned.as_array().unwrap().iter().find(lost), None);
    let add = [
        "task",
        "add",
        "--customer",
        "nes",
        "--kind",
        "noop",
        "--cron",
        "30 2 * * *",
        "--until",
        "2021-01-01",
    ];
    refused(set_up, &add, 3, &["would never fire", "30 2 * * *"]);
}

// DOMAIN F3
async fn the_filter_changes_with_a_decision_only(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let off = ["customer", "set", "nes", "--filter", "person.delete=off"];
    refused(set_up, &off, 2, &["only with a decision", "--customer-person", "--reason"]);
    let with = ["--customer-person", "Kari Vik", "--reason", "a small town"];
    let decided: Vec<&str> = off.iter().copied().chain(with).collect();
    done(set_up, &decided);
    let shown = json(set_up, &["customer", "show", "nes"]);
    assert!(shown["customer"]["settings"]["filter"]["person"]["delete"]["max_pct"].is_null(), "{shown}");
    let decisions = set_up.ledger.decisions_of_customer("nes", 9).await.unwrap();
    assert_eq!((decisions[0].kind.as_str(), decisions[0].reason.as_str()), ("limits", "a small town"));
    assert_eq!(decisions[0].customer_person.as_deref(), Some("Kari Vik"));
}

// DOMAIN F3
async fn decisions_about_the_filter_are_listed_and_withdrawn(set_up: &SetUp) {
    done(set_up, ADD_NES);
    assert!(done(set_up, &["import", "decisions", "nes"]).contains("Nobody has decided anything"));
    let decision = rollover::ledger::NewFilterDecision {
        customer: "nes".parse().unwrap(),
        roster: "a".repeat(64).parse().unwrap(),
        limits: None,
        slice: None,
        customer_person: "Kari Vik".to_owned(),
        support_person: "Ingrid Dahl".to_owned(),
        reason: "figures compared".to_owned(),
    };
    let now = harness::program::now();
    let id = set_up.ledger.decide_filter(now, &decision).await.unwrap().to_string();
    let listed = done(set_up, &["import", "decisions", "nes"]);
    for word in ["the Filter is off", "aaaaaaaaaaaa", "open", "Kari Vik", "Ingrid Dahl", "figures compared"] {
        assert!(listed.contains(word), "no {word}: {listed}");
    }
    let shown = done(set_up, &["customer", "show", "nes"]);
    assert!(shown.contains(&format!("rollover import withdraw {id}")), "{shown}");
    assert!(
        shown.contains("the Filter aborts above: create 20%, update 20%, delete 5% of each kind"),
        "{shown}"
    );
    done(set_up, &["import", "withdraw", &id, "--why", "an error in the roster", "--by", "Ola"]);
    let listed = json(set_up, &["import", "decisions", "nes"]);
    assert_eq!((&listed[0]["state"], &listed[0]["withdrawn_by"]), (&"withdrawn".into(), &"Ola".into()));
    assert!(done(set_up, &["import", "decisions", "nes"]).contains("withdrawn by Ola"));
    assert!(!done(set_up, &["customer", "show", "nes"]).contains("open decision"));
    refused(set_up, &["import", "withdraw", &id, "--why", "again"], 3, &["withdrawn by Ola already"]);
    refused(set_up, &["import", "withdraw", "99", "--why", "x"], 4, &["decision about an import 99"]);
}

// DOMAIN F3
async fn a_decision_releases_a_slice_of_schools_that_there_are(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let municipality = Municipality::new(&Invention::small(3)).roster();
    let store = SnapshotStore::open(&set_up.folder.path().join("snapshots")).unwrap();
    let roster = store.write(&municipality).unwrap().to_string();
    let mut places = Places::default();
    municipality.records().iter().for_each(|record| places.learn(record));
    let school = *places.schools().first().unwrap();
    let decide = |only: &[&'static str]| -> Vec<String> {
        let args = ["import", "decide", "nes", "--customer-person", "Kari Vik", "--by", "Ingrid"];
        let about = ["--reason", "one school comes in June", "--roster", "ROSTER"];
        let args = args.iter().chain(&about).chain(only);
        args.map(|arg| arg.replace("ROSTER", &roster).replace("SCHOOL", school)).collect()
    };
    let refusals: [(&[&'static str], &[&str]); 3] = [
        (&[], &["say what was decided", "--only-school"]),
        (&["--only-school", "Nowhere"], &["Nowhere", "is no school"]),
        (&["--only-kind", "pupil"], &["pupil", "expected group, person, course or membership"]),
    ];
    for (only, words) in refusals {
        let args = decide(only);
        refused(set_up, &args.iter().map(String::as_str).collect::<Vec<_>>(), 2, words);
    }
    let args = decide(&["--only-school", "SCHOOL", "--only-kind", "membership", "--only-action", "create"]);
    let said = done(set_up, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(said.contains("does not release stays held"), "{said}");
    let slice = &json(set_up, &["import", "decisions", "nes"])[0]["slice"];
    assert_eq!(slice["schools"][0], school);
    assert_eq!((&slice["kinds"][0], &slice["actions"][0]), (&"membership".into(), &"create".into()));
    let listed = done(set_up, &["import", "decisions", "nes"]);
    assert!(listed.contains(&format!("only {school}, membership, create")), "{listed}");
}

// DOMAIN P4
async fn postponed_deletes_end_with_5_where_the_last_day_will_be_stopped(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let postponed = ["integration", "postponed", "nes"];
    let said = done(set_up, &postponed);
    for words in ["Delay delete is off", "No delete of nes waits", "Nothing is left to do"] {
        assert!(said.contains(words), "{said}");
    }
    let mut municipality = Municipality::new(&Invention::small(3));
    let store = SnapshotStore::open(&set_up.folder.path().join("snapshots")).unwrap();
    let mirror = store.write(&municipality.roster()).unwrap();
    municipality.lose_school();
    let import = store.write(&municipality.roster()).unwrap();
    let window = "delay_start = '2020-01-01', delay_end = '2999-06-30', delay_by = '{\"person\":{\"name\":\"Ingrid\"}}'";
    let pointers = format!("import_snapshot = '{import}', mirror_snapshot = '{mirror}'");
    set_up.execute(&format!("UPDATE integration SET {window}, {pointers} WHERE customer_id = 'nes'")).await;
    let by_design = ["Delay delete is on", "set by Ingrid", "by design", "wait for the window's end", "and"];
    let forecast =
        ["2999-07-01", "The Filter will stop it", "missing from the roster", "rollover import decide nes"];
    refused(set_up, &postponed, 5, &by_design);
    refused(set_up, &postponed, 5, &forecast);

    let with = |more: &[&'static str]| [&postponed[..], more, &["--json"]].concat();
    let answer = |more: &[&'static str]| -> Value {
        let output = set_up.run(&with(more));
        assert_eq!(output.status.code(), Some(5));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let counts = answer(&["--limit", "0"]);
    assert_eq!(
        (&counts["window"]["stands"], &counts["forecast"]["outlook"]),
        (&"on".into(), &"aborts".into())
    );
    let persons = &counts["waits"]["window_end"]["person"];
    let listed = answer(&["--kind", "person", "--limit", "3"]);
    assert_eq!((&listed["matching"], listed["lines"].as_array().unwrap().len()), (persons, 3));
    let line = &listed["lines"][0];
    assert_eq!((&line["kind"], &line["until"]), (&"person".into(), &"2999-06-30".into()));
    assert!(line["person"].is_string() && line["school"].is_string() && line["since"].is_null());
    let nowhere = answer(&["--school", "Nowhere"]);
    assert_eq!((&nowhere["matching"], &nowhere["schools"]), (&0.into(), &counts["schools"]));
    refused(set_up, &with(&["--kind", "pupil"]), 2, &["expected group, person, course or membership"]);
    refused(set_up, &with(&["--limit", "99999"]), 2, &["expected a number up to 20000"]);
}

async fn a_customer_is_changed_whole_or_not_at_all(set_up: &SetUp) {
    let dates = ["--year", "2024", "--last-teaching-day", "2024-08-20", "--school-year-start", "2024-08-19"];
    let with_dates = |args: &[&'static str]| [args, &dates].concat();
    let add = [
        "customer",
        "add",
        "os",
        "--name",
        "Os",
        "--country",
        "NO",
        "--time-zone",
        "Europe/Oslo",
        "--mis",
        "sas",
    ];
    refused(set_up, &with_dates(&add), 2, &["2024-08-19", "correct one of them"]);
    refused(set_up, &["customer", "show", "os"], 4, &["os"]);
    done(set_up, ADD_NES);
    let before = json(set_up, &["customer", "show", "nes"]);
    let set = ["customer", "set", "nes", "--mis", "othersas", "--roster-source", "othersas"];
    refused(set_up, &with_dates(&set), 2, &["2024-08-19", "correct one of them"]);
    let unset =
        ["customer", "set", "nes", "--mis", "othersas", "--year", "2024", "--unset", "term=Autumn 1999"];
    refused(set_up, &unset, 2, &["Autumn 1999"]);
    assert_eq!(json(set_up, &["customer", "show", "nes"]), before);
}

async fn every_optional_setting_can_be_unset(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let fresh = json(set_up, &["customer", "show", "nes"]);
    let settings = [
        ("middleware", "wonde"),
        ("status-mail-to", "other@nes.example"),
        ("language", "sv"),
        ("roster-folder", "/in"),
        ("roster-from", "https://mis.example/nes.xml"),
        ("roster-due-by", "06:00 mon-fri"),
        ("roster-target", "Nes"),
        ("roster-source", "MIS"),
        ("roster-format", "oneroster-csv"),
        ("course-archiving", "on"),
        ("early-courses", "refuse"),
        ("summer-course-prefix", "S-"),
    ];
    let mut given = vec!["customer".to_owned(), "set".to_owned(), "nes".to_owned()];
    let mut unset = given.clone();
    for (name, value) in settings {
        given.extend([format!("--{name}"), value.to_owned()]);
        unset.extend(["--unset".to_owned(), name.to_owned()]);
    }
    let words = |args: &[String]| args.iter().map(String::as_str).collect::<Vec<_>>().join("\u{1f}");
    let run = |args: &[String]| done(set_up, &words(args).split('\u{1f}').collect::<Vec<_>>());
    run(&given);
    run(&unset);
    let cleared = json(set_up, &["customer", "show", "nes"]);
    let mut expected = fresh["customer"].clone();
    expected["settings"]["status_mail_to"] = serde_json::json!([]);
    assert_eq!(cleared["customer"], expected);

    let term = ["customer", "set", "nes", "--year", "2031", "--term", "Spring=2031-01-02..2031-06-20"];
    done(set_up, &term);
    let names = ["last-teaching-day", "school-year-start", "vendor-date", "term=Spring"];
    let dates = names.iter().flat_map(|name| ["--unset", name]);
    let unset: Vec<&str> = ["customer", "set", "nes", "--year", "2031"].into_iter().chain(dates).collect();
    done(set_up, &unset);
    let calendar = json(set_up, &["customer", "show", "nes"])["calendars"][0]["dates"].clone();
    let none = serde_json::json!({
        "last_teaching_day": null, "school_year_start": null, "vendor_date": null, "terms": [],
    });
    assert_eq!(calendar, none);
    refused(set_up, &["customer", "set", "nes", "--unset", "vendor-date"], 2, &["--year"]);
    refused(set_up, &["customer", "set", "nes", "--unset", "term=Autumn", "--year", "2031"], 2, &["Autumn"]);
    refused(set_up, &["customer", "set", "nes", "--unset", "name"], 2, &["roster-target", "term=NAME"]);
    refused(set_up, &["customer", "set", "nes", "--unset", "mis", "--mis", "x"], 2, &["roster-target"]);
}

// DOMAIN I2
async fn where_and_by_when_rosters_come_is_set_and_shown_without_secrets(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let set = |args: &[&'static str]| [&["customer", "set", "nes"], args].concat();
    let from = "sftp://nes@sftp.example/out/*.xml";
    refused(set_up, &set(&["--roster-from", from]), 2, &["--roster-secret"]);
    refused(set_up, &set(&["--roster-from", "https://nes:geheim@x.example/"]), 2, &["holds a password"]);
    refused(set_up, &set(&["--roster-from", "http://x.example/"]), 2, &["expected folder, https://"]);
    refused(set_up, &set(&["--roster-due-by", "6 o'clock"]), 2, &["06:00 mon-fri"]);
    done(
        set_up,
        &set(&["--roster-from", from, "--roster-secret", "NES", "--roster-due-by", "06:00 mon-fri"]),
    );
    let shown = done(set_up, &["customer", "show", "nes"]);
    for words in
        ["fetched from sftp://nes@sftp.example/out/*.xml with the secret NES", "come by 06:00 mon-fri"]
    {
        assert!(shown.contains(words), "{shown}");
    }
    let open = || {
        let tasks = json(set_up, &["task", "list", "--customer", "nes"]);
        let tasks = tasks.as_array().unwrap().clone();
        tasks.into_iter().filter(|task| task["state"] == "planned").collect::<Vec<_>>()
    };
    assert_eq!(open().len(), 1);
    done(set_up, &set(&["--roster-due-by", "06:00 mon-fri"]));
    done(set_up, &set(&["--roster-due-by", "07:00"]));
    assert_eq!(open().len(), 1, "one task, of the newest time");
    assert_eq!(open()[0]["title"], "Roster due by 07:00");
    refused(set_up, &["doctor"], 5, &["set ROLLOVER_SECRET_NES", "due by 07:00, looked for by task"]);
    done(set_up, &set(&["--unset", "roster-due-by", "--unset", "roster-from"]));
    assert_eq!(open().len(), 0);
}

// DOMAIN F3
async fn limits_are_unset_with_a_decision_only(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let with = ["--customer-person", "Kari Vik", "--reason", "a small town"];
    done(set_up, &[&["customer", "set", "nes", "--filter", "person.delete=off"], &with[..]].concat());
    assert!(done(set_up, &["customer", "show", "nes"]).contains("for this customer person.delete=off"));
    let unset = ["customer", "set", "nes", "--unset", "filter"];
    refused(set_up, &unset, 2, &["only with a decision"]);
    done(set_up, &[&unset[..], &with[..]].concat());
    assert!(!done(set_up, &["customer", "show", "nes"]).contains("for this customer"));
}

async fn personal_data_leave_with_a_decision_only(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let on = ["customer", "set", "nes", "--personal-data-by-mail", "on"];
    refused(set_up, &on, 2, &["personal data leave by mail only with a decision", "--customer-person"]);
    let with = ["--customer-person", "Kari Vik", "--reason", "the school office asked for it"];
    done(set_up, &[&on[..], &with[..]].concat());
    assert!(done(set_up, &["customer", "show", "nes"]).contains("personal data"));
    done(set_up, &["customer", "set", "nes", "--unset", "personal-data-by-mail"]);
    assert!(!done(set_up, &["customer", "show", "nes"]).contains("personal data"));
    refused(set_up, &["customer", "set", "nes", "--language", "no"], 2, &["expected one of en, nb, sv"]);
}

// DOMAIN P5
#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_module_is_refused_with_those_that_exist() {
    let set_up = SetUp::new(On::Sqlite).await;
    done(&set_up, ADD_NES);
    let set = |module| ["customer", "set", "nes", "--add-module", module];
    refused(&set_up, &set("sumer_school"), 2, &["sumer_school", "summer_school", "absence"]);
    refused(&set_up, &set("absence,courses"), 2, &["expected one of"]);
    done(&set_up, &set("summer_school"));
    let start = ["customer", "set", "nes", "--year", "2031", "--school-year-start", "2031-06-01"];
    refused(&set_up, &start, 2, &["2031-06-01", "2031-06-20"]);
    refused(
        &set_up,
        &["plan", "create", "nes", "--template", "easter", "--year", "2031"],
        2,
        &["easter", "summer_school"],
    );
}

fn lay_down(set_up: &SetUp, roster: &Roster) {
    let folder = set_up.folder.path().join("rosters/nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, roster, "fjordsas", "2024-06-01T02:00:00").unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

// DOMAIN F3
async fn a_run_is_looked_at_undone_and_let_in_again(set_up: &SetUp) {
    done(set_up, ADD_NES);
    let mut municipality = Municipality::new(&Invention::small(3));
    lay_down(set_up, &municipality.roster());
    done(set_up, &["import", "run", "nes"]);
    municipality.small_changes(6);
    lay_down(set_up, &municipality.roster());
    done(set_up, &["import", "run", "nes"]);

    refused(set_up, &["import", "undo", "1"], 3, &["run 2 came after run 1"]);
    refused(set_up, &["import", "undo", "9"], 4, &["import run 9"]);
    refused(set_up, &["import", "undo", "2", "--apply"], 2, &["--customer-person"]);
    let seen = done(set_up, &["import", "undo", "2"]);
    for word in ["persons", "The Filter lets it pass", "This was a preview", "import undo 2 --apply"] {
        assert!(seen.contains(word), "no {word}: {seen}");
    }
    let seen = json(set_up, &["import", "undo", "2"]);
    assert_eq!((&seen["run"], &seen["breaches"]), (&2.into(), &Value::Array(Vec::new())));

    let decided = ["--customer-person", "Kari Vik", "--reason", "another school", "--by", "Ingrid Dahl"];
    let apply: Vec<&str> = ["import", "undo", "2", "--apply"].into_iter().chain(decided).collect();
    let said = done(set_up, &apply);
    assert!(said.contains("run 2 is undone") && said.contains("Recorded as run 3"), "{said}");
    refused(set_up, &apply, 3, &["run 2 is undone already, by run 3"]);
    assert!(done(set_up, &["import", "show", "2"]).contains("undone by run 3"));
    assert!(done(set_up, &["import", "list", "nes"]).contains("of run 2"));
    let listed = json(set_up, &["import", "list", "nes"]);
    assert_eq!((&listed[0]["undoes"], &listed[1]["undone_by"]), (&2.into(), &3.into()));

    lay_down(set_up, &municipality.roster());
    refused(set_up, &["import", "run", "nes"], 5, &["which run 3 has undone", "import withdraw 1"]);
    refused(set_up, &["import", "run", "nes", "--dry-run"], 5, &["which run 3 has undone"]);
    assert!(done(set_up, &["import", "decisions", "nes"]).contains("its roster is refused"));
    assert!(done(set_up, &["customer", "show", "nes"]).contains("the roster of run 2 is refused"));
    let said = done(set_up, &["import", "withdraw", "1", "--why", "it was right", "--by", "Ola"]);
    assert!(said.contains("the roster of run 2 is taken in again"), "{said}");
    done(set_up, &["import", "run", "nes"]);
}
