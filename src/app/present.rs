//! Showing answers: tables and colours for people, JSON for machines, progress for the patient.

use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::error::Failure;
use crate::domain::frame::HOW_SURE;
use crate::domain::grade::Grade;

/// Where answers and messages go.
pub(super) struct Out {
    pub json: bool,
    pub quiet: bool,
}

impl Out {
    /// One JSON document.
    pub(super) fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&serde_json::to_string_pretty(value)?)
    }

    /// One JSON value on a line of its own.
    pub(super) fn json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&serde_json::to_string(value)?)
    }

    /// A line of the answer. A reader that has seen enough, as `head` does, is no fault.
    pub(super) fn line(&self, text: &str) -> Result<(), Failure> {
        match writeln!(std::io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// A text for people, broken between words on a terminal; a mark stands before it in two columns.
    pub(super) fn paragraph(&self, mark: &str, text: &str) -> Result<(), Failure> {
        self.broken(mark, text, Style::new())
    }

    /// A statement for people: what it says, and below it, fainter, how sure it is.
    pub(super) fn statement(&self, mark: &str, text: &str) -> Result<(), Failure> {
        let Some((said, sure)) = text.split_once(HOW_SURE) else { return self.paragraph(mark, text) };
        self.paragraph(mark, said)?;
        self.broken("  ", &format!("{}{sure}", HOW_SURE.trim_start()), Style::new().dimmed())
    }

    fn broken(&self, mark: &str, text: &str, style: Style) -> Result<(), Failure> {
        let indent = if mark.is_empty() { 0 } else { 2 };
        let Some(width) = terminal_width() else { return self.line(&format!("{mark}{text}")) };
        let painted = |line: &str| paint(style, line, true);
        let mut line = String::new();
        let mut mark = mark.to_owned();
        for word in text.split_whitespace() {
            if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > width {
                self.line(&format!("{mark}{}", painted(&line)))?;
                mark = " ".repeat(indent);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&format!("{mark}{}", painted(&line)))
    }

    /// A message beside the answer.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// What went wrong.
    pub(super) fn error(&self, text: &str) {
        let red = AnsiColor::Red.on_default().bold();
        let _ = writeln!(std::io::stderr().lock(), "{} {text}", paint(red, "error:", std::io::stderr().is_terminal()));
    }

    /// A heading for people.
    pub(super) fn heading(&self, text: &str) -> Result<(), Failure> {
        self.line(&format!("\n{}", paint(Style::new().bold(), text, std::io::stdout().is_terminal())))
    }

    /// A table for people.
    pub(super) fn table(&self, header: &[&str], rows: Vec<Vec<String>>) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        if !std::io::stdout().is_terminal() {
            table.set_width(110);
        }
        table.set_header(header.to_vec());
        for row in rows {
            table.add_row(row);
        }
        self.line(&table.to_string())
    }

    /// A bar for long work, hidden where nobody watches.
    pub(super) fn bar(&self, total: u64, what: &'static str) -> ProgressBar {
        if self.quiet || self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg:24} {bar:30} {human_pos}/{human_len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style).with_message(what)
    }
}

/// The columns of the terminal that is written to, up to what reads well; none where the answer goes elsewhere.
fn terminal_width() -> Option<usize> {
    let columns = std::io::stdout().is_terminal().then(|| Table::new().width()).flatten()?;
    Some(usize::from(columns).clamp(40, 100))
}

fn paint(style: Style, text: &str, colours: bool) -> String {
    if colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// A grade, coloured on a terminal.
pub(super) fn grade(grade: Grade) -> String {
    let style = match grade {
        Grade::A => AnsiColor::Green.on_default().bold(),
        Grade::B => AnsiColor::Green.on_default(),
        Grade::C => AnsiColor::Yellow.on_default(),
        Grade::D => AnsiColor::BrightBlack.on_default(),
    };
    paint(style, &grade.to_string(), std::io::stdout().is_terminal())
}
