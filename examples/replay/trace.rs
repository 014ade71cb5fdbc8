//! A trace: what arrived when, how large it was and how long it stayed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shapes::{MOST_GPUS, MOST_UNITS, Size};
use super::table::{Column, Record, Table, TableError};

/// The least memory of a container in MiB (API reference of `ContainerDefinition`).
const LEAST_MEMORY_MIB: i32 = 6;

/// The latest time and the longest stay that a trace may hold: about 31 years.
const MOST_SECONDS: u64 = 1_000_000_000;

/// Tasks in one row, at most.
const MOST_TASKS: u64 = 1_000_000;

/// Equal tasks that arrive together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Seconds since the trace began.
    pub(crate) arrival: u64,
    /// Seconds from arrival to departure.
    pub(crate) duration: u64,
    /// What each of them takes.
    pub(crate) size: Size,
    /// Whose batch it is; `None` when the trace does not say.
    pub(crate) group: Option<Arc<str>>,
    /// Whether they were still there when the recording ended.
    pub(crate) censored: bool,
    /// How many they are.
    pub(crate) count: u32,
}

/// Rows in order of arrival, and what had to be changed about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) rows: Vec<Row>,
    /// Tasks that stayed for no time at all, and now stay for a second.
    pub(crate) lengthened: u64,
    /// Tasks with less memory than ECS accepts, which now have the least it accepts.
    pub(crate) enlarged: u64,
}

/// Tasks of one group and size that arrive together: what one client would ask for at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch<'a> {
    /// Seconds since the trace began.
    pub(crate) arrival: u64,
    pub(crate) group: Option<&'a Arc<str>>,
    pub(crate) size: Size,
    /// The stay of each task, and whether it outlasted the recording.
    pub(crate) stays: Vec<(u64, bool)>,
}

impl Trace {
    /// Adds the rows of one more file. The column `task` is not read: the simulation numbers tasks itself.
    pub(crate) fn add(&mut self, file: &str, text: &str) -> Result<(), TableError> {
        let table = Table::new(file, text)?;
        let columns = Columns::of(&table)?;
        let mut last_group = None;
        for record in table.records() {
            let row = self.row(&columns, &record?, &mut last_group)?;
            self.rows.push(row);
        }
        // A stable sort keeps the order of the files within a second.
        self.rows.sort_by_key(|row| row.arrival);
        Ok(())
    }

    /// How many tasks it has.
    pub(crate) fn tasks(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.count)).sum()
    }

    /// What had to be changed, in words.
    pub(crate) fn notes(&self) -> Vec<String> {
        let least = LEAST_MEMORY_MIB;
        let notes = [
            (self.lengthened, "duration of 0 s taken as 1 s".to_owned()),
            (
                self.enlarged,
                format!("memory below {least} MiB taken as {least} MiB"),
            ),
        ];
        let told = notes.into_iter().filter(|(tasks, _)| *tasks > 0);
        told.map(|(tasks, note)| format!("{note} (tasks: {tasks})"))
            .collect()
    }

    /// The batches in order of arrival: rows that follow each other with equal arrival and group, divided by size.
    pub(crate) fn batches(&self) -> impl Iterator<Item = Batch<'_>> {
        let same = |a: &Row, b: &Row| a.arrival == b.arrival && a.group == b.group;
        self.rows.chunk_by(same).flat_map(by_size)
    }

    fn row(
        &mut self,
        columns: &Columns,
        record: &Record<'_>,
        last_group: &mut Option<Arc<str>>,
    ) -> Result<Row, TableError> {
        let count: u32 = record
            .optional_number(columns.count, 1, MOST_TASKS)?
            .unwrap_or(1);
        let mut duration = record.number(columns.duration, 0, MOST_SECONDS)?;
        let mut size = Size {
            cpu: record.number(columns.cpu, 0, MOST_UNITS)?,
            memory: record.number(columns.memory, 0, MOST_UNITS)?,
            gpus: record
                .optional_number(columns.gpus, 0, MOST_GPUS)?
                .unwrap_or(0),
        };
        if duration == 0 {
            duration = 1;
            self.lengthened += u64::from(count);
        }
        if size.memory < LEAST_MEMORY_MIB {
            size.memory = LEAST_MEMORY_MIB;
            self.enlarged += u64::from(count);
        }
        Ok(Row {
            arrival: record.number(columns.arrival, 0, MOST_SECONDS)?,
            duration,
            size,
            group: columns
                .group
                .and_then(|column| shared(record.text(column), last_group)),
            censored: record
                .optional_number(columns.censored, 0, 1)?
                .is_some_and(|flag: u8| flag == 1),
            count,
        })
    }
}

/// The columns of a trace; those of the table that it does not need may be missing.
#[derive(Clone, Copy, Debug)]
struct Columns {
    arrival: Column,
    duration: Column,
    cpu: Column,
    memory: Column,
    gpus: Option<Column>,
    group: Option<Column>,
    censored: Option<Column>,
    count: Option<Column>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, TableError> {
        Ok(Self {
            arrival: table.column("arrival_s")?,
            duration: table.column("duration_s")?,
            cpu: table.column("cpu_units")?,
            memory: table.column("memory_mib")?,
            gpus: table.optional("gpu"),
            group: table.optional("group"),
            censored: table.optional("censored"),
            count: table.optional("count"),
        })
    }
}

/// Divides rows of one arrival and group by size, in the order in which the sizes first occur.
fn by_size(rows: &[Row]) -> Vec<Batch<'_>> {
    let mut batches: Vec<Batch<'_>> = Vec::new();
    let mut known: BTreeMap<Size, usize> = BTreeMap::new();
    for row in rows {
        let at = *known.entry(row.size).or_insert(batches.len());
        if at == batches.len() {
            batches.push(Batch {
                arrival: row.arrival,
                group: row.group.as_ref(),
                size: row.size,
                stays: Vec::new(),
            });
        }
        let stay = (row.duration, row.censored);
        batches[at].stays.extend((0..row.count).map(|_| stay));
    }
    batches
}

/// A group's name, shared with the row before when it has the same.
fn shared(name: &str, last: &mut Option<Arc<str>>) -> Option<Arc<str>> {
    if name.is_empty() {
        return None;
    }
    if last.as_deref() != Some(name) {
        *last = Some(Arc::from(name));
    }
    last.clone()
}
