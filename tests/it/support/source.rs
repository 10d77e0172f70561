//! The project's own source, read simply: which file uses which, how long a function is, what a struct shows.
//!
//! It reads what `rustfmt` writes: an item ends at a line that begins as far to the left as the item does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file of the source, `src/app/text/mod.rs`, without comments and inline tests; line numbers stay true.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) code: String,
}

/// All files below a folder of the project, in order.
pub(crate) fn files(below: &str) -> Vec<File> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    if root.join(below).exists() {
        collect(&root.join(below), &mut found);
    }
    let file = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        File { path: path.strip_prefix(&root).unwrap().display().to_string(), code: code_of(&text) }
    };
    found.into_iter().map(file).collect()
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|it| it.unwrap().path()).collect();
        entries.sort();
        for entry in &entries {
            collect(entry, found);
        }
    } else if path.extension().is_some_and(|it| it == "rs") {
        found.push(path.to_owned());
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The index of the line that ends the item which begins at `from`: the first that closes as far to the left.
fn end_of(lines: &[&str], from: usize) -> usize {
    let depth = indent(lines[from]);
    let opens = lines[from].trim_end();
    if opens.ends_with(';') || opens.ends_with("{}") || (opens.contains('{') && opens.ends_with('}')) {
        return from;
    }
    let closes = |line: &str| indent(line) == depth && line.trim_start().starts_with('}');
    (from + 1..lines.len()).find(|&it| closes(lines[it])).unwrap_or(lines.len() - 1)
}

/// The text with comments and inline test modules blanked.
pub(crate) fn code_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let is_test = lines[at].trim() == "#[cfg(test)]"
            && lines.get(at + 1).is_some_and(|it| it.trim_start().starts_with("mod ") && it.ends_with('{'));
        if is_test {
            let end = end_of(&lines, at + 1);
            out.extend((at..=end).map(|_| ""));
            at = end + 1;
            continue;
        }
        let is_comment = lines[at].trim_start().starts_with("//");
        out.push(if is_comment { "" } else { lines[at].split(" // ").next().unwrap_or_default() });
        at += 1;
    }
    out.join("\n")
}

/// The lines of code: those that are not blank.
pub(crate) fn length(file: &File) -> usize {
    file.code.lines().filter(|it| !it.trim().is_empty()).count()
}

/// Every function with its number of lines, from its `fn` to its closing brace.
pub(crate) fn functions(file: &File) -> Vec<(String, usize)> {
    let lines: Vec<&str> = file.code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((before, name)) = line.trim_start().split_once("fn ") else { continue };
        if !before.split_whitespace().all(|it| {
            matches!(it, "pub" | "const" | "unsafe" | "async" | "extern" | "in") || it.contains(['(', ')', '"'])
        }) {
            continue;
        }
        let name: String = name.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        // A head over several lines ends where its body begins, or has none.
        let ends_head = |line: &str| line.ends_with(['{', ';', '}']);
        let Some(head) = (at..lines.len()).find(|&it| ends_head(lines[it])) else { continue };
        let closes = |&it: &usize| indent(lines[it]) == indent(line) && lines[it].trim_start().starts_with('}');
        let end = if lines[head].ends_with('{') { (head + 1..lines.len()).find(closes) } else { Some(head) };
        found.push((name, end.unwrap_or(lines.len() - 1) - at + 1));
    }
    found
}

/// Every struct with its number of public fields.
pub(crate) fn public_fields(file: &File) -> Vec<(String, usize)> {
    let lines: Vec<&str> = file.code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some((before, name)) = line.split_once("struct ") else { continue };
        if !(before.trim().is_empty() || before.trim().starts_with("pub")) || !line.ends_with('{') {
            continue;
        }
        let name = name.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default().to_owned();
        let fields = &lines[at + 1..end_of(&lines, at)];
        found.push((name, fields.iter().filter(|it| it.trim_start().starts_with("pub ")).count()));
    }
    found
}

/// The module that a file is: `src/app/text/mod.rs` is `app::text`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|it| it == "mod" || it == "lib") {
        parts.pop();
    }
    parts
}

/// The paths of a `use` without its braces: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn unfold(used: &str) -> Vec<String> {
    let used = used.trim();
    let Some((before, inside)) = used.split_once('{') else {
        return vec![used.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for c in inside.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    let whole = |it: &String| {
        unfold(it)
            .into_iter()
            .map(|it| if it == "self" { before.trim_end_matches("::").to_owned() } else { format!("{before}{it}") })
    };
    parts.iter().filter(|it| !it.trim().is_empty()).flat_map(whole).collect()
}

/// The statements `use` of a file, unfolded, and whether each is public.
fn uses(code: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let flat = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(at) = flat.find("use ").filter(|&it| it == 0 || flat.as_bytes()[it - 1] == b' ') else { continue };
        let before = &flat[..at];
        let is_public = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
        found.extend(unfold(&flat[at + 4..]).into_iter().map(|it| (it, is_public)));
    }
    found
}

/// The modules that a file declares in files of their own.
fn children(code: &str) -> Vec<String> {
    let name = |line: &str| Some(line.strip_suffix(';')?.rsplit_once("mod ")?.1.to_owned());
    code.lines().filter(|it| !it.contains('"')).filter_map(|it| name(it.trim())).collect()
}

/// The paths by which a file names what lies outside its top-level module, where they begin with `super::`.
pub(crate) fn ways_out(file: &File) -> BTreeSet<String> {
    let module = module_of(&file.path);
    let used = uses(&file.code).into_iter().map(|it| it.0).chain(inline_paths(&file.code));
    let climbs = |it: &String| it.split("::").take_while(|it| *it == "super").count() >= module.len();
    used.filter(climbs).collect()
}

/// The paths in the code itself that begin with `super::`, `crate::` or a module that the file declares.
fn inline_paths(code: &str) -> Vec<String> {
    let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
    let mut found = Vec::new();
    let starts = children(code).into_iter().map(|it| format!("{it}::"));
    for start in ["super::".to_owned(), "crate::".to_owned()].into_iter().chain(starts) {
        for (at, _) in code.match_indices(&start) {
            // `pub(in crate::app)` says who may see an item, and uses nothing.
            if code[..at].ends_with(is_part) || code[..at].ends_with("(in ") {
                continue;
            }
            let path: String = code[at..].chars().take_while(|&it| is_part(it)).collect();
            // What ends in colons goes on in braces: a `use`, which is read as one.
            if !path.ends_with("::") {
                found.push(path);
            }
        }
    }
    found
}

/// Which file uses which. A parent's `mod` line is no edge; what a file hands on with `pub use` leads to where it is made.
pub(crate) fn edges(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let by_module: BTreeMap<Vec<String>, &File> = files.iter().map(|it| (module_of(&it.path), it)).collect();
    let absolute = |from: &[String], path: &str| -> Vec<String> {
        let mut base = from.to_vec();
        let mut parts: Vec<&str> = path.split("::").collect();
        match parts.first() {
            Some(&"crate") => base.clear(),
            Some(&"super" | &"self") => {}
            _ => return [from.to_vec(), parts.iter().map(|it| (*it).to_owned()).collect()].concat(),
        }
        while let Some(&first) = parts.first() {
            match first {
                "super" => _ = base.pop(),
                "self" | "crate" => {}
                _ => break,
            }
            parts.remove(0);
        }
        base.extend(parts.into_iter().map(str::to_owned));
        base
    };
    let file_of = |path: &[String]| -> Option<(usize, &File)> {
        (1..=path.len()).rev().find_map(|n| by_module.get(&path[..n]).map(|it| (n, *it)))
    };
    let resolve = |path: Vec<String>| -> Option<String> {
        let mut path = path;
        // A chain of re-exports ends; a cycle would not compile.
        for _ in 0..8 {
            let (n, file) = file_of(&path)?;
            let Some(name) = path.get(n).cloned() else { return Some(file.path.clone()) };
            let handed_on = uses(&file.code).into_iter().find(|it| it.1 && it.0.rsplit("::").next() == Some(&name));
            match handed_on {
                Some((from, _)) => path = absolute(&module_of(&file.path), &from),
                None => return Some(file.path.clone()),
            }
        }
        None
    };
    let of = |file: &File| {
        let module = module_of(&file.path);
        let used = uses(&file.code).into_iter().map(|it| it.0).chain(inline_paths(&file.code));
        let targets = used.filter_map(|it| resolve(absolute(&module, &it)));
        (file.path.clone(), targets.filter(|it| *it != file.path).collect::<BTreeSet<_>>())
    };
    files.iter().map(of).collect()
}

/// The circles: files each of which leads to all the others. The largest first.
pub(crate) fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(it) = open.pop() {
            for next in edges.get(&it).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = edges.keys().map(|it| (it, reached(it))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, all) in &reached {
        if all.contains(*file) {
            let back = |it: &&String| reached.get(it).is_some_and(|it| it.contains(*file));
            found.insert(all.iter().filter(back).cloned().collect());
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.len()));
    found
}
