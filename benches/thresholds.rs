//! Sets the thresholds of `engine::model::gates`: draws windows in which nothing changes and prints, for each band of the
//! phi that was found, how large the largest statistic is in all but a share of them.
//!
//! `cargo bench --bench thresholds -- SEED SERIES`. The table in the source names the seed it was set with; no rate may be
//! read on these draws.

use candor::engine::calibrate::world::World;
use candor::engine::model::change_point::Scan;
use candor::engine::model::gates::PHI_BANDS;

const PHIS: [f64; 9] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
const SHARES: [f64; 6] = [0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let (seed, series) = (numbers.next().unwrap_or(20_261_121), numbers.next().unwrap_or(200_000));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let draw = |thread: u64| {
        let mut drawn: Vec<(f64, f64, f64)> = Vec::new();
        for index in (thread..series).step_by(threads as usize) {
            let phi = PHIS[index as usize % PHIS.len()];
            let points = World::quiet(phi, 90).series(seed.wrapping_mul(1 << 32).wrapping_add(index));
            let Some(scan) = Scan::new(&points) else { continue };
            if let (Some(stepped), Some(slope)) = (scan.step(), scan.slope()) {
                drawn.push((stepped.phi, stepped.t.abs(), slope.abs()));
            }
        }
        drawn
    };
    let drawn: Vec<(f64, f64, f64)> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..threads).map(|thread| scope.spawn(move || draw(thread))).collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("the draws")).collect()
    });
    println!("seed {seed}, {} windows of 90 days", drawn.len());
    println!("{:>12} {:>8} {}", "phi below", "windows", SHARES.map(|share| format!("{share:>7}")).join(" "));
    let mut from = f64::NEG_INFINITY;
    for end in PHI_BANDS {
        let band: Vec<f64> = drawn.iter().filter(|(phi, ..)| (from..end).contains(phi)).map(|(_, t, _)| *t).collect();
        row(&format!("{end}"), band);
        from = end;
    }
    row("slope", drawn.iter().map(|(.., slope)| *slope).collect());
}

fn row(name: &str, mut sizes: Vec<f64>) {
    sizes.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = ((1.0 - share) * sizes.len() as f64) as usize;
        sizes.get(place.min(sizes.len().saturating_sub(1))).map_or_else(String::new, |size| format!("{size:>7.2}"))
    };
    println!("{name:>12} {:>8} {}", sizes.len(), SHARES.map(at).join(" "));
}
