//! What a bundle becomes, each way in which one can be wrong, and each way in which that can be let pass.

use super::{Files, lines, options};
use rollover_roster::{
    model::{Record, Relation},
    read::{Leniency, ReadLimits, ReadOptions},
};

#[test]
fn a_bundle_becomes_a_roster() {
    let roster = Files::small().roster();
    assert_eq!(
        lines(roster.records()),
        [
            "group 7a 2 Class \"7A\" in s1",
            "group d1 2 Department \"Norsk\" in s1",
            "group k 0 District \"Fjord\" in -",
            "group s1 1 School \"Nes skole\" in k",
            "person p1 Student Kari Berg Some(\"kari\") Some(2012-03-04)",
            "person p2 Staff Ola Lie Some(\"ola\") None",
            "person p3 Parent Per Berg Some(\"per\") None",
            "course nor7a \"Norsk 7A\" Some(\"NOR\") of nor in s1 terms [\"h24\"]",
            "member 7a p1 learner None None",
            "member 7a p2 mentor None None",
            "member k p2 instructor None None",
            "member nor7a p1 learner Some(2024-08-19) Some(2025-06-20)",
            "member nor7a p2 instructor None None",
            "member s1 p1 learner None None",
            "member s1 p2 instructor None None",
            "member s1 p3 member None None",
        ]
    );
    let relatives = |id: &str| {
        let person = roster.records().iter().find_map(|record| match record {
            Record::Person(person) if person.key.id == id => Some(person),
            _ => None,
        });
        let relatives = person.unwrap().details.relatives.clone();
        relatives.into_iter().map(|relative| (relative.relation, relative.person.id)).collect::<Vec<_>>()
    };
    assert_eq!(relatives("p1"), [(Relation::Parent, "p3".to_owned())]);
    assert_eq!(relatives("p3"), [(Relation::Child, "p1".to_owned())]);
    assert!(roster.records().iter().all(|record| record.key().key.source == "fjordsas"));
}

#[test]
fn version_1_2_has_its_roles_in_a_file_of_their_own() {
    let users = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,\
        identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,\
        preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns,metadata.house\n\
        p1,,,true,kari,,Kari,Berg,,,,,,,7,,,Kaja,,,s1,,red\n\
        p2,,,true,ola,,Ola,Lie,,,,,,,,,,,,,k,,\n\
        p4,,,true,eva,,Eva,Moe,,,,,,,,,,,,,,,\n";
    let roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,\
        userProfileSourcedId\n\
        r1,,,p1,primary,student,2024-08-19,,s1,\n\
        r2,,,p2,secondary,aide,,,s1,\n\
        r3,,,p2,primary,teacher,,,s1,\n\
        r4,,,p2,primary,systemAdministrator,,,k,\n\
        r5,,,p4,primary,ext:Vikar,,,s1,\n";
    let files = Files::small()
        .edit("manifest.csv", "version,1.1", "version,1.2")
        .edit("manifest.csv", "file.users", "file.roles,bulk\nfile.users")
        .with("users.csv", users)
        .with("roles.csv", roles);
    let seen = lines(files.roster().records());
    for line in [
        "person p1 Student Kari Berg Some(\"kari\") Some(2012-03-04)",
        "person p2 Administrator Ola Lie Some(\"ola\") None",
        "person p4 Vikar Eva Moe Some(\"eva\") None",
        "member s1 p1 learner Some(2024-08-19) None",
        "member s1 p2 instructor None None",
        "member k p2 administrator None None",
        "member s1 p4 member None None",
    ] {
        assert!(seen.iter().any(|seen| seen == line), "{line}: {seen:#?}");
    }
    let refused = files.edit("roles.csv", "r5,,,p4", "r5,,,p1").refused(&[]);
    assert_eq!(
        refused,
        "users.csv, line 4, column 0, user, sourcedId: the user has no role; give each user a row in roles.csv\n"
    );
}

/// A site that nothing stands for is made above schools; one org above all is the site itself.
#[test]
fn there_is_one_site_at_the_top() {
    let files = Files::small().edit("orgs.csv", "k,,,Fjord,district,,\n", "").edit(
        "orgs.csv",
        "school,,k",
        "school,,",
    );
    let files = files
        .edit("courses.csv", "NOR,,k", "NOR,,s1")
        .edit("courses.csv", "Klasse,,,k", "Klasse,,,s1")
        .edit("users.csv", "\"s1,k\"", "s1");
    let seen = lines(files.roster().records());
    assert!(seen.contains(&"group rollover:site 0 Site \"Fjord SAS\" in -".to_owned()), "{seen:#?}");
    assert!(seen.contains(&"group s1 1 School \"Nes skole\" in rollover:site".to_owned()), "{seen:#?}");
}

#[test]
fn who_is_deleted_or_switched_off_is_left_out_with_all_that_names_them() {
    for (from, to) in [("p1,,,true", "p1,,,false"), ("p1,,,true", "p1,tobedeleted,,true")] {
        let seen = lines(Files::small().edit("users.csv", from, to).roster().records()).join("\n");
        assert!(!seen.contains("p1") && seen.contains("member nor7a p2"), "{seen}");
    }
    let seen =
        lines(Files::small().edit("enrollments.csv", "e3,", "e3,tobedeleted").roster().records()).join("\n");
    assert!(!seen.contains("member nor7a p1") && seen.contains("member 7a p1"), "{seen}");
}

#[test]
fn every_error_says_where_it_is_and_what_would_mend_it() {
    let small = Files::small;
    let cases = [
        (
            small().edit("classes.csv", ",homeroom,", ",Homeroom,"),
            "classes.csv, line 2, column 8, class, classType: \"Homeroom\" is none of the standard's words; \
          expected one of homeroom, scheduled",
        ),
        (
            small().edit("users.csv", "p1,,", "p1,inactive,"),
            "users.csv, line 2, column 2, user, status: \"inactive\" is no status; expected active or tobedeleted",
        ),
        (
            small().edit("enrollments.csv", "2024-08-19", "19/08/2024"),
            "enrollments.csv, line 4, column 9, enrollment, beginDate: \"19/08/2024\" is no date; expected YYYY-MM-DD",
        ),
        (
            small().edit("demographics.csv", "2012-03-04", "4/3/2012"),
            "demographics.csv, line 2, column 4, demographics, birthDate: a text of the form \"9/9/9999\" is no date; \
          expected YYYY-MM-DD",
        ),
        (
            small().edit("orgs.csv", "school,,k", "school,,x"),
            "orgs.csv, line 3, column 0, org, parentSourcedId: it names no org of the roster; \
          send the org, or move the row to another",
        ),
        (
            small().edit("enrollments.csv", "e1,,,7a,s1,p1", "e1,,,7a,s1,p9"),
            "enrollments.csv, line 2, column 0, enrollment, userSourcedId: it names no user of the roster; \
          send what it names, or leave the reference out",
        ),
        (
            small().edit("enrollments.csv", "e1,,,7a", "e1,,,s1"),
            "enrollments.csv, line 2, column 0, enrollment, classSourcedId: it names no class of the roster; \
          send what it names, or leave the reference out",
        ),
        (
            small().edit("classes.csv", "s1,h24", "s1,v25"),
            "classes.csv, line 2, column 0, class, termSourcedIds: it names no session of the roster; \
          send what it names, or leave the reference out",
        ),
        (
            small().edit("users.csv", ",p3,7", ",p9,7"),
            "users.csv, line 2, column 0, user, agentSourcedIds: it names no user of the roster; \
          send what it names, or leave the reference out",
        ),
        (
            small().edit("users.csv", "kari,,Kari", "kari,,"),
            "users.csv, line 2, column 9, user, givenName: it is empty; every row has one",
        ),
        (
            small().edit("users.csv", "student,kari", "student,"),
            "users.csv, line 2, column 7, user, username: it is empty; \
          the standard requires it: fill it, or allow empty values for this customer",
        ),
        (
            small().edit("users.csv", "p3,,", "p1,,"),
            "users.csv, line 4, column 1, user, sourcedId: the same sourcedId as at line 2 of users.csv; \
          each sourcedId stands for one thing and comes once",
        ),
        (
            small().edit("classes.csv", "7a,,,7A", "s1,,,7A"),
            "classes.csv, line 2, column 1, class, sourcedId: the same sourcedId as at line 3 of orgs.csv; \
          each sourcedId stands for one thing and comes once",
        ),
        (
            small().edit("enrollments.csv", "e3,", "e1,"),
            "enrollments.csv, line 4, column 0, enrollment, sourcedId: the same sourcedId as at line 2; \
          each sourcedId stands for one thing and comes once",
        ),
        (
            small().edit("enrollments.csv", "e4,,,nor7a,s1,p2", "e4,,,nor7a,s1,p1"),
            "enrollments.csv, line 5, column 0, enrollment, userSourcedId: the same user and class as at line 4, \
          with another role or dates; send one enrollment for the two",
        ),
        (
            small().edit("orgs.csv", "k,,,Fjord,district,,", "k,,,Fjord,district,,d1"),
            "orgs.csv, line 2, column 0, org, parentSourcedId: the org is above itself; give the topmost org no parent",
        ),
        (
            small().edit("users.csv", "Kari,Berg", "\"Kari\nBerg\",Berg"),
            "users.csv, line 2, column 0, row: a line break in givenName; \
          write each row on one line; look for an open quote",
        ),
        (
            small().edit("users.csv", "Kari,Berg", "Kari,Berg,x"),
            "users.csv, line 2, column 0, row: 19 fields; the header has 18; put a field that holds a comma into quotes",
        ),
        (
            small().edit("manifest.csv", "version,1.1", "version,1.3"),
            "manifest.csv, line 3, column 0, row: oneroster.version is \"1.3\"; versions 1.1 and 1.2 are read",
        ),
        (
            small().edit("manifest.csv", "version,1.0", "version,2.0"),
            "manifest.csv, line 2, column 0, row: manifest.version is \"2.0\"; version 1.0 of the manifest is read",
        ),
        (
            small().edit("manifest.csv", "demographics,bulk", "demographics,full"),
            "manifest.csv, line 7, column 0, row: file.demographics is \"full\"; expected absent, bulk or delta",
        ),
        (
            small().edit("manifest.csv", "demographics,bulk", "demographics,absent"),
            "manifest.csv, line 7, column 0, row: demographics.csv is in the bundle, and the manifest does not announce \
          it; say bulk or delta in file.demographics, or leave the file out",
        ),
        (
            small().edit("manifest.csv", "file.results", "file.grades"),
            "manifest.csv, line 11, column 0, row: file.grades is no file of the standard; \
          take the line out, or mend its name",
        ),
        (
            small().edit("manifest.csv", "source.systemCode,fjordsas\n", ""),
            "manifest.csv, file: source.systemCode is missing; \
          sync keys begin with it: give 1 to 32 characters, or set the source of this customer",
        ),
        (
            small().without("demographics.csv"),
            "manifest.csv, line 7, column 0, row: demographics.csv is not in the bundle; \
          send the file, or say absent in file.demographics",
        ),
        (
            small().edit("manifest.csv", "enrollments,bulk", "enrollments,absent").without("enrollments.csv"),
            "manifest.csv, file: enrollments.csv is absent, so everything in it would be deleted; \
          a full bundle holds it",
        ),
        (
            small().with("orgs.csv", ""),
            "orgs.csv, file: it is empty; a file begins with its header, even without rows",
        ),
    ];
    for (files, expected) in cases {
        let text = files.refused(&[]);
        assert!(text.lines().any(|line| line == expected), "expected {expected}\nfound {text}");
        assert!(!text.contains("Kari") && !text.contains("p9"), "{text}");
    }
}

#[test]
fn a_header_is_exact_but_for_extensions_at_its_end() {
    let orgs = |header: &str| {
        let row = vec![""; header.matches(',').count()].join(",");
        Files::small().with("orgs.csv", format!("{header}\nk{row}\n"))
    };
    let cases = [
        ("sourcedId,status,dateLastModified,name,type,identifier", "the column parentSourcedId is missing"),
        (
            "sourcedId,status,dateLastModified,name,type,identifier,parent",
            "column 7 is \"parent\", which the standard does not have",
        ),
        (
            "sourcedid,status,dateLastModified,name,type,identifier,parentSourcedId",
            "the column sourcedId is missing",
        ),
        ("status,sourcedId,dateLastModified,name,type,identifier,parentSourcedId", "stand in another order"),
        (
            "sourcedId,status,dateLastModified,metadata.x,name,type,identifier,parentSourcedId",
            "in another order",
        ),
        ("Kari,Berg,,7A", "the first line is no header"),
    ];
    for (header, expected) in cases {
        let text = orgs(header).refused(&[]);
        assert!(text.contains(expected), "{header}: {text}");
        assert!(!text.contains("Kari"), "{text}");
    }
    let extended = Files::small().with(
        "orgs.csv",
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId,metadata.colour\n\
         k,,,Fjord,district,,,blue\ns1,,,Nes skole,school,,k,\n",
    );
    assert_eq!(extended.roster().counts().group, 3);
}

/// Each departure is an error, passes under its own name and no other, and is counted.
#[test]
fn each_leniency_lets_its_own_departure_pass() {
    let small = Files::small;
    let manifest_free = Files::small().without("manifest.csv");
    let latin = Files::small().with(
        "users.csv",
        String::from_utf8(Files::small().0["users.csv"].clone())
            .unwrap()
            .replace("Kari", "K\u{e5}ri")
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect::<Vec<u8>>(),
    );
    let cases = [
        (Leniency::WrongCase, small().edit("classes.csv", "homeroom", "HomeRoom")),
        (Leniency::WrongCase, small().edit("users.csv", "true", "TRUE")),
        (Leniency::WrongCase, small().edit("manifest.csv", "users,bulk", "users,Bulk")),
        (Leniency::StatusInactive, small().edit("users.csv", "p3,,", "p3,inactive,")),
        (Leniency::UnknownStatus, small().edit("users.csv", "p3,,", "p3,ok,")),
        (Leniency::DayFirstDates, small().edit("enrollments.csv", "2024-08-19", "19/08/2024")),
        (Leniency::BadDates, small().edit("demographics.csv", "2012-03-04", "soon")),
        (Leniency::MisspeltHeaders, small().edit("users.csv", "agentSourcedIds", "agents")),
        (Leniency::MisspeltHeaders, small().edit("orgs.csv", "sourcedId", "SourcedID")),
        (Leniency::DanglingReferences, small().edit("enrollments.csv", "e1,,,7a,s1,p1", "e1,,,7a,s1,p9")),
        (Leniency::UnknownParent, small().edit("orgs.csv", "school,,k", "school,,x")),
        (Leniency::MissingFile, small().without("demographics.csv")),
        (Leniency::MissingManifest, manifest_free),
        (Leniency::OtherEncodings, latin),
        (Leniency::LineBreaks, small().edit("users.csv", "Ola", "\"Ola\r\nPer\"")),
        (Leniency::EmptyRequired, small().edit("users.csv", "student,kari", "student,")),
    ];
    for (leniency, files) in cases {
        files.refused(&[]);
        let others: Vec<Leniency> = Leniency::ALL.into_iter().filter(|other| *other != leniency).collect();
        files.refused(&others);
        let mut bytes = files.zip();
        let source = (leniency == Leniency::MissingManifest).then_some("fjordsas");
        let read = rollover_roster::read::oneroster::read_oneroster_zip(
            std::io::Cursor::new(std::mem::take(&mut bytes)),
            source,
            &options(&[leniency]),
        );
        let Ok(rollover_roster::read::oneroster::OneRoster::Full(read)) = read else {
            panic!("{leniency:?}: {read:?}")
        };
        assert_eq!(read.concessions.count(leniency), 1, "{leniency:?}");
    }
}

#[test]
fn a_mark_before_utf_8_is_no_matter_and_utf_16_may_pass() {
    let orgs = String::from_utf8(Files::small().0["orgs.csv"].clone()).unwrap();
    assert_eq!(Files::small().with("orgs.csv", format!("\u{feff}{orgs}")).roster(), Files::small().roster());
    let utf_16: Vec<u8> =
        [0xFEFF].into_iter().chain(orgs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let files = Files::small().with("orgs.csv", utf_16);
    assert!(files.refused(&[]).contains("orgs.csv, file: it is UTF-16; "));
    assert_eq!(files.roster_with(&options(&[Leniency::OtherEncodings])).roster, Files::small().roster());
}

#[test]
fn all_errors_of_all_files_are_in_one_report_up_to_the_limit() {
    let files = Files::small()
        .edit("orgs.csv", "school,,k", "School,,k")
        .edit("users.csv", "p1,,,true", "p1,,,yes")
        .edit("enrollments.csv", "student", "pupil");
    let text = files.refused(&[]);
    for file in ["orgs.csv", "users.csv", "enrollments.csv"] {
        assert!(text.contains(file), "{text}");
    }
    let limits = ReadLimits { errors: 2, ..ReadLimits::default() };
    let report = files.read(&ReadOptions::from(limits)).unwrap_err();
    assert_eq!((report.errors.len(), report.more > 0), (2, true));
}
