//! Writes the IEEE registries of `oui-data` as one text, a block a line in the order of its prefix. As that crate's own
//! table, 50,000 entries of pointers, they would cost every process nine megabytes and the linker's work at each start.

use std::io::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let mut blocks: Vec<(&str, String)> = oui_data::OUI_ENTRIES
        .values()
        .map(|block| (block.oui(), block.organization().replace(['\n', '\r', '\t'], " ")))
        .collect();
    blocks.sort_unstable();
    let mut file = io::BufWriter::new(fs::File::create(Path::new(&folder).join("registry.txt"))?);
    for (prefix, organisation) in blocks {
        writeln!(file, "{prefix}\t{organisation}")?;
    }
    file.flush()
}
