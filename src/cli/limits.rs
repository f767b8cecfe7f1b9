//! The Filter's limits as people write and read them: `person.delete=5%`.

use rollover_roster::{
    diff::Action,
    filter::{Limit, Limits},
    model::Kind,
};
use std::{fmt, str::FromStr};

/// One limit of the Filter, as people write it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LimitField {
    kind: Kind,
    action: Action,
    limit: Limit,
}

pub(super) fn apply_limits(fields: &[LimitField], limits: &mut Limits) {
    for field in fields {
        *limits.get_mut(field.kind, field.action) = field.limit;
    }
}

impl FromStr for LimitField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?}: expected KIND.CHANGE=LIMIT with group, person, course or membership; create, update or \
                 delete; and a percentage (5%), a number (200) or off"
            )
        };
        let (place, value) = text.split_once('=').ok_or_else(wrong)?;
        let (kind, action) = place.split_once('.').ok_or_else(wrong)?;
        let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(wrong)?;
        let action = Action::ALL.into_iter().find(|known| known.as_str() == action).ok_or_else(wrong)?;
        let limit = match value.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| wrong())?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(wrong());
                }
                Limit::percent(percent)
            }
            None if value == "off" => Limit::default(),
            None => Limit { max_abs: Some(value.parse().map_err(|_| wrong())?), max_pct: None },
        };
        Ok(Self { kind, action, limit })
    }
}

/// As it is written: a limit in both forms stands as `5%+200`.
impl fmt::Display for LimitField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.limit.max_pct.map(|percent| format!("{percent}%"));
        let parts: Vec<String> =
            percent.into_iter().chain(self.limit.max_abs.map(|count| count.to_string())).collect();
        let value = if parts.is_empty() { "off".to_owned() } else { parts.join("+") };
        write!(f, "{}.{}={value}", self.kind.as_str(), self.action.as_str())
    }
}

/// The limits that are others than `base`, as people write them.
pub(super) fn differing(limits: &Limits, base: &Limits) -> Vec<String> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        for action in Action::ALL {
            let limit = limits.get(kind, action);
            if limit != base.get(kind, action) {
                found.push(LimitField { kind, action, limit }.to_string());
            }
        }
    }
    if limits.floor != base.floor {
        found.push(format!("below {} changes never too many in percent", limits.floor));
    }
    found
}

/// All limits in one line: those of every kind alike, then what this customer has otherwise.
pub(super) fn words(limits: &Limits) -> String {
    let usual = Limits::default();
    let of_each: Vec<String> = Action::ALL
        .iter()
        .map(|action| {
            let percent = usual.get(Kind::Person, *action).max_pct.unwrap_or_default();
            format!("{} {percent}%", action.as_str())
        })
        .collect();
    let own = differing(limits, &usual);
    let own = if own.is_empty() { String::new() } else { format!("; for this customer {}", own.join(", ")) };
    format!("{} of each kind, from {} changes on{own}", of_each.join(", "), usual.floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        let limit =
            |text: &str| text.parse::<LimitField>().map(|field| (field.kind, field.action, field.limit));
        assert_eq!(limit("person.delete=5%"), Ok((Kind::Person, Action::Delete, Limit::percent(5.0))));
        let absolute = Limit { max_abs: Some(200), max_pct: None };
        assert_eq!(limit("course.create=200"), Ok((Kind::Course, Action::Create, absolute)));
        assert_eq!(limit("group.update=off"), Ok((Kind::Group, Action::Update, Limit::default())));
        for wrong in [
            "person.delete",
            "person=5%",
            "pupil.delete=5%",
            "person.remove=5%",
            "person.delete=101%",
            "person.delete=-1",
            "person.delete=NaN%",
        ] {
            assert!(limit(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn limits_are_told_as_they_are_written() {
        assert_eq!(
            words(&Limits::default()),
            "create 20%, update 20%, delete 5% of each kind, from 20 changes on"
        );
        let mut limits = Limits::default();
        let fields: Vec<LimitField> = ["person.delete=3%", "course.create=200", "group.update=off"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        apply_limits(&fields, &mut limits);
        limits.membership.delete.max_abs = Some(9);
        let told = differing(&limits, &Limits::default());
        assert_eq!(
            told,
            ["group.update=off", "person.delete=3%", "course.create=200", "membership.delete=5%+9"]
        );
        assert!(words(&limits).ends_with(&format!("; for this customer {}", told.join(", "))));
    }
}
