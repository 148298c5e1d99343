//! Drawing a picture: what is not live and what is wrong at the top, the chosen tables below.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Tabs, Wrap};

use super::view::View;
use crate::inspect::page::{Cell, Paint, Table};
use crate::inspect::words::{safe, span, utc};
use crate::top::picture::Picture;
use crate::top::tables::Tab;
use crate::top::text;

/// Problems named on the screen: at most so many, and at most one for so many lines of it, so that
/// the tables keep their room.
const NAMED: usize = 8;
const LINES_FOR_ONE: usize = 6;

const KEYS: &str = " q quit  Tab tables  arrows move  p hold";

fn style(paint: Paint) -> Style {
    match paint {
        Paint::Plain => Style::new(),
        Paint::Bold => Style::new().add_modifier(Modifier::BOLD),
        Paint::Dim => Style::new().fg(Color::DarkGray),
        Paint::Good => Style::new().fg(Color::Green),
        Paint::Warn => Style::new().fg(Color::Yellow),
        Paint::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

/// Draws everything.
pub fn all(frame: &mut Frame<'_>, picture: &Picture, view: &mut View) {
    let banner = text::not_live(picture);
    let problems = problem_lines(picture, usize::from(frame.area().height));
    let height = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX);
    let width = usize::from(frame.area().width.max(1));
    // What is not live is never cut: it takes the lines that it needs, within reason.
    let banner_lines =
        banner.as_ref().map_or(0, |said| said.chars().count().div_ceil(width).min(3));
    let rows = [
        Constraint::Length(1),
        Constraint::Length(height(banner_lines)),
        Constraint::Length(height(problems.len())),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ];
    let [head, live, wrong, tabs, tables, foot] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(Paragraph::new(heading(picture, view)), head);
    if let Some(said) = banner {
        let style = Style::new().fg(Color::Black).bg(Color::Yellow);
        let said = safe(&said);
        frame.render_widget(Paragraph::new(said).style(style).wrap(Wrap { trim: true }), live);
    }
    frame.render_widget(Paragraph::new(problems), wrong);
    let names = Tab::ALL.iter().enumerate().map(|(at, tab)| format!("{} {}", at + 1, tab.name()));
    let chosen = Style::new().add_modifier(Modifier::REVERSED);
    let bar = Tabs::new(names).select(view.tab_index()).highlight_style(chosen);
    frame.render_widget(bar, tabs);
    let more = draw_tables(frame, tables, picture, view);
    let keys = Line::styled(format!("{KEYS}{more}"), style(Paint::Dim));
    frame.render_widget(Paragraph::new(keys), foot);
}

fn heading(picture: &Picture, view: &View) -> Line<'static> {
    let over = match picture.interval_ns {
        Some(ns) => format!("over {}", span(ns)),
        None => String::from("first look"),
    };
    let held = if view.is_held() { "  HELD" } else { "" };
    // To the second: the rest changes faster than anybody reads.
    let time = utc(picture.at_ns - picture.at_ns % 1_000_000_000);
    let time = time.split('.').next().unwrap_or_default().to_string();
    Line::styled(format!("hotlane top  {time}Z  {over}{held}"), style(Paint::Bold))
}

/// One line that counts, and one for each of the first problems.
fn problem_lines(picture: &Picture, height: usize) -> Vec<Line<'static>> {
    let problems = &picture.problems;
    if problems.is_empty() {
        return vec![Line::styled("no problems", style(Paint::Good))];
    }
    let count = match problems.len() {
        1 => String::from("1 problem:"),
        many => format!("{many} problems:"),
    };
    let mut lines = vec![Line::styled(count, style(Paint::Bad))];
    let most = (height / LINES_FOR_ONE).clamp(1, NAMED);
    let named = problems.iter().take(most);
    lines.extend(
        named.map(|problem| Line::styled(format!("  {}", safe(&problem.text)), style(Paint::Bad))),
    );
    if let Some(more) = problems.len().checked_sub(most).filter(|more| *more > 0) {
        lines.push(Line::styled(format!("  and {more} more"), style(Paint::Bad)));
    }
    lines
}

/// Draws the chosen tables; returns how to see what has no room.
fn draw_tables(frame: &mut Frame<'_>, area: Rect, picture: &Picture, view: &mut View) -> String {
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut widest = 0;
    for (title, table) in view.tab().tables(picture, usize::MAX) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(title, style(Paint::Bold)));
        if table.is_empty() {
            lines.push(Line::styled("  none", style(Paint::Dim)));
            continue;
        }
        let (rows, width) = table_lines(&table);
        widest = widest.max(width);
        lines.extend(rows);
    }
    let below = lines.len().saturating_sub(usize::from(area.height));
    let beside = widest.saturating_sub(usize::from(area.width));
    let (down, right) = view.moved(below, beside);
    let more = match (below > usize::from(down), beside > usize::from(right)) {
        (false, false) => "",
        (true, false) => "   more below",
        (false, true) => "   more to the right",
        (true, true) => "   more below and to the right",
    };
    frame.render_widget(Paragraph::new(lines).scroll((down, right)), area);
    String::from(more)
}

/// A table's rows with columns as wide as their widest cell, and the width of all.
fn table_lines(table: &Table) -> (Vec<Line<'static>>, usize) {
    let widths = table.widths();
    let width = widths.iter().map(|width| width + 2).sum();
    let line = |row: Vec<Cell>| {
        let cells = row.iter().zip(&widths).flat_map(|(cell, &width)| {
            let pad = width.saturating_sub(cell.as_str().chars().count());
            let (left, right) = if cell.is_right() { (pad, 0) } else { (0, pad) };
            let text = cell.as_str().to_string();
            [
                Span::raw(" ".repeat(2 + left)),
                Span::styled(text, style(cell.paint_of())),
                Span::raw(" ".repeat(right)),
            ]
        });
        Line::from(cells.collect::<Vec<_>>())
    };
    (table.lines().map(line).collect(), width)
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
