//! A small roster in IMS Enterprise, written by hand: one school, its people, its courses.

use std::{
    fmt::Write,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

/// What one delivery holds. A student is a name; a course is a title, with every student in it.
#[derive(Debug, Clone)]
pub struct School {
    pub name: &'static str,
    pub students: Vec<&'static str>,
    pub courses: Vec<&'static str>,
}

impl School {
    pub fn xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<enterprise>\n");
        xml.push_str("<properties><datasource>fjordsas</datasource></properties>\n");
        for student in &self.students {
            person(&mut xml, student, "Student");
        }
        person(&mut xml, "Teacher", "Staff");
        group(&mut xml, "root", "0", "Site", "Nes kommune", "root", "");
        group(&mut xml, "school", "1", "School", self.name, "root", "");
        for course in &self.courses {
            let data = format!("<extension><course><code>{course}-1</code></course></extension>");
            group(&mut xml, course, "2", "Course", course, "school", &data);
        }
        for of in std::iter::once(&"school").chain(&self.courses) {
            let _ = write!(xml, "<membership>{}", key(of));
            for student in &self.students {
                member(&mut xml, student, "01");
            }
            member(&mut xml, "Teacher", "02");
            xml.push_str("</membership>\n");
        }
        xml.push_str("</enterprise>\n");
        xml
    }
}

fn key(id: &str) -> String {
    format!("<sourcedid><source>fjordsas</source><id>{id}</id></sourcedid>")
}

fn person(xml: &mut String, name: &str, role: &str) {
    let _ = writeln!(
        xml,
        "<person>{}<name><n><given>{name}</given><family>Berg</family></n></name>\
         <institutionrole primaryrole=\"Yes\" institutionroletype=\"{role}\"/></person>",
        key(name)
    );
}

fn group(xml: &mut String, id: &str, level: &str, kind: &str, name: &str, parent: &str, data: &str) {
    let _ = writeln!(
        xml,
        "<group>{}<grouptype><scheme>fjordsas</scheme><typevalue level=\"{level}\">{kind}</typevalue></grouptype>\
         <description><short>{name}</short></description>\
         <relationship relation=\"1\">{}<label>up</label></relationship>{data}</group>",
        key(id),
        key(parent)
    );
}

fn member(xml: &mut String, id: &str, role: &str) {
    let _ = write!(
        xml,
        "<member>{}<idtype>1</idtype><role roletype=\"{role}\"><status>1</status></role></member>",
        key(id)
    );
}

/// Lays a file into a folder, as the MIS does, so long before the moment at which the test plays.
pub fn lay(folder: &Path, name: &str, text: &str, arrived_at: SystemTime) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_modified(arrived_at).unwrap();
}

/// So long before `now`.
pub fn ago(now: chrono::DateTime<chrono::Utc>, minutes: u64) -> SystemTime {
    SystemTime::from(now) - Duration::from_secs(minutes * 60)
}
