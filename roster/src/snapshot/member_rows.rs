//! Reads who is in groups, by places: the columns of the members, without those of the groups and the digests.

use super::{
    SnapshotError, SnapshotId, SnapshotStore,
    columns::{self, Cell},
    reader::RowRanges,
    table_reader::TableReader,
};
use crate::model::{Kind, Member, Role};
use chrono::NaiveDate;

/// From the source of the person to the custom role.
const COLUMNS: std::ops::Range<usize> = 2..9;

/// Members one after another; the digests of groups say whether they are those that were written.
pub struct MemberRows {
    id: SnapshotId,
    table: TableReader,
}

impl MemberRows {
    pub(super) fn open(
        store: &SnapshotStore,
        id: SnapshotId,
        rows: RowRanges,
    ) -> Result<Self, SnapshotError> {
        let kind = Kind::Membership;
        let file = store.checked(&id, kind.as_str())?;
        let table = TableReader::open(file, &columns::table(kind), COLUMNS.collect(), Some(rows));
        let table = table.map_err(|why| SnapshotError::Damaged { id, file: kind.as_str(), why })?;
        Ok(Self { id, table })
    }

    /// Gives the next member to `take`; `false` when there is none.
    pub fn next(&mut self, take: impl FnOnce(Member<'_>)) -> Result<bool, SnapshotError> {
        let Some(row) = self.table.next_row() else { return Ok(false) };
        let row = row.map_err(|why| self.damaged(&why))?;
        take(member(&row).ok_or_else(|| self.damaged("a membership is not what was written"))?);
        Ok(true)
    }

    pub fn damaged(&self, why: &str) -> SnapshotError {
        SnapshotError::Damaged { id: self.id, file: Kind::Membership.as_str(), why: why.to_owned() }
    }
}

fn member(row: &[Cell]) -> Option<Member<'_>> {
    let [Cell::Text(source), Cell::Text(id), Cell::Text(role), begin, end, subrole, custom_role] = row else {
        return None;
    };
    Some(Member {
        person: (source, id),
        role: Role::parse(role)?,
        begin: date(begin)?,
        end: date(end)?,
        subrole: text(subrole),
        custom_role: text(custom_role),
    })
}

/// The outer `None` is no date.
fn date(cell: &Cell) -> Option<Option<NaiveDate>> {
    match cell {
        Cell::Number(days) => Some(Some(NaiveDate::from_epoch_days(*days)?)),
        _ => Some(None),
    }
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}
