//! A line of text that is being typed.

use unicode_width::UnicodeWidthStr;

/// Text and a cursor in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// A byte offset on a character's boundary.
    cursor: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            cursor: text.len(),
            text,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor as a byte offset.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The cursor's column.
    pub fn column(&self) -> usize {
        self.text[..self.cursor].width()
    }

    /// Types a character.
    pub fn insert(&mut self, c: char) {
        if !c.is_control() {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Types text; line ends become spaces.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(if matches!(c, '\n' | '\t') { ' ' } else { c });
        }
    }

    /// Replaces a part of the text and puts the cursor behind it.
    pub fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        self.cursor = range.start + with.len();
        self.text.replace_range(range, with);
    }

    /// Deletes the character before the cursor.
    pub fn backspace(&mut self) {
        if let Some(c) = self.text[..self.cursor].chars().next_back() {
            self.cursor -= c.len_utf8();
            self.text.remove(self.cursor);
        }
    }

    /// Deletes the character at the cursor.
    pub fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// Deletes the word before the cursor.
    pub fn delete_word(&mut self) {
        let before = self.text[..self.cursor].trim_end();
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        self.replace(start..self.cursor, "");
    }

    /// Deletes everything before the cursor.
    pub fn clear_before(&mut self) {
        self.replace(0..self.cursor, "");
    }

    /// One character to the left.
    pub fn left(&mut self) {
        if let Some(c) = self.text[..self.cursor].chars().next_back() {
            self.cursor -= c.len_utf8();
        }
    }

    /// One character to the right.
    pub fn right(&mut self) {
        if let Some(c) = self.text[self.cursor..].chars().next() {
            self.cursor += c.len_utf8();
        }
    }

    /// To the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_keeps_to_characters() {
        let mut line = Line::new("tag:é x");
        line.left();
        line.left();
        line.backspace();
        line.insert('ü');
        assert_eq!((line.text(), line.column()), ("tag:ü x", 5));
        line.end();
        line.delete_word();
        assert_eq!(line.text(), "tag:ü ");
        line.delete_word();
        assert_eq!((line.text(), line.cursor()), ("", 0));
        line.paste("a\nb\u{1b}");
        assert_eq!(line.text(), "a b");
        line.home();
        line.delete();
        line.right();
        line.clear_before();
        assert_eq!(line.text(), "b");
    }
}
