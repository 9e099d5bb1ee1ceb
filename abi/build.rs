//! Hashes the sources of the contract, so that compiler and runtime know whether they were built
//! from the same one.

use std::path::{Path, PathBuf};

fn main() {
    let mut files = Vec::new();
    for folder in ["src", "../isa/src"] {
        println!("cargo::rerun-if-changed={folder}");
        collect(Path::new(folder), &mut files);
    }
    files.sort();
    let mut hasher = blake3::Hasher::new_derive_key("vmtrans contract of compiler and runtime");
    for file in files {
        let content = std::fs::read(&file).expect("the sources can be read");
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    std::fs::write(
        Path::new(&out).join("contract"),
        hasher.finalize().as_bytes(),
    )
    .expect("the output folder can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder)
        .expect("the sources can be read")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
