//! Ratios to peers, measured in one run: the event core on a workload of events alone, and a task's life against an engine
//! made of a standard heap and linear scans.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml [-- quick]
//! ```
//!
//! All candidates run in turn in each round, on the processor time of this thread; a ratio is that of the round in which it
//! is least favourable to this crate. They must agree on a checksum before a figure is printed.

mod core;
mod life;
mod naive;
mod nexosim;
mod ours;
mod simcore;

fn main() {
    let quick = std::env::args().any(|argument| argument == "quick");
    println!("## Events alone\n");
    println!("| pending | wavetank | simcore | nexosim | to simcore | to nexosim |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let rounds = if quick { 2 } else { 5 };
    for pending in [100, 10_000, 1_000_000] {
        let events = if quick {
            pending.max(100_000)
        } else {
            pending.max(1_000_000)
        };
        core::compare(pending, u64::from(events), rounds);
    }
    println!("\n## A task's life\n");
    println!(
        "| container instances | placement | wavetank | standard heap and linear scan | ratio |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for instances in [1_000, 10_000] {
        let lives = if quick { 2_000 } else { 50_000 };
        for placement in [life::Placement::Random, life::Placement::Binpack] {
            life::compare(instances, lives, placement, rounds);
        }
    }
}
