use super::*;
use crate::access::tokens::{Role, add_token};
use std::net::Ipv4Addr;
use tempfile::TempDir;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

struct Case {
    folder: TempDir,
    token: String,
    known: Known,
}

/// A file with the token `desk`, which expires after a day.
fn case() -> Case {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let token = add_token(&file, "desk", Role::Score, Some(1), 0).unwrap();
    let known = Known::open(&file, 0).unwrap();
    Case { folder, token, known }
}

impl Case {
    fn file(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    async fn status(&self, token: &str, address: IpAddr, now: Millis) -> u16 {
        let verified = self.known.verify(token, address, now).await;
        verified.map_or_else(|problem| problem.status, |_| 200)
    }

    fn verified(&self, now: Millis) -> usize {
        self.known.set(now).unwrap().verified.lock().unwrap().len()
    }
}

fn wrong(i: usize) -> String {
    secret::token("desk", &format!("{i:064x}"))
}

#[tokio::test]
async fn a_verified_token_is_remembered_until_the_file_changes() {
    let case = case();
    assert_eq!((case.status(&case.token, HERE, 0).await, case.verified(0)), (200, 1));
    assert_eq!((case.status(&wrong(0), HERE, 0).await, case.verified(0)), (401, 1));
    add_token(&case.file(), "other", Role::Admin, None, 0).unwrap();
    assert_eq!(case.verified(LOOK - 1), 1, "looked at once a second");
    assert_eq!(case.verified(LOOK), 0);
    assert_eq!((case.status(&case.token, HERE, LOOK).await, case.verified(LOOK)), (200, 1));
}

#[tokio::test]
async fn a_revoked_token_is_wrong_without_a_restart() {
    let case = case();
    assert_eq!(case.status(&case.token, HERE, 0).await, 200);
    fs::write(case.file(), "").unwrap();
    assert_eq!(case.status(&case.token, HERE, LOOK).await, 401);
}

#[tokio::test]
async fn an_expired_token_says_so_to_its_owner_alone() {
    let case = case();
    let day = 86_400_000;
    assert_eq!(case.status(&case.token, HERE, day - 1).await, 200);
    let problem = case.known.verify(&case.token, HERE, day).await.unwrap_err();
    assert_eq!(problem.detail, "token \"desk\" expired at 1970-01-02T00:00:00Z");
    let problem = case.known.verify(&wrong(1), HERE, day).await.unwrap_err();
    assert_eq!((problem.status, &*problem.detail), (401, "wrong token"));
    for _ in 2..10 {
        assert_eq!(case.status(&case.token, HERE, day).await, 401);
    }
    assert_eq!(case.status(&case.token, HERE, day).await, 429);
}

#[tokio::test]
async fn an_unusable_file_lets_nobody_in_until_it_is_repaired() {
    let case = case();
    let good = fs::read_to_string(case.file()).unwrap();
    assert_eq!(case.status(&case.token, HERE, 0).await, 200);
    fs::write(case.file(), format!("{good}roll = 1\n")).unwrap();
    assert_eq!(case.status(&case.token, HERE, LOOK).await, 503);
    fs::write(case.file(), good).unwrap();
    assert_eq!(case.status(&case.token, HERE, LOOK + 1).await, 503);
    assert_eq!(case.status(&case.token, HERE, 2 * LOOK).await, 200);
    fs::remove_file(case.file()).unwrap();
    assert_eq!(case.status(&case.token, HERE, 3 * LOOK).await, 503);
}

#[tokio::test]
async fn guesses_are_limited_by_address() {
    let case = case();
    for i in 0..10 {
        let guess = if i % 2 == 0 { wrong(i) } else { format!("guess {i}") };
        assert_eq!(case.status(&guess, HERE, 0).await, 401, "{i}");
    }
    let problem = case.known.verify(&wrong(10), HERE, 0).await.unwrap_err();
    assert_eq!((problem.status, problem.retry_after), (429, Some(6)));
    // Nor does the right one get through: the answer would tell it from the wrong ones.
    assert_eq!(case.status(&case.token, HERE, 0).await, 429);
    assert_eq!(case.status(&case.token, ELSEWHERE, 0).await, 200);
    // What was verified before is no guess.
    assert_eq!(case.status(&case.token, HERE, 0).await, 200);
    assert_eq!(case.status(&wrong(11), HERE, 6_000).await, 401);
    assert_eq!(case.status(&wrong(12), HERE, 6_000).await, 429);
}

#[tokio::test]
async fn right_tokens_are_no_guesses_even_all_at_once() {
    let case = Arc::new(case());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let case = case.clone();
        tasks.spawn(async move { case.status(&case.token, HERE, 0).await });
    }
    assert_eq!(tasks.join_all().await, [200; 40]);
}

#[tokio::test]
async fn an_unknown_name_is_compared_with_a_hash_as_well() {
    let nobody = secret::parse_hash(NOBODY).unwrap();
    let ours = secret::parse_hash(&secret::hash("").unwrap()).unwrap();
    assert_eq!(
        (nobody.params, nobody.hash.unwrap().len()),
        (ours.params, ours.hash.unwrap().len())
    );
    assert_eq!(compare(None, String::new()).await, Ok(None));
}

#[test]
fn addresses_that_one_client_has_are_counted_together() {
    let of = |address: &str| group(address.parse().unwrap()).to_string();
    assert_eq!(of("192.0.2.7"), "192.0.2.7");
    assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
}
