//! `matrix`: a page that holds what the logs say, and nothing that they could say to a browser.

use crate::logs::hostile;
use crate::support::{Bench, q4proof};

/// The page of these logs.
fn page(bench: &Bench, logs: &[&str]) -> String {
    let html = bench.text("page.html");
    let arguments = ["matrix", "--html", &html].into_iter().chain(logs.iter().copied());
    q4proof(arguments).shows(0, &["page.html: ", "clauses by "]);
    bench.read("page.html")
}

#[test]
fn each_cell_leads_to_its_failing_cases() {
    let bench = Bench::new();
    let sound = bench.log("sound", &[]);
    let faulty =
        bench.log("faulty", &["--subject", "zoo:padded-tail-range", "--profile", "encode"]);
    let html = page(&bench, &[&sound, &faulty]);
    for words in [
        "<a href=\"#s1\">reference 0.1.0</a>",
        "<a href=\"#s2\">zoo:padded-tail-range 0.1.0</a>",
        // A row: the clause, its title, what passed, and what failed with where it stands.
        "<tr><th scope=\"row\">ENC-A1</th>\n<td class=\"title\">Asymmetric: minimum and maximum</td>\n\
         <td class=\"good\">1 passed</td>\n\
         <td class=\"bad\"><a href=\"#s2-ENC-A1\">1 failed</a> of 1</td>\n</tr>",
        "<td class=\"none\">–</td>",
        "<h3 id=\"s2-ENC-A1\">ENC-A1 · Asymmetric: minimum and maximum</h3>",
        "<code>encode/worked</code> · class 37: minimum and maximum over zero padding",
        "<th scope=\"col\">expected</th>\n<th scope=\"col\">got</th>",
        "<tr class=\"differs\"><th scope=\"row\">block 0 scale</th>\n\
         <td><code>3044 (0.13330078)</code></td>\n<td><code>3777 (0.46655273)</code></td>",
        "<td class=\"bad\">does not conform</td>",
        "<p>No case failed.</p>",
    ] {
        assert!(html.contains(words), "{words:?} is not in {html}");
    }
    for link in html.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().unwrap_or_default();
        assert!(html.contains(&format!("id=\"{anchor}\"")), "{anchor} is nowhere");
    }
    assert_eq!(html.matches("<tr").count(), html.matches("</tr>").count());
    for foreign in ["<script", "http:", "https:", "src=", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign} is in {html}");
    }
}

#[test]
fn clauses_stand_in_the_order_of_the_specification() {
    let bench = Bench::new();
    let html = page(&bench, &[&bench.log("log", &[])]);
    let places: Vec<usize> = ["KHQ4-H1", "KHQ4-H2", "KHQ4-P3", "DEC-1", "ENC-A1", "ENC-P1"]
        .iter()
        .filter_map(|clause| html.find(&format!("<th scope=\"row\">{clause}</th>")))
        .collect();
    assert_eq!(places.len(), 6, "{html}");
    assert!(places.is_sorted(), "{html}");
}

#[test]
fn hostile_words_are_words() {
    let bench = Bench::new();
    let html = page(&bench, &[&bench.log("log", &hostile())]);
    for words in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;img src=x onerror=alert(2)&gt;",
        "&quot;&gt;&lt;b&gt;",
        "\\u{1b}[2J",
    ] {
        assert!(html.contains(words), "{words:?} is not in {html}");
    }
    for markup in ["<script", "<img", "<b>", "\x1b", "\0"] {
        assert!(!html.contains(markup), "{markup:?} is in {html}");
    }
}

#[test]
fn logs_of_two_suites_make_no_matrix() {
    let (bench, other) = (
        Bench::new(),
        Bench::with(
            r#"{"about":"","cases":[
        {"id":"decode/none","clause":"DEC-3","tier":"must","note":"x","source":{"derivation":"x"},
        "input":{"decode":{"blocks":"","original_len":0}},"expect":{"exact":{"values":""}}}]}"#,
        ),
    );
    let (one, two) = (bench.log("one", &[]), other.log("two", &[]));
    let html = bench.text("page.html");
    let refused = q4proof(["matrix", &one, &two, "--html", &html]);
    refused
        .says(2, &["two:1", "is a log of suite unlocked (", "expected suite unlocked (", "one is"]);
    assert!(!bench.path("page.html").exists());
    q4proof(["matrix", &one, "--html", &bench.text("no-folder/page")]).says(2, &["no-folder/page"]);
}
