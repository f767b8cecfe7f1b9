//! Plays the demonstration day by day: the MIS at night, the engine all day, the people in the morning.

use super::{begins, customers, mis::Mis, news::News, people, sets_up};
use crate::{
    app::App,
    clock::SimulatedClock,
    config::{LogSettings, Settings},
    engine::Season,
    ledger::{NewJob, ONE_ATTEMPT},
    plans,
};
use anyhow::Context;
use chrono::{DateTime, Duration, NaiveDate, TimeDelta, Utc};
use rollover_jobs::{ImportRoster, JobKind};
use std::{path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How fast a day passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the engine can.
    Unbound,
    /// A day takes at least so long, so that people can follow on the page.
    PerDay(std::time::Duration),
}

/// A day that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub date: NaiveDate,
    pub jobs: usize,
    /// What people would call each other about.
    pub news: Vec<String>,
}

/// People begin their day at eight, in UTC.
const PEOPLE_HOUR: i64 = 8;
const SUPPORT: &str = "Ingrid (support)";

/// A season that is being played.
pub struct Demo {
    pub app: App,
    pub clock: SimulatedClock,
    season: Season,
    systems: Vec<Mis>,
    news: News,
}

impl Demo {
    /// Over a new ledger in an empty folder.
    ///
    /// Only the log follows the user's settings: a demonstration must not reach a real ledger or mail server.
    pub async fn new(log: LogSettings, folder: PathBuf) -> anyhow::Result<Self> {
        let mut settings = Settings { log, ..Settings::default() };
        settings.data.folder = folder;
        let clock = SimulatedClock::starting_at(sets_up());
        let app = App::open(settings, Arc::new(clock.clone()), ONE_ATTEMPT).await?;
        Self::over(app, clock).await
    }

    /// Makes the six customers in an empty ledger, imports what their schools look like, and makes their plans. The
    /// clock stands at [`sets_up`].
    pub async fn over(app: App, clock: SimulatedClock) -> anyhow::Result<Self> {
        let season = Season::new(app.engine.clone(), clock.clone());
        let mut demo = Self { app, clock, season, systems: Vec::new(), news: News::default() };
        demo.set_up(sets_up()).await?;
        Ok(demo)
    }

    async fn set_up(&mut self, start: DateTime<Utc>) -> anyhow::Result<()> {
        let all = customers::all();
        for invented in &all {
            let (ledger, customer) = (&self.app.ledger, &invented.customer);
            ledger.add_customer(start, SUPPORT, customer).await?;
            ledger
                .set_calendar(start, SUPPORT, customer.id.as_str(), super::YEAR, &invented.calendar)
                .await?;
            let mut system = Mis::new(invented, &self.app.settings.roster_folder());
            system.deliver(start, start.date_naive())?;
            self.import_now(start, customer.id.as_str()).await?;
            self.systems.push(system);
        }
        self.play_until(begins() - TimeDelta::seconds(1)).await?;
        for invented in &all {
            for template in invented.plans {
                plans::create(
                    &self.app.ledger,
                    self.clock_now(),
                    SUPPORT,
                    &invented.customer,
                    template,
                    super::YEAR,
                )
                .await
                .with_context(|| format!("plan {template} of {}", invented.customer.id))?;
            }
        }
        self.news.since(&self.app.ledger).await?;
        Ok(())
    }

    async fn import_now(&self, now: DateTime<Utc>, customer: &str) -> anyhow::Result<()> {
        let job = NewJob {
            task: None,
            customer: Some(customer.to_owned()),
            kind: ImportRoster::NAME.to_owned(),
            args: serde_json::json!({}),
            lane: self.app.engine.lane(ImportRoster::NAME),
            due_at: now,
        };
        self.app.ledger.enqueue(now, SUPPORT, &[job]).await?;
        Ok(())
    }

    fn clock_now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    /// Plays until `until`, or until stopped; `on_day` hears of each day that is over.
    pub async fn play(
        &mut self,
        until: DateTime<Utc>,
        pace: Pace,
        stop: &CancellationToken,
        mut on_day: impl FnMut(Day),
    ) -> anyhow::Result<()> {
        let mut day = begins();
        while day < until && !stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            let jobs = self.day(day, until).await?;
            let news = self.news.since(&self.app.ledger).await?;
            on_day(Day { date: day.date_naive(), jobs, news });
            if let Pace::PerDay(least) = pace {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep_until(started + least) => {}
                }
            }
            day += Duration::days(1);
        }
        Ok(())
    }

    async fn day(&mut self, day: DateTime<Utc>, until: DateTime<Utc>) -> anyhow::Result<usize> {
        let mut jobs = self.play_until(day.min(until)).await?;
        for system in &mut self.systems {
            system.deliver(day, day.date_naive())?;
        }
        jobs += self.play_until((day + TimeDelta::hours(PEOPLE_HOUR)).min(until)).await?;
        people::act(&self.app.engine, self.clock_now()).await?;
        Ok(jobs + self.play_until((day + Duration::days(1) - TimeDelta::seconds(1)).min(until)).await?)
    }

    async fn play_until(&self, until: DateTime<Utc>) -> anyhow::Result<usize> {
        let mut jobs = 0;
        while let Some(step) = self.season.step(until).await? {
            jobs += step.jobs_run;
        }
        Ok(jobs)
    }
}
