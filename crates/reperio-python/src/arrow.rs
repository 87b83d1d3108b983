//! Tables through Arrow's C interface, in and out: <https://arrow.apache.org/docs/format/CDataInterface.html>.

// The one place of this crate with `unsafe`: other libraries lend pointers here.
#![expect(unsafe_code, reason = "the C interface is one of pointers")]

use std::ffi::CStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use polars::prelude::{Column, CsvWriter, DataFrame, PlSmallStr, SerWriter, Series};
use polars_arrow::array::{
    Array, DictionaryArray, MutableBinaryViewArray, PrimitiveArray, StructArray, UInt64Array,
    Utf8ViewArray,
};
use polars_arrow::datatypes::{ArrowDataType, Field, IntegerType};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use polars_arrow::match_integer_type;
use polars_arrow::types::NativeType;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use reperio_data::cohort::Cohort;
use reperio_data::repertoire::Repertoire;

use crate::error;

/// Name of a capsule that holds a stream.
const STREAM: &CStr = c"arrow_array_stream";

/// Rows at a time that are written to a file.
const BATCH: usize = 1 << 14;

/// A stream of row groups that another library lends.
pub(crate) struct Rows(ArrowArrayStreamReader<Box<ArrowArrayStream>>);

// SAFETY: the stream was moved out of its capsule, nothing else refers to it, and the interface lets a consumer call it
// from any thread, one at a time.
unsafe impl Send for Rows {}

impl Rows {
    /// The rows of an object with `__arrow_c_stream__`.
    pub(crate) fn of(table: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capsule = table.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
        let stream = capsule.pointer_checked(Some(STREAM))?.cast::<ArrowArrayStream>();
        // SAFETY: a capsule of this name points to a stream; whoever takes it leaves an empty one behind, as is done here.
        let stream = unsafe { ptr::replace(stream.as_ptr(), ArrowArrayStream::empty()) };
        // SAFETY: the stream comes from a library that promises what the interface asks for.
        let reader = unsafe { ArrowArrayStreamReader::try_new(Box::new(stream)) };
        Ok(Self(reader.map_err(error)?))
    }
}

impl Iterator for Rows {
    type Item = Result<Box<dyn Array>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: as of `try_new`.
        let next = unsafe { self.0.next() };
        next.map(|array| array.map_err(|err| err.to_string()))
    }
}

/// Writes rows to a tab-separated file, one group after another. Columns of lists and structs are left out.
pub(crate) fn write(rows: Rows, path: &Path) -> Result<(), String> {
    let text = |err: std::io::Error| err.to_string();
    let mut file = BufWriter::new(File::create(path).map_err(text)?);
    let empty = header(rows.0.field())?;
    csv(&mut file, empty, true)?;
    for array in rows {
        csv(&mut file, frame(&*array?)?, false)?;
    }
    file.flush().map_err(text)
}

fn csv(file: &mut impl Write, mut frame: DataFrame, header: bool) -> Result<(), String> {
    let mut writer = CsvWriter::new(file)
        .include_header(header)
        .with_separator(b'\t')
        .with_batch_size(BATCH.try_into().expect("it is not 0"));
    writer.finish(&mut frame).map_err(|err| err.to_string())
}

/// The columns of a stream, without rows.
fn header(field: &Field) -> Result<DataFrame, String> {
    let ArrowDataType::Struct(fields) = field.dtype() else {
        return Err("expected a table, found a single column".to_owned());
    };
    let fields = fields.iter().filter(|own| is_kept(own.dtype()));
    let columns = fields
        .map(|own| Series::new_empty(own.name.clone(), &polars::prelude::DataType::String).into());
    DataFrame::new(0, columns.collect()).map_err(|err| err.to_string())
}

/// Whether a column holds single values, as one of a table of text does.
fn is_kept(dtype: &ArrowDataType) -> bool {
    match dtype {
        ArrowDataType::Dictionary(_, values, _) => !values.is_nested(),
        other => !other.is_nested(),
    }
}

fn frame(array: &dyn Array) -> Result<DataFrame, String> {
    let table = array.as_any().downcast_ref::<StructArray>();
    let table = table.ok_or("expected a table, found a single column")?;
    let mut columns = Vec::new();
    for (field, values) in table.fields().iter().zip(table.values()) {
        if !is_kept(field.dtype()) {
            continue;
        }
        let values = match field.dtype() {
            ArrowDataType::Dictionary(key, ..) => decoded(&**values, *key),
            _ => widened(&**values),
        };
        let series =
            Series::try_from((field.name.clone(), values)).map_err(|_| unreadable(field))?;
        columns.push(Column::from(series));
    }
    DataFrame::new(table.len(), columns).map_err(|err| err.to_string())
}

fn unreadable(field: &Field) -> String {
    let expected = "expected text, numbers or booleans";
    format!("column {:?} is {:?}, {expected}", field.name, field.dtype())
}

/// Small whole numbers as large ones, which tables are written from.
fn widened(array: &dyn Array) -> Box<dyn Array> {
    fn of<T: NativeType + Into<i64>>(array: &dyn Array) -> Option<Box<dyn Array>> {
        let own = array.as_any().downcast_ref::<PrimitiveArray<T>>()?;
        let values = own.iter().map(|value| value.copied().map(Into::into));
        Some(values.collect::<PrimitiveArray<i64>>().boxed())
    }
    let found = of::<u8>(array).or_else(|| of::<u16>(array)).or_else(|| of::<i8>(array));
    found.or_else(|| of::<i16>(array)).unwrap_or_else(|| array.to_boxed())
}

/// The values of a dictionary as text; what is no text stays as it is.
fn decoded(array: &dyn Array, key: IntegerType) -> Box<dyn Array> {
    match_integer_type!(key, |$T| {
        let own = array.as_any().downcast_ref::<DictionaryArray<$T>>().expect("of this key");
        let words = Series::try_from((PlSmallStr::EMPTY, own.values().clone()));
        let words = words.and_then(|own| own.cast(&polars::prelude::DataType::String));
        let Ok(words) = words else { return array.to_boxed() };
        let Ok(words) = words.str().cloned() else { return array.to_boxed() };
        let mut values = MutableBinaryViewArray::<str>::with_capacity(own.len());
        for key in own.keys_iter() {
            values.push(key.and_then(|key| words.get(key)));
        }
        Utf8ViewArray::from(values).boxed()
    })
}

/// The clonotypes of a cohort, one row group per repertoire.
pub(crate) fn export(py: Python<'_>, cohort: Arc<Cohort>) -> PyResult<Bound<'_, PyCapsule>> {
    let names = ["repertoire_id", "junction_aa", "v_call", "j_call"];
    let text = |name: &str| Field::new(name.into(), ArrowDataType::Utf8View, true);
    let mut fields: Vec<Field> = names.map(text).to_vec();
    fields.push(Field::new("duplicate_count".into(), ArrowDataType::UInt64, true));
    let dtype = ArrowDataType::Struct(fields);
    let field = Field::new("".into(), dtype.clone(), false);
    let groups = (0..cohort.len()).map(move |i| Ok(group(&cohort.repertoires()[i], dtype.clone())));
    let stream = export_iterator(Box::new(groups), field);
    PyCapsule::new_with_value(py, stream, STREAM)
}

fn group(repertoire: &Repertoire, dtype: ArrowDataType) -> Box<dyn Array> {
    let n = repertoire.len();
    let genes = repertoire.genes();
    let column = |of: &dyn Fn(usize) -> Option<String>| {
        let mut values = MutableBinaryViewArray::<str>::with_capacity(n);
        (0..n).for_each(|i| values.push(of(i)));
        Utf8ViewArray::from(values).boxed()
    };
    let gene =
        |names: &[String], index: u16| (index > 0).then(|| names[usize::from(index)].clone());
    let values = vec![
        column(&|_| Some(repertoire.id.clone())),
        column(&|i| Some(repertoire.junction_aa(i))),
        column(&|i| gene(&genes.v, repertoire.v()[i])),
        column(&|i| gene(&genes.j, repertoire.j()[i])),
        UInt64Array::from_slice(repertoire.counts()).boxed(),
    ];
    StructArray::new(dtype, n, values, None).boxed()
}
