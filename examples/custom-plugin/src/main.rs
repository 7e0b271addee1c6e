//! Diptych with a model of one's own. `custom-plugin models` lists it beside the others; every command knows it.

mod sharp;

use std::process::ExitCode;

use diptych::Registry;

fn main() -> ExitCode {
    diptych::run(Registry::builtin().with(sharp::Sharp))
}
