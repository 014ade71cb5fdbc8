//! How what is stuck is told.

use std::fmt;

use crate::ledger::host::Power;
use crate::time::SimTime;

use super::stuck::{
    CallStage, ControllerWaitsFor, Lack, Stuck, Unsettled, WaitingContainer, WaitsFor,
};

/// Lines that a report has at most.
const LINES: usize = 50;

impl std::error::Error for Unsettled {}

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, stuck, pending) = (self.at, self.stuck.len(), self.pending);
        write!(
            f,
            "not settled at {at}: {stuck} stuck, {pending} events pending"
        )?;
        for stuck in self.stuck.iter().take(LINES) {
            write!(f, "\n  {stuck}")?;
        }
        if stuck > LINES {
            write!(f, "\n  and {} more", stuck - LINES)?;
        }
        Ok(())
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContainerInstance {
                instance,
                power,
                until,
            } => {
                let why = match power {
                    Power::On => "agent not connected",
                    power => machine(*power),
                };
                write!(f, "{instance}: {why}{}", Until(*until))
            }
            Self::Task {
                task,
                family,
                last_status,
                is_wanted,
                on,
                waits_for,
            } => {
                let wanted = if *is_wanted { "RUNNING" } else { "STOPPED" };
                write!(f, "{task} of {family}, {last_status}, wanted {wanted}, on ")?;
                match on {
                    Some(on) => write!(f, "{on}")?,
                    None => f.write_str("Fargate")?,
                }
                write!(f, ": {waits_for}")
            }
            Self::Controller {
                controller,
                name,
                waits_for,
            } => write!(f, "{controller} {name}: {waits_for}"),
            Self::Replicas { until } => write!(f, "replicas lag until {until}"),
        }
    }
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface { status, until } => {
                write!(f, "network interface {status}{}", Until(*until))
            }
            Self::Machine { power, until } => {
                write!(f, "{}{}", machine(*power), Known(*until))
            }
            Self::Agent { until } => write!(f, "agent not connected{}", Until(*until)),
            Self::Registration { until } => write!(f, "registration{}", Until(*until)),
            Self::Partition { until } => write!(f, "partition until {until}"),
            Self::Message { name, until } => write!(f, "message {name} arrives at {until}"),
            Self::Queue {
                ahead,
                head,
                lacks,
                held_by,
            } => {
                match ahead {
                    0 => f.write_str("first in the queue of its host")?,
                    _ => write!(f, "{ahead} ahead in the queue of its host, {head} first")?,
                }
                f.write_str(", where is missing ")?;
                list(f, lacks)?;
                f.write_str(", held by ")?;
                list(f, held_by)
            }
            Self::Containers(waiting) => list(f, waiting),
            Self::Nothing => f.write_str("nothing is pending that could move it"),
        }
    }
}

/// What a machine is that does not run.
fn machine(power: Power) -> &'static str {
    match power {
        Power::Terminated => "machine is terminated",
        _ => "machine does not run",
    }
}

impl fmt::Display for ControllerWaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restart => f.write_str("crashed"),
            Self::Call {
                call,
                operation,
                attempt,
                next,
                until,
            } => {
                let next = match next {
                    CallStage::Again => "is made",
                    CallStage::Arrives => "arrives",
                    CallStage::Answered => "is answered",
                    CallStage::TimesOut => "times out",
                };
                write!(f, "{call} {operation}, attempt {attempt} {next} at {until}")
            }
            Self::Timer { until } => write!(f, "to be woken for work at {until}"),
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} needed, {} free)",
            self.resource, self.needed, self.free
        )
    }
}

impl fmt::Display for WaitingContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = format!("{:?}", self.phase).to_ascii_lowercase();
        write!(f, "container {} {phase}{}", self.name, Until(self.until))?;
        for (name, condition) in &self.after {
            write!(f, " for {name} to be {condition}")?;
        }
        Ok(())
    }
}

/// Up to when something lasts, if that is known.
struct Until(Option<SimTime>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |at| write!(f, " until {at}"))
    }
}

/// When something is known, if it will be.
struct Known(Option<SimTime>);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |at| write!(f, ", known at {at}"))
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("nothing");
    }
    for (nth, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if nth == 0 { "" } else { ", " })?;
    }
    Ok(())
}
