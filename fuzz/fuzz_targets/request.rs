//! Any request to a simulation that has something in it: the operation in the first line, its input in JSON behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wavetank::Checking;

#[expect(unused, reason = "the tests of the library use more of it")]
#[path = "../../tests/support/prepared.rs"]
mod prepared;

thread_local! {
    static PREPARED: prepared::Prepared = prepared::Prepared::new(Checking::AtRest);
}

fuzz_target!(|bytes: &[u8]| {
    PREPARED.with(Clone::clone).send(bytes);
});
