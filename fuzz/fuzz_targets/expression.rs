//! Any expression: it is refused at a spot within it, or it is written as it was meant and judged without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(unused, reason = "the tests of the library use more of it")]
#[path = "../../tests/support/prepared.rs"]
mod prepared;

fuzz_target!(|bytes: &[u8]| {
    prepared::judge_expression(bytes);
});
