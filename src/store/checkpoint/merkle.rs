//! The Merkle tree over the hashes of all events in their global order, as RFC 6962 (section 2.1) hashes it.
//!
//! The tree is never held: what is kept is the row of its full subtrees, as many as the size has one bits. One leaf can be
//! marked on the way in, and its path to the root is gathered while the tree grows past it.

use aws_lc_rs::digest::{Context, SHA256};

use crate::store::chain::Hash;

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

fn joined(parts: [&[u8]; 3]) -> Hash {
    let mut hasher = Context::new(&SHA256);
    for part in parts {
        hasher.update(part);
    }
    Hash::taken(&hasher.finish())
}

/// What an entry of the log is in the tree.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    joined([&LEAF, entry, &[]])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    joined([&NODE, left.as_bytes(), right.as_bytes()])
}

/// A tree that only grows.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The full subtrees from the left, each smaller than the one before it.
    full: Vec<Hash>,
    marked: Option<Marked>,
}

/// The leaf whose path is wanted.
#[derive(Clone, Debug)]
struct Marked {
    /// Which full subtree it is in.
    at: usize,
    path: Vec<Hash>,
}

impl Tree {
    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf at the right.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.full.pop() else { break };
            let at = self.full.len();
            if let Some(marked) = &mut self.marked {
                marked.joins(at, &left, &hash);
            }
            hash = node(&left, &hash);
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// Adds a leaf at the right whose path is wanted; an earlier one is forgotten.
    pub fn push_marked(&mut self, leaf: Hash) {
        self.marked = None;
        // As it joins the subtrees left of it, each of them is on its path.
        let joining = self.size.trailing_ones() as usize;
        let path = self.full.iter().rev().take(joining).copied().collect();
        self.push(leaf);
        self.marked = Some(Marked { at: self.full.len() - 1, path });
    }

    /// Marks the edge of the tree as it is now, so that the path tells how a larger one holds it; what was marked before is
    /// forgotten. Where the edge is not the whole tree, its hash comes before that path in a proof.
    pub fn mark_edge(&mut self) -> Option<Hash> {
        let last = self.full.len().checked_sub(1)?;
        self.marked = Some(Marked { at: last, path: Vec::new() });
        self.full.last().filter(|_| last > 0).copied()
    }

    /// The hash of the whole tree; that of nothing for the empty one.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.full.iter().rev();
        match from_the_right.next() {
            None => Hash::of(&[]),
            Some(last) => from_the_right.fold(*last, |right, left| node(left, &right)),
        }
    }

    /// The path of the marked leaf: with its index it leads from the leaf to the root.
    #[must_use]
    pub fn path(&self) -> Option<Vec<Hash>> {
        let mut marked = self.marked.clone()?;
        let mut from_the_right = self.full.iter().enumerate().rev();
        let (_, mut right) = from_the_right.next().map(|(at, hash)| (at, *hash))?;
        for (at, left) in from_the_right {
            marked.joins(at, left, &right);
            right = node(left, &right);
        }
        Some(marked.path)
    }
}

impl Marked {
    /// The subtree `left`, which is number `at`, and all that is right of it become one.
    fn joins(&mut self, at: usize, left: &Hash, right: &Hash) {
        if self.at == at {
            self.path.push(*right);
        } else if self.at > at {
            self.path.push(*left);
            self.at = at;
        }
    }
}

/// The root that a leaf at an index leads to over its path in a tree of a size (RFC 9162, section 2.1.3.2); nothing where
/// the path is too long or too short, or the index is none of the tree.
#[must_use]
pub fn root_over(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let (mut at, mut last) = (index, size.checked_sub(1).filter(|last| index <= *last)?);
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            // At the right edge there is no sibling until the node is a right child.
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// Whether a tree of a size and root is the beginning of another, as a path shows it (RFC 9162, section 2.1.4.2).
#[must_use]
pub fn only_grew((first, first_root): (u64, Hash), (second, second_root): (u64, Hash), path: &[Hash]) -> bool {
    if first == 0 || first >= second {
        return first > 0 && first == second && first_root == second_root && path.is_empty();
    }
    // A full tree is its own edge: the path does not repeat its root.
    let (edge, rest) = match path.split_first() {
        _ if first.is_power_of_two() => (first_root, path),
        Some((edge, rest)) => (*edge, rest),
        None => return false,
    };
    let shift = (first - 1).trailing_ones();
    let (mut at, mut last) = ((first - 1) >> shift, (second - 1) >> shift);
    let (mut before, mut after) = (edge, edge);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (before, after) = (node(sibling, &before), node(sibling, &after));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            after = node(&after, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && before == first_root && after == second_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The eight entries that implementations of RFC 6962 are compared by, and the roots of the trees of the first one to
    /// eight of them, as the reference implementation of Certificate Transparency publishes them.
    const ENTRIES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    /// What the reference implementation gives as the path of the sixth of the eight, and of the third of the first three.
    const PATH_OF_SIXTH: [&str; 3] = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        crate::engine::ports::proof::unhex(hex).unwrap()
    }

    fn leaves() -> Vec<Hash> {
        ENTRIES.iter().map(|entry| leaf(&bytes(entry))).collect()
    }

    /// The tree of some leaves, one of them marked.
    fn tree(leaves: &[Hash], marked: Option<usize>) -> Tree {
        let mut tree = Tree::default();
        for (at, leaf) in leaves.iter().enumerate() {
            if marked == Some(at) { tree.push_marked(*leaf) } else { tree.push(*leaf) }
        }
        tree
    }

    /// MTH of the RFC, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node(&defined(left), &defined(right))
            }
        }
    }

    /// PATH of the RFC, word for word.
    fn defined_path(at: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() < 2 {
            return Vec::new();
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut path, sibling) = if at < split {
            (defined_path(at, left), defined(right))
        } else {
            (defined_path(at - split, right), defined(left))
        };
        path.push(sibling);
        path
    }

    #[test]
    fn the_published_roots_come_out() {
        let leaves = leaves();
        for (count, root) in (1..).zip(ROOTS) {
            assert_eq!(tree(&leaves[..count], None).root().to_hex(), root, "{count}");
        }
        // SHA-256 of nothing, which FIPS 180-4 examples give.
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Tree::default().root().to_hex(), nothing);
    }

    #[test]
    fn the_published_paths_come_out() {
        let leaves = leaves();
        let path = tree(&leaves, Some(5)).path().unwrap();
        assert_eq!(path.iter().map(Hash::to_hex).collect::<Vec<_>>(), PATH_OF_SIXTH);
        assert_eq!(root_over(leaves[5], 5, 8, &path).unwrap().to_hex(), ROOTS[7]);
        assert_ne!(root_over(leaves[5], 4, 8, &path).unwrap().to_hex(), ROOTS[7]);
        let path = tree(&leaves[..3], Some(2)).path().unwrap();
        assert_eq!(path.iter().map(Hash::to_hex).collect::<Vec<_>>(), [ROOTS[1]]);
        assert_eq!(tree(&leaves, None).path(), None);
    }

    /// What the reference implementation gives as proofs between trees of the first of the eight entries.
    const PROOFS: [(usize, usize, &[&str]); 5] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
        (
            6,
            7,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
    ];

    /// The proof between the trees of the first `from` of some leaves and of all.
    fn proof(from: usize, leaves: &[Hash]) -> Vec<Hash> {
        let mut tree = tree(&leaves[..from], None);
        let mut path: Vec<Hash> = tree.mark_edge().into_iter().collect();
        leaves[from..].iter().for_each(|leaf| tree.push(*leaf));
        if from == leaves.len() {
            return Vec::new();
        }
        path.extend(tree.path().unwrap());
        path
    }

    /// SUBPROOF of the RFC, word for word.
    fn defined_proof(from: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if from == leaves.len() {
            return if whole { Vec::new() } else { vec![defined(leaves)] };
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut path, sibling) = if from <= split {
            (defined_proof(from, left, whole), defined(right))
        } else {
            (defined_proof(from - split, right, false), defined(left))
        };
        path.push(sibling);
        path
    }

    #[test]
    fn the_published_proofs_come_out() {
        let leaves = leaves();
        let root = |count: usize| (count as u64, Hash::try_from(bytes(ROOTS[count - 1]).as_slice()).unwrap());
        for (from, to, published) in PROOFS {
            let path = proof(from, &leaves[..to]);
            assert_eq!(path.iter().map(Hash::to_hex).collect::<Vec<_>>(), published, "{from} {to}");
            assert!(only_grew(root(from), root(to), &path), "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn a_proof_is_as_defined_and_holds_for_its_two_trees_alone(size in 1_usize..150, pick in any::<prop::sample::Index>(), bit in 0_usize..256, place in any::<prop::sample::Index>()) {
            let leaves: Vec<Hash> = (0..size).map(|at| leaf(&at.to_be_bytes())).collect();
            let from = pick.index(size) + 1;
            let (first, second) = ((from as u64, defined(&leaves[..from])), (size as u64, defined(&leaves)));
            let path = proof(from, &leaves);
            prop_assert_eq!(&path, &defined_proof(from, &leaves, true));
            prop_assert!(only_grew(first, second, &path));
            let flipped = |hash: &Hash| {
                let mut bytes = *hash.as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                Hash::from_bytes(bytes)
            };
            prop_assert!(!only_grew((first.0, flipped(&first.1)), second, &path));
            prop_assert!(!only_grew(first, (second.0, flipped(&second.1)), &path));
            prop_assert!(!only_grew(first, second, &[&path[..], &[first.1]].concat()));
            prop_assert!(!only_grew(second, first, &path) || from == size);
            if !path.is_empty() {
                let mut wrong = path.clone();
                let at = place.index(path.len());
                wrong[at] = flipped(&wrong[at]);
                prop_assert!(!only_grew(first, second, &wrong));
                prop_assert!(!only_grew(first, second, &path[1..]));
                prop_assert!(!only_grew(first, second, &path[..path.len() - 1]));
            }
        }

        #[test]
        fn root_and_path_are_as_defined(entries in prop::collection::vec(any::<[u8; 32]>(), 1..200), pick in any::<prop::sample::Index>()) {
            let leaves: Vec<Hash> = entries.iter().map(|entry| leaf(entry)).collect();
            let at = pick.index(leaves.len());
            let grown = tree(&leaves, Some(at));
            prop_assert_eq!(grown.size(), leaves.len() as u64);
            prop_assert_eq!(grown.root(), defined(&leaves));
            prop_assert_eq!(grown.path().unwrap(), defined_path(at, &leaves));
        }

        #[test]
        fn a_path_leads_to_its_root_and_to_no_other(size in 1_usize..200, pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), bit in 0_usize..256) {
            let leaves: Vec<Hash> = (0..size).map(|at| leaf(&at.to_be_bytes())).collect();
            let (at, count) = (pick.index(size), size as u64);
            let grown = tree(&leaves, Some(at));
            let (root, path) = (grown.root(), grown.path().unwrap());
            let over = |leaf, at: usize, path: &[Hash]| root_over(leaf, at as u64, count, path);
            prop_assert_eq!(over(leaves[at], at, &path), Some(root));
            let wrong = other.index(size);
            if wrong != at {
                prop_assert_ne!(over(leaves[wrong], at, &path), Some(root));
                prop_assert_ne!(over(leaves[at], wrong, &path), Some(root));
            }
            let mut flipped = *leaves[at].as_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(over(Hash::from_bytes(flipped), at, &path), Some(root));
            prop_assert_eq!(over(leaves[at], size, &path), None);
            prop_assert_eq!(over(leaves[at], at, &[&path[..], &[root]].concat()), None);
            if let Some((_, shorter)) = path.split_last() {
                prop_assert_ne!(over(leaves[at], at, shorter), Some(root));
            }
        }
    }
}
