//! The rules, one file each: `check` finds what is wrong in a repository.

pub(crate) mod callers;
pub(crate) mod dead_files;
pub(crate) mod dependencies;
pub(crate) mod domain;
pub(crate) mod failpoints;
pub(crate) mod leftovers;
pub(crate) mod length;
pub(crate) mod machine_paths;
pub(crate) mod methods;
pub(crate) mod migrations;
pub(crate) mod readme;
pub(crate) mod rooms;
pub(crate) mod settings;
pub(crate) mod sql;
