//! For which launch types a task definition will do: what Fargate, machines elsewhere and managed instances refuse
//! (ecs-semantics 2.6, 2.7).

use wavetank::model::*;

use crate::support::{Trial, app, check_refused, one};

/// A task definition that Fargate runs: a quarter of a vCPU and 512 MiB.
fn serverless() -> RegisterTaskDefinition {
    one("web")
        .network_mode(NetworkMode::Awsvpc)
        .cpu("256")
        .memory("512")
        .requires(Compatibility::Fargate)
}

/// The same with a change of the task.
fn task(change: impl FnOnce(&mut RegisterTaskDefinition)) -> RegisterTaskDefinition {
    let mut definition = serverless();
    change(&mut definition);
    definition
}

/// The same with a change of its container.
fn with(change: impl FnOnce(&mut ContainerDefinition)) -> RegisterTaskDefinition {
    task(|definition| change(&mut definition.container_definitions[0]))
}

/// Asserts that a definition is refused with this text, and would be taken for EC2 alone without Fargate.
#[track_caller]
fn refused(mut definition: RegisterTaskDefinition, text: &str) {
    let mut trial = Trial::new();
    let before = trial.state_digest();
    let answer = trial.register_task_definition(definition.clone());
    check_refused(answer, "ClientException", text);
    assert_eq!(trial.state_digest(), before);
    definition.requires_compatibilities.clear();
    let shown = trial.define(definition);
    let kinds = &shown.compatibilities;
    assert!(kinds.contains(&Compatibility::Ec2) && !kinds.contains(&Compatibility::Fargate));
}

/// Asserts that Fargate compatible definitions do not support a member.
#[track_caller]
fn unsupported(definition: RegisterTaskDefinition, member: &str) {
    let text = format!("Fargate compatible task definitions do not support {member}");
    refused(definition, &text);
}

#[track_caller]
fn accepted(definition: RegisterTaskDefinition) {
    let shown = Trial::new().define(definition);
    assert!(shown.compatibilities.contains(&Compatibility::Fargate));
}

fn linux(change: impl FnOnce(&mut LinuxParameters)) -> RegisterTaskDefinition {
    let mut linux = LinuxParameters::default();
    change(&mut linux);
    with(|c| c.linux_parameters = Some(linux))
}

fn logs(driver: LogDriver) -> RegisterTaskDefinition {
    let logs = LogConfiguration {
        log_driver: Some(driver),
        ..LogConfiguration::default()
    };
    with(|c| c.log_configuration = Some(logs))
}

#[test]
fn fargate_networking_is_awsvpc() {
    let text = "Fargate only supports network mode ‘awsvpc’.";
    for mode in [
        None,
        Some(NetworkMode::Bridge),
        Some(NetworkMode::Host),
        Some(NetworkMode::None),
    ] {
        refused(task(|t| t.network_mode = mode), text);
    }
    accepted(serverless());
}

#[test]
fn fargate_needs_sizes_of_the_task() {
    let text = |member| format!("Fargate requires that '{member}' be defined at the task level.");
    refused(task(|t| t.cpu = None), &text("cpu"));
    refused(task(|t| t.memory = None), &text("memory"));
}

#[test]
fn fargate_has_some_pairs_of_sizes_only() {
    let sized = |cpu: &str, memory: &str| serverless().cpu(cpu).memory(memory);
    let text = "No Fargate configuration exists for given values.";
    for (cpu, memory) in [
        ("256", "513"),
        ("256", "4096"),
        ("300", "1024"),
        ("512", "512"),
        ("1024", "10240"),
        ("2 vCPU", "17 GB"),
        ("4096", "31744"),
        ("8192", "18432"),
        ("16384", "36864"),
        ("32768", "61440"),
    ] {
        refused(sized(cpu, memory), text);
    }
    for (cpu, memory) in [
        (".25 vCPU", "0.5 GB"),
        ("1 vCPU", "8 GB"),
        ("4096", "30720"),
        ("8192", "20480"),
        ("16384", "122880"),
    ] {
        accepted(sized(cpu, memory));
    }
}

#[test]
fn windows_on_fargate_has_one_two_or_four_vcpus() {
    let windows = |cpu: &str, memory: &str| {
        let mut definition = serverless().cpu(cpu).memory(memory);
        definition.runtime_platform = Some(RuntimePlatform {
            operating_system_family: Some(OsFamily::WindowsServer2022Core),
            ..RuntimePlatform::default()
        });
        definition
    };
    let text = "No Fargate configuration exists for given values.";
    refused(windows("512", "1024"), text);
    refused(windows("8192", "16384"), text);
    accepted(windows("1024", "2048"));
}

#[test]
fn fargate_has_no_privileged_containers() {
    unsupported(with(|c| c.privileged = Some(true)), "privileged");
    accepted(with(|c| c.privileged = Some(false)));
}

#[test]
fn fargate_has_no_docker_security_options() {
    let options = vec!["no-new-privileges".to_owned()];
    unsupported(
        with(|c| c.docker_security_options = options),
        "dockerSecurityOptions",
    );
}

#[test]
fn fargate_has_no_gpus() {
    let gpu = vec![ResourceRequirement::gpu(1)];
    unsupported(with(|c| c.resource_requirements = gpu), "gpu");
}

#[test]
fn fargate_has_no_devices_shared_memory_or_swap() {
    let device = Device {
        host_path: "/dev/fuse".to_owned(),
        ..Device::default()
    };
    unsupported(linux(|linux| linux.devices = vec![device]), "devices");
    unsupported(
        linux(|linux| linux.shared_memory_size = Some(64)),
        "sharedMemorySize",
    );
    unsupported(linux(|linux| linux.max_swap = Some(64)), "maxSwap");
    unsupported(linux(|linux| linux.swappiness = Some(60)), "swappiness");
    accepted(linux(|linux| linux.init_process_enabled = Some(true)));
}

#[test]
fn what_awsvpc_excludes_is_not_for_fargate() {
    let refused_for = |definition: RegisterTaskDefinition, member: &str| {
        let answer = Trial::new().register_task_definition(definition);
        let error = answer.expect_err("the network mode excludes it");
        let member = format!("containerDefinitions.{member}");
        assert_eq!(error.problem().parameter.as_deref(), Some(member.as_str()));
    };
    let text = || vec!["x".to_owned()];
    let host = HostEntry {
        hostname: "a".to_owned(),
        ip_address: "10.0.0.1".to_owned(),
    };
    refused_for(
        with(|c| c.disable_networking = Some(true)),
        "disableNetworking",
    );
    refused_for(with(|c| c.dns_servers = text()), "dnsServers");
    refused_for(with(|c| c.dns_search_domains = text()), "dnsSearchDomains");
    refused_for(with(|c| c.extra_hosts = vec![host]), "extraHosts");
    refused_for(with(|c| c.links = vec!["app".to_owned()]), "links");
}

#[test]
fn fargate_shares_no_memory_and_the_processes_of_the_task_only() {
    for mode in IpcMode::ALL {
        let text = "Tasks using the Fargate launch type do not support ipcMode.";
        refused(task(|t| t.ipc_mode = Some(*mode)), text);
    }
    let text = "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.";
    refused(task(|t| t.pid_mode = Some(PidMode::Host)), text);
    accepted(task(|t| t.pid_mode = Some(PidMode::Task)));
}

#[test]
fn fargate_mounts_nothing_of_a_host() {
    let volume = |change: fn(&mut Volume)| {
        let mut volume = Volume {
            name: Some("data".to_owned()),
            ..Volume::default()
        };
        change(&mut volume);
        serverless().volume(volume)
    };
    let at_path = volume(|volume| {
        volume.host = Some(HostVolumeProperties {
            source_path: Some("/data".to_owned()),
        });
    });
    unsupported(at_path, "sourcePath");
    unsupported(
        volume(|volume| volume.docker_volume_configuration = Some(Default::default())),
        "dockerVolumeConfiguration",
    );
    accepted(volume(|volume| volume.host = Some(Default::default())));
}

#[test]
fn fargate_takes_no_placement_constraints() {
    let rule = PlacementConstraint::member_of("attribute:rack == 7");
    unsupported(serverless().constraint(rule), "constraints");
}

#[test]
fn fargate_waits_from_2_to_120_seconds() {
    let text =
        |member| format!("The '{member}' setting for container 'app' must be between 2 and 120.");
    for wrong in [0, 1, 121] {
        refused(with(|c| c.stop_timeout = Some(wrong)), &text("stopTimeout"));
        refused(
            with(|c| c.start_timeout = Some(wrong)),
            &text("startTimeout"),
        );
    }
    accepted(with(|c| {
        c.stop_timeout = Some(2);
        c.start_timeout = Some(120);
    }));
}

#[test]
fn fargate_logs_to_three_drivers() {
    refused(
        logs(LogDriver::Syslog),
        "Fargate does not support the log driver syslog.",
    );
    accepted(logs(LogDriver::Splunk));
    accepted(logs(LogDriver::Awsfirelens));
}

#[test]
fn fargate_needs_an_execution_role_for_cloudwatch_and_ecr() {
    let text = "Fargate requires task definition to have execution role ARN to support log driver awslogs.";
    refused(logs(LogDriver::Awslogs), text);
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1";
    let text = "Fargate requires task definition to have execution role ARN to support ECR images.";
    refused(with(|c| c.image = image.to_owned()), text);
    let mut both = logs(LogDriver::Awslogs);
    both.execution_role_arn = Some("arn:aws:iam::123456789012:role/agent".to_owned());
    both.container_definitions[0].image = image.to_owned();
    accepted(both);
}

/// The launch types for which a definition will do.
#[track_caller]
fn kinds(definition: RegisterTaskDefinition) -> Vec<&'static str> {
    let shown = Trial::new().define(definition);
    let kinds = shown.compatibilities.iter();
    kinds.map(|kind| kind.as_str()).collect()
}

#[test]
fn compatibilities_are_every_launch_type_that_the_definition_passes() {
    assert_eq!(kinds(one("web")), ["EC2", "EXTERNAL"]);
    let on = |mode| kinds(one("web").network_mode(mode));
    assert_eq!(on(NetworkMode::None), ["EC2", "EXTERNAL"]);
    assert_eq!(
        on(NetworkMode::Host),
        ["EC2", "EXTERNAL", "MANAGED_INSTANCES"]
    );
    assert_eq!(on(NetworkMode::Awsvpc), ["EC2", "MANAGED_INSTANCES"]);
    assert_eq!(kinds(serverless()), ["EC2", "FARGATE", "MANAGED_INSTANCES"]);
}

#[test]
fn what_is_required_is_shown_apart_from_what_would_do() {
    let shown = Trial::new().define(serverless());
    assert_eq!(shown.requires_compatibilities, [Compatibility::Fargate]);
    assert_eq!(shown.compatibilities.len(), 3);
}

/// Asserts that a definition is refused with this text when it requires a launch type, and taken otherwise.
#[track_caller]
fn refused_by(kind: Compatibility, definition: RegisterTaskDefinition, text: &str) {
    let answer = Trial::new().register_task_definition(definition.clone().requires(kind));
    check_refused(answer, "ClientException", text);
    assert!(!kinds(definition).contains(&kind.as_str()));
}

#[test]
fn machines_elsewhere_have_no_network_interfaces_proxies_or_attached_volumes() {
    let refused = |definition, text: &str| refused_by(Compatibility::External, definition, text);
    refused(
        one("web").network_mode(NetworkMode::Awsvpc),
        "External instances do not support network mode awsvpc.",
    );
    let mut proxied = one("web");
    proxied.proxy_configuration = Some(ProxyConfiguration {
        container_name: "app".to_owned(),
        ..ProxyConfiguration::default()
    });
    refused(
        proxied,
        "External instances do not support proxyConfiguration.",
    );
    let mut faulty = one("web");
    faulty.enable_fault_injection = Some(true);
    refused(
        faulty,
        "External instances do not support enableFaultInjection.",
    );
    let volume = Volume {
        name: Some("data".to_owned()),
        configured_at_launch: Some(true),
        ..Volume::default()
    };
    refused(
        one("web").volume(volume),
        "External instances do not support volumes.configuredAtLaunch.",
    );
    let mut accelerated = one("web");
    accelerated.inference_accelerators = vec![InferenceAccelerator {
        device_name: "a".to_owned(),
        device_type: "eia2.medium".to_owned(),
    }];
    refused(
        accelerated,
        "External instances do not support inferenceAccelerators.",
    );
}

#[test]
fn managed_instances_have_two_network_modes_and_linux() {
    let kind = Compatibility::ManagedInstances;
    let text = "Managed instances do not support network mode bridge.";
    refused_by(kind, one("web"), text);
    let mut windows = one("web").network_mode(NetworkMode::Host);
    windows.runtime_platform = Some(RuntimePlatform {
        operating_system_family: Some(OsFamily::WindowsServer2025Core),
        ..RuntimePlatform::default()
    });
    refused_by(kind, windows, "Managed instances do not support Windows.");
}

#[test]
fn neuron_devices_are_for_managed_instances_only() {
    let neuron = ResourceRequirement {
        r#type: Some(ResourceType::NeuronDevice),
        value: Some("ALL".to_owned()),
        sharing_strategy: None,
    };
    let container = ContainerDefinition {
        resource_requirements: vec![neuron],
        ..app()
    };
    let definition = || {
        RegisterTaskDefinition::new("web")
            .container(container.clone())
            .network_mode(NetworkMode::Host)
    };
    let text = "Neuron devices are not supported on EC2.";
    refused_by(Compatibility::Ec2, definition(), text);
    assert_eq!(kinds(definition()), ["MANAGED_INSTANCES"]);
}
