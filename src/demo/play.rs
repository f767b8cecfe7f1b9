//! Plays the demonstration day by day: the MIS at night, the engine all day, the people in the morning.

use super::{begins, customers, mis::Mis, people};
use crate::{
    app::App,
    clock::SimulatedClock,
    config::Settings,
    engine::Season,
    plans,
};
use anyhow::Context;
use chrono::{DateTime, Duration, NaiveDate, TimeDelta, Utc};
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

/// The MIS lay their files down before any import runs.
const MIS_HOUR: i64 = 0;
/// People begin their day at eight, in UTC.
const PEOPLE_HOUR: i64 = 8;

/// A season that is being played.
pub struct Demo {
    pub app: App,
    pub clock: SimulatedClock,
    season: Season,
    systems: Vec<Mis>,
}

impl Demo {
    /// Makes the six customers with their plans in an empty data folder.
    pub async fn new(mut settings: Settings, folder: PathBuf) -> anyhow::Result<Self> {
        settings.data.folder = folder;
        let clock = SimulatedClock::starting_at(begins());
        let app = App::open(settings, Arc::new(clock.clone())).await?;
        let mut systems = Vec::new();
        for invented in customers::all() {
            let customer = &invented.customer;
            app.ledger.add_customer(begins(), customer).await?;
            app.ledger.set_calendar(begins(), customer.id.as_str(), super::YEAR, &invented.calendar).await?;
            for template in invented.plans {
                plans::create(&app.ledger, begins(), "Ingrid (support)", customer, template, super::YEAR)
                    .await
                    .with_context(|| format!("plan {template} of {}", customer.id))?;
            }
            systems.push(Mis::new(&invented, &app.settings.roster_folder()));
        }
        let season = Season::new(app.engine.clone(), clock.clone());
        Ok(Self { app, clock, season, systems })
    }

    /// Plays until `until`, or until stopped; `on_day` hears of each day that is over.
    pub async fn play(
        &mut self,
        until: DateTime<Utc>,
        pace: Pace,
        stop: &CancellationToken,
        mut on_day: impl FnMut(NaiveDate, usize),
    ) -> anyhow::Result<()> {
        let mut day = begins();
        while day < until && !stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            let jobs = self.day(day, until).await?;
            on_day(day.date_naive(), jobs);
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
        let mut jobs = self.play_until((day + TimeDelta::hours(MIS_HOUR)).min(until)).await?;
        for system in &mut self.systems {
            system.deliver(day, day.date_naive())?;
        }
        jobs += self.play_until((day + TimeDelta::hours(PEOPLE_HOUR)).min(until)).await?;
        people::act(&self.app.engine, self.app.clock.now()).await?;
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
