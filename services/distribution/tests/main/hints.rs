//! Whatever stops or fails a distribution says what to do about it.

use std::path::Path;

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            found.push((path.display().to_string(), code.to_owned()));
        }
    }
}

/// The arguments of a call, from behind its opening parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut found, mut depth, mut quoted, mut last) = (vec![String::new()], 0, false, ' ');
    for c in text.chars() {
        match c {
            '"' if last != '\\' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                found.push(String::new());
                last = c;
                continue;
            }
            _ => {}
        }
        found.last_mut().expect("one").push(c);
        last = c;
    }
    found.into_iter().map(|argument| argument.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

/// Whether this is what somebody can do, in a sentence.
fn is_advice(literal: &str) -> bool {
    let text = literal.trim_matches('"');
    text.ends_with('.') && text.contains(' ')
}

#[test]
fn every_failure_of_a_distribution_has_a_hint() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut calls = 0;
    for (path, code) in &files {
        // One of each state, where only which it is matters.
        for (at, call) in code.match_indices("Failure::new(").filter(|(at, _)| !code[..*at].ends_with("|| "))
        {
            let arguments = arguments(&code[at + call.len()..]);
            let hint = arguments.get(2).unwrap_or_else(|| panic!("{path}: {arguments:?}"));
            let before = &code[..at];
            let advice = match hint.strip_prefix('"') {
                Some(_) => is_advice(hint),
                // Handed on from execution, where each is tested; or given by its caller below.
                None if hint == "failure.hint" => true,
                None => {
                    let start = before.rfind("hint").unwrap_or_else(|| panic!("{path}: where is {hint}?"));
                    let sentences =
                        before[start..].split('"').skip(1).step_by(2).filter(|text| text.contains(' '));
                    let sentences: Vec<&str> = sentences.collect();
                    !sentences.is_empty() && sentences.iter().all(|sentence| sentence.contains(['.', '{']))
                }
            };
            assert!(advice, "{path}: {arguments:?} does not say what to do");
            calls += 1;
        }
    }
    assert!(calls >= 10, "only {calls} are found: their form has changed");
}
