//! `/customers/{id}/courses`: what the next import makes of each course, before it runs (DOMAIN C5).

use super::needs::id_and_name;
use crate::{
    ports::decide_course_guard,
    web::{
        desk::{Desk, Frame, Page, filled},
        error::PageError,
        pager::{Pager, address},
        sign::Sign,
        stamp::day,
    },
};
use askama::Template;
use axum::extract::{Path, Query};
use chrono::NaiveDate;
use rollover_jobs::{
    AskedRoster, CourseForecast, Customer, ForecastAsk, ForecastCourse, forecast_courses,
    ports::IntegrationState,
};
use rollover_roster::{course_fate::CourseFate, figures::thousands};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Courses on one page of the list.
const PER_PAGE: usize = 100;

#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct CoursesQuery {
    pub fate: Option<String>,
    pub school: Option<String>,
    pub on: Option<String>,
    pub page: Option<String>,
}

impl CoursesQuery {
    /// As it would be on that day; what is no date asks for the next import.
    fn on(&self) -> Option<NaiveDate> {
        filled(&self.on).and_then(|day| day.parse().ok())
    }

    fn fate(&self) -> Option<CourseFate> {
        filled(&self.fate).and_then(CourseFate::parse)
    }
}

/// The courses of one fate.
pub(in crate::web) struct FateLine {
    pub value: &'static str,
    pub name: &'static str,
    pub count: String,
    pub meaning: &'static str,
    pub href: String,
}

pub(in crate::web) struct CourseLine {
    pub fate: Sign,
    pub title: String,
    pub code: String,
    pub school: String,
    pub archived: bool,
}

#[derive(Template)]
#[template(path = "courses.html")]
pub(in crate::web) struct CoursesPage {
    pub frame: Frame,
    pub customer: (String, String),
    /// Why there is nothing to tell.
    pub nothing: Option<String>,
    pub when: String,
    pub archiving: String,
    pub paused: bool,
    /// Other days on which something changes: name, address, whether it is the one that is shown.
    pub moments: Vec<(String, String, bool)>,
    pub fates: Vec<FateLine>,
    pub schools: BTreeSet<String>,
    pub fate: &'static str,
    pub school: String,
    pub on: String,
    pub narrowed: bool,
    pub matching: String,
    pub total: String,
    pub lines: Vec<CourseLine>,
    pub pager: Pager,
}

/// What is read for the page.
pub(in crate::web) struct CoursesFacts {
    pub customer: Customer,
    pub integration: IntegrationState,
    /// The first day on which new courses flow, where they are held back today.
    pub opens: Option<NaiveDate>,
    pub today: NaiveDate,
    /// `None` until a first roster was accepted.
    pub forecast: Option<CourseForecast>,
}

/// It stands still: news of the ledger would have the rosters read again and again.
pub(in crate::web) async fn courses(
    desk: Desk,
    Path(id): Path<String>,
    Query(query): Query<CoursesQuery>,
) -> Result<Page<CoursesPage>, PageError> {
    let customer = desk.ledger().customer(&id).await?;
    let integration = desk.ledger().integration(&customer.id).await?;
    let calendars = desk.ledger().calendars(&id).await?;
    let today = desk.wall(customer.time_zone).today();
    let guard = decide_course_guard(&calendars, today).filter(|guard| guard.holds(today));
    let forecast = match integration.import {
        Some(_) => {
            let ask = ForecastAsk { roster: AskedRoster::Accepted, on: query.on() };
            Some(desk.look(customer.clone(), |cx| async move { forecast_courses(&cx, ask).await }).await?)
        }
        None => None,
    };
    let frame = desk.still_frame(&format!("Courses of {}", customer.name));
    let facts =
        CoursesFacts { customer, integration, opens: guard.map(|guard| guard.opens), today, forecast };
    Ok(Page(CoursesPage::new(frame, facts, &query)))
}

impl CoursesPage {
    pub fn new(frame: Frame, facts: CoursesFacts, query: &CoursesQuery) -> Self {
        let here = format!("/customers/{}/courses", facts.customer.id);
        let (fate, school) = (query.fate(), filled(&query.school).unwrap_or_default());
        let fate_name = fate.map_or("", CourseFate::as_str);
        let on = query.on().map(|on| on.to_string()).unwrap_or_default();
        let moments = moments(&facts, query, &here);
        let forecast = facts.forecast.as_ref();
        let courses = forecast.map(|forecast| forecast.courses.as_slice()).unwrap_or_default();
        let fits = |course: &&ForecastCourse| {
            fate.is_none_or(|fate| course.fate == fate) && (school.is_empty() || course.school == school)
        };
        let chosen: Vec<&ForecastCourse> = courses.iter().filter(fits).collect();
        let pager = Pager::new(&query.page, chosen.len(), PER_PAGE, |page| {
            let page = page.to_string();
            address(&here, &[("fate", fate_name), ("school", school), ("on", &on), ("page", &page)])
        });
        let of_page = chosen.iter().skip(pager.passed_over(PER_PAGE)).take(PER_PAGE);
        let fates = forecast.map(|forecast| {
            let line = |(fate, count): (&CourseFate, &u64)| FateLine {
                value: fate.as_str(),
                name: fate.words(),
                count: thousands(*count),
                meaning: meaning(*fate),
                href: address(&here, &[("fate", fate.as_str()), ("on", &on)]),
            };
            forecast.counts.iter().map(line).collect()
        });
        Self {
            frame,
            customer: id_and_name(&facts.customer),
            nothing: forecast.is_none().then(|| {
                "No roster of this customer has been taken in yet, so there is nothing to tell of its courses.".to_owned()
            }),
            when: query.on().map_or_else(|| "the next import".to_owned(), |on| format!("an import on {}", day(on))),
            archiving: forecast.map(archiving).unwrap_or_default(),
            paused: facts.integration.pause.is_some(),
            moments,
            fates: fates.unwrap_or_default(),
            schools: courses.iter().map(|course| course.school.clone()).filter(|name| !name.is_empty()).collect(),
            fate: fate_name,
            narrowed: fate.is_some() || !school.is_empty(),
            school: school.to_owned(),
            on,
            matching: thousands(chosen.len() as u64),
            total: thousands(courses.len() as u64),
            lines: of_page.map(|course| CourseLine::new(course)).collect(),
            pager,
        }
    }
}

fn archiving(forecast: &CourseForecast) -> String {
    let on = |is: bool| if is { "on" } else { "off" };
    format!(
        "Archiving a course takes two settings: the platform's is {}, the customer's is {}.",
        on(forecast.platform_archives),
        on(forecast.customer_archives)
    )
}

/// The next import, the first after the window, the first of the school year.
fn moments(facts: &CoursesFacts, query: &CoursesQuery, here: &str) -> Vec<(String, String, bool)> {
    let (fate, school) =
        (query.fate().map_or("", CourseFate::as_str), filled(&query.school).unwrap_or_default());
    let moment = |name: String, on: Option<NaiveDate>| {
        let day = on.map(|on| on.to_string()).unwrap_or_default();
        (name, address(here, &[("fate", fate), ("school", school), ("on", &day)]), query.on() == on)
    };
    let after = facts.integration.delay_delete.filter(|window| window.end >= facts.today);
    let after = after.and_then(|window| window.end.succ_opt());
    let mut moments = vec![moment("with the next import".to_owned(), None)];
    moments.extend(after.map(|on| moment(format!("after the window, {}", day(on)), Some(on))));
    let opens = facts.opens.filter(|opens| Some(*opens) != after);
    moments.extend(opens.map(|on| moment(format!("when the school year starts, {}", day(on)), Some(on))));
    moments
}

impl CourseLine {
    fn new(course: &ForecastCourse) -> Self {
        Self {
            fate: fate_sign(course.fate),
            title: course.title.clone(),
            code: course.code.clone().unwrap_or_default(),
            school: course.school.clone(),
            archived: course.archived,
        }
    }
}

const fn fate_sign(fate: CourseFate) -> Sign {
    let (class, letter) = match fate {
        CourseFate::Archived => ("held", "A"),
        CourseFate::Detached => ("held", "D"),
        CourseFate::Waits => ("waiting", "‖"),
        CourseFate::HeldBack => ("waiting", "H"),
        CourseFate::New => ("active", "+"),
        CourseFate::Reconnected => ("active", "↺"),
        CourseFate::Kept => ("done", "="),
        CourseFate::OnItsOwn => ("none", "–"),
        CourseFate::UnarchivedByHand => ("failed", "!"),
    };
    Sign::plain(class, letter, fate.words())
}

const fn meaning(fate: CourseFate) -> &'static str {
    match fate {
        CourseFate::Archived => {
            "Its group is gone: it leaves the hierarchy for the archive, its participants become manual and keep access."
        }
        CourseFate::Detached => {
            "Its group is gone: it leaves the hierarchy and lives on, active, as a manual course with its participants."
        }
        CourseFate::Waits => "Delay delete keeps it and its group until the window ends.",
        CourseFate::HeldBack => "It is new, and comes with the new school year.",
        CourseFate::New => "It comes now.",
        CourseFate::Reconnected => {
            "Its group came back: it is synchronised again, old participants stay; if archived, it stays so until a \
             person unarchives it."
        }
        CourseFate::Kept => "Its group is there, as before.",
        CourseFate::OnItsOwn => "It has no group: the integration leaves it as it is, archived or manual.",
        CourseFate::UnarchivedByHand => {
            "A person took it out of the archive and its group is gone: nothing synchronises it, archive it again by hand."
        }
    }
}
