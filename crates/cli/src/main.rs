//! diptych
fn main() {}
