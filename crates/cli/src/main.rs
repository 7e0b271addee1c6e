//! The `diptych` command with the plugins that come with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    diptych::run(diptych::Registry::builtin())
}
