//! Tests of the cache as its users see it, and of what happens when things go wrong: processes
//! killed, bits flipped, disks full, directories of someone else.

mod children;
mod code_map;
mod damage;
mod identity;
mod images;
#[cfg(feature = "index")]
mod index;
mod kill;
mod objects;
mod refusals;
mod support;
mod upkeep;
