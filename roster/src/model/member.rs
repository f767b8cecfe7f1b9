//! A membership without its group, borrowed from where it was read: most are only compared, and need no copy.

use super::{Membership, MembershipDetails, Role, SyncKey};
use chrono::NaiveDate;

/// Who is in a group, as what, and when.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Source and id; they sort as [`SyncKey`] does.
    pub person: (&'a str, &'a str),
    pub role: Role,
    pub begin: Option<NaiveDate>,
    pub end: Option<NaiveDate>,
    pub subrole: Option<&'a str>,
    pub custom_role: Option<&'a str>,
}

impl<'a> Member<'a> {
    pub fn to_membership(&self, group: SyncKey) -> Membership {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let (subrole, custom_role) = (text(self.subrole), text(self.custom_role));
        let (source, id) = self.person;
        Membership {
            group,
            person: SyncKey { source: source.to_owned(), id: id.to_owned() },
            role: self.role,
            begin: self.begin,
            end: self.end,
            details: MembershipDetails { subrole, custom_role }.into(),
        }
    }

    /// Writes the key of the person, as bytes that sort as keys do: no key has a zero in it, since XML and CSV allow
    /// none. Then the rest, so that members are equal if their bytes are. Gives where the rest begins.
    ///
    /// Digests of groups are made of these bytes, and snapshots keep them: another form is another format.
    pub fn write(&self, out: &mut Vec<u8>) -> usize {
        for part in [self.person.0, self.person.1] {
            out.extend_from_slice(part.as_bytes());
            out.push(0);
        }
        let rest = out.len();
        out.extend_from_slice(self.role.code().as_bytes());
        for date in [self.begin, self.end] {
            let days = date.map_or(i32::MIN, |date| date.to_epoch_days());
            out.extend_from_slice(&days.to_le_bytes());
        }
        for text in [self.subrole, self.custom_role] {
            // Texts are shorter than 4 GB: readers have limits.
            let length = text.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(u32::MAX));
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        rest
    }

    /// What [`Member::write`] wrote, the key and the rest.
    pub fn read(key: &'a [u8], rest: &'a [u8]) -> Option<Self> {
        let (source, id) = std::str::from_utf8(key).ok()?.strip_suffix('\0')?.split_once('\0')?;
        let mut rest = Rest(rest);
        Some(Self {
            person: (source, id),
            role: Role::from_code(std::str::from_utf8(rest.take(2)?).ok()?)?,
            begin: rest.date()?,
            end: rest.date()?,
            subrole: rest.text()?,
            custom_role: rest.text()?,
        })
    }
}

/// Takes fields from bytes; the outer `None` is the end of them.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn date(&mut self) -> Option<Option<NaiveDate>> {
        let days = i32::from_le_bytes(self.take(4)?.try_into().ok()?);
        if days == i32::MIN { Some(None) } else { NaiveDate::from_epoch_days(days).map(Some) }
    }

    fn text(&mut self) -> Option<Option<&'a str>> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        if length == u32::MAX {
            return Some(None);
        }
        std::str::from_utf8(self.take(usize::try_from(length).ok()?)?).ok().map(Some)
    }
}

impl Membership {
    pub fn as_member(&self) -> Member<'_> {
        Member {
            person: (&self.person.source, &self.person.id),
            role: self.role,
            begin: self.begin,
            end: self.end,
            subrole: self.details.subrole.as_deref(),
            custom_role: self.details.custom_role.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(member: &Member<'_>) -> (Vec<u8>, Vec<u8>) {
        let mut bytes = Vec::new();
        let rest = member.write(&mut bytes);
        (bytes[..rest].to_vec(), bytes)
    }

    fn member<'a>() -> Member<'a> {
        let (begin, end) = (None, None);
        Member { person: ("sas", "p-1"), role: Role::Learner, begin, end, subrole: None, custom_role: None }
    }

    #[test]
    fn a_membership_comes_back() {
        let day = NaiveDate::from_ymd_opt(2024, 8, 1);
        let full =
            Member { begin: day, end: day, subrole: Some("vikar"), custom_role: Some("Vikar"), ..member() };
        for member in [member(), full] {
            assert!(member.to_membership(SyncKey::new("sas", "8a")).as_member() == member);
        }
    }

    #[test]
    fn members_that_differ_have_other_bytes_and_keys_sort_by_them() {
        let day = NaiveDate::from_ymd_opt(2024, 8, 1);
        let members = [
            member(),
            Member { role: Role::Mentor, ..member() },
            Member { begin: day, ..member() },
            Member { end: day, ..member() },
            Member { subrole: Some(""), ..member() },
            Member { subrole: Some("x"), ..member() },
            Member { custom_role: Some("x"), ..member() },
            Member { person: ("sas", "p-10"), ..member() },
            Member { person: ("sas", "p-1\t"), ..member() },
            Member { person: ("sasp", "-1"), ..member() },
            Member { person: ("", "å"), ..member() },
        ];
        for (one, other) in members.iter().flat_map(|one| members.iter().map(move |other| (one, other))) {
            let (key, bytes) = written(one);
            assert!(Member::read(&key, &bytes[key.len()..]).as_ref() == Some(one));
            let [(one_key, one_bytes), (other_key, other_bytes)] = [one, other].map(written);
            assert_eq!(one_bytes == other_bytes, one == other);
            assert_eq!(one_key.cmp(&other_key), one.person.cmp(&other.person));
        }
    }
}
