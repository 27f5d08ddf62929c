//! `matrix`: a page that holds what the logs say, and nothing that they could say to a browser.

use crate::logs::hostile;
use crate::support::{Bench, q4proof};

/// The page of these logs.
fn page(bench: &Bench, logs: &[&str]) -> String {
    let html = bench.text("page.html");
    let arguments: Vec<&str> = ["--html", &html].iter().chain(logs).copied().collect();
    bench.run("matrix", &arguments).shows(0, &["page.html: ", "clauses by "]);
    let html = bench.read("page.html");
    each_link_leads_somewhere(&html);
    html
}

fn each_link_leads_somewhere(html: &str) {
    for link in html.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().unwrap_or_default();
        assert_eq!(html.matches(&format!("id=\"{anchor}\"")).count(), 1, "{anchor} in {html}");
    }
    for tag in ["tr", "table", "details", "article"] {
        let (opened, closed) = (format!("<{tag}"), format!("</{tag}>"));
        assert_eq!(html.matches(&opened).count(), html.matches(&closed).count(), "{tag}");
    }
    for foreign in ["\x1b", "<script", "http:", "https:", "src=\"", "@import", "url("] {
        assert!(!html.contains(foreign), "{foreign} is in {html}");
    }
}

#[track_caller]
fn holds(html: &str, words: &[&str]) {
    for words in words {
        assert!(html.contains(words), "{words:?} is not in {html}");
    }
}

#[test]
fn each_cell_leads_to_its_failing_cases() {
    let bench = Bench::new();
    let sound = bench.log("sound", &[]);
    let faulty = bench
        .log("faulty", &["--subject", "planted:padded-tail-range", "--profile", "encode:khq4"]);
    let html = page(&bench, &[&sound, &faulty]);
    holds(
        &html,
        &[
            "<a href=\"#s1\">reference 0.1.0</a>",
            "<a href=\"#s2\">planted:padded-tail-range 0.1.0</a>",
            // A row: the clause, its title, what passed, and what failed with where it stands.
            "<tr><th scope=\"row\">ENC-A1</th>\n<td class=\"title\">Asymmetric: minimum and maximum</td>\n\
         <td class=\"good\">1 passed</td>\n\
         <td class=\"bad\"><a href=\"#s2-ENC-A1\">1 failed</a> of 1</td>\n</tr>",
            "<td class=\"none\">–</td>",
            "<h3 id=\"s2-ENC-A1\">ENC-A1 · Asymmetric: minimum and maximum</h3>",
            "<p class=\"quiet\">the case: about encode/worked; it guards against class 37: minimum and maximum over zero \
             padding</p>",
            "<th scope=\"col\">expected</th>\n<th scope=\"col\">got</th>",
            "<tr class=\"differs\"><th scope=\"row\">block 0 scale</th>\n\
         <td><code>3044 (0.13330078)</code></td>\n<td><code>3777 (0.46655273)</code></td>",
            "<td class=\"bad\">does not conform</td>",
            "<p class=\"good\">No case failed.</p>",
        ],
    );
}

#[test]
fn what_a_subject_does_wrong_leads_to_the_bytes_that_show_it() {
    let bench = Bench::new();
    let faulty = bench.log(
        "faulty",
        &["--subject", "planted:padded-tail-range", "--profile", "encode:khq4+decode:khq4"],
    );
    let html = page(&bench, &[&faulty]);
    let both = page(&bench, &[&faulty, &faulty]);
    holds(
        &html,
        &[
            // From the subject to what it does wrong, and from there to the case.
            "<th scope=\"row\"><a href=\"#s1-bugs\">planted:padded-tail-range 0.1.0</a>",
            "<h3 id=\"s1-bugs\"><a href=\"#s1\">planted:padded-tail-range 0.1.0</a></h3>\n\
             <p>2 failing cases, 2 causes</p>",
            "<th scope=\"row\">scale, bias and nibbles differ</th>\n\
         <td><a href=\"#s1-ENC-A1\">ENC-A1</a> </td>\n\
         <td class=\"number\">1</td>\n\
         <td><a href=\"#s1-encode/worked\"><code>encode/worked</code></a></td>\n\
         <td>class 37: minimum and maximum over zero padding </td>",
            "<article id=\"s1-encode/worked\">",
            "<p class=\"quiet\">the case: about encode/worked; it guards against class 37: ",
            // What was asked, and how it is asked again.
            "encode 3 values, asymmetric, of shape [3]",
            "    0  40a00000  5.0\n",
            "<pre>q4proof repro encode/worked --subject planted:padded-tail-range --profile decode:khq4+encode:khq4 --vectors ",
        ],
    );
    // Two of one name are told apart by how they were asked; where nothing failed that is said in a line.
    holds(
        &both,
        &["<a href=\"#s2\">planted:padded-tail-range 0.1.0 (planted:padded-tail-range)</a>"],
    );
    let sound = bench.log("sound", &[]);
    holds(&page(&bench, &[&sound]), &["<p class=\"good\">No case failed of reference 0.1.0.</p>"]);
}

/// A file that was to be refused stands there field by field.
#[test]
fn a_file_is_shown_with_its_fields() {
    let bench = Bench::new();
    let faulty =
        bench.log("log", &["--subject", "planted:zero-scale-accepted", "--profile", "load:khq4"]);
    holds(
        &page(&bench, &[&faulty]),
        &[
            "<article id=\"s1-load/scale-zero\">",
            "<td><code>refused: scale</code></td>\n<td><code>accepted, shape [3]</code></td>",
            "load a KHQ4 file",
            "<a href=\"#s1-load/scale-zero\"><code>load/scale-zero</code></a>",
            "0000  ",
        ],
    );
}

/// [5, 6, 7] with the scale 7/15 (3777, 0.466552734375) and bias 0: nibble 11 is 5.132080078125, off by
/// 0.132080078125, where ENC-B1 allows 0.067155906.
#[test]
fn the_largest_share_of_a_bound_is_shown_with_its_case() {
    let bench = Bench::new();
    let faulty = bench
        .log("faulty", &["--subject", "planted:padded-tail-range", "--profile", "encode:khq4"]);
    holds(
        &page(&bench, &[&faulty]),
        &[
            "<th scope=\"row\">ENC-A1</th>\n<td>Asymmetric: minimum and maximum</td>\n<td>ENC-B1</td>\n\
         <td><a href=\"#s1\">planted:padded-tail-range 0.1.0</a></td>\n\
         <td class=\"number bad\">1.97</td>\n\
         <td><a href=\"#s1-encode/worked\"><code>encode/worked</code></a></td>",
        ],
    );
    holds(&page(&bench, &[&bench.log("sound", &[])]), &["<p>No answer was measured.</p>"]);
}

#[test]
fn the_kill_matrix_stands_on_the_page() {
    let bench = Bench::new();
    let log =
        bench.log("log", &["--subject", "planted:padded-tail-range", "--profile", "encode:khq4"]);
    let (kills, html) = (bench.text("kills.json"), bench.text("page.html"));
    // So few cases do not catch all there is.
    let selftest = bench.run("selftest", &["--json", &kills]);
    selftest.shows(1, &["PROBLEM ", "4 liars refused", "problems"]);
    bench.run("matrix", &[&log, "--html", &html, "--selftest", &kills]).shows(0, &[]);
    let page = bench.read("page.html");
    each_link_leads_somewhere(&page);
    holds(
        &page,
        &[
            "<a href=\"#faults\">What the suite catches</a>",
            "<li>infinity-accepted is caught by 0 cases, fewer than 2</li>",
            "<a href=\"#class-37\">class 37: minimum and maximum over zero padding</a>",
            "<details id=\"class-37\"><summary>class 37: minimum and maximum over zero padding · 4 faults, each \
         caught by ",
            "<th scope=\"row\">padded-tail-range</th>\n<td>Takes minimum and maximum over",
            "<summary>2 cases</summary>\n<p class=\"ids\"><code>encode/worked</code> \
         <code>encode/padding</code> </p>",
            "<th scope=\"row\">refuse-all</th>",
            "<summary>6 of 6 clauses have a case that catches a fault</summary>",
            "<th scope=\"row\">ENC-A1</th>\n<td>Asymmetric: minimum and maximum</td>\n\
         <td class=\"number\">1</td>\n<td class=\"number\">1</td>\n",
        ],
    );

    // What a file says is text; what is none, or of another suite, is refused by name.
    let text = bench.read("kills.json");
    let hostile = text.replacen("\"infinity-accepted\"", "\"<img src=x>\\u001b[2J\"", 1);
    let hostile = bench.write("hostile.json", hostile).display().to_string();
    bench.run("matrix", &[&log, "--html", &html, "--selftest", &hostile]).shows(0, &[]);
    holds(&bench.read("page.html"), &["&lt;img src=x&gt;\\u{1b}[2J"]);
    assert!(!bench.read("page.html").contains("<img"));

    std::fs::remove_file(&html).expect("the page");
    let other = text.replacen("\"hash\": \"", "\"hash\": \"0", 1);
    for (name, text, words) in [
        ("empty", "", "expected a kill matrix, as `q4proof selftest --json` writes it"),
        ("log", &bench.read("log"), "expected a kill matrix"),
        ("more", &text.replacen('{', "{\"more\": 1, ", 1), "unknown field `more`"),
        ("other", &other, "is a kill matrix of suite unlocked (0"),
    ] {
        let file = bench.write(name, text).display().to_string();
        let refused = bench.run("matrix", &[&log, "--html", &html, "--selftest", &file]);
        refused.says(2, &[&file, words]);
        assert!(!bench.path("page.html").exists(), "{name}");
    }
    let nowhere = bench.text("no-folder/kills.json");
    bench.run("selftest", &["--json", &nowhere]).says(2, &["no-folder/kills.json"]);
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
    holds(
        &html,
        &[
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "&lt;img src=x onerror=alert(2)&gt;",
            "&quot;&gt;&lt;b&gt;",
            "\\u{1b}[2J",
        ],
    );
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
        "question":{"op":"decode","format":"khq4","blocks":"","original_len":0},"expect":{"one":{"values":{"f32":""}}}}]}"#,
        ),
    );
    let (one, two) = (bench.log("one", &[]), other.log("two", &[]));
    let html = bench.text("page.html");
    let words = ["is a log of suite unlocked (", "expected suite "];
    bench
        .run("matrix", &[&one, &two, "--html", &html])
        .says(2, &["two:1", words[0], words[1], "--vectors names the folder of another"]);
    q4proof(["matrix", &one, "--html", &html]).says(2, &["one:1", words[0], words[1]]);
    assert!(!bench.path("page.html").exists());
    bench
        .run("matrix", &[&one, "--html", &bench.text("no-folder/page")])
        .says(2, &["no-folder/page"]);
}
