//! The workload on simcore, the core of DSLab: one component that sends events to itself.
//!
//! Its clock is an `f64`; counting nanoseconds in it is exact as long as they are fewer than 2⁵³.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event, EventHandler, Simulation, SimulationContext, cast};

use crate::core::{Candidate, Model};

#[derive(Clone, Serialize)]
struct Due {
    whom: u32,
}

struct Component {
    context: SimulationContext,
    model: Model,
}

impl EventHandler for Component {
    fn on(&mut self, event: Event) {
        let now = event.time as u64;
        cast!(match event.data {
            Due { whom } => {
                let (delay, whom) = self.model.event(now, whom);
                self.context.emit_self(Due { whom }, delay as f64);
            }
        })
    }
}

pub struct Simcore {
    simulation: Simulation,
    component: Rc<RefCell<Component>>,
}

impl Simcore {
    pub fn new(pending: u32) -> Self {
        let mut simulation = Simulation::new(0);
        let context = simulation.create_context("hold");
        let mut model = Model::new(pending);
        for _ in 0..pending {
            let (delay, whom) = model.next();
            context.emit_self(Due { whom }, delay as f64);
        }
        let component = Rc::new(RefCell::new(Component { context, model }));
        simulation.add_handler("hold", component.clone());
        Self {
            simulation,
            component,
        }
    }
}

impl Candidate for Simcore {
    fn run_to(&mut self, time: u64) {
        self.simulation.step_until_time(time as f64);
    }

    fn checksum(&self) -> u64 {
        self.component.borrow().model.checksum
    }
}
