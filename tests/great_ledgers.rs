//! Ledgers so great that what comes next is read ahead of time: they live as small ones do.

use std::time::Duration;

use wavetank::draw::Latency;
use wavetank::model::*;
use wavetank::{Checking, Digest};

use crate::support::{Trial, builder, sized};

/// From so many tasks on a ledger is great, as `FEW` in `src/ledger/ahead.rs` says; a few more than that.
const MANY: usize = 9_000;

/// A cluster that fills up with tasks which end by themselves, while machines go away; `pass` lets time pass.
fn filled(mut pass: impl FnMut(&mut Trial, Duration)) -> (Trial, Digest) {
    let mut profile = Profile::ideal();
    let mean = Duration::from_secs(600);
    profile.default_workload.run = Run::For(Latency::Exponential { mean });
    let mut trial = Trial::of(builder().profile(profile).checking(Checking::AtRest));
    let machines: Vec<String> = (0..100).map(|_| trial.instance(32_768, 65_536)).collect();
    trial.define(sized("web", 256, 64));
    for turn in 0..MANY / 10 {
        trial.run_all(RunTask::new("web").count(10));
        let machine = machines[turn % 90].clone();
        match turn % 300 {
            100 => trial.fault(Fault::InstanceTerminate {
                container_instance: machine,
            }),
            200 => trial.give_up(&machine),
            _ => {}
        }
        pass(&mut trial, Duration::from_millis(100));
    }
    assert!(trial.ledger().tasks().count() >= MANY - 10);
    let full = trial.digest();
    // All of them end, and an hour later all are forgotten.
    for _ in 0..3 {
        pass(&mut trial, Duration::from_secs(3_600));
    }
    trial.rest();
    (trial, full)
}

#[test]
fn thousands_of_tasks_end_and_are_forgotten_whatever_becomes_of_their_machines() {
    let (jumping, full) = filled(|trial, span| {
        trial.advance(span).expect("no invariant is violated");
    });
    assert_eq!(jumping.ledger().tasks_known(), 0);
    assert!(jumping.violations().is_empty());
    let (stepping, again) = filled(|trial, span| {
        let end = trial.now().saturating_add(span);
        while trial.next_event_at().is_some_and(|next| next <= end) {
            trial.step().expect("no invariant is violated");
        }
        trial.advance_to(end).expect("nothing is due");
    });
    assert_eq!((full, jumping.digest()), (again, stepping.digest()));
}
