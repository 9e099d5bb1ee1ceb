//! Code discovery.
