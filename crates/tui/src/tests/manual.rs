//! The manual's key table is the one that is in force.

use std::path::Path;

use crate::keys::Keymap;
use crate::overlay::key_table;

const BEGIN: &str =
    "<!-- keys: made by the program, `DIPTYCH_BLESS=1 cargo test -p diptych-tui manual` -->\n";
const END: &str = "<!-- end of keys -->";

#[test]
fn the_manual_has_the_keys_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/dashboard.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the manual has a place for the keys");
    let (table, after) = rest.split_once(END).expect("the place has an end");
    let wanted = key_table(&Keymap::default());
    if std::env::var_os("DIPTYCH_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(table, wanted, "DIPTYCH_BLESS=1 writes the table anew");
}
