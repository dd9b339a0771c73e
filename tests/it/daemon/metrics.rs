//! Figures of a running daemon: over HTTP, in the file, and as promtool reads them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::House;

/// Asks and returns status line, headers and body.
fn ask(address: SocketAddr, request: &str) -> Option<(String, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()))
}

/// Runs the daemon over the lab until figures are served, and returns them with what the file holds after it stopped.
async fn figures() -> (String, String) {
    let house = House::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = house.path("lenswarden.prom");
    let metrics = format!("[metrics]\nlisten = \"{free}\"\nfile = {file:?}\n\n");
    house.configure(&(metrics + &house.lab.configuration()));
    let (stop, running) = house.start();
    let all = house.lab.truth().switches.len();
    house.until("every switch answered", |now| now.coverage().switches.answering == all).await;
    let begun = std::time::Instant::now();
    let get = move |path: &str| ask(free, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let served = loop {
        let answer = tokio::task::spawn_blocking(move || get("/metrics")).await.unwrap();
        // Taken anew every five seconds at most.
        if let Some((head, body)) = answer
            && body.contains("{kind=\"switch\",site=\"headquarters\",state=\"waiting\"} 0")
        {
            assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
            break body;
        }
        assert!(begun.elapsed() < super::PATIENCE, "never: figures of every switch");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let (head, _) = tokio::task::spawn_blocking(move || get("/")).await.unwrap().unwrap();
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    let (head, _) = tokio::task::spawn_blocking(move || ask(free, "POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
        .await
        .unwrap()
        .unwrap();
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
    let (head, _) = tokio::task::spawn_blocking(move || {
        ask(free, &format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(100_000)))
    })
    .await
    .unwrap()
    .unwrap_or_else(|| ("HTTP/1.1 431".to_owned(), String::new()));
    assert!(head.starts_with("HTTP/1.1 431"), "{head}");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("lenswarden_daemon_up 1\n"), "{written}");
    drop(stop);
    running.await.unwrap().unwrap();
    (served, std::fs::read_to_string(&file).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_served_and_the_file_says_when_the_daemon_has_stopped() {
    let (served, last) = figures().await;
    assert!(served.contains("lenswarden_daemon_up 1\n") && served.contains("lenswarden_tasks_late 0\n"), "{served}");
    assert!(served.contains("lenswarden_coverage_ratio{site=\"headquarters\",factor=\"ranges\"}"), "{served}");
    // The lab's cameras, switches and everything on them have addresses of 127/8.
    assert!(!served.contains("127.") && !served.contains("44:19"), "{served}");
    assert!(last.contains("lenswarden_daemon_up 0\n"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs promtool"]
async fn promtool_has_nothing_to_say_against_the_figures() {
    let (served, _) = figures().await;
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let mut check = std::process::Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(served.as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success() && said.iter().all(String::is_empty), "{said:?}\n{served}");
}
