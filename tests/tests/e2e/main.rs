//! Callbacks end to end: over HTTP, against the real binary, under the manual clock.
//!
//! One file for each area. Every test starts a node of its own ([`scenarios::Platform`]).

mod immediate;
