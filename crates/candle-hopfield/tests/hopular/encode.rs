//! What the network is told in training.

use candle_core::{DType, Device, Result};
use candle_hopfield::hopular::{
    Attribute, Cell, Column, Gaps, Noise, Rows, Schema, Standardiser, Table,
};

/// 400 rows of a number, a class of three, a target; every eighth number is missing.
fn rows() -> Result<Rows> {
    let attributes = vec![
        Attribute::Continuous,
        Attribute::Categorical { classes: 3 },
        Attribute::Categorical { classes: 2 },
    ];
    let schema = Schema::new(attributes, vec![2])?;
    let number = |i: usize| if i.is_multiple_of(8) { f64::NAN } else { (i as f64).sin() };
    let table = Table::new(
        &schema,
        vec![
            Column::Continuous((0..400).map(number).collect()),
            Column::Categorical((0..400).map(|i| Some(i % 3)).collect()),
            Column::Categorical((0..400).map(|i| (i % 5 > 0).then_some(i % 2)).collect()),
        ],
    )?;
    Ok(Rows::of(&table, &Standardiser::of(&table, Gaps::LeftOut)))
}

/// Share of the cells of one column.
fn share(cells: impl Iterator<Item = bool>) -> f64 {
    let cells: Vec<bool> = cells.collect();
    cells.iter().filter(|cell| **cell).count() as f64 / cells.len() as f64
}

#[test]
fn noise_keeps_its_rules() -> Result<()> {
    let rows = rows()?;
    let noise = Noise { probability: 0.5, mask: 0.5, replace: 0.3 };
    let (told, counted) = noise.draw(&rows, 7);
    assert_eq!((told.clone(), counted.clone()), noise.draw(&rows, 7));
    assert_ne!(told, noise.draw(&rows, 8).0);
    for row in 0..rows.rows() {
        for column in 0..3 {
            let (cell, counts) = (told[row * 3 + column], counted[row * 3 + column]);
            let known = rows.is_known(row, column);
            match (known, column) {
                (false, _) => assert!(cell == Cell::Missing && !counts),
                (true, 2) => assert!(cell == Cell::Masked && counts, "targets are always masked"),
                // What is hidden or replaced counts; so does a chosen cell that stays.
                (true, _) => assert!(cell == Cell::True || counts),
            }
        }
    }
    let classes: Vec<usize> = (1..told.len()).step_by(3).collect();
    let of = |wanted: fn(Cell) -> bool| share(classes.iter().map(|&cell| wanted(told[cell])));
    let near = |found: f64, expected: f64| (found - expected).abs() < 0.07;
    assert!(near(share(classes.iter().map(|&cell| counted[cell])), 0.5));
    assert!(near(of(|cell| cell == Cell::Masked), 0.25));
    assert!(near(of(|cell| matches!(cell, Cell::Replaced(_))), 0.15));
    let drawn: Vec<f64> = classes
        .iter()
        .filter_map(|&cell| match told[cell] {
            Cell::Replaced(class) => Some(class),
            _ => None,
        })
        .collect();
    assert!(
        [0.0, 1.0, 2.0].iter().all(|class| drawn.contains(class))
            && drawn.iter().all(|class| *class < 3.0)
    );
    Ok(())
}

#[test]
fn all_features_count_with_the_noise_of_the_release_and_none_without() -> Result<()> {
    let rows = rows()?;
    let known = |cell: usize| rows.is_known(cell / 3, cell % 3);
    let (told, counted) = Noise::RELEASE.draw(&rows, 1);
    assert!((0..1200).all(|cell| counted[cell] == known(cell)));
    let kept = share(
        (0..1200).filter(|cell| cell % 3 < 2 && known(*cell)).map(|cell| told[cell] == Cell::True),
    );
    assert!((kept - 0.8).abs() < 0.05, "{kept}");
    let (_, counted) = Noise::NONE.draw(&rows, 1);
    assert!((0..1200).all(|cell| counted[cell] == (cell % 3 == 2 && known(cell))));
    assert!(Noise { probability: 0.5, mask: 0.8, replace: 0.3 }.check().is_err());
    Ok(())
}

#[test]
fn stored_rows_show_targets_and_asked_rows_do_not() -> Result<()> {
    let rows = rows()?;
    let (stored, asked) =
        (rows.stored(DType::F64, &Device::Cpu)?, rows.asked(DType::F64, &Device::Cpu)?);
    let (stored, asked) = (stored.to_vec2::<f64>()?, asked.to_vec2::<f64>()?);
    // number, flag, three classes, flag, two classes, flag
    assert_eq!(
        stored[0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "number and target are missing"
    );
    assert_eq!(
        asked[0],
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        "the target is to be predicted"
    );
    assert_eq!(stored[1][1..], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(asked[1][..6], stored[1][..6]);
    assert_eq!(asked[1][6..], [0.0, 0.0, 1.0]);
    Ok(())
}
