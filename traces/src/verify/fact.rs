//! What a trace has proved about its objects.

use crate::op::Op;
use crate::trace::{Imm, Inst, Known, ObjId, Trace, Value};
use crate::{Alias, Field};
use std::collections::BTreeMap;

/// What is known of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fact {
    /// It is the NULL of an unbound local.
    Null,
    /// It is exactly of this type.
    Is(Known),
    /// It is of a type that the IR does not know.
    Other,
    /// It is NULL or its death goes unnoticed.
    Plain,
    /// It is a struct that a foreign function gave: two words of C memory, which may live on a little.
    Struct,
}

impl Fact {
    /// Whether nobody can notice when the object dies.
    pub(super) fn is_plain(self) -> bool {
        match self {
            Fact::Null | Fact::Plain | Fact::Struct => true,
            Fact::Is(ty) => ty.is_plain_type(),
            Fact::Other => false,
        }
    }

    /// Whether no Python code runs when the object dies.
    pub(super) fn dies_quietly(self) -> bool {
        match self {
            Fact::Null | Fact::Plain | Fact::Struct => true,
            Fact::Is(ty) => ty.dies_quietly(),
            Fact::Other => false,
        }
    }

    /// What holds whichever of two facts does.
    pub(super) fn either(a: Option<Fact>, b: Option<Fact>) -> Option<Fact> {
        match (a?, b?) {
            (a, b) if a == b => Some(a),
            (Fact::Struct, Fact::Is(Known::CDataOwn))
            | (Fact::Is(Known::CDataOwn), Fact::Struct) => Some(Fact::Is(Known::CDataOwn)),
            (a, b) if a.is_plain() && b.is_plain() => Some(Fact::Plain),
            _ => None,
        }
    }
}

/// What a fact is about: a value, or a constant whatever value stands for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Subject {
    Value(Value),
    Const(ObjId),
}

/// What is proved at a point of the trace.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Facts {
    proved: BTreeMap<Subject, Fact>,
}

impl Facts {
    fn subject(def: Option<&Inst>, value: Value) -> Subject {
        match def.map(|inst| (inst.op, inst.imm)) {
            Some((Op::ConstObj, Imm::Obj(id))) => Subject::Const(id),
            _ => Subject::Value(value),
        }
    }

    /// What is proved of a value, given the instruction that defines it.
    pub(super) fn get(&self, trace: &Trace, def: Option<&Inst>, value: Value) -> Option<Fact> {
        let of_def = def.and_then(|inst| match (inst.op, inst.imm) {
            (Op::BoxInt | Op::BoxUint, _) => Some(Fact::Is(Known::Int)),
            (Op::BoxFloat, _) => Some(Fact::Is(Known::Float)),
            (Op::BoxBool, _) => Some(Fact::Is(Known::Bool)),
            (Op::BoxCData | Op::BoxCInt | Op::BoxCFloat, _) => Some(Fact::Is(Known::CData)),
            (Op::BoxStruct, _) => Some(Fact::Struct),
            (Op::BoxChar, _) => Some(Fact::Is(Known::Bytes)),
            (Op::BoxBuffer, _) => Some(Fact::Is(Known::CBuffer)),
            (Op::BoxUChar, _) => Some(Fact::Is(Known::Str)),
            (Op::BoxTuple, _) => Some(Fact::Is(Known::Tuple)),
            (Op::BoxRange, _) => Some(Fact::Is(Known::RangeIter)),
            (Op::BoxListIter, _) => Some(Fact::Is(Known::ListIter)),
            (Op::BoxTupleIter, _) => Some(Fact::Is(Known::TupleIter)),
            (Op::BoxInstance, _) => Some(Fact::Other),
            (Op::CallNew, Imm::HelperSlot(helper, _)) => helper.makes().map(Fact::Is),
            (Op::ConstObj, Imm::Obj(id)) => of_known(trace.obj(id).known),
            _ => None,
        });
        of_def.or_else(|| self.proved.get(&Facts::subject(def, value)).copied())
    }

    /// From here on this holds of a value.
    pub(super) fn learn(&mut self, def: Option<&Inst>, value: Value, fact: Fact) {
        self.proved.insert(Facts::subject(def, value), fact);
    }

    /// From here on this holds of a constant.
    pub(super) fn learn_const(&mut self, id: ObjId, fact: Fact) {
        self.proved.insert(Subject::Const(id), fact);
    }

    /// What is proved of a constant.
    pub(super) fn of_const(&self, trace: &Trace, id: ObjId) -> Option<Fact> {
        of_known(trace.obj(id).known).or_else(|| self.proved.get(&Subject::Const(id)).copied())
    }

    /// A value is about to be defined again, by another iteration.
    pub(super) fn forget(&mut self, value: Value) {
        self.proved.remove(&Subject::Value(value));
    }
}

/// What is known of a constant that the IR knows.
fn of_known(known: Option<Known>) -> Option<Fact> {
    match known? {
        Known::Null => Some(Fact::Null),
        Known::None => Some(Fact::Is(Known::NoneType)),
        Known::True | Known::False => Some(Fact::Is(Known::Bool)),
        _ => None,
    }
}

/// The type whose instances alone have a field, where it is one that the IR knows.
pub(super) fn type_of_field(field: Field) -> Option<Known> {
    Some(match field {
        Field::FloatValue => Known::Float,
        Field::RangeIterStart | Field::RangeIterStep | Field::RangeIterLen => Known::RangeIter,
        Field::ListIterIndex | Field::ListIterSeq => Known::ListIter,
        Field::TupleIterIndex | Field::TupleIterSeq => Known::TupleIter,
        Field::ListSize | Field::ListItems => Known::List,
        Field::TupleSize | Field::TupleItems => Known::Tuple,
        Field::StrLength => Known::Str,
        Field::DictUsed => Known::Dict,
        Field::SetUsed => Known::Set,
        Field::ByteArraySize | Field::ByteArrayStart => Known::ByteArray,
        Field::CellRef => Known::Cell,
        Field::BytesSize | Field::BytesData => Known::Bytes,
        Field::CDataType | Field::CDataPtr | Field::CDataWeak => return None,
        Field::CDataLength => return None,
        // The recorder has compared their objects' buffers.
        Field::ArraySize | Field::ArrayItems | Field::ArrayKind => return None,
        Field::ViewManaged | Field::ManagedFlags | Field::ViewFlags => return None,
        Field::ViewStart | Field::ViewShape | Field::ViewFormat => return None,
        Field::ViewLengths | Field::ViewStrides | Field::ViewIndirect => return None,
        Field::CBufferData | Field::CBufferSize => Known::CBuffer,
        Field::CDataIterNext | Field::CDataIterStop | Field::CDataIterArray => Known::CDataIter,
        Field::Type | Field::IterRefCount | Field::Dict | Field::InstanceSlots => return None,
        Field::CtypesPtr | Field::CFuncArgtypes => return None,
        Field::MethodFunction | Field::MethodSelf => return None,
        Field::BuiltinDef | Field::BuiltinSelf => return None,
        Field::CFuncParamflags | Field::CFuncErrcheck => return None,
    })
}

/// Whether memory that an op reads keeps what it holds as long as its object lives.
pub(super) fn is_immutable(trace: &Trace, load: &Inst) -> bool {
    match (load.op, load.imm) {
        (Op::LoadField, Imm::Field(field)) => field.alias() != Alias::Python,
        (Op::LoadItem, _) => load.args.first().is_some_and(|&items| {
            trace.insts.iter().any(|def| {
                def.result == Some(items)
                    && matches!(def.imm, Imm::Field(field) if field.alias() == Alias::Immutable)
            })
        }),
        _ => false,
    }
}
