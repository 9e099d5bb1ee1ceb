//! Images: mapping them, finding the code for a guest address in them, and what is known of a
//! host address in them. Nothing in an image is relocated or parsed but its headers.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::linux::private_copy;
use object::LittleEndian;
use object::elf::{FileHeader64, PF_W, PF_X, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use thiserror::Error;
use vmtrans_abi::{
    CONTRACT, IMAGE_MAGIC, LineEntry, Manifest, PT_VMTRANS, feature_names, host_features,
};

/// Where headers and manifest are.
const PAGE: usize = 4096;

/// What is wrong with an image. Whoever prints it names the file.
#[derive(Debug, Error)]
pub enum ImageError {
    /// It cannot be read or mapped.
    #[error("{}: cannot be {done}: {source}", path.display())]
    Io {
        /// The image.
        path: PathBuf,
        /// What was tried.
        done: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// It is something else.
    #[error("{}: {found}, expected an image or a program for riscv64", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// Another build of vmtrans made it.
    #[error("{}: is an image of another version of vmtrans, expected one of this; compile it anew", path.display())]
    OtherVersion {
        /// The image.
        path: PathBuf,
    },
    /// It was made for another host.
    #[error("{}: needs the CPU features {needed}, which this host does not have", path.display())]
    OtherHost {
        /// The image.
        path: PathBuf,
        /// What is missing.
        needed: String,
    },
    /// A byte of it changed.
    #[error("{}: its content has the hash {found}, expected {expected}", path.display())]
    Damaged {
        /// The image.
        path: PathBuf,
        /// BLAKE3 in hexadecimal.
        found: String,
        /// BLAKE3 in hexadecimal.
        expected: String,
    },
}

/// An image that was opened and whose headers make sense.
#[derive(Debug)]
pub struct ImageFile {
    /// It.
    pub file: File,
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    segments: Vec<Segment>,
    manifest_at: usize,
    length: u64,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    address: u64,
    offset: u64,
    length: u64,
    executable: bool,
}

/// Whether a file starts like an image: an x86-64 ELF file. The rest shows when it is opened.
pub fn looks_like_image(header: &[u8]) -> bool {
    header.starts_with(b"\x7fELF\x02\x01") && header.get(18..20) == Some(&[62, 0])
}

impl ImageFile {
    /// Opens an image and checks its headers, not its content.
    ///
    /// # Errors
    /// [`ImageError`] for anything that is not an image of this version for this host.
    pub fn open(file: File, path: &Path) -> Result<ImageFile, ImageError> {
        let io_error = |done| {
            move |source| ImageError::Io {
                path: path.into(),
                done,
                source,
            }
        };
        let length = file.metadata().map_err(io_error("inspected"))?.len();
        let mut head = vec![0; PAGE];
        let read = read_up_to(&file, &mut head).map_err(io_error("read"))?;
        let other = |found: String| ImageError::NotAnImage {
            path: path.into(),
            found,
        };
        let (segments, at) = headers(&head[..read]).map_err(other)?;
        let bytes = usize::try_from(at)
            .ok()
            .and_then(|at| head.get(at..at + size_of::<Manifest>()));
        let bytes = bytes.ok_or_else(|| other("has no manifest in its first page".into()))?;
        // SAFETY: a manifest is integers and arrays of bytes only, so any bytes are one.
        let manifest = unsafe { bytes.as_ptr().cast::<Manifest>().read_unaligned() };
        let manifest_at = usize::try_from(at).unwrap_or(0);
        let image = ImageFile {
            file,
            path: path.into(),
            manifest,
            segments,
            manifest_at,
            length,
        };
        image.check()?;
        Ok(image)
    }

    fn check(&self) -> Result<(), ImageError> {
        let m = &self.manifest;
        let path = || self.path.clone();
        let other = |found: &str| ImageError::NotAnImage {
            path: path(),
            found: found.into(),
        };
        if m.magic != IMAGE_MAGIC {
            return Err(other("has no manifest"));
        }
        if m.contract != *CONTRACT {
            return Err(ImageError::OtherVersion { path: path() });
        }
        let missing = m.host_features & !host_features();
        if missing != 0 {
            let needed = feature_names(missing).join(" ");
            return Err(ImageError::OtherHost {
                path: path(),
                needed,
            });
        }
        let inside =
            |offset: u64, length: u64| offset.checked_add(length).is_some_and(|e| e <= self.length);
        let segments = self.segments.iter().all(|s| inside(s.offset, s.length));
        let lines = m
            .lines_count
            .checked_mul(8)
            .is_some_and(|l| inside(m.lines_offset, l));
        if !segments || !lines || !inside(m.guest_offset, m.guest_length) {
            return Err(other("is cut short"));
        }
        let covered = |start: u64, length: u64| {
            let end = start.checked_add(length);
            self.segments.iter().any(|s| {
                start >= s.address && end.is_some_and(|e| e <= s.address.saturating_add(s.length))
            })
        };
        let table = m
            .text_length
            .checked_mul(2)
            .is_some_and(|l| covered(m.table, l));
        if !table || !covered(m.code_start, m.code_length) {
            return Err(other("has a table or code outside of its segments"));
        }
        Ok(())
    }

    /// BLAKE3 of the content, computed as the linker did: without the hash itself.
    ///
    /// # Errors
    /// [`ImageError::Io`], [`ImageError::Damaged`].
    pub fn verify(&self) -> Result<(), ImageError> {
        let io_error = |source| ImageError::Io {
            path: self.path.clone(),
            done: "read",
            source,
        };
        let mut content = vec![0; usize::try_from(self.length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut content, 0).map_err(io_error)?;
        let expected = self.manifest.image_hash;
        let at = self.manifest_at + std::mem::offset_of!(Manifest, image_hash);
        content[at..at + 32].fill(0);
        let found = blake3::hash(&content);
        if *found.as_bytes() == expected {
            return Ok(());
        }
        let expected = blake3::Hash::from_bytes(expected).to_hex().to_string();
        let found = found.to_hex().to_string();
        Err(ImageError::Damaged {
            path: self.path.clone(),
            found,
            expected,
        })
    }

    /// Maps the image. `shift` is what is added to its linked addresses.
    ///
    /// # Errors
    /// [`ImageError::Io`].
    pub fn map(self, shift: u64) -> Result<Image, ImageError> {
        for s in self.segments.iter().filter(|s| s.length > 0) {
            let mut protection = ProtFlags::READ;
            if s.executable {
                protection |= ProtFlags::EXEC;
            }
            let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
            let address =
                usize::try_from(s.address.wrapping_add(shift)).expect("hosts have 64 bits");
            let length = usize::try_from(s.length).expect("hosts have 64 bits");
            let pointer = std::ptr::without_provenance_mut(address);
            // SAFETY: it replaces no mapping, so nothing of ours changes.
            unsafe { mmap(pointer, length, protection, flags, &self.file, s.offset) }.map_err(
                |e| ImageError::Io {
                    path: self.path.clone(),
                    done: "mapped",
                    source: e.into(),
                },
            )?;
        }
        let kept = private_copy(&self.file).map_err(|source| ImageError::Io {
            path: self.path.clone(),
            done: "kept open",
            source,
        })?;
        let file = ImageFile {
            file: kept.into(),
            ..self
        };
        let m = file.manifest;
        Ok(Image {
            text: m.text_base.wrapping_add(shift)..m.text_base.wrapping_add(shift) + m.text_length,
            table: m.table.wrapping_add(shift),
            code_base: if m.code_base == 0 {
                0
            } else {
                m.code_base.wrapping_add(shift)
            },
            code: m.code_start.wrapping_add(shift)
                ..m.code_start.wrapping_add(shift) + m.code_length,
            shift,
            file,
        })
    }
}

fn read_up_to(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], read as u64)? {
            0 => break,
            n => read += n,
        }
    }
    Ok(read)
}

fn headers(head: &[u8]) -> Result<(Vec<Segment>, u64), String> {
    let header = FileHeader64::<LittleEndian>::parse(head).map_err(|e| e.to_string())?;
    let programs = header
        .program_headers(LittleEndian, head)
        .map_err(|e| e.to_string())?;
    let is_manifest = |p: &&_| ProgramHeader::p_type(*p, LittleEndian).0 == PT_VMTRANS;
    let manifest = programs.iter().find(is_manifest);
    let manifest = manifest.ok_or("is a program for x86-64")?;
    let mut segments = Vec::new();
    for p in programs {
        let (address, offset) = (p.p_vaddr(LittleEndian), p.p_offset(LittleEndian));
        let length = p.p_filesz(LittleEndian);
        let flags = p.p_flags(LittleEndian);
        if p.p_type(LittleEndian) == PT_LOAD {
            if flags.0 & PF_W.0 != 0 {
                return Err("has a writable segment".into());
            }
            let executable = flags.0 & PF_X.0 != 0;
            segments.push(Segment {
                address,
                offset,
                length,
                executable,
            });
        }
    }
    Ok((segments, manifest.p_offset(LittleEndian)))
}

/// An image that is mapped.
#[derive(Debug)]
pub struct Image {
    /// Guest addresses that its table covers.
    pub text: Range<u64>,
    /// Host addresses of its code.
    pub code: Range<u64>,
    table: u64,
    code_base: u64,
    shift: u64,
    file: ImageFile,
}

impl Image {
    /// The host code for a guest address.
    #[inline]
    pub fn look_up(&self, pc: u64) -> Option<u64> {
        if !self.text.contains(&pc) || pc & 1 != 0 {
            return None;
        }
        let at = self.table + (pc - self.text.start) * 2;
        let pointer = std::ptr::with_exposed_provenance::<u32>(usize::try_from(at).ok()?);
        // SAFETY: the table is mapped, and has an entry for each even address in `text`.
        match unsafe { pointer.read() } {
            0 => None,
            entry => Some(self.code_base + u64::from(entry)),
        }
    }

    /// The guest instruction that host code belongs to.
    pub fn guest_pc(&self, host: u64) -> Option<u64> {
        let count = self.file.manifest.lines_count;
        let wanted = u32::try_from(host.checked_sub(self.code.start)?).ok()?;
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = (low + high) / 2;
            if self.line(middle)?.host <= wanted {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let line = self.line(low.checked_sub(1)?)?;
        (line.guest != u32::MAX).then(|| self.text.start + u64::from(line.guest))
    }

    fn line(&self, index: u64) -> Option<LineEntry> {
        let mut bytes = [0; 8];
        let at = self.file.manifest.lines_offset + index * 8;
        self.file.file.read_exact_at(&mut bytes, at).ok()?;
        let [a, b, c, d, e, f, g, h] = bytes;
        Some(LineEntry {
            host: u32::from_le_bytes([a, b, c, d]),
            guest: u32::from_le_bytes([e, f, g, h]),
        })
    }

    /// Whether state is exact at every access to memory.
    pub fn has_exact_faults(&self) -> bool {
        self.file.manifest.exact_faults != 0
    }

    fn unmap(&self) {
        for s in self.file.segments.iter().filter(|s| s.length > 0) {
            let address = s.address.wrapping_add(self.shift);
            let address = usize::try_from(address).expect("hosts have 64 bits");
            let length = usize::try_from(s.length).expect("hosts have 64 bits");
            // SAFETY: this image was mapped there, and by the caller's promise nothing uses it.
            let result = unsafe { munmap(std::ptr::without_provenance_mut(address), length) };
            debug_assert!(result.is_ok(), "an image is a mapping");
        }
    }

    /// What was added to the guest's addresses.
    pub fn shift(&self) -> u64 {
        self.shift
    }
}

/// The images of a process; today at most one.
#[derive(Debug, Default)]
pub struct Images {
    one: AtomicPtr<Image>,
    /// The one that was given up, which is mapped where another may want to be.
    former: AtomicPtr<Image>,
    given_up: AtomicU32,
}

impl Images {
    /// Adds an image for as long as the process lives.
    pub fn add(&self, image: Image) {
        self.one
            .store(Box::into_raw(Box::new(image)), Ordering::Release);
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.one.load(Ordering::Acquire).is_null()
    }

    /// The one that there is.
    #[inline]
    pub fn get(&self) -> Option<&Image> {
        // SAFETY: null or from `Box::into_raw`, and never freed.
        unsafe { self.one.load(Ordering::Acquire).as_ref() }
    }

    /// The host code for a guest address.
    #[inline]
    pub fn look_up(&self, pc: u64) -> Option<u64> {
        self.get()?.look_up(pc)
    }

    /// The guest's code in a range is no longer what was compiled, so none of it is entered.
    pub fn forget(&self, range: Range<u64>) {
        if let Some(image) = self.get()
            && range.start < image.text.end
            && image.text.start < range.end
        {
            self.give_up();
        }
    }

    /// Nothing that was compiled is entered again, and frames of it that wait are not returned to.
    pub fn give_up(&self) {
        let image = self.one.swap(std::ptr::null_mut(), Ordering::AcqRel);
        if !image.is_null() {
            self.former.store(image, Ordering::Release);
            self.given_up.fetch_add(1, Ordering::Release);
        }
    }

    /// Unmaps what was given up. No thread is in its code, or comes back to it.
    pub fn make_room(&self) {
        let former = self.former.swap(std::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: null or from `Box::into_raw`, and taken by nobody else.
        if let Some(former) = unsafe { former.as_ref() } {
            former.unmap();
        }
    }

    /// How often compiled code was given up.
    pub fn times_given_up(&self) -> u32 {
        self.given_up.load(Ordering::Acquire)
    }
}
