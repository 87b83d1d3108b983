//! Two views of a subject, and the batches in which they are told apart from those of others.
//!
//! | views | the two sides of a row |
//! |---|---|
//! | halves | disjoint random halves of the clonotypes of a repertoire |
//! | visits | two repertoires of a subject; halves where it has one |
//! | chains | one repertoire of each of two loci of a subject |
//!
//! Views are drawn anew in every epoch. No batch has two rows of one subject: they would be told apart although they are alike.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use reperio_data::encode::EncodedRepertoire;
use reperio_data::gene::Locus;
use reperio_data::repertoire::Repertoire;
use reperio_stats::Groups;
use serde::{Deserialize, Serialize};

use super::config::ViewChoice;

/// What the two views of a subject are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Views {
    /// Halves of a repertoire.
    Halves,
    /// Two repertoires of a subject.
    Visits,
    /// Two loci of a subject.
    Chains(Locus, Locus),
}

impl fmt::Display for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halves => f.write_str("disjoint random halves of a repertoire"),
            Self::Visits => f.write_str("two repertoires of a subject"),
            Self::Chains(first, second) => write!(f, "{first} and {second} of a subject"),
        }
    }
}

/// What a row of a batch is drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Number of the subject.
    pub(super) subject: usize,
    /// Repertoires of the first side; with two or more, of both.
    first: Vec<usize>,
    /// Repertoires of the second side, if it has some of its own.
    second: Vec<usize>,
}

/// The views of a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) views: Views,
    /// In the order of the subjects.
    pub(super) units: Vec<Unit>,
}

/// The locus of most of its V genes; none of a repertoire without genes.
fn locus(repertoire: &Repertoire) -> Option<Locus> {
    let mut counts: BTreeMap<Locus, usize> = BTreeMap::new();
    for i in 0..repertoire.len() {
        let own = Locus::of_gene(repertoire.v_call(i));
        if let Some(locus) = own.or_else(|| Locus::of_gene(repertoire.j_call(i))) {
            *counts.entry(locus).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|&(locus, n)| (n, std::cmp::Reverse(locus))).map(|(own, _)| own)
}

impl Plan {
    /// The views of `repertoires` as `choice` asks for them; `None` if it asks for two repertoires of a subject and no
    /// subject has them.
    pub(super) fn new(
        repertoires: &[Repertoire],
        groups: &Groups,
        choice: ViewChoice,
    ) -> Option<Self> {
        let mut own = Self::of_all(repertoires, groups, choice)?;
        for unit in &mut own.units {
            let is_chain = !unit.second.is_empty();
            for side in [&mut unit.first, &mut unit.second] {
                side.retain(|&i| repertoires[i].len() > 1);
            }
            if is_chain && unit.second.is_empty() {
                unit.first.clear();
            }
        }
        own.units.retain(|unit| !unit.first.is_empty());
        Some(own)
    }

    /// The same with repertoires that cannot be halved.
    fn of_all(repertoires: &[Repertoire], groups: &Groups, choice: ViewChoice) -> Option<Self> {
        let members = groups.members();
        let several = members.iter().filter(|own| own.len() > 1).count();
        match choice {
            ViewChoice::Subjects if several == 0 => return None,
            ViewChoice::Auto if 2 * several < members.len() => return Some(Self::halves(groups)),
            ViewChoice::Halves => return Some(Self::halves(groups)),
            ViewChoice::Auto | ViewChoice::Subjects => {}
        }
        let loci: Vec<Option<Locus>> = repertoires.iter().map(locus).collect();
        let mut pairs: BTreeMap<(Locus, Locus), usize> = BTreeMap::new();
        for own in members {
            let mut own: Vec<Locus> = own.iter().filter_map(|&i| loci[i]).collect();
            own.sort_unstable();
            own.dedup();
            for (i, &first) in own.iter().enumerate() {
                for &second in &own[i + 1..] {
                    *pairs.entry((first, second)).or_default() += 1;
                }
            }
        }
        let most = pairs.into_iter().max_by_key(|&(pair, n)| (n, std::cmp::Reverse(pair)));
        let Some(((first, second), _)) = most.filter(|&(_, n)| 2 * n >= several) else {
            let unit = |(subject, own): (usize, &Vec<usize>)| Unit {
                subject,
                first: own.clone(),
                second: vec![],
            };
            let units = members.iter().enumerate().map(unit).collect();
            return Some(Self { views: Views::Visits, units });
        };
        let of = |own: &[usize], locus: Locus| -> Vec<usize> {
            own.iter().copied().filter(|&i| loci[i] == Some(locus)).collect()
        };
        let unit = |(subject, own): (usize, &Vec<usize>)| Unit {
            subject,
            first: of(own, first),
            second: of(own, second),
        };
        let units = members.iter().enumerate().map(unit);
        let units = units.filter(|own| !own.first.is_empty() && !own.second.is_empty()).collect();
        Some(Self { views: Views::Chains(first, second), units })
    }

    fn halves(groups: &Groups) -> Self {
        let units = groups.members().iter().enumerate();
        let units = units.flat_map(|(subject, own)| {
            own.iter().map(move |&i| Unit { subject, first: vec![i], second: vec![] })
        });
        Self { views: Views::Halves, units: units.collect() }
    }

    /// Repertoires that it draws from.
    pub(super) fn repertoires(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self
            .units
            .iter()
            .flat_map(|own| own.first.iter().chain(&own.second))
            .copied()
            .collect();
        all.sort_unstable();
        all
    }
}

impl Unit {
    /// Draws two views, of at most `most` sequences each (0 for all).
    pub(super) fn draw(
        &self,
        encoded: &[Arc<EncodedRepertoire>],
        most: usize,
        rng: &mut ChaCha8Rng,
    ) -> [Arc<EncodedRepertoire>; 2] {
        let one =
            |own: &[usize], rng: &mut ChaCha8Rng| own[index::sample(rng, own.len(), 1).index(0)];
        let (first, second) = if !self.second.is_empty() {
            (one(&self.first, rng), one(&self.second, rng))
        } else if self.first.len() > 1 {
            let two = index::sample(rng, self.first.len(), 2);
            (self.first[two.index(0)], self.first[two.index(1)])
        } else {
            return halves(&encoded[self.first[0]], most, rng);
        };
        [first, second].map(|i| part(&encoded[i], most, rng))
    }
}

/// At most `most` random sequences of a repertoire.
fn part(own: &Arc<EncodedRepertoire>, most: usize, rng: &mut ChaCha8Rng) -> Arc<EncodedRepertoire> {
    if most == 0 || own.len() <= most {
        return Arc::clone(own);
    }
    let chosen = index::sample(rng, own.len(), most);
    gather(own, chosen.iter().map(|i| i as u32).collect())
}

/// Two disjoint random halves; of an odd number the second has one more.
fn halves(
    own: &EncodedRepertoire,
    most: usize,
    rng: &mut ChaCha8Rng,
) -> [Arc<EncodedRepertoire>; 2] {
    let mut order: Vec<u32> = (0..own.len() as u32).collect();
    order.shuffle(rng);
    let (first, second) = order.split_at(order.len() / 2);
    let most = if most == 0 { order.len() } else { most };
    [first, second].map(|half| gather(own, half[..half.len().min(most)].to_vec()))
}

fn gather(own: &EncodedRepertoire, mut places: Vec<u32>) -> Arc<EncodedRepertoire> {
    places.sort_unstable();
    Arc::new(own.gather(&places))
}

/// Divides `rows` (places in `units`) at random into batches of at most `size`, no two of one subject in any. Rows that would
/// be alone in theirs are left out: another epoch has them.
pub(super) fn batches(
    units: &[Unit],
    rows: &[usize],
    size: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Vec<usize>> {
    let mut order = rows.to_vec();
    order.shuffle(rng);
    let mut all: Vec<Vec<usize>> = Vec::new();
    for row in order {
        let fits = |batch: &&mut Vec<usize>| {
            batch.len() < size && batch.iter().all(|&own| units[own].subject != units[row].subject)
        };
        match all.iter_mut().find(fits) {
            Some(batch) => batch.push(row),
            None => all.push(vec![row]),
        }
    }
    all.retain(|batch| batch.len() > 1);
    all
}

/// A random number generator for one purpose: `stream` tells purposes of one seed apart.
pub(super) fn rng(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use reperio_data::repertoire::{Builder, GeneVocabulary, Row};

    use super::*;

    fn repertoire(id: usize, gene: &str, n: usize) -> Repertoire {
        let mut builder = Builder::default();
        for i in 0..n {
            let letter = |i: usize| char::from(b"ACDEFGHIKLMNPQRSTVWY"[i % 20]);
            let junction_aa = format!("CAS{}{}{}F", letter(i), letter(i / 20), letter(id));
            let junction_aa = junction_aa.as_str().try_into().unwrap();
            builder.push(Row { junction_aa, v_call: gene, j_call: "", duplicate_count: 1 });
        }
        builder.finish(format!("r{id}"))
    }

    fn plan(rows: &[(&str, &str)], choice: ViewChoice) -> Option<(Views, usize)> {
        let all: Vec<Repertoire> =
            rows.iter().enumerate().map(|(i, (_, gene))| repertoire(i, gene, 3)).collect();
        let subjects: Vec<&str> = rows.iter().map(|(subject, _)| *subject).collect();
        let plan = Plan::new(&all, &Groups::of(&subjects), choice)?;
        Some((plan.views, plan.units.len()))
    }

    #[test]
    fn views_follow_from_the_subjects_and_their_loci() {
        let (auto, subjects) = (ViewChoice::Auto, ViewChoice::Subjects);
        let single = [("a", "TRBV9"), ("b", "TRBV9"), ("c", "TRBV9")];
        assert_eq!(plan(&single, auto), Some((Views::Halves, 3)));
        assert_eq!(plan(&single, subjects), None);
        let visits = [("a", "TRBV9"), ("a", "TRBV9"), ("b", "TRBV9")];
        assert_eq!(plan(&visits, auto), Some((Views::Visits, 2)));
        assert_eq!(plan(&visits, ViewChoice::Halves), Some((Views::Halves, 3)));
        let chains =
            [("a", "TRBV9"), ("a", "TRAV1-2"), ("b", "TRBV9"), ("b", "TRAV1-2"), ("c", "TRBV9")];
        assert_eq!(plan(&chains, auto), Some((Views::Chains(Locus::Tra, Locus::Trb), 2)));
        let few = [("a", "TRBV9"), ("a", "TRBV9"), ("b", "TRBV9"), ("c", "TRBV9")];
        assert_eq!(plan(&few, auto), Some((Views::Halves, 4)));
        assert_eq!(plan(&few, subjects), Some((Views::Visits, 3)));
        assert_eq!(plan(&[("a", ""), ("a", "")], auto), Some((Views::Visits, 1)), "no genes");
    }

    fn encoded(rows: &[(usize, &str)]) -> Vec<Arc<EncodedRepertoire>> {
        let all: Vec<Repertoire> =
            rows.iter().enumerate().map(|(i, (n, gene))| repertoire(i, gene, *n)).collect();
        let genes = GeneVocabulary::of(&all);
        all.iter().map(|own| Arc::new(EncodedRepertoire::new(own, &genes))).collect()
    }

    fn sequences(own: &EncodedRepertoire) -> BTreeSet<Vec<u8>> {
        (0..own.len()).map(|i| own.sequence(i).to_vec()).collect()
    }

    #[test]
    fn each_side_of_two_loci_is_of_its_own_and_two_visits_differ() {
        let all = encoded(&[(5, "TRAV1-2"), (6, "TRBV9"), (7, "TRBV9")]);
        let unit = Unit { subject: 0, first: vec![0], second: vec![1, 2] };
        let visits = Unit { subject: 0, first: vec![0, 1, 2], second: vec![] };
        for stream in 0..20 {
            let [a, b] = unit.draw(&all, 0, &mut rng(0, stream));
            assert!(a.len() == 5 && b.len() > 5);
            let [a, b] = visits.draw(&all, 0, &mut rng(0, stream));
            assert_ne!(a.len(), b.len());
            let [a, b] = visits.draw(&all, 2, &mut rng(0, stream));
            assert_eq!((a.len(), b.len()), (2, 2));
        }
    }

    proptest! {
        #[test]
        fn halves_are_disjoint_and_together_the_whole(n in 1_usize..300, seed: u64, most in 0_usize..40) {
            let all = encoded(&[(n, "TRBV9")]);
            let unit = Unit { subject: 0, first: vec![0], second: vec![] };
            let [a, b] = unit.draw(&all, most, &mut rng(seed, 0));
            let (first, second) = (sequences(&a), sequences(&b));
            prop_assert!(first.is_disjoint(&second));
            if most == 0 {
                prop_assert_eq!((a.len(), b.len()), (n / 2, n - n / 2));
                prop_assert_eq!(&first | &second, sequences(&all[0]));
            } else {
                prop_assert!(a.len() <= most && b.len() <= most);
            }
            if n > 20 {
                let [again, _] = unit.draw(&all, most, &mut rng(seed, 0));
                let [other, _] = unit.draw(&all, 0, &mut rng(seed, 1));
                prop_assert_eq!(&first, &sequences(&again));
                prop_assert_ne!(&sequences(&other), &sequences(&unit.draw(&all, 0, &mut rng(seed, 0))[0]));
            }
        }

        #[test]
        fn no_batch_has_two_rows_of_a_subject(
            subjects in prop::collection::vec(0_usize..9, 1..40), size in 2_usize..9, seed: u64,
        ) {
            let unit = |&subject: &usize| Unit { subject, first: vec![0], second: vec![] };
            let units: Vec<Unit> = subjects.iter().map(unit).collect();
            let rows: Vec<usize> = (0..units.len()).collect();
            let found = batches(&units, &rows, size, &mut rng(seed, 0));
            let mut seen = BTreeSet::new();
            for batch in &found {
                prop_assert!((2..=size).contains(&batch.len()));
                let distinct: BTreeSet<usize> = batch.iter().map(|&row| subjects[row]).collect();
                prop_assert_eq!(distinct.len(), batch.len());
                prop_assert!(batch.iter().all(|&row| seen.insert(row)), "a row twice");
            }
            let all_differ = subjects.iter().collect::<BTreeSet<_>>().len() == subjects.len();
            if all_differ {
                prop_assert!(seen.len() + 1 >= rows.len());
            }
        }
    }
}
