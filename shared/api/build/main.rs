//! Compiles the protos with protox, so that nobody has to install protoc, and keeps the descriptor set with its
//! comments and custom options for reflection, and the methods with their scopes as a table.

mod methods;
mod redact;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", root.display());

    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Not prost's re-encoding of the set: that would drop the custom options.
    fs::write(out.join("attune.bin"), compiler.encode_file_descriptor_set())?;

    fs::write(
        out.join("methods.rs"),
        methods::table(&compiler.descriptor_pool()),
    )?;
    let redacted = redact::Redacted::of(&compiler.descriptor_pool());
    fs::write(out.join("redacted.rs"), &redacted.code)?;
    fs::write(
        out.join("debug_of.rs"),
        redact::debug_of(&compiler.descriptor_pool()),
    )?;

    let mut prost = tonic_prost_build::Config::new();
    prost
        .enable_type_names()
        .btree_map(["."])
        .bytes([".attune.events"]);
    tonic_prost_build::configure()
        .build_transport(true)
        .skip_debug(redacted.paths)
        .compile_fds_with_config(compiler.file_descriptor_set(), prost)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
