//! What does not fit into the record of a change, as bytes, and the fingerprint that stands for them.

use serde::Serialize;

use crate::digest::Digest;
use crate::ledger::call_fault::CallFaultChange;
use crate::ledger::controller::ControllerChange;
use crate::ledger::instance::InstanceSpec;
use crate::ledger::{Change, LaunchSpec};
use crate::time::SimTime;

use super::encode::PORTS_INLINE;
use super::hazards;
use super::kind::Kind;
use super::labels;
use super::life;
use super::record::{Record, Told};

/// Appends what does not fit into the record of a change; see [`Record::content`].
pub(super) fn of_change(change: &Change, bytes: &mut Vec<u8>) -> bool {
    match change {
        Change::ClusterCreated { spec, .. } => json(spec, bytes),
        Change::InstanceRegistered { spec, .. } | Change::InstanceReregistered { spec, .. } => {
            instance(spec, bytes)
        }
        Change::DefinitionRegistered { spec, .. } => {
            bytes.extend_from_slice(spec.fingerprint.as_bytes());
        }
        Change::InterfaceAsked {
            zone: Some(zone), ..
        } => bytes.extend_from_slice(zone.as_bytes()),
        Change::DefinitionDeregistered { refused_from, .. } => {
            bytes.extend_from_slice(&refused_from.as_nanos().to_le_bytes());
        }
        Change::GroupOpened { name, .. } => bytes.extend_from_slice(name.as_bytes()),
        Change::LaunchOpened {
            spec, plain: false, ..
        } => launch(spec, bytes),
        Change::TaskUnwanted {
            given: Some(text), ..
        } => bytes.extend_from_slice(text.as_bytes()),
        Change::SchedulerErred { error } => {
            json(&(&error.scheduler, &error.mistake), bytes);
            if let Some(blame) = &error.blame {
                json(blame, bytes);
            }
        }
        Change::Subscribed { spec, .. } => json(spec, bytes),
        Change::TokenKept { name, token, .. } => json(&(name, token), bytes),
        Change::PullFailing { image, .. } => json(image, bytes),
        Change::ReadsLagging { lag, .. } => bytes.extend_from_slice(&lag.as_nanos().to_le_bytes()),
        Change::CallFault(
            CallFaultChange::Throttled { operation, .. }
            | CallFaultChange::Failing { operation, .. },
        ) => json(operation, bytes),
        Change::Controller(ControllerChange::Added { name, .. }) => {
            bytes.extend_from_slice(name.as_bytes());
        }
        Change::HostPortsChosen { ports, .. } if ports.len() > PORTS_INLINE => {
            bytes.extend(ports.iter().flat_map(|port| port.to_le_bytes()));
        }
        other => {
            return labels::content(other, bytes)
                || life::content(other, bytes)
                || hazards::content(other, bytes);
        }
    }
    true
}

/// The record of a fingerprint; see [`Record::of_content`].
pub(super) fn record(at: SimTime, step: u64, kind: Kind, bytes: &[u8]) -> Record {
    let digest = Digest::of(bytes);
    let half = |from: usize| {
        let head = digest.as_bytes();
        u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]])
    };
    let told = Told::of(Kind::Content).with_detail(kind.number());
    Record::new(at, step, told.with_a(half(0)).with_b(half(4)))
}

/// An instance without what may hold floats in its request: the amounts there are in fields of their own.
fn instance(spec: &InstanceSpec, bytes: &mut Vec<u8>) {
    let names = (spec.cluster, &spec.arn, &spec.ec2_instance_id);
    let resources = (
        spec.cpu,
        spec.memory,
        &spec.gpu_ids,
        &spec.reserved_tcp,
        &spec.reserved_udp,
    );
    let request = &spec.request;
    json(
        &(
            names,
            resources,
            &spec.attributes,
            &request.version_info,
            &request.tags,
        ),
        bytes,
    );
}

/// A launch without what follows from its definition, which has a fingerprint of its own.
///
/// Most callers send little: then it is a few numbers, which are much cheaper to hash than their JSON.
fn launch(spec: &LaunchSpec, bytes: &mut Vec<u8>) {
    if spec.echo.is_bare() {
        let kind = spec.echo.launch_type.map_or(u8::MAX, |kind| kind as u8);
        bytes.extend([kind, u8::from(spec.distinct_instance)]);
        let numbers = [
            spec.cluster.number(),
            spec.definition.number(),
            spec.group.number(),
            spec.demand.cpu,
            spec.demand.memory,
        ];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        return;
    }
    let tasks = (&spec.demand, spec.distinct_instance, &spec.echo);
    json(&(spec.cluster, spec.definition, spec.group, tasks), bytes);
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, value)
        .expect("specifications have text keys, and a vector takes every byte");
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn content_of(change: &Change) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        of_change(change, &mut bytes).then_some(bytes)
    }

    #[test]
    fn what_does_not_fit_has_content() {
        assert_eq!(
            content_of(&samples::launch(256, true)),
            None,
            "a plain launch follows from its definition"
        );
        assert_ne!(
            content_of(&samples::launch(256, false)),
            content_of(&samples::launch(512, false))
        );
        assert_ne!(
            content_of(&samples::cluster("a")),
            content_of(&samples::cluster("b"))
        );
        let changes = samples::control_changes()
            .into_iter()
            .chain(samples::host_changes());
        let with_content = changes
            .filter(|(known, _)| content_of(known).is_some())
            .count();
        assert_eq!(with_content, 32);
        let mut changes = samples::control_changes()
            .into_iter()
            .chain(samples::host_changes());
        assert!(changes.all(|(known, _)| {
            content_of(&known).is_none()
                || Record::of_change(SimTime::ZERO, 0, &known)
                    .kind()
                    .may_have_content()
        }));
    }

    #[test]
    fn a_fingerprint_follows_its_bytes_and_names_its_kind() {
        let shown = record(SimTime::ZERO, 7, Kind::GroupOpened, b"abc");
        assert_eq!(shown.to_string(), "0.000s #7   content 6437b3ac38465133");
        assert_eq!(shown.detail(), Kind::GroupOpened.number());
        assert_ne!(shown, record(SimTime::ZERO, 7, Kind::GroupOpened, b"abd"));
    }
}
