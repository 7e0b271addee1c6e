//! Points as Parquet: a row group a piece, columns compressed, names once.

use std::io::Write;
use std::sync::Arc;

use diptych_store::Series;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::failure::Failure;

/// A file that grows piece by piece.
pub struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> Table<W> {
    pub fn new(out: W, superseded: bool) -> Result<Self, Failure> {
        let more = if superseded {
            " REQUIRED INT64 back_to;"
        } else {
            ""
        };
        let schema = format!(
            "message points {{ REQUIRED BYTE_ARRAY run (UTF8); REQUIRED BYTE_ARRAY key (UTF8); REQUIRED INT64 step; \
             REQUIRED INT64 epoch; REQUIRED DOUBLE wall; REQUIRED DOUBLE value;{more} }}"
        );
        let schema = parse_message_type(&schema).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        Ok(Self {
            writer: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?,
        })
    }

    pub fn series(
        &mut self,
        run: &str,
        key: &str,
        series: &Series,
        back_to: Option<u64>,
    ) -> Result<(), Failure> {
        if series.is_empty() {
            return Ok(());
        }
        self.group(run, key, series, back_to).map_err(failed)
    }

    fn group(
        &mut self,
        run: &str,
        key: &str,
        series: &Series,
        back_to: Option<u64>,
    ) -> Result<(), ParquetError> {
        let n = series.len();
        let numbers = |all: &[u64]| -> Vec<i64> { all.iter().map(|v| *v as i64).collect() };
        let mut group = self.writer.next_row_group()?;
        column::<_, ByteArrayType>(&mut group, &vec![ByteArray::from(run); n])?;
        column::<_, ByteArrayType>(&mut group, &vec![ByteArray::from(key); n])?;
        column::<_, Int64Type>(&mut group, &numbers(&series.steps))?;
        column::<_, Int64Type>(&mut group, &numbers(&series.epochs))?;
        column::<_, DoubleType>(&mut group, &series.walls)?;
        column::<_, DoubleType>(&mut group, &series.values)?;
        if let Some(step) = back_to {
            column::<_, Int64Type>(&mut group, &vec![step as i64; n])?;
        }
        group.close()?;
        Ok(())
    }

    pub fn end(self) -> Result<(), Failure> {
        self.writer.close().map(|_| ()).map_err(failed)
    }
}

/// Writes the group's next column.
fn column<W: Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("no column is left".into()));
    };
    writer.typed::<T>().write_batch(values, None, None)?;
    writer.close()
}

fn failed(error: ParquetError) -> Failure {
    match error {
        // Whoever reads has closed the pipe, or the disk is full.
        ParquetError::External(e) => match e.downcast::<std::io::Error>() {
            Ok(e) => Failure::from(*e),
            Err(e) => Failure::new(format!("Parquet: {e}")),
        },
        e => Failure::new(format!("Parquet: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let path = std::env::temp_dir().join(format!("diptych-points-{}.parquet", std::process::id()));
        let series = Series {
            steps: vec![1, 2],
            epochs: vec![1, 1],
            walls: vec![1.5, 2.0],
            values: vec![0.1, f64::NAN],
        };
        let mut table = Table::new(std::fs::File::create(&path).unwrap(), true).unwrap();
        table.series("a", "eval/l1", &series, Some(7)).unwrap();
        table.series("b", "eval/l1", &Series::default(), Some(7)).unwrap();
        table.end().unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (
                rows[0].get_string(0).unwrap().as_str(),
                rows[0].get_string(1).unwrap().as_str()
            ),
            ("a", "eval/l1")
        );
        assert_eq!(
            (rows[1].get_long(2).unwrap(), rows[1].get_long(6).unwrap()),
            (2, 7)
        );
        assert_eq!(
            (rows[0].get_double(4).unwrap(), rows[0].get_double(5).unwrap()),
            (1.5, 0.1)
        );
        assert!(rows[1].get_double(5).unwrap().is_nan());
    }
}
