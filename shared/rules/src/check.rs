//! Walking an expression as it was written: size, names, types.

use std::collections::BTreeMap;

use cel::Program;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo};

use crate::call;
use crate::problem::{Problems, place};
use crate::{MOST_LOOPS, MOST_NODES, MOST_PATTERNS, Schema, Type};

/// Bytes of a pattern, and of its compiled form.
const LONGEST_PATTERN: usize = 200;
const LARGEST_PATTERN: usize = 64 << 10;

/// Refuses what is not a condition over `schema` within the bounds.
pub(crate) fn check(program: &Program, source: &str, schema: &Schema) -> Result<(), Problems> {
    let mut checker = Checker {
        schema,
        source,
        positions: program.source_info(),
        problems: Problems::default(),
        locals: Vec::new(),
        nodes: 0,
        loops: 0,
        patterns: 0,
    };
    let root = program.expression();
    if let Some(found) = checker.infer(root)
        && found != Type::Bool
    {
        checker.refuse(root, format!("must be true or false, not of type {found}"));
    }
    for (what, used, most) in [
        ("nodes", checker.nodes, MOST_NODES),
        ("loops", checker.loops, MOST_LOOPS),
        ("patterns", checker.patterns, MOST_PATTERNS),
    ] {
        if used > most {
            checker.refuse(root, format!("must have at most {most} {what}, not {used}"));
        }
    }
    if checker.problems.is_empty() {
        Ok(())
    } else {
        Err(checker.problems)
    }
}

/// The state of a walk. A node of which something was refused has no type, and what is around it is not refused
/// for that.
pub(crate) struct Checker<'a> {
    schema: &'a Schema,
    source: &'a str,
    positions: &'a SourceInfo,
    problems: Problems,
    /// The variable of the loop that is walked through.
    locals: Vec<(String, Type)>,
    nodes: usize,
    loops: usize,
    patterns: usize,
}

impl Checker<'_> {
    pub(crate) fn refuse(&mut self, node: &IdedExpr, message: impl Into<String>) {
        let start = self.positions.offset_for(node.id).map_or(0, |(start, _)| start);
        let (line, column) = place(self.source, usize::try_from(start).unwrap_or_default());
        self.problems.add(line, column, message);
    }

    pub(crate) fn infer(&mut self, node: &IdedExpr) -> Option<Type> {
        self.nodes += 1;
        match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => {
                let of = self.infer(&select.operand)?;
                self.field(node, &of, &select.field)
            }
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(node, &list.elements),
            Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
                self.refuse(node, "must not make maps or messages");
                None
            }
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Option<Type> {
        match literal {
            LiteralValue::Boolean(_) => Some(Type::Bool),
            LiteralValue::Int(_) => Some(Type::Int),
            LiteralValue::Double(_) => Some(Type::Double),
            LiteralValue::String(_) => Some(Type::String),
            LiteralValue::Null | LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
                self.refuse(node, "must be a bool, an int, a double or a string");
                None
            }
        }
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Option<Type> {
        let local = self.locals.iter().rev().find(|(local, _)| local == name);
        let found = local.map(|(_, of)| of).or_else(|| self.schema.get(name)).cloned();
        if found.is_none() {
            let known: Vec<&str> = self.schema.names().collect();
            let message = format!("there is no variable '{name}', only {}", known.join(", "));
            self.refuse(node, message);
        }
        found
    }

    fn field(&mut self, node: &IdedExpr, of: &Type, name: &str) -> Option<Type> {
        match of {
            Type::Map(value) => Some((**value).clone()),
            Type::Record(fields) => {
                let found = fields.get(name).cloned();
                if found.is_none() {
                    self.refuse(node, no_field(name, fields));
                }
                found
            }
            other => {
                self.refuse(node, format!("a {other} has no field '{name}'"));
                None
            }
        }
    }

    fn list(&mut self, node: &IdedExpr, elements: &[IdedExpr]) -> Option<Type> {
        let types: Vec<Option<Type>> = elements.iter().map(|element| self.infer(element)).collect();
        let types: Vec<Type> = types.into_iter().collect::<Option<_>>()?;
        match types.split_first() {
            Some((first, rest)) if first.is_scalar() && rest.iter().all(|other| other == first) => {
                Some(Type::list(first.clone()))
            }
            _ => {
                self.refuse(node, "a list must hold values of one simple type, at least one");
                None
            }
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Type> {
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            ("has", None, [asked]) => self.has(asked),
            ("all" | "exists" | "exists_one" | "filter" | "map", Some(over), [variable, body]) => {
                self.walk_loop(node, &call.func_name, over, variable, body)
            }
            ("matches", Some(text), [pattern]) => self.matches(node, text, pattern),
            _ => self.function(node, call),
        }
    }

    fn function(&mut self, node: &IdedExpr, call: &CallExpr) -> Option<Type> {
        let arguments = call.target.iter().map(|target| &**target).chain(&call.args);
        let types: Vec<Option<Type>> = arguments.map(|argument| self.infer(argument)).collect();
        let types: Vec<Type> = types.into_iter().collect::<Option<_>>()?;
        match call::result(&call.func_name, call.target.is_some(), &types) {
            Ok(found) => Some(found),
            Err(message) => {
                self.refuse(node, message);
                None
            }
        }
    }

    /// Presence can be asked of what can be absent.
    fn has(&mut self, asked: &IdedExpr) -> Option<Type> {
        self.nodes += 1;
        let Expr::Select(select) = &asked.expr else {
            self.refuse(asked, "has() takes a field, such as has(answers.score)");
            return None;
        };
        let of = self.infer(&select.operand)?;
        self.field(asked, &of, &select.field)?;
        Some(Type::Bool)
    }

    fn matches(&mut self, node: &IdedExpr, text: &IdedExpr, pattern: &IdedExpr) -> Option<Type> {
        self.patterns += 1;
        self.nodes += 1;
        if !self.locals.is_empty() {
            self.refuse(node, "matches() must not stand in a loop");
        }
        let Expr::Literal(LiteralValue::String(written)) = &pattern.expr else {
            self.refuse(pattern, "a pattern must be written out");
            return None;
        };
        let written: &str = written.inner();
        let compiled = regex::RegexBuilder::new(written)
            .size_limit(LARGEST_PATTERN)
            .build();
        if written.len() > LONGEST_PATTERN || compiled.is_err() {
            let message = format!(
                "must be a regular expression of at most {LONGEST_PATTERN} bytes without large repetitions"
            );
            self.refuse(pattern, message);
        }
        match self.infer(text)? {
            Type::String => Some(Type::Bool),
            other => {
                self.refuse(text, format!("matches() looks into a string, not a {other}"));
                None
            }
        }
    }

    fn walk_loop(
        &mut self,
        node: &IdedExpr,
        kind: &str,
        over: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
    ) -> Option<Type> {
        self.loops += 1;
        self.nodes += 1;
        if !self.locals.is_empty() || is_loop(over) {
            self.refuse(
                node,
                "a loop must not stand within another, nor run over the result of one",
            );
            return None;
        }
        let item = match self.infer(over)? {
            Type::List(item) => *item,
            Type::Map(_) => Type::String,
            other => {
                self.refuse(over, format!("{kind}() runs over a list or a map, not a {other}"));
                return None;
            }
        };
        let Expr::Ident(name) = &variable.expr else {
            self.refuse(
                variable,
                "a loop names its variable first, such as all(item, item > 3)",
            );
            return None;
        };
        if self.schema.get(name).is_some() {
            self.refuse(
                variable,
                format!("the variable of a loop must not be called '{name}'"),
            );
            return None;
        }
        self.locals.push((name.clone(), item.clone()));
        let result = self.infer(body);
        self.locals.pop();
        let result = result?;
        match kind {
            "map" if result.is_scalar() => Some(Type::list(result)),
            "map" => {
                self.refuse(body, "map() must give values of a simple type");
                None
            }
            _ if result != Type::Bool => {
                self.refuse(body, format!("{kind}() needs a condition, not a {result}"));
                None
            }
            "filter" => Some(Type::list(item)),
            _ => Some(Type::Bool),
        }
    }
}

/// Whether a node is a loop, or reads a part of what one gives.
fn is_loop(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Call(call) => {
            matches!(call.func_name.as_str(), "filter" | "map")
                || call.target.iter().any(|target| is_loop(target))
                || call.args.iter().any(is_loop)
        }
        Expr::Select(select) => is_loop(&select.operand),
        Expr::List(list) => list.elements.iter().any(is_loop),
        _ => false,
    }
}

fn no_field(name: &str, fields: &BTreeMap<String, Type>) -> String {
    let known: Vec<&str> = fields.keys().map(String::as_str).collect();
    if known.is_empty() {
        format!("there is no field '{name}', and none can be read here")
    } else {
        format!("there is no field '{name}', only {}", known.join(", "))
    }
}
