//! `reperio token`: a token for a person or a program that calls the server.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use reperio_server::{Role, add_token};
use serde::Serialize;

use crate::shell::Shell;
use crate::shell::output::Report;

/// Make a token for whoever may call the server
///
/// Adds a token to the file that `reperio serve --tokens` reads, and prints it. It is printed once: the file has its hash
/// only. A running server takes it within a second. Programs send it as `Authorization: Bearer TOKEN`; people enter it in
/// the page. To revoke it, remove its lines from the file.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  reperio token technician --tokens tokens.toml
  reperio token chief --role admin --days 365 --tokens tokens.toml")]
pub(crate) struct Args {
    /// Name of the person or program: 1 to 40 letters a-z, digits and hyphens
    name: String,
    /// score: sends inputs and sees its own jobs; admin: sees all jobs, the audit log and the metrics as well
    #[arg(long, value_name = "ROLE", default_value = "score", value_parser = role())]
    role: Role,
    /// Days until it expires [default: it does not]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// File of tokens, which is made if there is none
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
}

/// What `token --json` prints.
#[derive(Serialize)]
struct Made {
    /// The token.
    token: String,
}

pub(crate) fn run(args: &Args, shell: &Shell) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let now = i64::try_from(now)?;
    let token = add_token(&args.tokens, &args.name, args.role, args.days, now)?;
    shell.print(&Made { token })
}

impl Report for Made {
    fn lines(&self) -> Vec<String> {
        vec![self.token.clone()]
    }
}

fn role() -> impl TypedValueParser<Value = Role> {
    let names = [Role::Score.name(), Role::Admin.name()];
    PossibleValuesParser::new(names).map(|name| match name.as_str() {
        "admin" => Role::Admin,
        _ => Role::Score,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn parse(words: &str) -> Result<Args, String> {
        let parsed = <Cli as clap::Parser>::try_parse_from(words.split(' '));
        parsed.map(|cli| cli.args).map_err(|err| err.to_string())
    }

    #[test]
    fn a_token_scores_unless_it_is_said_to_do_more() {
        let role = |words: &str| parse(words).map(|args| args.role);
        assert_eq!(role("token a --tokens f"), Ok(Role::Score));
        assert_eq!(role("token a --tokens f --role score"), Ok(Role::Score));
        assert_eq!(role("token a --tokens f --role admin"), Ok(Role::Admin));
        assert!(role("token a --tokens f --role root").unwrap_err().contains("score, admin"));
        assert!(role("token a --tokens f --days 0").is_err());
        assert!(role("token a").unwrap_err().contains("--tokens"));
    }
}
