//! Every integration test, as one binary: one module for each thing that is claimed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "tests read files, the environment and statistics; only the library must not"
)]

mod account_settings;
mod activation;
mod attributes;
mod awsvpc;
mod baselines;
mod call_faults;
mod capabilities;
mod client_tokens;
mod clusters;
mod conformance;
mod consistency;
mod container_edges;
mod container_instances;
mod containers;
mod controllers;
mod controllers_at_rest;
mod corpus;
mod definition_life;
mod definition_lists;
mod definition_model;
mod definition_rules;
mod determinism;
mod draining;
mod drive;
mod explanations;
mod fargate_rules;
mod fault_plans;
mod faults;
mod golden;
mod great_ledgers;
mod heal;
mod health;
mod hosts;
mod images;
mod indexes;
mod instance_health;
mod launch_types;
mod lifecycle;
mod listing;
mod member_of;
mod memory;
mod metamorphic;
mod metamorphic_many;
mod mutations;
mod oracle;
mod override_rules;
mod packing;
mod partitions;
mod placement;
mod placement_rules;
mod plan_rules;
mod ports;
mod presets;
mod promises;
mod properties;
mod query_language;
mod reads;
mod refusals;
mod replay;
mod run_task;
mod scenarios;
mod scheduler_errors;
mod scheduler_views;
mod scheduler_wrappers;
mod start_stop;
mod state_changes;
mod stop_choice;
mod stories;
mod support;
mod tags;
mod task_definitions;
mod teaching_controllers;
mod tidy;
mod timeline;
mod two_ledgers;
mod weather;
mod workloads;
