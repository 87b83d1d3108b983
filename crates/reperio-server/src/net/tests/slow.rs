//! Clients that are slow or send too much; time does not pass while these tests run.

use tokio::time::Instant;

use super::*;

const CLOSE: &str = "Host: localhost\r\nConnection: close\r\n\r\n";

/// Sends `head`, then `part` every `seconds`, until the server has closed the connection; returns what came and how many
/// seconds it took.
async fn drip(head: &str, part: &str, seconds: u64) -> (String, u64) {
    let (client, _stop) = connect();
    let (mut read, mut write) = tokio::io::split(client);
    let start = Instant::now();
    let (head, part) = (head.to_owned(), part.to_owned());
    let sender = tokio::spawn(async move {
        let mut sent = write.write_all(head.as_bytes()).await;
        while sent.is_ok() {
            sleep(Duration::from_secs(seconds)).await;
            sent = write.write_all(part.as_bytes()).await;
        }
    });
    let mut answer = String::new();
    read.read_to_string(&mut answer).await.unwrap();
    sender.abort();
    (answer, start.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_client_says_something_within_ten_seconds() {
    assert_eq!(drip("", "", 600).await.1, 10);
    assert_eq!(drip("GET / HTTP/1.1\r\n", "A: b\r\n", 3).await.1, 10);
    let (answer, seconds) = drip("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 600).await;
    assert!(answer.ends_with("hello"), "{answer}");
    assert_eq!(seconds, 10, "idle after a request");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_or_drips_ends_its_connection() {
    let head = "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let (answer, seconds) = drip(head, "", 600).await;
    assert!(answer.ends_with("too slow"), "{answer}");
    assert_eq!(seconds, 20);
    let (answer, seconds) = drip(head, "x", 5).await;
    assert!(answer.ends_with("too slow"), "{answer}");
    assert_eq!(seconds, 60);
}

#[tokio::test(start_paused = true)]
async fn a_steady_body_may_take_its_time() {
    let head =
        "POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 500000\r\n\r\n";
    let (answer, seconds) = drip(head, &"x".repeat(10_000), 5).await;
    assert!(answer.ends_with("500000"), "{answer}");
    assert_eq!(seconds, 250);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_does_not_hold_the_connection() {
    let head = "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let (answer, seconds) = drip(head, "x", 1).await;
    assert!(answer.ends_with("no"), "{answer}");
    assert_eq!(seconds, 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_the_last_answer_is_read_for_five_seconds() {
    let (client, _stop) = connect();
    let (mut read, mut write) = tokio::io::split(client);
    let start = Instant::now();
    let head = "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let mut sent = write.write_all(head.as_bytes()).await;
    while sent.is_ok() {
        sleep(Duration::from_millis(100)).await;
        sent = write.write_all(&[b'x'; 3_000]).await;
    }
    assert_eq!(start.elapsed().as_secs(), 5);
    let mut answer = String::new();
    read.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("no"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_left() {
    let (mut client, _stop) = connect();
    client.write_all(format!("GET /large HTTP/1.1\r\n{CLOSE}").as_bytes()).await.unwrap();
    sleep(Duration::from_secs(59)).await;
    let mut some = [0; 512];
    client.read_exact(&mut some).await.unwrap();
    // A minute of waiting is over, and half a kilobyte came through.
    sleep(Duration::from_secs(2)).await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() < 10_000, "{}", rest.len());
}

#[tokio::test]
async fn headers_are_bounded_in_size_and_number() {
    let with = |headers: String| format!("GET / HTTP/1.1\r\n{headers}{CLOSE}");
    let of = async |request: String| {
        let answer = exchange(&mut connect().0, &request).await;
        status(&answer).to_owned()
    };
    assert_eq!(of(with(format!("A: {}\r\n", "x".repeat(60_000)))).await, "200");
    assert_eq!(of(with(format!("A: {}\r\n", "x".repeat(70_000)))).await, "431");
    assert_eq!(of(with("A: b\r\n".repeat(90))).await, "200");
    assert_eq!(of(with("A: b\r\n".repeat(101))).await, "431");
    let path = "x".repeat(70_000);
    assert_eq!(of(format!("GET /{path} HTTP/1.1\r\n{CLOSE}")).await, "431");
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    for request in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r c\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /length HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /length HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
        "POST /length HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\na",
    ] {
        let answer = exchange(&mut connect().0, request).await;
        assert_eq!(status(&answer), "400", "{request:?}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_server_finishes_the_request_and_closes() {
    let (mut client, stop) = connect();
    client.write_all(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    stop.send(true).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("later") && answer.contains("connection: close"), "{answer}");
}
