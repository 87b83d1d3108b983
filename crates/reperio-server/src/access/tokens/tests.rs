use super::*;
use tempfile::TempDir;

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn chain(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn refused(text: &str) -> String {
    chain(&parse(Path::new("tokens.toml"), &text.replace("HASH", HASH)).unwrap_err())
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("secret/tokens.toml")
}

#[test]
fn what_is_added_is_read_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let a = add_token(&path, "a", Role::Score, None, 0).unwrap();
    let first =
        format!("# Ours.\n{}# The end, without a line's end.", fs::read_to_string(&path).unwrap());
    fs::write(&path, &first).unwrap();
    let b = add_token(&path, "b-2", Role::Admin, Some(30), 1_500).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with(&first));
    let tokens = read(&path).unwrap();
    let found: Vec<_> =
        tokens.iter().map(|token| (&*token.name, token.role, token.expires)).collect();
    let expires = 30 * 86_400_000 + 1_000;
    assert_eq!(found, [("a", Role::Score, None), ("b-2", Role::Admin, Some(expires))]);
    assert!(secret::is_hash_of(&tokens[0].hash, &a) && secret::is_hash_of(&tokens[1].hash, &b));
    assert!(!fs::read_to_string(&path).unwrap().contains(&a[8..]));
    assert!(tokens[1].is_expired(expires) && !tokens[1].is_expired(expires - 1));
}

#[test]
fn a_name_that_is_taken_or_not_allowed_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    add_token(&path, "a", Role::Score, None, 0).unwrap();
    let before = fs::read(&path).unwrap();
    let taken = add_token(&path, "a", Role::Admin, None, 0).unwrap_err();
    assert!(matches!(taken, TokensError::Exists { .. }), "{taken}");
    for name in ["", "A", "a_b", "a\nb", "a\"", &"a".repeat(41)] {
        let error = add_token(&path, name, Role::Admin, None, 0).unwrap_err();
        assert!(matches!(error, TokensError::Name { .. }), "{name:?}: {error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn faults_name_the_file_and_what_was_expected() {
    let line = "[[token]]\nname = \"a\"\nrole = \"score\"\nhash = \"HASH\"\n";
    assert_eq!(
        refused(&format!("{line}{line}")),
        "tokens.toml: two tokens named \"a\", expected distinct names"
    );
    assert_eq!(
        refused(&line.replace("\"a\"", "\"a b\"")),
        "tokens.toml: token \"a b\", expected a name of 1 to 40 letters a-z, digits and hyphens"
    );
    assert_eq!(
        refused(&line.replace("HASH", "secret")),
        "tokens.toml: `hash` of token \"a\": expected $argon2id$v=19$, as `reperio token` writes it"
    );
    for (found, instead) in [("score", "root"), ("role", "roll"), ("[[token]]", "[[tokens]]")] {
        let text = refused(&line.replace(found, instead));
        let expected =
            "tokens.toml: expected `[[token]]` with `name`, `role`, `hash` and maybe `expires`: ";
        assert!(text.starts_with(expected) && text.contains(instead), "{text}");
    }
    let missing = chain(&read(Path::new("/nowhere/tokens.toml")).unwrap_err());
    let expected = "/nowhere/tokens.toml: no such file; `reperio token NAME --role admin --tokens /nowhere/tokens.toml` \
                    makes one";
    assert_eq!(missing, expected);
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_a_link_to_it_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = path(&folder);
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    add_token(&path, "a", Role::Score, None, 0).unwrap();
    assert_eq!(mode(), 0o600);
    let link = folder.path().join("link.toml");
    symlink(&path, &link).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    add_token(&link, "b", Role::Score, None, 0).unwrap();
    assert_eq!((mode(), read(&path).unwrap().len()), (0o640, 2));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}
