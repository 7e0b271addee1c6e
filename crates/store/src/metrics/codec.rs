//! How the points of one metric become bytes.
//!
//! ```text
//! version: u8 = 1
//! count:   varint
//! steps:   run-length deltas: pairs (zigzag varint difference to the step before, varint how often)
//! epochs:  likewise
//! walls:   zigzag varint differences in microseconds
//! mode:    u8
//! values:  mode 0: f64 little-endian each; mode 1: f32 each, where every value survives the trip bit for bit;
//!          mode 2: pairs (f64, varint how often), for values that hardly change
//! ```
//! A steady metric costs 4 or 8 bytes a value plus 2 or 3 for the time; steps and epochs cost next to nothing.

use super::Series;

const VERSION: u8 = 1;
/// Far above any chunk this crate writes: a corrupt count must not allocate the machine's memory.
pub(super) const MAX_POINTS: u64 = 1 << 26;

/// What is wrong with a blob.
pub(crate) type Damage = &'static str;

/// Appends the encoding of `series` to `out`.
pub(crate) fn encode(series: &Series, out: &mut Vec<u8>) {
    out.push(VERSION);
    put_varint(out, series.len() as u64);
    put_runs(out, &series.steps);
    put_runs(out, &series.epochs);
    put_walls(out, &series.walls);
    put_values(out, &series.values);
}

/// Appends the points of one encoded series, the first thing in `bytes`, to `into`.
pub(crate) fn decode(bytes: &mut &[u8], into: &mut Series) -> Result<(), Damage> {
    if take(bytes, 1)?[0] != VERSION {
        return Err("unknown version");
    }
    let count = get_varint(bytes)?;
    if count > MAX_POINTS {
        return Err("count out of range");
    }
    let count = count as usize;
    get_runs(bytes, count, &mut into.steps)?;
    get_runs(bytes, count, &mut into.epochs)?;
    get_walls(bytes, count, &mut into.walls)?;
    get_values(bytes, count, &mut into.values)
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub(crate) fn get_varint(bytes: &mut &[u8]) -> Result<u64, Damage> {
    let mut v = 0_u64;
    for (i, b) in bytes.iter().enumerate().take(10) {
        v |= u64::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            *bytes = &bytes[i + 1..];
            return Ok(v);
        }
    }
    Err("truncated number")
}

fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

pub(super) fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8], Damage> {
    let (head, rest) = bytes.split_at_checked(n).ok_or("truncated")?;
    *bytes = rest;
    Ok(head)
}

pub(super) fn put_walls(out: &mut Vec<u8>, walls: &[f64]) {
    let mut before = 0_i64;
    for wall in walls {
        let micros = (wall * 1e6).round() as i64; // saturates; NaN becomes 0
        put_varint(out, zigzag(micros.wrapping_sub(before)));
        before = micros;
    }
}

pub(super) fn get_walls(bytes: &mut &[u8], count: usize, walls: &mut Vec<f64>) -> Result<(), Damage> {
    walls.reserve(count);
    let mut micros = 0_i64;
    for _ in 0..count {
        micros = micros.wrapping_add(unzigzag(get_varint(bytes)?));
        walls.push(micros as f64 / 1e6);
    }
    Ok(())
}

pub(super) fn put_runs(out: &mut Vec<u8>, column: &[u64]) {
    let mut before = 0_u64;
    let mut run: Option<(u64, u64)> = None;
    for v in column {
        let delta = v.wrapping_sub(before);
        before = *v;
        match &mut run {
            Some((d, n)) if *d == delta => *n += 1,
            _ => {
                if let Some((d, n)) = run.replace((delta, 1)) {
                    put_varint(out, zigzag(d as i64));
                    put_varint(out, n);
                }
            }
        }
    }
    if let Some((d, n)) = run {
        put_varint(out, zigzag(d as i64));
        put_varint(out, n);
    }
}

pub(super) fn get_runs(bytes: &mut &[u8], count: usize, column: &mut Vec<u64>) -> Result<(), Damage> {
    column.reserve(count);
    let (mut left, mut v) = (count as u64, 0_u64);
    while left > 0 {
        let delta = unzigzag(get_varint(bytes)?) as u64;
        let n = get_varint(bytes)?;
        if n == 0 || n > left {
            return Err("run length out of range");
        }
        for _ in 0..n {
            v = v.wrapping_add(delta);
            column.push(v);
        }
        left -= n;
    }
    Ok(())
}

pub(super) fn put_values(out: &mut Vec<u8>, values: &[f64]) {
    let runs = values.chunk_by(|a, b| a.to_bits() == b.to_bits());
    let fits_f32 = values
        .iter()
        .all(|v| f64::from(*v as f32).to_bits() == v.to_bits());
    let plain = values.len() * if fits_f32 { 4 } else { 8 };
    if runs.clone().count() * 10 < plain {
        out.push(2);
        for run in runs {
            out.extend(run[0].to_le_bytes());
            put_varint(out, run.len() as u64);
        }
    } else if fits_f32 {
        out.push(1);
        out.extend(values.iter().flat_map(|v| (*v as f32).to_le_bytes()));
    } else {
        out.push(0);
        out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
}

pub(super) fn get_values(bytes: &mut &[u8], count: usize, values: &mut Vec<f64>) -> Result<(), Damage> {
    values.reserve(count);
    match take(bytes, 1)?[0] {
        0 => {
            let (all, _) = take(bytes, count * 8)?.as_chunks::<8>();
            values.extend(all.iter().map(|b| f64::from_le_bytes(*b)));
        }
        1 => {
            let (all, _) = take(bytes, count * 4)?.as_chunks::<4>();
            values.extend(all.iter().map(|b| f64::from(f32::from_le_bytes(*b))));
        }
        2 => {
            let mut left = count;
            while left > 0 {
                let (one, _) = take(bytes, 8)?.as_chunks::<8>();
                let n = get_varint(bytes)? as usize;
                if n == 0 || n > left {
                    return Err("run length out of range");
                }
                values.extend(std::iter::repeat_n(f64::from_le_bytes(one[0]), n));
                left -= n;
            }
        }
        _ => return Err("unknown value mode"),
    }
    Ok(())
}

#[cfg(test)]
#[path = "codec/tests.rs"]
mod tests;
