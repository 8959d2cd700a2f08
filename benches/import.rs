//! Rows imported per second, and the most memory an import takes, for files of growing size.
//!
//! `cargo bench --bench import` runs the binary of this build on files it makes in a temporary folder and prints one line
//! each: WHOOP cycles as the account export writes them, newest first, and own NDJSON with one value a row. Memory is the
//! kernel's high-water mark of the process, Linux only. `CANDOR_BENCH_ROWS` changes the rows of the largest file.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};

const COLUMNS: &str = "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),\
                       Heart rate variability (ms),Skin temp (celsius),Blood oxygen %,Day Strain,Energy burned (cal),\
                       Max HR (bpm),Average HR (bpm),Sleep onset,Wake onset,Sleep performance %,\
                       Respiratory rate (rpm),Asleep duration (min),In bed duration (min),Light sleep duration (min),\
                       Deep (SWS) duration (min),REM duration (min),Awake duration (min),Sleep need (min),\
                       Sleep debt (min),Sleep efficiency %,Sleep consistency %";

fn cycles(path: &Path, rows: u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    writeln!(file, "{COLUMNS}").expect("a line");
    let newest = NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day");
    for row in 0..rows {
        let (day, next) = (newest - Days::new(row), newest - Days::new(row) + Days::new(1));
        let (asleep, rest) = (400 + row * 37 % 90, 45 + row * 7 % 20);
        writeln!(
            file,
            "{day} 23:10:00,{next} 23:05:00,UTC+01:00,{},{rest},{},34.{},96.{},{}.1,{},{},{},{day} 23:10:00,\
             {next} 07:40:00,{},15.{},{asleep},510,{},80,90,{},540,60,{},75",
            40 + row % 60,
            40 + row % 70,
            row % 10,
            row % 10,
            8 + row % 10,
            2000 + row % 900,
            140 + row % 50,
            60 + row % 25,
            60 + row % 40,
            row % 10,
            asleep - 170,
            510 - asleep,
            100 * asleep / 510,
        )
        .expect("a line");
    }
}

fn samples(path: &Path, rows: u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let first = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day").and_hms_opt(0, 0, 0).expect("a time");
    for row in 0..rows {
        let start = first + chrono::Duration::minutes(i64::try_from(row).expect("a row") * 3);
        let start = start.format("%Y-%m-%dT%H:%M:%SZ");
        writeln!(file, r#"{{"metric":"stress","value":{},"unit":"points","start":"{start}"}}"#, 20 + row * 31 % 50)
            .expect("a line");
    }
}

/// Waits for a process and gives the most memory it had, in MiB.
fn peak(child: &mut Child) -> f64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()) {
            peak = peak.max(kib / 1024.0);
        }
        if let Some(status) = child.try_wait().expect("a process") {
            assert!(status.success(), "the import failed");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn import(file: &Path, rows: u64, what: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let size = std::fs::metadata(file).expect("a file").len() as f64 / 1e6;
    for round in ["first", "again"] {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["--quiet", "--now", "2026-03-01T12:00:00Z", "--data-dir"])
            .arg(folder.path())
            .arg("import")
            .arg(file)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary");
        let peak = peak(&mut child);
        let seconds = started.elapsed().as_secs_f64();
        println!("| {what} | {rows} | {size:.1} | {round} | {:.0} | {seconds:.2} | {peak:.0} |", rows as f64 / seconds);
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    println!("| file | rows | MB | run | rows/s | s | peak MiB |");
    println!("|---|---|---|---|---|---|---|");
    for rows in [365, 3_650, 18_250] {
        let file = folder.path().join(format!("cycles-{rows}.csv"));
        cycles(&file, rows);
        import(&file, rows, "WHOOP cycles");
    }
    let most: u64 = std::env::var("CANDOR_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    for rows in [most / 100, most / 10, most] {
        let file = folder.path().join(format!("samples-{rows}.ndjson"));
        samples(&file, rows);
        import(&file, rows, "own NDJSON");
    }
}
