//! How agents are set up: what an operator writes into `/etc/ecs/ecs.config`.

use std::time::Duration;

use serde::Serialize;

use super::presets;
use super::shape::words;

words! {
    /// When an agent pulls an image that its container instance may have already (`ECS_IMAGE_PULL_BEHAVIOR`).
    pub enum ImagePullBehavior {
        /// Always; when that fails, the image that is there will do.
        Default = "default",
        /// Always; when that fails, the task stops, whether or not the container is essential.
        Always = "always",
        /// Once; when that fails, the task stops, whether or not the container is essential.
        Once = "once",
        /// Only when it is not there.
        PreferCached = "prefer-cached",
    }
}

/// How the agents of all container instances are set up.
///
/// ```
/// use wavetank::model::{Agents, ImagePullBehavior, Profile};
///
/// let mut profile = Profile::ideal();
/// profile.agents.image_pull_behavior = ImagePullBehavior::Once;
/// assert!(profile.agents.keep_images());
/// assert!(!Agents::default().keep_images());
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Agents {
    /// When images are pulled.
    pub image_pull_behavior: ImagePullBehavior,
    /// Whether container instances keep images and share their bandwidth among downloads. Without it each pull takes its
    /// workload's time, whatever was pulled before and is being pulled beside it.
    pub image_cache: bool,
    /// Whether a container's image is pulled before its dependencies hold
    /// (`ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT`).
    pub pull_dependent_containers_upfront: bool,
    /// From SIGTERM to SIGKILL for containers that do not say (`ECS_CONTAINER_STOP_TIMEOUT`).
    pub container_stop_timeout: Duration,
    /// Whether an agent sets its container instance to DRAINING at the notice that its spot capacity is taken back
    /// (`ECS_ENABLE_SPOT_INSTANCE_DRAINING`).
    pub spot_instance_draining: bool,
}

impl Agents {
    /// Whether container instances remember images: when they are told to, and when the pull behaviour goes by it.
    #[must_use]
    pub fn keep_images(&self) -> bool {
        let goes_by_it = matches!(
            self.image_pull_behavior,
            ImagePullBehavior::Once | ImagePullBehavior::PreferCached
        );
        self.image_cache || goes_by_it
    }

    /// Whether a task goes on when the image of a container that is not essential can't be pulled.
    #[must_use]
    pub fn does_without_images(&self) -> bool {
        !matches!(
            self.image_pull_behavior,
            ImagePullBehavior::Always | ImagePullBehavior::Once
        )
    }
}

impl Default for Agents {
    /// What an agent does that nobody configured (amazon-ecs-agent 1.105.1, `agent/config`), but for the images: pulls
    /// take what their workload says.
    fn default() -> Self {
        Self {
            image_pull_behavior: ImagePullBehavior::Default,
            image_cache: false,
            pull_dependent_containers_upfront: false,
            container_stop_timeout: presets::CONTAINER_STOP_TIMEOUT,
            spot_instance_draining: false,
        }
    }
}
