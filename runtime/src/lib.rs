//! Runs guests: memory, system calls, signals, dispatch between compiled code and the interpreter.
//!
//! It deliberately does not link LLVM and knows nothing of translation: an image is a file that it
//! maps. It must start in about a millisecond.

mod bus;
mod code_cache;
mod dispatch;
mod entry;
mod exit;
mod floats;
pub mod guest_memory;
pub mod image;
pub mod linux;
mod miss;
mod report;
mod signals;
mod stack;
mod start;
mod thread;

pub use image::{ImageError, ImageFile, looks_like_image};
pub use start::{RunConfig, RunError, Watch, run};
