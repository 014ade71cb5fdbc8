//! What a task definition requires of an agent, and that placement holds container instances to it (ecs-semantics 4.7).

use wavetank::model::*;

use crate::support::{Trial, app, builder, one, reasons};

const PREFIX: &str = "ecs.capability.";
const OLD_PREFIX: &str = "com.amazonaws.ecs.capability.";

/// Asserts what a definition requires besides the version of Docker's interface that every one requires.
#[track_caller]
fn check_requires(definition: RegisterTaskDefinition, expected: &[&str]) {
    let shown = Trial::new().define(definition);
    let names = shown.requires_attributes.iter();
    let names = names.map(|attribute| {
        assert_eq!(attribute.value, None, "a capability is only a name");
        &*attribute.name
    });
    let names = names.map(|name| name.strip_prefix(OLD_PREFIX).unwrap_or(name));
    let mut names: Vec<_> = names
        .map(|name| name.strip_prefix(PREFIX).unwrap_or(name))
        .filter(|name| *name != "docker-remote-api.1.18")
        .collect();
    names.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// A family of one container changed in some way.
fn with(change: impl FnOnce(&mut ContainerDefinition)) -> RegisterTaskDefinition {
    let mut container = app();
    change(&mut container);
    RegisterTaskDefinition::new("web").container(container)
}

/// The same with roles for task and agent.
fn with_roles(mut definition: RegisterTaskDefinition) -> RegisterTaskDefinition {
    definition.execution_role_arn = Some("arn:aws:iam::123456789012:role/agent".to_owned());
    definition
}

fn logs(driver: LogDriver) -> LogConfiguration {
    LogConfiguration {
        log_driver: Some(driver),
        ..LogConfiguration::default()
    }
}

fn secret(from: &str) -> Secret {
    Secret {
        name: "KEY".to_owned(),
        value_from: from.to_owned(),
    }
}

fn volume(change: impl FnOnce(&mut Volume)) -> RegisterTaskDefinition {
    let mut volume = Volume {
        name: Some("data".to_owned()),
        ..Volume::default()
    };
    change(&mut volume);
    one("web").volume(volume)
}

#[test]
fn every_definition_requires_an_old_version_of_dockers_interface() {
    let shown = Trial::new().define(one("web"));
    let name = &shown.requires_attributes[0].name;
    assert_eq!(
        &**name,
        "com.amazonaws.ecs.capability.docker-remote-api.1.18"
    );
    check_requires(one("web"), &[]);
}

#[test]
fn what_is_required_is_described_again() {
    let mut trial = Trial::new();
    let shown = trial.define(one("web").network_mode(NetworkMode::Awsvpc));
    let answer = trial.describe_task_definition(DescribeTaskDefinition::new("web"));
    let described = answer.expect("it is registered").task_definition;
    assert_eq!(described.requires_attributes, shown.requires_attributes);
    assert_eq!(described.requires_attributes.len(), 2);
}

#[test]
fn a_network_interface_is_required_for_awsvpc_only() {
    check_requires(one("web").network_mode(NetworkMode::Awsvpc), &["task-eni"]);
    check_requires(one("web").network_mode(NetworkMode::Host), &[]);
}

#[test]
fn a_log_driver_is_required_by_name() {
    for driver in LogDriver::ALL {
        let name = format!("logging-driver.{driver}");
        let definition = with(|c| c.log_configuration = Some(logs(*driver)));
        match driver {
            LogDriver::Awslogs => check_requires(definition, &[&name, "docker-remote-api.1.19"]),
            _ => check_requires(definition, &[&name]),
        }
    }
}

#[test]
fn logs_to_cloudwatch_use_the_execution_role_when_there_is_one() {
    let definition = with(|c| c.log_configuration = Some(logs(LogDriver::Awslogs)));
    let names = [
        "logging-driver.awslogs",
        "docker-remote-api.1.19",
        "execution-role-awslogs",
    ];
    check_requires(with_roles(definition), &names);
}

#[test]
fn images_of_ecr_need_its_login_and_the_role_if_there_is_one() {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1";
    let definition = || with(|c| c.image = image.to_owned());
    check_requires(definition(), &["ecr-auth"]);
    check_requires(
        with_roles(definition()),
        &["ecr-auth", "execution-role-ecr-pull"],
    );
    check_requires(
        with_roles(with(|c| c.image = "public.ecr.aws/web:1".to_owned())),
        &[],
    );
}

#[test]
fn a_role_for_the_containers_is_another_matter_on_the_hosts_network() {
    let role = |mode| RegisterTaskDefinition {
        task_role_arn: Some("arn:aws:iam::123456789012:role/app".to_owned()),
        ..one("web").network_mode(mode)
    };
    check_requires(role(NetworkMode::Bridge), &["task-iam-role"]);
    check_requires(
        role(NetworkMode::Host),
        &["task-iam-role", "task-iam-role-network-host"],
    );
}

#[test]
fn containers_that_wait_for_each_other_need_an_agent_that_orders_them() {
    let definition = RegisterTaskDefinition::new("web")
        .container(app().depends_on("db", ContainerCondition::Start))
        .container(ContainerDefinition::new("db", "db:1").memory(64));
    check_requires(definition, &["container-ordering"]);
}

#[test]
fn a_health_check_needs_an_agent_that_makes_it() {
    let names = ["container-health-check", "docker-remote-api.1.24"];
    let check = HealthCheck::shell("true");
    check_requires(with(|c| c.health_check = Some(check.clone())), &names);
    let patient = HealthCheck {
        start_period: Some(10),
        ..check
    };
    let names = [names[0], names[1], "docker-remote-api.1.29"];
    check_requires(with(|c| c.health_check = Some(patient)), &names);
}

#[test]
fn a_restart_policy_counts_when_it_is_on() {
    let policy = |enabled| {
        let policy = ContainerRestartPolicy {
            enabled: Some(enabled),
            ..ContainerRestartPolicy::default()
        };
        with(|c| c.restart_policy = Some(policy))
    };
    check_requires(policy(true), &["container-restart-policy"]);
    check_requires(policy(false), &[]);
}

#[test]
fn secrets_require_the_store_they_come_from() {
    let definition = |from: &str| with_roles(with(|c| c.secrets = vec![secret(from)]));
    let asm = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key";
    check_requires(definition("key"), &["secrets.ssm.environment-variables"]);
    check_requires(definition(asm), &["secrets.asm.environment-variables"]);
    let options = |from: &str| {
        let mut to = logs(LogDriver::Syslog);
        to.secret_options = vec![secret(from)];
        with_roles(with(|c| c.log_configuration = Some(to)))
    };
    let driver = "logging-driver.syslog";
    check_requires(
        options("key"),
        &[driver, "secrets.ssm.bootstrap.log-driver"],
    );
    check_requires(options(asm), &[driver, "secrets.asm.bootstrap.log-driver"]);
}

#[test]
fn files_credentials_and_rights_of_a_container_are_required() {
    let file = EnvironmentFile {
        value: "arn:aws:s3:::bucket/a.env".to_owned(),
        r#type: Some(EnvironmentFileType::S3),
    };
    check_requires(
        with_roles(with(|c| c.environment_files = vec![file])),
        &["env-files.s3"],
    );
    let login = RepositoryCredentials {
        credentials_parameter: "arn".to_owned(),
    };
    check_requires(
        with_roles(with(|c| c.repository_credentials = Some(login))),
        &["private-registry-authentication.secretsmanager"],
    );
    let spec = vec!["credentialspec:arn".to_owned()];
    check_requires(with(|c| c.credential_specs = spec), &["gmsa"]);
    check_requires(
        with(|c| c.privileged = Some(true)),
        &["privileged-container"],
    );
    let labels = ["label:user:a", "apparmor:b", "no-new-privileges"].map(str::to_owned);
    check_requires(
        with(|c| c.docker_security_options = labels.to_vec()),
        &["selinux", "apparmor"],
    );
    let linux = LinuxParameters {
        init_process_enabled: Some(true),
        ..LinuxParameters::default()
    };
    check_requires(
        with(|c| c.linux_parameters = Some(linux)),
        &["docker-remote-api.1.25"],
    );
}

#[test]
fn a_range_of_ports_needs_an_agent_that_knows_them() {
    let range = PortMapping {
        container_port_range: Some("80-90".to_owned()),
        ..PortMapping::default()
    };
    check_requires(
        with(|c| c.port_mappings = vec![range]),
        &["network.container-port-range"],
    );
}

#[test]
fn a_log_router_requires_its_program_and_its_source() {
    let router = |kind, source: &str| {
        let options = [("config-file-type".to_owned(), source.to_owned())];
        let router = FirelensConfiguration {
            r#type: Some(kind),
            options: options.into(),
        };
        with(|c| c.firelens_configuration = Some(router))
    };
    check_requires(
        router(FirelensConfigurationType::Fluentd, "file"),
        &["firelens.fluentd", "firelens.options.config.file"],
    );
    check_requires(
        router(FirelensConfigurationType::Fluentbit, "s3"),
        &["firelens.fluentbit", "firelens.options.config.s3"],
    );
}

#[test]
fn sizes_of_the_task_need_an_agent_that_limits_it() {
    check_requires(one("web").cpu("256"), &["task-cpu-mem-limit"]);
    check_requires(one("web").memory("512"), &["task-cpu-mem-limit"]);
    check_requires(one("web").cpu("10 vCPU"), &["task-cpu-mem-limit"]);
    check_requires(
        one("web").cpu("10241"),
        &["task-cpu-mem-limit", "increased-task-cpu-limit"],
    );
}

#[test]
fn gpus_need_their_driver() {
    let gpu = vec![ResourceRequirement::gpu(1)];
    check_requires(
        with(|c| c.resource_requirements = gpu),
        &["nvidia-driver-version"],
    );
}

#[test]
fn settings_of_the_task_are_required() {
    let task = |change: fn(&mut RegisterTaskDefinition)| {
        let mut definition = one("web");
        change(&mut definition);
        definition
    };
    let shared = "pid-ipc-namespace-sharing";
    check_requires(task(|t| t.pid_mode = Some(PidMode::Host)), &[shared]);
    check_requires(task(|t| t.ipc_mode = Some(IpcMode::Task)), &[shared]);
    check_requires(
        task(|t| t.enable_fault_injection = Some(true)),
        &["fault-injection"],
    );
}

#[test]
fn kinds_of_volumes_are_required() {
    let efs = EfsVolumeConfiguration {
        file_system_id: "fs-1".to_owned(),
        ..EfsVolumeConfiguration::default()
    };
    check_requires(
        volume(|v| v.efs_volume_configuration = Some(efs)),
        &["efs", "efsAuth", "docker-remote-api.1.25"],
    );
    let fsx = FsxWindowsFileServerVolumeConfiguration {
        file_system_id: "fs-1".to_owned(),
        root_directory: "data".to_owned(),
        authorization_config: Some(FsxWindowsFileServerAuthorizationConfig::default()),
    };
    check_requires(
        volume(|v| v.fsx_windows_file_server_volume_configuration = Some(fsx)),
        &["fsxWindowsFileServer"],
    );
    let docker = |driver: Option<&str>| {
        let docker = DockerVolumeConfiguration {
            driver: driver.map(str::to_owned),
            ..DockerVolumeConfiguration::default()
        };
        volume(|v| v.docker_volume_configuration = Some(docker))
    };
    check_requires(docker(None), &["docker-plugin.local"]);
    check_requires(docker(Some("rexray")), &[]);
    check_requires(
        volume(|v| v.configured_at_launch = Some(true)),
        &["storage.ebs-task-volume-attach"],
    );
    check_requires(volume(|_| {}), &[]);
}

/// A simulation with one container instance for each list of capabilities, and the family `root`, which needs
/// privileged containers.
fn trial(instances: &[&[&str]]) -> (Trial, Vec<String>) {
    let mut trial = Trial::of(builder());
    let arns = instances.iter().map(|capabilities| {
        let mut request = RegisterContainerInstance::default().cpu(1024).memory(2048);
        for name in *capabilities {
            request.attributes.push(Attribute::named(*name));
        }
        trial.register(request)
    });
    let arns = arns.collect();
    trial.define(RegisterTaskDefinition {
        family: "root".to_owned(),
        ..with(|c| c.privileged = Some(true))
    });
    (trial, arns)
}

const DOCKER: &str = "com.amazonaws.ecs.capability.docker-remote-api.1.18";
const PRIVILEGED: &str = "com.amazonaws.ecs.capability.privileged-container";

#[test]
fn an_instance_that_tells_of_no_capability_has_them_all() {
    let (mut trial, arns) = trial(&[&["rack"]]);
    let task = trial.run("root");
    let on = trial.task(&task).container_instance_arn;
    assert_eq!(on.as_deref(), Some(arns[0].as_str()));
}

#[test]
fn a_task_goes_only_where_everything_it_requires_is() {
    for strategy in [
        PlacementStrategy::random(),
        PlacementStrategy::binpack_cpu(),
    ] {
        let (mut trial, arns) = trial(&[&[DOCKER], &[PRIVILEGED], &["ecs.capability.task-eni"]]);
        let answer = trial.run_task(RunTask::new("root").count(4).strategy(strategy));
        let answer = answer.expect("the request is good");
        let on = |task: &Task| task.container_instance_arn.as_deref() == Some(arns[1].as_str());
        assert_eq!((answer.tasks.len(), answer.failures.len()), (4, 0));
        assert!(answer.tasks.iter().all(on));
    }
}

#[test]
fn an_instance_that_lacks_a_capability_is_told_of_with_attribute() {
    let (mut trial, arns) = trial(&[&[DOCKER]]);
    let answer = trial.run_task(RunTask::new("root")).expect("it is good");
    assert_eq!(reasons(&answer.failures), ["ATTRIBUTE"]);
    assert_eq!(answer.failures[0].arn.as_deref(), Some(arns[0].as_str()));
    let start = trial.start_task(StartTask::new("root", [&arns[0]]));
    assert_eq!(reasons(&start.expect("it is good").failures), ["ATTRIBUTE"]);
}

#[test]
fn a_lost_agent_is_told_of_before_a_capability_and_that_before_cpu() {
    let (mut trial, arns) = trial(&[&[DOCKER]]);
    let large = with(|c| {
        c.privileged = Some(true);
        c.cpu = 4096;
    });
    trial.define(large);
    let why = |trial: &mut Trial| {
        let answer = trial.run_task(RunTask::new("web")).expect("it is good");
        answer.failures[0].reason
    };
    assert_eq!(why(&mut trial), FailureReason::Attribute);
    trial.disconnect(&arns[0]);
    assert_eq!(why(&mut trial), FailureReason::Agent);
}

#[test]
fn an_agent_that_registers_again_with_more_can_do_more() {
    let (mut trial, arns) = trial(&[&[DOCKER]]);
    let mut request = RegisterContainerInstance::default().cpu(1024).memory(2048);
    request.container_instance_arn = Some(arns[0].clone());
    request.attributes.push(Attribute::named(PRIVILEGED));
    trial.register(request);
    trial.run("root");
}

#[test]
fn what_kind_of_machine_it_is_says_nothing_of_its_agent() {
    let (mut trial, _) = trial(&[&["ecs.capability.external"]]);
    trial.run_all(RunTask::new("root").launch_type(LaunchType::External));
}

#[test]
fn versions_of_dockers_interface_are_taken_for_granted_until_one_is_named() {
    let offered = |names: &[&str]| {
        let attributes: Vec<Attribute> = names.iter().map(|name| Attribute::named(*name)).collect();
        Capabilities::offered_by(&attributes)
    };
    let named = Capability::TaskEni.as_str();
    assert!(offered(&[named]).has(Capability::DockerApi29));
    assert!(!offered(&[named, DOCKER]).has(Capability::DockerApi29));
}

#[test]
fn any_version_of_the_driver_will_do() {
    let attributes = [Attribute::named(
        "ecs.capability.nvidia-driver-version.535.1",
    )];
    let offered = Capabilities::offered_by(&attributes);
    assert!(offered.has(Capability::NvidiaDriver));
    assert!(!offered.has(Capability::TaskEni));
}

#[test]
fn every_capability_has_a_bit_of_its_own_and_a_known_prefix() {
    let mut all = Capabilities::NONE;
    for (nth, capability) in Capability::ALL.iter().enumerate() {
        assert!(!all.has(*capability));
        all.insert(*capability);
        assert_eq!(all.iter().count(), nth + 1);
        // Beside Docker's oldest interface, so that its versions are not taken for granted.
        let oldest = Capability::DockerApi18;
        let names = [oldest.as_str(), capability.as_str()].map(Attribute::named);
        let mut offered: Vec<Capability> = Capabilities::offered_by(&names).iter().collect();
        offered.retain(|one| *one == *capability || *one != oldest);
        assert_eq!(offered, [*capability]);
    }
    assert!(Capabilities::ALL.includes(all) && !all.includes(Capabilities::ALL));
}
