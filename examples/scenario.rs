//! Runs a scenario file and prints a line of JSON for each step, then a summary.
//!
//! ```text
//! cargo run --release --example scenario -- FILE.json [--seed N] [--trace OUT.jsonl]
//! ```
//!
//! Exits with 0 when all held, 1 when an expectation was unmet or an invariant violated, and
//! 2 when the file or the arguments could not be used; then one line on stderr says why.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program reads its arguments and files; only the library must not"
)]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::Arg;
use wavetank::scenario::{RunOptions, Scenario};
use wavetank::trace::TraceMode;

const USAGE: &str = "usage: scenario FILE.json [--seed N] [--trace OUT.jsonl]";

/// What the command line asks for.
struct Arguments {
    file: PathBuf,
    seed: Option<u64>,
    trace: Option<PathBuf>,
}

impl Arguments {
    /// `None` when only the usage is asked for.
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        let (mut file, mut seed, mut trace) = (None, None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("seed") => seed = Some(parse_seed(&parser.value()?)?),
                Arg::Long("trace") => trace = Some(PathBuf::from(parser.value()?)),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Value(value) if file.is_none() => file = Some(PathBuf::from(value)),
                _ => return Err(argument.unexpected()),
            }
        }
        let file = file.ok_or(USAGE)?;
        Ok(Some(Self { file, seed, trace }))
    }
}

fn parse_seed(text: &OsString) -> Result<u64, String> {
    text.to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| {
            format!(
                "the seed is a whole number from 0 to {}, not {text:?}",
                u64::MAX
            )
        })
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return unusable(&format!("scenario: {error}")),
    };
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

fn unusable(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

/// Runs the file; an error is one line that begins with the name of the file it is about.
fn run(arguments: &Arguments) -> Result<u8, String> {
    let scenario = read(&arguments.file)?;
    // Opened first: a run whose trace cannot be kept is not worth starting.
    let trace = match &arguments.trace {
        Some(path) => Some((path, File::create(path).map_err(about(path))?)),
        None => None,
    };
    let options = RunOptions {
        seed: arguments.seed,
        trace: trace
            .as_ref()
            .map_or_else(TraceMode::default, |_| TraceMode::Full),
    };

    let mut out = BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let outcome = scenario.run(&options, |line| {
        if written.is_ok() {
            written = writeln!(out, "{line}");
        }
    });
    written
        .and_then(|()| out.flush())
        .map_err(about(Path::new("stdout")))?;
    if let Some((path, file)) = trace {
        let mut file = BufWriter::new(file);
        outcome
            .simulation
            .trace()
            .write_json_lines(&mut file)
            .and_then(|()| file.flush())
            .map_err(about(path))?;
    }
    Ok(outcome.exit_code())
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text = fs::read_to_string(path).map_err(about(path))?;
    Scenario::from_json(&text).map_err(|error| {
        let place = error
            .position()
            .map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
        format!("{}{place}: {}", path.display(), error.message())
    })
}

fn about(path: &Path) -> impl Fn(io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}
