//! Requests that each try one value of one input member, made from the API as data.
//!
//! The API says which members there are, of which type, with which words and ranges. What it leaves
//! open is in `values.json`: a text that has a grammar, members that a structure can't do without
//! (its `carrier`), what must stand `with` a member in its structure or `beside` it in the request,
//! and the values that are `refused`, with the reason.

use serde_json::{Map, Value, json};

use crate::support::api::Api;

/// One value tried.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Where the member is: `overrides.containerOverrides[].cpu`.
    pub(super) path: String,
    /// What is tried.
    pub(super) value: Value,
    /// The request with it.
    pub(super) request: Value,
    /// The same request without it.
    pub(super) without: Value,
    /// The same request with the value that it has otherwise, if it has one.
    pub(super) otherwise: Option<Value>,
    /// Whether the API says that the member's structure must have it.
    pub(super) is_required: bool,
    /// Why the request is refused, when it is.
    pub(super) refused: Option<String>,
}

/// Something that has the shape asked for, and what it must stand beside.
struct Variant {
    path: String,
    value: Value,
    with: Value,
    without: Option<Value>,
    otherwise: Option<Value>,
    beside: Value,
    is_required: bool,
    refused: Option<String>,
}

/// The values that `values.json` adds to the API.
pub(super) struct Values {
    document: Value,
}

impl Values {
    pub(super) fn read() -> Self {
        let document = serde_json::from_str(include_str!("values.json"));
        Self {
            document: document.expect("the file is JSON"),
        }
    }

    /// What the file says of a structure at a place, or of its shape anywhere.
    fn of_structure(&self, place: &str, shape: &str) -> &Value {
        let known = &self.document["shapes"];
        known.get(place).unwrap_or(&known[shape])
    }

    /// What the file says of a member (and one of its words) at a place, in its shape, or anywhere.
    fn of_member(&self, place: &str, shape: &str, member: &str, word: &str) -> &Value {
        let known = &self.document["members"];
        let names = [
            format!("{place}{word}"),
            format!("{shape}.{member}{word}"),
            format!("*.{member}{word}"),
        ];
        let mut found = names.iter().filter_map(|name| known.get(name));
        found.next().unwrap_or(&Value::Null)
    }
}

/// Every case of an operation, member by member, on top of a good request.
pub(super) fn cases(api: &Api, values: &Values, operation: &str, good: &Value) -> Vec<Case> {
    let generator = Generator { api, values };
    let shape = api.input(operation);
    let variants = generator.of_structure(shape, &format!("{operation}:"), good);
    let case = |variant: Variant| Case {
        path: variant.path,
        value: variant.value,
        request: merged(variant.with, &variant.beside),
        without: merged(variant.without.unwrap_or_default(), &variant.beside),
        otherwise: variant
            .otherwise
            .map(|other| merged(other, &variant.beside)),
        is_required: variant.is_required,
        refused: variant.refused,
    };
    variants.into_iter().map(case).collect()
}

struct Generator<'a> {
    api: &'a Api,
    values: &'a Values,
}

impl Generator<'_> {
    fn of_shape(&self, shape: &str, name: &str, place: &str) -> Vec<Variant> {
        match self.api.kind(shape) {
            "structure" => {
                let carrier = self.carrier(shape, place);
                let mut variants = self.of_structure(shape, &format!("{place}."), &carrier);
                let beside = &self.values.of_structure(place, shape)["beside"];
                for variant in &mut variants {
                    variant.beside = merged(beside.clone(), &variant.beside);
                }
                variants
            }
            "list" => {
                let items = self.of_shape(self.api.inner(shape), name, &format!("{place}[]"));
                let listed = |item: Variant| Variant {
                    path: joined("[]", &item.path),
                    with: json!([item.with]),
                    without: item.without.map(|without| json!([without])),
                    otherwise: item.otherwise.map(|other| json!([other])),
                    ..item
                };
                items.into_iter().map(listed).collect()
            }
            "map" => vec![Variant::of(json!({"key": format!("x-{name}")}))],
            _ => {
                let values = self.scalars(shape, name);
                values.into_iter().map(Variant::of).collect()
            }
        }
    }

    /// One variant for each value of each member of a structure.
    fn of_structure(&self, shape: &str, prefix: &str, carrier: &Value) -> Vec<Variant> {
        let mut variants = Vec::new();
        let required: Vec<&str> = self.api.required(shape).collect();
        for (name, of) in self.api.members(shape) {
            let place = format!("{prefix}{name}");
            let whole = self.values.of_member(&place, shape, name, "");
            let inner = match whole["values"].as_array() {
                Some(values) => values.iter().cloned().map(Variant::of).collect(),
                None => self.of_shape(of, name, &place),
            };
            for variant in inner {
                let word = variant.value.as_str().map(|word| format!("={word}"));
                let special = word.map_or(&Value::Null, |word| {
                    self.values.of_member(&place, shape, name, &word)
                });
                let hint = if special.is_null() { whole } else { special };
                let around = replaced(carrier.clone(), &hint["with"]);
                let inside = variant.without.map(|value| (name, value));
                let other = match (&inside, carrier.get(name)) {
                    (Some(_), _) => {
                        let other = variant.otherwise.map(|other| (name, other));
                        other.map(|other| having(&around, Some(other)))
                    }
                    (None, Some(other)) if *other != variant.with => Some(carrier.clone()),
                    (None, _) => None,
                };
                let refused = hint["refused"].as_str().map(str::to_owned);
                variants.push(Variant {
                    path: joined(name, &variant.path),
                    value: variant.value,
                    with: having(&around, Some((name, variant.with))),
                    is_required: match inside {
                        Some(_) => variant.is_required,
                        None => required.contains(&name),
                    },
                    otherwise: other,
                    without: Some(having(&without_member(&around, name), inside)),
                    beside: merged(hint["beside"].clone(), &variant.beside),
                    refused: refused.or(variant.refused),
                });
            }
        }
        variants
    }

    /// The least that makes a structure good.
    fn carrier(&self, shape: &str, place: &str) -> Value {
        let known = &self.values.of_structure(place, shape)["carrier"];
        if known.is_object() {
            return known.clone();
        }
        let mut members = Map::new();
        for name in self.api.required(shape) {
            let (_, of) = self
                .api
                .members(shape)
                .find(|(known, _)| *known == name)
                .expect("it is a member");
            let known = &self
                .values
                .of_member(&format!("{place}.{name}"), shape, name, "")["values"][0];
            let value = match known {
                Value::Null => self.least(of, name, &format!("{place}.{name}")),
                known => known.clone(),
            };
            members.insert(name.to_owned(), value);
        }
        members.into()
    }

    fn least(&self, shape: &str, name: &str, place: &str) -> Value {
        match self.api.kind(shape) {
            "structure" => self.carrier(shape, place),
            "list" => json!([self.least(self.api.inner(shape), name, &format!("{place}[]"))]),
            "map" => json!({"key": "value"}),
            _ => self.scalars(shape, name).remove(0),
        }
    }

    /// Every word of a list of words, both ends of a range, else something that no other member has.
    fn scalars(&self, shape: &str, name: &str) -> Vec<Value> {
        let definition = self.api.shape(shape);
        if let Some(words) = definition["enum"].as_array() {
            return words.clone();
        }
        let end = |key: &str| definition[key].as_i64();
        match self.api.kind(shape) {
            "string" => match (end("min"), end("max")) {
                (Some(min), Some(max)) => [min, max].map(|length| filled(name, length)).to_vec(),
                _ => vec![format!("x-{name}").into()],
            },
            "boolean" => vec![true.into(), false.into()],
            "integer" | "long" => match (end("min"), end("max")) {
                (None, None) => vec![73.into()],
                (min, max) => [min, max].into_iter().flatten().map(Value::from).collect(),
            },
            "double" => vec![json!(2.5)],
            "timestamp" => vec![json!(1_767_225_605.7)],
            other => panic!("this test doesn't know the type {other}"),
        }
    }
}

impl Variant {
    fn of(value: Value) -> Self {
        Self {
            path: String::new(),
            with: value.clone(),
            value,
            without: None,
            otherwise: None,
            beside: Value::Null,
            is_required: false,
            refused: None,
        }
    }
}

/// A text of that many characters.
fn filled(name: &str, length: i64) -> Value {
    let length = usize::try_from(length).expect("a length is not negative");
    let text: String = format!("x-{name}-").chars().cycle().take(length).collect();
    text.into()
}

fn joined(name: &str, below: &str) -> String {
    match below {
        "" => name.to_owned(),
        "[]" => name.to_owned(), // The items of a plain list go by the list's name.
        list if list.starts_with("[]") => format!("{name}{list}"),
        member => format!("{name}.{member}"),
    }
}

/// The structure with a member, if one is given.
fn having(structure: &Value, member: Option<(&str, Value)>) -> Value {
    let mut structure = structure.clone();
    if let Some((name, value)) = member {
        structure[name] = value;
    }
    structure
}

fn without_member(structure: &Value, name: &str) -> Value {
    let mut members = structure.as_object().cloned().unwrap_or_default();
    members.remove(name);
    members.into()
}

/// The members of `over` in place of those of `value`; `null` takes one away.
fn replaced(value: Value, over: &Value) -> Value {
    let mut members = value.as_object().cloned().unwrap_or_default();
    for (name, value) in over.as_object().into_iter().flatten() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    members.into()
}

/// Both: lists one after the other, members of both, and of two texts the second.
pub(super) fn merged(first: Value, second: &Value) -> Value {
    match (first, second) {
        (first, Value::Null) => first,
        (Value::Array(mut items), Value::Array(more)) => {
            items.extend(more.iter().cloned());
            items.into()
        }
        (Value::Object(mut members), Value::Object(more)) => {
            for (name, value) in more {
                let known = members.remove(name).unwrap_or_default();
                members.insert(name.clone(), merged(known, value));
            }
            members.into()
        }
        (_, second) => second.clone(),
    }
}
