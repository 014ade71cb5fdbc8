//! Reading CSV by the names of its columns; columns that nobody asks for are ignored.
//!
//! Fields are not quoted: a comma always ends one, and blanks around a field do not count.

use thiserror::Error;

/// A CSV that can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TableError {
    /// The file has no line with names of columns.
    #[error("{file}: no header")]
    Empty { file: String },
    /// A column that is needed.
    #[error("{file}:1: no column named {column:?}")]
    NoColumn { file: String, column: &'static str },
    /// A line that does not have a field for each column.
    #[error(
        "{file}:{line}: {found} fields where the header has {expected} (fields are not quoted)"
    )]
    Fields {
        file: String,
        line: usize,
        found: usize,
        expected: usize,
    },
    /// A field that does not hold what its column is for.
    #[error("{file}:{line}:{column}: {value:?} is not {expected}")]
    Value {
        file: String,
        line: usize,
        column: &'static str,
        value: String,
        expected: String,
    },
}

/// A CSV with its header read.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a> {
    file: &'a str,
    header: Vec<&'a str>,
    text: &'a str,
}

/// A column that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    at: usize,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    file: &'a str,
    line: usize,
    fields: Vec<&'a str>,
}

impl<'a> Table<'a> {
    /// Reads the header of `text`; `file` names it in errors.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Result<Self, TableError> {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().filter(|line| !line.trim().is_empty());
        let header = first.ok_or_else(|| TableError::Empty {
            file: file.to_owned(),
        })?;
        Ok(Self {
            file,
            header: header.split(',').map(str::trim).collect(),
            text,
        })
    }

    /// A column that must be there.
    pub(crate) fn column(&self, name: &'static str) -> Result<Column, TableError> {
        self.optional(name).ok_or_else(|| TableError::NoColumn {
            file: self.file.to_owned(),
            column: name,
        })
    }

    /// A column that may be there.
    pub(crate) fn optional(&self, name: &'static str) -> Option<Column> {
        let at = self.header.iter().position(|known| *known == name)?;
        Some(Column { name, at })
    }

    /// Every line below the header that is not empty.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Record<'a>, TableError>> + '_ {
        let lines = self.text.lines().zip(1_usize..).skip(1);
        lines
            .filter(|(text, _)| !text.trim().is_empty())
            .map(|(text, line)| self.record(line, text))
    }

    fn record(&self, line: usize, text: &'a str) -> Result<Record<'a>, TableError> {
        let mut fields = Vec::with_capacity(self.header.len());
        fields.extend(text.split(',').map(str::trim));
        if fields.len() != self.header.len() {
            return Err(TableError::Fields {
                file: self.file.to_owned(),
                line,
                found: fields.len(),
                expected: self.header.len(),
            });
        }
        Ok(Record {
            file: self.file,
            line,
            fields,
        })
    }
}

impl<'a> Record<'a> {
    /// The text of a field.
    pub(crate) fn text(&self, column: Column) -> &'a str {
        self.fields[column.at]
    }

    /// The whole number in a field, at least `least` and at most `most`.
    pub(crate) fn number<T: TryFrom<u64>>(
        &self,
        column: Column,
        least: u64,
        most: u64,
    ) -> Result<T, TableError> {
        let number = self.text(column).parse().ok();
        let within = number.filter(|number| (least..=most).contains(number));
        let small = within.and_then(|number| T::try_from(number).ok());
        small.ok_or_else(|| TableError::Value {
            file: self.file.to_owned(),
            line: self.line,
            column: column.name,
            value: self.text(column).to_owned(),
            expected: format!("a whole number from {least} to {most}"),
        })
    }

    /// As [`number`](Self::number); absent when the column is, or when the field is empty.
    pub(crate) fn optional_number<T: TryFrom<u64>>(
        &self,
        column: Option<Column>,
        least: u64,
        most: u64,
    ) -> Result<Option<T>, TableError> {
        match column.filter(|column| !self.text(*column).is_empty()) {
            Some(column) => self.number(column, least, most).map(Some),
            None => Ok(None),
        }
    }
}
