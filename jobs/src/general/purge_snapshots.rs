//! The job kind `purge_snapshots`: takes away rosters that were kept long enough, as snapshots and as files.
//!
//! Two customers may share a snapshot, and one of any age may be a mirror: what anything names stays, whoever names
//! it. Names are asked for before the folder is looked at, so a snapshot that got its name later is one that somebody
//! has just needed, and such a one stays by its age.

use crate::{
    JobContext, JobKind, Policy, Retention, Stop,
    ports::{Backup, Retained},
};
use chrono::{DateTime, Utc};
use rollover_roster::snapshot::{KeptSnapshot, SnapshotError, SnapshotId, SnapshotStore};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// No job runs as long: what was needed within this time may still get its name.
const MAY_BE_NAMED: Duration = Duration::from_secs(24 * 3_600);
/// Before the rosters of the morning.
const EVERY_NIGHT: &str = "0 1 * * *";

pub struct PurgeSnapshots;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeSnapshotsArgs {
    /// Look and count, take nothing away.
    #[serde(default)]
    pub dry_run: bool,
}

/// How many, and how large in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    pub count: u64,
    pub bytes: u64,
}

impl Purged {
    const fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What was taken away; of a dry run, what would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeReport {
    pub dry_run: bool,
    pub snapshots: Purged,
    /// Files of the backup areas.
    pub backups: Purged,
    pub kept_snapshots: Purged,
}

/// What becomes of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The ledger names it.
    Named,
    /// Somebody may be about to.
    MayBeNamed,
    Goes,
}

fn decide_purge(snapshot: &KeptSnapshot, named: &BTreeSet<SnapshotId>) -> Fate {
    if named.contains(&snapshot.id) {
        Fate::Named
    } else if snapshot.idle < MAY_BE_NAMED {
        Fate::MayBeNamed
    } else {
        Fate::Goes
    }
}

/// Of the files of one customer, the newest first, those that are kept no longer.
fn outlived(backups: Vec<Backup>, retention: Retention, now: DateTime<Utc>) -> Vec<Backup> {
    let kept = |newer: usize, backup: &Backup| retention.keeps(newer, backup.came_at, now);
    let outlived = backups.into_iter().enumerate().filter(|(newer, backup)| !kept(*newer, backup));
    outlived.map(|(_, backup)| backup).collect()
}

impl JobKind for PurgeSnapshots {
    const NAME: &'static str = "purge_snapshots";
    const SUMMARY: &'static str = "take away rosters that were kept long enough";
    type Args = PurgeSnapshotsArgs;
    type Report = PurgeReport;

    fn policy(&self) -> Policy {
        Policy::attempts(3).timeout_minutes(60).stands(EVERY_NIGHT)
    }

    fn sample(&self) -> PurgeSnapshotsArgs {
        PurgeSnapshotsArgs { dry_run: false }
    }

    async fn run(&self, args: PurgeSnapshotsArgs, cx: &JobContext) -> Result<PurgeReport, Stop> {
        let retained = cx.ports.integration.retained().await?;
        let mut report = purge_snapshots(cx, &retained, args.dry_run).await?;
        for customer in &retained {
            if cx.cancelled.is_cancelled() {
                return Err(Stop::retry("it was asked to stop between two customers; the next run goes on"));
            }
            purge_backups(cx, customer, &mut report).await?;
        }
        tell(&report);
        Ok(report)
    }
}

fn tell(report: &PurgeReport) {
    let PurgeReport { dry_run, snapshots, backups, kept_snapshots } = *report;
    tracing::info!(
        dry_run,
        snapshots = snapshots.count,
        snapshot_bytes = snapshots.bytes,
        backups = backups.count,
        backup_bytes = backups.bytes,
        kept_snapshots = kept_snapshots.count,
        "rosters were looked through for those kept long enough"
    );
}

async fn purge_snapshots(cx: &JobContext, retained: &[Retained], dry_run: bool) -> Result<PurgeReport, Stop> {
    let named: BTreeSet<SnapshotId> = retained.iter().flat_map(|kept| &kept.snapshots).copied().collect();
    let (store, cancelled) = (cx.ports.rosters.snapshots().clone(), cx.cancelled.clone());
    let work = move || purge(&store, &named, dry_run, &|| cancelled.is_cancelled());
    match tokio::task::spawn_blocking(work).await {
        Ok(report) => report.map_err(|error| Stop::retry(format!("snapshots cannot be taken away: {error}"))),
        Err(error) => Err(Stop::retry(format!("the work broke off: {error}"))),
    }
}

fn purge(
    store: &SnapshotStore,
    named: &BTreeSet<SnapshotId>,
    dry_run: bool,
    stopped: &dyn Fn() -> bool,
) -> Result<PurgeReport, SnapshotError> {
    let mut report = PurgeReport { dry_run, ..PurgeReport::default() };
    for snapshot in store.list()? {
        let goes = decide_purge(&snapshot, named) == Fate::Goes
            && !stopped()
            && (dry_run || store.remove_idle(&snapshot.id, MAY_BE_NAMED)?);
        let part = if goes { &mut report.snapshots } else { &mut report.kept_snapshots };
        part.add(snapshot.bytes);
    }
    if !dry_run {
        report.snapshots.bytes += store.remove_remains(MAY_BE_NAMED)?;
    }
    Ok(report)
}

async fn purge_backups(cx: &JobContext, kept: &Retained, report: &mut PurgeReport) -> Result<(), Stop> {
    let backups = cx.ports.rosters.backups(&kept.customer).await?;
    for backup in outlived(backups, kept.retention, cx.now()) {
        if !report.dry_run {
            cx.ports.rosters.remove_backup(&kept.customer, &backup).await?;
        }
        report.backups.add(backup.bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(letter: char) -> SnapshotId {
        letter.to_string().repeat(64).parse().unwrap()
    }

    #[test]
    fn what_is_named_stays_and_what_may_be_too() {
        let named = BTreeSet::from([id('a')]);
        let day = 24 * 3_600;
        let cases = [
            ('a', 0, Fate::Named),
            ('a', 9_999 * day, Fate::Named),
            ('b', 0, Fate::MayBeNamed),
            ('b', day - 1, Fate::MayBeNamed),
            ('b', day, Fate::Goes),
            ('b', 9_999 * day, Fate::Goes),
        ];
        for (letter, idle, expected) in cases {
            let snapshot = KeptSnapshot { id: id(letter), bytes: 1, idle: Duration::from_secs(idle) };
            assert_eq!(decide_purge(&snapshot, &named), expected, "{letter}, {idle} s");
        }
    }

    #[test]
    fn of_the_files_the_newest_stay_and_the_young() {
        let now: DateTime<Utc> = "2024-06-03T00:00:00Z".parse().unwrap();
        let file = |name: &str, day: &str| Backup {
            name: name.to_owned(),
            bytes: 1,
            came_at: format!("{day}T00:00:00Z").parse().unwrap(),
        };
        let files = || vec![file("c", "2024-06-01"), file("b", "2024-01-02"), file("a", "2024-01-01")];
        let gone = |days, at_least| {
            let outlived = outlived(files(), Retention { days, at_least }, now);
            outlived.into_iter().map(|file| file.name).collect::<Vec<_>>()
        };
        assert_eq!(gone(30, 0), ["b", "a"]);
        assert_eq!(gone(30, 2), ["a"]);
        assert_eq!(gone(400, 0), [""; 0]);
    }
}
