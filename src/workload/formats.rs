//! Reading recorded jobs: CSV with named columns, and the Standard Workload Format.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::job_trace::{Job, JobTrace};

/// The least memory of a container in MiB (API reference of `ContainerDefinition`).
const LEAST_MEMORY_MIB: i32 = 6;

/// The longest time that a recording may hold: about ten years, as long as a latency may be.
const MOST_SECONDS: u64 = 315_360_000;

/// The most that a number of CPU units, MiB or tasks may be.
const MOST: u64 = 1_000_000_000;

/// What is wrong with a recording, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct JobTraceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

fn error(line: usize, problem: impl Into<String>) -> JobTraceError {
    JobTraceError {
        line,
        problem: problem.into(),
    }
}

impl JobTrace {
    /// Reads CSV: a line of names, then a line for each job. The columns `arrival_s`, `duration_s`, `cpu_units` and
    /// `memory_mib` must be there; `gpu`, `group`, `censored` (0 or 1) and `count` may be; others are passed over.
    ///
    /// A duration of 0 s is taken as 1 s, and memory below 6 MiB as 6 MiB.
    ///
    /// # Errors
    ///
    /// The first line that can't be read, or a column that is missing.
    pub fn from_csv(text: &str) -> Result<Self, JobTraceError> {
        let mut lines = (1..).zip(text.lines());
        let (_, header) = lines
            .next()
            .ok_or_else(|| error(1, "a line of names is missing"))?;
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let place = |name: &str| names.iter().position(|known| *known == name);
        let needed =
            |name: &str| place(name).ok_or_else(|| error(1, format!("there is no column {name}")));
        let columns = [
            needed("arrival_s")?,
            needed("duration_s")?,
            needed("cpu_units")?,
            needed("memory_mib")?,
        ];
        let (gpu, group) = (place("gpu"), place("group"));
        let (censored, count) = (place("censored"), place("count"));
        let mut jobs = Vec::new();
        for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
            let fields: Vec<&str> = text.split(',').map(str::trim).collect();
            if fields.len() != names.len() {
                let problem = format!("{} fields for {} names", fields.len(), names.len());
                return Err(error(line, problem));
            }
            let number = |column: usize, most| {
                let text = fields[column];
                let number = text.parse::<u64>().ok().filter(|number| *number <= most);
                let name = names[column];
                number.ok_or_else(|| {
                    error(line, format!("{name}: {text:?} is no number up to {most}"))
                })
            };
            let optional = |column: Option<usize>, most, otherwise| match column {
                Some(column) if !fields[column].is_empty() => number(column, most),
                _ => Ok(otherwise),
            };
            let [arrival, duration, cpu, memory] = columns;
            jobs.push(Job {
                arrival: Duration::from_secs(number(arrival, MOST_SECONDS)?),
                run: Duration::from_secs(number(duration, MOST_SECONDS)?.max(1)),
                cpu: amount(number(cpu, MOST)?),
                memory: amount(number(memory, MOST)?).max(LEAST_MEMORY_MIB),
                gpus: u32::try_from(optional(gpu, 64, 0)?).expect("it is 64 at most"),
                group: group
                    .map(|column| fields[column])
                    .filter(|group| !group.is_empty())
                    .map(Arc::from),
                count: u32::try_from(optional(count, MOST, 1)?)
                    .expect("it is a thousand million at most"),
                is_censored: optional(censored, 1, 0)? == 1,
            });
        }
        Ok(Self::new(jobs))
    }

    /// Reads the Standard Workload Format (version 2.2 of the Parallel Workloads Archive): 18 numbers a line, `-1` for what
    /// is unknown, remarks behind `;`.
    ///
    /// A job is one task of as many vCPU as it had processors, with the memory it asked for, else that it used; its group is
    /// that of the log. Jobs of unknown size or time of arrival are left out.
    ///
    /// # Errors
    ///
    /// The first line that can't be read.
    pub fn from_swf(text: &str) -> Result<Self, JobTraceError> {
        let mut jobs = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let fields = text.split(';').next().unwrap_or_default();
            let fields: Vec<&str> = fields.split_whitespace().collect();
            if fields.is_empty() {
                continue;
            }
            if fields.len() != 18 {
                return Err(error(line, format!("{} fields, not 18", fields.len())));
            }
            // Some logs have decimals, of which the whole part is taken.
            let number = |field: usize| {
                let text = fields[field - 1];
                let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
                let number = whole.parse::<i64>();
                number.map_err(|_| error(line, format!("field {field}: {text:?} is no number")))
            };
            let known = |value: i64| u64::try_from(value).ok();
            let arrival = known(number(2)?);
            let processors = known(number(8)?)
                .or(known(number(5)?))
                .filter(|count| *count > 0);
            let (Some(arrival), Some(processors)) = (arrival, processors) else {
                continue;
            };
            let run = known(number(4)?).unwrap_or(0);
            let kib = known(number(10)?).or(known(number(7)?)).unwrap_or(0);
            let group = number(13)?;
            jobs.push(Job {
                arrival: Duration::from_secs(arrival.min(MOST_SECONDS)),
                run: Duration::from_secs(run.clamp(1, MOST_SECONDS)),
                cpu: amount(processors.saturating_mul(1024)),
                memory: amount(kib.saturating_mul(processors).div_ceil(1024)).max(LEAST_MEMORY_MIB),
                gpus: 0,
                group: (group >= 0).then(|| Arc::from(format!("group-{group}"))),
                count: 1,
                is_censored: false,
            });
        }
        Ok(Self::new(jobs))
    }
}

/// An amount of CPU units or MiB.
fn amount(value: u64) -> i32 {
    i32::try_from(value.min(MOST)).expect("a thousand million fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_by_their_names_and_may_be_missing() {
        let text = "group,memory_mib,cpu_units,task,duration_s,arrival_s,count\na,1,512,x,0,30,12\n\n,64,1,y,5,10,\n";
        let trace = JobTrace::from_csv(text).expect("it can be read");
        let jobs = trace.jobs();
        assert_eq!(
            jobs[0].arrival,
            Duration::from_secs(10),
            "in order of arrival"
        );
        assert_eq!((jobs[0].group.as_deref(), jobs[0].count), (None, 1));
        assert_eq!((jobs[1].group.as_deref(), jobs[1].count), (Some("a"), 12));
        assert_eq!((jobs[1].memory, jobs[1].run), (6, Duration::from_secs(1)));
        let counts: Vec<_> = trace.requests().map(|(_, request)| request.count).collect();
        assert_eq!(counts, [Some(1), Some(10), Some(2)]);
    }

    #[test]
    fn a_line_that_can_not_be_read_is_named() {
        let head = "arrival_s,duration_s,cpu_units,memory_mib";
        let cases = [
            (String::new(), "line 1: a line of names is missing"),
            (
                "arrival_s,duration_s,cpu_units".to_owned(),
                "line 1: there is no column memory_mib",
            ),
            (
                format!("{head}\n0,1,2,3\n0,1,2"),
                "line 3: 3 fields for 4 names",
            ),
            (
                format!("{head}\n0,-1,2,3"),
                "line 2: duration_s: \"-1\" is no number up to 315360000",
            ),
        ];
        for (text, message) in cases {
            let error = JobTrace::from_csv(&text).expect_err("it can't be read");
            assert_eq!(error.to_string(), message);
        }
        let error = JobTrace::from_swf("; remark\n1 2 3").expect_err("it can't be read");
        assert_eq!(error.to_string(), "line 2: 3 fields, not 18");
    }

    #[test]
    fn a_job_of_the_standard_format_has_its_processors_and_its_memory() {
        let text = "; UnixStartTime: 0\n\
            1 5 -1 2100 16 -1 -1 16 -1 6400000 1 -1 3 -1 1 1 -1 -1\n\
            2 6 -1 -1 4 -1 1024 -1 -1 -1 1 -1 -1 -1 1 1 -1 -1\n\
            3 7 -1 10 -1 -1 -1 -1 -1 -1 1 -1 -1 -1 1 1 -1 -1\n";
        let trace = JobTrace::from_swf(text).expect("it can be read");
        let seen: Vec<_> = trace
            .jobs()
            .iter()
            .map(|job| {
                (
                    job.arrival.as_secs(),
                    job.run.as_secs(),
                    job.cpu,
                    job.memory,
                    job.group.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (5, 2_100, 16_384, 100_000, Some("group-3")),
                (6, 1, 4_096, 6, None)
            ]
        );
    }
}
