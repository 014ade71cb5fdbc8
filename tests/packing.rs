//! examples/packing: what it packs, how well, and that its page says so.

#[path = "../examples/packing/pack.rs"]
mod pack;
#[path = "../examples/packing/policies.rs"]
mod policies;
#[path = "../examples/packing/problems.rs"]
mod problems;
#[path = "../examples/packing/report.rs"]
mod report;

use std::error::Error;
use std::fs;
use std::path::Path;

use pack::pack;
use policies::Policy;
use problems::{Files, Problem, Size};

use crate::replay::table;

fn text_of(file: &str) -> Result<String, Box<dyn Error>> {
    Ok(fs::read_to_string(file)?)
}

fn committed() -> Vec<Problem> {
    let files = Files::committed();
    assert_eq!(files.name, "committed");
    assert!(Path::new(&files.one_dimension).exists());
    files.read(text_of).expect("the files are well formed")
}

fn policy(name: &str) -> Policy {
    let all = Policy::all();
    let found = all.into_iter().find(|policy| policy.to_string() == name);
    found.expect("there is such a policy")
}

fn problem(bin: Size, items: &[(u32, u32)]) -> Problem {
    let items = items.iter().map(|&(cpu, memory)| Size { cpu, memory });
    Problem {
        name: "some".to_owned(),
        set: "some".to_owned(),
        bin,
        items: items.collect(),
        least: 1,
        is_optimum: true,
        known: Vec::new(),
    }
}

#[test]
fn the_page_tells_what_the_committed_problems_come_to() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/packing.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let tables = report::tables(&committed()).expect("the problems can be packed");
    let anew = report::replace(&page, Files::committed().name, &tables);
    assert!(
        anew.as_ref() == Ok(&page),
        "docs/packing.md is not what the example writes: cargo run --release --example packing -- --write docs/packing.md"
    );
}

#[test]
fn first_fit_and_best_fit_take_as_many_bins_as_others_counted() {
    for problem in committed() {
        let [ff, ffd, bf, bfd] = problem.known[..] else {
            continue;
        };
        for (name, decreasing, known) in [
            ("first-fit", false, ff),
            ("first-fit", true, ffd),
            ("best-fit", false, bf),
            ("best-fit", true, bfd),
            ("ECS binpack(memory)", false, bf),
            ("ECS binpack(memory)", true, bfd),
            ("ECS binpack(cpu)", false, ff),
        ] {
            let outcome = pack(&problem, &policy(name), decreasing).expect("it can be packed");
            assert_eq!(
                outcome.instances,
                u64::from(known),
                "{name} on {}",
                problem.name
            );
        }
    }
}

#[test]
fn no_policy_needs_fewer_than_the_least_nor_loses_a_task() {
    for problem in committed() {
        for policy in [policy("ECS random"), policy("dot-product")] {
            let outcome = pack(&problem, &policy, false).expect("it can be packed");
            assert!(
                outcome.instances >= u64::from(problem.least),
                "{}",
                problem.name
            );
            assert_eq!(outcome.tasks, problem.items.len() as u64);
        }
    }
}

#[test]
fn what_is_left_is_stranded_where_nothing_fits_any_more() {
    let (cpu, memory) = (1000, 1000);
    // The second machine has room for another of the last; the first has not.
    let problem = problem(Size { cpu, memory }, &[(900, 300), (200, 200), (100, 100)]);
    let outcome = pack(&problem, &policy("best-fit"), false).expect("it can be packed");
    assert_eq!(outcome.instances, 2);
    assert_eq!((outcome.stranded_cpu, outcome.stranded_memory), (0, 600));
    assert_eq!((outcome.cpu, outcome.memory), (2000, 2000));
    // Nothing was there for the first, one machine for the second, two for the third, of which both had room.
    assert_eq!((outcome.open, outcome.candidates), (3, 2));
}

#[test]
fn the_largest_share_comes_first_when_items_are_ordered() {
    let (cpu, memory) = (1000, 4000);
    let problem = problem(
        Size { cpu, memory },
        &[(300, 100), (100, 2000), (700, 2000), (900, 2000)],
    );
    let given = pack(&problem, &policy("first-fit"), false).expect("it can be packed");
    let decreasing = pack(&problem, &policy("first-fit"), true).expect("it can be packed");
    assert_eq!((given.instances, decreasing.instances), (3, 2));
}

#[test]
fn an_item_larger_than_a_bin_is_an_error() {
    let (cpu, memory) = (1000, 1000);
    let error = pack(
        &problem(Size { cpu, memory }, &[(1001, 6)]),
        &policy("first-fit"),
        false,
    );
    assert_eq!(
        error.map_err(|error| error.to_string()),
        Err("some: an item of Size { cpu: 1001, memory: 6 } fits into no bin".to_owned())
    );
}

#[test]
fn a_page_without_marks_is_refused() {
    assert_eq!(
        report::replace("nothing", "committed", "tables"),
        Err("the page has no marks for the committed problems".to_owned())
    );
}

#[test]
fn the_files_beside_the_checkout_hold_optima_for_the_trace_when_they_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let files = Files::shared(&folder);
    if !Path::new(&files.one_dimension).exists() {
        eprintln!("skipped: {} is not there", files.one_dimension);
        return;
    }
    let problems = files.read(text_of).expect("the files are well formed");
    let of_trace = problems
        .iter()
        .filter(|problem| problem.set.starts_with("azure"));
    let known: Vec<_> = of_trace
        .map(|problem| (problem.items.len(), problem.least))
        .collect();
    assert_eq!(known, [(26_578, 875), (26_578, 1105), (26_578, 915)]);
}
