//! What each residue of a junction adds to the network's evidence.

use std::sync::Arc;

use rayon::prelude::*;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::repertoire::Repertoire;

use super::{Explanation, Model};
use crate::bag::Bag;
use crate::network::gradients::{Clonotype, Evidence, ResidueShares};
use crate::parts::Part;
use crate::prepare;

/// The evidence of one member of the network, and its first column of the attention.
struct Member {
    evidence: Evidence,
    first: usize,
}

impl Model {
    /// What each residue of the clonotypes at `places` adds to the network's evidence for an output, by integrated
    /// gradients from a junction without residues ([`gradients`](crate::network::gradients) says exactly what). For
    /// every clonotype the shares and the rest add up to its evidence of the part `network`. Nothing if the network
    /// has no weight for the output.
    ///
    /// `explanation` is that of the same repertoire. Results are in the order of `places`, and the same on any number
    /// of threads.
    ///
    /// # Panics
    ///
    /// If a place is outside of the repertoire, or the explanation is of another one.
    pub fn network_residues(
        &self,
        repertoire: &Repertoire,
        explanation: &Explanation,
        places: &[usize],
        output: usize,
    ) -> Option<Vec<ResidueShares>> {
        let mut scales =
            self.targets.iter().flat_map(|target| vec![target.network; target.bias.len()]);
        let weight = scales.nth(output).filter(|weight| *weight > 0.0)?;
        let (_, all) = explanation.parts.iter().find(|(part, _)| *part == Part::Network)?;
        let members = self.evidence_of(output);
        let encoded = Arc::new(EncodedRepertoire::new(repertoire, &self.info.genes));
        let bag = prepare::whole(&self.info.config.model, &encoded);
        let weight = weight / members.len() as f64;
        let of = |place: &usize| {
            let mut shares = ResidueShares::default();
            for Member { evidence, first } in &members {
                let attention = explanation.attention_of(*place, *first..first + evidence.heads());
                let own = evidence.residues(&clonotype(&bag, *place, attention));
                shares.add(&own, weight);
            }
            shares.complete(all[place * self.n_outputs() + output])
        };
        Some(places.par_iter().map(of).collect())
    }

    /// The evidence of every member for an output.
    fn evidence_of(&self, output: usize) -> Vec<Member> {
        let mut first = 0;
        let mut members = Vec::with_capacity(self.weights.len());
        for (m, weights) in self.weights.iter().enumerate() {
            let heads = weights.heads();
            let origin = self.info.evidence_origin.get(m);
            let origin = origin.map_or_else(
                || vec![0.0; heads],
                |own| own[output * heads..(output + 1) * heads].to_vec(),
            );
            members.push(Member { evidence: Evidence::new(weights, output, &origin), first });
            first += heads;
        }
        members
    }
}

/// The sequence at `place` of a bag.
fn clonotype(bag: &Bag, place: usize, attention: Vec<[f64; 2]>) -> Clonotype<'_> {
    let own = &*bag.repertoire;
    Clonotype {
        residues: own.sequence(place),
        genes: [own.v()[place], own.j()[place]],
        log_count: f64::from(own.log_counts()[place]),
        input_scale: f64::from(bag.input_scale),
        padded_length: bag.padded_length,
        attention,
    }
}

impl Explanation {
    /// For some heads the attention of the clonotype at `place`, and of all others.
    fn attention_of(&self, place: usize, heads: std::ops::Range<usize>) -> Vec<[f64; 2]> {
        let of = |head: usize| {
            let own = f64::from(self.attention[place * self.heads + head]);
            if own <= 0.5 {
                return [own, 1.0 - own];
            }
            // Little is left, of which a difference would lose the digits.
            let column = self.attention.iter().skip(head).step_by(self.heads).enumerate();
            let others = column.filter(|(at, _)| *at != place);
            [own, others.map(|(_, other)| f64::from(*other)).sum()]
        };
        heads.map(of).collect()
    }
}
