//! The screen in ASCII, for terminals whose locale is not UTF-8: lines, bars, arrows and signs as what looks most like
//! them, and `?` for any other character that such a terminal would show as something else.

use ratatui::buffer::Buffer;

/// A sign as ASCII.
fn plain(sign: char) -> char {
    match sign {
        '─' | '━' | '┄' | '–' | '—' | '▁' | '▂' => '-',
        '│' | '┃' | '▏' | '▎' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => '+',
        '▃' | '▄' | '▍' | '▌' => '=',
        '▅' | '▆' | '▇' | '█' | '▋' | '▊' | '▉' => '#',
        '▸' | '▶' | '→' => '>',
        '◂' | '←' | '↵' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        '…' => '~',
        '•' => '*',
        '·' => '.',
        '‘' | '’' => '\'',
        '\u{a0}' => ' ',
        other if other.is_ascii() => other,
        _ => '?',
    }
}

/// Makes every cell ASCII.
pub(super) fn fall_back(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        // Of a sign and the marks on it, the sign says what it was.
        if let Some(sign) = cell.symbol().chars().next().filter(|_| !cell.symbol().is_ascii()) {
            cell.set_char(plain(sign));
        }
    }
}
