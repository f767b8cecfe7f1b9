//! What the changes of a broken limit consist of: by school, class, role or profile, and why (DOMAIN F2).
//!
//! The Filter counts first; a difference is taken up a second time, change by change, only if a limit broke.

mod breakdown;
mod cause;
#[cfg(test)]
mod tests;

pub use breakdown::Breakdown;
pub use cause::{
    Cause, FEW_SCHOOLS, FEW_SCHOOLS_PERCENT, FEW_SCHOOLS_TIMES, ONE_SORT_PERCENT, REKEYED_PERCENT,
    SCHOOL_YEAR_PERCENT, USUAL_SORT_PERCENT,
};

use crate::{
    diff::{Action, Change, ChangeCounts},
    filter::{Breach, ClassPart, PARTS, Part, SortPart},
    likeness::folded,
    model::{Kind, Record, Role},
    places::{Place, Places, Sides, Sort},
    rekey::{Announced, RekeyedCounts, Rekeyer},
};
use cause::{decide_few_schools, decide_one_sort, decide_rekeyed, decide_same_fields, decide_school_year};
use std::collections::{BTreeMap, BTreeSet};

/// Takes up a difference change by change. Memory holds counts, and the keys of what goes and comes.
pub struct Explainer<'a> {
    sides: &'a Sides,
    tallies: Vec<Tally<'a>>,
    rekeyer: Rekeyer<'a>,
    counts: ChangeCounts,
    /// Deletes of memberships in courses.
    course_memberships: u64,
}

/// The changes of one breach.
struct Tally<'a> {
    breach: Breach,
    places: BTreeMap<Place<'a>, u64>,
    sorts: BTreeMap<Sort, u64>,
    /// Updates by the fields that they change.
    fields: BTreeMap<Vec<&'static str>, u64>,
}

impl<'a> Explainer<'a> {
    pub fn new(breaches: Vec<Breach>, sides: &'a Sides, announced: &[Announced]) -> Self {
        let tally = |breach| Tally {
            breach,
            places: BTreeMap::new(),
            sorts: BTreeMap::new(),
            fields: BTreeMap::new(),
        };
        Self {
            sides,
            tallies: breaches.into_iter().map(tally).collect(),
            rekeyer: Rekeyer::new(sides, announced),
            counts: ChangeCounts::default(),
            course_memberships: 0,
        }
    }

    pub fn see(&mut self, change: &Change) {
        self.counts.add(change);
        self.rekeyer.see(change);
        let side = self.sides.side(change.action());
        if let Change::Delete(Record::Membership(member)) = change {
            self.course_memberships += u64::from(side.is_course(&member.group));
        }
        let (kind, action) = (change.kind(), change.action());
        let mut tallies = self.tallies.iter_mut();
        if let Some(tally) = tallies.find(|tally| tally.breach.kind == kind && tally.breach.action == action)
        {
            tally.see(change, side);
        }
    }

    /// The breaches with all that was found.
    pub fn finish(self) -> Vec<Breach> {
        let rekeyed = self.rekeyer.finish();
        let context = Context {
            sides: self.sides,
            counts: self.counts,
            course_memberships: self.course_memberships,
            persons: RekeyedCounts::of(&rekeyed.persons),
            groups: RekeyedCounts::of(&rekeyed.groups),
            missing: missing_schools(self.sides),
        };
        self.tallies.into_iter().map(|tally| tally.explained(&context)).collect()
    }
}

/// What is known of the whole difference.
struct Context<'a> {
    sides: &'a Sides,
    counts: ChangeCounts,
    course_memberships: u64,
    persons: RekeyedCounts,
    groups: RekeyedCounts,
    /// Schools that the mirror holds and the roster does not.
    missing: BTreeSet<&'a str>,
}

/// By name: a school under another key is not missing.
fn missing_schools(sides: &Sides) -> BTreeSet<&str> {
    let there: BTreeSet<String> = sides.roster.schools().into_iter().map(folded).collect();
    sides.mirror.schools().into_iter().filter(|school| !there.contains(&folded(school))).collect()
}

impl<'a> Tally<'a> {
    fn see(&mut self, change: &Change, side: &'a Places) {
        *self.places.entry(side.place(change.record())).or_default() += 1;
        if let Some(sort) = side.sort(change.record()) {
            *self.sorts.entry(sort).or_default() += 1;
        }
        if let Change::Update { fields, .. } = change {
            match self.fields.get_mut(fields) {
                Some(count) => *count += 1,
                None => drop(self.fields.insert(fields.clone(), 1)),
            }
        }
    }

    fn explained(self, context: &Context<'_>) -> Breach {
        Breach {
            parts: self.parts(),
            classes: self.classes(),
            sorts: self.sort_parts(),
            causes: self.causes(context),
            ..self.breach
        }
    }

    fn by_school(&self) -> BTreeMap<&'a str, u64> {
        let mut schools = BTreeMap::new();
        for (place, count) in &self.places {
            *schools.entry(place.school_name()).or_default() += count;
        }
        schools
    }

    fn parts(&self) -> Vec<Part> {
        let part = |(school, count): (&str, u64)| Part { school: school.to_owned(), count };
        most(self.by_school()).map(part).collect()
    }

    fn classes(&self) -> Vec<ClassPart> {
        let of_class =
            |(place, count): (&Place<'a>, &u64)| place.class.map(|class| ((class, *place), *count));
        let part = |((class, place), count): ((&str, Place<'_>), u64)| ClassPart {
            class: class.to_owned(),
            school: place.school_name().to_owned(),
            count,
        };
        most(self.places.iter().filter_map(of_class)).map(part).collect()
    }

    fn sort_parts(&self) -> Vec<SortPart> {
        let part = |(sort, count): (&Sort, u64)| SortPart { sort: sort_name(sort), count };
        most(self.sorts.iter().map(|(sort, count)| (sort, *count))).map(part).collect()
    }

    /// From the widest to the narrowest.
    fn causes(&self, context: &Context<'_>) -> Vec<Cause> {
        let action = self.breach.action;
        let mut causes = Vec::new();
        if action == Action::Delete {
            causes.extend(self.kind_missing(context));
            causes.extend(self.schools_missing(context));
        }
        if action != Action::Update {
            causes.extend(self.school_year(context));
        }
        causes.extend(self.rekeyed(context));
        match self.one_class() {
            Some(cause) => causes.push(cause),
            None => causes.extend(self.few_schools(context)),
        }
        causes.extend(self.one_sort(context));
        causes.extend(
            most(self.fields.iter().map(|(fields, count)| (fields, *count)))
                .next()
                .and_then(|(fields, count)| decide_same_fields(fields, count, self.breach.count)),
        );
        causes
    }

    fn kind_missing(&self, context: &Context<'_>) -> Option<Cause> {
        let kind = self.breach.kind;
        (context.sides.roster.counts().get(kind) == 0).then_some(Cause::KindMissing { kind })
    }

    fn schools_missing(&self, context: &Context<'_>) -> Option<Cause> {
        let mut here = self.by_school();
        here.retain(|school, _| context.missing.contains(school));
        (!here.is_empty()).then(|| Cause::SchoolsMissing {
            action: self.breach.action,
            count: here.values().sum(),
            schools: most(here).map(|(school, _)| school.to_owned()).collect(),
            missing: context.missing.len() as u64,
            of: self.breach.count,
        })
    }

    /// What comes for the new year comes with what goes.
    fn school_year(&self, context: &Context<'_>) -> Option<Cause> {
        let deletes = Kind::ALL.map(|kind| context.counts.get(kind, Action::Delete)).iter().sum();
        matches!(self.breach.kind, Kind::Course | Kind::Membership)
            .then(|| decide_school_year(context.course_memberships, deletes))?
    }

    /// Another key of a person or group changes the memberships too, and a course has its group's.
    fn rekeyed(&self, context: &Context<'_>) -> Vec<Cause> {
        let action = self.breach.action;
        let of = |kind, counts| decide_rekeyed(kind, action, counts, context.counts.get(kind, action));
        let persons = || of(Kind::Person, context.persons);
        let groups = || of(Kind::Group, context.groups);
        match self.breach.kind {
            Kind::Person => persons().into_iter().collect(),
            Kind::Group | Kind::Course => groups().into_iter().collect(),
            Kind::Membership => persons().into_iter().chain(groups()).collect(),
        }
    }

    fn one_class(&self) -> Option<Cause> {
        let (place, count) = self.places.first_key_value().filter(|_| self.places.len() == 1)?;
        (*count > 1).then_some(Cause::OneClass {
            kind: self.breach.kind,
            action: self.breach.action,
            class: place.class?.to_owned(),
            school: place.school.map(str::to_owned),
            count: *count,
        })
    }

    fn few_schools(&self, context: &Context<'_>) -> Option<Cause> {
        let action = self.breach.action;
        let known = context.sides.side(action).schools();
        let mut schools = self.by_school();
        schools.retain(|school, _| known.contains(school));
        decide_few_schools(action, &schools, self.breach.count, known.len())
    }

    fn one_sort(&self, context: &Context<'_>) -> Option<Cause> {
        let (sort, count) = most(self.sorts.iter().map(|(sort, count)| (sort, *count))).next()?;
        let Breach { kind, action, count: of, .. } = self.breach;
        let side = context.sides.side(action);
        let usual = (side.count_of_sort(sort), side.counts().get(kind));
        decide_one_sort(action, &sort_name(sort), (count, of), usual)
    }
}

/// The largest counts, at most [`PARTS`]; of equal ones, the first by name.
fn most<T: Ord>(counts: impl IntoIterator<Item = (T, u64)>) -> impl Iterator<Item = (T, u64)> {
    let mut counts: Vec<(T, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.into_iter().take(PARTS)
}

fn sort_name(sort: &Sort) -> String {
    let role = |role: &Role| role.as_str().replace('_', " ");
    match sort {
        Sort::Profile(profile) => profile.as_str().to_owned(),
        Sort::InGroups(of) => format!("{} in groups", role(of)),
        Sort::InCourses(of) => format!("{} in courses", role(of)),
    }
}
