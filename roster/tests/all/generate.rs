//! Any roster: whole, within the limits of the format, with the characters that break naive code.

use chrono::{Days, NaiveDate};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use rollover_roster::model::{
    Course, CourseDetails, Group, GroupDetails, Membership, MembershipDetails, Person, PersonDetails,
    Profile, Record, Relation, Relative, Role, Roster, SyncKey,
};

/// Letters that need escaping, several bytes, or the letter before them.
const ODD: &[char] = &[
    '&', '<', '>', '"', '\'', ';', '#', ']', '-', '!', '/', '=', '\\', '\t', '\n', '\r', ' ', '\u{a0}', 'a',
    'Z', '9', 'æ', 'ø', 'å', 'Ø', 'ß', '漢', '字', '한', '\u{301}', '\u{308}', '\u{200d}', '\u{202e}',
    '\u{fffd}', '🎒', 'é', '\u{85}', '\u{2028}',
];

/// A text of 1 to `longest` characters that trimming leaves as it is.
pub fn text(longest: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![4 => prop::sample::select(ODD), 1 => any::<char>()];
    vec(letter, 1..=longest).prop_map(|letters| {
        let allowed = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        let text: String =
            letters.into_iter().filter(allowed).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
        let text = text.trim();
        if text.is_empty() { "x".to_owned() } else { text.to_owned() }
    })
}

fn source() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "sas", "a&b <ø>", "другое"]).prop_map(str::to_owned)
}

fn date() -> impl Strategy<Value = NaiveDate> {
    (0..80_000_u64).prop_map(|days| NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + Days::new(days))
}

fn profile() -> impl Strategy<Value = Profile> {
    let custom = text(20).prop_filter("Faculty is read as Staff", |name| name != "Faculty");
    prop_oneof![
        prop::sample::select(vec!["Student", "Staff", "Administrator", "Guest", "Parent", "AICC"])
            .prop_map(|name| Profile::from(name.to_owned())),
        custom.prop_map(Profile::from),
    ]
}

/// The number in front makes ids differ, so that no two records share a key.
fn key(number: usize, source: String, id: &str) -> SyncKey {
    SyncKey { source, id: format!("{number}{id}") }
}

fn persons() -> impl Strategy<Value = Vec<Person>> {
    let fields = (
        (source(), text(20)),
        (option::of(text(10)), text(256), text(30)),
        (option::of(text(30)), option::of(date()), profile(), vec(option::of(text(20)), 9)),
    );
    vec(fields, 0..8).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(number, ((source, id), (userid, given, family), (email, birth_date, profile, more)))| {
                Person {
                    key: key(number, source, &id),
                    userid: userid.map(|userid| format!("{number}{userid}")),
                    given,
                    family,
                    email,
                    birth_date,
                    profile,
                    details: person_details(more).into(),
                }
            })
            .collect()
    })
}

fn person_details(more: Vec<Option<String>>) -> PersonDetails {
    let [nickname, middle_name, url, phone, mobile, street, extended, postcode, locality] =
        more.try_into().expect("there are nine");
    let relatives = Vec::new();
    PersonDetails {
        nickname,
        middle_name,
        url,
        phone,
        mobile,
        street,
        extended,
        postcode,
        locality,
        relatives,
    }
}

/// Makes some persons the children or parents of others.
fn relate(persons: &mut [Person], related: Vec<(Index, Index, bool)>) {
    if persons.is_empty() {
        return;
    }
    for (one, other, is_parent) in related {
        let relation = if is_parent { Relation::Parent } else { Relation::Child };
        let relative = Relative { relation, person: other.get(persons).key.clone() };
        let person = &mut persons[one.index(persons.len())];
        let mut details = std::mem::take(&mut person.details).into_fields();
        details.relatives.push(relative);
        details.relatives.sort();
        details.relatives.dedup();
        person.details = details.into();
    }
}

/// Of one group: its key, type, level, name, and, before it, a group that may be its parent.
type GroupParts = ((String, String), (String, u8, String), Option<Index>, [Option<String>; 3]);

fn group_parts() -> impl Strategy<Value = GroupParts> {
    let name = prop_oneof![text(60), text(256)];
    let descriptions = [option::of(text(60)), option::of(text(90)), option::of(text(20))];
    ((source(), text(20)), (text(30), any::<u8>(), name), option::of(any::<Index>()), descriptions)
}

/// Of one course: its code, template, credits, creator and terms.
type CourseParts = (GroupParts, [Option<String>; 4], Vec<String>);

fn hierarchy() -> impl Strategy<Value = Vec<Record>> {
    let short = || option::of(text(20));
    let course = (group_parts(), [option::of(text(60)), short(), short(), short()], vec(text(20), 0..3));
    (vec(group_parts(), 1..6), vec(course, 0..6)).prop_map(|(groups, courses): (_, Vec<CourseParts>)| {
        let mut keys: Vec<SyncKey> = Vec::new();
        let mut records = Vec::new();
        for ((source, id), (group_type, level, name), parent, [long, full, org]) in groups {
            let parent = parent.filter(|_| !keys.is_empty()).map(|at| at.get(&keys).clone());
            let key = key(keys.len(), source, &id);
            keys.push(key.clone());
            let details = GroupDetails { long, full, org }.into();
            records.push(Record::Group(Group { key, group_type, level, name, parent, details }));
        }
        for (((source, id), (_, _, title), parent, [long, full, org]), texts, terms) in courses {
            let parent = parent.map(|at| at.get(&keys).clone());
            let key = key(keys.len(), source, &id);
            keys.push(key.clone());
            let [code, template, credits, creator] = texts;
            let of_source = |id: String| SyncKey { source: key.source.clone(), id };
            let (template, creator) = (template.map(of_source), creator.map(of_source));
            let terms = terms.into_iter().map(of_source).collect();
            let details = CourseDetails { long, full, org, credits, creator, terms }.into();
            records.push(Record::Course(Course { key, title, code, template, parent, details }));
        }
        records
    })
}

/// A whole roster: every parent, group and person that is named is there.
pub fn roster() -> impl Strategy<Value = Roster> {
    let role = prop::sample::select(Role::ALL.to_vec());
    let dates = (option::of(date()), option::of(date()));
    let member = (any::<Index>(), any::<Index>(), role, dates, option::of(text(20)));
    let related = vec(any::<(Index, Index, bool)>(), 0..6);
    let parts = (persons(), related, hierarchy(), vec(member, 0..20));
    parts.prop_map(|(mut persons, related, mut records, members)| {
        relate(&mut persons, related);
        let groups: Vec<SyncKey> = records.iter().map(|record| record.key().key).collect();
        for (group, person, role, (begin, end), subrole) in
            members.into_iter().filter(|_| !persons.is_empty())
        {
            records.push(Record::Membership(Membership {
                group: group.get(&groups).clone(),
                person: person.get(&persons).key.clone(),
                role,
                begin,
                end,
                details: MembershipDetails { subrole, custom_role: None }.into(),
            }));
        }
        records.extend(persons.into_iter().map(Record::Person));
        Roster::from_records(records)
    })
}
