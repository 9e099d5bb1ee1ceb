//! Names of things: a hash of what an object was made from, and a hash of a file's content.
//!
//! Does not know what goes into a key; callers list their own parts.

use std::fmt;
use std::str::FromStr;

/// Bytes of a hash.
pub(crate) const HASH_LEN: usize = 32;

/// What an object is stored under: a hash of everything that it was made from.
///
/// Made by [`KeyBuilder`]. Shown, and read, as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; HASH_LEN]);

/// BLAKE3 of the content of a file.
///
/// Shown, and read, as 64 lower-case hexadecimal digits, as `b3sum` prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; HASH_LEN]);

/// Builds a [`Key`] from parts, none of which can run into another.
///
/// ```
/// use vmtrans_cache::KeyBuilder;
/// let mut builder = KeyBuilder::new("example 2026-01 greeting");
/// builder.part(b"ab").part(b"c").number(7);
/// let mut other = KeyBuilder::new("example 2026-01 greeting");
/// other.part(b"a").part(b"bc").number(7);
/// assert_ne!(builder.finish(), other.finish());
/// ```
pub struct KeyBuilder(blake3::Hasher);

/// A text that is no [`Key`] or [`ContentHash`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hash {text:?} has {found}, expected 64 lower-case hexadecimal digits")]
pub struct ParseHashError {
    text: String,
    found: String,
}

impl KeyBuilder {
    /// Starts a key of one sort of thing. `context` must be a constant of the program and unlike
    /// any other's, so that equal parts of different things give different keys.
    pub fn new(context: &'static str) -> KeyBuilder {
        KeyBuilder(blake3::Hasher::new_derive_key(context))
    }

    /// Adds one part, length first, so that `("ab", "c")` and `("a", "bc")` differ.
    pub fn part(&mut self, bytes: &[u8]) -> &mut KeyBuilder {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a number as a part of eight bytes.
    pub fn number(&mut self, number: u64) -> &mut KeyBuilder {
        self.part(&number.to_le_bytes())
    }

    /// Adds a list as its length and its parts, so that it cannot run into what follows it.
    pub fn list<P: AsRef<[u8]>>(&mut self, parts: &[P]) -> &mut KeyBuilder {
        self.number(parts.len() as u64);
        for part in parts {
            self.part(part.as_ref());
        }
        self
    }

    /// The key of all parts so far.
    pub fn finish(&self) -> Key {
        Key(*self.0.finalize().as_bytes())
    }
}

/// The key of a guest's image: by the guest's content and what the runtime and the translator
/// agree on, so that the runtime finds it without knowing how it was made.
pub fn image_key(guest: &[u8; HASH_LEN], contract: &[u8; HASH_LEN]) -> Key {
    KeyBuilder::new("vmtrans image of a guest")
        .part(guest)
        .part(contract)
        .finish()
}

impl ContentHash {
    /// Hashes content that is in memory. For files see [`crate::Cache::content_hash`].
    pub fn of(content: &[u8]) -> ContentHash {
        ContentHash(*blake3::hash(content).as_bytes())
    }
}

fn parse(text: &str) -> Result<[u8; HASH_LEN], ParseHashError> {
    let fail = |found: String| ParseHashError {
        text: text.chars().take(80).collect(),
        found,
    };
    if text.len() != 2 * HASH_LEN {
        return Err(fail(format!("{} characters", text.len())));
    }
    let mut bytes = [0; HASH_LEN];
    for (position, digit) in text.bytes().enumerate() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            // Upper case would give one object two names.
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return Err(fail(format!("byte {digit:#04x} at {position}"))),
        };
        bytes[position / 2] = bytes[position / 2] << 4 | value;
    }
    Ok(bytes)
}

/// What both sorts of hash share: bytes in, bytes out, text.
macro_rules! hash_newtype {
    ($name:ident) => {
        impl $name {
            /// Takes a hash that was computed elsewhere.
            pub const fn from_bytes(bytes: [u8; HASH_LEN]) -> $name {
                $name(bytes)
            }

            /// The hash as bytes.
            pub const fn as_bytes(&self) -> &[u8; HASH_LEN] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;

            fn from_str(text: &str) -> Result<$name, ParseHashError> {
                parse(text).map($name)
            }
        }
    };
}

hash_newtype!(Key);
hash_newtype!(ContentHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_has_one_form() {
        let key = KeyBuilder::new("test").part(b"x").finish();
        let text = key.to_string();
        assert_eq!(text.parse::<Key>(), Ok(key));
        assert!(text.to_uppercase().parse::<Key>().is_err());
        assert!(text[1..].parse::<Key>().is_err());
        let odd = "z".repeat(64).parse::<Key>().expect_err("z is no digit");
        assert!(odd.to_string().contains("byte 0x7a at 0"), "{odd}");
    }

    #[test]
    fn contexts_parts_and_lists_do_not_run_into_each_other() {
        let keys = [
            KeyBuilder::new("a").part(b"ab").part(b"c").finish(),
            KeyBuilder::new("b").part(b"ab").part(b"c").finish(),
            KeyBuilder::new("a").part(b"a").part(b"bc").finish(),
            KeyBuilder::new("a").part(b"abc").finish(),
            KeyBuilder::new("a").part(b"abc").part(b"").finish(),
            KeyBuilder::new("a").list(&["ab", "c"]).finish(),
            KeyBuilder::new("a").list(&["ab"]).part(b"c").finish(),
        ];
        let distinct: std::collections::HashSet<Key> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
