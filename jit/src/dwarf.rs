//! The lines of machine code in the form that debuggers read: a function, and a table of its lines.

use crate::region::Region;
use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Result, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian, constants as dw};

/// The sections that describe a piece of code, with absolute addresses: none where its lines are not known.
pub(crate) fn sections(name: &str, region: &Region) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let Some(first) = region.lines.first() else {
        return Ok(Vec::new());
    };
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 4,
        address_size: 8,
    };
    let text = |text: &str| LineString::String(text.as_bytes().to_vec());
    let mut dwarf = DwarfUnit::new(encoding);
    let start = Address::Constant(region.start as u64);
    let mut program = LineProgram::new(
        encoding,
        LineEncoding::default(),
        text("."),
        None,
        text(&first.file),
        None,
    );
    let folder = program.default_directory();
    program.begin_sequence(Some(start));
    for line in &region.lines {
        let file = program.add_file(text(&line.file), folder, None);
        let row = program.row();
        row.address_offset = u64::from(line.at);
        row.file = file;
        row.line = u64::from(line.line);
        program.generate_row();
    }
    program.end_sequence(region.len as u64);
    dwarf.unit.line_program = program;

    let (low, high) = (
        AttributeValue::Address(start),
        AttributeValue::Udata(region.len as u64),
    );
    let root = dwarf.unit.root();
    let function = dwarf.unit.add(root, dw::DW_TAG_subprogram);
    for (entry, name) in [(root, &*first.file), (function, name)] {
        let entry = dwarf.unit.get_mut(entry);
        entry.set(dw::DW_AT_name, AttributeValue::String(name.into()));
        entry.set(dw::DW_AT_low_pc, low.clone());
        entry.set(dw::DW_AT_high_pc, high.clone());
    }
    let python = AttributeValue::Language(dw::DW_LANG_Python);
    dwarf.unit.get_mut(root).set(dw::DW_AT_language, python);

    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections)?;
    let mut all = Vec::new();
    sections.for_each(|id, data: &EndianVec<LittleEndian>| {
        if !data.slice().is_empty() {
            all.push((id.name(), data.slice().to_vec()));
        }
        Ok::<_, gimli::write::Error>(())
    })?;
    Ok(all)
}
