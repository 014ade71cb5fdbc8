//! The examples that tell a story: what they print is what the documentation shows.

use std::path::Path;

#[path = "../examples/stale_reads/story.rs"]
mod stale_reads;

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
