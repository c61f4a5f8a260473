//! The shape of the repository, where a rule that nobody checks would not be one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::case_sensitive_file_extension_comparisons
)] // tests, on names that are ours

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SERVICES: [&str; 5] = [
    "profiles",
    "interactions",
    "feedback",
    "improvement",
    "notifications",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() && name != "target" {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// Know one service, know all.
#[test]
fn the_five_services_have_the_same_file_set() {
    let expected = [
        "main.rs", "lib.rs", "error.rs", "domain", "commands", "store", "grpc", "convert", "events",
    ];
    for service in SERVICES {
        let found = names(&root().join("services").join(service).join("src"));
        for name in expected {
            assert!(found.contains(name), "services/{service}/src lacks {name}");
        }
    }
}

#[test]
fn the_platform_tables_are_the_same_in_all_five() {
    for name in ["_platform.sql", "_timer_kind.sql"] {
        let migration = |service: &str| {
            let folder = root().join("services").join(service).join("migrations");
            let file = names(&folder).into_iter().find(|file| file.ends_with(name));
            let file = file.unwrap_or_else(|| panic!("services/{service}/migrations lacks *{name}"));
            read(&folder.join(file)).replace(&format!("{service}."), "SCHEMA.")
        };
        let first = migration(SERVICES[0]);
        for service in &SERVICES[1..] {
            assert!(
                migration(service) == first,
                "services/{service}/migrations/*{name} differs"
            );
        }
    }
}

#[test]
fn a_service_process_says_what_it_runs_in_ten_lines() {
    for service in SERVICES {
        let lines = read(&root().join("services").join(service).join("src/main.rs"))
            .lines()
            .count();
        assert!(lines <= 10, "services/{service}/src/main.rs has {lines} lines");
    }
}

#[test]
fn no_service_depends_on_another() {
    for service in SERVICES {
        let manifest = read(&root().join("services").join(service).join("Cargo.toml"));
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for other in SERVICES {
            let named = dependencies.contains(&format!("\nattune-{other}."));
            assert!(!named, "services/{service} depends on attune-{other}");
        }
    }
}

#[test]
fn rooms_are_small_and_named_after_what_is_in_them() {
    let mut files = Vec::new();
    for folder in ["services", "shared", "tests"] {
        rust_files(&root().join(folder), &mut files);
    }
    let unnamed = [
        "utils", "util", "common", "helpers", "helper", "misc", "manager", "core",
    ];
    for path in files {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !unnamed.contains(&stem),
            "{} has no noun for a name",
            path.display()
        );
        let lines = read(&path).lines().count();
        assert!(
            lines <= 500,
            "{} has {lines} lines; make it a folder",
            path.display()
        );
    }
}

/// Only handlers' commands may begin a transaction; stores and handlers never do.
#[test]
fn only_commands_and_background_work_begin_transactions() {
    for service in SERVICES {
        for folder in ["store", "grpc", "convert", "domain"] {
            let mut files = Vec::new();
            rust_files(
                &root().join("services").join(service).join("src").join(folder),
                &mut files,
            );
            for path in files {
                let text = read(&path);
                for begin in [".write(tenant", ".read(tenant", ".system(", ".platform_tx("] {
                    assert!(!text.contains(begin), "{} begins a transaction", path.display());
                }
            }
        }
    }
}
