//! One Parquet file as both sides see it: its schema, and how each column is packed.

use super::columns::{Column, Type};
use parquet::{
    basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical, ZstdLevel},
    errors::ParquetError,
    file::{metadata::SortingColumn, properties::WriterProperties},
    schema::types::{ColumnPath, Type as Schema},
};
use std::sync::Arc;

/// Records in one stretch (row group): what a writer or reader holds in memory.
pub(super) const STRETCH: usize = 20_000;
/// Rows in one page: what is decoded at least for one wanted row.
const PAGE: usize = 4_000;
/// A little slower than the default, much smaller.
const ZSTD_LEVEL: i32 = 3;

/// A table: its name, its columns, and how many of them, from the left, its rows are sorted by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub sorted_by: usize,
}

pub(super) fn schema(table: &Table) -> Result<Arc<Schema>, ParquetError> {
    let fields = table.columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Schema::group_type_builder(table.name).with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Arc<Schema>, ParquetError> {
    let (physical, logical, length) = match column.of {
        Type::Text | Type::Distinct => (Physical::BYTE_ARRAY, Some(LogicalType::String), -1),
        Type::Number => (Physical::INT32, None, -1),
        Type::Date => (Physical::INT32, Some(LogicalType::Date), -1),
        Type::Digest => (Physical::FIXED_LEN_BYTE_ARRAY, None, 16),
    };
    let repetition = if column.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    let builder = Schema::primitive_type_builder(column.name, physical).with_length(length);
    Ok(Arc::new(builder.with_logical_type(logical).with_repetition(repetition).build()?))
}

pub(super) fn properties(table: &Table) -> Result<Arc<WriterProperties>, ParquetError> {
    let compression = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?);
    let mut builder = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(STRETCH))
        .set_data_page_row_count_limit(PAGE)
        .set_sorting_columns(Some(sorting(table)));
    for column in table.columns {
        let path = ColumnPath::from(column.name);
        builder = match column.of {
            Type::Text | Type::Number | Type::Date => builder,
            // Sorted or nearly so: what a text shares with the one before is written once.
            Type::Distinct => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY),
            // Nothing makes digests smaller.
            Type::Digest => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), Encoding::PLAIN)
                .set_column_compression(path, Compression::UNCOMPRESSED),
        };
    }
    Ok(Arc::new(builder.build()))
}

fn sorting(table: &Table) -> Vec<SortingColumn> {
    let columns = 0..i32::try_from(table.sorted_by).expect("a table has few columns");
    columns.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false }).collect()
}
