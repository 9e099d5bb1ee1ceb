//! Reads the machine's apt sources, in both formats, to find its Debian mirror.
//!
//! The project names no mirror of its own: a build farm, a container and a laptop each have
//! the one that works there. Only the text is looked at here; nothing is fetched.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Suites that are Debian's own archive; derivatives and vendors use other names.
const DEBIAN_SUITES: [&str; 11] = [
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "experimental",
];

/// Where a Debian archive is, and which keys sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The archive's address, as the machine's own sources give it.
    pub address: String,
    /// The keyring, where the sources name one; otherwise apt's default keys hold.
    pub signed_by: Option<PathBuf>,
}

/// Finds the mirror in `/etc/apt`.
pub fn find_mirror(etc_apt: &Path) -> Result<Mirror> {
    let mut files = vec![etc_apt.join("sources.list")];
    let parts = etc_apt.join("sources.list.d");
    if parts.is_dir() {
        let entries = parts
            .read_dir()
            .with_context(|| format!("{}", parts.display()))?;
        for entry in entries {
            files.push(entry?.path());
        }
    }
    files.sort();
    for file in files {
        let Some(extension) = file.extension().and_then(|extension| extension.to_str()) else {
            continue;
        };
        if !file.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let mirror = match extension {
            "sources" => in_deb822(&text),
            "list" => in_lines(&text),
            _ => None,
        };
        if let Some(mirror) = mirror {
            return Ok(mirror);
        }
    }
    bail!(
        "{}: no source with a Debian suite and the component main, found in neither \
         sources.list nor sources.list.d",
        etc_apt.display()
    )
}

/// The first usable entry of a `.list` file: `deb [options] address suite component…`.
fn in_lines(text: &str) -> Option<Mirror> {
    text.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        let rest = line.strip_prefix("deb ")?.trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace();
        let (address, suite) = (words.next()?, words.next()?);
        let signed_by = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .and_then(keyring);
        let usable = is_debian(suite) && words.any(|component| component == "main");
        usable.then(|| Mirror {
            address: address.to_owned(),
            signed_by,
        })
    })
}

/// The first usable paragraph of a deb822 `.sources` file.
fn in_deb822(text: &str) -> Option<Mirror> {
    paragraphs(text).into_iter().find_map(|fields| {
        let field = |name: &str| {
            let found = fields
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let has = |name: &str, word: &str| {
            field(name).is_some_and(|value| value.split_whitespace().any(|found| found == word))
        };
        let enabled = field("Enabled").is_none_or(|value| value.trim() != "no");
        let debian = field("Suites")?.split_whitespace().any(is_debian);
        if !(enabled && debian && has("Types", "deb") && has("Components", "main")) {
            return None;
        }
        let address = field("URIs")?.split_whitespace().next()?.to_owned();
        Some(Mirror {
            address,
            signed_by: field("Signed-By").and_then(keyring),
        })
    })
}

/// Splits deb822 text into paragraphs of fields; a continuation line joins its field.
fn paragraphs(text: &str) -> Vec<Vec<(String, String)>> {
    let mut paragraphs = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(fields) = paragraphs.last_mut() else {
            break;
        };
        if line.trim().is_empty() {
            paragraphs.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            fields.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    paragraphs
}

fn is_debian(suite: &str) -> bool {
    DEBIAN_SUITES.contains(&suite)
}

/// A keyring is a path; a key written into the source itself, or a fingerprint, is not, and
/// then apt's default keys are tried.
fn keyring(value: &str) -> Option<PathBuf> {
    let first = value.split([',', '\n']).next()?.trim();
    first.starts_with('/').then(|| PathBuf::from(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(address: &str, signed_by: Option<&str>) -> Option<Mirror> {
        Some(Mirror {
            address: address.to_owned(),
            signed_by: signed_by.map(PathBuf::from),
        })
    }

    #[test]
    fn deb822_with_a_keyring() {
        let text = "Types: deb\n# a remark\nURIs: http://mirror.test/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main\n\
                    Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        assert_eq!(
            in_deb822(text),
            mirror("http://mirror.test/debian", Some(keyring))
        );
    }

    #[test]
    fn deb822_passes_over_disabled_security_and_vendor_paragraphs() {
        let text = "Types: deb\nEnabled: no\nURIs: http://off.test\nSuites: trixie\n\
                    Components: main\n\nTypes: deb\nURIs: http://security.test\n\
                    Suites: trixie-security\nComponents: main\n\nTypes: deb\n\
                    URIs: http://vendor.test\nSuites: nodistro\nComponents: main\n\n\
                    Types: deb deb-src\nURIs: http://good.test\n\thttp://second.test\n\
                    suites: trixie\nComponents: contrib main\nSigned-By:\n -----BEGIN KEY\n .\n";
        assert_eq!(in_deb822(text), mirror("http://good.test", None));
    }

    #[test]
    fn lines_with_and_without_options() {
        let text = "# deb http://off.test trixie main\ndeb-src http://src.test trixie main\n\
                    deb http://vendor.test bookworm stable\n\
                    deb [arch=amd64 signed-by=/k.gpg] http://good.test/debian bookworm main # x\n";
        assert_eq!(
            in_lines(text),
            mirror("http://good.test/debian", Some("/k.gpg"))
        );
        let plain = "deb http://good.test/debian stable main contrib";
        assert_eq!(in_lines(plain), mirror("http://good.test/debian", None));
    }

    #[test]
    fn a_machine_without_debian_says_so() {
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::write(
            folder.path().join("sources.list"),
            "deb http://x.test jammy main\n",
        )
        .expect("write");
        let error = find_mirror(folder.path()).expect_err("jammy is no Debian suite");
        assert!(
            error.to_string().contains("no source with a Debian suite"),
            "{error}"
        );
    }

    #[test]
    fn both_formats_are_found_on_disk() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let parts = folder.path().join("sources.list.d");
        std::fs::create_dir(&parts).expect("create");
        std::fs::write(
            parts.join("x.list.disabled"),
            "deb http://off.test sid main",
        )
        .expect("w");
        std::fs::write(parts.join("y.list"), "deb http://on.test sid main").expect("write");
        let found = find_mirror(folder.path()).expect("a mirror");
        assert_eq!(Some(found), mirror("http://on.test", None));
    }
}
