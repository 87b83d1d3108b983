//! The linear methods on a real cohort that is not part of the project, in the folder that the variable
//! `REPERIO_SHARED` names: a step of `.ci/run` of its own, which says so where it is not there.

mod linear_case;

use std::path::Path;

use linear_case::Case;
use reperio_data::cohort;
use reperio_data::format::ReadOptions;
use reperio_data::progress::Silent;

use reperio_baselines::depth_diversity::DepthDiversity;
use reperio_baselines::gene_usage::GeneUsage;
use reperio_baselines::kmer_logistic::KmerLogistic;
use reperio_baselines::method::Method;
use reperio_stats::Groups;

/// The real cohort of `datasets/README.md`, grouped by donor.
#[test]
fn cd4_against_cd8_gives_the_known_figures() {
    let shared = std::env::var("REPERIO_SHARED").expect("the folder of the shared files");
    let folder = Path::new(&shared).join("data/cd4_cd8");
    let metadata = folder.join("metadata.tsv");
    let inputs = [folder.join("repertoires")];
    let cohort =
        cohort::load(&inputs, Some(&metadata), &ReadOptions::default(), &Silent).expect("a cohort");
    let column = |name| cohort.metadata().column(name).expect("a column").iter();
    let labels = column("cell_subset").map(|value| value.as_deref() == Some("CD8")).collect();
    let donors = column("subject_id").map(|value| value.clone().expect("a donor"));
    let groups = Groups::of(&donors.collect::<Vec<_>>());
    let case = Case { repertoires: cohort.into_repertoires(), labels, groups };
    let limits: [(Box<dyn Method>, f64, f64); 5] = [
        (Box::new(KmerLogistic::three()), 0.87, 1.0),
        (Box::new(KmerLogistic::four()), 0.85, 1.0),
        (Box::new(KmerLogistic::gapped()), 0.87, 1.0),
        (Box::new(GeneUsage), 0.90, 1.0),
        (Box::new(DepthDiversity), 0.7, 0.9),
    ];
    for (method, least, most) in limits {
        let (auc, choices) = case.held_out_auc(&*method, 5, 0);
        println!("{} {auc:.3}", method.name());
        assert!((least..=most).contains(&auc), "{}: AUC {auc}, {choices:?}", method.name());
    }
}
