//! The program as people and scripts use it: what it prints, what it refuses, how it ends.

#![cfg(test)]

#[path = "../harness/mod.rs"]
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

mod decisions;
mod settings;

on_both!(
    a_plan_from_customer_to_sign_off,
    every_list_is_json_too,
    what_does_not_exist_ends_with_4,
    a_task_outside_any_plan,
    moments_are_told_on_the_customers_clock,
    a_moved_task_says_where_it_stands_and_who_moved_it,
    a_task_fired_by_hand_says_so,
    a_customer_that_cannot_be_read_hides_no_other,
    a_step_that_never_fires_is_said_and_put_down_as_skipped,
    rules_refuse_with_3,
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

fn lay_down(set_up: &SetUp, roster: &Roster) {
    let folder = set_up.folder.path().join("rosters/nes");
    fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, roster, "fjordsas", "2024-06-01T02:00:00").unwrap();
    fs::write(folder.join("roster.part"), text).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}
