//! Whatever happens to a file of an object, it is found, said in a line, removed, and a miss.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use vmtrans_cache::{Damage, Kind, Lookup};

use crate::support::{Scratch, is_root, key, overwrite, path_of, scratch, set_age, settle, skip};

const PAYLOAD: &[u8] = b"payload of an object";

/// Damages the file of a fresh object and returns what the cache says.
fn after(scratch: &Scratch, kind: Kind, damage: impl FnOnce(&Path)) -> Damage {
    scratch.cache.put(kind, &key(0), PAYLOAD).expect("put");
    let directory = if kind == Kind::Unit {
        "units"
    } else {
        "images"
    };
    let object = path_of(&scratch.directory, directory, &key(0));
    let file = object.canonicalize().expect("file of object");
    damage(&file);
    let found = match scratch.cache.lookup(kind, &key(0)) {
        Lookup::Damaged(found) => found,
        other => panic!("{kind}: {other:?}"),
    };
    assert_eq!(found.path, file);
    assert!(found.removed, "{found}");
    assert!(!found.to_string().contains('\n'), "{found}");
    assert!(
        matches!(scratch.cache.lookup(kind, &key(0)), Lookup::Missing),
        "{kind}"
    );
    found
}

#[test]
fn every_changed_byte_is_found() {
    let scratch = scratch();
    for (kind, header) in [(Kind::Unit, 88), (Kind::Image, 0)] {
        for position in 0..header + PAYLOAD.len() {
            for change in [0x01, 0x80, 0xff] {
                after(&scratch, kind, |file| {
                    let mut content = fs::read(file).expect("read");
                    assert_eq!(content.len(), header + PAYLOAD.len());
                    content[position] ^= change;
                    overwrite(file, &content);
                });
            }
        }
    }
}

#[test]
fn every_other_length_is_found() {
    let scratch = scratch();
    for (kind, header) in [(Kind::Unit, 88), (Kind::Image, 0)] {
        let whole = header + PAYLOAD.len();
        for length in (0..whole).chain([whole + 1, whole + 4096]) {
            after(&scratch, kind, |file| {
                let mut content = fs::read(file).expect("read");
                content.resize(length, 0);
                overwrite(file, &content);
            });
        }
    }
}

#[test]
fn an_image_changed_behind_a_settled_memo_is_found() {
    let scratch = scratch();
    let found = after(&scratch, Kind::Image, |file| {
        settle();
        // Now the memo knows the file.
        scratch
            .cache
            .open_image(&key(0))
            .expect("open")
            .expect("image");
        let modified = fs::metadata(file).and_then(|m| m.modified()).expect("time");
        overwrite(file, &[b'x'; PAYLOAD.len()]);
        fs::File::open(file)
            .and_then(|f| f.set_modified(modified))
            .expect("set time");
    });
    assert!(found.found.starts_with("content hash "), "{found}");
}

#[test]
fn an_object_under_the_name_of_another_is_found() {
    let scratch = scratch();
    scratch
        .cache
        .put(Kind::Unit, &key(1), b"another")
        .expect("put");
    let other = path_of(&scratch.directory, "units", &key(1));
    let found = after(&scratch, Kind::Unit, |file| {
        fs::rename(&other, file).expect("rename");
    });
    assert!(found.found.starts_with("key "), "{found}");
}

#[test]
fn files_that_others_can_write_are_not_believed() {
    let scratch = scratch();
    for kind in Kind::ALL {
        for mode in [0o420, 0o402, 0o622, 0o777] {
            let found = after(&scratch, kind, |file| {
                fs::set_permissions(file, Permissions::from_mode(mode)).expect("chmod");
            });
            assert_eq!(found.found, format!("mode {mode:04o}"));
        }
        if is_root() {
            let found = after(&scratch, kind, |file| {
                chown(file, Some(54321), None).expect("chown");
            });
            assert_eq!(found.found, "owner user 54321");
        } else {
            skip("only root can give files to another user");
        }
    }
}

#[test]
fn links_and_special_files_are_not_followed() {
    let scratch = scratch();
    for kind in Kind::ALL {
        let elsewhere = scratch.directory.join("elsewhere");
        fs::create_dir_all(&scratch.directory).expect("mkdir");
        // It would be sound if it were followed.
        scratch.cache.put(kind, &key(0), PAYLOAD).expect("put");
        let directory = if kind == Kind::Unit {
            "units"
        } else {
            "images"
        };
        fs::copy(path_of(&scratch.directory, directory, &key(0)), &elsewhere).expect("copy");
        let replace = |by: &dyn Fn(&Path)| {
            scratch.cache.put(kind, &key(0), PAYLOAD).expect("put");
            let directory = if kind == Kind::Unit {
                "units"
            } else {
                "images"
            };
            let object = path_of(&scratch.directory, directory, &key(0));
            fs::remove_file(&object).expect("remove");
            by(&object);
            match scratch.cache.lookup(kind, &key(0)) {
                Lookup::Damaged(found) => found,
                other => panic!("{kind}: {other:?}"),
            }
        };
        let found = replace(&|path| symlink(&elsewhere, path).expect("symlink"));
        assert!(
            found.to_string().contains("link") && found.removed,
            "{found}"
        );
        replace(&|path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.is_ok_and(|status| status.success()), "mkfifo");
        });
        let found = replace(&|path| fs::create_dir(path).expect("mkdir"));
        assert!(!found.removed && found.found == "a directory", "{found}");
        let error = scratch
            .cache
            .put(kind, &key(0), PAYLOAD)
            .expect_err("directory in the way");
        assert!(error.to_string().contains("could not be"), "{error}");
        assert_eq!(
            crate::support::temporaries(&scratch.directory),
            Vec::<std::path::PathBuf>::new()
        );
        fs::remove_dir(path_of(
            &scratch.directory,
            if kind == Kind::Unit {
                "units"
            } else {
                "images"
            },
            &key(0),
        ))
        .expect("rmdir");
    }
}

#[test]
fn a_link_to_the_image_of_another_key_is_found() {
    let scratch = scratch();
    let image = scratch
        .cache
        .put_image(&key(1), |_| Ok(()))
        .expect("put")
        .path;
    let link = scratch.cache.image_path(&key(0));
    fs::create_dir_all(link.parent().expect("parent")).expect("mkdir");
    for target in [&*image, Path::new(image.file_name().expect("name"))] {
        symlink(target, &link).expect("symlink");
        match scratch.cache.lookup_image(&key(0)) {
            Lookup::Damaged(damage) => assert!(damage.removed, "{damage}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(
        scratch
            .cache
            .lookup_image(&key(1))
            .into_result()
            .expect("whole")
            .is_some()
    );
}

#[test]
fn a_link_that_someone_else_made_is_found() {
    if !is_root() {
        return skip("only root can give links to another user");
    }
    let scratch = scratch();
    scratch.cache.put_image(&key(0), |_| Ok(())).expect("put");
    std::os::unix::fs::lchown(scratch.cache.image_path(&key(0)), Some(54321), None)
        .expect("lchown");
    match scratch.cache.lookup_image(&key(0)) {
        Lookup::Damaged(found) => assert_eq!(found.found, "owner user 54321"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn verification_reports_what_is_damaged_and_removes_it_if_told() {
    let scratch = scratch();
    for number in 0..20 {
        scratch
            .cache
            .put(Kind::Unit, &key(number), &number.to_le_bytes())
            .expect("put");
        let write = |file: &mut fs::File| std::io::Write::write_all(file, &number.to_le_bytes());
        scratch.cache.put_image(&key(number), write).expect("put");
    }
    settle();
    for number in 0..20 {
        scratch
            .cache
            .open_image(&key(number))
            .expect("open")
            .expect("image");
    }
    let unit = path_of(&scratch.directory, "units", &key(3));
    overwrite(&unit, b"no unit");
    let image = scratch
        .cache
        .image_path(&key(4))
        .canonicalize()
        .expect("image");
    overwrite(&image, b"no image");
    // Times are no witness here.
    set_age(&image, std::time::Duration::from_secs(9));

    for (remove, damaged) in [(false, 2), (true, 2), (false, 0)] {
        let upkeep = scratch.cache.maintain().expect("maintain");
        let mut paths = Vec::new();
        let verified = upkeep.verify(remove, |damage| {
            assert_eq!(damage.removed, remove, "{damage}");
            paths.push(damage.path.clone());
        });
        assert_eq!((verified.sound.count, verified.damaged), (38, damaged));
        assert!(verified.failures.is_empty(), "{:?}", verified.failures);
        assert!(
            damaged == 0 || (paths.contains(&unit) && paths.contains(&image)),
            "{paths:?}"
        );
    }
}
