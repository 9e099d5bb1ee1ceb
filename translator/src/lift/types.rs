//! LLVM types, attributes and metadata that every unit uses.

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::context::Context;
use inkwell::debug_info::{
    AsDIScope, DICompileUnit, DIFlags, DIFlagsConstants, DILocation, DISubprogram,
    DWARFEmissionKind, DWARFSourceLanguage, DebugInfoBuilder,
};
use inkwell::module::{Linkage, Module};
use inkwell::types::{
    BasicMetadataTypeEnum, BasicTypeEnum, FloatType, FunctionType, IntType, PointerType, StructType,
};
use inkwell::values::{FunctionValue, GlobalValue, MetadataValue};
use inkwell::{AddressSpace, GlobalVisibility};
use vmtrans_abi::{Addressing, FLOAT_SLOTS, INT_SLOTS};

use super::LiftOptions;

/// `CallingConv::X86_RegCall`.
pub const REGCALL: u32 = 92;

/// `CallingConv::PreserveAll`.
pub const PRESERVE_ALL: u32 = 15;

/// `UWTableKind::Async`.
const ASYNCHRONOUS_FRAMES: u64 = 2;

/// The address space that `%gs` is added to (LLVM's X86 backend).
pub const STATE_SPACE: u16 = 256;

/// Symbols of guest addresses lie in an address space of their own, so that LLVM never takes two
/// of them for two objects that cannot overlap.
const SYMBOL_SPACE: u16 = 1;

/// What a unit's IR is made of.
pub struct Types<'ctx> {
    pub i1: IntType<'ctx>,
    pub i8: IntType<'ctx>,
    pub i16: IntType<'ctx>,
    pub i32: IntType<'ctx>,
    pub i64: IntType<'ctx>,
    pub i128: IntType<'ctx>,
    pub f32: FloatType<'ctx>,
    pub f64: FloatType<'ctx>,
    pub pointer: PointerType<'ctx>,
    pub state_pointer: PointerType<'ctx>,
    /// The slots as one value.
    pub slots: StructType<'ctx>,
    /// The one signature.
    pub guest: FunctionType<'ctx>,
    /// The signature of the safepoint helper.
    pub safepoint: FunctionType<'ctx>,
    /// TBAA tag of guest memory.
    pub guest_memory: MetadataValue<'ctx>,
    /// TBAA tag of guest state.
    pub guest_state: MetadataValue<'ctx>,
    /// Kind number of `!tbaa`.
    pub tbaa: u32,
    /// Branch weights: the first way is the usual one.
    pub likely: MetadataValue<'ctx>,
    /// Branch weights: the second way is the usual one.
    pub unlikely: MetadataValue<'ctx>,
    /// Kind number of `!prof`.
    pub prof: u32,
    /// Kind number of `!invariant.load`.
    pub invariant_load: u32,
    /// An empty node.
    pub nothing: MetadataValue<'ctx>,
    absolute_symbol: u32,
    absolute_range: MetadataValue<'ctx>,
    attributes: Vec<Attribute>,
}

impl<'ctx> Types<'ctx> {
    /// Makes them in a context, for a unit with or without `vectors`.
    pub fn new(context: &'ctx Context, options: &LiftOptions, vectors: bool) -> Types<'ctx> {
        let (i64, f64) = (context.i64_type(), context.f64_type());
        let ints = [BasicTypeEnum::from(i64); INT_SLOTS.len()];
        let floats = FLOAT_SLOTS.map(|_| BasicTypeEnum::from(f64));
        let floats = floats.into_iter().filter(|_| vectors);
        let fields = ints.into_iter().chain(floats).collect::<Vec<_>>();
        let slots = context.struct_type(&fields, false);
        let arguments = fields
            .into_iter()
            .map(BasicMetadataTypeEnum::from)
            .collect::<Vec<_>>();
        let range = [
            i64.const_zero().into(),
            i64.const_int(1 << 31, false).into(),
        ];
        let weights = |first, second| {
            let weight = |number| context.i32_type().const_int(number, false).into();
            let name = context.metadata_string("branch_weights").into();
            context.metadata_node(&[name, weight(first), weight(second)])
        };
        let (guest_memory, guest_state) = tbaa(context);
        Types {
            i1: context.bool_type(),
            i8: context.i8_type(),
            i16: context.i16_type(),
            i32: context.i32_type(),
            i64,
            i128: context.i128_type(),
            f32: context.f32_type(),
            f64,
            pointer: context.ptr_type(AddressSpace::default()),
            state_pointer: context.ptr_type(AddressSpace::from(STATE_SPACE)),
            slots,
            guest: slots.fn_type(&arguments, false),
            safepoint: context.void_type().fn_type(&[], false),
            guest_memory,
            guest_state,
            tbaa: context.get_kind_id("tbaa"),
            likely: weights(1 << 20, 1),
            unlikely: weights(1, 1 << 20),
            prof: context.get_kind_id("prof"),
            invariant_load: context.get_kind_id("invariant.load"),
            nothing: context.metadata_node(&[]),
            absolute_symbol: context.get_kind_id("absolute_symbol"),
            absolute_range: context.metadata_node(&range),
            attributes: attributes(context, options, vectors),
        }
    }

    /// Declares a function with the signature of guest functions.
    pub fn declare_guest(&self, module: &Module<'ctx>, name: &str) -> FunctionValue<'ctx> {
        let function = module.add_function(name, self.guest, None);
        function.set_call_conventions(REGCALL);
        function
            .as_global_value()
            .set_visibility(GlobalVisibility::Hidden);
        for &attribute in &self.attributes {
            function.add_attribute(AttributeLoc::Function, attribute);
        }
        function
    }

    /// Declares a symbol whose value is a guest address.
    pub fn declare_address(
        &self,
        module: &Module<'ctx>,
        name: &str,
        addressing: Addressing,
    ) -> GlobalValue<'ctx> {
        let global = module.add_global(self.i8, Some(AddressSpace::from(SYMBOL_SPACE)), name);
        global.set_linkage(Linkage::External);
        global.set_visibility(GlobalVisibility::Hidden);
        if addressing == Addressing::Absolute {
            global.set_metadata(self.absolute_range, self.absolute_symbol);
        }
        global
    }
}

fn tbaa<'ctx>(context: &'ctx Context) -> (MetadataValue<'ctx>, MetadataValue<'ctx>) {
    let zero = context.i64_type().const_zero();
    let root = context.metadata_node(&[context.metadata_string("vmtrans").into()]);
    let tag = |name: &str| {
        let node = context.metadata_node(&[
            context.metadata_string(name).into(),
            root.into(),
            zero.into(),
        ]);
        context.metadata_node(&[node.into(), node.into(), zero.into()])
    };
    (tag("guest memory"), tag("guest state"))
}

fn attributes(context: &Context, options: &LiftOptions, vectors: bool) -> Vec<Attribute> {
    let named = ["nounwind", "null_pointer_is_valid"]
        .map(|name| context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0));
    let mut features = options.features.clone();
    if !vectors {
        // Everything that has vector registers depends on these two.
        features.push_str(",-mmx,-sse");
    }
    // No library is there to be called: a loop that copies stays a loop.
    let strings = [
        ("no-builtins", ""),
        ("target-cpu", options.cpu.as_str()),
        ("target-features", features.as_str()),
    ]
    .map(|(key, value)| context.create_string_attribute(key, value));
    // Frames for debuggers and profilers, exact at every instruction.
    let uwtable = Attribute::get_named_enum_kind_id("uwtable");
    let frames = context.create_enum_attribute(uwtable, ASYNCHRONOUS_FRAMES);
    named.into_iter().chain(strings).chain([frames]).collect()
}

/// Debug lines that say which guest instruction host code belongs to.
pub struct Lines<'ctx> {
    builder: DebugInfoBuilder<'ctx>,
    #[expect(dead_code, reason = "keeps the compile unit")]
    unit: DICompileUnit<'ctx>,
    scope: DISubprogram<'ctx>,
}

impl<'ctx> Lines<'ctx> {
    /// Attaches debug information to a unit's function.
    pub fn new(
        context: &'ctx Context,
        module: &Module<'ctx>,
        function: FunctionValue<'ctx>,
    ) -> Lines<'ctx> {
        let version = context.i32_type().const_int(3, false);
        module.add_basic_value_flag(
            "Debug Info Version",
            inkwell::module::FlagBehavior::Warning,
            version,
        );
        let (builder, unit) = module.create_debug_info_builder(
            true,
            DWARFSourceLanguage::C,
            "guest",
            "",
            "vmtrans",
            true,
            "",
            0,
            "",
            DWARFEmissionKind::LineTablesOnly,
            0,
            false,
            false,
            "",
            "",
        );
        let signature = builder.create_subroutine_type(unit.get_file(), None, &[], DIFlags::PUBLIC);
        let scope = builder.create_function(
            unit.as_debug_info_scope(),
            "unit",
            None,
            unit.get_file(),
            1,
            signature,
            false,
            true,
            1,
            DIFlags::PUBLIC,
            true,
        );
        function.set_subprogram(scope);
        Lines {
            builder,
            unit,
            scope,
        }
    }

    /// The location of the instruction at this offset. Offsets may be negative, and lines start at 1
    /// where 0 stands for none; see [`line_of`].
    pub fn location(&self, context: &'ctx Context, offset: i64) -> DILocation<'ctx> {
        self.builder.create_debug_location(
            context,
            line_of(offset),
            0,
            self.scope.as_debug_info_scope(),
            None,
        )
    }

    /// Completes the module's debug information.
    pub fn finish(self) {
        self.builder.finalize();
    }
}

/// Half the offset, since guest instructions are at even addresses, from the middle of the range of
/// line numbers.
pub fn line_of(offset: i64) -> u32 {
    u32::try_from((1 << 23) + offset / 2).unwrap_or(0)
}

/// The inverse of [`line_of`].
pub fn offset_of_line(line: u32) -> i64 {
    (i64::from(line) - (1 << 23)) * 2
}
