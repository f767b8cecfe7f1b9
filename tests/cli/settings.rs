//! The settings of a customer through the program: kept whole or not at all, each can be taken away again.

use super::*;

on_both!(
    a_customer_shows_who_changed_what,
    every_optional_setting_can_be_unset,
    where_and_by_when_rosters_come_is_set_and_shown_without_secrets,
    a_customer_is_changed_whole_or_not_at_all,
);

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
