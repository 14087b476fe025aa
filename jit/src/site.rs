//! Where native code calls a foreign function without the GIL, and what it and the runtime tell each other about it.
//!
//! Giving the GIL up and taking it back costs ten times what a short function takes. So native code only says that it
//! could do without: it empties the thread's place for its thread state and marks its activation. Where the call lasts,
//! somebody else gives the GIL up in its name ([`Handoff::stolen`]), and the thread finds out when it comes back. Of
//! calls that are known to last or to call back, the GIL is given up at once ([`Site::plain`]).

use std::sync::atomic::{AtomicU32, AtomicU64};
use traces::FuncDecl;

/// The words of an activation that are about the GIL.
///
/// In front of a call that is not plain, native code writes NULL to the word that `current` points to, then
/// [`Site::during`] to `inside`; behind it, 0 to `inside`, and then looks at `stolen`. Where that is 0, the thread has the GIL
/// still, and its thread state goes back to where `current` points; else `Functions::come_back` has to see to it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Handoff {
    /// Where the thread has its current thread state; of no meaning where all calls are plain.
    pub current: *mut *mut u8,
    /// [`Site::during`] during a call, with [`PLAIN`] if it is plain, or with [`SEEN`] once whoever watches has seen it. Else 0.
    pub inside: u64,
    /// Not 0 where the GIL is gone, or may be.
    pub stolen: u64,
    /// For the runtime's use: since when a plain call runs.
    pub since: u64,
    /// For the runtime's use: what `Activation::during` held in front of a call during which others run.
    pub outer: u64,
}

/// What of [`Handoff::inside`] tells the call.
pub const RECORD: u64 = (1 << 32) - 1;
/// The GIL was given up at once.
pub const PLAIN: u64 = 1 << 62;
/// Somebody has seen that the call is under way.
pub const SEEN: u64 = 1 << 63;

impl Handoff {
    /// Of an activation that is in no call.
    pub fn new(current: *mut *mut u8) -> Handoff {
        Handoff {
            current,
            inside: 0,
            stolen: 0,
            since: 0,
            outer: 0,
        }
    }
}

/// A call of a foreign function in compiled code. Threads run it at the same time.
#[derive(Debug)]
pub struct Site {
    /// Whether the GIL is given up at once, by `Functions::release`: if not 0. It is at first.
    pub plain: AtomicU32,
    /// For the runtime's use: how many plain calls are left until it looks whether they have to be.
    pub left: AtomicU32,
    /// For the runtime's use: how many looks in a row have found that they have.
    pub looks: AtomicU32,
    /// For the runtime's use: how often the GIL was taken from the call of late, and when last, in ns.
    pub steals: AtomicU32,
    /// See `steals`.
    pub stolen_at: AtomicU64,
    /// 1 + the index of the record of the call in [`Compiled::durings`](crate::Compiled).
    pub during: u64,
    /// Whether cffi's `errno` is out of date in front of the call: that of the last call is where C keeps it. What calls
    /// back may look at it.
    pub errno_is_live: bool,
    /// Whether the call is expected to be short ([`traces::FuncFlags::short`]). Behind such a call that others had the GIL
    /// during, the next `check` has to leave ([`Activation::leave`](crate::Activation)).
    pub is_short: bool,
    /// [`traces::FuncDecl::known_as`].
    pub known_as: u64,
    /// [`Exit::kept`](crate::Exit::kept) of that record.
    pub kept: Vec<u16>,
}

impl Site {
    /// A call of this function, with this record, where that is what is kept alive.
    pub(crate) fn new(decl: &FuncDecl, during: u64, errno_is_live: bool, kept: Vec<u16>) -> Site {
        Site {
            plain: AtomicU32::new(1),
            left: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            steals: AtomicU32::new(0),
            stolen_at: AtomicU64::new(0),
            during,
            errno_is_live,
            is_short: decl.flags.short,
            known_as: decl.known_as,
            kept,
        }
    }
}
