//! What ECS shows of a task on Fargate only: its platform and its scratch space.

use crate::ledger::LaunchSpec;
use crate::model::{Attribute, CpuArchitecture, EphemeralStorage, OsFamily, TaskDefinition};

/// The scratch space of a task that asks for none, in GiB (API reference of `EphemeralStorage`).
const STORAGE_GIB: i32 = 20;

/// The operating system as `platformFamily` spells it: words with capitals, joined by underscores.
pub(super) fn platform_family(definition: &TaskDefinition) -> String {
    let platform = definition.runtime_platform.as_ref();
    let family = platform.and_then(|platform| platform.operating_system_family);
    let words = family.unwrap_or(OsFamily::Linux).as_str().split('_');
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    words.map(capital).collect::<Vec<_>>().join("_")
}

/// The scratch space: of the override, else of the definition, else what every task gets.
pub(super) fn storage(launch: &LaunchSpec, definition: &TaskDefinition) -> EphemeralStorage {
    let asked = launch.echo.overrides.ephemeral_storage.as_ref();
    let asked = asked.or(definition.ephemeral_storage.as_ref());
    asked.cloned().unwrap_or(EphemeralStorage {
        size_in_gib: STORAGE_GIB,
    })
}

/// The processor that was chosen.
pub(super) fn attributes(definition: &TaskDefinition) -> Vec<Attribute> {
    let platform = definition.runtime_platform.as_ref();
    let processor = match platform.and_then(|platform| platform.cpu_architecture) {
        Some(CpuArchitecture::Arm64) => "arm64",
        Some(CpuArchitecture::X86_64) | None => "x86_64",
    };
    vec![Attribute::new("ecs.cpu-architecture", processor)]
}
