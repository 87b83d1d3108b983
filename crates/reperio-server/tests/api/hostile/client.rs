//! A client that sends any bytes and reads what comes back.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A request that waits for more bytes is ended after this time: not to learn anything, only to go on.
const MORE: Duration = Duration::from_millis(150);

/// Longest wait for the end of a connection that this side has ended.
const END: Duration = Duration::from_secs(30);

/// Sends `request` to `address` and returns all that comes back until the connection ends.
///
/// # Panics
///
/// If the server does not take the connection, or does not end it.
pub(crate) fn exchange(address: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    stream.set_read_timeout(Some(MORE)).unwrap();
    let _ = stream.write_all(request); // It may have been refused before its end.
    let (mut answer, mut part) = (Vec::new(), [0; 16 * 1024]);
    let is_head = request.starts_with(b"HEAD ");
    while !is_whole(&answer, is_head) {
        match stream.read(&mut part) {
            Ok(0) => return answer,
            Ok(n) => answer.extend_from_slice(&part[..n]),
            Err(_) => break,
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_read_timeout(Some(END)).unwrap();
    match stream.read_to_end(&mut answer) {
        Err(err) if err.kind() == std::io::ErrorKind::WouldBlock => {
            panic!("the connection does not end after {:?}", String::from_utf8_lossy(request))
        }
        _ => answer, // A reset is an end too.
    }
}

/// Head and body of an answer.
pub(crate) fn split(answer: &[u8]) -> Option<(String, &[u8])> {
    let answer = answer.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase(), &answer[end + 4..]))
}

/// The value of a header in the lower-case head of an answer.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(str::trim)
}

/// Whether this is one whole answer.
fn is_whole(answer: &[u8], is_head: bool) -> bool {
    let Some((head, body)) = split(answer) else { return false };
    if is_head {
        return true;
    }
    match header(&head, "content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None if header(&head, "transfer-encoding").is_some() => body.ends_with(b"0\r\n\r\n"),
        None => true,
    }
}
