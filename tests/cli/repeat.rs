//! `check --repeat`: a case is asked several times, and an answer that is not the first one fails it.

use serde_json::{Value, json};

use crate::support::{BLOCK, Bench, VALUES, case, q4proof};

/// The values 5, 6 and 7 with another sign of the last one.
const OTHER: &str = "0000a04000dcbd4000fcdfc0";

/// A decoder in the shell: `$number` is that of the request, counted from 1, and `reply` writes an answer.
pub fn decoder(replies: &str) -> Vec<String> {
    let script = format!(
        r#"read -r hello
        echo '{{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":["decode:khq4"]}}'
        reply() {{ echo "{{\"seq\":$seq,$1}}"; }}
        values() {{ reply "\"result\":{{\"values\":{{\"f32\":\"$1\"}}}}"; }}
        number=0
        while read -r line; do
            number=$((number + 1)); seq=${{line#*:}}; seq=${{seq%%,*}}
            {replies}
        done"#
    );
    ["--", "sh", "-c", &script].map(str::to_owned).to_vec()
}

/// Decodes of the block of the worked example.
pub fn decodes(ids: &[&str]) -> Bench {
    let decode = json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": 3 });
    let exact = json!({ "one": { "values": { "f32": VALUES } } });
    let cases: Vec<Value> = ids.iter().map(|id| case(id, "DEC-1", &decode, &exact)).collect();
    Bench::with(&json!({ "about": "decodes", "cases": cases }).to_string())
}

pub fn arguments<'a>(first: &[&'a str], rest: &'a [String]) -> Vec<&'a str> {
    first.iter().copied().chain(rest.iter().map(String::as_str)).collect()
}

#[test]
fn an_answer_that_is_not_the_first_one_fails_the_case() {
    let bench = decodes(&["decode/worked"]);
    let third =
        decoder(&format!("if [ $number = 3 ]; then values {OTHER}; else values {VALUES}; fi"));
    let checked = bench.run("check", &arguments(&["--repeat", "5"], &third));
    checked.shows(
        1,
        &[
            "asked in the order of seed 1\n",
            "inconsistent  decode/worked · DEC-1\n",
            "    answer 1: pass, 3 values; answer 3, asked after decode/worked: fail, 1 field differs; 1 of 4\n      \
             later answers differ from answer 1\n",
            "first answer            later answer\n",
            ">  value 2  40dffc00 (6.9995117e0)  c0dffc00 (-6.9995117e0)\n",
            "it guards against class 92: answer that is not reproducible\n",
            "inconsistent: values differ",
        ],
    );
    let verdict = "0 passed, 1 failed · suite unlocked, each case asked 5 times · does not conform";
    assert!(checked.verdict().ends_with(verdict), "{checked:#?}");
    // Asked twice, it never comes to the third answer.
    bench.run("check", &arguments(&["--repeat", "2"], &third)).shows(0, &["asked 2 times"]);
    // A first answer that is wrong, and later ones that are right, are no better.
    let first =
        decoder(&format!("if [ $number = 1 ]; then values {OTHER}; else values {VALUES}; fi"));
    let checked = bench.run("check", &arguments(&["--repeat", "3"], &first));
    let both = "answer 1: fail, 1 field differs; answer 2, asked after decode/worked: pass, 3 values; 2 of 2";
    checked.shows(1, &[both]);
    // What is wrong each time in the same way is just that.
    let always = decoder(&format!("values {OTHER}"));
    let checked = bench.run("check", &arguments(&["--repeat", "3"], &always));
    checked.shows(1, &["\nfail  decode/worked"]);
    assert!(!checked.stdout.contains("inconsistent"), "{checked:#?}");
}

/// Of a refusal the class is compared, and of what is no answer the kind.
#[test]
fn refusals_and_silence_are_compared_too() {
    let bench = decodes(&["decode/worked"]);
    let asked = |replies: &str| {
        bench.run("check", &arguments(&["--repeat", "2", "--deadline", "0.5"], &decoder(replies)))
    };
    let words = asked(r#"reply "\"refused\":{\"message\":\"path $number\"}""#);
    words.shows(1, &["\nfail  decode/worked"]);
    assert!(!words.stdout.contains("inconsistent"), "{words:#?}");
    let class = |class: &str| format!(r#"reply '"refused":{{"message":"no","class":"{class}"}}'"#);
    let (scale, bias) = (class("scale"), class("bias"));
    let classes = asked(&format!("if [ $number = 1 ]; then {scale}; else {bias}; fi"));
    classes.shows(
        1,
        &["inconsistent: answers differ", ">  answer  refused (scale): no  refused (bias): no"],
    );
    // The child dies of its second request, and the next child does not.
    let dies = asked(&format!("[ $number = 2 ] && exit 3; values {VALUES}"));
    dies.shows(
        1,
        &[
            "inconsistent: outcomes differ",
            "answer 1: pass, 3 values; answer 2, asked after decode/worked: crash, it ended: exit status: 3;\n      \
             again, asked first of a fresh child: pass",
        ],
    );
}

/// Two lawful answers are still two.
#[test]
fn lawful_answers_that_change_fail_too() {
    let bench = Bench::new();
    let own = env!("CARGO_BIN_EXE_q4proof");
    let only = ["--filter", "encode/padding", "--profile", "encode:khq4"];
    // The reference fills the padding with ff; this subject fills it with zeros in every third line.
    let zeros = "0".repeat(30);
    let swapping = format!(
        r#"{own} serve | while read -r line; do
            number=$((number + 1))
            [ $((number % 3)) = 0 ] && line=$(echo "$line" | sed 's/f0f*"/f0{zeros}"/')
            echo "$line"
        done"#
    );
    let subject = ["--", "sh", "-c", &swapping];
    let once = bench.run("check", &[&only[..], &subject].concat());
    once.shows(0, &[]);
    let repeated = bench.run("check", &[&["--repeat", "3"], &only[..], &subject].concat());
    repeated.shows(1, &["inconsistent: nibbles differ"]);
}

#[test]
fn the_log_carries_it_into_every_report() {
    let bench = decodes(&["decode/a", "decode/b"]);
    // Of six answers the fourth differs.
    let subject =
        decoder(&format!("if [ $number = 4 ]; then values {OTHER}; else values {VALUES}; fi"));
    let arguments = arguments(&["--repeat", "3", "--seed", "7"], &subject);
    let log = bench.log("log", &arguments);
    let lines: Vec<Value> =
        bench.read("log").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1 + 2 + 1);
    assert_eq!((&lines[0]["repeat"], &lines[0]["seed"]), (&json!(3), &json!(7)));
    let outcomes: Vec<&Value> = lines[1..3].iter().map(|line| &line["outcome"]).collect();
    assert!(outcomes.contains(&&json!("inconsistent")), "{outcomes:?}");
    assert!(outcomes.contains(&&json!("pass")), "{outcomes:?}");
    assert_eq!(lines[3]["failed"], 1);

    let junit = bench.text("junit.xml");
    let reported = bench.run("report", &[&log, "--junit", &junit]);
    assert_eq!(reported.stdout, bench.run("check", &arguments).stdout);
    let junit = bench.read("junit.xml");
    assert!(junit.contains(r#"type="inconsistent""#), "{junit}");
    assert!(junit.contains("answer 1: pass, 3 values; answer "), "{junit}");

    let sound = decoder(&format!("values {VALUES}"));
    let once: Vec<&str> = sound.iter().map(String::as_str).collect();
    let diff = q4proof(["diff", &bench.log("once", &once), &log]);
    diff.shows(
        1,
        &[
            "newly failing\n  inconsistent  decode/",
            "2 cases, 0 failed",
            "2 cases, 3 times each, 1 failed",
        ],
    );
    let page = bench.text("page.html");
    q4proof(["matrix", &log, "--html", &page, "--vectors", &bench.text("vectors")]).shows(0, &[]);
    assert!(bench.read("page.html").contains("later answer"), "no headings of its own");
}

/// The turns of all cases are shuffled together, and several children share them.
#[test]
fn the_turns_of_all_cases_are_mixed() {
    let ids: Vec<String> = (0..9).map(|number| format!("decode/{number}")).collect();
    let decodes_of = |len: u64| json!({ "op": "decode", "format": "khq4", "blocks": BLOCK, "original_len": len });
    let values = |len: usize| json!({ "one": { "values": { "f32": VALUES[..8 * len] } } });
    let cases: Vec<Value> = ids
        .iter()
        .zip([1, 2, 3].iter().cycle())
        .map(|(id, &len)| case(id, "DEC-1", &decodes_of(len), &values(len as usize)))
        .collect();
    let bench = Bench::with(&json!({ "about": "decodes", "cases": cases }).to_string());
    let subject = decoder(&format!(
        r#"printf %s "${{line##*:}}" >> "$LOG"; len=${{line##*:}}; len=${{len%\}}}}
        values "$(echo {VALUES} | cut -c 1-$((8 * len)))""#
    ));
    let asked = |first: &[&str]| {
        let log = bench.write("asked", "").display().to_string();
        let mut command = bench.command("check", &arguments(first, &subject));
        crate::support::finished(command.env("LOG", log)).shows(0, &["9 passed"]);
        bench.read("asked").replace('}', "")
    };
    let (plain, mixed) = (asked(&[]), asked(&["--repeat", "2"]));
    assert_eq!(plain, "123123123");
    assert_eq!(mixed.len(), 18);
    assert_ne!(mixed, "123123123123123123");
    assert_eq!(asked(&["--repeat", "2"]), mixed, "without a seed the order is always the same");
    assert_eq!(asked(&["--repeat", "2", "--seed", "1"]), mixed);
    assert_ne!(asked(&["--repeat", "2", "--seed", "2"]), mixed);
    assert_eq!(asked(&["--repeat", "2", "--jobs", "3"]).len(), 18);
    let records = |jobs: &str| {
        let done = bench.run(
            "check",
            &["--json", "--repeat", "3", "--jobs", jobs, "--subject", "planted:nibbles-swapped"],
        );
        assert_eq!(done.code, Some(1), "{done:#?}");
        done.stdout
    };
    assert_eq!(records("1"), records("3"));
}

#[test]
fn it_is_a_number_above_zero() {
    for repeat in ["0", "-1", "x", "1001"] {
        let done = q4proof(["check", "--quick", "--repeat", repeat]);
        assert_eq!(done.code, Some(2), "{done:#?}");
        assert!(done.stderr.contains("--repeat"), "{done:#?}");
    }
}
