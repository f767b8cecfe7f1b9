//! The rules of the built-in site, each on SQLite and on PostgreSQL.

use super::{Added, EmbeddedSite, NewPerson, proof_of};
use crate::{
    ledger::{
        Ledger,
        db::{Sql, execute, query},
    },
    test_servers::{Database, Postgres},
};
use rollover_jobs::{
    Customer, CustomerSettings,
    ports::{Applied, Persons, Site, SiteError},
};
use rollover_roster::{
    diff::Change,
    model::{
        Course, CourseDetails, Details, Group, Membership, Person, PersonDetails, Profile, Record, Role,
        SyncKey,
    },
};

const GENERATION: i32 = 3;

const INSERT_JOB: Sql = Sql::both(
    "INSERT INTO job (customer_id, kind, args, state, generation, round, attempt, due_at, cancel_requested, created_at)
     VALUES ('nes', 'import_roster', $1, 'running', $2, 0, 1, $3, false, $3) RETURNING id",
);
const MOVE_JOB: Sql = Sql::both("UPDATE job SET generation = $2, state = $3 WHERE id = $1");
const MAKE_MANUAL: Sql = Sql::both("UPDATE site_membership SET made_by = 'manual' WHERE person_key = $1");
const MADE_BY: Sql =
    Sql::both("SELECT person_key, made_by FROM site_membership ORDER BY person_key, group_key");
const PHONES: Sql = Sql::both(
    "SELECT sync_key, coalesce(details ->> 'phone', CASE WHEN details IS NULL THEN 'no details' ELSE 'no phone' END)
     FROM site_person ORDER BY sync_key",
);
const TERMS: Sql = Sql::both("SELECT sync_key, details -> 'terms' -> 0 ->> 'id' FROM site_course");
const UNARCHIVE: Sql = Sql::both("UPDATE site_course SET state = 'active'");
const PERSONS: Sql = Sql::both("SELECT given, state FROM site_person ORDER BY sync_key");

/// A migrated ledger with one customer, a running job, and the site over it.
struct Ground {
    ledger: Ledger,
    site: EmbeddedSite,
    customer: Customer,
    job: i64,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Ground {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        Self::at(&url, folder, None).await
    }

    async fn postgres() -> Self {
        let database = Postgres::shared().fresh_database();
        let url = database.url().to_owned();
        Self::at(&url, tempfile::tempdir().unwrap(), Some(database)).await
    }

    async fn at(url: &str, folder: tempfile::TempDir, database: Option<Database>) -> Self {
        let ledger = Ledger::open(url, 4).await.unwrap();
        ledger.migrate().await.unwrap();
        let customer = Customer {
            id: "nes".parse().unwrap(),
            name: "Nes".to_owned(),
            country: "NO".parse().unwrap(),
            time_zone: chrono_tz::Europe::Oslo,
            mis: "fjordsas".to_owned(),
            middleware: None,
            modules: vec!["courses".to_owned()],
            settings: CustomerSettings { course_archiving: true, ..CustomerSettings::default() },
        };
        let now = chrono::DateTime::UNIX_EPOCH;
        ledger.add_customer(now, "test", &customer).await.unwrap();
        let mut tx = ledger.db().begin().await.unwrap();
        let args = sqlx::types::Json(serde_json::json!({}));
        let (job,) = query!(fetch_one as (i64,), tx.on(), INSERT_JOB, args, GENERATION, now).unwrap();
        tx.commit().await.unwrap();
        let site = EmbeddedSite::new(ledger.db().clone());
        Self { ledger, site, customer, job, _folder: folder, _database: database }
    }

    async fn apply(&self, batch: &[Change]) -> Applied {
        self.site.apply(&self.customer, batch, &proof_of(self.job, GENERATION)).await.unwrap()
    }

    /// (state, attached, made by) of the only course.
    async fn course(&self) -> (String, bool, String) {
        let mut courses = self.site.courses(&self.customer.id, 10).await.unwrap();
        assert_eq!(courses.len(), 1, "one course");
        let course = courses.remove(0);
        (course.state, course.attached, course.made_by)
    }

    async fn pairs(&self, sql: Sql) -> Vec<(String, String)> {
        let mut conn = self.ledger.db().read().await.unwrap();
        query!(fetch_all as (String, String), conn.on(), sql).unwrap()
    }
}

fn key(id: &str) -> SyncKey {
    SyncKey::new("sas", id)
}

fn person(id: &str, given: &str) -> Record {
    Record::Person(Person {
        key: key(id),
        userid: None,
        given: given.to_owned(),
        family: "Berg".to_owned(),
        email: Some("x@nes.test".to_owned()),
        birth_date: Some("2010-02-28".parse().unwrap()),
        profile: Profile::Student,
        details: Details::default(),
    })
}

fn group(id: &str, name: &str) -> Record {
    let (group_type, parent) = ("School".to_owned(), Some(key("root")));
    Record::Group(Group {
        key: key(id),
        group_type,
        level: 1,
        name: name.to_owned(),
        parent,
        details: Details::default(),
    })
}

fn course(title: &str) -> Record {
    let (code, template) = (Some("MAT".to_owned()), Some(key("template")));
    Record::Course(Course {
        key: key("c"),
        title: title.to_owned(),
        code,
        template,
        parent: Some(key("s")),
        details: Details::default(),
    })
}

fn member(of: &str, person: &str, role: Role) -> Record {
    let (begin, end) = (Some("2024-08-19".parse().unwrap()), None);
    Record::Membership(Membership {
        group: key(of),
        person: key(person),
        role,
        begin,
        end,
        details: Details::default(),
    })
}

fn update(from: Record, to: Record) -> Change {
    Change::Update { fields: from.changed_fields(&to), from: Box::new(from), to }
}

/// A school, a course in it, a teacher and a student.
fn school() -> Vec<Change> {
    [
        group("s", "Nes skole"),
        person("p1", "Kari"),
        person("p2", "Ola"),
        course("Maths"),
        member("s", "p1", Role::Learner),
        member("c", "p1", Role::Instructor),
        member("c", "p2", Role::Learner),
    ]
    .map(Change::Create)
    .to_vec()
}

fn course_goes() -> Vec<Change> {
    [course("Maths"), member("c", "p1", Role::Instructor), member("c", "p2", Role::Learner)]
        .map(Change::Delete)
        .to_vec()
}

fn strings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

/// One test per engine of one scenario.
macro_rules! on_both_engines {
    ($($scenario:ident)*) => {$(
        mod $scenario {
            #[tokio::test]
            async fn on_sqlite() {
                super::$scenario(super::Ground::sqlite().await).await;
            }
            #[tokio::test]
            async fn on_postgres() {
                super::$scenario(super::Ground::postgres().await).await;
            }
        }
    )*};
}

on_both_engines! {
    a_batch_that_comes_again_changes_nothing
    a_lost_claim_writes_nothing
    persons_go_to_the_trash_and_come_back
    an_archived_course_keeps_its_participants
    a_course_that_becomes_a_group_hands_its_members_over
    a_group_that_becomes_a_course_keeps_its_members
    without_archiving_a_course_lives_on
    a_course_whose_group_comes_back_stays_archived
    a_manual_course_whose_group_comes_back_is_connected_again
    a_course_unarchived_by_hand_gets_no_synchronisation
    persons_are_told_with_their_schools_and_who_made_them
    a_person_made_by_hand_is_the_integrations_once_the_roster_has_its_key
    memberships_made_by_people_are_left_alone
    counts_are_by_profile_and_type
    details_are_kept_and_changed
    a_value_that_cannot_be_kept_is_refused_and_nothing_stays
}

// DOMAIN I5
async fn a_batch_that_comes_again_changes_nothing(ground: Ground) {
    let updates = [
        update(group("s", "Nes skole"), group("s", "Nes ungdomsskole")),
        update(person("p1", "Kari"), person("p1", "Karin")),
        update(course("Maths"), course("Mathematics")),
        update(member("s", "p1", Role::Learner), member("s", "p1", Role::Mentor)),
    ];
    let deletes = [
        member("s", "p1", Role::Mentor),
        course("Mathematics"),
        person("p2", "Ola"),
        group("s", "Nes ungdomsskole"),
    ]
    .map(Change::Delete);
    let cases = [
        (school(), Applied { created: 7, ..Applied::default() }),
        (updates.to_vec(), Applied { updated: 4, ..Applied::default() }),
        (deletes.to_vec(), Applied { deleted: 4, ..Applied::default() }),
    ];
    for (batch, first) in cases {
        assert_eq!(ground.apply(&batch).await, first);
        let again = Applied { unchanged: batch.len() as u64, ..Applied::default() };
        assert_eq!(ground.apply(&batch).await, again);
    }
}

fn with_phone(id: &str, phone: Option<&str>) -> Record {
    let Record::Person(mut person) = person(id, "Kari") else { unreachable!("a person is made") };
    person.details = PersonDetails { phone: phone.map(str::to_owned), ..PersonDetails::default() }.into();
    Record::Person(person)
}

// DOMAIN I1
async fn details_are_kept_and_changed(ground: Ground) {
    let Record::Course(mut maths) = course("Maths") else { unreachable!("a course is made") };
    maths.details =
        CourseDetails { terms: vec![key("H2024"), key("V2025")], ..CourseDetails::default() }.into();
    let created = [with_phone("p1", Some("22")), with_phone("p2", None), Record::Course(maths)];
    assert_eq!(ground.apply(&created.map(Change::Create)).await.created, 3);
    assert_eq!(ground.pairs(PHONES).await, strings(&[("p1", "22"), ("p2", "no details")]));
    assert_eq!(ground.pairs(TERMS).await, strings(&[("c", "H2024")]));
    for (from, to, expected) in [(Some("22"), Some("33"), "33"), (Some("33"), None, "no details")] {
        let update = [update(with_phone("p1", from), with_phone("p1", to))];
        assert_eq!(ground.apply(&update).await, Applied { updated: 1, ..Applied::default() });
        assert_eq!(ground.pairs(PHONES).await, strings(&[("p1", expected), ("p2", "no details")]));
        assert_eq!(ground.apply(&update).await, Applied { unchanged: 1, ..Applied::default() });
    }
}

async fn a_lost_claim_writes_nothing(ground: Ground) {
    for (generation, state) in [(GENERATION + 1, "running"), (GENERATION, "retrying")] {
        let mut tx = ground.ledger.db().begin().await.unwrap();
        execute!(tx.on(), MOVE_JOB, ground.job, generation, state).unwrap();
        tx.commit().await.unwrap();
        let refused = ground.site.apply(&ground.customer, &school(), &proof_of(ground.job, GENERATION)).await;
        assert!(matches!(refused, Err(SiteError::Fenced { .. })), "{refused:?}");
    }
    let counts = ground.site.counts(&ground.customer.id).await.unwrap();
    assert_eq!(counts, rollover_jobs::ports::SiteCounts::default());
}

async fn persons_go_to_the_trash_and_come_back(ground: Ground) {
    ground.apply(&school()).await;
    assert_eq!(ground.apply(&[Change::Delete(person("p2", "Ola"))]).await.deleted, 1);
    assert_eq!(ground.pairs(PERSONS).await, strings(&[("Kari", "active"), ("Ola", "trashed")]));
    assert_eq!(ground.site.counts(&ground.customer.id).await.unwrap().persons["Student"], 1);

    let back = [Change::Create(person("p2", "Olav"))];
    assert_eq!(ground.apply(&back).await, Applied { created: 1, ..Applied::default() });
    assert_eq!(ground.pairs(PERSONS).await, strings(&[("Kari", "active"), ("Olav", "active")]));
    assert_eq!(ground.apply(&back).await, Applied { unchanged: 1, ..Applied::default() });
}

// DOMAIN C2
async fn an_archived_course_keeps_its_participants(ground: Ground) {
    ground.apply(&school()).await;
    let manual = strings(&[("p1", "manual"), ("p1", "integration"), ("p2", "manual")]);
    // In one batch, and one change at a time as a replay may cut it.
    let one_by_one = course_goes().into_iter().map(|change| vec![change]);
    for batch in std::iter::once(course_goes()).chain(one_by_one) {
        ground.apply(&batch).await;
        assert_eq!(ground.course().await, ("archived".to_owned(), false, "integration".to_owned()));
        assert_eq!(ground.pairs(MADE_BY).await, manual);
    }
    let counts = ground.site.counts(&ground.customer.id).await.unwrap();
    assert_eq!((counts.courses_active, counts.courses_archived, counts.memberships), (0, 1, 3));
}

/// The key stays and the course data go: the members are the new group's, and leave with the roster.
async fn a_course_that_becomes_a_group_hands_its_members_over(ground: Ground) {
    ground.apply(&school()).await;
    let becomes = [Change::Create(group("c", "Maths")), Change::Delete(course("Maths"))];
    ground.apply(&becomes).await;
    assert!(ground.pairs(MADE_BY).await.iter().all(|(_, made_by)| made_by == "integration"));
    let leaves = [Change::Delete(member("c", "p2", Role::Learner))];
    assert_eq!(ground.apply(&leaves).await, Applied { deleted: 1, ..Applied::default() });
}

/// The key stays and course data come: the members are the course's participants.
async fn a_group_that_becomes_a_course_keeps_its_members(ground: Ground) {
    let group_with_members = [group("c", "Maths"), person("p1", "Kari"), member("c", "p1", Role::Instructor)];
    ground.apply(&group_with_members.map(Change::Create)).await;
    let becomes = [Change::Create(course("Maths")), Change::Delete(group("c", "Maths"))];
    ground.apply(&becomes).await;
    assert_eq!(ground.pairs(MADE_BY).await, strings(&[("p1", "integration")]));
}

// DOMAIN C3
async fn without_archiving_a_course_lives_on(mut ground: Ground) {
    ground.customer.settings.course_archiving = false;
    ground.apply(&school()).await;
    assert_eq!(
        ground.apply(&course_goes()).await,
        Applied { deleted: 1, unchanged: 2, ..Applied::default() }
    );
    assert_eq!(ground.course().await, ("active".to_owned(), false, "manual".to_owned()));
    let made_by = strings(&[("p1", "manual"), ("p1", "integration"), ("p2", "manual")]);
    assert_eq!(ground.pairs(MADE_BY).await, made_by);
}

// DOMAIN C4
async fn a_course_whose_group_comes_back_stays_archived(ground: Ground) {
    ground.apply(&school()).await;
    ground.apply(&course_goes()).await;
    let back = [
        person("p3", "Siri"),
        course("Maths"),
        member("c", "p2", Role::Learner),
        member("c", "p3", Role::Learner),
    ]
    .map(Change::Create);
    let once = Applied { created: 3, updated: 1, ..Applied::default() };
    assert_eq!(ground.apply(&back).await, once);
    assert_eq!(ground.course().await, ("archived".to_owned(), true, "integration".to_owned()));
    // Old participants stay; whom the roster names is the integration's.
    let made_by =
        strings(&[("p1", "manual"), ("p1", "integration"), ("p2", "integration"), ("p3", "integration")]);
    assert_eq!(ground.pairs(MADE_BY).await, made_by);
    assert_eq!(ground.apply(&back).await, Applied { unchanged: 4, ..Applied::default() });
}

// DOMAIN C3, C4
async fn a_manual_course_whose_group_comes_back_is_connected_again(mut ground: Ground) {
    ground.customer.settings.course_archiving = false;
    ground.apply(&school()).await;
    ground.apply(&course_goes()).await;
    let back = [course("Maths 9"), member("c", "p2", Role::Learner)].map(Change::Create);
    ground.apply(&back).await;
    assert_eq!(ground.course().await, ("active".to_owned(), true, "integration".to_owned()));
    let made_by = strings(&[("p1", "manual"), ("p1", "integration"), ("p2", "integration")]);
    assert_eq!(ground.pairs(MADE_BY).await, made_by);
}

// DOMAIN C4
async fn a_course_unarchived_by_hand_gets_no_synchronisation(ground: Ground) {
    ground.apply(&school()).await;
    ground.apply(&course_goes()).await;
    let mut tx = ground.ledger.db().begin().await.unwrap();
    execute!(tx.on(), UNARCHIVE).unwrap();
    tx.commit().await.unwrap();
    let unarchived = ("active".to_owned(), false, "integration".to_owned());
    let manual = strings(&[("p1", "manual"), ("p1", "integration"), ("p2", "manual")]);
    // Whatever a roster without its group brings: the course and its participants stay as people have them.
    ground.apply(&course_goes()).await;
    assert_eq!(ground.course().await, unarchived);
    ground.apply(&[update(person("p2", "Ola"), person("p2", "Olav"))]).await;
    assert_eq!((ground.course().await, ground.pairs(MADE_BY).await), (unarchived, manual));
    // With its group it is synchronised again, and stays as a person left it: unarchived.
    ground.apply(&[course("Maths"), member("c", "p2", Role::Learner)].map(Change::Create)).await;
    assert_eq!(ground.course().await, ("active".to_owned(), true, "integration".to_owned()));
}

fn by_hand(key: Option<SyncKey>, profile: Profile, group: Option<&str>) -> NewPerson {
    NewPerson {
        key,
        given: "Kari".to_owned(),
        family: "Berg".to_owned(),
        birth_date: Some("2010-02-28".parse().unwrap()),
        profile,
        group: group.map(str::to_owned),
        by: "Rektor Moe".to_owned(),
    }
}

// DOMAIN K1, K3
async fn persons_are_told_with_their_schools_and_who_made_them(ground: Ground) {
    ground.apply(&school()).await;
    let class = Record::Group(Group {
        key: key("8a"),
        group_type: "Class".to_owned(),
        level: 2,
        name: "8A".to_owned(),
        parent: Some(key("s")),
        details: Details::default(),
    });
    ground.apply(&[class, member("8a", "p2", Role::Learner)].map(Change::Create)).await;
    let (id, site) = (&ground.customer.id, &ground.site);
    let taken = by_hand(Some(key("p1")), Profile::Student, None);
    assert_eq!(site.add_person(id, &taken).await.unwrap(), Added::KeyTaken);
    let nowhere = by_hand(None, Profile::Student, Some("Vik skole"));
    assert_eq!(site.add_person(id, &nowhere).await.unwrap(), Added::NoSuchGroup);
    for person in
        [by_hand(None, Profile::Student, Some("8A")), by_hand(Some(key("a")), Profile::Administrator, None)]
    {
        assert!(matches!(site.add_person(id, &person).await.unwrap(), Added::Account(_)));
    }
    ground.apply(&[Change::Delete(person("p1", "Kari"))]).await;
    let all = site.persons(id, Persons::All, None).await.unwrap();
    let told: Vec<(bool, &str, &[String], &str)> = all
        .iter()
        .map(|person| {
            (person.key.is_some(), person.profile.as_str(), person.schools.as_slice(), &*person.created_by)
        })
        .collect();
    let nes = ["Nes skole".to_owned()];
    assert_eq!(
        told,
        [
            (true, "Student", &nes[..], "the integration"),
            (false, "Student", &nes[..], "Rektor Moe"),
            (true, "Administrator", &[][..], "Rektor Moe"),
        ]
    );
    let rest = site.persons(id, Persons::All, Some(all[0].account)).await.unwrap();
    assert_eq!(rest, all[1..]);
    assert_eq!(site.persons(id, Persons::WithoutKey, None).await.unwrap(), all[1..2]);
    assert!(site.persons(id, Persons::All, Some(all[2].account)).await.unwrap().is_empty());
}

// DOMAIN K3
async fn a_person_made_by_hand_is_the_integrations_once_the_roster_has_its_key(ground: Ground) {
    let by_hand = by_hand(Some(key("p1")), Profile::Administrator, None);
    assert!(matches!(
        ground.site.add_person(&ground.customer.id, &by_hand).await.unwrap(),
        Added::Account(_)
    ));
    let sent = [Change::Create(person("p1", "Kari"))];
    assert_eq!(ground.apply(&sent).await, Applied { updated: 1, ..Applied::default() });
    let all = ground.site.persons(&ground.customer.id, Persons::All, None).await.unwrap();
    assert_eq!((all.len(), &all[0].profile, &*all[0].created_by), (1, &Profile::Student, "Rektor Moe"));
}

async fn memberships_made_by_people_are_left_alone(ground: Ground) {
    ground.apply(&school()).await;
    let mut tx = ground.ledger.db().begin().await.unwrap();
    execute!(tx.on(), MAKE_MANUAL, "p1").unwrap();
    tx.commit().await.unwrap();
    let deletes = [member("s", "p1", Role::Learner), member("c", "p2", Role::Learner)].map(Change::Delete);
    assert_eq!(ground.apply(&deletes).await, Applied { deleted: 1, unchanged: 1, ..Applied::default() });
    assert_eq!(ground.pairs(MADE_BY).await, strings(&[("p1", "manual"), ("p1", "manual")]));
    // With its group such a membership goes too; the course's stays.
    ground.apply(&[Change::Delete(group("s", "Nes skole"))]).await;
    assert_eq!(ground.pairs(MADE_BY).await, strings(&[("p1", "manual")]));
}

async fn counts_are_by_profile_and_type(ground: Ground) {
    ground.apply(&school()).await;
    let counts = ground.site.counts(&ground.customer.id).await.unwrap();
    assert_eq!(counts.persons, [("Student".to_owned(), 2)].into());
    assert_eq!(counts.groups, [("School".to_owned(), 1)].into());
    assert_eq!((counts.memberships, counts.courses_active, counts.courses_archived), (3, 1, 0));
    let course = &ground.site.courses(&ground.customer.id, 10).await.unwrap()[0];
    assert_eq!((course.title.as_str(), course.participants), ("Maths", 2));
}

async fn a_value_that_cannot_be_kept_is_refused_and_nothing_stays(mut ground: Ground) {
    // A customer that is not there: every row breaks a foreign key.
    ground.customer.id = "elsewhere".parse().unwrap();
    let refused = ground.site.apply(&ground.customer, &school(), &proof_of(ground.job, GENERATION)).await;
    let Err(SiteError::Refused { kind: "group", why, .. }) = refused else { panic!("{refused:?}") };
    assert!(why.starts_with("database error"), "{why}");
    assert!(!why.contains("Nes skole"), "{why}");
}
