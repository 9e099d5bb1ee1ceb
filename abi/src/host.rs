//! Which host CPU features compiled code may need, and whether this host has them.

macro_rules! features {
    ($($feature:tt $(as $llvm:literal)?),* $(,)?) => {
        /// Features that LLVM may use, by the names that LLVM and Rust give them; a set of them is
        /// a mask over this list.
        const FEATURES: &[(&str, fn() -> bool)] = &[
            $((features!(@name $feature $($llvm)?), || {
                #[cfg(target_arch = "x86_64")]
                { std::arch::is_x86_feature_detected!($feature) }
                #[cfg(not(target_arch = "x86_64"))]
                { false }
            }),)*
        ];
    };
    (@name $feature:tt) => { $feature };
    (@name $feature:tt $llvm:literal) => { $llvm };
}

features! {
    "sse3", "ssse3", "sse4.1", "sse4.2", "sse4a", "popcnt", "pclmulqdq" as "pclmul", "aes", "sha",
    "avx", "avx2", "fma", "f16c", "bmi1" as "bmi", "bmi2", "lzcnt", "movbe", "adx", "vaes",
    "vpclmulqdq", "gfni", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx512ifma",
    "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512bitalg", "avx512vpopcntdq", "avx512bf16",
    "avx512fp16",
}

/// The features of this host that compiled code may use, as a mask.
pub fn host_features() -> u64 {
    (0u32..)
        .zip(FEATURES)
        .fold(0, |mask, (bit, (_, has))| mask | u64::from(has()) << bit)
}

/// The features that a list in LLVM's form (`+avx,-avx2`) switches on, as a mask. Those that no
/// program can do without or that do not matter to code generation are left out.
pub fn features_of(llvm: &str) -> u64 {
    let on = llvm
        .split(',')
        .filter_map(|f| f.strip_prefix('+'))
        .collect::<Vec<_>>();
    (0u32..).zip(FEATURES).fold(0, |mask, (bit, (name, _))| {
        mask | u64::from(on.contains(name)) << bit
    })
}

/// The names in a mask.
pub fn feature_names(mask: u64) -> Vec<&'static str> {
    (0u32..)
        .zip(FEATURES)
        .filter(|(bit, _)| mask >> bit & 1 == 1)
        .map(|(_, (name, _))| *name)
        .collect()
}
