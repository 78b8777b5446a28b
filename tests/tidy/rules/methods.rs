//! A directory listing of `rpc/` is the table of contents: every method of the contract has a file of its name.

use crate::repo::Repo;
use crate::source::words;

pub(crate) fn check(repo: &Repo) -> Vec<String> {
    let mut found = Vec::new();
    for (proto, method) in methods(repo) {
        let file = format!("/src/rpc/{}.rs", snake_case(method));
        let has = |(path, _): (&str, &str)| path.starts_with("services/") && path.ends_with(&file);
        if !repo.rust().any(has) {
            found.push(format!("{proto}: {method} has no services/*{file}"));
        }
    }
    found
}

/// Every method of our protos, with its file.
fn methods(repo: &Repo) -> Vec<(&str, &str)> {
    let protos = repo.files().filter(|(path, _)| path.starts_with("proto/bursar/"));
    let lines = protos.flat_map(|(path, text)| text.lines().map(move |line| (path, line.trim_start())));
    let methods = lines.filter_map(|(path, line)| Some((path, words(line.strip_prefix("rpc ")?).next()?.1)));
    methods.collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::repo::Repo;

    #[test]
    fn a_method_without_a_file_is_found() {
        let repo = Repo::sample(&[
            (
                "proto/bursar/a/v1/a.proto",
                "service S {\n  // rpc Comment(M)\n  rpc GetSyncStatus(M) returns (M);\n  rpc Lost(M) returns (M);\n}",
            ),
            ("services/a/src/rpc/get_sync_status.rs", ""),
            ("libs/a/src/rpc/lost.rs", ""),
        ]);
        assert_eq!(check(&repo), ["proto/bursar/a/v1/a.proto: Lost has no services/*/src/rpc/lost.rs"]);
    }
}
