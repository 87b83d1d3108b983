//! Files one by one and a cohort in memory are scored and explained alike.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use reperio_data::cohort::ReadRequest;
use reperio_data::progress::Silent;
use reperio_data::repertoire::Repertoire;
use reperio_model::explain::{self, Ranked};
use reperio_model::model::Model;
use reperio_model::score;

/// A file or folder of the repository.
fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn demo() -> (Model, ReadRequest) {
    let request = ReadRequest {
        inputs: vec![committed("datasets/tiny/repertoires")],
        metadata: Some(committed("datasets/tiny/metadata.tsv")),
        ..ReadRequest::default()
    };
    (Model::load(&committed("models/demo.safetensors")).expect("the demo model"), request)
}

fn holds(repertoire: &Repertoire, wanted: &Ranked) -> bool {
    let Ranked { junction_aa, v_call, j_call, .. } = wanted;
    (0..repertoire.len()).any(|i| {
        repertoire.junction_aa(i) == *junction_aa
            && repertoire.v_call(i) == v_call
            && repertoire.j_call(i) == j_call
    })
}

#[test]
fn files_are_ranked_as_the_cohort_that_they_are() {
    let (model, request) = demo();
    let cohort = request.load(&Silent).unwrap();
    let seen = Mutex::new(Vec::new());
    let found = explain::inputs(&model, &request, 5, &Silent, |repertoire, explained| {
        let alone = explain::one(&model, repertoire, 5)?.expect("clonotypes");
        assert_eq!(*explained, alone, "{}", repertoire.id);
        seen.lock().unwrap().push(repertoire.id.clone());
        Ok(())
    });
    let found = found.unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort();
    assert_eq!(seen, cohort.metadata().ids(), "each once");

    let (logits, ranked) = explain::rank(&model, &cohort, 5, &Silent, |_, explained| {
        explained.map(|own| own.explanation.logits.clone())
    })
    .unwrap();
    assert_eq!(found.ranking, ranked);
    let logits: Vec<f64> = logits.into_iter().flatten().flatten().collect();
    let outputs: Vec<f64> =
        cohort.repertoires().iter().flat_map(|own| model.outputs(own)).collect();
    assert_eq!(logits, outputs, "an explanation's logits are those of the score, to the bit");
    let sums: Vec<f64> = found.repertoires.iter().map(|own| own.sums[0].logit).collect();
    assert_eq!(sums, outputs);
}

#[test]
fn a_leader_names_the_first_repertoire_where_its_evidence_is_highest() {
    let (model, request) = demo();
    let cohort = request.load(&Silent).unwrap();
    let (evidence, ranked) = explain::rank(&model, &cohort, 20, &Silent, |_, explained| {
        explained.map(|own| own.explanation.evidence.clone()).unwrap_or_default()
    })
    .unwrap();
    for one in &ranked.sequences {
        let mut highest: Option<(f64, &str)> = None;
        for (own, evidence) in cohort.repertoires().iter().zip(&evidence) {
            let places = (0..own.len()).filter(|&i| {
                (own.junction_aa(i).as_str(), own.v_call(i), own.j_call(i))
                    == (&one.junction_aa, &one.v_call, &one.j_call)
            });
            for place in places {
                if highest.is_none_or(|(before, _)| evidence[place] > before) {
                    highest = Some((evidence[place], &own.id));
                }
            }
        }
        assert_eq!(highest.map(|(_, id)| id), Some(one.repertoire_id.as_str()), "{one:?}");
    }
}

#[test]
fn the_first_of_a_cohort_are_the_highest_of_all_with_their_carriers() {
    let (model, request) = demo();
    let cohort = request.load(&Silent).unwrap();
    let (evidence, ranked) = explain::rank(&model, &cohort, 5, &Silent, |_, explained| {
        explained.map(|own| own.explanation.evidence.clone()).unwrap_or_default()
    })
    .unwrap();
    let ranked = ranked.sequences;
    let mut evidence: Vec<f64> = evidence.concat();
    evidence.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(ranked.iter().map(|one| one.rank).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(ranked[0].evidence.to_bits() == evidence[0].to_bits(), "{ranked:?}");
    let labels = cohort.metadata().column("label").unwrap();
    for one in &ranked {
        let carries = cohort.repertoires().iter().zip(labels).filter(|(own, _)| holds(own, one));
        let labels: Vec<Option<&str>> = carries.map(|(_, label)| label.as_deref()).collect();
        let count = |wanted: &str| labels.iter().filter(|label| **label == Some(wanted)).count();
        assert_eq!(one.carriers, labels.len());
        assert_eq!(
            (one.positive_carriers, one.negative_carriers),
            (Some(count("1")), Some(count("0")))
        );
    }
}

#[test]
fn scores_of_files_are_those_of_their_repertoires() {
    let (model, request) = demo();
    let cohort = request.load(&Silent).unwrap();
    let scores = score::inputs(&model, &request, 0.9, &Silent).unwrap();
    assert_eq!(scores.len(), cohort.len());
    for (score, repertoire) in scores.iter().zip(cohort.repertoires()) {
        assert_eq!(*score, score::one(&model, repertoire, 0.9).unwrap());
        assert_eq!(score.prediction, model.predict(repertoire));
    }
}
