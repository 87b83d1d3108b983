//! What the layers promise beyond the numbers of the fixtures.

#[path = "common/distance.rs"]
mod distance;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_hopfield::ragged::Bags;
use candle_hopfield::{
    Association, Beta, BetaSchedule, Call, Config, Hopfield, HopfieldDecoderLayer,
    HopfieldEncoderLayer, HopfieldLayer, HopfieldPooling, LookupConfig, Norm, PoolingConfig,
    SeededVars, TransformerConfig, Updates,
};
use candle_nn::VarBuilder;
use distance::distance;

fn builder(vars: &SeededVars) -> VarBuilder<'static> {
    vars.builder(DType::F32, &Device::Cpu)
}

/// Numbers that look random, the same ones every time.
fn numbers(shape: &[usize]) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 1.7 + 0.3).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn sharp(width: usize) -> Config {
    Config { heads: 2, beta: Beta::Number(40.0), ..Config::new(width) }
}

#[test]
fn padding_changes_nothing() -> Result<()> {
    let vars = SeededVars::new(0);
    for association in [Association::Softmax, Association::Sparsemax, Association::TopK(3)] {
        let config = Config { association, zero_association: true, bias_pattern: true, ..sharp(6) };
        let pooling = HopfieldPooling::new(&PoolingConfig::default(), &config, builder(&vars))?;
        let set = numbers(&[1, 5, 6])?;
        let padded = Tensor::cat(&[&set, &(numbers(&[1, 3, 6])? * 9.0)?], 1)?;
        let mask = Tensor::new(&[[0u8, 0, 0, 0, 0, 1, 1, 1]], &Device::Cpu)?;
        let call = Call { padding_mask: Some(&mask), ..Call::default() };
        let found = pooling.retrieve(&padded, &padded, call)?;
        assert!(distance(&found.output, &pooling.forward(&set)?)? < 1e-6, "{association:?}");
        assert_eq!(found.association.dims(), [1, 2, 1, 8 + 2]);
    }
    Ok(())
}

#[test]
fn a_set_of_nothing_but_padding_is_pooled_to_zero() -> Result<()> {
    let config = Config { bias: false, ..sharp(6) };
    let pooling =
        HopfieldPooling::new(&PoolingConfig::default(), &config, builder(&SeededVars::new(0)))?;
    let set = numbers(&[2, 4, 6])?;
    let mask = Tensor::new(&[[0u8, 0, 0, 0], [1, 1, 1, 1]], &Device::Cpu)?;
    let output =
        pooling.retrieve(&set, &set, Call { padding_mask: Some(&mask), ..Call::default() })?.output;
    assert!(output.get(0)?.abs()?.sum_all()?.to_scalar::<f32>()? > 0.0);
    assert_eq!(output.get(1)?.to_vec1::<f32>()?, [0.0; 6]);
    Ok(())
}

#[test]
fn order_does_not_matter_to_pooling() -> Result<()> {
    let pooling = HopfieldPooling::new(
        &PoolingConfig { quantity: 3, trainable: true },
        &sharp(6),
        builder(&SeededVars::new(2)),
    )?;
    let set = numbers(&[1, 7, 6])?;
    let turned = set.index_select(&Tensor::new(&[6u32, 2, 0, 5, 1, 4, 3], &Device::Cpu)?, 1)?;
    assert_eq!(pooling.forward(&set)?.dims(), [1, 3 * 6]);
    assert!(distance(&pooling.forward(&set)?, &pooling.forward(&turned)?)? < 1e-6);
    Ok(())
}

#[test]
fn a_weight_of_three_is_three_equal_patterns() -> Result<()> {
    let pooling =
        HopfieldPooling::new(&PoolingConfig::default(), &sharp(6), builder(&SeededVars::new(3)))?;
    let set = numbers(&[1, 4, 6])?;
    let thrice = set.index_select(&Tensor::new(&[0u32, 1, 1, 1, 2, 3], &Device::Cpu)?, 1)?;
    let weights = Tensor::new(&[[0f32, 3f32.ln(), 0.0, 0.0]], &Device::Cpu)?;
    let weighted =
        pooling.retrieve(&set, &set, Call { log_weights: Some(&weights), ..Call::default() })?;
    assert!(distance(&weighted.output, &pooling.forward(&thrice)?)? < 1e-6);
    Ok(())
}

#[test]
fn a_call_s_beta_is_that_of_the_layer() -> Result<()> {
    let vars = SeededVars::new(4);
    let of =
        |beta: f64| Hopfield::new(&Config { beta: Beta::Number(beta), ..sharp(6) }, builder(&vars));
    let set = numbers(&[1, 5, 6])?;
    let schedule = BetaSchedule::Linear { start: 1.0, end: 9.0, steps: 4 };
    let scheduled = of(1.0)?
        .retrieve(&set, &set, &set, Call { beta: Some(schedule.at(2)), ..Call::default() })?
        .output;
    assert!(distance(&scheduled, &of(5.0)?.forward(&set, &set, &set)?)? < 1e-6);
    assert!(distance(&scheduled, &of(1.0)?.forward(&set, &set, &set)?)? > 1e-5);
    Ok(())
}

#[test]
fn updates_stop_when_the_association_does() -> Result<()> {
    let layer = |updates| {
        Hopfield::new(&Config { updates, ..Config::bare(2, 10.0) }, builder(&SeededVars::new(0)))
    };
    let stored = Tensor::new(&[[[1f32, 0.], [0., 1.], [-1., 0.]]], &Device::Cpu)?;
    let cue = Tensor::new(&[[[0.9f32, 0.2]]], &Device::Cpu)?;
    let converged =
        layer(Updates::until(1e-6))?.retrieve(&stored, &cue, &stored, Call::default())?;
    assert!((1..10).contains(&converged.updates), "{}", converged.updates);
    assert!(distance(&converged.output, &stored.narrow(1, 0, 1)?)? < 1e-3);
    let limited = layer(Updates::steps(1))?.retrieve(&stored, &cue, &stored, Call::default())?;
    assert_eq!(limited.updates, 1);
    Ok(())
}

#[test]
fn dropout_repeats_itself_and_keeps_the_expectation() -> Result<()> {
    let config = Config {
        dropout: 0.25,
        bias: false,
        output_projection: false,
        norm_projection: Norm::None,
        ..sharp(6)
    };
    let pooling =
        HopfieldPooling::new(&PoolingConfig::default(), &config, builder(&SeededVars::new(5)))?;
    let set = numbers(&[1, 400, 6])?;
    let pooled = |seed| {
        Ok::<_, candle_core::Error>(
            pooling.retrieve(&set, &set, Call { dropout: seed, ..Call::default() })?.output,
        )
    };
    assert!(distance(&pooled(None)?, &pooling.forward(&set)?)? == 0.0);
    assert!(distance(&pooled(Some(1))?, &pooled(Some(1))?)? == 0.0);
    assert!(distance(&pooled(Some(1))?, &pooled(Some(2))?)? > 0.0);
    let draws: Vec<Tensor> = (0..200).map(|seed| pooled(Some(seed))).collect::<Result<_>>()?;
    let mean = Tensor::stack(&draws, 0)?.mean(0)?;
    let (size, off) = (
        pooled(None)?.abs()?.max(1)?.max(0)?.to_scalar::<f32>()?,
        distance(&mean, &pooled(None)?)?,
    );
    assert!(off < 0.1 * f64::from(size), "{off} of {size}");
    Ok(())
}

#[test]
fn transformer_layers_train_all_their_variables() -> Result<()> {
    let vars = SeededVars::new(6);
    let vb = builder(&vars);
    let config = TransformerConfig { feedforward: 16, ..TransformerConfig::default() };
    let encoder = HopfieldEncoderLayer::new(&sharp(6), &config, vb.pp("encoder"))?;
    let decoder = HopfieldDecoderLayer::new(&sharp(6), &sharp(6), &config, vb.pp("decoder"))?;
    let (source, target) = (numbers(&[2, 5, 6])?, numbers(&[2, 3, 6])?);
    let causal = Tensor::new(&[[0u8, 1, 1], [0, 0, 1], [0, 0, 0]], &Device::Cpu)?;
    let itself = Call { association_mask: Some(&causal), dropout: Some(1), ..Call::default() };
    let memory = encoder.encode(&source, Call { dropout: Some(2), ..Call::default() })?;
    let decoded = decoder.decode(&target, &memory, itself, Call::default())?;
    assert_eq!(decoded.dims(), [2, 3, 6]);
    let grads = (decoded * numbers(&[2, 3, 6])?)?.sum_all()?.backward()?;
    for (name, var) in vars.named() {
        // A bias of the stored patterns adds the same to all scores of a state: it has no effect.
        let size =
            grads.get(&var).map(|grad| grad.abs()?.sum_all()?.to_scalar::<f32>()).transpose()?;
        assert!(
            size.is_some_and(|size| size > 0.0) || name.ends_with("stored_projection.bias"),
            "{name}: {size:?}"
        );
    }
    Ok(())
}

#[test]
fn a_masked_decoder_does_not_look_ahead() -> Result<()> {
    let vars = SeededVars::new(7);
    let config = TransformerConfig { feedforward: 16, ..TransformerConfig::default() };
    let decoder = HopfieldDecoderLayer::new(&sharp(6), &sharp(6), &config, builder(&vars))?;
    let causal = Tensor::new(&[[0u8, 1, 1], [0, 0, 1], [0, 0, 0]], &Device::Cpu)?;
    let (target, memory) = (numbers(&[1, 3, 6])?, numbers(&[1, 4, 6])?);
    let other = Tensor::cat(&[&target.narrow(1, 0, 2)?, &(numbers(&[1, 1, 6])? * 5.0)?], 1)?;
    let decode = |x: &Tensor| {
        let call = Call { association_mask: Some(&causal), ..Call::default() };
        decoder.decode(x, &memory, call, Call::default())?.narrow(1, 0, 2)
    };
    assert!(distance(&decode(&target)?, &decode(&other)?)? < 1e-6);
    Ok(())
}

#[test]
fn a_stored_set_can_be_kept_fixed() -> Result<()> {
    let vars = SeededVars::new(8);
    let lookup = LookupConfig { trainable: false, ..LookupConfig::new(3) };
    let layer = HopfieldLayer::new(&lookup, &sharp(6), builder(&vars))?;
    let grads = layer.forward(&numbers(&[1, 2, 6])?)?.sqr()?.sum_all()?.backward()?;
    let named = vars.named();
    assert!(grads.get(&named["stored"]).is_none());
    assert!(grads.get(&named["projected"]).is_some());
    Ok(())
}

#[test]
fn wrong_shapes_and_options_are_refused_in_words() -> Result<()> {
    let vars = SeededVars::new(9);
    let refused = |config: Config| {
        let vars = SeededVars::new(9);
        Hopfield::new(&config, builder(&vars))
            .map(|_| ())
            .expect_err("contradicts itself")
            .to_string()
    };
    let messages = [
        refused(Config { heads: 4, ..Config::new(6) }),
        refused(Config { beta: Beta::PerHead(vec![1.0]), heads: 2, ..Config::new(6) }),
        refused(Config { dropout: 1.0, ..Config::new(6) }),
        refused(Config { association: Association::TopK(0), ..Config::new(6) }),
        refused(Config { beta: Beta::Number(1e300), ..Config::new(6) }),
    ];
    let parts = [
        "state `hidden_size`",
        "expected one per head",
        "below 1",
        "expected at least 1",
        "finite",
    ];
    for (message, part) in messages.iter().zip(parts) {
        assert!(message.contains(part), "{message}");
    }
    let layer = Hopfield::new(&sharp(6), builder(&vars))?;
    let (six, five) = (numbers(&[1, 4, 6])?, numbers(&[1, 4, 5])?);
    let message = layer.forward(&six, &five, &six).expect_err("five features").to_string();
    assert!(
        message.contains("`state` patterns have shape [1, 4, 5]: expected [1, 4, 6]"),
        "{message}"
    );
    Ok(())
}

#[test]
fn bags_are_pooled_as_padded_sets_are() -> Result<()> {
    let vars = SeededVars::new(10);
    let config = Config { output_size: Some(5), ..sharp(6) };
    let pooling = HopfieldPooling::new(
        &PoolingConfig { quantity: 2, trainable: true },
        &config,
        builder(&vars),
    )?;
    let (long, short) = (numbers(&[4, 6])?, (numbers(&[2, 6])? * 0.5)?);
    let all = Tensor::cat(&[&long, &short], 0)?;
    let weights = Tensor::new(&[0f32, 0.5, 0.0, 1.0, 0.0, 0.7], &Device::Cpu)?;
    let found = pooling.pool_bags(&Bags::from_lengths(&[4, 2])?, (&all, &all), Some(&weights))?;
    assert_eq!(found.dims(), [2, 2 * 5]);
    for (bag, (set, weights)) in
        [(&long, weights.narrow(0, 0, 4)?), (&short, weights.narrow(0, 4, 2)?)].iter().enumerate()
    {
        let (set, weights) = (set.unsqueeze(0)?, weights.unsqueeze(0)?);
        let call = Call { log_weights: Some(&weights), ..Call::default() };
        assert!(
            distance(&found.narrow(0, bag, 1)?, &pooling.retrieve(&set, &set, call)?.output)?
                < 1e-6
        );
    }
    let grads = found.sqr()?.sum_all()?.backward()?;
    assert!(vars.named().values().all(|var| grads.get(var).is_some()));
    Ok(())
}

#[test]
fn an_encoder_is_its_formula() -> Result<()> {
    let vars = SeededVars::new(11);
    let config = TransformerConfig { feedforward: 16, ..TransformerConfig::default() };
    let layer = HopfieldEncoderLayer::new(&sharp(6), &config, builder(&vars))?;
    let named = vars.named();
    let x = numbers(&[2, 5, 6])?;
    let inner = normal(&(&x + layer.hopfield().forward(&x, &x, &x)?)?)?;
    let changed =
        linear(&linear(&inner, &named, "linear_residual")?.relu()?, &named, "linear_output")?;
    assert!(distance(&layer.forward(&x)?, &normal(&(inner + changed)?)?)? < 1e-5);
    Ok(())
}

#[test]
fn a_decoder_is_its_formula() -> Result<()> {
    let vars = SeededVars::new(15);
    let config = TransformerConfig { feedforward: 16, ..TransformerConfig::default() };
    let decoder = HopfieldDecoderLayer::new(&sharp(6), &sharp(6), &config, builder(&vars))?;
    let part = |name: &str| Hopfield::new(&sharp(6), builder(&vars).pp(name));
    let itself = part("hopfield_association_self")?;
    let cross = part("hopfield_association_cross")?;
    let (x, memory) = (numbers(&[2, 3, 6])?, numbers(&[2, 5, 6])?);
    let x1 = normal(&(&x + itself.forward(&x, &x, &x)?)?)?;
    let x2 = normal(&(&x1 + cross.forward(&memory, &x1, &memory)?)?)?;
    let named = vars.named();
    let changed =
        linear(&linear(&x2, &named, "linear_residual")?.relu()?, &named, "linear_output")?;
    let found = decoder.decode(&x, &memory, Call::default(), Call::default())?;
    assert!(distance(&found, &normal(&(x2 + changed)?)?)? < 1e-5);
    Ok(())
}

/// Layer normalisation as it starts: weights 1, biases 0.
fn normal(x: &Tensor) -> Result<Tensor> {
    let width = x.dim(2)?;
    let (weight, bias) = (
        Tensor::ones(width, DType::F32, &Device::Cpu)?,
        Tensor::zeros(width, DType::F32, &Device::Cpu)?,
    );
    candle_nn::ops::layer_norm_slow(x, &weight, &bias, 1e-5)
}

fn linear(x: &Tensor, named: &BTreeMap<String, Var>, name: &str) -> Result<Tensor> {
    let weight = named[&format!("{name}.weight")].t()?;
    x.broadcast_matmul(&weight)?.broadcast_add(&named[&format!("{name}.bias")])
}

#[test]
fn masks_say_the_same_in_any_type() -> Result<()> {
    let pooling =
        HopfieldPooling::new(&PoolingConfig::default(), &sharp(6), builder(&SeededVars::new(12)))?;
    let set = numbers(&[1, 3, 6])?;
    let output =
        |call: Call| Ok::<_, candle_core::Error>(pooling.retrieve(&set, &set, call)?.output);
    let expected = output(Call {
        padding_mask: Some(&Tensor::new(&[[0u8, 1, 0]], &Device::Cpu)?),
        ..Call::default()
    })?;
    let padding = Tensor::new(&[[0f32, f32::NEG_INFINITY, 0.0]], &Device::Cpu)?;
    let ignored = Tensor::new(&[[0u8, 3, 0]], &Device::Cpu)?;
    let added = Tensor::new(&[[0f32, f32::NEG_INFINITY, 0.0]], &Device::Cpu)?;
    for call in [
        Call { padding_mask: Some(&padding), ..Call::default() },
        Call { association_mask: Some(&ignored), ..Call::default() },
        Call { association_mask: Some(&added), ..Call::default() },
    ] {
        assert!(distance(&output(call)?, &expected)? < 1e-6, "{call:?}");
    }
    let too_many = Tensor::zeros((5, 3), DType::F32, &Device::Cpu)?;
    assert!(output(Call { association_mask: Some(&too_many), ..Call::default() }).is_err());
    Ok(())
}

#[test]
fn values_are_assigned_by_name_and_all_of_them() -> Result<()> {
    let (vars, others) = (SeededVars::new(13), SeededVars::new(14));
    let layer = Hopfield::new(&sharp(6), builder(&vars))?;
    let other = Hopfield::new(&sharp(6), builder(&others))?;
    let set = numbers(&[1, 3, 6])?;
    let mut values: std::collections::HashMap<String, Tensor> =
        others.named().into_iter().map(|(name, var)| (name, var.as_tensor().clone())).collect();
    vars.assign(&values)?;
    assert!(distance(&layer.forward(&set, &set, &set)?, &other.forward(&set, &set, &set)?)? == 0.0);
    values.insert("bias_stored".to_owned(), set.clone());
    let message = vars.assign(&values).expect_err("one too many").to_string();
    assert!(message.contains("no variable `bias_stored`"), "{message}");
    values.remove("bias_stored");
    values.remove("norm_state.bias");
    let message = vars.assign(&values).expect_err("one too few").to_string();
    assert!(message.contains("no value for the variable `norm_state.bias`"), "{message}");
    Ok(())
}
