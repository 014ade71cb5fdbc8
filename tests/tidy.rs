//! The house rules of the source tree: each test reads the files and lists what breaks one rule.
//!
//! The rules are the tables below; the reasons for them are in docs/architecture.md. Comments,
//! strings and documentation are not looked at. What each check catches is shown in `checks::tests`.

mod checks;
mod modules;
mod tokens;

use std::fs;
use std::path::Path;

use checks::Source;

/// The layers, lowest first. A module may name modules of lower rows only, and none of its own row.
#[rustfmt::skip]
const ROWS: [&[&str]; 10] = [
    &["time", "ids", "digest"],
    &["arn", "draw", "queue", "expr"],
    &["model"],
    &["ledger", "workload"],
    &["placement", "agent", "fault", "invariant", "trace", "observe"],
    &["api", "control", "reconcile", "client"],
    &["engine", "controllers"],
    &["sim"],
    &["scenario", "batch"],
    &["lab", "strategies"],
];

/// Outside crates that only some files (or folders, with a slash) of `src/` may name, unit tests apart.
#[rustfmt::skip]
const CRATES: &[(&str, &[&str])] = &[
    ("blake3", &["digest.rs"]),
    ("humantime", &["model/duration.rs", "scenario/"]),
    ("indexmap", &["ledger/", "model/"]),
    ("libm", &["draw/"]),
    ("petgraph", &["model/start_order.rs"]),
    ("proptest", &["queue/oracle.rs", "queue/sorted.rs", "strategies/"]),
    ("rand_chacha", &["draw/"]),
    ("rayon", &["lab/campaign.rs"]),
    ("regex_lite", &["model/constraint/pattern.rs", "scenario/"]),
    ("serde_json", &["api/container_instance.rs", "api/validate/", "engine/mod.rs", "model/request/", "model/state_change/", "scenario/", "trace/"]),
    ("serde_path_to_error", &["model/request/", "scenario/"]),
    ("twox_hash", &["digest.rs"]),
];

/// Files of `src/` that may hold floating-point numbers outside their unit tests, and why.
#[rustfmt::skip]
const FLOATS: &[(&str, &str)] = &[
    ("draw/stream.rs", "logarithm and exponential from libm, rounded to whole nanoseconds at once"),
    ("model/container_instance.rs", "doubleValue, a member that is echoed and decides nothing"),
    ("model/request/conformance.rs", "a unit test in a file of its own"),
    ("model/request/strict.rs", "passes on whatever numbers JSON has"),
    ("model/timestamp.rs", "ECS's JSON writes seconds as floats; inside they are whole milliseconds"),
    ("model/distribution.rs", "sigma is written as a decimal; inside it is whole millionths"),
    ("scenario/report.rs", "the format prints seconds as decimals"),
    ("scenario/run.rs", "the format prints seconds as decimals"),
    ("scenario/unique.rs", "passes over whatever numbers JSON has"),
];

/// Words that no file may hold, and why. A blank parts the tokens of a longer phrase.
#[rustfmt::skip]
const BANNED: &[(&str, &str)] = &[
    ("unsafe", "nothing here needs it"),
    ("todo !", "what is not built is left out"),
    ("unimplemented !", "what is not built is left out"),
    ("dbg !", "it is for the desk"),
    ("# [ ignore", "a test that is not run shows nothing"),
    ("dead_code", "code that nobody calls is deleted"),
];

/// Words that no file of `src/` may hold, and why.
#[rustfmt::skip]
const BANNED_IN_SRC: &[(&str, &str)] = &[
    ("HashMap", "its order differs from run to run: use BTreeMap, IndexMap or a table"),
    ("HashSet", "its order differs from run to run: use BTreeSet, IndexSet or a bit set"),
    ("Instant", "simulated time is SimTime"),
    ("SystemTime", "simulated time is SimTime"),
    ("World", "the state is the Ledger"),
    ("Entity", "say which: a task, a container instance, a service"),
    ("Component", "say which part it is"),
    ("System", "say which part it is"),
    ("print !", "a library does not print"),
    ("println !", "a library does not print"),
    ("eprintln !", "a library does not print"),
];

/// Lines a file may have: under `src/`, and elsewhere.
const LINES_IN_SRC: usize = 500;
const LINES_ELSEWHERE: usize = 600;

#[test]
fn a_module_names_only_modules_of_lower_rows() {
    report("src", |files| {
        each(files, |file| checks::layers(file, &ROWS))
    });
}

#[test]
fn every_source_file_is_reached_from_its_root() {
    report("src", checks::unreached);
    report("tests", checks::unreached);
}

#[test]
fn an_outside_crate_stays_in_the_files_that_own_it() {
    report("src", |files| {
        each(files, |file| checks::crates(file, CRATES))
    });
}

#[test]
fn code_that_decides_holds_no_floats() {
    let exempt = |file: &Source| FLOATS.iter().any(|(path, _)| *path == file.path);
    report("src", |files| {
        each(files, |file| {
            if exempt(file) {
                Vec::new()
            } else {
                checks::floats(file)
            }
        })
    });
}

#[test]
fn no_exemption_from_the_rule_on_floats_is_left_over() {
    report("src", |files| {
        let holds = |path| {
            files
                .iter()
                .any(|file| file.path == path && !checks::floats(file).is_empty())
        };
        let left_over = FLOATS.iter().filter(|(path, _)| !holds(*path));
        left_over
            .map(|(path, _)| format!("{path} holds no floats"))
            .collect()
    });
}

#[test]
fn no_file_holds_a_banned_word() {
    report("src", |files| {
        each(files, |file| checks::words(file, BANNED_IN_SRC))
    });
    for folder in ["src", "tests", "benches", "examples"] {
        report(folder, |files| {
            each(files, |file| checks::words(file, BANNED))
        });
    }
}

#[test]
fn no_file_outgrows_one_idea() {
    report("src", |files| {
        each(files, |file| checks::length(file, LINES_IN_SRC))
    });
    for folder in ["tests", "benches", "examples"] {
        report(folder, |files| {
            each(files, |file| checks::length(file, LINES_ELSEWHERE))
        });
    }
}

#[test]
fn every_source_file_that_the_guide_names_is_a_link_in_rustdoc_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| fs::read_to_string(path).expect("the guide is UTF-8");
    let links = read(&root.join("docs/rustdoc_links.md"));
    let mut named = 0;
    let mut missing = Vec::new();
    for page in fs::read_dir(root.join("docs")).expect("the guide is there") {
        let page = page.expect("a folder of this project can be listed").path();
        let text = read(&page);
        let defined = text
            .lines()
            .filter_map(|line| line.split_once("]: ../src/"));
        for (label, file) in defined {
            named += 1;
            let link = format!("{label}]: ../../../src/wavetank/{file}.html");
            let is_there = root.join("src").join(file).is_file();
            if !is_there || !links.lines().any(|line| line == link) {
                missing.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(named > 100, "the pages name what they tell of");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Fails with what `check` finds in the files under `folder`, one finding a line.
#[track_caller]
fn report(folder: &str, check: impl FnOnce(&[Source]) -> Vec<String>) {
    let findings = check(&read(folder));
    let lines: String = findings
        .iter()
        .map(|finding| format!("\n  {folder}/{finding}"))
        .collect();
    assert!(findings.is_empty(), "{lines}\n");
}

/// What `check` finds in each of `files`.
fn each<F: IntoIterator<Item = String>>(
    files: &[Source],
    check: impl Fn(&Source) -> F,
) -> Vec<String> {
    files.iter().flat_map(check).collect()
}

/// Every Rust file under `folder` of this project, in the order of their paths.
fn read(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    read_into(&root, &root, &mut files);
    assert!(!files.is_empty(), "no Rust file under {}", root.display());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn read_into(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the folders named here exist") {
        let path = entry
            .expect("a folder of this project can be listed")
            .path();
        if path.is_dir() {
            read_into(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("source files are UTF-8");
            let below = path.strip_prefix(root).expect("it was found there");
            files.push(Source::new(
                &below.to_string_lossy().replace('\\', "/"),
                text,
            ));
        }
    }
}
