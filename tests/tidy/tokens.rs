//! Rust source as a list of tokens, with comments, strings and characters left out.

/// One identifier, number, `::` or single punctuation character, and the line it stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// Whether it is an identifier or a keyword.
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(starts_word)
    }

    /// Whether it is a number with a fraction, an exponent or a float suffix.
    pub(super) fn is_float(&self) -> bool {
        let is_digit = |c: char| c.is_ascii_digit() || c == '_';
        let rest = self.text.trim_start_matches(is_digit);
        self.text.starts_with(|c: char| c.is_ascii_digit())
            && (rest.starts_with(['.', 'e', 'E']) || matches!(rest, "f32" | "f64"))
    }
}

/// Every token of `source`, in order.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < source.len() {
        let after_dot = ends_with_one_dot(&found);
        let (length, is_token) = lexeme(&source[at..], after_dot);
        let text = &source[at..at + length];
        if is_token {
            found.push(Token { line, text });
        }
        line += text.matches('\n').count();
        at += length;
    }
    found
}

fn ends_with_one_dot(found: &[Token]) -> bool {
    let mut texts = found.iter().rev().map(|token| token.text);
    texts.next() == Some(".") && texts.next() != Some(".")
}

/// The length of what stands at the head of `rest`, and whether it is a token.
fn lexeme(rest: &str, after_dot: bool) -> (usize, bool) {
    let first = rest.chars().next().expect("the caller stops at the end");
    if rest.starts_with("//") {
        (rest.find('\n').unwrap_or(rest.len()), false)
    } else if rest.starts_with("/*") {
        (block_comment(rest), false)
    } else if let Some(length) = string(rest).or_else(|| character(rest)) {
        (length, false)
    } else if starts_word(first) {
        (word(rest), true)
    } else if first.is_ascii_digit() {
        (number(rest, after_dot), true)
    } else if rest.starts_with("::") {
        (2, true)
    } else {
        (first.len_utf8(), !first.is_whitespace())
    }
}

fn starts_word(first: char) -> bool {
    first == '_' || first.is_alphabetic()
}

fn word(rest: &str) -> usize {
    let raw = if rest.starts_with("r#") { 2 } else { 0 };
    let end = |c: char| c != '_' && !c.is_alphanumeric();
    rest[raw..].find(end).map_or(rest.len(), |end| raw + end)
}

/// A number; after a dot it is a tuple index, so that `pair.0.1` holds no fraction.
fn number(rest: &str, after_dot: bool) -> usize {
    let whole = word(rest);
    let mut tail = rest[whole..].chars();
    let has_fraction = !after_dot
        && tail.next() == Some('.')
        && !tail.next().is_some_and(|c| c == '.' || starts_word(c));
    if has_fraction {
        whole + 1 + word(&rest[whole + 1..])
    } else {
        whole
    }
}

/// A comment between `/*` and `*/`, which may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let two = rest.as_bytes().get(at..at + 2);
        match two {
            Some(b"/*") => depth += 1,
            Some(b"*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// A string literal of any kind: plain, raw, of bytes, of C.
fn string(rest: &str) -> Option<usize> {
    let prefix = rest.find(|c: char| !matches!(c, 'b' | 'c' | 'r'))?;
    if !["", "b", "c", "r", "br", "cr"].contains(&&rest[..prefix]) {
        return None;
    }
    let body = &rest[prefix..];
    let open = body.find('"')?;
    let is_raw = rest[..prefix].ends_with('r');
    if !body[..open].bytes().all(|byte| byte == b'#') || (open > 0 && !is_raw) {
        return None;
    }
    if is_raw {
        let close = format!("\"{}", &body[..open]);
        let length = body[open + 1..].find(&close)?;
        return Some(prefix + open + 1 + length + close.len());
    }
    Some(prefix + quoted(body, '"'))
}

/// A character literal, told from a lifetime by its closing quote.
fn character(rest: &str) -> Option<usize> {
    let prefix = usize::from(rest.starts_with("b'"));
    let mut inside = rest[prefix..].strip_prefix('\'')?.chars();
    let first = inside.next()?;
    (first == '\\' || inside.next() == Some('\'')).then(|| prefix + quoted(&rest[prefix..], '\''))
}

/// The length of `text` up to the second unescaped `quote`; the first opens it.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == quote {
            return at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn check_texts(source: &str, expected: &[&str]) {
        let texts: Vec<_> = tokens(source).iter().map(|token| token.text).collect();
        assert_eq!(texts, expected, "tokens of {source}");
    }

    #[test]
    fn comments_and_literals_hold_no_tokens() {
        check_texts("a // b\n/* c /* d */ e */ f /// g", &["a", "f"]);
        check_texts(r#"a "b \" c" d"#, &["a", "d"]);
        check_texts(r##"a r#"b " c"# d br"e" f b"g" h"##, &["a", "d", "f", "h"]);
        check_texts(r"a 'b' c '\'' d b'e' f", &["a", "c", "d", "f"]);
    }

    #[test]
    fn what_looks_like_a_literal_and_is_none_is_kept() {
        check_texts("&'a str", &["&", "'", "a", "str"]);
        check_texts(
            "r#type brand crate::x",
            &["r#type", "brand", "crate", "::", "x"],
        );
    }

    #[test]
    fn numbers_end_where_they_should() {
        check_texts("1.5 2.", &["1.5", "2."]);
        check_texts(
            "0..3.5 1.max(2)",
            &["0", ".", ".", "3.5", "1", ".", "max", "(", "2", ")"],
        );
        check_texts("pair.0.1", &["pair", ".", "0", ".", "1"]);
        let floats = |source| tokens(source).iter().filter(|t| t.is_float()).count();
        assert_eq!(floats("1.5 2. 1e9 1f64 3_f32"), 5);
        assert_eq!(floats("1 0xE5 1_000 0b1 0x1f32 7usize a.0.1 e1"), 0);
    }

    #[test]
    fn a_token_knows_its_line() {
        let lines: Vec<_> = tokens("a\n\"b\n\"\n/*\n*/ c")
            .iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [1, 5]);
    }
}
