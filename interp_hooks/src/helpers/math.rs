//! Functions of `<math.h>`, called by compiled traces without anything in between.

use pyo3_ffi as ffi;
use std::ffi::{c_char, c_int};
use traces::Helper;

#[link(name = "m")]
unsafe extern "C" {
    fn sin(x: f64) -> f64;
    fn cos(x: f64) -> f64;
    fn tan(x: f64) -> f64;
    fn asin(x: f64) -> f64;
    fn acos(x: f64) -> f64;
    fn atan(x: f64) -> f64;
    fn sinh(x: f64) -> f64;
    fn cosh(x: f64) -> f64;
    fn tanh(x: f64) -> f64;
    fn asinh(x: f64) -> f64;
    fn acosh(x: f64) -> f64;
    fn atanh(x: f64) -> f64;
    fn exp(x: f64) -> f64;
    fn exp2(x: f64) -> f64;
    fn expm1(x: f64) -> f64;
    fn log(x: f64) -> f64;
    fn log2(x: f64) -> f64;
    fn log10(x: f64) -> f64;
    fn log1p(x: f64) -> f64;
    fn cbrt(x: f64) -> f64;
    fn pow(x: f64, y: f64) -> f64;
    fn atan2(x: f64, y: f64) -> f64;
    fn fmod(x: f64, y: f64) -> f64;
    fn copysign(x: f64, y: f64) -> f64;
}

/// `round(x, n)` as `double_round` does it (`Objects/floatobject.c`): to the decimal places of the exact value, of two that
/// are as near to the even one, and back. What it makes of a finite number is one.
unsafe extern "C" fn round_to(x: f64, n: i64) -> f64 {
    // SAFETY: the GIL is held; the text is ours.
    unsafe {
        let text =
            ffi::PyOS_double_to_string(x, b'f' as c_char, n as c_int, 0, std::ptr::null_mut());
        if text.is_null() {
            // No memory; the caller holds a finite number for it.
            ffi::PyErr_Clear();
            return f64::NAN;
        }
        let end = std::ptr::null_mut();
        let rounded = ffi::PyOS_string_to_double(text, end, std::ptr::null_mut());
        ffi::PyMem_Free(text.cast());
        rounded
    }
}

/// The address of a helper that is a function of `<math.h>`.
pub(super) fn address(h: Helper) -> Option<usize> {
    Some(match h {
        Helper::Sin => sin as *const () as usize,
        Helper::Cos => cos as *const () as usize,
        Helper::Tan => tan as *const () as usize,
        Helper::Asin => asin as *const () as usize,
        Helper::Acos => acos as *const () as usize,
        Helper::Atan => atan as *const () as usize,
        Helper::Sinh => sinh as *const () as usize,
        Helper::Cosh => cosh as *const () as usize,
        Helper::Tanh => tanh as *const () as usize,
        Helper::Asinh => asinh as *const () as usize,
        Helper::Acosh => acosh as *const () as usize,
        Helper::Atanh => atanh as *const () as usize,
        Helper::Exp => exp as *const () as usize,
        Helper::Exp2 => exp2 as *const () as usize,
        Helper::Expm1 => expm1 as *const () as usize,
        Helper::Log => log as *const () as usize,
        Helper::Log2 => log2 as *const () as usize,
        Helper::Log10 => log10 as *const () as usize,
        Helper::Log1p => log1p as *const () as usize,
        Helper::Cbrt => cbrt as *const () as usize,
        Helper::CPow => pow as *const () as usize,
        Helper::Atan2 => atan2 as *const () as usize,
        Helper::Fmod => fmod as *const () as usize,
        Helper::CopySign => copysign as *const () as usize,
        Helper::RoundTo => round_to as *const () as usize,
        _ => return None,
    })
}
