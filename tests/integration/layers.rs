//! Checks the layers of `actors/src`. A file imports only from its own folder and from layers below.
//! No files import each other, directly or through others.
//!
//! `LAYERS` is the table of `docs/architecture.md`. Paths are read with a parser. An import from a
//! facade (`mod.rs`) counts as an import from the file that defines the item. Test code is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemUse, UseTree};

/// The folders of `actors/src` from top to bottom, one layer per line.
const LAYERS: &[&[&str]] = &[
    &["api"],
    &["app"],
    &["sandbox"],
    &["auth"],
    &["admission"],
    &["delivery"],
    &["onboarding", "keys", "placements", "endpoints"],
    &["creditor"],
    &["outbox"],
    &["leases"],
    &["cluster"],
    &["supervision"],
    &["contract"],
    &["infra"],
    &["domain"],
];

#[test]
fn imports_point_downwards_and_form_no_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("actors/src");
    let sources = Sources::read(&root);
    assert!(
        sources.files.len() > 150,
        "actors/src has as many files as expected"
    );
    let imports = sources.imports();
    let mut problems = upward(&imports);
    problems.extend(cycles(&imports));
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// For each file, the files that it imports from, each with one import path.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

fn upward(imports: &Imports) -> Vec<String> {
    let mut problems = Vec::new();
    for (from, targets) in imports {
        for (to, path) in targets {
            let (own, other) = (folder(from), folder(to));
            if own != other && layer(other) <= layer(own) {
                problems.push(format!("upwards or sideways: {from} imports {path} ({to})"));
            }
        }
    }
    problems
}

fn folder(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

/// The number of a folder's layer, counted from the top.
fn layer(folder: &str) -> usize {
    let found = LAYERS.iter().position(|names| names.contains(&folder));
    found.unwrap_or_else(|| panic!("the folder {folder} is missing in LAYERS"))
}

/// One line for each cycle: its files, along the shortest path.
fn cycles(imports: &Imports) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for start in imports.keys() {
        if let Some(files) = shortest_cycle(imports, start) {
            let members: BTreeSet<&str> = files.iter().copied().collect();
            if seen.insert(members) {
                problems.push(format!("cycle: {} → {start}", files.join(" → ")));
            }
        }
    }
    problems
}

/// The shortest path of imports from a file back to itself.
fn shortest_cycle<'a>(imports: &'a Imports, start: &'a str) -> Option<Vec<&'a str>> {
    let mut paths_so_far = vec![vec![start]];
    let mut visited = BTreeSet::new();
    while !paths_so_far.is_empty() {
        let mut longer = Vec::new();
        for files in paths_so_far {
            for next in imports
                .get(*files.last()?)
                .into_iter()
                .flat_map(BTreeMap::keys)
            {
                if next == start {
                    return Some(files);
                }
                if visited.insert(next.as_str()) {
                    let mut longer_path = files.clone();
                    longer_path.push(next);
                    longer.push(longer_path);
                }
            }
        }
        paths_so_far = longer;
    }
    None
}

/// The parsed files, by their path relative to `actors/src`.
struct Sources {
    files: BTreeMap<String, File>,
}

impl Sources {
    fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        collect(root, &mut paths);
        let mut files = BTreeMap::new();
        for path in paths {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if is_for_tests(&name) || name == "lib.rs" {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            files.insert(name, syn::parse_file(&text).unwrap());
        }
        Self { files }
    }

    fn imports(&self) -> Imports {
        let leaves = self
            .files
            .iter()
            .filter(|(name, _)| !name.ends_with("mod.rs"));
        leaves
            .map(|(name, file)| (name.clone(), self.imports_of(name, file)))
            .collect()
    }

    fn imports_of(&self, name: &str, file: &File) -> BTreeMap<String, String> {
        let mut found = Paths::default();
        found.visit_file(file);
        let module: Vec<String> = module_of(name);
        let mut targets = BTreeMap::new();
        for path in found.all() {
            let Some(absolute) = absolute(&module, &path) else {
                continue;
            };
            let target = self.file_of(&absolute, 0).unwrap_or_else(|| {
                panic!("{name}: cannot tell which file {} is in", path.join("::"))
            });
            if target != name && !target.ends_with("mod.rs") && !is_for_tests(&target) {
                targets.entry(target).or_insert_with(|| path.join("::"));
            }
        }
        targets
    }

    /// The file that defines the item of an absolute path. The path does not contain `crate`.
    fn file_of(&self, path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 20, "facades re-export each other: {path:?}");
        // The longest prefix that is a module.
        for end in (1..=path.len()).rev() {
            let module = path[..end].join("/");
            let leaf = format!("{module}.rs");
            if self.files.contains_key(&leaf) || is_for_tests(&leaf) {
                return Some(leaf);
            }
            let facade = format!("{module}/mod.rs");
            if let Some(file) = self.files.get(&facade) {
                let Some(item) = path.get(end) else {
                    return Some(facade);
                };
                return self.exported(&path[..end], file, item, depth);
            }
        }
        None
    }

    /// The file from which a facade re-exports an item.
    fn exported(
        &self,
        module: &[String],
        facade: &File,
        item: &str,
        depth: usize,
    ) -> Option<String> {
        let mut globs = Vec::new();
        for used in facade.items.iter().filter_map(|item| match item {
            Item::Use(used) => Some(used),
            _ => None,
        }) {
            for (path, name) in leaves(&used.tree) {
                let from = absolute(module, &path).unwrap_or_else(|| [module, &path].concat());
                match name {
                    None => globs.push(from),
                    Some(name) if name == item => return self.file_of(&from, depth + 1),
                    Some(_) => {}
                }
            }
        }
        globs.into_iter().find_map(|from| {
            let file = self.file_of(&from, depth + 1)?;
            if file.ends_with("mod.rs") {
                return self.exported(&from, &self.files[&file], item, depth + 1);
            }
            defines(self.files.get(&file)?, item).then_some(file)
        })
    }
}

/// Whether a file is compiled only for tests.
fn is_for_tests(name: &str) -> bool {
    let stem = name.trim_end_matches(".rs");
    stem.ends_with("tests")
        || stem.contains("/tests/")
        || ["misbehaving_server", "test_ca"]
            .iter()
            .any(|file| stem.ends_with(file))
        || stem.starts_with("test_support")
}

fn defines(file: &File, name: &str) -> bool {
    file.items.iter().any(|item| match item {
        Item::Const(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Fn(item) => item.sig.ident == name,
        Item::Static(item) => item.ident == name,
        Item::Struct(item) => item.ident == name,
        Item::Trait(item) => item.ident == name,
        Item::Type(item) => item.ident == name,
        _ => false,
    })
}

fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    stem.split('/').map(str::to_owned).collect()
}

/// The path relative to the crate root, or `None` if it is a path of another crate.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let base = &module[..module.len().checked_sub(ups)?];
            Some([base, &path[ups..]].concat())
        }
        _ => None,
    }
}

/// The paths of a file outside test code: those of `use` items, and all other paths of several segments.
#[derive(Default)]
struct Paths {
    used: Vec<(Vec<String>, Option<String>)>,
    others: Vec<Vec<String>>,
}

impl Paths {
    /// All paths. A path that starts with an imported name is expanded to the imported path.
    fn all(self) -> Vec<Vec<String>> {
        let used = self.used.iter();
        let named: BTreeMap<&String, &Vec<String>> = used
            .filter_map(|(path, name)| Some((name.as_ref()?, path)))
            .collect();
        let expanded = |path: &Vec<String>| match named.get(&path[0]) {
            Some(module) => [module.as_slice(), &path[1..]].concat(),
            None => path.clone(),
        };
        let others: Vec<Vec<String>> = self.others.iter().map(expanded).collect();
        let used = self.used.into_iter().map(|(path, _)| path);
        used.chain(others).collect()
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_cfg_test) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.used.extend(leaves(&item.tree));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter();
            self.others
                .push(segments.map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    /// The tokens of a macro call are not parsed, so paths are found by their `::`.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let text = call
            .tokens
            .to_string()
            .replace(":: ", "::")
            .replace(" ::", "::");
        let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for word in text.split(|c| !is_of_path(c)) {
            let segments: Vec<String> = word.split("::").map(str::to_owned).collect();
            if segments.len() > 1 && segments.iter().all(|segment| !segment.is_empty()) {
                self.others.push(segments);
            }
        }
        visit::visit_macro(self, call);
    }
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<syn::Ident>()
            .is_ok_and(|name| name == "test")
}

/// The paths of a `use` tree, each with the name that it imports, or `None` for `*`.
fn leaves(tree: &UseTree) -> Vec<(Vec<String>, Option<String>)> {
    match tree {
        UseTree::Path(path) => {
            let below = leaves(&path.tree).into_iter();
            let own = path.ident.to_string();
            let with = |(rest, name): (Vec<String>, Option<String>)| {
                // `a::{self}` imports the name `a`.
                let name = name.map(|name| if name == "self" { own.clone() } else { name });
                ([vec![own.clone()], rest].concat(), name)
            };
            below.map(with).collect()
        }
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Glob(_) => vec![(Vec::new(), None)],
        UseTree::Name(name) => vec![leaf(&name.ident, &name.ident)],
        UseTree::Rename(name) => vec![leaf(&name.ident, &name.rename)],
    }
}

fn leaf(ident: &syn::Ident, name: &syn::Ident) -> (Vec<String>, Option<String>) {
    let path = (ident != "self").then(|| ident.to_string());
    (path.into_iter().collect(), Some(name.to_string()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
