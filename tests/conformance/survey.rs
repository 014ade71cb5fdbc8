//! Every case of every operation, tried: which members are accepted, shown again, acted on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use wavetank::model::Request;
use wavetank::{ApiError, Checking};

use super::cases::{Case, Values, cases};
use super::course::Course;
use crate::support::api::{Api, api};
use crate::support::prepared::{Prepared, requests};

/// What was found of one input member.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Values that are refused, and why.
    pub(super) refused: Vec<(String, String)>,
    /// How many values are accepted.
    pub(super) accepted: usize,
    /// Whether it can be read right after.
    pub(super) echoed: bool,
    /// Whether it changes more than what echoes it.
    pub(super) acted_on: bool,
    /// Whether the request is refused without it.
    pub(super) needed: bool,
    /// Whether the API requires it.
    pub(super) required: bool,
}

/// What was found of all operations.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// The members of each operation, in the order of its shape.
    pub(super) operations: Vec<(&'static str, Vec<(String, Row)>)>,
    /// What is not as `values.json` says.
    pub(super) surprises: Vec<String>,
}

/// The survey, if the API as data are there.
pub(super) fn survey() -> Option<&'static Survey> {
    static SURVEY: OnceLock<Survey> = OnceLock::new();
    api().map(|api| SURVEY.get_or_init(|| survey_of(api)))
}

fn survey_of(api: &Api) -> Survey {
    let prepared = Prepared::new(Checking::AtRest);
    let (values, requests) = (Values::read(), requests());
    let mut survey = Survey::default();
    for operation in Request::OPERATIONS {
        let Some(good) = requests.get(*operation) else {
            let what = format!("prepared.json has no request of {operation}");
            survey.surprises.push(what);
            continue;
        };
        let mut rows: Vec<(String, Row)> = Vec::new();
        let mut known = Known::new();
        for case in cases(api, &values, operation, good) {
            if rows.last().is_none_or(|(path, _)| *path != case.path) {
                rows.push((case.path.clone(), Row::default()));
            }
            let (_, row) = rows.last_mut().expect("a row was pushed");
            let surprise = try_case(&prepared, operation, &case, row, &mut known);
            survey.surprises.extend(surprise);
        }
        survey.operations.push((*operation, rows));
    }
    survey
}

/// The courses of requests without a member, which many cases share.
type Known = BTreeMap<String, Result<Course, ApiError>>;

/// Tries a case, notes it in its row, and tells when it is not as `values.json` says.
fn try_case(
    prepared: &Prepared,
    operation: &str,
    case: &Case,
    row: &mut Row,
    known: &mut Known,
) -> Option<String> {
    let place = format!("{operation} with {} = {}", case.path, case.value);
    row.required |= case.is_required;
    let course = match (
        Course::of(prepared, operation, &case.request),
        &case.refused,
    ) {
        (Ok(course), None) => course,
        (Err(_), Some(reason)) => {
            let word = case.value.as_str().unwrap_or_default();
            row.refused.push((word.to_owned(), reason.clone()));
            return None;
        }
        (Ok(_), Some(_)) => {
            return Some(format!(
                "{place} is accepted now: take its `refused` out of values.json"
            ));
        }
        (Err(error), None) => {
            return Some(format!(
                "{place} is refused: {error}\n    in {}",
                case.request
            ));
        }
    };
    row.accepted += 1;
    let name = case.path.rsplit('.').next().unwrap_or_default();
    let name = name.trim_end_matches("[]");
    let value = prepared.named(&case.value);
    let shown = course.shows(name, &value);
    let (mut alone, mut differs) = (shown > 0, false);
    for other in [Some(&case.without), case.otherwise.as_ref()]
        .into_iter()
        .flatten()
    {
        let other = known
            .entry(other.to_string())
            .or_insert_with(|| Course::of(prepared, operation, other));
        match other {
            Err(_) => row.needed = true,
            Ok(other) => {
                alone &= shown > other.shows(name, &value);
                differs |= !row.acted_on && course.differs(other, &case.path, &value);
            }
        }
    }
    row.echoed |= alone;
    row.acted_on |= differs;
    None
}
