//! Reads one table a stretch at a time: all of its columns or some, all of its rows or some.

use super::{
    columns::{Cell, Type},
    table::Table,
    table_file::TableFile,
};
use parquet::{
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, DataType, FixedLenByteArray},
    errors::ParquetError,
    file::{
        metadata::RowGroupMetaData,
        reader::{FileReader, SerializedFileReader},
    },
};
use std::ops::Range;

/// Gives the rows one after another, the wanted columns of each in the order of the table.
pub(super) struct TableReader {
    file: SerializedFileReader<TableFile>,
    table: Table,
    columns: Vec<usize>,
    /// Rows still to be read, sorted and apart; `None`: all.
    rows: Option<Vec<Range<u64>>>,
    /// The next row group, and the place of its first row.
    next: usize,
    first: u64,
    stretch: Vec<std::vec::IntoIter<Cell>>,
}

impl TableReader {
    /// Of `columns` all must exist; `rows` are places from 0, sorted and apart.
    pub fn open(
        file: TableFile,
        table: &Table,
        columns: Vec<usize>,
        rows: Option<Vec<Range<u64>>>,
    ) -> Result<Self, String> {
        let file = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
        let found = file.metadata().file_metadata().schema_descr().num_columns();
        if found != table.columns.len() {
            return Err(format!("{found} columns, expected {}", table.columns.len()));
        }
        Ok(Self { file, table: *table, columns, rows, next: 0, first: 0, stretch: Vec::new() })
    }

    /// Of all rows, those in row groups that may hold what is looked for.
    pub fn only(mut self, may_hold: impl Fn(&RowGroupMetaData) -> bool) -> Result<Self, String> {
        let (mut rows, mut first) = (Vec::new(), 0);
        for group in self.file.metadata().row_groups() {
            let count = u64::try_from(group.num_rows()).map_err(|error| error.to_string())?;
            if may_hold(group) {
                rows.push(first..first + count);
            }
            first += count;
        }
        self.rows = Some(rows);
        Ok(self)
    }

    /// `false`: there is no further row group.
    fn read_stretch(&mut self) -> Result<bool, ParquetError> {
        if self.next == self.file.num_row_groups() {
            return Ok(false);
        }
        let group = self.file.get_row_group(self.next)?;
        let count = u64::try_from(group.metadata().num_rows())
            .map_err(|_| ParquetError::General("a stretch of negative length".to_owned()))?;
        let wanted = wanted(self.rows.as_deref(), self.first, count);
        self.stretch.clear();
        if !wanted.is_empty() {
            for index in &self.columns {
                let column = &self.table.columns[*index];
                let reader = group.get_column_reader(*index)?;
                let cells = read_column(reader, column.of, column.optional, &wanted)?;
                self.stretch.push(cells.into_iter());
            }
        }
        self.next += 1;
        self.first += count;
        Ok(true)
    }

    /// The next row; after an error, none.
    pub fn next_row(&mut self) -> Option<Result<Vec<Cell>, String>> {
        loop {
            let row: Vec<Cell> = self.stretch.iter_mut().map_while(Iterator::next).collect();
            if !row.is_empty() {
                return Some(Ok(row));
            }
            match self.read_stretch() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.next = self.file.num_row_groups();
                    return Some(Err(error.to_string()));
                }
            }
        }
    }
}

/// The wanted rows of a row group, counted from its first.
fn wanted(rows: Option<&[Range<u64>]>, first: u64, count: u64) -> Vec<Range<usize>> {
    let whole = first..first + count;
    let rows = rows.unwrap_or(std::slice::from_ref(&whole));
    let from = rows.partition_point(|range| range.end <= first);
    let here = rows[from..].iter().take_while(|range| range.start < first + count);
    let within = |place: u64| usize::try_from(place.clamp(first, first + count) - first);
    here.filter_map(|range| Some(within(range.start).ok()?..within(range.end).ok()?)).collect()
}

fn read_column(
    reader: ColumnReader,
    of: Type,
    optional: bool,
    wanted: &[Range<usize>],
) -> Result<Vec<Cell>, ParquetError> {
    match (reader, of) {
        (ColumnReader::ByteArrayColumnReader(reader), Type::Text | Type::Distinct) => {
            read_cells(reader, optional, wanted, |text: &ByteArray| {
                Ok(Cell::Text(text.as_utf8()?.to_owned()))
            })
        }
        (ColumnReader::Int32ColumnReader(reader), Type::Number | Type::Date) => {
            read_cells(reader, optional, wanted, |number| Ok(Cell::Number(*number)))
        }
        (ColumnReader::FixedLenByteArrayColumnReader(reader), Type::Digest) => {
            read_cells(reader, optional, wanted, |digest: &FixedLenByteArray| {
                let digest = digest.data().try_into();
                digest.map(Cell::Digest).map_err(|_| ParquetError::General("a digest is short".to_owned()))
            })
        }
        _ => Err(ParquetError::General("a column of another type".to_owned())),
    }
}

fn read_cells<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    optional: bool,
    wanted: &[Range<usize>],
    cell: impl Fn(&T::T) -> Result<Cell, ParquetError>,
) -> Result<Vec<Cell>, ParquetError> {
    let count = wanted.iter().map(Range::len).sum();
    let (mut values, mut levels) = (Vec::with_capacity(count), Vec::new());
    let (mut at, mut read) = (0, 0);
    for range in wanted {
        reader.skip_records(range.start - at)?;
        let levels = optional.then_some(&mut levels);
        read += reader.read_records(range.len(), levels, None, &mut values)?.0;
        at = range.end;
    }
    let mut cells = values.iter().map(cell);
    let cells = if optional {
        let present = |level: &i16| if *level == 1 { cells.next() } else { Some(Ok(Cell::Absent)) };
        levels.iter().map_while(present).collect::<Result<Vec<_>, _>>()?
    } else {
        cells.collect::<Result<Vec<_>, _>>()?
    };
    if cells.len() == count && read == count {
        Ok(cells)
    } else {
        Err(ParquetError::General("a column is too short".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_row_group_the_wanted_rows_are_read() {
        let rows = [3..5, 8..12, 30..31];
        let cases =
            [(0, 3, "[]"), (0, 10, "[3..5, 8..10]"), (10, 10, "[0..2]"), (20, 10, "[]"), (30, 10, "[0..1]")];
        let shown = |rows: Option<&[Range<u64>]>, first, count| format!("{:?}", wanted(rows, first, count));
        for (first, count, expected) in cases {
            assert_eq!(shown(Some(&rows), first, count), expected, "{first} {count}");
        }
        assert_eq!(shown(None, 10, 4), "[0..4]");
        assert_eq!(shown(Some(&[]), 10, 4), "[]");
    }
}
