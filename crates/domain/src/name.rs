//! Short memorable run names such as `brisk-otter`.

const ADJECTIVES: [&str; 64] = [
    "amber", "azure", "bold", "brave", "brisk", "calm", "candid", "clear", "clever", "coral", "cosy",
    "crisp", "daring", "deft", "dusky", "eager", "early", "fair", "fancy", "fleet", "fond", "fresh",
    "gentle", "gilded", "glad", "golden", "grand", "happy", "hardy", "hazel", "humble", "ivory", "jolly",
    "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "misty", "modest", "neat",
    "nimble", "noble", "olive", "patient", "placid", "plucky", "proud", "quick", "quiet", "rapid", "rosy",
    "rustic", "silver", "smooth", "snowy", "solid", "sunny", "swift", "vivid", "witty",
];

const ANIMALS: [&str; 64] = [
    "badger",
    "bear",
    "beaver",
    "bison",
    "bittern",
    "bobcat",
    "camel",
    "caribou",
    "cheetah",
    "civet",
    "cormorant",
    "crane",
    "curlew",
    "dingo",
    "dolphin",
    "dormouse",
    "eagle",
    "egret",
    "elk",
    "falcon",
    "ferret",
    "finch",
    "fox",
    "gannet",
    "gazelle",
    "gecko",
    "gibbon",
    "hare",
    "heron",
    "hoopoe",
    "ibex",
    "jackal",
    "jay",
    "kestrel",
    "koala",
    "lark",
    "lemur",
    "leopard",
    "linnet",
    "lynx",
    "marmot",
    "marten",
    "mole",
    "moose",
    "newt",
    "ocelot",
    "oriole",
    "osprey",
    "otter",
    "owl",
    "panda",
    "petrel",
    "plover",
    "puffin",
    "quail",
    "raven",
    "robin",
    "sable",
    "seal",
    "stoat",
    "swan",
    "tapir",
    "tern",
    "wombat",
];

/// A name drawn from `entropy`; two draws in 4096 agree, so the store appends a number where the name is taken.
pub fn memorable(entropy: u64) -> String {
    let mixed = entropy.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let (a, b) = (
        mixed as usize % ADJECTIVES.len(),
        (mixed as usize / ADJECTIVES.len()) % ANIMALS.len(),
    );
    format!("{}-{}", ADJECTIVES[a], ANIMALS[b])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct_words_and_spread_well() {
        assert_eq!(ADJECTIVES.iter().collect::<HashSet<_>>().len(), 64);
        assert_eq!(ANIMALS.iter().collect::<HashSet<_>>().len(), 64);
        let names: HashSet<String> = (0..1000).map(memorable).collect();
        assert!(names.len() > 800, "{} distinct of 1000", names.len());
    }
}
