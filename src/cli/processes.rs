//! The commands that stay: up, serve, work, schedule; and migrate, which readies the ledger for them.

use super::{context::Context, output};
use crate::{
    app::{self, App, Role},
    exit::{Exit, ExitError},
    ledger::{Ledger, ONE_ATTEMPT},
    queue::Queue,
    telemetry,
    web::{self, Access, Web},
};
use anyhow::Context as _;
use clap::Args;
use rand::{
    SeedableRng,
    distr::{Alphanumeric, SampleString},
    rngs::{StdRng, SysRng},
};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

#[derive(Debug, Args)]
#[command(
    after_help = "Example, as well with `rollover serve`:\n  ROLLOVER_WEB_PASSWORD=… rollover up --listen 0.0.0.0:8321"
)]
pub(super) struct WebArgs {
    /// Address and port of the pages, in place of web.listen.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

/// Letters and digits of a password that `up` makes for one start.
const PASSWORD_LENGTH: usize = 20;
/// Ports after the wanted one that the demonstration tries.
const PORTS_TRIED: u16 = 20;

pub(super) async fn up(cx: &Context, args: WebArgs) -> anyhow::Result<Exit> {
    let app = cx.open_to_stay(args.listen).await?;
    let set = &cx.loaded.settings.web.password;
    let password = if set.is_empty() { make_password()? } else { set.clone() };
    let listener = listen(address(&app)?).await?;
    let address = listener.local_addr().context("the address of the pages is not known")?;
    output::line(format!("Rollover is up at http://{address}/"));
    if set.is_empty() {
        output::line(format!(
            "Sign in as {} with the password {password} (made for this start; ROLLOVER_WEB_PASSWORD sets one that stays)",
            app.settings.web.user
        ));
    }
    let stop = app::stop_on_signal()?;
    let router = web::router(site(&app, password)?);
    let (engine, pages) = tokio::join!(app.run(Role::All, stop.clone()), async {
        let ended = web::serve(listener, router, stop.clone()).await;
        stop.cancel();
        ended
    });
    engine?;
    pages.context("the pages broke off")?;
    Ok(Exit::Done)
}

pub(super) async fn serve(cx: &Context, args: WebArgs) -> anyhow::Result<Exit> {
    let password = cx.loaded.settings.web.password.clone();
    if password.is_empty() {
        return Err(ExitError::usage(
            "no password is set for the pages: set ROLLOVER_WEB_PASSWORD to a long one, then start again",
        )
        .into());
    }
    let app = cx.open_to_stay(args.listen).await?;
    let listener = listen(address(&app)?).await?;
    let address = listener.local_addr().context("the address of the pages is not known")?;
    tracing::info!(%address, "serving the pages");
    let stop = app::stop_on_signal()?;
    let listening = tokio::spawn({
        let (ledger, stop) = (app.ledger.clone(), stop.clone());
        async move { ledger.listen(stop).await }
    });
    web::serve(listener, web::router(site(&app, password)?), stop).await.context("the pages broke off")?;
    listening.await.context("listening for wake-ups broke off")?;
    Ok(Exit::Done)
}

pub(super) async fn work(cx: &Context) -> anyhow::Result<Exit> {
    run_role(cx, Role::Work).await
}

pub(super) async fn schedule(cx: &Context) -> anyhow::Result<Exit> {
    run_role(cx, Role::Schedule).await
}

async fn run_role(cx: &Context, role: Role) -> anyhow::Result<Exit> {
    let app = cx.open_to_stay(None).await?;
    tracing::info!(owner = %app.owner, ?role, "started");
    app.run(role, app::stop_on_signal()?).await?;
    Ok(Exit::Done)
}

pub(super) async fn migrate(cx: &Context) -> anyhow::Result<Exit> {
    telemetry::start(&cx.loaded.settings.log)?;
    let settings = &cx.loaded.settings;
    std::fs::create_dir_all(&settings.data.folder)
        .with_context(|| format!("data folder {}", settings.data.folder.display()))?;
    let ledger = Ledger::open(&settings.ledger_url(), 2).await?;
    ledger.reach(ONE_ATTEMPT).await?;
    let before = ledger.schema().await?;
    ledger.migrate().await?;
    let after = ledger.schema().await?;
    ledger.close().await;
    if cx.json {
        output::json(&serde_json::json!({ "before": before, "after": after }))?;
    } else if before == after {
        output::line(format!("The schema was up to date: {after}."));
    } else {
        output::line(format!("The schema is brought from {before} to {after}."));
    }
    Ok(Exit::Done)
}

fn site(app: &App, password: String) -> anyhow::Result<Web> {
    Ok(Web {
        ledger: app.ledger.clone(),
        queue: app.redis()?.map(Queue::Redis),
        ports: app.engine.ports.clone(),
        clock: app.clock.clone(),
        access: Access::Password { user: app.settings.web.user.clone(), password },
        banner: None,
        base_url: app.settings.base_url(),
    })
}

fn address(app: &App) -> anyhow::Result<SocketAddr> {
    app.settings.web.listen.parse().context("web.listen is no address")
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("the pages cannot be served on {address}: free it, or choose another with --listen")
    })
}

/// The wanted port, or one of those behind it when another program has it.
pub(super) async fn listen_near(wanted: SocketAddr) -> anyhow::Result<TcpListener> {
    for step in 0..PORTS_TRIED {
        let mut address = wanted;
        address.set_port(wanted.port().saturating_add(step));
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(_) => break,
        }
    }
    listen(wanted).await
}

fn make_password() -> anyhow::Result<String> {
    let mut chance = StdRng::try_from_rng(&mut SysRng).context("the machine gives no randomness")?;
    Ok(Alphanumeric.sample_string(&mut chance, PASSWORD_LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_passed_over() {
        let first = listen_near(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let taken = first.local_addr().unwrap();
        let second = listen_near(taken).await.unwrap();
        assert!(second.local_addr().unwrap().port() > taken.port());
    }
}
