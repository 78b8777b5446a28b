//! Rebuilds when a migration is added: `embed_migrations!` alone misses new files.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
