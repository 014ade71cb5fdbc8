//! The examples that tell a story: what they print is what the documentation shows, or has these parts.

use std::path::Path;

#[path = "../examples/agent_flap/story.rs"]
mod agent_flap;
#[path = "../examples/spot_interruption/story.rs"]
mod spot_interruption;
#[path = "../examples/stale_reads/story.rs"]
mod stale_reads;
#[path = "../examples/zone_outage/story.rs"]
mod zone_outage;

/// Asserts that a page of `docs/` holds what an example prints, between two marks; `UPDATE_GOLDEN=1` writes it there.
#[track_caller]
fn check_story(page: &str, name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    let kept = std::fs::read_to_string(&path).expect("it is part of the repository");
    let (begin, end) = (
        format!("<!-- {name}: written by tests/stories.rs -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let (before, rest) = kept.split_once(&begin).expect("the mark is there");
    let (_, after) = rest.split_once(&end).expect("the mark is there");
    let found = format!("{before}{begin}\n```text\n{told}```\n\n{end}{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("documentation can be written");
        return;
    }
    assert!(
        kept == found,
        "UPDATE_GOLDEN=1 writes docs/{page}; now:\n{told}"
    );
}

#[test]
fn stale_reads_launch_twice_and_the_fix_does_not() {
    let told = stale_reads::told().expect("nothing is violated");
    let (naive, keeper) = told
        .split_once("It counts what it did")
        .expect("both are told");
    assert!(naive.contains("4 tasks, 2 were wanted"), "{naive}");
    assert!(keeper.contains("2 tasks, 2 were wanted"), "{keeper}");
    check_story("controllers.md", "stale_reads", &told);
}

/// Asserts that a story has these parts, in this order.
#[track_caller]
fn check_told(story: &str, parts: &[&str]) {
    let mut rest = story;
    for part in parts {
        let Some(at) = rest.find(part) else {
            panic!("{part:?} is missing, or not in its place, in\n{story}");
        };
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn a_zone_takes_its_tasks_along_and_they_do_not_come_back_with_it() {
    let story = zone_outage::told().expect("the story ends well");
    let parts = [
        "300.000s  container-instance-0, container-instance-2 power off",
        "320.000s  task-6 placed on container-instance-0",
        "360.000s  task-0 … task-6 (4) desired STOPPED TerminationNotice host-stopped",
        "390.000s  * 4 of 8 are left; as many again are asked for",
        "390.000s  * 4 placed, 0 without a place",
        "900.000s  container-instance-0, container-instance-2 agent connected",
        "990.000s  * 8 run, all of them in us-east-1b",
    ];
    check_told(&story, &parts);
}

#[test]
fn agents_that_drain_at_the_notice_lose_no_job() {
    let story = spot_interruption::told().expect("the story ends well");
    let parts = [
        "Agents that do nothing",
        "180.000s  task-4 placed on container-instance-0",
        "225.000s  task-2, task-4 desired STOPPED TerminationNotice host-terminated",
        "4 jobs done, 2 lost with the machine",
        "Agents that drain",
        "45.000s  container-instance-0 spot notice",
        "45.100s  container-instance-0 -> DRAINING",
        "6 jobs done, 0 lost with the machine",
    ];
    check_told(&story, &parts);
}

#[test]
fn an_agent_that_flaps_is_not_placed_on_and_one_that_is_deaf_is() {
    let story = agent_flap::told().expect("the story ends well");
    let parts = [
        "60.000s  container-instance-0 agent disconnected",
        "80.000s  container-instance-0 agent connected",
        "245.000s  * RunTask: AGENT",
        "245.000s  * task-0 has exited and is shown RUNNING",
        "265.000s  * task-0 has exited and is shown STOPPED",
        "265.000s  * RunTask: 1 placed",
        "345.000s  *   task-2 of web, PENDING, wanted RUNNING, on container-instance-0: partition until 355.000s",
        "360.700s  task-2 -> RUNNING",
    ];
    check_told(&story, &parts);
}
