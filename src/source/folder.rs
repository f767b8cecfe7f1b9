//! Rosters that the MIS lays down in a folder of this machine, one folder per customer.
//!
//! A file under a fixed name may be replaced while its forerunner is read. So only a file that still has the date
//! and the size of the delivery is put away, with those that are older; the newer one stays for the next run.

use super::{
    backup::{backups, move_to_backup, remove_backup},
    waiting::{Waiting, lies_unchanged, waiting},
};
use async_trait::async_trait;
use rollover_jobs::{
    Customer,
    ports::{Backup, Clock, Delivery, Rosters, SourceError},
};
use rollover_roster::{read::ReadLimits, snapshot::SnapshotStore};
use std::{
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

/// The folders of all customers, and the snapshots made of what lay in them.
pub struct FolderRosters {
    root: PathBuf,
    snapshots: SnapshotStore,
    clock: Arc<dyn Clock>,
    limits: ReadLimits,
}

impl FolderRosters {
    /// `root` holds every customer's folder; a customer's setting cannot lead out of it.
    pub fn new(root: PathBuf, snapshots: SnapshotStore, clock: Arc<dyn Clock>, limits: ReadLimits) -> Self {
        Self { root, snapshots, clock, limits }
    }

    /// The folder that this customer's rosters arrive in.
    pub fn folder(&self, customer: &Customer) -> Result<PathBuf, SourceError> {
        let Some(set) = &customer.settings.roster_folder else {
            return Ok(self.root.join(customer.id.as_str()));
        };
        let place = self.root.join(set);
        let climbs = Path::new(set).components().any(|part| part == Component::ParentDir);
        if climbs || !place.starts_with(&self.root) {
            let why =
                format!("roster folder {set:?} leads out of {}: set one inside it", self.root.display());
            return Err(SourceError::Misconfigured { customer: customer.id.to_string(), why });
        }
        Ok(place)
    }

    /// The complete files of a customer, oldest first.
    async fn waiting(&self, customer: &Customer, folder: &Path) -> Result<Vec<Waiting>, SourceError> {
        let (place, format) = (folder.to_owned(), customer.settings.roster_format);
        let files = blocking(customer, folder, move || waiting(&place, format)).await?;
        match files {
            Some(files) => Ok(files),
            // The customer's own folder is made with its first roster; one that somebody named must be there.
            None if customer.settings.roster_folder.is_none() => Ok(Vec::new()),
            None => {
                let why =
                    format!("roster folder {} does not exist: make it, or set another", folder.display());
                Err(SourceError::Misconfigured { customer: customer.id.to_string(), why })
            }
        }
    }
}

#[async_trait]
impl Rosters for FolderRosters {
    async fn newest(&self, customer: &Customer) -> Result<Option<Delivery>, SourceError> {
        let folder = self.folder(customer)?;
        let newest = self.waiting(customer, &folder).await?.pop();
        Ok(newest.map(delivery_of))
    }

    async fn before(&self, customer: &Customer, delivery: &Delivery) -> Result<Vec<Delivery>, SourceError> {
        let folder = self.folder(customer)?;
        let waiting = self.waiting(customer, &folder).await?.into_iter().map(delivery_of);
        Ok(waiting.filter(|other| is_older(other, delivery)).collect())
    }

    async fn is_unchanged(&self, customer: &Customer, delivery: &Delivery) -> Result<bool, SourceError> {
        let Delivery { path, arrived_at, bytes, .. } = delivery.clone();
        blocking(customer, &delivery.path, move || lies_unchanged(&path, arrived_at, bytes)).await
    }

    async fn put_away(&self, customer: &Customer, delivery: &Delivery) -> Result<(), SourceError> {
        let folder = self.folder(customer)?;
        let mut done = self.waiting(customer, &folder).await?;
        done.retain(|file| is_dealt_with(file, delivery));
        let (place, now) = (folder.clone(), self.clock.now());
        blocking(customer, &folder, move || {
            done.iter().try_for_each(|file| move_to_backup(&place, file, now))
        })
        .await
    }

    async fn backups(&self, customer: &Customer) -> Result<Vec<Backup>, SourceError> {
        let folder = self.folder(customer)?;
        let place = folder.clone();
        blocking(customer, &folder, move || backups(&place)).await
    }

    async fn remove_backup(&self, customer: &Customer, backup: &Backup) -> Result<(), SourceError> {
        let folder = self.folder(customer)?;
        let (place, name) = (folder.clone(), backup.name.clone());
        blocking(customer, &folder, move || remove_backup(&place, &name)).await
    }

    fn read_limits(&self) -> ReadLimits {
        self.limits
    }

    fn snapshots(&self) -> &SnapshotStore {
        &self.snapshots
    }
}

/// The delivery itself, unless it was replaced meanwhile, or a file that came before it.
fn is_dealt_with(file: &Waiting, delivery: &Delivery) -> bool {
    let arrived_at = file.arrived_at();
    if file.name == delivery.name {
        return arrived_at == delivery.arrived_at && file.bytes == delivery.bytes;
    }
    (arrived_at, file.name.as_str()) < (delivery.arrived_at, delivery.name.as_str())
}

/// Whether a file came before another, by the order in which they wait.
fn is_older(file: &Delivery, than: &Delivery) -> bool {
    (file.arrived_at, file.name.as_str()) < (than.arrived_at, than.name.as_str())
}

fn delivery_of(file: Waiting) -> Delivery {
    Delivery { arrived_at: file.arrived_at(), name: file.name, path: file.path, bytes: file.bytes }
}

/// Runs work on files on a thread of its own.
async fn blocking<T: Send + 'static>(
    customer: &Customer,
    folder: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SourceError> {
    let result = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    result.map_err(|error| SourceError::Unreachable {
        customer: customer.id.to_string(),
        place: folder.display().to_string(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use chrono::{DateTime, Utc};
    use rollover_jobs::CustomerSettings;
    use std::{
        fs,
        time::{Duration, SystemTime},
    };
    use tempfile::TempDir;

    /// When the first file came; files of a test are so many seconds later.
    const JUNE: u64 = 1_718_000_000;

    struct Ground {
        place: TempDir,
        rosters: FolderRosters,
    }

    impl Ground {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            fs::create_dir_all(place.path().join("rosters/nes")).unwrap();
            let snapshots = SnapshotStore::open(&place.path().join("snapshots")).unwrap();
            let now = DateTime::<Utc>::from(SystemTime::UNIX_EPOCH + Duration::from_secs(JUNE + 100));
            let clock = Arc::new(SimulatedClock::starting_at(now));
            let rosters =
                FolderRosters::new(place.path().join("rosters"), snapshots, clock, ReadLimits::default());
            Self { place, rosters }
        }

        fn folder(&self) -> PathBuf {
            self.place.path().join("rosters/nes")
        }

        fn lay(&self, name: &str, text: &str, seconds: u64) {
            let path = self.folder().join(name);
            fs::write(&path, text).unwrap();
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(JUNE + seconds);
            fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
        }

        async fn newest(&self) -> Option<Delivery> {
            self.rosters.newest(&customer(None)).await.unwrap()
        }

        async fn newest_name(&self) -> Option<String> {
            self.newest().await.map(|delivery| delivery.name)
        }

        fn backup(&self) -> Vec<String> {
            let entries = fs::read_dir(self.folder().join("backup")).into_iter().flatten().flatten();
            let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn customer(roster_folder: Option<&str>) -> Customer {
        Customer {
            id: "nes".parse().unwrap(),
            name: "Nes".to_owned(),
            country: "NO".parse().unwrap(),
            time_zone: chrono_tz::Europe::Oslo,
            mis: "fjordsas".to_owned(),
            middleware: None,
            modules: Vec::new(),
            settings: CustomerSettings {
                roster_folder: roster_folder.map(ToOwned::to_owned),
                ..CustomerSettings::default()
            },
        }
    }

    #[tokio::test]
    async fn the_newest_complete_file_is_taken() {
        let ground = Ground::new();
        assert_eq!(ground.newest_name().await, None);
        ground.lay("b.xml", "2", 2);
        ground.lay("a.xml", "1", 1);
        assert_eq!(ground.newest_name().await.as_deref(), Some("b.xml"));
        ground.lay("c.xml", "3", 2);
        assert_eq!(ground.newest_name().await.as_deref(), Some("c.xml"), "of one moment, the last by name");
        ground.lay("d.xml.part", "4", 9);
        ground.lay(".e.xml", "5", 9);
        ground.lay("f.csv", "6", 9);
        ground.lay("g.xml", "7", 9);
        ground.lay("g.xml.lock", "", 9);
        ground.lay("h.xml", "8", 9);
        ground.lay("h.filepart", "", 9);
        fs::create_dir(ground.folder().join("i.xml")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", ground.folder().join("j.xml")).unwrap();
        assert_eq!(ground.newest_name().await.as_deref(), Some("c.xml"));
        ground.lay("k.xml", "", 10);
        assert_eq!(ground.newest_name().await.as_deref(), Some("k.xml"), "empty, for the reader to refuse");
    }

    #[tokio::test]
    async fn a_file_that_has_just_come_is_taken_when_it_stands_still() {
        let ground = Ground::new();
        fs::write(ground.folder().join("a.xml"), "1").unwrap();
        assert_eq!(ground.newest_name().await.as_deref(), Some("a.xml"));
    }

    // DOMAIN I4
    #[tokio::test]
    async fn a_delivery_that_grows_or_is_written_anew_is_another() {
        let ground = Ground::new();
        ground.lay("a.xml", "1", 1);
        let delivery = ground.newest().await.unwrap();
        let unchanged = async || ground.rosters.is_unchanged(&customer(None), &delivery).await.unwrap();
        assert!(unchanged().await);
        ground.lay("a.xml", "12", 1);
        assert!(!unchanged().await, "it has grown");
        ground.lay("a.xml", "2", 2);
        assert!(!unchanged().await, "it was written anew");
        fs::remove_file(&delivery.path).unwrap();
        assert!(!unchanged().await, "it is gone");
    }

    // DOMAIN P1: what arrives is neither lost nor applied.
    #[tokio::test]
    async fn what_was_dealt_with_goes_to_the_backup_area_with_all_that_is_older() {
        let ground = Ground::new();
        ground.lay("a.xml", "1", 1);
        ground.lay("b.xml", "2", 2);
        let delivery = ground.newest().await.unwrap();
        ground.lay("c.xml", "3", 3);
        ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        assert_eq!(ground.backup(), ["20240610T061321Z-a.xml", "20240610T061322Z-b.xml"]);
        assert_eq!(ground.newest_name().await.as_deref(), Some("c.xml"));
        // Again, as after a crash: nothing more happens.
        ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        assert_eq!(ground.backup().len(), 2);
    }

    #[tokio::test]
    async fn a_file_that_was_replaced_while_it_was_read_stays() {
        let ground = Ground::new();
        ground.lay("roster.xml", "old", 1);
        let delivery = ground.newest().await.unwrap();
        ground.lay("roster.xml", "new", 2);
        ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        assert_eq!(
            ground.newest().await.unwrap().arrived_at,
            delivery.arrived_at + chrono::Duration::seconds(1)
        );
        assert!(ground.backup().is_empty());
    }

    #[tokio::test]
    async fn nothing_in_the_backup_area_is_overwritten() {
        let ground = Ground::new();
        for text in ["first", "second"] {
            ground.lay("roster.xml", text, 1);
            let delivery = ground.newest().await.unwrap();
            ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        }
        assert_eq!(ground.backup(), ["20240610T061321Z-2-roster.xml", "20240610T061321Z-roster.xml"]);
        let kept = ground.folder().join("backup/20240610T061321Z-roster.xml");
        assert_eq!(fs::read_to_string(kept).unwrap(), "first");
    }

    #[tokio::test]
    async fn the_backup_area_is_listed_by_arrival_and_a_file_goes_once() {
        let ground = Ground::new();
        assert_eq!(ground.rosters.backups(&customer(None)).await.unwrap(), []);
        for (name, seconds) in [("b.xml", 1), ("a.xml", 2)] {
            ground.lay(name, "123", seconds);
            let delivery = ground.newest().await.unwrap();
            ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        }
        // What somebody else laid there is nobody's to take away.
        fs::write(ground.folder().join("backup/notes.txt"), "by hand").unwrap();
        let backups = ground.rosters.backups(&customer(None)).await.unwrap();
        let names: Vec<&str> = backups.iter().map(|backup| backup.name.as_str()).collect();
        assert_eq!(names, ["20240610T061322Z-a.xml", "20240610T061321Z-b.xml"]);
        assert_eq!(backups[0].bytes, 3);
        assert_eq!(backups[0].came_at, "2024-06-10T06:13:22Z".parse::<DateTime<Utc>>().unwrap());
        for _ in 0..2 {
            ground.rosters.remove_backup(&customer(None), &backups[1]).await.unwrap();
        }
        assert_eq!(ground.backup(), ["20240610T061322Z-a.xml", "notes.txt"]);
    }

    #[tokio::test]
    async fn a_file_is_not_said_to_have_come_later_than_now() {
        let ground = Ground::new();
        ground.lay("roster.xml", "1", 200);
        let delivery = ground.newest().await.unwrap();
        ground.rosters.put_away(&customer(None), &delivery).await.unwrap();
        assert_eq!(ground.backup(), ["20240610T061500Z-roster.xml"]);
    }

    #[tokio::test]
    async fn a_setting_cannot_lead_out_of_the_root() {
        let ground = Ground::new();
        for set in ["../snapshots", "nes/../../snapshots", "/etc", "/"] {
            let refused = ground.rosters.newest(&customer(Some(set))).await;
            assert!(matches!(refused, Err(SourceError::Misconfigured { .. })), "{set}: {refused:?}");
        }
        ground.lay("a.xml", "1", 1);
        let inside = ground.folder().display().to_string();
        for set in ["nes", "./nes", inside.as_str()] {
            assert!(ground.rosters.newest(&customer(Some(set))).await.unwrap().is_some(), "{set}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_somebody_named_must_be_there() {
        let ground = Ground::new();
        let refused = ground.rosters.newest(&customer(Some("elsewhere"))).await;
        assert!(matches!(refused, Err(SourceError::Misconfigured { .. })), "{refused:?}");
        fs::remove_dir(ground.folder()).unwrap();
        assert_eq!(ground.newest_name().await, None);
    }
}
