//! Globals, attributes, cells: what looks variable and hardly ever varies becomes a constant that
//! is watched; the rest goes through the interpreter's protocols.

use super::Recorder;
use crate::cpython::decode::Instr;
use crate::cpython::{Opcode, frame};
use crate::py::{Kind, Object};
use crate::{adapters, engine};
use traces::{Abort, Field, GlobalSlot, Helper, Imm, Known, Op, Reason, Remark, Value};

impl Recorder {
    pub(super) fn load_global(&mut self, i: &Instr) -> Result<(), Abort> {
        // Bit 0: a NULL goes with it, in front of the callable or behind it.
        let with_null = i.oparg & 1 != 0;
        let name = self.co_name(i.oparg >> 1);
        // All that can leave comes before the first push: an exit resumes in front of the bytecode.
        let (value, needs_owner) = self.global(name)?;
        let null_first = with_null && !self.table.callable_first();
        if null_first {
            let null = self.null()?;
            self.b.push(null);
        }
        self.push_global(value, needs_owner);
        if with_null && !null_first {
            let null = self.null()?;
            self.b.push(null);
        }
        Ok(())
    }

    pub(super) fn push_callable(&mut self, v: Value, with_null: bool) -> Result<(), Abort> {
        if !with_null {
            self.b.push(v);
            return Ok(());
        }
        let null = self.null()?;
        let order = if self.table.callable_first() {
            [v, null]
        } else {
            [null, v]
        };
        for x in order {
            self.b.push(x);
        }
        Ok(())
    }

    /// At module level, names are globals; in a class body or under `exec` with two namespaces
    /// they are not.
    pub(super) fn load_name(&mut self, i: &Instr) -> Result<(), Abort> {
        self.names_are_globals(i)?;
        let name = self.co_name(i.oparg);
        let (value, needs_owner) = self.global(name)?;
        self.push_global(value, needs_owner);
        Ok(())
    }

    fn names_are_globals(&self, i: &Instr) -> Result<(), Abort> {
        // SAFETY: the frame is alive.
        let (locals, globals) = unsafe {
            (
                frame::locals_dict(self.table, self.frame),
                frame::globals(self.table, self.frame),
            )
        };
        if locals != globals {
            return Err(Abort::new(
                Reason::Bytecode,
                format!("{} outside a module", i.name),
            ));
        }
        Ok(())
    }

    /// Pushes the value of a global, with an owner of its own where it needs one.
    fn push_global(&mut self, value: Value, needs_owner: bool) {
        if needs_owner {
            let slot = self.b.next_slot();
            self.b.effect(Op::InitSlot, &[value], Imm::Slot(slot));
            self.b.push_owned(value);
        } else {
            self.b.push(value);
        }
    }

    /// The globals and the builtins of the frame, which are plain dicts.
    fn plain_namespaces(&self) -> Result<(Object, Object), Abort> {
        // SAFETY: the frame is alive.
        let (globals, builtins) = unsafe {
            (
                Object(frame::globals(self.table, self.frame)),
                Object(frame::builtins(self.table, self.frame)),
            )
        };
        if !globals.is_exact_dict() || !builtins.is_exact_dict() {
            return Err(self.unsupported("globals that are not a dict"));
        }
        Ok((globals, builtins))
    }

    /// The value of a global: a watched constant, unless it is known to vary. Says whether
    /// it needs an owner.
    fn global(&mut self, name: Object) -> Result<(Value, bool), Abort> {
        let (globals, builtins) = self.plain_namespaces()?;
        let text = name.text();
        let found = globals.dict_get(name);
        if self.stored.contains(&(globals, name))
            || engine::get().is_some_and(|e| e.registry.varies(globals, name))
        {
            return match found {
                Some(now) => self.variable(globals, name, now),
                None => Err(self.unsupported("a builtin that the loop shadows")),
            };
        }
        let value = if let Some(v) = found {
            self.assumptions.dict_value(globals, name, v);
            self.constant_value(v, &text)?
        } else if let Some(v) = builtins.dict_get(name) {
            self.assumptions.dict_absent(globals, name);
            self.assumptions.dict_value(builtins, name, v);
            self.constant_value(v, &text)?
        } else {
            return Err(Reason::Raised.into());
        };
        Ok((value, false))
    }

    /// The slot of a module-level variable.
    fn global_slot(&mut self, dict: Object, name: Object) -> u16 {
        self.assumptions.namespace(dict);
        let dict = self.borrowed_constant(dict, "globals");
        let key = self.borrowed_constant(name, &format!("str.{}", name.text()));
        let known = &self.b.trace.globals;
        if let Some(g) = known.iter().find(|g| (g.dict, g.key) == (dict, key)) {
            return g.slot;
        }
        let slot = self.free_slot();
        self.b.trace.globals.push(GlobalSlot { slot, dict, key });
        slot
    }

    /// The value of a variable that varies. The dict owns it only until Python code runs: an
    /// object needs an owner on the operand stack.
    fn variable(
        &mut self,
        dict: Object,
        name: Object,
        now: Object,
    ) -> Result<(Value, bool), Abort> {
        let slot = self.global_slot(dict, name);
        let value = self.b.emit(Op::LoadSlot, &[], Imm::Slot(slot))?;
        if let Some(value) = self.unbox_plain(value, now)? {
            return Ok((value, false));
        }
        let ty = self.type_of(now);
        self.b.guard_type(value, ty);
        Ok((value, true))
    }

    /// `STORE_NAME` at module level, `STORE_GLOBAL`.
    pub(super) fn store_global(&mut self, i: &Instr) -> Result<(), Abort> {
        if i.opcode == Opcode::STORE_NAME {
            self.names_are_globals(i)?;
        }
        let name = self.co_name(i.oparg);
        let (globals, _) = self.plain_namespaces()?;
        let slot = self.global_slot(globals, name);
        let held = self.b.emit(Op::LoadSlot, &[], Imm::Slot(slot))?;
        let plain = match globals.dict_get(name) {
            None => {
                let null = self.known(Known::Null);
                self.b.guard_is(held, null);
                true
            }
            Some(old) => {
                let quiet = self.dies_quietly(held, old)?;
                if !quiet {
                    let ty = self.type_of(old);
                    self.b.guard_type(held, ty);
                }
                // Others may get at the variable and make a weak reference before the store.
                quiet && !old.is_cdata()
            }
        };
        // Another path, or this one further up, may have taken the variable for a constant: then the store is seen at
        // once, and the trace leaves behind it.
        let by_loop = self.stored.iter().take(self.stored_by_loop);
        let plain = plain && by_loop.into_iter().any(|&s| s == (globals, name));
        let source = self.b.slot_below_top(0);
        let e = self.b.pop()?;
        if !plain || e.owned {
            self.shelter();
        }
        let op = if plain {
            Op::StoreSlot
        } else {
            Op::ReplaceSlot
        };
        self.b.effect(op, &[e.value], Imm::Slot(slot));
        if e.owned {
            // The variable is an owner too: this drop is not the last one, unless the old value's
            // finaliser has deleted the variable.
            self.b.effect(Op::DropSlot, &[], Imm::Slot(source));
        }
        if !plain || e.owned {
            self.b.begin(i.next);
            self.b.check();
        }
        Ok(())
    }

    pub(super) fn load_attr(&mut self, i: &Instr) -> Result<(), Abort> {
        let method = i.oparg & 1 != 0;
        let name = self.co_name(i.oparg >> 1);
        let owner = self.concrete(0)?;
        if let Some(v) = self.constant_attr(owner, name)? {
            let owned = self.b.peek(0)?.owned;
            self.drop_operands(1, None)?;
            self.push_callable(v, method)?;
            if owned {
                self.b.begin(i.next);
                self.b.check();
            }
            return Ok(());
        }
        if self.instance_method(name, i)?
            || self.cdata_get_attr(name, i)?
            // `ffi.errno` is a property too.
            || self.ffi_get_attr(name, i)?
            || self.property_get(name, i)?
            || self.variable_get(name, i)?
            || self.instance_get_attr(name, i)?
            || self.instance_class_method(name, i)?
            || self.class_get_attr(name, i)?
            || self.builtin_method(name, i)?
        {
            return Ok(());
        }
        // Residual: the bound method, or the attribute, and no separate self.
        let of = self.concrete(0)?.type_object().type_name();
        self.note(Remark::Operation, format!("`{of}.{}`", name.text()));
        let (v, n) = (self.b.peek(0)?.value, self.name_const(name)?);
        if !method {
            return self.call_object(Helper::PyGetAttr, &[v, n], 1, i.next);
        }
        self.load_method(v, n, i.next)
    }

    /// `LOAD_ATTR` in front of a call: the bound method, where the interpreter may put the function
    /// and its first argument apart. The two slots are told apart by the version.
    fn load_method(&mut self, owner: Value, name: Value, next: u32) -> Result<(), Abort> {
        let callable_first = self.table.callable_first();
        let slot = self.b.slot_below_top(0) + u16::from(!callable_first);
        let method = self.call_into(Helper::PyGetAttr, &[owner, name], 1, slot)?;
        let null = self.null()?;
        self.drop_operands(1, Some(slot))?;
        self.push_owned_callable(method, null, next);
        self.bound.push(slot);
        Ok(())
    }

    /// A callable with nothing beside it in front of a call, which may have run Python code to come by it.
    pub(super) fn push_owned_callable(&mut self, callable: Value, null: Value, next: u32) {
        if self.table.callable_first() {
            self.b.push_owned(callable);
            self.b.push(null);
        } else {
            self.b.push(null);
            self.b.push_owned(callable);
        }
        self.b.begin(next);
        self.b.check();
    }

    /// An attribute that is a constant as long as a watched dict does not change: of a module,
    /// of a cffi library, of a ctypes library.
    fn constant_attr(&mut self, owner: Object, name: Object) -> Result<Option<Value>, Abort> {
        let source = adapters::attribute_dict(owner.0, name.0);
        let Some(source) = source.or_else(|| Recorder::ffi_namespace(owner)) else {
            return Ok(None);
        };
        let dict = Object(source.dict);
        let Some(v) = dict.dict_get(name) else {
            return Ok(None);
        };
        if !adapters::is_attribute(owner.0, name.0, v.0) {
            return Ok(None);
        }
        let (owner_value, text) = (self.b.peek(0)?.value, name.text());
        let id = self.constant_of(owner_value, owner, &source.name);
        self.b.guard_is(owner_value, id);
        // The class of a module and of an instance can be exchanged, the dict of an instance too.
        let o = self.b.obj(id)?;
        let ty = self.type_of(owner);
        self.b.guard_type(o, ty);
        if source.instance {
            let d = self.b.load_field(o, Field::Dict)?;
            let dict_id = self.borrowed_constant(dict, &format!("{}.__dict__", source.name));
            self.b.guard_is(d, dict_id);
            self.assumptions.type_unchanged(owner.type_object());
        }
        self.assumptions.dict_value(dict, name, v);
        Ok(Some(
            self.constant_value(v, &format!("{}.{text}", source.name))?,
        ))
    }

    /// The cell of a variable that closures share.
    fn cell(&mut self, k: u32) -> Result<(Value, Object), Abort> {
        let v = self.local(k)?;
        let cell = self.slot_object(self.b.local_slot(k));
        let ty = self.known(Known::Cell);
        self.b.guard_type(v, ty);
        Ok((v, cell))
    }

    pub(super) fn load_deref(&mut self, i: &Instr) -> Result<(), Abort> {
        let (v, cell) = self.cell(i.oparg)?;
        let content = cell.cell_content();
        if content.is_null() {
            return Err(Reason::Raised.into());
        }
        let value = self.b.load_field(v, Field::CellRef)?;
        match self.unbox_plain(value, content)? {
            Some(boxed) => self.b.push(boxed),
            None => {
                let ty = self.type_of(content);
                self.b.guard_type(value, ty);
                let slot = self.b.next_slot();
                self.b.effect(Op::InitSlot, &[value], Imm::Slot(slot));
                self.b.push_owned(value);
            }
        }
        Ok(())
    }

    pub(super) fn store_deref(&mut self, k: u32) -> Result<(), Abort> {
        let (v, cell) = self.cell(k)?;
        let old = cell.cell_content();
        let held = self.b.load_field(v, Field::CellRef)?;
        if old.is_null() {
            let null = self.known(Known::Null);
            self.b.guard_is(held, null);
        } else if old.is_plain() && !old.is_cdata() {
            let ty = self.type_of(old);
            self.b.guard_type(held, ty);
        } else {
            return Err(self.unsupported("a shared variable over an object with a finaliser"));
        }
        let e = self.b.peek(0)?;
        if e.owned || matches!(self.concrete(0)?.kind(), Kind::Other) {
            return Err(self.unsupported("an object stored in a shared variable"));
        }
        self.shelter_below(1);
        self.b
            .effect(Op::Call, &[v, e.value], Imm::Helper(Helper::CellSet));
        self.pop_dead()
    }
}
