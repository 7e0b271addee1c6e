//! Random streams that are addressed, not advanced: what is drawn depends on (seed, purpose, epoch, position) alone.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The stream of one purpose at one place. The key is (seed, purpose, epoch), the ChaCha stream number the position.
pub(crate) fn stream(seed: u64, purpose: &[u8; 8], epoch: u64, position: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(purpose);
    key[16..24].copy_from_slice(&epoch.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(position);
    rng
}

/// A whole number below `n` (0 where `n` is 0). The bias of the multiplication is under `n / 2^64`.
pub(crate) fn below(rng: &mut impl Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// True half of the time.
pub(crate) fn coin(rng: &mut impl Rng) -> bool {
    rng.next_u64() >> 63 == 1
}

/// The numbers below `n` in the order of `epoch`.
pub(crate) fn permutation(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut rng = stream(seed, b"shuffle ", epoch, 0);
    for i in (1..n).rev() {
        order.swap(i, below(&mut rng, i + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_is_one_and_differs_by_epoch_and_seed() {
        let p = permutation(1, 0, 100);
        let mut sorted = p.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
        assert_eq!(p, permutation(1, 0, 100));
        assert_ne!(p, permutation(1, 1, 100));
        assert_ne!(p, permutation(2, 0, 100));
    }

    #[test]
    fn draws_stay_in_range_and_spread() {
        let mut rng = stream(3, b"test    ", 0, 9);
        let mut seen = [0; 5];
        let mut heads = 0;
        for _ in 0..1000 {
            seen[below(&mut rng, 5)] += 1;
            heads += usize::from(coin(&mut rng));
        }
        assert!(seen.iter().all(|&n| n > 140), "{seen:?}");
        assert!((400..600).contains(&heads), "{heads}");
    }
}
