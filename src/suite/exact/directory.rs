//! A model directory judged by the letter of SPEC IDX: all the classes that are right for its faults,
//! or what is listed of it.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Caller, Container, khf1, khq4};
use super::json::{self, Json};
use crate::format::Class;
use crate::suite::case::{Form, ListedTensor, Listing};
use crate::suite::lawful::Lawful;

/// The name of the index in its directory.
pub const INDEX_FILE: &str = "quantize_index.json";

/// The name of the model's configuration in its directory.
pub const CONFIG_FILE: &str = "config.json";

/// The longest index, in bytes (IDX-2).
const LONGEST: usize = 16 << 20;

/// Keys that may be left out.
const OPTIONAL: [&str; 4] = ["quantized", "shape", "numel", "quarot_seed"];

/// Nesting of which nothing is demanded.
const DEEPEST: usize = 64;

/// Links that are followed one after the other, more than any case has.
const MOST_LINKS: usize = 8;

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File(Vec<u8>),
    /// A symbolic link, to a path from the folder that it lies in.
    Link(String),
    /// A directory, FIFO or device.
    NotAFile,
    /// A socket, which some systems refuse to open.
    Socket,
}

/// Entries by their paths from the directory, `/` between components; `../` leads beside it.
pub type Nodes = BTreeMap<String, Node>;

/// Judges a directory, listed or opened; `None` is one that does not exist.
pub fn judge(nodes: Option<&Nodes>, open: bool) -> Lawful<Listing> {
    let Some(nodes) = nodes else { return Lawful::refuse([Class::Io]) };
    let mut found = Findings::default();
    let index = found.document(nodes, INDEX_FILE);
    let mut listing = Listing { form: Some(Form::Absent), ..Listing::default() };
    match &index {
        Read::Absent => {}
        Read::Refused => listing.form = None,
        Read::Json(index) => found.index(index, &mut listing),
    }
    if open {
        let config = found.document(nodes, CONFIG_FILE);
        let mut seed = listing.quarot_seed;
        match config {
            Read::Absent => found.fault(Class::Missing),
            Read::Refused => {}
            Read::Json(Json::Object(members)) => {
                let of_config =
                    found.member(&members, "quarot_seed").map(|seed| found.unsigned(seed));
                seed = seed.or(of_config.flatten());
            }
            Read::Json(_) => found.fault(Class::Index),
        }
        if listing.form == Some(Form::Object) && seed.is_none() {
            found.fault(Class::Missing);
        }
        for tensor in &listing.tensors {
            if is_path(&tensor.file) {
                found.tensor(nodes, tensor);
            }
        }
    }
    match (found.undemanded, found.faults.is_empty(), found.leaves) {
        (Some(why), ..) => Lawful::undemanded(format!("IDX demands nothing of {why}")),
        (None, false, _) => Lawful::Refuse(found.faults),
        // IDX-9.
        (None, true, true) => Lawful::either("follow-links", listing, "contained", Class::Path),
        (None, true, false) => Lawful::One(listing),
    }
}

/// What was found of a file that is to be JSON.
enum Read {
    Absent,
    Refused,
    Json(Json),
}

/// What lies at a path, links followed.
enum Place<'a> {
    Node(&'a Node),
    /// Folders are there for what lies in them.
    Folder,
    Nothing,
}

#[derive(Default)]
struct Findings {
    faults: BTreeSet<Class>,
    undemanded: Option<&'static str>,
    /// Whether a link leads out of the directory.
    leaves: bool,
}

impl Findings {
    fn fault(&mut self, class: Class) {
        self.faults.insert(class);
    }

    /// IDX-1 to IDX-3, as far as a file is JSON at all.
    fn document(&mut self, nodes: &Nodes, name: &str) -> Read {
        if !nodes.contains_key(name) {
            return Read::Absent;
        }
        let bytes = match resolve(nodes, name).0 {
            Place::Node(Node::File(bytes)) => bytes,
            place => {
                self.faults.extend(not_read(&place, &[Class::Io]));
                return Read::Refused;
            }
        };
        if bytes.len() > LONGEST {
            self.fault(Class::IndexSize);
            return Read::Refused;
        }
        let Some(document) = json::parse(bytes) else {
            self.fault(Class::Index);
            return Read::Refused;
        };
        if document.half_pairs {
            self.undemanded = Some("half of a surrogate pair");
        }
        if document.depth > DEEPEST {
            self.undemanded = Some("nesting that a reader may refuse");
        }
        Read::Json(document.value)
    }

    /// IDX-3 to IDX-7.
    fn index(&mut self, index: &Json, listing: &mut Listing) {
        let items = match index {
            Json::Array(items) => {
                listing.form = Some(Form::Array);
                items
            }
            Json::Object(members) => {
                listing.form = Some(Form::Object);
                if let Some(seed) = self.member(members, "quarot_seed") {
                    listing.quarot_seed = self.unsigned(seed);
                }
                match self.member(members, "tensors") {
                    Some(Json::Array(items)) => items,
                    _ => return self.fault(Class::Index),
                }
            }
            _ => return self.fault(Class::Index),
        };
        let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            let Some(tensor) = self.listed(item) else {
                self.fault(Class::Index);
                continue;
            };
            if !is_path(&tensor.file) {
                self.fault(Class::Path);
            }
            let again = [!names.insert(tensor.name.clone()), !files.insert(tensor.file.clone())];
            if again.contains(&true) {
                self.fault(Class::Duplicate);
            }
            listing.tensors.push(tensor);
        }
    }

    /// IDX-4.
    fn listed(&mut self, item: &Json) -> Option<ListedTensor> {
        let Json::Object(members) = item else { return None };
        let text = |member: Option<&Json>| match member {
            Some(Json::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let name = text(self.member(members, "name"))?;
        let file = text(self.member(members, "file"))?;
        let quantized = match self.member(members, "quantized") {
            None => None,
            Some(Json::Bool(quantized)) => Some(*quantized),
            Some(_) => return None,
        };
        let shape = match self.member(members, "shape") {
            None => None,
            Some(Json::Array(sizes)) => {
                Some(sizes.iter().map(|size| self.unsigned(size)).collect::<Option<_>>()?)
            }
            Some(_) => return None,
        };
        let numel = match self.member(members, "numel") {
            None => None,
            Some(numel) => Some(self.unsigned(numel)?),
        };
        Some(ListedTensor { name, file, quantized, shape, numel })
    }

    fn member<'a>(&mut self, members: &'a [(String, Json)], key: &str) -> Option<&'a Json> {
        let mut found = members.iter().filter(|(name, _)| name == key);
        let first = found.next();
        if matches!(first, Some((_, Json::Null))) && OPTIONAL.contains(&key) {
            self.undemanded = Some("an optional key that is null");
        }
        if found.next().is_some() {
            self.undemanded = Some("a key that is there twice");
        }
        first.map(|(_, value)| value)
    }

    /// A u64; a fault where it is none.
    fn unsigned(&mut self, value: &Json) -> Option<u64> {
        let Json::Number(text) = value else {
            self.fault(Class::Index);
            return None;
        };
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        let whole = text.contains(['.', 'e', 'E'])
            && text.parse().is_ok_and(|number: f64| number.fract() == 0.0);
        if whole || text == "-0" {
            self.undemanded = Some("an integer that is not written as one");
        }
        self.fault(Class::Index);
        None
    }

    /// IDX-8 and IDX-9, for one tensor.
    fn tensor(&mut self, nodes: &Nodes, tensor: &ListedTensor) {
        if tensor.file.ends_with('/') || tensor.file.ends_with("/.") {
            self.undemanded = Some("a file that is named as a folder is");
        }
        let (place, leaves) = resolve(nodes, &tensor.file);
        let bytes = match place {
            Place::Node(Node::File(bytes)) => bytes,
            place => return self.faults.extend(not_read(&place, &[Class::Missing, Class::Io])),
        };
        self.leaves |= leaves;
        let of_halves = bytes.starts_with(b"KHF1");
        let container: &dyn Container = if of_halves { &khf1::Khf1 } else { &khq4::Khq4 };
        let shape = match container.judge(bytes, &Caller::ANY) {
            Lawful::One(mut tensors) => tensors.remove(0).shape,
            Lawful::Refuse(faults) => return self.faults.extend(faults),
            _ => return self.undemanded = Some(OF_TWO_WAYS),
        };
        if tensor.quantized.is_some_and(|quantized| quantized == of_halves) {
            self.fault(Class::Index);
        }
        let numel: u64 = shape.iter().product();
        if tensor.shape.as_ref().is_some_and(|listed| *listed != shape)
            || tensor.numel.is_some_and(|listed| listed != numel)
        {
            self.fault(Class::ShapeMismatch);
        }
    }
}

const OF_TWO_WAYS: &str = "a tensor's file that a lawful reader may refuse";

/// IDX-6.
fn is_path(file: &str) -> bool {
    let up = file.split('/').any(|component| component == "..");
    !(file.is_empty() || file.starts_with('/') || up || file.contains('\0'))
}

fn not_read(place: &Place<'_>, nothing: &[Class]) -> Vec<Class> {
    match place {
        Place::Node(Node::Socket) => vec![Class::NotAFile, Class::Io],
        Place::Node(_) | Place::Folder => vec![Class::NotAFile],
        Place::Nothing => nothing.to_vec(),
    }
}

/// What a path leads to, and whether that lies outside the directory.
fn resolve<'a>(nodes: &'a Nodes, path: &str) -> (Place<'a>, bool) {
    let mut path = normal(path.split('/'));
    for _ in 0..MOST_LINKS {
        match nodes.get(&path) {
            Some(Node::Link(target)) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                path = normal(folder.split('/').chain(target.split('/')));
            }
            Some(node) => return (Place::Node(node), path.starts_with("../")),
            None => {
                let within = format!("{path}/");
                let folder =
                    path.is_empty() || nodes.keys().any(|other| other.starts_with(&within));
                return (if folder { Place::Folder } else { Place::Nothing }, false);
            }
        }
    }
    (Place::Nothing, false)
}

/// A path without `.`, and without `..` where it can be taken away.
fn normal<'a>(components: impl Iterator<Item = &'a str>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for component in components {
        match (component, kept.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => drop(kept.pop()),
            _ => kept.push(component),
        }
    }
    kept.join("/")
}
