//! Network modes of task definitions, and the ports of their containers.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ApiError, ContainerDefinition, NetworkMode, PortMapping, RegisterTaskDefinition,
    TransportProtocol,
};

const MAPPINGS: &str = "containerDefinitions.portMappings";

/// Port ranges of one container (API reference of `PortMapping`).
const RANGES_MAX: usize = 100;

/// Refuses settings of containers that their network mode excludes.
pub(super) fn network_mode(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    if request.network_mode != Some(NetworkMode::Awsvpc) {
        return Ok(());
    }
    request
        .container_definitions
        .iter()
        .try_for_each(|container| {
            if container.disable_networking == Some(true) {
                let message =
                    "Disable Networking is not supported on container when networkMode=awsvpc";
                return Err(ApiError::client(
                    "containerDefinitions.disableNetworking",
                    true,
                    message,
                ));
            }
            let excluded = [
                ("hostname", container.hostname.is_some()),
                ("dnsServers", !container.dns_servers.is_empty()),
                ("dnsSearchDomains", !container.dns_search_domains.is_empty()),
                ("extraHosts", !container.extra_hosts.is_empty()),
            ];
            match excluded.iter().find(|(_, given)| *given) {
                Some((member, _)) => {
                    let message =
                        format!("{member} is not supported on container when networkMode=awsvpc");
                    Err(ApiError::client(
                        format!("containerDefinitions.{member}"),
                        &container.name,
                        message,
                    ))
                }
                None => Ok(()),
            }
        })
}

/// Refuses port mappings that are malformed, don't go with the network mode, or can never be up together.
pub(super) fn ports(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let mode = request.network_mode.unwrap_or(NetworkMode::Bridge);
    let mut taken = BTreeSet::new();
    for container in &request.container_definitions {
        if mode == NetworkMode::None && !container.port_mappings.is_empty() {
            let message = "Port mappings are not supported when networkMode=none.";
            return Err(ApiError::client(MAPPINGS, &container.name, message));
        }
        for mapping in &container.port_mappings {
            match &mapping.container_port_range {
                Some(range) => check_range(mapping, range, mode)?,
                None => check_single(container, mapping, mode)?,
            }
        }
        overlaps(container)?;
        protocols(container)?;
        container
            .port_mappings
            .iter()
            .try_for_each(|mapping| take_host_port(mapping, mode, &mut taken))?;
    }
    Ok(())
}

fn check_single(
    container: &ContainerDefinition,
    mapping: &PortMapping,
    mode: NetworkMode,
) -> Result<(), ApiError> {
    let Some(port) = mapping
        .container_port
        .filter(|port| (1..=65_535).contains(port))
    else {
        let value = mapping
            .container_port
            .map_or_else(String::new, |port| port.to_string());
        let message = format!(
            "Invalid 'containerPort' setting for container '{}'.",
            container.name
        );
        return Err(ApiError::client(MAPPINGS, value, message));
    };
    let Some(host_port) = mapping.host_port else {
        return Ok(());
    };
    if !(0..=65_535).contains(&host_port) {
        let message = format!(
            "Invalid 'hostPort' setting for container '{}'.",
            container.name
        );
        return Err(ApiError::client(MAPPINGS, host_port, message));
    }
    if matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host) && host_port != port {
        let message = format!(
            "When networkMode={mode}, the host ports and container ports in port mappings must match."
        );
        return Err(ApiError::client(MAPPINGS, host_port, message));
    }
    Ok(())
}

fn check_range(mapping: &PortMapping, range: &str, mode: NetworkMode) -> Result<(), ApiError> {
    if mapping.container_port.is_some() || mapping.host_port.is_some() {
        return Err(ApiError::client(
            MAPPINGS,
            range,
            "cannot specify both single port and port range",
        ));
    }
    if parse_range(range).is_none() {
        let message = format!(
            "The port range {range} must be FIRST-LAST, with FIRST below LAST, from 1 to 65535."
        );
        return Err(ApiError::client(MAPPINGS, range, message));
    }
    if !matches!(mode, NetworkMode::Bridge | NetworkMode::Awsvpc) {
        let message = format!("Port ranges are not supported when networkMode={mode}.");
        return Err(ApiError::client(MAPPINGS, range, message));
    }
    Ok(())
}

/// First and last port of `first-last`.
pub(crate) fn parse_range(range: &str) -> Option<(u16, u16)> {
    let port = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>()
            .ok()
            .filter(|port| is_number && *port > 0)
    };
    let (first, last) = range.split_once('-')?;
    let (first, last) = (port(first)?, port(last)?);
    (first < last).then_some((first, last))
}

/// Refuses too many ranges in a container, and two that share a port.
fn overlaps(container: &ContainerDefinition) -> Result<(), ApiError> {
    let ranges = container
        .port_mappings
        .iter()
        .filter_map(|mapping| mapping.container_port_range.as_deref());
    let mut ranges: Vec<(u16, u16)> = ranges.filter_map(parse_range).collect();
    if ranges.len() > RANGES_MAX {
        let message = format!(
            "Container '{}' can have at most {RANGES_MAX} port ranges.",
            container.name
        );
        return Err(ApiError::client(MAPPINGS, ranges.len(), message));
    }
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[1].0 <= pair[0].1) {
        Some(pair) => {
            let (first, last) = pair[1];
            let message = format!(
                "Port ranges of container '{}' must not overlap.",
                container.name
            );
            Err(ApiError::client(
                MAPPINGS,
                format!("{first}-{last}"),
                message,
            ))
        }
        None => Ok(()),
    }
}

/// Refuses one port of a container for two protocols.
fn protocols(container: &ContainerDefinition) -> Result<(), ApiError> {
    let mut seen = BTreeMap::new();
    for mapping in &container.port_mappings {
        let Some(port) = mapping.container_port else {
            continue;
        };
        let protocol = mapping.protocol_or_tcp();
        if *seen.entry(port).or_insert(protocol) != protocol {
            let message = format!(
                "Container '{}' cannot expose port {port} for two protocols.",
                container.name
            );
            return Err(ApiError::client(MAPPINGS, port, message));
        }
    }
    Ok(())
}

/// Refuses a port of the host that another mapping of the task has fixed too.
///
/// # Model
///
/// Under awsvpc no port of the host is involved, and each container is taken at its word.
fn take_host_port(
    mapping: &PortMapping,
    mode: NetworkMode,
    taken: &mut BTreeSet<(TransportProtocol, i32)>,
) -> Result<(), ApiError> {
    let fixed = match mode {
        NetworkMode::Bridge => mapping.host_port.filter(|port| *port > 0),
        NetworkMode::Host => mapping.host_port.or(mapping.container_port),
        NetworkMode::Awsvpc | NetworkMode::None => None,
    };
    let protocol = mapping.protocol_or_tcp();
    match fixed {
        Some(port) if !taken.insert((protocol, port)) => {
            let protocol = protocol.as_str().to_ascii_uppercase();
            let message =
                format!("{protocol} host port '{port}' is mapped multiple times in task.");
            Err(ApiError::client(MAPPINGS, port, message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::task_definition::tests::{
        check_accepted, check_member, check_text, container, task_of,
    };
    use super::*;
    use crate::model::HostEntry;

    /// A task with one container for each list of ports.
    fn task(mode: NetworkMode, ports: &[&[PortMapping]]) -> RegisterTaskDefinition {
        let containers = ports
            .iter()
            .enumerate()
            .map(|(nth, ports)| ContainerDefinition {
                port_mappings: ports.to_vec(),
                ..container(&format!("c{nth}"))
            });
        task_of(containers).network_mode(mode)
    }

    fn range(text: &str) -> PortMapping {
        PortMapping {
            container_port_range: Some(text.to_owned()),
            ..PortMapping::default()
        }
    }

    #[test]
    fn bridge_maps_any_host_port() {
        for port in [
            PortMapping::tcp(80),
            PortMapping::tcp(80).host_port(0),
            PortMapping::udp(80).host_port(8080),
        ] {
            check_accepted(&task(NetworkMode::Bridge, &[&[port]]));
        }
    }

    #[test]
    fn awsvpc_and_host_have_equal_ports_inside_and_outside() {
        for mode in [NetworkMode::Awsvpc, NetworkMode::Host] {
            check_accepted(&task(mode, &[&[PortMapping::tcp(80)]]));
            check_accepted(&task(mode, &[&[PortMapping::tcp(80).host_port(80)]]));
            for wrong in [0, 8080] {
                let text = format!(
                    "When networkMode={mode}, the host ports and container ports in port mappings must match."
                );
                check_text(
                    &task(mode, &[&[PortMapping::tcp(80).host_port(wrong)]]),
                    &text,
                );
            }
        }
    }

    #[test]
    fn without_a_network_there_are_no_ports() {
        check_accepted(&task(NetworkMode::None, &[&[]]));
        check_member(
            &task(NetworkMode::None, &[&[PortMapping::tcp(80)]]),
            MAPPINGS,
        );
    }

    #[test]
    fn ports_are_numbers_of_ports() {
        for wrong in [
            PortMapping::default(),
            PortMapping::tcp(0),
            PortMapping::tcp(65_536),
            PortMapping::tcp(-1),
        ] {
            check_text(
                &task(NetworkMode::Bridge, &[&[wrong]]),
                "Invalid 'containerPort' setting for container 'c0'.",
            );
        }
        for wrong in [-1, 65_536] {
            check_member(
                &task(
                    NetworkMode::Bridge,
                    &[&[PortMapping::tcp(80).host_port(wrong)]],
                ),
                MAPPINGS,
            );
        }
    }

    #[test]
    fn one_host_port_is_mapped_once_in_a_task() {
        let tcp = PortMapping::tcp(80).host_port(8080);
        let text = "TCP host port '8080' is mapped multiple times in task.";
        check_text(
            &task(
                NetworkMode::Bridge,
                &[
                    std::slice::from_ref(&tcp),
                    &[PortMapping::tcp(81).host_port(8080)],
                ],
            ),
            text,
        );
        check_accepted(&task(
            NetworkMode::Bridge,
            &[
                std::slice::from_ref(&tcp),
                &[PortMapping::udp(81).host_port(8080)],
            ],
        ));
        check_accepted(&task(
            NetworkMode::Bridge,
            &[&[PortMapping::tcp(80)], &[PortMapping::tcp(80)]],
        ));
        let text = "UDP host port '53' is mapped multiple times in task.";
        check_text(
            &task(
                NetworkMode::Host,
                &[&[PortMapping::udp(53)], &[PortMapping::udp(53)]],
            ),
            text,
        );
    }

    #[test]
    fn one_port_of_a_container_has_one_protocol() {
        check_member(
            &task(
                NetworkMode::Bridge,
                &[&[PortMapping::tcp(53), PortMapping::udp(53)]],
            ),
            MAPPINGS,
        );
        check_accepted(&task(
            NetworkMode::Bridge,
            &[&[PortMapping::tcp(53)], &[PortMapping::udp(53)]],
        ));
    }

    #[test]
    fn a_range_stands_alone() {
        check_accepted(&task(NetworkMode::Bridge, &[&[range("80-90")]]));
        let text = "cannot specify both single port and port range";
        check_text(
            &task(
                NetworkMode::Bridge,
                &[&[PortMapping {
                    container_port: Some(80),
                    ..range("80-90")
                }]],
            ),
            text,
        );
        check_text(
            &task(NetworkMode::Bridge, &[&[range("80-90").host_port(80)]]),
            text,
        );
    }

    #[test]
    fn a_range_runs_upwards_from_1_to_65535() {
        check_accepted(&task(NetworkMode::Awsvpc, &[&[range("1-65535")]]));
        for wrong in [
            "", "80", "90-80", "80-80", "0-5", "1-65536", "a-b", "+1-5", "1-2-3",
        ] {
            check_member(&task(NetworkMode::Bridge, &[&[range(wrong)]]), MAPPINGS);
        }
    }

    #[test]
    fn ranges_are_for_bridge_and_awsvpc() {
        check_member(&task(NetworkMode::Host, &[&[range("80-90")]]), MAPPINGS);
    }

    #[test]
    fn up_to_100_ranges_do_not_overlap() {
        let ranges = |count: usize| {
            (0..count)
                .map(|n| range(&format!("{}-{}", 10 * n + 1, 10 * n + 9)))
                .collect::<Vec<_>>()
        };
        check_accepted(&task(NetworkMode::Bridge, &[&ranges(100)]));
        check_member(&task(NetworkMode::Bridge, &[&ranges(101)]), MAPPINGS);
        check_member(
            &task(NetworkMode::Bridge, &[&[range("80-90"), range("70-80")]]),
            MAPPINGS,
        );
    }

    #[test]
    fn containers_of_awsvpc_have_no_network_settings_of_their_own() {
        let disable_networking = Some(true);
        let disabled = task_of([ContainerDefinition {
            disable_networking,
            ..container("a")
        }]);
        check_accepted(&disabled);
        let text = "Disable Networking is not supported on container when networkMode=awsvpc";
        check_text(&disabled.network_mode(NetworkMode::Awsvpc), text);
        let mut settings = container("a");
        settings.hostname = Some("h".to_owned());
        settings.dns_servers = vec!["1.1.1.1".to_owned()];
        settings.dns_search_domains = vec!["d".to_owned()];
        settings.extra_hosts = vec![HostEntry {
            hostname: "h".to_owned(),
            ip_address: "10.0.0.1".to_owned(),
        }];
        let mut task = task_of([settings]);
        check_accepted(&task);
        task.network_mode = Some(NetworkMode::Awsvpc);
        check_member(&task, "containerDefinitions.hostname");
        task.container_definitions[0].hostname = None;
        check_member(&task, "containerDefinitions.dnsServers");
        task.container_definitions[0].dns_servers.clear();
        check_member(&task, "containerDefinitions.dnsSearchDomains");
        task.container_definitions[0].dns_search_domains.clear();
        check_member(&task, "containerDefinitions.extraHosts");
        task.container_definitions[0].extra_hosts.clear();
        check_accepted(&task);
    }
}
