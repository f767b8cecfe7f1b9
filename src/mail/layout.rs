//! Plain text for mails: lines of at most [`WIDTH`] signs, tables in columns, foreign words made harmless.

/// Signs in a line; what a mail client shows without wrapping, quoted once.
pub(super) const WIDTH: usize = 78;
const PART_INDENT: &str = "  ";
const GAP: usize = 3;
/// A name from a customer's file may be as long as it likes; nobody reads more of it.
const LONGEST_NAME: usize = 120;
/// Signs of a file name's part.
const LONGEST_SLUG: usize = 60;

/// A table with a first column of words and others of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub columns: Vec<&'static str>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub label: String,
    pub cells: Vec<String>,
    /// It is a part of the row above that is none.
    pub part: bool,
}

impl Row {
    pub(super) fn whole(label: impl Into<String>, cells: Vec<String>) -> Self {
        Self { label: label.into(), cells, part: false }
    }

    pub(super) fn part(label: impl Into<String>, cells: Vec<String>) -> Self {
        Self { label: label.into(), cells, part: true }
    }

    fn indent(&self) -> &'static str {
        if self.part { PART_INDENT } else { "" }
    }
}

impl Table {
    /// Aligned: words left, numbers right. A label that is too long is cut.
    pub(super) fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
                cells.map(|cell| length(cell)).chain([length(self.columns[column])]).max().unwrap_or(0)
            })
            .collect();
        let room = WIDTH.saturating_sub(widths.iter().map(|width| width + GAP).sum());
        let labels = self.rows.iter().map(|row| length(row.indent()) + length(&row.label));
        let first = labels.max().unwrap_or(0).min(room);
        let line = |label: &str, cells: &mut dyn Iterator<Item = &str>| {
            let mut line = format!("{:first$}", cut(label, first));
            for (cell, width) in cells.zip(&widths) {
                line.push_str(&format!("{:GAP$}{cell:>width$}", ""));
            }
            line.trim_end().to_owned()
        };
        let head = line("", &mut self.columns.iter().copied());
        let rows = self.rows.iter().map(|row| {
            line(&format!("{}{}", row.indent(), row.label), &mut row.cells.iter().map(String::as_str))
        });
        std::iter::once(head).chain(rows).collect()
    }
}

/// Breaks a text between words, each line indented; a word that is longer than a line is broken too.
pub(super) fn wrap(text: impl AsRef<str>, indent: usize) -> String {
    let room = WIDTH.saturating_sub(indent).max(1);
    let mut lines = vec![String::new()];
    for word in words(text.as_ref()) {
        for piece in pieces(word, room) {
            let line = lines.last_mut().expect("there is always a line");
            if line.is_empty() {
                line.push_str(&piece);
            } else if length(line) + 1 + length(&piece) <= room {
                line.push(' ');
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
    }
    let margin = " ".repeat(indent);
    lines.iter().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join("\n")
}

/// Parts between which a line may break: a number and its sign stay together.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| sign.is_whitespace() && sign != '\u{a0}').filter(|word| !word.is_empty())
}

/// A label before a text that is wrapped beside it.
pub(super) fn hang(label: impl AsRef<str>, text: impl AsRef<str>, indent: usize) -> String {
    let wrapped = wrap(text, indent);
    format!("{:indent$}{}", label.as_ref(), &wrapped[indent..])
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    word.chars().collect::<Vec<_>>().chunks(room).map(|piece| piece.iter().collect()).collect()
}

/// A name from outside on one line: without control signs and signs that turn the reading direction.
pub(super) fn name(text: &str) -> String {
    let harmless = text.chars().map(|sign| if sign.is_control() || turns(sign) { ' ' } else { sign });
    let words = harmless.collect::<String>();
    cut(&words.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_NAME)
}

const fn turns(sign: char) -> bool {
    matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
}

/// The first part of a text, with `…` when something is left out.
fn cut(text: &str, longest: usize) -> String {
    if length(text) <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Words for a file name: `a-z 0-9 -`.
pub(super) fn slug(text: &str) -> String {
    let plain = text.to_lowercase().replace(['å', 'ä'], "a").replace(['ø', 'ö'], "o").replace('æ', "ae");
    let words = plain.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-");
    slug.truncate(LONGEST_SLUG);
    slug
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_breaks_between_words_at_the_width_and_not_before() {
        let fits = format!("{} {}", "a".repeat(40), "b".repeat(37));
        assert_eq!(wrap(&fits, 0), fits);
        let over = format!("{} {}", "a".repeat(40), "b".repeat(38));
        assert_eq!(wrap(&over, 0).lines().count(), 2);
        assert_eq!(wrap("one two", 2), "  one two");
        assert_eq!(wrap("", 0), "");
        assert_eq!(hang("End", "today", 6), "End   today");
        let figure = format!("{} 1\u{a0}420\u{a0}%", "a".repeat(72));
        assert_eq!(wrap(&figure, 0).lines().last(), Some("1\u{a0}420\u{a0}%"));
        let long = wrap("ø".repeat(200), 4);
        assert!(long.lines().all(|line| length(line) <= WIDTH && line.starts_with("    ø")), "{long}");
    }

    #[test]
    fn a_table_is_aligned_and_as_wide_as_a_line_at_most() {
        let cells = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let mut table = Table {
            columns: vec!["before", "after"],
            rows: vec![Row::whole("Persons", cells("1234", "7")), Row::part("Lærer", cells("4", "1000000"))],
        };
        assert_eq!(
            table.lines(),
            ["          before     after", "Persons     1234         7", "  Lærer        4   1000000"]
        );
        table.rows.push(Row::whole("x".repeat(200), cells("1", "2")));
        assert!(table.lines().iter().all(|line| length(line) <= WIDTH));
        assert!(table.lines()[3].contains('…'));
    }

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        assert_eq!(name("Nes\r\nBcc: all@example.com"), "Nes Bcc: all@example.com");
        assert_eq!(name("a\u{202e}b\u{0}c\td"), "a b c d");
        assert_eq!(length(&name(&"x".repeat(500))), LONGEST_NAME);
        assert_eq!(slug("../Import finished: Nø\0"), "import-finished-no");
    }
}
