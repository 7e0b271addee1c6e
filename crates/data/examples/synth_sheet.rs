//! Draws a contact sheet of synthetic pairs: `synth_sheet KIND SIZE SEED FILE.png`.

use std::path::Path;

use diptych_data::synth::{SynthKind, pair};
use diptych_data::{grid, write_atomic};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, size, seed, file] = args.as_slice() else {
        return Err("usage: synth_sheet KIND SIZE SEED FILE.png".into());
    };
    let kind: SynthKind = kind.parse()?;
    let pairs = (0..6).map(|i| pair(kind, size.parse()?, seed.parse()?, i).map_err(Into::into));
    let pairs = pairs.collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
    let rows: Vec<Vec<&_>> = pairs
        .chunks(2)
        .map(|two| two.iter().flat_map(|p| [&p.a, &p.b]).collect())
        .collect();
    write_atomic(Path::new(file), &grid(&rows, 4)?)?;
    Ok(())
}
