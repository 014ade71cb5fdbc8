//! Any scenario file: it is refused, or it runs the same way twice.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(unused, reason = "the tests of the library use more of it")]
#[path = "../../tests/support/prepared.rs"]
mod prepared;

fuzz_target!(|bytes: &[u8]| {
    prepared::run_scenario(bytes);
});
