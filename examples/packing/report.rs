//! What the packing came to, as tables of a page, and where they stand in it.

use std::fmt::Write;

use super::pack::{Outcome, PackError, pack};
use super::policies::Policy;
use super::problems::Problem;

/// One table for each set of problems, with a row for each policy.
pub(crate) fn tables(problems: &[Problem]) -> Result<String, PackError> {
    let mut text = String::new();
    let mut sets: Vec<&str> = problems.iter().map(|problem| &*problem.set).collect();
    sets.dedup();
    for set in sets {
        let of_set = problems.iter().filter(|problem| problem.set == set);
        table(&mut text, set, &of_set.collect::<Vec<_>>())?;
    }
    Ok(text)
}

fn table(text: &mut String, set: &str, problems: &[&Problem]) -> Result<(), PackError> {
    let least = problems
        .iter()
        .map(|problem| u64::from(problem.least))
        .sum();
    let tasks: usize = problems.iter().map(|problem| problem.items.len()).sum();
    let is_optimum = problems.iter().all(|problem| problem.is_optimum);
    let bound = if is_optimum { "optimum" } else { "at least" };
    let names = match problems {
        [_] => String::new(),
        several => format!("{} problems, ", several.len()),
    };
    let mut lines = format!(
        "### {set}: {bound} {}\n\n{names}{} tasks.\n\n\
         | policy | instances | over | stranded CPU | stranded memory | open | candidates | decreasing | over |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        grouped(least),
        grouped(tasks as u64),
    );
    for policy in Policy::all() {
        let (mut given, mut decreasing) = (Outcome::default(), Outcome::default());
        for problem in problems {
            given += pack(problem, &policy, false)?;
            decreasing += pack(problem, &policy, true)?;
        }
        row(&mut lines, &policy.to_string(), least, &given, &decreasing);
    }
    text.push_str(&lines);
    text.push('\n');
    Ok(())
}

fn row(lines: &mut String, policy: &str, least: u64, given: &Outcome, decreasing: &Outcome) {
    let over = |outcome: &Outcome| percent(outcome.instances.saturating_sub(least), least);
    let each = |sum: u64| tenths(sum, given.tasks, "");
    let written = writeln!(
        lines,
        "| {policy} | {} | {} | {} | {} | {} | {} | {} | {} |",
        grouped(given.instances),
        over(given),
        percent(given.stranded_cpu, given.cpu),
        percent(given.stranded_memory, given.memory),
        each(given.open),
        each(given.candidates),
        grouped(decreasing.instances),
        over(decreasing),
    );
    written.expect("a text takes any line");
}

/// A part of a whole; a dash when there is no whole.
fn percent(part: u64, whole: u64) -> String {
    tenths(part * 100, whole, " %")
}

/// A fraction in tenths, the nearest, in whole numbers: the page must be the same everywhere.
fn tenths(part: u64, whole: u64, unit: &str) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (part * 20 + whole) / (whole * 2);
    format!("{}.{}{unit}", grouped(tenths / 10), tenths % 10)
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The marks between which the tables of some files stand in a page.
fn marks(name: &str) -> (String, String) {
    (
        format!("<!-- {name} problems: begin -->\n"),
        format!("<!-- {name} problems: end -->\n"),
    )
}

/// The page with other tables of some files.
pub(crate) fn replace(page: &str, name: &str, tables: &str) -> Result<String, String> {
    let (begin, end) = marks(name);
    let missing = || format!("the page has no marks for the {name} problems");
    let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{tables}{end}{after}"))
}
