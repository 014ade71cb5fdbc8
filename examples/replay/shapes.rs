//! Machines: a table of shapes, and the cluster that is made of some of them.

use thiserror::Error;

use super::table::{Table, TableError};

/// Machines of one shape in a cluster, at most.
const MOST_MACHINES: u64 = 1_000_000;

/// The most of a resource: ECS's integers have 32 bits and a sign.
pub(crate) const MOST_UNITS: u64 = i32::MAX as u64;

/// GPUs of one container instance that the simulator tells apart.
pub(crate) const MOST_GPUS: u64 = 64;

/// The word for every shape of the table, each as often as its column `count` says.
const ALL: &str = "all";

/// What a task takes, or what a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    /// CPU units, 1024 to a vCPU.
    pub(crate) cpu: i32,
    /// MiB.
    pub(crate) memory: i32,
    /// Whole GPUs.
    pub(crate) gpus: u32,
}

/// A shape of machine, and how many there are of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machines {
    /// Its name, such as `m5.16xlarge`.
    pub(crate) instance_type: String,
    /// What each has, with the nominal memory of the type; an agent would register a little less.
    pub(crate) size: Size,
    /// How many machines.
    pub(crate) count: u32,
}

/// A cluster that can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ShapeError {
    #[error("no shape named {name:?} in {file}{}", known(.family))]
    Unknown {
        name: String,
        file: String,
        /// Shapes that begin alike.
        family: Vec<String>,
    },
    #[error("{text:?} is not a number of machines from 1 to {MOST_MACHINES}")]
    Count { text: String },
    #[error("--instances does not go with --shape {ALL}, which takes the counts of the table")]
    AllHasCounts,
}

/// Every shape of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shapes {
    file: String,
    machines: Vec<Machines>,
}

impl Shapes {
    /// Reads a table of shapes; `file` names it in errors.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, TableError> {
        let table = Table::new(file, text)?;
        let instance_type = table.column("instance_type")?;
        let cpu = table.column("cpu_units")?;
        let memory = table.column("memory_mib")?;
        let (gpus, count) = (table.optional("gpu"), table.optional("count"));
        let machines = table.records().map(|record| {
            let record = record?;
            Ok(Machines {
                instance_type: record.text(instance_type).to_owned(),
                size: Size {
                    cpu: record.number(cpu, 1, MOST_UNITS)?,
                    memory: record.number(memory, 1, MOST_UNITS)?,
                    gpus: record.optional_number(gpus, 0, MOST_GPUS)?.unwrap_or(0),
                },
                count: record
                    .optional_number(count, 1, MOST_MACHINES)?
                    .unwrap_or(1),
            })
        });
        Ok(Self {
            file: file.to_owned(),
            machines: machines.collect::<Result<_, _>>()?,
        })
    }

    /// The cluster that `wanted` means: `all`, or `TYPE[:COUNT]` one or more times, with commas between.
    ///
    /// A type without a count comes `instances` times, or `otherwise` times when that is not given either.
    pub(crate) fn cluster(
        &self,
        wanted: &str,
        instances: Option<u32>,
        otherwise: u32,
    ) -> Result<Vec<Machines>, ShapeError> {
        if wanted == ALL {
            return match instances {
                Some(_) => Err(ShapeError::AllHasCounts),
                None => Ok(self.machines.clone()),
            };
        }
        let part = |part: &str| {
            let (name, count) = match part.split_once(':') {
                Some((name, count)) => (name, number_of_machines(count)?),
                None => (part, instances.unwrap_or(otherwise)),
            };
            Ok(Machines {
                count,
                ..self.named(name)?.clone()
            })
        };
        wanted.split(',').map(|text| part(text.trim())).collect()
    }

    fn named(&self, name: &str) -> Result<&Machines, ShapeError> {
        let mut machines = self.machines.iter();
        let found = machines.find(|known| known.instance_type == name);
        found.ok_or_else(|| {
            let family = name.split('.').next().unwrap_or(name);
            let names = self.machines.iter().map(|known| &known.instance_type);
            let alike = names.filter(|known| known.split('.').next() == Some(family));
            ShapeError::Unknown {
                name: name.to_owned(),
                file: self.file.clone(),
                family: alike.cloned().collect(),
            }
        })
    }
}

/// Reads how many machines there are to be.
pub(crate) fn number_of_machines(text: &str) -> Result<u32, ShapeError> {
    let known = text.parse().ok();
    known
        .filter(|count| (1..=MOST_MACHINES).contains(&u64::from(*count)))
        .ok_or_else(|| ShapeError::Count {
            text: text.to_owned(),
        })
}

fn known(family: &[String]) -> String {
    match family {
        [] => String::new(),
        names => format!(", which has {}", names.join(", ")),
    }
}
