//! Parity fragments: a Reed-Solomon code over GF(2^16), the "high rate" one of Leopard, whatever the counts. The
//! crate would choose between two codes; the wire format has one.

use reed_solomon_simd::Error;
use reed_solomon_simd::engine::tables::{ExpLog, get_exp_log, mul};
use reed_solomon_simd::engine::utils::xor;
use reed_solomon_simd::engine::{DefaultEngine, Engine, GF_MODULUS};
use reed_solomon_simd::rate::{HighRateDecoder, HighRateEncoder, RateDecoder, RateEncoder};

/// As many gaps are filled by elimination, which takes less time than the crate's decoder until there are more.
const FEW: usize = 24;

type Block = [u8; 64];

/// Makes parity fragments; its working space is kept for the next message.
#[derive(Default)]
pub struct Encoder {
    code: Option<HighRateEncoder<DefaultEngine>>,
    last: Vec<u8>,
}

impl Encoder {
    /// Appends the `parity` fragments of `message`, which is cut into fragments of `size` bytes, to `out`. `size` is
    /// even, `parity` at most the number of data fragments.
    pub fn encode(
        &mut self,
        message: &[u8],
        size: usize,
        parity: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let data = message.len().div_ceil(size);
        let code = match &mut self.code {
            Some(code) => {
                code.reset(data, parity, size)?;
                code
            }
            none => none.insert(HighRateEncoder::new(data, parity, size, DefaultEngine::new(), None)?),
        };
        let fragments = message.chunks_exact(size);
        let rest = fragments.remainder();
        for fragment in fragments {
            code.add_original_shard(fragment)?;
        }
        if !rest.is_empty() {
            pad(rest, size, &mut self.last);
            code.add_original_shard(&self.last)?;
        }
        for fragment in code.encode()?.recovery_iter() {
            out.extend_from_slice(fragment);
        }
        Ok(())
    }
}

/// Fills the gaps of `message`, which is cut into fragments of `size` bytes. `here` says which data fragments are
/// there; `shards` are as many of the `parity` fragments as there are gaps, with their numbers from 0. Gives false when
/// that is impossible.
pub fn restore(
    message: &mut [u8],
    size: usize,
    parity: usize,
    here: impl Fn(usize) -> bool,
    shards: &[(u16, Box<[u8]>)],
) -> bool {
    let gaps: Vec<usize> = (0..message.len().div_ceil(size)).filter(|index| !here(*index)).collect();
    if gaps.len() <= FEW {
        solve(message, size, parity, &gaps, shards).is_some()
    } else {
        decode(message, size, parity, &gaps, shards).is_ok()
    }
}

/// The crate's decoder: its time, some 300 us, hardly depends on the number of gaps.
fn decode(
    message: &mut [u8],
    size: usize,
    parity: usize,
    gaps: &[usize],
    shards: &[(u16, Box<[u8]>)],
) -> Result<(), Error> {
    let data = message.len().div_ceil(size);
    let mut code = HighRateDecoder::new(data, parity, size, DefaultEngine::new(), None)?;
    let mut last = Vec::new();
    for (index, fragment) in message.chunks(size).enumerate() {
        if gaps.binary_search(&index).is_err() {
            pad(fragment, size, &mut last);
            code.add_original_shard(index, &last)?;
        }
    }
    for (number, shard) in shards {
        code.add_recovery_shard(usize::from(*number), shard)?;
    }
    for (index, fragment) in code.decode()?.restored_original_iter() {
        fill(message, size, index, fragment);
    }
    Ok(())
}

/// For few gaps: what the parity fragments are more than those of the message with zeros in its gaps is a linear
/// function of what is missing; Gauss and Jordan find it.
fn solve(
    message: &mut [u8],
    size: usize,
    parity: usize,
    gaps: &[usize],
    shards: &[(u16, Box<[u8]>)],
) -> Option<()> {
    let mut encoder = Encoder::default();
    gaps.iter().for_each(|&gap| fill(message, size, gap, &[]));
    let mut parities = Vec::new();
    encoder.encode(message, size, parity, &mut parities).ok()?;
    let mut values: Vec<Vec<Block>> = Vec::new();
    for (number, shard) in shards {
        let of_zeros = parities.chunks_exact(size).nth(usize::from(*number))?;
        let more: Vec<u8> = shard.iter().zip(of_zeros).map(|(a, b)| a ^ b).collect();
        values.push(blocks(&more));
    }
    // What the word 1, in each gap, does to each parity fragment.
    let mut factors = vec![vec![0; gaps.len()]; shards.len()];
    let mut ones = vec![0; 2 * message.len().div_ceil(size)];
    for (column, &gap) in gaps.iter().enumerate() {
        *ones.get_mut(2 * gap)? = 1;
        parities.clear();
        encoder.encode(&ones, 2, parity, &mut parities).ok()?;
        *ones.get_mut(2 * gap)? = 0;
        for (row, (number, _)) in factors.iter_mut().zip(shards) {
            let word = parities.chunks_exact(2).nth(usize::from(*number))?;
            *row.get_mut(column)? = u16::from_le_bytes(*word.first_chunk()?);
        }
    }
    eliminate(&mut factors, &mut values)?;
    for (gap, value) in gaps.iter().zip(&values) {
        fill(message, size, *gap, &unblocks(value, size));
    }
    Some(())
}

/// Solves `factors` x unknowns = `values`; the unknowns take the place of the values.
fn eliminate(factors: &mut [Vec<u16>], values: &mut [Vec<Block>]) -> Option<()> {
    let engine = DefaultEngine::new();
    let ExpLog { exp, log } = get_exp_log();
    for column in 0..factors.len() {
        let pivot = (column..factors.len()).find(|row| factors[*row][column] != 0)?;
        factors.swap(column, pivot);
        values.swap(column, pivot);
        let inverse = (GF_MODULUS - log[usize::from(factors[column][column])]) % GF_MODULUS;
        factors[column].iter_mut().for_each(|factor| *factor = mul(*factor, inverse, exp, log));
        engine.mul(&mut values[column], inverse);
        let (pivot, pivot_value) = (factors[column].clone(), values[column].clone());
        for row in (0..factors.len()).filter(|row| *row != column) {
            let factor = factors[row][column];
            if factor == 0 {
                continue;
            }
            let factor = log[usize::from(factor)];
            for (word, of_pivot) in factors[row].iter_mut().zip(&pivot) {
                *word ^= mul(*of_pivot, factor, exp, log);
            }
            let mut product = pivot_value.clone();
            engine.mul(&mut product, factor);
            xor(&mut values[row], &product);
        }
    }
    Some(())
}

/// Puts what belongs into a gap, which may be shorter; zeros where nothing is given.
fn fill(message: &mut [u8], size: usize, gap: usize, fragment: &[u8]) {
    let Some(gap) = message.chunks_mut(size).nth(gap) else { return };
    match fragment.get(..gap.len()) {
        Some(bytes) => gap.copy_from_slice(bytes),
        None => gap.fill(0),
    }
}

/// As the engine has words: the low bytes of 32 words, then the high bytes.
fn blocks(fragment: &[u8]) -> Vec<Block> {
    let block = |bytes: &[u8]| {
        let mut block = [0; 64];
        let (low, high) = bytes.split_at(bytes.len() / 2);
        block[..low.len()].copy_from_slice(low);
        block[32..32 + high.len()].copy_from_slice(high);
        block
    };
    fragment.chunks(64).map(block).collect()
}

fn unblocks(blocks: &[Block], size: usize) -> Vec<u8> {
    let mut fragment = Vec::with_capacity(size);
    for block in blocks {
        let half = (size - fragment.len()).min(64) / 2;
        fragment.extend_from_slice(&block[..half]);
        fragment.extend_from_slice(&block[32..32 + half]);
    }
    fragment
}

/// The code's tables, some 9 MB, are made when they are first needed, which takes a while: better now than at a
/// message.
pub fn prepare() {
    let _ = Encoder::default().encode(&[0; 4], 2, 1, &mut Vec::new());
}

fn pad(fragment: &[u8], size: usize, padded: &mut Vec<u8>) {
    padded.clear();
    padded.extend_from_slice(fragment);
    padded.resize(size, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways to fill gaps give the message, whatever is lost.
    #[test]
    fn gaps_are_filled_both_ways() {
        for (length, size, parity) in
            [(65, 64, 1), (130, 64, 3), (449, 150, 2), (60_000, 1416, 43), (9000, 70, 60)]
        {
            let message: Vec<u8> = (0..length).map(|i| (i * 31 + i / 251) as u8).collect();
            let mut parities = Vec::new();
            Encoder::default().encode(&message, size, parity, &mut parities).unwrap();
            let data = message.len().div_ceil(size);
            for lost in 1..=parity.min(data) {
                // Scattered gaps, and the last of the parity fragments.
                let gaps: Vec<usize> = (0..data).filter(|i| (i * 7 + lost) % data < lost).collect();
                let here = |index: usize| gaps.binary_search(&index).is_err();
                let numbered = parities.chunks(size).enumerate().skip(parity - gaps.len());
                let shards: Vec<(u16, Box<[u8]>)> =
                    numbered.map(|(number, shard)| (number as u16, shard.into())).collect();
                let mut holes = message.clone();
                gaps.iter().for_each(|gap| holes.chunks_mut(size).nth(*gap).unwrap().fill(0xee));
                let [mut one, mut other, mut third] = [holes.clone(), holes.clone(), holes];
                assert!(solve(&mut one, size, parity, &gaps, &shards).is_some());
                assert!(decode(&mut other, size, parity, &gaps, &shards).is_ok());
                assert!(restore(&mut third, size, parity, here, &shards));
                assert!(one == message && other == message && third == message, "{length} {size} {lost}");
            }
        }
    }
}
