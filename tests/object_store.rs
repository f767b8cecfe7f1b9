//! Snapshots in an S3-compatible object store: what is asked for and how, what a disturbed server does to it, and the whole
//! way with a server that others wrote.

#![cfg(test)]

mod support;

use rollover::{
    config::Settings,
    objects::{AccessKeys, Patience, S3Objects, SnapshotsAddress, open_snapshots},
};
use rollover_roster::{
    invent::{Invention, Municipality},
    model::{Record, Roster},
    seal::Key,
    snapshot::{Objects, SnapshotId, SnapshotStore},
};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use std::{fs::File, io::Read, path::Path, time::Duration};
use support::{Fault, Process, S3Server, dying_with_us, free_port, http_client, python_with};
use tempfile::{NamedTempFile, TempDir};

const KEY: &str = "AKIATEST";
const SECRET: &str = "geheim/nisse+123";
const REGION: &str = "eu-north-1";
/// Quick, so that a test that has it fail does not last.
const QUICK: Patience =
    Patience { tries: 4, first_pause: Duration::from_millis(1), silence: Duration::from_secs(20) };

fn settings(endpoint: &str, secret: &str) -> Settings {
    let mut settings = Settings::default();
    settings.snapshots.url = "s3://rosters/a/b".to_owned();
    settings.snapshots.endpoint = endpoint.to_owned();
    settings.snapshots.region = REGION.to_owned();
    settings.snapshots.path_style = true;
    settings.snapshots.access = AccessKeys {
        access_key: KEY.to_owned(),
        secret_key: secret.to_owned(),
        session_token: String::new(),
    };
    settings
}

fn objects(settings: &Settings) -> S3Objects {
    with_patience(settings, QUICK)
}

fn with_patience(settings: &Settings, patience: Patience) -> S3Objects {
    let SnapshotsAddress::Bucket(address) = settings.snapshots_address().unwrap() else { panic!("a bucket") };
    S3Objects::open(&address, &settings.snapshots, patience).unwrap()
}

struct Ground {
    server: S3Server,
    objects: S3Objects,
}

impl Ground {
    async fn new() -> Self {
        let server = S3Server::start("rosters", REGION, KEY, SECRET).await;
        let objects = objects(&settings(&server.endpoint(), SECRET));
        Self { server, objects }
    }

    /// On a thread that may wait.
    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&S3Objects) -> T + Send + 'static) -> T {
        let objects = self.objects.clone();
        tokio::task::spawn_blocking(move || work(&objects)).await.unwrap()
    }

    async fn put(&self, name: &'static str, bytes: Vec<u8>) -> Result<(), String> {
        let put = move |objects: &S3Objects| {
            let file = NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            objects.put(name, file.path())
        };
        self.with(put).await.map_err(|error| error.to_string())
    }

    async fn get(&self, name: &'static str, bytes: u64) -> Result<Option<Vec<u8>>, String> {
        let get = move |objects: &S3Objects| {
            let file = NamedTempFile::new().unwrap();
            let found = objects.get(name, bytes, &mut file.reopen().unwrap())?;
            let mut content = Vec::new();
            File::open(file.path()).unwrap().read_to_end(&mut content).unwrap();
            Ok(found.then_some(content))
        };
        self.with(get).await.map_err(|error: rollover_roster::snapshot::ObjectsError| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_put_listed_read_and_taken_away() {
    let ground = Ground::new().await;
    for name in ["x/1", "x/2", "x/3", "x/4", "x/5", "x/6", "x/7", "y/1"] {
        ground.put(name, name.as_bytes().to_vec()).await.unwrap();
    }
    ground.with(|objects| objects.mark("x/mark")).await.unwrap();
    assert_eq!(ground.server.objects().keys().next().unwrap(), "a/b/x/1", "below the prefix");
    let listed = ground.with(|objects| objects.list("x/")).await.unwrap();
    let names: Vec<&str> = listed.iter().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["x/1", "x/2", "x/3", "x/4", "x/5", "x/6", "x/7", "x/mark"], "over several pages");
    assert_eq!((listed[0].bytes, listed[7].bytes), (3, 0));
    assert!(listed.iter().all(|object| object.age < Duration::from_secs(600)));
    assert_eq!(ground.get("x/2", 3).await.unwrap().unwrap(), b"x/2");
    assert_eq!(ground.get("x/none", 3).await.unwrap(), None);
    assert!(ground.get("x/2", 2).await.unwrap_err().contains("longer than it was listed"));
    ground.with(|objects| objects.delete("x/2").and_then(|()| objects.delete("x/2"))).await.unwrap();
    assert_eq!(ground.get("x/2", 3).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_in_parts_and_a_part_that_fails_goes_again() {
    let ground = Ground::new().await;
    let large: Vec<u8> = (0..17 * 1024 * 1024_u32).map(|at| (at / 1_000) as u8).collect();
    // Beginning, three parts, end.
    let faults = [Fault::Nothing, Fault::Status(503), Fault::BreaksOff, Fault::Nothing, Fault::Status(500)];
    ground.server.disturb(&faults);
    ground.put("large", large.clone()).await.unwrap();
    assert!(ground.server.objects()["a/b/large"] == large);
    let count =
        |method: &str| ground.server.requests().iter().filter(|asked| asked.starts_with(method)).count();
    assert_eq!((count("POST"), count("PUT"), ground.server.open_uploads()), (2, 6, 0));
    assert!(ground.get("large", large.len() as u64).await.unwrap().unwrap() == large);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_file_that_could_not_be_put_are_taken_away() {
    let ground = Ground::new().await;
    ground.server.disturb(&[Fault::Nothing, Fault::Nothing, Fault::Status(403)]);
    assert!(ground.put("large", vec![1; 17 * 1024 * 1024]).await.unwrap_err().contains("403"));
    assert_eq!((ground.server.open_uploads(), ground.server.objects().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_disturbed_is_asked_again_and_not_for_ever() {
    let mut ground = Ground::new().await;
    let hasty = Patience { silence: Duration::from_millis(500), ..QUICK };
    ground.objects = with_patience(&settings(&ground.server.endpoint(), SECRET), hasty);
    let content: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
    let faults = [
        [Fault::Status(503), Fault::Status(500)],
        [Fault::BreaksOff, Fault::Status(429)],
        [Fault::Silence, Fault::BreaksOff],
    ];
    for some in faults {
        ground.server.disturb(&some);
        ground.put("x/a", content.clone()).await.unwrap();
        ground.server.disturb(&some);
        assert!(ground.get("x/a", content.len() as u64).await.unwrap().unwrap() == content, "{some:?}");
        ground.server.disturb(&some);
        assert_eq!(ground.with(|objects| objects.list("x/")).await.unwrap().len(), 1, "{some:?}");
        ground.server.disturb(&some);
        ground.with(|objects| objects.delete("x/b")).await.unwrap();
    }
    let before = ground.server.requests().len();
    ground.server.disturb(&[Fault::Status(503); 4]);
    let told = ground.with(|objects| objects.list("")).await.unwrap_err().to_string();
    assert_eq!(told, "s3://rosters: it answers 503 Service Unavailable (SlowDown)");
    assert_eq!(ground.server.requests().len() - before, 4, "as often as patience says");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_told_with_what_to_correct_and_without_secrets() {
    let ground = Ground::new().await;
    let url = ground.server.endpoint();
    let told = |settings: Settings| async move {
        let objects = objects(&settings);
        let told = tokio::task::spawn_blocking(move || {
            let errors = [objects.look().map(drop), objects.list("").map(drop), objects.delete("x")];
            errors.map(|error| error.unwrap_err().to_string())
        });
        told.await.unwrap()
    };
    let before = ground.server.requests().len();
    for error in told(settings(&url, "another")).await {
        assert!(error.contains("403") && error.contains("ROLLOVER_SNAPSHOTS_SECRET_KEY"), "{error}");
        for secret in [KEY, "another", "Signature="] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    assert_eq!(ground.server.requests().len() - before, 3, "asking again cannot help");
    let mut elsewhere = settings(&url, SECRET);
    elsewhere.snapshots.url = "s3://other".to_owned();
    let [look, list, _] = {
        let objects = objects(&elsewhere);
        let looks = move || [objects.look().map(drop), objects.list("").map(drop), Ok(())];
        tokio::task::spawn_blocking(looks).await.unwrap()
    };
    for error in [look.unwrap_err(), list.unwrap_err()] {
        assert!(error.to_string().contains("the bucket is not there"), "{error}");
    }
    let nobody = settings(&format!("http://127.0.0.1:{}", free_port()), SECRET);
    for error in told(nobody).await {
        assert!(!error.contains("X-Amz") && !error.contains(KEY), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_enters_the_bucket_and_reads_no_name_in_it() {
    let ground = Ground::new().await;
    let found = ground.with(S3Objects::look).await.unwrap();
    assert_eq!(found, "s3://rosters/a/b/ answers");
    assert_eq!(ground.server.requests(), ["HEAD /rosters/"]);
    assert!(!format!("{:?}", settings("", SECRET)).contains(SECRET));
}

fn roster(seed: u64) -> Roster {
    Municipality::new(&Invention { schools: 1, ..Invention::small(seed) }).roster()
}

fn reads(store: &SnapshotStore, id: &SnapshotId) -> Vec<Record> {
    store.read(id).unwrap().collect::<Result<_, _>>().unwrap()
}

/// A store as a machine of its own has it, with a key from its environment.
fn machine(settings: &Settings, folder: &Path) -> SnapshotStore {
    let mut settings = settings.clone();
    settings.data.folder = folder.to_path_buf();
    settings.snapshots.keys = [("2026".parse().unwrap(), Key::new([7; 32]))].into();
    settings.snapshots.encrypt_with = "2026".to_owned();
    open_snapshots(&settings).unwrap()
}

/// Written on one machine, read on another, found written by a third, taken away by a fourth.
fn the_whole_way(settings: &Settings) {
    let folders: Vec<TempDir> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let machine = |number: usize| machine(settings, folders[number].path());
    let id = machine(0).write(&roster(1)).unwrap();
    assert_eq!(reads(&machine(1), &id), roster(1).records());
    assert!(folders[1].path().join("snapshot-cache").is_dir());
    assert_eq!(machine(2).write(&roster(1)).unwrap(), id);
    let last = machine(3);
    let listed = last.list().unwrap();
    assert_eq!((listed.len(), listed[0].id, listed[0].bytes > 1_000), (1, id, true));
    assert!(!last.remove_idle(&id, Duration::from_secs(3_600)).unwrap());
    assert!(last.remove_idle(&id, Duration::ZERO).unwrap());
    assert!(last.list().unwrap().is_empty());
    assert!(last.counts(&id).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_goes_the_whole_way() {
    let ground = Ground::new().await;
    let settings = settings(&ground.server.endpoint(), SECRET);
    tokio::task::spawn_blocking(move || the_whole_way(&settings)).await.unwrap();
    assert!(ground.server.objects().is_empty(), "{:?}", ground.server.objects().keys());
}

/// A thread of the runtime may wait for the store, too: commands do.
#[tokio::test]
async fn a_store_can_be_used_and_dropped_on_a_thread_of_the_runtime() {
    let (settings, folder) = (settings("http://127.0.0.1:1", SECRET), tempfile::tempdir().unwrap());
    let objects = objects(&settings);
    assert!(objects.look().is_err());
    drop(machine(&settings, folder.path()));
}

/// Makes the bucket, as an operator does.
async fn make_bucket(endpoint: &str) {
    let bucket = Bucket::new(endpoint.parse().unwrap(), UrlStyle::Path, "rosters", REGION).unwrap();
    let credentials = Credentials::new(KEY, SECRET);
    let url = bucket.create_bucket(&credentials).sign(Duration::from_secs(60));
    let body = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    let made = http_client().build().unwrap().put(url).body(body).send().await.unwrap();
    assert!(made.status().is_success(), "{}", made.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_others_wrote_understands_all_of_it() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(python) = python_with(target, "moto", "moto[server,s3]") else {
        eprintln!("SKIPPED: no package index can be reached, so the server cannot be installed");
        return;
    };
    let port = free_port();
    let mut command = dying_with_us(&python);
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
    let _server = Process::start(command, "Running on", "KILL").unwrap();
    let endpoint = format!("http://127.0.0.1:{port}");
    make_bucket(&endpoint).await;
    let settings = settings(&endpoint, SECRET);
    tokio::task::spawn_blocking(move || {
        the_whole_way(&settings);
        let objects = objects(&settings);
        assert_eq!(objects.look().unwrap(), "s3://rosters/a/b/ answers");
        let file = NamedTempFile::new().unwrap();
        let large: Vec<u8> = (0..17 * 1024 * 1024_u32).map(|at| (at / 1_000) as u8).collect();
        std::fs::write(file.path(), &large).unwrap();
        objects.put("large", file.path()).unwrap();
        let copy = NamedTempFile::new().unwrap();
        assert!(objects.get("large", large.len() as u64, &mut copy.reopen().unwrap()).unwrap());
        assert!(std::fs::read(copy.path()).unwrap() == large);
        assert_eq!(objects.list("").unwrap().len(), 1);
    })
    .await
    .unwrap();
}
