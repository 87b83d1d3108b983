//! The shipped background generator against the real runs that it was not fitted to: every fifth of
//! each project of the `TCRdb` background.

use reperio_data::format::{self, ReadOptions};
use reperio_data::generator::Generator;
use reperio_data::generator::divergence::Profile;
use reperio_data::repertoire::Repertoire;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::shared;

/// Projects of the background.
const PROJECTS: [&str; 5] =
    ["PRJNA393071", "PRJNA477518", "PRJNA577794", "PRJNA579190", "PRJNA79707"];

#[test]
fn generated_repertoires_match_runs_that_the_generator_never_saw() {
    let folder = shared("data/tcrdb_background");
    let mut held_out = Vec::new();
    for project in PROJECTS {
        let path = folder.join(format!("{project}.tsv.gz"));
        let runs = format::read_file(&path, &ReadOptions::default()).unwrap();
        held_out.extend(runs.into_iter().skip(4).step_by(5).map(|run| run.repertoire));
    }
    let generator = Generator::human_trb();
    let usage = generator.mean_usage();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let drawn: Vec<Repertoire> =
        (0..30).map(|i| generator.repertoire(i.to_string(), 10_000, &usage, &mut rng)).collect();
    let unseen = Profile::of(&held_out.iter().collect::<Vec<_>>());
    let found = unseen.compare(&Profile::of(&drawn.iter().collect::<Vec<_>>()));
    // A tenth of what the two most alike of the five projects differ in, or less.
    assert!(found.length < 0.0014, "{found:?}");
    assert!(found.v < 0.0025 && found.j < 0.0006 && found.vj < 0.0045, "{found:?}");
    assert!(found.kmer3 < 0.003, "{found:?}");
}
