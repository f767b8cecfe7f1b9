//! Writes the seeds of every target anew, out of invented rosters: `cargo run --bin seeds` in this folder.

use rollover_fuzz::{bundle, imse, invented};
use rollover_roster::{model::Roster, read::oneroster::Version};
use std::{fs, io, path::Path};

/// Records of the dialect that the writer does not write.
const ODD: &str = r#"<comments>x</comments><properties><datasource>sas</datasource><target>nes</target><type>full</type></properties>
<person recstatus="2"><sourcedid sourcedidtype="Old"><source>sas</source><id>o</id></sourcedid><sourcedid sourcedidtype="New"><source>sas</source><id>p</id></sourcedid><userid>kari</userid><name><n><given>Kari &amp; co</given><family>B&#229;</family></n><nickname>K</nickname></name><demographics><bday>2012-02-29</bday></demographics><email>a@b.example</email><url>x</url><tel teltype="Mobile">9</tel><adr><street>1</street><extadd>2</extadd><pcode>3</pcode><locality>4</locality></adr><institutionrole primaryrole="Yes" institutionroletype="Staff"/><extension><relationship><relationshiptype>child</relationshiptype><sourcedid><source>sas</source><id>q</id></sourcedid></relationship></extension></person>
<person><sourcedid><source>sas</source><id>q</id></sourcedid><name><n><given><![CDATA[Ola]]></given><family>B</family></n></name></person>
<group><sourcedid><source>sas</source><id>s</id></sourcedid><grouptype><scheme>x</scheme><typevalue level="1">School</typevalue></grouptype><description><short>s</short><long>l</long><full>f</full></description><org><orgname>o</orgname></org></group>
<group><sourcedid><source>sas</source><id>c</id></sourcedid><description><short>c</short></description><relationship relation="1"><sourcedid><source>sas</source><id>s</id></sourcedid><label>School</label></relationship><extension><course><code>M</code><credits>5</credits><template><synckey>t</synckey><coursecreatorsynckey>b</coursecreatorsynckey><terms><term1><sourcetermsynckey>H</sourcetermsynckey></term1></terms></template></course></extension></group>
<membership><sourcedid><source>sas</source><id>c</id></sourcedid><member><sourcedid><source>sas</source><id>p</id></sourcedid><idtype>1</idtype><role roletype="02"><subrole>T</subrole><status>1</status><timeframe><begin restrict="1">2024-01-01</begin><end restrict="1">2024-06-01</end></timeframe></role></member><member><sourcedid><source>sas</source><id>q</id></sourcedid><role roletype="01" recstatus="3"><status>0</status></role></member></membership>
"#;

/// What the Norwegian profile says in its own way.
const PIFU: &str = r#"<properties><datasource>sas</datasource><type>full</type></properties>
<person><sourcedid><source>sas</source><id>p</id></sourcedid><userid useridtype="feideID">k@x</userid><userid useridtype="personNIN">1</userid><name><n><given>K</given><family>B</family></n></name><tel teltype="3">9</tel><extension><pifu_tel type="personTelephonePrivate">9</pifu_tel><pifu_hasContactPerson type="guardian"><sourcedid><source>sas</source><id>q</id></sourcedid></pifu_hasContactPerson></extension></person>
<person><sourcedid><source>sas</source><id>q</id></sourcedid><name><n><given>O</given><family>B</family></n></name></person>
<group><sourcedid><source>sas</source><id>s</id></sourcedid><grouptype><scheme>pifu-ims-go-org</scheme><typevalue level="2">skole</typevalue></grouptype><description><short>s</short></description></group>
<group><sourcedid><source>sas</source><id>g</id></sourcedid><grouptype><scheme>pifu-ims-go-grp</scheme><typevalue level="1">basisgruppe</typevalue></grouptype><description><short>g</short></description><relationship relation="1"><sourcedid><source>sas</source><id>s</id></sourcedid></relationship></group>
<membership><sourcedid><source>sas</source><id>g</id></sourcedid><member><sourcedid><source>sas</source><id>p</id></sourcedid><idtype>1</idtype><role roletype="01"><status>1</status><extension><pifu_primaryRelation>1</pifu_primaryRelation></extension></role></member></membership>
"#;

const MAPPINGS: [&str; 2] = [
    r#"profiles = { Faculty = "Staff", Student = "Guest" }
[sources]
accept = ["fjordsas"]
others = "ignore"
[[roles]]
code = "01"
subrole = "Student"
role = "assistant"
name = "Vikar"
"#,
    r#"[[groups]]
of = { type = "Class", level = 2 }
becomes = "course"
[[groups]]
of = { type = "School" }
becomes = { level = 3 }
[[groups]]
of = { level = 2 }
becomes = "ignored"
[[special_courses]]
name = "team"
of = { type = "Class" }
template = "t"
title = "Team {name}"
"#,
];

/// So much of the invented school that it says what each table is, and what a row may hold.
const DELTA: &str = "#file manifest.csv
propertyName,value
manifest.version,1.0
oneroster.version,1.1
file.orgs,delta
file.users,delta
file.enrollments,absent
source.systemCode,fjordsas
#file orgs.csv
sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
s9,active,2024-06-03,Nes,school,,site
#file users.csv
sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,\
identifier,email,sms,phone,agentSourcedIds,grades,password
p9,active,2024-06-03,true,s9,student,kari,,Kari,Berg,,,,,,,7,
p8,tobedeleted,2024-06-03,true,s9,student,ola,,Ola,Berg,,,,,,,7,
";

fn inside(document: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(document.to_vec()).expect("it is written in UTF-8");
    let begin = text.find("<enterprise>").expect("a document") + "<enterprise>".len();
    let end = text.rfind("</enterprise>").expect("a document");
    text[begin..end].as_bytes().to_vec()
}

fn seeds(roster: &Roster) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let document = imse::written(roster);
    let odd =
        format!("<?xml version=\"1.0\"?><!DOCTYPE enterprise SYSTEM \"x\">\n<enterprise>{ODD}</enterprise>");
    let decoded = |choice: u8, text: &[u8]| [&[choice], text].concat();
    let bundles = [Version::V1_1, Version::V1_2].map(|version| bundle::written(roster, version));
    let texts = bundles.iter().map(|zip| bundle::to_text(zip)).chain([DELTA.as_bytes().to_vec()]);
    let zips = bundles.iter().cloned().chain([bundle::of_text(DELTA.as_bytes())]);
    vec![
        ("imse", vec![document.clone(), odd.clone().into_bytes()]),
        ("pifu", vec![inside(&document), PIFU.as_bytes().to_vec()]),
        ("decode", vec![decoded(2, b"<enterprise><person/></enterprise>"), decoded(4, odd.as_bytes())]),
        ("oneroster_csv", texts.collect()),
        ("oneroster_zip", zips.collect()),
        (
            "snapshot",
            vec![b"\0\0\0\x10\x01\xff".to_vec(), b"\x03\x01\x01\0\0\0\x04\x02\0\x20\x08\0".to_vec()],
        ),
        ("mapping", MAPPINGS.map(|text| text.as_bytes().to_vec()).to_vec()),
    ]
}

fn main() -> io::Result<()> {
    for (target, seeds) in seeds(&invented()) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
