//! How long the statistics take: one level, one change, and a year of eight metrics.

use std::hint::black_box;

use candor::engine::calibrate::world::{FIRST_DAY, World};
use candor::engine::model::{Point, SEARCH, Watch, change, level, look};
use criterion::{Criterion, criterion_group, criterion_main};

const METRICS: u64 = 8;

fn history(days: i32, seed: u64) -> Vec<Point> {
    World::quiet(0.3, days).series(seed)
}

fn one(criterion: &mut Criterion) {
    let points = history(90, 1);
    let last_day = FIRST_DAY + 89;
    criterion.bench_function("level over 60 days", |bencher| {
        bencher.iter(|| level(black_box(&points), last_day, 60));
    });
    let split = points.partition_point(|point| point.day < FIRST_DAY + 60);
    let (before, after) = points.split_at(split);
    criterion.bench_function("change 60/30, confidence only", |bencher| {
        bencher.iter(|| change::screen(black_box(before), black_box(after), 60, 30, SEARCH));
    });
    criterion.bench_function("change 60/30, with interval", |bencher| {
        bencher.iter(|| change::compare(black_box(before), black_box(after), 60, 30, SEARCH));
    });
}

fn year(criterion: &mut Criterion) {
    let metrics: Vec<Vec<Point>> = (0..METRICS).map(|seed| history(365, seed)).collect();
    let mut group = criterion.benchmark_group("year");
    group.sample_size(10);
    group.bench_function("8 metrics, 365 levels and 52 searches each", |bencher| {
        bencher.iter(|| {
            for points in &metrics {
                for index in 0..365 {
                    black_box(level(points, FIRST_DAY + index, 60));
                }
                let mut watch = Watch::default();
                for week in 1..=52 {
                    watch = look(&watch, points, FIRST_DAY + 7 * week).next;
                }
                black_box(watch);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, one, year);
criterion_main!(benches);
