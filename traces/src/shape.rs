//! What is in an instance of a class in Python that need not exist.

use crate::op::Op;
use crate::trace::ObjId;

/// A shape of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ShapeId(pub u16);

/// What an attribute holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// What a box of this op is of an operand of the `box_instance`: the attributes that are numbers take them in order.
    Number(Op),
    /// A constant.
    Const(ObjId),
}

/// An attribute of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attr {
    /// Its name.
    pub name: ObjId,
    /// Its index in the array of the instance's attributes; -1 - index where it has a slot (`__slots__`).
    pub at: i64,
    /// What it holds.
    pub kept: Kept,
}

/// The class of an instance and its attributes, in the order in which they were set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// The class.
    pub class: ObjId,
    /// The attributes.
    pub attrs: Vec<Attr>,
}

impl Shape {
    /// How many operands a `box_instance` of it has.
    pub fn numbers(&self) -> usize {
        let is_number = |attr: &&Attr| matches!(attr.kept, Kept::Number(_));
        self.attrs.iter().filter(is_number).count()
    }
}
