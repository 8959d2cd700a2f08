//! `import --watch`: a folder that a person drops files into, watched by the real program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

use crate::command::Store;

/// What is not there by then does not come.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Watching {
    program: Child,
    said: Receiver<String>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Watching {
    pub(crate) fn start(store: &Store, folder: &Path) -> Self {
        let mut command = store.command();
        command.args(["--json", "import", "--every", "0.05", "--watch"]).arg(folder);
        Self::of(command.stderr(Stdio::null()))
    }

    fn of(command: &mut Command) -> Self {
        let mut program = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { program, said }
    }

    /// What it says next: the file, and how many of its rows said something new; `None` of what could not be read.
    pub(crate) fn next(&self) -> (String, Option<u64>) {
        let line = self.said.recv_timeout(PATIENCE).expect("a report");
        let report: Value = serde_json::from_str(&line).unwrap();
        match report["unreadable"][0].as_str() {
            Some(message) => (message.split(':').next().unwrap().to_owned(), None),
            None => (report["files"][0]["file"].as_str().unwrap().to_owned(), report["files"][0]["accepted"].as_u64()),
        }
    }

    /// Ctrl-C, and with which code it ended.
    pub(crate) fn interrupt(mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-INT", &self.program.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let code = self.program.wait().unwrap().code();
        assert_eq!(self.said.iter().count(), 0, "nothing was said beyond what was asked for");
        code
    }
}

/// A file of one value; it appears whole, as a program that is done with it leaves it.
fn drop_file(folder: &Path, name: &str, day: u32) {
    let line = format!(
        "{{\"metric\":\"steps\",\"value\":{day}000,\"unit\":\"steps\",\"start\":\"2026-03-{day:02}T12:00:00Z\",\"kind\":\"day\"}}\n"
    );
    let hidden = folder.join(format!(".{name}"));
    fs::write(&hidden, line).unwrap();
    fs::rename(hidden, folder.join(name)).unwrap();
}

#[test]
fn what_lies_in_a_folder_is_taken_once_and_what_appears_there_too() {
    let store = Store::new("2026-03-20T08:00:00Z");
    let folder = store.path("inbox");
    fs::create_dir_all(folder.join("a folder in it")).unwrap();
    drop_file(&folder, "a.ndjson", 1);
    let watching = Watching::start(&store, &folder);
    assert_eq!(watching.next(), ("a.ndjson".to_owned(), Some(1)));
    drop_file(&folder, "b.ndjson", 2);
    assert_eq!(watching.next(), ("b.ndjson".to_owned(), Some(1)));
    // The same bytes under another name are known; what cannot be read is said once.
    drop_file(&folder, "c.ndjson", 1);
    fs::write(folder.join("d.txt"), "Dear diary").unwrap();
    assert_eq!(watching.next(), ("d.txt".to_owned(), None));
    drop_file(&folder, "e.ndjson", 3);
    assert_eq!(watching.next(), ("e.ndjson".to_owned(), Some(1)));
    assert_eq!(watching.interrupt(), Some(0));

    let again = Watching::start(&store, &folder);
    assert_eq!(again.next(), ("d.txt".to_owned(), None), "what was taken before the start is known");
    drop_file(&folder, "f.ndjson", 4);
    assert_eq!(again.next(), ("f.ndjson".to_owned(), Some(1)));
    assert_eq!(again.interrupt(), Some(0));
    let log = store.text(&["--json", "audit", "--type", "file_imported"]);
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
fn an_empty_file_is_named_and_taken_once_something_is_in_it() {
    let store = Store::new("2026-03-20T08:00:00Z");
    let folder = store.path("inbox");
    fs::create_dir(&folder).unwrap();
    for name in ["a.ndjson", "b.ndjson"] {
        fs::write(folder.join(name), "").unwrap();
    }
    let watching = Watching::start(&store, &folder);
    assert_eq!([watching.next(), watching.next()], ["a.ndjson", "b.ndjson"].map(|name| (name.to_owned(), None)));
    drop_file(&folder, "a.ndjson", 1);
    assert_eq!(watching.next(), ("a.ndjson".to_owned(), Some(1)));
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn a_folder_that_goes_is_said_and_waited_for() {
    let store = Store::new("2026-03-20T08:00:00Z");
    let folder = store.path("inbox");
    fs::create_dir(&folder).unwrap();
    let mut command = store.with_notes();
    command.args(["--json", "import", "--every", "0.05", "--watch"]).arg(&folder);
    let mut watching = Watching::of(command.stderr(Stdio::piped()));
    let notes = BufReader::new(watching.program.stderr.take().unwrap()).lines();
    let (sender, noted) = mpsc::channel();
    std::thread::spawn(move || notes.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let noted = |words: &str| {
        let line = noted.recv_timeout(PATIENCE).expect("a note");
        assert!(line.contains(words), "{line:?} instead of {words:?}");
    };
    noted("Watching");
    fs::remove_dir(&folder).unwrap();
    noted("waiting until it is there again");
    fs::create_dir(&folder).unwrap();
    noted("is there again");
    drop_file(&folder, "a.ndjson", 1);
    assert_eq!(watching.next(), ("a.ndjson".to_owned(), Some(1)));
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn two_that_begin_on_an_empty_store_at_once_make_one_person() {
    for _ in 0..3 {
        let store = Store::new("2026-03-20T08:00:00Z");
        let folders = ["one", "two"].map(|name| store.path(name));
        for (day, folder) in (1..).zip(&folders) {
            fs::create_dir(folder).unwrap();
            drop_file(folder, "a.ndjson", day);
        }
        let both = folders.each_ref().map(|folder| {
            let mut command = store.today();
            command.args([
                "--now",
                "2026-03-20T08:00:00Z",
                "--quiet",
                "--json",
                "import",
                "--every",
                "0.05",
                "--watch",
            ]);
            Watching::of(command.arg(folder).stderr(Stdio::null()))
        });
        for watching in both {
            assert_eq!(watching.next(), ("a.ndjson".to_owned(), Some(1)));
            assert_eq!(watching.interrupt(), Some(0));
        }
        assert_eq!(store.json(&["status"])["persons"], 1);
    }
}

#[test]
fn only_a_folder_can_be_watched_and_nothing_beside_it_is_named() {
    let store = Store::new("2026-03-20T08:00:00Z");
    for args in [
        &["import", "--watch", "nowhere"][..],
        &["import", "--watch", ".", "a.csv"],
        &["import", "--watch", ".", "--every", "0"],
        &["import"],
    ] {
        assert_eq!(store.run(args).status.code(), Some(2), "{args:?}");
    }
}
