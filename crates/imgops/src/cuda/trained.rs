//! Every trained tensor of a network in one launch.

use std::collections::HashMap;

use dfdx::tensor::CudaError;

use super::device::{Runtime, runtime};
use super::driver::Block;
use super::kernels::{Arg, SHARE};
use super::memory;

/// Addresses and length of a trained tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) param: u64,
    pub(crate) grad: u64,
    pub(crate) m: u64,
    pub(crate) v: u64,
    pub(crate) len: usize,
    pub(crate) clear: bool,
}

/// Tables on the device, one for each network, found by the address of its first tensor.
#[derive(Default)]
pub(crate) struct Tables(HashMap<u64, Table>);

struct Table {
    words: Vec<u64>,
    block: Block,
}

/// `struct Trained` of `kernels.cu` as words of eight bytes, and the blocks of a launch over all.
pub(crate) fn words(tensors: &[Addresses]) -> (Vec<u64>, usize) {
    let (mut words, mut first) = (Vec::with_capacity(6 * tensors.len()), 0);
    for t in tensors {
        words.extend([t.param, t.grad, t.m, t.v]);
        words.push(t.len as u64 | u64::from(t.clear) << 32);
        words.push(first as u64);
        first += t.len.div_ceil(SHARE);
    }
    (words, first)
}

/// Runs `launch` with the address of the tensors' table, their count and the blocks of a launch over all. The table is
/// uploaded where it differs from the last.
pub(crate) fn with_table(
    tensors: &[Addresses],
    launch: impl FnOnce(&Runtime, [Arg; 2], u32) -> Result<(), CudaError>,
) -> Result<(), CudaError> {
    let Some(first) = tensors.first() else {
        return Ok(());
    };
    for t in tensors {
        memory::checked(t.len)?;
    }
    let rt = runtime()?;
    rt.bind()?;
    let (words, blocks) = words(tensors);
    let mut tables = rt
        .tables
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let known = tables.0.get(&first.m).is_some_and(|table| table.words == words);
    if !known {
        let block = Block::new(size_of_val(words.as_slice()))?;
        rt.write(block.pointer(), &words)?;
        tables.0.insert(first.m, Table { words, block });
    }
    let Some(table) = tables.0.get(&first.m) else {
        return Ok(());
    };
    let args = [
        super::kernels::at(table.block.pointer()),
        super::kernels::len(tensors.len()),
    ];
    launch(rt, args, u32::try_from(blocks).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_say_where_each_tensors_blocks_begin() {
        let tensor = |at: u64, len, clear| Addresses {
            param: at,
            grad: at + 1,
            m: at + 2,
            v: at + 3,
            len,
            clear,
        };
        let (words, blocks) = words(&[
            tensor(100, 1, true),
            tensor(200, SHARE + 1, false),
            tensor(300, SHARE, true),
        ]);
        assert_eq!(blocks, 4);
        assert_eq!(words[..6], [100, 101, 102, 103, 1 | 1 << 32, 0]);
        assert_eq!(words[10..12], [SHARE as u64 + 1, 1]);
        assert_eq!(words[16..], [SHARE as u64 | 1 << 32, 3]);
    }
}
