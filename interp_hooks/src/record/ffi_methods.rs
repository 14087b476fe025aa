//! Methods and attributes of FFI objects: `ffi.cast`, `ffi.new`, `ffi.errno`... done by the trace itself.
//!
//! A method that is looked up in front of its call lies on the operand stack as the interpreter puts it
//! there: the function of the class and the object. What is not done here is called as any other method.

use super::Recorder;
use super::calls::CallShape;
use crate::adapters::ffi_object::{self, Bound, Class, Method};
use crate::adapters::types::TypeInfo;
use crate::adapters::{self, AttributeDict};
use crate::cpython::decode::Instr;
use crate::py::{Kind, Object};
use ffi_ops::{Arg, CDataKind, Converted, EmitError, Item, OperandKind};
use traces::{Abort, Field, Helper, Imm, Known, Op, Reason, Resume, Value};

/// A call of a method under way: where its operands lie.
struct Call<'a> {
    /// The FFI object and its class.
    owner: Object,
    class: Class,
    /// How many arguments.
    nargs: usize,
    instr: &'a Instr,
}

impl Call<'_> {
    /// The place of argument `n` below the top.
    fn at(&self, n: usize) -> usize {
        self.nargs - 1 - n
    }

    /// The arguments, the function and the object or NULL beside it.
    fn operands(&self) -> usize {
        self.nargs + 2
    }
}

impl Recorder {
    // ---- attributes ----

    /// `owner.name` of an FFI object; says whether it was emitted.
    pub(super) fn ffi_get_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let Some(class) = ffi_object::class_of(owner) else {
            return Ok(false);
        };
        if self.b.peek(0)?.owned {
            return Ok(false);
        }
        let (method, text) = (i.oparg & 1 != 0, name.text());
        let Some(found) = ffi_object::in_class(owner, name) else {
            return Ok(false);
        };
        let found = Object(found.as_ptr());
        let is_method = ffi_object::method(owner.type_object(), found).is_some();
        let is_errno = text == "errno" && ffi_object::is_errno(found);
        let is_constant = adapters::is_cdata(found.0) || found.is_type();
        if !(is_errno || is_constant || is_method) {
            return Ok(false);
        }
        if !self.guard_ffi(owner, class, name)? {
            return Ok(false);
        }
        let owner_value = self.b.peek(0)?.value;
        if is_errno {
            let n = self.b.emit(Op::LoadErrno, &[], Imm::None)?;
            let n = self.b.op(Op::BoxInt, &[n])?;
            self.b.pop()?;
            self.push_callable(n, method)?;
            return Ok(true);
        }
        if is_method && !method {
            // `ffi` is an imported name: the compiler looks the method up before the call. The class of an in-line
            // FFI object may have got another method by the time that the bound one has to exist.
            let what = match class {
                Class::Compiled => self.borrowed_constant(name, &format!("str.{text}")),
                Class::Inline => {
                    self.hold.push(found.0);
                    self.borrowed_constant(found, &format!("ffi.{text}"))
                }
            };
            let bound = self.b.emit(Op::BoxAttr, &[owner_value], Imm::Obj(what))?;
            self.b.pop()?;
            self.b.push(bound);
            return Ok(true);
        }
        self.hold.push(found.0);
        let id = self.borrowed_constant(found, &format!("ffi.{text}"));
        let value = self.b.obj(id)?;
        self.b.pop()?;
        if is_method {
            // [function, object], whatever the version.
            self.b.push(value);
            self.b.push(owner_value);
        } else {
            self.push_callable(value, method)?;
        }
        Ok(true)
    }

    /// `ffi.errno = n`; says whether it was emitted.
    pub(super) fn ffi_set_attr(&mut self, name: Object, i: &Instr) -> Result<bool, Abort> {
        let owner = self.concrete(0)?;
        let Some(class) = ffi_object::class_of(owner) else {
            return Ok(false);
        };
        let small = matches!(self.concrete(1)?.kind(), Kind::Int(n) if i32::try_from(n).is_ok());
        let is_errno = name.text() == "errno"
            && ffi_object::in_class(owner, name)
                .is_some_and(|found| ffi_object::is_errno(Object(found.as_ptr())));
        if !is_errno || !small || !self.guard_ffi(owner, class, name)? {
            return Ok(false);
        }
        let Some(n) = self.integer(1)? else {
            return Ok(false);
        };
        for (op, bound) in [(Op::IGe, i32::MIN), (Op::ILe, i32::MAX)] {
            let bound = self.b.int(bound.into())?;
            let fits = self.b.op(op, &[n, bound])?;
            self.b.guard(fits, true);
        }
        self.b.effect(Op::StoreErrno, &[n], Imm::None);
        self.drop_operands(2, None)?;
        self.b.begin(i.next);
        self.b.check();
        Ok(true)
    }

    /// Guards that the owner at the top is this FFI object, and that `name` is found in its class.
    fn guard_ffi(&mut self, owner: Object, class: Class, name: Object) -> Result<bool, Abort> {
        let dict = match class {
            Class::Compiled => None,
            Class::Inline => match adapters::instance_namespace(owner) {
                Some(dict) if Object(dict).dict_get(name).is_none() => Some(Object(dict)),
                _ => return Ok(false),
            },
        };
        let value = self.b.peek(0)?.value;
        let id = self.constant_of(value, owner, "ffi");
        self.b.guard_is(value, id);
        if let Some(dict) = dict {
            let o = self.b.obj(id)?;
            let ty = self.type_of(owner);
            self.b.guard_type(o, ty);
            let held = self.b.load_field(o, Field::Dict)?;
            let dict_id = self.borrowed_constant(dict, "ffi.__dict__");
            self.b.guard_is(held, dict_id);
            self.assumptions.dict_absent(dict, name);
            self.assumptions.type_unchanged(owner.type_object());
        }
        Ok(true)
    }

    /// The dict of an in-line FFI object, for the attributes that it has itself (`ffi.buffer`).
    pub(super) fn ffi_namespace(owner: Object) -> Option<AttributeDict> {
        (ffi_object::class_of(owner) == Some(Class::Inline))
            .then(|| adapters::instance_namespace(owner))
            .flatten()
            .map(|dict| AttributeDict {
                dict,
                instance: true,
                name: "ffi".to_string(),
            })
    }

    // ---- methods ----

    /// Does the call of a method that is known; says whether it did.
    pub(super) fn ffi_call(&mut self, shape: &CallShape, i: &Instr) -> Result<bool, Abort> {
        let bound = match shape.bound {
            Some(bound) => self.looked_up(shape.callable, bound)?,
            None if shape.is_method() => None,
            None => self.bound_before(shape.callable)?,
        };
        let Some(Bound {
            method,
            owner,
            class,
            ..
        }) = bound
        else {
            return Ok(false);
        };
        let call = Call {
            owner,
            class,
            nargs: shape.nargs,
            instr: i,
        };
        let done = match method {
            Method::Cast => self.ffi_cast(&call)?,
            Method::New => self.ffi_new(&call)?,
            Method::AddressOf => self.ffi_addressof(&call)?,
            Method::SizeOf => self.ffi_sizeof(&call)?,
            Method::TypeOf => self.ffi_typeof(&call)?,
            Method::AlignOf | Method::OffsetOf => self.ffi_layout(&call, method)?,
            Method::MemMove => self.ffi_memmove(&call)?,
            Method::String | Method::Unpack => self.ffi_text(&call, method)?,
        };
        if done {
            self.foreign += 1;
        }
        Ok(done)
    }

    /// A method that was looked up right before, as above: a function and an object, both constants.
    fn looked_up(&mut self, callable: usize, receiver: usize) -> Result<Option<Bound>, Abort> {
        let (function, owner) = (self.concrete(callable)?, self.concrete(receiver)?);
        let Some(class) = ffi_object::class_of(owner) else {
            return Ok(None);
        };
        let Some(method) = ffi_object::method(owner.type_object(), function) else {
            return Ok(None);
        };
        for (n, object) in [(callable, function), (receiver, owner)] {
            let e = self.b.peek(n)?;
            if e.owned || self.defined_by(e.value) != Some(Op::ConstObj) {
                return Ok(None);
            }
            let id = self.constant_of(e.value, object, "method");
            self.b.guard_is(e.value, id);
        }
        Ok(Some(Bound {
            method,
            function,
            owner,
            class,
        }))
    }

    /// A bound method that was made before (`cast = ffi.cast`): guarded by what it is made of, since a
    /// function that runs again makes another one.
    fn bound_before(&mut self, callable: usize) -> Result<Option<Bound>, Abort> {
        let (callee, v) = (self.concrete(callable)?, self.b.peek(callable)?.value);
        let Some(bound) = ffi_object::bound_method(callee) else {
            return Ok(None);
        };
        if self.defined_by(v) == Some(Op::BoxAttr) {
            // Looked up in this trace, and guarded there.
            return Ok(Some(bound));
        }
        let ty = self.type_of(callee);
        self.b.guard_type(v, ty);
        let receiver = if bound.function.is_null() {
            let def = self.b.load_field(v, Field::BuiltinDef)?;
            let wanted = self.b.int(callee.field_i64(Field::BuiltinDef))?;
            let same = self.b.op(Op::IEq, &[def, wanted])?;
            self.b.guard(same, true);
            self.b.load_field(v, Field::BuiltinSelf)?
        } else {
            let f = self.b.load_field(v, Field::MethodFunction)?;
            let id = self.constant(bound.function, "method");
            self.b.guard_is(f, id);
            self.b.load_field(v, Field::MethodSelf)?
        };
        let id = self.constant(bound.owner, "ffi");
        self.b.guard_is(receiver, id);
        Ok(Some(bound))
    }

    /// The ctype that argument `n` names, which is then guarded to be that very object.
    fn type_argument(&mut self, call: &Call<'_>, n: usize) -> Result<Option<TypeInfo>, Abort> {
        let (object, value) = (self.concrete(call.at(n))?, self.b.peek(call.at(n))?.value);
        let Some(info) = ffi_object::named_type(call.owner, call.class, object) else {
            return Ok(None);
        };
        self.guard_argument(object, value);
        Ok(Some(info))
    }

    fn guard_argument(&mut self, object: Object, value: Value) {
        let id = self.constant_of(value, object, "argument");
        self.b.guard_is(value, id);
    }

    fn finish(&mut self, call: &Call<'_>, result: Value) -> Result<bool, Abort> {
        self.replace_operands(call.operands(), Some(result), call.instr.next)?;
        Ok(true)
    }

    fn arg<'a>(&'a mut self, known: &'a ffi_ops::KnownObjs, n: usize) -> Result<Arg<'a>, Abort> {
        let op = self.operand(n)?;
        Ok(Arg {
            b: &mut self.b,
            known,
            op,
        })
    }

    fn ffi_cast(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs != 2 {
            return Ok(false);
        }
        let Some(info) = self.type_argument(call, 0)? else {
            return Ok(false);
        };
        if info.has_address() && info.size() < 0 {
            return Ok(false);
        }
        let (to, known) = (info.what(), self.known_objs());
        let ctype = self.keep_constant(Object(info.ctype.as_ptr()), "ctype");
        let arg = self.arg(&known, call.at(1))?;
        match ffi_ops::emit_cast(arg, to, ctype) {
            Ok(result) => self.finish(call, result),
            Err(EmitError::Unsupported(_) | EmitError::Argument(_)) => Ok(false),
            Err(EmitError::Abort(abort)) => Err(abort),
        }
    }

    fn ffi_sizeof(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs != 1 {
            return Ok(false);
        }
        let object = self.concrete(0)?;
        let size = if adapters::is_cdata(object.0) {
            let Some(info) = TypeInfo::of(adapters::ctype_of(object)) else {
                return Ok(false);
            };
            // A struct with an open-ended array knows its own size.
            if info.size() < 0 && info.kind != "array" || info.has_open_array() {
                return Ok(false);
            }
            let item = info.item().map_or(0, |item| item.size());
            let Some(cdata) = self.cdata(0)? else {
                return Err(Reason::Confused.into());
            };
            if cdata.info.kind == "array" {
                let (n, item) = (self.array_length(&cdata)?, self.b.int(item)?);
                self.b.op(Op::IMul, &[n, item])?
            } else {
                self.b.int(cdata.info.size())?
            }
        } else {
            match self.type_argument(call, 0)? {
                Some(info) if info.size() >= 0 => self.b.int(info.size())?,
                _ => return Ok(false),
            }
        };
        let size = self.b.op(Op::BoxInt, &[size])?;
        self.finish(call, size)
    }

    fn ffi_typeof(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs != 1 {
            return Ok(false);
        }
        let info = if adapters::is_cdata(self.concrete(0)?.0) {
            self.cdata(0)?.map(|cdata| cdata.info)
        } else {
            self.type_argument(call, 0)?
        };
        let Some(info) = info else {
            return Ok(false);
        };
        let id = self.keep_constant(Object(info.ctype.as_ptr()), "ctype");
        let result = self.b.obj(id)?;
        self.finish(call, result)
    }

    /// `alignof` and `offsetof` of what never changes.
    fn ffi_layout(&mut self, call: &Call<'_>, method: Method) -> Result<bool, Abort> {
        let fields = call.nargs.saturating_sub(1);
        if call.nargs == 0 || (method == Method::AlignOf) != (fields == 0) {
            return Ok(false);
        }
        let Some(info) = self.type_argument(call, 0)? else {
            return Ok(false);
        };
        let n = if method == Method::AlignOf {
            adapters::types::align_of(&info)
        } else {
            self.path(call, &info)?.map(|(_, offset)| offset)
        };
        let Some(n) = n else {
            return Ok(false);
        };
        let n = self.b.int(n)?;
        let n = self.b.op(Op::BoxInt, &[n])?;
        self.finish(call, n)
    }

    /// The type and offset of a path of field names, from argument 1 on; each name is guarded.
    fn path(&mut self, call: &Call<'_>, from: &TypeInfo) -> Result<Option<(TypeInfo, i64)>, Abort> {
        let mut names = Vec::new();
        for n in 1..call.nargs {
            let object = self.concrete(call.at(n))?;
            if !object.is_exactly(Known::Str) {
                return Ok(None);
            }
            names.push(object);
        }
        let Some(found) = adapters::types::path(from, &names) else {
            return Ok(None);
        };
        for (n, &object) in (1..).zip(&names) {
            let value = self.b.peek(call.at(n))?.value;
            self.guard_argument(object, value);
        }
        Ok(Some(found))
    }

    /// `addressof` of a struct or array, of a field, of an item.
    fn ffi_addressof(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs == 0 {
            return Ok(false);
        }
        let first = call.at(0);
        let object = self.concrete(first)?;
        if !adapters::is_cdata(object.0) {
            return Ok(false);
        }
        let Some(info) = TypeInfo::of(adapters::ctype_of(object)) else {
            return Ok(false);
        };
        let inside = info.is_record() || info.kind == "array";
        let index = match call.nargs {
            2 => matches!(self.concrete(call.at(1))?.kind(), Kind::Int(_)),
            _ => false,
        };
        let (to, offset, distance) = if call.nargs == 1 {
            if !inside {
                return Ok(false);
            }
            (info, 0, None)
        } else if index {
            let Some(item) = info.item().filter(|item| item.size() >= 0) else {
                return Ok(false);
            };
            let Some(n) = self.integer(call.at(1))? else {
                return Ok(false);
            };
            let size = item.size();
            (item, size, Some(n))
        } else {
            if !inside && info.kind != "pointer" {
                return Ok(false);
            }
            match self.path(call, &info)? {
                Some((to, offset)) => (to, offset, None),
                None => return Ok(false),
            }
        };
        let Some(pointer) = adapters::types::pointer_to(to.ctype.as_ptr()) else {
            return Ok(false);
        };
        let ctype = self.keep_constant(Object(pointer.as_ptr()), "ctype");
        let Some(cdata) = self.cdata(first)? else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        let offset = self.b.int(offset)?;
        let distance = match distance {
            Some(items) => self.b.op(Op::IMulOvf, &[items, offset])?,
            None => offset,
        };
        let p = self.b.op(Op::PAdd, &[p, distance])?;
        let result = self.b.emit(Op::BoxCData, &[p], Imm::Obj(ctype))?;
        self.finish(call, result)
    }

    /// `memmove` between pointers, arrays and (as its source) bytes.
    fn ffi_memmove(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs != 3 {
            return Ok(false);
        }
        let is_memory = |kind: OperandKind| {
            matches!(
                kind,
                OperandKind::CData { what: CDataKind::Pointer(p), .. } if !p.is_function
            )
        };
        let to = self.operand(call.at(0))?;
        let from = self.operand(call.at(1))?;
        let Kind::Int(now) = self.concrete(call.at(2))?.kind() else {
            return Ok(false);
        };
        let bytes = self.concrete(call.at(1))?.length();
        let from_bytes = from.kind == OperandKind::Bytes && bytes.is_some_and(|n| now <= n as i64);
        if now < 0 || !is_memory(to.kind) || !(from_bytes || is_memory(from.kind)) {
            return Ok(false);
        }
        let known = self.known_objs();
        let Some(n) = self.integer(call.at(2))? else {
            return Ok(false);
        };
        let zero = self.b.int(0)?;
        let natural = self.b.op(Op::IGe, &[n, zero])?;
        self.b.guard(natural, true);
        let mut addresses = Vec::with_capacity(2);
        for op in [to, from] {
            addresses.push(ffi_ops::address(Arg {
                b: &mut self.b,
                known: &known,
                op,
            })?);
        }
        if from_bytes {
            let size = self.b.load_field(from.value, Field::BytesSize)?;
            let fits = self.b.op(Op::ILe, &[n, size])?;
            self.b.guard(fits, true);
        }
        let [to, from] = addresses.as_slice() else {
            return Err(Reason::Confused.into());
        };
        self.b
            .effect(Op::Call, &[*to, *from, n], Imm::Helper(Helper::MemMove));
        let none = self.known(Known::None);
        let none = self.b.obj(none)?;
        self.drop_operands(call.operands(), None)?;
        self.b.push(none);
        self.b.begin(call.instr.next);
        self.b.check();
        Ok(true)
    }

    /// `string` and `unpack` of bytes.
    fn ffi_text(&mut self, call: &Call<'_>, method: Method) -> Result<bool, Abort> {
        let first = call.at(0);
        let unpack = method == Method::Unpack;
        if call.nargs == 0 || call.nargs > 2 || (unpack && call.nargs != 2) {
            return Ok(false);
        }
        let object = self.concrete(first)?;
        if !adapters::is_cdata(object.0) || object.field_i64(Field::CDataPtr) == 0 {
            return Ok(false);
        }
        let Some(info) = TypeInfo::of(adapters::ctype_of(object)) else {
            return Ok(false);
        };
        let item = info.item().and_then(|item| item.scalar());
        let is_bytes = match item {
            Some(CDataKind::Char(traces::CType::U8)) => true,
            Some(CDataKind::Int(traces::CType::I8 | traces::CType::U8)) => !unpack,
            _ => false,
        };
        let natural =
            call.nargs == 1 || matches!(self.concrete(call.at(1))?.kind(), Kind::Int(n) if n >= 0);
        if !is_bytes || !natural {
            return Ok(false);
        }
        let Some(cdata) = self.cdata(first)? else {
            return Err(Reason::Confused.into());
        };
        let p = self.address(&cdata)?;
        self.guard_not_null(p)?;
        let n = if call.nargs == 2 {
            let Some(n) = self.integer(call.at(1))? else {
                return Ok(false);
            };
            let zero = self.b.int(0)?;
            let natural = self.b.op(Op::IGe, &[n, zero])?;
            self.b.guard(natural, true);
            n
        } else if cdata.info.kind == "array" {
            self.array_length(&cdata)?
        } else {
            self.b.int(-1)?
        };
        let helper = if unpack {
            Helper::BytesNew
        } else {
            Helper::BytesString
        };
        self.make(call.operands(), helper, &[p, n], call.instr, |_, _| Ok(()))?;
        Ok(true)
    }

    /// Makes an object by a helper, which takes the place of the operands; `fill` runs between, with the new
    /// object, and must not leave.
    fn make(
        &mut self,
        operands: usize,
        helper: Helper,
        args: &[Value],
        i: &Instr,
        fill: impl FnOnce(&mut Recorder, Value) -> Result<(), Abort>,
    ) -> Result<(), Abort> {
        let slot = self.b.slot_below_top(operands - 1);
        let snap = self.b.snapshot_as(Resume::Raise(operands as u16));
        let made =
            self.b
                .trace
                .emit(Op::CallNew, args, Imm::HelperSlot(helper, slot), Some(snap))?;
        fill(self, made)?;
        let mut owned = false;
        for n in 0..operands {
            owned |= self.b.peek(n)?.owned;
        }
        self.drop_operands(operands, Some(slot))?;
        self.b.push_owned(made);
        self.b.begin(i.next);
        if owned {
            self.b.check();
        }
        Ok(())
    }

    // ---- new ----

    /// `new(type)`, `new(type, init)` (`direct_newp`): memory of its own, zeroed or with a number, a pointer,
    /// a struct, the bytes of a string.
    fn ffi_new(&mut self, call: &Call<'_>) -> Result<bool, Abort> {
        if call.nargs == 0 || call.nargs > 2 {
            return Ok(false);
        }
        let Some(info) = self.type_argument(call, 0)? else {
            return Ok(false);
        };
        let init = match call.nargs {
            2 => {
                let none = matches!(self.concrete(call.at(1))?.kind(), Kind::None);
                if none {
                    let (value, id) = (self.b.peek(call.at(1))?.value, self.known(Known::None));
                    self.b.guard_is(value, id);
                }
                (!none).then_some(call.at(1))
            }
            _ => None,
        };
        match info.kind.as_str() {
            "pointer" => self.new_pointer(call, &info, init),
            "array" => match (info.length(), init) {
                (Some(_), None) => {
                    let bytes = self.b.int(info.size())?;
                    self.new_memory(call, &info, Helper::CDataNew, &[bytes], None)
                }
                (None, Some(init)) => self.new_array(call, &info, init),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    fn new_pointer(
        &mut self,
        call: &Call<'_>,
        info: &TypeInfo,
        init: Option<usize>,
    ) -> Result<bool, Abort> {
        let Some(item) = info.item().filter(|item| item.size() >= 0) else {
            return Ok(false);
        };
        if item.has_open_array() {
            return Ok(false);
        }
        let fill = match init {
            None => None,
            Some(n) => match self.initial(&item, n)? {
                Some(fill) => Some(fill),
                None => return Ok(false),
            },
        };
        let is_char = matches!(item.scalar(), Some(CDataKind::Char(_)));
        // A NUL behind a character.
        let bytes = item.size() * if is_char { 2 } else { 1 };
        let bytes = self.b.int(bytes)?;
        if !item.is_record() {
            return self.new_memory(call, info, Helper::CDataNew, &[bytes], fill);
        }
        let record = self.keep_constant(Object(item.ctype.as_ptr()), "ctype");
        let record = self.b.obj(record)?;
        self.new_memory(call, info, Helper::CDataNewStruct, &[record, bytes], fill)
    }

    /// An initial value, converted.
    fn initial(&mut self, item: &TypeInfo, n: usize) -> Result<Option<(Item, Converted)>, Abort> {
        let Some(place) = item.place(self) else {
            return Ok(None);
        };
        let known = self.known_objs();
        let arg = self.arg(&known, n)?;
        match ffi_ops::convert(arg, &place) {
            Ok(converted) => Ok(Some((place, converted))),
            Err(EmitError::Unsupported(_) | EmitError::Argument(_)) => Ok(None),
            Err(EmitError::Abort(abort)) => Err(abort),
        }
    }

    fn new_memory(
        &mut self,
        call: &Call<'_>,
        info: &TypeInfo,
        helper: Helper,
        more: &[Value],
        fill: Option<(Item, Converted)>,
    ) -> Result<bool, Abort> {
        let ctype = self.keep_constant(Object(info.ctype.as_ptr()), "ctype");
        let mut args = vec![self.b.obj(ctype)?];
        args.extend(more);
        self.make(call.operands(), helper, &args, call.instr, |rec, made| {
            if let Some((item, converted)) = fill {
                let p = rec.b.load_field(made, Field::CDataPtr)?;
                ffi_ops::write(&mut rec.b, p, 0, &item, converted)?;
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// An array of an open-ended type: of so many items, or of the bytes of a string and a NUL.
    fn new_array(&mut self, call: &Call<'_>, info: &TypeInfo, init: usize) -> Result<bool, Abort> {
        let Some(item) = info.item().filter(|item| item.size() > 0) else {
            return Ok(false);
        };
        let size = item.size();
        let op = self.operand(init)?;
        let ctype = self.keep_constant(Object(info.ctype.as_ptr()), "ctype");
        let ctype = self.b.obj(ctype)?;
        if op.kind == OperandKind::Bytes {
            let bytes = matches!(
                item.scalar(),
                Some(
                    CDataKind::Char(traces::CType::U8)
                        | CDataKind::Int(traces::CType::I8 | traces::CType::U8)
                )
            );
            if !bytes {
                return Ok(false);
            }
            let ty = self.known(Known::Bytes);
            self.b.guard_type(op.value, ty);
            let (length, one) = (
                self.b.load_field(op.value, Field::BytesSize)?,
                self.b.int(1)?,
            );
            let items = self.b.op(Op::IAdd, &[length, one])?;
            let from = self
                .b
                .emit(Op::FieldAddr, &[op.value], Imm::Field(Field::BytesData))?;
            let args = [ctype, items, items];
            let helper = Helper::CDataNewArray;
            self.make(call.operands(), helper, &args, call.instr, |rec, made| {
                let to = rec.b.load_field(made, Field::CDataPtr)?;
                let args = [to, from, length];
                rec.b.effect(Op::Call, &args, Imm::Helper(Helper::MemMove));
                Ok(())
            })?;
            return Ok(true);
        }
        if !matches!(self.concrete(init)?.kind(), Kind::Int(n) if n >= 0) {
            return Ok(false);
        }
        let Some(items) = self.integer(init)? else {
            return Ok(false);
        };
        for (op, bound) in [(Op::IGe, 0), (Op::ILe, i64::MAX / size)] {
            let bound = self.b.int(bound)?;
            let fits = self.b.op(op, &[items, bound])?;
            self.b.guard(fits, true);
        }
        let size = self.b.int(size)?;
        let bytes = self.b.op(Op::IMul, &[items, size])?;
        let args = [ctype, items, bytes];
        let helper = Helper::CDataNewArray;
        self.make(call.operands(), helper, &args, call.instr, |_, _| Ok(()))?;
        Ok(true)
    }
}
