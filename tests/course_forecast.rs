//! What the next import makes of each course is said before it runs, and is what then happens (DOMAIN C5).

#![cfg(test)]

mod harness;

use chrono::NaiveDate;
use harness::{On, TestApp, on_both_engines};
use rollover::{ledger::NewJob, site::embedded::EmbeddedSite};
use rollover_jobs::{
    CourseForecast, Customer, ForecastAsk, JobContext, JobFacts, forecast_courses,
    ports::{Author, Outcome, RunRecord, Window},
};
use rollover_roster::course_fate::{CourseEnd, CourseFate};
use serde_json::json;
use std::fs;

on_both_engines!(
    each_course_ends_as_the_forecast_says,
    a_window_and_the_guard_hold_courses,
    a_course_whose_group_comes_back_is_told_as_connected_again,
);

const SPRING: &str = "2024-04-02T00:30:00Z";
const JULY: &str = "2024-07-02T00:30:00Z";

/// A school with courses, each with one participant.
fn roster(courses: &[&str]) -> String {
    let key = |id: &str| format!("<sourcedid><source>sas</source><id>{id}</id></sourcedid>");
    let group = |id: &str, level: u8, kind: &str, up: &str, data: &str| {
        format!(
            "<group>{}<grouptype><scheme>sas</scheme><typevalue level=\"{level}\">{kind}</typevalue></grouptype>
            <description><short>{id}</short></description><relationship relation=\"1\">{}<label>up</label>
            </relationship>{data}</group>",
            key(id),
            key(up)
        )
    };
    let course = |id: &&str| group(id, 2, "Course", "Nes skole", "<extension><course/></extension>");
    let member = |id: &&str| {
        let role = "<idtype>1</idtype><role roletype=\"01\"><status>1</status></role>";
        format!("<membership>{}<member>{}{role}</member></membership>", key(id), key("kari"))
    };
    format!(
        "<enterprise><properties><datasource>sas</datasource></properties>
        <person>{}<name><n><given>Kari</given><family>Berg</family></n></name>
        <institutionrole primaryrole=\"Yes\" institutionroletype=\"Student\"/></person>{}{}{}{}</enterprise>",
        key("kari"),
        group("root", 0, "Site", "root", ""),
        group("Nes skole", 1, "School", "root", ""),
        courses.iter().map(course).collect::<String>(),
        courses.iter().map(member).collect::<String>()
    )
}

fn lay(test: &TestApp, courses: &[&str]) {
    let folder = test.app.settings.roster_folder().join("nes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("roster.part"), roster(courses)).unwrap();
    fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
}

async fn import(test: &TestApp, courses: &[&str]) -> RunRecord {
    lay(test, courses);
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    let job = test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap()[0];
    test.season.settle().await.unwrap();
    let run = test.ledger().run_of_job(job).await.unwrap().expect("the attempt is recorded").record.0;
    assert_eq!(run.outcome, Outcome::Completed, "{:?}", run.failure);
    run
}

async fn forecast(test: &TestApp, on: Option<&str>) -> CourseForecast {
    let facts = JobFacts { id: 0, task: None, due_at: test.now(), attempt: 1, round: 0 };
    let nes = test.ledger().customer("nes").await.unwrap();
    let cx = JobContext::dry_run(facts, nes, test.app.engine.ports.clone());
    let on = on.map(|day| day.parse::<NaiveDate>().unwrap());
    forecast_courses(&cx, ForecastAsk { on, ..ForecastAsk::default() }).await.unwrap()
}

fn fates(forecast: &CourseForecast) -> Vec<(&str, CourseFate)> {
    let mut fates: Vec<_> =
        forecast.courses.iter().map(|course| (course.title.as_str(), course.fate)).collect();
    fates.sort_unstable();
    fates
}

/// Title and state of every course at the site.
async fn at_site(test: &TestApp, customer: &Customer) -> Vec<(String, String, bool)> {
    let site = EmbeddedSite::new(test.ledger().db().clone());
    let courses = site.courses(&customer.id, 10).await.unwrap();
    courses.into_iter().map(|course| (course.title, course.state, course.attached)).collect()
}

// DOMAIN C2, C3, C5
async fn each_course_ends_as_the_forecast_says(on: On) {
    for (archiving, fate, end, state) in [
        (true, CourseFate::Archived, CourseEnd::Archived, "archived"),
        (false, CourseFate::Detached, CourseEnd::Detached, "active"),
    ] {
        let test = TestApp::new(on, SPRING).await;
        let mut nes = test.customer("nes", &["courses"]).await;
        nes.settings.course_archiving = archiving;
        test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
        import(&test, &["Latin", "Maths"]).await;
        lay(&test, &["Maths", "Music"]);
        let told = forecast(&test, None).await;
        let expected = [("Latin", fate), ("Maths", CourseFate::Kept), ("Music", CourseFate::New)];
        assert_eq!(fates(&told), expected);
        assert!(told.courses.iter().all(|course| course.school == "Nes skole"));
        assert_eq!((told.platform_archives, told.customer_archives), (true, archiving));

        let run = import(&test, &["Maths", "Music"]).await;
        assert_eq!((run.courses_gone.end, run.courses_gone.count), (end, 1));
        assert_eq!(run.courses_gone.titles, ["Latin"]);
        let latin = &at_site(&test, &nes).await[0];
        assert_eq!(latin, &("Latin".to_owned(), state.to_owned(), false));
    }
}

// DOMAIN C1, C5, P3
async fn a_window_and_the_guard_hold_courses(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let nes = test.customer("nes", &["courses"]).await;
    import(&test, &["Latin", "Maths"]).await;
    test.play(JULY).await;
    let window = Window { start: "2024-06-22".parse().unwrap(), end: "2024-08-18".parse().unwrap() };
    let by = Author::Person { name: "Kari".to_owned() };
    test.ledger().start_delay_delete(test.now(), &nes.id, window, &by).await.unwrap();
    lay(&test, &["Maths", "Music"]);
    let kept = ("Maths", CourseFate::Kept);
    let now = [("Latin", CourseFate::Waits), kept, ("Music", CourseFate::HeldBack)];
    assert_eq!(fates(&forecast(&test, None).await), now);
    let then = [("Latin", CourseFate::Detached), kept, ("Music", CourseFate::New)];
    assert_eq!(fates(&forecast(&test, Some("2024-08-19")).await), then);

    let run = import(&test, &["Maths", "Music"]).await;
    assert_eq!((run.courses_gone.count, run.held_courses), (0, 1));
    // What waits is told from the import database too, once the file is put away.
    assert_eq!(fates(&forecast(&test, None).await), now);
}

// DOMAIN C4, C5
async fn a_course_whose_group_comes_back_is_told_as_connected_again(on: On) {
    let test = TestApp::new(on, SPRING).await;
    let mut nes = test.customer("nes", &["courses"]).await;
    nes.settings.course_archiving = true;
    test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
    import(&test, &["Latin", "Maths"]).await;
    import(&test, &["Maths"]).await;
    let archived = |course: &CourseForecast| (course.courses[0].fate, course.courses[0].archived);
    let told = forecast(&test, None).await;
    assert_eq!(fates(&told), [("Latin", CourseFate::OnItsOwn), ("Maths", CourseFate::Kept)]);
    lay(&test, &["Latin", "Maths"]);
    assert_eq!(archived(&forecast(&test, None).await), (CourseFate::Reconnected, true));
    import(&test, &["Latin", "Maths"]).await;
    assert_eq!(at_site(&test, &nes).await[0], ("Latin".to_owned(), "archived".to_owned(), true));

    import(&test, &["Maths"]).await;
    test.execute("UPDATE site_course SET state = 'active' WHERE title = 'Latin'").await;
    let told = forecast(&test, None).await;
    assert_eq!(fates(&told), [("Latin", CourseFate::UnarchivedByHand), ("Maths", CourseFate::Kept)]);
    import(&test, &["Maths", "Music"]).await;
    assert_eq!(at_site(&test, &nes).await[0], ("Latin".to_owned(), "active".to_owned(), false));
}
