//! Parity fragments: a Reed-Solomon code over GF(2^16), the "high rate" one of Leopard, whatever the counts. The
//! crate would choose between two codes; the wire format has one.

use reed_solomon_simd::Error;
use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{HighRateDecoder, HighRateEncoder, RateDecoder, RateEncoder};

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
/// there; `shards` are parity fragments with their numbers from 0, as many as there are gaps, of `parity`.
pub fn restore<'a>(
    message: &mut [u8],
    size: usize,
    parity: usize,
    here: impl Fn(usize) -> bool,
    shards: impl Iterator<Item = (usize, &'a [u8])>,
) -> Result<(), Error> {
    let data = message.len().div_ceil(size);
    let mut code = HighRateDecoder::new(data, parity, size, DefaultEngine::new(), None)?;
    for (index, fragment) in message.chunks(size).enumerate().filter(|(index, _)| here(*index)) {
        if fragment.len() == size {
            code.add_original_shard(index, fragment)?;
        } else {
            let mut last = Vec::new();
            pad(fragment, size, &mut last);
            code.add_original_shard(index, &last)?;
        }
    }
    for (index, shard) in shards {
        code.add_recovery_shard(index, shard)?;
    }
    for (index, fragment) in code.decode()?.restored_original_iter() {
        if let Some(gap) = message.chunks_mut(size).nth(index) {
            gap.copy_from_slice(fragment.get(..gap.len()).unwrap_or_default());
        }
    }
    Ok(())
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
