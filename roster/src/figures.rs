//! Figures as people read them: thousands apart, shares in percent, small numbers as words.

/// As `4,312`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether `part` is at least so many percent of `whole`; of nothing, nothing is.
pub fn reaches(part: u64, whole: u64, percent: u64) -> bool {
    whole > 0 && u128::from(part) * 100 >= u128::from(whole) * u128::from(percent)
}

/// The share in whole percent, rounded down, so that 100 is said of all alone.
pub fn percent(part: u64, whole: u64) -> u64 {
    let share = u128::from(part) * 100 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// `one` to `ten` as words, more in digits.
pub fn in_words(number: u64) -> String {
    const WORDS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number.checked_sub(1)?));
    word.map_or_else(|| thousands(number), |word| (*word).to_owned())
}

/// As `a, b and c`.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (4_312, "4,312"),
            (100_000, "100,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_share_is_all_only_where_it_is_all() {
        let cases = [(0, 0, 0), (1, 3, 33), (999, 1_000, 99), (1_000, 1_000, 100), (u64::MAX, u64::MAX, 100)];
        for (part, whole, expected) in cases {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
        let cases = [(89, 100, false), (90, 100, true), (91, 100, true), (0, 0, false)];
        for (part, whole, expected) in cases {
            assert_eq!(reaches(part, whole, 90), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn small_numbers_are_words_and_names_a_list() {
        assert_eq!([0, 1, 10, 11, 1_100].map(in_words), ["0", "one", "ten", "11", "1,100"]);
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([0, 1, 2, 3].map(|end| listed(&names[..end])), ["", "a", "a and b", "a, b and c"]);
    }
}
