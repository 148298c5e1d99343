//! What the user chose to see: the tab, how far it is moved, and whether the picture is held.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::top::tables::Tab;

/// Lines and columns of a page or a step to the side.
const PAGE: u16 = 10;
const SIDE: u16 = 8;

/// What a key asks for beyond the view itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Go on.
    Stay,
    /// End.
    Quit,
}

/// The view.
#[derive(Clone, Debug)]
pub struct View {
    tab: usize,
    down: u16,
    right: u16,
    held: bool,
}

impl View {
    /// The first tab, from its beginning.
    pub fn new() -> View {
        View { tab: 0, down: 0, right: 0, held: false }
    }

    /// The tab.
    pub fn tab(&self) -> Tab {
        Tab::ALL.get(self.tab).copied().unwrap_or(Tab::Overview)
    }

    /// Place of the tab among all.
    pub const fn tab_index(&self) -> usize {
        self.tab
    }

    /// Whether the picture is held.
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// How far it is moved down and to the right, at most so far.
    pub fn moved(&mut self, most_down: usize, most_right: usize) -> (u16, u16) {
        let within = |at: u16, most: usize| at.min(u16::try_from(most).unwrap_or(u16::MAX));
        (self.down, self.right) = (within(self.down, most_down), within(self.right, most_right));
        (self.down, self.right)
    }

    fn go_to(&mut self, tab: usize) {
        (self.tab, self.down, self.right) = (tab % Tab::ALL.len(), 0, 0);
    }

    /// A key.
    pub fn key(&mut self, key: KeyEvent) -> Do {
        if key.kind == KeyEventKind::Release {
            return Do::Stay;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Do::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Do::Quit,
            KeyCode::Char('p' | ' ') => self.held = !self.held,
            KeyCode::Tab => self.go_to(self.tab + 1),
            KeyCode::BackTab => self.go_to(self.tab + Tab::ALL.len() - 1),
            KeyCode::Char(digit @ '1'..='5') => self.go_to(digit as usize - '1' as usize),
            KeyCode::Down | KeyCode::Char('j') => self.down = self.down.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.down = self.down.saturating_sub(1),
            KeyCode::PageDown => self.down = self.down.saturating_add(PAGE),
            KeyCode::PageUp => self.down = self.down.saturating_sub(PAGE),
            KeyCode::End => self.down = u16::MAX,
            KeyCode::Home => (self.down, self.right) = (0, 0),
            KeyCode::Right | KeyCode::Char('l') => self.right = self.right.saturating_add(SIDE),
            KeyCode::Left | KeyCode::Char('h') => self.right = self.right.saturating_sub(SIDE),
            _ => {}
        }
        Do::Stay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(view: &mut View, code: KeyCode) -> Do {
        view.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn tabs_go_round_and_begin_at_their_beginning() {
        let mut view = View::new();
        press(&mut view, KeyCode::Down);
        press(&mut view, KeyCode::BackTab);
        assert_eq!((view.tab(), view.moved(9, 9)), (Tab::Latency, (0, 0)));
        press(&mut view, KeyCode::Tab);
        assert_eq!(view.tab(), Tab::Overview);
        press(&mut view, KeyCode::Char('4'));
        assert_eq!(view.tab(), Tab::Errors);
    }

    #[test]
    fn moving_ends_at_the_end_and_comes_back_at_once() {
        let mut view = View::new();
        press(&mut view, KeyCode::End);
        press(&mut view, KeyCode::Right);
        assert_eq!(view.moved(7, 3), (7, 3));
        press(&mut view, KeyCode::Up);
        press(&mut view, KeyCode::Left);
        assert_eq!(view.moved(7, 3), (6, 0));
        press(&mut view, KeyCode::PageUp);
        assert_eq!(view.moved(7, 3), (0, 0));
    }

    #[test]
    fn leaving_and_holding() {
        let mut view = View::new();
        assert_eq!(press(&mut view, KeyCode::Char('p')), Do::Stay);
        assert!(view.is_held());
        press(&mut view, KeyCode::Char(' '));
        assert!(!view.is_held());
        for code in [KeyCode::Char('q'), KeyCode::Esc] {
            assert_eq!(press(&mut view, code), Do::Quit);
        }
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(view.key(control_c), Do::Quit);
        assert_eq!(press(&mut view, KeyCode::Char('c')), Do::Stay);
    }
}
