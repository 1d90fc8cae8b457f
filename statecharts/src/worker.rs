//! The script engine of one thread.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::{Failure, Limits};

/// The script engine of one thread: one runtime, one context per chart, the live scopes of its sessions.
#[derive(Debug)]
pub struct Worker {
    limits: Limits,
    /// Stays on its thread.
    pinned: PhantomData<Rc<()>>,
}

impl Worker {
    /// A worker with these limits.
    ///
    /// # Errors
    /// When the script engine cannot be set up.
    pub fn new(limits: Limits) -> Result<Self, Failure> {
        Ok(Self {
            limits,
            pinned: PhantomData,
        })
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
