//! Optimisation and code generation: a lifted unit becomes a host object.
//!
//! It does not know where the unit will lie.

use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple,
};
use thiserror::Error;
use vmtrans_abi::Addressing;

use crate::boundary::Boundary;
use crate::lift::{LiftOptions, lift};
use crate::unit::Unit;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// How much is spent on a unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OptLevel {
    /// As fast to compile as LLVM can.
    O0,
    /// Cheap passes.
    O1,
    /// What pays for itself.
    #[default]
    O2,
    /// LLVM's own list for -O3.
    O3,
}

impl OptLevel {
    /// 0 to 3.
    pub fn number(self) -> u8 {
        match self {
            OptLevel::O0 => 0,
            OptLevel::O1 => 1,
            OptLevel::O2 => 2,
            OptLevel::O3 => 3,
        }
    }

    fn passes(self) -> &'static str {
        match self {
            OptLevel::O0 => "function(mem2reg)",
            OptLevel::O1 => {
                "function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,adce)"
            }
            OptLevel::O2 => {
                "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,\
                 loop-mssa(loop-simplifycfg,licm,loop-rotate,licm),gvn,\
                 instcombine<no-verify-fixpoint>,dse,adce,aggressive-instcombine,simplifycfg,\
                 loop(indvars,loop-deletion,loop-unroll-full),loop-vectorize,slp-vectorizer,\
                 instcombine<no-verify-fixpoint>,loop-unroll,loop-mssa(licm),simplifycfg)"
            }
            OptLevel::O3 => "default<O3>",
        }
    }

    fn codegen(self) -> OptimizationLevel {
        match self {
            OptLevel::O0 => OptimizationLevel::None,
            OptLevel::O1 => OptimizationLevel::Less,
            OptLevel::O2 => OptimizationLevel::Default,
            OptLevel::O3 => OptimizationLevel::Aggressive,
        }
    }
}

/// LLVM refused a unit.
#[derive(Debug, Error)]
pub enum CodegenError {
    /// The host is not one that this LLVM has.
    #[error("LLVM cannot generate code for {TRIPLE}: {0}")]
    Target(String),
    /// A pass failed.
    #[error("LLVM's passes failed: {0}")]
    Passes(String),
    /// Code generation failed.
    #[error("LLVM's code generation failed: {0}")]
    Emit(String),
    /// The lifter made IR that is not well-formed.
    #[error("the lifter made IR that LLVM rejects: {0}")]
    Verify(String),
}

/// The host CPU's name and features as LLVM sees them.
pub fn host_cpu() -> (String, String) {
    initialise();
    let name = TargetMachine::get_host_cpu_name().to_string();
    (name, TargetMachine::get_host_cpu_features().to_string())
}

fn initialise() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| Target::initialize_x86(&InitializationConfig::default()));
}

/// Compiles units for one host, on one thread.
pub struct Compiler {
    machine: TargetMachine,
    level: OptLevel,
    options: LiftOptions,
    verify: bool,
}

/// What a unit looks like on its way.
#[derive(Debug, Default)]
pub struct Stages {
    /// As lifted.
    pub lifted: String,
    /// After the passes.
    pub optimised: String,
    /// Host assembly.
    pub assembly: String,
}

impl Compiler {
    /// A compiler for the host that `options` names.
    ///
    /// # Errors
    /// Where LLVM does not have the host's architecture.
    pub fn new(options: &LiftOptions, level: OptLevel) -> Result<Compiler, CodegenError> {
        initialise();
        let triple = TargetTriple::create(TRIPLE);
        let target =
            Target::from_triple(&triple).map_err(|e| CodegenError::Target(e.to_string()))?;
        let relocation = match options.addressing {
            Addressing::Absolute => RelocMode::Static,
            Addressing::Relative => RelocMode::PIC,
        };
        let machine = target
            .create_target_machine(
                &triple,
                &options.cpu,
                &options.features,
                level.codegen(),
                relocation,
                CodeModel::Small,
            )
            .ok_or_else(|| CodegenError::Target(format!("no machine for CPU {}", options.cpu)))?;
        let verify = cfg!(debug_assertions) || std::env::var_os("VMTRANS_VERIFY").is_some();
        Ok(Compiler {
            machine,
            level,
            options: options.clone(),
            verify,
        })
    }

    /// A unit's object.
    ///
    /// # Errors
    /// Where LLVM fails.
    pub fn compile(&self, unit: &Unit, boundary: &Boundary) -> Result<Vec<u8>, CodegenError> {
        let context = Context::create();
        let module = self.lifted(&context, unit, boundary)?;
        self.optimise(&module)?;
        self.emit(&module, FileType::Object)
    }

    /// The text of each stage.
    ///
    /// # Errors
    /// Where LLVM fails.
    pub fn stages(&self, unit: &Unit, boundary: &Boundary) -> Result<Stages, CodegenError> {
        let context = Context::create();
        let module = self.lifted(&context, unit, boundary)?;
        let lifted = module.print_to_string().to_string();
        self.optimise(&module)?;
        let optimised = module.print_to_string().to_string();
        let assembly = self.emit(&module, FileType::Assembly)?;
        Ok(Stages {
            lifted,
            optimised,
            assembly: String::from_utf8_lossy(&assembly).into_owned(),
        })
    }

    fn lifted<'ctx>(
        &self,
        context: &'ctx Context,
        unit: &Unit,
        boundary: &Boundary,
    ) -> Result<Module<'ctx>, CodegenError> {
        let module = lift(context, unit, boundary, &self.options);
        module.set_triple(&self.machine.get_triple());
        module.set_data_layout(&self.machine.get_target_data().get_data_layout());
        if self.verify {
            module
                .verify()
                .map_err(|e| CodegenError::Verify(e.to_string()))?;
        }
        Ok(module)
    }

    fn optimise(&self, module: &Module<'_>) -> Result<(), CodegenError> {
        let options = PassBuilderOptions::create();
        options.set_verify_each(false);
        module
            .run_passes(self.level.passes(), &self.machine, options)
            .map_err(|e| CodegenError::Passes(e.to_string()))
    }

    fn emit(&self, module: &Module<'_>, kind: FileType) -> Result<Vec<u8>, CodegenError> {
        let buffer = self
            .machine
            .write_to_memory_buffer(module, kind)
            .map_err(|e| CodegenError::Emit(e.to_string()))?;
        Ok(buffer.as_slice().to_vec())
    }
}
