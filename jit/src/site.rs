//! Where native code calls a foreign function without the GIL, and what it and the runtime tell each other about it.
//!
//! Giving the GIL up and taking it back costs ten times what a short function takes. So native code only says that it
//! could do without: it empties the thread's place for its thread state and marks its activation. Where the call lasts,
//! somebody else gives the GIL up in its name ([`Handoff::stolen`]), and the thread finds out when it comes back. Of
//! calls that are known to last or to call back, the GIL is given up at once ([`Site::plain`]).

use std::sync::atomic::{AtomicU32, AtomicU64};

/// The words of an activation that are about the GIL.
///
/// In front of a call that is not plain, native code writes NULL to the word that `current` points to, then
/// [`INSIDE`] to `inside`; behind it, 0 to `inside`, and then looks at `stolen`. Where that is 0, the thread has the GIL
/// still, and its thread state goes back to where `current` points; else `Functions::come_back` has to see to it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Handoff {
    /// Where the thread has its current thread state; of no meaning where all calls are plain.
    pub current: *mut *mut u8,
    /// [`INSIDE`] during a call that is not plain; whoever watches may make something else than 0 of that. Else 0.
    pub inside: u64,
    /// Not 0 where the GIL is gone, or may be.
    pub stolen: u64,
    /// For the runtime's use: since when a plain call runs.
    pub since: u64,
}

/// What native code writes to [`Handoff::inside`].
pub const INSIDE: u64 = 1;

impl Handoff {
    /// Of an activation that is in no call.
    pub fn new(current: *mut *mut u8) -> Handoff {
        Handoff {
            current,
            inside: 0,
            stolen: 0,
            since: 0,
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
    /// What [`Activation::during`](crate::Activation) holds during the call.
    pub during: u64,
    /// Whether cffi's `errno` is out of date in front of the call: that of the last call is where C keeps it. What calls
    /// back may look at it.
    pub errno_is_live: bool,
}

impl Site {
    pub(crate) fn new(during: u64, errno_is_live: bool) -> Site {
        Site {
            plain: AtomicU32::new(1),
            left: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            steals: AtomicU32::new(0),
            stolen_at: AtomicU64::new(0),
            during,
            errno_is_live,
        }
    }
}
