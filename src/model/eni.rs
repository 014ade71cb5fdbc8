//! How many `awsvpc` tasks a container instance can hold: one network interface each.
//!
//! `eni_limits.tsv` beside this file lists what the ECS developer guide (page *container-instance-eni*, April 2023) says of
//! 435 instance types: the limit without and with trunking (`awsvpcTrunking`). `eni_figures.tsv` has the types that the guide
//! leaves out, such as burstable ones, by the rule the guide's figures follow: the network interfaces of the type (EC2's own
//! tables, 2026) without the first one; with trunking its branch interfaces and the others without the first two.

/// The limits by type, as figures of the guide; types ascend.
const LIMITS: &str = include_str!("eni_limits.tsv");

/// The limits of other types, computed; types ascend.
const FIGURES: &str = include_str!("eni_figures.tsv");

/// The most that trunking gives any type; higher figures in the guide are taken for errors.
const TRUNK_MAX: u32 = 120;

/// Slots of an instance whose type is not told or not listed: more than an instance ever has tasks.
pub const UNLIMITED: u32 = 1 << 20;

/// Families and sizes for which ECS offers no trunking, though the table lists some of them (same page).
const NO_TRUNKING: [&str; 30] = [
    "c5n.",
    "d3.",
    "d3en.",
    "g3.",
    "g3s.",
    "g4dn.",
    "i3.",
    "i3en.",
    "inf1.",
    "m5dn.",
    "m5n.",
    "m5zn.",
    "mac1.",
    "r5b.",
    "r5n.",
    "r5dn.",
    "u-6tb1.",
    "u-9tb1.",
    "u-12tb1.",
    "z1d.",
    "a1.metal",
    "c5.metal",
    "c5a.8xlarge",
    "c5ad.8xlarge",
    "c5d.metal",
    "m5.metal",
    "p3dn.24xlarge",
    "r5.metal",
    "r5.8xlarge",
    "r5d.metal",
];

/// How many `awsvpc` tasks an instance of a type can hold at a time.
///
/// ```
/// # use wavetank::model::eni::{UNLIMITED, awsvpc_slots};
/// assert_eq!(awsvpc_slots(Some("m5.large"), false), 2);
/// assert_eq!(awsvpc_slots(Some("m5.large"), true), 10);
/// assert_eq!(awsvpc_slots(None, false), UNLIMITED);
/// ```
///
/// # Model
///
/// An instance whose type is not told (no attribute `ecs.instance-type`) or not listed has no limit.
#[must_use]
pub fn awsvpc_slots(instance_type: Option<&str>, trunking: bool) -> u32 {
    let Some((plain, trunk)) = instance_type.and_then(listed) else {
        return UNLIMITED;
    };
    let is_excluded = |name: &str| NO_TRUNKING.iter().any(|prefix| name.starts_with(prefix));
    if trunking && !instance_type.is_some_and(is_excluded) {
        trunk.min(TRUNK_MAX).max(plain)
    } else {
        plain
    }
}

/// The two limits of a type; a negative figure of the table counts as none.
fn listed(instance_type: &str) -> Option<(u32, u32)> {
    let row = LIMITS.lines().chain(FIGURES.lines()).find_map(|line| {
        let rest = line.strip_prefix(instance_type)?;
        rest.strip_prefix('\t')
    })?;
    let (plain, trunk) = row.split_once('\t')?;
    Some((plain.parse().ok()?, trunk.parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_type_has_a_limit_and_trunking_never_lowers_it() {
        let lines = |table: &'static str| table.lines().skip(1);
        let types = lines(LIMITS)
            .chain(lines(FIGURES))
            .filter_map(|line| line.split_once('\t'));
        let mut count = 0;
        for (name, _) in types {
            let (plain, trunk) = (
                awsvpc_slots(Some(name), false),
                awsvpc_slots(Some(name), true),
            );
            assert!(
                plain < 100 && plain <= trunk && trunk <= TRUNK_MAX,
                "{name}"
            );
            count += 1;
        }
        assert_eq!(count, 435 + 929);
    }

    #[test]
    fn figures_of_the_guide_come_out() {
        for (name, plain, trunk) in [
            ("c5.large", 2, 10),
            ("m5.4xlarge", 7, 60),
            ("m5.24xlarge", 14, 120),
            ("p4d.24xlarge", 59, 120),
            // Not in the guide.
            ("t3.medium", 2, 2),
            ("t3.micro", 1, 1),
            ("m7i.large", 2, 10),
            // Not offered, though the table has a figure.
            ("m5zn.large", 2, 2),
            // A figure below zero in the table.
            ("i4i.large", 2, 2),
        ] {
            let found = (
                awsvpc_slots(Some(name), false),
                awsvpc_slots(Some(name), true),
            );
            assert_eq!(found, (plain, trunk), "{name}");
        }
    }

    #[test]
    fn a_type_is_looked_up_by_its_whole_name() {
        for unknown in ["m5", "m5.larg", "", "instance_type", "m5.large\t2"] {
            assert_eq!(awsvpc_slots(Some(unknown), false), UNLIMITED, "{unknown:?}");
        }
    }
}
