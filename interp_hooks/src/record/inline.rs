//! Calls of functions in Python that become part of the trace: the callee's bytecodes are recorded as the loop's
//! own are, in a frame that need not exist.
//!
//! The arguments move from the operand stack of the caller to the locals of the callee, and when it returns the
//! locals die in the interpreter's order. A callee that cannot be recorded is remembered, and the loop is
//! recorded again with a call through the interpreter.

use super::Recorder;
use super::calls::CallShape;
use crate::cpython::decode::{Decoded, Instr};
use crate::cpython::{frame, function};
use crate::engine;
use crate::hook::TOOL;
use crate::inside;
use crate::py::{Object, Strong};
use pyo3_ffi as ffi;
use std::rc::Rc;
use traces::builder::StackEntry;
use traces::{Abort, Death, Helper, Imm, Inlined, Op, Protocol, Reason, Resume, Value};

/// How many calls may be under way at once.
const MAX_DEPTH: usize = 8;
/// How many calls of one function may be under way at once.
const MAX_RECURSION: usize = 4;
/// How many slots the frames of all calls may take.
const MAX_SLOTS: u16 = 400;

/// A frame that waits for a call to return.
pub(super) struct Caller {
    pub(super) decoded: Rc<Decoded>,
    pub(super) code: *mut ffi::PyObject,
    pub(super) frame: *mut u8,
    pub(super) last: Option<u32>,
    pub(super) locals: Vec<Option<Value>>,
    bound: Vec<u16>,
}

/// What a parameter is given.
#[derive(Clone)]
pub(super) enum Argument {
    /// The operand so far below the top.
    Operand(usize),
    /// A value that something else keeps alive.
    Value(Value),
    /// As `Operand`, which stays where it is.
    Shared(usize),
    /// What a bound method belongs to, or a new instance.
    Receiver,
    /// A default value.
    Default(Object),
    /// `*args`: a tuple.
    Rest(Vec<Argument>),
    /// `**kwargs`: a dict, of these names.
    RestByName(Vec<(Object, Argument)>),
}

/// A call that is to become part of the trace.
pub(super) struct Call {
    function: Object,
    code: Object,
    /// For each parameter.
    arguments: Vec<Argument>,
    /// The dict of default values of keyword parameters, and the names that are looked up there.
    defaults: Option<(Object, Vec<(Object, Object)>)>,
    /// What a bound method belongs to, or a new instance.
    pub(super) receiver: Option<Value>,
    /// What becomes of what it gives.
    pub(super) protocol: Protocol,
}

/// The arguments of a call, behind a first one that the callee gets too.
pub(super) fn arguments_behind(
    first: Option<Argument>,
    shape: &CallShape,
    above: usize,
) -> Vec<Argument> {
    let given = (above..above + shape.nargs).rev().map(Argument::Operand);
    first.into_iter().chain(given).collect()
}

/// How many operands a call takes off the stack, and where an exit in front of the callee resumes: where the names of
/// arguments are given, that is the bytecode in front.
pub(super) fn extent(
    shape: &CallShape,
    names: Option<Object>,
    above: usize,
    i: &Instr,
) -> (usize, u32) {
    let named = names.is_some() && above == 0;
    (shape.nargs + 2 + above, i.offset - 2 * u32::from(named))
}

impl Recorder {
    /// A call of a function in Python; says whether it is recorded from here on.
    pub(super) fn inline_call(
        &mut self,
        shape: &CallShape,
        names: Option<Object>,
        above: usize,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let callee = self.concrete(shape.callable)?;
        if shape.is_method() || !function::is_function(callee) {
            return Ok(false);
        }
        let operands = shape.bound.map(Argument::Operand);
        let operands = arguments_behind(operands, shape, above);
        let (n, from) = extent(shape, names, above, i);
        self.inline_function((shape.callable, callee), &operands, names, n, from, i)
    }

    /// As `inline_call`, of these arguments, with `n` operands on the stack; an exit in front of the callee resumes at
    /// `from`.
    pub(super) fn inline_function(
        &mut self,
        (callable, callee): (usize, Object),
        arguments: &[Argument],
        names: Option<Object>,
        n: usize,
        from: u32,
        i: &Instr,
    ) -> Result<bool, Abort> {
        let Some(call) = self.bind_call(callee, arguments, names, n) else {
            self.note_refusal(callee);
            return Ok(false);
        };
        let v = self.b.peek(callable)?.value;
        self.b.begin(from);
        let id = self.constant_of(v, callee, &callee.callable_name());
        self.b.guard_is(v, id);
        self.secure(n)?;
        self.shelter_below(n);
        self.b.begin(i.offset);
        let owner = self.b.peek(callable)?.owned.then_some(callable);
        self.enter(&call, n, owner)?;
        Ok(true)
    }

    /// The getter of a property, for the instance at the top; its class is guarded. Says whether it is recorded from
    /// here on.
    pub(super) fn inline_getter(
        &mut self,
        getter: Object,
        guard: impl FnOnce(&mut Recorder) -> Result<(), Abort>,
    ) -> Result<bool, Abort> {
        let Some(call) = self.bind_call(getter, &[Argument::Operand(0)], None, 1) else {
            return Ok(false);
        };
        guard(self)?;
        self.secure(1)?;
        self.shelter_below(1);
        self.enter(&call, 1, None)?;
        Ok(true)
    }

    /// What each parameter of a function is given by these operands, the last ones by name; nothing where the call
    /// is left to the interpreter.
    fn bind(&self, callee: Object, operands: &[Argument], names: Option<Object>) -> Option<Call> {
        let signature = function::signature(callee)?;
        let code = signature.code;
        let refused = engine::get().is_none_or(|e| e.refuses(code));
        let under_way = self.callers.iter().map(|caller| caller.code);
        let under_way = under_way.chain([self.code]).filter(|&c| c == code.0);
        // SAFETY: a live code object.
        let watched = unsafe { frame::watched_by_others(self.table, code.0, TOOL) };
        if refused
            || watched
            || self.callers.len() >= MAX_DEPTH
            || under_way.count() > MAX_RECURSION
            || self.region(code) > MAX_SLOTS
        {
            return None;
        }
        let names = names.map_or(Some(Vec::new()), Object::tuple_items)?;
        let positional = operands.len().checked_sub(names.len())?;
        let more = operands.get(signature.positional.min(positional)..positional)?;
        if !more.is_empty() && !signature.rest || !more.iter().all(|a| self.may_be_item(a)) {
            return None;
        }
        let mut arguments: Vec<Option<Argument>> = vec![None; signature.names.len()];
        let by_position = positional.min(signature.positional);
        let mut named = Vec::new();
        for (place, operand) in arguments.iter_mut().zip(operands).take(by_position) {
            *place = Some(operand.clone());
        }
        for (&name, operand) in names.iter().zip(operands.iter().skip(positional)) {
            // Names are interned; one that is not is left to the interpreter.
            let n = signature.names.iter().position(|known| known.0 == name.0);
            let Some(n) = n.filter(|&n| n >= signature.positional_only) else {
                let taken = n.is_none() && signature.names.iter().any(|k| k.text() == name.text());
                if !signature.rest_by_name || taken {
                    return None;
                }
                named.push((name, operand.clone()));
                continue;
            };
            let place = arguments.get_mut(n)?;
            if place.replace(operand.clone()).is_some() {
                return None;
            }
        }
        let missing = signature.positional - signature.defaults.len();
        let mut looked_up = Vec::new();
        for (n, place) in arguments
            .iter_mut()
            .enumerate()
            .filter(|(_, a)| a.is_none())
        {
            let default = if n < signature.positional {
                *signature.defaults.get(n.checked_sub(missing)?)?
            } else {
                let name = *signature.names.get(n)?;
                let value = signature.keyword_defaults?.dict_get(name)?;
                looked_up.push((name, value));
                value
            };
            *place = Some(Argument::Default(default));
        }
        if signature.rest {
            arguments.push(Some(Argument::Rest(more.to_vec())));
        }
        if signature.rest_by_name {
            arguments.push(Some(Argument::RestByName(named)));
        }
        Some(Call {
            function: callee,
            code,
            arguments: arguments.into_iter().collect::<Option<Vec<_>>>()?,
            defaults: signature.keyword_defaults.map(|dict| (dict, looked_up)),
            receiver: None,
            protocol: Protocol::Call,
        })
    }

    /// Whether the dict of `**kwargs`, if there is one, has a slot to be made in, among the top `n` operands.
    fn has_room(&self, call: &Call, n: usize) -> bool {
        let made = |a: &Argument| matches!(a, Argument::RestByName(_));
        !call.arguments.iter().any(made) || self.room(n).is_some()
    }

    /// The slot of the callable or of what is in front of the arguments, where it owns nothing.
    fn room(&self, n: usize) -> Option<u16> {
        let places = [n.checked_sub(2)?, n - 1];
        let free = |at: &usize| self.b.peek(*at).is_ok_and(|e| !e.owned);
        let at = places.into_iter().find(free)?;
        Some(self.b.slot_below_top(at))
    }

    /// As `bind`, of a call whose operands are the top `n`. `None` too where a dict for the named arguments that are left
    /// would have no slot.
    pub(super) fn bind_call(
        &self,
        callee: Object,
        operands: &[Argument],
        names: Option<Object>,
        n: usize,
    ) -> Option<Call> {
        let call = self.bind(callee, operands, names)?;
        self.has_room(&call, n).then_some(call)
    }

    /// Makes the dict of `**kwargs`; gives the slot that owns it. What it takes it keeps alive.
    fn make_named(
        &mut self,
        named: &[(Object, Argument)],
        n: usize,
    ) -> Result<(Value, u16), Abort> {
        let slot = self.room(n).ok_or(Reason::Confused)?;
        let mut items = Vec::with_capacity(named.len());
        for (name, argument) in named {
            let (value, owner) = match *argument {
                Argument::Operand(at) => {
                    let e = self.b.peek(at)?;
                    (e.value, e.owned.then(|| self.b.slot_below_top(at)))
                }
                Argument::Value(v) => (v, None),
                _ => return Err(Reason::Confused.into()),
            };
            self.own_twins(value, n);
            items.push((*name, value, owner));
        }
        let snap = self.b.snapshot_as(Resume::Raise(n as u16));
        let imm = Imm::HelperSlot(Helper::DictNew, slot);
        let dict = self.b.trace.emit(Op::CallNew, &[], imm, Some(snap))?;
        for (name, value, owner) in items {
            let name = self.constant_value(name, "key")?;
            let imm = Imm::Helper(Helper::DictInit);
            self.b.effect(Op::Call, &[dict, name, value], imm);
            if let Some(slot) = owner {
                self.b.effect(Op::ReleaseSlot, &[], Imm::Slot(slot));
            }
        }
        Ok((dict, slot))
    }

    /// Whether an argument can be an item of a tuple that need not exist.
    fn may_be_item(&self, argument: &Argument) -> bool {
        match *argument {
            Argument::Operand(at) => {
                let e = self.b.peek(at);
                e.is_ok_and(|e| !e.owned && self.is_alive_item(e.value))
            }
            Argument::Value(v) => self.is_alive_item(v),
            // An operand of an operator, a receiver: nobody else may keep it.
            _ => false,
        }
    }

    /// How many slots all calls would take with one of this code object from the current frame.
    fn region(&self, code: Object) -> u16 {
        let taken: u16 = self.b.trace.inlined.iter().map(|f| f.end() - f.slot).sum();
        // SAFETY: a live code object.
        let (nlocals, stacksize) = unsafe { self.frame_size(code.0) };
        taken.saturating_add(nlocals).saturating_add(stacksize)
    }

    /// The numbers of locals and of operands of a code object.
    ///
    /// # Safety
    /// The code object is alive.
    unsafe fn frame_size(&self, code: *mut ffi::PyObject) -> (u16, u16) {
        // SAFETY: the caller's promise.
        let (nlocals, stacksize) = unsafe {
            (
                frame::code_nlocalsplus(self.table, code),
                frame::code_stacksize(self.table, code),
            )
        };
        let small = |n: u32| u16::try_from(n).unwrap_or(MAX_SLOTS);
        (small(nlocals), small(stacksize))
    }

    /// The frame of a function that the current frame calls.
    fn inlined(&mut self, code: Object, protocol: Protocol) -> Inlined {
        let id = self.borrowed_constant(code, "code");
        let caller = self.b.frame_slot();
        let known = &self.b.trace.inlined;
        if let Some(known) = known
            .iter()
            .find(|f| (f.code, f.caller, f.protocol) == (id, caller, protocol))
        {
            return *known;
        }
        // SAFETY: a live code object.
        let (nlocals, stacksize) = unsafe { self.frame_size(code.0) };
        let callee = Inlined {
            slot: self.free_slot(),
            code: id,
            nlocals,
            stacksize,
            caller,
            protocol,
        };
        self.b.trace.inlined.push(callee);
        callee
    }

    /// The lowest number above all slots.
    pub(super) fn free_slot(&self) -> u16 {
        let trace = &self.b.trace;
        let variables = trace.globals.iter().map(|g| g.slot + 1);
        let frames = trace.inlined.iter().map(Inlined::end);
        variables.chain(frames).fold(self.first_free, u16::max)
    }

    /// Moves the arguments to the locals of the callee, whose frame is the current one from here on. The top `n`
    /// operands are those of the call; the function is among them where a slot owns it.
    pub(super) fn enter(
        &mut self,
        call: &Call,
        n: usize,
        owner: Option<usize>,
    ) -> Result<(), Abort> {
        self.assumptions.function_unchanged(call.function);
        self.hold.extend([call.function.0, call.code.0]);
        if let Some((dict, looked_up)) = &call.defaults {
            for &(name, value) in looked_up {
                self.assumptions.dict_value(*dict, name, value);
            }
        }
        let mut made = None;
        for argument in &call.arguments {
            if let Argument::RestByName(named) = argument {
                made = Some(self.make_named(named, n)?);
            }
        }
        let callee = self.inlined(call.code, call.protocol);
        let name = call.function.callable_name();
        let id = self.borrowed_constant(call.function, &name);
        let function = self.b.obj(id)?;
        let mut locals = vec![None; usize::from(callee.nlocals)];
        for (k, argument) in (callee.locals()..).zip(&call.arguments) {
            let value = match argument {
                Argument::Default(o) => {
                    let value = self.constant_value(*o, "default")?;
                    self.b.effect(Op::StoreSlot, &[value], Imm::Slot(k));
                    value
                }
                &Argument::Value(value) => {
                    self.b.effect(Op::StoreSlot, &[value], Imm::Slot(k));
                    value
                }
                Argument::Rest(items) => {
                    let value = self.rest(items)?;
                    self.b.effect(Op::StoreSlot, &[value], Imm::Slot(k));
                    value
                }
                Argument::RestByName(_) => {
                    let (value, slot) = made.ok_or(Reason::Confused)?;
                    self.b.effect(Op::MoveSlot, &[], Imm::Slots(k, slot));
                    value
                }
                &Argument::Shared(at) => {
                    let value = self.b.peek(at)?.value;
                    self.b.effect(Op::StoreSlot, &[value], Imm::Slot(k));
                    value
                }
                Argument::Receiver => {
                    let value = call.receiver.ok_or(Reason::Confused)?;
                    self.b.effect(Op::StoreSlot, &[value], Imm::Slot(k));
                    value
                }
                &Argument::Operand(at) => {
                    let e = self.b.peek(at)?;
                    let slot = self.b.slot_below_top(at);
                    match e.owned {
                        true => self.b.effect(Op::MoveSlot, &[], Imm::Slots(k, slot)),
                        false => self.b.effect(Op::StoreSlot, &[e.value], Imm::Slot(k)),
                    }
                    e.value
                }
            };
            if let Some(local) = locals.get_mut(usize::from(k - callee.locals())) {
                *local = Some(value);
            }
        }
        let cells = function::cells(call.function);
        let first = usize::from(callee.nlocals) - cells.len().min(usize::from(callee.nlocals));
        for (n, &cell) in cells.iter().enumerate() {
            let id = self.borrowed_constant(cell, "cell");
            let value = self.b.obj(id)?;
            let slot = callee.locals() + (first + n) as u16;
            self.b.effect(Op::StoreSlot, &[value], Imm::Slot(slot));
            if let Some(local) = locals.get_mut(first + n) {
                *local = Some(value);
            }
        }
        if let Some(at) = owner {
            let slot = self.b.slot_below_top(at);
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(callee.slot, slot));
        }
        for _ in 0..n {
            self.b.pop()?;
        }
        if let (Protocol::Init, Some(made)) = (call.protocol, call.receiver) {
            self.b.push_owned(made);
        }
        let owned = owner.is_some();
        let value = function;
        self.b.enter_call(callee, StackEntry { value, owned });
        self.await_callee(call.function, call.code, locals)
    }

    /// The tuple of `*args`.
    fn rest(&mut self, items: &[Argument]) -> Result<Value, Abort> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(match *item {
                Argument::Operand(at) => self.b.peek(at)?.value,
                Argument::Value(v) => v,
                _ => return Err(Reason::Confused.into()),
            });
        }
        self.tuple_of(&values)
    }

    /// The next bytecode is the callee's.
    fn await_callee(
        &mut self,
        function: Object,
        code: Object,
        locals: Vec<Option<Value>>,
    ) -> Result<(), Abort> {
        let odd = || Abort::new(Reason::Confused, "a function without bytecode");
        let decoded = frame::decoded(self.table, code.0).ok_or_else(odd)?;
        if code.0 != self.root_code() && !self.codes.iter().any(|c| c.as_ptr() == code.0) {
            self.codes.push(code.strong());
        }
        let stored = decoded.names_stored(0);
        self.callers.push(Caller {
            decoded: std::mem::replace(&mut self.decoded, Rc::new(decoded)),
            code: std::mem::replace(&mut self.code, code.0),
            frame: self.frame,
            last: self.last.take(),
            locals: std::mem::replace(&mut self.locals, locals),
            bound: std::mem::take(&mut self.bound),
        });
        let globals = function::globals(self.table, function);
        for n in stored {
            let name = self.co_name(n);
            self.stored.push((globals, name));
        }
        self.awaited = true;
        Ok(())
    }

    /// The calls that are under way where a branch begins, in these frames.
    ///
    /// # Safety
    /// The frames are as an exit has left them, outermost first, with the GIL held.
    pub(super) unsafe fn enter_again(&mut self, calls: &[*mut u8]) -> Result<(), Abort> {
        let odd = || Abort::new(Reason::Confused, "a call that the trace does not have");
        let frames = self.b.frames();
        if frames.len() != calls.len() + 1 {
            return Err(odd());
        }
        self.calls_before = calls.len();
        for (&(_, pc), &f) in frames.iter().zip(calls) {
            // SAFETY: the caller's promise.
            let (code, function) = unsafe {
                let function = Object(*frame::function(self.table, f));
                (Object(frame::code(self.table, f)), function)
            };
            self.last = Some(pc);
            self.await_callee(function, code, Vec::new())?;
            self.awaited = false;
            self.frame = f;
        }
        for (n, &(slot, _)) in frames.iter().enumerate().skip(1) {
            let inlined = self.b.trace.inlined_at(slot).copied().ok_or_else(odd)?;
            let mut locals = Vec::new();
            for slot in inlined.locals()..inlined.stack() {
                locals.push(Some(self.b.emit(Op::LoadSlot, &[], Imm::Slot(slot))?));
            }
            match self.callers.get_mut(n) {
                Some(caller) => caller.locals = locals,
                None => self.locals = locals,
            }
        }
        Ok(())
    }

    /// `RETURN_VALUE` and `RETURN_CONST`: the value goes to the caller's operand stack.
    pub(super) fn return_value(&mut self, constant: Option<u32>) -> Result<(), Abort> {
        if self.callers.is_empty() {
            return Err(Reason::LeftLoop.into());
        }
        if let Some(n) = constant {
            self.load_const(n)?;
        }
        let e = self.b.peek(0)?;
        if self.b.stack.len() != 1 {
            return Err(self.unsupported("a return with operands"));
        }
        if self.protocol() != Protocol::Call {
            // A constant does not lie on the interpreter's stack yet.
            let constant = match constant {
                Some(n) => Some(Object(self.co_const(n)?)),
                None => None,
            };
            return self.return_to_operator(constant);
        }
        let target = self.b.result_slot()?;
        let source = self.b.slot_below_top(0);
        let caller_owns = |r: &Recorder| {
            let caller = r.callers.last();
            let holds = |v| caller.is_some_and(|caller| caller.locals.contains(&Some(v)));
            holds(e.value) || r.all_items(e.value, |item| r.is_virtual(item) || holds(item))
        };
        self.guard_kept();
        let mut owned = e.owned;
        if e.owned {
            self.b
                .effect(Op::SwapSlots, &[], Imm::Slots(target, source));
        } else if self.is_buffer(e.value) || !self.is_virtual(e.value) && !caller_owns(self) {
            self.b.effect(Op::InitSlot, &[e.value], Imm::Slot(target));
            owned = true;
        }
        self.b.pop()?;
        let noticed = self.leave()?;
        match owned {
            true => self.b.push_owned(e.value),
            false => self.b.push(e.value),
        }
        self.go_on(noticed)
    }

    /// What becomes of what the current frame gives.
    pub(super) fn protocol(&self) -> Protocol {
        let frame = self.b.trace.inlined_at(self.b.frame_slot());
        frame.map_or(Protocol::Call, |frame| frame.protocol)
    }

    /// Leaves where one of the callee's locals holds the last reference to an object whose death may be noticed, unless
    /// it does so now.
    pub(super) fn guard_kept(&mut self) {
        for k in 0..self.locals.len() as u32 {
            let slot = self.b.local_slot(k);
            let (held, object) = (self.locals.get(k as usize), self.slot_object(slot));
            let Some(&Some(value)) = held else { continue };
            let noticed = !object.is_null() && object.death() == Death::Noticed;
            if noticed && object.refcount() > 1 && !self.is_virtual(value) {
                self.b.effect(Op::GuardKept, &[], Imm::Slot(slot));
            }
        }
    }

    /// The callee's locals die, then its function; the caller's frame is the current one. Says whether an object may have
    /// died.
    pub(super) fn leave(&mut self) -> Result<bool, Abort> {
        let mut noticed = false;
        for k in 0..self.locals.len() as u32 {
            let Some(value) = self.locals.get(k as usize).copied().flatten() else {
                continue;
            };
            noticed |= !self.is_virtual(value);
            let slot = self.b.local_slot(k);
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        let (function, slot) = self.b.leave_call()?;
        if function.owned {
            noticed = true;
            self.b.effect(Op::DropSlot, &[], Imm::Slot(slot));
        }
        self.still_lent.clear();
        let caller = self.callers.pop().ok_or(Reason::Confused)?;
        self.decoded = caller.decoded;
        self.code = caller.code;
        self.frame = caller.frame;
        self.last = caller.last;
        self.locals = caller.locals;
        self.bound = caller.bound;
        Ok(noticed)
    }

    /// The caller goes on behind its call.
    pub(super) fn go_on(&mut self, noticed: bool) -> Result<(), Abort> {
        let call = self.last.and_then(|last| self.decoded.at(last));
        let next = call.map(|call| call.next).ok_or(Reason::Confused)?;
        self.b.begin(next);
        if noticed {
            self.b.check();
        }
        Ok(())
    }

    /// Whether an event of this frame belongs to the recording.
    pub(super) fn is_known_frame(&self, f: *mut u8) -> bool {
        let waiting = self
            .callers
            .iter()
            .map(|caller| (caller.frame, caller.code));
        let own = (!self.awaited).then_some((self.frame, self.code));
        // SAFETY: the current frame of the current thread.
        let code = unsafe { frame::code(self.table, f) };
        // The frame's memory may have been given to another function since.
        waiting.chain(own).any(|known| known == (f, code)) || self.is_awaited(f)
    }

    /// Whether a frame is that of the callee that is about to run.
    fn is_awaited(&self, f: *mut u8) -> bool {
        // SAFETY: the current frame of the current thread.
        self.awaited
            && unsafe {
                frame::code(self.table, f) == self.code
                    && frame::caller(self.table, f) == self.frame
            }
    }

    /// The frame of the bytecode that is about to run is the one that is being recorded.
    pub(super) fn arrive(&mut self, f: *mut u8, offset: u32) -> Result<(), Abort> {
        if self.is_awaited(f) {
            if !self.decoded.starts_at(offset) {
                return Err(Abort::new(
                    Reason::Confused,
                    "a function that does not start",
                ));
            }
            self.awaited = false;
            self.frame = f;
            return Ok(());
        }
        match self.awaited || f != self.frame {
            // A callee was left by an exception.
            true => Err(Reason::Raised.into()),
            false => Ok(()),
        }
    }

    /// A callee that has its frame looked at each time would leave each time.
    pub(super) fn keep_unseen(&self) -> Result<(), Abort> {
        let waiting = self.callers.iter().skip(1).map(|caller| caller.frame);
        let own = (!self.callers.is_empty() && !self.awaited).then_some(self.frame);
        let seen = |f| {
            // SAFETY: a frame of the current thread that waits or stands in this callback.
            unsafe { inside::is_seen(self.table, f) }
        };
        if waiting.chain(own).any(seen) {
            return Err(Abort::new(Reason::Callee, self.last_note.clone()));
        }
        Ok(())
    }

    /// What stands in the way of a recording inside a callee: it is called through the interpreter from now on.
    pub(super) fn refuse_callee(&self, why: Abort) -> Abort {
        let again = matches!(why.reason, Reason::Confused | Reason::LeftLoop);
        let own = self.callers.len() <= self.calls_before;
        if self.callers.is_empty() || again || own && why.reason == Reason::Raised {
            return why;
        }
        if let Some(e) = engine::get() {
            let mut refused = e.not_inlined.borrow_mut();
            refused.insert(self.code as usize, why.to_string());
            if why.reason == Reason::TooLong {
                // All calls under way take their part.
                let callers = self.callers.iter().skip(1 + self.calls_before);
                refused.extend(callers.map(|caller| (caller.code as usize, why.to_string())));
            }
        }
        match own {
            // The way is left to the interpreter; another recording does without the callee.
            true => why,
            false => Abort::new(Reason::NotInlined, why.to_string()),
        }
    }

    /// The code object of the loop.
    pub(super) fn root_code(&self) -> *mut ffi::PyObject {
        self.callers.first().map_or(self.code, |root| root.code)
    }

    /// The frame of the loop.
    pub(super) fn root_frame(&self) -> *mut u8 {
        self.callers.first().map_or(self.frame, |root| root.frame)
    }
}

/// The callees whose bytecodes are to be told of.
pub type Codes = Vec<Strong>;
