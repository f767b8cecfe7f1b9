//! Comparing by index gives what comparing whole rosters gives, on every file; and refuses what the reader refuses.

use crate::{
    generate,
    never_panics::{Damage, apply, damage},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use rollover_roster::{
    compare::{Options, RosterError, compare_files, compare_to_snapshot, read_to_snapshot},
    diff::{Change, ChangeCounts, diff},
    invent::{Invention, Municipality},
    model::Roster,
    read::{ReadOptions, ReadReport, ReadRoster, read_imse},
    snapshot::SnapshotStore,
    write::write_imse,
};
use std::{convert::Infallible, fs, path::Path};

fn written(roster: &Roster) -> Vec<u8> {
    let mut out = Vec::new();
    write_imse(&mut out, roster, "sas", "2024-06-03").unwrap();
    out
}

fn difference(old: &Roster, new: &Roster) -> Vec<Change> {
    let stream = |roster: &Roster| roster.records().to_vec().into_iter().map(Ok::<_, Infallible>);
    diff(stream(new), stream(old)).map(|change| change.unwrap()).collect()
}

/// Small blocks and little memory, so that even small files are cut and spilled.
fn options<'a>(read: &'a ReadOptions, scratch: &'a Path, block: usize) -> Options<'a> {
    Options { threads: 3, block, memory: 4_000, ..Options::new(read, scratch) }
}

fn refused<T>(result: Result<T, RosterError>) -> Result<T, ReadReport> {
    result.map_err(|error| match error {
        RosterError::Refused(report) => report,
        other => panic!("{other:?}"),
    })
}

/// Compares two files in every way there is.
fn check(old: &[u8], new: &[u8], block: usize) {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let paths = ["old.xml", "new.xml"].map(|name| folder.path().join(name));
    [old, new].iter().zip(&paths).for_each(|(bytes, path)| fs::write(path, bytes).unwrap());
    let read = ReadOptions::default();
    let options = options(&read, scratch.path(), block);
    let [whole_old, whole_new] = [(old, "old.xml"), (new, "new.xml")]
        .map(|(bytes, name)| read_imse(bytes, &read).map_err(|report| report.with_file(name)));
    let compared = refused(compare_files(&paths[0], &paths[1], &options));
    let store = SnapshotStore::open(&folder.path().join("store")).unwrap();
    let stored = refused(read_to_snapshot(&paths[0], &options, &store));
    let (whole_old, whole_new) = match (whole_old, whole_new) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(report), _) => {
            assert_eq!((compared.err(), stored.err()), (Some(report.clone()), Some(report)));
            return;
        }
        (Ok(_), Err(report)) => {
            assert_eq!(compared.err(), Some(report));
            return;
        }
    };
    let (compared, stored) = (compared.unwrap(), stored.unwrap());
    let ReadRoster { roster, properties, groups_without_id, .. } = whole_new;
    let expected = difference(&whole_old.roster, &roster);
    let against = compare_to_snapshot(&store, &stored.id, &paths[1], &options).unwrap();
    for comparison in [&compared, &against] {
        let changes: Vec<Change> = comparison.changes().map(Result::unwrap).collect();
        assert_eq!(changes, expected);
        assert_eq!(*comparison.counts(), ChangeCounts::of(&expected));
        assert_eq!(*comparison.old_records(), whole_old.roster.counts());
        assert_eq!(*comparison.new_records(), roster.counts());
        assert_eq!(
            (comparison.properties(), comparison.groups_without_id()),
            (&properties, groups_without_id)
        );
    }
    assert_eq!(stored.id, store.write(&whole_old.roster).unwrap());
    assert_eq!((stored.counts, stored.properties), (whole_old.roster.counts(), whole_old.properties));
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "nothing is left behind");
}

/// The pieces of a file: what stands before the records, each of them, what stands behind.
fn pieces(file: &[u8]) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for line in String::from_utf8(file.to_vec()).unwrap().split_inclusive('\n') {
        if ["<person", "<group", "<membership", "</enterprise"].iter().any(|tag| line.starts_with(tag)) {
            pieces.push(String::new());
        }
        pieces.last_mut().unwrap().push_str(line);
    }
    pieces
}

/// What files of the world do and the writer does not.
const ODDITIES: &[&str] = &[
    "<!-- </person><person> -->",
    "<comments>x</comments>",
    "<![CDATA[</group><group>]]>",
    "<?pi </membership><membership>?>",
    "&amp;",
    "\u{feff}",
    "<group><description><short>no id</short></description></group>",
    "<properties><datasource>other</datasource></properties>",
    "<other><person></person><person></person></other>",
    "</enterprise><enterprise>",
    "<membership><sourcedid><id>nobody</id></sourcedid></membership>",
    "\r\n",
    "<group><sourcedid><id>a</id></sourcedid><description><short>A</short></description>\
     <relationship><sourcedid><id>b</id></sourcedid></relationship></group>",
    "<group><sourcedid><id>b</id></sourcedid><description><short>B</short></description>\
     <relationship><sourcedid><id>a</id></sourcedid></relationship></group>",
    "<person><sourcedid><id>r</id></sourcedid><name><n><given>A</given><family>B</family></n></name>\
     <extension><relationship><relationshiptype>child</relationshiptype><sourcedid><id>nobody</id></sourcedid>\
     </relationship></extension></person>",
];

fn reordered() -> impl Strategy<Value = Vec<u8>> {
    let oddities = vec((any::<Index>(), prop::sample::select(ODDITIES)), 0..3);
    (generate::roster(), any::<bool>(), vec((any::<Index>(), any::<Index>()), 0..6), oddities).prop_map(
        |(roster, backwards, doubled, oddities)| {
            let mut pieces = pieces(&written(&roster));
            let end = pieces.len() - 1;
            if backwards {
                pieces[1..end].reverse();
            }
            for (from, to) in doubled {
                let piece = from.get(&pieces[1..]).clone();
                pieces.insert(1 + to.index(end), piece);
            }
            for (to, oddity) in oddities {
                pieces.insert(to.index(pieces.len()), oddity.to_owned());
            }
            pieces.concat().into_bytes()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn as_whole_rosters_do(one in generate::roster(), other in generate::roster(), kept in vec(any::<Index>(), 0..10), block in 1..2_000_usize) {
        let mut records = other.records().to_vec();
        records.extend(kept.iter().map(|at| at.get(one.records()).clone()));
        check(&written(&one), &written(&Roster::from_records(records)), block);
    }

    #[test]
    fn whatever_the_order_and_whatever_stands_between(old in reordered(), new in reordered(), block in 1..2_000_usize) {
        check(&old, &new, block);
    }

    #[test]
    fn and_on_damaged_files(roster in generate::roster(), damages in vec(damage(), 1..4), block in 1..2_000_usize) {
        let whole = written(&roster);
        let mut bytes = whole.clone();
        damages.iter().for_each(|damage: &Damage| apply(&mut bytes, damage));
        check(&bytes, &whole, block);
    }
}

/// A school year's turn: most groups go, others come, and many blocks are read by several threads.
#[test]
fn invented_municipalities_in_blocks_of_any_size() {
    let mut municipality = Municipality::new(&Invention::small(3));
    let before = written(&municipality.roster());
    municipality.small_changes(5);
    let everyday = written(&municipality.roster());
    municipality.turn_school_year();
    let after = written(&municipality.roster());
    for block in [1, 300, 5_000, 1 << 20] {
        check(&before, &everyday, block);
        check(&everyday, &after, block);
    }
}

/// Windows-1252 has one byte where the text has two or three, so places are counted anew.
#[test]
fn files_in_windows_1252() {
    let file = |name: &str| {
        let person = |id: u32| {
            format!(
                "<person><sourcedid><id>p{id}</id></sourcedid><name><n><given>{name}</given><family>Öst</family></n></name></person>\n"
            )
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<enterprise>{}</enterprise>",
            (0..50).map(person).collect::<String>()
        );
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()
    };
    check(&file("Åse"), &file("Zoë"), 500);
}

#[test]
fn an_element_that_ends_the_document_ends_it() {
    let person = "<person><sourcedid><id>p</id></sourcedid><name><n><given>A</given><family>B</family></n></name></person>";
    let good = format!("<enterprise>{person}</enterprise>");
    for bad in [
        format!("<enterprise/>{person}</enterprise>"),
        format!("{person}</enterprise>"),
        format!("<enterprise>{person}</enterprise></enterprise>"),
        format!("<enterprise>{person}</enterprise>{person}"),
        format!("<enterprise>{person}</person>{person}</enterprise>"),
        format!("<x:enterprise>{person}</enterprise>"),
    ] {
        check(bad.as_bytes(), good.as_bytes(), 1);
    }
    check(format!("<x:enterprise xmlns:x='y'>{person}</x:enterprise>").as_bytes(), good.as_bytes(), 1);
}
