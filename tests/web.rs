//! The pages over a real port, on both databases: what they show, who may see them, and what they survive.

#![cfg(test)]

mod harness;

use futures::StreamExt;
use harness::{Act, On, TestApp, on_both_engines, support::http_client};
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use rollover::{
    ledger::{JobFilter, NewFilterDecision, NewJob, QueuedMail, TaskFilter},
    plans,
    web::{Access, Web, router, serve},
};
use rollover_jobs::{
    Customer,
    plan::Trigger,
    ports::{Applied, Author, CoursesGone, Outcome, RunRecord, SiteCounts, Window},
};
use rollover_roster::{
    course_fate::CourseEnd,
    diff::{Action, ChangeCounts},
    filter::{Breach, Limit, Part},
    invent::{Invention, Municipality},
    model::Kind,
    snapshot::SnapshotId,
    write::write_imse,
};
use serde_json::json;
use tokio_util::sync::{CancellationToken, DropGuard};

const NOW: &str = "2024-04-15T08:00:00Z";
const HOSTILE: &str = "Nes <script>alert(1)</script> & \"Co\"";
const USER: &str = "team";
const PASSWORD: &str = "a long night with much coffee";

on_both_engines!(
    every_page_renders_for_a_season,
    everything_asks_for_sign_in_first,
    a_session_ends_after_its_hours_and_by_sign_out,
    a_wrong_password_is_refused_and_too_many_are_stopped,
    nobody_is_sent_to_another_site,
    forms_of_other_sites_are_refused,
    open_pages_are_for_this_machine,
    what_does_not_exist_is_a_page_too,
    assets_load_under_their_hash,
    the_stream_tells_of_a_change_and_ends_on_stop,
    a_stream_catches_up_with_what_it_missed,
    the_fleet_can_be_narrowed,
    a_roster_that_is_late_stands_on_the_fleet_and_the_customers_page,
    a_failed_import_needs_nobody_once_a_later_one_made_it_good,
    what_waits_is_a_page_with_its_forecast,
    the_courses_of_a_customer_are_a_page,
    rosters_that_are_not_here_are_said_without_internals,
    a_ledger_that_does_not_answer_is_said_without_internals,
);

/// Pages that are being served.
struct Site {
    base: String,
    client: Client,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
    _stop: DropGuard,
}

impl Site {
    async fn open(test: &TestApp) -> Self {
        Self::with(test, Access::Open, "").await
    }

    async fn closed(test: &TestApp) -> Self {
        let access = Access::Password { user: USER.to_owned(), password: PASSWORD.to_owned() };
        Self::with(test, access, "https://pages.example").await
    }

    async fn with(test: &TestApp, access: Access, base_url: &str) -> Self {
        let web = Web {
            ledger: test.ledger().clone(),
            queue: None,
            ports: test.app.engine.ports.clone(),
            clock: test.app.clock.clone(),
            access,
            base_url: base_url.to_owned(),
            banner: Some("Demonstration <b>".to_owned()),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve(listener, router(web), stop.clone()));
        let client = http_client().redirect(Policy::none()).build().unwrap();
        Self { base, client, ended, _stop: stop.clone().drop_guard(), stop }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    async fn get_as(&self, cookie: &str, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).header("cookie", cookie).send().await.unwrap()
    }

    /// The text of a page that is there.
    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        check_headers(path, &answer);
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        let text = answer.text().await.unwrap();
        assert_whole(path, &text);
        text
    }

    async fn sign_in(&self, password: &str, return_to: &str) -> Response {
        let form = format!("user={USER}&password={}&return={return_to}", password.replace(' ', "+"));
        let request = self.client.post(format!("{}/sign-in", self.base)).body(form);
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    /// The cookie of a fresh session.
    async fn session(&self) -> String {
        let answer = self.sign_in(PASSWORD, "/").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn check_headers(path: &str, answer: &Response) {
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action \
         'self'; base-uri 'none'; frame-ancestors 'none'",
        "{path}"
    );
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    assert_eq!(answer.headers()["referrer-policy"], "same-origin", "{path}");
}

/// Nothing inline that the policy would stop, nothing unescaped, one heading, one main part.
fn assert_whole(path: &str, text: &str) {
    assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"), "{path}");
    assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick="), "{path}");
    assert!(!text.contains("<script>") && !text.contains("alert(1)</script>"), "{path}");
    assert_eq!(text.matches("<h1").count(), 1, "{path}");
    assert_eq!(text.matches("<main").count(), 1, "{path}");
    let ids: Vec<&str> = text.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let unique: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{path}: {ids:?}");
    for link in text.split("href=\"/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(!link.contains(['<', ' ', '"']), "{path}: {link}");
    }
}

/// Two customers in the middle of their summer, with runs, decisions, a held step and a hostile name.
async fn season(on: On) -> TestApp {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &["absence", "behaviour", "courses"]).await;
    let nes = Customer { name: HOSTILE.to_owned(), ..nes };
    test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
    let fjord = test.customer("fjord", &["summer_school"]).await;
    let fjord = Customer { country: "SE".parse().unwrap(), mis: "skolsas".to_owned(), ..fjord };
    test.ledger().update_customer(test.now(), "test", &fjord).await.unwrap();
    for (customer, template) in
        [(&nes, "eoy"), (&nes, "bts"), (&fjord, "eoy"), (&fjord, "summer_school"), (&fjord, "bts")]
    {
        plans::create(test.ledger(), test.now(), "Ingrid", customer, template, 2024).await.unwrap();
    }
    test.play("2024-05-20T09:00:00Z").await;
    let waiting = TaskFilter { state: Some("waiting".to_owned()), limit: 100, ..TaskFilter::default() };
    let first = test.ledger().tasks(&waiting).await.unwrap().remove(0);
    test.ledger().sign_off(test.now(), "Ingrid", first.id, "by phone <b>with Kari</b>").await.unwrap();
    record_runs(&test, &nes).await;
    let hand = Trigger::Hand;
    test.scripted_task("nes", hand, "2024-05-20T09:00:00Z", &[Act::Abort]).await;
    test.play("2024-06-24T09:00:00Z").await;
    test.scripted_job(Some("nes"), &[Act::Fail]).await;
    test.season.settle().await.unwrap();
    test
}

async fn record_runs(test: &TestApp, customer: &Customer) {
    let decision = NewFilterDecision {
        customer: customer.id.clone(),
        roster: roster(),
        limits: None,
        slice: None,
        customer_person: "Kari".to_owned(),
        support_person: "Ingrid".to_owned(),
        reason: "change of school year".to_owned(),
    };
    let decision = test.ledger().decide_filter(test.now(), &decision).await.unwrap();
    for (outcome, used_decision) in [(Outcome::Aborted, None), (Outcome::Completed, Some(decision))] {
        let job = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
        let record = RunRecord { used_decision, ..record(job, outcome, test) };
        let render = |id: i64| {
            vec![QueuedMail {
                kind: "import_status",
                recipient: "it@customer.example".to_owned(),
                message_id: format!("run-{id}"),
                subject: format!("import {id} of {HOSTILE}"),
                text_body: "see <the page>".to_owned(),
                html_body: String::new(),
            }]
        };
        let send = |mail: i64| NewJob {
            task: None,
            customer: Some("nes".to_owned()),
            kind: "send_status_mail".to_owned(),
            args: json!({ "mail": mail }),
            lane: None,
            due_at: test.now(),
        };
        let proof = test.claim(job).await;
        test.ledger().record_run(test.now(), customer, &record, &proof, render, send).await.unwrap();
        test.give_back(job).await;
    }
}

fn roster() -> SnapshotId {
    "ab".repeat(32).parse().unwrap()
}

fn record(job: i64, outcome: Outcome, test: &TestApp) -> RunRecord {
    let aborted = outcome == Outcome::Aborted;
    let mut planned = ChangeCounts::default();
    planned.person.delete = 214;
    let breach = Breach {
        parts: vec![Part { school: "Strand <b>skole</b>".to_owned(), count: 180 }],
        ..Breach::new(Kind::Person, Action::Delete, 214, 1_201, Limit::percent(5.0))
    };
    RunRecord {
        job,
        round: 0,
        outcome,
        started_at: test.now(),
        ended_at: test.now() + chrono::Duration::seconds(74),
        roster_name: Some("roster.xml".to_owned()),
        roster_arrived_at: None,
        roster: Some(roster()),
        mirror: (!aborted).then(roster),
        before: SiteCounts { memberships: 3_000, ..SiteCounts::default() },
        after: SiteCounts { memberships: if aborted { 3_000 } else { 2_786 }, ..SiteCounts::default() },
        planned,
        applied: Applied::default(),
        postponed_deletes: if aborted { ChangeCounts::default() } else { planned },
        postponed_until: (!aborted).then(|| "2024-08-18".parse().unwrap()),
        held_courses: u64::from(!aborted),
        held_until: (!aborted).then(|| "2024-08-19".parse().unwrap()),
        not_released: ChangeCounts::default(),
        start_not_known: false,
        breaches: if aborted { vec![breach] } else { Vec::new() },
        shrunken: Vec::new(),
        read_errors: None,
        failure: None,
        used_decision: None,
        under_way: None,
        applied_in_part: false,
        stood: None,
        undo_of: None,
        refused: None,
        concessions: Default::default(),
        predicted_duplicates: if aborted { 0 } else { 2 },
        courses_gone: if aborted {
            CoursesGone::default()
        } else {
            CoursesGone { end: CourseEnd::Archived, count: 3, titles: vec!["Latin <b>8A".to_owned()] }
        },
    }
}

async fn every_page_renders_for_a_season(on: On) {
    let test = season(on).await;
    let site = Site::open(&test).await;
    let fleet = site.page("/").await;
    assert!(fleet.contains("Demonstration &#60;b&#62;"), "the banner is escaped");
    for shown in
        ["summer 2024", "End of year", "Back to school", "Summer school", "it would do harm", "scripted"]
    {
        assert!(fleet.contains(shown), "{shown}");
    }
    assert!(fleet.contains("aria-label=\"waiting\"") && fleet.contains("aria-label=\"done\""));

    let customer = site.page("/customers/nes").await;
    let paused =
        ["Europe/Oslo", "<svg class=\"timeline\"", "last teaching day", "Paused", "by phone &#60;b&#62;with"];
    for shown in paused.into_iter().chain(["headteacher", "held back until", "the Filter is off for one run"])
    {
        assert!(customer.contains(shown), "{shown}");
    }
    assert!(site.page("/customers/fjord?year=2024").await.contains("Delay delete"));

    let jobs = test.ledger().jobs(&JobFilter { limit: 1_000, ..JobFilter::default() }).await.unwrap();
    let mut kinds = std::collections::HashSet::new();
    for job in jobs.iter().filter(|job| kinds.insert((job.kind.clone(), job.state))) {
        assert!(site.page(&format!("/jobs/{}", job.id)).await.contains("History"), "{}", job.kind);
    }
    for customer in ["nes", "fjord"] {
        let filter = TaskFilter { customer: Some(customer.to_owned()), limit: 100, ..TaskFilter::default() };
        for task in test.ledger().tasks(&filter).await.unwrap() {
            let page = site.page(&format!("/tasks/{}", task.id)).await;
            let title = task.title.replace('\'', "&#39;");
            assert!(page.contains(&title), "{title}");
        }
    }
    for path in ["/jobs", "/jobs?state=done&customer=nes&kind=import_roster", "/jobs?state=&customer=&kind="]
    {
        site.page(path).await;
    }

    let runs = test.ledger().runs_of_customer("nes", 200).await.unwrap();
    let of = |outcome: &str| runs.iter().find(|run| run.outcome == outcome).unwrap().id;
    let aborted = site.page(&format!("/runs/{}", of("aborted"))).await;
    for shown in
        ["214 deletes of persons", "Strand &#60;b&#62;skole", "elsewhere", ">34<", "see &#60;the page&#62;"]
    {
        assert!(aborted.contains(shown), "{shown}");
    }
    let completed = site.page(&format!("/runs/{}", of("completed"))).await;
    let gone = ["for the archive", "Latin &#60;b&#62;8A", "And 2 more", "rollover customer keys nes"];
    for shown in ["by design", "Sun 18 Aug 2024", "−214", "used decision"].into_iter().chain(gone) {
        assert!(completed.contains(shown), "{shown}");
    }
    site.page(&format!("/runs/{}", of("no_roster"))).await;
}

async fn everything_asks_for_sign_in_first(on: On) {
    let test = TestApp::new(on, NOW).await;
    test.customer("nes", &[]).await;
    let job = test.scripted_job(Some("nes"), &[Act::Succeed]).await;
    let site = Site::closed(&test).await;
    let job = format!("/jobs/{job}");
    for path in [
        "/",
        "/customers/nes",
        "/customers/nes/postponed",
        "/customers/nes/courses",
        "/jobs?state=done",
        job.as_str(),
        "/tasks/1",
        "/runs/1",
        "/no/such/page",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.starts_with("/sign-in?return=%2F") || to.starts_with("/sign-in?return=/"), "{to}");
        check_headers(path, &answer);
        assert!(answer.text().await.unwrap().is_empty(), "{path}");
    }
    assert_eq!(site.get("/live").await.status(), StatusCode::UNAUTHORIZED);
    let out = site.client.post(format!("{}/sign-out", site.base)).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(site.get("/healthz").await.text().await.unwrap(), "ok");
    let form = site.page("/sign-in?return=/jobs").await;
    assert!(form.contains("name=\"return\" value=\"/jobs\""));
    assert!(!form.contains("nes"), "nothing of the ledger before sign-in");

    let answer = site.sign_in(PASSWORD, "/jobs").await;
    assert_eq!(answer.headers()["location"], "/jobs");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = site.get_as(&cookie, "/customers/nes").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("Sign out team"));

    // Over plain http the cookie must travel too.
    let access = Access::Password { user: USER.to_owned(), password: PASSWORD.to_owned() };
    let plain = Site::with(&test, access, "http://127.0.0.1").await;
    let cookie = plain.sign_in(PASSWORD, "/").await.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(!cookie.contains("Secure"), "{cookie}");
}

async fn a_session_ends_after_its_hours_and_by_sign_out(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::closed(&test).await;
    let cookie = site.session().await;
    let status = async |cookie: &str| site.get_as(cookie, "/jobs").await.status();
    assert_eq!(status(&cookie).await, StatusCode::OK);

    // Another process with the same password agrees; one with a new password does not.
    let other = Site::closed(&test).await;
    assert_eq!(other.get_as(&cookie, "/jobs").await.status(), StatusCode::OK);
    let changed = Access::Password { user: USER.to_owned(), password: "changed".to_owned() };
    let changed = Site::with(&test, changed, "").await;
    assert_eq!(changed.get_as(&cookie, "/jobs").await.status(), StatusCode::SEE_OTHER);

    let (name, value) = cookie.split_once('=').unwrap();
    for forged in [format!("{name}=99999999999"), format!("{name}={value}0"), format!("{name}=")] {
        assert_eq!(status(&forged).await, StatusCode::SEE_OTHER, "{forged}");
    }
    test.clock.advance_to(test.now() + chrono::Duration::seconds(12 * 3_600 - 1));
    assert_eq!(status(&cookie).await, StatusCode::OK);
    test.clock.advance_to(test.now() + chrono::Duration::seconds(1));
    assert_eq!(status(&cookie).await, StatusCode::SEE_OTHER);

    let cookie = site.session().await;
    let out = site.client.post(format!("{}/sign-out", site.base)).header("cookie", &cookie);
    let out = out.send().await.unwrap();
    assert_eq!(out.headers()["location"], "/sign-in");
    let gone = out.headers()["set-cookie"].to_str().unwrap();
    assert!(gone.starts_with("rollover_session=;") && gone.contains("Max-Age=0"), "{gone}");
}

async fn a_wrong_password_is_refused_and_too_many_are_stopped(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::closed(&test).await;
    for _ in 0..10 {
        let answer = site.sign_in("guess", "/").await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(!answer.headers().contains_key("set-cookie"));
        let text = answer.text().await.unwrap();
        assert!(text.contains("User or password is wrong") && !text.contains("guess"));
    }
    let answer = site.sign_in(PASSWORD, "/").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "60");
    assert!(answer.text().await.unwrap().contains("Wait a minute"));
    test.clock.advance_to(test.now() + chrono::Duration::minutes(1));
    assert_eq!(site.sign_in(PASSWORD, "/").await.status(), StatusCode::SEE_OTHER);
}

async fn nobody_is_sent_to_another_site(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::closed(&test).await;
    for wanted in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "%2F%09%2Fevil.example",
        "javascript:1",
    ] {
        let form = site.page(&format!("/sign-in?return={wanted}")).await;
        assert!(form.contains("name=\"return\" value=\"/\""), "{wanted}");
        let answer = site.sign_in(PASSWORD, wanted).await;
        assert_eq!(answer.headers()["location"], "/", "{wanted}");
    }
}

async fn forms_of_other_sites_are_refused(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::closed(&test).await;
    let cookie = site.session().await;
    let send = async |name: &str, value: &str| {
        let request = site.client.post(format!("{}/sign-out", site.base)).header("cookie", &cookie);
        request.header(name, value).send().await.unwrap().status()
    };
    for (name, value, expected) in [
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::SEE_OTHER),
        ("origin", site.base.as_str(), StatusCode::SEE_OTHER),
        ("origin", "https://pages.example", StatusCode::SEE_OTHER),
    ] {
        assert_eq!(send(name, value).await, expected, "{name}: {value}");
    }
}

async fn open_pages_are_for_this_machine(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::open(&test).await;
    let ask = async |host: &str| {
        site.client.get(format!("{}/", site.base)).header("host", host).send().await.unwrap().status()
    };
    assert_eq!(ask("localhost:8321").await, StatusCode::OK);
    assert_eq!(ask("evil.example").await, StatusCode::FORBIDDEN);
    let answer = site.get("/sign-in").await;
    assert_eq!(answer.headers()["location"], "/", "there is nothing to sign in to");
}

async fn what_does_not_exist_is_a_page_too(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::open(&test).await;
    for (path, said) in [
        ("/customers/nobody", "There is no customer nobody"),
        ("/customers/%3Cscript%3E", "There is no customer &#60;script&#62;"),
        ("/customers/nobody/postponed", "There is no customer nobody"),
        ("/customers/nobody/courses", "There is no customer nobody"),
        ("/jobs/4711", "There is no job 4711"),
        ("/tasks/4711", "There is no task 4711"),
        ("/runs/4711", "There is no import run 4711"),
        ("/jobs/one", "There is no such page"),
        ("/jobs/99999999999999999999", "There is no such page"),
        ("/nothing", "There is no such page"),
        ("/assets/../secret", "There is no such page"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        check_headers(path, &answer);
        let text = answer.text().await.unwrap();
        assert_whole(path, &text);
        assert!(text.contains(said), "{path}: {text}");
    }
    let answer = site.client.delete(format!("{}/jobs", site.base)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.text().await.unwrap().contains("takes no such request"));
    assert!(site.page("/").await.contains("There is no customer yet"));
}

async fn assets_load_under_their_hash(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::closed(&test).await;
    let page = site.page("/sign-in").await;
    let signed = site.get_as(&site.session().await, "/").await.text().await.unwrap();
    for (text, ending, kind) in [
        (&page, ".css", "text/css; charset=utf-8"),
        (&page, ".svg", "image/svg+xml"),
        (&signed, ".js", "text/javascript; charset=utf-8"),
    ] {
        let address =
            text.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(ending)).unwrap();
        let answer = site.get(address).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], kind);
        assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        check_headers(address, &answer);
        assert!(answer.text().await.unwrap().len() > 100);
        let other_hash = address.replace(|c: char| c.is_ascii_digit(), "x");
        assert_eq!(site.get(&other_hash).await.status(), StatusCode::NOT_FOUND);
    }
}

/// Reads the stream until its next event, or its end.
async fn next_event(
    stream: &mut (impl StreamExt<Item = reqwest::Result<impl AsRef<[u8]>>> + Unpin),
) -> Option<String> {
    let mut text = String::new();
    while let Some(part) = stream.next().await {
        text.push_str(std::str::from_utf8(part.ok()?.as_ref()).unwrap());
        if text.contains("event: news") && text.ends_with("\n\n") {
            return Some(text);
        }
    }
    None
}

async fn the_stream_tells_of_a_change_and_ends_on_stop(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::open(&test).await;
    let answer = site.get("/live").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = std::pin::pin!(answer.bytes_stream());
    test.scripted_job(None, &[Act::Succeed]).await;
    let event = next_event(&mut stream).await.unwrap();
    let newest = test.ledger().newest_event().await.unwrap();
    for line in ["event: news\n".to_owned(), format!("id: {newest}\n"), format!("data: {newest}\n")] {
        assert!(event.contains(&line), "{event}");
    }
    // A change that leaves no line in the history counts as well.
    test.customer("nes", &[]).await;
    assert!(next_event(&mut stream).await.is_some());
    site.stop.cancel();
    assert_eq!(next_event(&mut stream).await, None);
    site.ended.await.unwrap().unwrap();
}

async fn a_stream_catches_up_with_what_it_missed(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::open(&test).await;
    test.scripted_job(None, &[Act::Succeed]).await;
    let missed = site.get("/live?seen=0").await;
    assert!(next_event(&mut std::pin::pin!(missed.bytes_stream())).await.is_some());
    let reconnected = site.client.get(format!("{}/live", site.base)).header("last-event-id", "0");
    let reconnected = reconnected.send().await.unwrap();
    assert!(next_event(&mut std::pin::pin!(reconnected.bytes_stream())).await.is_some());
    // What another process writes is found without a wake-up.
    let newest = test.ledger().newest_event().await.unwrap();
    let watching = site.get(&format!("/live?seen={newest}")).await;
    let other = rollover::ledger::Ledger::open(&test.app.settings.ledger_url(), 2).await.unwrap();
    let job = NewJob {
        task: None,
        customer: None,
        kind: "noop".to_owned(),
        args: json!({}),
        lane: None,
        due_at: test.now(),
    };
    other.enqueue(test.now(), "other", &[job]).await.unwrap();
    assert!(next_event(&mut std::pin::pin!(watching.bytes_stream())).await.is_some());
}

async fn the_fleet_can_be_narrowed(on: On) {
    let test = season(on).await;
    let site = Site::open(&test).await;
    for (query, nes, fjord) in [
        ("?country=NO", true, false),
        ("?mis=skolsas", false, true),
        ("?state=needs_person&q=", true, true),
        ("?q=FJORD", false, true),
        ("?state=skipped", false, false),
        ("?year=&country=&mis=&state=&q=", true, true),
        ("?year=nonsense&page=77", true, true),
    ] {
        let page = site.page(&format!("/{query}")).await;
        let matrix = page.split("id=\"filter\"").nth(1).unwrap();
        assert_eq!(matrix.contains("/customers/nes\""), nes, "{query}");
        assert_eq!(matrix.contains("/customers/fjord\""), fjord, "{query}");
    }
    assert!(site.page("/?year=1999").await.contains("No customer has a plan for this summer"));
}

async fn import(test: &TestApp, municipality: &Municipality) {
    let folder = test.app.settings.roster_folder().join("nes");
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = Vec::new();
    write_imse(&mut text, &municipality.roster(), "fjordsas", &test.now().to_rfc3339()).unwrap();
    std::fs::write(folder.join("roster.part"), text).unwrap();
    std::fs::rename(folder.join("roster.part"), folder.join("roster.xml")).unwrap();
    let job = NewJob {
        task: None,
        customer: Some("nes".to_owned()),
        kind: "import_roster".to_owned(),
        args: json!({}),
        lane: Some("site"),
        due_at: test.now(),
    };
    test.ledger().enqueue(test.now(), "test", &[job]).await.unwrap();
    test.season.settle().await.unwrap();
}

/// In a window in which a school has gone from the roster.
async fn a_school_gone(on: On) -> TestApp {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &["courses"]).await;
    let mut municipality = Municipality::new(&Invention::small(3));
    import(&test, &municipality).await;
    let window = Window { start: "2024-04-01".parse().unwrap(), end: "2024-05-12".parse().unwrap() };
    let by = Author::Person { name: "Ingrid <b>".to_owned() };
    test.ledger().start_delay_delete(test.now(), &nes.id, window, &by).await.unwrap();
    municipality.lose_school();
    import(&test, &municipality).await;
    test
}

/// The figure that stands in the heading of the list.
fn listed(page: &str) -> usize {
    let heading = page.split("<h2 id=\"list\">").nth(1).unwrap();
    let count = heading.split("class=\"count\">").nth(1).unwrap();
    count.split(['<', ' ']).next().unwrap().replace(',', "").parse().unwrap()
}

// DOMAIN P4
async fn what_waits_is_a_page_with_its_forecast(on: On) {
    let test = a_school_gone(on).await;
    let site = Site::open(&test).await;
    let link = "href=\"/customers/nes/postponed\"";
    assert!(site.page("/customers/nes").await.contains(link));
    let run = test.ledger().runs_of_customer("nes", 1).await.unwrap()[0].id;
    assert!(site.page(&format!("/runs/{run}")).await.contains(link));

    let page = site.page("/customers/nes/postponed").await;
    let said = [
        "by design",
        "Ingrid &#60;b&#62;",
        "Sun 12 May 2024",
        "the Filter will stop it",
        "Mon 13 May 2024",
        "rollover import decide nes --roster",
        "one school is missing from the roster altogether",
        "Student",
        &format!("href=\"/runs/{run}\""),
    ];
    for shown in said {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("<script"), "it stands still");
    let all = listed(&page);
    assert!(all > 100 && page.contains("page 1 of ") && page.contains("rel=\"next\""));
    let school = page.split("name=\"school\"").nth(1).unwrap().split("<option>").nth(1).unwrap();
    let school = school.split('<').next().unwrap();
    let at_school =
        site.page(&format!("/customers/nes/postponed?school={}", school.replace(' ', "%20"))).await;
    assert!(listed(&at_school) <= all && at_school.contains(&format!("<option selected>{school}</option>")));
    let mut by_kind = 0;
    for kind in ["group", "person", "course", "membership"] {
        let page = site.page(&format!("/customers/nes/postponed?kind={kind}&school=")).await;
        by_kind += if page.contains("Nothing that fits") { 0 } else { listed(&page) };
    }
    assert_eq!(by_kind, all);
    let last = site.page("/customers/nes/postponed?page=77").await;
    assert!(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\"") && last.contains("Stays until"));
    assert!(site.page("/customers/nes/postponed?school=nowhere&kind=x").await.contains("Nothing that fits"));

    test.customer("fjord", &[]).await;
    let none = site.page("/customers/fjord/postponed").await;
    assert!(none.contains("No window is set") && none.contains("finds nothing to do"));
    assert!(
        site.page("/customers/fjord/courses").await.contains("No roster of this customer has been taken in")
    );
}

// DOMAIN C5
async fn the_courses_of_a_customer_are_a_page(on: On) {
    let test = a_school_gone(on).await;
    let site = Site::open(&test).await;
    assert!(site.page("/customers/nes").await.contains("href=\"/customers/nes/courses\""));
    let page = site.page("/customers/nes/courses").await;
    let all = listed(&page);
    for shown in [
        "the platform&#39;s is on, the customer&#39;s is off",
        "waits for the window",
        ">kept<",
        "after the window, Mon 13 May",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let waits = listed(&site.page("/customers/nes/courses?fate=waits").await);
    let kept = listed(&site.page("/customers/nes/courses?fate=kept").await);
    assert!(waits > 0 && waits + kept == all, "{waits} {kept} {all}");
    let after = site.page("/customers/nes/courses?on=2024-05-13&fate=detached").await;
    assert!(listed(&after) == waits && after.contains("an import on Mon 13 May 2024"));
    let nonsense = site.page("/customers/nes/courses?on=soon&fate=x&school=&page=x").await;
    assert_eq!(listed(&nonsense), all);
    assert!(site.page("/customers/nes/courses?school=nowhere").await.contains("No course fits"));
}

async fn rosters_that_are_not_here_are_said_without_internals(on: On) {
    let test = a_school_gone(on).await;
    let site = Site::open(&test).await;
    std::fs::remove_dir_all(test.app.settings.snapshot_folder()).unwrap();
    for path in ["/customers/nes/postponed", "/customers/nes/courses"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let text = answer.text().await.unwrap();
        assert_whole(path, &text);
        let folder = test.folder.path().to_string_lossy().into_owned();
        assert!(text.contains("The rosters cannot be read here") && !text.contains(&folder), "{text}");
    }
}

async fn a_ledger_that_does_not_answer_is_said_without_internals(on: On) {
    let test = TestApp::new(on, NOW).await;
    let site = Site::open(&test).await;
    test.ledger().close().await;
    let answer = site.get("/").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = answer.text().await.unwrap();
    assert_whole("/", &text);
    assert!(text.contains("The ledger does not answer") && !text.to_lowercase().contains("pool"), "{text}");
    let ready = site.get("/healthz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.unwrap().starts_with("the ledger does not answer"));
    assert_eq!(site.get("/healthz/live").await.text().await.unwrap(), "ok");
}

// DOMAIN I2
async fn a_roster_that_is_late_stands_on_the_fleet_and_the_customers_page(on: On) {
    let test = TestApp::new(on, NOW).await;
    let mut nes = test.customer("nes", &[]).await;
    nes.settings.roster_due_by = Some("10:00 mon-fri".parse().unwrap());
    test.ledger().update_customer(test.now(), "test", &nes).await.unwrap();
    let rule = nes.settings.roster_due_by.unwrap().trigger();
    test.task("nes", "check_roster_came", json!({}), rule, Some(NOW)).await;
    test.season.settle().await.unwrap();
    let site = Site::open(&test).await;
    for page in ["/", "/customers/nes"] {
        let text = site.get(page).await.text().await.unwrap();
        assert!(text.contains("no roster of nes came by its time, 2024-04-15 10:00"), "{page}: {text}");
    }
}

async fn a_failed_import_needs_nobody_once_a_later_one_made_it_good(on: On) {
    let test = TestApp::new(on, NOW).await;
    let nes = test.customer("nes", &[]).await;
    let night = Trigger::Cron { cron: "30 2 * * *".parse().unwrap(), from: None, until: None };
    let task = test.scripted_task("nes", night, NOW, &[Act::Fail]).await.id;
    let alone = test.scripted_job(Some("nes"), &[Act::Fail]).await;
    test.season.settle().await.unwrap();
    let of_task = test.ledger().jobs(&JobFilter { task: Some(task), limit: 1, ..JobFilter::default() }).await;
    let of_task = of_task.unwrap().remove(0).id;
    let site = Site::open(&test).await;
    let needs = [format!("/tasks/{task}\""), format!("/jobs/{alone}\"")];
    let kept = async |job, outcome| {
        let record = RunRecord { mirror: None, ..record(job, outcome, &test) };
        let mail = |_| panic!("no mail was rendered");
        test.ledger().record_end(test.now(), &nes, &record, |_| Vec::new(), mail).await.unwrap();
    };
    kept(of_task, Outcome::Failed).await;
    kept(alone, Outcome::Failed).await;
    // What stands above the matrix, which tells the state of each step whatever came after.
    let above = async |path: &str| site.page(path).await.split("id=\"filter\"").next().unwrap().to_owned();
    let fleet = above("/").await;
    assert!(needs.iter().all(|link| fleet.contains(link)), "{fleet}");
    assert!(site.page("/customers/nes").await.contains("Failed or held"));
    kept(test.scripted_job(Some("nes"), &[Act::Succeed]).await, Outcome::Completed).await;
    test.season.settle().await.unwrap();
    let fleet = above("/").await;
    assert!(fleet.contains("Nothing has failed and nothing is held"), "{fleet}");
    assert!(!site.page("/customers/nes").await.contains("Failed or held"));
    assert!(!site.page("/?state=needs_person").await.contains("nes kommune</a>"));
}
