//! What the bag operation computes of a fixture, beside its numbers.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use reperio_model::bag::{Bag, BagOp, bag, forward, sequences};
use reperio_model::deeprc::{best_attended, input_scale, input_sd};
use reperio_model::loss::binary_cross_entropy;

use super::{BagNumbers, Fixture, Network, Scored, padded_length};

const LOGIT: f64 = 1e-5;
const ATTENTION: f64 = 1e-4;
const GRADIENT: f64 = 1e-4;

/// Compares everything that a fixture has numbers for.
pub(crate) fn check(fixture: &Fixture) {
    assert!(fixture.bags.iter().any(|numbers| numbers.kept.is_some()), "{}", fixture.name);
    for (i, numbers) in fixture.bags.iter().enumerate() {
        let padded_length = padded_length([numbers]);
        let scored = score(fixture, &numbers.encoded, padded_length);
        let what = |name: &str| format!("{}: {name} of bag {i}", fixture.name);
        close(&what("attention"), &scored.attention, &numbers.attention, ATTENTION);
        close(&what("embedding"), &scored.embedding_first, &numbers.embedding_first, LOGIT);
        close(&what("logit"), &[scored.logit], &[numbers.logit_all], LOGIT);
        if let Some(sd) = numbers.input_sd {
            let got = input_sd(&numbers.encoded, padded_length, fixture.count_scaling);
            close(&what("input deviation"), &[got], &[sd], 1e-6);
        }
        check_reduction(fixture, numbers, &scored, &what("reduced"));
    }
    check_gradients(fixture);
}

/// Keeps the top tenth by attention and pools those alone, with the scale of the whole repertoire.
fn check_reduction(fixture: &Fixture, numbers: &BagNumbers, scored: &Scored, what: &str) {
    let (Some(kept), Some(logit)) = (&numbers.kept, numbers.logit_kept) else {
        return;
    };
    let attention: Vec<f32> = scored.attention.iter().map(|&a| a as f32).collect();
    let mut got = best_attended(&attention, 0.1);
    if *kept != got {
        // In float32 neighbours in rank may be equal to the last digit: the set counts.
        got.sort_unstable();
        let mut kept = kept.clone();
        kept.sort_unstable();
        assert_eq!(got, kept, "{what}");
    }
    let padded_length = padded_length([numbers]);
    let scale = input_scale(&numbers.encoded, padded_length, fixture.count_scaling);
    let reduced = Bag {
        repertoire: Arc::new(numbers.encoded.gather(kept)),
        input_scale: scale,
        padded_length,
    };
    let pooled = forward(&fixture.network.layout, &fixture.network.params, &[reduced.input()]);
    close(what, &[fixture.network.logit(&pooled[0].z)], &[logit], LOGIT);
}

/// Scores one repertoire with all of its sequences.
fn score(
    fixture: &Fixture,
    encoded: &reperio_data::encode::EncodedRepertoire,
    padded_length: usize,
) -> Scored {
    let Network { layout, params, head_weight, query_bias, .. } = &fixture.network;
    let repertoire = Arc::new(encoded.clone());
    let input_scale = input_scale(encoded, padded_length, fixture.count_scaling);
    let bag = Bag { repertoire, input_scale, padded_length };
    let pooled = forward(layout, params, &[bag.input()]);
    let scores = sequences(layout, params, &bag.input(), &pooled[0], head_weight);
    let embeddings = reperio_model::bag::embeddings(layout, params, &bag.input());
    let dim = layout.shape().embedding_dim();
    let logit = fixture.network.logit(&pooled[0].z);
    // Evidence of all sequences and the bias are the logit: explanations are sums.
    let evidence: f64 = scores.evidence.iter().map(|&e| f64::from(e)).sum();
    close("evidence", &[evidence + fixture.network.head_bias], &[logit], LOGIT);
    Scored {
        attention: scores.scores.iter().map(|&s| f64::from(s) + query_bias).collect(),
        embedding_first: embeddings.values[..dim].iter().map(|&e| f64::from(e)).collect(),
        logit,
    }
}

/// Gradients of the mean cross-entropy of a minibatch, padded to its longest sequence.
fn check_gradients(fixture: &Fixture) {
    let network = &fixture.network;
    let numbers: Vec<&BagNumbers> = fixture.batch.bags.iter().map(|&i| &fixture.bags[i]).collect();
    let padded_length = padded_length(numbers.iter().copied());
    let bag_of = |numbers: &&BagNumbers| Bag {
        repertoire: Arc::new(numbers.encoded.clone()),
        input_scale: input_scale(&numbers.encoded, padded_length, fixture.count_scaling),
        padded_length,
    };
    let bags: Vec<Bag> = numbers.iter().map(bag_of).collect();
    let params = Var::new(network.params.as_slice(), &Device::Cpu).expect("flat parameters");
    let weight = Var::new(network.head_weight.as_slice(), &Device::Cpu).expect("head");
    let n_bags = bags.len();
    let z = bag(&params, BagOp::new(Arc::new(network.layout.clone()), bags)).expect("pooled");
    let z = z.reshape((n_bags, weight.elem_count())).expect("one head"); // (b, d)
    let column = weight.reshape((weight.elem_count(), 1)).expect("column"); // (d, 1)
    let logits = (z.matmul(&column).expect("logits").squeeze(1).expect("(b,)") + network.head_bias)
        .expect("logits");
    let loss = binary_cross_entropy(&logits, &fixture.batch.labels, [1.0; 2]).expect("loss");
    close(&fixture.name, &numbers_of(&logits), &fixture.batch.logits, LOGIT);
    close(&fixture.name, &numbers_of(&loss), &[fixture.batch.loss], LOGIT);

    let grads = loss.backward().expect("gradients");
    let got = numbers_of(grads.get(&params).expect("of the flat parameters"));
    let got_head = numbers_of(grads.get(&weight).expect("of the head"));
    close_gradient(&fixture.name, "head", &got_head, &fixture.batch.head_gradient);
    for segment in network.layout.segments().iter().filter(|segment| segment.name != "gamma") {
        let range = segment.range();
        let want = &fixture.batch.gradient[range.clone()];
        close_gradient(&fixture.name, &segment.name, &got[range], want);
    }
}

fn numbers_of(tensor: &Tensor) -> Vec<f64> {
    let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("f32");
    values.into_iter().map(f64::from).collect()
}

#[track_caller]
fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < tolerance, "{what}, value {i}: {got} != {want}");
    }
}

/// Relative to the tensor's largest gradient, above what float32 sums of order 1 leave over.
#[track_caller]
fn close_gradient(fixture: &str, name: &str, got: &[f64], want: &[f64]) {
    let largest = want.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert!(largest > 0.0, "{fixture}: no gradient of {name}");
    close(&format!("{fixture}: gradient of {name}"), got, want, GRADIENT * largest + 1e-7);
}
