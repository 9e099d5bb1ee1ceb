//! Content-addressed store of units and images.
//!
//! A [`Cache`] keeps what the translator made under a [`Key`] of what it was made from. A reader
//! opens one file, checks who owns it and that its content is what its name and header say, and
//! takes it; no lock, no index, no daemon and no directory scan is in the way. Whatever fails
//! the check is reported, removed and never returned.
//!
//! ```text
//! units/ab/cdef…              header and payload of a unit
//! images/ab/cdef…             symbolic link to the image stored last under this key
//! images/ab/cdef….<content>   an image, a plain file that can be mapped or executed
//! identity/ab/cdef…           which content a file had when it was last hashed
//! codemap/<content>           entries of a guest that translated code missed
//! spool/                      what was used since the index was last brought up to date
//! index/                      sled: when each object was last used, and how often
//! ```
//!
//! It deliberately does not know what a unit or a guest is, nor anything of ELF or LLVM.
//!
//! Several processes may do anything at once. Objects appear by rename, so a reader sees a
//! whole one or none; the loser of a race between a reader and a cleaner finds a miss.

mod codemap;
mod config;
mod error;
mod identity;
mod image;
#[cfg_attr(not(feature = "index"), path = "index_left_out.rs")]
mod index;
mod key;
mod layout;
mod maintenance;
mod publish;
mod record;
mod scan;
mod spool;
mod store;
mod trust;
mod unit;
mod usage;

pub use codemap::{Appended, CodeMap};
pub use config::{Config, Durability};
pub use error::{Damage, Error, Result};
pub use identity::{FileIdentity, HashSource};
pub use image::StoredImage;
pub use key::{ContentHash, Key, KeyBuilder, ParseHashError, image_key};
pub use layout::Kind;
pub use maintenance::{Cleaned, Entry, IndexState, Limits, Maintenance, Stats, Tally, Verified};
pub use store::{Cache, Lookup};
