//! Globals, attributes, cells: what looks variable and hardly ever varies becomes a constant that
//! is watched; the rest goes through the interpreter's protocols.

use super::Recorder;
use crate::adapters;
use crate::cpython::decode::Instr;
use crate::cpython::frame;
use crate::py::{Kind, Object};
use traces::{Abort, Field, Helper, Imm, Known, Op, Reason, Value};

impl Recorder {
    pub(super) fn load_global(&mut self, i: &Instr) -> Result<(), Abort> {
        // Bit 0: a NULL goes with it, in front of the callable or behind it.
        let with_null = i.oparg & 1 != 0;
        let name = self.co_name(i.oparg >> 1);
        let v = self.global(name)?;
        self.push_callable(v, with_null)
    }

    fn push_callable(&mut self, v: Value, with_null: bool) -> Result<(), Abort> {
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
        // SAFETY: the frame is alive.
        let (locals, globals) = unsafe {
            (
                frame::locals_dict(self.table, self.frame),
                frame::globals(self.table, self.frame),
            )
        };
        if locals != globals {
            return Err(Abort::new(Reason::Bytecode, "LOAD_NAME outside a module"));
        }
        let name = self.co_name(i.oparg);
        let v = self.global(name)?;
        self.b.push(v);
        Ok(())
    }

    fn global(&mut self, name: Object) -> Result<Value, Abort> {
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
        let text = name.text();
        if let Some(v) = globals.dict_get(name) {
            self.assumptions.dict_value(globals, name, v);
            return self.constant_value(v, &text);
        }
        let Some(v) = builtins.dict_get(name) else {
            return Err(Reason::Raised.into());
        };
        self.assumptions.dict_absent(globals, name);
        self.assumptions.dict_value(builtins, name, v);
        self.constant_value(v, &text)
    }

    pub(super) fn load_attr(&mut self, i: &Instr) -> Result<(), Abort> {
        let method = i.oparg & 1 != 0;
        let name = self.co_name(i.oparg >> 1);
        let owner = self.concrete(0)?;
        if let Some(v) = self.constant_attr(owner, name)? {
            let slot = self.b.slot_below_top(0);
            let e = self.b.pop()?;
            if e.owned {
                return Err(self.unsupported("an attribute of a temporary object"));
            }
            let _ = slot;
            return self.push_callable(v, method);
        }
        // Residual: the bound method, or the attribute, and no separate self.
        let (v, n) = (self.b.peek(0)?.value, self.name_const(name)?);
        self.residual_names.push(format!(".{}", name.text()));
        if method && !self.table.callable_first() {
            // The result belongs above the NULL: leave this shape to the interpreter's order.
            return self.method_below_null(v, n, i.next);
        }
        self.call_object(Helper::PyGetAttr, &[v, n], 1, i.next)?;
        if method {
            return Err(self.unsupported("a method of an object"));
        }
        Ok(())
    }

    fn method_below_null(&mut self, _v: Value, _n: Value, _next: u32) -> Result<(), Abort> {
        Err(self.unsupported("a method of an object"))
    }

    /// An attribute that is a constant as long as a watched dict does not change: of a module,
    /// of a cffi library, of a ctypes library.
    fn constant_attr(&mut self, owner: Object, name: Object) -> Result<Option<Value>, Abort> {
        let Some(source) = adapters::attribute_dict(owner.0, name.0) else {
            return Ok(None);
        };
        let dict = Object(source.dict);
        let Some(v) = dict.dict_get(name) else {
            return Ok(None);
        };
        let (owner_value, text) = (self.b.peek(0)?.value, name.text());
        let id = self.constant(owner, &source.name);
        self.b.guard_is(owner_value, id);
        if source.instance {
            // The class and the dict of an instance can be exchanged.
            let o = self.b.obj(id)?;
            let ty = self.type_of(owner);
            self.b.guard_type(o, ty);
            let d = self.b.load_field(o, Field::Dict)?;
            let dict_id = self.constant(dict, &format!("{}.__dict__", source.name));
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
        let cell = self.slot_object(k as u16);
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
        } else if old.is_plain() {
            let ty = self.type_of(old);
            self.b.guard_type(held, ty);
        } else {
            return Err(self.unsupported("a shared variable over an object with a finaliser"));
        }
        let e = self.b.peek(0)?;
        if e.owned || matches!(self.concrete(0)?.kind(), Kind::Other) {
            return Err(self.unsupported("an object stored in a shared variable"));
        }
        self.b
            .effect(Op::Call, &[v, e.value], Imm::Helper(Helper::CellSet));
        self.pop_dead()
    }
}
