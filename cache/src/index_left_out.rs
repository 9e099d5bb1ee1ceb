//! Stands in for the index where the feature `index` is off. Remembers nothing.

use crate::layout::Layout;
use crate::usage::Usages;

/// There is none to open.
pub(crate) enum Index {}

/// What came of opening the index.
pub(crate) enum Opened {
    /// Never.
    #[expect(dead_code, reason = "constructed by the index that this stands in for")]
    Ready(Index, Usages, Option<String>),
    /// Never.
    #[expect(dead_code, reason = "constructed by the index that this stands in for")]
    Busy,
    /// Always.
    Unavailable(String),
}

pub(crate) fn open(_: &Layout) -> Opened {
    Opened::Unavailable("this program was built without it".to_owned())
}

impl Index {
    pub(crate) fn save(self, _: &Usages, _: &Usages) -> Result<Option<String>, String> {
        match self {}
    }
}
