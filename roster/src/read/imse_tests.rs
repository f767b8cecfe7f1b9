//! The reader against every row of the dialect, and against files as they really come.

use super::*;
use crate::model::{
    Course, CourseDetails, Details, Group, Membership, MembershipDetails, Person, PersonDetails, Profile,
    Record, Relation, Relative, Role, SyncKey,
};
use crate::read::ReadLimits;
use chrono::NaiveDate;

fn enterprise(inside: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<enterprise>\n{inside}\n</enterprise>\n")
}

fn read(bytes: impl AsRef<[u8]>) -> Result<ReadRoster, ReadReport> {
    read_imse(bytes.as_ref(), &ReadOptions::default())
}

fn good(inside: &str) -> Vec<Record> {
    read(enterprise(inside)).unwrap_or_else(|report| panic!("{report}")).roster.records().to_vec()
}

/// The errors of a file, as people read them.
fn errors(inside: &str) -> Vec<String> {
    let report = read(enterprise(inside)).expect_err("the file is wrong");
    report.errors.iter().map(ToString::to_string).collect()
}

fn key(id: &str) -> SyncKey {
    SyncKey::new("sas", id)
}

fn sourcedid(id: &str) -> String {
    format!("<sourcedid><source>sas</source><id>{id}</id></sourcedid>")
}

fn person(id: &str, more: &str) -> String {
    let name = "<name><n><given>Kari</given><family>Berg</family></n></name>";
    format!("<person>{}{name}{more}</person>", sourcedid(id))
}

fn group(id: &str, more: &str) -> String {
    format!("<group>{}<description><short>Nes skole</short></description>{more}</group>", sourcedid(id))
}

fn membership(group: &str, person: &str, role: &str) -> String {
    let member = format!("<member>{}<idtype>1</idtype>{role}</member>", sourcedid(person));
    format!("<membership>{}{member}</membership>", sourcedid(group))
}

fn only_person(inside: &str) -> Person {
    match good(inside).as_slice() {
        [Record::Person(person)] => person.clone(),
        other => panic!("{} records", other.len()),
    }
}

fn only_group(inside: &str) -> Group {
    match good(inside).as_slice() {
        [Record::Group(group)] => group.clone(),
        other => panic!("{} records", other.len()),
    }
}

/// What a membership of person `p` in group `g` is read as.
fn member(role: &str) -> Option<Membership> {
    let file = person("p", "") + &group("g", "") + &membership("g", "p", role);
    good(&file).into_iter().find_map(|record| match record {
        Record::Membership(member) => Some(member),
        _ => None,
    })
}

fn day(text: &str) -> Option<NaiveDate> {
    Some(text.parse().unwrap())
}

#[test]
fn a_whole_file_is_read() {
    let file = r#"<comments>nightly</comments>
<properties><datasource> fjordsas </datasource><target>us</target><datetime>2024-06-03T02:00:00</datetime></properties>
<person recstatus="1"><sourcedid><source>sas</source><id> p-1001 </id></sourcedid>
 <userid password="secret">karber</userid>
 <name><fn>Kari Berg</fn><n><family>Berg</family><given>Kari</given></n></name>
 <demographics><gender>1</gender><bday>2014-02-28</bday></demographics>
 <email>kari@nes.example</email><adr><street>Storgata 1</street></adr>
 <institutionrole primaryrole="Yes" institutionroletype="Staff"/></person>
<group recstatus="1"><sourcedid><source>sas</source><id>sch-1</id></sourcedid>
 <grouptype><scheme>sas</scheme><typevalue level="1">School</typevalue></grouptype>
 <description><short>Nes &amp; Vik skole</short></description></group>
<group><sourcedid><source>sas</source><id>crs-1</id></sourcedid>
 <grouptype><scheme>sas</scheme><typevalue level="2">Course</typevalue></grouptype>
 <description><short>Matematikk 7B</short></description>
 <relationship relation="1"><sourcedid><source>sas</source><id>sch-1</id></sourcedid><label>School</label></relationship>
 <extension><course><code>MAT7B</code><credit>5</credit><template><synckey>tpl-1</synckey></template></course></extension>
</group>
<membership><sourcedid><source>sas</source><id>sch-1</id></sourcedid>
 <member><sourcedid><source>sas</source><id>p-1001</id></sourcedid><idtype>1</idtype>
  <role recstatus="1" roletype="02"><subrole>Teacher</subrole><status>1</status></role></member></membership>"#;
    let read = read(enterprise(file)).unwrap();
    assert_eq!(
        read.properties,
        Properties {
            datasource: Some("fjordsas".to_owned()),
            target: Some("us".to_owned()),
            datetime: Some("2024-06-03T02:00:00".to_owned()),
        }
    );
    let expected = vec![
        Record::Group(Group {
            key: key("sch-1"),
            group_type: "School".to_owned(),
            level: 1,
            name: "Nes & Vik skole".to_owned(),
            parent: None,
            details: Details::default(),
        }),
        Record::Person(Person {
            key: key("p-1001"),
            userid: Some("karber".to_owned()),
            given: "Kari".to_owned(),
            family: "Berg".to_owned(),
            email: Some("kari@nes.example".to_owned()),
            birth_date: day("2014-02-28"),
            profile: Profile::Staff,
            details: PersonDetails { street: Some("Storgata 1".to_owned()), ..Default::default() }.into(),
        }),
        Record::Course(Course {
            key: key("crs-1"),
            title: "Matematikk 7B".to_owned(),
            code: Some("MAT7B".to_owned()),
            template: Some(key("tpl-1")),
            parent: Some(key("sch-1")),
            details: CourseDetails { credits: Some("5".to_owned()), ..Default::default() }.into(),
        }),
        Record::Membership(Membership {
            group: key("sch-1"),
            person: key("p-1001"),
            role: Role::Instructor,
            begin: None,
            end: None,
            details: MembershipDetails { subrole: Some("Teacher".to_owned()), ..Default::default() }.into(),
        }),
    ];
    assert!(read.roster.records() == expected.as_slice(), "{:?}", read.roster.records());
    assert_eq!(read.groups_without_id, 0);
}

#[test]
fn a_password_is_never_kept() {
    let records = good(&person("p", "<userid password=\"s3cret\" pwencryptiontype=\"MD5\">karber</userid>"));
    assert!(!serde_json::to_string(&records).unwrap().contains("s3cret"));
}

#[test]
fn every_detail_of_a_person_is_read() {
    let relationship = |kind: &str, id: &str| {
        let kind = format!("<relationshiptype>{kind}</relationshiptype>");
        format!("<relationship>{kind}{}</relationship>", sourcedid(id))
    };
    let more = "<url>https://nes.example/kari</url><tel teltype=\"Voice\">1</tel><tel teltype=\"2\">2</tel>\
                <tel teltype=\"Fax\">3</tel><adr><street>Storgata 1</street><extadd>c/o Vik</extadd>\
                <locality>Nes</locality><pcode>1900</pcode></adr><extension>";
    let more = format!("{more}{}{}</extension>", relationship("parent", "q"), relationship("child", "q"));
    let file = person("p", &more).replace("<name>", "<name><nickname>Kaja</nickname>") + &person("q", "");
    let records = good(&file.replacen("</n>", "<other>Marie</other></n>", 1));
    let Some(Record::Person(person)) = records.first() else { panic!("no person") };
    let text = |text: &str| Some(text.to_owned());
    let relative = |relation| Relative { relation, person: key("q") };
    let expected = PersonDetails {
        nickname: text("Kaja"),
        middle_name: text("Marie"),
        url: text("https://nes.example/kari"),
        phone: text("1"),
        mobile: text("2"),
        street: text("Storgata 1"),
        extended: text("c/o Vik"),
        postcode: text("1900"),
        locality: text("Nes"),
        relatives: vec![relative(Relation::Child), relative(Relation::Parent)],
    };
    assert!(*person.details == expected);
}

#[test]
fn optional_fields_may_be_missing_or_empty() {
    for more in ["", "<userid/><email> </email><demographics><bday></bday></demographics>"] {
        let person = only_person(&person("p", more));
        assert_eq!((person.userid, person.email, person.birth_date), (None, None, None));
        assert_eq!(person.profile, Profile::Student, "who is nothing else is a student");
    }
}

#[test]
fn every_profile_is_known_and_others_keep_their_name() {
    let cases = [
        ("Administrator", Profile::Administrator),
        ("Staff", Profile::Staff),
        ("Faculty", Profile::Staff),
        ("Student", Profile::Student),
        ("Guest", Profile::Guest),
        ("AICC", Profile::Aicc),
        ("Parent", Profile::Parent),
        ("", Profile::Student),
        ("Assistent SFO", Profile::Custom("Assistent SFO".to_owned())),
    ];
    for (name, expected) in cases {
        let more = format!("<institutionrole primaryrole=\"Yes\" institutionroletype=\"{name}\"/>");
        assert_eq!(only_person(&person("p", &more)).profile, expected, "{name}");
    }
}

#[test]
fn a_misspelt_demographics_is_read() {
    let misspelt = person("p", "<demogaphics><bday>2014-02-28</bday></demogaphics>");
    assert_eq!(only_person(&misspelt).birth_date, day("2014-02-28"));
}

#[test]
fn keys_are_trimmed_pairs_and_the_new_one_counts() {
    let name = "<name><n><given>Kari</given><family>Berg</family></n></name>";
    let sourcedid = |kind: &str, id: &str| {
        format!("<sourcedid sourcedidtype=\"{kind}\"><source> sas\n</source><id>\t{id} </id></sourcedid>")
    };
    for other in ["Old", "Duplicate"] {
        let ids = sourcedid(other, "p-old") + &sourcedid("New", "p-new");
        assert_eq!(only_person(&format!("<person>{ids}{name}</person>")).key, key("p-new"));
    }
    let only_old = format!("<person>{}{name}</person>", sourcedid("Old", "p-old"));
    assert_eq!(
        errors(&only_old),
        ["line 3, column 1, person 1, sourcedid: only an old one is there; every such record has one"]
    );
    let no_source = only_person(&format!("<person><sourcedid><id>1</id></sourcedid>{name}</person>"));
    assert_eq!(no_source.key, SyncKey::new("", "1"));
}

#[test]
fn the_level_stands_on_typevalue_or_scheme_and_is_2_without() {
    let cases = [
        ("<grouptype><scheme>s</scheme><typevalue level=\"0\">Site</typevalue></grouptype>", 0, "Site"),
        ("<grouptype><scheme level=\"1\">s</scheme><typevalue>School</typevalue></grouptype>", 1, "School"),
        ("<grouptype><scheme level=\"1\"/><typevalue level=\" 3 \">Team</typevalue></grouptype>", 3, "Team"),
        ("<grouptype><scheme>s</scheme><typevalue level=\"2\"/></grouptype>", 2, "Group"),
        ("", 2, "Group"),
    ];
    for (more, level, group_type) in cases {
        let group = only_group(&group("g", more));
        assert_eq!((group.level, group.group_type.as_str()), (level, group_type), "{more}");
    }
    let wrong = group("g", "<grouptype><typevalue level=\"one\">School</typevalue></grouptype>");
    let expected = "group 1, grouptype/typevalue@level: \"one\" is no level; \
                    expected 0 for the site, 1 for a school, 2 and more";
    assert!(errors(&wrong)[0].ends_with(expected), "{:?}", errors(&wrong));
}

#[test]
fn a_name_is_short_or_else_long() {
    let description =
        |inside: &str| format!("<group>{}<description>{inside}</description></group>", sourcedid("g"));
    let name = |inside: &str| only_group(&description(inside)).name;
    assert_eq!(name("<short>S</short><long>L</long>"), "S");
    assert_eq!(name("<short/><long>L</long>"), "L");
    assert_eq!(name(&format!("<short>{}</short>", "å".repeat(256))), "å".repeat(256));
    let expected = "group 1, description/long: it is missing or empty; every such record has one";
    assert!(errors(&description("<full>F</full>"))[0].ends_with(expected));
}

#[test]
fn a_parent_is_relation_1_and_the_root_may_point_at_itself() {
    let relationship = |kind: &str, id: &str| {
        format!("<relationship {kind}>{}<label>x</label></relationship>", sourcedid(id))
    };
    let parent = |relation: &str| {
        let file = group("a", relation) + &group("b", "");
        good(&file).into_iter().find_map(|record| match record {
            Record::Group(group) if group.key == key("a") => group.parent,
            _ => None,
        })
    };
    assert_eq!(parent(&relationship("relation=\"1\"", "b")), Some(key("b")));
    assert_eq!(parent(&relationship("", "b")), Some(key("b")));
    assert_eq!(parent(&relationship("relation=\"2\"", "b")), None, "a child is no parent");
    assert_eq!(parent(&relationship("relation=\"1\"", "a")), None, "the root");
    let both = relationship("relation=\"3\"", "a") + &relationship("relation=\"1\"", "b");
    assert_eq!(parent(&both), Some(key("b")));
}

#[test]
fn a_group_with_course_data_is_a_course() {
    let cases = [
        ("<course/>", None, None),
        ("<course><code> MAT7 </code></course>", Some("MAT7"), None),
        ("<course><template><synckey>t</synckey></template></course>", None, Some(key("t"))),
    ];
    for (data, code, template) in cases {
        let records = good(&group("c", &format!("<extension>{data}</extension>")));
        let [Record::Course(course)] = records.as_slice() else { panic!("{data} makes no course") };
        assert_eq!((course.code.as_deref(), course.template.clone()), (code, template));
    }
    let other_extension = group("g", "<extension><colour>red</colour></extension>");
    assert_eq!(only_group(&other_extension).name, "Nes skole");
}

#[test]
fn a_group_without_an_id_does_nothing() {
    let nameless = "<group><sourcedid><source>sas</source><id> </id></sourcedid></group><group/>";
    let read = read(enterprise(&(group("g", "") + nameless))).unwrap();
    assert_eq!((read.roster.records().len(), read.groups_without_id), (1, 2));
}

#[test]
fn all_eight_roles_are_known() {
    let roles = [
        ("01", Role::Learner),
        ("02", Role::Instructor),
        ("03", Role::ContentDeveloper),
        ("04", Role::Member),
        ("05", Role::Manager),
        ("06", Role::Mentor),
        ("07", Role::Administrator),
        ("08", Role::Assistant),
        ("2", Role::Instructor),
    ];
    for (code, expected) in roles {
        let role = format!("<role roletype=\"{code}\"><status>1</status></role>");
        assert_eq!(member(&role).unwrap().role, expected);
    }
    assert_eq!(member("<role/>").unwrap().role, Role::Learner, "without a type");
    for (code, shown) in
        [("00", "00"), ("09", "09"), ("Learner", "aaaaaaa"), ("Kari 010199", "aaaa 999999"), ("", "")]
    {
        let role = format!("<role roletype=\"{code}\"/>");
        let file = person("p", "") + &group("g", "") + &membership("g", "p", &role);
        let expected = format!(
            "member 1, role@roletype: {shown:?} is no role; expected 01 to 08, or an entry of the mapping"
        );
        assert!(errors(&file)[0].ends_with(&expected), "{:?}", errors(&file));
    }
}

#[test]
fn a_role_that_is_deleted_or_inactive_is_not_there() {
    let absent = [
        "<role recstatus=\"3\" roletype=\"01\"/>",
        "<role roletype=\"01\"><status>0</status></role>",
        "<role recstatus=\"3\" roletype=\"01\"/><role roletype=\"02\"><status> 0 </status></role>",
    ];
    for role in absent {
        assert_eq!(member(role), None, "{role}");
    }
    for status in ["1", "2", "3"] {
        let role = format!("<role recstatus=\"{status}\" roletype=\"01\"><status>1</status></role>");
        assert_eq!(member(&role).is_some(), status != "3", "recstatus {status}");
    }
    let changed = "<role recstatus=\"3\" roletype=\"01\"/><role recstatus=\"1\" roletype=\"06\"/>";
    assert_eq!(member(changed).unwrap().role, Role::Mentor, "the role that took its place");
}

#[test]
fn persons_and_groups_that_are_deleted_are_not_there() {
    let gone = |record: String| record.replacen('>', " recstatus=\"3\">", 1);
    let file = person("p", "") + &gone(person("q", "")) + &gone(group("g", ""));
    assert_eq!(good(&file).len(), 1);
    for status in ["1", "2"] {
        let kept = person("p", "").replacen('>', &format!(" recstatus=\"{status}\">"), 1);
        assert_eq!(good(&kept).len(), 1);
    }
}

#[test]
fn dates_of_a_timeframe_bind_only_when_they_restrict() {
    let timeframe = |attribute: &str| {
        let (begin, end) = (format!("<begin{attribute}>"), format!("<end{attribute}>"));
        member(&format!(
            "<role roletype=\"01\"><timeframe>{begin}2024-01-02</begin>{end}2024-06-20</end></timeframe></role>"
        ))
        .map(|member| (member.begin, member.end))
        .unwrap()
    };
    assert_eq!(timeframe(" restrict=\"1\""), (day("2024-01-02"), day("2024-06-20")));
    assert_eq!(timeframe(" restrict=\"0\""), (None, None));
    assert_eq!(timeframe(""), (None, None));
}

#[test]
fn a_group_among_the_members_is_in_the_group_unless_it_says_where_it_is() {
    let inner = |id: &str| format!("<member>{}<idtype>2</idtype></member>", sourcedid(id));
    let membership = |id: &str, inner: &str| format!("<membership>{}{inner}</membership>", sourcedid(id));
    let relationship = format!("<relationship relation=\"1\">{}</relationship>", sourcedid("g"));
    let file = [group("g", ""), group("h", ""), group("i", &relationship)].concat()
        + &membership("g", &inner("h"))
        + &membership("h", &inner("i"));
    let parents: Vec<Option<SyncKey>> = good(&file)
        .into_iter()
        .map(|record| match record {
            Record::Group(group) => group.parent,
            _ => panic!("groups alone"),
        })
        .collect();
    assert_eq!(parents, [None, Some(key("g")), Some(key("g"))]);
    let expected = "member 1, member/sourcedid: the group that is its member is not in the file; \
                    send the group, or leave the member out";
    let errors = errors(&(group("g", "") + &membership("g", &inner("gone"))));
    assert!(errors.len() == 1 && errors[0].ends_with(expected), "{errors:?}");
}

#[test]
fn wrong_fields_are_named_with_their_place_and_no_personal_value() {
    let long = "x".repeat(257);
    let cases = [
        (
            "<person><name><n><given>Kari</given><family>Berg</family></n></name></person>".to_owned(),
            "line 3, column 1, person 1, sourcedid: it is missing; every such record has one",
        ),
        (
            person("", ""),
            "line 3, column 40, person 1, sourcedid/id: it is missing or empty; every such record has one",
        ),
        (
            person(&long, ""),
            "line 3, column 40, person 1, sourcedid/id: 257 characters; expected 256 at most",
        ),
        (
            format!("<person>{}<name><n><given>Kari</given></n></name></person>", sourcedid("p")),
            "line 3, column 1, person 1, name/n/family: it is missing or empty; every such record has one",
        ),
        (
            person("p", "\n <demographics>\n  <bday>28/02/2014</bday></demographics>"),
            "line 5, column 3, person 1, demographics/bday: a text of the form \"99/99/9999\" is no date; \
             expected YYYY-MM-DD",
        ),
        (
            group("g", &format!("<extension><course><code>{}</code></course></extension>", "x".repeat(61))),
            "group 1, extension/course/code: 61 characters; expected 60 at most",
        ),
        (
            group("g", "<relationship relation=\"1\"><sourcedid><id/></sourcedid></relationship>"),
            "group 1, relationship/sourcedid/id: it is missing or empty; every such record has one",
        ),
        (
            person("p", "") + &group("g", "") + &membership("g", "p", ""),
            "member 1, role: it is missing; every member has one",
        ),
        (
            person("p", "")
                + &group("g", "")
                + &membership("g", "p", "<role><timeframe><begin>1/05/2023</begin></timeframe></role>"),
            "member 1, timeframe/begin: \"1/05/2023\" is no date; expected YYYY-MM-DD",
        ),
    ];
    for (file, expected) in cases {
        let errors = errors(&file);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].ends_with(expected), "{}\nis not\n{expected}", errors[0]);
        assert!(!errors[0].contains("Kari") && !errors[0].contains("Berg"));
    }
}

#[test]
fn columns_count_characters_and_lines_count_from_one() {
    let text = "<!-- æøå 漢字 -->";
    let errors = errors(&format!("{text}<person/>"));
    let column = text.chars().count() + 1;
    assert!(errors[0].starts_with(&format!("line 3, column {column}, person 1, ")), "{errors:?}");
}

#[test]
fn every_error_is_reported_and_those_beyond_the_limit_are_counted() {
    let limits = ReadLimits { errors: 2, ..ReadLimits::default() };
    let file = enterprise(&"<person/>".repeat(3));
    let report = read_imse(file.as_bytes(), &limits.into()).unwrap_err().with_file("roster.xml");
    assert_eq!((report.errors.len(), report.total()), (2, 9), "key, given and family of each");
    let text = report.to_string();
    assert!(text.starts_with("roster.xml, line 3, column 1, person 1, "), "{text}");
    assert!(text.ends_with("(and 8 more errors)"), "{text}");
}

#[test]
fn identical_records_are_one() {
    let file =
        person("p", "").repeat(2) + &group("g", "").repeat(3) + &membership("g", "p", "<role/>").repeat(2);
    assert_eq!(good(&file).len(), 3);
}

#[test]
fn conflicting_records_are_named_at_both_places() {
    let course = group("g", "<extension><course/></extension>");
    let cases = [
        (
            format!("{}\n\n{}", person("p", ""), person("p", "<email>a@b.example</email>")),
            "line 5, column 1, person 2, sourcedid: the same key as at line 3, with another email; \
             send each record once",
        ),
        (
            format!("{}\n{}", group("g", ""), group("g", "").replace("Nes", "Vik")),
            "line 4, column 1, group 2, sourcedid: the same key as at line 3, with another name; \
             send each record once",
        ),
        (
            format!("{}\n{course}", group("g", "")),
            "line 4, column 1, group 2, sourcedid: a course here, a group at line 3; send each record once",
        ),
        (
            [
                person("p", ""),
                group("g", ""),
                membership("g", "p", "<role roletype=\"01\"/>"),
                membership("g", "p", "<role roletype=\"02\"/>"),
            ]
            .join("\n"),
            "line 6, column 66, member 2, sourcedid: the same key as at line 5, with another role; \
             send each record once",
        ),
    ];
    for (file, expected) in cases {
        assert_eq!(errors(&file), [expected]);
    }
}

#[test]
fn two_persons_with_one_login_are_refused() {
    let file = format!("{}\n{}", person("p", "<userid>kari</userid>"), person("q", "<userid>kari</userid>"));
    let expected = "line 4, column 1, person 2, userid: the same login as the person at line 3; \
                    give each person a login of their own";
    assert_eq!(errors(&file), [expected]);
}

#[test]
fn what_a_record_names_must_be_in_the_file() {
    let parent = format!("<relationship relation=\"1\">{}</relationship>", sourcedid("gone"));
    let cases = [
        (person("p", "") + &membership("gone", "p", "<role/>"), "sourcedid: its group is not in the file; "),
        (
            group("g", "") + &membership("g", "gone", "<role/>"),
            "member/sourcedid: its person is not in the file; ",
        ),
        (group("g", &parent), "relationship: its parent is not in the file; "),
        (
            group("c", &format!("{parent}<extension><course/></extension>")),
            "relationship: its parent is not in the file; ",
        ),
    ];
    for (file, expected) in cases {
        let errors = errors(&file);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}");
        assert!(!errors[0].contains("gone"), "a key is personal: {errors:?}");
    }
}
