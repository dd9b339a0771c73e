//! The README's pictures: screens of the real program over the demo's estate, as tmux shows them, drawn as SVG.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::tmux::Pane;

const COLUMNS: u16 = 100;
const ROWS: u16 = 32;
/// A cell, in SVG's units.
const CELL: (u32, u32) = (9, 19);
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d5d8de";
/// The 16 colours of a terminal.
const PALETTE: [&str; 16] = [
    "#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d5d8de", "#7f848e", "#ff7a85",
    "#b5e08f", "#ffd98a", "#7fc1ff", "#dd90f2", "#72d5e0", "#ffffff",
];

fn colour(colour: vt100::Color, otherwise: &'static str) -> &'static str {
    match colour {
        vt100::Color::Idx(index) => PALETTE.get(usize::from(index)).copied().unwrap_or(otherwise),
        _ => otherwise,
    }
}

/// How a run of cells is drawn: ink, paper, bold, underlined.
type Style = (&'static str, &'static str, bool, bool);

fn style(cell: &vt100::Cell) -> Style {
    let (ink, paper) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
    let (ink, paper) = if cell.inverse() { (paper, ink) } else { (ink, paper) };
    (ink, paper, cell.bold(), cell.underline())
}

fn draw_run(out: &mut String, row: u16, column: u16, text: &str, (ink, paper, bold, underlined): Style) {
    let width = u32::try_from(text.chars().count()).unwrap() * CELL.0;
    let (x, y) = (u32::from(column) * CELL.0 + 12, u32::from(row) * CELL.1 + 12);
    if paper != BACKGROUND {
        writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{}" fill="{paper}"/>"#, CELL.1).unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    // Spaces in a row would be drawn as one.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}");
    let weight = if bold { r#" font-weight="bold""# } else { "" };
    let line = if underlined { r#" text-decoration="underline""# } else { "" };
    let baseline = y + CELL.1 - 5;
    writeln!(out, r#"<text x="{x}" y="{baseline}" textLength="{width}" fill="{ink}"{weight}{line}>{text}</text>"#)
        .unwrap();
}

fn svg(painted: &[u8]) -> String {
    let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
    let text = String::from_utf8_lossy(painted).trim_end_matches('\n').replace('\n', "\r\n");
    terminal.process(text.as_bytes());
    let (width, height) = (u32::from(COLUMNS) * CELL.0 + 24, u32::from(ROWS) * CELL.1 + 24);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..ROWS {
        let mut run: Option<(u16, String, Style)> = None;
        for column in 0..COLUMNS {
            let cell = terminal.screen().cell(row, column).unwrap();
            let (mut text, style) = (cell.contents().to_owned(), style(cell));
            if text.is_empty() {
                text.push(' ');
            }
            match &mut run {
                Some((_, known, same)) if *same == style => known.push_str(&text),
                other => {
                    if let Some((start, text, style)) = other.replace((column, text, style)) {
                        draw_run(&mut out, row, start, &text, style);
                    }
                }
            }
        }
        if let Some((start, text, style)) = run {
            draw_run(&mut out, row, start, &text, style);
        }
    }
    out + "</svg>\n"
}

#[test]
#[ignore = "makes the README's pictures: LENSWARDEN_PICTURES=.ci cargo test --test it picture -- --ignored"]
fn picture() {
    let folder = std::env::var("LENSWARDEN_PICTURES").expect("LENSWARDEN_PICTURES names a folder");
    let pane = Pane::start(COLUMNS, ROWS, &format!("{} demo --size campus", env!("CARGO_BIN_EXE_lenswarden")));
    pane.until("Hikvision");
    // The first rounds, and the first thing that happens.
    pane.until("plugged into a core port");
    std::thread::sleep(Duration::from_secs(6));
    for (name, keys, words) in [
        ("exposure", &["1"][..], "RESTRICTED"),
        ("placement", &["2"], "judged"),
        ("faceplate", &["f"], "uplink"),
        ("reviews", &["Escape", "3"], "wait for a decision"),
        ("devices", &["4"], "devices"),
        ("search", &["C-k", "4", "4", ":", "1", "9"], "44:19"),
        ("sites", &["Escape", "5", "Enter"], "sensitive"),
        ("coverage", &["6"], "not seen"),
        ("activity", &["7"], "finding"),
    ] {
        for key in keys {
            pane.press(&[key]);
            std::thread::sleep(Duration::from_millis(300));
        }
        pane.until(words);
        std::thread::sleep(Duration::from_millis(500));
        std::fs::write(Path::new(&folder).join(format!("console-{name}.svg")), svg(&pane.painted())).unwrap();
    }
    pane.press(&["q"]);
}
