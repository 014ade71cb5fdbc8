//! Replays a real trace through RunTask, task exit and StopTask on a cluster of real machine shapes.
//!
//! ```sh
//! cargo run --release --example replay
//! cargo run --release --example replay -- --trace FILE --shape m5.16xlarge --instances 528 --strategy spread:zone,binpack:memory
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | [`arguments`] | the command line |
//! | [`table`] | CSV by the names of its columns |
//! | [`trace`], [`shapes`] | what is asked for; what it runs on |
//! | [`drive`] | the loop over arrivals and departures |
//! | [`gauge`] | what is in use, at most and over time |
//! | [`report`] | the numbers, as text and as JSON |
//!
//! A refused task is gone: nobody asks for it again. It exits with 2 when an argument or a file is wrong, and with 1 when
//! the replay itself fails.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "a program reads files and the clock, and shows fractions; only the library must not"
)]

mod arguments;
mod drive;
mod gauge;
mod report;
mod shapes;
mod table;
mod trace;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use arguments::{Arguments, Command};
use drive::Setting;
use report::Report;
use shapes::Shapes;
use trace::Trace;

fn main() -> ExitCode {
    match run() {
        Ok(output) => {
            // Who closed the pipe has seen enough.
            let _ = io::stdout().lock().write_all(output.as_bytes());
            ExitCode::SUCCESS
        }
        Err((code, error)) => {
            eprintln!("replay: {error}");
            code
        }
    }
}

/// What goes to stdout; or the exit code with what is wrong.
fn run() -> Result<String, (ExitCode, Box<dyn Error>)> {
    let wrong_input = |error| (ExitCode::from(2), error);
    let arguments = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Command::Help) => return Ok(arguments::HELP.to_owned()),
        Ok(Command::Replay(arguments)) => arguments,
        Err(error) => return Err(wrong_input(error.into())),
    };
    let (trace, setting) = read(&arguments).map_err(wrong_input)?;
    let progress = progress(&arguments, trace.tasks());
    let begin = Instant::now();
    let outcome = drive::replay(&trace, &setting, |done| progress.set_position(done));
    let wall = begin.elapsed();
    progress.finish_and_clear();
    let outcome = outcome.map_err(|error| (ExitCode::FAILURE, error.into()))?;
    let report = Report::new(&arguments, &trace, &setting, &outcome, wall);
    if arguments.json {
        let line = report.to_json();
        line.map(|line| line + "\n")
            .map_err(|error| (ExitCode::FAILURE, error.into()))
    } else {
        Ok(report.to_string())
    }
}

/// Reads the files that the arguments name.
fn read(arguments: &Arguments) -> Result<(Trace, Setting), Box<dyn Error>> {
    let mut trace = Trace::default();
    for file in &arguments.traces {
        trace.add(&file.display().to_string(), &text_of(file)?)?;
    }
    let file = arguments.shapes.display().to_string();
    let shapes = Shapes::read(&file, &text_of(&arguments.shapes)?)?;
    Ok((trace, arguments.setting(&shapes)?))
}

fn text_of(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// A bar on stderr, when that is a terminal and nobody wants JSON.
fn progress(arguments: &Arguments, tasks: u64) -> ProgressBar {
    if arguments.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(tasks);
    match ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} tasks, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
