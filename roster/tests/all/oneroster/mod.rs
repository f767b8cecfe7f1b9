//! OneRoster bundles from outside: each rule of the standard, deltas, hostile ZIPs, and the way back.

mod delta;
mod hostile;
mod round_trip;
mod rules;
mod sample;

use rollover_roster::{
    model::{Record, Roster},
    read::{
        Leniency, ReadOptions, ReadReport, ReadRoster,
        oneroster::{Delta, OneRoster, read_oneroster_zip},
    },
};
use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
};

const MANIFEST: &str = "propertyName,value\n\
    manifest.version,1.0\n\
    oneroster.version,1.1\n\
    file.academicSessions,bulk\n\
    file.classes,bulk\n\
    file.courses,bulk\n\
    file.demographics,bulk\n\
    file.enrollments,bulk\n\
    file.orgs,bulk\n\
    file.users,bulk\n\
    file.results,absent\n\
    source.systemName,Fjord SAS\n\
    source.systemCode,fjordsas\n";
const SESSIONS: &str = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n\
    h24,,,Autumn,term,2024-08-19,2024-12-20,,2025\n";
const ORGS: &str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n\
    k,,,Fjord,district,,\n\
    s1,,,Nes skole,school,,k\n\
    d1,,,Norsk,department,,s1\n";
const COURSES: &str = "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,\
    subjects,subjectCodes\n\
    nor,,,,Norsk,NOR,,k,,\n\
    home,,,,Klasse,,,k,,\n";
const CLASSES: &str = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,\
    schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n\
    7a,,,7A,7,home,,homeroom,,s1,h24,,,\n\
    nor7a,,,Norsk 7A,7,nor,,scheduled,,s1,h24,,,\n";
const USERS: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,\
    familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n\
    p1,,,true,s1,student,kari,,Kari,Berg,,,kari@sas.example,,,p3,7,\n\
    p2,,,true,\"s1,k\",teacher,ola,{LDAP:ola},Ola,Lie,,,,,,,,\n\
    p3,,,true,s1,parent,per,,Per,Berg,,,,99000000,,p1,,\n";
const DEMOGRAPHICS: &str = "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,\
    blackOrAfricanAmerican,nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,\
    hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus\n\
    p1,,,2012-03-04,,,,,,,,,,,,\n";
const ENROLLMENTS: &str = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,\
    primary,beginDate,endDate\n\
    e1,,,7a,s1,p1,student,,,\n\
    e2,,,7a,s1,p2,teacher,true,,\n\
    e3,,,nor7a,s1,p1,student,,2024-08-19,2025-06-20\n\
    e4,,,nor7a,s1,p2,teacher,true,,\n";

/// The files of a bundle, to be changed and packed.
#[derive(Clone)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Files {
    /// A district with a school, a class, a course, a student, a teacher and a guardian.
    pub fn small() -> Self {
        let files = [
            ("manifest.csv", MANIFEST),
            ("academicSessions.csv", SESSIONS),
            ("orgs.csv", ORGS),
            ("courses.csv", COURSES),
            ("classes.csv", CLASSES),
            ("users.csv", USERS),
            ("demographics.csv", DEMOGRAPHICS),
            ("enrollments.csv", ENROLLMENTS),
        ];
        Self(files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into())
    }

    pub fn with(mut self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.0.insert(name.to_owned(), contents.as_ref().to_vec());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.remove(name).unwrap();
        self
    }

    /// Replaces a text, which must be there.
    fn edit(self, name: &str, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.0[name].clone()).unwrap();
        assert!(text.contains(from), "{name} holds no {from:?}");
        self.with(name, text.replacen(from, to, 1))
    }

    fn zip(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, contents) in &self.0 {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(contents).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub fn read(&self, options: &ReadOptions) -> Result<OneRoster, ReadReport> {
        read_oneroster_zip(Cursor::new(self.zip()), None, options)
    }

    fn roster_with(&self, options: &ReadOptions) -> ReadRoster {
        match self.read(options).unwrap_or_else(|report| panic!("{}", all(&report))) {
            OneRoster::Full(read) => read,
            OneRoster::Delta(_) => panic!("a delta"),
        }
    }

    pub fn roster(&self) -> Roster {
        self.roster_with(&ReadOptions::default()).roster
    }

    fn delta(&self) -> Delta {
        match self.read(&ReadOptions::default()).unwrap_or_else(|report| panic!("{}", all(&report))) {
            OneRoster::Delta(delta) => *delta,
            OneRoster::Full(_) => panic!("a full bundle"),
        }
    }

    /// All errors, one a line.
    fn refused(&self, lenient: &[Leniency]) -> String {
        match self.read(&options(lenient)) {
            Err(report) => all(&report),
            Ok(_) => panic!("it was read"),
        }
    }
}

fn options(lenient: &[Leniency]) -> ReadOptions {
    ReadOptions { lenient: lenient.iter().copied().collect(), ..ReadOptions::default() }
}

pub fn all(report: &ReadReport) -> String {
    report.errors.iter().map(|error| format!("{error}\n")).collect()
}

/// One line for each record: kind, id, what it says.
fn lines(records: &[Record]) -> Vec<String> {
    let id =
        |key: &Option<rollover_roster::model::SyncKey>| key.as_ref().map_or("-", |key| &key.id).to_owned();
    records
        .iter()
        .map(|record| match record {
            Record::Group(g) => {
                format!("group {} {} {} {:?} in {}", g.key.id, g.level, g.group_type, g.name, id(&g.parent))
            }
            Record::Person(p) => format!(
                "person {} {} {} {} {:?} {:?}",
                p.key.id,
                p.profile.as_str(),
                p.given,
                p.family,
                p.userid,
                p.birth_date
            ),
            Record::Course(c) => format!(
                "course {} {:?} {:?} of {} in {} terms {:?}",
                c.key.id,
                c.title,
                c.code,
                id(&c.template),
                id(&c.parent),
                c.details.terms.iter().map(|term| term.id.as_str()).collect::<Vec<_>>()
            ),
            Record::Membership(m) => {
                format!("member {} {} {} {:?} {:?}", m.group.id, m.person.id, m.role.as_str(), m.begin, m.end)
            }
        })
        .collect()
}
