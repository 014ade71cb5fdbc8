//! Images that a container instance keeps, downloads that are shared, and when an agent pulls (ecs-semantics 7.7).

use std::time::Duration;

use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, builder, ms, profile, workload};

/// Three families: `one` and `two` of the same image `app:1`, `other` of `other:1`, each with a container of its name.
fn trial(behavior: ImagePullBehavior, cache: bool) -> Trial {
    let slow = workload(|it| it.pull = Latency::Fixed(Duration::from_secs(12)));
    let mut profile = profile([("other", slow)]);
    profile.agents.image_pull_behavior = behavior;
    profile.agents.image_cache = cache;
    let mut trial = Trial::web_of(builder().profile(profile));
    for (family, image) in [("one", "app:1"), ("two", "app:1"), ("other", "other:1")] {
        let container = ContainerDefinition::new(family, image).memory(64);
        let second = ContainerDefinition::new("second", "second:1").memory(64);
        let lone = RegisterTaskDefinition::new(family).container(container.clone());
        trial.define(lone);
        let pair = RegisterTaskDefinition::new(format!("{family}-pair"));
        trial.define(pair.container(second).container(container.essential(false)));
    }
    trial
}

/// When the pulls of a task began and ended.
fn pulled(trial: &mut Trial, task: &str) -> (Option<u64>, Option<u64>) {
    let task = trial.task(task);
    (ms(task.pull_started_at), ms(task.pull_stopped_at))
}

fn pulls_fail(trial: &mut Trial, image: &str) {
    let lasting = Duration::from_secs(60);
    trial.fault(Fault::PullFail {
        image: Glob::new(image),
        lasting,
    });
}

#[test]
fn without_a_cache_each_pull_takes_its_own_time() {
    let mut trial = trial(ImagePullBehavior::Default, false);
    let first = trial.run("one");
    trial.at(20_000);
    let second = trial.run("two");
    trial.rest();
    assert_eq!(pulled(&mut trial, &first), (Some(100), Some(5_100)));
    assert_eq!(pulled(&mut trial, &second), (Some(20_100), Some(25_100)));
}

#[test]
fn an_image_that_is_there_is_only_asked_for() {
    for (behavior, ended) in [
        (ImagePullBehavior::Default, 20_600),
        (ImagePullBehavior::Always, 20_600),
        (ImagePullBehavior::Once, 20_100),
        (ImagePullBehavior::PreferCached, 20_100),
    ] {
        let mut trial = trial(behavior, true);
        let first = trial.run("one");
        trial.at(20_000);
        let second = trial.run("two");
        trial.rest();
        assert_eq!(pulled(&mut trial, &first), (Some(100), Some(5_100)));
        assert_eq!(
            pulled(&mut trial, &second),
            (Some(20_100), Some(ended)),
            "{behavior}"
        );
    }
}

#[test]
fn an_image_is_downloaded_once_for_all_who_want_it() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    let first = trial.run("one");
    trial.at(3_000);
    let second = trial.run("two");
    trial.rest();
    assert_eq!(pulled(&mut trial, &first), (Some(100), Some(5_100)));
    assert_eq!(pulled(&mut trial, &second), (Some(3_100), Some(5_100)));
}

#[test]
fn downloads_share_the_bandwidth_evenly() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    // Alone they take 5 s and 12 s.
    let (short, long) = (trial.run("one"), trial.run("other"));
    trial.rest();
    assert_eq!(pulled(&mut trial, &short), (Some(100), Some(10_100)));
    assert_eq!(pulled(&mut trial, &long), (Some(100), Some(17_100)));
}

#[test]
fn container_instances_share_nothing() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    let other = trial.instance(2048, 4096);
    let host = trial.host();
    let (here, there) = (trial.start("one", &host), trial.start("two", &other));
    trial.rest();
    assert_eq!(pulled(&mut trial, &here), (Some(100), Some(5_100)));
    assert_eq!(pulled(&mut trial, &there), (Some(100), Some(5_100)));
}

#[test]
fn a_download_goes_on_for_those_who_wait_when_the_first_is_stopped() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    let (first, second) = (trial.run("one"), trial.run("two"));
    trial.at(2_000);
    trial.stop(&first);
    trial.rest();
    assert_eq!(pulled(&mut trial, &second), (Some(100), Some(5_100)));
    assert_eq!(trial.status(&second).0, LastStatus::Running);
}

#[test]
fn a_download_that_nobody_wants_any_more_gives_its_share_back() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    let (short, long) = (trial.run("one"), trial.run("other"));
    trial.at(4_000);
    trial.stop(&short);
    trial.rest();
    // Until 4.1 s it had half, 2 s of its 12 s; then it was alone.
    assert_eq!(pulled(&mut trial, &long), (Some(100), Some(14_100)));
    trial.at(3_600_000);
    let again = trial.run("one");
    trial.rest();
    assert_eq!(
        pulled(&mut trial, &again).1,
        Some(3_605_100),
        "nothing of it was kept"
    );
}

#[test]
fn the_next_who_waits_tries_on_its_own_when_a_download_fails() {
    let mut trial = trial(ImagePullBehavior::Default, true);
    let first = trial.run("one");
    let lasting = Duration::from_secs(1);
    trial.fault(Fault::PullFail {
        image: Glob::new("app:*"),
        lasting,
    });
    trial.at(3_000);
    let second = trial.run("two");
    trial.rest();
    assert_eq!(trial.status(&first).0, LastStatus::Stopped);
    assert_eq!(pulled(&mut trial, &second), (Some(3_100), Some(10_100)));
    assert_eq!(trial.status(&second).0, LastStatus::Running);
}

#[test]
fn an_image_that_is_there_will_do_unless_it_must_always_be_asked_for() {
    for (behavior, runs) in [
        (ImagePullBehavior::Default, true),
        (ImagePullBehavior::Always, false),
        (ImagePullBehavior::Once, true),
        (ImagePullBehavior::PreferCached, true),
    ] {
        let mut trial = trial(behavior, true);
        trial.run("one");
        trial.at(20_000);
        pulls_fail(&mut trial, "app:*");
        let second = trial.run("two");
        trial.rest();
        let expected = if runs {
            LastStatus::Running
        } else {
            LastStatus::Stopped
        };
        assert_eq!(trial.status(&second).0, expected, "{behavior}");
    }
}

#[test]
fn some_agents_stop_a_task_for_any_image_that_cannot_be_pulled() {
    for (behavior, runs) in [
        (ImagePullBehavior::Default, true),
        (ImagePullBehavior::Always, false),
        (ImagePullBehavior::Once, false),
        (ImagePullBehavior::PreferCached, true),
    ] {
        let mut trial = trial(behavior, false);
        pulls_fail(&mut trial, "app:*");
        let task = trial.run("one-pair");
        trial.rest();
        let found = trial.task(&task);
        let (status, code) = if runs {
            (LastStatus::Running, None)
        } else {
            (LastStatus::Stopped, Some(StopCode::TaskFailedToStart))
        };
        assert_eq!(
            (found.last_status, found.stop_code),
            (status, code),
            "{behavior}"
        );
        let why = found.stopped_reason.unwrap_or_default();
        assert_eq!(why.starts_with("CannotPullContainerError"), !runs, "{why}");
    }
}

#[test]
fn an_image_named_by_its_digest_is_not_asked_for_again() {
    let mut trial = trial(ImagePullBehavior::Always, true);
    let digest = format!("app@sha256:{}", "0".repeat(64));
    let container = ContainerDefinition::new("app", digest).memory(64);
    trial.define(RegisterTaskDefinition::new("pinned").container(container));
    trial.run("pinned");
    trial.at(20_000);
    let second = trial.run("pinned");
    trial.rest();
    assert_eq!(pulled(&mut trial, &second), (Some(20_100), Some(20_100)));
}
