//! The step detector on the Turing change point series, held against their human annotators and the published scores of
//! others (van den Burg and Williams, 2020). Nothing was tuned to these series: the gate is the one set on simulated days.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use candor::engine::model::Point;
use candor::engine::model::change_point::Scan;
use candor::engine::model::gates::ONCE;
use serde_json::Value;

use crate::command::beside;

/// Positions by which a change point may be off and still count, as in the publication.
const MARGIN: usize = 5;
/// A Monday: the series have no weekdays, so any day would do.
const FIRST_DAY: i32 = 738_886;

type Annotations = BTreeMap<String, BTreeMap<String, Vec<usize>>>;

/// Splits where the largest step passes the gate of one look, and again on either side.
fn segmented(points: &[Point], found: &mut Vec<usize>) {
    let Some(step) = Scan::new(points).and_then(|scan| scan.step()).filter(|step| ONCE.step(step, 0.0)) else { return };
    let (left, right) = points.split_at(points.partition_point(|point| point.day < step.day));
    segmented(left, found);
    found.push((step.day - FIRST_DAY) as usize);
    segmented(right, found);
}

fn series(path: &Path) -> Vec<Option<f64>> {
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file["series"][0]["raw"].as_array().unwrap().iter().map(Value::as_f64).collect()
}

fn points(values: &[Option<f64>]) -> Vec<Point> {
    let days = (FIRST_DAY..).zip(values);
    days.filter_map(|(day, value)| value.map(|value| Point { day, value })).collect()
}

/// The segments `from..to` that change points make.
fn segments(changes: &[usize], n: usize) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = changes.iter().copied().filter(|at| *at > 0 && *at < n).chain([0, n]).collect();
    ends.sort_unstable();
    ends.dedup();
    ends.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// The covering of each annotator's segments by the best of ours, weighed by their length, averaged over annotators.
fn covering(annotators: &BTreeMap<String, Vec<usize>>, found: &[usize], n: usize) -> f64 {
    let ours = segments(found, n);
    let overlap = |a: (usize, usize), b: (usize, usize)| {
        let both = a.1.min(b.1).saturating_sub(a.0.max(b.0)) as f64;
        both / ((a.1 - a.0 + b.1 - b.0) as f64 - both)
    };
    let one = |changes: &Vec<usize>| -> f64 {
        let theirs = segments(changes, n).into_iter();
        theirs.map(|a| (a.1 - a.0) as f64 * ours.iter().map(|b| overlap(a, *b)).fold(0.0, f64::max)).sum()
    };
    annotators.values().map(one).sum::<f64>() / (n * annotators.len()) as f64
}

/// How many of the true change points are met within the margin, each of ours serving one.
fn met(truth: &[usize], found: &[usize]) -> usize {
    let mut left = found.to_vec();
    let mut count = 0;
    for at in truth {
        let near = left.iter().enumerate().filter(|(_, x)| x.abs_diff(*at) <= MARGIN);
        if let Some((place, _)) = near.min_by_key(|(_, x)| x.abs_diff(*at)) {
            left.remove(place);
            count += 1;
        }
    }
    count
}

/// F1 with the start counted as a change point: precision against all annotators together, recall averaged over them.
fn f1(annotators: &BTreeMap<String, Vec<usize>>, found: &[usize]) -> f64 {
    let with_start = |changes: &[usize]| {
        let mut all: Vec<usize> = changes.iter().copied().chain([0]).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let found = with_start(found);
    let together = with_start(&annotators.values().flatten().copied().collect::<Vec<_>>());
    let precision = met(&together, &found) as f64 / found.len() as f64;
    let recall = |changes: &Vec<usize>| {
        let truth = with_start(changes);
        met(&truth, &found) as f64 / truth.len() as f64
    };
    let recall = annotators.values().map(recall).sum::<f64>() / annotators.len() as f64;
    2.0 * precision * recall / (precision + recall)
}

#[test]
fn the_scores_are_those_of_the_publication() {
    let Some(folder) = beside("reference").map(|folder| folder.join("tcpd")) else { return };
    let annotations: Annotations =
        serde_json::from_str(&fs::read_to_string(folder.join("annotations.json")).unwrap()).unwrap();
    // The Nile has two published coverings, and a single change at 28 or at 27 gives them.
    let nile = &annotations["nile"];
    for (at, published) in [(28, 0.888), (27, 0.880)] {
        let covered = covering(nile, &[at], 100);
        assert!((covered - published).abs() < 5e-4, "{covered} at {at}");
        assert!((f1(nile, &[at]) - 1.0).abs() < 5e-4);
    }
}

#[test]
fn more_is_found_than_by_saying_nothing() {
    let Some(folder) = beside("reference").map(|folder| folder.join("tcpd")) else { return };
    let annotations: Annotations =
        serde_json::from_str(&fs::read_to_string(folder.join("annotations.json")).unwrap()).unwrap();
    let published = fs::read_to_string(folder.join("published_scores.csv")).unwrap();
    let (mut sums, mut count) = ([0.0; 8], 0.0);
    println!("| series | candor | zero | PELT | BOCPD |");
    for line in published.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let scores: Vec<f64> = cells[1..].iter().filter_map(|cell| cell.parse().ok()).collect();
        let (name, [pelt, bocpd, _, pelt_f1, bocpd_f1, _]) = (cells[0], scores.as_slice()) else { continue };
        let values = series(&folder.join(format!("{name}.json")));
        let mut found = Vec::new();
        segmented(&points(&values), &mut found);
        let annotators = &annotations[name];
        let score = |found: &[usize]| (covering(annotators, found, values.len()), f1(annotators, found));
        let (ours, none) = (score(&found), score(&[]));
        let row = [ours.0, ours.1, none.0, none.1, *pelt, *pelt_f1, *bocpd, *bocpd_f1];
        sums.iter_mut().zip(row).for_each(|(sum, score)| *sum += score);
        count += 1.0;
        let pairs: Vec<String> = row.chunks(2).map(|pair| format!("{:.3} / {:.3}", pair[0], pair[1])).collect();
        println!("| {name} | {} |", pairs.join(" | "));
    }
    let mean = sums.map(|sum| sum / count);
    let pairs: Vec<String> = mean.chunks(2).map(|pair| format!("{:.3} / {:.3}", pair[0], pair[1])).collect();
    println!("| mean of {count} | {} |", pairs.join(" | "));
    assert!(mean[0] > mean[2], "covering {} is not above {} for no change at all", mean[0], mean[2]);
    assert!(mean[1] > mean[3], "F1 {} is not above {} for no change at all", mean[1], mean[3]);
}
