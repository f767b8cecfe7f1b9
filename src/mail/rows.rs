//! The rows of a difference as a CSV file that a spreadsheet opens: children's data, made for one mail and kept nowhere.

use rollover_jobs::Language;
use rollover_roster::{
    diff::{Action, Change},
    model::{Kind, Record, SyncKey, Value},
};

/// Bytes of a file; a mail server may refuse what is larger. The mail that says so names it too.
pub(super) const LARGEST: usize = 5_000_000;

/// Tells spreadsheets that the text is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A cell that begins so is a formula to a spreadsheet.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

const COLUMNS: usize = 8;

/// One line for each change; `None` when the file would be larger than `largest`. The names of fields are the
/// roster's own.
pub(super) fn csv<E>(
    changes: impl Iterator<Item = Result<Change, E>>,
    language: Language,
    largest: usize,
) -> Result<Option<Vec<u8>>, E> {
    let mut out = BYTE_ORDER_MARK.to_vec();
    out.extend(line(head(language).map(str::to_owned), language));
    for change in changes {
        out.extend(line(cells(&change?, language), language));
        if out.len() > largest {
            return Ok(None);
        }
    }
    Ok(Some(out))
}

fn line(cells: [String; COLUMNS], language: Language) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter(language))
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells.map(harmless)).expect("a line is written into memory");
    writer.into_inner().expect("a line is written into memory")
}

/// What spreadsheets of the language split at: where the comma is the decimal sign, the semicolon.
const fn delimiter(language: Language) -> u8 {
    match language {
        Language::English => b',',
        Language::Bokmal | Language::Swedish => b';',
    }
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: String) -> String {
    if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

const fn head(language: Language) -> [&'static str; COLUMNS] {
    match language {
        Language::English => ["kind", "change", "source", "key", "person", "fields", "before", "after"],
        Language::Bokmal => ["type", "endring", "kilde", "nøkkel", "person", "felter", "før", "etter"],
        Language::Swedish => ["typ", "ändring", "källa", "nyckel", "person", "fält", "före", "efter"],
    }
}

fn cells(change: &Change, language: Language) -> [String; COLUMNS] {
    let key = change.record().key();
    let person = key.person.map(|person| shown_key(&person.source, &person.id)).unwrap_or_default();
    let (fields, before, after) = match change {
        Change::Create(record) => (Vec::new(), String::new(), values(record, None)),
        Change::Delete(record) => (Vec::new(), values(record, None), String::new()),
        Change::Update { from, to, fields } => {
            (fields.clone(), values(from, Some(fields)), values(to, Some(fields)))
        }
    };
    let SyncKey { source, id } = key.key;
    let (kind, action) = (kind(change.kind(), language), action(change.action(), language));
    [kind.to_owned(), action.to_owned(), source, id, person, fields.join(", "), before, after]
}

/// The fields that are there, or of them the named ones, as `given: Kari; family: Berg`; without the key.
fn values(record: &Record, only: Option<&[&'static str]>) -> String {
    let mut shown = Vec::new();
    record.for_each_field(|name, value| {
        let wanted = only.map_or(!is_key(record.kind(), name), |names| names.contains(&name));
        shown.extend(text(value).filter(|_| wanted).map(|text| format!("{name}: {text}")));
    });
    shown.join("; ")
}

/// It has a column of its own.
fn is_key(kind: Kind, field: &str) -> bool {
    match kind {
        Kind::Membership => matches!(field, "group" | "person"),
        Kind::Group | Kind::Person | Kind::Course => field == "key",
    }
}

fn text(value: Value<'_>) -> Option<String> {
    let keys = |keys: Vec<String>| (!keys.is_empty()).then(|| keys.join(", "));
    match value {
        Value::Text(text) => text.map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Date(date) => date.map(|date| date.to_string()),
        Value::Key(key) => key.map(|(source, id)| shown_key(source, id)),
        Value::Keys(list) => keys(list.iter().map(|key| shown_key(&key.source, &key.id)).collect()),
        Value::Relatives(list) => keys(
            list.iter()
                .map(|one| {
                    format!("{} {}", one.relation.as_str(), shown_key(&one.person.source, &one.person.id))
                })
                .collect(),
        ),
    }
}

fn shown_key(source: &str, id: &str) -> String {
    if source.is_empty() { id.to_owned() } else { format!("{id} ({source})") }
}

const fn kind(kind: Kind, language: Language) -> &'static str {
    match (language, kind) {
        (Language::English, kind) => kind.as_str(),
        (Language::Bokmal, Kind::Group) => "gruppe",
        (Language::Swedish, Kind::Group) => "grupp",
        (Language::Bokmal | Language::Swedish, Kind::Person) => "person",
        (Language::Bokmal | Language::Swedish, Kind::Course) => "kurs",
        (Language::Bokmal | Language::Swedish, Kind::Membership) => "medlemskap",
    }
}

const fn action(action: Action, language: Language) -> &'static str {
    match (language, action) {
        (Language::English, action) => action.as_str(),
        (Language::Bokmal, Action::Create) => "opprettes",
        (Language::Bokmal, Action::Update) => "oppdateres",
        (Language::Bokmal, Action::Delete) => "slettes",
        (Language::Swedish, Action::Create) => "läggs till",
        (Language::Swedish, Action::Update) => "uppdateras",
        (Language::Swedish, Action::Delete) => "tas bort",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollover_roster::model::{Details, Membership, Person, PersonDetails, Profile, Role};
    use std::convert::Infallible;

    fn person(key: &str, given: &str) -> Record {
        Record::Person(Person {
            key: SyncKey::new("sas", key),
            userid: None,
            given: given.to_owned(),
            family: "Bø, jr.".to_owned(),
            email: None,
            birth_date: None,
            profile: Profile::Student,
            details: Details::default(),
        })
    }

    fn file(changes: Vec<Change>, language: Language, largest: usize) -> Option<String> {
        let changes = changes.into_iter().map(Ok::<_, Infallible>);
        csv(changes, language, largest).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn changes() -> Vec<Change> {
        let (from, to) = (person("p-1", "Kari"), person("p-1", "Karin"));
        let fields = from.changed_fields(&to);
        let member = Record::Membership(Membership {
            group: SyncKey::new("sas", "g-1"),
            person: SyncKey::new("sas", "p-1"),
            role: Role::Learner,
            begin: Some("2024-08-19".parse().unwrap()),
            end: None,
            details: Details::default(),
        });
        vec![
            Change::Update { from: Box::new(from), to, fields },
            Change::Delete(person("p-2", "Ola")),
            Change::Create(member),
        ]
    }

    #[test]
    fn each_change_is_a_line_that_spreadsheets_of_the_language_split() {
        let english = "\u{feff}kind,change,source,key,person,fields,before,after\r\n\
            person,update,sas,p-1,,given,given: Kari,given: Karin\r\n\
            person,delete,sas,p-2,,,\"given: Ola; family: Bø, jr.; profile: Student\",\r\n\
            membership,create,sas,g-1,p-1 (sas),,,role: learner; begin: 2024-08-19\r\n";
        assert_eq!(file(changes(), Language::English, LARGEST).as_deref(), Some(english));
        let bokmal = file(changes(), Language::Bokmal, LARGEST).unwrap();
        assert!(
            bokmal.contains("\r\nperson;oppdateres;sas;p-1;;given;given: Kari;given: Karin\r\n"),
            "{bokmal}"
        );
        let swedish = file(changes(), Language::Swedish, LARGEST).unwrap();
        assert!(swedish.contains(";\"given: Ola; family: Bø, jr.; profile: Student\";"), "{swedish}");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for sign in FORMULA {
            let mut record = person(&format!("x{sign}"), "Kari");
            let Record::Person(person) = &mut record else { unreachable!() };
            person.key.id = format!("{sign}cmd");
            let text = file(vec![Change::Create(record)], Language::English, LARGEST).unwrap();
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(&row[3], format!("'{sign}cmd"), "{sign:?}");
            assert!(row.iter().all(|cell| !cell.starts_with(FORMULA)), "{row:?}");
        }
    }

    #[test]
    fn a_file_is_as_large_as_it_may_be_or_is_not_made() {
        let size = file(changes(), Language::English, LARGEST).unwrap().len();
        assert!(file(changes(), Language::English, size).is_some());
        assert!(file(changes(), Language::English, size - 1).is_none());
    }

    #[test]
    fn relatives_and_dates_are_told_as_text() {
        let relative = rollover_roster::model::Relative {
            relation: rollover_roster::model::Relation::Parent,
            person: SyncKey::new("", "p-9"),
        };
        let mut record = person("p-1", "Kari");
        let Record::Person(one) = &mut record else { unreachable!() };
        one.birth_date = Some("2011-05-01".parse().unwrap());
        one.details = PersonDetails { relatives: vec![relative], ..PersonDetails::default() }.into();
        let text = file(vec![Change::Create(record)], Language::English, LARGEST).unwrap();
        assert!(text.contains("birth_date: 2011-05-01; profile: Student; relatives: parent p-9"), "{text}");
    }
}
