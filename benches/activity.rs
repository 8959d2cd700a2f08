//! How long the record of an activity takes to be understood: an hour at a sample a second, every column there.

use std::hint::black_box;

use candor::domain::activity::{Family, Reserve, Streams, Track, analyse};
use criterion::{Criterion, criterion_group, criterion_main};

/// A run over hills with a device that wrote everything, whose values waver as a device's do.
fn recorded(seconds: u32) -> Streams {
    let mut streams = Streams::default();
    let mut metres = 0.0;
    // A small generator of its own: the figures do not depend on what chance a crate draws.
    let mut state = 20_261_122_u32;
    let mut wavering = |by: f64| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state >> 8) / f64::from(1_u32 << 24) - 0.5) * 2.0 * by
    };
    for second in 0..seconds {
        let time = f64::from(second);
        let speed = 3.0 + 0.5 * (time / 200.0).sin() + wavering(0.4);
        metres += speed;
        streams.time_s.push(time);
        streams.distance_m.push(Some((metres * 100.0).round() / 100.0));
        streams.heart_rate.push(Some((150.0 + 15.0 * (time / 400.0).sin() + wavering(2.0)).round()));
        streams.cadence.push(Some((85.0 + wavering(2.0)).round()));
        streams.altitude_m.push(Some(((120.0 + 20.0 * (time / 300.0).sin() + wavering(0.2)) * 10.0).round() / 10.0));
        streams.speed_m_s.push(Some(speed));
        streams.power_w.push(Some((250.0 + wavering(20.0)).round()));
    }
    streams
}

fn hour(criterion: &mut Criterion) {
    let reserve = Ok(Reserve::new(48.0, 185.0).expect("a reserve"));
    for (name, seconds) in [("one hour at 1 Hz, the whole analysis", 3_600), ("ten hours at 1 Hz", 36_000)] {
        let streams = recorded(seconds);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| analyse(&Track::of(black_box(&streams), &Family::Run), &Family::Run, &reserve));
        });
    }
    // What cannot be done without: every value read once.
    let streams = recorded(3_600);
    criterion.bench_function("one hour, each value read once", |bencher| {
        bencher.iter(|| {
            let Streams { time_s, distance_m, heart_rate, cadence, altitude_m, speed_m_s, power_w } =
                black_box(&streams);
            let columns = [distance_m, heart_rate, cadence, altitude_m, speed_m_s, power_w];
            let values: f64 = columns.into_iter().flatten().flatten().sum();
            values + time_s.iter().sum::<f64>()
        });
    });
}

criterion_group!(benches, hour);
criterion_main!(benches);
