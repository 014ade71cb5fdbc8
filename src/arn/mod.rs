//! How ids look from outside: ARNs and the 32-digit ids of ECS, and references to them in requests.
//!
//! Inside the simulation everything has a dense number. Outside, ids are opaque, as in ECS:
//! they are a permutation of (kind, number) keyed by the seed. A permutation never collides,
//! and it can be inverted, so reading an id back needs no table.

mod digits;
mod hex;
mod permutation;
mod reference;
mod text;

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::ids::{ContainerInstanceId, TaskId};

use self::digits::{HEX_ID_DIGITS, subject};
use self::hex::{hex_of, parse_hex};
use self::permutation::Permutation;
pub use self::reference::{Reference, split_reference};
pub use self::text::{Arn, TaskNaming};

const ACCOUNT_ID_DIGITS: usize = 12;

/// The kinds of thing that have an opaque id.
///
/// The kind is part of what is hidden in an id, so the task and the container instance of one
/// number have unrelated ids, and an id of one kind is never read as another. The numbers are
/// fixed: changing one would change the ids of every recorded run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[repr(u8)]
#[non_exhaustive]
pub enum IdKind {
    /// A task: the last part of its ARN.
    Task = 1,
    /// A container instance: the last part of its ARN.
    ContainerInstance = 2,
    /// A container of a task: the UUID at the end of its ARN.
    Container = 3,
    /// A container as the container runtime knows it: 64 hexadecimal digits.
    Runtime = 4,
    /// The EC2 instance behind a container instance: `i-` and 17 hexadecimal digits.
    Ec2Instance = 5,
    /// What is fastened to a task, such as its network interface: a UUID.
    Attachment = 6,
    /// The network interface of a task: `eni-` and 17 hexadecimal digits.
    Interface = 7,
    /// A state change of a task: the id of its event.
    TaskEvent = 8,
    /// A state change of a container instance, likewise.
    ContainerInstanceEvent = 9,
}

/// An id of 32 lower-case hexadecimal digits, as ECS gives to tasks and container instances.
///
/// Made by [`Naming::hex`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexId([u8; HEX_ID_DIGITS]);

impl HexId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits are ASCII")
    }
}

impl fmt::Display for HexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for HexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AsRef<str> for HexId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for HexId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A region or account id was refused by [`Naming::new`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NamingError {
    /// The region is not a word of lower-case letters, digits and hyphens.
    #[error("region {0:?} is not made of lower-case letters, digits and hyphens")]
    Region(String),
    /// The account id is not 12 decimal digits.
    #[error("account id {0:?} is not 12 digits")]
    AccountId(String),
}

/// The rule that turns dense numbers into ARNs and opaque ids, and opaque ids back.
///
/// One belongs to each simulation. It is immutable, and equal arguments give equal names on
/// every platform.
///
/// # Model
///
/// ARNs are always in the partition `aws` and in the long form that names the cluster.
/// The ids of AWS are random; these are a four-round Feistel permutation keyed by the seed,
/// which looks random and is not meant to keep a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Naming {
    seed: u64,
    region: Arc<str>,
    account_id: Arc<str>,
    /// `arn:aws:ecs:<region>:<account>:`, kept because every ARN begins with it.
    #[serde(skip)]
    prefix: Arc<str>,
    /// Follows from the seed.
    #[serde(skip)]
    permutation: Permutation,
}

impl Naming {
    /// The names of a simulation with this seed, in this region and account.
    ///
    /// # Errors
    ///
    /// [`NamingError::Region`] when `region` is empty or has anything but lower-case ASCII
    /// letters, digits and hyphens; [`NamingError::AccountId`] when `account_id` is not exactly
    /// 12 ASCII digits.
    pub fn new(seed: u64, region: &str, account_id: &str) -> Result<Self, NamingError> {
        let in_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.is_empty() || !region.bytes().all(in_region) {
            return Err(NamingError::Region(region.to_owned()));
        }
        let all_digits = account_id.bytes().all(|b| b.is_ascii_digit());
        if account_id.len() != ACCOUNT_ID_DIGITS || !all_digits {
            return Err(NamingError::AccountId(account_id.to_owned()));
        }
        Ok(Self {
            seed,
            region: region.into(),
            account_id: account_id.into(),
            prefix: format!("arn:aws:ecs:{region}:{account_id}:").into(),
            permutation: Permutation::new(seed),
        })
    }

    /// What follows the account in an ARN of this partition, region and account.
    #[must_use]
    pub fn path_of<'a>(&self, arn: &'a str) -> Option<&'a str> {
        arn.strip_prefix(&*self.prefix)
    }

    /// The region in every ARN, such as `us-east-1`.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The 12 digits of the account in every ARN.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The opaque id of the `number`-th thing of this kind.
    #[must_use]
    pub fn hex(&self, kind: IdKind, number: u32) -> HexId {
        HexId(self.permutation.hex_digits(kind, number, 0))
    }

    /// The number behind an opaque id: the inverse of [`Naming::hex`].
    ///
    /// `None` when `text` is not an id of this kind made with this seed. A text that nobody
    /// made is taken for one with a chance of 2⁻⁹⁶: an id holds 128 bits, a number 32.
    #[must_use]
    pub fn decode(&self, kind: IdKind, text: &str) -> Option<u32> {
        let digits = text.as_bytes();
        if digits.len() != HEX_ID_DIGITS {
            return None;
        }
        let (left, right) = digits.split_at(HEX_ID_DIGITS / 2);
        let (subject, check) = self.permutation.invert(parse_hex(left)?, parse_hex(right)?);
        let number = u32::try_from(subject ^ (u64::from(kind as u8) << 32)).ok()?;
        (check == 0).then_some(number)
    }

    /// The UUID of the `nth` part of the `number`-th thing of this kind, in the form of version 4.
    ///
    /// Container ids look like this: the `nth` container of the task of that number.
    #[must_use]
    pub fn uuid(&self, kind: IdKind, number: u32, nth: u32) -> String {
        let uuid = self.permutation.uuid_digits(kind, number, nth);
        std::str::from_utf8(&uuid)
            .expect("hexadecimal digits are ASCII")
            .to_owned()
    }

    /// The ARN of the cluster of this name.
    #[must_use]
    pub fn cluster_arn(&self, name: &str) -> String {
        self.arn(&["cluster/", name])
    }

    /// The ARN of a task in the cluster of this name.
    #[must_use]
    pub fn task_arn(&self, cluster: &str, task: TaskId) -> String {
        let id = self.hex(IdKind::Task, task.number());
        self.arn(&["task/", cluster, "/", id.as_str()])
    }

    /// The ARN of a container instance in the cluster of this name.
    #[must_use]
    pub fn container_instance_arn(&self, cluster: &str, instance: ContainerInstanceId) -> String {
        let id = self.hex(IdKind::ContainerInstance, instance.number());
        self.arn(&["container-instance/", cluster, "/", id.as_str()])
    }

    /// The ARN of one revision of a task definition family.
    #[must_use]
    pub fn task_definition_arn(&self, family: &str, revision: u32) -> String {
        format!("{}task-definition/{family}:{revision}", self.prefix)
    }

    /// The ARN of the `nth` container of a task, counted from zero in the order of its definition.
    #[must_use]
    pub fn container_arn(&self, cluster: &str, task: TaskId, nth: u32) -> String {
        let id = self.hex(IdKind::Task, task.number());
        let uuid = self.uuid(IdKind::Container, task.number(), nth);
        self.arn(&["container/", cluster, "/", id.as_str(), "/", &uuid])
    }

    /// How the tasks of the cluster of this name are named, and their containers.
    #[must_use]
    pub fn of_tasks_in(&self, cluster: &str) -> TaskNaming {
        TaskNaming::new(&self.prefix, cluster, self.permutation)
    }

    /// The id of the EC2 instance behind a container instance: `i-0` and 16 hexadecimal digits.
    #[must_use]
    pub fn ec2_instance_id(&self, instance: ContainerInstanceId) -> String {
        self.ec2_id("i-0", subject(IdKind::Ec2Instance, instance.number()))
    }

    /// The id of the network interface of a task: `eni-` and 17 hexadecimal digits.
    #[must_use]
    pub fn interface_id(&self, task: TaskId) -> String {
        self.ec2_id("eni-0", subject(IdKind::Interface, task.number()))
    }

    fn ec2_id(&self, prefix: &str, subject: u64) -> String {
        let mut text = String::with_capacity(prefix.len() + 16);
        text.push_str(prefix);
        let digits = hex_of(self.permutation.apply_word(subject));
        text.push_str(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"));
        text
    }

    /// The container runtime's id of the `nth` container of a task: 64 hexadecimal digits.
    #[must_use]
    pub fn runtime_id(&self, task: TaskId, nth: u32) -> String {
        let mut text = String::with_capacity(2 * HEX_ID_DIGITS);
        let half = u64::from(nth) << 1;
        for check in [half, half | 1] {
            let digits = self
                .permutation
                .hex_digits(IdKind::Runtime, task.number(), check);
            text.push_str(HexId(digits).as_str());
        }
        text
    }

    fn arn(&self, parts: &[&str]) -> String {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut text = String::with_capacity(self.prefix.len() + length);
        text.push_str(&self.prefix);
        parts.iter().for_each(|part| text.push_str(part));
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::digits::UUID_LENGTH;
    use super::*;

    fn naming(seed: u64) -> Naming {
        Naming::new(seed, "us-east-1", "123456789012").unwrap()
    }

    #[test]
    fn arns_have_the_long_form_of_ecs() {
        let names = naming(42);
        let prefix = "arn:aws:ecs:us-east-1:123456789012:";
        let task = names.hex(IdKind::Task, 7);
        let instance = names.hex(IdKind::ContainerInstance, 3);
        assert_eq!(names.cluster_arn("prod"), format!("{prefix}cluster/prod"));
        assert_eq!(
            names.task_arn("prod", TaskId::new(7)),
            format!("{prefix}task/prod/{task}")
        );
        assert_eq!(
            names.container_instance_arn("prod", ContainerInstanceId::new(3)),
            format!("{prefix}container-instance/prod/{instance}")
        );
        assert_eq!(
            names.task_definition_arn("web", 12),
            format!("{prefix}task-definition/web:12")
        );
        assert_eq!(
            names.container_arn("prod", TaskId::new(7), 1),
            format!(
                "{prefix}container/prod/{task}/{}",
                names.uuid(IdKind::Container, 7, 1)
            )
        );
    }

    #[test]
    fn known_ids_keep_their_values() {
        let names = naming(42);
        assert_eq!(
            names.hex(IdKind::Task, 0).as_str(),
            "2fda1013cc5bae9f9648dad095db689e"
        );
        assert_eq!(
            names.hex(IdKind::ContainerInstance, 0).as_str(),
            "d235639a4d286d2207e9b0dcde64e208"
        );
        assert_eq!(
            names.uuid(IdKind::Container, 0, 0),
            "2ae94766-b566-4d5b-a5eb-d32707afc342"
        );
        assert_eq!(
            names.ec2_instance_id(ContainerInstanceId::new(0)),
            "i-0b40e3f732f5d7084"
        );
        assert_eq!(
            names.runtime_id(TaskId::new(0), 0),
            "f22d2411759e2c952b98cda6e651fac62f8998a6cb46f605a6ae5fcdcf1019dd"
        );
    }

    #[test]
    fn ids_of_many_things_never_collide() {
        let names = naming(7);
        let count = 20_000;
        let mut seen = BTreeSet::new();
        for number in 0..count {
            seen.insert(names.hex(IdKind::Task, number).to_string());
            seen.insert(names.hex(IdKind::ContainerInstance, number).to_string());
            seen.insert(names.uuid(IdKind::Container, number, 0));
            seen.insert(names.uuid(IdKind::Container, number, 1));
            seen.insert(names.ec2_instance_id(ContainerInstanceId::new(number)));
            seen.insert(names.runtime_id(TaskId::new(number), 0));
        }
        assert_eq!(seen.len(), 6 * count as usize);
    }

    #[test]
    fn ids_have_the_shapes_of_aws() {
        let names = naming(7);
        for number in 0..200 {
            let uuid = names.uuid(IdKind::Container, number, 2);
            assert_eq!(uuid.len(), UUID_LENGTH);
            let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert_eq!(uuid.as_bytes()[14], b'4', "the version of {uuid}");
            assert!(
                b"89ab".contains(&uuid.as_bytes()[19]),
                "the variant of {uuid}"
            );
            let ec2 = names.ec2_instance_id(ContainerInstanceId::new(number));
            assert_eq!(ec2.strip_prefix("i-").map(str::len), Some(17));
            assert_eq!(names.runtime_id(TaskId::new(number), 1).len(), 64);
        }
    }

    #[test]
    fn a_region_or_account_that_would_break_an_arn_is_refused() {
        for region in ["", "us east", "us:east", "US-EAST-1", "a/b"] {
            assert_eq!(
                Naming::new(1, region, "123456789012").unwrap_err(),
                NamingError::Region(region.to_owned())
            );
        }
        for account in ["", "12345678901", "1234567890123", "12345678901x"] {
            assert_eq!(
                Naming::new(1, "us-east-1", account).unwrap_err(),
                NamingError::AccountId(account.to_owned())
            );
        }
    }

    proptest! {
        #[test]
        fn decoding_inverts_naming(seed: u64, number: u32) {
            let names = naming(seed);
            for kind in [IdKind::Task, IdKind::ContainerInstance] {
                let id = names.hex(kind, number);
                prop_assert_eq!(names.decode(kind, id.as_str()), Some(number));
            }
        }

        #[test]
        fn an_id_of_another_kind_or_seed_is_refused(seed: u64, number: u32) {
            let id = naming(seed).hex(IdKind::Task, number);
            let read = naming(seed).decode(IdKind::ContainerInstance, id.as_str());
            prop_assert_eq!(read, None);
            let read = naming(seed ^ 1).decode(IdKind::Task, id.as_str());
            prop_assert_eq!(read, None);
        }

        #[test]
        fn changing_one_digit_makes_an_id_foreign(number: u32, place in 0..32_usize, by in 1..16_u8) {
            let names = naming(42);
            let mut digits = names.hex(IdKind::Task, number).0;
            let value = parse_hex(&digits[place..=place]).unwrap();
            digits[place] = hex_of((value + u64::from(by)) % 16)[15];
            prop_assert_eq!(names.decode(IdKind::Task, HexId(digits).as_str()), None);
        }

        #[test]
        fn text_that_is_not_an_id_is_refused(text in ".{0,40}") {
            prop_assert_eq!(naming(42).decode(IdKind::Task, &text), None);
        }
    }
}
