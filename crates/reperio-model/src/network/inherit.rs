//! Takes over the parameters of a pre-trained network, and brings them into an order that planting can use.

use candle_core::{Result, Tensor, bail};
use reperio_data::repertoire::GeneVocabulary;

use super::{GAMMA, HEAD_BIAS, HEAD_WEIGHT, LOG_BETA, Network, PATTERN};

/// Parameters that a network can start from, over the genes `genes`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inheritance<'a> {
    /// Values by name, as [`Network::snapshot`] gives them.
    pub(crate) parameters: &'a [(String, Tensor)],
    /// Genes of the tables `gene.v` and `gene.j`.
    pub(crate) genes: &'a GeneVocabulary,
}

/// Whether a parameter belongs to the head, which is learned with labels alone.
pub(crate) fn is_of_head(name: &str) -> bool {
    name == HEAD_WEIGHT || name == HEAD_BIAS
}

impl Network {
    /// Takes over everything but the head. The first `kept` state patterns keep their start, those after them are the first
    /// of the base; genes are found by name, and one that the base has not seen keeps its start.
    ///
    /// # Errors
    ///
    /// If a parameter is missing or its shape is another.
    pub(crate) fn inherit(
        &self,
        base: Inheritance<'_>,
        genes: &GeneVocabulary,
        kept: usize,
    ) -> Result<()> {
        for (name, var) in &self.params {
            if is_of_head(name) {
                continue;
            }
            let Some((_, value)) = base.parameters.iter().find(|(other, _)| other == name) else {
                bail!("parameter {name} is missing in the base");
            };
            let by_name = |own: &[String], known: &[String]| -> Vec<Option<usize>> {
                own.iter().map(|name| known.iter().position(|other| other == name)).collect()
            };
            let rows = match name.as_str() {
                "gene.v" => by_name(&genes.v, &base.genes.v),
                "gene.j" => by_name(&genes.j, &base.genes.j),
                PATTERN | LOG_BETA | GAMMA => {
                    (0..self.layout.shape().heads).map(|head| head.checked_sub(kept)).collect()
                }
                _ if value.dims() == var.dims() => {
                    var.set(&value.copy()?)?;
                    continue;
                }
                _ => {
                    let (found, expected) = (value.shape(), var.shape());
                    bail!("parameter {name} of the base has shape {found:?}, expected {expected:?}")
                }
            };
            self.take_rows(name, value, &rows)?;
        }
        Ok(())
    }

    /// Sets row i of the parameter `name` to row `rows[i]` of `value`, if there is one.
    fn take_rows(&self, name: &str, value: &Tensor, rows: &[Option<usize>]) -> Result<()> {
        let (found, expected) = (value.dims(), self.param(name).dims());
        let most = rows.iter().flatten().max().map_or(0, |last| last + 1);
        let fits = found.first().is_some_and(|&n| n >= most) && found.get(1..) == expected.get(1..);
        if !fits {
            bail!(
                "parameter {name} of the base has shape {found:?}, expected rows of {expected:?}"
            );
        }
        let width = expected[1..].iter().product::<usize>();
        let values = value.flatten_all()?.to_vec1::<f32>()?;
        self.edit(name, |own| {
            for (own, row) in own.chunks_exact_mut(width).zip(rows) {
                if let Some(row) = row {
                    own.copy_from_slice(&values[row * width..(row + 1) * width]);
                }
            }
        })
    }

    /// Brings filters, gene columns and state patterns into an order by `carried` (H, D), what each value of z carries.
    ///
    /// State patterns that carry most come first. Inside each group, filters that carry **least** come first, and so do
    /// gene columns: seeds are planted over the first ones. z is the same but for the order of its values. Returns where each
    /// value of the new z stood in the old one, (H D).
    ///
    /// # Errors
    ///
    /// If `carried` does not have one value for each of z.
    pub(crate) fn order(&self, carried: &[f64]) -> Result<Vec<u32>> {
        let shape = self.layout.shape();
        let (heads, dim) = (shape.heads, shape.embedding_dim());
        if carried.len() != heads * dim {
            bail!("{} values, expected ({heads}, {dim})", carried.len());
        }
        let sum = |places: &dyn Fn(usize) -> usize, n: usize| -> f64 {
            (0..n).map(|i| carried[places(i)]).sum()
        };
        let of_head: Vec<f64> = (0..heads).map(|h| sum(&|d| h * dim + d, dim)).collect();
        let of_channel: Vec<f64> = (0..dim).map(|d| sum(&|h| h * dim + d, heads)).collect();
        let mut patterns: Vec<u32> = (0..heads as u32).collect();
        patterns.sort_by(|&a, &b| of_head[b as usize].total_cmp(&of_head[a as usize]));
        let mut channels: Vec<u32> = (0..dim as u32).collect();
        for (names, start, n) in self.columns() {
            channels[start..start + n]
                .sort_by(|&a, &b| of_channel[a as usize].total_cmp(&of_channel[b as usize]));
            let own: Vec<u32> =
                channels[start..start + n].iter().map(|d| d - start as u32).collect();
            for name in names {
                self.select(&name, &own, true)?;
            }
        }
        self.select("key.0.weight", &channels, false)?;
        for name in [PATTERN, LOG_BETA, GAMMA] {
            self.select(name, &patterns, false)?;
        }
        let of_pattern = |&h: &u32| channels.iter().map(move |d| h * dim as u32 + d);
        Ok(patterns.iter().flat_map(of_pattern).collect())
    }

    /// Parameters whose last dimension is a range of the embedding: their names, first channel and channels.
    fn columns(&self) -> Vec<(Vec<String>, usize, usize)> {
        let shape = self.layout.shape();
        let mut all = Vec::new();
        let mut channel = 0;
        let exists = |name: &String| self.layout.segment(name).is_some();
        for (g, group) in shape.filters.iter().enumerate() {
            let names = ["weight", "bias", "position"].map(|own| format!("filter.{g}.{own}"));
            all.push((names.into_iter().filter(exists).collect(), channel, group.count));
            channel += group.count;
        }
        let names = ["gene.v", "gene.j"].map(str::to_owned);
        all.push((
            names.into_iter().filter(exists).collect(),
            shape.embedding_dim() - shape.gene_dim,
            shape.gene_dim,
        ));
        all.retain(|(names, ..): &(Vec<String>, usize, usize)| !names.is_empty());
        all
    }

    /// Brings the rows of a parameter, or its columns, into the order `places`.
    fn select(&self, name: &str, places: &[u32], columns: bool) -> Result<()> {
        let var = self.param(name);
        let dim = if columns { var.rank() - 1 } else { 0 };
        let places = Tensor::new(places, var.device())?;
        let ordered = var.as_tensor().index_select(&places, dim)?;
        var.set(&ordered.contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use reperio_data::encode::EncodedRepertoire;
    use reperio_data::repertoire::{Builder, Repertoire, Row};

    use super::*;
    use crate::bag::Bag;
    use crate::config::ModelConfig;
    use crate::prepare;

    fn repertoire() -> Repertoire {
        let mut builder = Builder::default();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for i in 0..60 {
            let residue = |_| char::from(b"ACDEFGHIKLMNPQRSTVWY"[rng.random_range(0..20)]);
            let middle: String = (0..6).map(residue).collect();
            let junction = format!("CAS{middle}YEQYF");
            let junction_aa = junction.as_str().try_into().unwrap();
            let v_call = ["TRBV2", "TRBV9", "TRBV28"][i % 3];
            builder.push(Row { junction_aa, v_call, j_call: "TRBJ2-7", duplicate_count: 1 });
        }
        builder.finish("r".to_owned())
    }

    fn network(config: &ModelConfig, genes: &GeneVocabulary, seed: u64) -> Network {
        Network::new(&config.layout(genes, config.heads).unwrap(), 1, config, seed).unwrap()
    }

    fn bag(config: &ModelConfig, repertoire: &Repertoire, genes: &GeneVocabulary) -> Bag {
        prepare::whole(config, &Arc::new(EncodedRepertoire::new(repertoire, genes)))
    }

    fn z(network: &Network, bag: Bag) -> Vec<f32> {
        network.pooled(vec![bag]).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn another_order_gives_the_same_values_in_another_order() {
        let (repertoire, config) = (repertoire(), ModelConfig::default());
        let genes = repertoire.genes();
        let network = network(&config, genes, 5);
        let before = z(&network, bag(&config, &repertoire, genes));
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let carried: Vec<f64> = before.iter().map(|_| rng.random()).collect();
        let places = network.order(&carried).unwrap();
        let after = z(&network, bag(&config, &repertoire, genes));
        for (after, &place) in after.iter().zip(&places) {
            assert!((after - before[place as usize]).abs() < 1e-5);
        }
        let mut sorted = places.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..before.len() as u32), "every value once");
        assert!(places.iter().zip(0..).any(|(place, own)| *place != own), "another order");
        // The first filter carries least, the first state pattern most.
        let dim = network.layout().shape().embedding_dim();
        let carried: Vec<f64> = places.iter().map(|&place| carried[place as usize]).collect();
        let of = |d: usize| carried.iter().skip(d).step_by(dim).sum::<f64>();
        assert!((0..15).all(|d| of(d) <= of(d + 1)));
        let heads: Vec<f64> = carried.chunks(dim).map(|own| own.iter().sum()).collect();
        assert!(heads.is_sorted_by(|a, b| a >= b), "{heads:?}");
        assert!(network.order(&[1.0]).is_err());
    }

    #[test]
    fn an_heir_pools_as_its_base_whatever_its_list_of_genes() {
        let (repertoire, config) = (repertoire(), ModelConfig::default());
        let base = network(&config, repertoire.genes(), 5);
        let parameters = base.snapshot().unwrap();
        let inheritance = Inheritance { parameters: &parameters, genes: repertoire.genes() };
        let names = |own: &[&str]| own.iter().map(|&name| name.to_owned()).collect();
        let genes = GeneVocabulary {
            v: names(&["", "TRBV1", "TRBV2", "TRBV28", "TRBV9"]),
            j: names(&["", "TRBJ2-7"]),
        };
        let heir = network(&config, &genes, 6);
        let start = heir.snapshot().unwrap();
        heir.inherit(inheritance, &genes, 0).unwrap();
        assert_eq!(
            z(&heir, bag(&config, &repertoire, &genes)),
            z(&base, bag(&config, &repertoire, repertoire.genes()))
        );
        let value = |all: &[(String, Tensor)], name: &str| {
            let (_, own) = all.iter().find(|(other, _)| other == name).unwrap();
            own.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let now = heir.snapshot().unwrap();
        let row = config.gene_dim..2 * config.gene_dim;
        assert_eq!(value(&now, "gene.v")[row.clone()], value(&start, "gene.v")[row], "TRBV1");
        assert_eq!(value(&now, HEAD_WEIGHT), value(&start, HEAD_WEIGHT));
        // Kept state patterns stand before those of the base.
        let heir = network(&config, &genes, 6);
        heir.inherit(inheritance, &genes, 3).unwrap();
        let (now, width) = (heir.snapshot().unwrap(), config.attention_width);
        let (own, theirs) = (value(&now, PATTERN), value(&parameters, PATTERN));
        assert_eq!(own[..3 * width], value(&start, PATTERN)[..3 * width]);
        assert_eq!(own[3 * width..], theirs[..width]);
    }

    #[test]
    fn a_base_of_another_network_is_refused() {
        let repertoire = repertoire();
        let genes = repertoire.genes();
        let config = ModelConfig::default();
        let other = ModelConfig { attention_width: 16, ..config.clone() };
        let parameters = network(&other, genes, 5).snapshot().unwrap();
        let heir = network(&config, genes, 6);
        let err = heir.inherit(Inheritance { parameters: &parameters, genes }, genes, 0);
        let text = err.unwrap_err().to_string();
        assert!(text.contains("of the base has shape"), "{text}");
        let err = heir.inherit(Inheritance { parameters: &[], genes }, genes, 0);
        assert!(err.unwrap_err().to_string().contains("is missing in the base"));
    }
}
