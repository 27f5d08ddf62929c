//! One misbehaviour a test.

use std::time::Duration;

use q4proof::subject::child::{ChildSubject, Limits};
use q4proof::subject::{Reply, Stop, Subject};

use crate::left::{self, Left};
use crate::{
    PATIENT, SHORT, asked, asked_with, command, fast, is, is_answer, is_timeout, limits, request,
    slow, start, turn, within,
};

/// Or else nothing of what follows would see what is left.
#[test]
fn a_process_that_lives_is_seen() {
    let _turn = turn();
    let subject = start("request", limits());
    if cfg!(target_os = "linux") {
        assert_eq!(left::processes().len(), 1);
    }
    drop(subject);
    Left::now().compare();
}

#[test]
fn a_sound_one_answers_every_time() {
    asked(fast(), "while request; do answer; done", PATIENT, is_answer);
}

#[test]
fn a_crash() {
    let script = "request; echo out of cheese >&2; exit 3";
    asked(fast(), script, PATIENT, is!(Crash, "it ended: exit status: 3; it said: out of cheese"));
}

#[test]
fn an_early_end_with_status_0() {
    let ended = Reply::Crash("it ended: exit status: 0".into());
    asked(fast(), "request; exit 0", PATIENT, |_, reply| assert_eq!(reply, &ended));
}

#[test]
fn a_signal() {
    asked(fast(), "request; kill -SEGV $$", PATIENT, is!(Crash, "it ended: signal: 11"));
}

#[test]
fn garbage() {
    asked(
        fast(),
        "request; echo nonsense",
        PATIENT,
        is!(ProtocolError, "\"nonsense\" is no answer"),
    );
}

#[test]
fn bytes_that_are_no_text() {
    let script = r"request; printf '\377\376\n'";
    asked(fast(), script, PATIENT, is!(ProtocolError, "is no answer"));
}

#[test]
fn an_answer_to_another_question() {
    let script = "while request; do seq=$((seq + 1)); answer; done";
    let check = |number: usize, reply: &Reply| {
        let said = format!("answered seq {}, asked was {}", number + 2, number + 1);
        is!(ProtocolError, &said)(number, reply);
    };
    asked(fast(), script, PATIENT, check);
}

#[test]
fn the_first_answer_again() {
    let script = "while request; do seq=1; answer; done";
    let check = |number: usize, reply: &Reply| match number {
        0 => is_answer(number, reply),
        _ => is!(ProtocolError, "answered seq 1, asked was")(number, reply),
    };
    asked(fast(), script, PATIENT, check);
}

#[test]
fn two_answers_at_once() {
    let script = r#"request; printf '{"seq":%d,"unsupported":true}\n{"seq":%d,"unsupported":true}\n' $seq $seq
        sleep 1000"#;
    asked(fast(), script, PATIENT, is!(ProtocolError, "more than one line"));
}

#[test]
fn half_a_line() {
    let script = r#"request; printf '{"seq":%d' $seq; exit 0"#;
    asked(fast(), script, PATIENT, is!(ProtocolError, "in the middle of a line"));
}

#[test]
fn an_end_while_a_grandchild_keeps_the_pipes_open() {
    let script = "sleep 1000 & request; exit 5";
    asked(fast(), script, PATIENT, is!(Crash, "it ended: exit status: 5"));
}

#[test]
fn a_second_answer_after_a_while_spoils_the_next_question() {
    let script = "request; answer; sleep 0.02; answer; request; sleep 1000";
    let check = |number: usize, reply: &Reply| {
        std::thread::sleep(Duration::from_millis(300));
        match number % 2 {
            0 => is_answer(number, reply),
            _ => is!(ProtocolError, "before this was asked")(number, reply),
        }
    };
    asked(2 * slow(), script, PATIENT, check);
}

#[test]
fn a_hang() {
    asked(slow(), "request; sleep 1000", SHORT, is_timeout);
}

#[test]
fn a_process_that_is_stopped() {
    asked(slow(), "request; kill -STOP $$", SHORT, is_timeout);
}

#[test]
fn one_that_hears_no_signal() {
    asked(slow(), "trap '' TERM INT HUP; request; while :; do sleep 1; done", SHORT, is_timeout);
}

#[test]
fn one_that_does_not_read() {
    // More than a pipe takes.
    asked_with(slow(), "sleep 1000", SHORT, limits(), 10_000, is_timeout);
}

#[test]
fn a_slow_drip() {
    let script = "request; while :; do printf x; sleep 0.02; done";
    asked(slow(), script, SHORT, is_timeout);
}

#[test]
fn complaints_without_end() {
    asked(slow(), "request; while :; do echo complaint; done >&2", SHORT, is_timeout);
}

#[test]
fn many_complaints_and_then_an_answer() {
    // Far more than a pipe takes.
    let script = "while request; do printf '%1000000s\\n' complaint >&2; answer; done";
    asked(slow(), script, PATIENT, is_answer);
}

#[test]
fn a_line_without_end() {
    let script = "request; while :; do printf '%65536s' x; done";
    asked(slow(), script, PATIENT, is!(ProtocolError, "longer than 67108864 bytes"));
}

#[test]
fn an_output_that_is_closed() {
    let script = "request; exec 1>&-; sleep 1000";
    asked(slow(), script, PATIENT, is!(Crash, "closed its output without ending"));
}

#[test]
fn memory_at_once() {
    let limits = Limits { memory: 50 << 20, ..limits() };
    let script = "request; x=$(printf '%100000000s'); sleep 1000";
    asked_with(slow(), script, PATIENT, limits, 1, is!(OverBudget, "MiB, of 50 allowed"));
}

#[test]
fn memory_of_a_grandchild() {
    let limits = Limits { memory: 50 << 20, ..limits() };
    let script = "request; sh -c 'x=$(printf %100000000s); sleep 1000'; answer";
    asked_with(slow(), script, PATIENT, limits, 1, is!(OverBudget, "MiB, of 50 allowed"));
}

/// Each answer comes at once, and takes a megabyte with it.
#[test]
fn memory_little_by_little() {
    let _turn = turn();
    let before = Left::now();
    {
        let script = "while request; do x=$x$(printf '%1000000s'); answer; done";
        let mut subject = start(script, Limits { memory: 100 << 20, ..limits() });
        let mut replies = (0..500).map(|_| subject.ask(&request(1), PATIENT));
        let over = replies.find(|reply| !matches!(reply, Reply::Answer(_)));
        is!(OverBudget, "MiB, of 100 allowed")(0, &over.expect("less than 500 MB"));
        is_answer(1, &subject.ask(&request(1), PATIENT));
    }
    before.compare();
}

/// A grandchild that has left the group is found by its parent.
#[test]
fn a_grandchild_with_a_session_of_its_own() {
    if cfg!(target_os = "linux") {
        asked(slow(), "setsid sleep 1000 & request; sleep 1000", SHORT, is_timeout);
    }
}

/// A process is known from when it was seen on, also when the parent by which it was found is gone.
#[test]
fn a_great_grandchild_whose_parent_ends() {
    if cfg!(target_os = "linux") {
        let script = "setsid sh -c 'sleep 1000 & sleep 0.3' & request; sleep 1000";
        asked(slow(), script, Duration::from_secs(1), is_timeout);
    }
}

#[test]
fn a_handshake_of_too_many_entries() {
    let _turn = turn();
    let hello = |count: usize| {
        let entries = vec!["\"e\""; count].join(",");
        let script = format!(
            r#"read -r hello
            echo '{{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":[],"entries":{{"decode:khq4":[{entries}]}}}}'
            read -r request"#
        );
        let command = left::marked(&["sh", "-c", &script]);
        ChildSubject::start(&command, limits(), Stop::default()).map(drop)
    };
    assert!(hello(32).is_ok());
    let error = hello(33).unwrap_err();
    let expected = "its handshake names 33 entries of \"decode:khq4\", expected at most 32";
    assert_eq!(error.reason, expected);
}

#[test]
fn a_hang_at_the_start() {
    let _turn = turn();
    let before = Left::now();
    for _ in 0..slow() {
        // Long enough for the shell to begin.
        let limits = Limits { start: Duration::from_millis(500), ..limits() };
        let silent = left::marked(&["sh", "-c", "echo one moment >&2; sleep 1000"]);
        let error = ChildSubject::start(&silent, limits, Stop::default()).err().unwrap();
        assert_eq!(error.reason, "no answer to hello within 0.5 s; it said: one moment");
    }
    before.compare();
}

/// Three times in a row is enough; a start that succeeds in between begins the count anew.
#[test]
fn only_starts_that_fail_in_a_row_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("starts").display().to_string();
    // Its second and third start fail, and from the fifth on all.
    let script = format!(
        r#"echo x >> {counter}; starts=$(wc -l < {counter})
        case $starts in 1|4) ;; *) exit 9;; esac
        read -r hello
        echo '{{"protocol":1,"name":"odd","version":"1","language":"sh","capabilities":[]}}'
        read -r request; exit 1"#
    );
    let _turn = turn();
    let command = left::marked(&["sh", "-c", &script]);
    let mut subject = ChildSubject::start(&command, limits(), Stop::default()).unwrap();
    let said: Vec<String> = (0..8)
        .map(|_| match subject.ask(&request(1), PATIENT) {
            Reply::Crash(said) => said,
            other => panic!("{other:?}"),
        })
        .collect();
    let ended = |status: u8| format!("exit status: {status}");
    for (number, expected) in [1, 9, 9, 1, 9, 9, 9].into_iter().enumerate() {
        assert!(said[number].contains(&ended(expected)), "{number}: {said:?}");
    }
    assert!(said[7].contains("it failed to start 3 times in a row"), "{said:?}");
    let starts = std::fs::read_to_string(counter).unwrap();
    assert_eq!(starts.lines().count(), 7);
}

#[test]
fn a_handshake_that_changes_is_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("started").display().to_string();
    let script = format!(
        r#"read -r hello; name=first; [ -e {flag} ] && name=other; : > {flag}
        echo "{{\"protocol\":1,\"name\":\"$name\",\"version\":\"1\",\"language\":\"sh\",\"capabilities\":[]}}"
        read -r request; exit 1"#
    );
    let _turn = turn();
    let command = left::marked(&["sh", "-c", &script]);
    let mut subject = ChildSubject::start(&command, limits(), Stop::default()).unwrap();
    is!(Crash, "exit status: 1")(0, &subject.ask(&request(1), PATIENT));
    is!(Crash, "its handshake is another than")(1, &subject.ask(&request(1), PATIENT));
}

/// Whoever stops a pass waits neither for an answer nor for an end.
#[test]
fn a_stop_ends_the_waiting_and_the_subject() {
    let _turn = turn();
    let before = Left::now();
    let stop = Stop::default();
    let command = command("request; sleep 1000");
    let mut subject = ChildSubject::start(&command, limits(), stop.clone()).unwrap();
    let told = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stop.tell();
    });
    within(Duration::from_secs(5), || {
        is_timeout(0, &subject.ask(&request(1), Duration::from_secs(600)));
        drop(subject);
    });
    told.join().unwrap();
    before.compare();
}

/// One that is done with sees the end of its input, and has time for what it does then.
#[test]
fn one_that_leaves_is_let_go() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("left");
    let script = format!("request; answer; cat > /dev/null; : > {}", flag.display());
    let mut subject = start(&script, limits());
    is_answer(0, &subject.ask(&request(1), PATIENT));
    drop(subject);
    assert!(flag.exists());
}

/// One that is done with is asked to leave, and killed where it does not.
#[test]
fn one_that_does_not_leave_is_killed() {
    let _turn = turn();
    let before = Left::now();
    let mut subject = start("request; answer; trap '' TERM; while :; do sleep 1; done", limits());
    is_answer(0, &subject.ask(&request(1), PATIENT));
    within(Duration::from_secs(10), || drop(subject));
    before.compare();
}
