//! A file into sections of values that have been checked against the schema.
//!
//! Nothing stops at the first mistake: a value that cannot be used is noted, and reading goes on
//! with what the schema falls back to.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::explain::{Effective, Origin};
use crate::config::problem::Problem;
use crate::config::schema::{Fallback, Key, Kind, SECTIONS};

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Integer(i64),
    Bool(bool),
    Text(String),
    /// Texts with their lines.
    List(Vec<(String, usize)>),
}

/// The values of one section.
#[derive(Clone, Debug, Default)]
pub struct Values {
    line: usize,
    found: BTreeMap<&'static str, (Value, usize)>,
}

impl Values {
    /// Line of the section's header.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Line of a key; of the section where the file does not have it.
    pub fn line_of(&self, key: &str) -> usize {
        self.found.get(key).map_or(self.line, |&(_, line)| line)
    }

    /// A whole number; `None` if there is none.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.found.get(key) {
            Some(&(Value::Integer(value), _)) => Some(value),
            _ => None,
        }
    }

    /// The same in another type; the schema's range makes it fit.
    pub fn number<T: TryFrom<i64> + Default>(&self, key: &str) -> T {
        self.integer(key).and_then(|value| T::try_from(value).ok()).unwrap_or_default()
    }

    /// A truth; `false` if there is none.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.found.get(key), Some((Value::Bool(true), _)))
    }

    /// A text; `None` if there is none.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.found.get(key) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// Texts with their lines; none if there is no list.
    pub fn list(&self, key: &str) -> &[(String, usize)] {
        match self.found.get(key) {
            Some((Value::List(list), _)) => list,
            _ => &[],
        }
    }
}

/// A section of several of one sort: its name, its line and what it holds.
pub struct Named<'a, 'i> {
    /// Name behind the sort's.
    pub name: String,
    /// Line of its header.
    pub line: usize,
    /// What it holds.
    pub table: &'a DeTable<'i>,
}

/// A section to read.
pub struct SectionSpec<'s> {
    /// As messages call it, for example `[lane.nasdaq]`.
    pub title: &'s str,
    /// As full names begin, for example `lane.nasdaq.`.
    pub prefix: &'s str,
    /// Line of its header.
    pub line: usize,
    /// Its keys.
    pub keys: &'static [Key],
    /// Sections that it may hold.
    pub tables: &'s [&'static str],
}

/// Reads sections and notes what is wrong.
#[derive(Debug)]
pub struct Parser {
    line_starts: Vec<usize>,
    problems: Vec<Problem>,
    effective: Vec<Effective>,
    /// The text is no TOML: what seems to be missing may be in the part that cannot be read.
    broken: bool,
}

impl Parser {
    /// A parser, and the document that could be read.
    pub fn new(text: &str) -> (Parser, Spanned<DeTable<'_>>) {
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(at, _)| at + 1));
        let mut parser = Parser {
            line_starts: line_starts.collect(),
            problems: Vec::new(),
            effective: Vec::new(),
            broken: false,
        };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            let at = text.get(span.clone()).unwrap_or_default().trim();
            let message = error.message();
            let line = parser.line_at(span.start);
            if message.contains("duplicate key") {
                parser.problem(line, format!("{at} is given twice; keep one of the two"));
            } else {
                parser.broken = true;
                let advice = "text stands in quotes, lists in brackets";
                parser.problem(line, format!("not TOML: {message}; {advice}"));
            }
        }
        (parser, document)
    }

    /// Everything that was noted: problems in order of their lines, and values.
    pub fn finish(mut self) -> (Vec<Problem>, Vec<Effective>) {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems.dedup();
        (self.problems, self.effective)
    }

    /// Notes a problem.
    pub fn problem(&mut self, line: usize, text: impl Into<String>) {
        self.problems.push(Problem { line, text: text.into() });
    }

    /// Replaces what is told of a value: a variable goes before the file.
    pub fn overridden(&mut self, key: &str, value: String, variable: &'static str) {
        let origin = Origin::Environment { variable };
        match self.effective.iter_mut().find(|known| known.key == key) {
            Some(known) => (known.value, known.origin) = (value, origin),
            None => self.effective.push(Effective {
                key: key.to_owned(),
                value,
                unit: "",
                origin,
                reload: false,
            }),
        }
    }

    fn line_at(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    fn line_of<T>(&self, value: &Spanned<T>) -> usize {
        let Range { start, .. } = value.span();
        self.line_at(start)
    }

    /// Reads the top level.
    pub fn document(
        &mut self,
        table: &DeTable<'_>,
        keys: &'static [Key],
        tables: &[&'static str],
    ) -> Values {
        self.section(table, &SectionSpec { title: "", prefix: "", line: 0, keys, tables })
    }

    /// The sections `[sort.NAME]`, in order of their lines.
    pub fn named<'a, 'i>(&mut self, table: &'a DeTable<'i>, sort: &str) -> Vec<Named<'a, 'i>> {
        let Some(value) = table.get(sort) else { return Vec::new() };
        let mut all = Vec::new();
        let line = self.line_of(value);
        let Some(sections) = value.get_ref().as_table() else {
            self.problem(line, format!("{sort} is no section; write [{sort}.NAME]"));
            return all;
        };
        for (name, value) in sections {
            let line = self.line_of(name);
            match value.get_ref().as_table() {
                Some(table) => {
                    all.push(Named { name: name.get_ref().clone().into_owned(), line, table });
                }
                None => {
                    let text = format!(
                        "{name} = ... in [{sort}] is no section; write [{sort}.NAME] above it",
                        name = name.get_ref()
                    );
                    self.problem(line, text);
                }
            }
        }
        all.sort_by_key(|section| section.line);
        all
    }

    /// The section `[name]` with its line; `None` if there is none.
    pub fn table<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        name: &str,
    ) -> Option<(&'a DeTable<'i>, usize)> {
        let value = table.get(name)?;
        let line = self.line_of(value);
        let found = value.get_ref().as_table();
        if found.is_none() {
            self.problem(line, format!("{name} is no section; write [{name}]"));
        }
        found.map(|table| (table, line))
    }

    /// The sections `[[owner.sort]]` of a table, in their order.
    pub fn repeated<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        owner: &str,
        sort: &str,
    ) -> Vec<Named<'a, 'i>> {
        let Some(value) = table.get(sort) else { return Vec::new() };
        let line = self.line_of(value);
        let Some(array) = value.get_ref().as_array() else {
            self.problem(line, format!("write [[{owner}.{sort}]] with two brackets for each one"));
            return Vec::new();
        };
        let mut all = Vec::new();
        for (at, value) in array.iter().enumerate() {
            let line = self.line_of(value);
            match value.get_ref().as_table() {
                Some(table) => all.push(Named { name: (at + 1).to_string(), line, table }),
                None => self.problem(line, format!("a {sort} is a section: [[{owner}.{sort}]]")),
            }
        }
        all
    }

    /// Reads one section.
    pub fn section(&mut self, table: &DeTable<'_>, spec: &SectionSpec<'_>) -> Values {
        let mut values = Values { line: spec.line, ..Values::default() };
        for (name, value) in table {
            let line = self.line_of(name);
            let name = name.get_ref().as_ref();
            if spec.tables.contains(&name) {
                continue;
            }
            match spec.keys.iter().find(|key| key.name == name) {
                Some(key) => {
                    if let Some(value) = self.value(spec, key, value.get_ref(), line) {
                        values.found.insert(key.name, (value, line));
                    }
                }
                None => {
                    let text = unknown(spec, name);
                    self.problem(line, text);
                }
            }
        }
        for key in spec.keys {
            self.settle(spec, key, table, &mut values);
        }
        values
    }

    /// Fills in what is not given and notes what holds.
    fn settle(
        &mut self,
        spec: &SectionSpec<'_>,
        key: &'static Key,
        table: &DeTable<'_>,
        values: &mut Values,
    ) {
        let given = table.contains_key(key.name);
        let (shown, origin) = match (values.found.get(key.name), key.fallback) {
            (Some((value, line)), _) => (show(value), Origin::File { line: *line }),
            (None, Fallback::Required) => {
                if !given && !self.broken {
                    let wanted = key.kind.wanted();
                    let text = format!(
                        "{title} has no {name}: {help}; it takes {wanted}",
                        title = spec.title,
                        name = key.name,
                        help = key.help
                    );
                    self.problem(spec.line, text);
                }
                return;
            }
            (None, Fallback::Value(text)) => {
                if let Some(value) = built_in(key.kind, text) {
                    let shown = show(&value);
                    values.found.insert(key.name, (value, spec.line));
                    (shown, Origin::Default)
                } else {
                    (text.to_owned(), Origin::Default)
                }
            }
            (None, Fallback::Nothing(meaning)) => (format!("({meaning})"), Origin::Default),
        };
        self.effective.push(Effective {
            key: format!("{}{}", spec.prefix, key.name),
            value: shown,
            unit: key.unit,
            origin,
            reload: key.reload,
        });
    }

    fn value(
        &mut self,
        spec: &SectionSpec<'_>,
        key: &Key,
        value: &DeValue<'_>,
        line: usize,
    ) -> Option<Value> {
        match self.read(key, value) {
            Ok(value) => Some(value),
            Err(found) => {
                let unit =
                    if key.unit.is_empty() { String::new() } else { format!(" ({})", key.unit) };
                let place = if spec.title.is_empty() {
                    String::new()
                } else {
                    format!(" in {}", spec.title)
                };
                let text = format!(
                    "{name}{place} {found}; it takes {wanted}{unit}",
                    name = key.name,
                    wanted = key.kind.wanted()
                );
                self.problem(line, text);
                None
            }
        }
    }

    /// The value, or what is the matter with it.
    fn read(&self, key: &Key, value: &DeValue<'_>) -> Result<Value, String> {
        let mistyped = || format!("is {}", article(value.type_str()));
        match key.kind {
            Kind::Integer(least, most) | Kind::PowerOfTwo(least, most) => {
                let number = value.as_integer().ok_or_else(mistyped)?;
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                let Ok(parsed) = parsed else { return Err(format!("= {number} is too large")) };
                if !(least..=most).contains(&parsed) {
                    return Err(format!("= {parsed} is out of range"));
                }
                let power = parsed > 0 && parsed & (parsed - 1) == 0;
                if matches!(key.kind, Kind::PowerOfTwo(..)) && !power {
                    return Err(format!("= {parsed} is no power of two"));
                }
                Ok(Value::Integer(parsed))
            }
            Kind::Bool => Ok(Value::Bool(value.as_bool().ok_or_else(mistyped)?)),
            Kind::Text => Ok(Value::Text(value.as_str().ok_or_else(mistyped)?.to_owned())),
            Kind::Name => match (value.as_str(), value.as_integer()) {
                (Some(text), _) => Ok(Value::Text(text.to_owned())),
                (_, Some(number)) => Ok(Value::Text(number.as_str().to_owned())),
                _ => Err(mistyped()),
            },
            Kind::Choice(words) => {
                let text = value.as_str().ok_or_else(mistyped)?;
                if words.contains(&text) {
                    return Ok(Value::Text(text.to_owned()));
                }
                let meant = closest(text, words.iter().copied());
                let hint = meant.map_or_else(String::new, |word| format!(" (\"{word}\"?)"));
                Err(format!("= \"{text}\" is not known{hint}"))
            }
            Kind::List => {
                let array = value.as_array().ok_or_else(mistyped)?;
                let texts = array.iter().map(|one| {
                    let text = one.get_ref().as_str();
                    let text =
                        text.ok_or_else(|| format!("holds {}", article(one.get_ref().type_str())))?;
                    Ok((text.to_owned(), self.line_of(one)))
                });
                Ok(Value::List(texts.collect::<Result<_, String>>()?))
            }
        }
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// A built-in value; the schema's test proves that each can be read.
fn built_in(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Integer(..) | Kind::PowerOfTwo(..) => text.parse().ok().map(Value::Integer),
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Text | Kind::Choice(_) | Kind::Name => Some(Value::Text(text.to_owned())),
        Kind::List => None,
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Integer(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::List(list) => {
            let quoted: Vec<_> = list.iter().map(|(text, _)| format!("\"{text}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
    }
}

/// The word that was probably meant.
pub fn closest<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let scored = words.map(|word| (strsim::damerau_levenshtein(text, word), word));
    let (distance, word) = scored.min_by_key(|&(distance, _)| distance)?;
    (distance <= (text.len() / 3).max(1)).then_some(word)
}

fn unknown(spec: &SectionSpec<'_>, name: &str) -> String {
    let place = match spec.title {
        "" => "at the top level".to_owned(),
        title => format!("in {title}"),
    };
    let known = spec.keys.iter().map(|key| key.name).chain(spec.tables.iter().copied());
    if let Some(word) = closest(name, known.clone()) {
        return format!("unknown key \"{name}\" {place}; did you mean \"{word}\"?");
    }
    let owner = SECTIONS.iter().find(|(_, keys)| keys.iter().any(|key| key.name == name));
    if let Some((title, _)) = owner {
        let title = if title.is_empty() { "the top, before every section" } else { title };
        return format!("unknown key \"{name}\" {place}; it belongs to {title}");
    }
    let all: Vec<_> = known.collect();
    format!("unknown key \"{name}\" {place}; it takes {}", all.join(", "))
}
