//! Lists that are cut into pages, and the addresses of the pages beside one.

use super::desk::filled;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pager {
    /// 1 for the first.
    pub page: usize,
    pub pages: usize,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Pager {
    /// The page that is asked for, or the nearest that there is.
    pub fn new(
        asked: &Option<String>,
        lines: usize,
        per_page: usize,
        address: impl Fn(usize) -> String,
    ) -> Self {
        let pages = lines.div_ceil(per_page).max(1);
        let page = page_asked(asked).clamp(1, pages);
        Self {
            page,
            pages,
            before: (page > 1).then(|| address(page - 1)),
            after: (page < pages).then(|| address(page + 1)),
        }
    }

    /// Lines of the pages before it.
    pub const fn passed_over(&self, per_page: usize) -> usize {
        (self.page - 1) * per_page
    }
}

/// What is no number asks for the first page.
pub(super) fn page_asked(asked: &Option<String>) -> usize {
    filled(asked).and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
}

/// An address with those fields that say something.
pub(super) fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let said = fields.iter().filter(|(_, value)| !value.is_empty());
    for ((name, value), mark) in said.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        address.push_str(&format!("{mark}{name}={value}"));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_leads_to_those_beside_it() {
        let at = |asked: &str, lines| {
            let pager = Pager::new(&Some(asked.to_owned()), lines, 10, |page| page.to_string());
            (pager.page, pager.pages, pager.before, pager.after)
        };
        let text = |page: &str| Some(page.to_owned());
        let cases = [
            ("", 0, (1, 1, None, None)),
            ("1", 10, (1, 1, None, None)),
            ("1", 11, (1, 2, None, text("2"))),
            ("2", 11, (2, 2, text("1"), None)),
            ("2", 30, (2, 3, text("1"), text("3"))),
            ("99", 30, (3, 3, text("2"), None)),
            ("0", 30, (1, 3, None, text("2"))),
            ("-1", 30, (1, 3, None, text("2"))),
            ("x", 30, (1, 3, None, text("2"))),
        ];
        for (asked, lines, expected) in cases {
            assert_eq!(at(asked, lines), expected, "page {asked} of {lines} lines");
        }
    }

    #[test]
    fn an_address_holds_what_is_chosen_and_nothing_that_breaks_it() {
        assert_eq!(address("/x", &[("a", ""), ("b", "")]), "/x");
        assert_eq!(address("/x", &[("a", "ø&"), ("b", ""), ("c", "1")]), "/x?a=%C3%B8%26&c=%31");
    }
}
