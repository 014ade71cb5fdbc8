//! The rules of task definitions, each as one test: what is refused, with which text, and what just passes
//! (ecs-semantics 2.2 to 2.8).

use std::sync::Arc;

use wavetank::model::*;

use crate::support::{Trial, app, check_refused, one};

const CLIENT: &str = "ClientException";

/// Asserts that a definition is refused with this text, and that nothing changes.
#[track_caller]
fn refused(definition: RegisterTaskDefinition, text: &str) {
    let mut trial = Trial::new();
    let before = (trial.digest(), trial.state_digest());
    let answer = trial.register_task_definition(definition);
    check_refused(answer, CLIENT, text);
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

/// Asserts that a definition is refused for a member, with a text of ours.
#[track_caller]
fn refused_for(definition: RegisterTaskDefinition, member: &str) {
    let answer = Trial::new().register_task_definition(definition);
    let error = answer.expect_err("the definition breaks a rule");
    assert_eq!(error.exception(), CLIENT, "{error}");
    assert_eq!(
        error.problem().parameter.as_deref(),
        Some(member),
        "{error}"
    );
}

#[track_caller]
fn accepted(definition: RegisterTaskDefinition) -> Arc<TaskDefinition> {
    Trial::new().define(definition)
}

/// A family of one container changed in some way.
fn with(change: impl FnOnce(&mut ContainerDefinition)) -> RegisterTaskDefinition {
    let mut container = app();
    change(&mut container);
    RegisterTaskDefinition::new("web").container(container)
}

/// The container `app` and one called `db`, each changed in some way.
fn pair(
    change: impl FnOnce(&mut ContainerDefinition, &mut ContainerDefinition),
) -> RegisterTaskDefinition {
    let (mut app, mut db) = (app(), ContainerDefinition::new("db", "db:1").memory(64));
    change(&mut app, &mut db);
    RegisterTaskDefinition::new("web")
        .container(app)
        .container(db)
}

fn after(container: &str, condition: ContainerCondition) -> Vec<ContainerDependency> {
    vec![ContainerDependency::new(container, condition)]
}

#[test]
fn containers_that_wait_for_each_other_are_refused_by_name() {
    let circle = pair(|app, db| {
        app.depends_on = after("db", ContainerCondition::Start);
        db.depends_on = after("app", ContainerCondition::Start);
    });
    let text = "Containers cannot wait for each other in a circle: app -> db -> app.";
    refused(circle, text);
}

#[test]
fn a_container_that_waits_for_itself_is_refused() {
    let text = "Containers cannot wait for each other in a circle: app -> app.";
    refused(
        with(|c| c.depends_on = after("app", ContainerCondition::Start)),
        text,
    );
    refused(with(|c| c.links = vec!["app".to_owned()]), text);
}

#[test]
fn links_and_volumes_make_circles_too() {
    let circle = pair(|app, db| {
        app.links = vec!["db:primary".to_owned()];
        db.volumes_from = vec![VolumeFrom {
            source_container: Some("app".to_owned()),
            read_only: None,
        }];
    });
    let text = "Containers cannot wait for each other in a circle: app -> db -> app.";
    refused(circle, text);
}

#[test]
fn a_missing_dependency_is_told_of_before_a_circle() {
    let both = pair(|app, db| {
        app.depends_on = after("db", ContainerCondition::Start);
        db.depends_on = after("app", ContainerCondition::Start);
        db.depends_on
            .push(ContainerDependency::new("cache", ContainerCondition::Start));
    });
    let text = "Cannot depend on container cache because it does not exist";
    refused(both, text);
}

#[test]
fn an_image_has_up_to_255_characters_of_a_name() {
    accepted(with(|c| {
        c.image = "registry:5000/a-b_c/d.e@sha256:0#x".to_owned();
    }));
    accepted(with(|c| c.image = "i".repeat(255)));
    for wrong in ["i".repeat(256), "a b".to_owned(), "ä".to_owned()] {
        refused_for(with(|c| c.image = wrong), "containerDefinitions.image");
    }
}

#[test]
fn a_container_may_have_more_shares_than_the_kernel_has() {
    for cpu in [0, 1, 2, 262_144, 300_000] {
        let shown = accepted(with(|c| c.cpu = cpu));
        assert_eq!(shown.container_definitions[0].cpu, cpu);
    }
}

#[test]
fn an_environment_file_is_an_object_of_s3_that_ends_in_env() {
    let member = "containerDefinitions.environmentFiles";
    let file = |value: &str| EnvironmentFile {
        value: value.to_owned(),
        r#type: Some(EnvironmentFileType::S3),
    };
    let files = |files: Vec<EnvironmentFile>| with(|c| c.environment_files = files);
    accepted(files(vec![file("arn:aws:s3:::bucket/a.env"); 10]));
    refused_for(files(vec![file("arn:aws:s3:::bucket/a.env"); 11]), member);
    refused_for(files(vec![file("arn:aws:s3:::bucket/a.txt")]), member);
    refused_for(files(vec![file("https://bucket/a.env")]), member);
    let mut untyped = file("arn:aws:s3:::bucket/a.env");
    untyped.r#type = None;
    refused_for(files(vec![untyped]), member);
}

#[test]
fn parts_of_a_container_have_what_they_cannot_do_without() {
    let member = |name: &str| format!("containerDefinitions.{name}");
    let secret = Secret::default();
    refused_for(with(|c| c.secrets = vec![secret]), "executionRoleArn");
    let mut nameless = with(|c| c.secrets = vec![Secret::default()]);
    nameless.execution_role_arn = Some("role".to_owned());
    refused_for(nameless, &member("secrets"));
    let logs = Some(LogConfiguration::default());
    refused_for(
        with(|c| c.log_configuration = logs),
        &member("logConfiguration.logDriver"),
    );
    let login = Some(RepositoryCredentials::default());
    refused_for(
        with(|c| c.repository_credentials = login),
        &member("repositoryCredentials.credentialsParameter"),
    );
    let router = Some(FirelensConfiguration::default());
    refused_for(
        with(|c| c.firelens_configuration = router),
        &member("firelensConfiguration.type"),
    );
    let hosts = vec![HostEntry::default()];
    refused_for(with(|c| c.extra_hosts = hosts), &member("extraHosts"));
    let limits = vec![Ulimit::default()];
    refused_for(with(|c| c.ulimits = limits), &member("ulimits.name"));
    let linux = |change: fn(&mut LinuxParameters)| {
        let mut linux = LinuxParameters::default();
        change(&mut linux);
        with(|c| c.linux_parameters = Some(linux))
    };
    refused_for(
        linux(|linux| linux.devices = vec![Device::default()]),
        &member("linuxParameters.devices"),
    );
    refused_for(
        linux(|linux| linux.tmpfs = vec![Tmpfs::default()]),
        &member("linuxParameters.tmpfs"),
    );
}

#[test]
fn parts_of_a_task_have_what_they_cannot_do_without() {
    let task = |change: fn(&mut RegisterTaskDefinition)| {
        let mut definition = one("web");
        change(&mut definition);
        definition
    };
    refused_for(
        task(|t| t.inference_accelerators = vec![InferenceAccelerator::default()]),
        "inferenceAccelerators",
    );
    refused_for(
        task(|t| t.trusted_execution_configuration = Some(Default::default())),
        "trustedExecutionConfiguration.isolationMode",
    );
    let volume = |change: fn(&mut Volume)| {
        let mut volume = Volume {
            name: Some("data".to_owned()),
            ..Volume::default()
        };
        change(&mut volume);
        one("web").volume(volume)
    };
    refused_for(
        volume(|v| v.efs_volume_configuration = Some(Default::default())),
        "volumes.efsVolumeConfiguration.fileSystemId",
    );
    refused_for(
        volume(|v| v.s3files_volume_configuration = Some(Default::default())),
        "volumes.s3filesVolumeConfiguration.fileSystemArn",
    );
    refused_for(
        volume(|v| v.fsx_windows_file_server_volume_configuration = Some(Default::default())),
        "volumes.fsxWindowsFileServerVolumeConfiguration",
    );
}

#[test]
fn a_proxy_is_a_container_of_the_task() {
    let proxied = |name: &str| RegisterTaskDefinition {
        proxy_configuration: Some(ProxyConfiguration {
            container_name: name.to_owned(),
            ..ProxyConfiguration::default()
        }),
        ..one("web")
    };
    accepted(proxied("app"));
    refused(
        proxied("envoy"),
        "The proxy container envoy does not exist.",
    );
}

#[test]
fn port_names_are_well_formed_and_unique_in_the_task() {
    let member = "containerDefinitions.portMappings.name";
    let port = |number, name: &str| PortMapping {
        name: Some(name.to_owned()),
        ..PortMapping::tcp(number)
    };
    accepted(with(|c| {
        c.port_mappings = vec![port(80, "http_1-a"), port(81, &"x".repeat(64))];
    }));
    for wrong in ["", "-a", "HTTP", "a b", &"x".repeat(65)] {
        refused_for(with(|c| c.port_mappings = vec![port(80, wrong)]), member);
    }
    refused_for(
        pair(|app, db| {
            app.port_mappings = vec![port(80, "http")];
            db.port_mappings = vec![port(81, "http")];
        }),
        member,
    );
}

const RESOURCES: &str = "containerDefinitions.resourceRequirements";

fn share(memory: i32, percent: Option<i32>) -> ResourceRequirement {
    ResourceRequirement {
        r#type: Some(ResourceType::Gpu),
        value: None,
        sharing_strategy: Some(SharingStrategy {
            nvidia_mps: Some(NvidiaMpsAllocation {
                memory,
                max_compute_percent: percent,
            }),
        }),
    }
}

fn device(kind: ResourceType, value: &str) -> ResourceRequirement {
    ResourceRequirement {
        r#type: Some(kind),
        value: Some(value.to_owned()),
        sharing_strategy: None,
    }
}

#[test]
fn a_gpu_is_whole_or_shared() {
    let needing = |needed| with(|c| c.resource_requirements = vec![needed]);
    accepted(needing(ResourceRequirement::gpu(1)));
    accepted(needing(share(512, Some(50))));
    let both = ResourceRequirement {
        value: Some("1".to_owned()),
        ..share(512, None)
    };
    refused_for(needing(both), RESOURCES);
    let neither = ResourceRequirement {
        sharing_strategy: None,
        ..share(512, None)
    };
    refused_for(needing(neither), RESOURCES);
    let typeless = ResourceRequirement {
        r#type: None,
        ..ResourceRequirement::gpu(1)
    };
    refused_for(needing(typeless), RESOURCES);
}

#[test]
fn a_share_of_a_gpu_has_some_memory_and_a_percentage() {
    let needing = |needed| with(|c| c.resource_requirements = vec![needed]);
    accepted(needing(share(1, Some(100))));
    for wrong in [share(0, None), share(1, Some(0)), share(1, Some(101))] {
        refused_for(needing(wrong), RESOURCES);
    }
    let mut empty = share(1, None);
    empty.sharing_strategy = Some(SharingStrategy::default());
    refused_for(needing(empty), RESOURCES);
}

#[test]
fn containers_of_a_task_share_gpus_or_have_whole_ones() {
    refused_for(
        pair(|app, db| {
            app.resource_requirements = vec![ResourceRequirement::gpu(1)];
            db.resource_requirements = vec![share(512, None)];
        }),
        RESOURCES,
    );
}

#[test]
fn gpus_are_not_for_windows() {
    let definition = |family| RegisterTaskDefinition {
        runtime_platform: Some(RuntimePlatform {
            operating_system_family: Some(family),
            ..RuntimePlatform::default()
        }),
        ..with(|c| c.resource_requirements = vec![ResourceRequirement::gpu(1)])
    };
    accepted(definition(OsFamily::Linux));
    refused_for(definition(OsFamily::WindowsServer2022Core), RESOURCES);
}

#[test]
fn neuron_devices_are_all_for_one_container() {
    let neuron = |value: &str| vec![device(ResourceType::NeuronDevice, value)];
    let managed = |definition: RegisterTaskDefinition| definition.network_mode(NetworkMode::Host);
    accepted(managed(with(|c| c.resource_requirements = neuron("ALL"))));
    refused_for(with(|c| c.resource_requirements = neuron("1")), RESOURCES);
    let two = pair(|app, db| {
        app.resource_requirements = neuron("ALL");
        db.resource_requirements = neuron("ALL");
    });
    refused_for(two, RESOURCES);
}

#[test]
fn an_accelerator_is_one_of_the_task() {
    let definition = |name: &str| {
        let needed = device(ResourceType::InferenceAccelerator, name);
        RegisterTaskDefinition {
            inference_accelerators: vec![InferenceAccelerator {
                device_name: "device_1".to_owned(),
                device_type: "eia2.medium".to_owned(),
            }],
            ..with(|c| c.resource_requirements = vec![needed])
        }
    };
    accepted(definition("device_1"));
    refused_for(definition("device_2"), RESOURCES);
}

#[test]
fn scratch_space_is_from_21_to_200_gib() {
    let sized = |size_in_gib| RegisterTaskDefinition {
        ephemeral_storage: Some(EphemeralStorage { size_in_gib }),
        ..one("web")
    };
    accepted(sized(21));
    accepted(sized(200));
    refused(sized(20), "EphemeralStorage size should be at least 21");
    refused(sized(201), "EphemeralStorage size should be at most 200");
}

#[test]
fn the_times_of_a_health_check_that_were_left_out_are_shown() {
    let check = HealthCheck {
        timeout: Some(7),
        ..HealthCheck::shell("true")
    };
    let shown = accepted(with(|c| c.health_check = Some(check)));
    let check = shown.container_definitions[0].health_check.as_ref();
    let check = check.expect("it was given");
    let times = (check.interval, check.timeout, check.retries);
    assert_eq!(times, (Some(30), Some(7), Some(3)));
    assert_eq!(check.start_period, None);
}

#[test]
fn version_consistency_is_on_or_off() {
    for mode in ["enabled", "disabled"] {
        let shown = accepted(with(|c| {
            let json = format!("\"{mode}\"");
            c.version_consistency = serde_json::from_str(&json).ok();
        }));
        let shown = shown.container_definitions[0].version_consistency;
        assert_eq!(shown.map(VersionConsistency::as_str), Some(mode));
    }
    assert!(serde_json::from_str::<VersionConsistency>("\"on\"").is_err());
}

#[test]
fn the_first_broken_rule_in_the_fixed_order_is_told() {
    let mut wrong = with(|c| {
        c.memory = Some(1);
        c.stop_timeout = Some(-1);
        c.port_mappings = vec![PortMapping::tcp(0)];
        c.depends_on = after("nobody", ContainerCondition::Start);
    })
    .constraint(PlacementConstraint::distinct_instance())
    .requires(Compatibility::Fargate);
    refused_for(wrong.clone(), "containerDefinitions.memory");
    wrong.container_definitions[0].memory = Some(512);
    refused_for(wrong.clone(), "containerDefinitions.stopTimeout");
    wrong.container_definitions[0].stop_timeout = None;
    refused_for(wrong.clone(), "containerDefinitions.portMappings");
    wrong.container_definitions[0].port_mappings.clear();
    refused_for(wrong.clone(), "containerDefinitions.dependsOn");
    wrong.container_definitions[0].depends_on.clear();
    refused_for(wrong.clone(), "placementConstraints");
    wrong.placement_constraints.clear();
    refused_for(wrong.clone(), "networkMode");
    wrong.requires_compatibilities.clear();
    accepted(wrong);
}
