//! Jump tables as compilers make them.

use vmtrans_translator::function::JumpTable;

use crate::build::{assemble, compile, find, guest, named};

const SWITCH: &str = r#"
volatile int sink;
__attribute__((noinline)) int choose(unsigned n, int x) {
    switch (n) {
    case 3: return x * 3;
    case 4: return x + 17;
    case 5: return x - 5;
    case 6: return x ^ 0x55;
    case 7: return x << 4;
    case 8: return x / 7;
    case 9: sink = x; return 1;
    case 10: return x % 11;
    default: return 0;
    }
}
int main(int argc, char **argv) { return choose(argc, argv[0][0]); }
"#;

/// A program that relocates itself; nothing here ever runs, so it needs no start-up code.
const PIE: &[&str] = &["-O2", "-fpie", "-static-pie", "-nostdlib", "-Wl,-e,main"];

fn tables(program: &[u8], function: &str) -> Vec<JumpTable> {
    let found = find(&guest(program));
    let tables = named(&found, function)
        .insns
        .iter()
        .filter_map(|i| i.note.table.clone());
    tables.collect()
}

#[test]
fn a_switch_becomes_a_table_at_each_level() {
    for flags in [&["-O1"][..], &["-O2"], &["-Os"], PIE] {
        let program = compile("program.c", SWITCH, &[flags, &["-static"]].concat());
        let tables = tables(&program, "choose");
        let lengths = tables.iter().map(|t| t.targets.len()).collect::<Vec<_>>();
        assert_eq!(lengths, [8], "{flags:?}");
    }
    let program = compile("program.c", SWITCH, &["-O2", "-static", "-fno-jump-tables"]);
    assert_eq!(tables(&program, "choose"), []);
}

#[test]
fn labels_as_values_are_a_table() {
    let source = r#"
        __attribute__((noinline)) int run(const unsigned char *code) {
            static const void *const labels[] = {&&add, &&twice, &&flip, &&done};
            int n = 0;
            goto *labels[*code++];
            add: n += 1; goto *labels[*code++];
            twice: n *= 2; goto *labels[*code++];
            flip: n = ~n; goto *labels[*code++];
            done: return n;
        }
        int main(int argc, char **argv) { return run((const unsigned char *)argv[argc - 1]); }
    "#;
    for flags in [&["-O2", "-static"][..], PIE] {
        let tables = tables(&compile("program.c", source, flags), "run");
        assert!(!tables.is_empty(), "{flags:?}");
        for table in tables {
            assert_eq!(
                (table.entry_bytes, table.targets.len()),
                (8, 4),
                "{flags:?}"
            );
        }
    }
}

/// A program whose entry jumps by `dispatch` to one of the cases of `table`.
fn dispatch(dispatch: &str, table: &str) -> Vec<JumpTable> {
    let program = assemble(&format!(
        "
        .globl _start
        .type _start, @function
        _start: {dispatch}
        c0: addi a0, a0, 1
            j 9f
        c1: addi a0, a0, 2
            j 9f
        c2: addi a0, a0, 3
        9:  bnez a0, _start
            ret
        .size _start, .-_start
        .type f, @function
        f:  ret
        .size f, .-f
        .type g, @function
        g:  ret
        .size g, .-g
        .section .rodata
        .balign 8
        {table}
        "
    ));
    tables(&program, "_start")
}

const RELATIVE: &str = "table: .word c0 - table, c1 - table, c2 - table, 0, 0";
const ABSOLUTE: &str = "table: .dword c0, c1, c2, 0";

#[test]
fn scaled_indices_of_all_kinds() {
    let scale = [
        "slli a0, a0, 2\n add a0, a0, a5",
        "slli a0, a0, 32\n srli a0, a0, 30\n add a0, a5, a0",
        "sh2add a0, a0, a5",
        "slli.uw a0, a0, 2\n add a0, a0, a5",
        "sh2add.uw a0, a0, a5",
        "addiw a0, a0, -7\n zext.w a0, a0\n sh2add a0, a0, a5",
    ];
    for scale in scale {
        let code = format!("lla a5, table\n {scale}\n lw a0, 0(a0)\n add a0, a0, a5\n jr a0");
        let found = dispatch(&code, RELATIVE);
        assert_eq!(
            found.iter().map(|t| t.targets.len()).collect::<Vec<_>>(),
            [3],
            "{scale}"
        );
        assert_eq!(found[0].entry_bytes, 4);
    }
}

#[test]
fn absolute_entries() {
    let code = "lla a5, table\n sh3add a0, a0, a5\n ld a0, 0(a0)\n jr a0";
    assert_eq!(dispatch(code, ABSOLUTE)[0].targets.len(), 3);
    let code = "lui a5, %hi(table)\n addi a5, a5, %lo(table)\n slli a0, a0, 2\n add a0, a0, a5
        lw a0, 0(a0)\n jr a0";
    assert_eq!(
        dispatch(code, "table: .word c0, c1, c2, 0")[0]
            .targets
            .len(),
        3
    );
}

#[test]
fn a_bound_ends_a_table_that_others_follow() {
    let more = "table: .word c0 - table, c1 - table, c2 - table, c2 - table, c2 - table, 0";
    let bounds = [
        "li a4, 2\n bltu a4, a0, 9f",
        "li a4, 3\n bgeu a0, a4, 9f",
        "sltiu a4, a0, 3\n bnez a4, 8f\n j 9f\n 8:",
        "li a4, 2\n andi a0, a0, 255\n bgtu a0, a4, 9f",
        "andi a0, a0, 1",
    ];
    let lengths = bounds.map(|bound| {
        let code = format!(
            "{bound}\n lla a5, table\n slli a0, a0, 2\n add a0, a0, a5\n lw a0, 0(a0)
             add a0, a0, a5\n jr a0"
        );
        dispatch(&code, more)[0].targets.len()
    });
    // The third asks in a way that is not understood.
    assert_eq!(lengths, [3, 3, 5, 3, 2]);
}

#[test]
fn a_base_in_a_register_that_callees_keep() {
    let code = "
        lla s2, table
        li s3, 2
        7: call f
        bltu s3, a0, 7b
        slli a0, a0, 2
        add a0, a0, s2
        lw a0, 0(a0)
        add a0, a0, s2
        jr a0
    ";
    assert_eq!(dispatch(code, RELATIVE)[0].targets.len(), 3);
}

#[test]
fn function_pointers_are_no_table() {
    let code = "lla a5, table\n sh3add a0, a0, a5\n ld a0, 0(a0)\n jr a0";
    assert_eq!(dispatch(code, "table: .dword f, g, f, 0"), []);
}

#[test]
fn a_table_that_may_be_written_is_none() {
    let code = "lla a5, table\n sh3add a0, a0, a5\n ld a0, 0(a0)\n jr a0";
    assert_eq!(
        dispatch(code, &format!(".data\n .balign 8\n {ABSOLUTE}")),
        []
    );
}

#[test]
fn a_table_behind_a_case_of_another() {
    let program = compile(
        "program.c",
        r#"
        volatile int sink;
        __attribute__((noinline)) int nested(unsigned a, unsigned b) {
            switch (a) {
            case 0: sink = 4; return 1;
            case 1: sink = 9; return 5;
            case 2: sink = 1; return 8;
            case 3: sink = 7; return 6;
            case 4:
                switch (b) {
                case 0: sink = 40; return 11;
                case 1: sink = 90; return 51;
                case 2: sink = 10; return 81;
                case 3: sink = 70; return 61;
                case 4: sink = 20; return 21;
                case 5: sink = 27; return 29;
                }
                return 4;
            case 5: sink = 2; return 2;
            }
            return 3;
        }
        int main(int argc, char **argv) { return nested(argc, argv[0][0]); }
        "#,
        &["-O2", "-static", "-fno-tree-switch-conversion"],
    );
    let lengths = tables(&program, "nested")
        .iter()
        .map(|t| t.targets.len())
        .collect::<Vec<_>>();
    assert_eq!(lengths, [6, 6]);
}
