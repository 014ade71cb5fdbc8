//! Packs problems whose optima are known with every built-in policy, and tells how many container instances each needs.
//!
//! ```sh
//! cargo run --release --example packing
//! cargo run --release --example packing -- --write docs/packing.md
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | [`problems`] | what is packed, read from CSV ([`table`]) |
//! | [`policies`] | the schedulers, and a wrapper that counts what they have before them |
//! | [`pack`] | one problem, task by task |
//! | [`report`] | the tables, and where they stand in a page |
//!
//! What is measured and what it means is in docs/packing.md. It exits with 2 when an argument or a file is wrong, and with
//! 1 when packing fails.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "a program reads files and shows fractions; only the library must not"
)]

mod pack;
mod policies;
mod problems;
mod report;
#[path = "../replay/table.rs"]
mod table;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;
use problems::{Files, Problem};

/// What `--help` prints.
const HELP: &str = "\
Packs problems with known optima, task by task, with every built-in policy.

Usage: packing [OPTIONS]

  --write FILE  puts the tables into a page, each between its marks, instead of printing them
  --shared DIR  where the large problems are; without them only the committed ones are packed [../shared/data]
  --help        prints this
";

/// An error, and what the program exits with.
type Failed = (ExitCode, Box<dyn Error>);

#[derive(Debug)]
struct Arguments {
    write: Option<PathBuf>,
    shared: PathBuf,
}

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err((code, error)) => {
            eprintln!("packing: {error}");
            code
        }
    }
}

fn run() -> Result<String, Failed> {
    let wrong = |error: Box<dyn Error>| (ExitCode::from(2), error);
    let failed = |error: Box<dyn Error>| (ExitCode::FAILURE, error);
    let Some(arguments) = parse().map_err(|error| wrong(error.into()))? else {
        return Ok(HELP.to_owned());
    };
    let mut sections = Vec::new();
    for files in [Files::committed(), Files::shared(&arguments.shared)] {
        let Some(problems) = read(&files).map_err(wrong)? else {
            eprintln!("packing: {} is not there", files.one_dimension);
            continue;
        };
        let tables = report::tables(&problems).map_err(|error| failed(error.into()))?;
        sections.push((files.name, tables));
    }
    let Some(page) = arguments.write else {
        return Ok(sections.into_iter().map(|(_, tables)| tables).collect());
    };
    let mut text = text_of(&page).map_err(wrong)?;
    for (name, tables) in &sections {
        text = report::replace(&text, name, tables).map_err(|error| wrong(error.into()))?;
    }
    fs::write(&page, text).map_err(|error| failed(error.into()))?;
    Ok(String::new())
}

/// Reads the command line; `None` when it asks for help.
fn parse() -> Result<Option<Arguments>, lexopt::Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut arguments = Arguments {
        write: None,
        shared: root.join("../shared/data"),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("write") => arguments.write = Some(PathBuf::from(parser.value()?)),
            Long("shared") => arguments.shared = PathBuf::from(parser.value()?),
            Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(arguments))
}

/// The problems of some files; `None` when the files are not there.
fn read(files: &Files) -> Result<Option<Vec<Problem>>, Box<dyn Error>> {
    if !Path::new(&files.one_dimension).exists() {
        return Ok(None);
    }
    Ok(Some(files.read(|file| text_of(Path::new(file)))?))
}

fn text_of(file: &Path) -> Result<String, Box<dyn Error>> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}
