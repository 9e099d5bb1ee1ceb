//! Images as files.

use std::fs;
use std::io::{self, Read, Write};
use std::process::Command;

use vmtrans_cache::{ContentHash, HashSource};

use crate::support::{key, scratch, settle, temporaries};

#[test]
fn an_image_is_the_plain_file_and_can_be_executed() {
    let scratch = scratch();
    let script = b"#!/bin/sh\necho ran\n";
    let stored = scratch
        .cache
        .put_image(&key(0), |file| file.write_all(script))
        .expect("put");
    assert_eq!(stored.content, ContentHash::of(script));
    for path in [scratch.cache.image_path(&key(0)), stored.path] {
        assert_eq!(fs::read(&path).expect("read"), script);
        let output = Command::new(&path).output().expect("execute");
        assert_eq!(output.stdout, b"ran\n");
    }
    let mut opened = scratch
        .cache
        .open_image(&key(0))
        .expect("open")
        .expect("image");
    let mut content = Vec::new();
    opened.file.read_to_end(&mut content).expect("read");
    assert_eq!(content, script);
}

#[test]
fn a_warm_start_does_not_read_the_image() {
    let scratch = scratch();
    let stored = scratch
        .cache
        .put_image(&key(0), |file| file.write_all(b"image"))
        .expect("put");
    settle();
    scratch
        .cache
        .open_image(&key(0))
        .expect("open")
        .expect("image");
    let (content, source) = scratch.cache.content_hash(&stored.path).expect("hash");
    assert_eq!((content, source), (stored.content, HashSource::Memo));
}

#[test]
fn a_writer_that_fails_leaves_nothing() {
    let scratch = scratch();
    let fail = |file: &mut fs::File| {
        file.write_all(b"half")?;
        Err(io::Error::other("changed its mind"))
    };
    let error = scratch
        .cache
        .put_image(&key(0), fail)
        .expect_err("writer failed");
    let source = std::error::Error::source(&error)
        .expect("source")
        .to_string();
    assert_eq!(source, "changed its mind");
    assert_eq!(
        scratch
            .cache
            .open_image(&key(0))
            .expect("open")
            .map(|image| image.path),
        None
    );
    assert!(temporaries(&scratch.directory).is_empty());
}

#[test]
fn a_replaced_image_stays_whole_for_those_who_have_it() {
    let scratch = scratch();
    scratch
        .cache
        .put_image(&key(0), |file| file.write_all(b"old"))
        .expect("put");
    let mut old = scratch
        .cache
        .open_image(&key(0))
        .expect("open")
        .expect("image");
    scratch
        .cache
        .put_image(&key(0), |file| file.write_all(b"new"))
        .expect("put");
    let mut content = String::new();
    old.file.read_to_string(&mut content).expect("read");
    assert_eq!(content, "old");
    assert!(!old.path.exists());
}
