//! What is packed: items into bins of one size, with the fewest bins there can be.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use super::table::{Record, Table, TableError};

/// What an item takes, or what a bin has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    /// CPU units; zero throughout a problem of one dimension.
    pub(crate) cpu: u32,
    /// MiB.
    pub(crate) memory: u32,
}

/// Items to be put into as few bins as possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its name in the files.
    pub(crate) name: String,
    /// The set of problems it is told with.
    pub(crate) set: String,
    pub(crate) bin: Size,
    /// In the order in which they are asked for.
    pub(crate) items: Vec<Size>,
    /// The fewest bins.
    pub(crate) least: u32,
    /// Whether so few are enough; else fewer are certainly not.
    pub(crate) is_optimum: bool,
    /// The bins that first fit, first fit decreasing, best fit and best fit decreasing take in one dimension, as counted
    /// by somebody else; empty when nobody did.
    pub(crate) known: Vec<u32>,
}

/// Where problems are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// What marks their tables in a page.
    pub(crate) name: &'static str,
    pub(crate) one_dimension: String,
    two_dimensions: String,
    items: String,
    trace: Vec<String>,
    /// The trace counts up to this second.
    until: u64,
}

/// A number that a file may hold.
const MOST: u64 = i32::MAX as u64;

/// The machines for the committed trace, of which no optimum is known: m5.16xlarge.
const MACHINE: Size = Size {
    cpu: 65_536,
    memory: 262_144,
};

impl Files {
    /// The few that come with the example.
    pub(crate) fn committed() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
        let file = |name: &str| folder.join(name).display().to_string();
        Self {
            name: "committed",
            one_dimension: file("binpack1d_slice.csv"),
            two_dimensions: file("vector2d_slice.csv"),
            items: file("vector2d_items_slice.csv"),
            trace: vec![file("azure_day1_slice.csv")],
            until: 3600,
        }
    }

    /// All of them, in a folder beside the checkout.
    pub(crate) fn shared(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name).display().to_string();
        Self {
            name: "shared",
            one_dimension: file("binpack1d.csv"),
            two_dimensions: file("vector2d.csv"),
            items: file("vector2d_items.csv"),
            trace: vec![
                file("azure_v1_all_part1.csv"),
                file("azure_v1_all_part2.csv"),
            ],
            until: MOST,
        }
    }

    /// Reads them.
    pub(crate) fn read(
        &self,
        text_of: impl Fn(&str) -> Result<String, Box<dyn Error>>,
    ) -> Result<Vec<Problem>, Box<dyn Error>> {
        let mut problems = one_dimension(&self.one_dimension, &text_of(&self.one_dimension)?)?;
        let mut trace = Vec::new();
        for file in &self.trace {
            trace.extend(stays(file, &text_of(file)?)?);
        }
        let busiest = busiest(&trace, self.until);
        let items = items(&self.items, &text_of(&self.items)?)?;
        let (file, text) = (&self.two_dimensions, text_of(&self.two_dimensions)?);
        problems.extend(two_dimensions(file, &text, &items, &busiest)?);
        if !problems.iter().any(|problem| problem.items == busiest) {
            problems.push(at_least("azure, first hour", MACHINE, busiest));
        }
        Ok(problems)
    }
}

/// A problem of which only a bound is known: no bin holds more than its size.
fn at_least(name: &str, bin: Size, items: Vec<Size>) -> Problem {
    let sum = |amount: fn(&Size) -> u32| items.iter().map(|item| u64::from(amount(item))).sum();
    let bins = |sum: u64, bin: u32| sum.div_ceil(u64::from(bin));
    let least = bins(sum(|size| size.cpu), bin.cpu).max(bins(sum(|size| size.memory), bin.memory));
    Problem {
        name: name.to_owned(),
        set: format!("{name}, on m5.16xlarge"),
        bin,
        items,
        least: u32::try_from(least).expect("there are fewer items than that"),
        is_optimum: false,
        known: Vec::new(),
    }
}

/// Problems of one dimension, which is memory here.
fn one_dimension(file: &str, text: &str) -> Result<Vec<Problem>, Box<dyn Error>> {
    let table = Table::new(file, text)?;
    let [name, capacity, optimum, items] =
        ["instance", "capacity", "optimum", "items"].map(|column| table.column(column));
    let (name, capacity, optimum, items) = (name?, capacity?, optimum?, items?);
    let known = ["ff", "ffd", "bf", "bfd"].map(|column| table.column(column));
    let known: Vec<_> = known.into_iter().collect::<Result<_, _>>()?;
    let mut problems = Vec::new();
    for record in table.records() {
        let record = record?;
        let sizes = record.text(items).split_whitespace();
        let sizes = sizes.map(|size| Ok(memory(size.parse().map_err(|_| wrong(file, size))?)));
        let known = known.iter().map(|column| record.number(*column, 1, MOST));
        let name = record.text(name);
        problems.push(Problem {
            name: name.to_owned(),
            set: match name.starts_with('t') {
                true => "triplets, memory alone".to_owned(),
                false => "uniform, memory alone".to_owned(),
            },
            bin: memory(record.number(capacity, 1, MOST)?),
            items: sizes.collect::<Result<_, Box<dyn Error>>>()?,
            least: record.number(optimum, 1, MOST)?,
            is_optimum: true,
            known: known.collect::<Result<_, _>>()?,
        });
    }
    Ok(problems)
}

fn memory(memory: u32) -> Size {
    Size { cpu: 0, memory }
}

fn wrong(file: &str, size: &str) -> String {
    format!("{file}: {size:?} is no size")
}

/// Problems of two dimensions whose optimum is known: those that were cut from full bins, and the busiest moment of the
/// trace, of which the file tells bin and optimum and the trace the order.
fn two_dimensions(
    file: &str,
    text: &str,
    items: &BTreeMap<String, Vec<Size>>,
    busiest: &[Size],
) -> Result<Vec<Problem>, Box<dyn Error>> {
    let table = Table::new(file, text)?;
    let [name, machine, cpu, memory, optimum] = [
        "instance",
        "bin_type",
        "cap_cpu_units",
        "cap_memory_mib",
        "optimum",
    ]
    .map(|column| table.column(column));
    let (name, machine, cpu, memory, optimum) = (name?, machine?, cpu?, memory?, optimum?);
    let mut problems = Vec::new();
    for record in table.records() {
        let record = record?;
        let name = record.text(name);
        let (set, items) = match name.split('-').next() {
            Some("planted") => ("planted, CPU and memory".to_owned(), items.get(name)),
            Some("azure") if name.starts_with("azure-count") => (
                format!("azure, busiest moment, on {}", record.text(machine)),
                None,
            ),
            _ => continue,
        };
        problems.push(Problem {
            name: name.to_owned(),
            set,
            bin: Size {
                cpu: record.number(cpu, 1, MOST)?,
                memory: record.number(memory, 1, MOST)?,
            },
            items: items.map_or_else(|| busiest.to_vec(), Clone::clone),
            least: record.number(optimum, 1, MOST)?,
            is_optimum: true,
            known: Vec::new(),
        });
    }
    Ok(problems)
}

/// The items of each problem of two dimensions.
fn items(file: &str, text: &str) -> Result<BTreeMap<String, Vec<Size>>, TableError> {
    let table = Table::new(file, text)?;
    let name = table.column("instance")?;
    let size = Columns::of(&table)?;
    let mut items: BTreeMap<String, Vec<Size>> = BTreeMap::new();
    for record in table.records() {
        let record = record?;
        let known = items.entry(record.text(name).to_owned()).or_default();
        let (size, count) = size.of_record(&record)?;
        known.extend((0..count).map(|_| size));
    }
    Ok(items)
}

/// Equal items that arrive together and stay for a while.
#[derive(Clone, Copy, Debug)]
struct Stay {
    arrival: u64,
    departure: u64,
    size: Size,
    count: u32,
}

/// The rows of a trace.
fn stays(file: &str, text: &str) -> Result<Vec<Stay>, TableError> {
    let table = Table::new(file, text)?;
    let (arrival, duration) = (table.column("arrival_s")?, table.column("duration_s")?);
    let size = Columns::of(&table)?;
    let records = table.records().map(|record| {
        let record = record?;
        let (size, count) = size.of_record(&record)?;
        let arrival: u64 = record.number(arrival, 0, MOST)?;
        let stay: u64 = record.number(duration, 0, MOST)?;
        Ok(Stay {
            arrival,
            departure: arrival + stay,
            size,
            count,
        })
    });
    records.collect()
}

/// The items that are there at the moment up to `until` when there are the most, in order of arrival.
fn busiest(stays: &[Stay], until: u64) -> Vec<Size> {
    let mut steps: BTreeMap<u64, i64> = BTreeMap::new();
    for stay in stays {
        *steps.entry(stay.arrival).or_default() += i64::from(stay.count);
        *steps.entry(stay.departure).or_default() -= i64::from(stay.count);
    }
    let (mut there, mut most) = (0, (0, 0));
    for (time, step) in steps.range(..=until) {
        there += step;
        most = most.max((there, *time));
    }
    let (_, moment) = most;
    let is_there = |stay: &&Stay| (stay.arrival..stay.departure).contains(&moment);
    let stays = stays.iter().filter(is_there);
    stays
        .flat_map(|stay| (0..stay.count).map(|_| stay.size))
        .collect()
}

/// The columns that tell what an item takes and how many there are of it.
#[derive(Clone, Copy, Debug)]
struct Columns {
    cpu: super::table::Column,
    memory: super::table::Column,
    count: Option<super::table::Column>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, TableError> {
        Ok(Self {
            cpu: table.column("cpu_units")?,
            memory: table.column("memory_mib")?,
            count: table.optional("count"),
        })
    }

    fn of_record(&self, record: &Record<'_>) -> Result<(Size, u32), TableError> {
        let size = Size {
            cpu: record.number(self.cpu, 0, MOST)?,
            memory: record.number(self.memory, 1, MOST)?,
        };
        let count = record.optional_number(self.count, 1, MOST)?;
        Ok((size, count.unwrap_or(1)))
    }
}
