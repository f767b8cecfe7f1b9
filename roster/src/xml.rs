//! Which characters XML 1.0 allows at all: readers refuse the others, and writers never write them.

/// Tab, line feed, carriage return, and all from the blank on but two that Unicode has set aside.
pub(crate) const fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_noncharacters_are_not_allowed() {
        let cases = [
            ('\0', false),
            ('\u{8}', false),
            ('\t', true),
            ('\u{B}', false),
            ('\r', true),
            ('\u{1F}', false),
            (' ', true),
            ('\u{D7FF}', true),
            ('\u{FFFD}', true),
            ('\u{FFFE}', false),
            ('\u{FFFF}', false),
            ('\u{10000}', true),
            ('\u{10FFFF}', true),
        ];
        for (character, allowed) in cases {
            assert_eq!(is_allowed(character), allowed, "{character:?}");
        }
    }
}
