//! How many blocks of how many days an experiment can be made of, and in which order they come.

use crate::domain::invariants::Violation;

use super::rules::{EXPERIMENT_DAYS, FEWEST_DAYS};

/// Lengths a block may have. The shortest that serves is taken: short blocks meet slow drifts with more contrast.
pub const BLOCK_DAYS: [u32; 3] = [3, 7, 14];
/// Pairs without which an order drawn by lot says little.
pub const FEWEST_PAIRS: u32 = 3;
/// Days an experiment lasts when nobody says otherwise, enough for every washout that blocks serve. Half as many end too
/// often without an answer (`docs/adr/0013-an-experiment-lasts-twelve-weeks.md`).
pub const USUAL_DAYS: u32 = 84;

/// Blocks that fit a washout and a wish for a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPlan {
    /// Days of one block.
    pub block_days: u32,
    /// Pairs of blocks.
    pub pairs: u32,
}

impl BlockPlan {
    /// The days all blocks take.
    #[must_use]
    pub const fn days(self) -> u32 {
        2 * self.block_days * self.pairs
    }
}

/// The blocks of an experiment: the shortest of which at least half counts after the washout, in the number of whole
/// pairs that is nearest to the days wished for.
///
/// # Errors
/// When no block serves the washout, or the days hold too few pairs or too many days, with what would do.
pub fn plan_blocks(washout_days: u32, days: Option<u32>) -> Result<BlockPlan, Violation> {
    let refuse = |rule, field: &str, reason: String| Err(Violation::new(rule, field, reason));
    let Some(block_days) = BLOCK_DAYS.into_iter().find(|block| washout_days.saturating_mul(2) <= *block) else {
        return refuse(
            "washout_fits_the_blocks",
            "washout_days",
            format!(
                "its effect lasts {washout_days} days, too long to take turns with days without it: compare before and \
                 after with --design before-after"
            ),
        );
    };
    let pair = 2 * block_days;
    let each = block_days - washout_days;
    let fewest = FEWEST_PAIRS.max(FEWEST_DAYS.div_ceil(each));
    let days = days.unwrap_or(USUAL_DAYS);
    if days > EXPERIMENT_DAYS {
        return refuse("experiment_ends", "days", format!("lasts {EXPERIMENT_DAYS} days at most"));
    }
    let pairs = (days + block_days) / pair;
    if pairs < fewest {
        return refuse(
            "experiment_has_pairs",
            "days",
            format!(
                "with blocks of {block_days} days, of which {each} count, it takes at least {fewest} pairs: --days {}",
                fewest * pair
            ),
        );
    }
    Ok(BlockPlan { block_days, pairs: pairs.min(EXPERIMENT_DAYS / pair) })
}

/// Whether a pair, counted from 0, begins with its block with the intervention: the highest bit of the pair's number
/// from `SplitMix64` (Steele, Lea and Flood 2014, OOPSLA, section 4), so that everybody can draw the order again.
pub(super) const fn begins_with(seed: u32, pair: u32) -> bool {
    split_mix(seed as u64, pair) >> 63 == 1
}

const fn split_mix(seed: u64, index: u32) -> u64 {
    let mut z = seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lots_are_those_of_the_published_generator() {
        // The first numbers of the reference implementation for the seed 1234567.
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (index, number) in (0..).zip(published) {
            assert_eq!(split_mix(1_234_567, index), number);
        }
        // Over many seeds each pair begins with either block about as often.
        let begins = (0..4_000).filter(|seed| begins_with(*seed, 3)).count();
        assert!((1_850..2_150).contains(&begins), "{begins} of 4,000");
    }

    #[test]
    fn the_blocks_follow_from_washout_and_days() {
        for (washout, days, expected) in [
            (0, None, (3, 14)),
            (1, None, (3, 14)),
            (1, Some(84), (3, 14)),
            (1, Some(42), (3, 7)),
            (2, None, (7, 6)),
            // 70 days hold no whole pairs of 6: 72 are the nearest.
            (1, Some(70), (3, 12)),
            (2, Some(42), (7, 3)),
            (3, Some(84), (7, 6)),
            (3, None, (7, 6)),
            // A washout of a week needs blocks of two, and so no fewer than 84 days.
            (4, None, (14, 3)),
            (7, None, (14, 3)),
            (1, Some(366), (3, 61)),
        ] {
            let plan = plan_blocks(washout, days).unwrap();
            assert_eq!((plan.block_days, plan.pairs), expected, "washout {washout}, {days:?} days");
        }
        for (washout, days, rule, advice) in [
            (8, None, "washout_fits_the_blocks", "--design before-after"),
            (7, Some(42), "experiment_has_pairs", "--days 84"),
            (1, Some(18), "experiment_has_pairs", "--days 24"),
            (0, Some(0), "experiment_has_pairs", "--days 18"),
            (1, Some(u32::MAX), "experiment_ends", "366 days at most"),
            (u32::MAX, None, "washout_fits_the_blocks", "before and after"),
        ] {
            let refused = plan_blocks(washout, days).unwrap_err();
            assert_eq!(refused.rule, rule);
            assert!(refused.reason.contains(advice), "{}", refused.reason);
        }
    }
}
