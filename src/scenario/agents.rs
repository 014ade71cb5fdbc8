//! How the agents of a scenario are set up.

use serde::Deserialize;

use crate::model::distribution::Span;
use crate::model::{Agents, ImagePullBehavior};

/// `config.agents`; what it leaves out is as in the preset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AgentsAs {
    image_pull_behavior: Option<ImagePullBehavior>,
    image_cache: Option<bool>,
    pull_dependent_containers_upfront: Option<bool>,
    container_stop_timeout: Option<Span>,
    spot_instance_draining: Option<bool>,
}

impl AgentsAs {
    /// Lays what is said over a preset.
    pub(super) fn over(&self, agents: &mut Agents) {
        if let Some(behavior) = self.image_pull_behavior {
            agents.image_pull_behavior = behavior;
        }
        if let Some(cache) = self.image_cache {
            agents.image_cache = cache;
        }
        if let Some(upfront) = self.pull_dependent_containers_upfront {
            agents.pull_dependent_containers_upfront = upfront;
        }
        if let Some(timeout) = &self.container_stop_timeout {
            agents.container_stop_timeout = timeout.0;
        }
        if let Some(draining) = self.spot_instance_draining {
            agents.spot_instance_draining = draining;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_said_is_laid_over_the_preset() {
        let said: AgentsAs = serde_json::from_str(
            r#"{"imagePullBehavior": "prefer-cached", "containerStopTimeout": "45s", "spotInstanceDraining": true}"#,
        )
        .unwrap();
        let mut agents = Agents::default();
        said.over(&mut agents);
        let expected = Agents {
            image_pull_behavior: ImagePullBehavior::PreferCached,
            container_stop_timeout: Duration::from_secs(45),
            spot_instance_draining: true,
            ..Agents::default()
        };
        assert_eq!(agents, expected);
        for wrong in [
            r#"{"typo": 1}"#,
            r#"{"imagePullBehavior": "never"}"#,
            r#"{"imageCache": 1}"#,
        ] {
            assert!(serde_json::from_str::<AgentsAs>(wrong).is_err(), "{wrong}");
        }
    }
}
