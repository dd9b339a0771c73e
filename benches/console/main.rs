//! What the console costs whoever looks at it, with an estate of 300,000 devices: the program itself on a terminal of
//! its own, beside `htop` and `btop` where they are installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

mod estate;
mod screen;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lenswarden::store::{Batch, Writer};
use screen::Screen;

/// How long an idle screen is watched.
const IDLE: Duration = Duration::from_secs(60);

/// Middle and greatest, in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!(
        "median {:.1} ms, worst {:.1} ms of {}",
        ms(times[times.len() / 2]),
        ms(times[times.len() - 1]),
        times.len()
    )
}

fn console(configuration: &Path, size: (u16, u16)) -> Screen {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lenswarden"));
    command.arg("--config").arg(configuration).env("TERM", "xterm").env("LANG", "C.UTF-8");
    // Every start is the first one: no view is remembered.
    command.env("XDG_STATE_HOME", "/dev/null/none").env("XDG_CONFIG_HOME", "/dev/null/none");
    Screen::start(command, size)
}

/// Presses a key: how long until the screen shows `sign`, and until it is at rest.
fn press(screen: &mut Screen, keys: &str, sign: impl Fn(&str) -> bool) -> (Duration, Duration) {
    let begun = Instant::now();
    screen.press(keys);
    screen.until(sign);
    let shown = begun.elapsed();
    let rest = screen.rest();
    (shown, rest.saturating_duration_since(begun))
}

fn selected(screen: &str) -> Option<usize> {
    screen.lines().position(|line| line.starts_with('▸'))
}

fn moments(screen: &mut Screen) {
    // Every key that moves.
    screen.press("4");
    screen.until(|screen| screen.contains("STATUS") && !screen.contains("are read"));
    screen.rest();
    let mut moves = Vec::new();
    for _ in 0..15 {
        let before = selected(&screen.text());
        moves.push(press(screen, "j", |now| selected(now) != before).0);
    }
    println!("a key that moves: {}", spread(moves));
    let mut pages = Vec::new();
    for keys in ["\x1b[6~", "\x1b[6~", "\x1b[F", "\x1b[5~", "\x1b[H"].repeat(4) {
        let before = screen.text();
        pages.push(press(screen, keys, |now| now != before).1);
    }
    println!("a page, the end, the beginning of 300,000 rows: {}", spread(pages));

    // Every letter of a filter: until it stands there, and until the rows are those it lets through.
    let (mut echoes, mut letters) = (Vec::new(), Vec::new());
    for words in ["maker:hikvision site:site07", "ds-2cd", "10.44.3", "!network:core b6:1", "zzz"] {
        screen.press("/");
        screen.until(|screen| screen.lines().any(|line| line.starts_with('/')));
        screen.rest();
        let mut typed = String::from("/");
        for letter in words.chars() {
            typed.push(letter);
            let shown = typed.trim_end().to_owned();
            let (echo, rest) =
                press(screen, &letter.to_string(), |now| now.lines().any(|line| line.starts_with(&shown)));
            // A blank shows no sign.
            if letter != ' ' {
                echoes.push(echo);
                letters.push(rest);
            }
        }
        screen.press("\x15\r");
        screen.until(|screen| !screen.contains("filter:") && !screen.lines().any(|line| line.starts_with('/')));
        screen.rest();
    }
    println!("a letter of the filter, on the screen: {}", spread(echoes));
    println!("a letter of the filter, its rows: {}", spread(letters));

    // A new order, and a key right behind it.
    let (mut orders, mut behind) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let before = screen.text();
        orders.push(press(screen, "s", |now| now != before).1);
    }
    println!("another order of 300,000 rows: {}", spread(orders));
    for _ in 0..15 {
        screen.press("s");
        std::thread::sleep(Duration::from_millis(12));
        behind.push(press(screen, "3", |now| now.contains("cycle") || now.contains("wait")).0);
        screen.press("4");
        screen.until(|screen| screen.contains("devices"));
        screen.rest();
    }
    println!("a key while that is worked out: {}", spread(behind));
}

/// Every letter of what is looked up among all devices.
fn search(screen: &mut Screen) {
    let (mut echoes, mut letters) = (Vec::new(), Vec::new());
    for words in ["44:19:b6:00:1", "4419.b600.01", "site07-sw00", "ds-2cd2005", "gi1/0/3 axis", "nothingatall"] {
        screen.press("\x0b");
        screen.until(|screen| screen.contains("search:"));
        screen.rest();
        let mut typed = String::from("search: ");
        for letter in words.chars() {
            typed.push(letter);
            let shown = typed.trim_end().to_owned();
            let (echo, rest) = press(screen, &letter.to_string(), |now| now.contains(&shown));
            // A blank shows no sign.
            if letter != ' ' {
                echoes.push(echo);
                letters.push(rest);
            }
        }
        screen.press("\x1b");
        screen.until(|screen| !screen.contains("search:"));
        screen.rest();
    }
    println!("a letter of a search, on the screen: {}", spread(echoes));
    println!("a letter of a search, what is found: {}", spread(letters));
}

fn views(screen: &mut Screen) {
    let (mut most, mut switches) = (0, Vec::new());
    for (from, key) in ["1", "2", "3", "4", "5", "6", "7"].repeat(3).windows(2).map(|keys| (keys[0], keys[1])) {
        screen.press(from);
        screen.rest();
        let (octets, before) = (screen.octets(), screen.text());
        switches.push(press(screen, key, |now| now != before).1);
        most = most.max(screen.octets() - octets);
    }
    println!("another view: {}, {}", spread(switches), sent(most));
    screen.press("3");
    screen.until(|screen| screen.contains("waiting"));
    screen.rest();
    let mut queues = Vec::new();
    for _ in 0..12 {
        let before = screen.text();
        queues.push(press(screen, "u", |now| now != before).1);
    }
    println!("another queue of {} findings: {}", estate::FINDINGS, spread(queues));
    let mut orders = Vec::new();
    for _ in 0..12 {
        let before = screen.text();
        orders.push(press(screen, "s", |now| now != before).0);
    }
    println!("another order of {} findings: {}", estate::FINDINGS, spread(orders));
    // A page of rows of which every one is another.
    screen.press("4");
    screen.until(|screen| screen.contains("STATUS"));
    screen.rest();
    let mut page = 0;
    for _ in 0..9 {
        let (octets, before) = (screen.octets(), screen.text());
        press(screen, "\x1b[6~", |now| now != before);
        page = page.max(screen.octets() - octets);
    }
    println!("a page of devices: {}", sent(page));
}

/// Octets, and how long a serial line of 9600 baud takes for them (ten bits each).
fn sent(octets: usize) -> String {
    format!("at most {octets} octets at 80x24 ({:.1} s at 9600 baud)", octets as f64 / 960.0)
}

/// One cell changes: how soon it shows, and how many octets that is.
fn change(screen: &mut Screen, writer: &mut Writer) {
    screen.press("4/10.0.0.9\r");
    screen.until(|screen| screen.contains("filter: 10.0.0.9"));
    screen.rest();
    let (mut times, mut most) = (Vec::new(), 0);
    for number in 0..5 {
        let mut record = estate::device(9);
        let port = format!("Te9/{number}");
        record.device.place.port = Some(port.as_str().into());
        let octets = screen.octets();
        let begun = Instant::now();
        writer.commit(&Batch { at: estate::NOW, devices: vec![record], ..Batch::default() }).unwrap();
        screen.until(|screen| screen.contains(&port));
        times.push(begun.elapsed());
        screen.rest();
        most = most.max(screen.octets() - octets);
    }
    println!("a change in the database, on the screen: {}, at most {most} octets for one cell", spread(times));
    screen.press("\x1b");
    screen.rest();
}

/// All devices into a file: how long that takes, and a key meanwhile.
fn export(screen: &mut Screen, folder: &Path) {
    for form in ["csv", "json"] {
        screen.press("4\x1b[H");
        screen.until(|screen| screen.contains("STATUS"));
        screen.rest();
        let file = folder.join(format!("all.{form}"));
        screen.press(&format!("e\x15{}", file.display()));
        screen.until(|screen| screen.contains(&format!("all.{form}")));
        screen.rest();
        let begun = Instant::now();
        screen.press("\r");
        screen.until(|screen| !screen.contains("export what is filtered"));
        let mut keys = Vec::new();
        while !file.exists() {
            let (before, pressed) = (selected(&screen.text()), Instant::now());
            screen.press(if before.is_some_and(|row| row > 12) { "k" } else { "j" });
            screen.until(|now| selected(now).is_some_and(|row| Some(row) != before));
            keys.push(pressed.elapsed());
        }
        let took = begun.elapsed().as_secs_f64();
        let size = std::fs::metadata(&file).unwrap().len() >> 20;
        println!("300,000 devices as {form}: {size} MiB in {took:.1} s; a key meanwhile: {}", spread(keys));
        screen.until(|screen| screen.contains("rows as"));
    }
}

/// What an idle screen sends and costs.
fn idle(what: &str, screen: &mut Screen) {
    screen.rest();
    std::thread::sleep(Duration::from_secs(2));
    screen.rest();
    let (octets, cpu) = (screen.octets(), screen.cpu());
    std::thread::sleep(IDLE);
    screen.rest();
    let used = screen.cpu() - cpu;
    println!(
        "idle for 60 s: {what} sends {} octets, uses {:.2} s of CPU",
        screen.octets() - octets,
        used.as_secs_f64()
    );
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lenswarden.db");
    let configuration = folder.path().join("config.toml");
    let text = format!(
        "[daemon]\ndatabase = \"{}\"\ncontrol-socket = \"{}\"\n",
        database.display(),
        folder.path().join("control.sock").display()
    );
    std::fs::write(&configuration, text).unwrap();
    let begun = Instant::now();
    let mut writer = estate::write(&database);
    let size = std::fs::metadata(&database).unwrap().len() >> 20;
    println!(
        "{} devices, {} switches, {} cameras asked, {} findings: {size} MiB, written in {:.0} s",
        estate::DEVICES,
        estate::SWITCHES,
        estate::CAMERAS,
        estate::FINDINGS,
        begun.elapsed().as_secs_f64()
    );

    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let begun = Instant::now();
        let mut screen = console(&configuration, (80, 24));
        screen.until(|screen| screen.contains("RESTRICTED") && screen.contains("Hikvision"));
        first.push(begun.elapsed());
        screen.press("4");
        screen.until(|screen| screen.contains("300,000 devices") && !screen.contains("are read"));
        whole.push(begun.elapsed());
    }
    println!("start to the first useful screen: {}", spread(first));
    println!("start to all devices read: {}", spread(whole));

    let mut screen = console(&configuration, (80, 24));
    moments(&mut screen);
    search(&mut screen);
    views(&mut screen);
    change(&mut screen, &mut writer);
    println!("memory at most: {} MiB", screen.peak() >> 10);
    export(&mut screen, folder.path());
    println!("memory at most, with that: {} MiB", screen.peak() >> 10);
    screen.press("1");
    idle("lenswarden", &mut screen);
    drop(screen);
    for program in ["htop", "btop"] {
        if Command::new(program).arg("--version").output().is_err() {
            println!("{program} is not installed: left out");
            continue;
        }
        let mut command = Command::new(program);
        command.env("TERM", "xterm").env("LANG", "C.UTF-8");
        let mut screen = Screen::start(command, (80, 24));
        idle(program, &mut screen);
        println!("memory of {program} at most: {} MiB", screen.peak() >> 10);
    }
    assert_eq!(writer.load().unwrap().devices.len(), estate::DEVICES as usize);
}
