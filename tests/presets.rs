//! The tables of docs/configuration.md are written from the numbers of the library: `UPDATE_GOLDEN=1` writes them.

use std::fmt::Write as _;
use std::path::Path;

use wavetank::model::presets::{LATENCIES, Preset, WORKLOAD, fixed};

/// A table of numbers, then where they come from.
fn table(presets: &[Preset]) -> String {
    let head = "| name | Rust | covers | ideal | realistic | acted on |\n| --- | --- | --- | --- | --- | --- |\n";
    let mut text = head.to_owned();
    for preset in presets {
        let Preset {
            name,
            field,
            covers,
            ideal,
            realistic,
            ..
        } = preset;
        let acted = if preset.is_acted_on { "yes" } else { "not yet" };
        let row = writeln!(
            text,
            "| `{name}` | `{field}` | {covers} | {ideal} | {realistic} | {acted} |"
        );
        row.expect("a text takes every line");
    }
    text.push_str("\nWhere the realistic values come from:\n\n");
    for preset in presets {
        let row = writeln!(text, "- `{}`: {}.", preset.name, preset.source);
        row.expect("a text takes every line");
    }
    text
}

fn fixed_table() -> String {
    let mut text = "| what | length | source |\n| --- | --- | --- |\n".to_owned();
    for row in fixed() {
        let row = writeln!(text, "| {} | {} | {} |", row.what, row.value, row.source);
        row.expect("a text takes every line");
    }
    text
}

/// A text whose part between two marks is another.
fn with_part(text: &str, name: &str, part: &str) -> String {
    let (begin, end) = (
        format!("<!-- {name}: written by tests/presets.rs -->\n"),
        format!("<!-- end of {name} -->"),
    );
    let (before, rest) = text.split_once(&begin).expect("the mark is there");
    let (_, after) = rest.split_once(&end).expect("the mark is there");
    format!("{before}{begin}\n{part}\n{end}{after}")
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_library() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let kept = std::fs::read_to_string(&path).expect("it is part of the repository");
    let parts = [
        ("latencies", table(LATENCIES)),
        ("workload", table(WORKLOAD)),
        ("fixed", fixed_table()),
    ];
    let found = parts.iter().fold(kept.clone(), |text, (name, part)| {
        with_part(&text, name, part)
    });
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("documentation can be written");
        return;
    }
    let drift = kept
        .lines()
        .zip(found.lines())
        .find(|(kept, found)| kept != found);
    assert_eq!(drift, None, "UPDATE_GOLDEN=1 writes docs/configuration.md");
    assert_eq!(
        kept.len(),
        found.len(),
        "UPDATE_GOLDEN=1 writes docs/configuration.md"
    );
}

#[test]
fn a_number_that_moved_would_be_seen() {
    let text = "a\n<!-- latencies: written by tests/presets.rs -->\n\nold\n\n<!-- end of latencies -->\nz\n";
    let other = with_part(text, "latencies", "new\n");
    assert_ne!(text, other);
    assert_eq!(with_part(text, "latencies", "old\n"), text);
    assert!(table(&LATENCIES[..1]).contains("| `payload` | `payload` |"));
}
