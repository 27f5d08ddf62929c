//! What the evaluator says of model directories, where it has an answer and where it has none.

mod index;
mod json;
mod names;
mod opening;

use q4proof::format::Class;
use q4proof::suite::Lawful;
use q4proof::suite::case::Listing;
use q4proof::suite::exact::directory::{INDEX_FILE, Node, Nodes, judge};

type Verdict = Lawful<Listing>;

/// What is done with an index of these bytes, listed.
fn listed(bytes: &[u8]) -> Verdict {
    judge(Some(&nodes(&[(INDEX_FILE, Node::File(bytes.to_vec()))])), false)
}

fn nodes(entries: &[(&str, Node)]) -> Nodes {
    entries.iter().map(|(path, node)| ((*path).to_owned(), node.clone())).collect()
}

fn text(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn link(target: &str) -> Node {
    Node::Link(target.into())
}

fn refused(classes: &[Class]) -> Verdict {
    Lawful::refuse(classes.iter().copied())
}

/// The verdict on a tensor `a` in file `b` with one more key.
fn with_key(key: &str) -> Verdict {
    listed(format!(r#"[{{"name":"a","file":"b",{key}}}]"#).as_bytes())
}

fn accepts(verdict: &Verdict) -> bool {
    matches!(verdict, Lawful::One(_))
}

fn undemanded(verdict: &Verdict) -> &str {
    match verdict {
        Lawful::Undemanded(why) => why.strip_prefix("IDX demands nothing of ").unwrap(),
        other => panic!("{other:?}"),
    }
}
