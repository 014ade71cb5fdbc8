//! The checks themselves: each takes the text of a file and answers with a list of findings.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{declared, module_of, references, without_tests};
use super::tokens::{Token, tokens};

/// One source file: where it stands below its root, and what it says.
pub(super) struct Source {
    pub(super) path: String,
    text: String,
}

impl Source {
    pub(super) fn new(path: &str, text: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            text: text.into(),
        }
    }

    fn code(&self) -> Vec<Token<'_>> {
        tokens(&self.text)
    }

    /// The code that is there when nobody tests.
    fn code_without_tests(&self) -> Vec<Token<'_>> {
        let is_test = self.path.ends_with("/tests.rs") || self.path.contains("/tests/");
        if is_test {
            Vec::new()
        } else {
            without_tests(&self.code())
        }
    }

    fn finding(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Names of modules that are not on a lower row, and a module that is on none.
pub(super) fn layers(file: &Source, rows: &[&[&str]]) -> Vec<String> {
    let row_of = |module: &str| rows.iter().position(|row| row.contains(&module));
    let module = module_of(&file.path);
    let Some(own) = module.first() else {
        return Vec::new(); // The crate root is the facade and names whom it likes.
    };
    let Some(own_row) = row_of(own) else {
        return vec![file.finding(1, &format!("module {own} is in no row"))];
    };
    let mut findings = Vec::new();
    for reference in references(&file.code(), &module) {
        let named = reference.path.first().map_or("", String::as_str);
        let what = match row_of(named) {
            _ if named == own => continue,
            Some(row) if row < own_row => continue,
            Some(row) => format!("{own} (row {own_row}) names {named} (row {row})"),
            None => format!("crate::{named} is no module of any row: import by module path"),
        };
        findings.push(file.finding(reference.line, &what));
    }
    findings
}

/// Files that no chain of `mod` declarations from `lib.rs` reaches.
pub(super) fn unreached(files: &[Source]) -> Vec<String> {
    let by_module: BTreeMap<_, _> = files
        .iter()
        .map(|file| (module_of(&file.path), file))
        .collect();
    let mut reached = BTreeSet::new();
    let mut ahead = vec![Vec::new()];
    while let Some(module) = ahead.pop() {
        if let Some(file) = by_module.get(&module) {
            ahead.extend(declared(&file.code(), &module));
            reached.insert(&file.path);
        }
    }
    let unreached = files.iter().filter(|file| !reached.contains(&file.path));
    unreached
        .map(|file| file.finding(1, "no `mod` leads here from lib.rs"))
        .collect()
}

/// Outside crates named, unit tests apart, in a file that `owners` does not list for them.
pub(super) fn crates(file: &Source, owners: &[(&str, &[&str])]) -> Vec<String> {
    let owns = |place: &str| {
        let is_folder = place.ends_with('/');
        file.path == place || (is_folder && file.path.starts_with(place))
    };
    let mut foreign = owners.to_vec();
    foreign.retain(|(_, places)| !places.iter().any(|place| owns(place)));
    let is_foreign = |token: &&Token| foreign.iter().any(|(name, _)| *name == token.text);
    let code = file.code_without_tests();
    let finding = |token: &Token| {
        let what = format!("{} belongs to other files", token.text);
        file.finding(token.line, &what)
    };
    code.iter().filter(is_foreign).map(finding).collect()
}

/// Floating-point types and numbers, unit tests apart.
pub(super) fn floats(file: &Source) -> Vec<String> {
    let code = file.code_without_tests();
    let is_float = |token: &&Token| token.is_float() || matches!(token.text, "f32" | "f64");
    let finding = |token: &Token| {
        let what = format!("{} where integers decide", token.text);
        file.finding(token.line, &what)
    };
    code.iter().filter(is_float).map(finding).collect()
}

/// Phrases of `banned` that the code holds.
pub(super) fn words(file: &Source, banned: &[(&str, &str)]) -> Vec<String> {
    let code = file.code();
    let mut findings = Vec::new();
    for (phrase, reason) in banned {
        let parts: Vec<_> = phrase.split(' ').collect();
        for place in code.windows(parts.len()) {
            let texts = place.iter().map(|token| token.text);
            if texts.eq(parts.iter().copied()) {
                findings.push(file.finding(place[0].line, &format!("`{phrase}`: {reason}")));
            }
        }
    }
    findings
}

/// The length of the file, if it is above `most` lines.
pub(super) fn length(file: &Source, most: usize) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > most).then(|| file.finding(lines, &format!("{lines} lines, {most} are allowed")))
}

#[cfg(test)]
mod tests {
    use super::{Source, crates, floats, layers, length, unreached, words};

    const ROWS: &[&[&str]] = &[&["time", "ids"], &["ledger"], &["api"]];

    /// The lines of `text` that a check finds fault with are `expected`.
    fn check_lines(findings: &[String], expected: &[usize]) {
        let line = |finding: &String| finding.split(':').nth(1).and_then(|line| line.parse().ok());
        let lines: Vec<usize> = findings.iter().filter_map(line).collect();
        assert_eq!(lines, expected, "{findings:#?}");
    }

    fn check_layers(path: &str, text: &str, expected: &[usize]) {
        check_lines(&layers(&Source::new(path, text), ROWS), expected);
    }

    #[test]
    fn naming_a_higher_row_is_caught() {
        check_layers(
            "ledger/mod.rs",
            "use crate::time;\nuse crate::{ids, api::{self, x}};",
            &[2, 2],
        );
        check_layers("ledger/apply.rs", "fn f() {\n crate::api::run();\n}", &[2]);
        check_layers("ledger/apply.rs", "use super::super::api;", &[1]);
        check_layers(
            "ledger.rs",
            "#[cfg(test)] mod tests { use super::super::api; use super::*; }",
            &[1],
        );
    }

    #[test]
    fn naming_the_same_row_is_caught_and_naming_oneself_is_not() {
        check_layers("time.rs", "use crate::ids::TaskId;", &[1]);
        check_layers("time.rs", "use super::ids::TaskId;", &[1]);
        check_layers(
            "ledger/apply.rs",
            "use crate::ledger::Ledger; use super::change;",
            &[],
        );
        check_layers(
            "api/mod.rs",
            "use crate::{ledger, time::SimTime, ids};",
            &[],
        );
    }

    #[test]
    fn naming_the_crate_root_is_caught() {
        check_layers(
            "api/mod.rs",
            "use crate::Simulation;\nuse super::super::*;",
            &[1, 2],
        );
        check_layers("time.rs", "use super::{self};", &[1]);
    }

    #[test]
    fn a_module_in_no_row_is_caught_and_the_root_is_free() {
        check_layers("helpers.rs", "", &[1]);
        check_layers("helpers/mod.rs", "", &[1]);
        check_layers("lib.rs", "pub use crate::api::run;", &[]);
    }

    #[test]
    fn comments_strings_and_documentation_name_nothing() {
        check_layers(
            "time.rs",
            "//! crate::api\n/// [`crate::api`]\nconst A: &str = \"crate::api\";",
            &[],
        );
    }

    #[test]
    fn a_file_that_no_declaration_leads_to_is_caught() {
        let tree = |deep: &str| {
            let root = Source::new("lib.rs", "mod a; mod b { mod c; }");
            let [top, below] = ["a/mod.rs", "b/c.rs"].map(|path| Source::new(path, deep));
            let lost = Source::new("a/lost.rs", "mod lost;");
            [root, lost, top, below]
        };
        assert_eq!(
            unreached(&tree("// mod lost;")),
            ["a/lost.rs:1: no `mod` leads here from lib.rs"]
        );
        assert!(unreached(&tree("mod lost;")).is_empty());
    }

    #[test]
    fn a_crate_outside_its_files_is_caught() {
        let check = |path: &str, expected: &[usize]| {
            let text = "use blake3::Hash;\n#[cfg(test)]\nmod tests { use blake3::Hash; }";
            check_lines(
                &crates(
                    &Source::new(path, text),
                    &[("blake3", &["digest.rs", "sim/"])],
                ),
                expected,
            );
        };
        check("trace.rs", &[1]);
        check("trace/digest.rs", &[1]);
        check("digest.rs", &[]);
        check("sim/snapshot.rs", &[]);
        check("trace/tests.rs", &[]);
    }

    #[test]
    fn floats_are_caught_outside_unit_tests() {
        let text = "fn a(b: f64) {}\nconst C: u8 = 1;\nlet d = 0.5;\n#[cfg(test)]\nmod tests { const E: f64 = 1.0; }";
        check_lines(&floats(&Source::new("rank.rs", text)), &[1, 3]);
    }

    #[test]
    fn banned_words_and_phrases_are_caught() {
        let banned = [
            ("HashMap", "order"),
            ("# [ ignore", "shows nothing"),
            ("dbg !", "desk"),
        ];
        let check = |text: &str, expected: &[usize]| {
            check_lines(&words(&Source::new("a.rs", text), &banned), expected);
        };
        check(
            "use std::HashMap;\n#[ignore = \"slow\"]\nfn a() { dbg!(1) }",
            &[1, 2, 3],
        );
        check("// HashMap\nfn ignore() { dbg(HashMapper, \"dbg!\") }", &[]);
    }

    #[test]
    fn a_long_file_is_caught() {
        let file = Source::new("a.rs", "fn a() {}\n".repeat(11));
        check_lines(length(&file, 10).as_slice(), &[11]);
        assert_eq!(length(&file, 11), None);
    }
}
