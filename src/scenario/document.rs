//! A scenario as a whole: from its text to the end of its run.

use serde::Deserialize;
use serde_json::error::Category;
use serde_path_to_error::Track;

use crate::model::object::{object, objects};
use crate::scenario::config::Config;
use crate::scenario::error::{self, Flaw, Position, ScenarioError};
use crate::scenario::run::{Outcome, Run};
use crate::scenario::step::Step;
use crate::scenario::unique::{self, Unreadable};
use crate::scenario::{check, path};
use crate::trace::TraceMode;

/// A scenario that was read and found to be in order.
///
/// ```
/// use wavetank::scenario::{RunOptions, Scenario};
///
/// let scenario = Scenario::from_json(
///     r#"{ "wavetank": 1,
///          "steps": [
///            { "call": "CreateCluster", "input": { "clusterName": "demo" },
///              "expect": { "output": { "cluster": { "clusterName": "demo" } } } } ] }"#,
/// )?;
/// let mut lines = Vec::new();
/// let outcome = scenario.run(&RunOptions::default(), |line| lines.push(line.to_owned()));
/// assert!(outcome.held());
/// assert_eq!(lines.len(), 2);
/// assert!(lines[1].starts_with(r#"{"summary":{"now":0.0,"#));
/// # Ok::<(), wavetank::scenario::ScenarioError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario {
    seed: u64,
    config: Config,
    steps: Vec<Step>,
}

/// How to run a scenario.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// A seed in place of the scenario's own.
    pub seed: Option<u64>,
    /// How much of the trace to keep.
    pub trace: TraceMode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "wavetank")]
    _version: Version,
    #[serde(default)]
    seed: u64,
    #[serde(default, deserialize_with = "object")]
    config: Config,
    #[serde(deserialize_with = "objects")]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            _ => Err(format!(
                "this version reads scenario format 1, not {version}"
            )),
        }
    }
}

impl Scenario {
    /// Reads a scenario and checks all that can be known before it runs.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] for text that is not JSON, for a key, operation, kind of fault or
    /// matcher that does not exist, for a value of the wrong form, and for a reference to a
    /// step that does not come before.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        unique::check(text).map_err(|unreadable| match unreadable {
            Unreadable::Syntax(error) => no_json(&error),
            Unreadable::Twice(flaw) => flaw.in_text(text),
        })?;
        let mut json = serde_json::Deserializer::from_str(text);
        let mut track = Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        let document: Document = object(tracked)
            .map_err(|error| in_text(text, &path::pointer_of(&track.path()), &error))?;
        check::check(&document.steps).map_err(|flaw| flaw.in_text(text))?;
        let scenario = Self {
            seed: document.seed,
            config: document.config,
            steps: document.steps,
        };
        // A configuration that cannot be built is a fault of the file, so it is tried here.
        if let Err(error) = scenario.config.builder(scenario.seed).build() {
            return Err(Flaw::new("/config", error).in_text(text));
        }
        // With another seed a swarm may have more rows.
        match scenario.config.most_faults().validate() {
            Ok(()) => Ok(scenario),
            Err(error) => Err(Flaw::new("/config/faults", error).in_text(text)),
        }
    }

    /// The seed it runs with unless told otherwise.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs every step, and shows `print` one line of JSON for each, then the summary.
    ///
    /// A step that fails does not stop the run. The lines come without a line break.
    ///
    /// # Panics
    ///
    /// Only when the library is at fault.
    pub fn run(&self, options: &RunOptions, mut print: impl FnMut(&str)) -> Outcome {
        let simulation = self
            .config
            .builder(options.seed.unwrap_or(self.seed))
            .trace(options.trace)
            .build()
            .expect("the same configuration was built when the scenario was read, and is good with every seed");
        let mut run = Run::new(simulation, self.config.checks_every_step(), &mut print);
        for step in &self.steps {
            run.step(step);
        }
        run.finish()
    }
}

/// The error of a text that is not JSON.
fn no_json(error: &serde_json::Error) -> ScenarioError {
    let (line, column) = (error.line(), error.column());
    ScenarioError::new(Some(Position { line, column }), &without_place(error))
}

/// The error of a reader that stood at `pointer` of a text that is JSON.
fn in_text(text: &str, pointer: &str, error: &serde_json::Error) -> ScenarioError {
    let message = without_place(error);
    let message = match error.classify() {
        Category::Data => error::in_words(&message),
        // The reader complains of commas and brackets: there is more than it can take, or less than it needs.
        Category::Syntax | Category::Eof | Category::Io => "too many or too few keys or elements",
    };
    Flaw::new(pointer, message).in_text(text)
}

/// What a JSON reader says, without the place, which is told in our own way.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&suffix).unwrap_or(&message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a bad scenario and compares line, column and the beginning of the message.
    fn check_refused(text: &str, line: usize, column: usize, message: &str) {
        let error = Scenario::from_json(text).expect_err(text);
        let found = error
            .position()
            .map(|position| (position.line, position.column));
        assert_eq!(found, Some((line, column)), "{error}");
        assert!(error.message().starts_with(message), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }

    fn in_document(steps: &str) -> String {
        format!("{{\"wavetank\": 1,\n \"steps\": [\n{steps}\n]}}")
    }

    #[test]
    fn text_that_is_not_json_is_refused_where_it_goes_wrong() {
        check_refused("", 1, 0, "EOF while parsing a value");
        check_refused(
            "{\"wavetank\": 1,\n  \"steps\": [}",
            2,
            13,
            "expected value",
        );
        check_refused(
            "{\"wavetank\": 1, \"steps\": []} x",
            1,
            30,
            "trailing characters",
        );
    }

    #[test]
    fn the_document_has_its_keys_and_no_others() {
        check_refused(
            "[1, 0, {}, []]",
            1,
            1,
            "invalid type: sequence, expected an object",
        );
        check_refused(
            "{\"wavetank\": 1, \"config\": [], \"steps\": []}",
            1,
            17,
            "/config: invalid type: sequence, expected an object",
        );
        for part in ["faults", "agents"] {
            let text =
                format!("{{\"wavetank\": 1, \"config\": {{\"{part}\": []}}, \"steps\": []}}");
            let message = format!("/config/{part}: invalid type: sequence, expected an object");
            check_refused(&text, 1, 28, &message);
        }
        check_refused("{\"steps\": []}", 1, 1, "missing field `wavetank`");
        check_refused("{\"wavetank\": 1}", 1, 1, "missing field `steps`");
        check_refused(
            "{\"wavetank\": 2, \"steps\": []}",
            1,
            2,
            "/wavetank: this version reads scenario format 1, not 2",
        );
        check_refused(
            "{\"wavetank\": 1,\n \"sede\": 3, \"steps\": []}",
            2,
            2,
            "/sede: unknown field `sede`, expected one of",
        );
        check_refused(
            "{\"wavetank\": 1, \"seed\": -1, \"steps\": []}",
            1,
            17,
            "/seed: ",
        );
        check_refused(
            "{\"wavetank\": 1, \"config\": {\n\"reads\": {\"lag\": \"soon\"}}, \"steps\": []}",
            2,
            11,
            "/config/reads/lag: `soon` is not a duration",
        );
        check_refused(
            "{\"wavetank\": 1, \"config\": {\"latencies\":\n{\"typo\": \"1s\"}}, \"steps\": []}",
            2,
            2,
            "/config/latencies/typo: unknown latency `typo`",
        );
        check_refused(
            "{\"wavetank\": 1, \"config\": {\"workloads\": [{},\n {\"pul\": \"1s\"}]}, \"steps\": []}",
            2,
            3,
            "/config/workloads/1/pul: unknown field `pul`",
        );
    }

    #[test]
    fn a_plan_that_may_have_too_many_rows_with_another_seed_is_refused() {
        let row = r#"{"when":{"at":"1h"},"fault":{"kind":"ZoneOutage","zone":"a"}}"#;
        let rows = vec![row; 65_533].join(",");
        let with = |swarm: &str| {
            let faults = format!("{{\"plan\":[{rows}],\"swarm\":[{swarm}]}}");
            format!("{{\"wavetank\":1,\"config\":{{\"faults\":{faults}}},\"steps\":[]}}")
        };
        assert!(Scenario::from_json(&with("")).is_ok());
        // Its own seed gives it one of both, and then there are just as many as there may be.
        let error =
            Scenario::from_json(&with("\"zones\",\"clocks\"")).expect_err("it may be too long");
        let expected = "a plan of faults has 65537 rows, and may have 65535";
        assert!(error.message().ends_with(expected), "{error}");
    }

    #[test]
    fn a_wrong_step_is_found_where_it_stands() {
        check_refused(&in_document("{},\n{}"), 3, 1, "/steps/0: a step has one of");
        check_refused(
            &in_document("{\"step\": 1},\n {\"step\": 1, \"wait\": 2}"),
            4,
            14,
            "/steps/1/wait: unknown field `wait`",
        );
        check_refused(
            &in_document("{\"advance\": \"90\"}"),
            3,
            2,
            "/steps/0/advance: `90` is not a duration",
        );
        check_refused(
            &in_document("{\"step\": 1, \"expect\":\n {\"outputs\": {}}}"),
            4,
            3,
            "/steps/0/expect/outputs: unknown field `outputs`",
        );
    }

    #[test]
    fn what_is_not_of_the_form_of_its_place_is_told_so() {
        let in_config = |config: &str| {
            let text = format!("{{\"wavetank\": 1, \"config\": {config}, \"steps\": []}}");
            Scenario::from_json(&text).expect_err(&text).to_string()
        };
        for (config, place) in [
            (
                r#"{"latencies": {"payload": {"uniform": ["1s", "2s"], "choice": []}}}"#,
                "/config/latencies/payload",
            ),
            (
                r#"{"latencies": {"payload": {"uniform": ["1s", "2s", "3s"]}}}"#,
                "/config/latencies/payload/uniform",
            ),
            (
                r#"{"workloads": [{"exitCode": [[1, 2, 3]]}]}"#,
                "/config/workloads/0/exitCode/0",
            ),
        ] {
            let error = in_config(config);
            let wanted = format!("{place}: too many or too few keys or elements");
            assert!(error.contains(&wanted), "{config}: {error}");
        }
        for (config, place) in [
            (
                r#"{"latencies": {"payload": {}}}"#,
                "/config/latencies/payload",
            ),
            (r#"{"workloads": [{"run": {}}]}"#, "/config/workloads/0/run"),
        ] {
            let error = in_config(config);
            assert!(
                error.contains(&format!("{place}: an object with one key")),
                "{config}: {error}"
            );
        }
    }

    #[test]
    fn a_step_that_is_not_of_its_form_is_told_so() {
        for (steps, place, message) in [
            (
                "[]",
                "/steps/0",
                "invalid type: sequence, expected an object",
            ),
            (
                "5",
                "/steps/0",
                "invalid type: integer `5`, expected an object",
            ),
            (
                r#"{"check": true, "expect": {"error": "X"}}"#,
                "/steps/0/expect/error",
                "invalid type: string \"X\", expected an object",
            ),
            (
                r#"{"fault": {"kind": "Slow", "on": {}, "speed": "1/2", "for": "1m"}}"#,
                "/steps/0/fault",
                "an object with one key",
            ),
            (
                r#"{"fault": {"kind": "SpotInterruption"}}"#,
                "/steps/0/fault",
                "a spot interruption takes one of `containerInstance` and `task`",
            ),
            (
                r#"{"call": "CreateCluster", "input": {"clusterName": "a", "clusterName": "b"}}"#,
                "/steps/0/input/clusterName",
                "duplicate field `clusterName`",
            ),
            (
                r#"{"call": "RunTask", "input": {"taskDefinition": "web", "count": "3"}}"#,
                "/steps/0/input/count",
                "invalid type: string \"3\", expected i32",
            ),
        ] {
            let error = Scenario::from_json(&in_document(steps))
                .expect_err(steps)
                .to_string();
            assert!(
                error.contains(&format!("{place}: {message}")),
                "{steps}: {error}"
            );
        }
    }

    #[test]
    fn a_wrong_input_is_found_where_it_stands() {
        check_refused(
            &in_document(
                "{\"call\": \"RunTask\", \"input\": {\"tags\": [{\"key\": \"a\",\n \"vlaue\": 3}]}}",
            ),
            4,
            2,
            "/steps/0/input/tags/0/vlaue: unknown field `vlaue`",
        );
        check_refused(
            &in_document("{\"fault\": {\"kind\": \"Flood\"}}"),
            3,
            2,
            "/steps/0/fault: unknown variant `Flood`",
        );
    }
}
