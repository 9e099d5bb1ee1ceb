//! Zifencei: the instruction-fetch fence.

use super::row::rows;

rows! { "zifencei"
    /// The immediate and both registers are reserved for finer fences and to be ignored.
    FenceI "------------ ----- 001 ----- 0001111" => "fence.i" |x, _i| { x.fence_i() }
}
