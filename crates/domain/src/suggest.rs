//! The nearest valid spelling of a mistyped word.

/// The candidate that `word` most likely meant, if any is near enough to be worth suggesting.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase()), c))
        .filter(|(distance, c)| *distance <= (c.chars().count().max(word.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// ` (did you mean `X`?)` or nothing: the tail of an error message.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates)
        .map(|c| format!(" (did you mean `{c}`?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let keys = ["lambda_l1", "n_layers", "ngf"];
        assert_eq!(nearest("lamda_l1", keys), Some("lambda_l1"));
        assert_eq!(nearest("nlayers", keys), Some("n_layers"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(hint("nfg", keys), " (did you mean `ngf`?)");
    }
}
