//! Discovery on programs that the guest's compiler makes: what it finds is held against symbols,
//! against what the source says, and against rules that every function obeys.

mod build;
mod functions;
mod hostile;
mod notes;
mod real;
mod tables;
