//! The `config` of a scenario: what it says, and the simulation it asks for.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::draw::{Latency, Ratio};
use crate::fault::plan::FaultPlan;
use crate::invariant::Checking;
use crate::model::distribution::{Distribution, Millionths, Span};
use crate::model::object::{object, objects};
use crate::model::{
    FailureShape, Latencies, ParseTimestampError, PlacementTies, Profile, Reads, RequestRates,
    Timestamp, UnknownLatency,
};
use crate::scenario::agents::AgentsAs;
use crate::scenario::faults::FaultsAs;
use crate::scenario::workload::WorkloadAs;
use crate::sim::{Builder, Simulation};

/// Everything a scenario may configure; all of it optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Config {
    preset: Preset,
    region: Option<Region>,
    account_id: Option<AccountId>,
    epoch: Option<Epoch>,
    reads: Option<ReadsAs>,
    request_rates: RatesAs,
    latencies: LatencyRows,
    #[serde(deserialize_with = "objects")]
    workloads: Vec<WorkloadAs>,
    #[serde(deserialize_with = "object")]
    agents: AgentsAs,
    #[serde(deserialize_with = "object")]
    faults: FaultsAs,
    check: CheckAs,
    placement_ties: TiesAs,
    failures: FailuresAs,
    stopped_task_retention: Option<Span>,
    deleted_task_window: Option<Span>,
    /// The availability zone of each subnet that is told.
    subnets: BTreeMap<String, String>,
}

impl Config {
    /// The faults that a run may have at most, whatever its seed.
    pub(super) fn most_faults(&self) -> FaultPlan {
        self.faults.most()
    }

    /// A simulation as configured, not yet built.
    pub(super) fn builder(&self, seed: u64) -> Builder {
        let mut builder = Simulation::builder()
            .seed(seed)
            .profile(self.profile())
            .reads(self.reads())
            .request_rates(self.request_rates.rates())
            .checking(self.check.checking())
            .placement_ties(self.placement_ties.ties())
            .failures(self.failures.shape())
            .faults(self.faults.plan(seed));
        for (subnet, zone) in &self.subnets {
            builder = builder.subnet(subnet, zone);
        }
        if let Some(retention) = &self.stopped_task_retention {
            builder = builder.stopped_task_retention(retention.0);
        }
        if let Some(window) = &self.deleted_task_window {
            builder = builder.deleted_task_window(window.0);
        }
        if let Some(region) = &self.region {
            builder = builder.region(&region.0);
        }
        if let Some(account_id) = &self.account_id {
            builder = builder.account_id(&account_id.0);
        }
        if let Some(epoch) = &self.epoch {
            builder = builder.epoch(epoch.0);
        }
        builder
    }

    /// Whether every invariant is to be checked after each step of the scenario.
    pub(super) fn checks_every_step(&self) -> bool {
        !matches!(self.check, CheckAs::End)
    }

    fn profile(&self) -> Profile {
        let mut profile = match self.preset {
            Preset::Ideal => Profile::ideal(),
            Preset::Realistic => Profile::realistic(),
        };
        for (name, distribution) in &self.latencies.0 {
            profile
                .latencies
                .set(&name.0, distribution.0.clone())
                .expect("the name was checked when the table was read");
        }
        for row in &self.workloads {
            let row = row.over(&profile.default_workload);
            profile.workloads.push(row);
        }
        self.agents.over(&mut profile.agents);
        profile
    }

    fn reads(&self) -> Reads {
        match (&self.reads, self.preset) {
            (Some(reads), _) => reads.0.clone(),
            (None, Preset::Ideal) => Reads::Consistent,
            (None, Preset::Realistic) => Reads::realistic(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Preset {
    #[default]
    Ideal,
    Realistic,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CheckAs {
    EveryEvent,
    #[default]
    EveryStep,
    End,
}

impl CheckAs {
    /// How often the simulation checks by itself; steps of the scenario and its end are the run's.
    fn checking(self) -> Checking {
        match self {
            Self::EveryEvent => Checking::EveryEvent,
            Self::EveryStep | Self::End => Checking::AtRest,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum TiesAs {
    #[default]
    Seeded,
    OldestInstance,
}

impl TiesAs {
    fn ties(self) -> PlacementTies {
        match self {
            Self::Seeded => PlacementTies::Seeded,
            Self::OldestInstance => PlacementTies::OldestInstance,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum FailuresAs {
    #[default]
    Closest,
    EveryInstance,
}

impl FailuresAs {
    fn shape(self) -> FailureShape {
        match self {
            Self::Closest => FailureShape::Closest,
            Self::EveryInstance => FailureShape::EveryInstance,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RatesAs {
    #[default]
    Unlimited,
    Documented,
}

impl RatesAs {
    fn rates(self) -> RequestRates {
        match self {
            Self::Unlimited => RequestRates::Unlimited,
            Self::Documented => RequestRates::Documented,
        }
    }
}

/// A region's name: it becomes part of every ARN, so it is kept to what an ARN can hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Region(String);

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Err(format!(
                "`{name}` is not a region: lower-case letters, digits and hyphens, such as `us-east-1`"
            ));
        }
        Ok(Self(name))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct AccountId(String);

impl TryFrom<String> for AccountId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{id}` is not an account id: 12 digits"));
        }
        Ok(Self(id))
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Epoch(Timestamp);

impl TryFrom<String> for Epoch {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|error: ParseTimestampError| error.to_string())
    }
}

/// `"consistent"`, or an object that says how reads lag.
#[derive(Clone, Debug)]
struct ReadsAs(Reads);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Lagging {
    lag: Distribution,
    /// Every read, unless told otherwise.
    stale_probability: Option<Millionths>,
    /// The longest that ECS advises a reader to wait, unless told otherwise.
    bound: Option<Span>,
}

impl Lagging {
    fn reads(self) -> Result<Reads, String> {
        let millionths = self
            .stale_probability
            .map_or(u64::from(MILLION), |given| given.0);
        let stale_probability = u32::try_from(millionths)
            .ok()
            .and_then(|millionths| Ratio::try_new(millionths, MILLION).ok())
            .ok_or("`staleProbability` is a number from 0 to 1")?;
        Ok(Reads::Lagging {
            lag: self.lag.0,
            stale_probability,
            bound: self.bound.map_or(Duration::from_secs(300), |given| given.0),
        })
    }
}

const MILLION: u32 = 1_000_000;

impl<'de> Deserialize<'de> for ReadsAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = ReadsAs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"consistent\" or an object with lag, staleProbability and bound")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ReadsAs, E> {
                match text {
                    "consistent" => Ok(ReadsAs(Reads::Consistent)),
                    _ => Err(E::unknown_variant(text, &["consistent"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ReadsAs, A::Error> {
                Lagging::deserialize(MapAccessDeserializer::new(map))?
                    .reads()
                    .map(ReadsAs)
                    .map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

/// The `latencies` table, in the order written.
#[derive(Clone, Debug, Default)]
struct LatencyRows(Vec<(LatencyName, Distribution)>);

/// A name that [`Latencies::set`] takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct LatencyName(String);

impl TryFrom<String> for LatencyName {
    type Error = UnknownLatency;

    fn try_from(name: String) -> Result<Self, UnknownLatency> {
        Latencies::ideal().set(&name, Latency::ZERO)?;
        Ok(Self(name))
    }
}

impl<'de> Deserialize<'de> for LatencyRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = LatencyRows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of latencies by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LatencyRows, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = map.next_entry()? {
                    rows.push(row);
                }
                Ok(LatencyRows(rows))
            }
        }

        deserializer.deserialize_map(Table)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Run;

    fn read(config: serde_json::Value) -> Result<Config, String> {
        serde_json::from_str(&config.to_string()).map_err(|error| error.to_string())
    }

    fn fixed(seconds: u64) -> Latency {
        Latency::Fixed(Duration::from_secs(seconds))
    }

    #[test]
    fn nothing_configured_is_the_ideal_profile() {
        let config = read(json!({})).unwrap();
        assert_eq!(config.profile(), Profile::ideal());
        assert_eq!(config.reads(), Reads::Consistent);
    }

    #[test]
    fn a_preset_sets_latencies_workload_and_reads() {
        let config = read(json!({"preset": "realistic"})).unwrap();
        assert_eq!(config.profile(), Profile::realistic());
        assert_eq!(config.reads(), Reads::realistic());
        let config = read(json!({"preset": "realistic", "reads": "consistent"})).unwrap();
        assert_eq!(config.reads(), Reads::Consistent);
    }

    #[test]
    fn latencies_and_rows_are_laid_over_the_preset() {
        let config = read(json!({
            "latencies": {"eniAttach": "7s", "agentLost": {"uniform": ["1s", "2s"]}},
            "workloads": [{"family": "job*", "run": "30s"}, {"pull": "1s"}],
            "preset": "realistic",
        }))
        .unwrap();
        let profile = config.profile();
        let preset = Profile::realistic();
        assert_eq!(profile.latencies.eni_attach, fixed(7));
        assert_eq!(profile.latencies.payload, preset.latencies.payload);
        let job = profile.workload("job-a", "any");
        assert_eq!(job.run, Run::For(fixed(30)));
        assert_eq!(job.pull, preset.default_workload.pull);
        let other = profile.workload("web", "any");
        assert_eq!((&other.run, &other.pull), (&Run::Forever, &fixed(1)));
    }

    #[test]
    fn lagging_reads_have_defaults_for_all_but_the_lag() {
        let lagging = |millionths, bound| Reads::Lagging {
            lag: fixed(5),
            stale_probability: Ratio::new(millionths, MILLION),
            bound: Duration::from_secs(bound),
        };
        let config = read(json!({"reads": {"lag": "5s", "staleProbability": 0.3, "bound": "1m"}}));
        assert_eq!(config.unwrap().reads(), lagging(300_000, 60));
        let config = read(json!({"reads": {"lag": "5s"}})).unwrap();
        assert_eq!(config.reads(), lagging(MILLION, 300));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (config, named) in [
            (json!({"presets": "ideal"}), "unknown field `presets`"),
            (json!({"preset": "real"}), "unknown variant `real`"),
            (json!({"region": "us east"}), "`us east` is not a region"),
            (json!({"accountId": "12345678901"}), "`12345678901` is not"),
            (
                json!({"accountId": "12345678901x"}),
                "`12345678901x` is not",
            ),
            (json!({"epoch": "yesterday"}), "\"yesterday\""),
            (
                json!({"epoch": "1969-12-31T23:59:59Z"}),
                "\"1969-12-31T23:59:59Z\"",
            ),
            (json!({"reads": "stale"}), "unknown variant `stale`"),
            (
                json!({"reads": {"lag": "5s", "staleProbability": 1.5}}),
                "from 0 to 1",
            ),
            (json!({"reads": {"lags": "5s"}}), "unknown field `lags`"),
            (
                json!({"latencies": {"pull": "5s"}}),
                "unknown latency `pull`",
            ),
            (json!({"latencies": {"report": 5}}), "invalid type"),
            (json!({"check": "never"}), "unknown variant `never`"),
            (json!({"failures": "none"}), "unknown variant `none`"),
            (
                json!({"placementTies": "newest"}),
                "unknown variant `newest`",
            ),
            (json!({"subnets": ["subnet-a"]}), "invalid type"),
        ] {
            let error = read(config.clone()).unwrap_err();
            assert!(error.contains(named), "{config}: {error}");
        }
    }

    #[test]
    fn the_epoch_is_kept_to_the_millisecond() {
        let epoch: Epoch = serde_json::from_str(r#""2026-01-01T00:00:00.25Z""#).unwrap();
        assert_eq!(epoch.0, Timestamp::from_millis(1_767_225_600_250));
    }
}
