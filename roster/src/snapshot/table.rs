//! One Parquet file: the records of one kind, written in stretches and read the same way.

use super::columns::{self, Cell, Column, Type};
use crate::model::{Kind, Record, RecordHash};
use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    column::{reader::ColumnReader, writer::ColumnWriter},
    data_type::ByteArray,
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type as Schema,
};
use std::{fs::File, path::Path, sync::Arc};

/// Records in one stretch (row group): what a reader holds in memory.
const STRETCH: usize = 20_000;
/// A little slower than the default, much smaller.
const ZSTD_LEVEL: i32 = 3;

fn schema(kind: Kind) -> Result<Arc<Schema>, ParquetError> {
    let fields = columns::of(kind).iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Schema::group_type_builder(kind.as_str()).with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Arc<Schema>, ParquetError> {
    let (physical, logical) = match column.of {
        Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Type::Number => (Physical::INT32, None),
        Type::Date => (Physical::INT32, Some(LogicalType::Date)),
    };
    let repetition = if column.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let builder = Schema::primitive_type_builder(column.name, physical);
    Ok(Arc::new(builder.with_logical_type(logical).with_repetition(repetition).build()?))
}

/// Writes sorted records of one kind, down to the disk.
pub(super) fn write(path: &Path, kind: Kind, records: &[Record]) -> Result<(), String> {
    let file = File::create_new(path).map_err(|error| error.to_string())?;
    let file = write_rows(file, kind, records).map_err(|error| error.to_string())?;
    file.sync_all().map_err(|error| error.to_string())
}

fn write_rows(file: File, kind: Kind, records: &[Record]) -> Result<File, ParquetError> {
    let compression = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?);
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(file, schema(kind)?, properties)?;
    for stretch in records.chunks(STRETCH) {
        let rows: Vec<Vec<Cell>> = stretch.iter().map(columns::row).collect();
        let mut group = writer.next_row_group()?;
        for (index, column) in columns::of(kind).iter().enumerate() {
            write_column(&mut group, column, rows.iter().map(|row| &row[index]))?;
        }
        group.close()?;
    }
    writer.into_inner()
}

fn write_column<'c>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    column: &Column,
    cells: impl Iterator<Item = &'c Cell>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than the row".to_owned()));
    };
    let (mut texts, mut numbers, mut levels) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(*cell != Cell::Absent));
        match cell {
            Cell::Absent => {}
            Cell::Text(text) => texts.push(ByteArray::from(text.as_str())),
            Cell::Number(number) => numbers.push(*number),
        }
    }
    let levels = column.optional.then_some(levels.as_slice());
    match writer.untyped() {
        ColumnWriter::ByteArrayColumnWriter(typed) => typed.write_batch(&texts, levels, None)?,
        ColumnWriter::Int32ColumnWriter(typed) => typed.write_batch(&numbers, levels, None)?,
        _ => return Err(ParquetError::General("a column of another type".to_owned())),
    };
    writer.close()
}

/// How many rows a file says it has.
pub(super) fn count(path: &Path) -> Result<u64, String> {
    let reader = open(path)?;
    u64::try_from(reader.metadata().file_metadata().num_rows()).map_err(|error| error.to_string())
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    SerializedFileReader::new(file).map_err(|error| error.to_string())
}

/// Reads one stretch at a time.
pub(super) struct TableReader {
    reader: SerializedFileReader<File>,
    kind: Kind,
    stretch: usize,
    rows: std::vec::IntoIter<Vec<Cell>>,
}

impl TableReader {
    pub fn open(path: &Path, kind: Kind) -> Result<Self, String> {
        let reader = open(path)?;
        let found = reader.metadata().file_metadata().schema_descr().num_columns();
        if found != columns::of(kind).len() {
            return Err(format!("{found} columns, expected {}", columns::of(kind).len()));
        }
        Ok(Self { reader, kind, stretch: 0, rows: Vec::new().into_iter() })
    }

    fn next_stretch(&mut self) -> Result<bool, ParquetError> {
        if self.stretch == self.reader.num_row_groups() {
            return Ok(false);
        }
        let group = self.reader.get_row_group(self.stretch)?;
        let count = usize::try_from(group.metadata().num_rows())
            .map_err(|_| ParquetError::General("a stretch of negative length".to_owned()))?;
        let mut rows = vec![Vec::with_capacity(columns::of(self.kind).len()); count];
        for (index, column) in columns::of(self.kind).iter().enumerate() {
            for (row, cell) in
                rows.iter_mut().zip(read_column(group.get_column_reader(index)?, column, count)?)
            {
                row.push(cell);
            }
        }
        self.stretch += 1;
        self.rows = rows.into_iter();
        Ok(true)
    }
}

fn read_column(reader: ColumnReader, column: &Column, count: usize) -> Result<Vec<Cell>, ParquetError> {
    let mut levels = Vec::with_capacity(count);
    let mut wanted = column.optional.then_some(&mut levels);
    let values: Vec<Cell> = match reader {
        ColumnReader::ByteArrayColumnReader(mut typed) => {
            let mut texts = Vec::with_capacity(count);
            typed.read_records(count, wanted.take(), None, &mut texts)?;
            let text = |bytes: &ByteArray| Ok(Cell::Text(bytes.as_utf8()?.to_owned()));
            texts.iter().map(text).collect::<Result<_, ParquetError>>()?
        }
        ColumnReader::Int32ColumnReader(mut typed) => {
            let mut numbers = Vec::with_capacity(count);
            typed.read_records(count, wanted.take(), None, &mut numbers)?;
            numbers.into_iter().map(Cell::Number).collect()
        }
        _ => return Err(ParquetError::General("a column of another type".to_owned())),
    };
    let cells = if column.optional { spread(values, &levels) } else { values };
    if cells.len() == count {
        Ok(cells)
    } else {
        Err(ParquetError::General("a column is too short".to_owned()))
    }
}

/// Puts absent values back where the levels say that they are.
fn spread(values: Vec<Cell>, levels: &[i16]) -> Vec<Cell> {
    let mut values = values.into_iter();
    levels
        .iter()
        .map(|level| if *level == 1 { values.next().unwrap_or(Cell::Absent) } else { Cell::Absent })
        .collect()
}

impl Iterator for TableReader {
    type Item = Result<(Record, RecordHash), String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(columns::record(self.kind, row));
            }
            match self.next_stretch() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.stretch = self.reader.num_row_groups();
                    return Some(Err(error.to_string()));
                }
            }
        }
    }
}
