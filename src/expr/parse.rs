//! From tokens to the tree.
//!
//! ```text
//! or      := and ( ("||" | "or") and )*
//! and     := unary ( ("&&" | "and") unary )*
//! unary   := ("!" | "not") unary | "(" or ")" | simple
//! simple  := word operator [ value | "[" value ("," value)* "]" ]
//! ```

use std::ops::Range;

use super::error::ExprError;
use super::lex::{JOINING, Lexer, Token};
use super::operator::{Operator, Takes};
use super::{Expr, LEVELS_MAX, SIMPLE_MAX, Simple};

/// Where the parts of a simple expression stand in its text.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) subject: Range<usize>,
    pub(crate) operator: Range<usize>,
    pub(crate) arguments: Vec<Range<usize>>,
}

/// Reads an expression, and where its simple expressions stand, in the order of reading.
pub(crate) fn read(text: &str) -> Result<(Expr, Vec<Places>), ExprError> {
    let mut lexer = Lexer::new(text);
    let (token, span) = lexer.next()?;
    let mut parser = Parser {
        text,
        lexer,
        token,
        span,
        levels: 0,
        places: Vec::new(),
    };
    let expr = parser.or()?;
    match parser.token {
        Token::End => Ok((expr, parser.places)),
        Token::Close => Err(parser.refuse("no parenthesis is open here")),
        _ => Err(parser.expected("and, or, or the end")),
    }
}

/// A text on its way: the token at hand, and those to come.
struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    token: Token<'a>,
    span: Range<usize>,
    /// Parentheses and negations around the token at hand.
    levels: usize,
    places: Vec<Places>,
}

impl<'a> Parser<'a> {
    fn or(&mut self) -> Result<Expr, ExprError> {
        let mut expr = self.and()?;
        while self.token == Token::Or || self.token == Token::Word("or") {
            self.advance()?;
            expr = expr.or(self.and()?);
        }
        Ok(expr)
    }

    fn and(&mut self) -> Result<Expr, ExprError> {
        let mut expr = self.unary()?;
        while self.token == Token::And || self.token == Token::Word("and") {
            self.advance()?;
            expr = expr.and(self.unary()?);
        }
        Ok(expr)
    }

    fn unary(&mut self) -> Result<Expr, ExprError> {
        match self.token {
            Token::Bang | Token::Word("not") => {
                self.enter()?;
                // A parenthesis right behind it makes no level of its own.
                let inner = match self.token {
                    Token::Open => {
                        self.advance()?;
                        self.inside()
                    }
                    _ => self.unary(),
                };
                self.levels -= 1;
                Ok(!inner?)
            }
            Token::Open => {
                self.enter()?;
                let inner = self.inside();
                self.levels -= 1;
                inner
            }
            _ => self.simple(),
        }
    }

    /// What stands in a parenthesis that was opened, and its end.
    fn inside(&mut self) -> Result<Expr, ExprError> {
        let expr = self.or()?;
        if self.token != Token::Close {
            return Err(self.expected("and, or, or )"));
        }
        self.advance()?;
        Ok(expr)
    }

    fn simple(&mut self) -> Result<Expr, ExprError> {
        let subject = match self.token {
            Token::Word(word) if !JOINING.contains(&word) => word.to_owned(),
            _ => return Err(self.expected("a subject like attribute:NAME, not, or (")),
        };
        if self.places.len() == SIMPLE_MAX {
            let message = format!("an expression can hold at most {SIMPLE_MAX} comparisons");
            return Err(self.refuse(message));
        }
        let subject_at = self.advance()?;
        let (operator, operator_at) = self.operator()?;
        let (mut arguments, mut places) = (Vec::new(), Vec::new());
        match operator.takes() {
            Takes::Nothing => {}
            Takes::One => {
                let (value, place) = self.value()?;
                arguments.push(value);
                places.push(place);
            }
            Takes::List => {
                self.pass(&Token::ListOpen, "a list like [a, b]")?;
                loop {
                    let (value, place) = self.value()?;
                    arguments.push(value);
                    places.push(place);
                    if self.token != Token::Comma {
                        break;
                    }
                    self.advance()?;
                }
                self.pass(&Token::ListClose, "a comma or ]")?;
            }
        }
        self.places.push(Places {
            subject: subject_at,
            operator: operator_at,
            arguments: places,
        });
        Ok(Expr::Simple(Simple {
            subject,
            operator,
            arguments,
        }))
    }

    fn operator(&mut self) -> Result<(Operator, Range<usize>), ExprError> {
        let known = match self.token {
            Token::Symbol(operator) => Some(operator),
            Token::Word(word) => Operator::of_word(word),
            Token::Bang => {
                let bang = self.advance()?;
                let operator = match self.token {
                    Token::Word("exists") => Operator::NotExists,
                    Token::Word("in") => Operator::NotIn,
                    _ => return Err(self.expected("exists or in behind !")),
                };
                let word = self.advance()?;
                return Ok((operator, bang.start..word.end));
            }
            _ => None,
        };
        let operator = known.ok_or_else(|| self.expected("an operator like =="))?;
        Ok((operator, self.advance()?))
    }

    fn value(&mut self) -> Result<(String, Range<usize>), ExprError> {
        let value = match &self.token {
            Token::Quoted(value) => value.clone(),
            Token::Word(word) if JOINING.contains(word) => {
                let wanted = format!("a value ({word} as a value needs quotes)");
                return Err(self.expected(&wanted));
            }
            Token::Word(word) => (*word).to_owned(),
            _ => return Err(self.expected("a value")),
        };
        Ok((value, self.advance()?))
    }

    /// Goes one level deeper, past the token at hand.
    fn enter(&mut self) -> Result<(), ExprError> {
        if self.levels == LEVELS_MAX {
            let message = format!("an expression can be nested at most {LEVELS_MAX} levels deep");
            return Err(self.refuse(message));
        }
        self.levels += 1;
        self.advance()?;
        Ok(())
    }

    /// Goes past the token that must be at hand.
    fn pass(&mut self, token: &Token<'_>, wanted: &str) -> Result<(), ExprError> {
        if self.token != *token {
            return Err(self.expected(wanted));
        }
        self.advance()?;
        Ok(())
    }

    /// Goes to the next token; where the one before stands.
    fn advance(&mut self) -> Result<Range<usize>, ExprError> {
        let (token, span) = self.lexer.next()?;
        self.token = token;
        Ok(std::mem::replace(&mut self.span, span))
    }

    fn expected(&self, wanted: &str) -> ExprError {
        self.refuse(format!("expected {wanted}, found {}", self.token))
    }

    fn refuse(&self, message: impl Into<String>) -> ExprError {
        ExprError::new(self.text, self.span.clone(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Expr, ExprError> {
        read(text).map(|(expr, _)| expr)
    }

    /// Asserts what is said of a text, and of which part of it.
    #[track_caller]
    fn check_refused(text: &str, at: &str, message: &str) {
        let error = parse(text).expect_err("the text is wrong");
        assert_eq!((&text[error.span()], error.message()), (at, message));
    }

    #[test]
    fn every_operator_is_read_in_both_spellings() {
        for operator in Operator::ALL {
            let behind = match operator.takes() {
                Takes::Nothing => "",
                Takes::One => "v",
                Takes::List => "[v]",
            };
            let symbol = parse(&format!("s {} {behind}", operator.symbol()));
            assert_eq!(symbol, parse(&format!("s {} {behind}", operator.word())));
            let Ok(Expr::Simple(simple)) = symbol else {
                panic!("{operator} is an operator")
            };
            assert_eq!((simple.subject(), simple.operator()), ("s", operator));
        }
    }

    #[test]
    fn not_binds_before_and_and_and_before_or() {
        let [a, b, c] = ["a exists", "b exists", "c exists"]
            .map(|text| parse(text).unwrap_or_else(|error| panic!("{error}")));
        let all = |text: &str| parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            all("!a exists && b exists || c exists"),
            (!a.clone()).and(b.clone()).or(c.clone())
        );
        assert_eq!(
            all("a exists or b exists and c exists"),
            a.clone().or(b.clone().and(c.clone()))
        );
        assert_eq!(
            all("a exists or b exists or c exists"),
            a.clone().or(b.clone()).or(c.clone())
        );
        assert_eq!(
            all("not (a exists and b exists) or c exists"),
            (!a.and(b)).or(c)
        );
    }

    #[test]
    fn an_error_says_what_was_expected_and_what_was_found() {
        check_refused(
            "",
            "",
            "expected a subject like attribute:NAME, not, or (, found the end",
        );
        check_refused("a", "", "expected an operator like ==, found the end");
        check_refused("a b", "b", "expected an operator like ==, found \"b\"");
        check_refused("a ==", "", "expected a value, found the end");
        check_refused("a == [b]", "[", "expected a value, found [");
        check_refused("a in b", "b", "expected a list like [a, b], found \"b\"");
        check_refused("a in []", "]", "expected a value, found ]");
        check_refused("a in [b c]", "c", "expected a comma or ], found \"c\"");
        check_refused("a == b c", "c", "expected and, or, or the end, found \"c\"");
        check_refused("a == b)", ")", "no parenthesis is open here");
        check_refused("(a == b", "", "expected and, or, or ), found the end");
        check_refused(
            "a !near b",
            "near",
            "expected exists or in behind !, found \"near\"",
        );
        check_refused(
            "'a' == b",
            "'a'",
            "expected a subject like attribute:NAME, not, or (, found the quoted value \"a\"",
        );
        check_refused(
            "a == and b == c",
            "and",
            "expected a value (and as a value needs quotes), found \"and\"",
        );
    }

    #[test]
    fn places_are_those_of_the_parts() {
        let text = "a == b or (c !in [d, 'e'])";
        let (_, places) = read(text).unwrap_or_else(|error| panic!("{error}"));
        let shown: Vec<String> = places
            .into_iter()
            .map(|places| {
                let arguments = places.arguments.into_iter().map(|place| &text[place]);
                let arguments = arguments.collect::<Vec<_>>().join(" ");
                format!(
                    "{}|{}|{arguments}",
                    &text[places.subject], &text[places.operator]
                )
            })
            .collect();
        assert_eq!(shown, ["a|==|b", "c|!in|d 'e'"]);
    }

    #[test]
    fn nesting_has_a_limit_that_comes_before_the_end_of_the_stack() {
        let nested = |open: &str, count: usize, close: &str| {
            let text = format!("{}a exists{}", open.repeat(count), close.repeat(count));
            parse(&text).map(|expr| expr.to_string().parse() == Ok(expr))
        };
        for (open, close) in [("(", ")"), ("!", ""), ("not ", ""), ("not(", ")")] {
            assert_eq!(nested(open, LEVELS_MAX, close), Ok(true), "{open}");
            let error = nested(open, LEVELS_MAX + 1, close).expect_err("it is too deep");
            assert!(error.message().contains("100 levels"), "{error}");
            assert!(nested(open, 100_000, close).is_err(), "{open}");
        }
    }

    #[test]
    fn comparisons_have_a_limit_beyond_what_ecs_lets_through() {
        let chain = |count: usize| parse(&vec!["a==b"; count].join("||"));
        let longest = chain(SIMPLE_MAX).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(longest.to_string().parse(), Ok(longest));
        assert!(chain(SIMPLE_MAX + 1).is_err());
        assert!(SIMPLE_MAX * "a==b||".len() > 2_000);
    }
}
