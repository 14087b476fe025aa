//! Stubs in front of foreign functions that take floats: they say in `%al` how many vector registers
//! the arguments use, which a variadic function reads (System V AMD64 ABI, 3.2.3 and 3.5.7). What a
//! program declares to cffi or ctypes does not tell whether the function is one, so such a call goes
//! through a stub, as every call of libffi sets the register.

use crate::code::refused;
use crate::region::{Part, Region};
use std::collections::HashMap;
use traces::Abort;

/// The size of the pages that hold stubs, in bytes.
const PAGE: usize = 4096;
/// The room that a stub takes, in bytes.
const ROOM: usize = 32;

/// Where a stub goes on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Goal {
    /// At this address.
    Function(u64),
    /// At the address in the integer register of this number among those that carry arguments: the call has
    /// one argument more than the function takes.
    Register(usize),
    /// At the address in this word of the stack, behind those that carry arguments.
    Stack(usize),
}

/// The stubs of one trace: first written, then made executable, never both.
#[derive(Debug, Default)]
pub(crate) struct Stubs {
    page: Option<Page>,
    made: HashMap<(Goal, u8), usize>,
}

impl Stubs {
    /// The address of a stub that goes on at the goal with `vectors` vector registers in use.
    pub(crate) fn of(&mut self, goal: Goal, vectors: usize) -> Result<usize, Abort> {
        let vectors = vectors.min(8) as u8;
        if let Some(&stub) = self.made.get(&(goal, vectors)) {
            return Ok(stub);
        }
        let page = match &mut self.page {
            Some(page) => page,
            None => self.page.insert(Page::new()?),
        };
        let at = self.made.len() * ROOM;
        // mov $vectors, %eax
        let mut code = vec![0xB8, vectors, 0, 0, 0];
        let behind = page.0 as u64 + (at + code.len() + 5) as u64;
        match goal {
            Goal::Function(function) => jump_to(&mut code, function, behind),
            // jmp *%rdi, ...
            Goal::Register(n) => {
                let jump: &[u8] = match n {
                    0 => &[0xFF, 0xE7],
                    1 => &[0xFF, 0xE6],
                    2 => &[0xFF, 0xE2],
                    3 => &[0xFF, 0xE1],
                    4 => &[0x41, 0xFF, 0xE0],
                    5 => &[0x41, 0xFF, 0xE1],
                    _ => return Err(refused("no such register")),
                };
                code.extend(jump);
            }
            // mov distance(%rsp), %r11; jmp *%r11. The return address lies below the arguments.
            Goal::Stack(word) => {
                let distance = i32::try_from(8 * word + 8);
                let distance = distance.map_err(|_| refused("too many arguments"))?;
                code.extend([0x4C, 0x8B, 0x9C, 0x24]);
                code.extend(distance.to_le_bytes());
                code.extend([0x41, 0xFF, 0xE3]);
            }
        }
        let stub = page.write(at, &code)?;
        self.made.insert((goal, vectors), stub);
        Ok(stub)
    }

    /// Makes the stubs executable; no more can be made.
    pub(crate) fn finish(&mut self) -> Result<(), Abort> {
        self.page.as_ref().map_or(Ok(()), Page::protect)
    }

    /// Where they lie, if there are any.
    pub(crate) fn region(&self) -> Option<Region> {
        let start = self.page.as_ref()?.0 as usize;
        let len = self.made.len() * ROOM;
        Some(Region::frameless(Part::Stubs, start, len))
    }

    /// Never gives the memory back.
    pub(crate) fn stay(&mut self) {
        std::mem::forget(self.page.take());
    }
}

/// A jump to a function, from code that ends at `behind` where the jump is a near one.
fn jump_to(code: &mut Vec<u8>, function: u64, behind: u64) {
    match i32::try_from(function.wrapping_sub(behind) as i64) {
        // jmp function
        Ok(distance) => {
            code.push(0xE9);
            code.extend(distance.to_le_bytes());
        }
        // movabs $function, %r11; jmp *%r11
        Err(_) => {
            code.extend([0x49, 0xBB]);
            code.extend(function.to_le_bytes());
            code.extend([0x41, 0xFF, 0xE3]);
        }
    }
}

#[derive(Debug)]
struct Page(*mut libc::c_void);

impl Page {
    fn new() -> Result<Page, Abort> {
        // SAFETY: a fresh private mapping touches no existing memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(refused("no memory for code"));
        }
        Ok(Page(start))
    }

    fn write(&mut self, at: usize, code: &[u8]) -> Result<usize, Abort> {
        if code.len() > ROOM || at + ROOM > PAGE {
            return Err(refused("too many foreign functions in one trace"));
        }
        // SAFETY: the range was checked to lie in the page, which is writable and ours alone.
        unsafe {
            let place = self.0.cast::<u8>().add(at);
            std::ptr::copy_nonoverlapping(code.as_ptr(), place, code.len());
            Ok(place as usize)
        }
    }

    fn protect(&self) -> Result<(), Abort> {
        // SAFETY: the page of the mapping above, which nobody else uses.
        match unsafe { libc::mprotect(self.0, PAGE, libc::PROT_READ | libc::PROT_EXEC) } {
            0 => Ok(()),
            _ => Err(refused("the system forbids executable memory")),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the page of the mapping, and its owner goes now.
        unsafe { libc::munmap(self.0, PAGE) };
    }
}
