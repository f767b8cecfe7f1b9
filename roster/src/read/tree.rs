//! One record in an arena that the next record uses again: elements in the order of the file, their texts side by side.

use std::ops::Range;

/// A place in the file, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub line: u64,
    pub column: u64,
}

/// The element under the root that was read last, with all that is in it.
#[derive(Default)]
pub(super) struct Tree {
    /// Names, texts and values, one after another.
    text: String,
    nodes: Vec<Node>,
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Texts with elements between their parts.
    mixed: Vec<String>,
    /// The elements that are not closed yet, the outermost first.
    open: Vec<usize>,
}

struct Node {
    name: Range<usize>,
    text: Text,
    attributes: Range<usize>,
    /// The node behind the last one inside this.
    end: usize,
    place: Place,
}

#[derive(Clone)]
enum Text {
    Whole(Range<usize>),
    Mixed(usize),
}

impl Tree {
    pub fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.attributes.clear();
        self.mixed.clear();
        self.open.clear();
    }

    /// How many elements there are, closed or not.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many elements are not closed.
    pub const fn depth(&self) -> usize {
        self.open.len()
    }

    fn put(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    pub fn open(&mut self, name: &str, place: Place) {
        let name = self.put(name);
        let (text, attributes) = (Text::Whole(name.end..name.end), self.attributes.len());
        self.open.push(self.nodes.len());
        self.nodes.push(Node { name, text, attributes: attributes..attributes, end: 0, place });
    }

    /// Adds an attribute to the element that was opened just now.
    pub fn attribute(&mut self, name: &str, value: &str) {
        let attribute = (self.put(name), self.put(value));
        self.attributes.push(attribute);
        let node = self.nodes.last_mut().expect("an attribute stands in an element");
        node.attributes.end = self.attributes.len();
    }

    /// Whether the element that was opened just now has this attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        let node = self.nodes.last().expect("an attribute stands in an element");
        self.attributes[node.attributes.clone()].iter().any(|(found, _)| self.text[found.clone()] == *name)
    }

    /// The name of the innermost open element.
    pub fn innermost(&self) -> Option<&str> {
        self.open.last().map(|index| self.name(*index))
    }

    pub fn close(&mut self) {
        let index = self.open.pop().expect("what is closed was opened");
        self.nodes[index].end = self.nodes.len();
    }

    /// Adds to the text of the innermost open element; gives how long it is now. White space that leads is left
    /// out: between elements there is a lot of it, and it says nothing.
    pub fn append(&mut self, more: &str) -> usize {
        let index = *self.open.last().expect("a text stands in an element");
        match self.nodes[index].text.clone() {
            Text::Whole(range) if range.is_empty() => {
                if more.trim_ascii_start().is_empty() {
                    return 0;
                }
                let range = self.put(more);
                let length = range.len();
                self.nodes[index].text = Text::Whole(range);
                length
            }
            Text::Whole(range) if range.end == self.text.len() => {
                let end = self.put(more).end;
                self.nodes[index].text = Text::Whole(range.start..end);
                end - range.start
            }
            Text::Whole(range) => {
                let joined = [&self.text[range], more].concat();
                let length = joined.len();
                self.nodes[index].text = Text::Mixed(self.mixed.len());
                self.mixed.push(joined);
                length
            }
            Text::Mixed(at) => {
                self.mixed[at].push_str(more);
                self.mixed[at].len()
            }
        }
    }

    /// The outermost element.
    pub fn root(&self) -> Element<'_> {
        self.element(0)
    }

    fn name(&self, index: usize) -> &str {
        &self.text[self.nodes[index].name.clone()]
    }

    fn element(&self, index: usize) -> Element<'_> {
        let node = &self.nodes[index];
        let text = match &node.text {
            Text::Whole(range) => &self.text[range.clone()],
            Text::Mixed(at) => &self.mixed[*at],
        };
        Element { name: self.name(index), place: node.place, text, tree: self, index }
    }
}

/// An element, read.
#[derive(Clone, Copy)]
pub(super) struct Element<'t> {
    pub name: &'t str,
    pub place: Place,
    pub text: &'t str,
    tree: &'t Tree,
    index: usize,
}

impl<'t> Element<'t> {
    fn inside(self) -> impl Iterator<Item = usize> + use<'t> {
        let nodes = &self.tree.nodes;
        let end = nodes[self.index].end;
        let first = Some(self.index + 1).filter(|first| *first < end);
        std::iter::successors(first, move |child| Some(nodes[*child].end).filter(|next| *next < end))
    }

    pub fn children(self) -> impl Iterator<Item = Self> {
        self.inside().map(move |child| self.tree.element(child))
    }

    pub fn child(self, name: &str) -> Option<Self> {
        let index = self.inside().find(|child| self.tree.name(*child) == name)?;
        Some(self.tree.element(index))
    }

    pub fn all(self, name: &str) -> impl Iterator<Item = Self> {
        let named = self.inside().filter(move |child| self.tree.name(*child) == name);
        named.map(move |child| self.tree.element(child))
    }

    /// The element at the end of a path of names.
    pub fn at(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The trimmed text at the end of a path; `None` when it is missing or empty.
    pub fn text_at(self, path: &[&str]) -> Option<&'t str> {
        self.at(path).map(|element| element.text.trim()).filter(|text| !text.is_empty())
    }

    pub fn attribute(self, name: &str) -> Option<&'t str> {
        let text = &self.tree.text;
        self.tree.attributes[self.tree.nodes[self.index].attributes.clone()]
            .iter()
            .find(|(found, _)| text[found.clone()] == *name)
            .map(|(_, value)| text[value.clone()].trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `<a x="1"> b <c>d</c> e <c/> f</a>`
    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.open("a", Place::default());
        tree.attribute("x", " 1 ");
        tree.append(" ");
        tree.append("b ");
        tree.open("c", Place::default());
        tree.append("d");
        tree.append("!");
        tree.close();
        tree.append(" e ");
        tree.open("c", Place::default());
        tree.close();
        assert_eq!(tree.append(" f"), 7);
        tree.close();
        tree
    }

    #[test]
    fn a_text_is_whole_whatever_stands_between_its_parts() {
        let tree = tree();
        assert_eq!(tree.root().text, "b  e  f");
        assert_eq!(tree.root().text_at(&["c"]), Some("d!"));
    }

    #[test]
    fn children_are_found_in_their_order() {
        let tree = tree();
        let texts: Vec<&str> = tree.root().all("c").map(|child| child.text).collect();
        assert_eq!(texts, ["d!", ""]);
        assert!(tree.root().child("d").is_none());
        assert!(tree.root().child("c").is_some_and(|child| child.child("c").is_none()));
        assert_eq!((tree.root().attribute("x"), tree.root().attribute("y")), (Some("1"), None));
    }

    #[test]
    fn nothing_stays_for_the_next_record() {
        let mut tree = tree();
        tree.clear();
        tree.open("z", Place::default());
        tree.close();
        assert_eq!((tree.root().name, tree.root().text, tree.root().all("c").count()), ("z", "", 0));
        assert_eq!(tree.root().attribute("x"), None);
    }
}
