//! The pages tell no fairy tales: the commands of a page are run, one after the other, as a reader would.

use crate::command::Store;

/// The commands in the `sh` blocks of a page, without their remarks.
fn commands(page: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines).map(|line| line.split('#').next().unwrap_or_default().trim());
    let words = |line: &str| {
        let quoted = line.split('"').enumerate();
        let words = quoted.flat_map(|(n, part)| match n % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.collect::<Vec<_>>()
    };
    lines.filter(|line| !line.is_empty()).map(words).collect()
}

#[test]
fn the_commands_of_the_page_on_experiments_do_what_it_says() {
    let mut store = Store::new("2026-02-28T20:00:00Z");
    let night = store.path("night.ndjson");
    let line = r#"{"metric":"sleep_duration","value":430,"unit":"min","kind":"sleep","start":"2026-02-27T23:10:00Z"}"#;
    std::fs::write(&night, line).unwrap();
    store.import(&[night]);
    let commands = commands("docs/experiments.md");
    assert!(commands.len() >= 9, "{commands:?}");
    for command in commands {
        assert_eq!(command[0], "candor", "{command:?}");
        let id = store.json(&["experiment", "list"])[0]["id"].as_str().unwrap_or_default().to_owned();
        let args: Vec<&str> = command[1..].iter().map(|word| if word == "ID" { id.as_str() } else { word }).collect();
        let said = store.text(&args);
        assert!(!said.is_empty(), "{command:?}");
        if command.contains(&"start".to_owned()) {
            store.at("2026-03-06T20:00:00Z");
        }
    }
    let left = &store.json(&["experiment", "list"])[0];
    assert_eq!((&left["status"], &left["ended"]["reason"]), (&"stopped".into(), &"travel".into()));
    // Six days have come; one of the first five was said otherwise and then put right.
    assert_eq!(left["adherence"]["scheduled"], 6);
}
