//! What a source file says about modules: the ones it declares, the ones it names, its unit tests.

use super::tokens::Token;

/// A path that starts at `crate`, `super` or `self`, spelled out from the crate root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
}

/// The module a file under `src/` holds: `[]` for the root, `["model", "task"]` for `model/task.rs`.
pub(super) fn module_of(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    let root = stem == "lib";
    let segments = stem.split('/').filter(|_| !root);
    segments.map(str::to_owned).collect()
}

/// The modules that `code` declares with `mod name;` and so expects in files, from the crate root.
pub(super) fn declared(code: &[Token], module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    each_position(code, module, |at, inside| {
        if let [word, name, end, ..] = &code[at..] {
            if word.text == "mod" && end.text == ";" {
                found.push(joined(inside, name.text));
            }
        }
        at + 1
    });
    found
}

/// Every path of `code` that starts at `crate`, `super` or `self`; groups are taken apart.
pub(super) fn references(code: &[Token], module: &[String]) -> Vec<Reference> {
    let mut found = Vec::new();
    each_position(code, module, |at, inside| {
        let starts = matches!(code[at].text, "crate" | "super" | "self");
        if starts && text(code, at + 1) == "::" {
            let line = code[at].line;
            let mut keep = |path| found.push(Reference { line, path });
            follow(code, at, inside.to_vec(), &mut keep)
        } else {
            at + 1
        }
    });
    found
}

/// `code` without the items that stand behind `#[cfg(test)]`.
pub(super) fn without_tests<'a>(code: &[Token<'a>]) -> Vec<Token<'a>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let texts = code[at..].iter().map(|token| token.text);
        if texts.take(MARK.len()).eq(MARK) {
            at = end_of_item(code, at + MARK.len());
        } else {
            kept.push(code[at]);
            at += 1;
        }
    }
    kept
}

/// Calls `visit(at, inside)` for positions of `code`, `inside` being the module around them, inline
/// ones included. `visit` answers where to go on; it may skip balanced braces only.
fn each_position(
    code: &[Token],
    module: &[String],
    mut visit: impl FnMut(usize, &[String]) -> usize,
) {
    let mut inside = module.to_vec();
    let mut inline = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while at < code.len() {
        match code[at].text {
            "{" => depth += 1,
            "}" => depth -= 1,
            "mod" if text(code, at + 2) == "{" => {
                inside.push(code[at + 1].text.to_owned());
                inline.push(depth);
            }
            _ => {}
        }
        if code[at].text == "}" && inline.last() == Some(&depth) {
            inline.pop();
            inside.pop();
        }
        at = visit(at, &inside);
    }
}

/// Follows the path at `at` from `path` on, hands every full path to `keep`, and answers where it ends.
fn follow(
    code: &[Token],
    mut at: usize,
    mut path: Vec<String>,
    keep: &mut impl FnMut(Vec<String>),
) -> usize {
    loop {
        match text(code, at) {
            "crate" => path.clear(),
            "self" => {}
            "super" => drop(path.pop()),
            "{" => return follow_group(code, at, &path, keep),
            segment => path.push(segment.to_owned()),
        }
        at += 1;
        let goes_on = text(code, at) == "::" && continues_path(code, at + 1);
        if !goes_on {
            keep(path);
            return at;
        }
        at += 1;
    }
}

/// Follows each path of the group that opens at `at`, and answers where the group ends.
fn follow_group(
    code: &[Token],
    mut at: usize,
    path: &[String],
    keep: &mut impl FnMut(Vec<String>),
) -> usize {
    at += 1;
    while at < code.len() && code[at].text != "}" {
        if continues_path(code, at) {
            at = follow(code, at, path.to_vec(), keep);
        }
        while !matches!(text(code, at), "," | "}" | "") {
            at += 1;
        }
        at += usize::from(text(code, at) == ",");
    }
    at + 1
}

fn continues_path(code: &[Token], at: usize) -> bool {
    code.get(at)
        .is_some_and(|token| token.is_word() || matches!(token.text, "{" | "*"))
}

/// Where the item that starts at `at` ends: behind its block, or behind its semicolon.
fn end_of_item(code: &[Token], mut at: usize) -> usize {
    let mut depth = 0;
    while at < code.len() {
        match code[at].text {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

fn text<'a>(code: &[Token<'a>], at: usize) -> &'a str {
    code.get(at).map_or("", |token| token.text)
}

fn joined(path: &[String], last: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(last.to_owned());
    path
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::{declared, module_of, references, without_tests};

    fn check_references(file: &str, source: &str, expected: &[&str]) {
        let found = references(&tokens(source), &module_of(file));
        let paths: Vec<_> = found
            .iter()
            .map(|reference| reference.path.join("::"))
            .collect();
        assert_eq!(paths, expected, "paths in {source}");
    }

    #[test]
    fn nested_groups_are_taken_apart() {
        check_references(
            "sim/mod.rs",
            "pub(crate) use crate::{ledger, model::{self, task::Task as T, request::*}, }; use std::fmt;",
            &["ledger", "model", "model::task::Task", "model::request::*"],
        );
        check_references(
            "sim/mod.rs",
            "let a = crate::model::of::<u8>(self.b);",
            &["model::of"],
        );
    }

    #[test]
    fn super_is_followed_out_of_files_and_inline_modules() {
        check_references(
            "model/task.rs",
            "use super::{super::engine, status};",
            &["engine", "model::status"],
        );
        check_references(
            "ids.rs",
            "mod tests { mod deep { use super::super::super::time; } use super::*; } use super::draw;",
            &["time", "ids::*", "draw"],
        );
    }

    #[test]
    fn declared_modules_are_the_ones_in_files() {
        let found = declared(
            &tokens("pub mod a; mod b { mod c; } mod d {} mod tests { fn f() {} }"),
            &[],
        );
        assert_eq!(found, [vec!["a"], vec!["b", "c"]]);
    }

    #[test]
    fn unit_tests_can_be_left_out() {
        let source =
            "a; #[cfg(test)] mod tests { fn f() { g([1; 2]); } } b; #[cfg(test)] use c::{d}; e";
        let kept: Vec<_> = without_tests(&tokens(source))
            .iter()
            .map(|token| token.text)
            .collect();
        assert_eq!(kept, ["a", ";", "b", ";", ";", "e"]);
    }
}
