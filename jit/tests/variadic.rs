//! Functions that may be variadic: they are told in `%al` how many vector registers are in use, wherever
//! their address comes from (System V AMD64 ABI, 3.5.7).

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the objects live as long as the test"
)]

mod fake;

use fake::{Machine, OTHER, object};

std::arch::global_asm!(
    "hardwire_test_vectors: movzbl %al, %eax; ret",
    options(att_syntax)
);
unsafe extern "C" {
    fn hardwire_test_vectors() -> i64;
}

/// What a call gives whose arguments are those that `ops` define; the function's address is a constant or,
/// where it is `indirect`, the pointer of the object in slot 0.
fn call(declaration: &str, ops: &str, args: &[String], function: usize, indirect: bool) -> i64 {
    let mut all = args.to_vec();
    if indirect {
        all.insert(0, "%1".to_string());
    }
    let declaration = match indirect {
        true => declaration.replacen(" vectors", " indirect vectors", 1),
        false => declaration.to_string(),
    };
    let text = format!(
        r#"trace "t" locals 1 depth 0 {{
        objs @code
        func @f = {declaration}
        %0 = load_slot #0
        %1 = load_field %0, @CData.data
        {ops}
        %2 = ccall {}, @f -> s0
        %3 = box_int %2
        check -> s1
        jump
        snaps
          s0: during @code pc 4 depth 0 []
          s1: at @code pc 8 depth 0 [0=%3]
        }}"#,
        all.join(", ")
    );
    let text = text.replace("ccall , @f", "ccall @f");
    let mut m = Machine::new(&text, &[("f", function)]).leave_at_first_check();
    let left = m.set(0, object(OTHER, &[0, function as u64])).run();
    let number = left.slots[&0].strip_prefix("int ").unwrap();
    number.parse().unwrap()
}

#[test]
fn a_callee_is_told_how_many_vector_registers_are_in_use() {
    for indirect in [false, true] {
        // One that is declared as variadic is told of none too.
        for doubles in 0..12_usize {
            for integers in 0..9_usize {
                let mut params = vec!["int64"; integers];
                params.extend(vec!["double"; doubles]);
                let mut args = vec!["%11".to_string(); integers];
                args.extend(vec!["%10".to_string(); doubles]);
                let told = call(
                    &format!("int64({}) vectors variadic", params.join(", ")),
                    "%10 = float 1.5\n%11 = int 7",
                    &args,
                    hardwire_test_vectors as *const () as usize,
                    indirect,
                );
                assert_eq!(
                    told,
                    doubles.min(8) as i64,
                    "{integers} {doubles} {indirect}"
                );
            }
        }
    }
}

#[test]
fn words_of_structs_count_and_blocks_do_not() {
    let memory = [1_u64; 4];
    let block = format!(
        "%10 = float 1.5\n%11 = ptr {}\n%12 = int 3",
        memory.as_ptr() as u64
    );
    for indirect in [false, true] {
        let told = call(
            "int64(double, block 32, word, double) vectors",
            &block,
            &["%10", "%11", "%12", "%10"].map(str::to_string),
            hardwire_test_vectors as *const () as usize,
            indirect,
        );
        assert_eq!(told, 2, "{indirect}");
    }
}

/// `snprintf` of the C library with so many ints and doubles by turns; gives the text.
fn print(integers: usize, doubles: usize, indirect: bool) -> String {
    let mut buffer = vec![0_u8; 1024];
    let mut format = String::new();
    let mut params = vec!["ptr", "uint64", "ptr"];
    let mut ops = String::new();
    let mut args = vec!["%100".to_string(), "%101".to_string(), "%102".to_string()];
    for i in 0..integers.max(doubles) {
        if i < integers {
            format += "%d,";
            params.push("int32");
            ops += &format!("%{} = int {}\n", 10 + i, -(i as i64));
            args.push(format!("%{}", 10 + i));
        }
        if i < doubles {
            format += "%.2f,";
            params.push("double");
            ops += &format!("%{} = float {i}.25\n", 40 + i);
            args.push(format!("%{}", 40 + i));
        }
    }
    format.push('\0');
    ops += &format!(
        "%100 = ptr {}\n%101 = int {}\n%102 = ptr {}\n",
        buffer.as_mut_ptr() as u64,
        buffer.len(),
        format.as_ptr() as u64
    );
    let written = call(
        &format!("int32({}) vectors", params.join(", ")),
        &ops,
        &args,
        libc::snprintf as *const () as usize,
        indirect,
    );
    String::from_utf8(buffer[..written as usize].to_vec()).unwrap()
}

#[test]
fn variadic_functions_find_their_arguments() {
    for indirect in [false, true] {
        for (integers, doubles) in [(0, 1), (1, 0), (2, 2), (3, 3), (3, 12), (9, 4), (12, 12)] {
            let mut expected = String::new();
            for i in 0..integers.max(doubles) {
                if i < integers {
                    expected += &format!("{},", -(i as i64));
                }
                if i < doubles {
                    expected += &format!("{i}.25,");
                }
            }
            assert_eq!(print(integers, doubles, indirect), expected, "{indirect}");
        }
    }
}
