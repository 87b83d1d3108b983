//! A planted motif is proposed once, and chance hardly ever.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::junction::JunctionAa;
use reperio_data::progress::Silent;
use reperio_data::repertoire::{Builder, GeneVocabulary, Row};
use reperio_stats::Groups;

use super::contrast::Contrast;
use super::{Discovery, DiscoveryInput, discover};
use crate::config::DiscoveryConfig;

const LETTERS: &[u8; 20] = b"ACDEFGHIKLMNPQRSTVWY";

/// What is proposed of 40 repertoires of 200 junctions, where every second repertoire has `motif` in one of ten.
fn proposed(motif: &[u8], seed: u64) -> Discovery {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut repertoire = |positive: bool| {
        let mut builder = Builder::default();
        for k in 0..200 {
            let mut junction: Vec<u8> = (0..12).map(|_| LETTERS[rng.random_range(0..20)]).collect();
            if positive && k % 10 == 0 {
                junction[4..4 + motif.len()].copy_from_slice(motif);
            }
            let junction_aa = JunctionAa::new(str::from_utf8(&junction).unwrap()).unwrap();
            builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 1 });
        }
        EncodedRepertoire::new(&builder.finish("r".to_owned()), &GeneVocabulary::default())
    };
    let all: Vec<EncodedRepertoire> = (0..40).map(|i| repertoire(i % 2 == 1)).collect();
    let labels: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i % 2))).collect();
    let repertoires: Vec<&EncodedRepertoire> = all.iter().collect();
    let contrasts = [Contrast::new(&labels, true)];
    let groups = Groups::each(40);
    let input = DiscoveryInput {
        repertoires: &repertoires,
        n_genes: (1, 1),
        contrasts: &contrasts,
        groups: &groups,
        background: None,
    };
    let config = DiscoveryConfig { genes: false, k: vec![3], max_gaps: 0, ..Default::default() };
    discover(input, &config, &Silent)
}

#[test]
fn a_planted_motif_is_proposed_once() {
    let seeds = proposed(b"WHM", 1).seeds;
    assert_eq!(seeds[0].text(), "WHM");
    assert!(seeds[0].z > 5.0 && seeds[0].starts.contains(&4), "{:?}", seeds[0]);
    assert!((seeds[0].share - 0.05).abs() < 0.005, "{}", seeds[0].share);
    assert_eq!(seeds.len(), 1, "its shadows have no sequences of their own: {seeds:?}");
}

#[test]
fn chance_is_hardly_ever_proposed() {
    let proposed: usize = (10..16).map(|seed| proposed(b"", seed).seeds.len()).sum();
    assert!(proposed <= 1, "{proposed} seeds in six cohorts without a signal");
}
