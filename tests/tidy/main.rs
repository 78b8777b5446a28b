//! The style of the project as a test: what the design forbids is found in the source, not in review.
//!
//! Every rule is a function from the repository's files to what it finds wrong, and is itself tested on small bad samples.
//! Where the repository leaves a rule for a reason, the exception stands beside the rule with that reason, and an exception
//! that is no longer needed is found too. Depends on nothing but `std`.

mod cargo;
mod repo;
mod rules;
mod source;

use repo::Repo;

/// Fails with everything a rule found, one line each.
fn assert_tidy(rule: fn(&Repo) -> Vec<String>) {
    let repo = Repo::read();
    assert!(repo.files().count() > 100, "the repository was not found");
    let found = rule(&repo);
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn files_have_at_most_500_lines_and_functions_70() {
    assert_tidy(rules::length::check);
}

#[test]
fn domain_is_pure() {
    assert_tidy(rules::domain::check);
}

#[test]
fn rooms_import_only_the_rooms_below_them() {
    assert_tidy(rules::rooms::check);
}

#[test]
fn no_service_depends_on_another_service() {
    assert_tidy(rules::dependencies::check);
}

#[test]
fn every_file_is_reached_by_a_mod_declaration() {
    assert_tidy(rules::dead_files::check);
}

#[test]
fn every_method_of_the_contract_has_a_file_of_its_own() {
    assert_tidy(rules::methods::check);
}

#[test]
fn nothing_is_left_for_later() {
    assert_tidy(rules::leftovers::check);
}

#[test]
fn each_service_is_given_the_keys_of_its_callers() {
    assert_tidy(rules::callers::check);
}

#[test]
fn no_path_of_a_developers_machine_is_in_the_project() {
    assert_tidy(rules::machine_paths::check);
}

#[test]
fn every_setting_of_the_compose_file_is_one() {
    assert_tidy(rules::settings::check);
}

#[test]
fn sql_is_in_store_only() {
    assert_tidy(rules::sql::check);
}

#[test]
fn migrations_are_named_by_ascending_dates() {
    assert_tidy(rules::migrations::check);
}

#[test]
fn what_the_readme_says_works_names_tests_that_exist() {
    assert_tidy(rules::readme::check);
}

#[test]
fn every_commit_of_execution_has_places_to_be_killed_at() {
    assert_tidy(rules::failpoints::check);
}
