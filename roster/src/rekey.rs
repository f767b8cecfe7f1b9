//! Who goes under one sync key and comes under another: persons and groups whose key the MIS has changed.

use crate::{
    diff::Change,
    likeness::Likeness,
    model::{Group, Kind, Person, Record, SyncKey},
    places::{Place, Sides},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// So many bearers among those who go, or among those who come, make a name common: alone it proves nothing.
pub const COMMON_NAME: u32 = 2;
/// Deletes, and as many creates, that are looked at; what exceeds them is counted in [`Rekeyed::passed_over`].
pub const MAX_CANDIDATES: usize = 1_000_000;

/// How sure it is that two keys are of one person or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The MIS announced it, or name, birth date and school agree, and with nobody else.
    Certain,
    /// What is known agrees, and with nobody else.
    Likely,
    /// It may be another: a person must look.
    Unsure,
}

/// What speaks for a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The MIS gave the old key with the new one.
    pub announced: bool,
    /// One goes and one comes that look so.
    pub alone: bool,
    pub kind: Kind,
    pub birth_date: bool,
    pub school: bool,
    pub common_name: bool,
}

/// A group is never certain by its looks: next year's class 1A has all that this year's has.
pub fn decide_certainty(evidence: Evidence) -> Certainty {
    if evidence.announced {
        return Certainty::Certain;
    }
    if !evidence.alone {
        return Certainty::Unsure;
    }
    match (evidence.kind, evidence.birth_date) {
        (Kind::Person, true) if evidence.school => Certainty::Certain,
        (Kind::Person, false) if evidence.common_name => Certainty::Unsure,
        _ => Certainty::Likely,
    }
}

/// An id change that the MIS announced in the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    pub old: SyncKey,
    pub new: SyncKey,
}

/// Keys that look like one person's or group's. Unless it is unsure, one is old and one is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    pub certainty: Certainty,
    pub old: Vec<SyncKey>,
    pub new: Vec<SyncKey>,
}

/// All pairings of a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rekeyed {
    pub persons: Vec<Pairing>,
    pub groups: Vec<Pairing>,
    /// Changes beyond [`MAX_CANDIDATES`].
    pub passed_over: u64,
}

/// How many changes look like another key for somebody who is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekeyedCounts {
    pub deletes: u64,
    pub creates: u64,
    /// Of the deletes.
    pub certain: u64,
    pub likely: u64,
    pub unsure: u64,
}

impl RekeyedCounts {
    pub fn of(pairings: &[Pairing]) -> Self {
        let mut counts = Self::default();
        for pairing in pairings {
            let old = pairing.old.len() as u64;
            counts.deletes += old;
            counts.creates += pairing.new.len() as u64;
            match pairing.certainty {
                Certainty::Certain => counts.certain += old,
                Certainty::Likely => counts.likely += old,
                Certainty::Unsure => counts.unsure += old,
            }
        }
        counts
    }
}

/// Takes up a difference change by change, and joins what goes with what comes by digests.
pub struct Rekeyer<'a> {
    sides: &'a Sides,
    /// Old key to new key.
    announced: HashMap<Likeness, Likeness>,
    persons: Candidates,
    groups: Candidates,
    passed_over: u64,
}

#[derive(Default)]
struct Candidates {
    old: Vec<Candidate>,
    new: Vec<Candidate>,
}

struct Candidate {
    key: SyncKey,
    likeness: Likeness,
    /// Of the name alone, where there is no birth date.
    bare_name: Option<Likeness>,
    school: bool,
}

impl<'a> Rekeyer<'a> {
    pub fn new(sides: &'a Sides, announced: &[Announced]) -> Self {
        let digests = announced.iter().map(|pair| (Likeness::of_key(&pair.old), Likeness::of_key(&pair.new)));
        let (persons, groups) = (Candidates::default(), Candidates::default());
        Self { sides, announced: digests.collect(), persons, groups, passed_over: 0 }
    }

    pub fn see(&mut self, change: &Change) {
        let goes = match change {
            Change::Create(_) => false,
            Change::Delete(_) => true,
            Change::Update { .. } => return,
        };
        let place = self.sides.place(change);
        let (candidate, candidates) = match change.record() {
            Record::Person(person) => (Candidate::person(person, place), &mut self.persons),
            Record::Group(group) => {
                let likeness = self.sides.side(change.action()).group_likeness(group);
                (Candidate::group(group, likeness), &mut self.groups)
            }
            Record::Course(_) | Record::Membership(_) => return,
        };
        let list = if goes { &mut candidates.old } else { &mut candidates.new };
        if list.len() < MAX_CANDIDATES {
            list.push(candidate);
        } else {
            self.passed_over += 1;
        }
    }

    pub fn finish(self) -> Rekeyed {
        Rekeyed {
            persons: self.persons.pair(Kind::Person, &self.announced),
            groups: self.groups.pair(Kind::Group, &self.announced),
            passed_over: self.passed_over,
        }
    }
}

impl Candidate {
    fn person(person: &Person, place: Place<'_>) -> Self {
        let Person { given, family, birth_date, .. } = person;
        Self {
            key: person.key.clone(),
            likeness: Likeness::of_person(given, family, *birth_date, place.school),
            bare_name: birth_date.is_none().then(|| Likeness::of_name(given, family)),
            school: place.school.is_some(),
        }
    }

    fn group(group: &Group, likeness: Likeness) -> Self {
        Self { key: group.key.clone(), likeness, bare_name: None, school: false }
    }
}

/// Those who look alike.
#[derive(Default)]
struct Bucket {
    old: Vec<Candidate>,
    new: Vec<Candidate>,
}

impl Candidates {
    fn pair(self, kind: Kind, announced: &HashMap<Likeness, Likeness>) -> Vec<Pairing> {
        let bearers = [bearers(&self.old), bearers(&self.new)];
        let is_common = |candidate: &Candidate| {
            candidate.bare_name.is_some_and(|name| {
                bearers.iter().any(|bearers| bearers.get(&name).is_some_and(|count| *count >= COMMON_NAME))
            })
        };
        let (mut pairings, rest) = self.take_announced(announced);
        for bucket in rest.into_buckets() {
            let evidence = Evidence {
                announced: false,
                alone: bucket.old.len() == 1 && bucket.new.len() == 1,
                kind,
                birth_date: bucket.old[0].bare_name.is_none(),
                school: bucket.old[0].school,
                common_name: is_common(&bucket.old[0]),
            };
            let keys =
                |candidates: Vec<Candidate>| candidates.into_iter().map(|candidate| candidate.key).collect();
            let certainty = decide_certainty(evidence);
            pairings.push(Pairing { certainty, old: keys(bucket.old), new: keys(bucket.new) });
        }
        pairings.sort_by(|a, b| a.old.cmp(&b.old));
        pairings
    }

    /// An announcement counts only where the old key goes and the new one comes.
    fn take_announced(self, announced: &HashMap<Likeness, Likeness>) -> (Vec<Pairing>, Self) {
        if announced.is_empty() {
            return (Vec::new(), self);
        }
        let mut new: HashMap<Likeness, Candidate> =
            self.new.into_iter().map(|candidate| (Likeness::of_key(&candidate.key), candidate)).collect();
        let (mut pairings, mut old) = (Vec::new(), Vec::new());
        for candidate in self.old {
            let target = announced.get(&Likeness::of_key(&candidate.key));
            match target.and_then(|target| new.remove(target)) {
                None => old.push(candidate),
                Some(comes) => pairings.push(Pairing {
                    certainty: Certainty::Certain,
                    old: vec![candidate.key],
                    new: vec![comes.key],
                }),
            }
        }
        (pairings, Self { old, new: new.into_values().collect() })
    }

    /// Buckets in which somebody goes and somebody comes.
    fn into_buckets(self) -> impl Iterator<Item = Bucket> {
        let mut buckets: HashMap<Likeness, Bucket> = HashMap::with_capacity(self.old.len());
        for candidate in self.old {
            buckets.entry(candidate.likeness).or_default().old.push(candidate);
        }
        for candidate in self.new {
            if let Some(bucket) = buckets.get_mut(&candidate.likeness) {
                bucket.new.push(candidate);
            }
        }
        buckets.into_values().filter(|bucket| !bucket.new.is_empty()).map(|mut bucket| {
            bucket.old.sort_by(|a, b| a.key.cmp(&b.key));
            bucket.new.sort_by(|a, b| a.key.cmp(&b.key));
            bucket
        })
    }
}

fn bearers(candidates: &[Candidate]) -> HashMap<Likeness, u32> {
    let mut bearers = HashMap::new();
    for name in candidates.iter().filter_map(|candidate| candidate.bare_name) {
        *bearers.entry(name).or_default() += 1;
    }
    bearers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{group, key, member, person, school};

    const BORN: Option<&str> = Some("2014-02-28");

    /// The pairings of a difference: (certainty, old ids, new ids).
    type Found = Vec<(Certainty, Vec<String>, Vec<String>)>;

    fn found(pairings: &[Pairing]) -> Found {
        let ids = |keys: &[SyncKey]| keys.iter().map(|key| key.id.clone()).collect();
        pairings.iter().map(|pair| (pair.certainty, ids(&pair.old), ids(&pair.new))).collect()
    }

    fn rekeyed(old: &[Record], new: &[Record], announced: &[Announced]) -> Rekeyed {
        let mut sides = Sides::default();
        let schools = [school("s-1", "Nes skole"), school("s-2", "Vik skole")];
        schools.iter().chain(old).for_each(|record| sides.mirror.learn(record));
        schools.iter().chain(new).for_each(|record| sides.roster.learn(record));
        let mut rekeyer = Rekeyer::new(&sides, announced);
        old.iter().for_each(|record| rekeyer.see(&Change::Delete(record.clone())));
        new.iter().for_each(|record| rekeyer.see(&Change::Create(record.clone())));
        rekeyer.finish()
    }

    fn one(certainty: Certainty, old: &[&str], new: &[&str]) -> Found {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        vec![(certainty, ids(old), ids(new))]
    }

    // DOMAIN F2, K2
    #[test]
    fn persons_are_paired_by_name_birth_date_and_school() {
        use Certainty::{Certain, Likely, Unsure};
        let at = |school: &str, id: &str, given: &str, born| {
            vec![person(id, given, "Berg", born), member(school, id)]
        };
        let kari = |id: &str| at("s-1", id, "Kari", BORN);
        let nameless = |id: &str| at("s-1", id, "Kari", None);
        let cases: Vec<(&str, Vec<Record>, Vec<Record>, Found)> = vec![
            ("alone", kari("a"), kari("b"), one(Certain, &["a"], &["b"])),
            ("spelling", kari("a"), at("s-1", "b", "KÁRI", BORN), one(Certain, &["a"], &["b"])),
            ("another name", kari("a"), at("s-1", "b", "Karin", BORN), vec![]),
            ("another school", kari("a"), at("s-2", "b", "Kari", BORN), vec![]),
            ("another birth date", kari("a"), at("s-1", "b", "Kari", Some("2014-03-01")), vec![]),
            ("birth date on one side", kari("a"), nameless("b"), vec![]),
            ("school unknown", kari("a")[..1].to_vec(), kari("b")[..1].to_vec(), one(Likely, &["a"], &["b"])),
            ("no birth date, rare name", nameless("a"), nameless("b"), one(Likely, &["a"], &["b"])),
            (
                "no birth date, common name",
                [nameless("a"), at("s-2", "c", "Kari", None)].concat(),
                nameless("b"),
                one(Unsure, &["a"], &["b"]),
            ),
            ("two go", [kari("a"), kari("c")].concat(), kari("b"), one(Unsure, &["a", "c"], &["b"])),
            ("two come", kari("a"), [kari("b"), kari("c")].concat(), one(Unsure, &["a"], &["b", "c"])),
            ("nobody comes", kari("a"), vec![], vec![]),
        ];
        for (what, old, new, expected) in cases {
            assert_eq!(found(&rekeyed(&old, &new, &[]).persons), expected, "{what}");
        }
    }

    // DOMAIN F2
    #[test]
    fn groups_are_paired_by_name_type_level_and_what_they_lie_in() {
        use Certainty::{Likely, Unsure};
        let class = |id: &str, name: &str, school: &str| group(id, name, 2, Some(school));
        let cases = [
            (
                "alone",
                vec![class("a", "8A", "s-1")],
                vec![class("b", "8a", "s-1")],
                one(Likely, &["a"], &["b"]),
            ),
            ("another school", vec![class("a", "8A", "s-1")], vec![class("b", "8A", "s-2")], vec![]),
            ("another level", vec![class("a", "8A", "s-1")], vec![group("b", "8A", 3, Some("s-1"))], vec![]),
            ("another type", vec![group("a", "8A", 1, Some("s-1"))], vec![class("b", "8A", "s-1")], vec![]),
            (
                "two come",
                vec![class("a", "8A", "s-1")],
                vec![class("b", "8A", "s-1"), class("c", "8A", "s-1")],
                one(Unsure, &["a"], &["b", "c"]),
            ),
            (
                "its school has another key too",
                vec![school("old", "Ås skole"), class("a", "8A", "old")],
                vec![school("new", "Ås skole"), class("b", "8A", "new")],
                [one(Likely, &["a"], &["b"]), one(Likely, &["old"], &["new"])].concat(),
            ),
        ];
        for (what, old, new, expected) in cases {
            assert_eq!(found(&rekeyed(&old, &new, &[]).groups), expected, "{what}");
        }
    }

    // DOMAIN F2, K2
    #[test]
    fn what_the_mis_announced_is_certain_where_both_keys_change() {
        let old = [person("a", "Kari", "Berg", None), person("c", "Ola", "Moe", BORN)];
        let new = [person("b", "Kari", "Berg-Moe", BORN), person("d", "Ola", "Moe", BORN)];
        let pair = |old: &str, new: &str| Announced { old: key(old), new: key(new) };
        let announced = [pair("a", "b"), pair("c", "gone"), pair("stays", "d")];
        let expected =
            [one(Certainty::Certain, &["a"], &["b"]), one(Certainty::Likely, &["c"], &["d"])].concat();
        let rekeyed = rekeyed(&old, &new, &announced);
        assert_eq!(found(&rekeyed.persons), expected);
        let counts = RekeyedCounts::of(&rekeyed.persons);
        assert_eq!(counts, RekeyedCounts { deletes: 2, creates: 2, certain: 1, likely: 1, unsure: 0 });
    }

    // DOMAIN F2
    #[test]
    fn every_key_of_a_large_customer_may_change_at_once() {
        const PERSONS: usize = 100_000;
        let sides = Sides::default();
        let mut rekeyer = Rekeyer::new(&sides, &[]);
        let name = |number: usize| (format!("Given{number}"), format!("Family{}", number / 7));
        for number in 0..PERSONS {
            let (given, family) = name(number);
            rekeyer.see(&Change::Delete(person(&format!("old-{number}"), &given, &family, BORN)));
            rekeyer.see(&Change::Create(person(&format!("new-{number}"), &family, &given, BORN)));
        }
        let counts = RekeyedCounts::of(&rekeyer.finish().persons);
        let all = PERSONS as u64;
        assert_eq!(
            counts,
            RekeyedCounts { deletes: all, creates: all, likely: all, ..RekeyedCounts::default() }
        );
    }

    #[test]
    fn certainty_needs_proof() {
        use Certainty::{Certain, Likely, Unsure};
        let cases = [
            // (announced, alone, kind, birth date, school, common name)
            (true, false, Kind::Person, false, false, true, Certain),
            (false, true, Kind::Person, true, true, false, Certain),
            (false, true, Kind::Person, true, false, false, Likely),
            (false, true, Kind::Person, false, true, false, Likely),
            (false, true, Kind::Person, false, true, true, Unsure),
            (false, false, Kind::Person, true, true, false, Unsure),
            (false, true, Kind::Group, true, true, false, Likely),
            (false, false, Kind::Group, true, true, false, Unsure),
        ];
        for (announced, alone, kind, birth_date, school, common_name, expected) in cases {
            let evidence = Evidence { announced, alone, kind, birth_date, school, common_name };
            assert_eq!(decide_certainty(evidence), expected, "{evidence:?}");
        }
    }
}
