//! Whether this library is the ECS API as far as it goes, by the API as data.
//!
//! `src/model/request/conformance.rs` shows that the types have every member and every word. Here requests
//! are sent: each member of each operation is accepted, each answer has the shape that the API gives
//! it, and each refusal is an error that the API declares. What comes of each member is kept in docs/api-coverage.md.

mod cases;
mod course;
mod coverage;
mod errors;
mod outputs;
mod survey;

#[test]
fn every_member_of_every_input_is_accepted() {
    let Some(survey) = survey::survey() else {
        return;
    };
    assert!(
        survey.surprises.is_empty(),
        "\n{}",
        survey.surprises.join("\n")
    );
    let rows = survey.operations.iter().flat_map(|(_, rows)| rows);
    assert!(rows.count() > 300, "members went missing from the survey");
}
