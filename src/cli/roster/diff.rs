//! `rollover roster diff`: what turns one roster into another, and what the Filter would say of it.

use super::input::{Format, ReadArgs, refused};
use crate::{
    cli::{
        context::Context,
        import::show::{print_breaches, print_counts},
        output, progress,
    },
    exit::{Exit, ExitError},
    objects,
};
use anyhow::Context as _;
use clap::Args;
use rollover_roster::{
    compare::{Comparison, Options, RosterError, compare_files, compare_to_snapshot, read_to_snapshot},
    diff::{Action, Change, ChangeCounts, diff_rosters},
    explain::Explainer,
    figures::thousands,
    filter::{Breach, Limits, Verdict, decide_abort},
    model::{Kind, KindCounts, Record, Roster, SyncKey},
    places::Sides,
    read::ReadOptions,
    rekey::{RekeyedCounts, Rekeyer},
    seal::Keys,
    snapshot::{SnapshotId, SnapshotStore},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// A file, or `snapshot:` and the id of one.
    old: String,
    /// A file.
    new: PathBuf,
    /// The folder of snapshots that OLD is in.
    #[arg(long, value_name = "FOLDER")]
    snapshots: Option<PathBuf>,
    /// Print the changes one by one, by kind, action and fields.
    #[arg(long)]
    list: bool,
    /// At most so many of them.
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "list")]
    limit: usize,
    /// With the sync keys, which are personal.
    #[arg(long, requires = "list")]
    personal: bool,
    #[command(flatten)]
    read: ReadArgs,
}

/// What differs.
#[derive(Debug, Serialize)]
struct Answer {
    old: KindCounts,
    new: KindCounts,
    changes: ChangeCounts,
    /// Updates by the fields that they change.
    fields: BTreeMap<String, u64>,
    rekeyed_persons: RekeyedCounts,
    rekeyed_groups: RekeyedCounts,
    breaches: Vec<Breach>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    list: Vec<Listed>,
}

/// One change.
#[derive(Debug, Serialize)]
struct Listed {
    action: Action,
    kind: Kind,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<SyncKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<SyncKey>,
}

impl Listed {
    fn of(change: &Change, personal: bool) -> Self {
        let fields = if let Change::Update { fields, .. } = change { fields.clone() } else { Vec::new() };
        let key = personal.then(|| change.record().key());
        let (key, person) = key.map_or((None, None), |key| (Some(key.key), key.person));
        Self { action: change.action(), kind: change.kind(), fields, key, person }
    }
}

pub(super) fn run(cx: &Context, args: &DiffArgs) -> anyhow::Result<Exit> {
    let scratch = tempfile::tempdir().context("a temporary folder cannot be made")?;
    let spinner = progress::spinner(&format!("comparing {} and {}", args.old, args.new.display()));
    let options = args.read.options();
    let keys = objects::keys_of(&cx.loaded.settings)?;
    let pair = Pair::of(args, keys, &Options::new(&options, scratch.path()))?;
    let answer = look_at(&pair, args)?;
    spinner.finish_and_clear();
    if cx.json {
        output::json(&answer)?;
    } else {
        print(&answer);
    }
    Ok(Exit::Done)
}

/// OLD as it was given.
enum Old<'a> {
    File(&'a Path),
    Snapshot(SnapshotStore, SnapshotId),
}

impl<'a> Old<'a> {
    fn of(args: &'a DiffArgs, keys: Keys) -> anyhow::Result<Self> {
        let Some(id) = args.old.strip_prefix("snapshot:") else {
            return Ok(Self::File(Path::new(&args.old)));
        };
        let wrong = |why: String| ExitError::usage(format!("{}: {why}", args.old));
        let id: SnapshotId = id.parse().map_err(|error| wrong(format!("{error}")))?;
        let folder = args.snapshots.as_deref();
        let folder =
            folder.ok_or_else(|| wrong("name the folder that it is in with --snapshots".to_owned()))?;
        // Opening a store would make its folder.
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be opened", folder.display()))?;
        Ok(Self::Snapshot(SnapshotStore::open(folder)?.with_keys(keys), id))
    }
}

impl Old<'_> {
    fn read(&self, args: &ReadArgs) -> anyhow::Result<Roster> {
        match self {
            Self::File(path) => Ok(args.read_good(path)?.roster),
            Self::Snapshot(store, id) => {
                Ok(Roster::from_records(store.read(id)?.collect::<Result<Vec<Record>, _>>()?))
            }
        }
    }
}

/// Two rosters: of IMS Enterprise files by their indexes, so that memory hardly grows with them; others in memory.
enum Pair<'a> {
    Indexed { old: Old<'a>, new: &'a Path, options: Options<'a>, comparison: Box<Comparison> },
    InMemory { old: Roster, new: Roster },
}

type ChangeStream<'a> = Box<dyn Iterator<Item = anyhow::Result<Change>> + 'a>;

impl<'a> Pair<'a> {
    fn of(args: &'a DiffArgs, keys: Keys, options: &Options<'a>) -> anyhow::Result<Self> {
        let (old, new) = (Old::of(args, keys)?, args.new.as_path());
        let old_format = match &old {
            Old::File(path) => args.read.format_of(path)?,
            Old::Snapshot(..) => Format::Imse,
        };
        // Only the reader of whole files knows what leniencies and mappings make of a record.
        let plain = *options.read == ReadOptions::default();
        if plain && old_format == Format::Imse && args.read.format_of(new)? == Format::Imse {
            let comparison = match &old {
                Old::File(old) => compare_files(old, new, options),
                Old::Snapshot(store, id) => compare_to_snapshot(store, id, new, options),
            };
            let comparison = Box::new(comparison.map_err(|error| said(error, &old, new))?);
            return Ok(Self::Indexed { old, new, options: *options, comparison });
        }
        // Each on a thread of its own; of two that are not in order the new one is told.
        let (old, new) = thread::scope(|scope| {
            let old = scope.spawn(|| old.read(&args.read));
            let new = args.read.read_good(new);
            (old.join().expect("a reader does not panic"), new)
        });
        Ok(Self::InMemory { new: new?.roster, old: old? })
    }

    fn sizes(&self) -> (KindCounts, KindCounts) {
        match self {
            Self::Indexed { comparison, .. } => (*comparison.old_records(), *comparison.new_records()),
            Self::InMemory { old, new } => (old.counts(), new.counts()),
        }
    }

    fn changes(&self) -> ChangeStream<'_> {
        match self {
            Self::Indexed { comparison, .. } => {
                Box::new(comparison.changes().map(|change| change.map_err(anyhow::Error::new)))
            }
            Self::InMemory { old, new } => Box::new(diff_rosters(new, old).map(Ok)),
        }
    }

    /// Where the records of both are in their hierarchies. A file is read through a snapshot, in the order of keys.
    fn sides(&self) -> anyhow::Result<Sides> {
        let mut sides = Sides::default();
        match self {
            Self::InMemory { old, new } => {
                old.records().iter().for_each(|record| sides.mirror.learn(record));
                new.records().iter().for_each(|record| sides.roster.learn(record));
            }
            Self::Indexed { old, new, options, .. } => {
                let store = SnapshotStore::open(&options.scratch.join("snapshots"))?;
                let (old_store, old_id) = match old {
                    Old::File(path) => (&store, read_to_snapshot(path, options, &store)?.id),
                    Old::Snapshot(store, id) => (store, *id),
                };
                for record in old_store.read(&old_id)? {
                    sides.mirror.learn(&record?);
                }
                for record in store.read(&read_to_snapshot(new, options, &store)?.id)? {
                    sides.roster.learn(&record?);
                }
            }
        }
        Ok(sides)
    }
}

/// A report names its file by its last part, which both may have.
fn said(error: RosterError, old: &Old<'_>, new: &Path) -> anyhow::Error {
    let RosterError::Refused(report) = error else { return error.into() };
    let of = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy() == report.file);
    let path = match old {
        Old::File(old) if of(old) && !of(new) => old,
        Old::File(_) | Old::Snapshot(..) => new,
    };
    refused(path, &report).into()
}

fn look_at(pair: &Pair<'_>, args: &DiffArgs) -> anyhow::Result<Answer> {
    let (old, new) = pair.sizes();
    let mut answer = Answer {
        old,
        new,
        changes: ChangeCounts::default(),
        fields: BTreeMap::new(),
        rekeyed_persons: RekeyedCounts::default(),
        rekeyed_groups: RekeyedCounts::default(),
        breaches: Vec::new(),
        list: Vec::new(),
    };
    for change in pair.changes() {
        let change = change?;
        answer.changes.add(&change);
        if let Change::Update { fields, .. } = &change {
            for field in fields {
                *answer.fields.entry(format!("{}.{field}", change.kind())).or_default() += 1;
            }
        }
        if args.list && answer.list.len() < args.limit {
            answer.list.push(Listed::of(&change, args.personal));
        }
    }
    explain(pair, &mut answer)?;
    Ok(answer)
}

/// Takes the difference up a second time, if somebody may be re-keyed or a limit is broken.
fn explain(pair: &Pair<'_>, answer: &mut Answer) -> anyhow::Result<()> {
    let verdict = decide_abort(Some(&Limits::default()), &answer.old, &answer.changes, false);
    let may_be_rekeyed = [Kind::Person, Kind::Group].into_iter().any(|kind| {
        [Action::Create, Action::Delete].iter().all(|action| answer.changes.get(kind, *action) > 0)
    });
    let breaches = match verdict {
        Verdict::Abort(breaches) => breaches,
        Verdict::Pass if may_be_rekeyed => Vec::new(),
        Verdict::Pass => return Ok(()),
    };
    let sides = pair.sides()?;
    let mut explainer = Explainer::new(breaches, &sides, &[]);
    let mut rekeyer = Rekeyer::new(&sides, &[]);
    for change in pair.changes() {
        let change = change?;
        explainer.see(&change);
        rekeyer.see(&change);
    }
    let rekeyed = rekeyer.finish();
    answer.rekeyed_persons = RekeyedCounts::of(&rekeyed.persons);
    answer.rekeyed_groups = RekeyedCounts::of(&rekeyed.groups);
    answer.breaches = explainer.finish();
    Ok(())
}

fn print(answer: &Answer) {
    if answer.changes.is_empty() {
        output::line("Nothing differs.");
        return;
    }
    print_counts(&answer.changes);
    if !answer.fields.is_empty() {
        output::line("\nfields that updates change:");
        for (field, count) in &answer.fields {
            output::line(format!("  {:>10}  {field}", thousands(*count)));
        }
    }
    for (kind, counts) in [("persons", answer.rekeyed_persons), ("groups", answer.rekeyed_groups)] {
        if counts.deletes > 0 {
            output::line(format!(
                "\n{} deletes and {} creates of {kind} look re-keyed: {} certain, {} likely, {} unsure",
                thousands(counts.deletes),
                thousands(counts.creates),
                counts.certain,
                counts.likely,
                counts.unsure
            ));
        }
    }
    output::line(match answer.breaches.len() {
        0 => "\nThe Filter would let it pass, with its usual limits.",
        _ => "\nThe Filter would abort it, with its usual limits.",
    });
    print_breaches(&answer.breaches);
    for listed in &answer.list {
        let keys = listed.key.iter().chain(&listed.person);
        let keys: Vec<String> = keys.map(|key| format!("{} {}", key.source, key.id)).collect();
        let line =
            format!("{} {} {} {}", listed.action, listed.kind, listed.fields.join(","), keys.join(" / "));
        output::line(line.trim_end());
    }
}
