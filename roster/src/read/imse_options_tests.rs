//! The reader with leniencies, mappings and other vocabularies, and what it says of one cause with many effects.

use super::*;
use crate::{
    model::{Membership, Person, Profile, Record, Relation, Role, SyncKey},
    read::{Leniency, Lenient, Mapping},
};
use serde_json::json;

fn sourcedid(id: &str) -> String {
    format!("<sourcedid><source>sas</source><id>{id}</id></sourcedid>")
}

fn key(id: &str) -> SyncKey {
    SyncKey::new("sas", id)
}

fn person(id: &str, more: &str) -> String {
    let name = "<name><n><given>Kari</given><family>Berg</family></n></name>";
    format!("<person>{}{name}{more}</person>\n", sourcedid(id))
}

fn group(id: &str, more: &str) -> String {
    format!("<group>{}<description><short>{id}</short></description>{more}</group>\n", sourcedid(id))
}

fn typed(id: &str, group_type: &str, level: &str) -> String {
    group(id, &format!("<grouptype><typevalue level=\"{level}\">{group_type}</typevalue></grouptype>"))
}

fn inside(id: &str, parent: &str) -> String {
    group(id, &relation(parent))
}

fn relation(parent: &str) -> String {
    format!("<relationship relation=\"1\">{}</relationship>", sourcedid(parent))
}

fn membership(group: &str, person: &str, role: &str) -> String {
    let member = format!("<member>{}{role}</member>", sourcedid(person));
    format!("<membership>{}{member}</membership>\n", sourcedid(group))
}

fn read_with(inside: &str, options: &ReadOptions) -> Result<ReadRoster, ReadReport> {
    let file = format!("<enterprise>\n{inside}</enterprise>");
    read_imse(file.as_bytes(), options)
}

fn strictly(inside: &str) -> Result<ReadRoster, ReadReport> {
    read_with(inside, &ReadOptions::default())
}

fn errors(inside: &str) -> Vec<String> {
    strictly(inside).expect_err("the file is wrong").errors.iter().map(ToString::to_string).collect()
}

fn mapped(inside: &str, mapping: serde_json::Value) -> ReadRoster {
    let mapping: Mapping = serde_json::from_value(mapping).unwrap();
    let options = ReadOptions { mapping, ..ReadOptions::default() };
    read_with(inside, &options).unwrap_or_else(|report| panic!("{report}"))
}

fn persons(read: &ReadRoster) -> Vec<&Person> {
    let records = read.roster.records().iter();
    records.filter_map(|r| if let Record::Person(person) = r { Some(person) } else { None }).collect()
}

fn members(read: &ReadRoster) -> Vec<&Membership> {
    let records = read.roster.records().iter();
    records.filter_map(|r| if let Record::Membership(member) = r { Some(member) } else { None }).collect()
}

fn parent(read: &ReadRoster, id: &str) -> Option<SyncKey> {
    let mut parents = read.roster.records().iter().filter_map(|record| match record {
        Record::Group(group) if group.key == key(id) => Some(group.parent.clone()),
        Record::Course(course) if course.key == key(id) => Some(course.parent.clone()),
        _ => None,
    });
    parents.next().expect("the group is there")
}

// DOMAIN I4
#[test]
fn a_leniency_lets_its_own_fault_pass_and_counts_it() {
    let learner = "<role roletype=\"01\"/>";
    let all = person("p", "") + &group("g", "");
    let cases = [
        (Leniency::UnknownParent, typed("s", "Site", "0") + &inside("g", "gone")),
        (Leniency::DanglingReferences, all.clone() + &membership("g", "gone", learner)),
        (Leniency::DanglingReferences, all.clone() + &membership("gone", "p", learner)),
        (Leniency::ConflictingRecords, group("g", "") + &group("g", &relation("h")) + &group("h", "")),
        (
            Leniency::SharedLogins,
            person("p", "<userid>kari</userid>") + &person("q", "<userid>kari</userid>"),
        ),
        (Leniency::UnknownRoles, all.clone() + &membership("g", "p", "<role roletype=\"09\"/>")),
        (Leniency::LongTexts, person("p", &format!("<email>{}</email>", "å".repeat(257)))),
        (Leniency::BadDates, person("p", "<demographics><bday>1/05/2013</bday></demographics>")),
        (Leniency::BadLevels, typed("g", "School", "one")),
        (Leniency::UnknownStatus, person("p", "").replacen('>', " recstatus=\"9\">", 1)),
        (Leniency::UnknownStatus, all + &membership("g", "p", "<role><status>2</status></role>")),
        (Leniency::WrongCase, person("p", "<institutionrole institutionroletype=\"STAFF\"/>")),
    ];
    for (leniency, file) in cases {
        let strict = strictly(&file).expect_err("it is wrong");
        let others = Leniency::ALL.into_iter().filter(|other| *other != leniency).collect();
        let other = read_with(&file, &ReadOptions { lenient: others, ..ReadOptions::default() });
        assert!(other.is_err(), "{leniency:?}");
        let lenient: Lenient = [leniency].into_iter().collect();
        let read = read_with(&file, &ReadOptions { lenient, ..ReadOptions::default() });
        let read = read.unwrap_or_else(|report| panic!("{leniency:?}: {report}"));
        let [(named, concession)] = read.concessions.iter().collect::<Vec<_>>()[..] else {
            panic!("{leniency:?}: {:?}", read.concessions)
        };
        assert_eq!((named, concession.count), (leniency, 1));
        assert_eq!(concession.first, strict.errors, "it is what strict reading says");
    }
}

#[test]
fn what_is_let_pass_is_read_as_its_leniency_says() {
    let lenient = ReadOptions { lenient: Lenient::all(), ..ReadOptions::default() };
    let long = "å".repeat(300);
    let file = person("p", "<userid>kari</userid><institutionrole institutionroletype=\"staff\"/>")
        + &person("q", &format!("<userid>kari</userid><email>{long}</email>"))
        + &typed("s", "Site", "0")
        + &inside("g", "gone")
        + &group("g", &relation("missing"))
        + &membership("g", "p", "<role roletype=\"77\"/>")
        + &membership("g", "gone", "<role/>");
    let read = read_with(&file, &lenient).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(parent(&read, "g"), Some(key("s")), "under the site");
    let [first, second] = persons(&read)[..] else { panic!("two persons") };
    assert_eq!((first.userid.as_deref(), second.userid.as_deref()), (Some("kari"), None));
    assert_eq!((&first.profile, second.email.as_deref()), (&Profile::Staff, Some(&*"å".repeat(256))));
    let [member] = members(&read)[..] else { panic!("one member") };
    assert_eq!((&member.person, member.role), (&key("p"), Role::Member));
}

#[test]
fn an_id_is_never_cut() {
    let lenient = ReadOptions { lenient: Lenient::all(), ..ReadOptions::default() };
    assert!(read_with(&person(&"x".repeat(257), ""), &lenient).is_err());
    assert!(read_with(&person("p", &format!("<userid>{}</userid>", "x".repeat(257))), &lenient).is_err());
}

// DOMAIN I4
#[test]
fn a_cause_is_said_once_and_what_follows_is_counted() {
    let people: String = (0..30).map(|number| person(&format!("p{number}"), "")).collect();
    let member = |group: &str| -> String {
        (0..30).map(|number| membership(group, &format!("p{number}"), "<role/>")).collect()
    };
    let broken = people.clone() + &typed("g", "School", "one") + &inside("h", "g") + &member("g");
    let found = errors(&broken);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("is no level (31 others name this group 1); expected 0"), "{found:?}");
    let absent = errors(&(people + &member("gone")));
    assert_eq!(absent.len(), 1, "{absent:?}");
    assert!(absent[0].contains("its group is not in the file, and 29 more name the same; "), "{absent:?}");
    let nameless = format!("<person>{}</person>", sourcedid("q")) + &group("g", "");
    let found = errors(&(nameless + &membership("g", "q", "<role/>")));
    assert_eq!(found.len(), 2, "a given and a family name: {found:?}");
    assert!(found[0].contains("(1 other names this person 1)"), "{found:?}");
}

#[test]
fn a_change_of_key_is_announced_and_followed() {
    let former = |sort: &str, id: &str| {
        format!("<sourcedid sourcedidtype=\"{sort}\"><source>sas</source><id>{id}</id></sourcedid>")
    };
    let changed = |record: String, sort: &str, id: &str| {
        record.replacen("<sourcedid>", &format!("{}<sourcedid sourcedidtype=\"New\">", former(sort, id)), 1)
    };
    let child = format!(
        "<extension><relationship><relationshiptype>child</relationshiptype>{}</relationship></extension>",
        sourcedid("p-old")
    );
    let file = changed(person("p", ""), "Old", "p-old")
        + &person("mother", &child)
        + &changed(group("g", ""), "Duplicate", "g-old")
        + &inside("h", "g-old")
        + &membership("g-old", "p-old", "<role/>");
    let read = strictly(&file).unwrap_or_else(|report| panic!("{report}"));
    let change = |kind, from: &str, to: &str, is_duplicate| {
        let (from, to) = (key(from), key(to));
        KeyChange { kind, from, to, is_duplicate }
    };
    let expected = [change(Kind::Person, "p-old", "p", false), change(Kind::Group, "g-old", "g", true)];
    assert_eq!(read.key_changes, expected);
    assert_eq!((&members(&read)[0].group, &members(&read)[0].person), (&key("g"), &key("p")));
    assert_eq!(parent(&read, "h"), Some(key("g")));
    assert_eq!(persons(&read)[0].details.relatives[0].person, key("p"));
    let taken = errors(&(changed(person("p", ""), "Old", "q") + &person("q", "")));
    assert!(taken[0].contains("its former key is the key of another person of the file"), "{taken:?}");
}

#[test]
fn a_group_inside_itself_is_refused() {
    let found = errors(&(inside("a", "b") + &inside("b", "c") + &inside("c", "b")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("its parents lead back to it; give one of them another parent"), "{found:?}");
    assert!(strictly(&(inside("a", "b") + &inside("b", "c") + &inside("c", "c"))).is_ok(), "the root");
}

// DOMAIN I4
#[test]
fn what_is_no_full_roster_is_refused() {
    let file = |kind: &str| format!("<properties>{kind}</properties>{}", person("p", ""));
    for kind in ["", "<type/>", "<type>full</type>", "<type>Full</type>"] {
        assert!(strictly(&file(kind)).is_ok(), "{kind}");
    }
    for kind in ["delta", "event", "melding", "Delta", "something"] {
        let found = errors(&file(&format!("<type>{kind}</type>")));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with(&format!("file: the file is a {kind:?}: it ")), "{found:?}");
        assert!(found[0].ends_with("would be deleted; have the MIS send a full roster, of type full"));
    }
}

#[test]
fn a_word_that_is_not_known_is_an_error() {
    let bad = "<sourcedid sourcedidtype=\"Ancient\">";
    let cases = [
        (
            person("p", "").replacen("<sourcedid>", bad, 1),
            "sourcedid@sourcedidtype: \"aaaaaaa\" is not known",
        ),
        (person("p", "").replacen('>', " recstatus=\"7\">", 1), "@recstatus: \"7\" is no status"),
        (
            person("p", "") + &group("g", "") + &membership("g", "p", "<idtype>3</idtype><role/>"),
            "idtype: \"3\" is not known",
        ),
    ];
    for (file, expected) in cases {
        let found = errors(&file);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }
}

#[test]
fn every_detail_of_a_course_is_read() {
    let data = "<description><short>8A</short><long>Klasse 8A</long><full>Klasse 8A ved Nes</full></description>\
                <org><orgname>Nes kommune</orgname></org><extension><course><code>MAT</code><credits>5</credits>\
                <template><synckey>t</synckey><coursecreatorsynckey>boss</coursecreatorsynckey><terms>\
                <term1><sourcetermsynckey>H24</sourcetermsynckey></term1><term2><sourcetermsynckey>V25\
                </sourcetermsynckey></term2></terms></template></course></extension>";
    let read = strictly(&format!("<group>{}{data}</group>", sourcedid("c"))).unwrap();
    let [Record::Course(course)] = read.roster.records() else { panic!("one course") };
    let details = &course.details;
    assert_eq!((course.title.as_str(), course.template.clone()), ("8A", Some(key("t"))));
    assert_eq!(
        [&details.long, &details.full, &details.org, &details.credits].map(|text| text.as_deref().unwrap()),
        ["Klasse 8A", "Klasse 8A ved Nes", "Nes kommune", "5"]
    );
    assert_eq!(
        (details.creator.clone(), &details.terms[..]),
        (Some(key("boss")), &[key("H24"), key("V25")][..])
    );
}

#[test]
fn a_mapping_says_what_roles_and_profiles_mean() {
    let role = "<role roletype=\"09\"><subrole>vikar</subrole></role>";
    let file = person("p", "<institutionrole institutionroletype=\"Janitor\"/>")
        + &group("g", "")
        + &membership("g", "p", role);
    let mapping = json!({"profiles": {"Janitor": "Staff"},
        "roles": [{"subrole": "Vikar", "role": "assistant", "name": "Stand-in"}]});
    let read = mapped(&file, mapping);
    assert_eq!(persons(&read)[0].profile, Profile::Staff);
    let member = members(&read)[0];
    assert_eq!((member.role, member.details.custom_role.as_deref()), (Role::Assistant, Some("Stand-in")));
    assert_eq!(member.details.subrole.as_deref(), Some("vikar"));
}

#[test]
fn a_mapping_makes_courses_of_groups_and_leaves_groups_out() {
    let child = |id: &str, group_type: &str, parent: &str| {
        let kind = format!("<grouptype><typevalue level=\"4\">{group_type}</typevalue></grouptype>");
        group(id, &(kind + &relation(parent)))
    };
    let file = person("p", "")
        + &typed("school", "skole", "1")
        + &child("grade", "trinn", "school")
        + &child("maths", "fag", "grade")
        + &child("7a", "klasse", "grade")
        + &membership("grade", "p", "<role/>")
        + &membership("maths", "p", "<role/>");
    let read = mapped(
        &file,
        json!({"groups": [
            {"of": {"type": "trinn"}, "becomes": "ignored"},
            {"of": {"type": "fag"}, "becomes": "course"},
            {"of": {"level": 4}, "becomes": {"level": 2}},
        ]}),
    );
    assert_eq!((parent(&read, "maths"), parent(&read, "7a")), (Some(key("school")), Some(key("school"))));
    let kinds: Vec<Kind> = read.roster.records().iter().map(Record::kind).collect();
    assert_eq!(kinds, [Kind::Group, Kind::Group, Kind::Person, Kind::Course, Kind::Membership]);
    let Record::Group(class) = &read.roster.records()[0] else { panic!("a class") };
    assert_eq!((class.level, read.ignored), (2, 2), "the grade and its membership");
}

#[test]
fn records_of_other_sources_are_refused_or_left_out() {
    let other = |record: String| record.replacen("sas", "other", 1);
    let file = person("p", "") + &other(person("q", "")) + &group("g", "") + &membership("g", "p", "<role/>");
    let stranger =
        file.clone() + &membership("g", "q", "<role/>").replace("sas</source><id>q", "other</source><id>q");
    let ignore = json!({"sources": {"accept": ["sas"], "others": "ignore"}});
    let read = mapped(&stranger, ignore);
    assert_eq!((persons(&read).len(), members(&read).len(), read.ignored), (1, 1, 1));
    let mapping = serde_json::from_value(json!({"sources": {"accept": ["sas"]}})).unwrap();
    let report = read_with(&file, &ReadOptions { mapping, ..ReadOptions::default() }).unwrap_err();
    let expected = "person 2, sourcedid/source: the source \"other\" is not one of this customer's; ";
    assert!(report.errors.len() == 1 && report.to_string().contains(expected), "{report}");
}

// DOMAIN C7
#[test]
fn a_special_course_is_made_of_a_group() {
    let file = person("p", "") + &typed("7a", "klasse", "2") + &membership("7a", "p", "<role/>");
    let rule = json!({"special_courses":
        [{"name": "team", "of": {"type": "klasse"}, "template": "tpl", "title": "Team {name}"}]});
    let read = mapped(&file, rule.clone());
    assert_eq!(parent(&read, "7a~team"), Some(key("7a")));
    assert_eq!(members(&read).len(), 2, "in the group and in its course");
    let mapping = serde_json::from_value(rule).unwrap();
    let options = ReadOptions { mapping, ..ReadOptions::default() };
    let report = read_with(&(file + &group("7a~team", "")), &options).unwrap_err();
    assert!(report.to_string().contains("a special course has this key; rename the rule"), "{report}");
}

#[test]
fn the_norwegian_profile_is_read_by_its_own_vocabulary() {
    let user = |sort: &str, id: &str| format!("<userid useridtype=\"{sort}\">{id}</userid>");
    let ids =
        user("personNIN", "17097055655") + &user("feideID", "jan@nes.example") + &user("username", "jan");
    let tels = "<tel teltype=\"1\">1</tel><tel teltype=\"2\">fax</tel><tel teltype=\"3\">3</tel>";
    let guardian = "<pifu_hasContactPerson type=\"guardian\">";
    let extension = format!(
        "<extension><pifu_tel type=\"personTelephonePrivate\">9</pifu_tel>{guardian}{}</pifu_hasContactPerson></extension>",
        sourcedid("mother")
    );
    let organisation = |id: &str, sort: &str, level: &str, scheme: &str| {
        let kind = format!("<scheme>{scheme}</scheme><typevalue level=\"{level}\">{sort}</typevalue>");
        group(id, &format!("<grouptype>{kind}</grouptype>"))
    };
    let primary = "<role roletype=\"04\"/><role roletype=\"01\"><extension>\
                   <pifu_primaryRelation>1</pifu_primaryRelation></extension></role>";
    let inside = person("p", &(ids + tels + &extension))
        + &person("mother", "")
        + &person("teacher", "")
        + &person("visitor", "")
        + &organisation("owner", "skoleeier", "1", "pifu-ims-go-org")
        + &organisation("school", "skole", "2", "pifu-ims-go-org")
        + &organisation("class", "basisgruppe", "1", "pifu-ims-go-grp")
        + &membership("class", "p", primary)
        + &membership("class", "teacher", "<role roletype=\"02\"/>");
    let root = "<enterprise xmlns=\"http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1\">";
    let file = format!("{root}{inside}</enterprise>");
    let read =
        read_imse(file.as_bytes(), &ReadOptions::default()).unwrap_or_else(|report| panic!("{report}"));
    let profiles: Vec<&str> = persons(&read).iter().map(|person| person.profile.as_str()).collect();
    assert_eq!(profiles, ["Parent", "Student", "Staff", "Guest"]);
    let student = persons(&read)[1];
    assert_eq!(student.userid.as_deref(), Some("jan"), "a national id is no login");
    let lines = (student.details.phone.as_deref(), student.details.mobile.as_deref());
    assert_eq!(lines, (Some("1"), Some("3")), "a fax is no mobile");
    assert_eq!(student.details.relatives[0].relation, Relation::Parent);
    let levels: Vec<u8> = read
        .roster
        .records()
        .iter()
        .filter_map(|record| if let Record::Group(group) = record { Some(group.level) } else { None })
        .collect();
    assert_eq!(levels, [2, 0, 1], "class, owner, school");
    assert_eq!(members(&read)[0].role, Role::Learner, "the primary role");
}
