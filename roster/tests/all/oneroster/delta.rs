//! Deltas: on top of the roster before, single records change, full files replace their kind, all else stays.

use super::{Files, all, lines};
use proptest::prelude::*;
use rollover_roster::{
    model::Roster,
    read::{ReadReport, oneroster::apply_delta},
};

const MODIFIED: &str = "2024-09-01T06:30:00.000Z";

/// A bundle of changes that holds these rows alone; `{a}` and `{d}` stand for active and deleted with a time.
fn delta(rows: &[(&str, &str)]) -> Files {
    let small = Files::small();
    let mut files = Files(std::iter::empty().collect());
    let mut manifest =
        String::from_utf8(small.0["manifest.csv"].clone()).unwrap().replace(",bulk", ",absent");
    for (name, rows) in rows {
        let header = String::from_utf8(small.0[&format!("{name}.csv")].clone()).unwrap();
        let header = header.lines().next().unwrap();
        let rows = rows
            .replace("{a}", &format!("active,{MODIFIED}"))
            .replace("{d}", &format!("tobedeleted,{MODIFIED}"));
        files = files.with(&format!("{name}.csv"), format!("{header}\n{rows}"));
        manifest = manifest.replace(&format!("file.{name},absent"), &format!("file.{name},delta"));
    }
    files.with("manifest.csv", manifest)
}

fn applied(base: &Roster, files: &Files) -> Result<Roster, ReadReport> {
    apply_delta(Some(base.records().iter().cloned()), files.delta()).map(|read| read.roster)
}

/// What a delta takes away and brings.
fn changes(files: &Files) -> Vec<String> {
    let before = Files::small().roster();
    let after = applied(&before, files).unwrap_or_else(|report| panic!("{}", all(&report)));
    let (before, after) = (lines(before.records()), lines(after.records()));
    let gone = before.iter().filter(|line| !after.contains(line)).map(|line| format!("-{line}"));
    gone.chain(after.iter().filter(|line| !before.contains(line)).map(|line| format!("+{line}"))).collect()
}

#[test]
fn a_delta_changes_what_it_names_and_nothing_else() {
    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);
    let cases: [Case; 9] = [
        (
            &[("users", "p1,{a},true,s1,student,kari,,Karin,Berg,,,,,,,7,\n")],
            // The date of birth stays: it is of another file.
            &[
                "-person p1 Student Kari Berg Some(\"kari\") Some(2012-03-04)",
                "+person p1 Student Karin Berg Some(\"kari\") Some(2012-03-04)",
            ],
        ),
        (
            &[("users", "p2,{a},true,s1,teacher,ola,,Ola,Lie,,,,,,,,\n")],
            &["-member k p2 instructor None None"],
        ),
        (
            &[("users", "p3,{d},true,s1,parent,per,,Per,Berg,,,,,,,,\n")],
            &["-person p3 Parent Per Berg Some(\"per\") None", "-member s1 p3 member None None"],
        ),
        (
            &[("demographics", "p1,{a},2012-03-05,,,,,,,,,,,,\n")],
            &[
                "-person p1 Student Kari Berg Some(\"kari\") Some(2012-03-04)",
                "+person p1 Student Kari Berg Some(\"kari\") Some(2012-03-05)",
            ],
        ),
        (&[("enrollments", "e1,{d},7a,s1,p1,student,,,\n")], &["-member 7a p1 learner None None"]),
        (
            &[("enrollments", "e4,{a},nor7a,s1,p2,proctor,,,\ne9,{a},nor7a,s1,p3,student,,,\n")],
            &[
                "-member nor7a p2 instructor None None",
                "+member nor7a p2 assistant None None",
                "+member nor7a p3 learner None None",
            ],
        ),
        // The homeroom is of the roster before, and its primary teacher a mentor all the same.
        (
            &[("enrollments", "e2,{d},7a,s1,p2,teacher,true,,\ne8,{a},7a,s1,p3,teacher,true,,\n")],
            &["-member 7a p2 mentor None None", "+member 7a p3 mentor None None"],
        ),
        (
            &[("classes", "nor7a,{d},Norsk 7A,7,nor,,scheduled,,s1,h24,,,\n")],
            &[
                "-course nor7a \"Norsk 7A\" Some(\"NOR\") of nor in s1 terms [\"h24\"]",
                "-member nor7a p1 learner Some(2024-08-19) Some(2025-06-20)",
                "-member nor7a p2 instructor None None",
            ],
        ),
        (
            &[("orgs", "d1,{a},Engelsk,department,,s1\n")],
            &["-group d1 2 Department \"Norsk\" in s1", "+group d1 2 Department \"Engelsk\" in s1"],
        ),
    ];
    for (rows, expected) in cases {
        assert_eq!(changes(&delta(rows)), expected, "{rows:?}");
    }
}

#[test]
fn a_full_file_beside_a_delta_replaces_its_kind() {
    let rows = "e1,,,7a,s1,p1,student,,,\n";
    let header = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,\
                  beginDate,endDate\n";
    let files = delta(&[("orgs", "d1,{d},Norsk,department,,s1\n")])
        .edit("manifest.csv", "enrollments,absent", "enrollments,bulk")
        .with("enrollments.csv", format!("{header}{rows}"));
    assert_eq!(
        changes(&files),
        [
            "-group d1 2 Department \"Norsk\" in s1",
            "-member 7a p2 mentor None None",
            "-member nor7a p1 learner Some(2024-08-19) Some(2025-06-20)",
            "-member nor7a p2 instructor None None",
        ]
    );
}

#[test]
fn a_delta_that_fits_neither_itself_nor_the_roster_before_is_refused() {
    let base = Files::small().roster();
    let cases = [
        (
            ("enrollments", "e9,{a},7a,s1,p8,student,,,\n"),
            "enrollments.csv, line 2, column 0, enrollment, userSourcedId: it names no user of the roster; ",
        ),
        (
            ("orgs", "s1,{d},Nes skole,school,,k\n"),
            "orgs.csv, line 2, column 0, org, sourcedId: an org that goes still holds 3 groups and courses; ",
        ),
        (
            ("users", "p9,{a},true,s9,student,x,,X,Y,,,,,,,,\n"),
            "users.csv, line 2, column 0, user, orgSourcedIds: it names no org of the roster; ",
        ),
    ];
    for (rows, expected) in cases {
        let report = applied(&base, &delta(&[rows])).unwrap_err();
        assert!(all(&report).starts_with(expected), "{}", all(&report));
    }
    let lone = delta(&[("demographics", "p1,{a},2012-03-05,,,,,,,,,,,,\n")]);
    let report = apply_delta(None::<std::iter::Empty<_>>, lone.delta()).unwrap_err();
    assert!(all(&report).contains("there is no roster before it"), "{}", all(&report));
    let report = applied(&Roster::from_records(Vec::new()), &lone).unwrap_err();
    assert!(all(&report).contains("it names no user of the roster"), "{}", all(&report));
}

#[test]
fn status_and_time_are_required_in_each_row() {
    let cases = [
        ("p1,,2024-09-01T06:30:00Z,", "status: it is empty; a delta says active or tobedeleted in each row"),
        ("p1,active,,", "dateLastModified: it is empty; a delta says when"),
        ("p1,active,yesterday,", "dateLastModified: \"yesterday\" is no time; a delta says when"),
    ];
    for (row, expected) in cases {
        let text =
            delta(&[("users", &format!("{row}true,s1,student,kari,,Kari,Berg,,,,,,,,\n"))]).refused(&[]);
        assert!(text.contains(expected), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A delta of all rows makes of any part of a roster what a full bundle makes.
    #[test]
    fn all_rows_as_a_delta_are_the_full_bundle(kept in proptest::collection::vec(any::<bool>(), 16)) {
        let whole = Files::small().roster();
        let persons_and_groups = |at: usize| at < 8;
        let part: Vec<_> = whole
            .records()
            .iter()
            .enumerate()
            .filter(|(at, _)| persons_and_groups(*at) || kept[*at % kept.len()])
            .map(|(_, record)| record.clone())
            .collect();
        let mut files = Files::small();
        for (name, contents) in &mut files.0 {
            let text = String::from_utf8(contents.clone()).unwrap();
            let text = if name == "manifest.csv" {
                text.replace(",bulk", ",delta")
            } else {
                text.lines().enumerate().map(|(line, row)| {
                    if line == 0 { format!("{row}\n") } else { row.replacen(",,,", &format!(",active,{MODIFIED},"), 1) + "\n" }
                }).collect()
            };
            *contents = text.into_bytes();
        }
        let after = apply_delta(Some(part.into_iter()), files.delta()).unwrap();
        prop_assert_eq!(lines(after.roster.records()), lines(whole.records()));
    }
}
