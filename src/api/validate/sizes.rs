//! Sizes of tasks, which the API takes as text in two notations.

use crate::model::ApiError;

/// CPU units of a vCPU, and MiB of a GB, in the notation of task definitions.
const PER_WHOLE: u64 = 1024;

/// CPU units of `1024`, `1 vCPU` or `.5 vcpu`; `None` for anything else.
///
/// A fraction that isn't a whole number of units is cut.
pub(crate) fn parse_cpu(text: &str) -> Option<u32> {
    parse(text, "vcpu")
}

/// MiB of `2048`, `2GB` or `0.5 GB`; `None` for anything else.
///
/// A fraction that isn't a whole number of MiB is cut.
pub(crate) fn parse_memory(text: &str) -> Option<u32> {
    parse(text, "gb")
}

fn parse(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim().to_ascii_lowercase();
    let amount = match text.strip_suffix(unit) {
        Some(number) => decimal(number.trim_end(), PER_WHOLE)?,
        None => whole(&text)?,
    };
    u32::try_from(amount).ok()
}

/// A decimal number times a factor, cut to a whole number.
fn decimal(number: &str, factor: u64) -> Option<u64> {
    let Some((ones, fraction)) = number.split_once('.') else {
        return whole(number)?.checked_mul(factor);
    };
    let ones = if ones.is_empty() { 0 } else { whole(ones)? };
    let digits = u32::try_from(fraction.len())
        .ok()
        .filter(|digits| *digits <= 9)?;
    let parts = whole(fraction)? * factor / 10_u64.pow(digits);
    ones.checked_mul(factor)?.checked_add(parts)
}

fn whole(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Refuses the CPU of a task that isn't a size.
pub(super) fn task_cpu(text: Option<&str>) -> Result<Option<u32>, ApiError> {
    text.map(|text| parse_cpu(text).ok_or_else(|| setting("cpu", text)))
        .transpose()
}

/// Refuses the memory of a task that isn't a size.
pub(super) fn task_memory(text: Option<&str>) -> Result<Option<u32>, ApiError> {
    text.map(|text| parse_memory(text).ok_or_else(|| setting("memory", text)))
        .transpose()
}

fn setting(parameter: &str, value: &str) -> ApiError {
    ApiError::client(
        parameter,
        value,
        format!("Invalid '{parameter}' setting for task: {value}"),
    )
}

/// The CPU of a task as ECS shows it: units as a decimal number; `None` when it isn't a size.
pub(crate) fn normal_cpu(text: &str) -> Option<String> {
    parse_cpu(text).map(|units| units.to_string())
}

/// The memory of a task as ECS shows it: MiB as a decimal number; `None` when it isn't a size.
pub(crate) fn normal_memory(text: &str) -> Option<String> {
    parse_memory(text).map(|mib| mib.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_read_in_units_and_in_vcpus() {
        for (text, units) in [
            ("1024", 1024),
            ("1 vCPU", 1024),
            ("1vcpu", 1024),
            (".5 vCPU", 512),
            ("0.25 vCPU", 256),
            ("16 vCPU", 16384),
            ("0.3 vCPU", 307),
        ] {
            assert_eq!(parse_cpu(text), Some(units), "{text}");
        }
    }

    #[test]
    fn memory_is_read_in_mib_and_in_gb() {
        for (text, mib) in [
            ("2048", 2048),
            ("2GB", 2048),
            ("2 GB", 2048),
            ("0.5 GB", 512),
            ("30gb", 30720),
        ] {
            assert_eq!(parse_memory(text), Some(mib), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in [
            "",
            " ",
            "-1",
            "1.5",
            "1e3",
            "vCPU",
            ". vCPU",
            "1 GB",
            "1 vCPUs",
            "99999999999",
            "+1",
        ] {
            assert_eq!(parse_cpu(text), None, "{text:?}");
        }
        for text in ["2 MB", "1 vCPU", "4294967296", "1..5 GB", "0.1234567890 GB"] {
            assert_eq!(parse_memory(text), None, "{text:?}");
        }
    }

    #[test]
    fn sizes_are_shown_in_units_and_mib() {
        assert_eq!(normal_cpu("2 vCPU").as_deref(), Some("2048"));
        assert_eq!(normal_memory("0.5 GB").as_deref(), Some("512"));
        assert_eq!(normal_memory("much"), None);
    }
}
