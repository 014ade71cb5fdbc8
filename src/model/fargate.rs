//! The sizes that tasks on Fargate can have: a table of CPU, and the memory that goes with it.
//!
//! Fargate has no machines to fill up, only sizes to choose from. The table is that of the API
//! reference of `RegisterTaskDefinition`, and of the developer guide for its last row.

/// CPU of a size, and the memory it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FargateSize {
    /// CPU units, 1024 to a vCPU.
    pub cpu: u32,
    /// MiB, ascending: each value that goes with this CPU.
    pub memory: FargateMemory,
    /// Whether tasks on Windows can have it.
    pub windows: bool,
}

/// The memory that goes with some CPU, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FargateMemory {
    /// One of these.
    OneOf(&'static [u32]),
    /// From the first to the last in steps.
    Steps {
        /// The least.
        first: u32,
        /// The most.
        last: u32,
        /// From one to the next.
        step: u32,
    },
}

/// Whether the largest size, 32 vCPU, can be had.
///
/// # Model
///
/// The developer guide lists it, but in August 2026 the API still refused it, so it is off.
pub const FARGATE_32_VCPU: bool = false;

/// Every size, smallest CPU first; the last one counts only if [`FARGATE_32_VCPU`] says so.
#[rustfmt::skip]
pub const FARGATE_SIZES: [FargateSize; 8] = [
    FargateSize { cpu: 256,    memory: FargateMemory::OneOf(&[512, 1024, 2048]), windows: false },
    FargateSize { cpu: 512,    memory: steps(1024, 4096, 1024),     windows: false },
    FargateSize { cpu: 1024,   memory: steps(2048, 8192, 1024),     windows: true },
    FargateSize { cpu: 2048,   memory: steps(4096, 16_384, 1024),   windows: true },
    FargateSize { cpu: 4096,   memory: steps(8192, 30_720, 1024),   windows: true },
    FargateSize { cpu: 8192,   memory: steps(16_384, 61_440, 4096), windows: false },
    FargateSize { cpu: 16_384, memory: steps(32_768, 122_880, 8192), windows: false },
    FargateSize { cpu: 32_768, memory: FargateMemory::OneOf(&[61_440, 122_880, 249_856]), windows: false },
];

const fn steps(first: u32, last: u32, step: u32) -> FargateMemory {
    FargateMemory::Steps { first, last, step }
}

impl FargateMemory {
    /// Whether so many MiB are among the values.
    ///
    /// ```
    /// # use wavetank::model::FARGATE_SIZES;
    /// assert!(FARGATE_SIZES[0].memory.has(512) && !FARGATE_SIZES[0].memory.has(513));
    /// ```
    #[must_use]
    pub fn has(self, mib: u32) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&mib),
            Self::Steps { first, last, step } => {
                (first..=last).contains(&mib) && (mib - first) % step == 0
            }
        }
    }
}

/// Whether a task on Fargate can have this CPU and this memory together.
///
/// ```
/// # use wavetank::model::is_fargate_size;
/// assert!(is_fargate_size(1024, 2048, false));
/// assert!(!is_fargate_size(1024, 512, false));
/// ```
#[must_use]
pub fn is_fargate_size(cpu: u32, memory: u32, windows: bool) -> bool {
    is_size_of(&FARGATE_SIZES, FARGATE_32_VCPU, (cpu, memory, windows))
}

fn is_size_of(
    sizes: &[FargateSize],
    with_largest: bool,
    (cpu, memory, windows): (u32, u32, bool),
) -> bool {
    let known = sizes.iter().find(|size| size.cpu == cpu);
    known.is_some_and(|size| {
        size.memory.has(memory)
            && (size.windows || !windows)
            && (with_largest || size.cpu != 32_768)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every size up to 260,000 MiB that goes with some CPU, on Linux: how many, the least and the most.
    fn memory_of(cpu: u32, with_largest: bool) -> Option<(usize, u32, u32)> {
        let is_size = |mib: &u32| is_size_of(&FARGATE_SIZES, with_largest, (cpu, *mib, false));
        let sizes: Vec<u32> = (0..=260_000).filter(is_size).collect();
        Some((sizes.len(), *sizes.first()?, *sizes.last()?))
    }

    #[test]
    fn memory_goes_with_cpu_as_the_table_says() {
        for (cpu, expected) in [
            (256, (3, 512, 2_048)),
            (512, (4, 1_024, 4_096)),
            (1_024, (7, 2_048, 8_192)),
            (2_048, (13, 4_096, 16_384)),
            (4_096, (23, 8_192, 30_720)),
            (8_192, (12, 16_384, 61_440)),
            (16_384, (12, 32_768, 122_880)),
        ] {
            assert_eq!(memory_of(cpu, false), Some(expected), "{cpu}");
        }
        for cpu in [0, 128, 255, 257, 1_025, 3_072, 65_536] {
            assert_eq!(memory_of(cpu, true), None, "{cpu}");
        }
    }

    #[test]
    fn the_largest_size_is_behind_a_flag() {
        assert_eq!(memory_of(32_768, FARGATE_32_VCPU), None);
        assert_eq!(memory_of(32_768, true), Some((3, 61_440, 249_856)));
    }

    #[test]
    fn windows_has_one_two_or_four_vcpus() {
        let cpus = FARGATE_SIZES.iter().filter(|size| size.windows);
        let cpus: Vec<u32> = cpus.map(|size| size.cpu).collect();
        assert_eq!(cpus, [1_024, 2_048, 4_096]);
        assert!(is_fargate_size(1_024, 2_048, true) && !is_fargate_size(512, 1_024, true));
    }
}
