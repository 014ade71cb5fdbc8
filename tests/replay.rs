//! examples/replay: what it reads, what it drives and what it reports.

#[path = "../examples/replay/arguments.rs"]
mod arguments;
#[path = "../examples/replay/drive.rs"]
mod drive;
#[path = "../examples/replay/gauge.rs"]
mod gauge;
#[path = "../examples/replay/report.rs"]
mod report;
#[path = "../examples/replay/shapes.rs"]
mod shapes;
#[path = "../examples/replay/table.rs"]
pub(crate) mod table;
#[path = "../examples/replay/trace.rs"]
mod trace;

use std::fs;
use std::time::Duration;

use arguments::{Arguments, Command, HELP};
use drive::{Outcome, Setting};
use report::Report;
use shapes::{Shapes, Size};
use trace::Trace;

const NANOS: u128 = 1_000_000_000;

/// Machines of 4 vCPU and 8 GiB, and of 2 vCPU and 4 GiB with a GPU.
const SHAPES: &str = "\
instance_type,count,vcpu,cpu_units,memory_mib,gpu
a.big,3,4,4096,8192,0
a.gpu,2,2,2048,4096,1
b.big,1,8,8192,16384,0
";

fn trace(text: &str) -> Trace {
    let mut trace = Trace::default();
    trace.add("t.csv", text).expect("the trace is well formed");
    trace
}

fn arguments(words: &str) -> Arguments {
    let parser = lexopt::Parser::from_args(words.split_whitespace());
    match arguments::parse(parser) {
        Ok(Command::Replay(arguments)) => *arguments,
        other => panic!("{words}: {other:?}"),
    }
}

fn setting(words: &str) -> Setting {
    let shapes = Shapes::read("s.csv", SHAPES).expect("the shapes are well formed");
    let setting = arguments(words).setting(&shapes);
    setting.expect("the shapes that are wanted are there")
}

fn replayed(text: &str, words: &str) -> Outcome {
    let outcome = drive::replay(&trace(text), &setting(words), |_| ());
    outcome.expect("a replay ends well")
}

/// Reading `text` fails with `expected`.
#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let error = Trace::default().add("t.csv", text).map(|()| "read");
    let error = error.map_err(|error| error.to_string());
    assert_eq!(error, Err(expected.to_owned()));
}

#[test]
fn columns_are_found_by_name_and_others_are_ignored() {
    let text = "\u{feff}who, memory_mib,cpu_units,duration_s,arrival_s\r\nx, 512,256,60,5\r\n\r\n";
    let rows = trace(text).rows;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.arrival, row.duration, row.count), (5, 60, 1));
    let (cpu, memory, gpus) = (256, 512, 0);
    assert_eq!(row.size, Size { cpu, memory, gpus });
    assert_eq!((&row.group, row.censored), (&None, false));
}

#[test]
fn a_count_stands_for_that_many_tasks() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib,group,censored,count\n\
                0,9,1,64,a,0,3\n0,8,1,64,a,1,2\n0,9,2,64,a,0,1\n0,9,1,64,b,0,1\n";
    let trace = trace(text);
    assert_eq!(trace.tasks(), 7);
    let batches: Vec<_> = trace.batches().collect();
    let stays: Vec<_> = batches.iter().map(|batch| &batch.stays[..]).collect();
    let (ends, stays_on) = ((9, false), (8, true));
    assert_eq!(
        stays,
        [
            &[ends, ends, ends, stays_on, stays_on][..],
            &[ends],
            &[ends]
        ]
    );
    let groups: Vec<_> = batches
        .iter()
        .map(|batch| batch.group.map(|g| &**g))
        .collect();
    assert_eq!(groups, [Some("a"), Some("a"), Some("b")]);
}

#[test]
fn a_duration_or_memory_of_nothing_becomes_the_least_there_is_and_is_noted() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib,count\n0,0,1,64,2\n0,9,1,0,1\n";
    let trace = trace(text);
    let seen: Vec<_> = trace
        .rows
        .iter()
        .map(|r| (r.duration, r.size.memory))
        .collect();
    assert_eq!(seen, [(1, 64), (9, 6)]);
    assert_eq!(
        trace.notes(),
        [
            "duration of 0 s taken as 1 s (tasks: 2)",
            "memory below 6 MiB taken as 6 MiB (tasks: 1)",
        ]
    );
}

#[test]
fn what_is_wrong_is_named_with_file_line_column_and_value() {
    let header = "arrival_s,duration_s,cpu_units,memory_mib";
    check_refused("", "t.csv: no header");
    check_refused(
        "arrival_s,duration_s,cpu_units\n",
        "t.csv:1: no column named \"memory_mib\"",
    );
    check_refused(
        &format!("{header}\n0,1,2,64\n0,1,2\n"),
        "t.csv:3: 3 fields where the header has 4 (fields are not quoted)",
    );
    check_refused(
        &format!("{header}\n0,1,-2,64\n"),
        "t.csv:2:cpu_units: \"-2\" is not a whole number from 0 to 2147483647",
    );
    check_refused(
        &format!("{header}\n0,1.5,2,64\n"),
        "t.csv:2:duration_s: \"1.5\" is not a whole number from 0 to 1000000000",
    );
    check_refused(
        &format!("{header},count\n0,1,2,64,0\n"),
        "t.csv:2:count: \"0\" is not a whole number from 1 to 1000000",
    );
}

#[test]
fn several_files_become_one_trace_in_order_of_arrival() {
    let mut both = Trace::default();
    for text in [
        "arrival_s,duration_s,cpu_units,memory_mib\n5,1,1,64\n",
        "memory_mib,arrival_s,duration_s,cpu_units\n64,3,2,1\n64,5,3,1\n",
    ] {
        both.add("t.csv", text).expect("the trace is well formed");
    }
    let seen: Vec<_> = both
        .rows
        .iter()
        .map(|row| (row.arrival, row.duration))
        .collect();
    assert_eq!(seen, [(3, 2), (5, 1), (5, 3)]);
}

#[test]
fn a_cluster_is_a_list_of_shapes_with_counts() {
    let counts = |words: &str| {
        let machines = setting(words).machines;
        let count = |m: &shapes::Machines| (m.instance_type.clone(), m.count);
        machines.iter().map(count).collect::<Vec<_>>()
    };
    let named = |name: &str, count| (name.to_owned(), count);
    assert_eq!(counts("--shape a.big"), [named("a.big", 320)]);
    assert_eq!(
        counts("--shape a.big:7,b.big --instances 2"),
        [named("a.big", 7), named("b.big", 2)]
    );
    assert_eq!(
        counts("--shape all"),
        [named("a.big", 3), named("a.gpu", 2), named("b.big", 1)]
    );
}

#[test]
fn a_shape_that_is_not_there_is_named_with_those_of_its_family() {
    let shapes = Shapes::read("s.csv", SHAPES).expect("the shapes are well formed");
    let refused = |wanted: &str, instances| {
        let error = shapes.cluster(wanted, instances, 1);
        error.expect_err("it can't be made").to_string()
    };
    assert_eq!(
        refused("a.bog", None),
        "no shape named \"a.bog\" in s.csv, which has a.big, a.gpu"
    );
    assert_eq!(
        refused("c.big:2", None),
        "no shape named \"c.big\" in s.csv"
    );
    assert_eq!(
        refused("a.big:0", None),
        "\"0\" is not a number of machines from 1 to 1000000"
    );
    assert!(refused("all", Some(3)).starts_with("--instances does not go with"));
}

#[test]
fn a_baseline_places_in_place_of_the_strategies_of_ecs() {
    // The second machine is used while the first has room only when tasks are dealt out in turn.
    let text = "arrival_s,duration_s,cpu_units,memory_mib\n0,50,256,256\n1,50,256,256\n";
    let used = |strategy: &str| {
        let words = format!("--shape a.gpu:2 --strategy {strategy}");
        replayed(text, &words).usage.peak_instances
    };
    assert_eq!(used("first-fit"), 1);
    assert_eq!(used("round-robin"), 2);
}

#[test]
fn wrong_arguments_are_refused_and_help_names_every_option() {
    for wrong in [
        "--zones 0",
        "--zones 27",
        "--batch 11",
        "--strategy binpack",
        "--strategy spread:zone,",
        "--strategy first-fit,random",
        "--profile slow",
        "--jobs-under 5",
        "--seed -1",
        "--instances none",
        "--trace",
        "--what",
        "file.csv",
    ] {
        let parsed = arguments::parse(lexopt::Parser::from_args(wrong.split_whitespace()));
        assert!(parsed.is_err(), "{wrong}");
    }
    assert!(matches!(
        arguments::parse(lexopt::Parser::from_args(["--help"])),
        Ok(Command::Help)
    ));
    let mut options = 0;
    for line in HELP.lines().filter(|line| line.starts_with("  --")) {
        let words: Vec<_> = line.split_whitespace().collect();
        let needs_value = words[1].chars().all(|letter| !letter.is_lowercase());
        let parsed = arguments::parse(lexopt::Parser::from_args([words[0]]));
        assert_eq!(parsed.is_err(), needs_value, "{line}");
        options += 1;
    }
    assert_eq!(options, 12);
}

#[test]
fn short_tasks_end_by_themselves_and_long_or_censored_ones_are_stopped() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib,censored\n\
                0,599,1,64,0\n0,600,1,64,0\n0,599,1,64,1\n0,2,1,64,0\n";
    let outcome = replayed(text, "--shape a.big:1 --jobs-under 10m");
    // Two seconds are too few for an image to be pulled: that task is stopped too.
    assert_eq!((outcome.exits, outcome.stop_task_calls), (1, 3));
    assert_eq!(outcome.waits, [Duration::from_millis(5700); 3]);
}

#[test]
fn those_who_leave_make_room_for_those_who_come_at_the_same_time() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib\n0,100,4096,64\n100,50,4096,64\n";
    let stopped = replayed(text, "--shape a.big:1 --jobs-under 0s");
    assert_eq!((stopped.placed, stopped.refused.len()), (2, 0));
    // Of an exit the control plane hears a little later.
    let ended = replayed(text, "--shape a.big:1");
    assert_eq!(ended.placed, 1);
    assert_eq!(ended.refused, [("RESOURCE:CPU".to_owned(), 1)].into());
}

#[test]
fn what_is_in_use_is_measured_exactly() {
    // Two tasks of 1 vCPU for 100 s, and from second 40 on one of 2 vCPU and a GPU for 20 s.
    let text = "arrival_s,duration_s,cpu_units,memory_mib,gpu,count\n\
                10,100,1024,512,0,2\n50,20,2048,100,1,1\n";
    let usage = replayed(text, "--shape a.gpu:2 --jobs-under 0s").usage;
    assert_eq!(usage.peak, [4096, 1124, 1]);
    assert_eq!((usage.peak_tasks, usage.peak_instances), (3, 2));
    assert_eq!(usage.instances, 2);
    assert_eq!(usage.arriving.nanos, 40_000_000_000);
    assert_eq!(
        usage.arriving.amounts,
        [2048 * 40 * NANOS, 1024 * 40 * NANOS, 0]
    );
    assert_eq!(usage.whole.nanos, 100_000_000_000);
    let (cpu, memory) = (2048 * 100 + 2048 * 20, 1024 * 100 + 100 * 20);
    assert_eq!(
        usage.whole.amounts,
        [cpu * NANOS, memory * NANOS, 20 * NANOS]
    );
}

#[test]
fn a_task_that_ends_by_itself_holds_its_place_until_the_control_plane_hears_of_it() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib\n0,100,1024,64\n";
    let usage = replayed(text, "--shape a.big:1").usage;
    let ideal_report = Duration::from_millis(100);
    let heard = Duration::from_secs(100) + ideal_report;
    assert_eq!(u128::from(usage.whole.nanos), heard.as_nanos());
}

#[test]
fn a_batch_becomes_calls_of_at_most_ten() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib,group,count\n\
                0,60,1,6,a,15\n0,70,1,6,a,10\n0,60,2,6,a,1\n0,60,1,6,b,1\n";
    assert_eq!(replayed(text, "--shape a.big:1").run_task_calls, 3 + 1 + 1);
    let outcome = replayed(text, "--shape a.big:1 --batch 1");
    assert_eq!((outcome.run_task_calls, outcome.placed), (27, 27));
}

#[test]
fn the_committed_slice_replayed_twice_has_equal_digests_and_another_seed_another() {
    let options =
        arguments("--instances 40 --strategy spread:zone,binpack:memory --profile realistic");
    let text = fs::read_to_string(&options.traces[0]).expect("the slice is committed");
    let beginning: String = text.split_inclusive('\n').take(1_000).collect();
    let (trace, shapes) = (trace(&beginning), committed_shapes(&options));
    let setting = options.setting(&shapes).expect("its shape is in the table");
    let replayed = |setting: &Setting| {
        let mut done = 0;
        let outcome = drive::replay(&trace, setting, |tasks| done = tasks);
        assert_eq!(done, trace.tasks(), "everyone has been told of");
        outcome.expect("a replay ends well")
    };
    let (first, second) = (replayed(&setting), replayed(&setting));
    assert_eq!(first, second);
    let refused: u64 = first.refused.values().sum();
    assert_eq!(first.placed + refused, 999);
    assert!(first.placed > 900 && refused > 0, "it is nearly full");
    let seed = setting.seed + 1;
    assert_ne!(replayed(&Setting { seed, ..setting }).digest, first.digest);
}

fn committed_shapes(options: &Arguments) -> Shapes {
    let text = fs::read_to_string(&options.shapes).expect("the shapes are committed");
    Shapes::read("ec2_shapes.csv", &text).expect("they are well formed")
}

#[test]
fn the_report_says_the_same_to_people_and_to_programs() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib\n0,3600,8192,16384\n0,3600,8192,64\n";
    let (trace, setting) = (trace(text), setting("--shape b.big:1"));
    let outcome = drive::replay(&trace, &setting, |_| ()).expect("a replay ends well");
    let wall = Duration::from_millis(500);
    let report = Report::new(&arguments(""), &trace, &setting, &outcome, wall);
    let json: serde_json::Value =
        serde_json::from_str(&report.to_json().expect("it is plain data"))
            .expect("it is one JSON object");
    assert_eq!(json["placed"], 1);
    assert_eq!(json["refused"], 1);
    assert_eq!(json["refused_by_reason"]["RESOURCE:CPU"], 1);
    assert_eq!(json["peak_tasks"], 1);
    assert_eq!(json["cpu_utilisation"], 1.0);
    assert_eq!(json["peak_memory_utilisation"], 1.0);
    assert_eq!(json["gpu_utilisation"], serde_json::Value::Null);
    assert_eq!(json["running_p99_s"], 5.7);
    assert_eq!(json["tasks_per_s"], 4.0);
    assert_eq!(json["events"], outcome.events);
    assert_eq!(json["digest"], outcome.digest.to_string());
    let shown = report.to_string();
    for line in [
        "machines     1 b.big in 3 zones",
        "refused      1 task",
        "             1 for RESOURCE:CPU",
        "to RUNNING   p50 5.700 s, p99 5.700 s",
        &format!("digest       {}", outcome.digest),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
}
