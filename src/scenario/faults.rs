//! The faults that a scenario has come by themselves.

use serde::Deserialize;

use crate::fault::plan::FaultPlan;
use crate::fault::swarm::FaultFamily;

/// `config.faults`: a plan, a swarm, or both.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FaultsAs {
    plan: FaultPlan,
    swarm: Vec<FaultFamily>,
}

impl FaultsAs {
    /// The plan of a run with a seed.
    pub(super) fn plan(&self, seed: u64) -> FaultPlan {
        let swarm = FaultPlan::swarm(seed, &self.swarm);
        self.plan.clone().and(swarm)
    }

    /// The rows that a run may have at most, whatever its seed.
    pub(super) fn most(&self) -> FaultPlan {
        self.plan.clone().and(FaultPlan::all_of(&self.swarm))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_swarm_stands_behind_the_rows_of_the_plan() {
        let written = json!({
            "plan": [{ "when": { "at": "1m" }, "fault": { "kind": "ZoneOutage", "zone": "a" } }],
            "swarm": ["clocks"],
        });
        let faults: FaultsAs = serde_json::from_value(written).unwrap();
        let kinds: Vec<&str> = faults
            .plan(1)
            .rows()
            .iter()
            .map(|row| row.fault.kind())
            .collect();
        assert_eq!(kinds, ["ZoneOutage", "ClockSkew", "ClockSkew"]);
        assert_eq!(FaultsAs::default().plan(1), FaultPlan::new());
        for wrong in [
            json!({"swarms": []}),
            json!({"swarm": ["floods"]}),
            json!({"plan": [{ "when": { "at": "1m" } }]}),
            json!({"plan": [{ "when": { "at": "1m", "every": {} }, "fault": { "kind": "ZoneOutage", "zone": "a" } }]}),
        ] {
            assert!(
                serde_json::from_value::<FaultsAs>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }
}
