//! What overrides may change about a task definition (ecs-semantics 3.1).

use wavetank::model::*;

use crate::support::{Trial, check_refused, one, sized};

const INVALID: &str = "InvalidParameterException";

/// The family `web`: container `app` with 256 CPU units and 512 MiB, in a task of 512 units and 1024 MiB.
fn web() -> RegisterTaskDefinition {
    one("web").cpu("512").memory("1024")
}

/// Asserts that RunTask and StartTask refuse overrides with this text, and that nothing changes.
#[track_caller]
fn refused(definition: RegisterTaskDefinition, overrides: &TaskOverride, text: &str) {
    let mut trial = Trial::web();
    trial.define(definition);
    let before = (trial.digest(), trial.state_digest());
    let run = RunTask {
        overrides: Some(overrides.clone()),
        ..RunTask::new("web")
    };
    check_refused(trial.run_task(run), INVALID, text);
    let host = trial.host();
    let start = StartTask {
        overrides: Some(overrides.clone()),
        ..StartTask::new("web", [host])
    };
    check_refused(trial.start_task(start), INVALID, text);
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

#[track_caller]
fn accepted(definition: RegisterTaskDefinition, overrides: TaskOverride) -> Task {
    let mut trial = Trial::web();
    trial.define(definition);
    let request = RunTask {
        overrides: Some(overrides),
        ..RunTask::new("web")
    };
    let task = trial.run_all(request).remove(0);
    trial.task(&task)
}

fn task(change: impl FnOnce(&mut TaskOverride)) -> TaskOverride {
    let mut overrides = TaskOverride::default();
    change(&mut overrides);
    overrides
}

fn container(change: ContainerOverride) -> TaskOverride {
    task(|overrides| overrides.container_overrides = vec![change])
}

fn of_app() -> ContainerOverride {
    ContainerOverride::new("app")
}

#[test]
fn a_size_of_the_task_is_one_that_a_task_can_have() {
    for cpu in ["127", "196609", "much"] {
        let text = format!("Invalid 'cpu' setting for task: {cpu}");
        refused(web(), &task(|o| o.cpu = Some(cpu.to_owned())), &text);
    }
    for memory in ["5", "1 TB"] {
        let text = format!("Invalid 'memory' setting for task: {memory}");
        refused(web(), &task(|o| o.memory = Some(memory.to_owned())), &text);
    }
    let both = task(|o| {
        o.cpu = Some("1 vCPU".to_owned());
        o.memory = Some("2 GB".to_owned());
    });
    let task = accepted(web(), both);
    assert_eq!(
        (task.cpu.as_deref(), task.memory.as_deref()),
        (Some("1024"), Some("2048"))
    );
}

#[test]
fn memory_stays_at_least_the_reservation_of_the_definition() {
    let definition = || {
        let app = ContainerDefinition::new("app", "web:1").memory(512);
        RegisterTaskDefinition::new("web").container(app.memory_reservation(256))
    };
    let text = "'memory' must be greater than or equal to 'memoryReservation'";
    refused(definition(), &container(of_app().memory(255)), text);
    refused(
        definition(),
        &container(of_app().memory_reservation(513)),
        text,
    );
    accepted(definition(), container(of_app().memory(256)));
}

#[test]
fn a_container_stays_within_the_memory_of_its_task() {
    let text = "The 'memory' setting for container 'app' is greater than for the task";
    refused(web(), &container(of_app().memory(1_025)), text);
    refused(web(), &task(|o| o.memory = Some("511".to_owned())), text);
    accepted(web(), container(of_app().memory(1_024)));
}

#[test]
fn containers_stay_together_within_their_task() {
    let two = || {
        let second = ContainerDefinition::new("db", "db:1").cpu(256).memory(512);
        web().container(second)
    };
    let text = |member| {
        format!(
            "The sum of all container '{member}' values cannot be greater than the value of the task '{member}'."
        )
    };
    refused(two(), &container(of_app().cpu(257)), &text("cpu"));
    refused(two(), &container(of_app().memory(513)), &text("memory"));
    refused(
        two(),
        &task(|o| o.cpu = Some("511".to_owned())),
        &text("cpu"),
    );
    accepted(two(), container(of_app().cpu(256).memory(512)));
}

#[test]
fn without_sizes_of_the_task_containers_may_grow() {
    accepted(
        sized("web", 256, 512),
        container(of_app().cpu(1_024).memory(2_048)),
    );
}

#[test]
fn roles_may_be_replaced_by_any_text() {
    let roles = task(|o| {
        o.execution_role_arn = Some("arn:aws:iam::123456789012:role/agent".to_owned());
        o.task_role_arn = Some("app".to_owned());
    });
    let shown = accepted(web(), roles.clone());
    assert_eq!(*shown.overrides, roles);
}

#[test]
fn scratch_space_is_from_21_to_200_gib() {
    let sized =
        |size_in_gib| task(|o| o.ephemeral_storage = Some(EphemeralStorage { size_in_gib }));
    refused(
        web(),
        &sized(20),
        "EphemeralStorage size should be at least 21",
    );
    refused(
        web(),
        &sized(201),
        "EphemeralStorage size should be at most 200",
    );
    accepted(web(), sized(21));
}

#[test]
fn an_environment_file_is_an_object_of_s3_that_ends_in_env() {
    let file = |value: &str| {
        let file = EnvironmentFile {
            value: value.to_owned(),
            r#type: Some(EnvironmentFileType::S3),
        };
        container(ContainerOverride {
            environment_files: vec![file],
            ..of_app()
        })
    };
    let text = "The name of an environment file must end in .env.";
    refused(web(), &file("arn:aws:s3:::bucket/a.txt"), text);
    accepted(web(), file("arn:aws:s3:::bucket/a.env"));
}

#[test]
fn an_accelerator_override_names_an_accelerator_of_the_definition() {
    let overriding = |name: Option<&str>, kind: Option<&str>| {
        let change = InferenceAcceleratorOverride {
            device_name: name.map(str::to_owned),
            device_type: kind.map(str::to_owned),
        };
        task(|o| o.inference_accelerator_overrides = vec![change])
    };
    let definition = || RegisterTaskDefinition {
        inference_accelerators: vec![InferenceAccelerator {
            device_name: "one".to_owned(),
            device_type: "eia2.medium".to_owned(),
        }],
        ..web()
    };
    let text = "The task definition has no accelerator named two.";
    refused(
        definition(),
        &overriding(Some("two"), Some("eia2.large")),
        text,
    );
    let text = "An accelerator override needs the name and the type of a device.";
    refused(definition(), &overriding(Some("one"), None), text);
    refused(definition(), &overriding(None, Some("eia2.large")), text);
    accepted(definition(), overriding(Some("one"), Some("eia2.large")));
}

#[test]
fn sizes_of_a_task_on_fargate_stay_in_its_table() {
    let mut trial = Trial::web();
    trial.define(
        one("web")
            .network_mode(NetworkMode::Awsvpc)
            .cpu("256")
            .memory("512"),
    );
    let mut request = RunTask::new("web")
        .launch_type(LaunchType::Fargate)
        .network(NetworkConfiguration::subnets(["subnet-1"]));
    request.overrides = Some(task(|o| o.memory = Some("4 GB".to_owned())));
    let text = "No Fargate configuration exists for given values.";
    check_refused(trial.run_task(request), INVALID, text);
}

#[test]
fn gpus_are_replaced_before_anything_is_counted() {
    let mut trial = Trial::new();
    trial.register(
        RegisterContainerInstance::default()
            .cpu(1_024)
            .memory(2_048)
            .gpu("gpu-0"),
    );
    trial.define(one("web"));
    let gpus = |count| ContainerOverride {
        resource_requirements: vec![ResourceRequirement::gpu(count)],
        ..of_app()
    };
    let answer = trial.run_task(RunTask::new("web").override_container(gpus(2)));
    let failures = answer.expect("the request is good").failures;
    assert_eq!(
        failures[0].reason,
        FailureReason::Resource(ResourceKind::Gpu)
    );
    let task = trial
        .run_all(RunTask::new("web").override_container(gpus(1)))
        .remove(0);
    let task = trial.task(&task);
    assert_eq!(task.containers[0].gpu_ids, ["gpu-0"]);
}
