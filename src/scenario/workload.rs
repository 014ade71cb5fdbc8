//! What a row of `workloads` may say.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::draw::Latency;
use crate::model::distribution::Distribution;
use crate::model::{ExitCode, Glob, Health, MemoryStep, Run, Workload, WorkloadRow};

/// A row of `workloads`; what it leaves out comes from the preset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WorkloadAs {
    #[serde(default = "Glob::any")]
    family: Glob,
    #[serde(default = "Glob::any")]
    container: Glob,
    pull: Option<Distribution>,
    start: Option<Distribution>,
    run: Option<RunAs>,
    exit_code: Option<ExitCodeAs>,
    stop: Option<Distribution>,
    health: Option<HealthAs>,
    create: Option<Distribution>,
    stop_exit_code: Option<i32>,
    memory: Option<MemoryAs>,
}

impl WorkloadAs {
    /// The row, with `preset` for what it leaves out.
    pub(super) fn over(&self, preset: &Workload) -> WorkloadRow {
        let mut workload = preset.clone();
        if let Some(pull) = &self.pull {
            workload.pull = pull.0.clone();
        }
        if let Some(start) = &self.start {
            workload.start = start.0.clone();
        }
        if let Some(run) = &self.run {
            workload.run = run.0.clone();
        }
        if let Some(exit_code) = &self.exit_code {
            workload.exit_code = exit_code.0.clone();
        }
        if let Some(stop) = &self.stop {
            workload.stop = stop.0.clone();
        }
        if let Some(health) = &self.health {
            workload.health = health.health();
        }
        if let Some(create) = &self.create {
            workload.create = create.0.clone();
        }
        if let Some(code) = self.stop_exit_code {
            workload.stop_exit_code = code;
        }
        if let Some(memory) = &self.memory {
            workload.memory = memory.steps();
        }
        WorkloadRow {
            family: self.family.clone(),
            container: self.container.clone(),
            workload,
        }
    }
}

/// `"forever"`, or how long.
#[derive(Clone, Debug)]
struct RunAs(Run);

impl<'de> Deserialize<'de> for RunAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = RunAs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"forever\" or a latency")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RunAs, E> {
                if text == "forever" {
                    return Ok(RunAs(Run::Forever));
                }
                Distribution::deserialize(text.into_deserializer())
                    .map(|distribution| RunAs(Run::For(distribution.0)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RunAs, A::Error> {
                Distribution::deserialize(MapAccessDeserializer::new(map))
                    .map(|distribution| RunAs(Run::For(distribution.0)))
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

/// A code, or codes by weight.
#[derive(Clone, Debug)]
struct ExitCodeAs(ExitCode);

impl<'de> Deserialize<'de> for ExitCodeAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = ExitCodeAs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an exit code, or an array of [weight, code]")
            }

            fn visit_u64<E: Error>(self, code: u64) -> Result<ExitCodeAs, E> {
                i32::try_from(code)
                    .map(|code| ExitCodeAs(ExitCode::Always(code)))
                    .map_err(|_| E::custom(format_args!("`{code}` is no exit code")))
            }

            fn visit_i64<E: Error>(self, code: i64) -> Result<ExitCodeAs, E> {
                i32::try_from(code)
                    .map(|code| ExitCodeAs(ExitCode::Always(code)))
                    .map_err(|_| E::custom(format_args!("`{code}` is no exit code")))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> Result<ExitCodeAs, A::Error> {
                let rows = Vec::deserialize(SeqAccessDeserializer::new(rows))?;
                ExitCode::weighted(rows)
                    .map(ExitCodeAs)
                    .map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

/// MiB from the start on, or rows of when and how many.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "MiB, or an array of [latency, MiB]")]
enum MemoryAs {
    Always(u32),
    Steps(Vec<(Distribution, u32)>),
}

impl MemoryAs {
    fn steps(&self) -> Vec<MemoryStep> {
        match self {
            Self::Always(mib) => vec![MemoryStep::new(Latency::ZERO, *mib)],
            Self::Steps(rows) => {
                let step =
                    |(after, mib): &(Distribution, u32)| MemoryStep::new(after.0.clone(), *mib);
                rows.iter().map(step).collect()
            }
        }
    }
}

/// What the health check finds: `"passes"`, `"fails"`, or one of them after a time.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum HealthAs {
    Passes,
    Fails,
    Hangs,
    PassesAfter(Distribution),
    FailsAfter(Distribution),
    HangsAfter(Distribution),
}

impl HealthAs {
    fn health(&self) -> Health {
        match self {
            Self::Passes => Health::Passes,
            Self::Fails => Health::Fails,
            Self::Hangs => Health::Hangs,
            Self::HangsAfter(delay) => Health::HangsAfter(delay.0.clone()),
            Self::PassesAfter(delay) => Health::PassesAfter(delay.0.clone()),
            Self::FailsAfter(delay) => Health::FailsAfter(delay.0.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(text: &str) -> Result<WorkloadRow, String> {
        serde_json::from_str::<WorkloadAs>(text)
            .map(|row| row.over(&Workload::ideal()))
            .map_err(|error| error.to_string())
    }

    fn fixed(seconds: u64) -> Latency {
        Latency::Fixed(Duration::from_secs(seconds))
    }

    #[test]
    fn an_empty_row_is_the_preset_for_everything() {
        let row = read("{}").unwrap();
        assert_eq!(row, WorkloadRow::new("*", "*", Workload::ideal()));
    }

    #[test]
    fn a_full_row_says_everything() {
        let row = read(
            r#"{"family": "job*", "container": "main", "pull": "1s", "start": "2s", "run": "3s",
                "exitCode": [[9, 0], [1, 137]], "stop": "4s", "health": {"failsAfter": "5s"},
                "create": "6s", "stopExitCode": 143, "memory": [["7s", 900]]}"#,
        )
        .unwrap();
        let mut workload = Workload::ideal();
        workload.pull = fixed(1);
        workload.start = fixed(2);
        workload.run = Run::For(fixed(3));
        workload.exit_code = ExitCode::Weighted(vec![(9, 0), (1, 137)]);
        workload.stop = fixed(4);
        workload.health = Health::FailsAfter(fixed(5));
        workload.create = fixed(6);
        workload.stop_exit_code = 143;
        workload.memory = vec![MemoryStep::new(fixed(7), 900)];
        assert_eq!(row, WorkloadRow::new("job*", "main", workload));
    }

    #[test]
    fn each_field_has_its_forms() {
        let workload = |text| read(text).unwrap().workload;
        assert_eq!(workload(r#"{"run": "forever"}"#).run, Run::Forever);
        assert_eq!(
            workload(r#"{"run": {"exponential": {"mean": "1s"}}}"#).run,
            Run::For(Latency::Exponential {
                mean: Duration::from_secs(1)
            })
        );
        assert_eq!(
            workload(r#"{"exitCode": -1}"#).exit_code,
            ExitCode::Always(-1)
        );
        assert_eq!(workload(r#"{"health": "fails"}"#).health, Health::Fails);
        assert_eq!(workload(r#"{"health": "passes"}"#).health, Health::Passes);
        assert_eq!(workload(r#"{"health": "hangs"}"#).health, Health::Hangs);
        assert_eq!(
            workload(r#"{"health": {"hangsAfter": "5s"}}"#).health,
            Health::HangsAfter(fixed(5))
        );
        assert_eq!(
            workload(r#"{"memory": 600}"#).memory,
            [MemoryStep::new(Latency::ZERO, 600)]
        );
        assert_eq!(
            workload(r#"{"health": {"passesAfter": "5s"}}"#).health,
            Health::PassesAfter(fixed(5))
        );
    }

    #[test]
    fn a_wrong_row_is_refused() {
        for text in [
            r#"{"typo": 1}"#,
            r#"{"run": "never"}"#,
            r#"{"run": 5}"#,
            r#"{"exitCode": 0.5}"#,
            r#"{"exitCode": 4294967296}"#,
            r#"{"exitCode": [[0, 1]]}"#,
            r#"{"exitCode": [[1]]}"#,
            r#"{"health": "sick"}"#,
            r#"{"memory": "much"}"#,
            r#"{"memory": [[1]]}"#,
            r#"{"stopExitCode": "x"}"#,
            r#"{"family": 3}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
