//! Writes one table row by row; memory holds one stretch, column by column.

use super::{
    columns::{Cell, Type},
    table::{STRETCH, Table, properties, schema},
};
use parquet::{
    column::writer::ColumnWriter,
    data_type::{ByteArray, FixedLenByteArray},
    errors::ParquetError,
    file::writer::{SerializedColumnWriter, SerializedFileWriter},
};
use std::io::Write;

pub(super) struct TableWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    stretch: Vec<Stretch>,
    rows: usize,
}

/// The values of one column since the last row group. Texts lie in one run of bytes, so that a value costs no
/// memory of its own.
struct Stretch {
    values: Values,
    /// 1 a value, 0 none; empty where no row may lack one.
    levels: Vec<i16>,
    optional: bool,
}

enum Values {
    Texts { bytes: Vec<u8>, ends: Vec<usize> },
    Numbers(Vec<i32>),
    Digests(Vec<u8>),
}

impl<W: Write + Send> TableWriter<W> {
    pub fn new(out: W, table: &Table) -> Result<Self, ParquetError> {
        let file = SerializedFileWriter::new(out, schema(table)?, properties(table)?)?;
        let stretch = table.columns.iter().map(|column| Stretch::new(column.of, column.optional)).collect();
        Ok(Self { file, stretch, rows: 0 })
    }

    /// Takes the next row; its cells are those of the table's columns.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) -> Result<(), ParquetError> {
        let mut cells = row.into_iter();
        for column in &mut self.stretch {
            column.push(cells.next().unwrap_or(Cell::Absent))?;
        }
        self.rows += 1;
        if self.rows == STRETCH { self.write_stretch() } else { Ok(()) }
    }

    fn write_stretch(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for column in &mut self.stretch {
            let Some(writer) = group.next_column()? else {
                return Err(wrong("the schema has fewer columns than the row"));
            };
            column.write(writer)?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    /// Writes what is left and gives back where it was written to.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        self.write_stretch()?;
        self.file.into_inner()
    }
}

impl Stretch {
    fn new(of: Type, optional: bool) -> Self {
        let values = match of {
            Type::Text | Type::Distinct => Values::Texts { bytes: Vec::new(), ends: Vec::new() },
            Type::Number | Type::Date => Values::Numbers(Vec::new()),
            Type::Digest => Values::Digests(Vec::new()),
        };
        Self { values, levels: Vec::new(), optional }
    }

    fn push(&mut self, cell: Cell) -> Result<(), ParquetError> {
        if self.optional {
            self.levels.push(i16::from(cell != Cell::Absent));
        }
        match (&mut self.values, cell) {
            (_, Cell::Absent) if self.optional => {}
            (Values::Texts { bytes, ends }, Cell::Text(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            (Values::Numbers(numbers), Cell::Number(number)) => numbers.push(number),
            (Values::Digests(bytes), Cell::Digest(digest)) => bytes.extend_from_slice(&digest),
            _ => return Err(wrong("a value of another type than its column")),
        }
        Ok(())
    }

    /// Writes the values and is empty again.
    fn write(&mut self, mut writer: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = self.optional.then_some(self.levels.as_slice());
        match (writer.untyped(), &mut self.values) {
            (ColumnWriter::ByteArrayColumnWriter(typed), Values::Texts { bytes, ends }) => {
                typed.write_batch(&slices(std::mem::take(bytes), ends), levels, None)?;
                ends.clear();
            }
            (ColumnWriter::Int32ColumnWriter(typed), Values::Numbers(numbers)) => {
                typed.write_batch(numbers, levels, None)?;
                numbers.clear();
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(typed), Values::Digests(bytes)) => {
                let ends: Vec<usize> = (1..=bytes.len() / 16).map(|count| count * 16).collect();
                let digests = slices(std::mem::take(bytes), &ends);
                let digests: Vec<_> = digests.into_iter().map(FixedLenByteArray::from).collect();
                typed.write_batch(&digests, levels, None)?;
            }
            _ => return Err(wrong("a column of another type")),
        }
        self.levels.clear();
        writer.close()
    }
}

fn slices(bytes: Vec<u8>, ends: &[usize]) -> Vec<ByteArray> {
    let all = ByteArray::from(bytes);
    let mut start = 0;
    let slice = |end: &usize| {
        let text = all.slice(start, end - start);
        start = *end;
        text
    };
    ends.iter().map(slice).collect()
}

fn wrong(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
