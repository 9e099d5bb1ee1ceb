//! Fetches packages of Debian's trixie, for any architecture, without touching the machine.
//!
//! apt works as it always does (mirror, proxy and keys are the machine's own, signatures are
//! checked) but with its state, cache and status under `target/apt/`: the machine's dpkg
//! knows nothing of what is fetched here, and no foreign architecture is added to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::manifest::Package;
use crate::process;
use crate::sources::{self, Mirror};

/// The suite that guest packages and QEMU come from.
pub const SUITE: &str = "trixie";

/// apt's own downloader: its transports and proxies, and it checks the hash.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// apt with a private state directory for one architecture.
pub struct Apt {
    folder: PathBuf,
    mirror: Mirror,
    architecture: String,
    updated: bool,
}

impl Apt {
    /// Prepares the state directory; fetches nothing yet.
    pub fn new(folder: PathBuf, architecture: &str) -> Result<Apt> {
        let mirror = sources::find_mirror(Path::new("/etc/apt"))?;
        for part in ["state/lists/partial", "cache/archives/partial", "archives"] {
            let part = folder.join(part);
            std::fs::create_dir_all(&part).with_context(|| format!("{}", part.display()))?;
        }
        for (name, text) in [
            ("status", String::new()),
            ("sources.list", source_line(&mirror, architecture)),
            ("apt.conf", configuration(&folder, architecture)),
        ] {
            let file = folder.join(name);
            std::fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
        }
        Ok(Apt {
            folder,
            mirror,
            architecture: architecture.to_owned(),
            updated: false,
        })
    }

    /// Downloads the file that the manifest pins, by its hash alone; gives its path.
    pub fn pinned(&self, package: &Package) -> Result<PathBuf> {
        let archive = self.folder.join("archives").join(file_name(package));
        let address = format!(
            "{}/pool/{}/{}",
            self.mirror.address.trim_end_matches('/'),
            package.pool,
            file_name(package)
        );
        process::run_quietly(
            self.command(HELPER)
                .args(["download-file", &address])
                .arg(&archive)
                .arg(format!("SHA256:{}", package.sha256)),
        )?;
        Ok(archive)
    }

    /// The newest version of a package and its hash, as the signed index gives them.
    pub fn newest(&mut self, package: &str) -> Result<(String, String)> {
        self.update()?;
        let text = process::output(self.command("apt-cache").args([
            "show",
            "--no-all-versions",
            package,
        ]))?;
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value.map(|value| value.trim().to_owned()).with_context(|| {
                format!(
                    "{package}: the index has no field {name} {}",
                    self.architecture
                )
            })
        };
        Ok((field("Version:")?, field("SHA256:")?))
    }

    /// Downloads a version of a package; gives the path of the `.deb`.
    pub fn download(&mut self, package: &str, version: &str) -> Result<PathBuf> {
        self.update()?;
        let archives = self.folder.join("archives");
        let wanted = format!("{package}={version}");
        process::run_quietly(
            self.command("apt-get")
                .args(["download", &wanted])
                .current_dir(&archives),
        )?;
        // apt writes the version's colon as %3a.
        let name = format!("{package}_{}_", version.replace(':', "%3a"));
        for entry in archives
            .read_dir()
            .with_context(|| format!("{}", archives.display()))?
        {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&name) {
                return Ok(entry.path());
            }
        }
        bail!(
            "{}: no file {name}*.deb after apt-get download",
            archives.display()
        )
    }

    /// Brings the index up to date, once a run.
    fn update(&mut self) -> Result<()> {
        if !self.updated {
            eprintln!(
                "reading Debian {SUITE}'s package index for {}",
                self.architecture
            );
            process::run_quietly(self.command("apt-get").args(["--quiet", "update"]))?;
            self.updated = true;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.folder.join("apt.conf"))
            .env("LC_ALL", "C");
        command
    }
}

/// What the archive calls the `.deb`: versions lose their epoch there.
fn file_name(package: &Package) -> String {
    let version = &package.version;
    let version = version.split_once(':').map_or(&**version, |(_, rest)| rest);
    format!("{}_{version}_{}.deb", package.name, package.architecture)
}

/// The private source: the machine's mirror and keys, our suite.
fn source_line(mirror: &Mirror, architecture: &str) -> String {
    let signed_by = match &mirror.signed_by {
        Some(keyring) => format!(" signed-by={}", keyring.display()),
        None => String::new(),
    };
    format!(
        "deb [arch={architecture}{signed_by}] {} {SUITE} main\n",
        mirror.address
    )
}

/// apt's configuration, read after the machine's own (so a proxy there still holds).
fn configuration(folder: &Path, architecture: &str) -> String {
    let folder = folder.display();
    format!(
        "APT::Architecture \"{architecture}\";\n\
         #clear APT::Architectures;\n\
         APT::Architectures {{ \"{architecture}\"; }};\n\
         APT::Update::Post-Invoke {{}};\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n\
         #clear DPkg::Post-Invoke;\n\
         Dir::State \"{folder}/state\";\n\
         Dir::State::status \"{folder}/status\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         Dir::Etc::sourcelist \"{folder}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::Etc::preferences \"/dev/null\";\n\
         Dir::Etc::preferencesparts \"/dev/null\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         APT::Sandbox::User \"\";\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_the_versions_epoch() {
        let mut package = Package {
            name: "p".to_owned(),
            architecture: "riscv64".to_owned(),
            version: "1:2.3-4+b5".to_owned(),
            sha256: String::new(),
            pool: String::new(),
            folder: String::new(),
        };
        assert_eq!(file_name(&package), "p_2.3-4+b5_riscv64.deb");
        package.version = "2.3-4".to_owned();
        assert_eq!(file_name(&package), "p_2.3-4_riscv64.deb");
    }

    #[test]
    fn the_source_line_carries_the_machines_keyring() {
        let mut mirror = Mirror {
            address: "http://mirror.test/debian".to_owned(),
            signed_by: Some(PathBuf::from("/k.gpg")),
        };
        assert_eq!(
            source_line(&mirror, "riscv64"),
            "deb [arch=riscv64 signed-by=/k.gpg] http://mirror.test/debian trixie main\n"
        );
        mirror.signed_by = None;
        assert_eq!(
            source_line(&mirror, "riscv64"),
            "deb [arch=riscv64] http://mirror.test/debian trixie main\n"
        );
    }
}
