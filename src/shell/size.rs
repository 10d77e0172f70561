//! The size of the terminal, which is whatever it says, made one that can be drawn.

use std::io;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// More columns than a screen of eight thousand points has of the smallest letters; every cell takes memory, twice.
const MOST_COLUMNS: u16 = 1_600;
/// The same for rows.
const MOST_ROWS: u16 = 600;

/// What is drawn for a terminal of so many columns and rows. A serial line says 0: then the usual size is taken. One that says
/// absurdly many is drawn in its upper left part.
pub(super) fn sane(columns: u16, rows: u16) -> (u16, u16) {
    let or = |size, usual| if size == 0 { usual } else { size };
    (or(columns, 80).min(MOST_COLUMNS), or(rows, 24).min(MOST_ROWS))
}

/// A backend of a [`sane`] size.
pub(super) struct Sized<B>(pub(super) B);

impl<B: Backend<Error = io::Error>> Backend for Sized<B> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.0.draw(content)
    }

    fn append_lines(&mut self, lines: u16) -> io::Result<()> {
        self.0.append_lines(lines)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.0.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        let size = self.0.size()?;
        Ok(Size::from(sane(size.width, size.height)))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let size = self.0.window_size()?;
        let (columns, rows) = sane(size.columns_rows.width, size.columns_rows.height);
        Ok(WindowSize { columns_rows: Size::new(columns, rows), ..size })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
