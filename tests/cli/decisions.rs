//! What takes a decision through the program, and what becomes of it.

use super::*;

on_both!(
    the_filter_changes_with_a_decision_only,
    decisions_about_the_filter_are_listed_and_withdrawn,
    a_run_is_looked_at_undone_and_let_in_again,
    a_decision_releases_a_slice_of_schools_that_there_are,
    postponed_deletes_end_with_5_where_the_last_day_will_be_stopped,
    limits_are_unset_with_a_decision_only,
    personal_data_leave_with_a_decision_only,
);

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
